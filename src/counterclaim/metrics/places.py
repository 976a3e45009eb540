"""Distances on the globe."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM = 6371.0088  # mean radius R1 of GRS 80, Moritz (2000)


def distance_km(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distance in kilometres, by the haversine formula.

    Args:
        a: Latitude and longitude in degrees, shape (..., 2).
        b: The same for the other point of each pair.

    Returns:
        Array of shape (...). NaN where either point is unknown.

    Source: Sinnott (1984), Virtues of the Haversine. A sphere is off by up to 0.6 %.
    """
    lat_a, lon_a = np.moveaxis(np.radians(np.asarray(a, dtype=np.float64)), -1, 0)
    lat_b, lon_b = np.moveaxis(np.radians(np.asarray(b, dtype=np.float64)), -1, 0)
    chord = (
        np.sin((lat_b - lat_a) / 2) ** 2
        + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    )
    angle = 2 * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return np.asarray(EARTH_RADIUS_KM * angle)
