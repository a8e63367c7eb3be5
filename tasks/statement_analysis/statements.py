"""Draws an invented company's statements: structure by industry, condition by scenario, identities exact.

Amounts are drawn as whole numbers of the unit shown, components first and totals as their sums, so that every
identity of the forms holds to the last digit. A draw that is not possible together is thrown away.
"""

import random
from dataclasses import dataclass
from decimal import Decimal

from tasks.statement_analysis.industries import INDUSTRIES, Industry, Range
from tasks.statement_analysis.ratios import Statement

LOAN_RATES = {2020: 0.085, 2021: 0.085, 2022: 0.12, 2023: 0.125, 2024: 0.18}
"""About what a medium-sized Russian company paid on bank loans in the year; a plausible level, not a statistic."""

PROFIT_TAX = 0.2
"""Rate of the Russian profit tax through 2024 (Tax Code, art. 284)."""


@dataclass(frozen=True)
class Scenario:
    """A company's condition, as ranges that its figures fall into."""

    current: Range
    """Current ratio."""
    autonomy: Range
    """Equity over assets."""
    coverage: Range | None = None
    """Interest coverage of a company that earns; debt is fitted to it."""
    margin: Range | None = None
    """Operating margin of a company in trouble; None takes the industry's."""
    debt: Range = (0.35, 0.65)
    """Borrowings, share of liabilities, where `coverage` is None."""
    growth: Range = (-0.05, 0.25)
    """Growth of revenue against the comparative period."""
    months: tuple[int, ...] = (12,)
    """Length of the period, 6 and 9 being interim statements."""
    industries: tuple[str, ...] = ()
    """Industries where this happens; empty for all."""
    young: bool = False
    """First reporting year: no comparative column."""


_SEASONAL = ("agriculture", "construction", "food", "energy", "retail")

SCENARIOS: dict[str, Scenario] = {
    "stable": Scenario((1.62, 2.8), (0.45, 0.72), (2.4, 9.0)),
    "growing": Scenario((1.62, 2.4), (0.44, 0.6), (2.6, 8.0), growth=(0.25, 0.6)),
    "shrinking_but_sound": Scenario((1.7, 3.2), (0.5, 0.78), (2.3, 6.0), growth=(-0.22, -0.06)),
    "seasonal_sound": Scenario((1.62, 2.3), (0.45, 0.65), (2.4, 7.0), months=(6, 9), industries=_SEASONAL),
    "young_but_sound": Scenario((1.62, 2.6), (0.45, 0.7), (2.6, 9.0), young=True),
    "leveraged": Scenario((1.62, 2.4), (0.12, 0.36), (1.1, 3.8)),
    "illiquid_but_profitable": Scenario((0.6, 1.4), (0.44, 0.62), (2.4, 9.0)),
    "thin_coverage": Scenario((1.62, 2.3), (0.44, 0.56), (1.1, 1.75)),
    "stretched": Scenario((0.75, 1.4), (0.1, 0.36), (1.1, 3.5)),
    "loss_but_liquid": Scenario((1.12, 2.6), (0.15, 0.62), margin=(-0.09, 0.02), growth=(-0.25, 0.05)),
    "young_in_the_red": Scenario((1.15, 2.9), (0.08, 0.6), margin=(-0.2, -0.02), young=True),
    "seasonal_gap": Scenario((0.7, 1.4), (0.2, 0.6), (1.2, 4.5), months=(6, 9), industries=_SEASONAL),
    "cash_crunch": Scenario((0.35, 0.92), (0.05, 0.5), margin=(-0.12, 0.015), growth=(-0.3, 0.02)),
    "negative_equity": Scenario((0.3, 0.92), (-0.5, -0.04), margin=(-0.15, 0.02), growth=(-0.35, 0.05)),
    "profit_but_negative_equity": Scenario((0.5, 1.42), (-0.35, -0.04), (1.2, 3.5), growth=(0.0, 0.3)),
    "liquid_but_negative_equity": Scenario((1.62, 2.6), (-0.3, -0.04), margin=(-0.06, 0.04), debt=(0.6, 0.9)),
    "young_in_crisis": Scenario((0.35, 0.92), (-0.3, 0.15), margin=(-0.3, -0.03), young=True),
}
"""Condition by name; the name is the item's topic."""


