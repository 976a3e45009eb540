"""Spans of text: the four modes of SemEval-2013, and characters.

`span_counts` compares the labelled spans of many documents at once and returns additive
counts; `span_scores` turns summed counts into ratios.

One pairing serves all four modes. It is one to one within a document and the best there
is, in this order: most pairs alike in label and boundaries (strict), in boundaries
(exact), alike in label and overlapping (type), overlapping (partial). Each of these
numbers is a maximum given those before it, so it depends on neither the order of spans
nor the algorithm. A greedy pairing depends on both.

Characters are those that at least one span of a label covers.

Source: Segura-Bedmar et al. (2013), SemEval-2013 Task 9.1,
https://aclanthology.org/S13-2056; the error counts are those of MUC-5, Chinchor and
Sundheim (1993), https://aclanthology.org/M93-1007; optimal pairing: Kuhn (1955).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterclaim.columns import Ints, Spans
from counterclaim.errors import DataError
from counterclaim.metrics.assignment import assign
from counterclaim.metrics.labels import SIDES, Sums, Table, macro, prf_of, total
from counterclaim.metrics.overlaps import EXACT, OVERLAPPING, TYPE, pair_spans
from counterclaim.model import LABELS, Span

Bonus = Callable[[int, int], float]
MODES = ("strict", "exact", "partial", "type")
COLUMNS = (
    *(f"{label}/{kind}{side}" for label in LABELS for kind in ("", "char_") for side in SIDES),
    *(f"all/{pairing}" for pairing in ("exact", "type", "overlapping")),
)
# Claims have no natural boundaries (annotators agree on 0.68 of them), names and figures do.
HEADLINE_MEASURE = {
    "accusation": "char_f1",
    "denial": "char_f1",
    "casualty": "f1",
    "location": "f1",
}
_GRID = 2**32
LONGEST = 2**30 - 1  # code points of a text
_KEY_BITS = 62
_LABEL_BITS, _LABEL_MASK = 2, 3
_SLICE = 2048  # documents at a time: arrays stay in the cache of the processor


def span_counts(gold: Spans, predicted: Spans, documents: int) -> NDArray[np.float64]:
    """Compare the spans of documents.

    Args:
        gold: Reference spans, in any order.
        predicted: The other side's spans. A span counts once, however often it is given on
            either side, but is spurious as often as it is given more often than in gold.
        documents: Number of documents.

    Returns:
        Array of shape (documents, len(COLUMNS)).

    Raises:
        DataError: Offsets are too large to be those of a text.
    """
    counts = np.zeros((documents, len(COLUMNS)))
    largest = max(int(side.end.max(initial=1)) for side in (gold, predicted))
    if largest > LONGEST:
        raise DataError(f"a span that ends at {largest}; expected at most {LONGEST}")
    bits = largest.bit_length()
    fitting = 2 ** (_KEY_BITS - _LABEL_BITS - 2 * bits)  # all documents, but for endless texts
    for first in range(0, documents, fitting):
        last = min(documents, first + fitting)
        edges = [*range(0, last - first, _SLICE), last - first]
        sides = [_packed(side, bits, first, last).cut(edges, bits) for side in (gold, predicted)]
        for (low, high), of_gold, found in zip(pairwise(edges), *sides, strict=True):
            counts[first + low : first + high] = _slice_counts(of_gold, found, bits, high - low)
    return counts


def span_scores(sums: Sums) -> Table:
    """Precision, recall and F1 by label and by mode from summed counts."""
    table: Table = {label: prf_of(sums, label) for label in LABELS}
    for label in LABELS:
        table[label] |= prf_of(sums, label, "char_")
    columns = [f"{prefix}{side}" for prefix in ("", "char_") for side in SIDES]
    whole = {name: total(sums, LABELS, name) for name in columns}
    of_mode = {
        "strict": whole["matched"],
        "exact": sums["all/exact"],
        "partial": (sums["all/exact"] + sums["all/overlapping"]) / 2,
        "type": sums["all/type"],
    }
    table["all"] = {}
    for mode, matched in of_mode.items():
        of_sides = {**whole, "matched": matched}
        named = {f"all/{mode}_{side}": of_sides[side] for side in SIDES}
        table["all"] |= prf_of(named, "all", f"{mode}_")
    table["all"] |= prf_of({f"all/{name}": value for name, value in whole.items()}, "all", "char_")
    values = [table[label][HEADLINE_MEASURE[label]] for label in LABELS]
    table["macro"] = {"f1": macro(values, [sums[f"{label}/gold"] for label in LABELS])}
    return table


def error_counts(sums: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The MUC counts of each mode, as "strict errors" and so on, from summed counts.

    Five for each: correct, incorrect, partial, missing, spurious.
    """
    strict, predicted, gold = (sum(sums[f"{label}/{side}"] for label in LABELS) for side in SIDES)
    exact, same_type, pairs = (sums[f"all/{name}"] for name in ("exact", "type", "overlapping"))
    correct = {"strict": strict, "exact": exact, "partial": exact, "type": same_type}
    return {
        f"{mode} errors": {
            "correct": correct[mode],
            "incorrect": 0 if mode == "partial" else pairs - correct[mode],
            "partial": pairs - exact if mode == "partial" else 0,
            "missing": gold - pairs,
            "spurious": predicted - pairs,
        }
        for mode in MODES
    }


def overlap(a: Span, b: Span) -> float:
    """Intersection over union of two spans, in characters, from 0 to 1."""
    shared = min(a.end, b.end) - max(a.start, b.start)
    return max(0, shared) / (max(a.end, b.end) - min(a.start, b.start))


