"""Quantities in a text: a number with its sign, scale and unit, compounds joined («2 млн 350 тыс. руб.»)."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from tasks.scoring.digits import Digits, number_at
from tasks.scoring.number_words import word_numbers
from tasks.scoring.signs import sign_before
from tasks.scoring.units import BARE, Unit, conversion, prefix_unit, unit_at


@dataclass(frozen=True)
class Quantity:
    """One written quantity."""

    number: Fraction | None
    """The number before its unit, with its sign; None for digits that are no number («12 34», 6,000 digits)."""
    unit: Unit
    start: int
    """Where it begins in the text, with its sign and currency."""
    end: int
    step: Fraction = Fraction(0)
    """One unit of the last digit written."""
    thousands: Fraction | None = None
    """Its second reading, as of «1,250»."""
    signed: bool = False
    """Whether a sign is written."""
    year: bool = False
    """Whether it looks like a year: a bare whole number from 1900 to 2100."""
    index: bool = False
    """Whether it looks like a number in a list: «1.» or «1)» at the start of a line."""
    words: bool = False
    """Whether it is written in words."""
    fraction: bool = False
    """Whether it is written as a fraction."""

    def to(self, gold: Unit) -> Fraction | None:
        """The number in the gold's unit; None where the units do not compare or there is no number."""
        factor = conversion(self.unit, gold)
        return None if factor is None or self.number is None else self.number * factor


