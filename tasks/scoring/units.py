"""Units as Russian financial texts write them: scale words, currencies, percent and points, time, plain words."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from tasks.scoring.characters import plain


@dataclass(frozen=True)
class Unit:
    """What a number is a number of."""

    kind: str = ""
    """`percent`, `points`, `ratio`, `money:RUB`, `time`, `days`, `count`, `text:…`; empty when nothing is written."""
    factor: Fraction = Fraction(1)
    """How many of the kind's base units one is: 1,000,000 for «млн руб.», 1/100 for «%» and «п.п.», 12 for «лет»."""
    per: str = ""
    """The kind it is counted per: `money:USD` in «руб./$»."""

    @property
    def bare(self) -> bool:
        """Whether nothing at all was written after the number."""
        return not self.kind and self.factor == 1


BARE = Unit()

_SCALES: list[tuple[int, str]] = [
    (10**12, r"трлн|триллион\w{0,3}|trn|trillion"),
    (10**9, r"млрд|миллиард\w{0,3}|mlrd|bln|bn|billion"),
    (10**6, r"млн|миллион\w{0,3}|mln|mn|million"),
    (10**3, r"тыс|тысяч\w{0,3}|thousand|т(?=\. ?р(?:уб|\b))"),
]
_KINDS: list[tuple[str, Fraction, str]] = [
    ("points", Fraction(1, 100), r"п\. ?п\.?|пп|проц(?:ентн\w{1,3}|\.) пункт\w{0,3}|p\.?p\."),
    ("points", Fraction(1, 10_000), r"б\. ?п\.?|бп|базисн\w{1,3} пункт\w{0,3}|bps?"),
    ("percent", Fraction(1, 100), r"%|процент\w{0,3}|проц\.|percent"),
    ("percent", Fraction(1, 1000), r"‰|промилле"),
    ("money:RUB", Fraction(1), r"₽|рубл\w{1,3}|рубль|руб\.?|RU[BR]|р\."),
    ("money:RUB", Fraction(1, 100), r"копе\w{1,3}|коп\.?"),
    ("money:USD", Fraction(1), r"\$|долл\w{0,6}\.?(?: США)?|USD|dollars?"),
    ("money:USD", Fraction(1, 100), r"цент(?:а|ов|ы)?"),
    ("money:EUR", Fraction(1), r"€|евро|EUR"),
    ("money:CNY", Fraction(1), r"юан\w{1,3}|¥|CNY"),
    ("money:GBP", Fraction(1), r"£|фунт\w{0,3}(?: стерлингов)?|GBP"),
    ("money:KZT", Fraction(1), r"₸|тенге|KZT"),
    ("money:JPY", Fraction(1), r"иен\w?|JPY"),
    ("money:AED", Fraction(1), r"дирхам\w{0,3}|AED"),
    ("time", Fraction(12), r"лет|год(?:а|у|ом|ов|ы)?|г\."),
    ("time", Fraction(3), r"квартал\w{0,3}|кв\.(?! ?м)"),
    ("time", Fraction(1), r"мес\.?|месяц\w{0,3}"),
    ("days", Fraction(7), r"недел\w{1,3}|нед\."),
    ("days", Fraction(1), r"дн\.?|дней|день|дня|дням\w?|сут\.?|сутки|суток"),
    ("ratio", Fraction(1), r"раза?|кратн\w{2,3}|[xх](?! ?[\d(])|×(?! ?[\w(√-])"),
    ("count", Fraction(1), r"шт\.?|штук\w?|единиц\w?|ед\."),
    ("people", Fraction(1), r"чел\.?|человек\w?|сотрудник\w{0,3}|работник\w{0,3}"),
    ("mass", Fraction(1000), r"тонн\w?|т\.?"),
    ("mass", Fraction(1), r"кг|килограмм\w{0,3}"),
]
_END = r"(?![^\W\d_])"  # a unit is a whole word: «т» does not start «товаров»


def _alternatives(prefix: str, patterns: list[str]) -> str:
    return "|".join(f"(?P<{prefix}{index}>{pattern})" for index, pattern in enumerate(patterns))


