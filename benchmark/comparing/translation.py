"""BLEU, chrF and TER as sums over documents, by sacrebleu's own counts: what lm-eval's aggregations call."""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.statistics import Floats

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

NAMES = ("bleu", "chrf", "chrf++", "ter")
LONGEST = 20_000
"""Characters of a text; of a longer one nothing is counted, for the edits of TER take seconds there."""


def counts(name: str, value: Any) -> tuple[float, ...] | None:
    """What the metric sums over documents, of one document's (reference or references, answer); None if it is no such pair."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    references, answers = (part if isinstance(part, list) else [part] for part in value)
    if len(answers) != 1 or not references or not all(map(_is_text, references + answers)):
        return None
    (found,) = _metric(name)._extract_corpus_statistics(answers, [[text] for text in references])
    return tuple(map(float, found))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def score(name: str, sums: Floats) -> Floats:
    """The metric of summed counts (… × columns), from 0 to 100, of TER from 0 up."""
    return np.apply_along_axis(lambda row: _metric(name)._compute_score_from_stats(row.tolist()).score, -1, sums)


@cache
def _metric(name: str) -> "Metric":
    # Few runs hold such a metric, and the import takes its time.
    from sacrebleu.metrics import BLEU, CHRF, TER

    found: dict[str, Metric] = {"bleu": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2), "ter": TER()}
    return found[name]
