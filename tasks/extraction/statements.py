"""Two years of one company's figures that can be true together: money in million roubles, the rest in its metric's unit."""

import random
from collections.abc import Mapping

from tasks.extraction.metrics import METRICS

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


def figures(rng: random.Random, industry: str, share: float) -> dict[str, tuple[float, float]]:
    """Metric -> its figure before and now.

    Args:
        industry: `BANK`, or an industry of `tasks.authoring.companies`.
        share: the part of a year that the period covers.
    """
    return _bank(rng, share) if industry == BANK else _corporate(rng, industry, share)


def _bank(rng: random.Random, share: float) -> dict[str, tuple[float, float]]:
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
    revenue = 10 ** rng.uniform(2.7, 5.7)
    growth = rng.choice((rng.uniform(0.82, 0.99), rng.uniform(1.02, 1.4), rng.uniform(1.02, 1.4)))
    margin = rng.uniform(0.09, 0.33)
    before = _corporate_year(rng, revenue, margin, share)
    now = _corporate_year(rng, revenue * growth, margin * rng.uniform(0.8, 1.2), share)
    drawn = {name: (before[name], now[name]) for name in before}
    staff = revenue / rng.uniform(4, 14)
    if staff > 150:
        drawn["численность персонала"] = (staff, staff * rng.uniform(0.93, 1.12))
    if industry in _VOLUMES:
        name, low, high = _VOLUMES[industry]
        volume = revenue / rng.uniform(low, high) * (share if METRICS[name].kind == "flow" else 1)
        if volume > 3:
            drawn[name] = (volume, volume * growth * rng.uniform(0.85, 1.0))
    return drawn


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
