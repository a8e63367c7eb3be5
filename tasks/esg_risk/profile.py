"""Draws a company whose pillars have the levels asked for: indicators with their gaps, and events."""

import random
from dataclasses import dataclass, field
from decimal import Decimal

from tasks.authoring.companies import company
from tasks.authoring.russian import quantize
from tasks.esg_risk import rubric
from tasks.esg_risk.computed import COMPUTED, Parts
from tasks.esg_risk.indicators import EVENTS, INDICATORS, INDUSTRIES, Event, Indicator, IndustryProfile


@dataclass(frozen=True)
class Company:
    """Who the item is about."""

    name: str
    industry: str
    """Key of `INDUSTRIES`."""
    staff: int
    revenue: Decimal
    """млрд руб."""
    year: int

    @property
    def sector(self) -> IndustryProfile:
        """The industry's magnitudes."""
        return INDUSTRIES[self.industry]


@dataclass(frozen=True)
class Reading:
    """One indicator's figures."""

    key: str
    pillar: str
    level: str
    value: Decimal
    industry: Decimal
    gap: Decimal
    unit: str
    decimals: int
    previous: Decimal | None = None
    """A year before; None where the text does not say."""
    improved: bool = False
    variant: int = 0
    """Which of the authored names the texts call it by: the reference keeps to the instruction's word."""
    parts: Parts = field(default_factory=dict)
    """What the value is computed from where the text does not state it."""


@dataclass(frozen=True)
class Happening:
    """One event, with the number its texts quote."""

    key: str
    pillar: str
    level: str
    amount: Decimal


Fact = Reading | Happening


def draw_company(rng: random.Random, split: str) -> Company:
    """An invented company of a plausible size."""
    industry = rng.choice(list(INDUSTRIES))
    sector = INDUSTRIES[industry]
    staff = int(quantize(Decimal(rng.uniform(*sector.staff)) / 10, 0)) * 10
    revenue = quantize(Decimal(staff * rng.uniform(*sector.revenue) / 1000), 1)
    # From 2022 on: earlier, no Russian guidance on non-financial disclosure was in force for a whole year.
    return Company(company(rng, split, industry, ("ПАО", "АО")), industry, staff, revenue, rng.randint(2022, 2025))


def draw_pillar(rng: random.Random, owner: Company, pillar: str, level: str) -> list[Fact]:
    """Two or three facts of a pillar, the worst of which has the level; often only one does."""
    event = _draw_event(rng, pillar, level)
    decided = event is not None and event.level == level != rubric.LOW
    wanted = [rubric.LOW if decided else level]
    wanted += [rubric.LOW] * rng.randint(0, 1 if event else 2)
    if level != rubric.LOW and rng.random() < 0.3:
        wanted.append(rubric.MEDIUM)
    chosen: list[Indicator] = []
    facts: list[Fact] = [event] if event else []
    for each in wanted:
        options = [i for i in INDICATORS if i.pillar == pillar and i not in chosen and _reaches(i, each)]
        if not options:
            continue
        chosen.append(rng.choice(options))
        facts.append(draw_reading(rng, owner, chosen[-1], each))
    if len(facts) == 1:
        return draw_pillar(rng, owner, pillar, level)
    rng.shuffle(facts)
    return facts


def _reaches(indicator: Indicator, level: str) -> bool:
    return rubric.LEVELS.index(level) <= rubric.LEVELS.index(indicator.worst)


def _draw_event(rng: random.Random, pillar: str, level: str) -> Happening | None:
    """The deciding event, an uneventful statement, or nothing."""
    kind = rng.choice((level, level, rubric.LOW, "") if level != rubric.LOW else (rubric.LOW, ""))
    options = [event for event in EVENTS if event.pillar == pillar and event.level == kind]
    if not options:
        return None
    event = rng.choice(options)
    return Happening(event.key, pillar, event.level, _amount(rng, event))


