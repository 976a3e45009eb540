"""Diagnosis: kinds of error, properties of records, confusions and documents, by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from records import CASES, document, documents

from counterclaim import corpus, jsonl
from counterclaim.cli import main
from counterclaim.diagnosing import KINDS, Found, diagnose
from counterclaim.metrics.resampling import Estimate
from counterclaim.model import Prediction, Span, sentence_labels
from counterclaim.tasks import TASKS

GOLD = document()  # one accusation, two denials, one casualty, one location
(ACCUSATION,), (FIRST, SECOND) = GOLD.accusations, GOLD.denials
(CASUALTY,), (PLACE,) = GOLD.casualties, GOLD.locations


def kinds(task: str, **layers: Any) -> dict[str, dict[str, int]]:
    given = {layer: getattr(GOLD, layer) for layer in TASKS[task].layers} | layers
    found = diagnose(TASKS[task], [GOLD], [Prediction(GOLD.doc_id, **given)], resamples=5)
    return {label: {k: n for k, n in row.items() if n} for label, row in found.kinds.items()}


def test_every_kind_of_error_is_told() -> None:
    """A boundary, a record under another layer's name, one left out, one too many."""
    assert kinds("spans") == {
        "accusation": {"correct": 1},
        "denial": {"correct": 2},
        "casualty": {"correct": 1},
        "location": {"correct": 1},
    }
    content = ACCUSATION.content
    shorter = replace(ACCUSATION, content=Span(content.start, content.end - 3))
    moved = replace(PLACE, mention=CASUALTY.mention)
    extra = replace(PLACE, id="l9", mention=Span(0, 5))
    found = kinds(
        "spans",
        accusations=(shorter,),
        denials=(FIRST,),
        casualties=(),
        locations=(moved, extra),
    )
    assert found == {
        "accusation": {"partial": 1},
        "denial": {"correct": 1, "missing": 1},
        "casualty": {"incorrect": 1},
        "location": {"missing": 1, "spurious": 2},
    }


def test_a_denial_in_spans_is_where_its_content_is() -> None:
    """Its cue is not compared there: half of the content is half right, however exact the cue."""
    content = SECOND.content
    assert content is not None
    for end in (content.end - 1, content.start + 2):
        shorter = replace(SECOND, content=Span(content.start, end))
        assert kinds("spans", denials=(FIRST, shorter))["denial"] == {"correct": 1, "partial": 1}
    assert kinds("spans", denials=(FIRST, replace(SECOND, cue=None)))["denial"] == {"correct": 2}


def test_records_count_as_found_if_their_sentence_has_the_label() -> None:
    """Labels: accusation, casualty and location on the first sentence, denial on both others."""
    labels = [["accusation", "denial"], ["denial"], []]
    given = [Prediction(GOLD.doc_id, sentence_labels=labels)]
    found = diagnose(TASKS["sentences"], [GOLD], given, resamples=5)
    assert [[row[kind] for kind in KINDS] for row in found.kinds.values()] == [
        [1, 0, 0, 0, 0],
        [1, 0, 0, 1, 1],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 0],
    ]
    (worst,) = found.worst
    assert (worst.errors, worst.kinds) == (4, {"missing": 3, "spurious": 1})


def test_records_are_sorted_by_what_they_are_like() -> None:
    """Two documents, of which one has no prediction; training knows Kenya and Toposa."""
    other = replace(GOLD, doc_id="case-9", event="other")
    given = [Prediction(GOLD.doc_id, accusations=GOLD.accusations, denials=GOLD.denials)]
    found = diagnose(TASKS["claims"], [GOLD, other], given, train=documents(), resamples=200)
    accusation = found.buckets["accusation"]
    half = Found(2, 1, Estimate(0.5, 0, 1))
    assert accusation["actors"] == {"all in training": half}
    assert accusation["cue"] == {"a word": half}
    assert accusation["source"] == {"in the sentence": half}
    assert accusation["nesting"] == {"holds another": half}
    assert accusation["words"] == {"3 to 5": half}
    assert found.worst[0].doc_id == "case-9"
    # Without training nothing is said of names.
    assert "actors" not in diagnose(TASKS["claims"], [GOLD], given, resamples=5).buckets["denial"]


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        ({}, "words"),
        ({"high": 0, "low": 0}, "zero"),
        ({"modifier": "vague"}, "no number"),
    ],
)
def test_figures_are_told_apart(change: dict[str, Any], figure: str) -> None:
    gold = replace(GOLD, casualties=(replace(CASUALTY, **change),))
    found = diagnose(TASKS["casualties"], [gold], [], resamples=5)
    assert found.buckets["casualty"]["figure"] == {figure: Found(1, 0, Estimate(0, 0, 0))}


def test_values_taken_for_others_are_counted() -> None:
    wrong = replace(CASUALTY, outcome="wounded", group="military", side="nobody")
    given = [Prediction(GOLD.doc_id, casualties=(wrong,))]
    found = diagnose(TASKS["casualties"], [GOLD], given, resamples=5)
    assert [(c.field, c.gold, c.predicted, c.count) for c in found.confusions] == [
        ("casualty group", CASUALTY.group, "military", 1),
        ("casualty outcome", CASUALTY.outcome, "wounded", 1),
    ]


def test_the_command_prints_text_and_json(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    test = corpus.records("test")
    path = write("p.jsonl", "".join(f"{jsonl.encode(d)}\n" for d in test[1:]))
    command = ["diagnose", str(path), "--task", "spans"]
    assert main([*command, "--show", "2"]) == 0
    printed = capsys.readouterr().out
    assert test[0].doc_id in printed
    assert "not in training" in printed
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["documents"] == len(found["worst"]) == len(test)
    assert found["kinds"]["location"]["missing"] == len(test[0].locations)
    gold = str(CASES / "valid" / "documents.jsonl")
    assert main(["diagnose", gold, "--task", "sentences", "--gold", gold]) == 0
    assert "training" not in capsys.readouterr().out


def test_gold_has_no_errors_in_any_task() -> None:
    for task in TASKS.values():
        given = (
            [Prediction(d.doc_id, sentence_labels=sentence_labels(d)) for d in documents()]
            if not task.layers
            else documents()
        )
        found = diagnose(task, documents(), given, resamples=5)  # type: ignore[arg-type]
        assert {each.errors for each in found.worst} == {0}
        assert found.confusions == []
