"""Intervals by resampling whole documents, or events, with replacement.

Scores are functions of counts summed over documents, so a resample is a row of weights
and all resamples are one matrix product. Documents of one event are drawn together:
intervals over single documents, let alone sentences, would be too narrow.

Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapters 13 (the
percentile interval) and 8.5 (resampling of blocks).
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Statistic = Callable[[NDArray[Any]], NDArray[np.float64]]


class Estimate(msgspec.Struct, frozen=True):
    """A value with the bounds of its 95 % interval; NaN where undefined."""

    value: float
    low: float
    high: float


def bootstrap_weights(
    clusters: Sequence[Hashable], *, resamples: int, seed: int
) -> NDArray[np.int64]:
    """Draw how often each document counts in each resample.

    Args:
        clusters: A key for each document; documents with one key are drawn together.
        resamples: Number of resamples.
        seed: Seed of the generator; 0 is a seed like any other.

    Returns:
        Array of shape (resamples, documents).
    """
    index: dict[Hashable, int] = {}
    member = np.array([index.setdefault(key, len(index)) for key in clusters], dtype=np.intp)
    if not index:
        return np.zeros((resamples, 0), dtype=np.int64)
    share = np.full(len(index), 1 / len(index))
    draws = np.random.default_rng(seed).multinomial(len(index), share, size=resamples)
    return draws[:, member]


def estimates(
    counts: NDArray[Any], statistic: Statistic, weights: NDArray[np.int64]
) -> list[Estimate]:
    """Evaluate a statistic on all documents, and its interval on the resamples.

    Args:
        counts: Array of shape (documents, ...), additive over documents.
        statistic: Maps summed counts of shape (..., *counts.shape[1:]) to scores of
            shape (...) or (..., k).
        weights: Array of shape (resamples, documents), as `bootstrap_weights` gives it.

    Returns:
        One estimate, or k of them. A resample in which the statistic is undefined does
        not enter its interval.
    """
    value = np.atleast_1d(statistic(counts.sum(axis=0)))
    flat = weights @ counts.reshape(len(counts), -1)
    spread = statistic(flat.reshape(len(weights), *counts.shape[1:])).reshape(len(weights), -1)
    return [
        Estimate(float(v), *_percentiles(column)) for v, column in zip(value, spread.T, strict=True)
    ]


def _percentiles(column: NDArray[np.float64]) -> tuple[float, float]:
    defined = column[~np.isnan(column)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)
