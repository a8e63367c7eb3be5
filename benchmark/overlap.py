"""How near two texts stand: exactly, and after masking numbers and names.

Texts are compared as sets of word shingles by the exact Jaccard similarity; an inverted index keeps that cheap (no
hashing approximation is needed at these sizes).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

SHINGLE = 4
"""Words in a shingle."""
NEAR = 0.8
"""Jaccard similarity from which two texts count as the same text."""

Shingles = frozenset[tuple[str, ...]]

_NUMBER = re.compile(r"\d+(?:[ \u00a0\u202f]\d{3})*(?:[.,]\d+)?")
_QUOTED = re.compile(r"«[^»\n]{1,80}»|\"[^\"\n]{1,80}\"")
_WORD = re.compile(r"#|§|\d+|[^\W\d_]+")


def masked(text: str) -> str:
    """Lower case, numbers as #, quoted names as §."""
    return _NUMBER.sub("#", _QUOTED.sub("§", text)).lower()


def words(text: str) -> list[str]:
    """Words, numbers and masks, in order."""
    return _WORD.findall(text)


def shingles(text: str) -> Shingles:
    """The text's word shingles; a text shorter than one shingle is one. Mask first what shall not count."""
    found = words(text)
    if len(found) <= SHINGLE:
        return frozenset({tuple(found)}) if found else frozenset()
    return frozenset(tuple(found[i : i + SHINGLE]) for i in range(len(found) - SHINGLE + 1))


class Index:
    """Texts to be looked up by likeness."""

    def __init__(self, texts: Iterable[Shingles]) -> None:
        self._texts: Sequence[Shingles] = tuple(texts)
        self._holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for position, found in enumerate(self._texts):
            for shingle in found:
                self._holders[shingle].append(position)

    def nearest(self, wanted: Shingles, *, skip: int = -1) -> tuple[int, float]:
        """Position and similarity of the likest text; (-1, 0.0) where none shares a shingle.

        Args:
            skip: a position not to look at, for a text that is in the index itself.
        """
        shared = Counter(position for shingle in wanted for position in self._holders.get(shingle, ()))
        shared.pop(skip, None)
        similarity, position = max(
            (
                (count / (len(wanted) + len(self._texts[position]) - count), position)
                for position, count in shared.items()
            ),
            default=(0.0, -1),
        )
        return position, similarity
