r"""Does our recipe beat the widespread one on held-out data? A sweep on validation, then three seeds on the test split.

    python tests/performance/finetuning_quality.py --stage sweep --output quality    # about 8 minutes on an H100
    python tests/performance/finetuning_quality.py --stage final --output quality    # ditto, for each call; see below
    python tests/performance/finetuning_quality.py --scales 1 --rates 1e-3 --seeds 0 --limit 2 --sweep-examples 4 \
        --final-set data.limit_per_task=4 --max-gen-toks 32 --output /tmp/quality        # does it run? on a CPU too

sweep: rufin.yaml with every LoRA scale x learning rate on --sweep-examples of each task, judged by validation loss; the
best --by-generation of them also by the score of generated answers to validation questions. The test split is not
touched. final: reference.yaml and the sweep's best, each with every seed on the whole training split, each scored on the
test split (1,763 prompts: 5 to 7 minutes on an H100, so --limit 60 of each task by default and --limit 0 for all of it).
Each part that is done is kept under OUTPUT/ and read from there, so a call that was cut short is given again, and
several calls share the seeds: --seeds 0, then --seeds 0,1,2. Writes OUTPUT.json and OUTPUT.md after each part.
"""

import argparse
import itertools
import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from finetuning_quality_common import described, loss_of, markdown, scored, write

from benchmark.run import RunOptions
from benchmark.system import SystemSpec
from finetune.config import FinetuneConfig, load_config
from finetune.pipeline import finetune

CONFIGS = Path(__file__).parents[2] / "finetune" / "configs"
RANK = 64


class Measurement:
    """Trainings and runs under one folder, done once each."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Everything is kept below `options.output`."""
        self.options = options
        self.result: dict[str, Any] = described(" ".join(sys.argv)) | {"sweep": [], "final": []}

    def config(self, recipe: str, name: str, changes: list[str]) -> tuple[FinetuneConfig, Path]:
        """A recipe for the chosen model with changes, and the directory of its adapter."""
        common = [f"model.pretrained={self.options.model}", "training.validations=0", *self.options.set, *changes]
        return load_config(CONFIGS / f"{recipe}.yaml", common), self.options.output / "adapters" / name

    def adapter(self, recipe: str, name: str, changes: list[str]) -> tuple[SystemSpec, FinetuneConfig, dict[str, Any]]:
        """The system with that adapter, trained if it is not there."""
        config, folder = self.config(recipe, name, changes)
        finetune(config, folder, self.options.device)
        base = SystemSpec(config.model.pretrained, quantization=config.model.quantization, dtype=config.model.dtype)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return replace(base, adapter=str(folder)), config, manifest

    def sweep(self) -> None:
        """Validation loss of every scale and rate; of the best, the score of generated validation answers."""
        options = self.options
        for scale, rate in itertools.product(options.scales, options.rates):
            changes = [f"lora.alpha={round(scale * RANK)}", f"lora.r={RANK}", f"training.learning_rate={rate}"]
            small = [f"data.limit_per_task={options.sweep_examples}", "training.epochs=1"]
            spec, config, manifest = self.adapter("rufin", f"sweep-{scale}-{rate}", [*changes, *small])
            loss = loss_of(spec, config.data, options.validation_examples, options.device)
            row = {"scale": scale, "learning_rate": rate, "changes": changes, "validation_loss": loss, "spec": spec}
            self.result["sweep"].append(row | {"seconds": manifest["seconds"], "losses": manifest["loss_curve"]})
            self.save()
        for row in sorted(self.result["sweep"], key=lambda row: row["validation_loss"])[: options.by_generation]:
            row["validation_score"] = self.generated(row["spec"], f"sweep-{row['scale']}-{row['learning_rate']}")
            self.save()

    def generated(self, spec: SystemSpec, name: str) -> float:
        """Mean headline score on validation questions."""
        from finetuning_quality_validation import validation_tasks

        folder = validation_tasks(self.options.output / "validation-tasks", self.options.tasks)
        asked = RunOptions(
            tasks=tuple(f"{task}_validation" for task in self.options.tasks),
            include_paths=(str(folder),),
            limit=self.options.validation_limit,
            batch_size=self.options.batch_size,
            max_gen_toks=self.options.max_gen_toks,
            device=self.options.device,
            bootstrap_iters=0,
        )
        return scored(spec, self.options.output / "validation" / name, asked)["mean"]

    def best(self) -> list[str]:
        """The sweep's choice: by generated answers among those that have any, by loss among the rest."""
        rows = self.result["sweep"] or json.loads(self.options.output.with_suffix(".json").read_text("utf-8"))["sweep"]
        self.result["sweep"] = rows
        judged = [row for row in rows if "validation_score" in row]
        if judged:
            return list(max(judged, key=lambda row: row["validation_score"])["changes"])
        return list(min(rows, key=lambda row: row["validation_loss"])["changes"])

    def final(self) -> None:
        """Base, reference recipe and the sweep's best on the test split, over all seeds."""
        trained = self.config("rufin", "base", [])[0].model
        base = SystemSpec(trained.pretrained, quantization=trained.quantization, dtype=trained.dtype)
        self.add("base", None, scored(base, self.options.output / "runs" / "base", self.asked()), None)
        recipes = {"reference": [], "rufin": self.best()}
        for seed, (recipe, changes) in itertools.product(self.options.seeds, recipes.items()):
            name = f"{recipe}-seed{seed}"
            whole = [*changes, f"training.seed={seed}", *self.options.final_set]
            spec, config, manifest = self.adapter(recipe, name, whole)
            loss = loss_of(spec, config.data, self.options.validation_examples, self.options.device)
            scores = scored(spec, self.options.output / "runs" / name, self.asked())
            self.add(recipe, seed, scores, {"validation_loss": loss, "manifest": manifest})

    def asked(self) -> RunOptions:
        """How the test split is asked."""
        options = self.options
        return RunOptions(
            tasks=tuple(options.tasks),
            limit=options.limit or None,
            batch_size=options.batch_size,
            max_gen_toks=options.max_gen_toks,
            device=options.device,
        )

    def add(self, recipe: str, seed: int | None, scores: dict[str, float], more: dict[str, Any] | None) -> None:
        """Keep a system's scores."""
        self.result["final"].append({"recipe": recipe, "seed": seed, "scores": scores} | (more or {}))
        self.save()

    def save(self) -> None:
        """Write what is there."""
        write(self.options.output, self.result, as_markdown(self.result))


