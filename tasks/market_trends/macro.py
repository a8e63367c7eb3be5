"""The macroeconomic scenario: indicators before and after, possible together."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tasks.authoring.russian import NBSP, number, quantize


@dataclass(frozen=True)
class Indicator:
    """One macroeconomic indicator and how it is printed."""

    name: str
    """As the prompt calls it, in the nominative."""
    gender: str
    """`masc` or `fem`: the verb agrees with it."""
    unit: str
    """What follows the number, with the space it needs."""
    decimals: int

    def text(self, value: Decimal) -> str:
        """A value with its unit."""
        return f"{number(value, self.decimals)}{self.unit}"


@dataclass(frozen=True)
class Change:
    """An indicator's value at the start and at the end of the period."""

    before: Decimal
    after: Decimal

    def sign(self) -> int:
        """1 where it rose, -1 where it fell, 0 where it stayed."""
        return (self.after > self.before) - (self.after < self.before)


Macro = Mapping[str, Change]

INDICATORS = {
    "key": Indicator("ключевая ставка", "fem", "%", 2),
    "infl": Indicator("годовая инфляция", "fem", "%", 1),
    "usd": Indicator("курс доллара", "masc", f"{NBSP}руб.", 1),
    "cny": Indicator("курс юаня", "masc", f"{NBSP}руб.", 2),
    "brent": Indicator("нефть Brent", "fem", f"{NBSP}долл./барр.", 0),
    "disc": Indicator("дисконт Urals к Brent", "masc", f"{NBSP}долл./барр.", 0),
    "ofz": Indicator("доходность длинных ОФЗ", "fem", "%", 1),
    "wage": Indicator("годовой рост зарплат", "masc", "%", 1),
    "coal": Indicator("экспортная цена угля", "fem", f"{NBSP}долл./т", 0),
    "grain": Indicator("экспортная цена пшеницы", "fem", f"{NBSP}долл./т", 0),
    "gold": Indicator("цена золота", "fem", f"{NBSP}долл./унц.", 0),
    "gdp": Indicator("годовой рост ВВП", "masc", "%", 1),
    "jobless": Indicator("безработица", "fem", "%", 1),
    "deficit": Indicator("дефицит бюджета", "masc", "% ВВП", 1),
    "pmi": Indicator("индекс PMI обрабатывающих отраслей", "masc", "", 1),
}
"""Everything a scenario may show. The last four decide nothing in any case: a reader has to leave them aside."""

BYSTANDERS = ("gdp", "jobless", "deficit", "pmi")


def _uniform(rng: random.Random, low: float, high: float, decimals: int) -> Decimal:
    return quantize(Decimal(str(round(rng.uniform(low, high), 6))), decimals)


def _move(rng: random.Random, start: Decimal, low: float, high: float, decimals: int) -> Change:
    """A relative change of low…high percent, up or down with equal chances."""
    share = Decimal(str(round(rng.uniform(low, high), 4))) / 100
    return Change(start, quantize(start * (1 + (share if rng.random() < 0.5 else -share)), decimals))


def _shift(rng: random.Random, start: Decimal, low: float, high: float, floor: float) -> Change:
    """An absolute change of low…high, up or down; never below the floor."""
    step = _uniform(rng, low, high, 1)
    after = start + (step if rng.random() < 0.5 else -step)
    return Change(start, after if after >= Decimal(str(floor)) else start + step)


def _yuan(rng: random.Random, usd: Change) -> Change:
    # The two rates part only as far as the dollar moves against the yuan: a few percent in half a year.
    cross = _uniform(rng, 6.9, 7.3, 3)
    moved = cross * (1 + _uniform(rng, -5, 5, 2) / 100)
    return Change(quantize(usd.before / cross, 2), quantize(usd.after / moved, 2))


def draw(rng: random.Random) -> dict[str, Change]:
    """A scenario: a change of every indicator; rates, prices and wages stand in a plausible relation."""
    key_before = Decimal(rng.randrange(32, 86)) / 4
    key_step = Decimal(rng.choice((4, 6, 8, 10, 12, 16, 20))) / 4
    rising = key_before < 9 or (rng.random() < 0.5 and key_before + key_step <= 23)
    key = Change(key_before, key_before + key_step if rising else key_before - key_step)
    infl_after = max(Decimal("2.5"), min(key.after - _uniform(rng, 2, 9, 1), Decimal(14)))
    infl = Change(max(Decimal(2), infl_after + _uniform(rng, -3, 3, 1)), infl_after)
    usd = _move(rng, _uniform(rng, 74, 104, 1), 2, 17, 1)
    drawn = {
        "key": key,
        "infl": infl,
        "usd": usd,
        "cny": _yuan(rng, usd),
        "brent": _move(rng, _uniform(rng, 56, 92, 0), 3, 24, 0),
        "disc": _shift(rng, _uniform(rng, 5, 18, 0), 1, 9, 2),
        "ofz": _shift(rng, max(key.before - _uniform(rng, 0, 5, 1), Decimal(7)), 0.3, 2.6, 5.5),
        "wage": _shift(rng, infl_after + _uniform(rng, 0, 6, 1), 0.5, 2.5, 4),
        "coal": _move(rng, _uniform(rng, 70, 150, 0), 3, 25, 0),
        "grain": _move(rng, _uniform(rng, 200, 270, 0), 2, 15, 0),
        "gold": _move(rng, _uniform(rng, 1900, 3400, -1), 2, 15, -1),
        "gdp": _shift(rng, _uniform(rng, 0, 4, 1), 0.2, 1.5, -1.5),
        "jobless": _shift(rng, _uniform(rng, 2.2, 3.4, 1), 0.1, 0.4, 2),
        "deficit": _shift(rng, _uniform(rng, 0.6, 2.8, 1), 0.1, 0.9, 0.2),
        "pmi": _shift(rng, _uniform(rng, 47, 54, 1), 0.4, 3, 44),
    }
    return {name: _printed(change, INDICATORS[name].decimals) for name, change in drawn.items()}


def _printed(change: Change, decimals: int) -> Change:
    # Formulas must read the very figures that the prompt prints.
    return Change(quantize(change.before, decimals), quantize(change.after, decimals))


def values(macro: Macro) -> dict[str, Decimal]:
    """A scenario as the figures that formulas read: `key0` before, `key1` after, …"""
    named = {f"{name}0": change.before for name, change in macro.items()}
    return named | {f"{name}1": change.after for name, change in macro.items()}
