"""Places: how far a prediction is from where the place is.

A gold mention that has no prediction, or one without coordinates, stays in the
denominator, with the greatest error there is: a system cannot gain by leaving out what is
hard.

Source: Gritta, Pilehvar and Collier (2020), A Pragmatic Guide to Geoparsing Evaluation,
https://doi.org/10.1007/s10579-019-09475-3. Their area under the curve of log errors is
taken by trapezoids between the sorted errors; ours is the mean of the scaled log errors,
which is additive and differs by less than 1/(n - 1) for n places.
"""

import math
from collections.abc import Sequence
from typing import get_args

from counterclaim.metrics.frames import Align, Counts, Frame, align_records, plain
from counterclaim.metrics.labels import SIDES, Sums, Table, macro, prf_of, ratio
from counterclaim.metrics.resampling import exact_value
from counterclaim.model import Location, Role

NEAR_KM = 161.0  # 100 miles
FARTHEST_KM = 20_039.0  # about half of the equator: the bound of the error as the source has it
LOCATION = Frame(
    row="location",
    anchors=("mention",),
    fields={"country": plain("country"), "role": plain("role")},
    template="template",
)
Point = tuple[float, float]
ROLES: tuple[str, ...] = get_args(Role)
COLUMNS = (
    *(f"location/{side}" for side in SIDES),
    *(f"within 161 km/{side}" for side in SIDES),
    "distance/gold",
    "distance/error_km",
    "distance/log_error",
    *(f"country/{side}" for side in SIDES),
    *(f"{role}/{side}" for role in ROLES for side in SIDES),
)
EARTH_RADIUS_KM = 6371.0088  # mean radius R1 of GRS 80, Moritz (2000)


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance of two points in kilometres, by the haversine formula.

    Args:
        a: Latitude and longitude in degrees.
        b: The same of the other point.

    Source: Sinnott (1984), Virtues of the Haversine. A sphere is off by up to 0.6 %.
    """
    lat_a, lon_a, lat_b, lon_b = map(math.radians, (*a, *b))
    across = math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    chord = math.sin((lat_b - lat_a) / 2) ** 2 + across
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))


def point(place: Location) -> Point | None:
    """Where a place is; None if that is unknown."""
    return None if place.lat is None or place.lon is None else (place.lat, place.lon)


def place_counts(
    gold: Sequence[Location],
    predicted: Sequence[Location],
    align_with: Align = align_records,
) -> Counts:
    """Compare the locations of one document.

    Args:
        gold: Reference records, in any order.
        predicted: The other side's.
        align_with: How records are aligned; by default mentions match if they share half
            of their characters.

    Returns:
        A number for each of `COLUMNS`.
    """
    counts = dict.fromkeys(COLUMNS, 0.0)
    pairs = align_with(LOCATION, gold, predicted)
    for side, records in (("gold", gold), ("predicted", predicted)):
        counts[f"location/{side}"] = len(records)
        counts[f"within 161 km/{side}"] = sum(record.lat is not None for record in records)
        counts[f"country/{side}"] = sum(record.country is not None for record in records)
        for record in records:
            counts[f"{record.role}/{side}"] += 1
    counts["location/matched"] = len(pairs)
    partner = dict(pairs)
    for i, a in enumerate(gold):
        b = predicted[partner[i]] if i in partner else None
        if there := point(a):
            found = b and point(b)
            error = min(FARTHEST_KM, distance_km(there, found)) if found else FARTHEST_KM
            counts["within 161 km/matched"] += error <= NEAR_KM
            counts["distance/gold"] += 1
            counts["distance/error_km"] += exact_value(error)
            scaled = math.log1p(error) / math.log1p(FARTHEST_KM)
            counts["distance/log_error"] += exact_value(scaled)
        if b is not None:
            counts["country/matched"] += a.country is not None and a.country == b.country
            counts[f"{a.role}/matched"] += a.role == b.role
    return counts


def place_scores(sums: Sums) -> Table:
    """Accuracy, errors and F1 from summed counts."""
    rows = ("location", "within 161 km", "country", *ROLES)
    table: Table = {row: prf_of(sums, row) for row in rows}
    for row in ("within 161 km", "country"):
        # Of all gold mentions that have one: recall, by the name that the field uses.
        table[row]["accuracy"] = table[row]["recall"]
    table["distance"] = {
        "mean_km": ratio(sums["distance/error_km"], sums["distance/gold"]),
        "auc": ratio(sums["distance/log_error"], sums["distance/gold"]),
    }
    roles = [table[role]["f1"] for role in ROLES]
    table["macro"] = {"role_f1": macro(roles, [sums[f"{role}/gold"] for role in ROLES])}
    return table
