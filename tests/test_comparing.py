"""Paired tests: against enumeration, SciPy and hand-worked corrections."""

import math
import random
from itertools import product

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import bootstrap, permutation_test

from counterclaim import comparing
from counterclaim.comparing import Contest, compare, groups_of, holm, randomisation_test
from counterclaim.errors import DataError
from counterclaim.metrics import resampling
from counterclaim.metrics.labels import ratio

Counts = NDArray[np.float64]


def share(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hits over trials of counts of shape (..., 2)."""
    return ratio(counts[..., 0], counts[..., 1])


def numbered(size: int) -> list[str]:
    return [f"{i:06d}" for i in range(size)]


def f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice what is matched over what both sides have, counts of shape (..., 3)."""
    return ratio(2 * counts[..., 0], counts[..., 1] + counts[..., 2])


def spans(rng: np.random.Generator, rate: float, gold: NDArray[np.int64]) -> Counts:
    """Matched, predicted and gold of each document; a system predicts as it likes."""
    matched = rng.binomial(gold, rate)
    predicted = matched + rng.poisson(1, size=len(gold))
    return np.stack([matched, predicted, gold], axis=-1).astype(np.float64)


def system(rng: np.random.Generator, rate: float, size: int = 60) -> Counts:
    trials = np.full(size, 10)
    return np.stack([rng.binomial(trials, rate), trials], axis=-1).astype(np.float64)


def contest(systems: dict[str, Counts], task: str = "spans") -> Contest:
    size = len(next(iter(systems.values())))
    return Contest(task, share, numbered(size), systems)


counts = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(3, 5)), min_size=1, max_size=7
)


@given(counts)
def test_a_small_test_goes_through_all_swaps(rows: list[tuple[int, int, int]]) -> None:
    """The definition, written out with itertools."""
    a, b = (np.array([[row[i], row[2]] for row in rows], dtype=np.float64) for i in (0, 1))
    observed = abs(share(a.sum(axis=0)) - share(b.sum(axis=0)))
    reached = 0
    for swapped in product([False, True], repeat=len(rows)):
        chosen = np.array(swapped)[:, None]
        sides = np.where(chosen, b, a), np.where(chosen, a, b)
        difference = abs(share(sides[0].sum(axis=0)) - share(sides[1].sum(axis=0)))
        reached += bool(difference >= observed - 1e-12)
    p, whole = randomisation_test(a, b, share, resamples=1000, seed=0)
    assert whole
    assert p == reached / 2 ** len(rows)


