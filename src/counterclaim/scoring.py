"""Gold and predictions to scores, with intervals and a signature.

Everything is counted per document and summed, so that totals, groups and resamples are
sums over one array. A document without a prediction counts as empty output and is named
in the result.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from counterclaim.counting import Tally, named, tally
from counterclaim.metrics.labels import Table
from counterclaim.metrics.ranking import ranked_scores
from counterclaim.metrics.resampling import Estimate, Resampling, intervals
from counterclaim.model import Document, Prediction
from counterclaim.pairing import Placed, pair, pair_files
from counterclaim.skimming import skim_files
from counterclaim.tasks import Task

RESAMPLES = 1000
SEED = 0
Row = dict[str, Estimate]


class Headline(msgspec.Struct, frozen=True):
    """The score that systems are compared by, with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float

    @property
    def estimate(self) -> Estimate:
        """The score without its name."""
        return Estimate(self.value, self.low, self.high)


class Part(msgspec.Struct, frozen=True):
    """The scores of some of the documents; fields as in `Scores`."""

    documents: int
    headline: Headline
    scores: dict[str, Row]
    counts: dict[str, dict[str, float]]


class Scores(msgspec.Struct, frozen=True):
    """The result of scoring one run.

    Attributes:
        task: Name of the task.
        signature: What has to agree for two results to be comparable, in one line.
        headline: The score that systems are compared by.
        scores: For each row, such as a label, its measures; NaN, in JSON null, where
            undefined.
        counts: What the scores are made from: sums over documents, by row and column.
        documents: Number of gold documents.
        missing: Documents without a prediction, counted as empty output.
        groups: By field and value, the scores of the documents that have it.
    """

    task: str
    signature: str
    headline: Headline
    scores: dict[str, Row]
    counts: dict[str, dict[str, float]]
    documents: int
    missing: list[str]
    groups: dict[str, dict[str, Part]] = {}


def score(
    task: Task,
    gold: Sequence[Document],
    predictions: Iterable[Prediction | Placed | dict[str, Any]],
    *,
    data: str = "custom",
    split: str = "custom",
    aligned: int = 0,
    by: Sequence[str] = (),
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Scores:
    """Score the predictions of one system.

    Args:
        task: The task.
        gold: Gold documents; their text is not needed.
        predictions: At most one for each document, in any order; records, or dicts as a
            predictions file has them.
        data: Version and fingerprint of the data, such as "0.1.0+3f9a1c", for the signature.
        split: Name of the split, for the signature.
        aligned: How many texts differed from the published ones, for the signature.
        by: Fields of a document, or names of `grouping.GROUPS`, to give scores for each value of.
        resamples: Bootstrap resamples for the intervals.
        seed: Seed of the resampling; 0 is a seed like any other.

    Raises:
        DataError: There is no gold document, or a prediction fits none.
    """
    counted = tally(task, pair(task, gold, predictions), by)
    return summarise(
        task, counted, data=data, split=split, aligned=aligned, resamples=resamples, seed=seed
    )


def score_files(
    task: Task,
    gold: Path | str,
    predictions: Path | str,
    *,
    data: str = "custom",
    split: str = "custom",
    by: Sequence[str] = (),
    checked: bool = True,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Scores:
    """Score a file of predictions against a file of gold, as a stream.

    Memory does not grow with the files, but for some numbers a document.

    Args:
        task: The task.
        gold: Documents, JSON lines.
        predictions: Predictions, JSON lines, in any order.
        data: As for `score`.
        split: As for `score`.
        by: As for `score`.
        checked: Whether all of a record is checked, or in `spans` without `by` only what is
            counted, which halves the time. For files that `validate` has passed.
        resamples: As for `score`.
        seed: As for `score`.

    Raises:
        DataError: With file and line, the first record found that cannot be used.
    """
    files = pair_files if checked or by else skim_files
    counted = tally(task, files(task, gold, predictions), by)
    return summarise(task, counted, data=data, split=split, resamples=resamples, seed=seed)


def summarise(
    task: Task,
    counted: Tally,
    *,
    data: str,
    split: str,
    aligned: int = 0,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Scores:
    """Turn what was counted into scores; arguments as for `score`."""
    whole = _part(task, counted, None, resamples, seed)
    groups = {
        field: {
            value: _part(task, counted, [value in each for each in values], resamples, seed)
            for value in sorted({value for each in values for value in each})
        }
        for field, values in counted.groups.items()
    }
    return Scores(
        task=task.name,
        signature=signature(
            task, counted, data=data, split=split, aligned=aligned, resamples=resamples, seed=seed
        ),
        headline=whole.headline,
        scores=whole.scores,
        counts=whole.counts,
        documents=whole.documents,
        missing=counted.missing,
        groups=groups,
    )


def _part(
    task: Task, counted: Tally, chosen: Sequence[bool] | None, resamples: int, seed: int
) -> Part:
    mask = np.ones(len(counted.keys), bool) if chosen is None else np.array(chosen)
    counts = counted.counts[mask]
    keys = [key for key, kept in zip(counted.keys, mask, strict=True) if kept]
    resampling = Resampling(keys, resamples=resamples, seed=seed)
    total = counts.sum(axis=0)
    # All at once: the sums of all documents, then those of each resample.
    table = task.scores(named(task, np.concatenate([total[None], resampling.sums(counts)])))
    if counted.ranked is not None:
        values, spread = ranked_scores(counted.ranked, mask, resampling)
        for row, measures in values.items():
            for measure, value in measures.items():
                table[row][measure] = np.append(value, spread[row][measure])
    scores = _estimates(table, 1 + resamples)
    head = scores[task.headline[0]][task.headline[1]]
    sums = dict(zip(task.columns, map(_plain, total.tolist()), strict=True))
    by_row: dict[str, dict[str, float]] = {}
    for name, number in sums.items():
        row, _, column = name.partition("/")
        by_row.setdefault(row, {})[column] = number
    return Part(
        documents=len(keys),
        headline=Headline(
            "_".join(task.headline).replace(" ", "_"), *msgspec.structs.astuple(head)
        ),
        scores=scores,
        counts=by_row | (task.errors(sums) if task.errors else {}),
    )


def _estimates(table: Table, size: int) -> dict[str, Row]:
    """Estimates from scores of all documents and of each resample, in arrays of this size."""
    cells = [(row, measure) for row, measures in table.items() for measure in measures]
    found = np.empty((size, len(cells)))
    for column, (row, measure) in enumerate(cells):
        found[:, column] = table[row][measure]
    rows: dict[str, Row] = {}
    for (row, measure), estimate in zip(cells, intervals(found[0], found[1:]), strict=True):
        rows.setdefault(row, {})[measure] = estimate
    return rows


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value


def signature(
    task: Task,
    counted: Tally,
    *,
    data: str,
    split: str,
    aligned: int = 0,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> str:
    """The line that says what has to agree for two scores to be comparable.

    Arguments are those of `score`.
    """
    from counterclaim import __version__

    parts: dict[str, str | int] = {
        "task": task.name,
        **({"mentions": task.mentions} if task.mentions else {}),
        "corpus": "+".join(counted.corpora),
        "split": split,
        "data": data,
        "guidelines": "+".join(counted.guidelines),
        **({"aligned": aligned} if aligned else {}),
        "bs": resamples,
        "seed": seed,
        "version": __version__,
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())
