"""Quotes to offsets and back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import document, documents, plain

from counterclaim.anchor import AnchorError, anchor, draft, nearest, occurrences
from counterclaim.errors import DataError
from counterclaim.model import Span

TEXT = "Iran fired, Iran said.\nIranian 🚀 rockets hit\nBasra."
TWO = plain(TEXT, (0, 22), (23, len(TEXT)))


def location(quote: Any, **changes: Any) -> dict[str, Any]:
    fields = {"name": "Iran", "country": "IR", "lat": 32.0, "lon": 53.0}
    return {
        "id": "l1",
        "mention": quote,
        **fields,
        "role": "site",
        "precision": "country",
        **changes,
    }


def test_quotes_become_offsets_in_code_points() -> None:
    """An emoji is one code point, two UTF-16 units and four bytes."""
    anchored = anchor({"locations": [location([1, "Basra"])]}, TWO)

    assert TEXT[45:50] == "Basra"
    assert anchored.locations[0].mention == Span(45, 50)


def test_a_line_break_in_a_sentence_may_be_quoted_as_a_space() -> None:
    anchored = anchor({"locations": [location([1, "hit Basra"])]}, TWO)
    assert anchored.locations[0].mention == Span(41, 50)


@pytest.mark.parametrize(
    ("sentence", "quote", "expected"),
    [
        ("Iran and Iranian, Iran", "Iran", [(0, 4), (18, 22)]),
        ("Armenia's border", "Armenia", [(0, 7)]),
        ("pro-Iran", "Iran", [(4, 8)]),
        ("no no no", "no no", [(0, 5), (3, 8)]),
        ("(F-16)", "F-16", [(1, 5)]),
        ("a.b", ".", [(1, 2)]),
        ("anything", "  ", []),
    ],
)
def test_occurrences_are_whole_words(
    sentence: str, quote: str, expected: list[tuple[int, int]]
) -> None:
    assert occurrences(sentence, quote) == expected


@pytest.mark.parametrize(
    ("quote", "message"),
    [
        ([0, "Iraq"], "mention: 'Iraq' is not in sentence 0; the nearest there is 'Iran'"),
        ([0, "Basra"], "mention: 'Basra' is not in sentence 0; it is in sentence 1"),
        ([0, "Iran"], "mention: 'Iran' stands 2 times in sentence 0; expected"),
        ([0, "Iran", 3], "mention: 'Iran' stands 2 times in sentence 0; nth is 3"),
        ([0, "Iran", 0], "mention: 'Iran' stands 2 times in sentence 0; nth is 0"),
        ([7, "Iran"], "mention: there is no sentence 7; the document has 0 to 1"),
        (["0", "Iran"], "mention: ['0', 'Iran'] is not [sentence, \"quote\"]"),
        ([True, "Iran"], "mention: [True, 'Iran'] is not"),
        ("Iran", "mention: 'Iran' is not [sentence"),
        (None, "$.mention: Expected `object`, got `null`"),
    ],
)
def test_a_quote_that_does_not_fit_is_an_error_that_helps(quote: Any, message: str) -> None:
    """Document, record, field, what was found and the nearest candidate."""
    with pytest.raises(AnchorError) as caught:
        anchor({"locations": [location(quote)]}, TWO)

    assert str(caught.value).startswith(f"case-1/l1 {message}")


def test_all_problems_of_a_draft_are_reported() -> None:
    records = [location([0, "Iraq"]), location([0, "Iran", 1], role="place")]
    with pytest.raises(AnchorError) as caught:
        anchor({"locations": records, "events": []}, TWO)

    assert len(caught.value.problems) == 3


def test_a_record_without_id_is_named_by_its_place() -> None:
    with pytest.raises(AnchorError, match=r"case-1/locations\[0\] "):
        anchor({"locations": [{"mention": [0, "Iraq"]}]}, TWO)


@pytest.mark.parametrize("value", [None, {}, [1]])
def test_a_layer_that_is_no_list_of_objects_is_an_error(value: Any) -> None:
    with pytest.raises(AnchorError, match="locations is not a list of objects"):
        anchor({"locations": value}, TWO)


def test_a_document_without_text_cannot_be_anchored_or_quoted() -> None:
    with pytest.raises(DataError, match="hydrate the document first"):
        anchor({}, document(text=None))
    with pytest.raises(DataError, match="hydrate the document first"):
        draft(document(text=None))


@pytest.mark.parametrize("original", documents(), ids=lambda d: str(d.doc_id))
def test_a_draft_made_from_a_record_anchors_to_the_same_record(original: Any) -> None:
    assert anchor(draft(original), original) == original


def test_a_span_that_no_quote_can_name_is_an_error() -> None:
    part = anchor({"locations": [location([1, "Basra"])]}, TWO)
    (record,) = part.locations
    for span, message in [(Span(46, 50), "cannot be quoted"), (Span(17, 30), "no single sentence")]:
        moved = msgspec.structs.replace(record, mention=span)
        with pytest.raises(DataError, match=message):
            draft(msgspec.structs.replace(part, locations=(moved,)))


words = st.lists(
    st.sampled_from(["Iran", "Iranian", "said", "🚀", "naïve", "U.N.", "-"]), min_size=1
)


@given(words, st.data())
def test_every_run_of_words_can_be_quoted_and_found_again(tokens: list[str], data: Any) -> None:
    """`draft` and `anchor` are inverse on any span of whole words, however often it occurs."""
    text = " ".join(tokens)
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first, len(tokens) - 1))
    start = len(" ".join(tokens[:first])) + (first > 0)
    span = Span(start, start + len(" ".join(tokens[first : last + 1])))
    base = anchor({"locations": [location([0, "Iran"])]}, plain("Iran"))
    record = msgspec.structs.replace(base.locations[0], mention=span)
    original = msgspec.structs.replace(plain(text), locations=(record,))
    assert anchor(draft(original), original) == original


def test_the_nearest_candidate_is_a_run_of_words() -> None:
    assert nearest("the Azeri defence ministry said", "Azeri defense ministry") == (
        "Azeri defence ministry"
    )
    assert nearest("", "anything") == ""
