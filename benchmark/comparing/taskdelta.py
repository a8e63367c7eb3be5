"""One task in two runs: its pairs, and everything that is computed from them alone."""

import math
from collections import Counter
from dataclasses import replace

from benchmark.comparing.comparison import Delta, Matching, pairs
from benchmark.comparing.deltas import FEWER_RESAMPLES, RESAMPLES, Effect, effect
from benchmark.comparing.measures import Measure, measure
from benchmark.comparing.slices import SliceDelta, slice_deltas
from benchmark.runs.records import TaskRecord


class TaskComparison:
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
        levels = [score.value if score and math.isfinite(score.value) else None for score in scores]
        described = Delta(
            task=self.name,
            title={lang: self.baseline.title(lang) for lang in ("ru", "en")},
            metric=metric,
            headline=headline,
            higher_is_better=better,
            share=all(level is not None and 0 <= level <= 1 for level in levels),
            baseline=levels[0],
            finetuned=levels[1],
            verdict="withheld",
            reason="not_recomputable" if self.pairs else "no_pairs",
        )
        return described if found is None or result is None else _with_effect(described, found, result)

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
            names = ("incorrect", "correct") if self.headline.higher_is_better else ("correct", "incorrect")
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


def _with_effect(described: Delta, found: Measure, result: Effect) -> Delta:
    """What the samples say in place of the results file's levels; the verdict comes with all tasks together."""
    better = described.higher_is_better
    return replace(
        described,
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
        n_pairs=result.n_pairs,
        clusters=result.clusters,
        improved=result.wins if better else result.losses,
        worsened=result.losses if better else result.wins,
        detectable=_finite(result.detectable),
        method=result.method,
        verdict="inconclusive",
        reason="one_cluster" if result.clusters < 2 else "few_differences" if result.few else "",
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
