"""How fast QLoRA trains Mistral-7B's architecture: the widespread recipe, TRL and ours, on one GPU.

    python tests/performance/training_speed.py --output training-speed
    python tests/performance/training_speed.py --only A0,A3,A5 --profile        # with a table of kernels
    python tests/performance/training_speed.py --tiny --output /tmp/dry-run     # does it run? on a CPU too

A2 and A3 need trl, A5l liger-kernel, which are no dependencies; a variant without its library has the error in its row.

The weights are random (speed and memory do not depend on them), the lengths are those of the calculation tasks'
training split, characters / 3 standing for Mistral's tokens. Every variant sees the same examples in the same order, in a
process of its own: transformers registers embeddings with bitsandbytes for good, so a second model in one process
would seem to need the first one's embeddings too. Writes OUTPUT.json and OUTPUT.md after every variant, and with
--profile OUTPUT.VARIANT.profile.txt for each.
"""

import argparse
import importlib.metadata
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from random_model import MISTRAL_7B, TINY
from torch.utils.data import SequentialSampler
from training_speed_profile import Profile
from training_speed_variants import VARIANTS, Settings, lengths_as_examples, training_flops
from transformers import PrinterCallback, Trainer, TrainerCallback

from benchmark.runs import provenance
from finetune.estimate import product_rate

EXAMPLES, EPOCHS = 454, 3
COLUMNS = ("s/update", "examples/s", "ratio", "tokens/s", "model FLOP utilization", "3 epochs of 454, s")
MEMORY_COLUMNS = ("peak allocated, GiB", "peak reserved, GiB")


@dataclass
class Clock(TrainerCallback):
    """Seconds at the end of each update; the last update runs under the profile, where there is one."""

    last: int
    profile: Profile | None = None
    ends: list[float] = field(default_factory=list)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())
        if self.profile and state.global_step == self.last - 1:
            self.profile.start()
        elif self.profile and state.global_step == self.last:
            self.profile.stop()


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One variant's figures, in this process."""
    variant, on_gpu = VARIANTS[name], torch.cuda.is_available()
    sizes = TINY if options.tiny else MISTRAL_7B
    device, dtype = ("cuda", torch.bfloat16) if on_gpu else ("cpu", torch.float32)
    updates = options.warmup + options.updates + bool(options.profile)
    examples = lengths_as_examples(
        updates * variant.per_update, sizes["vocab_size"], shortened=8 if options.tiny else 1
    )
    clock = Clock(updates, Profile(options.output.with_suffix(f".{name}.profile.txt")) if options.profile else None)
    with tempfile.TemporaryDirectory() as workspace:
        settings = Settings(sizes, device, dtype, examples, variant.per_update, updates, workspace, clock)
        trainer = variant.build(settings)
        trainer._get_train_sampler = lambda *_, **__: SequentialSampler(examples)
        trainer.remove_callback(PrinterCallback)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        trainer.train()
    measured = slice(options.warmup * variant.per_update, (options.warmup + options.updates) * variant.per_update)
    ends = clock.ends[options.warmup - 1 : options.warmup + options.updates]
    seconds = [end - start for start, end in itertools.pairwise(ends)]
    rate = product_rate(device, dtype)
    flops = training_flops(settings, trainer, examples[measured])
    return _figures(trainer, seconds, variant.per_update, sum(map(len, examples[measured])), flops / rate) | {
        "matmul_tflops": rate / 1e12,
        "profile": clock.profile.summary if clock.profile else None,
    }


def _figures(trainer: Trainer, seconds: list[float], per_update: int, tokens: int, least: float) -> dict[str, Any]:
    per_second = per_update / statistics.median(seconds)
    peaks = (torch.cuda.max_memory_allocated, torch.cuda.max_memory_reserved) if torch.cuda.is_available() else ()
    return {
        "seconds_per_update": statistics.median(seconds),
        "seconds": seconds,
        "examples_per_second": per_second,
        "tokens_per_second": tokens / sum(seconds),
        "model_flop_utilization": least / sum(seconds),
        "full_run_seconds": EPOCHS * EXAMPLES / per_second,
        "peak_gib": [peak() / 2**30 for peak in peaks],
        "last_loss": next((e["loss"] for e in reversed(trainer.state.log_history) if "loss" in e), None),
        "token_budget": getattr(trainer, "token_budget", None),
        "checkpointing": getattr(trainer, "checkpointing", trainer.args.gradient_checkpointing),
        "attention": getattr(trainer, "attention", None),
    }


