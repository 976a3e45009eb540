"""What a language model is asked in a task, and what its answer says: for any way to ask it.

The instructions hold the pages of the annotation guidelines that the task needs; the text
follows with numbered sentences; the answer is JSON by a strict schema. Spans are asked for
as verbatim quotes, since language models quote reliably and count characters badly, and
anchored here: a record whose quote does not stand in its sentence is left out and counted.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from counterclaim.anchor import draft, locate
from counterclaim.errors import ModelError
from counterclaim.model import LAYER_TYPES, SPAN_FIELDS, Document, Prediction, Span
from counterclaim.tasks import Example, Task
from counterclaim.validate.documents import MOST

PAGES = {
    "accusations": "accusation",
    "denials": "denial",
    "casualties": "casualty",
    "locations": "location",
}
GIVEN = {
    "accusations": ("claim",),
    "denials": ("answers",),
    "locations": ("country", "lat", "lon", "role"),
}
Object = dict[str, Any]


class Answer(NamedTuple):
    """What an answer says of a document.

    Attributes:
        prediction: For the task; what cannot be read of the answer is left out of it.
        records: How many records the answer has; 0 in the task `sentences`.
        left_out: How many of them do not fit text and schema, or are of no given mention.
    """

    prediction: Prediction | Object
    records: int
    left_out: int


def instructions(task: Task, pages: Path) -> str:
    """The system message: the guidelines of the layers, and what is wanted.

    Args:
        task: The task.
        pages: The folder `annotation_guidelines` of a checkout.

    Raises:
        ModelError: A page is not there.
    """
    layers = task.layers or tuple(PAGES)
    files = [pages / f"{PAGES[layer]}.md" for layer in layers]
    if missing := [file for file in files if not file.is_file()]:
        raise ModelError(f"{missing[0]}: no such page; expected the guidelines of a checkout")
    if not task.layers:
        wanted = (
            "For each numbered sentence give the list of its labels among "
            f"{', '.join(task.labels)}; often none. A sentence has a label if a record of that "
            "layer begins in it: the content of an accusation, the cue of a denial, the mention "
            "of a casualty or of a location. Give as many lists as there are sentences, in order."
        )
    elif task.mentions == "gold":
        wanted = (
            "The records are given with their ids. Give for each of them, by its id, "
            + " and ".join(f"{', '.join(GIVEN[layer])} of {layer}" for layer in task.layers)
            + "."
        )
    else:
        wanted = (
            f"Find all {', '.join(task.layers)} and give the fields of the schema. A span is a "
            "sentence number and a quote that stands in that sentence to the letter."
        )
    guidelines = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    return f"You annotate news by these guidelines.\n\n{guidelines}\n\n# Task\n\n{wanted}"


def question(task: Task, document: Document) -> str:
    """The user's message: a document's numbered sentences, and the mentions that are given.

    Args:
        task: The task.
        document: The document with text, as `Task.view` shows it.
    """
    lines = [f"[{i}] {sentence}" for i, sentence in enumerate(document.sentence_texts)]
    if task.mentions == "gold":
        quoted = draft(document)
        for layer in task.layers:
            hidden = set(GIVEN[layer])
            given = [{k: v for k, v in r.items() if k not in hidden} for r in quoted[layer]]
            lines.append(f"{layer}: {json.dumps(given, ensure_ascii=False)}")
    return "\n".join(lines)


def answered(task: Task, example: Example) -> Object:
    """The answer that training has, in the form that is asked for."""
    if not task.layers:
        return {"labels": example.gold}
    found: Object = {}
    for layer, fields in _fields(task).items():
        document = msgspec.structs.replace(
            example.document, **{layer: getattr(example.gold, layer)}
        )
        found[layer] = [
            {
                name: _as_quote(record[name]) if name in SPAN_FIELDS[layer] else record[name]
                for name in fields
            }
            for record in draft(document)[layer]
        ]
    return found


def _as_quote(span: Sequence[Any] | None) -> Object | None:
    return None if span is None else {"sentence": span[0], "quote": span[1]}


def _fields(task: Task) -> dict[str, tuple[str, ...]]:
    """For each layer, the fields that are asked for: those that the task reads."""
    if task.mentions == "gold":
        return {layer: ("id", *GIVEN[layer]) for layer in task.layers}
    kinds = {field.name: field.type for field in msgspec.structs.fields(task.prediction)}
    return {
        layer: tuple(
            field.name
            for field in msgspec.structs.fields(get_args(kinds[layer])[0])
            if field.required or field.name == "id"
        )
        for layer in task.layers
    }


def schema(task: Task) -> Object:
    """The JSON Schema of an answer, strict: every key is needed and no other allowed."""
    if not task.layers:
        label = {"type": "string", "enum": list(task.labels)}
        lists = {"type": "array", "items": {"type": "array", "items": label}}
        return _closed({"labels": lists})
    layers: Object = {}
    for layer, fields in _fields(task).items():
        kind = LAYER_TYPES[layer]
        _, known = msgspec.json.schema_components([kind])
        properties = known[kind.__name__]["properties"]
        items = {name: _without_references(properties[name]) for name in fields}
        layers[layer] = {"type": "array", "items": _closed(items)}
    return _closed(layers)


def _closed(properties: Object) -> Object:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _without_references(field: Object) -> Object:
    """A field's schema with quotes in the place of offsets."""
    if "$ref" in field:
        return _closed({"sentence": {"type": "integer"}, "quote": {"type": "string"}})
    if "anyOf" in field:
        return {"anyOf": [_without_references(each) for each in field["anyOf"]]}
    return {key: value for key, value in field.items() if key not in ("default", "description")}


