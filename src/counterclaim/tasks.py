"""A task is a value: what of a document a model gets and gives, and how it is counted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from counterclaim.columns import Batch
from counterclaim.errors import DataError
from counterclaim.metrics import frames, links, places, quantities, spans
from counterclaim.metrics.labels import SIDES, Sums, Table, label_counts, macro, prf_of, total
from counterclaim.model import LABELS, Document, Label, Prediction, blind, sentence_labels
from counterclaim.predictions import (
    check_given,
    check_links,
    given_mentions,
    predicted_sentence_labels,
    prediction_type,
    slim_types,
)

Mentions = Literal["predicted", "gold"]


@dataclass(frozen=True)
class Task:
    """What is predicted, and how predictions are counted.

    Attributes:
        name: As on the command line.
        prediction: Type of a prediction; `Prediction` itself fits too.
        columns: Names of the counts, as "row/column".
        count: A batch of documents with predictions to additive counts, of shape
            (documents, columns).
        scores: Summed counts by name, each of shape (...), to scores of that shape.
        headline: Row and measure of the score that systems are compared by.
        layers: The layers that a prediction needs; none if it may be labels of sentences.
        mentions: "gold" if a model is given the mentions and only says more of them;
            None if the task has no such form.
        slim: Types of a document and a prediction that have only what `count` reads; None
            if it reads whole records.
        errors: Summed counts by name to the error counts of the task, by kind.
        labels: Label names of the task `sentences`, also for other tasks' spans.
    """

    name: str
    prediction: type[Any]
    columns: tuple[str, ...]
    count: Callable[[Batch], NDArray[np.float64]]
    scores: Callable[[Sums], Table]
    headline: tuple[str, str]
    layers: tuple[str, ...] = ()
    mentions: Mentions | None = None
    slim: tuple[type[Any], type[Any]] | None = None
    errors: Callable[[Mapping[str, float]], dict[str, dict[str, float]]] | None = None
    labels: tuple[Label, ...] = LABELS

    def view(self, document: Document) -> Document:
        """The document as a model may see it: without annotation, but for given mentions."""
        seen = blind(document)
        if self.mentions != "gold":
            return seen
        given: dict[str, Any] = {layer: given_mentions(document, layer) for layer in self.layers}
        return msgspec.structs.replace(seen, **given)

    def gold(self, document: Document) -> Any:
        """What a model should give: labels of sentences, or a prediction with layers."""
        if not self.layers:
            return sentence_labels(document)
        layers = {layer: getattr(document, layer) for layer in self.layers}
        return Prediction(document.doc_id, **layers)

    def check(self, document: Document, prediction: Prediction) -> None:
        """Check what only this task needs of a sound prediction.

        Raises:
            DataError: It is not there, or does not fit; the message names the record.
        """
        if not self.layers:
            predicted_sentence_labels(document, prediction)
            return
        for name in ("sentence_labels", "sentence_scores"):
            if getattr(prediction, name) is not UNSET:
                raise DataError(f"{name} in a prediction for {self.name}; expected layers alone")
        for layer in self.layers:
            if getattr(prediction, layer) is UNSET:
                raise DataError(f"no {layer}; expected {', '.join(self.layers)}")
        if self.name == "links":
            check_links(prediction)
        if self.mentions == "gold":
            for layer in self.layers:
                check_given(document, prediction, layer)


class Example(NamedTuple):
    """A training document without its annotation, and what a model should give for it."""

    document: Document
    gold: Any


def examples(task: Task, documents: Sequence[Document]) -> list[Example]:
    """Pair each document, as a model sees it, with its gold."""
    return [Example(task.view(document), task.gold(document)) for document in documents]


def find(name: str, mentions: str | None = None) -> Task:
    """The task of a name.

    Args:
        name: As on the command line.
        mentions: "gold" for the form in which a model is given the mentions.

    Raises:
        DataError: There is none, or not in this form.
    """
    if name not in TASKS:
        raise DataError(f"task {name!r}; expected one of {', '.join(TASKS)}")
    if mentions is None or mentions == TASKS[name].mentions:
        return TASKS[name]
    if name not in GOLD_MENTIONS or mentions != "gold":
        forms = " and ".join(GOLD_MENTIONS)
        raise DataError(f"{name} with {mentions} mentions; expected gold or predicted, of {forms}")
    return GOLD_MENTIONS[name]


def _each(
    columns: Sequence[str], count: Callable[[Document, Prediction], Mapping[str, float]]
) -> Callable[[Batch], NDArray[np.float64]]:
    """Count a batch one document after the other."""

    def counted(batch: Batch) -> NDArray[np.float64]:
        rows = [[counts[name] for name in columns] for counts in (count(*pair) for pair in batch)]
        return np.array(rows, dtype=np.float64).reshape(len(batch), len(columns))

    return counted


def _count_labels(batch: Batch) -> NDArray[np.float64]:
    counts = [
        label_counts(sentence_labels(gold), predicted_sentence_labels(gold, prediction), LABELS)
        for gold, prediction in batch
    ]
    return np.array(counts, dtype=np.float64).reshape(len(batch), -1)


def _label_scores(sums: Sums) -> Table:
    table: Table = {label: prf_of(sums, label) for label in LABELS}
    whole = {f"micro/{side}": total(sums, LABELS, side) for side in SIDES}
    values = [table[label]["f1"] for label in LABELS]
    average = macro(values, [sums[f"{label}/gold"] for label in LABELS])
    return table | {"micro": prf_of(whole, "micro"), "macro": {"f1": average}}


def _count_spans(batch: Batch) -> NDArray[np.float64]:
    for side in batch.spans:
        absurd = (side.start < 0) | (side.end <= side.start) | (side.end > spans.LONGEST)
        for i in np.flatnonzero(absurd):
            where = batch.gold[side.document[i]].doc_id
            found = f"span {side.start[i]}-{side.end[i]}"
            raise DataError(f"{where}: {found}; expected 0 <= start < end <= {spans.LONGEST}")
    return spans.span_counts(*batch.spans, len(batch))


def _task(
    name: str, reads: Mapping[str, tuple[str, ...]], headline: tuple[str, str], **how: Any
) -> Task:
    return Task(
        name=name,
        prediction=prediction_type(name, reads),
        layers=tuple(reads),
        headline=headline,
        **how,
    )


def _claim_counts(document: Document, prediction: Prediction) -> frames.Counts:
    return frames.frame_counts(
        frames.ACCUSATION, document.accusations, prediction.accusations or ()
    ) | frames.frame_counts(frames.DENIAL, document.denials, prediction.denials or ())


def _claim_scores(sums: Sums) -> Table:
    both = (frames.ACCUSATION, frames.DENIAL)
    table = frames.frame_scores(both[0], sums) | frames.frame_scores(both[1], sums)
    values = [table[frame.row]["template_f1"] for frame in both]
    average = macro(values, [sums[f"{frame.row}/gold"] for frame in both])
    return table | {"macro": {"template_f1": average}}


def _link_counts(align: frames.Align) -> Callable[[Batch], NDArray[np.float64]]:
    def count(document: Document, prediction: Prediction) -> frames.Counts:
        return links.link_counts(
            (document.accusations, document.denials),
            (prediction.accusations or (), prediction.denials or ()),
            align,
        )

    return _each(links.COLUMNS, count)


def _place_counts(align: frames.Align) -> Callable[[Batch], NDArray[np.float64]]:
    def count(document: Document, prediction: Prediction) -> frames.Counts:
        return places.place_counts(document.locations, prediction.locations or (), align)

    return _each(places.COLUMNS, count)


SENTENCES = Task(
    name="sentences",
    prediction=Prediction,
    columns=tuple(f"{label}/{side}" for label in LABELS for side in SIDES),
    count=_count_labels,
    scores=_label_scores,
    headline=("macro", "f1"),
)
_SPANS = {
    "accusations": ("content",),
    "denials": ("cue", "content"),
    "casualties": ("mention",),
    "locations": ("mention",),
}
SPANS = _task(
    "spans",
    _SPANS,
    ("macro", "f1"),
    columns=spans.COLUMNS,
    count=_count_spans,
    scores=spans.span_scores,
    errors=spans.error_counts,
    slim=slim_types(_SPANS),
)
CLAIMS = _task(
    "claims",
    {
        "accusations": ("content", *frames.ACCUSATION.fields),
        "denials": ("cue", "content", *frames.DENIAL.fields),
    },
    ("macro", "template_f1"),
    columns=(*frames.ACCUSATION.columns, *frames.DENIAL.columns),
    count=_each((*frames.ACCUSATION.columns, *frames.DENIAL.columns), _claim_counts),
    scores=_claim_scores,
)
LINKS = _task(
    "links",
    {
        # The sides tell records apart that share a content.
        "accusations": ("id", "content", "source_actor", "target_actor", "claim"),
        "denials": ("id", "cue", "content", "source_actor", "answers", "scope"),
    },
    ("link", "f1"),
    columns=links.COLUMNS,
    count=_link_counts(frames.align_records),
    scores=links.link_scores,
    mentions="predicted",
)
CASUALTIES = _task(
    "casualties",
    {
        "casualties": (
            *("mention", "outcome", "low", "high", "group", "side", "source_actor", "incident"),
        )
    },
    ("casualty", "tuple_f1"),
    columns=quantities.COLUMNS,
    count=_each(
        quantities.COLUMNS,
        lambda document, prediction: quantities.quantity_counts(
            document.casualties, prediction.casualties or ()
        ),
    ),
    scores=quantities.quantity_scores,
)
PLACES = _task(
    "places",
    {"locations": ("mention", "country", "lat", "lon", "role")},
    ("within 161 km", "f1"),
    columns=places.COLUMNS,
    count=_place_counts(frames.align_records),
    scores=places.place_scores,
    mentions="predicted",
)
TASKS = {task.name: task for task in (SENTENCES, SPANS, CLAIMS, LINKS, CASUALTIES, PLACES)}
GOLD_MENTIONS = {
    "links": replace(LINKS, mentions="gold", count=_link_counts(frames.align_ids)),
    "places": replace(
        PLACES,
        mentions="gold",
        count=_place_counts(frames.align_ids),
        headline=("within 161 km", "accuracy"),
    ),
}
