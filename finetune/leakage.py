"""The gate before training: no example may be a test item, or one with other numbers and names."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.overlap import NEAR, Index, masked, shingles
from finetune.texts import Text

SHOWN_PLACES, SHOWN_PAIRS = 200, 3


@dataclass(frozen=True)
class Leak:
    """A training example that stands too near to a test item."""

    kind: str
    """`exact`, or `near` (after masking)."""
    train: Text
    test: Text
    similarity: float


def find_leaks(train: Sequence[Text], test: Sequence[Text]) -> list[Leak]:
    """Every training text that equals a test text or nearly does; each is named once, with its nearest test text."""
    exact = {_bare(text.instruction): text for text in test}
    index = Index(shingles(masked(text.instruction)) for text in test)
    leaks = []
    for text in dict.fromkeys(train):
        if same := exact.get(_bare(text.instruction)):
            leaks.append(Leak("exact", text, same, 1.0))
            continue
        position, similarity = index.nearest(shingles(masked(text.instruction)))
        if similarity >= NEAR:
            leaks.append(Leak("near", text, test[position], similarity))
    return leaks


def told(leaks: Sequence[Leak]) -> str:
    """What to remove, in a line: the places by source, and some pairs in words."""
    by_source: dict[str, list[str]] = {}
    for leak in leaks[:SHOWN_PLACES]:
        by_source.setdefault(leak.train.source, []).append(leak.train.place)
    more = f" and {len(leaks) - SHOWN_PLACES} more" if len(leaks) > SHOWN_PLACES else ""
    places = "; ".join(f"{source}: {', '.join(found)}" for source, found in by_source.items())
    pairs = "; ".join(
        f"[{leak.kind}, {leak.similarity:.2f}] «{leak.train.instruction[:90]}…» of {leak.train.source} and "
        f"{leak.test.place} of {leak.test.source}"
        for leak in leaks[:SHOWN_PAIRS]
    )
    return (
        f"data: {len(leaks)} training examples stand in the test split or nearly do (names and numbers masked); "
        f"a score after such training means nothing; remove them (lines of a file, items of a task): {places}{more}; "
        f"for example {pairs}"
    )


def _bare(text: str) -> str:
    return " ".join(text.split())
