"""The format of a prediction for each task: what it has to say, and what it may.

A record as gold has it fits every task. A task asks for less: the fields that it reads.
Others may be left out, and are filled in here with values that no task notices.
"""

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType

from counterclaim.errors import DataError
from counterclaim.jsonl import explain
from counterclaim.model import (
    LABELS,
    LAYER_TYPES,
    LAYERS,
    Document,
    Prediction,
    SentenceLabels,
    sentence_labels,
)

Reads = Mapping[str, tuple[str, ...]]
"""For each layer of a task, the fields that a record has to have."""

_NEUTRAL: dict[str, Any] = {
    "act": "other",
    "claim": "",
    "answers": (),
    "scope": "all",
    "outcome": "unspecified",
    "low": 0,
    "high": 0,
    "modifier": "exact",
    "group": "unknown",
    "incident": "",
    "name": "",
    "role": "context",
    "precision": "town",
}  # of all other fields: None


def prediction_type(task: str, reads: Reads) -> type[Any]:
    """The type of a prediction that has at least what a task reads.

    Args:
        task: Name of the task, for messages.
        reads: What it reads.
    """
    layers = [(name, tuple[_record_type(name, reads[name]), ...]) for name in reads]  # type: ignore[misc]
    others = [
        (name, hint, UNSET)
        for name, hint in get_type_hints(Prediction).items()
        if name not in ("doc_id", *reads, "sentence_labels", "sentence_scores")
    ]
    fields: list[Any] = [("doc_id", str), *layers, *others]
    return msgspec.defstruct(
        "Prediction",
        fields,
        frozen=True,
        forbid_unknown_fields=True,
        gc=False,
        namespace={"__doc__": f"What a model says of one document in the task {task}."},
    )


def slim_types(reads: Reads) -> tuple[type[Any], type[Any]]:
    """Types of a document and of a prediction with nothing but what a task reads.

    What else a line has is skipped, and neither checked nor kept.
    """
    layers: list[Any] = []
    for name, fields in reads.items():
        hints = get_type_hints(LAYER_TYPES[name])
        typed: list[Any] = [(field, hints[field]) for field in fields]
        kind = msgspec.defstruct(LAYER_TYPES[name].__name__, typed, frozen=True, gc=False)
        layers.append((name, tuple[kind, ...]))  # type: ignore[valid-type]
    document = msgspec.defstruct("Document", layers, bases=(_SlimDocument,), frozen=True, gc=False)
    own: list[Any] = [("doc_id", str), *layers]
    return document, msgspec.defstruct("Prediction", own, frozen=True, gc=False)


class _SlimDocument(Struct, frozen=True, gc=False):
    """What of a document is not its annotation and still decides a result."""

    doc_id: str
    corpus: str
    conflict: str
    event: str
    split: str
    guidelines: str

    cluster = Document.cluster


def typed(value: Any, kind: type[Any]) -> Any:
    """A prediction whose fields have their types, from an object of JSON or a record.

    Args:
        value: As a predictions file has it, or built in Python, also from lists and numpy.
        kind: The type that a task asks for; a fuller `Prediction` will do.

    Raises:
        DataError: It is neither; the message says what of it is not.
    """
    try:
        plain = msgspec.to_builtins(value, enc_hook=_plain)
        msgspec.json.encode(plain)  # the only one that finds a lone surrogate
        if not isinstance(value, kind):
            with contextlib.suppress(msgspec.ValidationError):
                return msgspec.convert(plain, Prediction)
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise DataError(explain(error)) from None
    except UnicodeEncodeError:
        raise DataError("a lone surrogate; expected text") from None
    except (TypeError, RecursionError) as error:
        raise DataError(str(error)) from None


