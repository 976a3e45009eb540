"""Precision, recall and F1 of labels that a unit may have none, one or several of.

`label_counts` compares one document with its gold labels and returns counts; `prf`
turns counts into ratios. Counts add up over documents, so the score of a corpus, of one
label or of a bootstrap resample is a sum over the same array followed by `prf`.

Macro averages are taken over the labels *with gold support*. With scikit-learn's
`zero_division=nan` the denominator would depend on what a system predicts, and two
systems would be averaged over different labels.

Where a system gives scores, units can be ranked by them: `average_precision`, and
`reading_effort`, the share of documents to be read from the top of the ranking before 95 %
of the relevant ones are found.

Source: van Rijsbergen (1979), Information Retrieval, chapter 7; the multi-label counts
are those of `sklearn.metrics.multilabel_confusion_matrix`. Reading effort is the
PropRead@Recall95 of Halterman et al. (2021), https://aclanthology.org/2021.findings-acl.371.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterclaim.errors import DataError

SIDES = ("matched", "predicted", "gold")
Counts = NDArray[np.int64]
Sums = Mapping[str, NDArray[Any]]
"""Summed columns of shape (...) by their name, "row/column"."""
Table = dict[str, dict[str, NDArray[np.float64]]]
"""Scores of shape (...) by row and measure."""
RECALL_TO_REACH = 0.95


class PRF(NamedTuple):
    """Precision, recall and F1 as fractions in [0, 1]; NaN where undefined."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


def label_counts(
    gold: Sequence[Collection[str]],
    predicted: Sequence[Collection[str]],
    labels: Sequence[str],
) -> Counts:
    """Count matched, predicted and gold labels over the units of one document.

    Args:
        gold: The labels of each unit.
        predicted: The labels that a system gives to each unit, in the same order.
        labels: Label names; row i of the result counts `labels[i]`.

    Returns:
        Array of shape (len(labels), 3), with the columns of `SIDES`.

    Raises:
        DataError: The two sides differ in length, or a label is not in `labels`.
    """
    if len(gold) != len(predicted):
        raise DataError(f"labels for {len(predicted)} units; expected {len(gold)}")
    of_gold, of_predicted = _indicators(gold, labels), _indicators(predicted, labels)
    columns = (of_gold & of_predicted, of_predicted, of_gold)
    return np.stack([column.sum(axis=0) for column in columns], axis=-1)


def prf(counts: Counts) -> PRF:
    """Turn counts into precision, recall and F1.

    Args:
        counts: Array of shape (..., 3), as `label_counts` returns it or summed.

    Returns:
        Three arrays of shape (...). A ratio whose denominator is 0 is NaN: there was
        nothing to measure, which is neither a perfect score nor a failure.
    """
    return _prf(*np.moveaxis(counts, -1, 0))


def _prf(matched: NDArray[Any], predicted: NDArray[Any], gold: NDArray[Any]) -> PRF:
    return PRF(
        precision=ratio(matched, predicted),
        recall=ratio(matched, gold),
        f1=ratio(2 * matched, predicted + gold),
    )


def prf_of(sums: Sums, row: str, prefix: str = "") -> dict[str, NDArray[np.float64]]:
    """Precision, recall and F1 from the columns matched, predicted and gold of a row."""
    scores = _prf(*(np.asarray(sums[f"{row}/{prefix}{side}"]) for side in SIDES))
    return {f"{prefix}{name}": value for name, value in scores._asdict().items()}


def total(sums: Sums, rows: Sequence[str], column: str) -> NDArray[Any]:
    """The sum of one column over some rows."""
    return np.sum([sums[f"{row}/{column}"] for row in rows], axis=0)  # type: ignore[no-any-return]


def macro(
    values: Sequence[NDArray[np.float64]], support: Sequence[NDArray[Any]]
) -> NDArray[np.float64]:
    """Mean over the rows with gold support.

    Args:
        values: A score of shape (...) for each row.
        support: How much gold each row has. In a bootstrap a row that a resample happens
            to miss is left out of that resample's mean.

    Returns:
        Array of shape (...); NaN where no row has support.
    """
    supported = np.stack([np.asarray(each) for each in support]) > 0
    summed = np.where(supported, np.stack(list(values)), 0.0).sum(axis=0)
    return ratio(summed, supported.sum(axis=0))


def ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> NDArray[np.float64]:
    """Elementwise quotient, NaN where the denominator is 0."""
    quotient = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.asarray(denominator) > 0)
    return quotient


class Ranking:
    """Units in the order in which a system would show them for one label, best first.

    Units of equal score stand together: nothing says which of them comes first.
    """

    def __init__(self, score: NDArray[np.float64], relevant: NDArray[np.bool_]):
        """Take a score (minus infinity for none) and the gold of each unit."""
        self.order = np.argsort(-score, kind="stable")
        self._relevant = relevant[self.order].astype(np.float64)
        ordered = score[self.order]
        self._last = np.append(ordered[1:] != ordered[:-1], True)

    def _running(self, weights: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Relevant and all units down to the end of each group of equal score."""
        ordered = weights[..., self.order].astype(np.float64)
        shown = np.cumsum(ordered, axis=-1)[..., self._last]
        return np.cumsum(ordered * self._relevant, axis=-1)[..., self._last], shown

    def average_precision(self, weights: NDArray[Any]) -> NDArray[np.float64]:
        """Precision averaged over the relevant units, as scikit-learn defines it.

        Args:
            weights: How often each unit counts, of shape (..., units).

        Returns:
            Array of shape (...); NaN where nothing is relevant.
        """
        found, shown = self._running(weights)
        gained = np.diff(found, axis=-1, prepend=0)
        return ratio((gained * np.nan_to_num(ratio(found, shown))).sum(axis=-1), found[..., -1])

    def reading_effort(self, weights: NDArray[Any]) -> NDArray[np.float64]:
        """Share of the units to be read before 95 % of the relevant ones are found.

        Args:
            weights: How often each unit counts, of shape (..., units).

        Returns:
            Array of shape (...); less is better; NaN where nothing is relevant.
        """
        found, shown = self._running(weights)
        enough = found >= RECALL_TO_REACH * found[..., -1:]
        first = enough.argmax(axis=-1)[..., None]
        effort = np.take_along_axis(shown, first, axis=-1)[..., 0]
        return np.where(found[..., -1] > 0, ratio(effort, shown[..., -1]), np.nan)


def _indicators(units: Sequence[Collection[str]], labels: Sequence[str]) -> NDArray[np.bool_]:
    column = {label: i for i, label in enumerate(labels)}
    indicators = np.zeros((len(units), len(labels)), dtype=np.bool_)
    for row, unit in enumerate(units):
        for label in unit:
            if label not in column:
                raise DataError(f"label {label!r} of unit {row}; expected one of {list(labels)}")
            indicators[row, column[label]] = True
    return indicators
