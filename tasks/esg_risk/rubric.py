"""The ESG rubric as code: from an indicator's gap or an event to pillar levels, from pillars to the overall level.

The rubric itself, in Russian and with its reasons, stands in README.md; its operative part is in the prompt.
"""

from collections.abc import Iterable
from decimal import Decimal

LOW, MEDIUM, HIGH = LEVELS = ("низкий", "средний", "высокий")
PILLARS = ("environment", "social", "governance")

MODERATE_GAP = Decimal(10)
"""Per cent worse than the industry from which an indicator is of medium risk."""
SEVERE_GAP = Decimal(50)
"""Per cent worse than the industry beyond which an indicator is of high risk."""
MARGIN = Decimal(4)
"""Items whose gap lies this near to either threshold are not used, in percentage points."""


def gap(value: Decimal, industry: Decimal, *, higher_is_better: bool) -> Decimal:
    """How much worse than the industry the company is, in per cent of the industry's level; negative if better."""
    worse_by = industry - value if higher_is_better else value - industry
    return worse_by / industry * 100


def gap_level(worse_by: Decimal) -> str:
    """The level of one quantitative indicator."""
    if worse_by < MODERATE_GAP:
        return LOW
    return MEDIUM if worse_by <= SEVERE_GAP else HIGH


def is_borderline(worse_by: Decimal) -> bool:
    """Whether an indicator is too near to a threshold for a fair question."""
    return min(abs(worse_by - MODERATE_GAP), abs(worse_by - SEVERE_GAP)) < MARGIN


def pillar_level(levels: Iterable[str]) -> str:
    """A pillar is as risky as its worst sign."""
    return max(levels, key=LEVELS.index)


def overall_level(environment: str, social: str, governance: str) -> str:
    """The overall level from the three pillars.

    Governance alone makes it high: where management cannot be trusted, neither can the rest of the report.
    """
    pillars = (environment, social, governance)
    if governance == HIGH or pillars.count(HIGH) >= 2:
        return HIGH
    if HIGH not in pillars and pillars.count(LOW) >= 2:
        return LOW
    return MEDIUM
