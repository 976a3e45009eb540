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
from counterclaim.metrics.resampling import (
    Estimate,
    Resampling,
    Statistic,
    exact_type,
    intervals,
)

RESAMPLES = 10_000
LEVEL = 0.05
POWER = 0.8
_TOLERANCE = 1e-12  # scores that differ by less are the same but for rounding
_BLOCK = 2**22  # signs at a time


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
        difference: Its score less than that of `a`.
        low: Lower bound of the 95 % interval of the difference.
        high: Upper bound.
        p: How often chance gives a difference as large, two-sided.
        p_holm: The same, corrected over all pairs and tasks.
        different: Whether the corrected one is below the level.
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
        detectable: The difference that these events show with a power of 80 %, for the
            pair that is hardest to tell apart; NaN where it cannot be estimated.
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


class _Scored(NamedTuple):
    """One task before correction."""

    contest: Contest
    order: list[str]
    values: dict[str, Estimate]
    pairs: list[tuple[str, str]]
    differences: list[Estimate]
    errors: list[float]
    p: list[float]
    clusters: int
    exact: bool


def compare(
    contests: Sequence[Contest],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
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
    scored = [_scored(contest, resamples, seed) for contest in contests]
    corrected = iter(holm([p for each in scored for p in each.p]))
    how: dict[str, Any] = {"resamples": resamples, "seed": seed, "level": level}
    how["tests"] = sum(len(each.p) for each in scored)
    return [_comparison(each, [next(corrected) for _ in each.p], **how) for each in scored]


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
    """Largest sets of systems of which no two are different, in the order of the systems.

    Args:
        systems: Names, best first.
        different: Pairs that differ.
    """
    found: list[set[str]] = [set(systems)]
    for pair in different:
        split = [group for group in found if pair <= group]
        found = [group for group in found if not pair <= group]
        found += [group - {name} for group in split for name in pair]
        found = [g for g in found if not any(g < other for other in found)]
        found = [g for i, g in enumerate(found) if g not in found[:i]]
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
        The two-sided p-value, and whether all ways were gone through. A swap after which a
        score is undefined counts as one that gives a difference as large.
    """
    totals = a.sum(axis=0), b.sum(axis=0)
    observed = abs(float(statistic(totals[0]) - statistic(totals[1])))
    if math.isnan(observed):
        return math.nan, False
    whole = len(a) < 63 and 2 ** len(a) <= resamples
    signs = _all_signs(len(a)) if whole else _random_signs(len(a), resamples, seed)
    moved = (a - b).astype(exact_type(np.concatenate([a, b]), 2 * len(a)))
    reached = 0
    for block in signs:
        shift = (block.astype(moved.dtype) @ moved).astype(np.float64)
        swapped = np.abs(statistic(totals[0] - shift) - statistic(totals[1] + shift))
        reached += int(np.count_nonzero(~(swapped < observed - _TOLERANCE)))
    if whole:
        return reached / 2 ** len(a), True
    return (1 + reached) / (1 + resamples), False


def _all_signs(clusters: int) -> Iterator[NDArray[np.uint8]]:
    patterns = np.arange(2**clusters, dtype=np.int64)
    yield ((patterns[:, None] >> np.arange(clusters)) & 1).astype(np.uint8)


def _random_signs(clusters: int, resamples: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    generator = np.random.default_rng(seed)
    width = -(-clusters // 64) * 8  # whole words of the generator: blocks do not matter
    rows = max(1, _BLOCK // (8 * width))
    for first in range(0, resamples, rows):
        size = min(rows, resamples - first)
        drawn = np.frombuffer(generator.bytes(size * width), dtype=np.uint8)
        yield np.unpackbits(drawn.reshape(size, width), axis=1, count=clusters)


def _scored(contest: Contest, resamples: int, seed: int) -> _Scored:
    names = sorted(contest.counts)
    if len(names) < 2:
        raise DataError(f"{contest.task}: {len(names)} system; expected two or more to compare")
    for name in names:
        if len(contest.counts[name]) != len(contest.keys) or not contest.keys:
            found = len(contest.counts[name])
            expected = f"{len(contest.keys)} as there are keys" if contest.keys else "some"
            raise DataError(f"{contest.task}: {name} on {found} documents; expected {expected}")
    resampling = Resampling(contest.keys, resamples=resamples, seed=seed)
    together = np.stack([contest.counts[name] for name in names], axis=1)
    sums = dict(zip(names, np.moveaxis(resampling.cluster_sums(together), 1, 0), strict=True))
    resampled = np.moveaxis(resampling.sums(together), 1, 0)
    spread = {name: contest.statistic(each) for name, each in zip(names, resampled, strict=True)}
    value = {name: float(contest.statistic(sums[name].sum(axis=0))) for name in names}
    order = sorted(names, key=lambda name: (math.isnan(value[name]), -value[name], name))
    pairs = list(combinations(order, 2))
    apart = np.stack([spread[a] - spread[b] for a, b in pairs], axis=-1)
    tests = [
        randomisation_test(sums[a], sums[b], contest.statistic, resamples=resamples, seed=seed)
        for a, b in pairs
    ]
    defined = [column[~np.isnan(column)] for column in apart.T]
    own = np.stack([spread[name] for name in order], axis=-1)
    scores = intervals(np.array([value[name] for name in order]), own)
    return _Scored(
        contest,
        order,
        dict(zip(order, scores, strict=True)),
        pairs,
        intervals(np.array([value[a] - value[b] for a, b in pairs]), apart),
        [float(column.std()) if len(column) else math.nan for column in defined],
        [p for p, _ in tests],
        resampling.clusters,
        all(whole for _, whole in tests),
    )


def _comparison(
    scored: _Scored,
    corrected: list[float],
    *,
    tests: int,
    resamples: int,
    seed: int,
    level: float,
) -> Comparison:
    pairs = [
        Pair(a, b, each.value, each.low, each.high, p, p_holm, p_holm <= level)
        for (a, b), each, p, p_holm in zip(
            scored.pairs, scored.differences, scored.p, corrected, strict=True
        )
    ]
    groups = groups_of(scored.order, {frozenset((p.a, p.b)) for p in pairs if p.different})
    letters = {
        name: "".join(_letter(i) for i, group in enumerate(groups) if name in group)
        for name in scored.order
    }
    normal = NormalDist()
    factor = normal.inv_cdf(1 - level / tests / 2) + normal.inv_cdf(POWER)
    known = [error for error in scored.errors if not math.isnan(error)]
    return Comparison(
        task=scored.contest.task,
        systems=[System(name, scored.values[name], letters[name]) for name in scored.order],
        pairs=pairs,
        groups=groups,
        detectable=factor * max(known, default=math.nan),
        clusters=scored.clusters,
        exact=scored.exact,
        resamples=resamples,
        seed=seed,
        level=level,
    )


def _letter(number: int) -> str:
    """The letters from a to z, then a1 and so on."""
    turn, place = divmod(number, 26)
    return chr(ord("a") + place) + (str(turn) if turn else "")
