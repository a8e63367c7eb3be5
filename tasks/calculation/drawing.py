"""Draws the figures of a problem so that they are possible together."""

import random
from collections.abc import Mapping
from decimal import Decimal

from tasks.authoring.russian import quantize
from tasks.calculation.expression import evaluate
from tasks.calculation.figures import plain_decimal
from tasks.calculation.formula import Formula, Input
from tasks.calculation.problem import Problem

_FACTORS = {"руб.": ("1", "1"), "тыс. руб.": ("1000", "100"), "млн руб.": ("1", "1"), "млрд руб.": ("0.1", "0.1")}
"""Of an input's bounds and of its grid: a company that reports in billions is a hundred times larger."""


def draw(formula: Formula, rng: random.Random) -> Problem:
    """A problem with plausible figures."""
    while True:
        scale = rng.choice(formula.scales)
        row = rng.choice(formula.rows) if formula.rows else {}
        values: dict[str, Decimal] = {}
        for given in formula.inputs:
            values[given.name] = Decimal(row[given.name]) if given.name in row else _drawn(given, values, scale, rng)
        facts = {key: text for key, text in row.items() if key not in values}
        problem = Problem(formula, values, scale, rng.choice(formula.decimals), facts)
        if min(values.values()) > 0 and _is_plausible(problem):
            return problem


def _drawn(given: Input, values: Mapping[str, Decimal], scale: str, rng: random.Random) -> Decimal:
    factor, grid = (Decimal(text) for text in (_FACTORS[scale] if given.kind == "money" else ("1", "1")))
    base = values[given.of] if given.of else factor
    step = given.step * grid
    low, high = int((given.low * base / step).to_integral_value()), int((given.high * base / step).to_integral_value())
    return plain_decimal(rng.randint(low, high) * step)


def _is_plausible(problem: Problem) -> bool:
    formula, exact = problem.formula, problem.exact
    if formula.exact and quantize(exact, problem.decimals) != exact:
        return False
    # A rounded answer keeps at least two significant digits, or a near miss would pass for a hit.
    if abs(problem.answer) < 10 * Decimal(1).scaleb(-problem.decimals):
        return False
    if formula.plausible is None:
        return True
    expression, low, high = formula.plausible
    value = evaluate(expression, problem.operands) if expression else exact
    return Decimal(str(low)) <= value <= Decimal(str(high))
