"""Agreement of two annotation passes over the same documents.

Everything is counted per document and summed, so that intervals come from the same
resampling as scores. Labels are measured by Krippendorff's alpha; spans and links, where
"no annotation" cannot be counted, by F1 of one pass against the other (Hripcsak and
Rothschild 2005), which is the same whichever pass is called gold.

Source: Krippendorff (2004), Content Analysis, chapter 11; Hripcsak and Rothschild
(2005), https://doi.org/10.1197/jamia.M1733.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterclaim.errors import DataError
from counterclaim.metrics.labels import prf, ratio
from counterclaim.metrics.places import distance_km
from counterclaim.metrics.resampling import Estimate, bootstrap_weights, estimates
from counterclaim.metrics.spans import match_spans, overlap
from counterclaim.model import LABELS, Document, Span, sentence_labels

Pair = tuple[Document, Document]
PLACE_RADIUS_KM = 50
_ATTRIBUTES = {
    "accusations": ("cue", "source", "target", "source_actor", "target_actor", "act"),
    "denials": ("content", "source", "source_actor", "scope"),
    "casualties": ("outcome", "bounds", "modifier", "group", "side", "source", "source_actor"),
    "locations": ("name", "country", "role", "precision"),
}


class Agreement(NamedTuple):
    """One measure: which layer, what of it, how it is measured, and on how many items.

    `items` are sentences for alpha, spans or links of both passes for F1, and matched
    records for a share.
    """

    layer: str
    part: str
    measure: str
    estimate: Estimate
    items: int


def nominal_alpha(tables: NDArray[np.generic]) -> NDArray[np.float64]:
    """Krippendorff's alpha for two coders, nominal data, nothing missing.

    Args:
        tables: Cross-tabulations of the two coders, shape (..., values, values).

    Returns:
        Array of shape (...); NaN where only one value occurs, so that there is nothing
        to disagree about.
    """
    coincidences = (tables + np.swapaxes(tables, -1, -2)).astype(np.float64)
    totals = coincidences.sum(axis=-1)
    n = totals.sum(axis=-1)
    observed = n - np.trace(coincidences, axis1=-2, axis2=-1)
    expected = n**2 - (totals**2).sum(axis=-1)
    return np.asarray(1 - (n - 1) * ratio(observed, expected), dtype=np.float64)


def agreement(
    a: Sequence[Document],
    b: Sequence[Document],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> list[Agreement]:
    """Compare two passes over the same documents.

    Args:
        a: One pass.
        b: The other, with the same documents in the same order.
        resamples: Number of bootstrap resamples of whole documents.
        seed: Seed of the resampling.

    Raises:
        DataError: The passes differ in their documents.
    """
    if [d.doc_id for d in a] != [d.doc_id for d in b]:
        raise DataError("the two passes differ in their documents; expected the same, in order")
    if not a:
        raise DataError("the passes have no document in common; expected at least one")
    weights = bootstrap_weights([d.cluster for d in a], resamples=resamples, seed=seed)
    rows = []
    per_pair = [_counts(pair) for pair in zip(a, b, strict=True)]
    for key in per_pair[0]:
        counts = np.stack([counted[key] for counted in per_pair])
        layer, part, measure = key
        statistic, items = _STATISTICS[measure](counts)
        (estimate,) = estimates(counts, statistic, weights)
        rows.append(Agreement(layer, part, measure, estimate, items))
    return rows


def _alpha(counts: NDArray[Any]) -> tuple[Callable[[NDArray[Any]], NDArray[np.float64]], int]:
    return nominal_alpha, int(counts.sum())


def _f1(counts: NDArray[Any]) -> tuple[Callable[[NDArray[Any]], NDArray[np.float64]], int]:
    return (lambda summed: prf(summed).f1), int(counts[:, 1:].sum())


def _share(counts: NDArray[Any]) -> tuple[Callable[[NDArray[Any]], NDArray[np.float64]], int]:
    return (lambda summed: ratio(summed[..., 0], summed[..., 1])), int(counts[:, 1].sum())


_STATISTICS = {"alpha": _alpha, "exact F1": _f1, "overlap F1": _f1, "F1": _f1, "share": _share}
Key = tuple[str, str, str]


def _counts(pair: Pair) -> dict[Key, NDArray[np.int64]]:
    """Everything that is counted of one document, by layer, part and measure."""
    counts: dict[Key, NDArray[np.int64]] = {}
    sides = [sentence_labels(document) for document in pair]
    for label in LABELS:
        table = np.zeros((2, 2), dtype=np.int64)
        for unit_a, unit_b in zip(*sides, strict=True):
            table[int(label in unit_a), int(label in unit_b)] += 1
        counts[label, "sentences", "alpha"] = table
    matched = {layer: match_records(pair, layer) for layer in _ATTRIBUTES}
    for layer, attributes in _ATTRIBUTES.items():
        records = [getattr(document, layer) for document in pair]
        name, anchor = _ANCHORS[layer]
        spans = [[anchor(record) for record in side] for side in records]
        exact = (Counter(spans[0]) & Counter(spans[1])).total()
        sizes = [len(side) for side in records]
        counts[layer, name, "exact F1"] = np.array([exact, *sizes])
        counts[layer, name, "overlap F1"] = np.array([len(matched[layer]), *sizes])
        for attribute in attributes:
            equal = sum(_equal(records[0][i], records[1][j], attribute) for i, j in matched[layer])
            counts[layer, attribute, "share"] = np.array([equal, len(matched[layer])])
    places = list(_within_radius(pair, matched["locations"]))
    counts["locations", f"within {PLACE_RADIUS_KM} km", "share"] = np.array(
        [sum(places), len(places)]
    )
    counts["links", "denial to accusation", "F1"] = _link_counts(pair, matched)
    for layer, key in (("accusations", "claim"), ("casualties", "incident")):
        counts["links", f"same {key}", "F1"] = _cluster_counts(pair, matched[layer], layer, key)
    return counts


def match_records(pair: Pair, layer: str) -> list[tuple[int, int]]:
    """Pair the records of a layer whose anchoring spans overlap, one to one.

    An accusation is anchored by its content, a denial by its cue (content if it has
    none), a casualty and a location by the mention. Records that share a span are told
    apart by their actors.
    """
    a, b = (getattr(document, layer) for document in pair)
    anchor = _ANCHORS[layer][1]
    attributes = _ATTRIBUTES[layer]

    def alike(i: int, j: int) -> float:
        return sum(_equal(a[i], b[j], name) for name in attributes) / len(attributes)

    return match_spans([anchor(record) for record in a], [anchor(record) for record in b], alike)


_ANCHORS: dict[str, tuple[str, Callable[[Any], Span]]] = {
    "accusations": ("content", lambda record: record.content),
    "denials": ("cue", lambda record: record.cue or record.content),
    "casualties": ("mention", lambda record: record.mention),
    "locations": ("mention", lambda record: record.mention),
}


def _equal(a: Any, b: Any, attribute: str) -> bool:
    """Whether two records agree in an attribute; spans agree when they overlap."""
    if attribute == "bounds":
        return (a.low, a.high) == (b.low, b.high)
    value_a, value_b = getattr(a, attribute), getattr(b, attribute)
    if isinstance(value_a, Span) and isinstance(value_b, Span):
        return overlap(value_a, value_b) > 0
    return bool(value_a == value_b)


def _within_radius(pair: Pair, matched: Sequence[tuple[int, int]]) -> Iterator[bool]:
    for i, j in matched:
        a, b = pair[0].locations[i], pair[1].locations[j]
        if a.lat is None and b.lat is None:
            yield True  # both say that it cannot be identified
        else:
            points = np.array([(a.lat, a.lon), (b.lat, b.lon)], dtype=np.float64)
            yield bool(distance_km(*points) <= PLACE_RADIUS_KM)


def _link_counts(pair: Pair, matched: dict[str, list[tuple[int, int]]]) -> NDArray[np.int64]:
    """Links of a denial to an accusation, compared under the matching of both."""
    links = []
    for document in pair:
        index = {accusation.id: i for i, accusation in enumerate(document.accusations)}
        links.append(
            {(d, index[key]) for d, denial in enumerate(document.denials) for key in denial.answers}
        )
    denials, accusations = dict(matched["denials"]), dict(matched["accusations"])
    moved = {(denials.get(d), accusations.get(x)) for d, x in links[0]}
    return np.array([len(moved & links[1]), len(links[0]), len(links[1])])


def _cluster_counts(
    pair: Pair, matched: Sequence[tuple[int, int]], layer: str, key: str
) -> NDArray[np.int64]:
    """Pairs of matched records that share a key, in both passes and in either."""
    a, b = (getattr(document, layer) for document in pair)
    both = [
        (getattr(a[i], key) == getattr(a[k], key), getattr(b[j], key) == getattr(b[m], key))
        for (i, j), (k, m) in combinations(matched, 2)
    ]
    return np.array(
        [sum(x and y for x, y in both), *np.sum(both, axis=0, dtype=int)] if both else [0, 0, 0]
    )
