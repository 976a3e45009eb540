"""Intervals by resampling whole events, or documents, with replacement.

Scores are functions of counts summed over documents, so a resample is a row of weights
and all resamples are one matrix product. Documents of one event are drawn together:
intervals over single documents, let alone sentences, would be too narrow.

Every sum is exact, and with it every result the same with any number of threads and in
any order of documents: counts are integers or, after `exact`, multiples of 2**-24, and
clusters are drawn in the order of their keys.

Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapters 13 (the
percentile interval) and 8.5 (resampling of blocks).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Statistic = Callable[[NDArray[Any]], NDArray[np.float64]]
_GRID = 2.0**24
_FLOAT32_EXACT = 2.0**24
_BLOCK = 2**17  # draws at a time: they stay in the cache of the processor


class Estimate(msgspec.Struct, frozen=True, gc=False):
    """A value with the bounds of its 95 % interval; NaN where undefined."""

    value: float
    low: float
    high: float


class Resampling:
    """Resamples of the clusters of a corpus, drawn anew and alike at every use.

    Attributes:
        clusters: Number of clusters.
        resamples: Number of resamples.
        seed: Seed of the generator; 0 is a seed like any other.
    """

    def __init__(self, keys: Sequence[str], *, resamples: int, seed: int):
        """Take a key for each document; documents with one key are drawn together."""
        index = {key: i for i, key in enumerate(sorted(set(keys)))}
        self._member = np.array([index[key] for key in keys], dtype=np.intp)
        self.clusters = len(index)
        self.resamples = resamples
        self.seed = seed

    def cluster_sums(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Sum counts of shape (documents, ...) to shape (clusters, ...)."""
        sums = np.zeros((self.clusters, *counts.shape[1:]))
        np.add.at(sums, self._member, counts)
        return sums

    def weights(self, kind: DTypeLike = np.int64) -> Iterator[NDArray[Any]]:
        """Yield how often each cluster is drawn, in blocks of shape (some, clusters)."""
        if not self.clusters:
            return
        generator = np.random.Generator(np.random.SFC64(self.seed))  # the fastest there is
        rows = max(1, _BLOCK // self.clusters)
        for first in range(0, self.resamples, rows):
            shape = min(rows, self.resamples - first), self.clusters
            block = np.empty(shape, dtype=kind)
            for row, drawn in zip(
                block, generator.integers(self.clusters, size=shape, dtype=np.int32), strict=True
            ):
                row[:] = np.bincount(drawn, minlength=self.clusters)
            yield block

    def document_weights(self) -> Iterator[NDArray[np.int64]]:
        """Yield how often each document is drawn, in blocks of shape (some, documents)."""
        for block in self.weights():
            yield block[:, self._member]

    def sums(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Counts of shape (documents, ...) summed over each resample: (resamples, ...)."""
        flat = self.cluster_sums(counts).reshape(self.clusters, -1)
        fitting = flat.astype(exact_type(flat, self.clusters))
        blocks = [block @ fitting for block in self.weights(fitting.dtype)]
        shape = (self.resamples, *counts.shape[1:])
        return np.concatenate(blocks or [np.zeros(shape)]).astype(np.float64).reshape(shape)

    def estimates(self, counts: NDArray[Any], statistic: Statistic) -> list[Estimate]:
        """Evaluate a statistic on all documents, and its interval on the resamples.

        Args:
            counts: Array of shape (documents, ...), additive over documents.
            statistic: Maps summed counts of shape (..., *counts.shape[1:]) to scores of
                shape (...) or (..., k).

        Returns:
            One estimate, or k of them. A resample in which the statistic is undefined
            does not enter its interval.
        """
        value = np.atleast_1d(statistic(counts.sum(axis=0)))
        spread = statistic(self.sums(counts)).reshape(self.resamples, -1)
        return intervals(value, spread)


def intervals(values: NDArray[np.float64], spread: NDArray[np.float64]) -> list[Estimate]:
    """Estimates from values of shape (k,) and their resamples of shape (resamples, k)."""
    low, high = (np.full(len(values), np.nan) for _ in range(2))
    undefined = np.isnan(spread)
    whole = ~undefined.any(axis=0) if len(spread) else np.zeros(len(values), dtype=bool)
    if whole.any():
        low[whole], high[whole] = np.quantile(spread[:, whole], [0.025, 0.975], axis=0)
    for k in np.flatnonzero(~whole & ~undefined.all(axis=0)):
        low[k], high[k] = np.quantile(spread[~undefined[:, k], k], [0.025, 0.975])
    rows = zip(values.tolist(), low.tolist(), high.tolist(), strict=True)
    return [Estimate(*row) for row in rows]


def exact(values: ArrayLike) -> NDArray[np.float64]:
    """Round fractions to multiples of 2**-24, so that sums do not depend on their order.

    Sums of such numbers are exact up to 2**29, some 500 million.
    """
    return np.asarray(np.rint(np.multiply(values, _GRID)) / _GRID, dtype=np.float64)


def exact_value(value: float) -> float:
    """`exact` of one number."""
    return round(value * _GRID) / _GRID


def exact_type(counts: NDArray[np.float64], most: int) -> type[np.float32 | np.float64]:
    """The smaller float type in which any sum of `most` rows of the counts is exact."""
    if not counts.size:
        return np.float64
    largest = np.abs(counts).max() * most
    fits = largest < _FLOAT32_EXACT and bool((counts == np.rint(counts)).all())
    return np.float32 if fits else np.float64
