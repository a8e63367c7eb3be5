"""What a finished run prints: the headline of each task, what answers were lost and what to do about it."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmark.records import RunRecord
from benchmark.results import load_run

LOST = {
    "outcome_truncated": "break off inside their reasoning: raise --max-gen-toks",
    "outcome_unparsed": "without a readable answer: read them in a comparison page",
    "outcome_refusal": "refuse to answer",
    "outcome_empty": "are empty",
}


def print_run(folder: Path) -> None:
    """Print the run's headline scores with their errors, lost answers, and where the files are."""
    record = load_run(folder)
    console = Console()
    console.print(_scores(record))
    for line in _losses(record):
        console.print(line, markup=False)
    console.print(folder, markup=False, highlight=False, soft_wrap=True)


def _scores(record: RunRecord) -> Table:
    table = Table("task", "metric", "score", "± s.e.", "n", title=record.name)
    for task in record.tasks.values():
        score = task.scores.get(task.headline)
        if score is not None:
            stderr = "—" if score.stderr is None else f"{score.stderr:.3f}"
            table.add_row(task.name, task.headline, f"{score.value:.3f}", stderr, str(score.n))
    group = record.results.get("groups") or {}
    for name, values in group.items():
        if isinstance(values, dict) and isinstance(values.get("score,none"), float):
            table.add_row(name, "macro average", f"{values['score,none']:.3f}", "", "", style="bold")
    return table


def _losses(record: RunRecord) -> list[str]:
    """Answers that were lost before they could be judged, most frequent reason first."""
    samples = [sample for task in record.tasks.values() for sample in task.samples.values()]
    lines = []
    for outcome, remedy in LOST.items():
        count = sum(f"outcome_{sample.outcome}" == outcome for sample in samples)
        if count:
            lines.append(f"{count} of {len(samples)} answers {remedy}")
    filled = record.get("tokens", "truncated_answers")
    if filled:
        lines.append(
            f"{filled} of {len(samples)} answers filled their limit of tokens: raise --max-gen-toks if they break off"
        )
    return lines
