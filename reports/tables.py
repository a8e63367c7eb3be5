"""A comparison as CSV for a spreadsheet."""

import csv
import io
import re
from typing import Any

from benchmark.comparing.comparison import Comparison
from benchmark.visible import visible

_FORMULA = re.compile(r"(?:^|(?<=[;,\t\n\"]))(?=\s*[=+\-@\t\n])")
_FIELDS = (
    "task", "metric", "headline", "higher_is_better", "baseline", "finetuned", "difference", "ci_low", "ci_high",
    "p_value", "p_adjusted", "n_pairs", "clusters", "improved", "worsened", "detectable", "method", "verdict", "reason",
)  # fmt: skip


def as_csv(comparison: Comparison) -> str:
    """All metrics, one row each, numbers unrounded and with a decimal point."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_FIELDS)
    for delta in (*comparison.deltas, *comparison.secondary):
        writer.writerow([cell(getattr(delta, field)) for field in _FIELDS])
    return out.getvalue()


def cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula; numbers, negative ones too, stay numbers.

    A text is also looked at behind each separator: where the decimal comma is used, cells end at semicolons.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    return _FORMULA.sub("'", visible(value))
