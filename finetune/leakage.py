"""The gate before training: no example may be a test item, or one with other numbers and names.

Two questions are compared as sets of word shingles after masking numbers and quoted or capitalized names, by the exact Jaccard
similarity; an inverted index keeps that cheap (no hashing approximation is needed at these sizes).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from finetune.examples import Text

SHINGLE = 4
"""Words in a shingle."""
NEAR = 0.8
"""Jaccard similarity of masked questions from which they count as the same question."""

_NUMBER = re.compile(r"\d+(?:[ \u00a0\u202f]\d{3})*(?:[.,]\d+)?")
_QUOTED = re.compile(r"«[^»\n]{1,80}»|\"[^\"\n]{1,80}\"")
_WORD = re.compile(r"#|§|[^\W\d_]+")


@dataclass(frozen=True)
class Leak:
    """A training example that stands too near to a test item."""

    kind: str
    """`exact`, or `near` (after masking)."""
    train: str
    test: str
    similarity: float


def masked(text: str) -> str:
    """Lower case, numbers as #, quoted names as §."""
    return _NUMBER.sub("#", _QUOTED.sub("§", text)).lower()


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The masked text's word shingles; a text shorter than one shingle is one."""
    words = _WORD.findall(masked(text))
    if len(words) <= SHINGLE:
        return frozenset({tuple(words)}) if words else frozenset()
    return frozenset(tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))


def find_leaks(train: Sequence[Text], test: Sequence[Text]) -> list[Leak]:
    """Every training text that equals a test text or nearly does; each is named once, with its nearest test text."""
    exact = {_bare(text.instruction) for text in test}
    tests = [shingles(text.instruction) for text in test]
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, found in enumerate(tests):
        for shingle in found:
            index[shingle].append(position)
    leaks = []
    for text in train:
        if _bare(text.instruction) in exact:
            leaks.append(Leak("exact", text.instruction, text.instruction, 1.0))
        elif near := _nearest(shingles(text.instruction), tests, index):
            position, similarity = near
            leaks.append(Leak("near", text.instruction, test[position].instruction, similarity))
    return leaks


def _bare(text: str) -> str:
    return " ".join(text.split())


def _nearest(
    words: frozenset[tuple[str, ...]],
    tests: Sequence[frozenset[tuple[str, ...]]],
    index: dict[tuple[str, ...], list[int]],
) -> tuple[int, float] | None:
    shared = Counter(position for shingle in words for position in index.get(shingle, ()))
    best = max(
        ((count / (len(words) + len(tests[position]) - count), position) for position, count in shared.items()),
        default=(0.0, -1),
    )
    return (best[1], best[0]) if best[0] >= NEAR else None
