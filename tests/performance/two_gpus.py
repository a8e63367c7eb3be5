"""One configuration on one GPU and on two: examples a second, and the same loss.

    python tests/performance/two_gpus.py --output two-gpus
    python tests/performance/two_gpus.py --cpu --model embedded --limit 4 ...   # does it run? two CPU processes, gloo

Both trainings make the same updates over the same examples, in processes that torchrun starts, the way `accelerate
launch` does. Seconds are those of the updates after the first two, loading left out. Writes OUTPUT.json and OUTPUT.md.
The default is Gemma 3 270M at 64 examples an update; --model and --set take any other.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from finetuning_quality_common import described, markdown, write

CONFIG = Path(__file__).parents[2] / "finetune" / "configs" / "rufin.yaml"


def train(processes: int, options: argparse.Namespace) -> dict[str, Any]:
    """The manifest of a training in so many processes."""
    adapter = options.output / f"adapter-{processes}"
    overrides = [
        f"model.pretrained={options.model}",
        f"data.limit_per_task={options.limit}",
        "training.epochs=1",
        f"training.examples_per_update={options.per_update}",
        "training.validations=0",
        "training.checkpoints=0",
        *options.set,
    ]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    command += ["-m", "benchmark.cli", "finetune", "--config", str(CONFIG), "--output", str(adapter)]
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if options.cpu else {}
    subprocess.run([*command, *(f"--set={item}" for item in overrides)], check=True, env=os.environ | hidden)
    return json.loads((adapter / "manifest.json").read_text(encoding="utf-8"))


def figures(manifest: dict[str, Any], processes: int) -> dict[str, Any]:
    """Speed after two updates' warm-up, and the losses."""
    updates, examples = manifest["updates"], manifest["config"]["training"]["examples_per_update"]
    ends = manifest["update_ends"]
    seconds = (ends[-1] - ends[1]) / (updates - 2)
    return {
        "processes": processes,
        "examples_per_second": examples / seconds,
        "losses": [loss for _, loss, _ in manifest["loss_curve"]],
        "peak_memory_bytes": manifest["peak_memory_bytes"],
        "trained_tokens": manifest["trained_tokens"],
    }


def main() -> None:
    """Train twice, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--limit", type=int, default=320, help="training examples of each task")
    parser.add_argument("--per-update", type=int, default=64, help="examples of an update, over all processes")
    parser.add_argument("--set", action="append", default=[], help="key=value over rufin.yaml; repeatable")
    parser.add_argument("--cpu", action="store_true", help="two CPU processes, to see whether the script runs")
    parser.add_argument("--output", type=Path, default=Path("two-gpus"), help="path without suffix")
    options = parser.parse_args()
    rows = [figures(train(processes, options), processes) for processes in (1, 2)]
    gap = max(abs(a - b) for a, b in zip(rows[0]["losses"], rows[1]["losses"], strict=True))
    result = described(" ".join(sys.argv)) | {"runs": rows, "largest_loss_difference": gap}
    speeds = [row["examples_per_second"] for row in rows]
    table = markdown(
        ["processes", "examples/s", "ratio", "last loss", "largest difference of the losses"],
        [
            [
                str(row["processes"]),
                f"{speed:.2f}",
                f"{speed / speeds[0]:.2f}×",
                f"{row['losses'][-1]:.4f}",
                f"{gap:.1e}",
            ]
            for row, speed in zip(rows, speeds, strict=True)
        ],
    )
    write(options.output, result, table)
    print(table)


if __name__ == "__main__":
    main()