@dataclass(frozen=True)
class Draw:
    """One invented company's statements."""

    industry: str
    scenario: str
    year: int
    months: int
    statement: Statement


def draw(rng: random.Random, scenario_name: str) -> Draw:
    """A company in the given condition."""
    scenario = SCENARIOS[scenario_name]
    while True:
        name = rng.choice(scenario.industries or tuple(INDUSTRIES))
        year, months = rng.choice(tuple(LOAN_RATES)), rng.choice(scenario.months)
        unit, decimals = rng.choice((("тыс. руб.", 0), ("тыс. руб.", 0), ("млн руб.", 0), ("млн руб.", 1)))
        total = _size(rng, unit, decimals, scenario.young)
        now = _columns(rng, INDUSTRIES[name], scenario, total, year, months)
        if now is None:
            continue
        before = {} if scenario.young else _comparative(rng, now, scenario)
        if before is None:
            continue
        scale = Decimal(1).scaleb(-decimals)
        current, previous = ({code: value * scale for code, value in side.items()} for side in (now, before))
        return Draw(name, scenario_name, year, months, Statement(unit, current, previous, decimals))


def _size(rng: random.Random, unit: str, decimals: int, young: bool) -> int:
    millions = 10 ** rng.uniform(1.6, 2.6 if young else 3.6 if unit == "тыс. руб." else 4.6)
    if unit == "тыс. руб.":
        return int(millions * 1000)
    return int((millions + 300) * 10**decimals)


def _between(rng: random.Random, bounds: Range) -> float:
    return rng.uniform(*bounds)


def _columns(
    rng: random.Random, industry: Industry, scenario: Scenario, total: int, year: int, months: int
) -> dict[str, int] | None:
    """The current column in whole units, or None where the draw does not add up."""
    assets = _assets(rng, industry, total)
    circulating = sum(assets[code] for code in ("1210", "1230", "1240", "1250", "1260"))
    short = round(circulating / _between(rng, scenario.current))
    equity = round(total * _between(rng, scenario.autonomy))
    long = total - equity - short
    if long < 0 or (scenario.young and long > total * 0.5):
        return None
    revenue = round(total * _between(rng, industry.turnover) * months / 12)
    margin = _between(rng, scenario.margin or industry.operating)
    rate = LOAN_RATES[year] * rng.uniform(0.8, 1.15) * months / 12
    if scenario.coverage is not None:
        debt = revenue * margin / (_between(rng, scenario.coverage) * rate)
    else:
        debt = (short + long) * _between(rng, scenario.debt)
    sources = _sources(rng, debt, long, short)
    if sources is None:
        return None
    borrowed = sources["1410"] + sources["1510"]
    income = _income(rng, industry, revenue, margin, round(borrowed * rate), assets["1250"] + assets["1240"])
    return None if income is None else _totals({**assets, "1300": equity, **sources, **income})


def _assets(rng: random.Random, industry: Industry, total: int) -> dict[str, int]:
    fixed = round(total * _between(rng, industry.fixed))
    circulating = total - fixed
    stock = round(circulating * _between(rng, industry.stock))
    rest = circulating - stock
    cash = round(rest * rng.uniform(0.06, 0.4))
    invested = round(rest * rng.uniform(0.03, 0.2)) if rng.random() < 0.5 else 0
    other = round(rest * rng.uniform(0.01, 0.06))
    return {
        "1100": fixed, "1210": stock, "1230": rest - cash - invested - other,
        "1240": invested, "1250": cash, "1260": other,
    }  # fmt: skip


def _sources(rng: random.Random, debt: float, long: int, short: int) -> dict[str, int] | None:
    """Liabilities of the given size with that much borrowed, or None where it does not fit."""
    long_loans = round(min(long * rng.uniform(0.86, 0.97), debt))
    short_loans = round(debt) - long_loans
    if long - long_loans > 0.4 * long + short * 0.05 or not short * 0.02 < short_loans < short * 0.8:
        return None
    payables = round((short - short_loans) * rng.uniform(0.78, 0.95))
    return {
        "1410": long_loans, "1420": long - long_loans, "1510": short_loans,
        "1520": payables, "1540": short - short_loans - payables,
    }  # fmt: skip


