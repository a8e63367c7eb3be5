"""Amounts in the fields of a row: a JSON number or a string as Russians write it, and what it counts."""

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from tasks.scoring import numeric
from tasks.scoring.digits import MAX_DIGITS, MAX_EXPONENT
from tasks.scoring.units import Unit, gold_unit

_SQUARE_METRES = re.compile(r"\bкв\.? ?м(?:\b\.?|етр\w{0,3})|\bм\s?[2²]|\bквадратн\w{1,3} метр\w{0,3}", re.IGNORECASE)
_BRACKETED = re.compile(r"\s*\(([^()]*)\)([^()\d]*)")
_FALL = re.compile(r"\b(?:сни[жз]|сокра[щт]|упал|паден|спад|уменьш|убыт)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    """A unit in any spelling («млрд рублей», «млрд ₽»); None for no text. An unknown word is a unit of its own."""
    return gold_unit(_SQUARE_METRES.sub("кв. м", text)) if text.strip() else None


def read_amount(value: object) -> tuple[Fraction, Unit | None] | None:
    """A JSON number, or a string with one number and perhaps its unit: «1 250,5», «−3,4%», «(12) млн руб.».

    A value in brackets is negative, as accountants write it, and so is a positive one called a fall or a loss.

    Returns:
        The number and the unit that stands in the string itself; None where this is not one number.
    """
    if isinstance(value, Decimal):
        return (Fraction(value), None) if _bounded(value) else None
    if not isinstance(value, str):
        return None
    bracketed = _BRACKETED.fullmatch(value[: 4 * MAX_DIGITS])
    text = f"{bracketed[1]} {bracketed[2]}" if bracketed else value
    quantity = numeric.read(text)
    if quantity is None or quantity.number is None:
        return None
    number = -abs(quantity.number) if bracketed or _FALL.search(text) else quantity.number
    return number, None if quantity.unit.bare else quantity.unit


def _bounded(exact: Decimal) -> bool:
    """Whether exact arithmetic on the number is cheap."""
    if not exact.is_finite():
        return False
    _, digits, exponent = exact.as_tuple()
    return len(digits) <= MAX_DIGITS and abs(int(exponent)) <= MAX_EXPONENT


def in_base(number: Fraction, unit: Unit) -> tuple[Fraction, str]:
    """The amount in its base unit, for comparing: 1 250 млн руб. = 1,25 млрд руб., 50 б.п. = 0,5 п.п."""
    return number * unit.factor, unit.kind


def as_share(multiple: Fraction) -> Fraction:
    """A multiple as the relative change it states: 1,5 раза = +50%, −2 раза (падение вдвое) = −50%, 0,5 раза = −50%."""
    ratio = multiple if multiple > 0 else -1 / multiple if multiple else Fraction(0)
    return ratio - 1
