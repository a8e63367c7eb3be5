"""Russian morphology: one analyzer for everything that needs it, and lemmas as texts are compared by."""

import re
from collections.abc import Sequence
from functools import lru_cache

import pymorphy3
from pymorphy3.analyzer import Parse

_WORD = re.compile(r"[a-zа-яё-]{1,40}", re.IGNORECASE)
"""What is analyzed. pymorphy3 raises on letters without a Unicode name, and takes hyphenated words apart recursively."""


@lru_cache(maxsize=1)
def morph() -> pymorphy3.MorphAnalyzer:
    """The analyzer; its dictionaries take a tenth of a second and tens of megabytes to load, once."""
    return pymorphy3.MorphAnalyzer(lang="ru")


def parses(word: str) -> Sequence[Parse]:
    """The readings of a word, the most likely first; none for what is neither Russian nor Latin, or no word at all."""
    return morph().parse(word) if _WORD.fullmatch(word) else ()


@lru_cache(maxsize=1 << 18)
def lemma(word: str) -> str:
    """The normal form of a lower-case word. ё becomes е only afterwards: before, «заем» would be read as «заесть»."""
    readings = parses(word)
    return (readings[0].normal_form if readings else word).replace("ё", "е")
