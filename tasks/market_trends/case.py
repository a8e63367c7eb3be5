"""A case: one kind of market participant, the figures that describe it, and how its result follows from them."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tasks.authoring.russian import NBSP, number

Figures = Mapping[str, Decimal]
Wordings = Mapping[str, tuple[str, ...]]
"""Split -> phrasings; each split has its own."""


@dataclass(frozen=True)
class Share:
    """A figure printed in percent, drawn from low…high by step; `signed` prints its plus sign."""

    low: float
    high: float
    step: float = 1
    signed: bool = False

    def draw(self, rng: random.Random, scale: Decimal) -> Decimal:
        """One value."""
        return _draw(rng, self.low, self.high, self.step)

    def text(self, value: Decimal, unit: str) -> str:
        """The figure as the prompt prints it."""
        return f"{'+' if self.signed and value > 0 else ''}{number(value)}%"


@dataclass(frozen=True)
class Plain(Share):
    """A bare number: a duration, a markup in percentage points, a price a tonne."""

    def text(self, value: Decimal, unit: str) -> str:
        """The figure without a unit; the wording names it."""
        return number(value)


@dataclass(frozen=True)
class Money:
    """An amount, drawn from low…high in whole units and multiplied by the participant's own scale."""

    low: int
    high: int

    def draw(self, rng: random.Random, scale: Decimal) -> Decimal:
        """One value in the participant's unit."""
        return rng.randint(self.low * 2, self.high * 2) * scale / 2

    def text(self, value: Decimal, unit: str) -> str:
        """The amount with its unit; large ones in the next unit where that stays short."""
        if unit == "млн" and value >= 1000 and value % 100 == 0:
            return f"{number(value / 1000)}{NBSP}млрд{NBSP}руб."
        return f"{number(value)}{NBSP}{unit}{NBSP}руб."


def _draw(rng: random.Random, low: float, high: float, step: float) -> Decimal:
    start, width = Decimal(str(low)), Decimal(str(step))
    count = int((Decimal(str(high)) - start) / width)
    return (start + rng.randint(0, count) * width).normalize() + 0


def literal(value: Decimal, kind: Share | Money, unit: str) -> str:
    """A figure as the gold's formula writes it: the digits that the prompt prints, times 1000 where units differ."""
    if isinstance(kind, Money) and unit == "млн" and value >= 1000 and value % 100 == 0:
        return f"({value / 1000:f}*1000)"
    return f"({value:f})" if value < 0 else f"{value:f}"


def always(figures: Figures) -> bool:
    """The condition of a case whose figures are possible in any combination."""
    return True


@dataclass(frozen=True)
class Case:
    """One kind of participant."""

    topic: str
    sectors: tuple[str, ...]
    """Names of the sector, for items that ask about sectors."""
    kind: str
    """What a company of this kind is, for items that ask about companies: «банк»."""
    industry: str
    """Key of `tasks.authoring.companies.INDUSTRIES`."""
    endings: tuple[str, ...]
    """Which of the industry's name endings suit this kind of company."""
    base: str
    """What the effect is a percentage of, in the genitive."""
    uses: tuple[str, ...]
    """Macro indicators that the formula reads; the prompt must show them."""
    figures: Mapping[str, Share | Money]
    formula: str
    """The effect in percent of the base: figures by name, macro values as {key0} (before) and {key1} (after)."""
    about: Wordings
    """The participant's circumstances, as the prompt states them."""
    because: Wordings
    """The deciding figures, as the reference states them."""
    thumb: tuple[str, int]
    """The rule of thumb: an indicator, and whether its rise is held to be good (1) or bad (-1); ("", 0) is none."""
    possible: Callable[[Figures], bool] = always
    """Whether drawn figures (and macro values) can stand together."""
