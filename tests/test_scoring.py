"""The scorer: what it gives, what it refuses, and the ways in which peers can be gamed."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from records import document, documents, plain

from counterclaim import corpus, jsonl
from counterclaim.corpus import matching_gold
from counterclaim.errors import DataError
from counterclaim.model import LABELS, LAYERS, Document, Prediction, Source, Span, sentence_labels
from counterclaim.pairing import read_predictions
from counterclaim.scoring import score
from counterclaim.tasks import SENTENCES, TASKS

Write = Callable[[str, str | bytes], Path]
GOLD = documents()


def perfect(gold: list[Document]) -> list[Prediction]:
    return [Prediction(d.doc_id, sentence_labels=sentence_labels(d)) for d in gold]


def test_gold_against_itself_is_one_on_every_label() -> None:
    result = score(SENTENCES, GOLD, perfect(GOLD))

    assert result.headline.value == 1
    assert {label for label, row in result.scores.items() if row["f1"].value == 1} == {
        *LABELS,
        "micro",
        "macro",
    }
    assert result.missing == []


def test_a_score_by_hand() -> None:
    """Sentence 1 of the case loses its denial, sentence 2 wrongly becomes an accusation.

    accusation: 1 of 2 given right, 1 of 1 found: P 1/2, R 1, F 2/3. denial: 1 of 1 given
    right, 1 of 2 found: F 2/3. casualty 1, location 1: macro-F1 10/12.
    """
    labels = [["accusation", "casualty", "location"], [], ["denial", "accusation"]]
    result = score(SENTENCES, [document()], [Prediction("case-1", sentence_labels=labels)])

    row = result.scores["accusation"]
    assert (row["precision"].value, row["recall"].value) == (0.5, 1.0)
    assert result.counts["accusation"] == {"matched": 1, "predicted": 2, "gold": 1}
    assert row["f1"].value == result.scores["denial"]["f1"].value == pytest.approx(2 / 3)
    assert result.headline.value == pytest.approx(10 / 12)
    assert result.scores["micro"]["f1"].value == pytest.approx(2 * 4 / (5 + 5))


@pytest.mark.parametrize("others", [[], [document()]])
def test_a_document_may_have_no_sentence(others: list[Document]) -> None:
    """It has nothing to label, alone or beside others, with scores or without."""
    bare = document(doc_id="bare", sentences=(), **dict.fromkeys(LAYERS, ()))
    gold = [bare, *others]
    given = [Prediction(d.doc_id, sentence_labels=sentence_labels(d)) for d in gold]
    even = [[dict.fromkeys(LABELS, 0.5) for _ in d.sentences] for d in gold]
    ranked = [replace(p, sentence_scores=s) for p, s in zip(given, even, strict=True)]
    for predictions in (given, ranked):
        result = score(SENTENCES, gold, predictions)
        assert result.documents == len(gold)
        assert result.counts["denial"]["matched"] == 2 * len(others)


def test_a_missing_document_counts_as_empty_output_and_is_named() -> None:
    """The MUC-4 scorer skips it, and the 41 best documents of 200 score 83 instead of 53."""
    result = score(SENTENCES, GOLD, perfect(GOLD)[:1])
    empty = [Prediction("case-2", sentence_labels=[[], []])]

    assert result.missing == ["case-2"]
    assert result.scores == score(SENTENCES, GOLD, perfect(GOLD)[:1] + empty).scores
    assert result.headline.value < 1


def test_documents_without_gold_labels_still_cost_false_alarms() -> None:
    """NewsClaims ignores predictions where a document has no gold claim."""
    silent = document(**dict.fromkeys(LAYERS, ()))
    loud = Prediction("case-1", sentence_labels=[["denial"]] * 3)
    result = score(SENTENCES, [silent, GOLD[1]], [loud, *perfect(GOLD[1:])])
    assert result.scores["denial"]["precision"].value == 0


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ([Prediction("case-9", denials=())], "case-9: unknown document; expected one of 2"),
        ([Prediction("case-1", denials=())] * 2, "case-1: a second prediction for this document"),
        ([Prediction("case-1")], "case-1: no sentence_labels"),
        (
            [Prediction("case-1", denials=(), split="test")],
            "case-1: split is 'test'; expected 'train'",
        ),
        (
            [Prediction("case-1", denials=(), sha256="0")],
            "case-1: sha256 differs; the prediction is for another text",
        ),
    ],
)
def test_predictions_that_fit_no_gold_are_errors(
    predictions: list[Prediction], message: str
) -> None:
    """Nothing is dropped silently (MAVEN-Arg drops unknown ids)."""
    with pytest.raises(DataError) as caught:
        score(SENTENCES, GOLD, predictions)
    assert str(caught.value).startswith(message)


def test_a_prediction_for_another_split_says_which() -> None:
    gold = corpus.read("test")
    stray = corpus.read("train")[0].doc_id
    with pytest.raises(
        DataError, match=f"{stray}: is a document of desk train; expected desk test"
    ):
        score(SENTENCES, gold, [Prediction(stray, denials=())])


def test_offsets_outside_the_text_are_refused() -> None:
    end = len(document().text or "")
    (place,) = document().locations
    beyond = msgspec.structs.replace(place, mention=Span(end - 3, end + 1))
    with pytest.raises(DataError, match=rf"case-1/l1 mention: span-offsets: .* at most {end},"):
        score(SENTENCES, GOLD, [Prediction("case-1", locations=(beyond,))])


def test_utf16_offsets_are_refused_though_they_lie_in_the_text() -> None:
    """After an emoji every offset of a JavaScript program is one too many."""
    text = "🚀 hit Basra today."
    gold = plain(text)
    (place,) = document().locations

    def predict(start: int, end: int) -> Prediction:
        return Prediction(
            "case-1", locations=(msgspec.structs.replace(place, mention=Span(start, end)),)
        )

    assert (text[6:11], text.encode("utf-16-le")[14:24].decode("utf-16-le")) == ("Basra", "Basra")
    score(SENTENCES, [gold], [predict(6, 11)])
    with pytest.raises(DataError, match="span-utf16: offsets that fit as UTF-16 units"):
        score(SENTENCES, [gold], [predict(7, 12)])


@settings(max_examples=25)
@given(st.randoms(use_true_random=False))
def test_order_does_not_matter(random: object) -> None:
    """Rows of a file and labels of a sentence may stand in any order."""
    import random as module

    assert isinstance(random, module.Random)
    predictions = perfect(GOLD)
    shuffled = [
        Prediction(d.doc_id, sentence_labels=[random.sample(s, len(s)) for s in sentence_labels(d)])
        for d in random.sample(GOLD, len(GOLD))
    ]
    assert score(SENTENCES, GOLD, shuffled) == score(SENTENCES, GOLD, predictions)


@pytest.mark.parametrize(
    "change", [{"lat": 200.0}, {"lat": float("nan")}, {"lat": None}, {"mention": Span(5, 5)}]
)
def test_an_absurd_record_is_an_error(change: dict[str, object]) -> None:
    """Legal JSON, or what a model can build, and still nothing to be scored."""
    (place,) = document().locations
    absurd = msgspec.structs.replace(place, **change)
    with pytest.raises(DataError, match=r"^case-1/l1"):
        score(SENTENCES, GOLD, [Prediction("case-1", locations=(absurd,))])


def test_stand_off_gold_fits_gold_with_text_and_the_reverse() -> None:
    """A hydrated machine has the text, the released file has null."""
    bare = [msgspec.structs.replace(d, text=None, title=None) for d in GOLD]

    def as_predictions(records: list[Document]) -> list[Prediction]:
        return [msgspec.convert(msgspec.to_builtins(record), Prediction) for record in records]

    for gold, records in ((GOLD, bare), (bare, GOLD)):
        result = score(SENTENCES, gold, as_predictions(records), resamples=10)
        assert result.headline.value == 1


def test_the_input_is_not_changed() -> None:
    """A second call gives the same answer (fever-scorer's does not)."""
    predictions = perfect(GOLD)
    before = [jsonl.encode(p) for p in predictions]
    assert score(SENTENCES, GOLD, predictions) == score(SENTENCES, GOLD, predictions)
    assert [jsonl.encode(p) for p in predictions] == before


def test_what_cannot_be_measured_is_undefined_and_null_in_json() -> None:
    result = score(SENTENCES, GOLD[1:], [Prediction("case-2", denials=())])

    assert math.isnan(result.scores["denial"]["f1"].value)
    parsed = msgspec.json.decode(jsonl.encode(result))
    assert parsed["scores"]["denial"]["f1"] == dict.fromkeys(("value", "low", "high"))
    assert parsed["headline"]["value"] == 0.0


def test_no_gold_is_an_error() -> None:
    with pytest.raises(DataError, match="no gold document"):
        score(SENTENCES, [], [])


def test_a_predictions_file_is_checked_with_file_and_line(write: Write) -> None:
    lines = [jsonl.encode(p) for p in (*perfect(GOLD), *perfect(GOLD[:1]))]
    path = write("p.jsonl", "\n".join(lines) + "\n")
    with pytest.raises(DataError) as caught:
        score(SENTENCES, GOLD, read_predictions(path, SENTENCES))
    assert str(caught.value).startswith(f"{path}:3: case-1: a second prediction")


def test_a_gold_file_is_a_predictions_file(tmp_path: Path) -> None:
    """One shape: annotators and gold are scored like any system."""
    jsonl.write_records(tmp_path / "gold.jsonl", GOLD)
    predictions = read_predictions(tmp_path / "gold.jsonl", SENTENCES)
    assert score(SENTENCES, GOLD, predictions).headline.value == 1


def test_the_signature_names_all_that_makes_scores_comparable() -> None:
    from counterclaim import __version__

    result = score(SENTENCES, GOLD, [], data="1.0.0+3f9a1c", split="test", resamples=50, seed=3)
    assert result.signature == (
        "task:sentences|corpus:desk|split:test|data:1.0.0+3f9a1c|guidelines:2|bs:50|seed:3"
        f"|version:{__version__}"
    )
    assert "|aligned:2|bs:" in score(SENTENCES, GOLD, [], aligned=2).signature


def test_events_are_resampled_whole() -> None:
    """Two documents of one event are right or wrong together, and the interval shows it."""
    gold = [document(doc_id=f"case-{i}", event=f"event-{i // 5}") for i in range(20)]
    apart = [msgspec.structs.replace(d, event=d.doc_id) for d in gold]
    right = [d for i, d in enumerate(gold) if i // 5 % 2]
    grouped, single = (score(SENTENCES, g, perfect(right)).headline for g in (gold, apart))
    assert grouped.value == single.value
    assert grouped.high - grouped.low > 1.5 * (single.high - single.low)


def test_a_denial_alone_is_a_prediction() -> None:
    """A system need not find the accusation that it answers; its link is not checked here."""
    (prediction,) = [Prediction("case-1", denials=document().denials)]
    assert score(SENTENCES, GOLD, [prediction]).scores["denial"]["f1"].value == 1


def test_gold_is_chosen_by_the_text_that_a_prediction_names() -> None:
    published, held = document(), document(sha256="1" * 64, text="another")
    for digest, expected in (("1" * 64, (held, 1)), (published.sha256, (published, 0))):
        named = Prediction("case-1", denials=(), sha256=digest)
        assert matching_gold([named], [published], [held]) == ([expected[0]], expected[1])
    unnamed = Prediction("case-1", denials=())
    assert matching_gold([unnamed], [published], [held]) == ([published], 0)


def test_a_text_that_is_published_nowhere_is_no_miss() -> None:
    restricted = document(corpus="wire", source=Source(None, "s.txt", None, None, "CC-BY-4.0"))
    assert matching_gold([], [restricted], []) == ([], 0)
    assert matching_gold([Prediction("case-1")], [restricted], []) == ([restricted], 0)


def test_dicts_are_scored_as_records_are() -> None:
    """What a language model returns need not be turned into records first."""
    records = [Prediction(d.doc_id, locations=d.locations) for d in GOLD]
    dicts = [msgspec.to_builtins(record) for record in records]
    places = TASKS["places"]
    assert jsonl.encode(score(places, GOLD, dicts)) == jsonl.encode(score(places, GOLD, records))


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        ({"doc_id": "case-1", "locations": [{"mention": 3}]}, "case-1: $.locations[0].mention"),
        ({"doc_id": 3, "locations": []}, "3: $.doc_id: Expected `str`, got `int`"),
        ({"locations": []}, "None: Object missing required field `doc_id`"),
        (Prediction("case-1", locations=(3,)), "case-1: $.locations[0]: Expected `object`"),  # type: ignore[arg-type]
        (
            Prediction(
                "case-1",
                locations=(msgspec.structs.replace(document().locations[0], mention=(1, 2)),),
            ),
            "case-1: $.locations[0].mention: Expected `object`, got `array`",
        ),
        (
            Prediction(
                "case-1",
                locations=(msgspec.structs.replace(document().locations[0], lat="2"),),
            ),
            "case-1: $.locations[0].lat: Expected `float | null`, got `str`",
        ),
    ],
)
def test_what_has_the_wrong_type_is_an_error_also_in_python(
    prediction: Prediction | dict[str, object], message: str
) -> None:
    """Records that are built in Python are checked by nobody else."""
    with pytest.raises(DataError) as caught:
        score(TASKS["places"], GOLD, [prediction])
    assert str(caught.value).startswith(message)


def test_a_text_is_known_by_its_hash_where_gold_has_none() -> None:
    """A stand-off record says which text its offsets are for."""
    bare = msgspec.structs.replace(document(), text=None, title=None)
    right, wrong = (
        Prediction("case-1", denials=(), text=text) for text in (document().text, "Another.")
    )
    assert score(SENTENCES, [bare], [right], resamples=2).missing == []
    with pytest.raises(DataError, match=r"^case-1: text differs; the prediction"):
        score(SENTENCES, [bare], [wrong])


@pytest.mark.parametrize("scores", [{}, {"sentence_scores": [{"denial": 0.5}, {}, {}]}])
def test_without_resamples_there_are_values_without_intervals(scores: dict[str, Any]) -> None:
    labels = [["accusation", "casualty", "location"], ["denial"], []]
    prediction = Prediction("case-1", sentence_labels=labels, **scores)
    result = score(SENTENCES, [document()], [prediction], resamples=0)
    denial = result.scores["denial"]["recall"]
    assert denial.value == 0.5
    assert math.isnan(denial.low)
    assert ("average_precision" in result.scores["denial"]) == bool(scores)
