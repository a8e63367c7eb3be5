"""Finds the rows of a JSON answer: strict JSON first, else the last balanced block that holds rows."""

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from tasks.scoring.answer import is_refusal, prepare

FIELDS = ("metric", "value", "unit", "period", "change", "change_unit", "entity")
"""The keys of a row; a row's other keys are not looked at."""

MAX_NUMBER = 64
"""A number literal longer than this is kept as text, which no gold equals: it must not become a huge integer."""

_PAIRS = {"]": "[", "}": "{"}


@dataclass(frozen=True)
class RowsReading:
    """The rows that an answer states, and how reading them went."""

    rows: list[dict[str, Any]]
    """Objects with at least one known key, numbers as `Decimal`."""
    outcome: str
    """`read`, `invalid_json`, `truncated`, `refusal` or `empty`."""


def read_rows(output: object) -> RowsReading:
    """The rows of an answer: the whole text as JSON, else the last balanced list of objects, else the last object.

    A list that opens and never closes is `truncated`: the objects in it are not the answer, for the answer was to be a
    JSON list, and whoever parses it gets nothing.
    """
    text, reason = prepare(output)
    if reason:
        return RowsReading([], reason)
    whole = _rows(text)
    if whole is not None:
        return RowsReading(whole, "read")
    blocks, open_list = _balanced(text)
    for start, end in reversed(blocks):
        if text[start] == "[" or not open_list:
            rows = _rows(text[start:end])
            if rows is not None:
                return RowsReading(rows, "read")
    if open_list:
        return RowsReading([], "truncated")
    return RowsReading([], "refusal" if is_refusal(text) else "invalid_json")


def _rows(text: str) -> list[dict[str, Any]] | None:
    """Rows of one JSON text, None where it is not JSON or holds no rows. `{"rows": […]}` is read as its list."""
    value = _loads(text)
    if isinstance(value, dict) and not _known(value):
        lists = [entry for entry in value.values() if isinstance(entry, list)]
        value = lists[0] if len(lists) == 1 else None
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        return None
    rows = [row for row in value if isinstance(row, dict) and _known(row)]
    return rows if rows or not value else None


def _known(row: dict[str, Any]) -> bool:
    return any(key in row for key in FIELDS)


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_float=_number, parse_int=_number)
    except (ValueError, RecursionError):
        return None


def _number(literal: str) -> Decimal | str:
    if len(literal) > MAX_NUMBER:
        return literal
    try:
        return Decimal(literal)
    except InvalidOperation:  # an exponent beyond what Decimal holds
        return literal


def _balanced(text: str) -> tuple[list[tuple[int, int]], bool]:
    """The balanced blocks that stand in no other one, in order, and whether a list of objects stays open.

    Brackets in JSON strings do not count; outside any block a quotation mark is prose and opens no string.
    """
    opened: list[int] = []
    blocks: list[tuple[int, int]] = []
    quoted = escaped = False
    for position, mark in enumerate(text):
        if quoted:
            quoted, escaped = escaped or mark != '"', not escaped and mark == "\\"
        elif mark == '"':
            quoted = bool(opened)
        elif mark in "[{":
            opened.append(position)
        elif mark in _PAIRS and opened and text[opened[-1]] == _PAIRS[mark]:
            start = opened.pop()
            while blocks and blocks[-1][0] > start:
                blocks.pop()
            blocks.append((start, position + 1))
    return blocks, any(text[start] == "[" and text[start + 1 :].lstrip()[:1] == "{" for start in opened[-2:])
