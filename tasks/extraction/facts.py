"""The facts that a document reports: a figure, last year's figure, the change between them as printed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tasks.extraction.figures import in_unit, rounded, unit_for
from tasks.extraction.metrics import METRICS, Metric
from tasks.extraction.periods import Period
from tasks.extraction.statements import figures


@dataclass(frozen=True)
class Fact:
    """One reported figure and what the text says of its change; what a gold row is made of."""

    metric: Metric
    value: Decimal
    unit: str
    prior: Decimal | None
    """The figure a year before (or at the year's start), in the same unit; for comparisons that are no rows."""
    period: Period
    percent: Decimal | None
    """Change against `prior` in %, or in п.п. for a metric in %; 0 is a change; None where it means nothing (losses)."""
    multiple: Decimal | None
    """value / prior to one decimal, where a newsroom would say «в 2,3 раза»."""

    @property
    def period_code(self) -> str:
        """The code of the row's period: a date for a balance figure."""
        return self.period.date_code if self.metric.kind == "stock" else self.period.code

    @property
    def comparable(self) -> bool:
        """Whether last year's figure is worth naming beside this one."""
        return self.prior is not None and self.prior > 0 and self.prior != self.value

    @property
    def accumulates(self) -> bool:
        """Whether a year's figure is the sum of its quarters'."""
        return self.metric.kind == "flow" and self.metric.unit not in ("%", "раз")

    @property
    def points(self) -> bool:
        """Whether the change is in percentage points."""
        return self.metric.unit == "%"


def statement(
    rng: random.Random, industry: str, period: Period, *, fine: bool = True, unit: str | None = None
) -> list[Fact]:
    """The facts that one company can report for a period, in no particular order.

    Args:
        fine: whether changes carry one decimal («12,4%») or none («12%»).
        unit: the unit of all money; None lets the company's size decide.
    """
    drawn = figures(rng, industry, period.share)
    scale = _plain_unit(rng, drawn) if unit is None else unit
    return [_fact(METRICS[name], now, before, period, scale, fine) for name, (before, now) in drawn.items()]


def _plain_unit(rng: random.Random, drawn: Mapping[str, tuple[float, float]]) -> str:
    """One unit for all money in the document, or "" for each figure's own."""
    income = drawn.get("выручка", drawn.get("чистый процентный доход", (0.0, 0.0)))[1]
    if income < 2_000 and rng.random() < 0.5:
        return "тыс. руб."
    return "млн руб." if income < 90_000 and rng.random() < 0.35 else ""


def _fact(metric: Metric, now: float, before: float, period: Period, scale: str, fine: bool) -> Fact:
    exact, was = Decimal(repr(now)), Decimal(repr(before))
    if metric.unit == "money":
        unit = scale or unit_for(exact)
        value, prior = in_unit(exact, unit), in_unit(was, unit)
    else:
        unit = metric.unit
        decimals = _decimals(metric, now)
        value, prior = rounded(exact, decimals), rounded(was, decimals)
    percent, multiple = _change(metric, value, prior, fine)
    return Fact(metric, value, unit, prior, period, percent, multiple)


def _decimals(metric: Metric, value: float) -> int:
    if metric.unit in ("шт.", "чел."):
        return 0
    if metric.name in ("норматив Н1.0", "чистая процентная маржа", "чистый долг/EBITDA"):
        return 2
    return 1


def _change(metric: Metric, value: Decimal, prior: Decimal, fine: bool) -> tuple[Decimal | None, Decimal | None]:
    if metric.unit == "раз" or (metric.unit != "%" and (value <= 0 or prior <= 0)):
        return None, None
    if metric.unit == "%":
        return value - prior, None
    percent = rounded((value / prior - 1) * 100, 1 if fine else 0)
    multiple = rounded(value / prior, 1) if value >= 2 * prior else None
    return percent, multiple
