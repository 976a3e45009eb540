"""Bootstrap intervals: repeatable, by cluster, of the right width."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import bootstrap

from counterclaim.metrics.labels import ratio
from counterclaim.metrics.resampling import bootstrap_weights, estimates


def share(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Hits over trials of counts of shape (..., 2)."""
    return ratio(counts[..., 0], counts[..., 1])


def test_every_resample_draws_as_many_clusters_as_there_are() -> None:
    weights = bootstrap_weights(["a", "a", "b", "c"], resamples=50, seed=0)

    assert weights.shape == (50, 4)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])  # of one event
    np.testing.assert_array_equal(weights[:, [0, 2, 3]].sum(axis=1), 3)


def test_a_seed_repeats_and_zero_is_a_seed() -> None:
    """`if seed:` would make seed 0 a random one."""
    keys = list(range(20))
    zero, again, one = (bootstrap_weights(keys, resamples=9, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(zero, again)
    assert (zero != one).any()


def test_the_interval_is_that_of_scipy() -> None:
    """Percentile bootstrap of a ratio of sums over 200 documents."""
    rng = np.random.default_rng(7)
    trials = rng.integers(1, 9, size=200)
    counts = np.stack([rng.binomial(trials, 0.6), trials], axis=-1)

    (ours,) = estimates(counts, share, bootstrap_weights(range(200), resamples=4000, seed=0))
    theirs = bootstrap(
        (counts[:, 0], counts[:, 1]),
        lambda hits, n, axis=-1: hits.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=4000,
        rng=np.random.default_rng(1),
    ).confidence_interval

    assert ours.value == pytest.approx(counts[:, 0].sum() / counts[:, 1].sum())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.004)


def test_events_of_several_documents_widen_the_interval() -> None:
    """Documents of one event are alike; counting them as independent is too sure."""
    counts = np.repeat(np.stack([np.arange(12) % 2, np.ones(12, int)], axis=-1), 5, axis=0)
    events = np.repeat(np.arange(12), 5).tolist()
    (single,) = estimates(counts, share, bootstrap_weights(range(60), resamples=2000, seed=0))
    (grouped,) = estimates(counts, share, bootstrap_weights(events, resamples=2000, seed=0))

    # five documents an event: the standard error grows by the root of five
    factor = (grouped.high - grouped.low) / (single.high - single.low)
    assert factor == pytest.approx(5**0.5, rel=0.15)


def test_an_undefined_statistic_has_an_undefined_interval() -> None:
    counts = np.zeros((3, 2), dtype=np.int64)
    (estimate,) = estimates(counts, share, bootstrap_weights("abc", resamples=10, seed=0))
    assert np.isnan([estimate.value, estimate.low, estimate.high]).all()
