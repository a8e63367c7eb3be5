"""Build time and memory of the pages: `python -m tests.performance.report_speed` prints a table.

One comparison of 10,000 pairs in 12 tasks, and one leaderboard of 100 systems, each in a process of its own.
With `--gigabyte` instead: a comparison and a leaderboard of two runs with a gigabyte of sample files each.
"""

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmark.compare import compare
from benchmark.results import load_run
from reports import comparison, leaderboard
from tests.reports.fixture import DATE, Shape, write_run

TASKS, PAIRS, SYSTEMS = 12, 10_000, 100
GIGABYTE, ANSWER = 10**9, 8_000


def _comparison(folder: Path) -> float:
    started = time.perf_counter()
    runs = [load_run(folder / name) for name in ("a", "b")]
    comparison.write(compare(*runs), folder / "page.html")
    return time.perf_counter() - started


def _leaderboard(folder: Path, systems: int = SYSTEMS) -> float:
    started = time.perf_counter()
    runs = [load_run(folder / f"s{number}") for number in range(systems)]
    leaderboard.write(runs, folder / "page.html")
    return time.perf_counter() - started


def _measured(
    build: Callable[[Path], float], folder: Path, answers: "multiprocessing.Queue[tuple[float, float, float]]"
) -> None:
    before = time.process_time()
    seconds = build(folder)
    answers.put((seconds, time.process_time() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def measure(name: str, build: Callable[[Path], float], folder: Path) -> None:
    """Run one build in a fresh process and print its time, processor time, peak memory and page size."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_measured, args=(build, folder, answers))
    process.start()
    seconds, busy, mebibytes = answers.get(timeout=600)
    process.join()
    size = (folder / "page.html").stat().st_size / 1e6
    print(f"| {name} | {seconds:.1f} s | {busy:.1f} s | {mebibytes:.0f} MiB | {size:.2f} MB |")


def write_long_run(folder: Path, seed: int, size: int = GIGABYTE) -> int:
    """A run of one task whose sample file has about `size` bytes: answers of 8,000 Cyrillic letters; returns its rows."""
    write_run(folder, Shape(tasks=1, documents=300, seed=seed, name=f"long {seed}"))
    (path,) = folder.glob(f"samples_*_{DATE}.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rng = random.Random(seed)
    words = ["".join(rng.choices("абвгдежзиклмнопрстуфхцчшыэюя", k=rng.randint(2, 12))) for _ in range(5_000)]
    text = " ".join(rng.choices(words, k=200_000))
    written = 0
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            row, start = rows[written % len(rows)], rng.randrange(len(text) - ANSWER)
            answer = text[start : start + ANSWER]
            changed = {
                "doc_id": written,
                "doc_hash": f"{written:064x}",
                "filtered_resps": [answer],
                "resps": [[answer]],
            }
            changed["doc"] = row["doc"] | {"template_id": f"t{written}"}
            file.write(json.dumps(row | changed, ensure_ascii=False) + "\n")
            written += 1
    return written


def measure_gigabyte(folder: Path) -> None:
    """Two runs of a gigabyte each."""
    rows = [write_long_run(folder / name, seed) for seed, name in enumerate("ab")]
    measure(f"comparison, 2 × 1 GB, {min(rows)} pairs", _comparison, folder)
    for number, name in enumerate("ab"):
        (folder / name).rename(folder / f"s{number}")
    measure("leaderboard, the same two", _board_of_two, folder)


def _board_of_two(folder: Path) -> float:
    return _leaderboard(folder, 2)


def main() -> None:
    """Write the fixtures and measure the builds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabyte", action="store_true", help="two runs with a gigabyte of samples each")
    gigabyte = parser.parse_args().gigabyte
    print("| Page | Build, files read included | of it processor | Peak memory | Size |")
    print("| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if gigabyte:
            measure_gigabyte(folder)
            return
        for seed, name in enumerate("ab"):
            write_run(folder / name, Shape(tasks=TASKS, documents=-(-PAIRS // TASKS), seed=seed, hostile=True))
        measure(f"comparison, {PAIRS} pairs", _comparison, folder)
        for seed in range(SYSTEMS):
            shape = Shape(tasks=6, documents=200, seed=seed, skill=0.2 + seed / 200, name=f"system {seed}")
            write_run(folder / f"s{seed}", shape)
        measure(f"leaderboard, {SYSTEMS} systems", _leaderboard, folder)


if __name__ == "__main__":
    main()
