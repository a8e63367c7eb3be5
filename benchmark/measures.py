"""A metric over paired documents as sums of per-document counts, so that any resample of it is one matrix product."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from benchmark.statistics import Floats

Kind = Literal["binary", "continuous", "corpus"]
Value = Callable[[Floats], Floats]
_LARGEST = 1e100
_LARGEST_EXPONENT = 230.0
"""e²³⁰ is 10¹⁰⁰: a perplexity beyond says nothing more."""


@dataclass(frozen=True)
class Measure:
    """One metric of two runs over the same documents."""

    kind: Kind
    share: bool
    """Whether the values are shares of one, shown as per cent; a margin in points means something only then."""
    baseline: Floats
    """Counts of the first run: documents × columns."""
    finetuned: Floats
    value: Value
    """Sums of counts (… × columns) → the metric."""
    baseline_items: Floats
    """Each document's own score in the first run, for wins and losses and for slices."""
    finetuned_items: Floats
    kept: tuple[int, ...]
    """Positions of the pairs that both runs have a value for."""


def measure(aggregation: str, baseline: Sequence[Any], finetuned: Sequence[Any]) -> Measure | None:
    """The metric over pairs of per-document values; None where its aggregation cannot be computed again here."""
    if aggregation not in _BUILDERS:
        return None
    valid, build = _BUILDERS[aggregation]
    kept = tuple(i for i, pair in enumerate(zip(baseline, finetuned, strict=True)) if all(map(valid, pair)))
    return build([baseline[i] for i in kept], [finetuned[i] for i in kept], kept) if kept else None


def is_number(value: Any) -> bool:
    """Whether a value read from JSON is a number that arithmetic can bear: not NaN, not infinite, not of 400 digits."""
    return isinstance(value, bool | int | float) and abs(value) <= _LARGEST


def _is_label_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_triple(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(is_number(part) for part in value)


def _mean(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
    first, second = np.asarray(baseline, dtype=float), np.asarray(finetuned, dtype=float)
    both = np.concatenate([first, second])
    binary = bool(np.isin(both, (0, 1)).all())
    share = bool(both.min() >= 0 and both.max() <= 1)
    before, after = (np.column_stack([items, np.ones_like(items)]) for items in (first, second))
    return Measure("binary" if binary else "continuous", share, before, after, _mean_value, first, second, kept)


def _mean_value(sums: Floats) -> Floats:
    return _ratio(sums[..., 0], sums[..., 1])


def _micro_f1(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
    before, after = (np.asarray(rows, dtype=float) for rows in (baseline, finetuned))
    # A document that expects nothing and got nothing is right.
    first, second = (np.where(c[:, 1] + c[:, 2] > 0, _micro_value(c), 1.0) for c in (before, after))
    return Measure("corpus", True, before, after, _micro_value, first, second, kept)


def _micro_value(sums: Floats) -> Floats:
    return _ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def _macro_f1(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
    labels = sorted({str(gold) for gold, _ in baseline + finetuned})
    pair = (baseline, finetuned)
    before, after = (np.array([_label_counts(row, labels) for row in rows], dtype=float) for rows in pair)
    first, second = (np.array([float(str(gold) == said) for gold, said in rows]) for rows in pair)
    return Measure("corpus", True, before, after, _macro_value, first, second, kept)


def _is_weighted(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value)) and value[1] > 0


def _likelihood(value: Value) -> "_Build":
    """Metrics of (log-likelihood, weight) pairs, as `lm_eval.api.metrics` aggregates them."""

    def build(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
        before, after = (np.asarray(rows, dtype=float) for rows in (baseline, finetuned))
        if before.ndim == 1:  # `perplexity` logs the log-likelihood alone
            before, after = (np.column_stack([items, np.ones_like(items)]) for items in (before, after))
        return Measure("corpus", False, before, after, value, value(before), value(after), kept)

    return build


def _perplexity(sums: Floats) -> Floats:
    return np.exp(np.minimum(-_ratio(sums[..., 0], sums[..., 1]), _LARGEST_EXPONENT))


def _bits(sums: Floats) -> Floats:
    return -_ratio(sums[..., 0], sums[..., 1]) / math.log(2)


def _label_counts(row: Sequence[Any], labels: Sequence[str]) -> list[int]:
    gold, said = str(row[0]), row[1]
    stated, expected = [said == label for label in labels], [gold == label for label in labels]
    return [s and e for s, e in zip(stated, expected, strict=True)] + stated + expected


def _macro_value(sums: Floats) -> Floats:
    hits, stated, expected = np.split(sums, 3, axis=-1)
    # As tasks.scoring.aggregate.macro_f1: the mean runs over the labels that occur in the gold.
    present = expected > 0
    return _ratio(np.where(present, _ratio(2 * hits, stated + expected), 0.0).sum(-1), present.sum(-1))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator > 0)


_Build = Callable[[list[Any], list[Any], tuple[int, ...]], Measure]
_BUILDERS: dict[str, tuple[Callable[[Any], bool], _Build]] = {
    "mean": (is_number, _mean),
    "nanmean": (is_number, _mean),
    "macro_f1": (_is_label_pair, _macro_f1),
    "micro_f1": (_is_triple, _micro_f1),
    "weighted_perplexity": (_is_weighted, _likelihood(_perplexity)),
    "perplexity": (is_number, _likelihood(_perplexity)),
    "bits_per_byte": (_is_weighted, _likelihood(_bits)),
}
