"""How often a comparison is wrong where the truth is known: false verdicts in a family of tasks, coverage of intervals.

    PYTHONPATH=. python tests/performance/aa_simulation.py --families 1000

Each family is one page: two simulated runs over six tasks (two scored right or wrong, two with shares, macro and micro
F1), compared by `benchmark.compare.compare` as any two runs are. In an A/A family both runs are of one system, so every
"improved" and "worsened" is false. In an A/B family the second system is better by a known step, so "worsened" and
"equivalent" are false. Templates have a difficulty of their own, and each run its own luck with each template: that is
what makes documents of one template alike.
"""

import argparse
import platform
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.compare import compare
from benchmark.comparing.measures import measure
from benchmark.runs.records import Place, RunRecord, SampleResult, Score, TaskRecord
from benchmark.statistics import wilson_interval

KINDS = ("mean of 0/1", "mean of 0/1", "mean of shares", "mean of shares", "macro_f1", "micro_f1")
STEP = 0.08
"""What the better system adds to every chance of being right."""
LUCK = 0.15
"""Standard deviation of a run's luck with a template."""
LABELS = ("low", "middle", "high")
_NOWHERE = Place(Path("none"), 0, 0, 0, 0)
Values = list[Any]
Randomness = np.random.Generator


@dataclass(frozen=True)
class Design:
    """The size of every task of a family."""

    templates: int
    size: int
    """Documents per template."""
    step: float = 0.0

    @property
    def documents(self) -> int:
        """Documents per task."""
        return self.templates * self.size


DESIGNS = (
    Design(60, 1),
    Design(240, 1),
    Design(60, 4),
    Design(20, 12),
    Design(240, 1, STEP),
    Design(60, 4, STEP),
)


def _chances(rng: Randomness, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Each document's chance of being right in the first and in the second run."""
    # With a step the level is fixed, for the true difference of an F1 depends on it.
    level = 0.5 if design.step else rng.uniform(0.25, 0.75)
    template = np.repeat(level + rng.normal(0, 0.15, design.templates), design.size)
    document = rng.normal(0, 0.15, design.documents)
    luck = np.repeat(rng.normal(0, LUCK, (2, design.templates)), design.size, axis=1)
    first, second = (np.clip(template + document + own, 0.02, 0.9) for own in luck)
    return first, second + design.step


def _answers(kind: str, chance: np.ndarray, rng: Randomness, gold: np.ndarray) -> Values:
    """One run's value for each document."""
    right = rng.random(chance.size) < chance
    if kind == "mean of 0/1":
        return right.astype(float).tolist()
    if kind == "mean of shares":
        return np.clip(chance + rng.uniform(-0.1, 0.1, chance.size), 0, 1).tolist()
    if kind == "macro_f1":
        said = np.where(right, gold, rng.integers(0, 3, chance.size))
        return [[LABELS[a], LABELS[b]] for a, b in zip(gold, said, strict=True)]
    return [[int(hits), 4, 4] for hits in rng.binomial(4, chance)]


def _pair_of_values(kind: str, design: Design, rng: Randomness) -> tuple[Values, Values]:
    # Labels come by template, as in a real set: some are rarer than others.
    gold = np.repeat(rng.choice(3, design.templates, p=(0.2, 0.3, 0.5)), design.size)
    first, second = (_answers(kind, chance, rng, gold) for chance in _chances(rng, design))
    return first, second


def _task(name: str, kind: str, values: Values, size: int) -> TaskRecord:
    aggregation = kind if kind.endswith("f1") else "mean"
    samples = {
        str(i): SampleResult(name, i, str(i), "", _NOWHERE, {"m": value}, "", template=str(i // size))
        for i, value in enumerate(values)
    }
    score = Score(name, "m", "none", float("nan"), None, len(values), higher_is_better=True)
    config = {"metric_list": [{"metric": "m", "aggregation": aggregation}]}
    return TaskRecord(name, config, "1", 0, len(values), len(values), "m", "none", {"m": score}, samples)


def _runs(design: Design, seed: int) -> list[RunRecord]:
    rng = np.random.default_rng([seed, design.templates, design.size, int(1_000 * design.step)])
    sides: list[dict[str, TaskRecord]] = [{}, {}]
    for number, kind in enumerate(KINDS):
        for side, values in zip(sides, _pair_of_values(kind, design, rng), strict=True):
            side[f"task{number}"] = _task(f"task{number}", kind, values, design.size)
    return [RunRecord(Path(name), name, tasks, {}, {}, ()) for name, tasks in zip("ab", sides, strict=True)]


def truths(design: Design) -> dict[str, float]:
    """The true difference of each kind of metric: nil in A/A, else measured once on 400,000 documents."""
    if not design.step:
        return dict.fromkeys(KINDS, 0.0)
    large = Design(400_000 // design.size, design.size, design.step)
    return {kind: _true_difference(kind, large) for kind in dict.fromkeys(KINDS)}


def _true_difference(kind: str, large: Design) -> float:
    first, second = _pair_of_values(kind, large, np.random.default_rng(0))
    found = measure(kind if kind.endswith("f1") else "mean", first, second)
    assert found is not None
    return float(found.value(found.finetuned.sum(0)) - found.value(found.baseline.sum(0)))


def one_family(design: Design, truth: dict[str, float], seed: int) -> Counter[str]:
    """One comparison: whether any verdict is false, which intervals hold the truth, how many verdicts there are."""
    found = compare(*_runs(design, seed))
    false = {"worsened", "equivalent"} if design.step else {"improved", "worsened"}
    counts: Counter[str] = Counter(families=1, false=any(delta.verdict in false for delta in found.deltas))
    for kind, delta in zip(KINDS, found.deltas, strict=True):
        assert delta.ci_low is not None and delta.ci_high is not None
        counts[kind] += delta.ci_low <= truth[kind] <= delta.ci_high
        counts["found"] += delta.verdict == "improved"
    return counts


def _share(hits: int, n: int) -> str:
    low, high = wilson_interval(hits, n)
    return f"{100 * hits / n:.1f}% [{100 * low:.1f}; {100 * high:.1f}]"


def row(design: Design, seeds: range) -> str:
    """Simulate one design and return its line of the table."""
    truth = truths(design)
    counts = sum((one_family(design, truth, seed) for seed in seeds), Counter[str]())
    families, per_task = len(seeds), Counter(KINDS)
    cells = [_share(counts[kind], families * per_task[kind]) for kind in dict.fromkeys(KINDS)]
    power = f"{100 * counts['found'] / (families * len(KINDS)):.0f}%" if design.step else "—"
    name = f"{'A/B' if design.step else 'A/A'}, {design.templates} × {design.size}"
    return f"| {' | '.join((name, _share(counts['false'], families), *cells, power))} |"


def main() -> None:
    """Simulate every design and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", type=int, default=1_000, help="pages for each row (default: 1000)")
    parser.add_argument("--first-seed", type=int, default=0)
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.families)
    started = time.process_time()
    print(f"{platform.machine()}, Python {platform.python_version()}, seeds {seeds[0]} to {seeds[-1]}\n")
    print(f"| Truth, templates × documents | Any false verdict | {' | '.join(dict.fromkeys(KINDS))} | Found |")
    print("| --- |" + " ---: |" * (len(dict.fromkeys(KINDS)) + 2))
    for design in DESIGNS:
        print(row(design, seeds), flush=True)
    print(f"\n{time.process_time() - started:.0f} s of processor time")


if __name__ == "__main__":
    main()
