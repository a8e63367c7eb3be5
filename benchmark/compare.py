"""Two runs → what changed, task by task, with intervals and verdicts."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark import statistics
from benchmark.comparability import Comparability, comparability
from benchmark.deltas import FEWER_RESAMPLES, RESAMPLES, Effect, effect
from benchmark.errors import UserError
from benchmark.measures import Measure, measure
from benchmark.records import Problem, RunRecord, SampleResult, TaskRecord
from benchmark.slices import SliceDelta, slice_deltas
from benchmark.verdicts import VERDICTS, Reason, Verdict, judge

SEED = 20_260_101
Pair = tuple[SampleResult, SampleResult]


@dataclass(frozen=True)
class Delta:
    """One metric of one task in both runs. Values that could not be computed are None."""

    task: str
    title: Mapping[str, str]
    metric: str
    headline: bool
    """Whether this is the task's one tested metric; others are shown with intervals and without verdicts."""
    higher_is_better: bool
    share: bool
    """Whether values are shares of one (shown as per cent, differences in points)."""
    baseline: float | None
    finetuned: float | None
    baseline_low: float | None
    baseline_high: float | None
    finetuned_low: float | None
    finetuned_high: float | None
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    p_adjusted: float | None
    n_pairs: int
    clusters: int
    improved: int
    """Documents that got better."""
    worsened: int
    detectable: float | None
    """Smallest difference found with 80% power at this size."""
    method: str
    verdict: Verdict
    reason: Reason
    """Why there is no verdict, or none but *inconclusive*."""


@dataclass(frozen=True)
class Matching:
    """How a task's documents were matched."""

    task: str
    pairs: int
    only_baseline: int
    only_finetuned: int
    failed: int
    """Pairs without a number from both runs."""


@dataclass(frozen=True)
class Average:
    """The plain mean of the tasks' headline metrics; described, not tested."""

    tasks: int
    baseline: float
    finetuned: float
    difference: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Comparison:
    """Everything that the reports and the terminal say about two runs."""

    baseline: RunRecord
    finetuned: RunRecord
    alpha: float
    margin: float
    seed: int
    comparability: Comparability
    deltas: tuple[Delta, ...]
    """One headline per shared task, in the tasks' order."""
    secondary: tuple[Delta, ...]
    average: Average | None
    slices: tuple[SliceDelta, ...]
    outcomes: Mapping[str, Mapping[tuple[str, str], int]]
    """Per task: (outcome before, outcome after) → documents."""
    matching: tuple[Matching, ...]
    unshared: tuple[tuple[str, ...], tuple[str, ...]]
    """Tasks that only the baseline, only the fine-tuned run has."""
    notes: tuple[tuple[str, Problem], ...]
    """("baseline" or "finetuned", what was left out there)."""

    @property
    def family(self) -> int:
        """How many headline metrics were tested together."""
        return sum(delta.p_adjusted is not None for delta in self.deltas)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many tasks got each verdict."""
        found = Counter(delta.verdict for delta in self.deltas)
        return {verdict: found[verdict] for verdict in VERDICTS}

    def pairs(self, task: str) -> list[Pair]:
        """The matched samples of a task, in the baseline's order."""
        return pairs(self.baseline.tasks[task], self.finetuned.tasks[task])


def pairs(baseline: TaskRecord, finetuned: TaskRecord) -> list[Pair]:
    """Samples of the same document in both runs."""
    return [(sample, finetuned.samples[key]) for key, sample in baseline.samples.items() if key in finetuned.samples]


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
    state = comparability(baseline, finetuned)
    shared = [name for name in baseline.tasks if name in finetuned.tasks]
    tasks = [_TaskComparison(baseline.tasks[name], finetuned.tasks[name], seed) for name in shared]
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
        average=_average([task.effect for task in tasks if task.name not in state.withheld], deltas),
        slices=_adjusted(slices),
        outcomes={task.name: task.outcomes() for task in tasks},
        matching=tuple(task.matching() for task in tasks),
        unshared=_unshared(baseline, finetuned),
        notes=tuple((side, note) for side, run in _sides(baseline, finetuned) for note in _notes(run)),
    )


def _sides(baseline: RunRecord, finetuned: RunRecord) -> tuple[tuple[str, RunRecord], tuple[str, RunRecord]]:
    return ("baseline", baseline), ("finetuned", finetuned)