_SCALE = re.compile(rf"(?:{_alternatives('s', [pattern for _, pattern in _SCALES])}){_END}\.?", re.IGNORECASE)
_KIND = re.compile(rf"(?:{_alternatives('k', [pattern for *_, pattern in _KINDS])}){_END}", re.IGNORECASE)
_LETTER_SCALE = re.compile(rf"([KКkкMmBbT]){_END}")  # glued to the number: «$5M», «100к»
_LETTER_FACTORS = dict.fromkeys("KКkк", 10**3) | dict.fromkeys("Mm", 10**6) | dict.fromkeys("Bb", 10**9) | {"T": 10**12}
_SIGNS = "%‰₽$€£¥₸×"
_PER = re.compile(r" ?/ ?(?:1 )?|,? (?:за|на) (?:1 |один |одну )?")
_PREFIX = re.compile(r"(?:([$€₽£¥])|\b(USD|EUR|RUB|CNY|GBP)) ?\Z")
_PREFIX_KINDS = {"$": "USD", "€": "EUR", "₽": "RUB", "£": "GBP", "¥": "CNY"}


def unit_at(text: str, start: int, end: int | None = None) -> tuple[Unit, int]:
    """The unit written right after a number, and where it ends; `BARE` and `start` when there is none.

    Args:
        text: as `characters.plain` leaves it.
        start: where the number ended.
        end: where to stop looking.
    """
    end = len(text) if end is None else end
    first = _skip(text, start, end)
    if first >= end or not (text[first].isalpha() or text[first] in _SIGNS):
        return BARE, start
    factor, position = Fraction(1), start
    letter = _LETTER_SCALE.match(text, start, end)
    scale = _SCALE.match(text, first, end)
    if scale and scale.lastgroup:
        factor, position = Fraction(_SCALES[int(scale.lastgroup[1:])][0]), scale.end()
    elif letter and letter.group(1) in _LETTER_FACTORS:
        factor, position = Fraction(_LETTER_FACTORS[letter.group(1)]), letter.end()
    found = _KIND.match(text, _skip(text, position, end), end)
    if not found or not found.lastgroup:
        return Unit("", factor), position
    kind, base, _ = _KINDS[int(found.lastgroup[1:])]
    per, position = _per(text, found.end(), end) if kind.startswith("money") else ("", found.end())
    if per == kind:
        return Unit("ratio", factor * base), position  # «руб./руб.»: so many roubles a rouble
    return Unit(kind, factor * base, per), position


def prefix_unit(text: str, start: int) -> tuple[str, int]:
    """The currency written before a number («$5 млн») and where it begins; ("", start) when there is none."""
    # A window, for the pattern is anchored at its end.
    found = _PREFIX.search(text[max(0, start - 6) : start])
    if not found:
        return "", start
    code = _PREFIX_KINDS.get(found.group(1) or "", found.group(2))
    return f"money:{code}", start - len(found.group())


def _skip(text: str, start: int, end: int) -> int:
    position = start
    while position < min(end, start + 3) and text[position] in ' "':
        position += 1
    return position


def _per(text: str, start: int, end: int) -> tuple[str, int]:
    link = _PER.match(text, start, end)
    if not link:
        return "", start
    found = _KIND.match(text, link.end(), end)
    if found and found.lastgroup:
        kind = _KINDS[int(found.lastgroup[1:])][0]
        if kind.startswith("money"):
            return kind, found.end()
    return "", start


@lru_cache(maxsize=1024)
def gold_unit(unit: str) -> Unit:
    """The unit that a gold's `unit` string names; a ratio for "", and any other text is a unit of its own."""
    text = plain(unit).strip()
    if not text:
        return Unit("ratio")
    found, end = unit_at(text, 0)
    if found.kind or not text[end:].strip(" ."):
        return found
    return Unit(f"text:{text[end:].strip(' .').lower()}", found.factor)


def conversion(written: Unit, gold: Unit) -> Fraction | None:
    """What a number in the written unit is multiplied by to be in the gold's; None where the two do not compare.

    A bare number is in the gold's unit; a bare scale word («1,2 млрд») takes the gold's kind. Percent and ratio are
    one thing (150% is 1,5 раза); a percent is not a percentage point, but basis points measure both.
    """
    if written.bare:
        return Fraction(1)
    if written.per and gold.per and written.per != gold.per:
        return None
    comparable = (
        written.kind in ("", gold.kind)
        or not gold.kind
        or {written.kind, gold.kind} <= {"percent", "ratio"}
        or (written.kind == "points" and gold.kind == "percent" and written.factor == Fraction(1, 10_000))
        or (written.kind == "count" and (gold.kind == "ratio" or gold.kind.startswith("text:")))
    )
    return written.factor / gold.factor if comparable else None