def test_the_p_value_is_that_of_scipy() -> None:
    """On F1, a ratio of sums, within the error of 10,000 draws on either side.

    SciPy swaps single numbers; a complex one holds both that F1 needs.
    """
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 9, size=60)
    a, b = spans(rng, 0.60, gold), spans(rng, 0.50, gold)

    def of_sums(x: NDArray[np.complex128], axis: int) -> NDArray[np.float64]:
        total = x.sum(axis=axis)
        return np.asarray(total.real / total.imag)

    p, whole = randomisation_test(a, b, f1, resamples=10_000, seed=0)
    theirs = permutation_test(
        [2 * each[:, 0] + 1j * (each[:, 1] + each[:, 2]) for each in (a, b)],
        lambda x, y, axis=-1: of_sums(x, axis) - of_sums(y, axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
        rng=np.random.default_rng(1),
    ).pvalue
    assert not whole
    assert 0.01 < p < 0.5  # else there is little to agree about
    assert p == pytest.approx(theirs, abs=4 * math.sqrt(2 * p * (1 - p) / 10_000))


def test_the_interval_and_what_is_detectable_are_those_of_scipy() -> None:
    """Paired bootstrap of a difference of F1; z(0.975) is 1.960 and z(0.8) is 0.842."""
    rng = np.random.default_rng(8)
    gold = rng.integers(0, 9, size=200)
    a, b = spans(rng, 0.7, gold), spans(rng, 0.6, gold)
    (found,) = compare([Contest("spans", f1, numbered(200), {"a": a, "b": b})], resamples=4000)
    theirs = bootstrap(
        (np.arange(200),),
        lambda i, axis=-1: f1(a[i].sum(axis=-2)) - f1(b[i].sum(axis=-2)),
        vectorized=True,
        method="percentile",
        n_resamples=4000,
        rng=np.random.default_rng(1),
    )
    (pair,) = found.pairs
    interval = theirs.confidence_interval
    assert pair.difference == pytest.approx(f1(a.sum(axis=0)) - f1(b.sum(axis=0)))
    assert (pair.low, pair.high) == pytest.approx((interval.low, interval.high), abs=0.004)
    expected = (1.960 + 0.842) * theirs.standard_error
    assert found.detectable == pytest.approx(expected, rel=0.06)


def test_more_pairs_detect_less() -> None:
    """Three pairs, each at a level of 0.05 / 3: z is 2.394 where it was 1.960 for one.

    The pair that varies most decides, so three systems need what their worst pair needs.
    """
    rng = np.random.default_rng(6)
    systems = {name: system(rng, 0.5) for name in "abc"}
    (three_pairs,) = compare([contest(systems)], resamples=500)
    one_pair = [
        compare([contest({name: systems[name] for name in names})], resamples=500)[0].detectable
        for names in ("ab", "ac", "bc")
    ]
    expected = max(one_pair) * (2.394 + 0.842) / (1.960 + 0.842)
    assert three_pairs.detectable == pytest.approx(expected, rel=0.001)


def test_nothing_is_detectable_where_no_p_value_can_pass() -> None:
    """Of five events, 2 of 32 ways to swap are as far apart at best: 0.0625; of six, 2 of 64."""
    rng = np.random.default_rng(6)
    systems = {name: system(rng, 0.5) for name in "ab"}
    for events, expected in ((5, True), (6, False)):
        keys = [str(i % events) for i in range(60)]
        (found,) = compare([Contest("spans", share, keys, systems)])
        assert found.exact
        assert math.isnan(found.detectable) is expected
    (coarse,) = compare([contest(systems)], resamples=18)  # 1 / 19 at best
    assert math.isnan(coarse.detectable)


def test_systems_are_tested_together_as_each_pair_alone() -> None:
    """The same swaps for all pairs, so a third system changes no p-value of two others."""
    systems = three()
    (found,) = compare([contest(systems)], resamples=800, seed=2)
    for pair in found.pairs:
        a, b = systems[pair.a], systems[pair.b]
        assert randomisation_test(a, b, share, resamples=800, seed=2) == (pair.p, False)


def test_like_systems_do_not_differ() -> None:
    same = system(np.random.default_rng(0), 0.5)
    (found,) = compare([contest({"a": same, "b": same})], resamples=200)
    (pair,) = found.pairs
    assert (pair.difference, pair.low, pair.high, pair.p, pair.p_holm) == (0, 0, 0, 1, 1)
    assert found.groups == [["a", "b"]]
    assert math.isnan(found.detectable)
    assert {each.group for each in found.systems} == {"a"}


def test_one_event_decides_nothing() -> None:
    """However far apart: there is one way to swap, and it gives the same difference."""
    good, bad = np.array([[9.0, 9.0]] * 5), np.array([[0.0, 9.0]] * 5)
    (found,) = compare([Contest("spans", share, ["e"] * 5, {"a": good, "b": bad})])
    assert found.clusters == 1
    assert found.pairs[0].p == 1


def test_events_are_swapped_whole() -> None:
    """Ten documents of two events: of four ways to swap, two are as far apart."""
    good, bad = np.array([[9.0, 9.0]] * 10), np.array([[0.0, 9.0]] * 10)
    (found,) = compare([Contest("spans", share, ["x", "y"] * 5, {"a": good, "b": bad})])
    assert (found.exact, found.pairs[0].p) == (True, 0.5)


def test_chance_is_never_ruled_out() -> None:
    """No random swap of sixty reaches the difference; what was found is itself one of 100."""
    good, bad = np.array([[9.0, 9.0]] * 60), np.array([[0.0, 9.0]] * 60)
    assert randomisation_test(good, bad, share, resamples=99, seed=0) == (0.01, False)


def test_holm_by_hand() -> None:
    """Sorted .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 and .04, raised to .06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.7, 0.8]) == [1.0, 1.0]
    undefined = holm([math.nan, 0.02])
    assert math.isnan(undefined[0])
    assert undefined[1] == 0.04


@given(st.lists(st.floats(0, 1), max_size=12))
def test_a_corrected_value_is_never_smaller(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(a >= b for a, b in zip(adjusted, p, strict=True))
    assert all(a <= 1 for a in adjusted)
    ranks = sorted(range(len(p)), key=p.__getitem__)
    assert [adjusted[i] for i in ranks] == sorted(adjusted)


def test_correction_is_over_systems_and_tasks() -> None:
    """Three pairs in one task and one in another are four tests."""
    rng = np.random.default_rng(5)
    systems = {name: system(rng, rate) for name, rate in (("a", 0.7), ("b", 0.6), ("c", 0.5))}
    two = {name: systems[name] for name in ("a", "c")}
    found = compare([contest(systems), contest(two, "claims")], resamples=2000)
    raw = [pair.p for each in found for pair in each.pairs]
    assert len(raw) == 4
    assert [pair.p_holm for each in found for pair in each.pairs] == holm(raw)


@pytest.mark.parametrize(
    ("different", "expected"),
    [
        (["ad"], ["abc", "bcd"]),
        (["ac", "ad", "bd"], ["ab", "bc", "cd"]),
        (["ab", "ac", "ad", "bc", "bd", "cd"], ["a", "b", "c", "d"]),
        ([], ["abcd"]),
        (["ac", "bd"], ["ab", "ad", "bc", "cd"]),
    ],
)
def test_groups_by_hand(different: list[str], expected: list[str]) -> None:
    """A system may be in several groups: not to be told apart is not transitive."""
    pairs = {frozenset(pair) for pair in different}
    assert ["".join(group) for group in groups_of("abcd", pairs)] == expected


@given(st.sets(st.sampled_from(["ab", "ac", "ad", "bc", "bd", "cd"])))
def test_groups_are_all_largest_sets_without_a_different_pair(different: set[str]) -> None:
    """Against all subsets."""
    pairs = {frozenset(pair) for pair in different}
    subsets = [set(s) for s in map("".join, product(*[("", name) for name in "abcd"])) if s]
    alike = [s for s in subsets if not any(pair <= s for pair in pairs)]
    largest = [s for s in alike if not any(s < other for other in alike)]
    found = groups_of("abcd", pairs)
    assert sorted("".join(g) for g in found) == sorted("".join(sorted(s)) for s in largest)


def three() -> dict[str, Counts]:
    rng = np.random.default_rng(11)
    return {name: system(rng, rate) for name, rate in (("x", 0.8), ("y", 0.55), ("z", 0.53))}


def test_systems_stand_by_their_score_with_their_groups() -> None:
    (found,) = compare([contest(three())], resamples=2000)
    assert found.systems[0].name == "x"
    assert found.groups[0] == ["x"]
    assert len(found.groups) == 2
    best = found.pairs[0]
    assert best.a == "x"
    assert best.different
    assert 0 < best.low <= best.difference <= best.high


def test_order_of_documents_and_systems_changes_nothing() -> None:
    systems = three()
    keys = [f"event-{i % 25}" for i in range(60)]
    order = random.Random(3).sample(range(60), 60)
    results = set()
    for names in ("xyz", "zxy"):
        for rows in (list(range(60)), order):
            shuffled = {name: systems[name][rows] for name in names}
            of_rows = [keys[i] for i in rows]
            found = compare([Contest("t", share, of_rows, shuffled)], resamples=500)
            results.add(msgspec.json.encode(found))
    assert len(results) == 1


def test_systems_without_a_score_stand_last_by_their_name() -> None:
    """NaN compares with nothing, so it must not be what they are sorted by."""
    nothing, some = np.zeros((3, 2)), np.ones((3, 2))
    for names in ("dbca", "abcd"):
        systems = {name: some if name == "c" else nothing for name in names}
        (found,) = compare([contest(systems)], resamples=20)
        assert [each.name for each in found.systems] == ["c", "a", "b", "d"]
        assert all(math.isnan(pair.p) and not pair.different for pair in found.pairs)
        assert found.exact
        assert b'"p":null' in msgspec.json.encode(found)


@pytest.mark.parametrize("events", [7, 60])  # all swaps, and random ones
def test_blocks_and_types_change_nothing(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    """Sums are exact in the small float type where it is taken, and in the large one."""
    keys = [f"event-{i % events}" for i in range(60)]

    def result(seed: int = 1) -> bytes:
        of_task = Contest("spans", share, keys, three())
        return msgspec.json.encode(compare([of_task], resamples=700, seed=seed))

    expected = result()
    assert result(seed=2) != expected
    monkeypatch.setattr(comparing, "_BLOCK", 64 * 5)
    assert result() == expected
    for module in (comparing, resampling):
        monkeypatch.setattr(module, "exact_type", lambda *_: np.float64)
    assert result() == expected


def test_an_undefined_swap_counts_against_a_difference() -> None:
    """One of three events has something to measure on one side alone."""
    a = np.array([[1.0, 1.0], [0, 0], [0, 0]])
    b = np.array([[0.0, 0.0], [0, 0], [0, 1]])
    # Of 8 swaps, 4 leave one side without trials.
    p, whole = randomisation_test(a, b, share, resamples=100, seed=0)
    assert (p, whole) == (1.0, True)


def test_the_rate_of_false_alarms_is_the_level() -> None:
    """Two systems of one quality, 300 times: 5 % are called different, within its error."""
    rng = np.random.default_rng(9)
    alarms = 0
    for seed in range(300):
        systems = {name: system(rng, 0.5, size=25) for name in "ab"}
        (found,) = compare([contest(systems)], resamples=400, seed=seed)
        alarms += found.pairs[0].different
    assert 0.02 <= alarms / 300 <= 0.08


def test_a_detectable_difference_is_detected_as_often_as_promised() -> None:
    """Systems that far apart are told apart in about 80 % of corpora."""
    rng = np.random.default_rng(4)
    (trial,) = compare([contest({n: system(rng, 0.5, 80) for n in "ab"})], resamples=2000)
    assert 0.02 < trial.detectable < 0.12
    detected = 0
    for seed in range(150):
        systems = {"a": system(rng, 0.5 + trial.detectable, 80), "b": system(rng, 0.5, 80)}
        (found,) = compare([contest(systems)], resamples=400, seed=seed)
        detected += found.pairs[0].different
    assert 0.68 <= detected / 150 <= 0.92


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (contest({"a": np.ones((3, 2))}), "spans: 1 system; expected two or more to compare"),
        (
            Contest("spans", share, numbered(3), {"a": np.ones((3, 2)), "b": np.ones((2, 2))}),
            "spans: b on 2 documents; expected 3 as there are keys",
        ),
        (
            Contest("spans", share, [], {"a": np.ones((0, 2)), "b": np.ones((0, 2))}),
            "spans: a on 0 documents; expected some",
        ),
    ],
)
def test_what_cannot_be_compared_is_an_error(bad: Contest, message: str) -> None:
    with pytest.raises(DataError) as caught:
        compare([bad])
    assert str(caught.value) == message
