"""Alpha against published examples, examples by hand, and a plain version of its definition."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclaim.errors import DataError
from counterclaim.metrics.alpha import (
    DISTANCES,
    Unit,
    alpha,
    alpha_counts,
    distance_matrix,
    masi_distance,
    ratio_distance,
)

Units = Sequence[Unit]
NUMBERS = list(range(6))
VALUES: dict[str, list[Any]] = {
    "nominal": NUMBERS,
    "interval": NUMBERS,
    "ratio": NUMBERS,
    "masi": [frozenset(letters) for letters in ("", "a", "b", "ab", "bc", "abc")],
}


def alpha_of(units: Units, name: str) -> float:
    values = list(dict.fromkeys(v for unit in units for v in unit if v is not None))
    counts = alpha_counts(units, values, DISTANCES[name])
    return float(alpha(counts, distance_matrix(values, DISTANCES[name])))


@st.composite
def coded(draw: st.DrawFn) -> tuple[str, list[list[Any]]]:
    """A distance and the units of three coders, some values missing."""
    name = draw(st.sampled_from(sorted(DISTANCES)))
    value = st.none() | st.sampled_from(VALUES[name])
    return name, draw(st.lists(st.lists(value, min_size=3, max_size=3), max_size=8))


def units_of(*coders: str) -> list[list[int | None]]:
    """A line of figures for each coder; a dot is a missing value."""
    lines = [[None if cell == "." else int(cell) for cell in line.split()] for line in coders]
    return [list(unit) for unit in zip(*lines, strict=True)]


@pytest.mark.parametrize(
    ("name", "published"), [("nominal", 0.743), ("interval", 0.849), ("ratio", 0.797)]
)
def test_four_observers_of_twelve_units(name: str, published: float) -> None:
    """Krippendorff (2011), example C: values are missing, one unit has a single value."""
    units = units_of(
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    )
    assert alpha_of(units, name) == pytest.approx(published, abs=0.0005)


def test_two_observers_of_two_values() -> None:
    """The same source, example A: ten articles."""
    units = units_of("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
    assert alpha_of(units, "nominal") == pytest.approx(0.095, abs=0.0005)


def test_two_observers_of_five_values() -> None:
    """The same source, example B: twelve articles."""
    units = list(zip("aabbdcccedda", "babbbccceddd", strict=True))
    assert alpha_of(units, "nominal") == pytest.approx(0.692, abs=0.0005)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("", "", 0),
        ("ab", "ab", 0),
        ("", "a", 1),
        ("a", "b", 1),
        ("ab", "abcd", 1 - 1 / 2 * 2 / 3),  # nltk's own example: 0.665, with 0.67 for 2/3
        ("abc", "ab", 1 - 2 / 3 * 2 / 3),
        ("ab", "bc", 1 - 1 / 3 * 1 / 3),
    ],
)
def test_masi_of_equal_nested_crossing_and_disjoint_sets(a: str, b: str, distance: float) -> None:
    """Passonneau (2006): the Jaccard index times 1, 2/3, 1/3 or 0."""
    assert masi_distance(set(a), set(b)) == pytest.approx(distance)
    assert masi_distance(set(b), set(a)) == pytest.approx(distance)


def test_masi_alpha_by_hand() -> None:
    """Values a, a, a, ab, none, b; D_o = 2 (2/3 + 1) / 6, D_e = 64/3 / (6 * 5)."""
    sets = [("a", "a"), ("a", "ab"), ("", "b")]
    units = [tuple(frozenset(letters) for letters in unit) for unit in sets]
    assert alpha_of(units, "masi") == pytest.approx(7 / 32)


@pytest.mark.parametrize(
    ("a", "b", "distance"), [(0, 0, 0), (0, 5, 1), (1, 3, 1 / 4), (3, 1, 1 / 4)]
)
def test_ratio_distance_is_relative_to_the_sum(a: int, b: int, distance: float) -> None:
    assert ratio_distance(a, b) == distance


def test_counts_are_disagreement_and_frequencies() -> None:
    """Three values of one unit: each of six ordered pairs weighs 1/2. A single one is left out."""
    counts = alpha_counts([(1, 1, 2), (2, None, None), (None, 2, 2)], [1, 2], DISTANCES["nominal"])
    assert counts.tolist() == [4 / 2, 2, 3]


@pytest.mark.parametrize("units", [[], [(None, None)], [(1, None), (None, 2)], [(1, 1), (1, 1)]])
def test_where_nothing_can_disagree_alpha_is_undefined(units: Units) -> None:
    assert np.isnan(alpha_of(units, "nominal"))


def test_a_value_outside_the_list_is_refused() -> None:
    with pytest.raises(DataError, match=r"value 3 of unit 1; expected one of \[1, 2\]"):
        alpha_counts([(1, 2), (1, 3)], [1, 2], DISTANCES["nominal"])


def test_counts_of_any_shape_give_alphas_of_that_shape() -> None:
    counts = np.array([[[2.0, 2, 2], [0, 2, 2]], [[0, 4, 0], [0, 0, 0]]])
    found = alpha(counts, distance_matrix([0, 1], DISTANCES["nominal"]))
    np.testing.assert_allclose(found, [[1 - 3 * 2 / 8, 1], [np.nan, np.nan]])


def by_definition(units: Units, name: str) -> float:
    """1 - D_o / D_e: pairs within units against pairs of all values."""
    distance = DISTANCES[name]
    given = [[v for v in unit if v is not None] for unit in units]
    given = [unit for unit in given if len(unit) > 1]
    pooled = [v for unit in given for v in unit]
    expected = [distance(c, k) for c, k in permutations(pooled, 2)]
    observed = [
        sum(distance(c, k) for c, k in permutations(unit, 2)) / (len(unit) - 1) for unit in given
    ]
    if not any(expected):
        return np.nan
    return 1 - sum(observed) / len(pooled) / (sum(expected) / len(expected))


@given(coded())
def test_alpha_is_observed_over_expected_disagreement(case: tuple[str, list[list[Any]]]) -> None:
    """To 1e-5: the least distance here, 1/81, is rounded by up to 2**-25, which is 2.4e-6 of it."""
    name, units = case
    np.testing.assert_allclose(alpha_of(units, name), by_definition(units, name), atol=1e-5)


@given(coded())
def test_coders_that_are_always_equal_agree(case: tuple[str, list[list[Any]]]) -> None:
    name, units = case
    found = alpha_of([[unit[0]] * 3 for unit in units], name)
    assert np.isnan(found) or found == 1


@given(coded(), st.randoms(use_true_random=False))
def test_no_order_changes_a_digit(case: tuple[str, list[list[Any]]], random: Any) -> None:
    """Of units, of coders and of values; equal to the last bit, so that intervals are too."""
    name, units = case
    shuffled = [random.sample(unit, len(unit)) for unit in random.sample(units, len(units))]
    np.testing.assert_array_equal(alpha_of(shuffled, name), alpha_of(units, name))


@given(coded(), st.permutations(NUMBERS))
def test_names_of_nominal_values_do_not_matter(
    case: tuple[str, list[list[Any]]], names: list[int]
) -> None:
    name, units = case
    renamed = [[None if v is None else names[VALUES[name].index(v)] for v in u] for u in units]
    np.testing.assert_array_equal(alpha_of(renamed, "nominal"), alpha_of(units, "nominal"))


@given(coded(), st.integers(0, 8))
def test_documents_add_up(case: tuple[str, list[list[Any]]], cut: int) -> None:
    name, units = case
    parts = [
        alpha_counts(part, VALUES[name], DISTANCES[name]) for part in (units[:cut], units[cut:])
    ]
    whole = alpha_counts(units, VALUES[name], DISTANCES[name])
    np.testing.assert_array_equal(np.sum(parts, axis=0), whole)
