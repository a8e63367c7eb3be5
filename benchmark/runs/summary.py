"""What a finished run prints: each task's headline, answers that were lost and what to do about it, and the cost."""

from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.comparing.measures import is_number
from benchmark.results import load_run
from benchmark.runs.records import RunRecord

LOST = {
    "truncated": ("broken off inside the reasoning", "raise --max-gen-toks"),
    "unparsed": ("without anything to read as the answer", "a comparison page shows them"),
    "invalid_json": ("that are no readable JSON", "a comparison page shows them"),
    "refusal": ("that refuse to answer", ""),
    "empty": ("that are empty", ""),
}
"""Outcome of an answer that could not be judged -> what it is, and the remedy where there is one."""
MANY = 0.2
"""Share of a task's answers from which the task is named."""


def print_run(folder: Path) -> None:
    """Print the run's headline scores with their errors, lost answers, the cost, and where the files are."""
    record = load_run(folder)
    console = Console()
    console.print(_scores(record))
    for line in [*_losses(record), *_limits(record), *_cost(record)]:
        console.print(_plain(line))
    console.print(_plain(str(folder)), soft_wrap=True)


def _scores(record: RunRecord) -> Table:
    table = Table("task", "metric", "score", "± s.e.", "n", title=_plain(record.name))
    for task in record.tasks.values():
        score = task.scores.get(task.headline)
        if score is not None:
            stderr = "—" if score.stderr is None else f"{score.stderr:.3f}"
            table.add_row(_plain(task.name), _plain(task.headline), f"{score.value:.3f}", stderr, str(score.n))
    groups = record.results.get("groups")
    for name, values in groups.items() if isinstance(groups, dict) else ():
        average = _numbers(values).get("score,none")
        if average is not None:
            table.add_row(_plain(name), "macro average", f"{average:.3f}", "", "", style="bold")
    return table


def _losses(record: RunRecord) -> list[str]:
    """Answers that were lost before they could be judged, most frequent reason first."""
    total = sum(len(task.samples) for task in record.tasks.values())
    counts: dict[str, Counter[str]] = {outcome: Counter() for outcome in LOST}
    for task in record.tasks.values():
        for sample in task.samples.values():
            if sample.outcome in counts:
                counts[sample.outcome][task.name] += 1
    frequent = sorted((item for item in counts.items() if item[1]), key=lambda item: -item[1].total())
    lines = []
    for outcome, of in frequent:
        what, remedy = LOST[outcome]
        lines.append(f"answers {what}: {of.total()} of {total}{_where(record, of)}{remedy and f'; {remedy}'}")
    return lines


def _where(record: RunRecord, counts: Counter[str]) -> str:
    """` (rufin_extraction 20 of 30)`: the tasks that lost many answers so."""
    sizes = {name: len(record.tasks[name].samples) for name in counts}
    many = [f"{name} {count} of {sizes[name]}" for name, count in counts.most_common() if count >= MANY * sizes[name]]
    return f" ({', '.join(many)})" if many else ""


def _limits(record: RunRecord) -> list[str]:
    """Answers and prompts that met a limit of tokens."""
    lines = []
    counts = _numbers(record.get("tokens"))
    filled, repeating, too_long = (
        counts.get(key) for key in ("truncated_answers", "repeating_answers", "too_long_prompts")
    )
    if filled:
        of_them = f" ({repeating} of them repeat themselves to the end)" if repeating else ""
        remedy = "raise --max-gen-toks if they break off"
        lines.append(f"answers that filled their limit of tokens: {filled}{of_them}; {remedy}")
    if too_long:
        remedy = " (or --on-long-prompt refuse)" if record.get("system", "backend") == "hf" else ""
        lines.append(f"prompts longer than the model's context, cut at their beginning: {too_long}{remedy}")
    return lines


def _cost(record: RunRecord) -> list[str]:
    """Seconds, speed and memory, as far as the run kept them."""
    seconds, counts = record.get("seconds"), _numbers(record.get("answers"))
    if not is_number(seconds) or seconds <= 0:
        return []
    parts = [f"{seconds:.0f} s"]
    if counts.get("given"):
        parts.append(f"{counts['given'] / seconds:.3g} answers/s")
        if counts.get("tokens"):
            parts.append(f"{counts['tokens'] / seconds:.0f} tokens/s")
        if counts.get("from_before"):
            parts.append(f"from an earlier try: {counts['from_before']}")
    for kind, peak in _numbers(record.get("peak_memory_bytes")).items():
        parts.append(f"peak memory ({kind}) {peak / 2**30:.1f} GiB")
    return [" · ".join(parts)]


def _numbers(section: Any) -> dict[str, Any]:
    """The numbers in a section of a file, which may hold anything."""
    return {key: value for key, value in section.items() if is_number(value)} if isinstance(section, dict) else {}


def _plain(text: str) -> Text:
    """Names come from files: no markup of rich, no control sequence of the terminal."""
    return Text("".join(letter if letter.isprintable() else "�" for letter in text))