_MONTH = r"(?:январ|феврал|март|апрел|ма[яйе]\b|июн|июл|август|сентябр|октябр|ноябр|декабр)"
_NUMBER = re.compile(
    rf"""
    (?P<skip> \d{{4}}-\d{{2}}-\d{{2}} | \d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}(?!\d) | \d{{1,2}}\ {_MONTH}
      | (?:19|20)\d\d\ ?[-−/]\ ?(?:19|20)?\d\d(?!\d|[.,]\d) | \[\d{{1,3}}\] | \d+-(?!процент|кратн)[^\W\d_]\w*
      | \d+\ ?(?:полугоди|[-]?[йя]\ кв)\w*
      | \b(?:стр(?:ок[аеиу])?|стат\w+|ст|п|пп|пункт\w?|табл(?:иц\w)?|рис|код\w?|шаг|этап|вариант\w?|прим|форм[аыеу]
          |действие|формул\w|scope|глав\w)\b[.:]?\ ?№?\ ?\d+(?:\.\d+)* (?![,]\d)
      | №\ ?\d+ )
    | (?P<number> \d{{1,3}}(?P<group>[ '_])\d{{3}}(?:(?P=group)\d{{3}})*(?!\d)(?:[.,]\d+)*
      | \d+(?:[.,]\d+)* | (?<![\w.,)%])\.\d+ )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BROKEN = re.compile(r"(?:[ '_]\d[\d.,]*)+")
_UNIT_AFTER = re.compile(r' ?\(|(?P<json>"?\s*,\s*"(?:unit|units|единиц\w|ед)[^"]{0,20}"\s*:\s*")', re.IGNORECASE)
_WORD_AFTER = re.compile(r" [^\W\d_]")
_LIST_MARK = re.compile(r"(?:^|[\n:|])[ >#•-]*\Z")
_JOINT = re.compile(r",? ?(?:и )?")


def quantities(text: str, start: int, end: int, *, words: bool = False) -> list[Quantity]:
    """The quantities between two positions of a text that `characters.plain` returned, in order.

    Dates, references («стр. 45», «[3]», «Н1.0») are left out.

    Args:
        words: look for numbers written in words instead of digits.
    """
    found: list[Quantity] = []
    for quantity in _in_words(text, start, end) if words else _in_digits(text, start, end):
        joined = _join(text, found[-1], quantity) if found else None
        if joined:
            found[-1] = joined
        else:
            found.append(quantity)
    return found


def _in_digits(text: str, start: int, end: int) -> list[Quantity]:
    found: list[Quantity] = []
    position = start
    for match in _NUMBER.finditer(text, start, end):
        begin = match.start()
        if match.group("skip") or begin < position or _is_label(text, begin):
            continue
        digits, stop = number_at(text, match.group(), match.end(), end)
        broken = _BROKEN.match(text, stop, end) if not (digits and digits.fraction) else None
        if broken and not _is_dated(text, begin, match.group()):
            digits, stop = None, broken.end()
        quantity = _quantity(text, begin, stop, end, digits)
        found.append(quantity)
        position = quantity.end
    return found


def _in_words(text: str, start: int, end: int) -> list[Quantity]:
    found = []
    for number in word_numbers(text, start, end):
        quantity = _quantity(text, number.start, number.end, end, Digits(number.value, Fraction(1)))
        # «один из показателей» is no quantity; «половина прибыли» is.
        if quantity.unit.bare and number.value >= 1 and _WORD_AFTER.match(text, quantity.end, end):
            continue
        found.append(replace(quantity, words=True))
    return found


def _quantity(text: str, begin: int, stop: int, limit: int, digits: Digits | None) -> Quantity:
    unit, unit_end = unit_at(text, stop, limit)
    sign, first = sign_before(text, begin)
    kind, first = prefix_unit(text, first)
    if kind and sign is None:
        sign, first = sign_before(text, first)
    if kind and not unit.kind:
        unit = Unit(kind, unit.factor)
    if unit.bare and (label := _UNIT_AFTER.match(text, stop, limit)):
        noted, noted_end = unit_at(text, label.end(), limit)
        # «1 250 (млн руб.)»: the brackets hold the unit and nothing else.
        unit = noted if label.group("json") or text[noted_end : noted_end + 1] == ")" else unit
    bare_year = (
        digits is not None and stop - begin == 4 and digits.value.denominator == 1 and 1900 <= digits.value <= 2100
    )
    time_year = bare_year and unit.kind == "time" and unit.factor == 12
    return Quantity(
        number=digits.value * (sign or 1) if digits else None,
        unit=BARE if time_year else unit,
        start=first,
        end=unit_end,
        step=digits.step if digits else Fraction(0),
        thousands=digits.thousands * (sign or 1) if digits and digits.thousands else None,
        signed=sign is not None,
        year=bare_year and (unit.bare or time_year),
        index=_is_index(text, begin, stop, limit),
        fraction=bool(digits and digits.fraction),
    )


def _is_label(text: str, begin: int) -> bool:
    """Digits that belong to a name: «Н1.0», «ОФЗ-26238», «CO2»."""
    before = text[max(0, begin - 4) : begin]
    if not before or prefix_unit(text, begin)[0]:
        return False
    if before[-1].isalpha():
        return not re.search(r"(?:^|\W)[xх]\Z", before)
    return before[-1] in "-_" and before[-2:-1].isalpha()


def _is_dated(text: str, begin: int, token: str) -> bool:
    """A year that another number follows: «в 2023 1 250 млн»."""
    return len(token) == 4 and token[:2] in ("19", "20") and text[max(0, begin - 3) : begin].endswith(("в ", "за "))


def _is_index(text: str, begin: int, stop: int, limit: int) -> bool:
    if stop - begin > 2 or text[stop : stop + 1] not in (".", ")") or stop + 2 >= limit or not text[stop + 1].isspace():
        return False
    return _LIST_MARK.search(text[max(0, begin - 8) : begin] if begin else "") is not None


def _join(text: str, first: Quantity, second: Quantity) -> Quantity | None:
    """Two parts of one quantity, the second in smaller units: «22 млрд 869,3 млн руб.», «1500 руб. 50 коп.»."""
    if first.number is None or second.number is None or second.signed or second.unit.bare or first.unit.bare:
        return None
    if not _JOINT.fullmatch(text, first.end, second.start) or first.unit.factor <= second.unit.factor:
        return None
    if first.unit.kind not in ("", second.unit.kind) or first.unit.kind in ("percent", "points", "ratio"):
        return None
    ratio = second.unit.factor / first.unit.factor
    if second.number * ratio >= 1:
        return None
    part = second.number * ratio * (-1 if first.number < 0 else 1)
    unit = Unit(second.unit.kind, first.unit.factor, second.unit.per)
    return replace(
        first, number=first.number + part, unit=unit, end=second.end, step=second.step * ratio, thousands=None
    )
