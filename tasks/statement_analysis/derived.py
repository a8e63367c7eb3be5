"""Figures that follow from an item's statement by the family's formulas: what an answer may cite besides the input."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tasks.statement_analysis import rubric
from tasks.statement_analysis.ratios import RATIOS, Formula, Lines

_THRESHOLDS = (rubric.CURRENT_NORM, rubric.CURRENT_FLOOR, rubric.AUTONOMY_NORM, rubric.COVERAGE_NORM)


def columns(entries: Sequence[Mapping[str, str]]) -> tuple[Lines, Lines]:
    """The current and the previous column of a gold's `lines`; a line with no previous amount is left out of it."""
    current = {str(entry["code"]): Decimal(entry["current"]) for entry in entries}
    previous = {str(entry["code"]): Decimal(entry["previous"]) for entry in entries if entry["previous"]}
    return current, previous


def amounts(lines: Lines) -> dict[str, Decimal]:
    """Amounts of money that a recommendation may cite: what was earned, what is missing for each norm."""
    return {
        "profit": lines["2400"],
        "loss": -lines["2400"],
        "interest": lines["2330"],
        "equity": lines["1300"],
        "hole": -lines["1300"],
        "liabilities": lines["1600"] - lines["1300"],
        "current_gap": rubric.CURRENT_NORM * lines["1500"] - lines["1200"],
        "equity_gap": rubric.AUTONOMY_NORM * lines["1600"] - lines["1300"],
        "coverage_gap": rubric.COVERAGE_NORM * lines["2330"] - lines["2300"] - lines["2330"],
    }


def values(gold: Mapping[str, Any]) -> list[Decimal]:
    """Every ratio that the shown lines allow on either date, the amounts above, the changes, the rubric's thresholds."""
    current, previous = columns(gold["lines"])
    found = [*_THRESHOLDS, *current.values(), *amounts(current).values()]
    found += [current[code] - previous[code] for code in previous]
    found += [(current[code] / previous[code] - 1) * 100 for code in previous if previous[code]]
    for ratio in RATIOS.values():
        sides = [(current, previous)] if ratio.earlier else [(current, {}), (previous, {})]
        for now, before in sides:
            if set(ratio.lines) <= set(now) and set(ratio.earlier) <= set(before):
                found += _safe(ratio.compute, now, before)
    return found + [Decimal(entry["value"]) for entry in gold["ratios"]]


def _safe(compute: Formula, now: Lines, before: Lines) -> list[Decimal]:
    try:
        return [compute(now, before)]
    except ArithmeticError:
        # No interest, no inventories: the ratio does not exist for this company.
        return []
