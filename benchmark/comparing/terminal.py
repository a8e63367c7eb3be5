"""A comparison in the terminal and in pull requests: the page's verdicts as a compact table."""

from collections.abc import Iterator

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from benchmark.comparing.comparison import Comparison, Delta
from benchmark.comparing.export import as_json
from benchmark.comparing.verdicts import MARKS
from benchmark.visible import visible

__all__ = ["as_json", "as_markdown", "print_comparison", "verdict_line"]

_HEAD = ("task", "metric", "n", "before", "after", "Δ [low; estimate; high]", "p", "verdict")
_LONGEST = 200
_STYLES = {
    "improved": "bold blue",
    "worsened": "bold dark_orange3",
    "withheld": "dim",
    "inconclusive": "",
    "equivalent": "",
}
_REASONS = {
    "few_differences": "too few documents differ",
    "one_cluster": "one document or one template",
    "no_pairs": "no common documents",
    "other_documents": "other documents",
    "other_dataset": "other data",
    "other_version": "other task version",
    "other_grader": "other grader or metric; rufinbench rescore grades a run by today's",
    "unknown_grader": "not recorded which code graded one of the runs; rufinbench rescore grades it again",
    "not_recomputable": "computed over all answers by a function not known here: no interval, no test",
    "": "",
}


def verdict_line(comparison: Comparison) -> str:
    """The comparison in one sentence."""
    counts = comparison.counts
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count or verdict in ("improved", "worsened")]
    rules = f"Holm over {comparison.family}, α={comparison.alpha:g}, δ={100 * comparison.margin:g} pp"
    tasks = f"{len(comparison.deltas)} task{'s' * (len(comparison.deltas) != 1)}"
    return f"{', '.join(parts)} of {tasks} ({rules})"


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print the table, what the comparison is, and what was left out."""
    console = console or Console()
    console.print(Text(_title(comparison), style="bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for position, name in enumerate(("task", *_HEAD[2:])):
        first = position == 0
        # On a narrow screen names are folded, and intervals on unknown scales, which may be long; nothing is cut.
        folded = first or (name.startswith("Δ") and not all(delta.share for delta in comparison.deltas))
        # Text, for rich would take the brackets of the interval for its markup.
        side: JustifyMethod = "left" if first or name == "verdict" else "right"
        table.add_column(Text(name), justify=side, no_wrap=not folded, overflow="fold")
        table.columns[-1].min_width = 10 if first else None
    for delta in comparison.deltas:
        task, _, *numbers = _cells(delta)
        style = _STYLES[delta.verdict]
        table.add_row(
            Text(_shown(task)), *map(Text, numbers[:-1]), Text(f"{MARKS[delta.verdict]} {delta.verdict}", style=style)
        )
    console.print(table)
    console.print(Text(verdict_line(comparison), style="bold"))
    for line in _remarks(comparison):
        console.print(Text(_shown(line), style="dim"))


def as_markdown(comparison: Comparison) -> str:
    """The same table for a pull request."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(delta) for delta in comparison.deltas)]
    table = "\n".join("| " + " | ".join(_escape(cell) for cell in row) + " |" for row in rows)
    remarks = "".join(f"- {_escape(line)}\n" for line in _remarks(comparison))
    return f"**{_escape(_title(comparison))}**\n\n{verdict_line(comparison)}\n\n{table}\n\n{remarks}"


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


def _cells(delta: Delta) -> tuple[str, ...]:
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


def _remarks(comparison: Comparison) -> Iterator[str]:
    state = comparison.comparability
    for verdict, reason in dict.fromkeys((delta.verdict, delta.reason) for delta in comparison.deltas if delta.reason):
        alike = [delta for delta in comparison.deltas if (delta.verdict, delta.reason) == (verdict, reason)]
        which = "All" if len(alike) == len(comparison.deltas) > 1 else ", ".join(delta.title["en"] for delta in alike)
        yield f"{which}: {verdict}, {_REASONS[reason]}."
    if state.kind == "controlled":
        what = "the adapter alone" if state.adapter else "nothing that was recorded"
        yield f"Controlled comparison: the runs differ in {what}."
    else:
        keys = dict.fromkeys(difference.key for difference in state.differences)
        yield f"System comparison: the runs also differ in {', '.join(keys)}."
    limits = [run.limit for run in (comparison.baseline, comparison.finetuned)]
    if limits[0] == limits[1] is not None:
        yield f"Both runs have --limit {limits[0]}: the verdicts are about this part of the documents alone."
    if limits[0] != limits[1]:
        lengths = ("all documents" if limit is None else f"--limit {limit}" for limit in limits)
        yield f"The runs differ in length ({', '.join(lengths)}): only common documents are compared."
    for found in comparison.matching:
        left = found.only_baseline + found.only_finetuned + found.failed
        if left:
            yield f"{found.task}: documents left out (no counterpart or no value): {left}."
    for side, problem in comparison.notes:
        facts = " ".join(str(part) for part in (problem.task, problem.count or "", problem.detail) if part)
        yield f"{side}: {problem.kind.replace('_', ' ')}{': ' + facts if facts else ''}"
    for side, names in zip(("baseline", "finetuned"), comparison.unshared, strict=True):
        if names:
            yield f"Only in the {side} run: {', '.join(names)}."