def _amount(rng: random.Random, event: Event) -> Decimal:
    amount = quantize(Decimal(rng.uniform(*event.amount)), event.decimals)
    # A tail such as «171 тыс.» would be odd for a fine, and «21 суток» ungrammatical.
    return quantize(amount / 5, 0) * 5 if amount >= 15 and not event.decimals else amount


def draw_reading(rng: random.Random, owner: Company, indicator: Indicator, level: str) -> Reading:
    """An indicator's figures at a level, clear of the thresholds as printed."""
    while True:
        reading = _attempt(rng, owner, indicator, level)
        if reading is not None:
            return reading


def _attempt(rng: random.Random, owner: Company, indicator: Indicator, level: str) -> Reading | None:
    unit, low, high, decimals = _scale(owner, indicator)
    industry = quantize(Decimal(rng.uniform(low, high)), decimals)
    aim = industry * (1 + _aimed_gap(rng, indicator, level) * (-1 if indicator.higher_is_better else 1))
    if indicator.key == "independent":
        aim = _whole_seats(rng, aim)
    parts: Parts = {}
    value = quantize(aim, decimals)
    if indicator.key in COMPUTED and rng.random() < 0.4:
        computed = COMPUTED[indicator.key](rng, owner.staff, owner.revenue, owner.sector, aim)
        if computed is None:
            return None
        parts, exact = computed
        value = quantize(exact, decimals)
    worse_by = rubric.gap(value, industry, higher_is_better=indicator.higher_is_better)
    if rubric.gap_level(worse_by) != level or rubric.is_borderline(worse_by) or (unit == "%" and value > 98):
        return None
    improved = rng.random() < (0.35 if level == rubric.LOW else 0.8)
    stated_once = parts or indicator.key == "independent" or rng.random() < 0.5
    previous = None if stated_once else _previous(rng, indicator, value, decimals, improved)
    return Reading(
        key=indicator.key,
        pillar=indicator.pillar,
        level=level,
        value=value,
        industry=industry,
        gap=worse_by,
        unit=unit,
        decimals=decimals,
        previous=previous,
        improved=improved,
        variant=rng.randrange(6),
        parts=parts,
    )


def _scale(owner: Company, indicator: Indicator) -> tuple[str, float, float, int]:
    """Unit, range of the industry level and printed decimals of an indicator in the company's industry."""
    if indicator.key in owner.sector.intensities:
        return owner.sector.intensities[indicator.key]
    low, high = owner.sector.pay if indicator.key == "pay" else indicator.industry_range
    return indicator.unit, low, high, indicator.decimals


def _whole_seats(rng: random.Random, share: Decimal) -> Decimal:
    """The nearest share, in per cent, that a board of a usual size can have."""
    seats = rng.choice((7, 9, 11))
    return quantize(share * seats / 100, 0) / seats * 100


def _aimed_gap(rng: random.Random, indicator: Indicator, level: str) -> Decimal:
    if level == rubric.LOW:
        # Attendance and pay hardly exceed the industry's by a third.
        best = -0.04 if indicator.worst == rubric.MEDIUM else -0.3
        return Decimal(rng.uniform(best, 0.05))
    if level == rubric.MEDIUM:
        return Decimal(rng.uniform(0.15, 0.3 if indicator.worst == rubric.MEDIUM else 0.45))
    return Decimal(rng.uniform(0.56, 0.85 if indicator.higher_is_better else 1.3))


def _previous(
    rng: random.Random, indicator: Indicator, value: Decimal, decimals: int, improved: bool
) -> Decimal | None:
    """Last year's value: worse than this year's if the indicator improved, better if not; None if it cannot be."""
    up = improved != indicator.higher_is_better
    previous = quantize(value * (1 + Decimal(rng.uniform(0.07, 0.22)) * (1 if up else -1)), decimals)
    impossible = previous == value or (indicator.unit == "%" and previous > 98)
    return None if impossible else previous
