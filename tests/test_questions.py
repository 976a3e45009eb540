"""The questions: their answers are facts of the gold, and nothing but the text tells them."""

from typing import Any, get_args

import msgspec
import pytest
import questions
from records import document

from counterclaim import Document, read
from counterclaim.model import Act, Casualty, Span

DOCUMENTS = read("test")
ROWS = {name: questions.rows(name, DOCUMENTS) for name in questions.MAKERS}
CHOSEN = ("claim_type", "contested")


def record(row: dict[str, Any], layer: str) -> Any:
    """The record that a row is about."""
    doc_id, _, key = row["id"].partition("/")
    (found,) = (d for d in DOCUMENTS if d.doc_id == doc_id)
    return next(record for record in getattr(found, layer) if record.id == key)


def test_the_acts_are_those_of_the_record_with_a_meaning_each() -> None:
    assert set(questions.ACTS) == set(get_args(Act))
    assert all(questions.ACTS.values())


def test_the_right_kind_is_the_act_of_the_claim() -> None:
    for row in ROWS["claim_type"]:
        act, _, _ = row["choices"][row["answer"]].partition(":")
        assert act == record(row, "accusations").act


def test_there_is_one_question_a_claim() -> None:
    claims = {(d.doc_id, a.claim) for d in DOCUMENTS for a in d.accusations}
    for name in CHOSEN:
        asked = [(row["doc_id"], record(row, "accusations").claim) for row in ROWS[name]]
        assert len(asked) == len(claims)
        assert set(asked) == claims


@pytest.mark.parametrize("name", CHOSEN)
def test_choices_are_in_one_order_that_begins_anywhere(name: str) -> None:
    """So every letter is right for some answers, and none much more often than another."""
    orders = {tuple(row["choices"]) for row in ROWS[name]}
    first = next(iter(orders))
    assert orders == {first[i:] + first[:i] for i in range(len(first))}
    answers = [row["answer"] for row in ROWS[name]]
    assert set(answers) == set(range(len(first)))
    assert max(map(answers.count, answers)) < 2 * len(answers) / len(first)


@pytest.mark.parametrize("name", questions.MAKERS)
def test_no_question_is_asked_twice(name: str) -> None:
    assert len({row["question"] for row in ROWS[name]}) == len(ROWS[name])
    assert len({row["id"] for row in ROWS[name]}) == len(ROWS[name])


@pytest.mark.parametrize("name", questions.MAKERS)
def test_every_question_has_the_text_and_quotes_it(name: str) -> None:
    texts = {d.doc_id: d.text for d in DOCUMENTS}
    for row in ROWS[name]:
        text = texts[row["doc_id"]]
        head, _, asked = row["question"].rpartition("\n\nQuestion: ")
        assert head == f"Text:\n\n{text}"
        assert asked[asked.index("“") + 1 : asked.rindex("”")] in str(text)


def test_counts_are_exact_ones_and_zero_is_among_them() -> None:
    for row in ROWS["casualty_count"]:
        casualty = record(row, "casualties")
        assert casualty.modifier == "exact"
        assert row["answer"] == casualty.low == casualty.high
    assert 0 in {row["answer"] for row in ROWS["casualty_count"]}


def told(*casualties: Casualty) -> Document:
    """The hand-written document with other casualties, all in its first sentence."""
    start = document().sentences[0].start
    here = (msgspec.structs.replace(k, mention=Span(start, start + 5)) for k in casualties)
    return msgspec.structs.replace(document(), casualties=tuple(here))


def test_a_sentence_with_two_figures_of_one_outcome_is_not_asked_of() -> None:
    """Without pointing at one of them there would be two right answers."""
    one = Casualty(
        *("k1", Span(0, 5), "killed", 2, 2, "exact", "unknown", None, None, None, "i1")
    )  # fmt: skip
    hurt = msgspec.structs.replace(one, id="k2", outcome="wounded", low=0, high=0)
    about = msgspec.structs.replace(one, id="k3", outcome="wounded", modifier="about")
    assert [row["answer"] for row in questions.casualty_count(told(one, hurt))] == [2, 0]
    assert [row["answer"] for row in questions.casualty_count(told(one, hurt, about))] == [2]
    assert list(questions.casualty_count(told(about))) == []
