"""Agreement of two annotation passes over the same documents.

Everything is counted per document and summed, so that intervals come from the same
resampling as scores. Labels and figures are measured by Krippendorff's alpha; spans and
links, where "no annotation" cannot be counted, by F1 of one pass against the other
(Hripcsak and Rothschild 2005), which is the same whichever pass is called gold.

Which accusations a denial answers has no alpha: an accusation exists in one document
only, so chance over all documents would hardly ever hit it, and alpha would be no more
than the mean similarity.

Source: Krippendorff (2004), Content Analysis, chapter 11; Passonneau (2006),
https://aclanthology.org/L06-1392; Hripcsak and Rothschild (2005),
https://doi.org/10.1197/jamia.M1733.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterclaim.errors import DataError
from counterclaim.metrics.alpha import DISTANCES, Unit, alpha, alpha_counts, distance_matrix
from counterclaim.metrics.labels import prf, ratio
from counterclaim.metrics.places import distance_km, point
from counterclaim.metrics.resampling import Estimate, Resampling, Statistic
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

    `items` are sentences, or matched records with two closed bounds, for alpha, spans or
    links of both passes for F1, and matched records for a share.
    """

    layer: str
    part: str
    measure: str
    estimate: Estimate
    items: int


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
    resampling = Resampling([d.cluster for d in a], resamples=resamples, seed=seed)
    found = [_found(pair) for pair in zip(a, b, strict=True)]
    rows = []
    for key in found[0]:
        counts, statistic, items = _MEASURES[key[2]]([of_document[key] for of_document in found])
        (estimate,) = resampling.estimates(counts, statistic)
        rows.append(Agreement(*key, estimate, items))
    return rows


Key = tuple[str, str, str]
Measured = tuple[NDArray[Any], Statistic, int]
"""Counts of each document, what they are turned into, and how many items they count."""


def _alpha(name: str) -> Callable[[Sequence[Sequence[Unit]]], Measured]:
    def measured(documents: Sequence[Sequence[Unit]]) -> Measured:
        given = (value for units in documents for unit in units for value in unit)
        values = list(dict.fromkeys(value for value in given if value is not None))
        distance = DISTANCES[name]
        counts = np.stack([alpha_counts(units, values, distance) for units in documents])
        distances = distance_matrix(values, distance)
        return counts, lambda summed: alpha(summed, distances), int(counts[:, 1:].sum()) // 2

    return measured


def _f1(documents: Sequence[Sequence[int]]) -> Measured:
    counts = np.array(documents)
    return counts, lambda summed: prf(summed).f1, int(counts[:, 1:].sum())


def _share(documents: Sequence[Sequence[int]]) -> Measured:
    counts = np.array(documents)
    return counts, lambda summed: ratio(summed[..., 0], summed[..., 1]), int(counts[:, 1].sum())


_MEASURES: dict[str, Callable[[Any], Measured]] = {
    "alpha": _alpha("nominal"),
    "MASI alpha": _alpha("masi"),
    "ratio alpha": _alpha("ratio"),
    "interval alpha": _alpha("interval"),
    "exact F1": _f1,
    "overlap F1": _f1,
    "F1": _f1,
    "share": _share,
}


def _found(pair: Pair) -> dict[Key, Any]:
    """What a document holds, by layer, part and measure: units for alpha, else counts."""
    found: dict[Key, Any] = {}
    sentences = [
        tuple(frozenset(labels) for labels in sentence)
        for sentence in zip(*map(sentence_labels, pair), strict=True)
    ]
    for label in LABELS:
        found[label, "sentences", "alpha"] = [[label in side for side in s] for s in sentences]
    found["all labels", "sentences", "MASI alpha"] = sentences
    matched = {layer: match_records(pair, layer) for layer in _ATTRIBUTES}
    for layer, attributes in _ATTRIBUTES.items():
        records = [getattr(document, layer) for document in pair]
        name, anchor = _ANCHORS[layer]
        spans = [[anchor(record) for record in side] for side in records]
        exact = (Counter(spans[0]) & Counter(spans[1])).total()
        sizes = [len(side) for side in records]
        found[layer, name, "exact F1"] = [exact, *sizes]
        found[layer, name, "overlap F1"] = [len(matched[layer]), *sizes]
        for attribute in attributes:
            equal = sum(_equal(records[0][i], records[1][j], attribute) for i, j in matched[layer])
            found[layer, attribute, "share"] = [equal, len(matched[layer])]
        if layer == "casualties":
            for bound in ("low", "high"):
                units = _bounds(pair, matched[layer], bound)
                found[layer, bound, "ratio alpha"] = units
                found[layer, bound, "interval alpha"] = units
    places = list(_within_radius(pair, matched["locations"]))
    found["locations", f"within {PLACE_RADIUS_KM} km", "share"] = [sum(places), len(places)]
    found["links", "denial to accusation", "F1"] = _link_counts(pair, matched)
    for layer, key in (("accusations", "claim"), ("casualties", "incident")):
        found["links", f"same {key}", "F1"] = _cluster_counts(pair, matched[layer], layer, key)
    return found


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


def _bounds(pair: Pair, matched: Sequence[tuple[int, int]], bound: str) -> list[Unit]:
    """The bounds of matched mentions, as units for alpha.

    An open bound is no number and therefore a missing value: a mention of which either
    pass leaves the bound open is left out. That one pass closes what the other leaves
    open shows in the share of equal bounds.
    """
    a, b = (document.casualties for document in pair)
    return [(getattr(a[i], bound), getattr(b[j], bound)) for i, j in matched]


def _within_radius(pair: Pair, matched: Sequence[tuple[int, int]]) -> Iterator[bool]:
    for i, j in matched:
        a, b = pair[0].locations[i], pair[1].locations[j]
        here, there = point(a), point(b)
        if here and there:
            yield distance_km(here, there) <= PLACE_RADIUS_KM
        else:
            yield here == there  # agreed, if both say that it cannot be identified


def _link_counts(pair: Pair, matched: dict[str, list[tuple[int, int]]]) -> list[int]:
    """Links of a denial to an accusation, compared under the matching of both."""
    links = []
    for document in pair:
        index = {accusation.id: i for i, accusation in enumerate(document.accusations)}
        links.append(
            {(d, index[key]) for d, denial in enumerate(document.denials) for key in denial.answers}
        )
    denials, accusations = dict(matched["denials"]), dict(matched["accusations"])
    moved = {(denials.get(d), accusations.get(x)) for d, x in links[0]}
    return [len(moved & links[1]), len(links[0]), len(links[1])]


def _cluster_counts(
    pair: Pair, matched: Sequence[tuple[int, int]], layer: str, key: str
) -> list[int]:
    """Pairs of matched records that share a key, in both passes and in either."""
    a, b = (getattr(document, layer) for document in pair)
    both = [
        (getattr(a[i], key) == getattr(a[k], key), getattr(b[j], key) == getattr(b[m], key))
        for (i, j), (k, m) in combinations(matched, 2)
    ]
    return [sum(x and y for x, y in both), sum(x for x, _ in both), sum(y for _, y in both)]
