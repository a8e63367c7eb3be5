"""Russian number words below a thousand, in any case: «двадцати пяти», «полтора», «ноль целых пять десятых»."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_UNITS = [
    r"нол\w{1,2}|нул\w{1,3}", r"од(?:ин|на|но|ного|ной|ному|ним|ну)", r"дв(?:а|е|ух|ум|умя)", r"тр(?:и|[её]х|[её]м|емя)",
    r"четыр(?:е|[её]х|[её]м|ьмя)", r"пят(?:ь|и|ью)", r"шест(?:ь|и|ью)", r"сем(?:ь|и|ью)", r"вос(?:емь|ьми|емью|ьмью)",
    r"девят(?:ь|и|ью)", r"десят(?:ь|и|ью)", r"одиннадцат\w{1,2}", r"двенадцат\w{1,2}", r"тринадцат\w{1,2}",
    r"четырнадцат\w{1,2}", r"пятнадцат\w{1,2}", r"шестнадцат\w{1,2}", r"семнадцат\w{1,2}", r"восемнадцат\w{1,2}",
    r"девятнадцат\w{1,2}",
]  # fmt: skip
_TENS = [
    r"двадцат\w{1,2}", r"тридцат\w{1,2}", r"сорока?", r"пят(?:ь|и)десят\w?", r"шест(?:ь|и)десят\w?",
    r"сем(?:ь|и)десят\w?", r"вос(?:емь|ьми)десят\w?", r"девяност[оа]",
]  # fmt: skip
_HUNDREDS = [
    r"ст[оа]", r"дв(?:ести|ухсот)", r"тр(?:иста|[её]хсот)", r"четыр(?:еста|[её]хсот)", r"пят(?:ьсот|исот)",
    r"шест(?:ьсот|исот)", r"сем(?:ьсот|исот)", r"вос(?:емьсот|ьмисот)", r"девят(?:ьсот|исот)",
]  # fmt: skip
_PARTS: list[tuple[int, str]] = [(10, r"десят(?:ая|ых)"), (100, r"сот(?:ая|ых)"), (1000, r"тысячн(?:ая|ых)")]
_FIXED: list[tuple[Fraction, str]] = [
    (Fraction(3, 2), r"полтор[аы]|полутора"),
    (Fraction(1, 2), r"половин[аыуе]"),
    (Fraction(1, 3), r"треть|трети"),
    (Fraction(1, 4), r"четверть|четверти"),
]


def _level(name: str, values: list[tuple[int, str]]) -> str:
    return "|".join(f"(?P<{name}{value}>{pattern})" for value, pattern in values)


_WORD = re.compile(
    r"\b(?:"
    + "|".join(
        [
            _level("u", list(enumerate(_UNITS))),
            _level("t", [(20 + 10 * index, pattern) for index, pattern in enumerate(_TENS)]),
            _level("h", [(100 + 100 * index, pattern) for index, pattern in enumerate(_HUNDREDS)]),
            _level("p", _PARTS),
            "|".join(f"(?P<f{index}>{pattern})" for index, (_, pattern) in enumerate(_FIXED)),
            r"(?P<w>цел(?:ая|ых|ой)(?: и)?)",
            r"(?P<x>с половиной)",
        ]
    )
    + r")\b",
    re.IGNORECASE,
)


@dataclass
class WordNumber:
    """A number read from words, and where it stands."""

    value: Fraction
    start: int
    end: int
    level: str = ""
    """The kind of the last word, for what may follow it: a unit cannot follow a unit."""
    whole: Fraction | None = None
    """What came before «целых»."""


def word_numbers(text: str, start: int, end: int) -> Iterator[WordNumber]:
    """Every number written in words between two positions of a text."""
    current: WordNumber | None = None
    for match in _WORD.finditer(text, start, end):
        group = match.lastgroup or ""
        adjacent = current is not None and not text[current.end : match.start()].strip()
        if current and adjacent and _extend(current, group):
            current.end = match.end()
            continue
        if current:
            yield current
        current = None
        if group[0] in "uthf":
            value = _FIXED[int(group[1:])][0] if group[0] == "f" else Fraction(int(group[1:]))
            current = WordNumber(value, match.start(), match.end(), group if value == 0 else group[0])
    if current:
        yield current


def _extend(number: WordNumber, group: str) -> bool:
    """Adds one more word to a number; False where the word starts another number."""
    kind = group[0]
    if kind == "x":
        number.value += Fraction(1, 2)
    elif kind == "w" and number.whole is None:
        number.whole, number.value = number.value, Fraction(0)
    elif kind == "p" and number.whole is not None and number.level != "p":
        number.value = number.whole + number.value / int(group[1:])
    elif (number.level, kind) in {("h", "t"), ("h", "u"), ("t", "u"), ("w", "u"), ("w", "t"), ("w", "h")}:
        if number.level == "t" and int(group[1:]) > 9:
            return False
        number.value += int(group[1:])
    else:
        return False
    number.level = kind
    return True
