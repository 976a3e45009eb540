"""Agreement, by hand."""

import msgspec
import numpy as np
import pytest
from records import document, documents

from counterclaim.errors import DataError
from counterclaim.metrics.agreement import Agreement, agreement, match_records
from counterclaim.model import Document, Span, sentence_labels


def by_name(rows: list[Agreement]) -> dict[tuple[str, str, str], Agreement]:
    return {row[:3]: row for row in rows}


def changed(**casualty: object) -> Document:
    (record,) = document().casualties
    return document(casualties=(msgspec.structs.replace(record, **casualty),))


def test_a_pass_agrees_with_itself() -> None:
    rows = agreement(documents(), documents())
    values = [row.estimate.value for row in rows]

    assert {value for value in values if not np.isnan(value)} == {1.0}
    undefined = {row[:3] for row in rows if np.isnan(row.estimate.value) and row.items}
    # The only casualty has one lower and one upper bound: nothing to disagree about.
    assert undefined == {
        ("casualties", bound, f"{distance} alpha")
        for bound in ("low", "high")
        for distance in ("ratio", "interval")
    }


def test_each_difference_shows_in_its_own_measure() -> None:
    """A casualty of another bound: the mention still matches, the bounds do not."""
    before = by_name(agreement([document()], [document()]))
    after = by_name(agreement([document()], [changed(low=3, high=3)]))
    differing = {key for key in before if before[key].estimate.value != after[key].estimate.value}

    known = {key for key in differing if not np.isnan(before[key].estimate.value)}
    assert known == {("casualties", "bounds", "share")}


def test_a_label_less_is_less_than_a_sentence_less() -> None:
    """One of three labels is missing: MASI 1 - 2/3 * 2/3. The other two sentences are equal.

    Values: all three, two of them, and denial four times.
    """
    sets = sentence_labels(document())
    assert sets == [["accusation", "casualty", "location"], ["denial"], ["denial"]]
    row = by_name(agreement([document()], [document(casualties=())]))[
        "all labels", "sentences", "MASI alpha"
    ]
    observed = 2 * 5 / 9 / 6
    expected = 2 * (5 / 9 + 4 * 1 + 4 * 1) / (6 * 5)
    assert row.estimate.value == pytest.approx(1 - observed / expected)
    assert row.items == 3


def test_open_bounds_are_missing_values() -> None:
    """Lower bounds 10 and 10, 20 and 30, open and 5: two mentions can be compared."""
    (record,) = document().casualties

    def with_bounds(*bounds: int | None) -> Document:
        return document(
            casualties=tuple(
                msgspec.structs.replace(record, mention=Span(5 * i, 5 * i + 4), low=low, high=None)
                for i, low in enumerate(bounds)
            )
        )

    rows = by_name(agreement([with_bounds(10, 20, None)], [with_bounds(10, 30, 5)]))
    ratio, interval = (rows["casualties", "low", f"{name} alpha"] for name in ("ratio", "interval"))
    expected = 2 * (2 / 9 + 2 / 4 + 1 / 25) / (4 * 3)
    assert ratio.estimate.value == pytest.approx(1 - 2 * (1 / 25) / 4 / expected)
    assert interval.estimate.value == pytest.approx(1 - 2 * 100 / 4 / (2 * 1100 / 12))
    assert ratio.items == interval.items == 2
    assert rows["casualties", "high", "ratio alpha"].items == 0
    assert rows["casualties", "bounds", "share"].estimate.value == pytest.approx(1 / 3)


def test_a_link_counts_under_the_matching_of_both_its_ends() -> None:
    """Ids differ between annotators; what they stand for does not."""
    renamed = msgspec.structs.replace(
        document(),
        accusations=tuple(msgspec.structs.replace(a, id="x9") for a in document().accusations),
        denials=tuple(msgspec.structs.replace(d, answers=("x9",)) for d in document().denials),
    )
    key = ("links", "denial to accusation", "F1")
    assert by_name(agreement([document()], [renamed]))[key].estimate.value == 1

    first, second = document().denials
    unlinked = document(denials=(first, msgspec.structs.replace(second, answers=())))
    row = by_name(agreement([document()], [unlinked]))[key]
    assert row.estimate.value == pytest.approx(2 * 1 / (2 + 1))
    assert row.items == 3


@pytest.mark.parametrize(
    ("lat", "lon", "share"),
    [(2.38, 35.65, 1.0), (2.6, 35.65, 1.0), (3.0, 35.65, 0.0), (None, None, 0.0)],
)
def test_places_agree_within_fifty_kilometres(
    lat: float | None, lon: float | None, share: float
) -> None:
    """A degree of latitude is 111 km: 0.22 degrees are 24 km, 0.62 are 69 km."""
    (place,) = document().locations
    other = document(locations=(msgspec.structs.replace(place, lat=lat, lon=lon),))
    row = by_name(agreement([document()], [other]))
    assert row["locations", "within 50 km", "share"].estimate.value == share


def test_accusers_of_one_act_are_matched_by_their_side() -> None:
    """Two records on one content span, listed in another order."""
    (first,) = document().accusations
    second = msgspec.structs.replace(first, id="a2", source_actor="Uganda", claim="c2")
    a = document(accusations=(first, second))
    b = document(accusations=(second, first))
    assert sorted(match_records((a, b), "accusations")) == [(0, 1), (1, 0)]


def test_passes_over_different_documents_are_refused() -> None:
    with pytest.raises(DataError, match="differ in their documents"):
        agreement(documents(), documents()[:1])
    with pytest.raises(DataError, match="no document in common"):
        agreement([], [])
