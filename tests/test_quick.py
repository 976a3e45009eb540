"""The quick check suspects every document that breaks a rule, and few others."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import CASES, document, documents, plain

from counterclaim import corpus, jsonl
from counterclaim.columns import Columns
from counterclaim.errors import DataError
from counterclaim.model import SPLITS, Document, Span
from counterclaim.validate import validate_document
from counterclaim.validate.quick import suspicious
from counterclaim.validate.reading import NEEDED, READABLE


def broken(record: Document, rules: set[str]) -> bool:
    return any(rule in rules for rule, *_ in validate_document(record))


def readable_cases() -> list[tuple[str, Document]]:
    found = []
    for path in sorted((CASES / "invalid").glob("*.jsonl")):
        try:
            found += [(path.stem, d) for _, d in jsonl.read_records(path, Document)]
        except DataError:
            continue
    return found


@pytest.mark.parametrize(("name", "record"), readable_cases())
@pytest.mark.parametrize("gold", [True, False])
def test_every_case_that_breaks_a_rule_is_suspected(
    name: str, record: Document, gold: bool
) -> None:
    rules = NEEDED if gold else READABLE
    if broken(record, rules):
        records = [*documents(), record, *documents()]
        assert 2 in suspicious(records, Columns(records), gold=gold), name


offsets = st.integers(-2, 130)
spans = st.none() | st.builds(Span, offsets, offsets)
edits = st.fixed_dictionaries(
    {},
    optional={
        "accusations": st.builds(
            lambda content, source: [("content", content or Span(0, 5)), ("source", source)],
            spans,
            spans,
        ),
        "denials": st.builds(
            lambda cue, content, answers: [
                ("cue", cue),
                ("content", content),
                ("answers", answers),
            ],
            spans,
            spans,
            st.sampled_from([(), ("a1",), ("d1",), ("a1", "a1")]),
        ),
        "casualties": st.builds(
            lambda low, high: [("low", low), ("high", high)],
            st.none() | st.integers(-1, 10**11),
            st.none() | st.integers(-1, 10**31),
        ),
        "locations": st.builds(
            lambda lat, lon, key: [("lat", lat), ("lon", lon), ("id", key)],
            st.none() | st.floats(-200, 200) | st.just(float("nan")),
            st.none() | st.floats(-200, 200),
            st.sampled_from(["l1", "a1"]),
        ),
    },
)


@given(edits, st.sampled_from([{}, {"text": None}, {"sha256": "0" * 64}]), st.booleans())
def test_no_broken_document_passes(
    changes: dict[str, list[tuple[str, Any]]], more: dict[str, Any], gold: bool
) -> None:
    """Any edit of the valid document that breaks a rule makes it suspect."""
    layers = {
        name: (msgspec.structs.replace(getattr(document(), name)[0], **dict(fields)),)
        for name, fields in changes.items()
    }
    record = document(**{**layers, **more})
    suspects = suspicious([record, document()], Columns([record, document()]), gold=gold)
    if broken(record, NEEDED if gold else READABLE):
        assert 0 in suspects


@pytest.mark.parametrize("sentence", [(0, 4), (-1, 4), (3, 3), (1, 9), (0, 5)])
@pytest.mark.parametrize("text", ["Ab c. D", "Äb c. D", None])
def test_sentences_of_gold_are_checked(sentence: tuple[int, int], text: str | None) -> None:
    """White space at an end, no length, beyond the text; in ASCII and beyond it."""
    words = "Äb c. D" if text is None else text
    record = plain(words, sentence, (6, 7))
    record = msgspec.structs.replace(record, text=text)
    assert (0 in suspicious([record], Columns([record]), gold=True)) >= broken(record, NEEDED)


def test_sound_gold_is_not_suspected_without_cause() -> None:
    """Suspicion costs time."""
    records = [d for split in SPLITS for d in corpus.records(split, corpus="all")]
    assert suspicious(records, Columns(records), gold=True) == []
    assert suspicious(records, Columns(records), gold=False) == []
