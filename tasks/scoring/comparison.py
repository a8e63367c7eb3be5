"""Whether a quantity is the gold, to the precision asked, and what went wrong if it is not."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from tasks.scoring.quantity import Quantity
from tasks.scoring.units import Unit

RELATIVE = Fraction(2, 1000)
LENIENT = Fraction(1, 100)
WHOLE = Fraction(5, 100)
KOPECK = Fraction(1, 100)


@dataclass(frozen=True)
class Target:
    """What an answer is compared with."""

    value: Fraction
    """The gold, in its own unit."""
    unit: Unit
    decimals: int | None

    @property
    def tolerance(self) -> Fraction:
        """The largest difference that is still the same answer.

        One unit of the last decimal that the item asks for; where it asks for none, a kopeck for roubles and kopecks,
        0.2% otherwise, and 0.01 absolute for a gold of zero. Asked for a whole number, an answer may be off by one
        unit only where that is not more than 5%: 1 251 for 1 250 is rounding, 6 years for 5 is not.
        """
        if self.decimals is not None:
            unit = Fraction(10) ** -self.decimals
            return unit if self.decimals > 0 else min(unit, max(unit / 2, abs(self.value) * WHOLE))
        kopecks = self.unit.kind.startswith("money") and self.unit.factor == 1 and self.value.denominator > 1
        return KOPECK if kopecks or not self.value else abs(self.value) * RELATIVE

    def matches(self, value: Fraction) -> bool:
        """Equal within the tolerance, with the same sign."""
        return abs(value - self.value) <= self.tolerance and value * self.value >= 0

    def close(self, value: Fraction) -> bool:
        """Equal within the tolerance or 1%."""
        return self.matches(value) or abs(value - self.value) <= abs(self.value) * LENIENT


def readings(quantity: Quantity, target: Target, decline: bool) -> Iterator[tuple[Fraction, tuple[str, ...]]]:
    """Every value the quantity may fairly stand for, in the gold's unit, with the flag that owns up to it.

    Args:
        quantity: what the answer says.
        target: only its unit and its sign are looked at.
        decline: whether the answer's words tell of a loss or a fall.
    """
    plain = quantity.to(target.unit)
    if plain is None or quantity.number is None:
        return
    negative = decline and target.value < 0 and not quantity.signed
    for value, flags in _unsigned(quantity, plain, target.unit):
        yield value, flags
        if negative:
            yield -value, (*flags, "implied_sign")


def _unsigned(quantity: Quantity, plain: Fraction, gold: Unit) -> Iterator[tuple[Fraction, tuple[str, ...]]]:
    percent_and_ratio = {quantity.unit.kind, gold.kind} == {"percent", "ratio"}
    yield plain, ("percent_for_ratio",) if percent_and_ratio else ()
    if quantity.thousands is not None and quantity.number:
        yield plain * quantity.thousands / quantity.number, ("thousands_reading",)
    if quantity.unit.bare and gold.kind == "percent":
        yield plain * 100, ("share_for_percent",)
    if quantity.unit.bare and gold.factor > 1 and gold.kind != "time":
        yield plain / gold.factor, ("base_unit",)


def mistake(values: list[Fraction], target: Target) -> str:
    """The outcome of an answer that is not the gold, the closest explanation first."""
    if any(abs(value - target.value) <= abs(target.value) * LENIENT for value in values):
        return "rounding"
    value = values[0]
    if not target.value:
        return "wrong_value"
    if value and any(target.close(value * Fraction(1000) ** power) for power in (-4, -3, -2, -1, 1, 2, 3, 4)):
        return "scale_error"
    share = target.unit.kind in ("percent", "ratio", "points") and value
    if share and (target.close(value * 100) or target.close(value / 100)):
        return "percent_fraction"
    return "sign_error" if value and target.close(-value) else "wrong_value"
