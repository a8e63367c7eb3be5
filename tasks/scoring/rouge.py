"""ROUGE-1/2/L over Russian lemmas (Lin, 2004), for texts where surface forms differ by case and number.

rouge-score's own tokenizer keeps only [a-z0-9], so two identical Russian texts score 0 there. Here words become
pymorphy3 lemmas and every way of writing a number becomes one token; counts and F-measures are rouge-score's.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from rapidfuzz.distance import LCSseq

from tasks.scoring.answer import MAX_CHARACTERS
from tasks.scoring.lemma import lemma

MAX_TOKENS = 1_000
"""Tokens scored of a text, from its beginning: several times the longest reference, and a bound on the time."""

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL")

_SPACES = "\u00a0\u202f\u2009\u2007\u200a\u3000"
_GROUPED = re.compile(rf"(?<![\d.,])\d{{1,3}}(?:[ {_SPACES}]\d{{3}})+(?!\d)")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*")


def lemmas(text: str) -> list[str]:
    """A text as lemmas and canonical numbers: «1 250,50 рублей» and «1250.5 рубль» give the same list."""
    return list(_tokens(text))


def _scored(text: str) -> tuple[str, ...]:
    # Cut before lemmatizing: words that no dictionary has cost a fifth of a millisecond each.
    return tuple(islice(_tokens(text[:MAX_CHARACTERS]), MAX_TOKENS))


def _tokens(text: str) -> Iterator[str]:
    text = _GROUPED.sub(lambda match: re.sub(rf"[ {_SPACES}]", "", match.group()), text.lower())
    for match in _TOKEN.finditer(text):
        token = match.group()
        yield _number(token) if token[0].isdigit() else lemma(token)


def _number(token: str) -> str:
    whole, comma, fraction = token.replace(",", ".").rpartition(".")
    if not comma:
        return token
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
    scores = [_one(predicted, _reference_lemmas(text)) for text in references]
    return {name: max((score[name] for score in scores), default=0.0) for name in ROUGE_TYPES}


@lru_cache(maxsize=1 << 14)
def _reference_lemmas(text: str) -> tuple[str, ...]:
    return _scored(text)


def _one(predicted: tuple[str, ...], expected: tuple[str, ...]) -> dict[str, float]:
    return {
        "rouge1": _ngram_f(predicted, expected, 1),
        "rouge2": _ngram_f(predicted, expected, 2),
        "rougeL": _f(LCSseq.similarity(predicted, expected), len(predicted), len(expected)),
    }


def _ngram_f(predicted: tuple[str, ...], expected: tuple[str, ...], n: int) -> float:
    left, right = (Counter(zip(*(words[i:] for i in range(n)), strict=False)) for words in (predicted, expected))
    return _f((left & right).total(), left.total(), right.total())


def _f(common: int, predicted: int, expected: int) -> float:
    # rouge-score's own order of operations, so that the floats are equal and not merely close.
    precision, recall = common / max(predicted, 1), common / max(expected, 1)
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
