"""The slower parts: near duplicates, distinct n-grams, cheap systems."""

from collections.abc import Iterator, Sequence

from benchmark.cheap.score import Family, free_answer_score, headline, reference_score
from benchmark.cheap.systems import SYSTEMS
from benchmark.datacard.counts import Data, Row
from benchmark.datacard.tables import percent, table
from benchmark.overlap import NEAR, Index, masked, shingles, words
from tasks.dataset import SPLITS


def near_duplicates(data: Data) -> str:
    """How many test prompts have a near duplicate, and how near the nearest stands."""
    rows = []
    for family, splits in data.items():
        for kind, mask in (("as printed", str), ("masked", masked)):
            train, test = ([shingles(mask(item["instruction"])) for item in splits[s]] for s in ("train", "test"))
            known, own = Index(train), Index(test)
            within = [own.nearest(text, skip=position)[1] for position, text in enumerate(test)]
            across = [known.nearest(text)[1] for text in test]
            rows.append((f"{family}, {kind}", *_shares(within), *_shares(across)))
    return table(("test prompts", "near another of test", "nearest", "near one of train", "nearest"), rows)


def _shares(similarities: Sequence[float]) -> tuple[str, str]:
    near = sum(similarity >= NEAR for similarity in similarities) / len(similarities)
    return percent(near, 1), f"{max(similarities):.2f}"


def distinct(data: Data) -> str:
    """Distinct-1, -2, -3: different n-grams over all n-grams, of prompts and of references."""
    rows = (
        (f"{family}, {split}", *_distinct(splits[split], "instruction"), *_distinct(splits[split], "output"))
        for family, splits in data.items()
        for split in SPLITS
    )
    numbers = ("1", "2", "3")
    head = ("family, split", *(f"prompts, {n}" for n in numbers), *(f"references, {n}" for n in numbers))
    return table(head, rows)


def _distinct(items: Sequence[Row], key: str) -> Iterator[str]:
    texts = [words(item[key].lower()) for item in items]
    for size in (1, 2, 3):
        grams = [tuple(text[i : i + size]) for text in texts for i in range(len(text) - size + 1)]
        yield f"{len(set(grams)) / len(grams):.3f}"


def cheap_systems(data: Data) -> str:
    """Headline scores of the cheap systems, the references and the free answers."""
    loaded = [Family.load(name) for name in data]
    rows: list[tuple[str, ...]] = [
        (name, *(percent(headline(family, family.test, system(family)), 1) for family in loaded))
        for name, system in SYSTEMS.items()
    ]
    rows.append(("reference answers", *(percent(reference_score(family), 1) for family in loaded)))
    free = [free_answer_score(family) for family in loaded]
    rows.append(("right answers in free wording", *(f"{percent(score, 1)} of {count}" for score, count in free)))
    return table(("system", *data), rows)
