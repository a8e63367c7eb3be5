"""What each way of using an adapter costs: unmerged on its NF4 base, exported to bfloat16, merged back into four bits.

    python tests/performance/adapter_fidelity.py --adapter adapters/mine --output fidelity
    python tests/performance/adapter_fidelity.py --limit 8 --output fidelity                    # a look, on a CPU

Without --adapter a short training makes one (the smoke configuration on --tasks). Every form gets the same validation
examples (mean loss of an answer token) and the same test documents (headline score). "Merged into 4 bit" is the export
quantized again: dequantize, add, quantize is what merging into a 4-bit layer does. Finished parts are kept in OUTPUT/
and not repeated. Writes OUTPUT.json and OUTPUT.md. On an H100, Gemma 3 270M with --limit 100 answers 600 prompts a form.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from finetuning_quality_common import described, loss_of, markdown, scored, write

from benchmark.run import RunOptions
from benchmark.system import SystemSpec
from benchmark.systems.adapter import read_manifest
from finetune.config import FinetuneConfig, load_config
from finetune.export import export
from finetune.pipeline import finetune

CONFIG = Path(__file__).parents[2] / "finetune" / "configs" / "smoke.yaml"


def trained(options: argparse.Namespace) -> Path:
    """The adapter that was given, or one of a short training."""
    if options.adapter:
        return Path(options.adapter)
    overrides = [
        f"model.pretrained={options.model}",
        f"data.tasks=[{options.tasks}]",
        f"data.limit_per_task={options.train_examples}",
        "data.max_length=1024",
        "training.validations=0",
        *options.set,
    ]
    return finetune(load_config(CONFIG, overrides), options.output / "adapter", options.device)


def forms(model: str, adapter: Path, exported: Path) -> dict[str, SystemSpec]:
    """The systems that are compared; the first one with the adapter is what the others are held against."""
    base = SystemSpec(model, quantization="nf4", dtype="bfloat16")
    return {
        "NF4 base without the adapter": base,
        "adapter on the NF4 base, unmerged": replace(base, adapter=str(adapter)),
        "exported: dequantized, merged, bfloat16": SystemSpec(str(exported), dtype="bfloat16"),
        "merged into 4 bit": SystemSpec(str(exported), dtype="bfloat16", quantization="nf4"),
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Loss and score of every form; written after each."""
    adapter = trained(options)
    manifest = read_manifest(adapter)
    if manifest is None:
        raise SystemExit(f"--adapter {adapter}: no manifest.json; give an adapter that rufinbench finetune made")
    config = FinetuneConfig.model_validate(manifest["config"])
    model, exported = config.model.pretrained, options.output / "export"
    if not exported.exists():
        export(SystemSpec(model, quantization="nf4", adapter=str(adapter)), exported, device=options.device)
    asked = RunOptions(
        tasks=tuple(options.tasks.split(",")),
        limit=options.limit,
        batch_size=options.batch_size,
        max_gen_toks=options.max_gen_toks,
        device=options.device,
    )
    result = described(" ".join(sys.argv)) | {"adapter": manifest["config"], "trained": manifest["data"], "forms": []}
    for number, (title, spec) in enumerate(forms(model, adapter, exported).items()):
        loss = loss_of(spec, config.data, options.validation_examples, options.device)
        scores = scored(spec, options.output / "runs" / f"form-{number}", asked)
        result["forms"].append({"title": title, "validation_loss": loss, "scores": scores})
        write(options.output, result, as_table(result["forms"]))
    return result


def as_table(rows: list[dict[str, Any]]) -> str:
    """Loss and scores, and their differences from the unmerged adapter."""
    reference = rows[min(1, len(rows) - 1)]
    head = ["form", "validation loss", "difference", "mean score", "difference, pp"]
    return markdown(
        head,
        [
            [
                row["title"],
                f"{row['validation_loss']:.4f}",
                f"{row['validation_loss'] - reference['validation_loss']:+.4f}",
                f"{row['scores']['mean']:.1%}",
                f"{100 * (row['scores']['mean'] - reference['scores']['mean']):+.1f}",
            ]
            for row in rows
        ],
    )


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", help="adapter directory; a short training makes one if not given")
    parser.add_argument("--model", default="embedded", help="base of that short training")
    parser.add_argument("--train-examples", type=int, default=48, help="of each task, in that short training")
    parser.add_argument("--set", action="append", default=[], help="key=value over its configuration; repeatable")
    parser.add_argument("--tasks", default="rufin_credit_risk,rufin_esg_risk", help="comma-separated")
    parser.add_argument("--limit", type=int, default=100, help="test documents of each task")
    parser.add_argument("--validation-examples", type=int, default=16, help="of each task")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--max-gen-toks", type=int, help="the tasks' own limit if not given")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("adapter-fidelity"), help="path without suffix")
    print(as_table(measure(parser.parse_args())["forms"]))


if __name__ == "__main__":
    main()
