"""The gate before training: no example may be a test item, or one with other numbers and names."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.overlap import NEAR, Index, masked, shingles
from finetune.examples import Text


@dataclass(frozen=True)
class Leak:
    """A training example that stands too near to a test item."""

    kind: str
    """`exact`, or `near` (after masking)."""
    train: str
    test: str
    similarity: float


def find_leaks(train: Sequence[Text], test: Sequence[Text]) -> list[Leak]:
    """Every training text that equals a test text or nearly does; each is named once, with its nearest test text."""
    exact = {_bare(text.instruction) for text in test}
    index = Index(shingles(masked(text.instruction)) for text in test)
    leaks = []
    for text in train:
        if _bare(text.instruction) in exact:
            leaks.append(Leak("exact", text.instruction, text.instruction, 1.0))
            continue
        position, similarity = index.nearest(shingles(masked(text.instruction)))
        if similarity >= NEAR:
            leaks.append(Leak("near", text.instruction, test[position].instruction, similarity))
    return leaks


def _bare(text: str) -> str:
    return " ".join(text.split())
