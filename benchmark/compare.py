"""Two runs → what changed, task by task, with intervals and verdicts."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmark import statistics
from benchmark.comparing.comparability import Comparability, comparability
from benchmark.comparing.comparison import Average, Comparison, Delta
from benchmark.comparing.deltas import Effect
from benchmark.comparing.measures import measure
from benchmark.comparing.names import told_apart
from benchmark.comparing.slices import SliceDelta
from benchmark.comparing.taskdelta import TaskComparison
from benchmark.comparing.verdicts import judge
from benchmark.errors import UserError
from benchmark.runs.records import Problem, RunRecord, TaskRecord

SEED = 20_260_101


def compare(
    baseline: RunRecord, finetuned: RunRecord, *, alpha: float = 0.05, margin: float = 0.01, seed: int = SEED
) -> Comparison:
    """Compare two runs over the documents that both answered.

    Args:
        alpha: chance of any false verdict over all headline metrics together (Holm).
        margin: differences within ±margin are as good as none; to be set before looking.
        seed: of the resampling; the same runs and seed give the same numbers.

    Raises:
        UserError: alpha or margin is no share.
    """
    if not 0 < alpha < 1:
        raise UserError(f"--alpha {alpha:g}: give a probability between 0 and 1, such as 0.05")
    if not 0 <= margin < 1:
        raise UserError(f"--margin {margin:g}: give a share of one from 0 up, such as 0.01 for one point")
    baseline, finetuned = told_apart((baseline, finetuned))
    sides = (("baseline", baseline), ("finetuned", finetuned))
    state = comparability(baseline, finetuned)
    shared = [name for name in baseline.tasks if name in finetuned.tasks]
    tasks = [TaskComparison(baseline.tasks[name], finetuned.tasks[name], seed) for name in shared]
    deltas = _with_verdicts([task.headline for task in tasks], state, alpha, margin)
    slices = [found for task in tasks if not state.withheld.get(task.name) for found in task.slices()]
    return Comparison(
        baseline=baseline,
        finetuned=finetuned,
        alpha=alpha,
        margin=margin,
        seed=seed,
        comparability=state,
        deltas=deltas,
        secondary=tuple(delta for task in tasks for delta in task.secondary()),
        average=_average([task.effect for task in tasks], deltas, state),
        slices=_adjusted(slices),
        outcomes={task.name: task.outcomes() for task in tasks},
        matching=tuple(task.matching() for task in tasks),
        unshared=(_only(baseline, finetuned), _only(finetuned, baseline)),
        notes=tuple((side, note) for side, run in sides for note in _notes(run)),
    )


def _only(run: RunRecord, other: RunRecord) -> tuple[str, ...]:
    return tuple(name for name in run.tasks if name not in other.tasks)


def _notes(run: RunRecord) -> list[Problem]:
    """The reader's problems, and aggregates that the samples do not bear out."""
    return [*run.problems, *(note for task in run.tasks.values() if (note := _disagreement(task)))]


def _disagreement(task: TaskRecord) -> Problem | None:
    score = task.scores.get(task.headline)
    values = [sample.metrics.get(task.headline) for sample in task.samples.values()]
    found = measure(task.aggregation(task.headline), values, values)
    if score is None or found is None or not math.isfinite(score.value) or len(values) != task.n_effective:
        return None
    recomputed = float(found.value(found.baseline.sum(0)))
    if math.isclose(recomputed, score.value, rel_tol=1e-6, abs_tol=1e-9):
        return None
    return Problem("disagrees", task.name, detail=f"{score.value:.6g} ≠ {recomputed:.6g}")


def _with_verdicts(deltas: Sequence[Delta], state: Comparability, alpha: float, margin: float) -> tuple[Delta, ...]:
    """Holm over the headlines that may be judged; the others keep their reason."""
    withheld = [
        replace(delta, verdict="withheld", reason=state.withheld[delta.task], p_value=None)
        if state.withheld.get(delta.task)
        else delta
        for delta in deltas
    ]
    tested = [i for i, delta in enumerate(withheld) if delta.verdict != "withheld"]
    adjusted = statistics.holm([withheld[i].p_value or 0.0 for i in tested])
    for i, p_adjusted in zip(tested, adjusted, strict=True):
        withheld[i] = _judged(withheld[i], p_adjusted, alpha, margin)
    return tuple(withheld)


def _judged(delta: Delta, p_adjusted: float, alpha: float, margin: float) -> Delta:
    difference, low, high = delta.difference, delta.ci_low, delta.ci_high
    if difference is None or low is None or high is None:
        return replace(delta, p_adjusted=p_adjusted)
    # A corpus metric where almost nothing differs has a bootstrap interval too short to call anything equal.
    equal_possible = delta.share and not (delta.method == "bootstrap_swap" and delta.reason)
    verdict = judge(
        difference,
        (low, high),
        p_adjusted,
        alpha=alpha,
        margin=margin if equal_possible else None,
        higher_is_better=delta.higher_is_better,
    )
    return replace(
        delta, p_adjusted=p_adjusted, verdict=verdict, reason=delta.reason if verdict == "inconclusive" else ""
    )


def _adjusted(slices: Sequence[SliceDelta]) -> tuple[SliceDelta, ...]:
    """Benjamini-Hochberg over all slices of all tasks, the worst first."""
    adjusted = statistics.benjamini_hochberg([found.p_value for found in slices])
    judged = [replace(found, p_adjusted=p) for found, p in zip(slices, adjusted, strict=True)]
    return tuple(sorted(judged, key=lambda s: (s.difference if s.higher_is_better else -s.difference, s.task, s.value)))


def _average(effects: Sequence[Effect | None], deltas: Sequence[Delta], state: Comparability) -> Average | None:
    """The macro average over tasks that may be compared, if they are shares and more than one."""
    shares = all(delta.share and delta.higher_is_better for delta in deltas)
    tasks = [
        (found, delta)
        for found, delta in zip(effects, deltas, strict=True)
        if found is not None and delta.task not in state.withheld
    ]
    known = [found for found, _ in tasks]
    if len(known) < 2 or not shares:
        return None
    replicates = np.mean([found.replicates for found in known], axis=0)
    ends = [(_number(delta.ci_low), _number(delta.ci_high)) for _, delta in tasks]
    interval = statistics.mean_interval(replicates, min(found.clusters for found in known), ends)
    if not all(map(math.isfinite, interval)):
        return None
    levels = [float(np.mean([getattr(found, side) for found in known])) for side in ("baseline", "finetuned")]
    difference = float(np.mean([found.difference for found in known]))
    return Average(len(known), levels[0], levels[1], difference, *interval)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
