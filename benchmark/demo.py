"""`rufinbench demo`: the whole path on the embedded model, on a laptop's CPU, offline.

Baseline, few-shot baseline, QLoRA fine-tuning, the tuned model, comparison, report. Each step's files are whole or
absent, so a demo that was stopped goes on from the step, and within a step from the answer, where it stopped.
"""

import os
import time
from pathlib import Path

from rich.console import Console

from benchmark import embedded
from benchmark.quiet import quiet_libraries
from benchmark.run import RunOptions, run
from benchmark.system import SystemSpec

CONFIG = Path(__file__).parent.parent / "finetune" / "configs" / "demo.yaml"
FEWSHOT = 1
MAX_GEN_TOKS = 192
"""Less than the tasks allow: the untuned model fills whatever it is given, and the demo's minutes are few."""


def run_demo(output: Path, limit: int) -> Path:
    """Run every step that is not finished yet; return the site's directory."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    quiet_libraries()
    console = Console(stderr=True)
    started = time.monotonic()

    def step(title: str) -> None:
        console.rule(f"[bold]{title}[/] [dim]{time.monotonic() - started:.0f} s[/]", align="left")

    step("1/6 the embedded model (Gemma 3 270M; the Gemma Terms of Use apply)")
    embedded.checkpoint()
    options = RunOptions(limit=limit, max_gen_toks=MAX_GEN_TOKS)
    step("2/6 baseline, zero-shot")
    baseline = run(SystemSpec(embedded.NAME), output / "runs" / "baseline", options)
    step(f"3/6 baseline, {FEWSHOT} example shown")
    fewshot = run(SystemSpec(embedded.NAME, num_fewshot=FEWSHOT), output / "runs" / "fewshot", options)
    step("4/6 QLoRA fine-tuning")
    adapter = _finetune(output / "adapter")
    step("5/6 the fine-tuned model")
    tuned = run(SystemSpec(embedded.NAME, adapter=str(adapter)), output / "runs" / "finetuned", options)
    step("6/6 comparison and report")
    site = _report([baseline, fewshot, tuned], output / "site")
    step(f"done: {site}")
    return site


def _finetune(output: Path) -> Path:
    from finetune.config import load_config
    from finetune.pipeline import finetune

    return finetune(load_config(CONFIG), output)


def _report(runs: list[Path], site: Path) -> Path:
    from benchmark.compare import compare
    from benchmark.results import load_run
    from benchmark.terminal import print_comparison
    from reports.site import write

    records = [load_run(path) for path in runs]
    print_comparison(compare(records[0], records[-1]))
    return Path(write(records, site, publish_samples=True))
