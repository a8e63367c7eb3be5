"""Reads a pasted table anew: is the gold value in the column of the right period, does the change follow?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0]\d{3})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?")
"""A figure in digits, thousands set off by spaces."""


def figure(text: str) -> Decimal:
    """The value of what `NUMBER` matched."""
    return Decimal(re.sub(r"[ \u00a0]", "", text).replace(",", "."))


def is_table_line(line: str) -> bool:
    """Whether a line has columns."""
    return len(_cells(line)) >= 3


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r" \| |; |\t| {3}| ¦ | / ", line)]


def column_problems(rows: Sequence[Mapping[str, Any]], text: str) -> Iterator[str]:
    """In a table with two periods: the value stands under the later one, and the change follows from both."""
    order: list[int] = []
    for line in text.split("\n"):
        cells = _cells(line)
        if cells[0] == "Показатель" and len(cells) >= 3:
            years = [int(found[-1]) if (found := re.findall(r"20\d\d", cell)) else 0 for cell in cells[1:3]]
            order = [1, 2] if years[0] > years[1] else [2, 1]
        elif order and len(cells) > 2:
            yield from _line(rows, cells, order)


def _line(rows: Sequence[Mapping[str, Any]], cells: Sequence[str], order: Sequence[int]) -> Iterator[str]:
    name = cells[0].split(",")[0].replace(" (", "(").split("(")[0].lower()
    for row in rows:
        if row["metric"].lower() not in (name, name.replace("соотношение «", "").rstrip("»")):
            continue
        now, before = (_cell(cells[position]) for position in order)
        if now is None or before is None or now != Decimal(row["value"]):
            yield f"{row['metric']}: the table says {now}, the gold {row['value']}"
        elif row["change"] is not None and row["change_unit"] == "п.п." and now - before != Decimal(row["change"]):
            yield f"{row['metric']}: {now} after {before} is not a change of {row['change']} п.п."
        elif row["change_unit"] == "%" and abs((now / before - 1) * 100 - Decimal(row["change"])) > Decimal("0.5"):
            yield f"{row['metric']}: {now} after {before} is not a change of {row['change']}%"


def _cell(text: str) -> Decimal | None:
    digits = NUMBER.search(text)
    if digits is None:
        return None
    value = figure(digits.group())
    return -value if text[:1] in "(-−–" else value
