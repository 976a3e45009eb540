"""Distances against published ones."""

import numpy as np
import pytest

from counterclaim.metrics.places import distance_km


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
    assert distance_km(a, b) == pytest.approx(float(distance_km(b, a)))


def test_an_unknown_point_has_no_distance() -> None:
    pairs = np.array([[np.nan, np.nan], [0.0, 0.0]])
    distances = distance_km(pairs, np.zeros((2, 2)))
    assert np.isnan(distances[0])
    assert distances[1] == 0
