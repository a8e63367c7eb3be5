"""Grades extracted rows field by field, in the terms of the Message Understanding Conferences (Chinchor, MUC-5, 1993).

A field is correct (COR), incorrect (INC: stated, but another), missing (MIS: in the gold only) or spurious (SPU: in the
answer only). Precision is COR / (COR + INC + SPU), recall COR / (COR + INC + MIS). There is no partial credit: 1250 for
9250 is as wrong as anything. Values count within their row, so two values swapped between rows are two errors.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from tasks.scoring.amounts import as_share
from tasks.scoring.row import Quantity, Row
from tasks.scoring.rows import FIELDS, read_rows

KEY = ("metric", "entity", "period")
"""What makes two rows the same fact."""

MAX_ALIGNED_ROWS = 100
"""Rows of an answer beyond this many are spurious without a look: no document holds so many."""


@dataclass
class Counts:
    """COR, INC, MIS and SPU of some fields."""

    correct: int = 0
    incorrect: int = 0
    missing: int = 0
    spurious: int = 0

    @property
    def stated(self) -> int:
        """Fields that the answer states."""
        return self.correct + self.incorrect + self.spurious

    @property
    def expected(self) -> int:
        """Fields that the gold holds."""
        return self.correct + self.incorrect + self.missing

    @property
    def precision(self) -> float:
        """Share of the stated fields that are correct."""
        return self.correct / self.stated if self.stated else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold's fields that the answer gives."""
        return self.correct / self.expected if self.expected else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there was nothing to state and nothing was stated."""
        total = self.stated + self.expected
        return 2 * self.correct / total if total else 1.0

    @property
    def triple(self) -> list[int]:
        """[correct, stated, expected], which `aggregate.micro_f1` pools over items."""
        return [self.correct, self.stated, self.expected]

    def add(self, verdict: str, times: int = 1) -> None:
        """Count one verdict: COR, INC, MIS or SPU."""
        name = {"COR": "correct", "INC": "incorrect", "MIS": "missing", "SPU": "spurious"}[verdict]
        setattr(self, name, getattr(self, name) + times)


@dataclass
class FieldScore:
    """The grade of one answer against one gold list of rows."""

    outcome: str
    """`read`, or why there are no rows: `invalid_json`, `truncated`, `refusal`, `empty`."""
    counts: Counts = field(default_factory=Counts)
    fields: dict[str, Counts] = field(default_factory=lambda: {name: Counts() for name in FIELDS})

    @property
    def exact(self) -> bool:
        """Whether the answer gives every field of the gold and nothing else."""
        return self.outcome == "read" and self.counts.correct == self.counts.stated == self.counts.expected

    def add(self, verdicts: Mapping[str, str]) -> None:
        """Count the verdicts of one row."""
        for name, verdict in verdicts.items():
            self.fields[name].add(verdict)
            self.counts.add(verdict)


def score(prediction: object, gold: Sequence[Mapping[str, Any]]) -> FieldScore:
    """Grade an answer: find its rows, align them with the gold's, compare field by field.

    Rows with the same metric, company and period are aligned first, the others by the assignment that matches most
    fields, among pairs that share at least the metric or the value: agreeing on the unit or the year alone is chance.

    Args:
        prediction: what the model wrote.
        gold: rows with the keys `FIELDS`; numbers as decimal strings.
    """
    reading = read_rows(prediction)
    stated, expected = [Row(row) for row in reading.rows], [Row(_exact(row)) for row in gold]
    result = FieldScore(reading.outcome)
    pairs = _align(stated[:MAX_ALIGNED_ROWS], expected)
    for left, right in pairs:
        result.add(_compare(stated[left], expected[right]))
    for rows, taken, verdict in ((stated, 0, "SPU"), (expected, 1, "MIS")):
        aligned = {pair[taken] for pair in pairs}
        for position, row in enumerate(rows):
            if position not in aligned:
                result.add({name: verdict for name in FIELDS if row.states(name)})
    return result


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    """A gold row with its numbers as `Decimal`: they are decimal strings, not something to interpret."""
    numbers = {name: Decimal(row[name]) for name in ("value", "change") if row.get(name) is not None}
    return {**row, **numbers}


def _same_amount(left: Quantity, right: Quantity, relative: bool) -> bool:
    """Whether two quantities are one amount; a relative one may be written as a multiple: в 1,5 раза = +50%."""
    a, b = left.base(), right.base()
    if a is None or b is None:
        return False
    if relative and {a[1], b[1]} == {"ratio", "percent"}:
        a, b = ((as_share(n), "percent") if kind == "ratio" else (n, kind) for n, kind in (a, b))
    return a == b


def _compare_quantity(stated: Quantity, expected: Quantity, relative: bool) -> tuple[str | None, str | None]:
    """Verdicts on a number and on its unit. One amount in another unit (1 250 млн, 1,25 млрд) is right in both."""
    same = _same_amount(stated, expected, relative)
    value = _verdict(stated.stated, expected.stated, same or stated.number == expected.number)
    unit = _verdict(stated.unit_stated, expected.unit_stated, same or stated.unit == expected.unit)
    return value, unit


def _verdict(stated: bool, expected: bool, equal: bool) -> str | None:
    if stated and expected:
        return "COR" if equal else "INC"
    if expected:
        return "MIS"
    return "SPU" if stated else None


def _compare(stated: Row, expected: Row) -> dict[str, str]:
    """Verdict by field; a field that is absent on both sides has none."""
    verdicts: dict[str, str | None] = {
        name: _verdict(stated.states(name), expected.states(name), stated.names.get(name) == expected.names.get(name))
        for name in KEY
    }
    verdicts["value"], verdicts["unit"] = _compare_quantity(stated.value, expected.value, relative=False)
    verdicts["change"], verdicts["change_unit"] = _compare_quantity(stated.change, expected.change, relative=True)
    return {name: verdict for name, verdict in verdicts.items() if verdict}


def _align(stated: Sequence[Row], expected: Sequence[Row]) -> list[tuple[int, int]]:
    """Pairs of positions: the assignment with the most key matches, and among those with the most correct fields."""
    if not stated or not expected:
        return []
    weights = np.array([[_affinity(_compare(left, right)) for right in expected] for left in stated])
    rows, columns = linear_sum_assignment(weights, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if weights[i, j] > 0]


def _affinity(verdicts: Mapping[str, str]) -> int:
    correct = Counter(verdicts.values())["COR"]
    if all(verdicts.get(name) == "COR" for name in KEY):
        return 1_000 + correct
    return correct if "COR" in (verdicts.get("metric"), verdicts.get("value")) else 0
