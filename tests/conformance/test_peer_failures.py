"""Six ways in which released scorers give a wrong number, and what ours gives.

Each was run, or read in the source of the scorer that is named; the peer runs here where it
is installed.
"""

from pathlib import Path
from typing import Any

import pytest
from conformance.strategies import document_of
from msgspec.structs import replace
from nervaluate import Evaluator
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.model import (
    LABELS,
    LAYERS,
    Accusation,
    Document,
    Location,
    Prediction,
    Span,
    sentence_labels,
)
from counterclaim.scoring import score, score_files
from counterclaim.tasks import CLAIMS, SENTENCES, SPANS, Task

TEXT = "The army shelled the town. The rebels took the bridge."
FIRST, SECOND = Span(0, 26), Span(27, 54)


def accusation(key: str, start: int, end: int, source_actor: str | None = None) -> Accusation:
    content = Span(start, end)
    return Accusation(key, None, content, None, None, source_actor, None, "armed_attack", "c1")


def location(key: str, start: int, end: int) -> Location:
    return Location(key, Span(start, end), "x", None, None, None, "site", "town")


def gold_of(doc_id: str, *accusations: Accusation) -> Document:
    return document_of(TEXT, (FIRST, SECOND), doc_id=doc_id, accusations=accusations)


def claims_of(doc_id: str, *accusations: Accusation) -> Prediction:
    return Prediction(doc_id, accusations=accusations, denials=())


def f1(task: Task, gold: list[Document], predicted: list[Prediction], row: str) -> float:
    return score(task, gold, predicted, resamples=1).scores[row]["f1"].value


def test_muc_4_skips_missing_documents() -> None:
    """`doc_event_role/eval.py`: the 41 best documents of 200 score 83.33 instead of 53.38.

    Here one of two documents is right and the other is left out: P 1, R 1/2, F1 2/3. Without
    the gold of the second it would be 1.
    """
    gold = [gold_of("doc-0", accusation("a1", 0, 25)), gold_of("doc-1", accusation("a1", 27, 53))]
    best = [claims_of("doc-0", accusation("a1", 0, 25))]
    assert f1(CLAIMS, gold, best, "accusation") == pytest.approx(2 / 3)
    assert f1(CLAIMS, gold[:1], best, "accusation") == 1
    assert score(CLAIMS, gold, best, resamples=1).missing == ["doc-1"]


def test_fever_scores_a_submission_against_the_labels_that_it_brings(tmp_path: Path) -> None:
    """`fever-scorer`: wrong answers with a `label` and `evidence` of their own score 1.0.

    A field that no prediction has is an error, and so is one of gold that differs; labels
    beside layers could be read as either. Rows are found by id, and not by position.
    """
    gold = [gold_of("doc-0", accusation("a1", 0, 25)), gold_of("doc-1")]
    wrong: list[dict[str, Any]] = [
        {"doc_id": "doc-1", "sentence_labels": [["accusation"], []]},
        {"doc_id": "doc-0", "sentence_labels": [[], ["denial"]]},
    ]

    def submit(**brought: Any) -> float:
        paths = tmp_path / "gold.jsonl", tmp_path / "predictions.jsonl"
        jsonl.write_records(paths[0], gold)
        jsonl.write_records(paths[1], [wrong[0], wrong[1] | brought])
        return score_files(SENTENCES, *paths, resamples=1).headline.value

    assert submit() == 0
    for brought, message in (
        ({"label": ["accusation"], "evidence": []}, "contains unknown field `label`"),
        ({"accusations": []}, "sentence_labels beside accusations"),
        ({"sentences": []}, "sentences is "),
        ({"text": "The army shelled nobody."}, "text differs"),
    ):
        with pytest.raises(DataError, match=message):
            submit(**brought)


def test_maven_arg_gives_spurious_fillers_away() -> None:
    """`evaluate.py`: five guesses for one filler, of which one is right, score 100.

    Five accusations on one content, each with another accuser. Gold has one record and two
    filled fields, 3; predicted are 15, of which 3 agree: F1 6/18. Of records, 1 of 5: 2/6.
    """
    gold = [gold_of("doc-0", accusation("a1", 0, 25, "rebels"))]
    guesses = ("army", "police", "rebels", "mayor", "UN")
    guessed = [accusation(f"x{n}", 0, 25, guess) for n, guess in enumerate(guesses)]
    result = score(CLAIMS, gold, [claims_of("doc-0", *guessed)], resamples=1).scores
    assert result["accusation"]["template_f1"].value == pytest.approx(6 / 18)
    assert result["accusation"]["f1"].value == pytest.approx(2 / 6)
    assert result["accusation source_actor"]["precision"].value == pytest.approx(1 / 5)


