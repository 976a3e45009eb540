"""A task is a value: what of a document a model gives, and how it is counted."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from counterclaim.errors import DataError
from counterclaim.metrics.labels import Counts, label_counts, macro_f1
from counterclaim.model import (
    LABELS,
    LAYERS,
    Document,
    Prediction,
    SentenceLabels,
    blind,
    sentence_labels,
)


@dataclass(frozen=True)
class Task:
    """What is predicted, and how predictions are counted.

    Attributes:
        name: As on the command line.
        labels: Label names; row i of the counts is for `labels[i]`.
        gold: A document's gold annotation in the form that `count` takes.
        predicted: A prediction in the same form, given the document it is for.
        count: (gold, predicted, labels) to additive counts of shape (labels, 3).
        headline: Name of the score that systems are compared by.
        headline_score: Summed counts to that score.
    """

    name: str
    labels: tuple[str, ...]
    gold: Callable[[Document], Any]
    predicted: Callable[[Document, Prediction], Any]
    count: Callable[[Any, Any, Sequence[str]], Counts]
    headline: str
    headline_score: Callable[[Counts], NDArray[Any]]


class Example(NamedTuple):
    """A training document without its annotation, and what a model should give for it."""

    document: Document
    gold: Any


def predicted_sentence_labels(document: Document, prediction: Prediction) -> SentenceLabels:
    """The labels that a prediction gives to the sentences of a document.

    Raises:
        DataError: The prediction has both labels and layers, or neither, or labels for
            another number of sentences, or a span that lies in no sentence.
    """
    layers = [name for name in LAYERS if getattr(prediction, name) is not UNSET]
    if prediction.sentence_labels is not UNSET:
        if layers:
            raise DataError(f"sentence_labels beside {layers[0]}; expected one of the two")
        return _given_labels(document, prediction.sentence_labels, prediction.sentence_scores)
    if prediction.sentence_scores is not UNSET:
        raise DataError("sentence_scores without sentence_labels; expected both")
    if not layers:
        raise DataError(f"no sentence_labels; expected them, or layers ({', '.join(LAYERS)})")
    return sentence_labels(document, prediction)


def examples(task: Task, documents: Sequence[Document]) -> list[Example]:
    """Pair each document, blind, with its gold."""
    return [Example(blind(document), task.gold(document)) for document in documents]


def _given_labels(
    document: Document,
    labels: Sequence[Sequence[str]],
    scores: Sequence[Mapping[str, float]] | UnsetType,
) -> SentenceLabels:
    """Labels as a model gave them, once they fit the document's sentences."""
    expected = len(document.sentences)
    for name, given in (("sentence_labels", labels), ("sentence_scores", scores)):
        if given is UNSET:
            continue
        if len(given) != expected:
            raise DataError(f"{name} for {len(given)} sentences; expected {expected}")
        for number, each in enumerate(given):
            if unknown := sorted(set(each) - set(LABELS)):
                raise DataError(
                    f"{name}[{number}]: {unknown[0]!r}; expected labels of {', '.join(LABELS)}"
                )
    for number, each in enumerate(() if scores is UNSET else scores):
        for label, value in each.items():
            if not math.isfinite(value):
                raise DataError(f"sentence_scores[{number}]: {label} {value}; expected a number")
    return [[label for label in LABELS if label in each] for each in labels]


SENTENCES = Task(
    name="sentences",
    labels=LABELS,
    gold=sentence_labels,
    predicted=predicted_sentence_labels,
    count=label_counts,
    headline="macro_f1",
    headline_score=macro_f1,
)
TASKS = {task.name: task for task in (SENTENCES,)}


def find(name: str) -> Task:
    """The task of a name.

    Raises:
        DataError: There is none.
    """
    if name not in TASKS:
        raise DataError(f"task {name!r}; expected one of {', '.join(TASKS)}")
    return TASKS[name]