def response_format(task: Task) -> Object:
    """The schema as requests of the OpenAI protocol have it."""
    name = f"{task.name}_{task.mentions}" if task.mentions else task.name
    form = {"name": name, "schema": schema(task), "strict": True}
    return {"type": "json_schema", "json_schema": form}


def parse(content: str) -> Object | None:
    """The answer as an object; None if it is none of JSON."""
    try:
        found = json.loads(content)
        json.dumps(found, ensure_ascii=False).encode()  # not with half of a character
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read(task: Task, document: Document, answer: Object) -> Answer:
    """Turn an answer into a prediction, quotes into offsets.

    Args:
        task: The task.
        document: The document with text, as `Task.view` shows it.
        answer: By the schema or not; whatever does not fit is left out.
    """
    if not task.layers:
        return Answer(_labelled(task, document, answer), 0, 0)
    if task.mentions == "gold":
        return _completed(task, document, answer)
    found: Object = {"doc_id": document.doc_id}
    new_id: dict[Any, str] = {}  # of accusations; a model may give one id twice, or none
    given = kept = 0
    for layer, fields in _fields(task).items():
        objects = _objects(answer, layer)
        records = [_record(record, fields, document, layer) for record in objects]
        found[layer] = [record for record in records if record is not None]
        given, kept = given + len(objects), kept + len(found[layer])
        for number, record in enumerate(found[layer], start=1):
            key = f"{layer[0]}{number}"
            if layer == "accusations":
                new_id.setdefault(record.get("id"), key)
            if "answers" in record:
                answers = dict.fromkeys(new_id[old] for old in record["answers"] if old in new_id)
                record["answers"] = list(answers)
            record["id"] = key
    return Answer(found, given, given - kept)


def _labelled(task: Task, document: Document, answer: Object) -> Prediction:
    """Labels of the task for every sentence; those of sentences too many are left out."""
    given = answer.get("labels")
    lists = given if isinstance(given, list) else []
    rows = [_known(row, task.labels) for row in lists]
    size = len(document.sentences)
    rows = (rows + [[] for _ in range(size)])[:size]
    return Prediction(document.doc_id, sentence_labels=rows)


def _known(row: Any, labels: Sequence[str]) -> list[str]:
    return [label for label in labels if label in row] if isinstance(row, list) else []


def _objects(answer: Object, layer: str) -> list[Object]:
    given = answer.get(layer)
    return [r for r in given if isinstance(r, dict)] if isinstance(given, list) else []


def _record(given: Object, fields: Sequence[str], document: Document, layer: str) -> Object | None:
    """A record with offsets in the place of quotes; None if it does not fit the text or schema."""
    record = {name: given.get(name) for name in fields}
    for name in set(fields) & set(SPAN_FIELDS[layer]):
        quote = record[name]
        if quote is None:
            continue
        span = _located(quote, document)
        if span is None:
            return None
        record[name] = {"start": span.start, "end": span.end}
    types = {field.name: field.type for field in msgspec.structs.fields(LAYER_TYPES[layer])}
    try:
        for name, value in record.items():
            msgspec.convert(value, types[name])
    except msgspec.ValidationError:
        return None
    if "low" in record and not _are_bounds(record["low"], record["high"]):
        return None
    _drop_impossible_place(record)
    anchors = [record.get(name) for name in ("content", "mention", "cue") if name in fields]
    return record if any(anchors) else None


def _are_bounds(*bounds: int | None) -> bool:
    """Whether a casualty may have them: one at least, in order, and people there could be."""
    known = [bound for bound in bounds if bound is not None]
    return bool(known) and known == sorted(known) and known[0] >= 0 and known[-1] <= MOST


def _drop_impossible_place(record: Object) -> None:
    """Take away coordinates that are nowhere on the globe, NaN too, or half of a pair."""
    if "lat" in record:
        lat, lon = record["lat"], record["lon"]
        if lat is None or lon is None or not (abs(lat) <= 90 and abs(lon) <= 180):
            record |= {"lat": None, "lon": None}


def _located(quote: Any, document: Document) -> Span | None:
    """The first occurrence of a quote in its sentence, without quotation marks at its ends."""
    if not isinstance(quote, dict):
        return None
    number, words = quote.get("sentence"), quote.get("quote")
    if type(number) is not int or not isinstance(words, str):
        return None
    for nth in (None, 1):
        span = locate(number, words, nth, document)
        if isinstance(span, Span):
            return span
    return None


def _completed(task: Task, document: Document, answer: Object) -> Answer:
    """The given records with what the answer says of each; as they were where it says nothing."""
    accusations = {record.id for record in document.accusations}
    found: Object = {"doc_id": document.doc_id}
    records = left_out = 0
    for layer in task.layers:
        objects = _objects(answer, layer)
        said = {record["id"]: record for record in objects if isinstance(record.get("id"), str)}
        ids = {record.id for record in getattr(document, layer)}
        records += len(objects)
        left_out += sum(str(record.get("id")) not in ids for record in objects)
        found[layer] = []
        for record in getattr(document, layer):
            fields = msgspec.to_builtins(record)
            for name in GIVEN[layer]:
                value = said.get(record.id, {}).get(name, fields[name])
                if name == "answers":
                    keys = [str(key) for key in value] if isinstance(value, list) else []
                    value = [key for key in dict.fromkeys(keys) if key in accusations]
                try:
                    changed = msgspec.convert({**fields, name: value}, type(record))
                except msgspec.ValidationError:
                    continue
                fields = msgspec.to_builtins(changed)
            _drop_impossible_place(fields)
            found[layer].append(fields)
    return Answer(found, records, left_out)
