"""Gold and predictions brought together, batch by batch, and checked.

A document without a prediction gets an empty one. A prediction for an unknown document, a
doubled or a malformed one is an error: predictions are never dropped silently.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from counterclaim import corpus
from counterclaim.batches import Lines
from counterclaim.columns import Batch, Columns
from counterclaim.errors import DataError
from counterclaim.model import (
    LAYERS,
    Accusation,
    Casualty,
    Denial,
    Document,
    Location,
    Prediction,
    text_hash,
)
from counterclaim.predictions import complete, empty_prediction, typed
from counterclaim.tasks import Task
from counterclaim.validate.quick import suspicious
from counterclaim.validate.reading import NEEDED, READABLE, check

BATCH = 512  # documents that are compared at a time
HELD = 4096  # predictions that are kept in memory while their document is awaited
# The fields of a document that a prediction may repeat, if they agree.
_METADATA = tuple(
    field for field in Document.__struct_fields__ if field not in LAYERS and field != "doc_id"
)
_metadata = attrgetter(*_METADATA)
_TEXTS = ("text", "title")


class Placed(NamedTuple):
    """A prediction and the words that say where it stands, for messages."""

    where: str
    prediction: Prediction


class _WholeDocument(Document, frozen=True, forbid_unknown_fields=True, gc=False, kw_only=True):
    """A document with all its layers, so that a missing one is noticed."""

    accusations: tuple[Accusation, ...]
    denials: tuple[Denial, ...]
    casualties: tuple[Casualty, ...]
    locations: tuple[Location, ...]


def pair(
    task: Task,
    gold: Sequence[Document],
    predictions: Iterable[Placed | Prediction | dict[str, Any]],
) -> Iterator[Batch]:
    """Pair documents with predictions, both in memory, in the order of the documents.

    Args:
        task: The task.
        gold: The documents.
        predictions: Records, or dicts as a predictions file has them, in any order.

    Raises:
        DataError: A prediction fits no document, is a second one, or is malformed.
    """
    documents = {document.doc_id: document for document in gold}
    given: dict[str, Placed] = {}
    for each in predictions:
        where, prediction = each if isinstance(each, Placed) else ("", each)
        if isinstance(prediction, dict):
            prediction = _typed(task, prediction)
        doc_id = prediction.doc_id
        if doc_id not in documents:
            parts = {f"{document.corpus} {document.split}" for document in gold}
            raise DataError(f"{where}{doc_id}: {elsewhere(doc_id, parts, len(gold))}")
        if doc_id in given:
            raise DataError(f"{where}{SECOND.format(doc_id)}")
        given[doc_id] = Placed(where, complete(prediction))
    # Checked in their own order, so that the first wrong line is the one that is named.
    placed = list(given.values())
    for first in range(0, len(placed), BATCH):
        some = placed[first : first + BATCH]
        held = [documents[each.prediction.doc_id] for each in some]
        places = [each.where for each in some]
        try:
            check_batch(task, Batch(held, [each.prediction for each in some]), places.__getitem__)
        except (AttributeError, TypeError, ValueError):
            for each in some:  # built in Python, where nothing checks a type
                _typed(task, each.prediction)
            raise
    for first in range(0, len(gold), BATCH):
        part = gold[first : first + BATCH]
        missing = [document.doc_id for document in part if document.doc_id not in given]
        some = [given.get(d.doc_id) or Placed("", empty_prediction(d.doc_id)) for d in part]
        yield Batch(part, [each.prediction for each in some], missing)


def _typed(task: Task, prediction: Any) -> Any:
    try:
        return typed(prediction, task.prediction)
    except DataError as error:
        doc_id = prediction.get("doc_id") if isinstance(prediction, dict) else prediction.doc_id
        raise DataError(f"{doc_id}: {error}") from None


def pair_files(
    task: Task,
    gold: Path | str,
    predictions: Path | str,
) -> Iterator[Batch]:
    """Pair the records of two files without holding either.

    Predictions may stand in any order. Those whose document has not come yet are kept in
    memory up to a number, and beyond it read again when they are needed.

    Args:
        task: The task.
        gold: Documents, JSON lines.
        predictions: Predictions, JSON lines.

    Raises:
        DataError: With file and line, the first record found that cannot be used.
    """
    with Lines(gold, _WholeDocument, Document) as of_gold, _lines(predictions, task) as lines:
        source = _Predictions(lines)
        seen: dict[str, int] = {}
        parts: set[str] = set()
        for number, documents in _documents(of_gold):
            number_lines(gold, [document.doc_id for document in documents], number, seen, TWICE)
            for i in suspicious(documents, Columns(documents), gold=True):
                check(documents[i], NEEDED, f"{gold}:{number + i}: {documents[i].doc_id}")
            parts.update({f"{document.corpus} {document.split}" for document in documents})
            batch, at = source.take(documents)
            check_batch(task, batch, lambda i, at=at: f"{predictions}:{at[i]}: ")  # type: ignore[misc]
            yield batch
        if left := source.left():
            line, doc_id = left
            raise DataError(
                f"{predictions}:{line}: {doc_id}: {elsewhere(doc_id, parts, len(seen))}"
            )


def read_predictions(path: Path | str, task: Task) -> list[Placed]:
    """Read a file of predictions, each with its file and line.

    Raises:
        LineError: The first line that is no prediction.
    """
    with _lines(path, task) as lines:
        return [
            Placed(f"{path}:{batch.first + i}: ", complete(record))
            for batch in lines.batches()
            for i, record in enumerate(batch.records)
        ]


def check_batch(task: Task, batch: Batch, where: Callable[[int], str]) -> None:
    """Check that predictions fit their documents.

    Args:
        task: The task.
        batch: The documents and predictions.
        where: For the number of a prediction, the words that say where it stands.

    Raises:
        DataError: One does not; behind those words, the message says how.
    """
    doubtful = set(suspicious(batch.gold, batch.predicted_columns, gold=False))
    for number, (document, prediction) in enumerate(batch):
        try:
            if _metadata(prediction) != _metadata(document):
                _check_metadata(document, prediction)
            if number in doubtful:
                layers = {name: getattr(prediction, name) or () for name in LAYERS}
                check(msgspec.structs.replace(document, **layers), READABLE, document.doc_id)
            task.check(document, prediction)
        except DataError as error:
            stated = str(error)
            name = "" if stated.startswith(document.doc_id) else f"{document.doc_id}: "
            raise DataError(f"{where(number)}{name}{stated}") from None


TWICE = "{} stands there twice; expected once"
SECOND = "{}: a second prediction for this document; expected one"


def _check_metadata(document: Document, prediction: Prediction) -> None:
    for field in _METADATA:
        value, known = getattr(prediction, field), getattr(document, field)
        if value is UNSET or value == known:
            continue
        if field == "text" and known is None and value is not None:
            value, known = text_hash(value), document.sha256  # gold is a stand-off record
            if value == known:
                continue
        elif field in _TEXTS and None in (value, known):
            continue
        if field in (*_TEXTS, "sha256"):
            raise DataError(f"{field} differs; the prediction is for another text")
        raise DataError(f"{field} is {value!r:.80}; expected {known!r:.80} as in gold, or none")


def _documents(lines: Lines) -> Iterator[tuple[int, list[Document]]]:
    for batch in lines.batches():
        for first in range(0, len(batch.records), BATCH):
            yield batch.first + first, batch.records[first : first + BATCH]


def _lines(predictions: Path | str, task: Task) -> Lines:
    """A file of predictions; of the types that one may have the fuller is tried first."""
    kinds: list[type[Any]] = list(dict.fromkeys((Prediction, task.prediction)))
    return Lines(predictions, *kinds)


_READY = {Prediction}  # the type that needs no completion


class _Predictions:
    """The predictions of a file, to be asked for by document."""

    def __init__(self, lines: Lines):
        self._lines = lines
        self._batches = lines.batches()
        self._held: dict[str, Any] = {}  # a record, or where its line is in the file
        self._line: dict[str, int] = {}

    def take(self, documents: Sequence[Document]) -> tuple[Batch, list[int]]:
        """These documents with their predictions, and the lines of those; 0 for none."""
        ids = [document.doc_id for document in documents]
        wanted = set(ids)
        while not wanted <= self._held.keys() and self._read(wanted):
            pass
        missing = [doc_id for doc_id in ids if doc_id not in self._held]
        predictions = [self._held.pop(doc_id, None) for doc_id in ids]
        if not _READY.issuperset(map(type, predictions)):
            predictions = [self._again(*pair) for pair in zip(ids, predictions, strict=True)]
        lines = [self._line.get(doc_id, 0) for doc_id in ids]
        return Batch(documents, predictions, missing), lines

    def left(self) -> tuple[int, str] | None:
        """The line of the first prediction that nobody asked for, and its document."""
        while self._read(set()):
            pass
        for doc_id in self._held:  # in the order of the file
            return self._line[doc_id], doc_id
        return None

    def _read(self, wanted: set[str]) -> bool:
        batch = next(self._batches, None)
        if batch is None:
            return False
        ids = [record.doc_id for record in batch.records]
        number_lines(self._lines.path, ids, batch.first, self._line, SECOND)
        if len(self._held) + len(ids) <= HELD:
            self._held.update(zip(ids, batch.records, strict=True))
            return True
        offsets = batch.offsets()
        for i, doc_id in enumerate(ids):
            kept = doc_id in wanted or len(self._held) < HELD
            self._held[doc_id] = batch.records[i] if kept else (offsets[i], offsets[i + 1])
        return True

    def _again(self, doc_id: str, held: Any) -> Any:
        """The prediction that was held: whole, by its place in the file, or not at all."""
        if held is None:
            return empty_prediction(doc_id)
        if isinstance(held, tuple):
            held = self._lines.record_at(held, self._line[doc_id])
        return complete(held)


def number_lines(
    path: Path | str, ids: Sequence[str], first: int, known: dict[str, int], second: str
) -> None:
    """Add the lines of some documents, from `first` on, to those that are known.

    Raises:
        DataError: A document has two lines; the message says `second` of it.
    """
    lines = dict(zip(ids, range(first, first + len(ids)), strict=True))
    if len(lines) < len(ids) or not known.keys().isdisjoint(lines):
        seen = set(known)
        for line, doc_id in enumerate(ids, start=first):
            if doc_id in seen:
                raise DataError(f"{path}:{line}: {second.format(doc_id)}")
            seen.add(doc_id)
    known |= lines


def elsewhere(doc_id: str, expected: Iterable[str], size: int) -> str:
    """Say where an unexpected document belongs, if the data has it at all."""
    parts = ", ".join(sorted(expected))
    for split, corpora in corpus.manifest()["splits"].items():
        for name, doc_ids in corpora.items():
            if doc_id in doc_ids:
                return f"is a document of {name} {split}; expected {parts}"
    return f"unknown document; expected one of {size} ({parts})"
