"""A formula family in declarative form: its inputs, its steps, its wordings.

One symbolic expression a step serves three ends: it is evaluated in `Decimal`, printed with the item's figures as the
derivation, and printed with the inputs' names as the formula in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

COMPANY = ("тыс. руб.", "млн руб.", "млрд руб.")
"""Money units of a company's figures."""
ROUBLES = ("руб.",)
"""Money unit of a person's figures and of prices."""
MILLIONS = ("млн руб.",)
"""Money unit where a count in millions stands beside it."""

SCALES: Mapping[str, Decimal] = {
    "руб.": Decimal(1),
    "тыс. руб.": Decimal(10) ** 3,
    "млн руб.": Decimal(10) ** 6,
    "млрд руб.": Decimal(10) ** 9,
}
"""Roubles in one unit."""


@dataclass(frozen=True)
class Input:
    """One figure that a problem gives."""

    name: str
    """Its name in the expressions and in the wordings' placeholders."""
    label: str
    """Its Russian name, nominative: the formula in words and the list wordings print it."""
    kind: str
    """`money` (in the item's unit), `rub`, `usd`, `percent`, `pp`, `number`, `days`, `months`, `years`, `pieces`,
    `shares` (in millions)."""
    low: Decimal
    high: Decimal
    """Bounds of the draw; of money, in millions where the item's unit is larger than a rouble."""
    step: Decimal
    """Grid of the draw."""
    of: str = ""
    """Name of an earlier input; then `low` and `high` are multiples of its value."""

    @property
    def is_percent(self) -> bool:
        """Whether expressions take the figure as a fraction."""
        return self.kind in ("percent", "pp")


def given(kind: str, name: str, label: str, low: float, high: float, step: float = 1, *, of: str = "") -> Input:
    """An input; the bounds are written as plain numbers and taken by their decimal digits."""
    return Input(name, label, kind, Decimal(str(low)), Decimal(str(high)), Decimal(str(step)), of)


def money(name: str, label: str, low: float, high: float, step: float = 1, *, of: str = "") -> Input:
    """An amount in the item's money unit."""
    return given("money", name, label, low, high, step, of=of)


def percent(name: str, label: str, low: float, high: float, step: float = 0.5) -> Input:
    """A rate or a share in percent."""
    return given("percent", name, label, low, high, step)


@dataclass(frozen=True)
class Step:
    """One line of a derivation."""

    name: str
    """What the line finds, nominative."""
    expression: str
    """Over input names and earlier steps' variables; see `tasks.calculation.expression`."""
    unit: str = ""
    """`money`, `%`, or a unit as printed; the last step takes the formula's."""
    variable: str = ""
    """Name that later expressions use."""
    words: str = ""
    """The formula in words where the inputs' labels would read badly."""


@dataclass(frozen=True)
class Formula:
    """A formula family: everything that its problems are made of."""

    id: str
    topic: str
    what: str
    """What is asked for, nominative."""
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    unit: str
    """Unit of the answer; `money` is the item's money unit."""
    test: tuple[str, ...]
    """Test wordings with `{input}`, `{company}`, `{issuer}` (of listed shares), `{bank}`, `{year}`, `{prev}`.

    A wording that ends with «?» asks by itself."""
    train: tuple[str, ...] = ()
    """Train wordings; empty where the family is held out for the slice `unseen`."""
    validation: tuple[str, ...] = ()
    accusative: str = ""
    """`what` in the accusative, where it differs."""
    decimals: tuple[int, ...] = (2,)
    """Roundings that an item may ask for."""
    scales: tuple[str, ...] = COMPANY
    note: str = ""
    """A convention that the answer depends on; part of every problem."""
    surroundings: str = "company"
    """Which pool of distracting figures suits: see `tasks.calculation.distractors`."""
    yearly: bool = False
    """Whether last year's value of an input makes sense as a distracting figure."""
    rows: tuple[Mapping[str, str], ...] = ()
    """Dated facts: each row fixes some inputs and text placeholders together."""
    plausible: tuple[str, float, float] | None = None
    """An expression and the bounds that it must keep; the answer itself where the expression is empty."""
    exact: bool = False
    """Whether the answer must need no rounding (a break-even in whole units)."""

    @property
    def asked(self) -> str:
        """What is asked for, accusative."""
        return self.accusative or self.what

    def wordings(self, split: str) -> tuple[str, ...]:
        """The wordings of one split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]
