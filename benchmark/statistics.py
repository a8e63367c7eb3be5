"""The statistics of one score and of two runs over the same documents. docs/statistics.md explains the choices."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]

POWER_FACTOR = 2.8
"""z(0.975) + z(0.8): what a two-sided 5% test detects with 80% power, in standard errors."""
EXACT_CLUSTERS = 12
"""Up to this many differing clusters the sign-flip test enumerates all sign patterns."""
_CELLS = 4_000_000


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for one proportion.

    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.
    """
    interval = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def tango_interval(b: int, c: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval for the difference (b − c)/n of two paired proportions.

    Tango, T. (1998). Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design. Statistics in Medicine 17, 891-908.

    Args:
        b: pairs that only the second run got right.
        c: pairs that only the first run got right.
        n: all pairs, those included where both were right or both wrong.
    """
    if not (n > 0 and b >= 0 and c >= 0 and b + c <= n):
        raise ValueError(f"b={b}, c={c}, n={n}: discordant pairs must be part of n pairs, n positive")
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    # Each end is found as a lower end, of the pair or of its mirror: swapping the runs then flips the interval exactly.
    return _tango_low(b, c, n, z), -_tango_low(c, b, n, z)


def _tango_low(b: int, c: int, n: int, z: float) -> float:
    def excess(delta: float) -> float:
        # The constrained maximum-likelihood estimate of P(first right, second wrong), given the difference delta.
        linear = (2 * n - b + c) * delta - b - c
        root = math.sqrt(max(0.0, linear * linear + 8 * n * c * delta * (1 - delta)))
        probability = (root - linear) / (4 * n)
        variance = n * (2 * probability + delta * (1 - delta))
        return (b - c) - n * delta - z * math.sqrt(max(0.0, variance))

    estimate = (b - c) / n
    # At the estimate itself the variance may be nil (no discordant pair), a root that is not the interval's end.
    below = estimate - 1e-12
    return float(optimize.brentq(excess, -1.0, below, xtol=1e-14, rtol=1e-14)) if below > -1 else -1.0


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided p-value of the exact McNemar test: given b + c discordant pairs, is the split an even coin's?

    McNemar, Q. (1947). Note on the sampling error of the difference between correlated proportions or percentages.
    Psychometrika 12, 153-157. With five or fewer discordant pairs it cannot fall below 0.05.
    """
    return float(stats.binomtest(b, b + c).pvalue) if b + c else 1.0


def sign_flip_p(differences: Sequence[float] | Floats, seed: Sequence[int] = (0,), resamples: int = 9_999) -> float:
    """Two-sided p-value of the paired permutation test: under no effect every difference may as well be negated.

    Fisher, R. A. (1935). The Design of Experiments, §21; Monte-Carlo p with the observed pattern counted in, as in
    Phipson, B., Smyth, G. K. (2010). Permutation p-values should never be zero. SAGMB 9, art. 39.

    Args:
        differences: one sum of differences per cluster (or one difference per item where items are independent).
    """
    moved = np.asarray(differences, dtype=float)
    moved = moved[moved != 0]
    if not moved.size:
        return 1.0
    if np.all(np.abs(moved) == abs(moved[0])):
        # Only the signs matter: the permutation distribution is a binomial one, as in McNemar's test.
        up = int((moved > 0).sum())
        return mcnemar_exact(up, moved.size - up)
    if moved.size <= EXACT_CLUSTERS:
        bits = np.arange(1 << moved.size)[:, None] >> np.arange(moved.size) & 1
        return _share_as_extreme(2 * (bits @ moved) - moved.sum(), moved.sum(), counted_in=0)
    heads = np.concatenate([coins @ moved for coins in _coin_blocks(list(seed), resamples, moved.size)])
    return _share_as_extreme(2 * heads - moved.sum(), moved.sum(), counted_in=1)


def _coin_blocks(seed: list[int], resamples: int, width: int) -> Iterator[Floats]:
    """Rows of fair coins, 0 or 1, in blocks that fit in memory whatever the width."""
    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // width)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        bits = np.frombuffer(rng.bytes(-(-rows * width // 8)), dtype=np.uint8)
        yield np.unpackbits(bits, count=rows * width).reshape(rows, width).astype(float)


def _share_as_extreme(values: Floats, observed: float, counted_in: int) -> float:
    # Equal sums may differ in their last bits; a tie counts as extreme.
    reach = abs(observed) * (1 - 1e-9)
    return float((np.sum(np.abs(values) >= reach) + counted_in) / (len(values) + counted_in))


def swap_p(
    first: Floats, second: Floats, value: Callable[[Floats], Floats], seed: Sequence[int], resamples: int = 9_999
) -> float:
    """Approximate randomization for corpus metrics: under no effect a cluster's two answers may change places.

    Noreen, E. W. (1989). Computer-Intensive Methods for Testing Hypotheses. Wiley.

    Args:
        first: sums of counts, clusters × columns, of the first run; `second` of the second.
        value: sums of counts (… × columns) → the metric.
    """
    moving = np.flatnonzero((first != second).any(axis=1))
    if not moving.size:
        return 1.0
    shifts = [coins @ (second - first)[moving] for coins in _coin_blocks(list(seed), resamples, moving.size)]
    shift = np.concatenate(shifts)
    permuted = value(second.sum(0) - shift) - value(first.sum(0) + shift)
    return _share_as_extreme(permuted, float(value(second.sum(0)) - value(first.sum(0))), counted_in=1)


def bootstrap_sums(counts: Sequence[Floats], seed: Sequence[int], resamples: int = 4_000) -> list[Floats]:
    """Column sums over resampled clusters, for each matrix of counts (clusters × columns) under the same draws.

    The draws depend on the seed and the number of clusters alone, so whatever is compared shares them.

    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7, 1-26; whole clusters:
    Davison, A. C., Hinkley, D. V. (1997). Bootstrap Methods and their Application, §3.8.
    """
    clusters = len(counts[0])
    rng = np.random.default_rng(list(seed))
    block = max(1, _CELLS // clusters)
    parts: list[list[Floats]] = [[] for _ in counts]
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        draws = rng.integers(0, clusters, (rows, clusters)) + clusters * np.arange(rows)[:, None]
        weights = np.bincount(draws.ravel(), minlength=rows * clusters).reshape(rows, clusters).astype(float)
        for part, matrix in zip(parts, counts, strict=True):
            part.append(weights @ matrix)
    return [np.concatenate(part) for part in parts]


def percentile_interval(replicates: Floats, clusters: int, confidence: float = 0.95) -> tuple[float, float]:
    """Expanded percentile interval: the percentiles are widened to a t interval's coverage at small n.

    Hesterberg, T. (2015). What teachers should know about the bootstrap. The American Statistician 69, 371-386, §5.3.
    Order statistics are taken symmetrically, so negated replicates give the negated interval exactly.
    """
    ordered = np.sort(replicates[np.isfinite(replicates)])
    if clusters < 2 or not ordered.size:
        return math.nan, math.nan
    t = stats.t.ppf(0.5 - confidence / 2, clusters - 1)
    tail = stats.norm.cdf(math.sqrt(clusters / (clusters - 1)) * t)
    skip = int(tail * (len(ordered) - 1))
    return float(ordered[skip]), float(ordered[len(ordered) - 1 - skip])


def mean_interval(
    replicates: Floats, clusters: int, ends: Sequence[tuple[float, float]], confidence: float = 0.95
) -> tuple[float, float]:
    """The interval of a mean over tasks, from resamples of it.

    Where no resample moves the mean (every document got the same), resampling knows no spread: then the mean of the
    tasks' own ends, which is wider than the mean's interval would be.

    Args:
        ends: each task's own interval.
    """
    if np.ptp(replicates):
        return percentile_interval(replicates, clusters, confidence)
    return float(np.mean([low for low, _ in ends])), float(np.mean([high for _, high in ends]))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values that bound the chance of any false verdict in the family.

    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, floor = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = floor
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values that bound the expected share of false findings: for slices, which are looked at in bulk.

    Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57, 289-300.
    """
    return [float(p) for p in stats.false_discovery_control(p_values, method="bh")] if p_values else []


def detectable_effect(differences: Sequence[float] | Floats, n: int) -> float:
    """The smallest difference that a test of this size would find in four cases of five: 2.8 standard errors.

    For independent 0/1 scores this is 2.8·√(discordance/n). Bloom, H. S. (1995). Minimum detectable effects.
    Evaluation Review 19, 547-556.

    Args:
        differences: one sum of differences per cluster.
        n: items, over all clusters.
    """
    return POWER_FACTOR * math.sqrt(float(np.sum(np.square(np.asarray(differences, dtype=float))))) / n
