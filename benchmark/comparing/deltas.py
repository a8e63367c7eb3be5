"""The difference of one metric between two runs: its interval, its p-value, and what stands behind them."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark import statistics
from benchmark.comparing.measures import Measure
from benchmark.comparing.verdicts import FEW
from benchmark.statistics import Floats

PERMUTATIONS = 9_999
RESAMPLES = 4_000
FEWER_RESAMPLES = 1_000
"""For what is described and not tested."""
_STABLE = 10
"""Below this many differing clusters a bootstrap sees too little of the variation to be trusted alone."""


@dataclass(frozen=True)
class Effect:
    """What was found for one metric, before any adjustment for the other tasks."""

    baseline: float
    finetuned: float
    baseline_interval: tuple[float, float]
    finetuned_interval: tuple[float, float]
    difference: float
    interval: tuple[float, float]
    p_value: float
    n_pairs: int
    clusters: int
    wins: int
    """Documents with a higher score in the second run."""
    losses: int
    differing: int
    """Clusters whose score is not the same in both runs."""
    detectable: float
    """Not a number where nothing differs: there is no variation to tell it from."""
    method: str
    """`tango_mcnemar`, `bootstrap_signflip` or `bootstrap_swap`."""
    replicates: Floats
    """The difference in each bootstrap resample."""

    @property
    def few(self) -> bool:
        """Whether too little differs for any test to say something."""
        return self.differing <= FEW


def effect(measure: Measure, templates: Sequence[str], task: str, seed: int, resamples: int = RESAMPLES) -> Effect:
    """Estimate and test the difference of one metric.

    Args:
        templates: each kept document's template; an empty one makes the document a cluster of its own.
    """
    codes = cluster_codes(templates)
    seeds = (seed, zlib.crc32(task.encode("utf-8", "surrogatepass")))
    first, second = (cluster_sums(counts, codes) for counts in (measure.baseline, measure.finetuned))
    levels = [measure.value(sums) for sums in statistics.bootstrap_sums((first, second), (*seeds, 1), resamples)]
    values = [float(measure.value(sums.sum(0))) for sums in (first, second)]
    moved = measure.finetuned_items - measure.baseline_items
    sums = np.bincount(codes, weights=moved).astype(float)
    independent = len(first) == len(codes)
    replicates = levels[1] - levels[0]
    found = _tested(measure, (first, second), sums, moved, replicates, seeds, independent)
    intervals = [
        level_interval(measure, items, codes, values[i], levels[i])
        for i, items in enumerate((measure.baseline_items, measure.finetuned_items))
    ]
    detectable = (
        statistics.POWER_FACTOR * float(np.std(replicates))
        if measure.kind == "corpus"
        else statistics.detectable_effect(sums, len(codes))
    )
    return Effect(
        baseline=values[0],
        finetuned=values[1],
        baseline_interval=intervals[0],
        finetuned_interval=intervals[1],
        difference=values[1] - values[0],
        interval=found[0],
        p_value=found[1],
        n_pairs=len(codes),
        clusters=len(first),
        wins=int((moved > 0).sum()),
        losses=int((moved < 0).sum()),
        differing=int((first != second).any(axis=1).sum()),
        detectable=detectable if (first != second).any() else math.nan,
        method=found[2],
        replicates=replicates,
    )


def cluster_codes(templates: Sequence[str]) -> np.ndarray:
    """Number each document's cluster, in the order of first appearance."""
    names = [template or position for position, template in enumerate(templates)]
    order = {name: code for code, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], dtype=np.int64)


def cluster_sums(counts: Floats, codes: np.ndarray) -> Floats:
    """Counts added up within each cluster."""
    sums = np.zeros((codes.max() + 1, counts.shape[1]))
    np.add.at(sums, codes, counts)
    return sums


def level_interval(
    measure: Measure, items: Floats, codes: np.ndarray, value: float, replicates: Floats
) -> tuple[float, float]:
    """The interval of one run's level; NaN where there is none: a single cluster on an open scale.

    Wilson's for independent right-or-wrong scores, else the bootstrap's. Where few clusters stand apart from the rest
    it is not narrower than Wilson's over the clusters: a bootstrap of all-equal scores has length nil.

    Args:
        items: the run's own score of each document.
        codes: each document's cluster.
        value: the level.
        replicates: the level in each bootstrap resample.
    """
    clusters = int(codes.max()) + 1
    if measure.kind == "binary" and clusters == len(codes):
        return statistics.wilson_interval(int(items.sum()), clusters)
    low, high = statistics.percentile_interval(replicates, clusters)
    means = np.bincount(codes, weights=items) / np.bincount(codes)
    apart = clusters - np.unique(means, return_counts=True)[1].max()
    if measure.share and apart < _STABLE:
        # fmin and fmax, for a single cluster has no percentiles.
        wide = statistics.wilson_interval(round(value * clusters), clusters)
        low, high = float(np.fmin(low, wide[0])), float(np.fmax(high, wide[1]))
    return min(low, value), max(high, value)


def _tested(
    measure: Measure,
    pair: tuple[Floats, Floats],
    sums: Floats,
    moved: Floats,
    replicates: Floats,
    seeds: tuple[int, ...],
    independent: bool,
) -> tuple[tuple[float, float], float, str]:
    wins, losses = int((moved > 0).sum()), int((moved < 0).sum())
    if measure.kind == "binary" and independent:
        interval = statistics.tango_interval(wins, losses, len(moved))
        return interval, statistics.mcnemar_exact(wins, losses), "tango_mcnemar"
    interval = statistics.percentile_interval(replicates, len(sums))
    interval = _hull(interval, sums) if measure.share else interval
    if measure.kind == "corpus":
        return interval, statistics.swap_p(*pair, measure.value, (*seeds, 2), PERMUTATIONS), "bootstrap_swap"
    p_value = statistics.sign_flip_p(sums, (*seeds, 2), PERMUTATIONS)
    return interval, p_value, "bootstrap_signflip"


def _hull(interval: tuple[float, float], sums: Floats) -> tuple[float, float]:
    """Where few clusters differ, not narrower than if each had moved by a whole point.

    A bootstrap of all-equal scores is [0, 0] however few they are; Tango's interval over the clusters' directions is not.
    """
    up, down = int((sums > 0).sum()), int((sums < 0).sum())
    if up + down >= _STABLE:
        return interval
    low, high = statistics.tango_interval(up, down, len(sums))
    return (low, high) if math.isnan(interval[0]) else (min(low, interval[0]), max(high, interval[1]))
