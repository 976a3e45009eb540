"""Clusters of mentions: MUC, B3, CEAF-e and LEA, in one pass.

`cluster_counts` compares the clusters of one document and returns additive counts;
`cluster_prf` turns summed counts into ratios.

Mentions are taken as given (Pradhan et al. 2014). One that only one side has stays in its
cluster and counts in the denominators of that side; nothing is added to the other side or
taken away. With n the mentions that a cluster K has in common with a cluster R of the other
side, the numerators for the side of K are:

- MUC: sum of n - 1 over the pairs (K, R) that have any; the denominator sums |K| - 1.
  A cluster of one has no link: where there is no other, MUC is undefined.
- B3: sum of n^2 / |K|; the denominator counts mentions.
- CEAF-e: sum of 2n / (|K| + |R|) over the best one-to-one pairing of clusters; the
  denominator counts clusters.
- LEA: sum of |K| * links(n) / links(|K|), where links(n) = n(n - 1) / 2; the denominator
  sums |K|. A cluster of one has a link with itself, found if R is a cluster of one too.

They disagree on purpose. MUC minds a merger of two large clusters no more than one of two
small ones, B3 and LEA do. B3 pays for a mention of a larger cluster that is found but left
alone, MUC and LEA do not. CEAF-e counts a small cluster like a large one.

Source: Vilain et al. (1995), https://aclanthology.org/M95-1005; Bagga and Baldwin (1998),
Algorithms for Scoring Coreference Chains; Luo (2005), https://aclanthology.org/H05-1004;
Moosavi and Strube (2016), https://aclanthology.org/P16-1060, whose scorer defines LEA for
clusters of one; Pradhan et al. (2014), https://aclanthology.org/P14-2006.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from math import fsum, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterclaim.errors import DataError
from counterclaim.metrics.assignment import assign
from counterclaim.metrics.labels import PRF, ratio
from counterclaim.metrics.resampling import exact

METRICS = ("MUC", "B3", "CEAF-e", "LEA")
Clusters = Sequence[Collection[Hashable]]
_Shared = dict[tuple[int, int], int]


def cluster_counts(gold: Clusters, predicted: Clusters) -> NDArray[np.float64]:
    """Compare the clusters of one document.

    Args:
        gold: The mentions of each reference cluster, by any key, in any order; the same key
            on both sides is the same mention. An empty cluster counts for nothing.
        predicted: The other side's clusters.

    Returns:
        Array of shape (len(METRICS), 4), with the columns precision numerator, precision
        denominator, recall numerator, recall denominator. Numerators are multiples of
        2**-24, so that sums over documents do not depend on their order.

    Raises:
        DataError: A side lists a mention twice.
    """
    cluster_of = [_owners(name, s) for name, s in (("gold", gold), ("predicted", predicted))]
    sizes = [[len(cluster) for cluster in side] for side in (gold, predicted)]
    common = cluster_of[0].keys() & cluster_of[1].keys()
    shared: _Shared = Counter((cluster_of[0][m], cluster_of[1][m]) for m in common)
    links = len(common) - len(shared)
    similarity = _similarity(shared, *sizes)
    columns = []
    for own, other in ((1, 0), (0, 1)):  # precision is over predicted clusters, recall over gold
        pairs = [(sizes[own][p[own]], sizes[other][p[other]], n) for p, n in shared.items()]
        mentions, clusters = len(cluster_of[own]), sum(size > 0 for size in sizes[own])
        b3 = fsum(n * n / size for size, _, n in pairs)
        lea = fsum(_resolved(*pair) for pair in pairs)
        columns.append([links, b3, similarity, lea])
        columns.append([mentions - clusters, mentions, clusters, mentions])
    return exact(columns).T


def cluster_prf(counts: NDArray[Any]) -> PRF:
    """Turn counts into precision, recall and F1, their harmonic mean.

    Args:
        counts: Array of shape (..., 4), as `cluster_counts` returns it or summed.

    Returns:
        Three arrays of shape (...). A ratio whose denominator is 0 is NaN. F1 is NaN only
        where both are: neither side has a mention (for MUC, a link). Where one side has
        some and the other none, nothing can have matched and F1 is 0, as it is for labels.
    """
    found, predicted, recalled, gold = np.moveaxis(counts, -1, 0)
    precision, recall = ratio(found, predicted), ratio(recalled, gold)
    p, r = np.nan_to_num(precision), np.nan_to_num(recall)
    f1 = np.where(predicted + gold > 0, np.nan_to_num(ratio(2 * p * r, p + r)), np.nan)
    return PRF(precision, recall, f1)


def _owners(name: str, clusters: Iterable[Collection[Hashable]]) -> dict[Hashable, int]:
    """The number of the cluster that each mention is in."""
    owners: dict[Hashable, int] = {}
    for i, cluster in enumerate(clusters):
        for mention in cluster:
            if mention in owners:
                raise DataError(
                    f"mention {mention!r} is in the {name} clusters {owners[mention]} and {i}; "
                    "expected it once"
                )
            owners[mention] = i
    return owners


def _resolved(size: int, other: int, n: int) -> float:
    """|K| * links(n) / links(|K|), where the other cluster has a size of its own."""
    if size == 1:
        return float(other == 1)
    return n * (n - 1) / (size - 1)


def _similarity(shared: _Shared, gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Sum of 2n / (|K| + |R|) over the best pairing: a quotient of integers, hence exact."""
    unit = lcm(*(gold[i] + predicted[j] for i, j in shared))
    values = [[0] * len(predicted) for _ in gold]
    for (i, j), n in shared.items():
        values[i][j] = 2 * n * unit // (gold[i] + predicted[j])
    return sum(values[i][j] for i, j in assign(values)) / unit