def _plain(value: Any) -> Any:
    """Numbers, strings and arrays of numpy as those of Python."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a value of type {type(value).__name__}; expected what JSON can hold")


def empty_prediction(doc_id: str) -> Prediction:
    """What a document without a prediction is scored with."""
    layers: dict[str, Any] = dict.fromkeys(LAYERS, ())
    return Prediction(doc_id, **layers)


def complete(prediction: Any) -> Prediction:
    """A prediction of any of these types as the type that everything else takes."""
    if isinstance(prediction, Prediction) or not hasattr(prediction, "sha256"):
        return prediction  # type: ignore[no-any-return]
    given = {name: getattr(prediction, name) for name in prediction.__struct_fields__}
    for layer in LAYERS:
        if given.get(layer, UNSET) is not UNSET:
            given[layer] = tuple(
                _complete_record(layer, record, number)
                for number, record in enumerate(given[layer])
            )
    return Prediction(**given)


def schema(kind: type[Struct]) -> dict[str, Any]:
    """The JSON Schema of a prediction, one line of a predictions file."""
    (result,), definitions = msgspec.json.schema_components([kind])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **result,
        "$defs": definitions,
    }


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


def given_mentions(document: Document, layer: str) -> tuple[Any, ...]:
    """The records of a gold layer as a model is given them: without what it is asked for."""
    hidden: Callable[[Any], dict[str, Any]] = {
        "accusations": lambda record: {"claim": record.id},
        "denials": lambda record: {"answers": ()},
        "locations": lambda record: {
            **dict.fromkeys(("country", "lat", "lon")),
            "name": document.words(record.mention) or "",
            "role": "context",
            "precision": "town",
        },
    }[layer]
    return tuple(
        msgspec.structs.replace(record, **hidden(record)) for record in getattr(document, layer)
    )


def check_links(prediction: Prediction) -> None:
    """Check that every denial answers accusations of the prediction, each once.

    Raises:
        DataError: One does not; the message names it.
    """
    accusations = {record.id for record in prediction.accusations or ()}
    for denial in prediction.denials or ():
        for key in denial.answers:
            if key not in accusations:
                what = "itself" if key == denial.id else f"{key!r}"
                expected = f"the id of an accusation of this prediction ({len(accusations)})"
                raise DataError(f"{denial.id} answers: {what}; expected {expected}")
        if len(set(denial.answers)) < len(denial.answers):
            raise DataError(f"{denial.id} answers: one accusation twice; expected each once")


def check_given(document: Document, prediction: Prediction, layer: str) -> None:
    """Check that the records of a layer are of the mentions that the model was given.

    Raises:
        DataError: One is not; the message names it.
    """
    anchors = {"accusations": ("content",), "denials": ("cue", "content")}.get(layer, ("mention",))
    place = attrgetter(*anchors)
    gold = {record.id: place(record) for record in getattr(document, layer)}
    for record in getattr(prediction, layer):
        if record.id not in gold or place(record) != gold[record.id]:
            raise DataError(
                f"{record.id}: is no gold mention; expected ids and spans as they were given, "
                "or scoring with predicted mentions"
            )


def _record_type(layer: str, needed: tuple[str, ...]) -> type[Struct]:
    whole = LAYER_TYPES[layer]
    hints = get_type_hints(whole)
    required: list[Any] = [(name, hints[name]) for name in needed]
    optional: list[Any] = [
        (name, hint | UnsetType, UNSET) for name, hint in hints.items() if name not in needed
    ]
    return msgspec.defstruct(
        whole.__name__,
        required + optional,
        frozen=True,
        forbid_unknown_fields=True,
        gc=False,
        namespace={"__doc__": whole.__doc__},
    )


def _complete_record(layer: str, record: Any, number: int) -> Struct:
    whole = LAYER_TYPES[layer]
    if isinstance(record, whole):
        return record
    values = {name: getattr(record, name) for name in whole.__struct_fields__}
    for name, value in values.items():
        if value is UNSET:
            values[name] = f"{layer}[{number}]" if name == "id" else _NEUTRAL.get(name)
    return whole(**values)


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
