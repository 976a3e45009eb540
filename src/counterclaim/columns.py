"""The spans and values of many records as arrays, one element each.

Python looks at every record once, in C; what follows works on arrays.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterclaim.model import LAYERS, Document, Prediction, Span

Ints = NDArray[np.int64]
_ABSURD = 2**60


class Places(NamedTuple):
    """Where spans are: the number of the document, and offsets in code points."""

    owner: Ints
    start: Ints
    end: Ints


class Layer:
    """The records of one layer of many documents, one after the other."""

    def __init__(self, layers: Sequence[Sequence[Any]]):
        """Take the layer of each document; absent ones are empty."""
        self.records: list[Any] = list(chain.from_iterable(layers))
        self.owner: Ints = np.repeat(
            np.arange(len(layers)), np.fromiter(map(len, layers), np.int64, len(layers))
        )
        self._spans: dict[str, Places] = {}

    def values(self, field: str) -> list[Any]:
        """A field of every record."""
        return list(map(attrgetter(field), self.records))

    def spans(self, field: str) -> Places:
        """The spans of a field, without records in which it is null or absent."""
        if field not in self._spans:
            self._spans[field] = places(self.values(field), self.owner)
        return self._spans[field]


class Columns:
    """The four layers of many documents or predictions.

    Attributes:
        size: Number of documents.
    """

    def __init__(self, documents: Sequence[Any]):
        """Take documents or predictions."""
        self.size = len(documents)
        self._layers = {
            name: Layer([layer or () for layer in map(attrgetter(name), documents)])
            for name in LAYERS
        }

    def __getitem__(self, layer: str) -> Layer:
        return self._layers[layer]


class Batch:
    """Some documents with a prediction each, and both as columns.

    Attributes:
        gold: The documents.
        predicted: The predictions, in the same order; empty ones where there are none.
        missing: The documents of which there are none.
    """

    def __init__(
        self,
        gold: Sequence[Document],
        predicted: Sequence[Prediction],
        missing: Collection[str] = (),
    ):
        """Take both sides, of one length."""
        self.gold = gold
        self.predicted = predicted
        self.missing = missing

    def __len__(self) -> int:
        return len(self.gold)

    def __iter__(self) -> Iterator[tuple[Document, Prediction]]:
        return zip(self.gold, self.predicted, strict=True)

    @cached_property
    def predicted_columns(self) -> Columns:
        """The layers of the predictions."""
        return Columns(self.predicted)

    @cached_property
    def spans(self) -> "tuple[Spans, Spans]":
        """The labelled spans of both sides."""
        return labelled_spans(self.gold), labelled_spans(self.predicted)


class Spans(NamedTuple):
    """Labelled spans of many documents, as arrays of one length.

    Attributes:
        document: Number of the document.
        label: Index in `model.LABELS`.
        start: First code point.
        end: One beyond the last.
    """

    document: Ints
    label: Ints
    start: Ints
    end: Ints

    def where(self, chosen: Any) -> "Spans":
        """Those that a mask or an index chooses."""
        return Spans(*(column[chosen] for column in self))


def labelled_spans(records: Sequence[Any]) -> Spans:
    """The spans that stand for the records of documents, one for each record.

    Content of an accusation, content of a denial or its cue if it has none, mention of a
    casualty or a location. Documents are numbered in their order.
    """
    anchors: list[Any] = []
    sizes: list[int] = []
    for name in LAYERS:
        layers = [layer or () for layer in map(attrgetter(name), records)]
        sizes += map(len, layers)
        anchors += _ANCHORS[name](chain.from_iterable(layers))
    number = np.repeat(np.arange(len(sizes)), np.array(sizes, dtype=np.int64))
    label, document = np.divmod(number, max(1, len(records)))
    start, end = (_integers(attrgetter(name), anchors) for name in ("start", "end"))
    return Spans(document, label, start, end)


_NOWHERE = Span(0, 0)
_ANCHORS: dict[str, Callable[[Iterable[Any]], Iterable[Span]]] = {
    "accusations": lambda records: map(attrgetter("content"), records),
    "denials": lambda records: [r.content or r.cue or _NOWHERE for r in records],
    "casualties": lambda records: map(attrgetter("mention"), records),
    "locations": lambda records: map(attrgetter("mention"), records),
}


def places(spans: Sequence[Any], owner: Ints) -> Places:
    """Offsets of spans, each with its owner; without those that are null or absent."""
    present = list(filter(None, spans))
    if len(present) < len(spans):
        owner = owner[np.fromiter(map(bool, spans), np.bool_, len(spans))]
    return Places(owner, *(_integers(attrgetter(name), present) for name in ("start", "end")))


def _integers(get: Callable[[Any], int], values: Sequence[Any]) -> Ints:
    try:
        return np.fromiter(map(get, values), np.int64, len(values))
    except OverflowError:  # no text is as long; a bound that is as absurd will do
        return np.array([max(-_ABSURD, min(get(value), _ABSURD)) for value in values])
