"""What the comparison page shows beyond the comparison's own fields: charts, orders, groupings."""

import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.comparing.comparability import Difference
from benchmark.comparing.comparison import Comparison, Delta
from benchmark.comparing.measures import is_number
from benchmark.comparing.verdicts import MARKS, VERDICTS, Verdict
from benchmark.leaderboard.standings import Standing
from benchmark.runs.records import RunRecord
from reports.charts import Scale, difference_scale
from reports.numbers import Numbers

WORST_SLICES = 10
_HEAT = (0.02, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Layout:
    """Where a chart's columns stand, for wide and for narrow pages."""

    name: str
    width: int
    left: int
    right: int
    row: int
    label: int
    """Characters of a task's name that fit."""
    stacked: bool
    """Whether names and values stand above the line and not beside it."""


WIDE = Layout("wide", 960, 270, 730, 30, 22, stacked=False)
NARROW = Layout("narrow", 340, 12, 324, 50, 18, stacked=True)
LAYOUTS = (WIDE, NARROW)


@dataclass(frozen=True)
class Matrix:
    """One task's outcomes before (rows) and after (columns)."""

    task: str
    title: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[int, int], ...], int], ...]
    """(outcome, ((documents, heat 0-5), …), total)."""
    totals: tuple[int, ...]
    n: int


def ordered(deltas: Sequence[Delta]) -> list[Delta]:
    """The largest gain first; those without a difference last."""
    return sorted(deltas, key=lambda d: (d.difference is None, -_gain(d), d.task))


def _gain(delta: Delta) -> float:
    value = delta.difference or 0.0
    return value if delta.higher_is_better else -value


def drawable(deltas: Sequence[Delta]) -> list[Delta]:
    """Deltas that share the chart's scale of points."""
    return [d for d in ordered(deltas) if d.share and d.ci_low is not None and d.verdict != "withheld"]


def forest_scale(deltas: Sequence[Delta], margin: float, layout: Layout) -> Scale:
    """The axis of the forest plot."""
    ends = [end for d in deltas for end in (d.ci_low, d.ci_high) if end is not None]
    return difference_scale(ends, margin, layout.left, layout.right)


def level_scale(layout: Layout) -> Scale:
    """The axis of the levels: nought to one."""
    return Scale(0.0, 1.0, layout.left, layout.right)


def floors(comparison: Comparison) -> dict[tuple[str, str], Delta]:
    """(task, metric) → the metric's random floor, where the task reports one."""
    suffix = "_floor"
    return {
        (delta.task, delta.metric.removesuffix(suffix)): delta
        for delta in comparison.secondary
        if delta.metric.endswith(suffix)
        and delta.metric.removesuffix(suffix) in comparison.baseline.tasks[delta.task].scores
    }


def any_floor(deltas: Sequence[Delta], known: Mapping[tuple[str, str], Delta]) -> bool:
    """Whether any of these metrics has a random floor to show."""
    return any((delta.task, delta.metric) in known for delta in deltas)


def without_floors(deltas: Sequence[Delta], known: Mapping[tuple[str, str], Delta]) -> list[Delta]:
    """Metrics less the floors, which stand beside the metrics that they belong to."""
    beside = {id(floor) for floor in known.values()}
    return [delta for delta in deltas if id(delta) not in beside]


def grouped(found: Sequence[Difference]) -> list[tuple[Difference, list[str]]]:
    """What is alike in several tasks, once, with the tasks' names; a fact about the whole run has none."""
    groups: dict[tuple[str, str, str, bool], tuple[Difference, list[str]]] = {}
    for one in found:
        _, tasks = groups.setdefault((one.key, one.baseline, one.finetuned, bool(one.task)), (one, []))
        tasks += [one.task] if one.task else []
    return list(groups.values())


def glance(comparison: Comparison) -> list[tuple[Verdict, str, list[Delta]]]:
    """Verdicts that occur, with their mark and tasks, for the first screen."""
    groups = [(v, MARKS[v], [d for d in ordered(comparison.deltas) if d.verdict == v]) for v in VERDICTS]
    return [group for group in groups if group[2]]


def matrices(comparison: Comparison, lang: str) -> list[Matrix]:
    """The outcome matrices of tasks whose graders tell outcomes apart."""
    titles = {delta.task: delta.title[lang] for delta in comparison.deltas}
    return [_matrix(task, titles[task], flows) for task, flows in comparison.outcomes.items() if flows]


def _matrix(task: str, title: str, flows: Mapping[tuple[str, str], int]) -> Matrix:
    names = sorted({name for pair in flows for name in pair}, key=lambda name: (name != "correct", name))
    n = sum(flows.values())
    cells = [[flows.get((before, after), 0) for after in names] for before in names]
    rows = [
        (name, tuple((count, _heat(count / n)) for count in line), sum(line))
        for name, line in zip(names, cells, strict=True)
    ]
    totals = tuple(sum(column) for column in zip(*cells, strict=True))
    return Matrix(task, title, tuple(names), tuple(rows), totals, n)


