"""Where a system fails: kinds of error, records by what they are like, confusions, documents.

Every gold record is aligned with a predicted one as in scoring, by the overlap of their
anchoring spans, or is not. In the task `sentences` a record counts as found if its label is
on the sentence in which it begins; in `spans` it has one span, that which is compared there.
Kinds of error are those of MUC-5: a record is correct if its anchoring span is exact, partial
if it only overlaps, incorrect if the span was given to another layer, else missing; what is
left of the predictions is spurious.

Source: Chinchor and Sundheim (1993), MUC-5 Evaluation Metrics,
https://aclanthology.org/M93-1007.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from counterclaim.grouping import names_of, record_properties, sentence_of
from counterclaim.metrics.assignment import assign
from counterclaim.metrics.frames import ACCUSATION, DENIAL, Frame, align_records
from counterclaim.metrics.labels import ratio
from counterclaim.metrics.places import LOCATION
from counterclaim.metrics.quantities import CASUALTY
from counterclaim.metrics.resampling import Estimate, Resampling
from counterclaim.metrics.spans import overlap
from counterclaim.model import LABELS, LAYERS, Document, Prediction, Span, sentence_labels
from counterclaim.pairing import Placed, pair
from counterclaim.predictions import predicted_sentence_labels
from counterclaim.scoring import RESAMPLES, SEED
from counterclaim.tasks import Task

KINDS = ("correct", "incorrect", "partial", "missing", "spurious")
FRAMES: dict[str, Frame] = dict(zip(LAYERS, (ACCUSATION, DENIAL, CASUALTY, LOCATION), strict=True))
LABEL_OF = dict(zip(LAYERS, LABELS, strict=True))
CONFUSED = {
    "accusations": ("act",),
    "denials": ("scope",),
    "casualties": ("outcome", "modifier", "group"),
    "locations": ("role", "country"),
}


class Outcome(NamedTuple):
    """A gold record, the predicted one that it is aligned with, and which of `KINDS` that is."""

    gold: Any | None
    predicted: Any | None
    kind: str


class Found(msgspec.Struct, frozen=True):
    """Gold records of one sort, and how many of them are found.

    Attributes:
        gold: Number of them.
        found: Number of those that are aligned with a prediction.
        recall: The share, with its interval over events.
    """

    gold: int
    found: int
    recall: Estimate


class Confusion(msgspec.Struct, frozen=True):
    """A value of a field under aligned records, and what it was taken for."""

    field: str
    gold: str
    predicted: str
    count: int


class Worst(msgspec.Struct, frozen=True):
    """A document with many errors."""

    doc_id: str
    errors: int
    kinds: dict[str, int]


class Diagnosis(msgspec.Struct, frozen=True):
    """Where a system fails.

    Attributes:
        task: Name of the task.
        documents: Number of documents.
        kinds: For each label, how many records are of each of `KINDS`.
        buckets: For each label, by property and value, the gold records that have it.
        confusions: Values of fields taken for others, the most frequent first.
        worst: Documents by their number of errors.
    """

    task: str
    documents: int
    kinds: dict[str, dict[str, int]]
    buckets: dict[str, dict[str, dict[str, Found]]]
    confusions: list[Confusion]
    worst: list[Worst]


def diagnose(
    task: Task,
    gold: Sequence[Document],
    predictions: Iterable[Prediction | Placed | dict[str, Any]],
    *,
    train: Sequence[Document] = (),
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Diagnosis:
    """Find out where the predictions of one system fail.

    Args:
        task: The task.
        gold: Gold documents; some properties need their text.
        predictions: At most one for each document, as for `scoring.score`.
        train: Training documents, which tell names that a system has seen.
        resamples: Bootstrap resamples for the intervals.
        seed: Seed of the resampling.

    Raises:
        DataError: There is no gold document, or a prediction fits none.
    """
    properties = record_properties(names_of(train))
    layers = task.layers or LAYERS
    kinds: dict[str, Counter[str]] = {layer: Counter() for layer in layers}
    units: dict[tuple[str, str, str], list[tuple[str, bool]]] = defaultdict(list)
    confusions: Counter[tuple[str, str, str]] = Counter()
    worst = []
    documents = 0
    for batch in pair(task, gold, predictions):
        for document, prediction in batch:
            documents += 1
            here: Counter[str] = Counter()
            for layer in layers:
                became = outcomes(task, layer, document, prediction)
                own = Counter(kind for *_, kind in became)
                kinds[layer] += own
                here += own
                for record, _, kind in became:
                    if record is None:
                        continue
                    for name, read in properties[layer].items():
                        value = read(document, record)
                        if value is not None:
                            found = kind in ("correct", "partial")
                            units[layer, name, value].append((document.cluster, found))
                confusions.update(_confused(task, layer, document, prediction))
            wrong = {kind: here[kind] for kind in KINDS[1:] if here[kind]}
            worst.append(Worst(document.doc_id, sum(wrong.values()), wrong))
    buckets: dict[str, dict[str, dict[str, Found]]] = {LABEL_OF[layer]: {} for layer in layers}
    for layer, name, value in sorted(units, key=_in_order):
        rows = buckets[LABEL_OF[layer]].setdefault(name, {})
        rows[value] = _found(units[layer, name, value], resamples, seed)
    return Diagnosis(
        task=task.name,
        documents=documents,
        kinds={LABEL_OF[layer]: {k: kinds[layer][k] for k in KINDS} for layer in layers},
        buckets=buckets,
        confusions=[
            Confusion(*key, count)
            for key, count in sorted(confusions.items(), key=lambda each: (-each[1], each[0]))
        ],
        worst=sorted(worst, key=lambda each: (-each.errors, each.doc_id)),
    )


def _in_order(unit: tuple[str, str, str]) -> tuple[int, str, int, str]:
    """Layers as in a record, numbers by size."""
    layer, name, value = unit
    number = re.search(r"\d+", value)
    return LAYERS.index(layer), name, int(number[0]) if number else 0, value


def _found(seen: Sequence[tuple[str, bool]], resamples: int, seed: int) -> Found:
    keys = [key for key, _ in seen]
    counts = np.array([[found, 1] for _, found in seen], dtype=np.float64)
    resampling = Resampling(keys, resamples=resamples, seed=seed)
    (recall,) = resampling.estimates(counts, lambda s: ratio(s[..., 0], s[..., 1]))
    return Found(len(seen), int(counts[:, 0].sum()), recall)


def outcomes(task: Task, layer: str, document: Document, prediction: Prediction) -> list[Outcome]:
    """What became of each gold record of a layer, in their order, then what is spurious.

    Args:
        task: The task.
        layer: The layer.
        document: Gold.
        prediction: A system's.
    """
    if not task.layers:
        return _label_outcomes(layer, document, prediction)
    gold = getattr(document, layer)
    predicted = getattr(prediction, layer) or ()
    extents = [[_anchors(task, layer, record) for record in side] for side in (gold, predicted)]
    if task.name == "spans":
        pairs = dict(_overlapping(*extents))
    else:
        pairs = dict(align_records(FRAMES[layer], gold, predicted))
    elsewhere = {
        span
        for other in task.layers
        if other != layer
        for record in getattr(prediction, other) or ()
        for span in _anchors(task, other, record)
    }
    found = []
    for i, (record, anchors) in enumerate(zip(gold, extents[0], strict=True)):
        if i in pairs:
            own = predicted[pairs[i]]
            kind = "correct" if anchors & extents[1][pairs[i]] else "partial"
            found.append(Outcome(record, own, kind))
        else:
            found.append(Outcome(record, None, "incorrect" if anchors & elsewhere else "missing"))
    extra = set(range(len(predicted))) - set(pairs.values())
    return found + [Outcome(None, predicted[j], "spurious") for j in sorted(extra)]


def _label_outcomes(layer: str, document: Document, prediction: Prediction) -> list[Outcome]:
    """Of the task `sentences`: no predicted record stands beside a gold one."""
    label = LABEL_OF[layer]
    given = predicted_sentence_labels(document, prediction)
    wanted = sentence_labels(document)
    found = []
    for record in getattr(document, layer):
        number = sentence_of(document, _start(layer, record))
        found.append(Outcome(record, None, "correct" if label in given[number] else "missing"))
    extra = sum(label in g and label not in w for g, w in zip(given, wanted, strict=True))
    return found + [Outcome(None, None, "spurious")] * extra


def _start(layer: str, record: Any) -> int:
    """Where a record begins for its label: a denial with its cue."""
    span = record.cue if layer == "denials" else getattr(record, FRAMES[layer].anchors[0])
    return int((span or record.content).start)


def _anchors(task: Task, layer: str, record: Any) -> set[Span]:
    """The spans that say where a record is; in the task `spans` the one that is compared."""
    found = [getattr(record, name) for name in FRAMES[layer].anchors]
    if task.name == "spans" and layer == "denials":
        found = [record.content or record.cue]
    return {span for span in found if span is not None}


def _overlapping(
    gold: Sequence[set[Span]], predicted: Sequence[set[Span]]
) -> list[tuple[int, int]]:
    """Pairs of records with a span each: as many alike as can be, then as overlap."""
    alike = min(len(gold), len(predicted)) + 1

    def value(a: set[Span], b: set[Span]) -> int:
        return alike * (a == b) + any(overlap(x, y) > 0 for x in a for y in b)

    return assign([[value(a, b) for b in predicted] for a in gold])


def _confused(
    task: Task, layer: str, document: Document, prediction: Prediction
) -> Iterator[tuple[str, str, str]]:
    if not task.layers or task.name == "spans":
        return
    gold, predicted = getattr(document, layer), getattr(prediction, layer) or ()
    fields = [f for f in CONFUSED[layer] if f in FRAMES[layer].fields or f == "modifier"]
    for i, j in align_records(FRAMES[layer], gold, predicted):
        for name in fields:
            right, given = getattr(gold[i], name), getattr(predicted[j], name)
            if right != given:
                yield f"{LABEL_OF[layer]} {name}", str(right), str(given)
