"""`rufinbench demo`: the whole path on the embedded model, on a laptop's CPU, offline.

Baseline, few-shot baseline, QLoRA fine-tuning, the tuned model, comparison, report. Each step's files are whole or
absent, so a demo that was stopped goes on from the step, and within a step from the answer, where it stopped.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmark import embedded
from benchmark.quiet import quiet_libraries
from benchmark.run import RunOptions, run
from benchmark.system import SystemSpec

CONFIG = Path(__file__).parent.parent / "finetune" / "configs" / "demo.yaml"
FEWSHOT = 1
MAX_GEN_TOKS = 192
"""Less than the tasks allow: the untuned model fills whatever it is given, and the demo's minutes are few."""


def run_demo(output: Path, limit: int) -> Path:
    """Run every step that is not finished yet, print the site's index page as the last line, and return it."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    quiet_libraries()
    console = Console(stderr=True)
    started = time.monotonic()

    def step(title: str) -> None:
        console.rule(f"[bold]{title}[/] [dim]{time.monotonic() - started:.0f} s[/]", align="left")

    step("1/6 the embedded model (Gemma 3 270M; the Gemma Terms of Use apply)")
    with _waiting("converting it, on first use only", console):
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
    index = _report([baseline, fewshot, tuned], output / "site", console)
    step("done")
    typer.echo(index)
    return index


@contextmanager
def _waiting(what: str, console: Console) -> Iterator[None]:
    """A spinner with the seconds gone, for work that cannot say how far it is; nothing where there is no terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(what, total=None)
        yield


def _finetune(output: Path) -> Path:
    from finetune.config import load_config
    from finetune.pipeline import finetune

    return finetune(load_config(CONFIG), output)


def _report(runs: list[Path], site: Path, console: Console) -> Path:
    """Print what fine-tuning did to the model, without and with an example shown; write the site."""
    from benchmark.compare import compare
    from benchmark.comparing.terminal import print_comparison
    from benchmark.results import load_run
    from reports.site import write

    with _waiting("comparing the runs, writing the pages", console):
        *before, tuned = [load_run(path) for path in runs]
        compared = [compare(run, tuned) for run in before]
        index = write([*before, tuned], site, publish_samples=True)
    for comparison in compared:
        print_comparison(comparison)
    return index
