"""Figures of casualties: bounds, intervals and which of them disagree.

A figure is a pair of inclusive bounds on a number of people; None is open. Zero is a
value like any other: "no casualties" is a finding, and a scorer that tests `if low:`
loses it.

Sources: the alignment is that of `frames`; interval overlap and log error are two of the
measures that Zhong et al. (2023), https://aclanthology.org/2023.eacl-main.71, ask for beside
exact match; conflict pairs are defined here.
"""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from counterclaim.metrics.clusters import METRICS
from counterclaim.metrics.frames import (
    Counts,
    Frame,
    Pairs,
    actor,
    align_records,
    frame_counts,
    frame_scores,
    plain,
)
from counterclaim.metrics.labels import SIDES, Sums, Table, prf_of, ratio
from counterclaim.metrics.links import (
    CLUSTER_COLUMNS,
    cluster_scores,
    clusters,
    named_cluster_counts,
)
from counterclaim.metrics.resampling import exact_value
from counterclaim.model import Casualty

CASUALTY = Frame(
    row="casualty",
    anchors=("mention",),
    fields={
        "outcome": plain("outcome"),
        "bounds": lambda record: (record.low, record.high),
        "group": plain("group"),
        "side": actor("side"),
        "source_actor": actor("source_actor"),
    },
    template="tuple",
    half=False,
    gate="outcome",
)
COLUMNS = (
    *CASUALTY.columns,
    *(f"casualty/interval_{side}" for side in SIDES),
    "casualty/log_error_sum",
    "casualty/log_error_pairs",
    *(f"conflict/{side}" for side in SIDES),
    *(f"incident {metric}/{column}" for metric in METRICS for column in CLUSTER_COLUMNS),
)


def quantity_counts(gold: Sequence[Casualty], predicted: Sequence[Casualty]) -> Counts:
    """Compare the casualty records of one document.

    Args:
        gold: Reference records, in any order.
        predicted: The other side's.

    Returns:
        A number for each of `COLUMNS`.
    """
    pairs = align_records(CASUALTY, gold, predicted)
    counts = frame_counts(CASUALTY, gold, predicted, pairs)
    counts |= dict.fromkeys(COLUMNS[len(CASUALTY.columns) :], 0.0)
    counts["casualty/interval_gold"] = len(gold)
    counts["casualty/interval_predicted"] = len(predicted)
    for i, j in pairs:
        a, b = gold[i], predicted[j]
        bounds = (a.low, a.high), (b.low, b.high)
        counts["casualty/interval_matched"] += exact_value(interval_overlap(*bounds))
        counts["casualty/log_error_sum"] += exact_value(log_error(*bounds))
        counts["casualty/log_error_pairs"] += 1
    conflicts = [conflict_pairs(side) for side in (gold, predicted)]
    moved = _moved(conflicts[1], pairs)
    counts["conflict/gold"], counts["conflict/predicted"] = map(len, conflicts)
    counts["conflict/matched"] = len(moved & conflicts[0])
    incidents = (
        clusters([record.incident for record in gold]),
        clusters([record.incident for record in predicted], {j: i for i, j in pairs}),
    )
    return counts | named_cluster_counts("incident", incidents)


def quantity_scores(sums: Sums) -> Table:
    """Scores of tuples, fields, figures, conflicts and incidents from summed counts."""
    table = frame_scores(CASUALTY, sums)
    table["casualty"] |= prf_of(sums, "casualty", "interval_")
    pairs = sums["casualty/log_error_pairs"]
    table["casualty"]["log_error"] = ratio(sums["casualty/log_error_sum"], pairs)
    table["conflict"] = prf_of(sums, "conflict")
    return table | cluster_scores("incident", sums)


Bounds = tuple[int | None, int | None]


def interval_overlap(a: Bounds, b: Bounds) -> float:
    """Jaccard index of two intervals of whole numbers, from 0 to 1.

    An interval open below begins at 0: nobody counts fewer. Two intervals open above
    are compared by what lies below them, as "at least 50" and "at least 60" differ in
    50 of 60. One open and one closed above share nothing measurable: 0.
    """
    if (a[1] is None) != (b[1] is None):
        return 0.0
    if a[1] is None or b[1] is None:
        low, high = sorted((a[0] or 0, b[0] or 0))
        return (low + 1) / (high + 1)
    shared = min(a[1], b[1]) - max(a[0] or 0, b[0] or 0) + 1
    union = max(a[1], b[1]) - min(a[0] or 0, b[0] or 0) + 1
    return max(0, shared) / union


def log_error(a: Bounds, b: Bounds) -> float:
    """Absolute difference of ln(1 + number), the number being the middle of the bounds.

    Of an interval open on one side the number is the other bound. 0.69 is a factor of
    two; one is added because figures may be 0.
    """
    return abs(math.log1p(_middle(a)) - math.log1p(_middle(b)))


def conflict_pairs(records: Sequence[Casualty]) -> set[frozenset[int]]:
    """Pairs of records whose figures disagree, by their index.

    Two sources speak of the same incident and outcome, and their intervals are disjoint.
    The author of the text, where no source is named, is a source. Groups and sides are not
    asked for: a part ("a boy") disagrees with a total ("forty") that another source gives.
    """
    return {
        frozenset((i, j))
        for (i, a), (j, b) in combinations(enumerate(records), 2)
        if a.incident == b.incident
        and a.outcome == b.outcome
        and CASUALTY.fields["source_actor"](a) != CASUALTY.fields["source_actor"](b)
        and _disjoint((a.low, a.high), (b.low, b.high))
    }


def _disjoint(a: Bounds, b: Bounds) -> bool:
    return any(
        high is not None and low is not None and high < low
        for high, low in ((a[1], b[0]), (b[1], a[0]))
    )


def _middle(bounds: Bounds) -> float:
    known = [bound for bound in bounds if bound is not None]
    return sum(known) / len(known)


def _moved(conflicts: set[frozenset[int]], pairs: Pairs) -> set[Any]:
    """Predicted pairs of records as pairs of the gold records that they are aligned with."""
    gold_of = {j: i for i, j in pairs}
    return {frozenset(gold_of.get(j, -1 - j) for j in pair) for pair in conflicts}