def as_markdown(result: dict[str, Any]) -> str:
    """The sweep by validation loss, and the recipes' scores over seeds."""
    swept = [
        [
            f"scale {row['scale']}, rate {row['learning_rate']}",
            f"{row['validation_loss']:.4f}",
            f"{row['validation_score']:.1%}" if "validation_score" in row else "",
            f"{row['seconds']:.0f}",
        ]
        for row in sorted(result["sweep"], key=lambda row: row["validation_loss"])
    ]
    parts = [markdown(["sweep, on validation", "loss", "mean score", "training, s"], swept)] if swept else []
    if result["final"]:
        tasks = list(result["final"][0]["scores"])
        grouped: dict[str, list[dict[str, float]]] = {}
        for row in result["final"]:
            grouped.setdefault(row["recipe"], []).append(row["scores"])
        rows = [
            [f"{name}, {len(of)} run(s)", *(_over_seeds([s[t] for s in of]) for t in tasks)]
            for name, of in grouped.items()
        ]
        parts.append(markdown(["test split", *tasks], rows))
    return "\n".join(parts)


def _over_seeds(values: list[float]) -> str:
    spread = f" ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.1f}{spread}"


def main() -> None:
    """Measure what is asked for, write and print."""
    numbers = lambda text: [float(part) for part in text.split(",")]  # noqa: E731
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=["sweep", "final", "all"], default="all")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--tasks", default="rufin_calculation,rufin_extraction,rufin_credit_risk,rufin_esg_risk,"
                        "rufin_statement_analysis,rufin_market_trends", type=lambda text: text.split(","))  # fmt: skip
    parser.add_argument("--scales", type=numbers, default=[0.25, 1.0, 2.0], help="LoRA's alpha / r")
    parser.add_argument("--rates", type=numbers, default=[1e-4, 2e-4, 5e-4], help="learning rates")
    parser.add_argument("--sweep-examples", type=int, default=100, help="of each task, in the sweep")
    parser.add_argument("--validation-examples", type=int, default=30, help="of each task, for the loss")
    parser.add_argument("--validation-limit", type=int, default=20, help="questions of each task, for generation")
    parser.add_argument("--by-generation", type=int, default=2, help="how many of the sweep generate answers")
    parser.add_argument("--seeds", type=lambda text: [int(part) for part in text.split(",")], default=[0, 1, 2])
    parser.add_argument("--limit", type=int, default=60, help="test documents of each task; 0 for all")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--max-gen-toks", type=int, help="the tasks' own limit if not given")
    parser.add_argument("--set", action="append", default=[], help="key=value over every configuration; repeatable")
    parser.add_argument("--final-set", action="append", default=[], help="the same, in the final trainings only")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("finetuning-quality"), help="path without suffix")
    measurement = Measurement(parser.parse_args())
    if measurement.options.stage != "final":
        measurement.sweep()
    if measurement.options.stage != "sweep":
        measurement.final()
    print(as_markdown(measurement.result))


if __name__ == "__main__":
    main()
