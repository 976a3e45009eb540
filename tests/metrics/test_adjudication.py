"""What became of the records of two passes, counted by hand."""

from typing import Any

import msgspec
import pytest
from records import document

from counterclaim.metrics.adjudication import Decisions, decisions
from counterclaim.model import Document

(FIGURE,) = document().casualties
SEVEN = {"low": 7, "high": 7}
EIGHT = {"low": 8, "high": 8}


def with_figure(*changes: dict[str, Any]) -> Document:
    return document(casualties=tuple(msgspec.structs.replace(FIGURE, **c) for c in changes))


def decided(a: Document, b: Document, gold: Document) -> Decisions:
    (row,) = (row for row in decisions([a], [b], [gold]) if row.layer == "casualties")
    return row


@pytest.mark.parametrize(
    ("a", "b", "gold", "expected"),
    [
        ([SEVEN], [SEVEN], [SEVEN], "kept"),
        ([SEVEN], [SEVEN], [EIGHT], "changed"),
        ([SEVEN], [SEVEN], [], "changed"),
        ([SEVEN], [{}], [SEVEN], "a"),
        ([SEVEN], [{}], [{}], "b"),
        ([SEVEN], [{}], [EIGHT], "neither"),
        ([SEVEN], [{}], [], "neither"),
        ([SEVEN], [], [SEVEN], "a"),
        ([SEVEN], [], [], "b"),
        ([], [SEVEN], [], "a"),
        ([], [SEVEN], [SEVEN], "b"),
        ([], [SEVEN], [EIGHT], "neither"),
        ([], [], [SEVEN], "added"),
    ],
)
def test_each_record_is_decided_once(
    a: list[dict[str, Any]], b: list[dict[str, Any]], gold: list[dict[str, Any]], expected: str
) -> None:
    row = decided(*(with_figure(*side) for side in (a, b, gold)))
    assert {name: getattr(row, name) for name in Decisions._fields[1:]} == {
        **dict.fromkeys(Decisions._fields[1:], 0),
        expected: 1,
    }


def test_ids_keys_and_coordinates_are_left_aside() -> None:
    renamed = {"id": "k9", "incident": "i9"}
    assert decided(with_figure({}), with_figure(renamed), with_figure(renamed)).kept == 1
    (place,) = document().locations
    moved = document(locations=(msgspec.structs.replace(place, lat=1.0, lon=1.0),))
    rows = {row.layer: row for row in decisions([moved], [document()], [document()])}
    assert rows["locations"].kept == 1


def test_records_that_share_nothing_are_two_decisions() -> None:
    """One is taken from each pass."""
    elsewhere = {"mention": msgspec.structs.replace(FIGURE.mention, start=0, end=5)}
    row = decided(with_figure({}), with_figure(elsewhere), with_figure({}, elsewhere))
    assert (row.a, row.b, row.added) == (1, 1, 0)
