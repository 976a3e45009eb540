"""Scores of sentences as rankings: average precision and the effort of reading.

These are no functions of summed counts, but of how often each document counts, so they
are resampled with the same draws.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from counterclaim.errors import DataError
from counterclaim.metrics.labels import Ranking, Table, macro
from counterclaim.metrics.resampling import Resampling
from counterclaim.model import LABELS, Document, Prediction, sentence_labels

_CELLS = 2**22  # weights at a time


class Ranked(NamedTuple):
    """Sentences of a corpus with the score and the gold of each label.

    Attributes:
        document: The number of each sentence's document.
        score: Shape (sentences, labels); minus infinity where there is none.
        relevant: Whether the gold has the label, of the same shape.
    """

    document: NDArray[np.int64]
    score: NDArray[np.float64]
    relevant: NDArray[np.bool_]

    @classmethod
    def gather(cls, units: "Sequence[Units]") -> "Ranked | None":
        """Put the sentences of documents together; None if no prediction gives scores.

        Raises:
            DataError: Some predictions with labels give scores and some do not.
        """
        given = [unit for unit in units if unit.given and len(unit.relevant)]
        scored = [unit for unit in given if unit.score is not None]
        if not scored:
            return None
        if len(scored) < len(given):
            other = next(unit.doc_id for unit in given if unit.score is None)
            raise DataError(
                f"{other}: no sentence_scores; expected them, as other predictions have them"
            )
        sizes = [len(unit.relevant) for unit in units]
        scores = [
            np.full(unit.relevant.shape, -np.inf) if unit.score is None else unit.score
            for unit in units
        ]
        return cls(
            np.repeat(np.arange(len(units)), sizes),
            np.concatenate(scores),
            np.concatenate([unit.relevant for unit in units]),
        )


class Units(NamedTuple):
    """The sentences of one document; `given` is False where there was no prediction."""

    doc_id: str
    given: bool
    score: NDArray[np.float64] | None
    relevant: NDArray[np.bool_]


def ranked_units(document: Document, prediction: Prediction, *, given: bool) -> Units:
    """The sentences of a document with their scores, if a prediction gives any."""
    gold = sentence_labels(document)
    shape = len(gold), len(LABELS)  # a text may have no sentence
    relevant = np.array([[label in each for label in LABELS] for each in gold], dtype=np.bool_)
    relevant = relevant.reshape(shape)
    score = None
    if prediction.sentence_scores is not UNSET:
        score = np.array(
            [[each.get(label, -np.inf) for label in LABELS] for each in prediction.sentence_scores]
        ).reshape(shape)
    return Units(document.doc_id, given, score, relevant)


def ranked_scores(
    ranked: Ranked, chosen: NDArray[np.bool_], resampling: Resampling
) -> tuple[Table, Table]:
    """Average precision and reading effort of each label, and in the resamples.

    Args:
        ranked: The sentences.
        chosen: Which documents; those that `resampling` was made for.
        resampling: The draws.
    """
    kept = chosen[ranked.document]
    number = np.cumsum(chosen) - 1
    owner = number[ranked.document[kept]]
    score, relevant = ranked.score[kept], ranked.relevant[kept]
    documents = int(chosen.sum())
    found: tuple[Table, Table] = ({}, {})
    for i, label in enumerate(LABELS):
        best = np.full(documents, -np.inf)
        np.maximum.at(best, owner, score[:, i])
        positive = np.zeros(documents, dtype=np.bool_)
        np.logical_or.at(positive, owner, relevant[:, i])
        sentences, whole = Ranking(score[:, i], relevant[:, i]), Ranking(best, positive)
        found[0][label] = {
            "average_precision": sentences.average_precision(np.ones(len(owner))),
            "reading_effort": whole.reading_effort(np.ones(documents)),
        }
        spread: dict[str, list[NDArray[np.float64]]] = {name: [] for name in found[0][label]}
        for block in resampling.document_weights():
            step = max(1, _CELLS // max(1, len(owner)))
            for first in range(0, len(block), step):
                weights = block[first : first + step]
                precision = sentences.average_precision(weights[:, owner])
                spread["average_precision"].append(precision)
                spread["reading_effort"].append(whole.reading_effort(weights))
        none = np.zeros(0)
        found[1][label] = {name: np.concatenate([none, *parts]) for name, parts in spread.items()}
    support = [np.asarray(relevant[:, i].sum()) for i in range(len(LABELS))]
    for table in found:
        columns = [table[label]["average_precision"] for label in LABELS]
        defined = [
            np.broadcast_to(s, np.shape(c)) * ~np.isnan(c)
            for s, c in zip(support, columns, strict=True)
        ]
        table["macro"] = {"average_precision": macro([np.nan_to_num(c) for c in columns], defined)}
    return found
