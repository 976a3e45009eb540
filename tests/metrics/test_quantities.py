"""Figures: bounds, overlap of intervals, and contradictions."""

import math
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclaim.metrics.quantities import (
    Bounds,
    conflict_pairs,
    interval_overlap,
    log_error,
    quantity_counts,
    quantity_scores,
)
from counterclaim.model import Casualty, Span

SIDES = ("matched", "predicted", "gold")
bounds: st.SearchStrategy[Bounds] = st.one_of(
    st.tuples(st.none(), st.integers(0, 50)),
    st.tuples(st.integers(0, 50), st.none()),
    st.builds(lambda low, more: (low, low + more), st.integers(0, 30), st.integers(0, 30)),
)


def casualty(
    key: str, start: int, low: int | None, high: int | None, **changes: object
) -> Casualty:
    record = Casualty(
        id=key,
        mention=Span(start, start + 10),
        outcome="killed",
        low=low,
        high=high,
        modifier="exact",
        group="civilian",
        side=None,
        source=None,
        source_actor=None,
        incident="i1",
    )
    return msgspec.structs.replace(record, **changes)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((6, 6), (6, 6), 1.0),
        ((0, 0), (0, 0), 1.0),  # zero is a value
        ((0, 0), (1, 1), 0.0),
        ((20, 30), (25, 35), 6 / 16),  # 25 to 30 of 20 to 35
        ((None, 20), (None, 30), 21 / 31),  # 0 to 20 of 0 to 30
        ((6, None), (6, None), 1.0),
        ((50, None), (60, None), 51 / 61),  # what lies below: 0 to 50 of 0 to 60
        ((6, None), (6, 6), 0.0),
        ((0, None), (0, None), 1.0),
    ],
)
def test_interval_overlap_by_hand(a: Bounds, b: Bounds, expected: float) -> None:
    assert interval_overlap(a, b) == interval_overlap(b, a) == pytest.approx(expected)


@given(bounds, bounds)
def test_closed_intervals_overlap_as_sets_do(a: Bounds, b: Bounds) -> None:
    """The Jaccard index of the whole numbers that they hold."""
    if a[1] is None or b[1] is None:
        return
    sets = [set(range(low or 0, (high or 0) + 1)) for low, high in (a, b)]
    assert interval_overlap(a, b) == pytest.approx(len(sets[0] & sets[1]) / len(sets[0] | sets[1]))


@given(bounds, bounds)
def test_overlap_and_error_are_best_for_equal_bounds(a: Bounds, b: Bounds) -> None:
    assert interval_overlap(a, a) == 1
    assert log_error(a, a) == 0
    assert 0 <= interval_overlap(a, b) <= 1
    assert log_error(a, b) == log_error(b, a) >= 0


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((1, 1), (3, 3), math.log(2)),  # 1 + 3 is twice 1 + 1
        ((0, 0), (0, 0), 0),
        ((20, 30), (25, 25), 0),  # the middle
        ((6, None), (None, 6), 0),  # the bound that is known
        ((0, 0), (99, 99), math.log(100)),
    ],
)
def test_log_error_by_hand(a: Bounds, b: Bounds, expected: float) -> None:
    assert log_error(a, b) == pytest.approx(expected)


def test_a_contradiction_needs_two_sources_one_incident_and_no_common_number() -> None:
    """Every pair of a record that contradicts the first, and one changed in one thing."""
    first = casualty("k1", 0, 5, 5, source_actor="army")
    against = casualty("k2", 20, 9, None, source_actor="hospital")
    assert conflict_pairs([first, against]) == {frozenset((0, 1))}
    for change in (
        {"source_actor": "Army"},
        {"incident": "i2"},
        {"outcome": "wounded"},
        {"low": 4},
        {"low": None, "high": 5},
    ):
        changed = msgspec.structs.replace(against, **change)
        assert conflict_pairs([first, changed]) == set(), change


def test_the_author_is_a_source() -> None:
    both = [casualty("k1", 0, 5, 5), casualty("k2", 20, 9, 9, source_actor="army")]
    assert len(conflict_pairs(both)) == 1