def _income(
    rng: random.Random, industry: Industry, revenue: int, margin: float, interest: int, cash: int
) -> dict[str, int] | None:
    gross = round(revenue * (_between(rng, industry.gross) + min(margin, 0)))
    operating = round(revenue * margin)
    overheads = gross - operating
    if overheads < revenue * 0.02 or interest <= 0:
        return None
    selling = round(overheads * rng.uniform(0.2, 0.7))
    received = round(cash * rng.uniform(0.01, 0.05))
    gains, losses = (round(revenue * rng.uniform(0.002, 0.012)) for _ in range(2))
    before_tax = operating + received - interest + gains - losses
    effective = rng.uniform(0.95, 1.25) if before_tax > 0 else rng.choice((0.0, 0.0, 0.9))
    return {
        "2110": revenue, "2120": revenue - gross, "2210": selling, "2220": overheads - selling, "2320": received,
        "2330": interest, "2340": gains, "2350": losses, "2410": round(before_tax * PROFIT_TAX * effective),
    }  # fmt: skip


def _totals(parts: dict[str, int]) -> dict[str, int]:
    """The components with every subtotal of the two forms."""
    lines = dict(parts)
    lines["1200"] = sum(parts[code] for code in ("1210", "1230", "1240", "1250", "1260"))
    lines["1600"] = parts["1100"] + lines["1200"]
    lines["1400"] = parts["1410"] + parts["1420"]
    lines["1500"] = parts["1510"] + parts["1520"] + parts["1540"]
    lines["1700"] = parts["1300"] + lines["1400"] + lines["1500"]
    lines["2100"] = parts["2110"] - parts["2120"]
    lines["2200"] = lines["2100"] - parts["2210"] - parts["2220"]
    lines["2300"] = lines["2200"] + parts["2320"] - parts["2330"] + parts["2340"] - parts["2350"]
    lines["2400"] = lines["2300"] - parts["2410"]
    return dict(sorted(lines.items()))


def _comparative(rng: random.Random, now: dict[str, int], scenario: Scenario) -> dict[str, int] | None:
    """The previous column: equity grows by retained profit, payables take up what the rest leaves; None if they cannot."""
    growth = 1 + _between(rng, scenario.growth)
    pace = 1 + (growth - 1) * 0.5
    parts = {code: round(now[code] / (pace * rng.uniform(0.88, 1.12))) for code in _BALANCE_PARTS}
    dividends = round(max(now["2400"], 0) * rng.choice((0.0, 0.0, 0.3, 0.5)))
    parts["1300"] = now["1300"] - now["2400"] + dividends
    total = sum(parts[code] for code in _ASSET_PARTS)
    parts["1520"] = total - parts["1300"] - sum(parts[code] for code in ("1410", "1420", "1510", "1540"))
    if not now["1520"] * 0.35 < parts["1520"] < now["1520"] * 2.2:
        return None
    parts |= {code: round(now[code] / (growth * rng.uniform(0.97, 1.03))) for code in _INCOME_PARTS}
    parts["2110"] = round(now["2110"] / growth)
    before_tax = parts["2110"] + parts["2320"] + parts["2340"] - sum(
        parts[code] for code in ("2120", "2210", "2220", "2330", "2350")
    )  # fmt: skip
    parts["2410"] = round(max(before_tax, 0) * PROFIT_TAX * rng.uniform(0.95, 1.2))
    return _totals(parts) if abs(before_tax) < 0.35 * parts["2110"] else None


_ASSET_PARTS = ("1100", "1210", "1230", "1240", "1250", "1260")
_BALANCE_PARTS = (*_ASSET_PARTS, "1410", "1420", "1510", "1540")
_INCOME_PARTS = ("2110", "2120", "2210", "2220", "2320", "2330", "2340", "2350")
