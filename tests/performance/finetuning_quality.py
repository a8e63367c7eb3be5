r"""Does our recipe beat the widespread one on held-out data? A sweep on validation, then three seeds on the test split.

    python tests/performance/finetuning_quality.py --stage sweep --output quality --jobs 9
    python tests/performance/finetuning_quality.py --stage final --output quality --jobs 7
    python tests/performance/finetuning_quality.py --scales 1 --rates 1e-3 --seeds 0 --limit 2 --sweep-examples 4 \
        --final-set data.limit_per_task=4 --max-gen-toks 32 --output /tmp/quality        # does it run? on a CPU too

sweep: rufin.yaml with every LoRA scale x learning rate on --sweep-examples of each task, judged by validation loss; the
best --by-generation of them also by the score of generated answers to validation questions. The test split is not
touched. final: reference.yaml and the sweep's best, each with every seed on the whole training split (--final-set
training.epochs=1 for one pass over it), each scored on the first --limit documents of each task of the test split, or on
all of it (1,763 prompts) with --limit 0.
Each part that is done is kept under OUTPUT/parts/ and read from there, so a call that was cut short is given again, and
several calls share the seeds: --seeds 0, then --seeds 0,1,2. --jobs N computes N parts at a time in processes of their
own, spread over the GPUs: one small model leaves a large card mostly idle. Writes OUTPUT.json and OUTPUT.md after each stage.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from finetuning_quality_common import described, loss_of, markdown, scored, write

from benchmark.run import RunOptions
from benchmark.system import SystemSpec
from finetune.config import FinetuneConfig, load_config
from finetune.pipeline import finetune
from tasks.items import write_text

CONFIGS = Path(__file__).parents[2] / "finetune" / "configs"
RANK = 64


class Measurement:
    """Trainings and runs under one folder, done once each."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Everything is kept below `options.output`."""
        self.options = options
        self.turns = itertools.count()
        self.result: dict[str, Any] = described(" ".join(sys.argv)) | {"sweep": [], "final": []}

    def parts(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """What the named parts found, in their order; those that are not there yet are computed, several at a time."""
        missing = [name for name in names if not self.kept(name).exists()]
        if self.options.jobs == 1 or len(missing) == 1:
            for name in missing:
                self.part(name)
        else:
            with ThreadPoolExecutor(self.options.jobs) as pool:
                list(pool.map(self.in_its_own_process, missing))
        return [json.loads(self.kept(name).read_text(encoding="utf-8")) for name in names]

    def kept(self, name: str) -> Path:
        """Where a part's findings stand."""
        return self.options.output / "parts" / f"{name}.json"

    def in_its_own_process(self, name: str) -> None:
        """Compute a part with this script and these arguments; its output goes to a file beside its findings."""
        self.kept(name).parent.mkdir(parents=True, exist_ok=True)
        devices = torch.cuda.device_count()
        chosen = {"CUDA_VISIBLE_DEVICES": str(next(self.turns) % devices)} if devices > 1 else {}
        with self.kept(name).with_suffix(".log").open("w", encoding="utf-8") as log:
            subprocess.run(
                [sys.executable, *sys.argv, "--part", name], stdout=log, stderr=log, check=True, env=os.environ | chosen
            )

    def part(self, name: str) -> None:
        """Compute a part: `KIND_ARGUMENT_…`, as the stages below name them."""
        kind, *arguments = name.split("_")
        found = {"sweep": self.swept, "generated": self.generated, "final": self.tested}[kind](*arguments)
        write_text(self.kept(name), json.dumps(found, ensure_ascii=False))

    def adapter(self, recipe: str, name: str, changes: list[str]) -> tuple[SystemSpec, FinetuneConfig, dict[str, Any]]:
        """The system with that adapter, trained if it is not there."""
        config = self.config(recipe, changes)
        folder = finetune(config, self.options.output / "adapters" / name, self.options.device)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return replace(_base(config), adapter=str(folder)), config, manifest

    def config(self, recipe: str, changes: list[str]) -> FinetuneConfig:
        """A recipe for the chosen model with changes."""
        common = [f"model.pretrained={self.options.model}", "training.validations=0", *self.options.set, *changes]
        return load_config(CONFIGS / f"{recipe}.yaml", common)

    def sweep(self) -> None:
        """Validation loss of every scale and rate; of the best, the score of generated validation answers."""
        points = [f"{scale}_{rate}" for scale, rate in itertools.product(self.options.scales, self.options.rates)]
        rows = self.parts([f"sweep_{point}" for point in points])
        best = sorted(rows, key=lambda row: row["validation_loss"])[: self.options.by_generation]
        scores = self.parts([f"generated_{row['scale']}_{row['learning_rate']}" for row in best])
        for row, score in zip(best, scores, strict=True):
            row |= score
        self.result["sweep"] = rows
        self.save()

    def swept(self, scale: str, rate: str) -> dict[str, Any]:
        """One point of the sweep: a short training, judged by its validation loss."""
        options = self.options
        changes = [f"lora.alpha={round(float(scale) * RANK)}", f"lora.r={RANK}", f"training.learning_rate={rate}"]
        small = [f"data.limit_per_task={options.sweep_examples}", "training.epochs=1"]
        spec, config, manifest = self.adapter("rufin", f"sweep-{scale}-{rate}", [*changes, *small])
        loss = loss_of(spec, config.data, options.validation_examples, options.device)
        row = {"scale": float(scale), "learning_rate": float(rate), "changes": changes, "adapter": spec.adapter}
        return row | {"validation_loss": loss, "seconds": manifest["seconds"], "losses": manifest["loss_curve"]}

    def generated(self, scale: str, rate: str) -> dict[str, float]:
        """Mean headline score on validation questions of one point of the sweep."""
        from finetuning_quality_validation import validation_tasks

        options, (row,) = self.options, self.parts([f"sweep_{scale}_{rate}"])
        folder = validation_tasks(options.output / "validation-tasks", options.tasks)
        asked = RunOptions(
            tasks=tuple(f"{task}_validation" for task in options.tasks),
            include_paths=(str(folder),),
            limit=options.validation_limit,
            batch_size=options.batch_size,
            max_gen_toks=options.max_gen_toks,
            device=options.device,
            bootstrap_iters=0,
        )
        spec = replace(_base(self.config("rufin", [])), adapter=row["adapter"])
        run = options.output / "validation" / f"sweep-{scale}-{rate}"
        return {"validation_score": scored(spec, run, asked)["mean"]}

    def best(self) -> list[str]:
        """The sweep's choice: by generated answers among those that have any, by loss where none has."""
        rows = json.loads(self.options.output.with_suffix(".json").read_text(encoding="utf-8"))["sweep"]
        judged = [row for row in rows if "validation_score" in row]
        if judged:
            return list(max(judged, key=lambda row: row["validation_score"])["changes"])
        return list(min(rows, key=lambda row: row["validation_loss"])["changes"])

    def final(self) -> None:
        """Base, reference recipe and the sweep's best on the test split, over all seeds."""
        if not self.result["sweep"]:
            self.result["sweep"] = json.loads(self.options.output.with_suffix(".json").read_text("utf-8"))["sweep"]
        recipes = itertools.product(self.options.seeds, ["reference", "rufin"])
        self.result["final"] = self.parts(["final_base", *(f"final_{recipe}_{seed}" for seed, recipe in recipes)])
        self.save()

    def tested(self, recipe: str, seed: str | None = None) -> dict[str, Any]:
        """A system on the test split: the base, or it with a recipe's adapter."""
        if seed is None:
            spec = _base(self.config("rufin", []))
            return {"recipe": recipe, "seed": None, "scores": self.scores(spec, recipe)}
        own = self.options.reference_set if recipe == "reference" else self.best()
        whole = [*own, f"training.seed={seed}", *self.options.final_set]
        spec, config, manifest = self.adapter(recipe, f"{recipe}-seed{seed}", whole)
        loss = loss_of(spec, config.data, self.options.validation_examples, self.options.device)
        scores = self.scores(spec, f"{recipe}-seed{seed}")
        kept = {key: manifest[key] for key in ("config", "seconds", "trained_tokens", "loss_curve")}
        return {"recipe": recipe, "seed": int(seed), "scores": scores, "validation_loss": loss} | kept

    def scores(self, spec: SystemSpec, name: str) -> dict[str, float]:
        """Scores of a system on the test split."""
        options = self.options
        asked = RunOptions(
            tasks=tuple(options.tasks),
            limit=options.limit or None,
            batch_size=options.batch_size,
            max_gen_toks=options.max_gen_toks,
            device=options.device,
        )
        return scored(spec, options.output / "runs" / name, asked)

    def save(self) -> None:
        """Write what is there."""
        write(self.options.output, self.result, as_markdown(self.result))


def _base(config: FinetuneConfig) -> SystemSpec:
    return SystemSpec(config.model.pretrained, quantization=config.model.quantization, dtype=config.model.dtype)


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
    parser.add_argument("--rates", type=numbers, default=[2e-4, 5e-4, 1e-3], help="learning rates")
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
    parser.add_argument("--reference-set", action="append", default=[],
                        help="key=value over reference.yaml: how its updates are executed (token_budget); repeatable")  # fmt: skip
    parser.add_argument("--device", default="auto")
    parser.add_argument("--jobs", type=int, default=1, help="parts computed at a time, in processes of their own")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, default=Path("finetuning-quality"), help="path without suffix")
    measurement = Measurement(parser.parse_args())
    if measurement.options.part:
        measurement.part(measurement.options.part)
        return
    if measurement.options.stage != "final":
        measurement.sweep()
    if measurement.options.stage != "sweep":
        measurement.final()
    print(as_markdown(measurement.result))


if __name__ == "__main__":
    main()
