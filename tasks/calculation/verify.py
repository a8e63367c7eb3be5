"""Finds what is wrong with a calculation item, by another path than the one that made it."""

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tasks.calculation.checks import CHECKS
from tasks.scoring.characters import plain
from tasks.scoring.comparison import Target
from tasks.scoring.expression import formula_gives
from tasks.scoring.numeric import grade, read
from tasks.scoring.quantity import quantities

_ROUBLES = {"тыс. руб.": 10**3, "млн руб.": 10**6, "млрд руб.": 10**9}
_HEADERS = {"тыс": 10**3, "млн": 10**6, "млрд": 10**9}
_BARE = re.compile(r"(?<![\d,.])\d{1,2}(?![\d.,]*\d)")
_ENUMERATION = re.compile(r",? и |, ")
_EQUALS = re.compile(r"[=≈]")
_OPERATOR = re.compile(r"\d[)%]* ?[-−+×/^]|√")
_ROUND_OFF = Fraction(1, 10**7)
"""Relative error allowed to the checks that work in floating point."""


def verify(item: Mapping[str, Any]) -> list[str]:
    """The item's problems; an empty list where there are none.

    Checked: the gold value is the formula's value by `checks.CHECKS`, rounded as asked; every input stands in the
    instruction; every reference states the gold and no arithmetic in it is false.
    """
    gold = item["gold"]
    check = CHECKS.get(gold["formula"])
    if check is None:
        return [f"formula {gold['formula']!r} has no second computation; add it to tasks/calculation/checks.py"]
    inputs = {name: Fraction(value) for name, value in json.loads(gold["inputs"]).items()}
    exact = Fraction(check(inputs)) / _ROUBLES.get(gold["unit"], 1)
    return [*_wrong_value(gold, exact), *_absent_inputs(inputs, item["instruction"]), *_wrong_references(item)]


def _wrong_value(gold: Mapping[str, Any], exact: Fraction) -> Iterator[str]:
    half = Fraction(1, 2 * 10 ** gold["decimals"])
    if abs(Fraction(gold["value"]) - exact) > half + abs(exact) * _ROUND_OFF:
        yield f"gold {gold['value']} {gold['unit']}: the second computation gives {float(exact)}"
    if len(gold["value"].partition(".")[2]) != gold["decimals"]:
        yield f"gold {gold['value']}: written with other than {gold['decimals']} decimals"


def _absent_inputs(inputs: Mapping[str, Fraction], instruction: str) -> Iterator[str]:
    stated = set(_stated(instruction))
    for name, value in inputs.items():
        if value not in stated:
            yield f"input {name} = {float(value)} does not stand in the instruction"


def _stated(instruction: str) -> Iterator[Fraction]:
    """Every value that a figure of the instruction can mean, in base units."""
    # Neighbours in an enumeration are separate figures, not a compound «2 млн 350 тыс.».
    text = _ENUMERATION.sub("; ", plain(instruction))
    headers = [factor for word, factor in _HEADERS.items() if word in text]
    for quantity in quantities(text, 0, len(text)):
        if quantity.number is None:
            continue
        number, unit = quantity.number, quantity.unit
        yield number * unit.factor * (100 if unit.kind in ("percent", "points") else 1)
        if unit.kind == "time":
            yield number * unit.factor / 12
        if unit.bare:
            # A table's unit stands in its heading.
            yield from (number * factor for factor in headers)
    # Ordinals («7-й», «№ 7») are no quantities.
    yield from (Fraction(digits) for digits in _BARE.findall(text))


def _wrong_references(item: Mapping[str, Any]) -> Iterator[str]:
    gold = item["gold"]
    if item["references"][0] != item["output"]:
        yield "references[0] is not the output"
    for reference in item["references"]:
        verdict = grade(reference, gold["value"], gold["unit"], decimals=gold["decimals"])
        if not verdict.correct:
            yield f"a reference is graded {verdict.outcome}, not correct: {reference.splitlines()[-1]}"
        yield from (f"false arithmetic in a reference: {line}" for line in reference.splitlines() if _is_false(line))


def _is_false(line: str) -> bool:
    """Whether a line «… = expression = result» states a result that its expression does not give."""
    *_, expression, stated = ["", *_EQUALS.split(line)]
    result = read(stated.rstrip(" .;"))
    if result is None or result.number is None or not _OPERATOR.search(expression):
        return False
    digits = re.search(r",(\d+)", stated)
    target = Target(result.number, result.unit, len(digits[1]) if digits else 0)
    # A lone «× 100» would pass for a change of notation, and for no computation.
    return not formula_gives(plain(f"{expression} + 0"), target)
