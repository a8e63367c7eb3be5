"""A comparison in the terminal and in pull requests: the page's verdicts as a compact table."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchmark.comparing.comparison import Comparison, Delta
from benchmark.comparing.export import as_json
from benchmark.comparing.remarks import remarks, verdict_line
from benchmark.comparing.verdicts import MARKS
from benchmark.visible import visible

__all__ = ["as_json", "as_markdown", "print_comparison"]

Cells = tuple[str, ...]

_HEAD = ("task", "metric", "n", "before", "after", "Δ [low; estimate; high]", "p", "verdict")
_LONGEST = 200
_GAP = 2
_NAME = 8
"""Columns of a table that a name is folded into at the least."""
_STYLES = {
    "improved": "bold blue",
    "worsened": "bold dark_orange3",
    "withheld": "dim",
    "inconclusive": "",
    "equivalent": "",
}


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print the table, or where the screen is too narrow for it the same cells below each other; then the remarks."""
    console = console or Console()
    console.print(Text(_title(comparison), style="bold"))
    rows = [_HEAD, *map(_cells, comparison.deltas)]
    lines = [tuple(map(_shown, (task, *others))) for task, _, *others in rows]
    styles = ["dim", *(_STYLES[delta.verdict] for delta in comparison.deltas)]
    if _fits(lines, console.width):
        console.print(_table(lines, styles))
    else:
        for line, style in zip(lines, styles, strict=True):
            console.print(_block(line, style))
    console.print(Text(verdict_line(comparison), style="bold"))
    for remark in remarks(comparison):
        console.print(Text(_shown(remark), style="dim"))


def _fits(lines: Sequence[Cells], width: int) -> bool:
    """Whether a table of this width shows every cell: names may be folded, nothing else."""
    names, *others = zip(*lines, strict=True)
    widths = [min(_NAME, max(map(cell_len, names))), *(max(map(cell_len, column)) for column in others)]
    return sum(widths) + _GAP * len(others) <= width


def _table(lines: Sequence[Cells], styles: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style=styles[0])
    for name in lines[0]:
        side: JustifyMethod = "left" if name in ("task", "verdict") else "right"
        # Text, for rich would take the brackets of the interval for its markup.
        table.add_column(Text(name), justify=side, no_wrap=name != "task", overflow="fold")
    for line, style in zip(lines[1:], styles[1:], strict=True):
        table.add_row(*map(Text, line[:-1]), Text(line[-1], style=style))
    return table


def _block(line: Cells, style: str) -> RenderableType:
    """One line of the table below its verdict, which is what a reader must not miss."""
    task, n, before, after, change, p_value, verdict = line
    numbers = (f"{n}, {before} → {after}", ", ".join(filter(None, (change, p_value))))
    return Group(Text.assemble((verdict, style), "  ", task), Padding(Text("\n".join(numbers)), (0, 0, 0, _GAP)))


def as_markdown(comparison: Comparison) -> str:
    """The same table for a pull request."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(delta) for delta in comparison.deltas)]
    table = "\n".join("| " + " | ".join(_escape(cell) for cell in row) + " |" for row in rows)
    said = "".join(f"- {_escape(line)}\n" for line in remarks(comparison))
    return f"**{_escape(_title(comparison))}**\n\n{verdict_line(comparison)}\n\n{table}\n\n{said}"


def _title(comparison: Comparison) -> str:
    return f"{_shown(comparison.baseline.name)} → {_shown(comparison.finetuned.name)}"


def _shown(text: str) -> str:
    """Names come from elsewhere: nothing in them moves the cursor, breaks the encoding or fills the screen."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"


def _escape(cell: str) -> str:
    """In Markdown no cell may end its column, start a tag or a link."""
    line = _shown(cell)
    return "".join(f"\\{char}" if char in "\\|<>[]`*_" else char for char in line) if line != "---" else line


def _cells(delta: Delta) -> Cells:
    arrow = "↑" if delta.higher_is_better else "↓"
    p_value = "" if delta.p_adjusted is None else "<0.001" if delta.p_adjusted < 0.001 else f"{delta.p_adjusted:.3f}"
    return (
        delta.title["en"],
        f"{delta.metric} {arrow}",
        str(delta.n_pairs),
        _level(delta, delta.baseline),
        _level(delta, delta.finetuned),
        _change(delta),
        p_value,
        _verdict(delta),
    )


def _level(delta: Delta, value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.1f}%" if delta.share else f"{value:.3g}"


def _change(delta: Delta) -> str:
    if delta.difference is None or delta.verdict == "withheld":
        return "—"
    values = (delta.ci_low, delta.difference, delta.ci_high)
    scale, form, unit = (100.0, "+.1f", " pp") if delta.share else (1.0, "+.3g", "")
    # Rounded first and added to zero, so that nothing is printed as -0.0.
    texts = ["—" if value is None else format(round(scale * value, 6) + 0.0, form) for value in values]
    return f"[{'; '.join(texts)}]{unit}"


def _verdict(delta: Delta) -> str:
    return f"{MARKS[delta.verdict]} {delta.verdict}"
