"""Distances against published ones, and what is made of them."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclaim.metrics.frames import align_ids
from counterclaim.metrics.labels import Table
from counterclaim.metrics.places import distance_km, place_counts, place_scores
from counterclaim.model import Location, Span


@pytest.mark.parametrize(
    ("a", "b", "km", "within"),
    [
        # Geodesic distances (WGS 84) of airports as published by Great Circle Mapper.
        ((33.9425, -118.408), (40.6398, -73.7789), 3983.0, 0.005),  # LAX to JFK
        ((51.4706, -0.4619), (-33.9461, 151.1772), 17020.0, 0.005),  # LHR to SYD
        ((0.0, 0.0), (0.0, 180.0), np.pi * 6371.0088, 1e-9),  # half of the equator
        ((90.0, 0.0), (-90.0, 77.0), np.pi * 6371.0088, 1e-9),  # pole to pole
        ((39.21, 45.41), (39.21, 45.41), 0.0, 0.0),
    ],
)
def test_known_distances(
    a: tuple[float, float], b: tuple[float, float], km: float, within: float
) -> None:
    assert distance_km(a, b) == pytest.approx(km, rel=within, abs=1e-6)
    assert distance_km(a, b) == pytest.approx(distance_km(b, a))


def place(key: str, start: int, lat: float | None, lon: float | None, **changes: Any) -> Location:
    record = Location(key, Span(start, start + 6), "x", "KE", lat, lon, "site", "town")
    return msgspec.structs.replace(record, **changes)


GOLD = [
    place("l1", 0, 0.0, 0.0),
    place("l2", 10, 0.0, 10.0, role="dateline"),
    place("l3", 20, None, None, country=None),
    place("l4", 30, 0.0, 20.0, role="context"),
]
SIDES = ("matched", "predicted", "gold")


def scores_of(counts: Mapping[str, float]) -> Table:
    return place_scores({name: np.asarray(value) for name, value in counts.items()})


def test_a_document_counted_by_hand() -> None:
    """l1 is one degree off, l2 two degrees, l3 was placed though it cannot be, l4 is missed.

    A degree of the equator is 111.19 km: l1 is within 161 km, l2 is not. The error of l4 is
    the greatest there is. One of two right coordinates, of three gold ones.
    """
    predicted = [
        place("x1", 0, 1.0, 0.0),
        place("x2", 10, 2.0, 10.0, country="UG", role="dateline"),
        place("x3", 20, 5.0, 5.0),
    ]
    counts = place_counts(GOLD, predicted)
    assert [counts[f"location/{side}"] for side in SIDES] == [3, 3, 4]
    assert [counts[f"within 161 km/{side}"] for side in SIDES] == [1, 3, 3]
    assert [counts[f"country/{side}"] for side in SIDES] == [1, 3, 3]
    scores = scores_of(counts)
    assert scores["within 161 km"]["accuracy"] == pytest.approx(1 / 3)
    degree = np.pi * 6371.0088 / 180
    errors = np.array([degree, 2 * degree, 20_039])
    assert scores["distance"]["mean_km"] == pytest.approx(errors.mean())
    assert scores["distance"]["auc"] == pytest.approx(np.log1p(errors).mean() / np.log(20_040))
    # site 2 of 2, dateline 1 of 1, context 0 of 1
    assert scores["macro"]["role_f1"] == pytest.approx((1 + 1 + 0) / 3)


def test_leaving_out_what_is_hard_gains_nothing() -> None:
    """Unresolved mentions stay in the denominator of accuracy, mean and area."""
    bold = [place("x1", 0, 0.0, 0.0), place("x2", 10, 60.0, 10.0), place("x4", 30, 60.0, 20.0)]
    timid = [bold[0], *(msgspec.structs.replace(r, lat=None, lon=None) for r in bold[1:])]
    bold_scores, timid_scores = (scores_of(place_counts(GOLD, p)) for p in (bold, timid))
    for measure in ("mean_km", "auc"):
        assert timid_scores["distance"][measure] > bold_scores["distance"][measure]
    accuracy = [s["within 161 km"]["accuracy"] for s in (bold_scores, timid_scores)]
    assert accuracy[0] == accuracy[1] == pytest.approx(1 / 3)


@given(st.lists(st.floats(0, 180), min_size=2, max_size=30))
def test_the_area_is_that_of_gritta_but_for_the_ends(degrees: list[float]) -> None:
    """Their trapezoids leave out half of the smallest and of the largest error."""
    gold = [place(f"l{i}", 10 * i, 0.0, 0.0) for i in range(len(degrees))]
    predicted = [place(f"l{i}", 10 * i, 0.0, lon) for i, lon in enumerate(degrees)]
    logs = np.sort(np.log1p(np.array(degrees) * np.pi * 6371.0088 / 180)) / np.log(20_040)
    theirs = np.trapezoid(logs) / (len(logs) - 1)
    ours = scores_of(place_counts(gold, predicted))["distance"]["auc"]
    assert ours == pytest.approx(theirs, abs=1 / (len(logs) - 1))
    assert ours == pytest.approx(logs.mean(), abs=1e-4)


def test_given_mentions_are_aligned_by_id() -> None:
    moved = [place("l1", 50, 0.0, 0.0)]
    assert place_counts(GOLD, moved)["location/matched"] == 0
    assert place_counts(GOLD, moved, align_ids)["location/matched"] == 1
