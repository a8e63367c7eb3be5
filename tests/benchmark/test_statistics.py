"""Golden values, coverage and false-verdict rates of the statistics."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import statistics as s


@pytest.mark.parametrize(
    ("b", "c", "n", "low", "high"),
    [
        (40, 20, 160, 0.030865, 0.218064),
        (20, 40, 160, -0.218064, -0.030865),
        # No discordant pair: the ends are ∓z²/(n + z²), not a point.
        (0, 0, 400, -0.009512, 0.009512),
        (0, 0, 1, -0.793451, 0.793451),
    ],
)
def test_tango_golden(b, c, n, low, high):
    assert s.tango_interval(b, c, n) == pytest.approx((low, high), abs=1e-6)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_tango_is_ordered_bounded_and_antisymmetric(case):
    n, b, c = case[0], case[1], min(case[2], case[0] - case[1])
    low, high = s.tango_interval(b, c, n)
    assert -1 <= low <= (b - c) / n <= high <= 1
    assert s.tango_interval(c, b, n) == (-high, -low)


@pytest.mark.parametrize("case", [(1, 0, 0), (-1, 0, 5), (3, 3, 5)])
def test_tango_refuses_impossible_counts(case):
    with pytest.raises(ValueError, match="discordant"):
        s.tango_interval(*case)


def test_wilson_golden():
    assert s.wilson_interval(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    assert s.wilson_interval(0, 10)[0] == 0


def test_mcnemar_golden():
    assert s.mcnemar_exact(0, 0) == 1
    assert s.mcnemar_exact(5, 0) == pytest.approx(0.0625)  # five discordant pairs cannot reach 0.05
    assert s.mcnemar_exact(6, 0) == pytest.approx(0.03125)
    assert (
        s.mcnemar_exact(40, 20)
        == s.mcnemar_exact(20, 40)
        == pytest.approx(2 * sum(math.comb(60, k) for k in range(21)) / 2**60)
    )


def test_sign_flip_enumerates_small_samples_exactly():
    assert s.sign_flip_p([1.0] * 6) == pytest.approx(2 / 64)
    assert s.sign_flip_p([0.0, 0.0]) == 1
    assert s.sign_flip_p([1, -1]) == 1


def test_sign_flip_approaches_mcnemar():
    differences = [1.0] * 40 + [-1.0] * 20 + [0.0] * 100
    assert s.sign_flip_p(differences) == pytest.approx(s.mcnemar_exact(40, 20), abs=0.006)


def test_swap_equals_sign_flip_for_a_mean():
    rng = np.random.default_rng(3)
    first, second = (np.column_stack([rng.random(60), np.ones(60)]) for _ in range(2))
    swapped = s.swap_p(first, second, lambda sums: sums[..., 0] / sums[..., 1], (1,))
    assert swapped == pytest.approx(s.sign_flip_p((second - first)[:, 0], (2,)), abs=0.02)


def test_holm_and_benjamini_hochberg_golden():
    assert s.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert s.holm([]) == []
    assert s.benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert s.benjamini_hochberg([]) == []


def test_detectable_effect_of_binary_scores():
    differences = [1.0] * 30 + [-1.0] * 10 + [0.0] * 120
    assert s.detectable_effect(differences, 160) == pytest.approx(2.8 * math.sqrt(0.25 / 160))


@pytest.mark.parametrize("n", [30, 100, 300])
def test_tango_covers(n):
    rng = np.random.default_rng(n)
    b_share, c_share = 0.2, 0.1
    draws = rng.multinomial(n, [b_share, c_share, 1 - b_share - c_share], 1_000)
    ends = [s.tango_interval(int(b), int(c), n) for b, c, _ in draws]
    covered = np.mean([low <= b_share - c_share <= high for low, high in ends])
    assert 0.93 <= covered <= 0.985


@pytest.mark.parametrize(("clusters", "size"), [(25, 1), (40, 4)])
def test_cluster_bootstrap_covers(clusters, size):
    rng = np.random.default_rng(clusters)
    hits, truth, runs = 0, 0.1, 250
    for run in range(runs):
        shared = rng.normal(0, 0.2, clusters)[:, None]
        differences = (truth + shared + rng.normal(0, 0.3, (clusters, size))).sum(1)
        counts = np.column_stack([differences, np.full(clusters, float(size))])
        (sums,) = s.bootstrap_sums([counts], (run,), 800)
        low, high = s.percentile_interval(sums[:, 0] / sums[:, 1], clusters)
        hits += low <= truth <= high
    assert 0.91 <= hits / runs <= 0.985


def test_clusters_keep_the_false_positive_rate():
    """Copies of one document are one observation: without clusters the same data look significant far too often."""
    rng = np.random.default_rng(8)
    alone, clustered = [], []
    for run in range(200):
        differences = np.repeat(rng.choice([-1.0, 1.0], 20), 5)
        alone.append(s.mcnemar_exact(int((differences > 0).sum()), int((differences < 0).sum())) < 0.05)
        clustered.append(s.sign_flip_p(differences.reshape(20, 5).sum(1), (run,), 499) < 0.05)
    assert np.mean(clustered) <= 0.08
    assert np.mean(alone) > 0.25


def test_percentile_interval_mirrors_exactly():
    replicates = np.random.default_rng(1).normal(size=4_000)
    low, high = s.percentile_interval(replicates, 50)
    assert s.percentile_interval(-replicates, 50) == (-high, -low)
    assert all(map(math.isnan, s.percentile_interval(replicates, 1)))
