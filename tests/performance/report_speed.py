"""Build time and memory of the pages: `python -m tests.performance.report_speed` prints a table.

One comparison of 10,000 pairs in 12 tasks, and one leaderboard of 100 systems, each in a process of its own.
"""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmark.compare import compare
from benchmark.results import load_run
from reports import comparison, leaderboard
from tests.reports.fixture import Shape, write_run

TASKS, PAIRS, SYSTEMS = 12, 10_000, 100


def _comparison(folder: Path) -> float:
    started = time.perf_counter()
    runs = [load_run(folder / name) for name in ("a", "b")]
    comparison.write(compare(*runs), folder / "page.html")
    return time.perf_counter() - started


def _leaderboard(folder: Path) -> float:
    started = time.perf_counter()
    runs = [load_run(folder / f"s{number}") for number in range(SYSTEMS)]
    leaderboard.write(runs, folder / "page.html")
    return time.perf_counter() - started


def _measured(
    build: Callable[[Path], float], folder: Path, answers: "multiprocessing.Queue[tuple[float, float]]"
) -> None:
    seconds = build(folder)
    answers.put((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def measure(name: str, build: Callable[[Path], float], folder: Path) -> None:
    """Run one build in a fresh process and print its time, peak memory and page size."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_measured, args=(build, folder, answers))
    process.start()
    seconds, mebibytes = answers.get(timeout=600)
    process.join()
    size = (folder / "page.html").stat().st_size / 1e6
    print(f"| {name} | {seconds:.1f} s | {mebibytes:.0f} MiB | {size:.2f} MB |")


def main() -> None:
    """Write the fixtures and measure both builds."""
    print("| Page | Build, files read included | Peak memory | Size |\n| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for seed, name in enumerate("ab"):
            write_run(folder / name, Shape(tasks=TASKS, documents=-(-PAIRS // TASKS), seed=seed, hostile=True))
        measure(f"comparison, {PAIRS} pairs", _comparison, folder)
        for seed in range(SYSTEMS):
            shape = Shape(tasks=6, documents=200, seed=seed, skill=0.2 + seed / 200, name=f"system {seed}")
            write_run(folder / f"s{seed}", shape)
        measure(f"leaderboard, {SYSTEMS} systems", _leaderboard, folder)


if __name__ == "__main__":
    main()
