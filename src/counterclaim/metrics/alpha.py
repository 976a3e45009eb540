"""Krippendorff's alpha for any number of coders, missing values and any distance.

alpha = 1 - D_o / D_e: the disagreement that was observed, over that to be expected if the
values were dealt to the units by chance. `alpha_counts` counts one document and `alpha`
turns counts into the coefficient. Counts add up over documents: the observed
disagreement is a sum over units, and the expected one follows from how often each value
was given.

Expected disagreement is taken over all documents together, so a value must mean the same
in each of them: a label or a number does, the number of a record within its document
does not.

A distance here is what Krippendorff writes as a squared difference. His ordinal one is
left out: it depends on how often the values between were given.

Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability,
https://repository.upenn.edu/asc_papers/43; Krippendorff (2004), Content Analysis,
chapter 11; MASI: Passonneau (2006), https://aclanthology.org/L06-1392.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterclaim.errors import DataError
from counterclaim.metrics.labels import ratio
from counterclaim.metrics.resampling import exact

Unit = Sequence[Any]
"""The values that two or more coders give to one unit; None where one gives none."""
Distance = Callable[[Any, Any], float]
"""Symmetric, 0 between equal values, else more than 0."""


def alpha_counts(
    units: Sequence[Unit], values: Sequence[Any], distance: Distance
) -> NDArray[np.float64]:
    """Count the disagreement and the values of one document.

    A unit with fewer than two values has nothing to be compared with and is left out.

    Args:
        units: The values given to each unit; the order of coders does not matter.
        values: The distinct values of all documents; column 1 + i counts `values[i]`.
        distance: How far two values are apart.

    Returns:
        Array of shape (1 + len(values),): the observed disagreement, which is the distance
        of every ordered pair of values of a unit, divided by the number of values of the
        unit less one; then how often each value was given.

    Raises:
        DataError: A value is not in `values`.
    """
    column = {value: i for i, value in enumerate(values, start=1)}
    counts = np.zeros(1 + len(values))
    terms = []
    for number, unit in enumerate(units):
        given = [value for value in unit if value is not None]
        if unknown := [value for value in given if value not in column]:
            raise DataError(
                f"value {unknown[0]!r} of unit {number}; expected one of {list(values)}"
            )
        if len(given) > 1:
            terms += [2 * distance(c, k) / (len(given) - 1) for c, k in combinations(given, 2)]
            np.add.at(counts, [column[value] for value in given], 1)
    counts[0] = exact(terms).sum()
    return counts


def alpha(summed: NDArray[np.generic], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn counts into alpha.

    Args:
        summed: Array of shape (..., 1 + values), as `alpha_counts` returns it or summed.
        distances: Distances between the values, as `distance_matrix` returns them.

    Returns:
        Array of shape (...): 1 is agreement, 0 what chance would give. NaN where no
        disagreement is possible: only one value was given, or nothing was compared.
    """
    observed, given = summed[..., 0], np.asarray(summed[..., 1:], dtype=np.float64)
    expected = ((given @ distances) * given).sum(axis=-1)
    pairable = given.sum(axis=-1)
    return np.asarray(1 - (pairable - 1) * ratio(observed, expected), dtype=np.float64)


def distance_matrix(values: Sequence[Any], distance: Distance) -> NDArray[np.float64]:
    """Distances between all values, shape (len(values), len(values)), for exact sums."""
    between = [[distance(c, k) for k in values] for c in values]
    return exact(between).reshape(len(values), len(values))


def nominal_distance(a: object, b: object) -> float:
    """0 if equal, else 1."""
    return float(a != b)


def interval_distance(a: float, b: float) -> float:
    """The squared difference of two numbers."""
    return float((a - b) ** 2)


def ratio_distance(a: float, b: float) -> float:
    """The squared difference of two numbers of 0 or more, relative to their sum.

    Less than 1 unless one of them is 0: 0 and 1 are as far apart as 0 and 1000.
    """
    return float(((a - b) / (a + b)) ** 2) if a != b else 0.0


def masi_distance(a: AbstractSet[Any], b: AbstractSet[Any]) -> float:
    """1 - Jaccard index * monotonicity of two sets; two empty sets are equal.

    Monotonicity is 1 for equal sets, 2/3 if one holds the other, 1/3 if they share
    something, 0 if nothing. (nltk rounds to 0.67 and 0.33, and fails on empty sets.)
    """
    if a == b:
        return 0.0
    shared = len(a & b)
    monotonicity = 2 / 3 if a < b or b < a else 1 / 3
    return 1 - shared / len(a | b) * monotonicity


DISTANCES: Mapping[str, Distance] = {
    "nominal": nominal_distance,
    "interval": interval_distance,
    "ratio": ratio_distance,
    "masi": masi_distance,
}
