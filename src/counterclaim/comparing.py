"""Two or more systems on the same documents: which differ by more than chance would give.

The test is paired approximate randomisation: were two systems alike, it would not matter
which of them gave the predictions for an event, so the counts of whole events are swapped
at random, and the difference of the scores is taken again. Where there are few events,
all ways to swap are gone through and the test is exact. The interval of a difference is
from the paired bootstrap over the same events.

p-values are corrected over all pairs of systems and all tasks that are compared together.

Sources: Noreen (1989), Computer-Intensive Methods for Testing Hypotheses; Yeh (2000),
https://aclanthology.org/C00-2137; Holm (1979), A Simple Sequentially Rejective Multiple
Test Procedure; groups: Piepho (2004), https://doi.org/10.1198/1061860043515.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from counterclaim.errors import DataError
from counterclaim.metrics.resampling import Estimate, Resampling, Statistic, exact_type, intervals

POWER = 0.8
_TOLERANCE = 1e-12  # scores that differ by less are the same but for rounding
_BLOCK = 2**22  # signs, or sums, at a time: some 30 megabytes


class Contest(NamedTuple):
    """What is compared in one task, on the same documents.

    Attributes:
        task: Name of the task.
        statistic: Summed counts of shape (..., columns) to the score, of shape (...).
        keys: The event of each document.
        counts: For each system, an array of shape (documents, columns).
    """

    task: str
    statistic: Statistic
    keys: Sequence[str]
    counts: Mapping[str, NDArray[Any]]


class System(msgspec.Struct, frozen=True):
    """A system, its score, and the letters of the groups that it is in."""

    name: str
    score: Estimate
    group: str


class Pair(msgspec.Struct, frozen=True):
    """Two systems, the better one first.

    Attributes:
        a: The better one.
        b: The other.
        difference: The score of `a` less that of `b`.
        low: Lower bound of the 95 % interval of the difference.
        high: Upper bound.
        p: How often chance gives a difference as large, two-sided.
        p_holm: The same, corrected over all pairs and tasks.
        different: Whether the corrected one is no higher than the level.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    different: bool


class Comparison(msgspec.Struct, frozen=True):
    """The systems of one task.

    Attributes:
        task: Name of the task.
        systems: Best first.
        pairs: Every two of them.
        groups: Largest sets of systems of which no two differ.
        detectable: The smallest difference that these events show with a power of 80 %:
            (z(1 - level / 2m) + z(0.8)) times the standard deviation of the resampled
            difference. m is the number of all pairs of all tasks, as Holm has it for the
            smallest p-value. The largest over the pairs, so that no pair needs more; NaN
            if no pair varies, or too few ways to swap let no p-value pass.
        clusters: Number of events.
        exact: Whether all ways to swap were gone through.
        resamples: Number of resamples, also of swaps if not exact.
        seed: Seed of both.
        level: Level of the corrected test.
    """

    task: str
    systems: list[System]
    pairs: list[Pair]
    groups: list[list[str]]
    detectable: float
    clusters: int
    exact: bool
    resamples: int
    seed: int
    level: float


class _Tested(NamedTuple):
    """One task before correction: systems best first, and every two of them."""

    task: str
    systems: dict[str, Estimate]
    pairs: dict[tuple[str, str], Estimate]
    p: list[float]
    error: float  # the largest standard error of a difference
    resampling: Resampling


