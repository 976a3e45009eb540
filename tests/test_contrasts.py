"""Contrast sets: how they are made of texts, and what is said of a system's answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contrast import Edit, changed, contrast_set, edited, recased, regrouped
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from records import document, documents, plain

from counterclaim import contrasts, corpus, jsonl
from counterclaim.cli import TASK_NAMES, main
from counterclaim.contrasts import Pair, score_contrast
from counterclaim.errors import DataError
from counterclaim.model import Document, Prediction, Span, annotated_spans, sentence_labels
from counterclaim.reports import text
from counterclaim.tasks import TASKS
from counterclaim.validate import validate_document

ORIGINAL = document()
SWAP: dict[str, Any] = {
    "doc_id": "case-1",
    "edits": [
        [0, "Kenya", "Toposa"],
        [0, "Toposa", "Kenya"],
        [0, "Lokichar", "Naita"],
        [1, "Toposa elders", "Kenyan police"],
    ],
    "actors": {"Kenya": "Toposa", "Toposa": "Kenya"},
    "records": {"k1": {"group": "unknown"}, "l1": None},
    "added": {
        "locations": [
            {"id": "l2", "mention": [0, "Naita"], "name": "Naita", "country": "SS", "lat": None,
             "lon": None, "role": "site", "precision": "town"}
        ]
    },
}  # fmt: skip


@pytest.fixture
def swapped(tmp_path: Path) -> Document:
    return made(tmp_path, SWAP)[0]


def made(folder: Path, *lines: Any) -> list[Document]:
    path = folder / "edits.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return list(edited({d.doc_id: d for d in documents()}, path, "swap"))


def test_gold_is_carried_over_and_changed_as_the_edit_says(swapped: Document) -> None:
    assert swapped.doc_id == "case-1-swap-1"
    assert swapped.text == (
        "Toposa accused raiders from Kenya of killing two herders at Naita.\n"
        "The Kenyan police denied it. “Nobody crossed,” they said."
    )
    (accusation,) = swapped.accusations
    first, second = swapped.denials
    assert swapped.words(accusation.source) == "Toposa"
    assert swapped.words(accusation.target) == "raiders from Kenya"
    assert swapped.words(accusation.content) == "killing two herders at Naita"
    assert (accusation.source_actor, accusation.target_actor) == ("Toposa", "Kenya")
    assert swapped.words(first.source) == "Kenyan police"
    assert {denial.source_actor for denial in swapped.denials} == {"Kenya"}
    assert [(c.source_actor, c.group) for c in swapped.casualties] == [("Toposa", "unknown")]
    assert swapped.words(second.content) == "Nobody crossed"
    assert [swapped.words(place.mention) for place in swapped.locations] == ["Naita"]
    assert swapped.sentence_texts[1:] == [
        "The Kenyan police denied it.",
        "“Nobody crossed,” they said.",
    ]
    assert list(validate_document(swapped)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"doc_id": "case-9"}, "no 'case-9' among the documents"),
        ({"edits": [[0, "Uganda", "Kenya"]]}, "'Uganda' is not in sentence 0; the nearest"),
        ({"edits": [[0, "Kenya accused", "Kenya blamed"]]}, "'Kenya accused' cuts through the end"),
        ({"edits": [[0, "two herders", "two"], [0, "herders", "men"]]}, "two edits at 49"),
        ({"records": {"a7": None}}, "has no record a7"),
    ],
)
def test_an_edit_that_does_not_fit_is_named(
    tmp_path: Path, change: dict[str, Any], expected: str
) -> None:
    with pytest.raises(DataError, match=f"edits.jsonl:1: .*{expected}"):
        made(tmp_path, SWAP | change)


def test_words_that_are_exchanged_change_wherever_no_edit_is(tmp_path: Path) -> None:
    edit = {
        "doc_id": "case-1",
        "form": "both",
        "exchange": [["Kenya", "Toposa"], ["Toposa elders", "Kenyan police"], ["deny", "x"]],
        "edits": [[0, "raiders from Toposa", "Kenya's raiders"]],
    }
    (copy,) = made(tmp_path, edit)
    assert copy.doc_id == "case-1-swap-1-both"
    assert copy.sentence_texts[:2] == [
        "Toposa accused Kenya's raiders of killing two herders at Lokichar.",
        "The Kenyan police denied it.",
    ]


def test_an_edit_may_cut_through_a_record_that_goes(tmp_path: Path) -> None:
    edit = {"doc_id": "case-1", "edits": [[1, "denied it", "agreed"]], "records": {"d1": None}}
    (agreed,) = made(tmp_path, edit)
    assert agreed.sentence_texts[1] == "The Toposa elders agreed."
    assert [denial.id for denial in agreed.denials] == ["d2"]


@given(st.lists(st.tuples(st.integers(0, 126), st.sampled_from(["", "x", "é😀 long"])), max_size=9))
def test_a_span_keeps_its_words_but_for_edits_inside_it(places: list[tuple[int, str]]) -> None:
    """The rest of the text too: what is not edited is found again in the same order."""
    text = ORIGINAL.text or ""
    edits = [Edit(i, i + 1, words) for i, words in dict(places).items()]
    replaced = {edit.start: edit.words for edit in edits}
    result = changed(ORIGINAL, "case-1-x-1", edits)
    assert result.text == "".join(replaced.get(i, c) for i, c in enumerate(text))
    pairs = zip(
        [*ORIGINAL.sentences, *(r.content for r in ORIGINAL.accusations)],
        [*result.sentences, *(r.content for r in result.accusations)],
        strict=True,
    )
    for before, after in pairs:
        wanted = "".join(replaced.get(i, text[i]) for i in range(before.start, before.end))
        assert result.words(after) == wanted


def test_case_and_marks_change_and_no_span_moves_in_words() -> None:
    upper, title, bare = recased(ORIGINAL)
    assert [d.doc_id for d in (upper, title, bare)] == [
        f"case-1-casing-{form}" for form in ("upper", "title", "bare")
    ]
    assert upper.text == (ORIGINAL.text or "").upper()
    assert (title.text or "").startswith("Kenya Accused Raiders From Toposa Of Killing Two")
    assert bare.sentence_texts[2] == "Nobody crossed they said."
    for copy in (upper, title, bare):
        assert list(validate_document(copy)) == []
        for before, after in zip(annotated_spans(ORIGINAL), annotated_spans(copy), strict=True):
            words = (ORIGINAL.words(before) or "").replace(",", "")
            assert (copy.words(after) or "").lower() == words.lower()


def test_figures_keep_their_commas_when_marks_are_stripped() -> None:
    text = "Some 1,200 people, “mostly” women, fled."
    *_, bare = recased(plain(text))
    assert bare.text == "Some 1,200 people mostly women fled."


def test_thousands_are_set_apart_otherwise() -> None:
    """A comma in a list or between a day and a year is none of theirs."""
    text = "On May 5, 2021 some 1,200 of 1,250,000 people in wards 3, 118 and 1,22 fled."
    spaced, joined = regrouped(plain(text))
    assert (spaced.doc_id, joined.doc_id) == ("case-1-numbers-spaced", "case-1-numbers-joined")
    figures = ("1\N{NO-BREAK SPACE}200", "1\N{NO-BREAK SPACE}250\N{NO-BREAK SPACE}000")
    assert spaced.text == text.replace("1,200", figures[0]).replace("1,250,000", figures[1])
    assert joined.text == text.replace("1,200", "1200").replace("1,250,000", "1250000")
    assert list(regrouped(plain("On May 5, 2021 they fled."))) == []


def test_a_sentence_begins_with_a_word_when_its_marks_are_stripped() -> None:
    text = "Rain fell. (  Read also: Dry roads )"
    sentences = (Span(0, 10), Span(11, 36))
    *_, bare = recased(plain(text, *((s.start, s.end) for s in sentences)))
    assert bare.sentence_texts == ["Rain fell.", "Read also: Dry roads"]


def answer(*labelled: tuple[Document, list[list[str]]]) -> list[Prediction]:
    return [Prediction(d.doc_id, sentence_labels=labels) for d, labels in labelled]


def test_what_a_system_loses_by_the_change_is_the_difference(swapped: Document) -> None:
    """All right in the original, nothing found in the changed text."""
    given = answer((ORIGINAL, sentence_labels(ORIGINAL)), (swapped, [[], [], []]))
    found = score_contrast(TASKS["sentences"], [Pair(ORIGINAL, swapped)], given, name="swap")
    assert (found.original.value, found.changed.value, found.difference.value) == (1, 0, -1)
    # The third sentence is the same in both; the other two were found, and are no longer.
    assert (found.pairs, found.sentences) == (1, 2)
    assert (found.consistency.value, found.both_right.value) == (0, 0)


def test_a_system_that_is_always_wrong_may_be_consistent(swapped: Document) -> None:
    given = answer((ORIGINAL, [[], [], []]), (swapped, [[], [], []]))
    found = score_contrast(TASKS["sentences"], [Pair(ORIGINAL, swapped)], given)
    assert (found.consistency.value, found.both_right.value) == (1, 0)


def test_the_gap_is_the_score_by_whether_a_side_is_accused(swapped: Document) -> None:
    """Toposa is accused in the original, Kenya in the changed text, whichever comes first."""
    right = {d.doc_id: sentence_labels(d) for d in (ORIGINAL, swapped)}
    given = answer((ORIGINAL, right["case-1"]), (swapped, [[], [], []]))
    for pair in (Pair(ORIGINAL, swapped), Pair(swapped, ORIGINAL)):
        found = score_contrast(TASKS["sentences"], [pair, pair], given)
        assert {
            name: (side.pairs, side.accused.value, side.other.value, side.gap.value)
            for name, side in found.sides.items()
        } == {"Kenya": (2, 0, 1, -1), "Toposa": (2, 1, 0, 1)}


def test_sides_of_few_events_are_not_printed(swapped: Document) -> None:
    given = answer((ORIGINAL, [[], [], []]), (swapped, [[], [], []]))
    for number, shown in ((2, False), (3, True)):
        pairs = [Pair(replace(ORIGINAL, event=str(i % number)), swapped) for i in range(6)]
        found = score_contrast(TASKS["sentences"], pairs, given)
        assert found.sides["Toposa"].events == number
        assert ("| Toposa | " in text.contrast(found)) == shown


@pytest.mark.parametrize(
    ("before", "after", "consistent", "right"),
    [
        (["denial"], [], 1, 1),  # the denial became a confirmation, and the system saw both
        (["denial"], ["denial"], 0, 0),
        ([], [], 0, 0),
        ([], ["denial"], 0, 0),  # moves, but the other way
        (["denial", "casualty"], ["casualty"], 1, 0),
    ],
)
def test_an_answer_has_to_move_as_gold_does(
    before: list[str], after: list[str], consistent: int, right: int, tmp_path: Path
) -> None:
    edit = {
        "doc_id": "case-1",
        "edits": [[1, "denied", "confirmed"]],
        "records": {"d1": None},
    }
    (confirmed,) = made(tmp_path, edit)
    gold = [sentence_labels(d) for d in (ORIGINAL, confirmed)]
    given = answer(
        (ORIGINAL, [gold[0][0], before, gold[0][2]]),
        (confirmed, [gold[1][0], after, gold[1][2]]),
    )
    found = score_contrast(TASKS["sentences"], [Pair(ORIGINAL, confirmed)], given)
    assert found.sentences == 1
    assert (found.consistency.value, found.both_right.value) == (consistent, right)


def test_forms_of_a_change_are_told_apart() -> None:
    upper, title, bare = recased(ORIGINAL)
    right = sentence_labels(ORIGINAL)
    given = answer((ORIGINAL, right), (upper, [[], [], []]), (title, right), (bare, right))
    pairs = [Pair(ORIGINAL, copy) for copy in (upper, title, bare)]
    found = score_contrast(TASKS["sentences"], pairs, given)
    assert {form: e.value for form, e in found.forms.items()} == {
        "upper": -1,
        "title": 0,
        "bare": 0,
    }


def test_a_document_without_a_prediction_is_named(swapped: Document) -> None:
    given = answer((ORIGINAL, sentence_labels(ORIGINAL)))
    found = score_contrast(TASKS["sentences"], [Pair(ORIGINAL, swapped)], given)
    assert found.missing == [swapped.doc_id]
    assert found.changed.value == 0


@pytest.mark.parametrize("name", corpus.CONTRASTS)
def test_a_set_has_as_many_pairs_as_it_takes_to_compare(name: str) -> None:
    assert len(contrasts.pairs(name)) >= (150 if name == "swap" else 60)


@pytest.mark.parametrize("name", corpus.CONTRASTS)
def test_every_changed_text_has_its_original_and_the_gold_of_the_edits(name: str) -> None:
    originals = {d.doc_id: d for d in corpus.records("test")}
    built = contrast_set(name, originals, corpus.data_dir() / "contrast" / "edits")
    assert [p.changed for p in contrasts.pairs(name)] == built
    for original, copy in contrasts.pairs(name):
        assert len(original.sentences) == len(copy.sentences)
        assert original.text != copy.text


@pytest.mark.parametrize("name", corpus.CONTRASTS)
@pytest.mark.parametrize("task", TASK_NAMES)
def test_gold_keeps_its_score_in_every_task(
    name: str, task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gold.jsonl"
    jsonl.write_records(path, contrasts.documents(contrasts.pairs(name)))
    assert main(["score", str(path), "--task", task, "--contrast", name, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["original"]["value"], result["difference"]["value"]) == (1, 0)
    assert result["consistency"]["value"] == (1 if task == "sentences" else None)
    assert f"|split:contrast-{name}|" in result["signature"]


MODEL = """\
def labels(sentence):
    return ["denial"] if "denied" in sentence else []

def fit(task, train, dev):
    return lambda documents: [
        {"doc_id": d.doc_id, "sentence_labels": [labels(s) for s in d.sentence_texts]}
        for d in documents
    ]
"""


def test_a_contrast_set_is_run_scored_and_repeated(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that looks for "denied" finds no denial in upper case."""
    model, output = str(write("m.py", MODEL)), str(write("p.jsonl", ""))
    arguments = ["--task", "sentences", "--contrast", "casing"]
    assert main(["run", model, *arguments, "-o", output]) == 0
    assert main(["score", output, *arguments]) == 0
    assert "difference by upper" in capsys.readouterr().out
    assert main(["score", output, *arguments, "--json"]) == 0
    result = write("r.json", capsys.readouterr().out)
    assert main(["score", "--verify", str(result)]) == 0


def test_a_contrast_set_has_no_groups(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["score", "p.jsonl", "--task", "spans", "--contrast", "casing"]
    for more in (["--by", "genre"], ["--corpus", "wire"]):
        with pytest.raises(SystemExit):
            main([*arguments, *more])
        assert "--contrast is of desk, and has no --by" in capsys.readouterr().err
