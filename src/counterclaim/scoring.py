"""Gold and predictions to scores, with intervals and a signature.

A document without a prediction counts as empty output and is named in the result. A
prediction for an unknown document, a doubled or a malformed one is an error: predictions
are never dropped silently.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from counterclaim import corpus, jsonl
from counterclaim.errors import DataError
from counterclaim.metrics.labels import GOLD, prf
from counterclaim.metrics.resampling import Estimate, bootstrap_weights, estimates
from counterclaim.model import LAYERS, SPLITS, Document, Prediction
from counterclaim.tasks import Task
from counterclaim.validate.reading import READABLE, check

RESAMPLES = 1000
SEED = 0
# The fields of a document that a prediction may repeat, if they agree.
_METADATA = tuple(
    field for field in Document.__struct_fields__ if field not in LAYERS and field != "doc_id"
)


class Headline(msgspec.Struct, frozen=True):
    """The score that systems are compared by, with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float


class Row(msgspec.Struct, frozen=True):
    """Scores of one label, or over all labels; NaN, in JSON null, where undefined."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int


class Scores(msgspec.Struct, frozen=True):
    """The result of scoring one run.

    Attributes:
        task: Name of the task.
        signature: What has to agree for two results to be comparable, in one line.
        headline: The score that systems are compared by.
        scores: A row for each label, then "micro".
        documents: Number of gold documents.
        missing: Documents without a prediction, counted as empty output.
    """

    task: str
    signature: str
    headline: Headline
    scores: dict[str, Row]
    documents: int
    missing: list[str]


def score(
    task: Task,
    gold: Sequence[Document],
    predictions: Sequence[Prediction],
    *,
    data: str = "custom",
    split: str = "custom",
    aligned: int = 0,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Scores:
    """Score the predictions of one system.

    Args:
        task: The task.
        gold: Gold documents; their text is not needed.
        predictions: At most one for each document, in any order.
        data: Version and fingerprint of the data, such as "0.1.0+3f9a1c", for the signature.
        split: Name of the split, for the signature.
        aligned: How many texts differed from the published ones, for the signature.
        resamples: Bootstrap resamples for the intervals.
        seed: Seed of the resampling; 0 is a seed like any other.

    Raises:
        DataError: There is no gold document, or a prediction fits none.
    """
    if not gold:
        raise DataError("no gold document to score against; expected at least one")
    by_id = {document.doc_id: document for document in gold}
    given: dict[str, Prediction] = {}
    for prediction in predictions:
        check_prediction(task, prediction, by_id, given)
        given[prediction.doc_id] = prediction
    counts = np.stack([_count(task, document, given.get(document.doc_id)) for document in gold])
    weights = bootstrap_weights(
        [document.cluster for document in gold], resamples=resamples, seed=seed
    )

    def ratios(summed: NDArray[Any]) -> NDArray[np.float64]:
        return np.stack(prf(summed), axis=-1)

    rows = {label: counts[:, i] for i, label in enumerate(task.labels)}
    rows["micro"] = counts.sum(axis=1)
    (headline,) = estimates(counts, task.headline_score, weights)
    return Scores(
        task=task.name,
        signature=_signature(
            task, gold, data=data, split=split, aligned=aligned, resamples=resamples, seed=seed
        ),
        headline=Headline(task.headline, headline.value, headline.low, headline.high),
        scores={label: _row(row, estimates(row, ratios, weights)) for label, row in rows.items()},
        documents=len(gold),
        missing=[document.doc_id for document in gold if document.doc_id not in given],
    )


def _row(counts: NDArray[np.int64], values: Sequence[Estimate]) -> Row:
    precision, recall, f1 = values
    return Row(precision, recall, f1, support=int(counts[:, GOLD].sum()))


def _count(task: Task, document: Document, prediction: Prediction | None) -> NDArray[np.int64]:
    if prediction is None:
        empty: dict[str, Any] = dict.fromkeys(LAYERS, ())
        prediction = Prediction(document.doc_id, **empty)
    return task.count(task.gold(document), task.predicted(document, prediction), task.labels)


def check_prediction(
    task: Task,
    prediction: Prediction,
    gold: Mapping[str, Document],
    given: Mapping[str, Prediction],
) -> None:
    """Check that a prediction fits the gold document that it is for.

    Args:
        task: The task.
        prediction: The prediction.
        gold: Gold documents by doc_id.
        given: Earlier predictions by doc_id.

    Raises:
        DataError: It does not; the message says how.
    """
    doc_id = prediction.doc_id
    if doc_id not in gold:
        raise DataError(f"{doc_id}: {_elsewhere(doc_id, gold)}")
    if doc_id in given:
        raise DataError(f"{doc_id}: a second prediction for this document; expected one")
    document = gold[doc_id]
    for field in _METADATA:
        value = getattr(prediction, field)
        known = getattr(document, field)
        if value is UNSET or value == known:
            continue
        if field in ("text", "title") and None in (value, known):
            continue  # a stand-off record beside one with its text
        if field in ("text", "title", "sha256"):
            raise DataError(f"{doc_id}: {field} differs; the prediction is for another text")
        raise DataError(
            f"{doc_id}: {field} is {value!r:.80}; expected {known!r:.80} as in gold, or none"
        )
    layers = {name: getattr(prediction, name) or () for name in LAYERS}
    check(msgspec.structs.replace(document, **layers), READABLE, doc_id)
    try:
        task.predicted(document, prediction)
    except DataError as error:
        raise DataError(f"{doc_id}: {error}") from None


def _elsewhere(doc_id: str, gold: Mapping[str, Document]) -> str:
    """Say where an unexpected document belongs, if the data has it at all."""
    expected = sorted({f"{document.corpus} {document.split}" for document in gold.values()})
    for split in SPLITS:
        for document in corpus.records(split, corpus="all"):
            if document.doc_id == doc_id:
                return f"is a document of {document.corpus} {split}; expected {', '.join(expected)}"
    return f"unknown document; expected one of {len(gold)} ({', '.join(expected)})"


def read_predictions(path: Path | str, task: Task, gold: Sequence[Document]) -> list[Prediction]:
    """Read a predictions file and check it against gold, line by line.

    Raises:
        DataError: With file and line, the first prediction that does not fit.
    """
    by_id = {document.doc_id: document for document in gold}
    given: dict[str, Prediction] = {}
    for line, prediction in jsonl.read_records(path, Prediction):
        try:
            check_prediction(task, prediction, by_id, given)
        except DataError as error:
            raise DataError(f"{path}:{line}: {error}") from None
        given[prediction.doc_id] = prediction
    return list(given.values())


def matching_gold(
    predictions: Iterable[Prediction], gold: Sequence[Document], held: Sequence[Document]
) -> tuple[list[Document], int]:
    """Choose for each document the record in the coordinates of the text predicted from.

    Args:
        predictions: They name the hash of that text, if they were made by a run.
        gold: The records as they are published.
        held: The same documents with the texts of this machine, some of them aligned.

    Returns:
        The records to score against, and how many of them are of aligned texts. A document
        whose text is published nowhere is left out where it is not predicted.
    """
    named = {prediction.doc_id: prediction.sha256 for prediction in predictions}
    by_id = {document.doc_id: document for document in held}
    chosen = []
    aligned = 0
    for document in gold:
        if document.restricted and document.doc_id not in named:
            continue
        digest = named.get(document.doc_id, UNSET)
        other = by_id.get(document.doc_id, document)
        if digest not in (UNSET, document.sha256) and digest == other.sha256:
            aligned += 1
            chosen.append(other)
        else:
            chosen.append(document)
    return chosen, aligned


def _signature(
    task: Task,
    gold: Sequence[Document],
    *,
    data: str,
    split: str,
    aligned: int,
    resamples: int,
    seed: int,
) -> str:
    """The line that says what has to agree for two scores to be comparable."""
    from counterclaim import __version__

    parts: dict[str, str | int] = {
        "task": task.name,
        "corpus": "+".join(sorted({document.corpus for document in gold})),
        "split": split,
        "data": data,
        "guidelines": "+".join(sorted({document.guidelines for document in gold})),
        **({"aligned": aligned} if aligned else {}),
        "bs": resamples,
        "seed": seed,
        "version": __version__,
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())