def _unshared(baseline: RunRecord, finetuned: RunRecord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    only = [tuple(name for name in a.tasks if name not in b.tasks) for a, b in _both_ways(baseline, finetuned)]
    return only[0], only[1]


def _both_ways(a: RunRecord, b: RunRecord) -> tuple[tuple[RunRecord, RunRecord], tuple[RunRecord, RunRecord]]:
    return (a, b), (b, a)


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


class _TaskComparison:
    """One shared task of two runs: its pairs, and what is computed from them."""

    def __init__(self, baseline: TaskRecord, finetuned: TaskRecord, seed: int) -> None:
        self.name = baseline.name
        self.baseline, self.finetuned, self.seed = baseline, finetuned, seed
        self.pairs = pairs(baseline, finetuned)
        self.measure = self._measure(baseline.headline)
        self.effect = self._effect(self.measure)
        self.headline = self._delta(baseline.headline, self.measure, self.effect, headline=True)

    def _measure(self, metric: str) -> Measure | None:
        values = [[sample.metrics.get(metric) for sample in side] for side in zip(*self.pairs, strict=True)]
        return measure(self.baseline.aggregation(metric), *values) if values else None

    def _effect(self, found: Measure | None, resamples: int = RESAMPLES) -> Effect | None:
        if found is None:
            return None
        return effect(found, [self.pairs[i][0].template for i in found.kept], self.name, self.seed, resamples)

    def _delta(self, metric: str, found: Measure | None, result: Effect | None, *, headline: bool) -> Delta:
        scores = [task.scores.get(metric) for task in (self.baseline, self.finetuned)]
        better = scores[0].higher_is_better if scores[0] else True
        title = {lang: self.baseline.title(lang) for lang in ("ru", "en")}
        if found is None or result is None:
            levels = [score.value if score and math.isfinite(score.value) else None for score in scores]
            reason: Reason = "not_recomputable" if self.pairs else "no_pairs"
            return _untested(self.name, title, metric, levels, reason, headline=headline, higher_is_better=better)
        return Delta(
            task=self.name,
            title=title,
            metric=metric,
            headline=headline,
            higher_is_better=better,
            share=found.share,
            baseline=result.baseline,
            finetuned=result.finetuned,
            baseline_low=_finite(result.baseline_interval[0]),
            baseline_high=_finite(result.baseline_interval[1]),
            finetuned_low=_finite(result.finetuned_interval[0]),
            finetuned_high=_finite(result.finetuned_interval[1]),
            difference=result.difference,
            ci_low=_finite(result.interval[0]),
            ci_high=_finite(result.interval[1]),
            p_value=result.p_value,
            p_adjusted=None,
            n_pairs=result.n_pairs,
            clusters=result.clusters,
            improved=result.wins if better else result.losses,
            worsened=result.losses if better else result.wins,
            detectable=_finite(result.detectable),
            method=result.method,
            verdict="inconclusive",
            reason="one_cluster" if result.clusters < 2 else "few_differences" if result.few else "",
        )

    def secondary(self) -> list[Delta]:
        """The task's other metrics, described without a test; the group's `score` repeats the headline."""
        names = [m for m in self.baseline.scores if m in self.finetuned.scores and not m.startswith("outcome_")]
        names = [m for m in names if m not in {self.baseline.headline, "score"}]
        found = [(name, self._measure(name)) for name in names]
        deltas = [self._delta(name, m, self._effect(m, FEWER_RESAMPLES), headline=False) for name, m in found]
        return [replace(delta, p_value=None) for delta in deltas]

    def slices(self) -> list[SliceDelta]:
        """The headline in each named part of the task."""
        if self.measure is None:
            return []
        kept = [self.pairs[i][0] for i in self.measure.kept]
        higher = self.headline.higher_is_better
        return slice_deltas(self.name, kept, self.measure, higher_is_better=higher, seed=self.seed)

    def outcomes(self) -> dict[tuple[str, str], int]:
        """Typed outcomes before and after; right and wrong where the grader has no types."""
        found = Counter((a.outcome, b.outcome) for a, b in self.pairs if a.outcome and b.outcome)
        if not found and self.measure and self.measure.kind == "binary":
            names = ("incorrect", "correct")
            items = zip(self.measure.baseline_items, self.measure.finetuned_items, strict=True)
            found = Counter((names[int(a)], names[int(b)]) for a, b in items)
        return dict(sorted(found.items()))

    def matching(self) -> Matching:
        """How many documents met, and how many did not."""
        kept = len(self.measure.kept) if self.measure else 0
        return Matching(
            self.name,
            len(self.pairs),
            len(self.baseline.samples) - len(self.pairs),
            len(self.finetuned.samples) - len(self.pairs),
            len(self.pairs) - kept if self.measure else 0,
        )


def _untested(
    task: str,
    title: Mapping[str, str],
    metric: str,
    levels: Sequence[float | None],
    reason: Reason,
    *,
    headline: bool,
    higher_is_better: bool,
) -> Delta:
    """A metric of which only the levels in the results files are known."""
    return Delta(
        task=task,
        title=title,
        metric=metric,
        headline=headline,
        higher_is_better=higher_is_better,
        share=all(level is not None and 0 <= level <= 1 for level in levels),
        baseline=levels[0],
        finetuned=levels[1],
        baseline_low=None,
        baseline_high=None,
        finetuned_low=None,
        finetuned_high=None,
        difference=None,
        ci_low=None,
        ci_high=None,
        p_value=None,
        p_adjusted=None,
        n_pairs=0,
        clusters=0,
        improved=0,
        worsened=0,
        detectable=None,
        method="",
        verdict="withheld",
        reason=reason,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


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


def _average(effects: Sequence[Effect | None], deltas: Sequence[Delta]) -> Average | None:
    """The macro average over tasks that may be compared, if they are shares and more than one."""
    shares = all(delta.share and delta.higher_is_better for delta in deltas)
    known = [found for found in effects if found is not None]
    if len(known) < 2 or not shares:
        return None
    replicates = np.mean([found.replicates for found in known], axis=0)
    interval = statistics.percentile_interval(replicates, min(found.clusters for found in known))
    if not all(map(math.isfinite, interval)):
        return None
    levels = [float(np.mean([getattr(found, side) for found in known])) for side in ("baseline", "finetuned")]
    difference = float(np.mean([found.difference for found in known]))
    return Average(len(known), levels[0], levels[1], difference, *interval)
