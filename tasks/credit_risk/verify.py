"""Checks one item by another path than the generator's: thresholds as a table, figures read back from the text."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tasks.credit_risk.task import ANCHOR, LEVELS
from tasks.scoring.labels import read_label
from tasks.scoring.unsupported import unsupported_share

MARGIN = Fraction(3, 100)
"""A ratio nearer to a threshold than this, relatively, makes the level arguable."""

Bound = int | Fraction | None

# Sign, ratio, lower bound, upper bound; open ends are None.
_BANDS: tuple[tuple[str, str, Bound, Bound], ...] = (
    ("pdn_critical", "pdn", 80, None), ("pdn_elevated", "pdn", 50, 80),
    ("overdue_critical", "overdue_days", 90, None), ("overdue_moderate", "overdue_days", 30, 90),
    ("dscr_critical", "dscr", None, 1), ("dscr_thin", "dscr", 1, Fraction(13, 10)),
    ("leverage_critical", "leverage", 4, None), ("leverage_elevated", "leverage", 3, 4),
    ("ebitda_negative", "ebitda", None, 0), ("net_assets_negative", "net_assets", None, 0),
    ("concentration", "customer_share", 50, None), ("revenue_drop", "drop", 20, None),
    ("tenure_short", "tenure_months", None, 6), ("income_unconfirmed", "income_confirmed", None, Fraction(1, 2)),
    ("enforcement", "enforcement", Fraction(1, 2), None),
)  # fmt: skip
_CRITICAL = re.compile(r"critical|negative|enforcement|uncovered")
_FLAGS = (
    "income_confirmed",
    "enforcement",
    "guarantee",
    "tenure_months",
    "age_months",
    "existing_payments",
    "overdue_days",
)
_NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0]\d{3})+(?:,\d+)?|\d+(?:,\d+)?")


def verify(item: dict[str, Any]) -> list[str]:
    """Problems of one item; empty if it is sound."""
    gold = item["gold"]
    ratios = _ratios({key: None if value is None else Fraction(str(value)) for key, value in gold["inputs"].items()})
    found = {sign for sign, key, low, high in _BANDS if _inside(ratios.get(key), low, high)} | _startup(ratios)
    critical = {sign for sign in found if _CRITICAL.search(sign)}
    level = "высокий" if critical else "средний" if found else "низкий"
    problems = [f"{key} {float(ratios[key] or 0):.2f} is too near {bound}" for key, bound in _near(ratios)]
    if level != gold["level"]:
        problems.append(f"level {gold['level']!r}, but the figures give {level!r}")
    if (critical or found) != set(gold["rules"]):
        problems.append(f"rules {sorted(gold['rules'])}, but the figures give {sorted(critical or found)}")
    if item["source"] == "generator":
        problems += [f"{key} is not in the instruction" for key in _missing(gold["inputs"], item["instruction"])]
    return problems + _references(item, level)


def _ratios(given: dict[str, Fraction | None]) -> dict[str, Fraction | None]:
    ratios = dict(given)
    if given["income"] and given["new_payment"] is not None:
        ratios["pdn"] = 100 * (given["new_payment"] + (given["existing_payments"] or 0)) / given["income"]
    if given["debt"] is not None and (given["ebitda"] or 0) > 0:
        ratios["leverage"] = given["debt"] / (given["ebitda"] or 1)
    if given["debt_service"]:
        ratios["dscr"] = (given["cash_flow"] or 0) / given["debt_service"]
    if given["revenue_previous"]:
        ratios["drop"] = 100 - 100 * (given["revenue"] or 0) / given["revenue_previous"]
    return ratios


def _inside(value: Fraction | None, low: Bound, high: Bound) -> bool:
    return value is not None and (low is None or value > low) and (high is None or value < high)


def _near(ratios: dict[str, Fraction | None]) -> list[tuple[str, float]]:
    bounds = {(key, Fraction(bound)) for _, key, low, high in _BANDS for bound in (low, high) if bound}
    return sorted(
        (key, float(bound))
        for key, bound in bounds
        if ratios.get(key) is not None and abs((ratios[key] or 0) / bound - 1) < MARGIN
    )


def _startup(ratios: dict[str, Fraction | None]) -> set[str]:
    if ratios["age_months"] is None or ratios["age_months"] >= 12:
        return set()
    return {"startup_covered" if ratios["guarantee"] and (ratios["coverage"] or 0) > 150 else "startup_uncovered"}


def _missing(inputs: dict[str, float | None], instruction: str) -> list[str]:
    """Inputs whose figure stands in the text in no unit."""
    printed = {Decimal(re.sub(r"[ \u00a0]", "", text).replace(",", ".")) for text in _NUMBER.findall(instruction)}
    return [
        key
        for key, value in inputs.items()
        if value is not None and key not in _FLAGS
        if not any(abs(Decimal(str(value))).scaleb(power) in printed for power in (0, 3, -3, -6))
    ]


def _references(item: dict[str, Any], level: str) -> list[str]:
    problems = [] if item["references"][0] == item["output"] else ["output is not the first reference"]
    if len(set(item["references"])) < 2:
        problems.append("fewer than two references")
    for number, text in enumerate(item["references"], 1):
        if not text.endswith(f"\nУровень риска: {level}") or read_label(text, ANCHOR, LEVELS).label != level:
            problems.append(f"reference {number} does not end with the level {level!r}")
        derived = [Decimal(value) for value in item["gold"]["derived"]]
        if item["source"] == "generator" and unsupported_share(text, item["instruction"], derived):
            problems.append(f"reference {number} cites a figure that the instruction does not give")
    return problems
