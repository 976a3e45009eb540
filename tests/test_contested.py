"""What is contested in a document, worked out by hand on small ones."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from records import plain

from counterclaim import jsonl, read
from counterclaim.cli import main
from counterclaim.contested import Answer, Claim, Dispute, Figure, contested, predicted
from counterclaim.errors import DataError
from counterclaim.model import LAYERS, Accusation, Casualty, Denial, Document, Prediction, Span
from counterclaim.reports import text

WORDS = "Chad said Sudan shelled Tine and killed 12. Sudan denied shelling it; 7 died, it said."


def span(words: str) -> Span:
    start = WORDS.index(words)
    return Span(start, start + len(words))


def accusation(key: str, words: str, claim: str) -> Accusation:
    return Accusation(
        *(key, span("said"), span(words), span("Chad"), span("Sudan")),
        *("Chad", "Sudan", "armed_attack", claim),
    )


def casualty(key: str, words: str, number: int, actor: str) -> Casualty:
    return Casualty(
        key, span(words), "killed", number, number, "exact", "unknown", None, None, actor, "i1"
    )


DENIAL = Denial("d1", span("denied"), span("shelling it"), None, "Sudan", ("a2",), "act")
DOCUMENT = plain(
    WORDS,
    accusations=(accusation("a2", "shelled Tine", "c1"), accusation("a1", "killed 12", "c2")),
    denials=(DENIAL,),
    casualties=(casualty("k2", "7 died", 7, "Sudan"), casualty("k1", "killed 12", 12, "Chad")),
)


def test_claims_with_their_answers_stand_in_text_order() -> None:
    fields: dict[str, Any] = {"source": "Chad", "target": "Sudan", "act": "armed_attack"}
    assert contested(DOCUMENT).claims == [
        Claim("c1", ["a2"], **fields, words="shelled Tine", status="denied",
              answers=[Answer("d1", "Sudan", "act", "shelling it")]),
        Claim("c2", ["a1"], **fields, words="killed 12", status="unanswered", answers=[]),
    ]  # fmt: skip


def test_mentions_of_one_claim_are_one_row() -> None:
    both = tuple(replace(each, claim="c1") for each in DOCUMENT.accusations)
    (claim,) = contested(replace(DOCUMENT, accusations=both)).claims
    assert (claim.accusations, claim.status) == (["a2", "a1"], "denied")


def test_figures_of_two_sources_disagree() -> None:
    assert contested(DOCUMENT).disputes == [
        Dispute("i1", "killed", [Figure("k1", "Chad", 12, 12, "killed 12"),
                                 Figure("k2", "Sudan", 7, 7, "7 died")]),
    ]  # fmt: skip


def test_records_without_a_key_are_of_their_own() -> None:
    """A system need not say which accusations are one claim: it has not said that all are."""
    without = replace(
        DOCUMENT,
        accusations=tuple(replace(a, claim="") for a in DOCUMENT.accusations),
        casualties=tuple(replace(k, incident="") for k in DOCUMENT.casualties),
    )
    found = contested(without)
    assert [claim.status for claim in found.claims] == ["denied", "unanswered"]
    assert found.disputes == []


def test_layers_of_several_systems_come_together() -> None:
    runs = [
        [Prediction(DOCUMENT.doc_id, accusations=DOCUMENT.accusations, denials=DOCUMENT.denials)],
        [Prediction(DOCUMENT.doc_id, casualties=DOCUMENT.casualties, denials=())],
    ]
    assert predicted([DOCUMENT], runs) == [DOCUMENT]
    assert predicted([DOCUMENT], []) == [replace(DOCUMENT, **dict.fromkeys(LAYERS, ()))]


def test_a_layer_given_twice_is_an_error() -> None:
    run = [Prediction(DOCUMENT.doc_id, denials=DOCUMENT.denials)]
    with pytest.raises(DataError, match="denials: are predicted twice; expected once"):
        predicted([DOCUMENT], [run, run])


def test_a_prediction_for_no_document_is_an_error() -> None:
    with pytest.raises(DataError, match="elsewhere: is predicted; expected one of the documents"):
        predicted([DOCUMENT], [[Prediction("elsewhere", denials=())]])


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0, 0, "0"),
        (1200, 1200, "1,200"),
        (10, 20, "10 to 20"),
        (5, None, "at least 5"),
        (None, 9, "at most 9"),
    ],
)
def test_bounds_in_words(low: int | None, high: int | None, shown: str) -> None:
    assert text.bounds(low, high) == shown


def test_words_of_a_text_stay_in_their_cell() -> None:
    odd = replace(contested(DOCUMENT).claims[0], words="one | two\nthree", target=None)
    found = replace(contested(DOCUMENT), claims=[odd], disputes=[])
    (row,) = [line for line in text.contested([found]).splitlines() if "armed_attack" in line]
    assert "one \\| two three" in row
    assert "|    – |" in row


def test_a_document_without_dispute_says_so() -> None:
    assert text.contested([contested(plain("All is well."))]).endswith("\n\nNothing is contested.")


def test_gold_as_predictions_prints_what_gold_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = read("dev")
    for name, layers in (("claims", LAYERS[:2]), ("figures", LAYERS[2:3])):
        rows = [Prediction(d.doc_id, **{k: getattr(d, k) for k in layers}) for d in documents]
        jsonl.write_records(tmp_path / f"{name}.jsonl", rows)
    assert main(["contested", "--split", "dev"]) == 0
    gold = capsys.readouterr().out
    given = [f"--predictions={tmp_path / name}.jsonl" for name in ("claims", "figures")]
    assert main(["contested", "--split", "dev", *given]) == 0
    assert capsys.readouterr().out == gold
    assert gold.count("## ") == len(documents)


def test_a_system_need_not_say_what_its_task_does_not_ask_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure has no `modifier` in the task `casualties`; what is no figure is refused."""
    [gold] = [d for d in read("dev") if d.casualties][:1]
    rows = [msgspec.to_builtins(record) for record in gold.casualties]
    for row in rows:
        del row["modifier"]
    path = tmp_path / "figures.jsonl"
    jsonl.write_records(path, [{"doc_id": gold.doc_id, "casualties": rows}])
    assert main(["contested", "--split", "dev", f"--predictions={path}"]) == 0
    capsys.readouterr()
    jsonl.write_records(path, [{"doc_id": gold.doc_id, "casualties": [{"low": 3}]}])
    assert main(["contested", "--split", "dev", f"--predictions={path}"]) == 2
    assert f"{path}:1: " in capsys.readouterr().err


def test_documents_of_ones_own_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.jsonl"
    jsonl.write_records(path, [DOCUMENT])
    assert main(["contested", "--input", str(path), "--json"]) == 0
    assert capsys.readouterr().out.strip() == jsonl.encode([contested(DOCUMENT)])
    assert jsonl.read_records(path, Document)[0][1] == DOCUMENT
