"""ROUGE-1/2/L over Russian lemmas (Lin, 2004), for texts where surface forms differ by case and number.

rouge-score's own tokenizer keeps only [a-z0-9], so two identical Russian texts score 0 there. Here words become
pymorphy3 lemmas and every way of writing a number becomes one token; counts and F-measures are rouge-score's.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.distance import LCSseq

from tasks.scoring.answer import MAX_CHARACTERS
from tasks.scoring.lemma import lemma

MAX_TOKENS = 1_000
"""Tokens scored of a text, from its beginning: several times the longest reference, and a bound on the time."""

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL")

_SPACES = " \u00a0\u202f\u2009\u2007\u200a\u3000"
_TOKEN = re.compile(
    rf"(?<![.,])\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?!\d)(?:[.,]\d+)*"  # 1 250 000,5
    r"|\d+(?:[.,]\d+)*"
    r"|[^\W\d_]+(?:-[^\W\d_]+)*"
)


def lemmas(text: str) -> list[str]:
    """A text as lemmas and canonical numbers: «1 250,50 рублей» and «1250.5 рубль» give the same list."""
    return [canonical(token) for token in _TOKEN.findall(text.lower())]


def _scored(text: str) -> tuple[str, ...]:
    # Cut before lemmatizing: words that no dictionary has cost a fifth of a millisecond each.
    return tuple(map(canonical, _TOKEN.findall(text[:MAX_CHARACTERS].lower())[:MAX_TOKENS]))


@lru_cache(maxsize=1 << 18)
def canonical(token: str) -> str:
    """A word's lemma; a number without grouping, with a decimal point and no trailing noughts."""
    if not token[0].isdigit():
        return lemma(token)
    whole, point, fraction = re.sub(rf"[{_SPACES}]", "", token).replace(",", ".").rpartition(".")
    if not point:
        return fraction
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


class LemmaTokenizer:
    """The same tokens for `rouge_score.rouge_scorer.RougeScorer(tokenizer=…)`: the reference to check against."""

    def tokenize(self, text: str) -> list[str]:
        """Tokens as `rouge` scores them, cut at `MAX_TOKENS`."""
        return list(_scored(text))


def rouge(prediction: str, reference: str | Sequence[str]) -> dict[str, float]:
    """F-measures in 0…1: {"rouge1": …, "rouge2": …, "rougeL": …}; over several references the best of each."""
    references = [reference] if isinstance(reference, str) else list(reference)
    predicted = _scored(prediction)
    scores = [_one(predicted, reference_lemmas(text)) for text in references]
    return {name: max((score[name] for score in scores), default=0.0) for name in ROUGE_TYPES}


@lru_cache(maxsize=1 << 14)
def reference_lemmas(text: str) -> tuple[str, ...]:
    """The scored tokens of a reference; every model's answers meet the same ones again."""
    return _scored(text)


def _one(predicted: tuple[str, ...], expected: tuple[str, ...]) -> dict[str, float]:
    return {
        "rouge1": _ngram_f(predicted, expected),
        "rouge2": _ngram_f(pairwise(predicted), pairwise(expected)),
        "rougeL": _f(LCSseq.similarity(predicted, expected), len(predicted), len(expected)),
    }


def _ngram_f(predicted: Iterable[Hashable], expected: Iterable[Hashable]) -> float:
    left, right = Counter(predicted), Counter(expected)
    common = sum(min(count, right[ngram]) for ngram, count in left.items() if ngram in right)
    return _f(common, left.total(), right.total())


def _f(common: int, predicted: int, expected: int) -> float:
    # rouge-score's own order of operations, so that the floats are equal and not merely close.
    precision, recall = common / max(predicted, 1), common / max(expected, 1)
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
