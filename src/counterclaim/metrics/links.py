"""Which denial answers which accusation, and which records speak of the same thing.

Links, statuses and clusters are compared under the alignment of records that `frames`
makes: a link is right if both of its ends are aligned with the ends of a gold link.

A claim is all mentions with one `claim` key. It is *denied* if a denial of one of them has
the scope act, responsibility or all, *partly denied* if only the intent is (or, in a
prediction, a figure, which in gold answers nothing), else *unanswered*. Claims are
aligned by the mentions that they share.

Source of link F1: attachment scores of argument mining, Eger et al. (2017),
https://aclanthology.org/P17-1002; clusters: see `clusters`.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from counterclaim.metrics.clusters import METRICS, cluster_counts, cluster_prf
from counterclaim.metrics.frames import (
    ACCUSATION,
    DENIAL,
    Align,
    Counts,
    align,
    align_records,
)
from counterclaim.metrics.labels import SIDES, Sums, Table, macro, prf_of
from counterclaim.model import Accusation, Denial

STATUSES = ("denied", "partly denied", "unanswered")
_WHOLLY = {"act", "responsibility", "all"}
CLUSTER_COLUMNS = ("precision_sum", "predicted", "recall_sum", "gold")
COLUMNS = (
    *(f"{row}/{side}" for row in ("link", *STATUSES) for side in SIDES),
    *(f"claim {metric}/{column}" for metric in METRICS for column in CLUSTER_COLUMNS),
)


def link_counts(
    gold: tuple[Sequence[Accusation], Sequence[Denial]],
    predicted: tuple[Sequence[Accusation], Sequence[Denial]],
    align_with: Align = align_records,
) -> Counts:
    """Compare the links and claims of one document.

    Args:
        gold: Reference accusations and denials, in any order.
        predicted: The other side's.
        align_with: How records are aligned.

    Returns:
        A number for each of `COLUMNS`.
    """
    counts = dict.fromkeys(COLUMNS, 0.0)
    accusations = dict(align_with(ACCUSATION, gold[0], predicted[0]))
    denials = dict(align_with(DENIAL, gold[1], predicted[1]))
    links = [_links(*side) for side in (gold, predicted)]
    moved = {(denials.get(d), accusations.get(a)) for d, a in links[0]}
    counts["link/gold"], counts["link/predicted"] = map(len, links)
    counts["link/matched"] = len(moved & links[1])
    claims = [
        clusters([record.claim for record in gold[0]]),
        clusters([record.claim for record in predicted[0]], {j: i for i, j in accusations.items()}),
    ]
    _count_statuses(counts, claims, [claim_statuses(*side) for side in (gold, predicted)])
    counts |= named_cluster_counts("claim", claims)
    return counts


def link_scores(sums: Sums) -> Table:
    """Precision, recall and F1 of links, statuses and clusters from summed counts."""
    table: Table = {row: prf_of(sums, row) for row in ("link", *STATUSES)}
    statuses = [table[status]["f1"] for status in STATUSES]
    table["macro"] = {"status_f1": macro(statuses, [sums[f"{s}/gold"] for s in STATUSES])}
    return table | cluster_scores("claim", sums)


def claim_statuses(accusations: Sequence[Accusation], denials: Sequence[Denial]) -> dict[str, str]:
    """For each claim of a document, which of `STATUSES` it has."""
    claim_of = {accusation.id: accusation.claim for accusation in accusations}
    scopes: dict[str, set[str]] = {accusation.claim: set() for accusation in accusations}
    for denial in denials:
        for key in denial.answers:
            if key in claim_of:
                scopes[claim_of[key]].add(denial.scope)
    return {
        claim: STATUSES[0] if found & _WHOLLY else STATUSES[1] if found else STATUSES[2]
        for claim, found in scopes.items()
    }


def clusters(
    keys: Sequence[str], gold_of: Mapping[int, int] | None = None
) -> dict[str, set[Hashable]]:
    """The numbers of the records that share a key, by that key.

    Args:
        keys: The key of each record.
        gold_of: For predicted records the number of the gold record that each is aligned
            with; one that is aligned with none is like no other.
    """
    found: dict[str, set[Hashable]] = {}
    for number, key in enumerate(keys):
        name: Hashable = number
        if gold_of is not None:
            name = gold_of.get(number, ("unaligned", number))
        found.setdefault(key, set()).add(name)
    return found


def named_cluster_counts(name: str, sides: Sequence[Mapping[str, set[Hashable]]]) -> Counts:
    """The counts of all cluster metrics, by column."""
    table = cluster_counts(*(list(side.values()) for side in sides)).tolist()
    return {
        f"{name} {metric}/{column}": value
        for metric, row in zip(METRICS, table, strict=True)
        for column, value in zip(CLUSTER_COLUMNS, row, strict=True)
    }


def cluster_scores(name: str, sums: Sums) -> Table:
    """Precision, recall and F1 of all cluster metrics from summed counts."""
    table: Table = {}
    for metric in METRICS:
        columns = [np.asarray(sums[f"{name} {metric}/{column}"]) for column in CLUSTER_COLUMNS]
        table[f"{name} {metric}"] = cluster_prf(np.stack(columns, axis=-1))._asdict()
    return table


def _links(accusations: Sequence[Accusation], denials: Sequence[Denial]) -> set[tuple[Any, Any]]:
    """Links by the numbers of denial and accusation; one that leads nowhere keeps its id."""
    number = {accusation.id: i for i, accusation in enumerate(accusations)}
    return {(i, number.get(key, key)) for i, denial in enumerate(denials) for key in denial.answers}


def _count_statuses(
    counts: Counts,
    claims: Sequence[Mapping[str, set[Hashable]]],
    statuses: Sequence[Mapping[str, str]],
) -> None:
    for side, found in zip(("gold", "predicted"), statuses, strict=True):
        for status in found.values():
            counts[f"{status}/{side}"] += 1
    names = [sorted(side) for side in claims]

    cells: dict[tuple[int, int], tuple[int, ...]] = {}
    for i, a in enumerate(names[0]):
        for j, b in enumerate(names[1]):
            if shared := len(claims[0][a] & claims[1][b]):
                same = [statuses[0][a] == statuses[1][b] == status for status in STATUSES]
                cells[i, j] = shared, int(any(same)), *same
    for i, j in align(cells):
        a, b = statuses[0][names[0][i]], statuses[1][names[1][j]]
        if a == b:
            counts[f"{a}/matched"] += 1
