"""How figures are printed: units that agree with their number, other units, the rouble sign."""

from dataclasses import dataclass
from decimal import Decimal

from tasks.authoring.russian import NBSP, number, plural, quantize
from tasks.calculation.formula import SCALES, Input

_UNITS = tuple(SCALES)
COUNTED = {
    "дней": ("день", "дня", "дней"),
    "лет": ("год", "года", "лет"),
    "юаней": ("юань", "юаня", "юаней"),
    "месяцев": ("месяц", "месяца", "месяцев"),
}
"""Units whose noun agrees with the number; a fraction takes the genitive singular («45,6 дня»)."""

_SUFFIXES = {"percent": "%", "pp": " п.п.", "pieces": " шт.", "shares": " млн шт.", "usd": " долл.", "rub": " руб."}
_TERMS = {"days": "дней", "months": "месяцев", "years": "лет"}


@dataclass(frozen=True)
class Style:
    """How one problem prints its figures."""

    currency: str = "руб."
    space: str = " "

    def __call__(self, text: str) -> str:
        """The text with this style's rouble sign and digit spacing; a bare «руб.» never becomes «рублей»."""
        if self.currency == "₽":
            text = text.replace("руб.", "₽")
        elif self.currency == "рублей":
            for scale in ("тыс.", "млн", "млрд"):
                text = text.replace(f"{scale} руб.", f"{scale} рублей")
        return text.replace(NBSP, self.space)


def plain_decimal(value: Decimal) -> Decimal:
    """Without trailing zeros, and never in exponent form."""
    return Decimal(f"{value.normalize():f}")


def with_unit(value: Decimal, unit: str, decimals: int | None = None) -> str:
    """A number with its unit: «25,00%», «45,6 дня», «1 340 млн руб.»."""
    rounded = plain_decimal(value) if decimals is None else quantize(value, decimals)
    text = number(rounded)
    if unit in COUNTED:
        whole = rounded == rounded.to_integral_value() and "," not in text
        unit = plural(int(rounded), *COUNTED[unit]) if whole else COUNTED[unit][1]
    return f"{text}{unit}" if unit.startswith(("%", " ")) or not unit else f"{text} {unit}"


def other_unit(given: Input, value: Decimal, scale: str) -> str:
    """The figure in a neighbouring unit, or an empty string where that would read badly."""
    if given.kind == "money":
        position = _UNITS.index(scale)
        # The larger unit where it keeps the figure short, else the smaller one; nobody writes 0,0005 млрд.
        if position < 3 and value >= (100_000 if scale == "руб." else 100):
            step = 2 if scale == "руб." and value >= 1_000_000 else 1
            return with_unit(value / 1000**step, _UNITS[position + step])
        return with_unit(value * 1000, _UNITS[position - 1]) if position > 1 else ""
    if given.kind == "months" and value % 6 == 0:
        return with_unit(value / 12, "лет")
    return with_unit(value * 12, "месяцев") if given.kind == "years" and value * 12 <= 72 else ""


def figure(given: Input, value: Decimal, scale: str) -> str:
    """An input's value as an instruction prints it."""
    unit = scale if given.kind == "money" else _TERMS.get(given.kind, _SUFFIXES.get(given.kind, ""))
    return with_unit(value, unit)
