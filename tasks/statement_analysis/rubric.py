"""The financial state: the written rubric of README.md as code."""

from dataclasses import dataclass
from decimal import Decimal

from tasks.statement_analysis.ratios import Lines

STABLE, UNSTABLE, CRISIS = "устойчивое", "неустойчивое", "кризисное"
STATES = (STABLE, UNSTABLE, CRISIS)

CURRENT_NORM = Decimal("1.5")
CURRENT_FLOOR = Decimal(1)
AUTONOMY_NORM = Decimal("0.4")
COVERAGE_NORM = Decimal(2)


@dataclass(frozen=True)
class Signs:
    """The four figures that decide, from one column of a statement."""

    current: Decimal
    """Current ratio, 1200 / 1500."""
    autonomy: Decimal
    """Equity ratio, 1300 / 1600."""
    coverage: Decimal | None
    """Interest coverage, (2300 + 2330) / 2330; None where there is no interest to pay, which meets the norm."""
    profit: Decimal
    """Net profit, 2400; a loss is negative."""


def signs(lines: Lines) -> Signs:
    """The deciding figures of one column."""
    interest = lines["2330"]
    return Signs(
        current=lines["1200"] / lines["1500"],
        autonomy=lines["1300"] / lines["1600"],
        coverage=(lines["2300"] + interest) / interest if interest else None,
        profit=lines["2400"],
    )


def state(found: Signs) -> str:
    """The state by the rubric: a crisis sign decides first, then all four norms must hold."""
    if found.autonomy < 0 or (found.profit < 0 and found.current < CURRENT_FLOOR):
        return CRISIS
    return STABLE if not failures(found) else UNSTABLE


def failures(found: Signs) -> list[str]:
    """Norms that are not met, in the rubric's order: `current`, `autonomy`, `profit`, `coverage`."""
    met = {
        "current": found.current >= CURRENT_NORM,
        "autonomy": found.autonomy >= AUTONOMY_NORM,
        "profit": found.profit > 0,
        "coverage": found.coverage is None or found.coverage >= COVERAGE_NORM,
    }
    return [name for name, holds in met.items() if not holds]


def near_boundary(found: Signs, revenue: Decimal) -> bool:
    """Whether a deciding figure is so close to its threshold that rounding or taste could move the state."""
    return (
        abs(found.current - CURRENT_NORM) < Decimal("0.08")
        or abs(found.current - CURRENT_FLOOR) < Decimal("0.06")
        or abs(found.autonomy - AUTONOMY_NORM) < Decimal("0.03")
        or abs(found.autonomy) < Decimal("0.02")
        or (found.coverage is not None and abs(found.coverage - COVERAGE_NORM) < Decimal("0.2"))
        or abs(found.profit) < revenue / 300
    )
