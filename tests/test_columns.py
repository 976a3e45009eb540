"""Records as arrays: which spans stand for them."""

import msgspec
import numpy as np
from records import document, documents

from counterclaim.columns import Columns, labelled_spans
from counterclaim.model import Document

ACCUSATION, DENIAL, CASUALTY, LOCATION = range(4)


def found(*records: Document) -> list[tuple[int, ...]]:
    """Document, label, start and end of each span."""
    spans = labelled_spans(records)
    return [tuple(row) for row in np.stack(spans, axis=-1).tolist()]


def test_a_record_is_stood_for_by_content_cue_or_mention() -> None:
    """The denials of the case: one has a cue alone, one a content that goes before its cue."""
    assert found(document()) == [
        (0, ACCUSATION, 37, 68),
        (0, DENIAL, 88, 94),
        (0, DENIAL, 100, 114),
        (0, CASUALTY, 37, 56),
        (0, LOCATION, 60, 68),
    ]


def test_documents_are_numbered_in_their_order() -> None:
    silent = document(accusations=(), denials=(), casualties=(), locations=())
    assert {row[0] for row in found(silent, *documents(), silent)} == {1, 2}
    assert found(silent, silent) == []


def test_every_record_has_its_span() -> None:
    """What several of them mean together is for the metric to say."""
    (place,) = document().locations
    again = msgspec.structs.replace(place, id="l2")
    both = [row for row in found(document(locations=(place, again))) if row[1] == LOCATION]
    assert both == [(0, LOCATION, 60, 68)] * 2


def test_spans_of_a_field_leave_out_what_is_null() -> None:
    columns = Columns([document(), *documents()])
    content = columns["denials"].spans("content")
    assert [column.tolist() for column in content] == [[0, 1], [100, 100], [114, 114]]
