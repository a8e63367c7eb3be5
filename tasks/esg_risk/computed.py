"""Indicators that a text gives only through their components: what it says, and what follows from that."""

import random
from collections.abc import Callable
from decimal import Decimal

from tasks.authoring.russian import quantize
from tasks.esg_risk.indicators import IndustryProfile

Parts = dict[str, Decimal | str]
"""Slots of the sentence: `a`, `c`, `d`, and `unit_d` where the unit depends on the industry."""
Computed = Callable[[random.Random, int, Decimal, IndustryProfile, Decimal], tuple[Parts, Decimal] | None]
"""(rng, staff, revenue, industry, value aimed at) -> (parts, exact value), or None where whole numbers cannot hit it."""


def _co2(
    rng: random.Random, staff: int, revenue: Decimal, sector: IndustryProfile, aim: Decimal
) -> tuple[Parts, Decimal] | None:
    unit, low, high = sector.output
    output = quantize(staff * Decimal(rng.uniform(low, high)), 1) if high else revenue
    total = aim * output / sector.factor
    if total < 1:
        return None
    decimals = 1 if total >= 20 else 2
    scope1 = quantize(total * Decimal(rng.uniform(0.55, 0.85)), decimals)
    scope2 = quantize(total - scope1, decimals)
    parts: Parts = {"a": scope1, "c": scope2, "d": output, "unit_d": unit, "factor": Decimal(sector.factor)}
    return parts, (scope1 + scope2) / output * sector.factor


def _ltifr(
    rng: random.Random, staff: int, revenue: Decimal, sector: IndustryProfile, aim: Decimal
) -> tuple[Parts, Decimal] | None:
    hours = quantize(staff * Decimal(rng.uniform(1.68, 1.8)) / 1000, 2)
    return _whole(aim, hours, Decimal(1))


def _turnover(
    rng: random.Random, staff: int, revenue: Decimal, sector: IndustryProfile, aim: Decimal
) -> tuple[Parts, Decimal] | None:
    return _whole(aim, Decimal(staff), Decimal(100))


def _claims(
    rng: random.Random, staff: int, revenue: Decimal, sector: IndustryProfile, aim: Decimal
) -> tuple[Parts, Decimal] | None:
    return _whole(aim, Decimal(staff), Decimal(1000))


def _independent(
    rng: random.Random, staff: int, revenue: Decimal, sector: IndustryProfile, aim: Decimal
) -> tuple[Parts, Decimal] | None:
    return _whole(aim, Decimal(rng.choice((7, 9, 11))), Decimal(100), least=1)


def _related(
    rng: random.Random, staff: int, revenue: Decimal, sector: IndustryProfile, aim: Decimal
) -> tuple[Parts, Decimal] | None:
    amount = quantize(aim * revenue / 100, 2)
    return {"a": amount, "d": revenue}, amount / revenue * 100


def _whole(aim: Decimal, base: Decimal, factor: Decimal, least: int = 2) -> tuple[Parts, Decimal] | None:
    count = quantize(aim * base / factor, 0)
    if count < least:
        return None
    return {"a": count, "d": base}, count / base * factor


COMPUTED: dict[str, Computed] = {
    "co2": _co2,
    "ltifr": _ltifr,
    "turnover": _turnover,
    "claims": _claims,
    "independent": _independent,
    "related": _related,
}
"""Indicator -> how its components are drawn."""
