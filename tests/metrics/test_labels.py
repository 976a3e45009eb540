"""Label counts against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from records import label_sets
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from counterclaim.errors import DataError
from counterclaim.metrics.labels import Counts, Ranking, label_counts, macro, prf
from counterclaim.model import LABELS

pairs = st.lists(
    st.tuples(st.sets(st.sampled_from(LABELS)), st.sets(st.sampled_from(LABELS))), max_size=8
)


def macro_f1(counts: Counts) -> float:
    return float(macro(list(prf(counts).f1), list(counts[:, 2])))


def test_a_document_counted_by_hand() -> None:
    gold = [{"accusation"}, {"accusation", "denial"}, set()]
    predicted = [{"accusation"}, {"denial", "casualty"}, {"casualty"}]

    counts = label_counts(gold, predicted, LABELS)

    # columns: matched, predicted, gold
    assert counts.tolist() == [[1, 1, 2], [1, 1, 1], [0, 2, 0], [0, 0, 0]]
    assert prf(counts).f1.tolist()[:3] == pytest.approx([2 / 3, 1.0, 0.0])
    assert np.isnan(prf(counts).f1[3])
    # casualty was predicted but has no gold: the mean is over accusation and denial alone
    assert macro_f1(counts) == pytest.approx((2 / 3 + 1) / 2)


@given(pairs)
def test_ratios_are_those_of_scikit_learn(units: list[tuple[set[str], set[str]]]) -> None:
    if not units:
        return
    gold, predicted = ([unit[i] for unit in units] for i in (0, 1))

    def indicators(side: list[set[str]]) -> list[list[bool]]:
        return [[label in unit for label in LABELS] for unit in side]

    expected = precision_recall_fscore_support(
        indicators(gold), indicators(predicted), average=None, zero_division=np.nan
    )
    for ours, theirs in zip(prf(label_counts(gold, predicted, LABELS)), expected, strict=False):
        np.testing.assert_allclose(ours, theirs)


@given(pairs, pairs)
def test_counts_of_two_documents_add_up(
    one: list[tuple[set[str], set[str]]], two: list[tuple[set[str], set[str]]]
) -> None:
    def counts(units: list[tuple[set[str], set[str]]]) -> np.ndarray:
        return label_counts([g for g, _ in units], [p for _, p in units], LABELS)

    np.testing.assert_array_equal(counts(one) + counts(two), counts(one + two))


@given(label_sets)
def test_gold_against_itself_is_one_on_every_label_that_occurs(gold: list[set[str]]) -> None:
    counts = label_counts(gold, gold, LABELS)
    occurring = {label for unit in gold for label in unit}
    f1 = dict(zip(LABELS, prf(counts).f1, strict=True))

    assert all(f1[label] == 1 for label in occurring)
    assert all(np.isnan(f1[label]) for label in set(LABELS) - occurring)


@given(pairs)
def test_swapping_the_sides_swaps_precision_and_recall(
    units: list[tuple[set[str], set[str]]],
) -> None:
    gold, predicted = [g for g, _ in units], [p for _, p in units]
    there = prf(label_counts(gold, predicted, LABELS))
    back = prf(label_counts(predicted, gold, LABELS))

    np.testing.assert_array_equal(there.precision, back.recall)
    np.testing.assert_array_equal(there.f1, back.f1)


@given(pairs, st.integers(0, 7), st.sampled_from(LABELS))
def test_a_wrong_label_more_never_raises_the_score(
    units: list[tuple[set[str], set[str]]], place: int, label: str
) -> None:
    if place >= len(units) or label in units[place][0] | units[place][1]:
        return
    gold, predicted = [g for g, _ in units], [set(p) for _, p in units]
    before = macro_f1(label_counts(gold, predicted, LABELS))
    predicted[place].add(label)
    after = macro_f1(label_counts(gold, predicted, LABELS))

    assert not after > before


def test_labels_and_lengths_are_checked() -> None:
    with pytest.raises(DataError, match="labels for 1 units; expected 2"):
        label_counts([set(), set()], [set()], LABELS)
    with pytest.raises(DataError, match="label 'rumour' of unit 0; expected one of"):
        label_counts([set()], [{"rumour"}], LABELS)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans()), min_size=1))
def test_average_precision_is_that_of_scikit_learn(units: list[tuple[float, bool]]) -> None:
    """With ties, which an order of the units must not decide."""
    score, relevant = np.array([u[0] for u in units]), np.array([u[1] for u in units])
    ours = Ranking(score, relevant).average_precision(np.ones(len(units)))
    if relevant.any():
        assert ours == pytest.approx(average_precision_score(relevant, score))
    else:
        assert np.isnan(ours)


def test_a_weight_counts_a_unit_as_often() -> None:
    """Resampling by weights is the same as repeating the units."""
    score, relevant = np.array([0.9, 0.7, 0.7, 0.1]), np.array([True, False, True, True])
    weights = np.array([2, 0, 1, 3])
    ranking = Ranking(score, relevant)
    again = Ranking(np.repeat(score, weights), np.repeat(relevant, weights))
    ones = np.ones(weights.sum())
    assert ranking.average_precision(weights) == again.average_precision(ones)
    assert ranking.reading_effort(weights) == again.reading_effort(ones)


@pytest.mark.parametrize(
    ("score", "effort"),
    [
        # 20 of 40 documents are relevant: 19 of them are 95 %.
        (np.arange(40, 0, -1.0), 19 / 40),  # all relevant ones first
        (np.arange(40.0), 39 / 40),  # all last: the 20 others, then 19
        (np.zeros(40), 1.0),  # all alike: nothing says where to begin
    ],
)
def test_reading_effort_by_hand(score: NDArray[np.float64], effort: float) -> None:
    ranking = Ranking(score, np.arange(40) < 20)
    assert ranking.reading_effort(np.ones(40)) == pytest.approx(effort)
