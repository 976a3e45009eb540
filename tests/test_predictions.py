"""Formats of predictions: what a task needs, what may be left out, what does not fit."""

import json
from typing import Any

import msgspec
import pytest
from records import document, documents

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.model import LAYERS, Prediction
from counterclaim.predictions import complete, schema, typed
from counterclaim.scoring import score
from counterclaim.tasks import GOLD_MENTIONS, LINKS, PLACES, SPANS, TASKS, Task

LAYERED = [task for task in TASKS.values() if task.layers]


def needed(task: Task, record: dict[str, Any], layer: str) -> dict[str, Any]:
    """A record with only the fields that the schema of a task requires."""
    definitions = schema(task.prediction)["$defs"]
    reference = definitions["Prediction"]["properties"][layer]["items"]["$ref"]
    return {name: record[name] for name in definitions[reference.rsplit("/", 1)[1]]["required"]}


def minimal(task: Task) -> list[Prediction]:
    """Gold as predictions that say no more than a task asks for."""
    found = []
    for each in documents():
        record = json.loads(jsonl.encode(each))
        layers = {name: [needed(task, r, name) for r in record[name]] for name in task.layers}
        found.append(complete(msgspec.convert({"doc_id": each.doc_id, **layers}, task.prediction)))
    return found


@pytest.mark.parametrize("task", LAYERED, ids=lambda task: task.name)
def test_what_a_schema_requires_is_enough(task: Task) -> None:
    """A record with the required fields alone scores what the whole gold record scores."""
    few, all_fields = (
        jsonl.encode(score(task, documents(), predictions, resamples=5))
        for predictions in (minimal(task), [task.gold(d) for d in documents()])
    )
    assert few == all_fields


@pytest.mark.parametrize("task", LAYERED, ids=lambda task: task.name)
def test_every_required_field_is_read(task: Task) -> None:
    """A field that is asked for and never read would be asked for in vain; and it is missed."""
    for layer in task.layers:
        record = json.loads(jsonl.encode(document()))[layer][0]
        whole = needed(task, record, layer)
        empty: dict[str, Any] = {name: [] for name in task.layers}
        for name in whole:
            part = {key: value for key, value in whole.items() if key != name}
            with pytest.raises(msgspec.ValidationError, match=f"missing required field `{name}`"):
                msgspec.convert({"doc_id": "a", **empty, layer: [part]}, task.prediction)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_a_schema_is_json_and_names_the_layers(task: Task) -> None:
    definitions = json.loads(jsonl.encode(schema(task.prediction)))["$defs"]
    prediction = definitions["Prediction"]
    assert set(prediction["required"]) == {"doc_id", *task.layers}
    assert prediction["additionalProperties"] is False
    assert set(LAYERS) <= set(prediction["properties"])


@pytest.mark.parametrize(
    ("task", "prediction", "message"),
    [
        (
            SPANS,
            Prediction("case-1", accusations=(), denials=(), casualties=()),
            "case-1: no locations; expected accusations, denials, casualties, locations",
        ),
        (
            SPANS,
            Prediction("case-1", sentence_labels=[[], [], []]),
            "case-1: sentence_labels in a prediction for spans; expected layers alone",
        ),
        (
            LINKS,
            Prediction(
                "case-1",
                accusations=document().accusations,
                denials=(msgspec.structs.replace(document().denials[0], answers=("d1",)),),
            ),
            "case-1: d1 answers: itself; expected the id of an accusation",
        ),
        (
            LINKS,
            Prediction("case-1", accusations=(), denials=document().denials),
            "case-1: d1 answers: 'a1'; expected the id of an accusation of this prediction (0)",
        ),
        (
            LINKS,
            Prediction(
                "case-1",
                accusations=document().accusations,
                denials=(msgspec.structs.replace(document().denials[0], answers=("a1", "a1")),),
            ),
            "case-1: d1 answers: one accusation twice; expected each once",
        ),
        (
            GOLD_MENTIONS["places"],
            Prediction(
                "case-1", locations=(msgspec.structs.replace(document().locations[0], id="l9"),)
            ),
            "case-1: l9: is no gold mention; expected ids and spans as they were given",
        ),
    ],
)
def test_what_does_not_fit_a_task_is_an_error(
    task: Task, prediction: Prediction, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        score(task, documents(), [prediction])
    assert str(caught.value).startswith(message)


def test_half_a_character_is_no_text() -> None:
    """No file can hold it."""
    with pytest.raises(DataError, match="a lone surrogate; expected text"):
        typed({"doc_id": "case-1", "locations": [{"name": "\ud83d"}]}, dict[str, Any])


def test_a_given_mention_hides_what_is_asked_for() -> None:
    """A model that returns what it was given must not be right by that."""
    links, places = GOLD_MENTIONS["links"], GOLD_MENTIONS["places"]
    seen = links.view(document())
    assert [denial.answers for denial in seen.denials] == [(), ()]
    assert [a.claim for a in seen.accusations] == [a.id for a in document().accusations]
    assert [len(layer) for layer in (seen.casualties, seen.locations)] == [0, 0]
    (place,) = places.view(document()).locations
    assert (place.mention, place.name) == (document().locations[0].mention, "Lokichar")
    assert (place.country, place.lat, place.lon, place.precision) == (None, None, None, "town")
    for task in (links, places):
        returned = [task.gold(task.view(d)) for d in documents()]
        assert score(task, documents(), returned, resamples=5).headline.value == 0


def test_a_task_without_given_mentions_shows_nothing() -> None:
    assert all(getattr(PLACES.view(document()), layer) == () for layer in LAYERS)