def test_nervaluate_depends_on_the_order_of_predictions() -> None:
    """One gold span; the right prediction and a shorter one: 2/3, or 0 if the shorter is first.

    The greedy match gives the gold span to the first that overlaps it.
    """
    whole, part = Span(0, 8), Span(4, 8)
    gold = document_of(TEXT, (FIRST, SECOND), locations=(location("l1", 0, 8),))
    theirs, ours = [], []
    for order in ([whole, part], [part, whole]):
        ends = [{"label": "location", "start": s.start, "end": s.end - 1} for s in order]
        one = [{"label": "location", "start": 0, "end": 7}]
        found = Evaluator([one], [ends], ["location"], loader="dict").evaluate()
        theirs.append(found["overall"]["strict"].f1)
        layers: dict[str, Any] = dict.fromkeys(LAYERS, ()) | {
            "locations": tuple(location(f"l{n}", *_ends(span)) for n, span in enumerate(order))
        }
        result = score(SPANS, [gold], [Prediction("doc-0", **layers)], resamples=1)
        ours.append(result.scores["all"]["strict_f1"].value)
    assert theirs == [pytest.approx(2 / 3), 0]
    assert ours == [pytest.approx(2 / 3), pytest.approx(2 / 3)]


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.end


def test_seqeval_has_two_scores_for_one_output() -> None:
    """A span that begins with `I-` is one by default, 1.0, and none in strict mode, 0.0.

    Offsets leave nothing to be repaired: a span is right or it is not, and there is one score.
    """
    gold, predicted = [["O", "B-location", "I-location"]], [["O", "I-location", "I-location"]]
    assert f1_score(gold, predicted) == 1
    assert f1_score(gold, predicted, mode="strict", scheme=IOB2, zero_division=0) == 0

    known = document_of(TEXT, (FIRST, SECOND), locations=(location("l1", 4, 16),))
    layers: dict[str, Any] = dict.fromkeys(LAYERS, ())
    for start, expected in ((4, 1), (9, 0)):
        said = Prediction("doc-0", **layers | {"locations": (location("l1", start, 16),)})
        result = score(SPANS, [known], [said], resamples=1)
        assert result.scores["location"]["f1"].value == expected
        assert result.scores["all"]["strict_f1"].value == expected


def test_newsclaims_ignores_predictions_in_documents_without_gold() -> None:
    """`eval_claim_detection.py`: six false positives there, and P = R = F1 = 1.0.

    One of seven accusations is right: P 1/7, R 1, F1 2/8. That no denial is predicted and none
    is gold makes its scores undefined, where the peer divides by zero.
    """
    gold = [gold_of("doc-0", accusation("a1", 0, 25)), gold_of("doc-1")]
    false = [accusation(f"x{n}", n, n + 5) for n in range(6)]
    predicted = [claims_of("doc-0", accusation("a1", 0, 25)), claims_of("doc-1", *false)]
    result = score(CLAIMS, gold, predicted, resamples=1).scores
    found = [result["accusation"][name].value for name in ("precision", "recall", "f1")]
    assert found == pytest.approx([1 / 7, 1, 2 / 8])
    assert all(estimate.value != estimate.value for estimate in result["denial"].values())


def test_sentences_and_spans_mind_documents_without_gold_as_well() -> None:
    """The same for the other two tasks that find things: one right, one false alarm, F1 2/3."""
    gold = [gold_of("doc-0", accusation("a1", 0, 25)), gold_of("doc-1")]
    labels = [sentence_labels(gold[0]), [["accusation"], []]]
    predicted = [Prediction(f"doc-{n}", sentence_labels=each) for n, each in enumerate(labels)]
    assert f1(SENTENCES, gold, predicted, "accusation") == pytest.approx(2 / 3)
    layers: dict[str, Any] = dict.fromkeys(LAYERS, ())
    right = Prediction("doc-0", **layers | {"accusations": gold[0].accusations})
    assert f1(SPANS, gold, [right, replace(right, doc_id="doc-1")], LABELS[0]) == (
        pytest.approx(2 / 3)
    )
