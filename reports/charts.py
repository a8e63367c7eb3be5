"""Geometry of the charts: where things stand. The templates draw them, the style sheet colours them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.visible import visible

_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Scale:
    """A linear axis from `low`..`high` in values to `left`..`right` in units of the drawing."""

    low: float
    high: float
    left: float
    right: float

    def x(self, value: float) -> float:
        """Position of a value, rounded to what a browser can tell apart."""
        return round(self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left), 2)

    def ticks(self, most: int = 7, *, whole: bool = False) -> list[float]:
        """Round values within the axis; with `whole`, of things that are counted, no fractions."""
        step = _step((self.high - self.low) / most, whole)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(index * step, 10) + 0.0 for index in range(first, last + 1)]


def _step(smallest: float, whole: bool) -> float:
    smallest = max(smallest, 1.0) if whole else smallest
    power = 10.0 ** math.floor(math.log10(smallest))
    steps = [factor * power for factor in _STEPS]
    return next(step for step in steps if step >= smallest * (1 - 1e-9) and not (whole and step % 1))


def difference_scale(ends: Sequence[float], margin: float, left: float, right: float) -> Scale:
    """An axis that shows all interval ends, zero and the margin, with a little air."""
    low, high = min([*ends, -margin, 0.0]), max([*ends, margin, 0.0])
    air = max(0.03 * (high - low), 0.002)
    return Scale(low - air, high + air, left, right)


def shorten(label: str, most: int) -> str:
    """A label that fits its column; the whole of it stands in the chart's title and table."""
    label = visible(label)
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"
