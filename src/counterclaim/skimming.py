"""Gold and predictions of files that are known to be sound, read for their spans alone.

What a line says of spans goes straight into arrays and the line is dropped; nothing is
checked but that ids are there once and spans could be spans.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from counterclaim.batches import Lines
from counterclaim.columns import Batch, Ints, Spans, labelled_spans
from counterclaim.errors import DataError
from counterclaim.model import Document
from counterclaim.pairing import SECOND, TWICE, elsewhere, number_lines, pair_files
from counterclaim.tasks import Task

BATCH = 2048  # documents that are compared at a time
CHUNK = 2**18  # bytes: records of so many are gone before they leave the cache


class _Head(NamedTuple):
    """What of a document is not its annotation and still decides a result."""

    doc_id: str
    cluster: str
    corpus: str
    split: str
    guidelines: str


_head = attrgetter(*_Head._fields)


def skim_files(task: Task, gold: Path | str, predictions: Path | str) -> Iterator[Batch]:
    """Pair the records of two files as `pair_files` does, without the checks.

    Batches hold spans and no records. Predictions whose document has not come yet are kept
    as arrays. A task that needs more than spans is paired by `pair_files`.

    Args:
        task: The task.
        gold: Documents, JSON lines.
        predictions: Predictions, JSON lines, in any order.

    Raises:
        DataError: With file and line, the first record found that cannot be used.
    """
    if task.slim is None:
        yield from pair_files(task, gold, predictions)
        return
    kinds = task.slim
    with (
        Lines(gold, kinds[0], checked=False, chunk=CHUNK) as of_gold,
        Lines(predictions, kinds[1], checked=False, chunk=CHUNK) as lines,
    ):
        source = _Predictions(lines)
        parts: set[str] = set()
        seen: dict[str, int] = {}
        for heads, spans in _documents(of_gold, seen):
            parts.update({f"{head.corpus} {head.split}" for head in heads})
            ids = [head.doc_id for head in heads]
            # All that is read of a document beside its spans is in its head.
            batch = Batch(cast(list[Document], heads), (), source.missing(ids))
            batch.spans = spans, source.take(ids)
            yield batch
        if left := source.left():
            line, doc_id = left
            raise DataError(
                f"{predictions}:{line}: {doc_id}: {elsewhere(doc_id, parts, len(seen))}"
            )


def _documents(lines: Lines, seen: dict[str, int]) -> Iterator[tuple[list[_Head], Spans]]:
    """Some documents at a time, and their spans, numbered as they come."""
    heads: list[_Head] = []
    spans: list[Spans] = []
    for batch in lines.batches():
        part = labelled_spans(batch.records)
        spans.append(part._replace(document=part.document + len(heads)))
        found = [_Head(*values) for values in map(_head, batch.records)]
        number_lines(lines.path, [head.doc_id for head in found], batch.first, seen, TWICE)
        heads += found
        if len(heads) >= BATCH:
            yield heads, _joined(spans)
            heads, spans = [], []
    if heads:
        yield heads, _joined(spans)


class _Predictions:
    """The spans of predictions, to be asked for by document."""

    def __init__(self, lines: Lines):
        self._lines = lines
        self._batches = lines.batches()
        self._held: dict[str, Ints] = {}  # label, start and end of each, by columns
        self._line: dict[str, int] = {}

    def missing(self, ids: Sequence[str]) -> list[str]:
        """Those of which the file has no prediction; it is read as far as needed."""
        wanted = set(ids)
        while not wanted <= self._held.keys() and self._read():
            pass
        return [doc_id for doc_id in ids if doc_id not in self._held]

    def take(self, ids: Sequence[str]) -> Spans:
        """The spans of documents, numbered as they are asked for."""
        found = [self._held.pop(doc_id, _NONE) for doc_id in ids]
        document = np.repeat(np.arange(len(found)), [part.shape[1] for part in found])
        return Spans(document, *np.concatenate(found, axis=1))

    def left(self) -> tuple[int, str] | None:
        """The line of the first prediction that nobody asked for, and its document."""
        while self._read():
            pass
        for doc_id in self._held:  # in the order of the file
            return self._line[doc_id], doc_id
        return None

    def _read(self) -> bool:
        batch = next(self._batches, None)
        if batch is None:
            return False
        ids = [record.doc_id for record in batch.records]
        number_lines(self._lines.path, ids, batch.first, self._line, SECOND)
        spans = labelled_spans(batch.records)
        order = np.argsort(spans.document, kind="stable")
        columns = np.stack(spans[1:])[:, order]
        ends = np.cumsum(np.bincount(spans.document, minlength=len(ids))).tolist()
        parts = [columns[:, first:end] for first, end in pairwise([0, *ends])]
        self._held.update(zip(ids, parts, strict=True))
        return True


_NONE = np.zeros((3, 0), dtype=np.int64)


def _joined(parts: Sequence[Spans]) -> Spans:
    return Spans(*map(np.concatenate, zip(*parts, strict=True)))
