"""The scorers that are measured: ours, and what others would do with the same files.

A contender is one step or several. A step takes what the one before it gave, and each is
timed by itself.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from nervaluate import Evaluator
from numpy.typing import NDArray
from scipy.stats import permutation_test
from seqeval.metrics import classification_report

from counterclaim.batches import Lines
from counterclaim.columns import Batch, Spans, labelled_spans
from counterclaim.counting import named
from counterclaim.metrics.labels import Table
from counterclaim.metrics.spans import span_counts, span_scores
from counterclaim.model import LABELS, LAYERS, Document
from counterclaim.pairing import BATCH
from counterclaim.scoring import Scores, score_files
from counterclaim.tasks import TASKS

Files = tuple[Path, Path]
Contender = tuple[Callable[[Any], Any], ...]
SPANS = TASKS["spans"]
_TOKEN = re.compile(r"\S+")


def ours_from_files(files: Files, *, checked: bool = True) -> Contender:
    """Two files to four modes with intervals."""

    def run(_: None) -> Scores:
        return score_files(SPANS, *files, checked=checked)

    return (run,)


def ours_from_arrays(gold: Spans, predicted: Spans, size: int) -> Contender:
    """Arrays of spans to four modes."""

    def run(_: None) -> Table:
        return span_scores(named(SPANS, span_counts(gold, predicted, size).sum(axis=0)))

    return (run,)


def ours_from_records(gold: list[Document], predicted: list[Any]) -> Contender:
    """Typed records to four modes, some hundreds at a time, as they are paired."""

    def run(_: None) -> Table:
        parts = [slice(first, first + BATCH) for first in range(0, len(gold), BATCH)]
        counts = [SPANS.count(Batch(gold[part], predicted[part])).sum(axis=0) for part in parts]
        return span_scores(named(SPANS, np.sum(counts, axis=0)))

    return (run,)


def nervaluate_from_files(files: Files) -> Contender:
    """Two files, read by json, to nervaluate's dictionaries; these to four modes."""

    def read(_: None) -> list[list[list[dict[str, Any]]]]:
        return [[entities(record) for record in _records(path)] for path in files]

    return read, _nervaluate


def nervaluate_from_dictionaries(files: Files) -> Contender:
    """Dictionaries as nervaluate takes them to four modes."""
    sides = nervaluate_from_files(files)[0](None)
    return (lambda _: _nervaluate(sides),)


def seqeval_from_files(files: Files) -> Contender:
    """Two files, read by json, to BIO tags; these to a report by label."""

    def read(_: None) -> list[list[list[str]]]:
        return [[tags(record) for record in _records(path)] for path in files]

    return read, lambda sides: classification_report(*sides, output_dict=True)


def orjson_from_files(files: Files) -> Contender:
    """The lines of both files parsed and dropped."""

    def run(_: None) -> None:
        for path in files:
            with path.open("rb") as lines:
                for line in lines:
                    orjson.loads(line)

    return (run,)


def scipy_test(a: NDArray[Any], b: NDArray[Any], *, resamples: int, seed: int) -> Contender:
    """The paired test on counts of shape (documents, 2), of the difference of `ratio`."""

    def difference(x: NDArray[Any], y: NDArray[Any], axis: int) -> NDArray[np.float64]:
        return ratio(x.sum(axis=axis)) - ratio(y.sum(axis=axis))

    def run(_: None) -> float:
        found = permutation_test(
            (a.T, b.T), difference, permutation_type="samples", vectorized=True, axis=-1,
            n_resamples=resamples, batch=500, rng=np.random.default_rng(seed),
        )  # fmt: skip
        return float(found.pvalue)

    return (run,)


def ratio(summed: NDArray[Any]) -> NDArray[np.float64]:
    """The first of two sums by the second, over the last axis."""
    quotient: NDArray[np.float64] = summed[..., 0] / summed[..., 1]
    return quotient


def entities(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The spans of a record as nervaluate has them: ends are inclusive."""
    return [
        {"label": label, "start": start, "end": end - 1} for label, start, end in _spans(record)
    ]


def tags(record: dict[str, Any]) -> list[str]:
    """A tag for each word of a record; of overlapping spans, the first is kept."""
    words = [word.span() for word in _TOKEN.finditer(record["text"])]
    starts, ends = [start for start, _ in words], [end for _, end in words]
    found = ["O"] * len(words)
    for label, start, end in _spans(record):
        first, last = bisect_right(ends, start), bisect_left(starts, end)
        if all(tag == "O" for tag in found[first:last]):
            found[first:last] = [f"B-{label}", *[f"I-{label}"] * (last - first - 1)]
    return found


class Loaded(NamedTuple):
    """A file of documents as typed records, and their spans as arrays."""

    records: list[Document]
    spans: Spans


def load(path: Path, *, records: bool = True) -> Loaded:
    """Read a file of documents.

    Args:
        path: JSON lines.
        records: Whether to keep the records.
    """
    kept: list[Document] = []
    parts = []
    with Lines(path, Document) as lines:
        for batch in lines.batches():
            part = labelled_spans(batch.records)
            parts.append(part._replace(document=part.document + batch.first - 1))
            if records:
                kept += batch.records
    return Loaded(kept, Spans(*map(np.concatenate, zip(*parts, strict=True))))


def _nervaluate(sides: list[list[list[dict[str, Any]]]]) -> dict[str, Any]:
    found: dict[str, Any] = Evaluator(*sides, tags=list(LABELS), loader="dict").evaluate()
    return found


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _spans(record: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    for label, layer in zip(LABELS, LAYERS, strict=True):
        for each in record[layer]:
            span = each.get("mention") or each.get("content") or each["cue"]
            yield label, span["start"], span["end"]
