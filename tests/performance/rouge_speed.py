"""ROUGE over lemmas against rouge-score with pymorphy3, the floor of each family, and how well lemmas join word forms.

    python tests/performance/rouge_speed.py

rouge-score gets the same tokens the plain way: each word analyzed as it comes. Both sides score the same 1,000 pairs of 150-word
texts, composed from the data's references, in one process; their values must be equal to the last bit.
"""

import platform
import random
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from statistics import fmean
from unittest import mock

from nltk.stem.snowball import SnowballStemmer
from rouge_score.rouge_scorer import RougeScorer

from tasks import ROOT
from tasks.dataset import read_split
from tasks.items import read_jsonl
from tasks.scoring import rouge
from tasks.scoring.lemma import lemma, morph

PAIRS, WORDS = 1_000, 150
FAMILIES = ("credit_risk", "esg_risk", "market_trends", "statement_analysis")
FORMS = Path(__file__).with_name("word_forms.txt")

CACHES = (rouge.canonical, rouge.reference_lemmas, lemma)

Scores = list[dict[str, float]]


def texts(count: int) -> list[str]:
    """Texts of `WORDS` words each: references drawn at random, one after another."""
    data = (ROOT / family / "data" / "train.jsonl" for family in FAMILIES)
    references = [item["output"] for path in data for item in read_jsonl(path)]
    rng = random.Random(7)
    return [" ".join(" ".join(rng.sample(references, 10)).split()[:WORDS]) for _ in range(count)]


def ours(pairs: list[tuple[str, str]]) -> Scores:
    """This project's values."""
    return [rouge.rouge(prediction, reference) for prediction, reference in pairs]


def rouge_score(pairs: list[tuple[str, str]]) -> Scores:
    """rouge-score's values over the same tokens."""
    scorer = RougeScorer(list(rouge.ROUGE_TYPES), tokenizer=rouge.LemmaTokenizer())
    found = (scorer.score(reference, prediction) for prediction, reference in pairs)
    return [{name: scores[name].fmeasure for name in rouge.ROUGE_TYPES} for scores in found]


def timed(
    score: Callable[[list[tuple[str, str]]], Scores], pairs: list[tuple[str, str]], repeats: int, *, cold: bool = False
) -> tuple[float, Scores]:
    """Seconds of this process, and the values. The best of a few runs: what else the machine does only adds time."""
    best = float("inf")
    for _ in range(repeats):
        if cold:
            for cached in CACHES:
                cached.cache_clear()
        start = time.process_time()
        scores = score(pairs)
        best = min(best, time.process_time() - start)
    return best, scores


def compare_speed() -> None:
    """Print seconds and ratios."""
    drawn = texts(2 * PAIRS)
    pairs = list(zip(drawn[::2], drawn[1::2], strict=True))
    morph()
    first, scores = timed(ours, pairs, 5, cold=True)
    again, _ = timed(ours, pairs, 5)
    cached, expected = timed(rouge_score, pairs, 2)
    if scores != expected:
        raise SystemExit("the values differ")
    with mock.patch.multiple(rouge, canonical=rouge.canonical.__wrapped__, lemma=lemma.__wrapped__):
        plain, expected = timed(rouge_score, pairs, 2)
    if scores != expected:
        raise SystemExit("the values differ")
    print(f"{PAIRS} pairs of {WORDS}-word texts, ROUGE-1/2/L, equal values")
    print(f"{'':46}{'seconds':>9}{'times ours':>12}")
    for name, seconds in (
        ("RuFinBench, empty caches", first),
        ("RuFinBench, again", again),
        ("rouge-score, cached lemmas", cached),
        ("rouge-score, pymorphy3 for each word", plain),
    ):
        print(f"{name:46}{seconds:9.2f}{seconds / first:12.1f}")


def print_floors() -> None:
    """Print what a reference scores against the text of another item of its family."""
    print(f"\n{'floor':24}{'ROUGE-1':>9}{'ROUGE-2':>9}{'ROUGE-L':>9}")
    for family in FAMILIES:
        scores = [rouge.rouge(item["output"], item["floor_reference"]) for item in read_split(family, "test")]
        means = "".join(f"{fmean(score[name] for score in scores):9.3f}" for name in rouge.ROUGE_TYPES)
        print(f"{family:24}{means}")


def compare_forms() -> None:
    """Print the share of pairs of forms that each method joins, within a word and across words."""
    lines = FORMS.read_text(encoding="utf-8").splitlines()
    groups = [line.split() for line in lines if line and not line.startswith("#")]
    stemmer = SnowballStemmer("russian")
    methods: dict[str, Callable[[str], str]] = {
        "pymorphy3 lemmas": lemma,
        "Snowball stems": lambda word: stemmer.stem(word.replace("ё", "е")),
        "surface forms": lambda word: word,
    }
    print(f"\n{len(groups)} words, {sum(map(len, groups))} forms")
    print(f"{'':24}{'pairs of forms joined':>24}{'pairs of words confused':>26}")
    for name, method in methods.items():
        keys = [[method(form) for form in group] for group in groups]
        inside = [one == two for group in keys for one, two in combinations(group, 2)]
        across = sum(not set(one).isdisjoint(two) for one, two in combinations(keys, 2))
        print(f"{name:24}{sum(inside) / len(inside):24.1%}{across:26}")


def main() -> None:
    """Measure and print."""
    print(f"Python {platform.python_version()}, {platform.machine()}")
    compare_speed()
    print_floors()
    compare_forms()


if __name__ == "__main__":
    main()
