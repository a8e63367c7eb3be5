"""Checks one item by a path of its own: from the figures that its prompt prints to its directions."""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tasks.market_trends.rubric import DIRECTIONS, direction, evaluate, literals
from tasks.market_trends.task import read

CONSTANTS = {Fraction(1), Fraction(100), Fraction(1000)}
"""Numbers that a formula may use without the prompt printing them: percent, and thousands of a unit."""

_FIGURE = re.compile(r"\d{1,3}(?:[\u00a0 ]\d{3})+(?!\d)(?:,\d+)?|\d+(?:,\d+)?")


def verify(item: Mapping[str, Any]) -> list[str]:
    """Problems of one item; empty where there are none."""
    return [*_gold_problems(item), *_reference_problems(item)]


def _gold_problems(item: Mapping[str, Any]) -> Iterator[str]:
    lines = item["gold"]["directions"]
    if not 3 <= len(lines) <= 5:
        yield f"{len(lines)} lines, not 3 to 5"
    if len({line["sector"] for line in lines}) < len(lines):
        yield "two lines have one name"
    printed = figures(item["instruction"])
    for line in lines:
        if line["sector"] not in item["instruction"]:
            yield f"{line['sector']}: not named in the prompt"
        try:
            unprinted = set(literals(line["formula"])) - printed - CONSTANTS
            reached = direction(evaluate(line["formula"]))
        except (ValueError, ZeroDivisionError) as error:
            yield f"{line['sector']}: {error}"
            continue
        yield from (f"{line['sector']}: {float(number)} is not in the prompt" for number in sorted(unprinted))
        if reached != line["direction"]:
            yield f"{line['sector']}: {line['formula']} is {reached or 'borderline'}, gold says {line['direction']}"


def _reference_problems(item: Mapping[str, Any]) -> Iterator[str]:
    if item["references"][0] != item["output"]:
        yield "the first reference is not the output"
    if len(set(item["references"])) < 2:
        yield "fewer than two references"
    for number, reference in enumerate(item["references"]):
        for line in item["gold"]["directions"]:
            if f"{line['sector']}: {line['direction']}" not in reference.split("\n"):
                yield f"reference {number}: no line «{line['sector']}: {line['direction']}»"
            if read(reference, line["sector"]).label != line["direction"]:
                yield f"reference {number}: {line['sector']} is not read as {line['direction']}"
        outlook = reference.split("\n")[-1]
        if any(outlook.endswith(word) for word in DIRECTIONS) or not re.search(r"\d", outlook):
            yield f"reference {number}: no outlook with figures"


def figures(text: str) -> set[Fraction]:
    """The numbers that a Russian text prints, without their signs."""
    return {Fraction(re.sub(r"[\u00a0 ]", "", found).replace(",", ".")) for found in _FIGURE.findall(text)}