def compare(
    contests: Sequence[Contest], *, resamples: int = 10_000, seed: int = 0, level: float = 0.05
) -> list[Comparison]:
    """Compare systems in one task or several.

    Args:
        contests: The tasks; p-values are corrected over all of them.
        resamples: Bootstrap resamples, and swaps where there are too many for all.
        seed: Seed of both.
        level: Family-wise level at which two systems count as different.

    Raises:
        DataError: A task has fewer than two systems, or systems of different documents.
    """
    tested = [_tested(contest, resamples, seed) for contest in contests]
    corrected = iter(holm([p for each in tested for p in each.p]))
    tests = sum(len(each.p) for each in tested)
    return [_comparison(each, [next(corrected) for _ in each.p], level, tests) for each in tested]


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p-values for their number, step down; NaN stays and counts as a test."""
    adjusted = [math.nan] * len(p)
    order = sorted(range(len(p)), key=lambda i: (math.isnan(p[i]), p[i]))
    largest = 0.0
    for rank, i in enumerate(order):
        if not math.isnan(p[i]):
            largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
            adjusted[i] = largest
    return adjusted


def groups_of(systems: Sequence[str], different: set[frozenset[str]]) -> list[list[str]]:
    """Largest sets of systems of which no two are different, in the order of the systems."""
    found: list[set[str]] = [set(systems)]
    for pair in different:
        split = [group for group in found if pair <= group]
        found = [group for group in found if not pair <= group]
        found += [group - {name} for group in split for name in pair]
        found = [g for i, g in enumerate(found) if g not in found[:i]]
        found = [g for g in found if not any(g < other for other in found)]
    ordered = [[name for name in systems if name in group] for group in found]
    return sorted(ordered, key=lambda group: [systems.index(name) for name in group])


def randomisation_test(
    a: NDArray[Any], b: NDArray[Any], statistic: Statistic, *, resamples: int, seed: int
) -> tuple[float, bool]:
    """How often swapping clusters at random gives a difference as large as the one found.

    Args:
        a: Counts of one system, of shape (clusters, columns).
        b: Counts of the other.
        statistic: Summed counts (..., columns) to scores (...).
        resamples: Number of random swaps. If there are no more ways to swap than that, all
            are gone through instead.
        seed: Seed of the swaps.

    Returns:
        The two-sided p-value, NaN where the difference is undefined, and whether all ways
        were gone through. A swap after which a score is undefined counts as one that gives
        a difference as large: what cannot be measured never speaks for a difference.
    """
    (p,) = _p_values(np.stack([a, b], axis=1), statistic, resamples, seed)
    return p, _is_exact(len(a), resamples)


def _p_values(counts: NDArray[Any], statistic: Statistic, resamples: int, seed: int) -> list[float]:
    """Test every pair with the same swaps; counts are of shape (clusters, systems, columns)."""
    clusters, systems, columns = counts.shape
    pairs = list(combinations(range(systems), 2))
    totals = counts.sum(axis=0)
    scores = [float(statistic(each)) for each in totals]
    observed = [abs(scores[a] - scores[b]) for a, b in pairs]
    # What a swap moves between two systems follows from what each has more than the first.
    more = (counts[:, 1:] - counts[:, :1]).reshape(clusters, -1)
    more = more.astype(exact_type(more, clusters))
    reached = [0] * len(pairs)
    for block in _signs(clusters, resamples, seed, columns=systems * columns):
        moved = np.zeros((len(block), systems, columns))
        moved[:, 1:] = (block.astype(more.dtype) @ more).reshape(len(block), -1, columns)
        for i, (a, b) in enumerate(pairs):
            shift = moved[:, a] - moved[:, b]
            swapped = np.abs(statistic(totals[a] - shift) - statistic(totals[b] + shift))
            reached[i] += int(np.count_nonzero(~(swapped < observed[i] - _TOLERANCE)))
    # To swap nothing is one of all ways, and is added to random ones.
    added, ways = (0, 2**clusters) if _is_exact(clusters, resamples) else (1, 1 + resamples)
    tests = zip(reached, observed, strict=True)
    return [math.nan if math.isnan(seen) else (added + count) / ways for count, seen in tests]


def _is_exact(clusters: int, resamples: int) -> bool:
    return bool(2**clusters <= resamples)


def _signs(clusters: int, resamples: int, seed: int, columns: int) -> Iterator[NDArray[np.uint8]]:
    """Yield which clusters are swapped, 0 or 1, in blocks of shape (some, clusters)."""
    whole = _is_exact(clusters, resamples)
    swaps = 2**clusters if whole else resamples
    generator = np.random.default_rng(seed)
    width = 8 * -(-clusters // 64)  # whole words of the generator: blocks do not matter
    rows = max(1, _BLOCK // max(8 * width, columns))
    for first in range(0, swaps, rows):
        size = min(rows, swaps - first)
        if whole:
            numbers = np.arange(first, first + size, dtype=np.uint64) << (64 - clusters)
            packed = numbers.astype(">u8").tobytes()
        else:
            packed = generator.bytes(size * width)
        drawn = np.frombuffer(packed, dtype=np.uint8).reshape(size, width)
        yield np.unpackbits(drawn, axis=1, count=clusters)


def _tested(contest: Contest, resamples: int, seed: int) -> _Tested:
    task, statistic, keys, counts = contest
    names = sorted(counts)
    if len(names) < 2:
        raise DataError(f"{task}: {len(names)} system; expected two or more to compare")
    for name in names:
        if len(counts[name]) != len(keys) or not keys:
            expected = f"{len(keys)} as there are keys" if keys else "some"
            found = len(counts[name])
            raise DataError(f"{task}: {name} on {found} documents; expected {expected}")
    value = {name: float(statistic(counts[name].sum(axis=0))) for name in names}
    order = sorted(names, key=lambda name: (math.isnan(value[name]), -value[name]))
    together = np.stack([counts[name] for name in order], axis=1)
    resampling = Resampling(keys, resamples=resamples, seed=seed)
    spread = statistic(resampling.sums(together))
    values = np.array([value[name] for name in order])
    a, b = np.triu_indices(len(order), k=1)
    apart = spread[:, a] - spread[:, b]
    defined = [column[~np.isnan(column)] for column in apart.T]
    differences = intervals(values[a] - values[b], apart)
    return _Tested(
        task=task,
        systems=dict(zip(order, intervals(values, spread), strict=True)),
        pairs=dict(zip(combinations(order, 2), differences, strict=True)),
        p=_p_values(resampling.cluster_sums(together), statistic, resamples, seed),
        error=max(float(column.std()) if len(column) else 0.0 for column in defined),
        resampling=resampling,
    )


def _comparison(tested: _Tested, corrected: list[float], level: float, tests: int) -> Comparison:
    pairs = [
        Pair(*names, each.value, each.low, each.high, p, p_holm, p_holm <= level)
        for (names, each), p, p_holm in zip(tested.pairs.items(), tested.p, corrected, strict=True)
    ]
    different = {frozenset((pair.a, pair.b)) for pair in pairs if pair.different}
    groups = groups_of(list(tested.systems), different)
    clusters, resamples = tested.resampling.clusters, tested.resampling.resamples
    exact = _is_exact(clusters, resamples)
    # With every cluster swapped, or none, the difference is as large as it was.
    least = 2 / 2**clusters if exact else 1 / (1 + resamples)
    known = tested.error > _TOLERANCE and least <= level / tests
    factor = sum(map(NormalDist().inv_cdf, (1 - level / tests / 2, POWER)))
    return Comparison(
        task=tested.task,
        systems=[System(*each, _letters(each[0], groups)) for each in tested.systems.items()],
        pairs=pairs,
        groups=groups,
        detectable=factor * tested.error if known else math.nan,
        clusters=clusters,
        exact=exact,
        resamples=resamples,
        seed=tested.resampling.seed,
        level=level,
    )


def _letters(name: str, groups: Sequence[Sequence[str]]) -> str:
    """The letters of the groups of a system: from a to z, then a1 and so on."""
    places = [divmod(i, 26) for i, group in enumerate(groups) if name in group]
    return "".join(chr(ord("a") + place) + (str(turn) if turn else "") for turn, place in places)
