"""Bootstrap intervals: repeatable, by cluster, of the right width."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import bootstrap

from counterclaim.metrics import resampling
from counterclaim.metrics.labels import ratio
from counterclaim.metrics.resampling import Resampling, exact, exact_type


def share(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hits over trials of counts of shape (..., 2)."""
    return ratio(counts[..., 0], counts[..., 1])


def numbered(size: int) -> list[str]:
    """A key of its own for each document."""
    return [f"{i:06d}" for i in range(size)]


def all_weights(keys: list[str], *, resamples: int, seed: int = 0) -> NDArray[np.int64]:
    draws = Resampling(keys, resamples=resamples, seed=seed)
    return np.concatenate(list(draws.document_weights()))


def test_every_resample_draws_as_many_clusters_as_there_are() -> None:
    weights = all_weights(["a", "a", "b", "c"], resamples=50)

    assert weights.shape == (50, 4)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])  # of one event
    np.testing.assert_array_equal(weights[:, [0, 2, 3]].sum(axis=1), 3)


def test_every_cluster_is_drawn_equally_often() -> None:
    """The mean of a multinomial draw is 1, its variance 1 - 1/n."""
    weights = all_weights(numbered(5), resamples=20_000)
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.03)
    np.testing.assert_allclose(weights.var(axis=0), 0.8, atol=0.03)


def test_a_seed_repeats_and_zero_is_a_seed() -> None:
    """`if seed:` would make seed 0 a random one."""
    keys = numbered(20)
    zero, again, one = (all_weights(keys, resamples=9, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(zero, again)
    assert (zero != one).any()


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is drawn at a time is a question of memory alone."""
    counts = np.arange(14.0).reshape(7, 2)
    draws = Resampling(numbered(7), resamples=30, seed=5)
    whole = draws.sums(counts)
    monkeypatch.setattr(resampling, "_BLOCK", 3 * 7)
    assert draws.sums(counts).tobytes() == whole.tobytes()


def test_the_order_of_documents_does_not_matter() -> None:
    """Nor does it with fractions, whose sums in floats otherwise depend on it."""
    shuffle = random.Random(1)
    rows = [(f"event-{i % 6}", shuffle.random(), shuffle.random()) for i in range(40)]
    results = set()
    for _ in range(3):
        shuffle.shuffle(rows)
        counts = exact([row[1:] for row in rows])
        draws = Resampling([row[0] for row in rows], resamples=20, seed=0)
        results.add(draws.sums(counts).tobytes())
    assert len(results) == 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.integers(0, 3))
def test_the_smaller_float_type_gives_the_same_sums(values: list[int], seed: int) -> None:
    counts = np.array(values, dtype=np.float64)[:, None]
    draws = Resampling(numbered(len(values)), resamples=10, seed=seed)
    assert exact_type(counts, len(values)) is np.float32
    expected = np.concatenate(list(draws.weights())) @ counts
    np.testing.assert_array_equal(draws.sums(counts), expected)


def test_fractions_and_large_sums_need_the_larger_type() -> None:
    assert exact_type(np.array([[0.5]]), 1) is np.float64
    assert exact_type(np.array([[2.0**20]]), 16) is np.float64
    assert exact_type(np.array([[2.0**20]]), 15) is np.float32


def test_the_interval_is_that_of_scipy() -> None:
    """Percentile bootstrap of a ratio of sums over 200 documents."""
    rng = np.random.default_rng(7)
    trials = rng.integers(1, 9, size=200)
    counts = np.stack([rng.binomial(trials, 0.6), trials], axis=-1)

    (ours,) = Resampling(numbered(200), resamples=4000, seed=0).estimates(counts, share)
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
    events = [f"{i:02d}" for i in np.repeat(np.arange(12), 5)]
    (single,) = Resampling(numbered(60), resamples=2000, seed=0).estimates(counts, share)
    (grouped,) = Resampling(events, resamples=2000, seed=0).estimates(counts, share)

    # five documents an event: the standard error grows by the root of five
    factor = (grouped.high - grouped.low) / (single.high - single.low)
    assert factor == pytest.approx(5**0.5, rel=0.15)


def test_an_interval_covers_as_often_as_it_says() -> None:
    """Of 200 corpora of 60 documents, about 95 % of intervals hold the true rate of 0.3."""
    rng = np.random.default_rng(3)
    covered = 0
    for seed in range(200):
        hits = rng.random(60) < 0.3
        counts = np.stack([hits, np.ones(60)], axis=-1)
        draws = Resampling(numbered(60), resamples=400, seed=seed)
        (estimate,) = draws.estimates(counts, share)
        covered += estimate.low <= 0.3 <= estimate.high
    assert 0.89 <= covered / 200 <= 0.98


def test_an_undefined_statistic_has_an_undefined_interval() -> None:
    counts = np.zeros((3, 2), dtype=np.int64)
    (estimate,) = Resampling(numbered(3), resamples=10, seed=0).estimates(counts, share)
    assert np.isnan([estimate.value, estimate.low, estimate.high]).all()


def test_a_resample_without_a_value_does_not_enter_the_interval() -> None:
    """One document of four has something to measure; some resamples miss it."""
    counts = np.array([[1, 1], [0, 0], [0, 0], [0, 0]])
    (estimate,) = Resampling(numbered(4), resamples=200, seed=0).estimates(counts, share)
    assert (estimate.value, estimate.low, estimate.high) == (1, 1, 1)
