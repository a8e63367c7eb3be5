"""Reads a number out of a Russian answer and judges it. (First cut; see docs/grading.md for the rules.)"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Verdict:
    """The judgement of one numeric answer."""

    correct: bool
    outcome: str
    parsed: Decimal | None
    flags: tuple[str, ...] = ()


def grade(output: str, gold: str | float | Decimal, unit: str = "", *, decimals: int | None = None) -> Verdict:
    """Judge an answer against its gold."""
    raise NotImplementedError