def in_its_own_process(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One variant's figures, or its error: a variant that fails must not take the others' figures with it."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [
            sys.executable,
            __file__,
            "--variant",
            name,
            "--result",
            str(result),
            "--output",
            str(options.output),
        ]
        command += ["--warmup", str(options.warmup), "--updates", str(options.updates)]
        command += ["--tiny"] * options.tiny + ["--profile"] * options.profile
        settings = {
            "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
            # cuDNN's attention, which torch prefers on an H100, plans each row length once, for tenths of a second: a few
            # updates would be charged with what a long training pays once.
            "TORCH_CUDNN_SDPA_DEPRIORITIZED": "1",
        }
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, env=settings | os.environ)
        row: dict[str, Any] = {"variant": name, "title": VARIANTS[name].title}
        if done.returncode == 0:
            return row | json.loads(result.read_text(encoding="utf-8"))
    sys.stderr.write(done.stderr)
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return row | {"error": last[:300]}


def as_markdown(result: dict[str, Any]) -> str:
    """The result as a table; ratios are to the first variant measured."""
    rows = [row for row in result["variants"] if "error" not in row]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    rate = f", matrix product {rows[0]['matmul_tflops']:.0f} TFLOP/s" if rows else ""
    head = ["", "variant", *COLUMNS, *MEMORY_COLUMNS]
    lines = [f"{result['device']['name']}{rate}; {versions}", "", f"| {' | '.join(head)} |"]
    lines.append("| --- | --- |" + " ---: |" * (len(head) - 2))
    for row in result["variants"]:
        if "error" in row:
            lines.append(f"| {row['variant']} | {row['title']} | {row['error']} |")
            continue
        speed = row["examples_per_second"]
        lines.append(
            f"| {row['variant']} | {row['title']} | {row['seconds_per_update']:.3f} | {speed:.1f} "
            f"| {speed / rows[0]['examples_per_second']:.1f}× | {row['tokens_per_second']:,.0f} "
            f"| {row['model_flop_utilization']:.0%} | {row['full_run_seconds']:.0f} "
            f"| {' | '.join(f'{peak:.2f}' for peak in row['peak_gib']) or '— | —'} |"
        )
    return "\n".join(lines) + "\n"


def measure_all(options: argparse.Namespace) -> dict[str, Any]:
    """Every chosen variant, written after each."""
    versions = {package.name: package.version for package in importlib.metadata.distributions()}
    extra = {name: versions[name] for name in ("trl", "accelerate") if name in versions}
    result = {"command": sys.argv, "device": provenance.device(), "versions": provenance.versions() | extra}
    result["variants"] = []
    options.output.parent.mkdir(parents=True, exist_ok=True)
    for name in options.only.split(","):
        started = time.perf_counter()
        result["variants"].append(in_its_own_process(name, options))
        print(f"{name}: {time.perf_counter() - started:.0f} s in all", flush=True)
        whole = json.dumps(result, ensure_ascii=False, indent=2)
        options.output.with_suffix(".json").write_text(whole + "\n", encoding="utf-8")
        options.output.with_suffix(".md").write_text(as_markdown(result), encoding="utf-8")
    return result


def main() -> None:
    """Measure and print; with --variant be one variant's process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("training-speed"), help="path without suffix")
    parser.add_argument("--only", default=",".join(VARIANTS), help="variants, comma-separated")
    parser.add_argument("--warmup", type=int, default=2, help="updates before the clock runs, at least 1")
    parser.add_argument("--updates", type=int, default=3, help="updates measured")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, on the CPU too: does the script run?")
    parser.add_argument("--profile", action="store_true", help="one more update of each variant under the profiler")
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        options.result.write_text(json.dumps(measure(options.variant, options)), encoding="utf-8")
        return
    if unknown := set(options.only.split(",")) - set(VARIANTS):
        parser.error(f"--only: unknown {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    if not options.tiny and not torch.cuda.is_available():
        print("training_speed: needs a CUDA GPU; --tiny runs a tiny model without one")
        return
    print(as_markdown(measure_all(options)))


if __name__ == "__main__":
    main()