def test_a_document_counted_by_hand() -> None:
    """Three figures of one incident; the second is found as 12 for 10, the third is missed.

    Tuples: outcome, bounds, group and, where one speaks, its source: gold 3 + 4 + 4 = 11.
    Predicted 3 + 4 = 7, in common 3 + 3 = 6. Overlap 1 + 0. Contradictions of gold: all
    three pairs; predicted and right: the first with the second.
    """
    gold = [
        casualty("k1", 0, 0, 0),
        casualty("k2", 20, 10, 10, source_actor="army"),
        casualty("k3", 40, 20, None, source_actor="hospital"),
    ]
    predicted = [casualty("x1", 2, 0, 0), casualty("x2", 20, 12, 12, source_actor="ARMY")]
    counts = quantity_counts(gold, predicted)
    assert [counts[f"casualty/{side}"] for side in SIDES] == [2, 2, 3]
    assert [counts[f"casualty/tuple_{side}"] for side in SIDES] == [6, 7, 11]
    assert [counts[f"casualty bounds/{side}"] for side in SIDES] == [1, 2, 3]
    assert [counts[f"casualty/interval_{side}"] for side in SIDES] == [1, 2, 3]
    assert [counts[f"conflict/{side}"] for side in SIDES] == [1, 1, 3]
    scores = quantity_scores(counts)  # type: ignore[arg-type]
    assert scores["casualty"]["tuple_f1"] == pytest.approx(12 / 18)
    assert scores["casualty"]["log_error"] == pytest.approx(math.log(13 / 11) / 2, abs=1e-7)


def test_another_outcome_has_nothing_in_common() -> None:
    """Five wounded are not nearly five killed, though group and number agree."""
    wounded = [casualty("x1", 0, 5, 5, outcome="wounded")]
    counts = quantity_counts([casualty("k1", 0, 5, 5)], wounded)
    assert [counts[f"casualty/tuple_{side}"] for side in SIDES] == [0, 3, 3]


def test_a_predicted_zero_is_no_absence() -> None:
    """`if not value` drops it (LEMONADE skips fatalities of 0)."""
    zero = [casualty("k1", 0, 0, 0)]
    assert quantity_counts(zero, zero)["casualty bounds/matched"] == 1
    assert quantity_counts(zero, [casualty("k1", 0, None, 0)])["casualty bounds/matched"] == 0


@given(st.lists(bounds, max_size=4), st.lists(bounds, max_size=4))
def test_one_to_one_over_any_figures(gold: list[Bounds], predicted: list[Bounds]) -> None:
    """No pairing has more in common than the one that is counted: all are tried."""
    a = [casualty(f"k{i}", 0, *b) for i, b in enumerate(gold)]
    b = [casualty(f"x{i}", 0, *b) for i, b in enumerate(predicted)]
    slots = [*range(len(b)), *[None] * len(a)]
    best = max(
        (
            sum(2 + (gold[i] == predicted[j]) for i, j in enumerate(choice) if j is not None)
            for choice in product(slots, repeat=len(a))
            if len(used := [j for j in choice if j is not None]) == len(set(used))
        ),
        default=0,
    )
    # 1 for the record, 1 for the group, 1 for the bounds; the outcome is the gate
    assert quantity_counts(a, b)["casualty/tuple_matched"] == best


def test_what_is_alone_settles_no_tie() -> None:
    """Two pairings are equally good, and one of them is better for incidents.

    A third figure elsewhere, which is wrong, must not decide for it.
    """
    gold = [
        casualty("k0", 0, 0, 0, group="unknown"),
        casualty("k1", 0, 0, 0, group="unknown", incident="i2"),
        casualty("k2", 0, 0, 0),
    ]
    predicted = [casualty("k0", 0, 0, 0), casualty("k1", 0, 0, 0, incident="i2")]
    before = quantity_counts(gold, predicted)
    after = quantity_counts(gold, [*predicted, casualty("k9", 500, 3, 3, incident="i3")])
    changed = {name for name in before if before[name] != after[name]}
    assert not {name for name in changed if name.endswith(("matched", "_sum"))}
