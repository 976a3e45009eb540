"""Precision, recall and F1 of labels that a unit may have none, one or several of.

`label_counts` compares one document with its gold labels and returns counts; `prf`
turns counts into ratios. Counts add up over documents, so the score of a corpus, of one
label or of a bootstrap resample is a sum over the same array followed by `prf`.

Macro averages are taken over the labels *with gold support*. With scikit-learn's
`zero_division=nan` the denominator would depend on what a system predicts, and two
systems would be averaged over different labels.

Source: van Rijsbergen (1979), Information Retrieval, chapter 7; the multi-label counts
are those of `sklearn.metrics.multilabel_confusion_matrix`.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterclaim.errors import DataError

MATCHED, PREDICTED, GOLD = range(3)
Counts = NDArray[np.int64]


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
        Array of shape (len(labels), 3), with the columns MATCHED, PREDICTED, GOLD.

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
    matched, predicted, gold = np.moveaxis(counts, -1, 0)
    return PRF(
        precision=ratio(matched, predicted),
        recall=ratio(matched, gold),
        f1=ratio(2 * matched, predicted + gold),
    )


def macro_f1(counts: Counts) -> NDArray[np.float64]:
    """Mean F1 over the labels with gold support.

    Args:
        counts: Array of shape (..., labels, 3). In a bootstrap a label that a resample
            happens to miss is left out of that resample's mean.

    Returns:
        Array of shape (...); NaN where no label has support.
    """
    supported = counts[..., GOLD] > 0
    total = np.where(supported, prf(counts).f1, 0.0).sum(axis=-1)
    return ratio(total, supported.sum(axis=-1))


def ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> NDArray[np.float64]:
    """Elementwise quotient, NaN where the denominator is 0."""
    quotient = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.asarray(denominator) > 0)
    return quotient


def _indicators(units: Sequence[Collection[str]], labels: Sequence[str]) -> NDArray[np.bool_]:
    column = {label: i for i, label in enumerate(labels)}
    indicators = np.zeros((len(units), len(labels)), dtype=np.bool_)
    for row, unit in enumerate(units):
        for label in unit:
            if label not in column:
                raise DataError(f"label {label!r} of unit {row}; expected one of {list(labels)}")
            indicators[row, column[label]] = True
    return indicators
