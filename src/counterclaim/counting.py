"""Counts of each document, and the sums that scores are made from."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterclaim.columns import Batch
from counterclaim.errors import DataError
from counterclaim.grouping import group_reader
from counterclaim.metrics.ranking import Ranked, ranked_units
from counterclaim.tasks import Task


class Tally(NamedTuple):
    """What was counted of each document.

    Attributes:
        counts: Array of shape (documents, columns of the task).
        ids: The doc_id of each document.
        keys: The event of each document.
        missing: Documents without a prediction.
        groups: By field, the values that each document has.
        corpora: Names of the corpora.
        guidelines: Versions of the guidelines that the gold follows.
        ranked: Scored sentences, if a prediction gives scores.
    """

    counts: NDArray[np.float64]
    ids: list[str]
    keys: list[str]
    missing: list[str]
    groups: dict[str, list[tuple[str, ...]]]
    corpora: list[str]
    guidelines: list[str]
    ranked: Ranked | None = None


def tally(task: Task, batches: Iterable[Batch], by: Sequence[str] = ()) -> Tally:
    """Count batches of documents with their predictions.

    Raises:
        DataError: There is no document, or `by` names no field.
    """
    groups: dict[str, list[tuple[str, ...]]] = {field: [] for field in by}
    readers = {field: group_reader(field) for field in by}
    parts, ranked = [], []
    ids: list[str] = []
    keys: list[str] = []
    missing: list[str] = []
    corpora: set[str] = set()
    guidelines: set[str] = set()
    for batch in batches:
        parts.append(task.count(batch))
        ids += [document.doc_id for document in batch.gold]
        keys += [document.cluster for document in batch.gold]
        corpora.update({document.corpus for document in batch.gold})
        guidelines.update({document.guidelines for document in batch.gold})
        if not task.layers:
            ranked += [
                ranked_units(document, prediction, given=document.doc_id not in batch.missing)
                for document, prediction in batch
            ]
        missing += batch.missing
        for field, read in readers.items():
            groups[field] += map(read, batch.gold)
    if not keys:
        raise DataError("no gold document to score against; expected at least one")
    return Tally(
        np.concatenate(parts),
        ids,
        keys,
        sorted(missing),
        groups,
        sorted(corpora),
        sorted(guidelines),
        Ranked.gather(ranked),
    )


def headline_statistic(task: Task) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    """The headline score of a task as a function of summed counts (..., columns)."""
    row, measure = task.headline
    return lambda summed: task.scores(named(task, summed))[row][measure]


def named(task: Task, summed: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The columns of counts of shape (..., columns) by their names."""
    return {name: summed[..., i] for i, name in enumerate(task.columns)}