def match_spans(
    gold: Sequence[Span], predicted: Sequence[Span], bonus: Bonus | None = None
) -> list[tuple[int, int]]:
    """Pair spans one to one so that their summed overlap is greatest.

    Args:
        gold: Reference spans, in any order, also repeated.
        predicted: The other side's spans.
        bonus: For a pair of indices a number in [0, 1] that decides between pairs of
            equal overlap: records that share a span are told apart by their fields.

    Returns:
        Index pairs (gold, predicted) of spans that share at least one character.
    """
    # Between pairings of equal overlap: exact pairs first, then more pairs, then the bonus.
    levels = 16 * (min(len(gold), len(predicted)) + 1)

    def value(i: int, j: int) -> int:
        shared = overlap(gold[i], predicted[j])
        if not shared:
            return 0
        ranked = (round(shared * _GRID) * levels + int(shared == 1)) * levels + 1
        extra = round(bonus(i, j) * _GRID) if bonus is not None else 0
        return ranked * levels * _GRID + extra

    return assign([[value(i, j) for j in range(len(predicted))] for i in range(len(gold))])


class _Packed(NamedTuple):
    """Distinct spans in ascending order, each packed into one number.

    From the highest bits down: document, label, start, end.
    """

    key: Ints
    times: Ints  # how often each span is given

    def cut(self, edges: Sequence[int], bits: int) -> Iterator["_Packed"]:
        """Those of the documents between each two edges, numbered from the first."""
        firsts = np.array(edges, dtype=np.int64) << (_LABEL_BITS + 2 * bits)
        bounds = np.searchsorted(self.key, firsts).tolist()
        for first, (low, high) in zip(firsts, pairwise(bounds), strict=False):
            yield _Packed(self.key[low:high] - first, self.times[low:high])


def _packed(spans: Spans, bits: int, first: int, last: int) -> _Packed:
    """The spans of the documents from `first` to `last`, numbered from the first."""
    inside = (spans.document >= first) & (spans.document < last)
    document, label, start, end = spans if inside.all() else spans.where(inside)
    cell = ((document - first) << _LABEL_BITS) | label
    key = np.sort((cell << (2 * bits)) | (start << bits) | end)
    fresh = np.append(True, key[1:] != key[:-1])[: len(key)]
    if fresh.all():
        return _Packed(key, np.ones(len(key), dtype=np.int64))
    return _Packed(key[fresh], np.diff(np.append(np.flatnonzero(fresh), len(key))))


def _unpacked(key: Ints, bits: int) -> tuple[Ints, Ints, Ints]:
    """Cell (document and label), start and end of each span."""
    mask = (1 << bits) - 1
    return key >> (2 * bits), (key >> bits) & mask, key & mask


def _slice_counts(
    gold: _Packed, predicted: _Packed, bits: int, documents: int
) -> NDArray[np.float64]:
    counts = np.zeros((documents, len(COLUMNS)))
    by_label = np.zeros((documents * len(LABELS), 2, 3))
    partner = np.searchsorted(predicted.key, gold.key)
    strict = np.append(predicted.key, -1)[partner] == gold.key
    found = np.zeros(len(predicted.key), dtype=np.bool_)
    found[partner[strict]] = True
    # A span is one, however many records share it; only what is given more often than
    # gold has it is too much.
    surplus = predicted.times - 1
    if surplus.any():
        allowed = np.zeros(len(surplus), dtype=np.int64)
        allowed[partner[strict]] = gold.times[strict] - 1
        surplus = np.maximum(0, surplus - allowed)
    size = len(by_label)
    for i, side in enumerate((predicted, gold), start=1):
        cell, start, end = _unpacked(side.key, bits)
        by_label[:, 0, i] = np.bincount(cell, minlength=size)
        by_label[:, 1, i] = _covered(cell, start, end, bits, size)
    given = predicted.key >> (2 * bits)
    by_label[:, 0, 1] += np.bincount(given, weights=surplus, minlength=size)
    both = np.sort(np.concatenate([gold.key, predicted.key]), kind="stable")
    by_label[:, 1, 0] = by_label[:, 1, 1:].sum(axis=-1)
    by_label[:, 1, 0] -= _covered(*_unpacked(both, bits), bits, size)
    by_label[:, 0, 0] = np.bincount(gold.key[strict] >> (2 * bits), minlength=size)
    counts[:, :-3] = by_label.reshape(documents, -1)
    counts[:, -3:] = by_label[:, 0, 0].reshape(documents, -1).sum(axis=1)[:, None]
    rest = []
    for key in (gold.key[~strict], predicted.key[~found]):
        cell, start, end = _unpacked(key, bits)
        rest.append(Spans(cell >> _LABEL_BITS, cell & _LABEL_MASK, start, end))
    for document, shared in pair_spans(rest[0], rest[1], 1 << bits):
        for column, bit in ((-3, EXACT), (-2, TYPE), (-1, OVERLAPPING)):
            counts[:, column] += np.bincount(document[shared & bit > 0], minlength=documents)
    return counts


def _covered(cell: Ints, start: Ints, end: Ints, bits: int, size: int) -> NDArray[Any]:
    """Characters under at least one span of each cell; spans in order of cell and start."""
    base = cell << bits
    reached = np.maximum.accumulate(base + end)
    fresh = reached - (base + start)
    fresh[1:] = reached[1:] - np.maximum((base + start)[1:], reached[:-1])
    return np.bincount(cell, weights=np.maximum(0, fresh), minlength=size)
