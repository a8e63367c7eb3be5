"""Metrics as functions of summed counts. The last axis holds the sums: of one document, a resample, or the corpus."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmark.statistics import Floats

_LARGEST_EXPONENT = 230.0
"""e²³⁰ is 10¹⁰⁰: a perplexity beyond says nothing more."""


def mean(sums: Floats) -> Floats:
    """Columns: sum of the values, documents."""
    return _ratio(sums[..., 0], sums[..., 1])


def f1(sums: Floats) -> Floats:
    """F1 of one class or over all fields. Columns: hits, stated, expected."""
    return _ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def macro_f1(sums: Floats) -> Floats:
    """Mean F1 of the labels that occur in the gold, as `tasks.scoring.aggregate.macro_f1`. Columns: `label_counts`."""
    hits, stated, expected = np.split(sums, 3, axis=-1)
    present = expected > 0
    return _ratio(np.where(present, _ratio(2 * hits, stated + expected), 0.0).sum(-1), present.sum(-1))


def matthews(sums: Floats) -> Floats:
    """Matthews' correlation, as `sklearn.metrics.matthews_corrcoef`; nil where it is not defined.

    Gorodkin, J. (2004). Comparing two K-category assignments by a K-category correlation coefficient. Computational
    Biology and Chemistry 28, 367-374. Columns: `label_counts`.
    """
    hits, stated, expected = np.split(sums, 3, axis=-1)
    n = expected.sum(-1)
    covariance = hits.sum(-1) * n - (stated * expected).sum(-1)
    spread = (n**2 - (stated**2).sum(-1)) * (n**2 - (expected**2).sum(-1))
    return _ratio(covariance, np.sqrt(spread))


def perplexity(sums: Floats) -> Floats:
    """Columns: log-likelihood, weight (documents, words or bytes)."""
    return np.exp(np.minimum(-_ratio(sums[..., 0], sums[..., 1]), _LARGEST_EXPONENT))


def bits(sums: Floats) -> Floats:
    """Bits per byte. Columns: log-likelihood, bytes."""
    return -_ratio(sums[..., 0], sums[..., 1]) / math.log(2)


def label_counts(pairs: Sequence[tuple[str, Any]], labels: Sequence[str]) -> Floats:
    """(gold, answer) of each document → documents × (hits per label, then stated per label, then expected per label)."""
    return np.array([_counts_of_one(gold, said, labels) for gold, said in pairs], dtype=float)


def _counts_of_one(gold: str, said: Any, labels: Sequence[str]) -> list[bool]:
    stated, expected = [said == label for label in labels], [gold == label for label in labels]
    return [s and e for s, e in zip(stated, expected, strict=True)] + stated + expected


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator > 0)
