"""Agreement: alpha against published examples, the rest by hand."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import document, documents

from counterclaim.errors import DataError
from counterclaim.metrics.agreement import Agreement, agreement, match_records, nominal_alpha
from counterclaim.model import Document


def test_alpha_of_the_textbook() -> None:
    """Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, example A.

    Two observers, ten articles, two values: 0 1 0 0 0 0 0 0 1 0 and 1 1 1 0 0 1 0 0 0 0.
    """
    assert nominal_alpha(np.array([[5, 3], [1, 1]])) == pytest.approx(0.095, abs=0.0005)


def test_alpha_of_five_values() -> None:
    """The same source, example B: twelve articles, alpha 0.692."""
    first = "a a b b d c c c e d d a".split()
    second = "b a b b b c c c e d d d".split()
    table = np.zeros((5, 5), dtype=int)
    for x, y in zip(first, second, strict=True):
        table["abcde".index(x), "abcde".index(y)] += 1
    assert nominal_alpha(table) == pytest.approx(0.692, abs=0.0005)


@given(st.lists(st.integers(0, 30), min_size=4, max_size=4))
def test_alpha_does_not_depend_on_who_is_first_or_on_the_names_of_values(cells: list[int]) -> None:
    table = np.array(cells).reshape(2, 2)
    alpha = nominal_alpha(table)

    np.testing.assert_allclose(nominal_alpha(table.T), alpha)
    np.testing.assert_allclose(nominal_alpha(table[::-1, ::-1]), alpha)
    assert np.isnan(alpha) or alpha <= 1


def by_name(rows: list[Agreement]) -> dict[tuple[str, str, str], Agreement]:
    return {row[:3]: row for row in rows}


def changed(**casualty: object) -> Document:
    (record,) = document().casualties
    return document(casualties=(msgspec.structs.replace(record, **casualty),))


def test_a_pass_agrees_with_itself() -> None:
    rows = agreement(documents(), documents())
    values = [row.estimate.value for row in rows]

    assert {value for value in values if not np.isnan(value)} == {1.0}
    assert all(row.items == 0 for row in rows if np.isnan(row.estimate.value))


def test_each_difference_shows_in_its_own_measure() -> None:
    """A casualty of another bound: the mention still matches, the bounds do not."""
    before = by_name(agreement([document()], [document()]))
    after = by_name(agreement([document()], [changed(low=3, high=3)]))
    differing = {key for key in before if before[key].estimate.value != after[key].estimate.value}

    known = {key for key in differing if not np.isnan(before[key].estimate.value)}
    assert known == {("casualties", "bounds", "share")}


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
