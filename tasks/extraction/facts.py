"""Two years of one company's figures that can be true together, and the facts that a document reports from them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tasks.extraction.figures import in_unit, rounded, unit_for
from tasks.extraction.metrics import METRICS, Metric
from tasks.extraction.periods import Period

BANK = "bank"
"""The industry that has a bank's metrics; all others have a corporate's."""

_VOLUMES = {
    "metallurgy": ("объём производства", 55, 120),
    "chemistry": ("объём производства", 25, 70),
    "food": ("объём производства", 80, 220),
    "agriculture": ("объём производства", 15, 90),
    "mining": ("объём добычи", 2_500, 7_500),
    "transport": ("объём перевозок", 900, 2_600),
    "construction": ("объём продаж недвижимости", 130, 270),
    "retail": ("число магазинов", 25, 110),
}
"""Industry -> natural metric, and how many million roubles of yearly revenue one unit of it brings."""


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
    figures = _bank(rng, period.share) if industry == BANK else _corporate(rng, industry, period.share)
    scale = _plain_unit(rng, figures) if unit is None else unit
    return [_fact(METRICS[name], now, before, period, scale, fine) for name, (before, now) in figures.items()]


def _plain_unit(rng: random.Random, figures: Mapping[str, tuple[float, float]]) -> str:
    """One unit for all money in the document, or "" for each figure's own."""
    income = figures.get("выручка", figures.get("чистый процентный доход", (0.0, 0.0)))[1]
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


def _bank(rng: random.Random, share: float) -> dict[str, tuple[float, float]]:
    """A bank's figures before and now: money in million roubles, the rest in the metric's unit."""
    assets = 10 ** rng.uniform(4.3, 6.3)
    growth = rng.uniform(1.02, 1.28)
    shape = {name: rng.uniform(*limits) for name, limits in _BANK_SHAPE.items()}
    before = _bank_year(rng, assets, shape, share)
    drift = {name: value * rng.uniform(0.92, 1.1) for name, value in shape.items()}
    now = _bank_year(rng, assets * growth, drift, share)
    return {name: (before[name], now[name]) for name in before}


_BANK_SHAPE = {
    "margin": (0.036, 0.066),
    "fees": (0.15, 0.34),
    "cost": (0.33, 0.5),
    "risk": (0.008, 0.02),
    "loans": (0.58, 0.72),
    "retail": (0.28, 0.62),
    "funds": (0.64, 0.76),
    "capital": (0.1, 0.14),
    "npl": (2.6, 8.5),
    "ratio": (10.9, 14.2),
}


def _bank_year(rng: random.Random, assets: float, shape: Mapping[str, float], share: float) -> dict[str, float]:
    loans, capital = assets * shape["loans"], assets * shape["capital"]
    interest = assets * 0.92 * shape["margin"] * share
    fees = interest * shape["fees"]
    expenses = (interest + fees) * shape["cost"]
    provisions = loans * shape["risk"] * share
    profit = (interest + fees - expenses - provisions) * rng.uniform(0.76, 0.81)
    return {
        "чистая прибыль": profit,
        "чистый процентный доход": interest,
        "чистый комиссионный доход": fees,
        "операционные расходы": expenses,
        "расходы на резервы": provisions,
        "активы": assets,
        "капитал": capital,
        "кредитный портфель": loans,
        "розничный кредитный портфель": loans * shape["retail"],
        "корпоративный кредитный портфель": loans * (1 - shape["retail"]),
        "средства клиентов": assets * shape["funds"],
        "рентабельность капитала": profit / share / capital * 100,
        "чистая процентная маржа": shape["margin"] * 100,
        "стоимость риска": shape["risk"] * 100,
        "отношение расходов к доходам": shape["cost"] * 100,
        "доля неработающих кредитов": shape["npl"],
        "норматив Н1.0": shape["ratio"],
    }


def _corporate(rng: random.Random, industry: str, share: float) -> dict[str, tuple[float, float]]:
    """A company's figures before and now: money in million roubles, the rest in the metric's unit."""
    revenue = 10 ** rng.uniform(2.7, 5.7)
    growth = rng.choice((rng.uniform(0.82, 0.99), rng.uniform(1.02, 1.4), rng.uniform(1.02, 1.4)))
    margin = rng.uniform(0.09, 0.33)
    before = _corporate_year(rng, revenue, margin, share)
    now = _corporate_year(rng, revenue * growth, margin * rng.uniform(0.8, 1.2), share)
    figures = {name: (before[name], now[name]) for name in before}
    staff = revenue / rng.uniform(4, 14)
    if staff > 150:
        figures["численность персонала"] = (staff, staff * rng.uniform(0.93, 1.12))
    if industry in _VOLUMES:
        name, low, high = _VOLUMES[industry]
        volume = revenue / rng.uniform(low, high) * (share if METRICS[name].kind == "flow" else 1)
        if volume > 3:
            figures[name] = (volume, volume * growth * rng.uniform(0.85, 1.0))
    return figures


def _corporate_year(rng: random.Random, revenue: float, margin: float, share: float) -> dict[str, float]:
    sales = revenue * share
    ebitda = sales * margin
    depreciation = sales * rng.uniform(0.03, 0.06)
    debt = ebitda / share * rng.uniform(0.6, 3.2)
    interest = debt * rng.uniform(0.1, 0.16) * share
    before_tax = ebitda - depreciation - interest
    capex = sales * rng.uniform(0.03, 0.09)
    return {
        "выручка": sales,
        "себестоимость": sales * (1 - margin - rng.uniform(0.06, 0.16)),
        "операционная прибыль": ebitda - depreciation,
        "EBITDA": ebitda,
        "рентабельность по EBITDA": margin * 100,
        "чистая прибыль": before_tax * (0.8 if before_tax > 0 else 0.95),
        "капитальные затраты": capex,
        "свободный денежный поток": ebitda - capex - interest - sales * rng.uniform(0.0, 0.03),
        "чистый долг": debt,
        "чистый долг/EBITDA": debt / (ebitda / share),
    }
