"""A metric over paired documents as sums of per-document counts, so that any resample of it is one matrix product."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from benchmark.comparing import formulas, translation
from benchmark.statistics import Floats

Kind = Literal["binary", "continuous", "corpus"]
Value = Callable[[Floats], Floats]
_LARGEST = 1e100


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


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_weighted(value: Any) -> bool:
    return _is_pair(value) and all(map(is_number, value)) and value[1] > 0


def _is_binary_pair(value: Any) -> bool:
    return _is_pair(value) and all(part in (0, 1) for part in value)


def _is_counts(value: Any) -> bool:
    return isinstance(value, tuple)


def _is_triple(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(is_number(part) for part in value)


def _mean(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
    first, second = np.asarray(baseline, dtype=float), np.asarray(finetuned, dtype=float)
    both = np.concatenate([first, second])
    binary = bool(np.isin(both, (0, 1)).all())
    share = bool(both.min() >= 0 and both.max() <= 1)
    before, after = (np.column_stack([items, np.ones_like(items)]) for items in (first, second))
    return Measure("binary" if binary else "continuous", share, before, after, formulas.mean, first, second, kept)


def _micro_f1(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
    before, after = (np.asarray(rows, dtype=float) for rows in (baseline, finetuned))
    # A document that expects nothing and got nothing is right.
    first, second = (np.where(c[:, 1] + c[:, 2] > 0, formulas.f1(c), 1.0) for c in (before, after))
    return Measure("corpus", True, before, after, formulas.f1, first, second, kept)


def _macro_f1(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
    pairs = [[(str(gold), said) for gold, said in rows] for rows in (baseline, finetuned)]
    labels = sorted({gold for gold, _ in pairs[0] + pairs[1]})
    return _of_labels(pairs, labels, formulas.macro_f1, kept)


def _f1(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
    return _of_labels(_as_text(baseline, finetuned), ["1"], formulas.f1, kept)


def _matthews(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
    pairs = _as_text(baseline, finetuned)
    labels = sorted({label for pair in pairs[0] + pairs[1] for label in pair})
    return replace(_of_labels(pairs, labels, formulas.matthews, kept), share=False)


def _as_text(*sides: list[Any]) -> list[list[tuple[str, str]]]:
    """Labels of lm-eval are numbers or truth values; `1` and `true` are one label."""
    return [[(_label(gold), _label(said)) for gold, said in side] for side in sides]


def _label(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _of_labels(
    pairs: list[list[tuple[str, Any]]], labels: Sequence[str], value: Value, kept: tuple[int, ...]
) -> Measure:
    before, after = (formulas.label_counts(side, labels) for side in pairs)
    first, second = (np.array([float(gold == said) for gold, said in side]) for side in pairs)
    return Measure("corpus", True, before, after, value, first, second, kept)


def _likelihood(value: Value) -> "_Build":
    """Metrics of (log-likelihood, weight) pairs, as `lm_eval.api.metrics` aggregates them."""

    def build(baseline: list[Any], finetuned: list[Any], kept: tuple[int, ...]) -> Measure:
        before, after = (np.asarray(rows, dtype=float) for rows in (baseline, finetuned))
        if before.ndim == 1:  # `perplexity` logs the log-likelihood alone
            before, after = (np.column_stack([items, np.ones_like(items)]) for items in (before, after))
        return Measure("corpus", False, before, after, value, value(before), value(after), kept)

    return build


_Build = Callable[[list[Any], list[Any], tuple[int, ...]], Measure]
_BUILDERS: dict[str, tuple[Callable[[Any], bool], _Build]] = {
    "mean": (is_number, _mean),
    "nanmean": (is_number, _mean),
    "macro_f1": (_is_pair, _macro_f1),
    "micro_f1": (_is_triple, _micro_f1),
    "f1": (_is_binary_pair, _f1),
    "matthews_corrcoef": (_is_pair, _matthews),
    "weighted_perplexity": (_is_weighted, _likelihood(formulas.perplexity)),
    "perplexity": (is_number, _likelihood(formulas.perplexity)),
    "bits_per_byte": (_is_weighted, _likelihood(formulas.bits)),
    **{name: (_is_counts, _likelihood(partial(translation.score, name))) for name in translation.NAMES},
}
