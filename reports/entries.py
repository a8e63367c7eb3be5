"""Pairs of answers as the sample browser filters and sorts them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from benchmark.comparing.comparison import Comparison, Pair
from benchmark.comparing.measures import Measure, measure
from benchmark.runs.records import SampleResult
from benchmark.visible import visible
from reports.numbers import Numbers

STATES = ("better", "worse", "same", "both_wrong", "unscored")


@dataclass(frozen=True)
class Entry:
    """One pair of answers."""

    task: int
    state: str
    """Better, worse, same, both wrong, or not scored."""
    gain: float
    baseline: SampleResult
    finetuned: SampleResult
    scores: tuple[str, str]
    """The headline of each answer, as printed."""
    outcomes: tuple[str, str]
    """The grader's, else right or wrong where answers are either; empty where nothing is known."""

    @property
    def parts(self) -> list[tuple[str, str]]:
        """(dimension, value) of the parts that the document belongs to."""
        return [(dimension, visible(value)) for dimension, value in self.baseline.slices.items()]

    @property
    def other_prompt(self) -> bool:
        """Whether the second system was asked in other words."""
        return self.baseline.prompt_hash != self.finetuned.prompt_hash


def entries(comparison: Comparison, numbers: Numbers) -> Iterator[Entry]:
    """Every pair of answers, task by task."""
    for number, delta in enumerate(comparison.deltas):
        pairs = comparison.pairs(delta.task)
        aggregation = comparison.baseline.tasks[delta.task].aggregation(delta.metric)
        values = [[sample.metrics.get(delta.metric) for sample in side] for side in zip(*pairs, strict=True)]
        found = measure(aggregation, *values) if values else None
        sign = 1 if delta.higher_is_better else -1
        yield from _scored(number, pairs, found, sign, numbers) if found else _unscored(number, pairs)


def _unscored(task: int, pairs: Sequence[Pair]) -> Iterator[Entry]:
    return (Entry(task, "unscored", 0.0, *pair, ("", ""), _outcomes(pair)) for pair in pairs)


def _scored(task: int, pairs: Sequence[Pair], found: Measure, sign: int, numbers: Numbers) -> Iterator[Entry]:
    # Few different scores occur many times, and formatting is slow.
    text = cache(numbers.percent if found.share else numbers.significant)
    kept = set(found.kept)
    yield from _unscored(task, [pair for position, pair in enumerate(pairs) if position not in kept])
    derived = found.kind == "binary" and not any(sample.outcome for pair in pairs for sample in pair)
    right = 1.0 if sign > 0 else 0.0
    for place, position in enumerate(found.kept):
        pair = pairs[position]
        before, after = float(found.baseline_items[place]), float(found.finetuned_items[place])
        gain = sign * (after - before)
        outcomes = (_right(before == right), _right(after == right)) if derived else _outcomes(pair)
        wrong = outcomes[1] != "correct" if outcomes[1] else found.share and after == 1 - right
        state = "better" if gain > 0 else "worse" if gain < 0 else "both_wrong" if wrong else "same"
        yield Entry(task, state, gain, *pair, (text(before), text(after)), outcomes)


def _right(right: bool) -> str:
    return "correct" if right else "incorrect"


def _outcomes(pair: Pair) -> tuple[str, str]:
    return visible(pair[0].outcome), visible(pair[1].outcome)
