"""Amounts as Russians write them in a table or a JSON field: a number, its scale and what it counts."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

MAX_DIGITS = 40
MAX_EXPONENT = 30

_SCALES = {"тыс": 10**3, "тысяч": 10**3, "млн": 10**6, "миллион": 10**6, "млрд": 10**9, "миллиард": 10**9}
_SCALES |= {"трлн": 10**12, "триллион": 10**12}
_BASES = {
    "руб": ("руб", "рубль", "рубля", "рублей", "рублях", "р", "₽", "rub"),
    "долл": ("долл", "доллар", "доллара", "долларов", "долларах", "$", "usd"),
    "евро": ("евро", "€", "eur"),
    "юань": ("юань", "юаня", "юаней", "¥", "cny"),
    "%": ("%", "процент", "процента", "процентов"),
    "п.п.": ("пп", "пп.", "процентный пункт", "процентного пункта", "процентных пункта", "процентных пунктов"),
    "б.п.": ("бп", "базисный пункт", "базисных пункта", "базисных пунктов"),
    "раз": ("раз", "раза", "x", "х", "×"),
    "шт": ("шт", "штук", "штуки", "ед", "единиц", "единицы", "единица"),
    "т": ("т", "тонна", "тонны", "тонн"),
    "кв м": ("кв м", "м2", "м²", "квадратных метров", "квадратный метр", "квадратных метра"),
    "чел": ("чел", "человек", "человека"),
}  # fmt: skip
_BASE_OF = {form: base for base, forms in _BASES.items() for form in forms}
_SPACES = re.compile(r"[\s\u00a0\u202f\u2007\u2009\u200a\u3000]+")
_DASHES = re.compile("[\u2212\u2013\u2014\u2010\u2011]")
_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?:(?:на|в|x|х|×)\s*)?(?P<sign>[+-])?\s?"
    r"(?P<number>\d{1,3}(?: \d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?(?:e[+-]?\d{1,2})?)"
    r"\s*(?(open)(?:\)\s*(?P<after>[^\d()]*)|(?P<inside>[^\d()]*\)))|(?P<unit>(?:[^\d()]|м2)*))"
)


@dataclass(frozen=True)
class Unit:
    """A unit of measure: «млрд руб.» is 10⁹ of «руб»."""

    scale: int
    base: str


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    """A unit in any spelling («млрд рублей», «млрд ₽»); None where the text is no known one."""
    plain = text.lower().replace("₽", " руб ").replace("$", " долл ").replace(".", " ").replace("ё", "е")
    words = _SPACES.sub(" ", plain).strip().replace("п п", "пп").replace("б п", "бп").split(" ")
    scale = 1
    while words and (factor := _scale(words[0])):
        scale *= factor
        words = words[1:]
    base = _BASE_OF.get(" ".join(words)) if words else ("" if scale > 1 else None)
    if base is None or scale > 10**15:
        return None
    return Unit(scale, base)


def _scale(word: str) -> int | None:
    return _SCALES.get(word) or _SCALES.get(re.sub(r"(?:ами|ах|ов|а|и|у)$", "", word))


def read_amount(value: object) -> tuple[Fraction, Unit | None] | None:
    """A JSON number, or a string with one number and perhaps its unit: «1 250,5», «−3,4%», «(12) млн руб.».

    Returns:
        The number and the unit that stands in the string itself; None where this is not one number. A comma is
        decimal, spaces set off thousands; a value in brackets is negative.
    """
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        exact = Decimal(value)
        return (Fraction(exact), None) if _bounded(exact) else None
    if not isinstance(value, str):
        return None
    text = _DASHES.sub("-", _SPACES.sub(" ", value.strip().lower()))
    match = _AMOUNT.fullmatch(text) if len(text) <= 4 * MAX_DIGITS else None
    if match is None:
        return None
    exact = Decimal(match["number"].replace(" ", "").replace(",", "."))
    if not _bounded(exact):
        return None
    negative = (match["sign"] == "-") != (match["open"] is not None)
    written = (match["unit"] or match["after"] or (match["inside"] or "").rstrip(")")).strip()
    unit = read_unit(written) if written else None
    return None if written and unit is None else (Fraction(-exact if negative else exact), unit)


def _bounded(exact: Decimal) -> bool:
    """Whether exact arithmetic on the number is cheap."""
    if not exact.is_finite():
        return False
    _, digits, exponent = exact.as_tuple()
    return len(digits) <= MAX_DIGITS and abs(int(exponent)) <= MAX_EXPONENT


def in_base(number: Fraction, unit: Unit) -> tuple[Fraction, str]:
    """The amount in its base unit, for comparing: 1 250 млн руб. = 1,25 млрд руб., 50 б.п. = 0,5 п.п."""
    if unit.base == "б.п.":
        return number * unit.scale / 100, "п.п."
    return number * unit.scale, unit.base


def as_percent(number: Fraction) -> Fraction:
    """A multiple as the relative change it states: 1,5 раза = +50%, −2 раза (падение вдвое) = −50%, 0,5 раза = −50%."""
    ratio = number if number > 0 else -1 / number if number else Fraction(0)
    return (ratio - 1) * 100