def _heat(share: float) -> int:
    return sum(share >= step for step in _HEAT) if share > 0 else 0


def facts(run: RunRecord) -> dict[str, Any]:
    """A run's own account of itself, each value None where it is not recorded."""
    system = run.get("system") or {}
    memory = run.get("peak_memory_bytes")
    device = run.get("device") or {}
    return {
        "name": run.name,
        "model": run.model,
        "quantization": system.get("quantization"),
        "adapter": run.adapter,
        "parameters": _number(run.get("model", "parameters")),
        "license": run.get("model", "license"),
        "date": run.finished or None,
        "hash": _data_hash(run),
        "documents": sum(len(task.samples) for task in run.tasks.values()),
        "seconds": _number(run.get("seconds") or run.results.get("total_evaluation_time_seconds")),
        "prompt_tokens": _number(run.get("tokens", "prompt")),
        "generated_tokens": _number(run.get("tokens", "generated")),
        "truncated": _number(run.get("tokens", "truncated_answers")),
        "repeating": _number(run.get("tokens", "repeating_answers")),
        "too_long": _number(run.get("tokens", "too_long_prompts")),
        "memory": _number(memory.get("host") if isinstance(memory, Mapping) else memory),
        "gpu_memory": _number(memory.get("gpu")) if isinstance(memory, Mapping) else None,
        "device": ", ".join(str(device[key]) for key in ("name", "kind") if device.get(key)) or None,
    }


def _data_hash(run: RunRecord) -> str | None:
    """One short hash over the data of all tasks: equal here, equal everywhere."""
    hashes = [str(task.metadata.get("dataset_sha256") or "") for task in run.tasks.values()]
    if not any(hashes):
        return None
    return hashlib.sha256("\n".join(hashes).encode("utf-8", "replace")).hexdigest()[:12]


def _number(value: Any) -> float | None:
    """A number, also one that was recorded as text, as lm-eval does with seconds."""
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        return float(value) if is_number(float(value)) else None
    return None


def versions(runs: Sequence[RunRecord]) -> list[tuple[str, list[str]]]:
    """Package → its version in each run."""
    found = [run.get("versions") or {"lm-eval": run.results.get("lm_eval_version")} for run in runs]
    names = sorted({str(name) for versions in found for name in versions})
    return [(name, [str(versions.get(name) or "") for versions in found]) for name in names]


@dataclass(frozen=True)
class LossCurve:
    """Training and validation loss as points of a drawing."""

    train: str
    validation: tuple[tuple[float, float], ...]
    x: Scale
    y: Scale


def loss_curve(run: RunRecord) -> LossCurve | None:
    """The fine-tuning's loss curve, where its manifest has one."""
    rows = run.get("finetuning", "loss_curve")
    points = [row for row in rows if _is_loss_row(row)] if isinstance(rows, list) else []
    losses = [value for row in points for value in row[1:] if value is not None]
    if len(points) < 2 or points[0][0] == points[-1][0] or not losses or min(losses) == max(losses):
        return None
    x = Scale(points[0][0], points[-1][0], 46, 620)
    y = Scale(min(losses), max(losses), 170, 14)
    train = " ".join(f"{x.x(row[0])},{y.x(row[1])}" for row in points if row[1] is not None)
    validation = tuple((x.x(row[0]), y.x(row[2])) for row in points if row[2] is not None)
    return LossCurve(train, validation, x, y)


def _is_loss_row(row: Any) -> bool:
    if not (isinstance(row, list) and len(row) == 3 and is_number(row[0])):
        return False
    return all(value is None or is_number(value) for value in row[1:])


def obstacles(standing: Standing, tasks: Sequence[str]) -> list[tuple[str, list[str], bool]]:
    """(what keeps a system from being ranked, in which tasks, whether in all of them), each obstacle once."""
    found: dict[str, list[str]] = {}
    for obstacle, task in standing.obstacles:
        found.setdefault(obstacle, []).extend([task] if task else [])
    return [(obstacle, names, len(names) == len(tasks)) for obstacle, names in found.items()]


def span(counts: Iterable[int], numbers: Numbers) -> str:
    """The least and the most of some counts: `6`, `24–55`."""
    found = sorted(set(counts))
    return "–".join(numbers.integer(count) for count in dict.fromkeys([found[0], found[-1]]))


def mean_of(scores: Mapping[str, float], tasks: Sequence[str]) -> float | None:
    """The plain mean over all tasks; nothing is imputed for a missing one."""
    return sum(scores[task] for task in tasks) / len(tasks) if tasks and all(task in scores for task in tasks) else None
