"""The rubric: from an effect in percent to a direction, and the arithmetic that an item's gold carries.

An effect is the change of the participant's own yearly result (profit, interest margin, value of a portfolio) at
unchanged volumes, in percent of that result. Its arithmetic stands in the item's gold as a formula over the figures
that the prompt prints, so that anyone can see why a line is what it is and recompute it.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar

Number = TypeVar("Number", Fraction, float)

POSITIVE, NEUTRAL, NEGATIVE = "позитивно", "нейтрально", "негативно"
DIRECTIONS = (POSITIVE, NEUTRAL, NEGATIVE)

THRESHOLD = Fraction(2)
"""From this effect on, in percent, a line is positive or negative; the prompt states it."""
CLEARLY_NEUTRAL = Fraction(1)
CLEARLY_DIRECTED = Fraction(4)
"""Effects between these two are borderline: no item uses them, whichever way they would fall."""

LEVELS: dict[str, tuple[str, ...]] = {
    POSITIVE: (
        "позитивно", "позитивный", "позитив", "положительно", "положительный", "благоприятно", "благоприятный",
    ),
    NEUTRAL: ("нейтрально", "нейтральный", "нейтралитет"),
    NEGATIVE: (
        "негативно", "негативный", "негатив", "отрицательно", "отрицательный", "неблагоприятно", "неблагоприятный",
    ),
}  # fmt: skip
"""Direction -> the words that state it."""

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def direction(effect: Fraction) -> str | None:
    """The direction of an effect in percent; None where it is borderline and must not be used."""
    if abs(effect) <= CLEARLY_NEUTRAL:
        return NEUTRAL
    if abs(effect) < CLEARLY_DIRECTED:
        return None
    return POSITIVE if effect > 0 else NEGATIVE


def evaluate(formula: str) -> Fraction:
    """The exact value of a formula of numbers, + − * / and brackets.

    Raises:
        ValueError: anything else stands in it.
    """
    return _value(_parse(formula), Fraction, {})


def estimate(formula: str, names: Mapping[str, float]) -> float:
    """A formula's value in floating point, words in it standing for the numbers that `names` gives them."""
    return _value(_parse(formula), float, names)


def steps(formula: str) -> Iterator[Fraction]:
    """The value of every part of a formula: the intermediate results that an answer may cite."""
    for node in ast.walk(_parse(formula)):
        if isinstance(node, ast.BinOp | ast.UnaryOp):
            yield _value(node, Fraction, {})


def literals(formula: str) -> Iterator[Fraction]:
    """The numbers that a formula is written with."""
    for node in ast.walk(_parse(formula)):
        if isinstance(node, ast.Constant):
            yield _value(node, Fraction, {})


@lru_cache(maxsize=1 << 12)
def _parse(formula: str) -> ast.expr:
    try:
        return ast.parse(formula, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"not a formula: {formula!r}") from error


def _value(node: ast.expr, kind: Callable[[str], Number], names: Mapping[str, Number]) -> Number:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, kind, names), _value(node.right, kind, names))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, kind, names)
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        # The shortest text of a float is the literal itself; the float's exact value would turn 7.1 into 7.0999…
        return kind(repr(node.value))
    raise ValueError(f"not a formula of numbers, + - * / and brackets: {ast.unparse(node)!r}")
