"""Pairs of overlapping spans: the best there are, most of them found without a search.

A pair that alone has equal boundaries is in every best pairing; a pair of which one side
has no other partner is in some best pairing, if its other side has none with which it
shares more. When these are taken there are others. Only groups of spans in which
neither is found are searched (Kuhn 1955).
"""

import numpy as np

from counterclaim.columns import Ints, Spans
from counterclaim.metrics.assignment import assign

EXACT, TYPE, OVERLAPPING = 4, 2, 1  # bits of what a pair shares


def pair_spans(gold: Spans, predicted: Spans, stride: int) -> list[tuple[Ints, Ints]]:
    """Pair spans of which none is alike in label and boundaries.

    Args:
        gold: Reference spans.
        predicted: The other side's.
        stride: A number beyond all offsets.

    Returns:
        Arrays of the documents of the pairs, and of what each pair shares, in bits.
    """
    if not len(gold.start) or not len(predicted.start):
        return []
    g, p = _edges(gold, predicted, stride)
    same = gold.label[g] == predicted.label[p]
    alike = (gold.start[g] == predicted.start[p]) & (gold.end[g] == predicted.end[p])
    shared = OVERLAPPING + TYPE * same + EXACT * alike
    found = []
    # A pair of equal boundaries that is alone with them is in every best pairing.
    alone = alike & (np.bincount(g[alike], minlength=len(gold.start))[g] == 1)
    alone &= np.bincount(p[alike], minlength=len(predicted.start))[p] == 1
    found.append((gold.document[g[alone]], shared[alone]))
    free_g, free_p = np.ones(len(gold.start), bool), np.ones(len(predicted.start), bool)
    free_g[g[alone]] = free_p[p[alone]] = False
    free = free_g[g] & free_p[p]
    g, p, shared = g[free], p[free], shared[free]
    while len(g):
        chosen = _leaves(g, p, shared)
        if not len(chosen):
            break
        found.append((gold.document[g[chosen]], shared[chosen]))
        free_g[g[chosen]] = free_p[p[chosen]] = False
        free = free_g[g] & free_p[p]
        g, p, shared = g[free], p[free], shared[free]
    found.append(_assigned(gold, g, p, shared))
    return found


def _leaves(g: Ints, p: Ints, shared: Ints) -> Ints:
    """Pairs that are in some best pairing because one side of them has no other partner.

    They are, if the other side has no partner with which it shares more: in a pairing
    without them that partner could be exchanged for them, and nothing would be lost.
    """
    chosen = np.zeros(len(g), dtype=np.bool_)
    for leaf, centre in ((g, p), (p, g)):
        best = np.zeros(centre.max() + 1, dtype=np.int64)
        np.maximum.at(best, centre, shared)
        fits = np.flatnonzero((np.bincount(leaf)[leaf] == 1) & (shared == best[centre]))
        best[centre[fits]] = fits  # of the leaves of a centre, one
        chosen[best[centre[fits]]] = True
    return np.flatnonzero(chosen)


def _edges(gold: Spans, predicted: Spans, stride: int) -> tuple[Ints, Ints]:
    """All pairs of a gold and a predicted span that share a character."""
    order = np.argsort(predicted.document * stride + predicted.start)
    start = (predicted.document * stride + predicted.start)[order]
    end = (predicted.document * stride + predicted.end)[order]
    base = gold.document * stride
    low = np.searchsorted(np.maximum.accumulate(end), base + gold.start, side="right")
    high = np.searchsorted(start, base + gold.end, side="left")
    sizes = np.maximum(0, high - low)
    g = np.repeat(np.arange(len(sizes)), sizes)
    p = np.arange(len(g)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + low[g]
    touching = end[p] > (base + gold.start)[g]
    return g[touching], order[p[touching]]


def _assigned(gold: Spans, g: Ints, p: Ints, shared: Ints) -> tuple[Ints, Ints]:
    """Pair what is left, one group of overlapping spans after the other."""
    edges = list(zip(g.tolist(), (-1 - p).tolist(), shared.tolist(), strict=True))
    parent = {node: node for edge in edges for node in edge[:2]}

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for a, b, _ in edges:
        parent[root(a)] = root(b)
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for edge in edges:
        groups.setdefault(root(edge[0]), []).append(edge)
    owners: list[int] = []
    bits: list[int] = []
    for group in groups.values():
        rows = {a: i for i, a in enumerate(dict.fromkeys(a for a, _, _ in group))}
        columns = {b: j for j, b in enumerate(dict.fromkeys(b for _, b, _ in group))}
        base = len(rows) + 1  # more than there can be pairs
        values = [[0] * len(columns) for _ in rows]
        known = {}
        for a, b, bit in group:
            i, j = rows[a], columns[b]
            known[i, j] = bit
            values[i][j] = (bit & EXACT > 0) * base**2 + (bit & TYPE > 0) * base + 1
        bits += [known[pair] for pair in assign(values)]
        owners += [int(gold.document[group[0][0]])] * (len(bits) - len(owners))
    return np.array(owners, dtype=np.int64), np.array(bits, dtype=np.int64)
