"""Votes of other runs: what more than half of them say.

A sentence has a label, and a stretch of text is a span, if more than half of the runs have it;
spans are compared exactly, so runs that differ by a word do not add up. Where all runs give
scores of labels, their mean is given too. What it is not: a model. It needs the predictions
of others for the same documents.

Source of the form: Kittler et al. (1998), On Combining Classifiers.

Options: `runs`, names of predictions files with commas between.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from counterclaim import Document, Example, ModelError, Prediction, Task

TASKS = ("sentences/runs", "spans/runs")  # with predictions of others
ANCHORS = {  # a sentence has the label of a record where the first that it has begins
    "accusations": ("content",),
    "denials": ("cue", "content"),
    "casualties": ("mention",),
    "locations": ("mention",),
}


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example], *, runs: str = ""
) -> Callable[[Sequence[Document]], list[Any]]:
    """Read the runs; nothing is trained."""
    paths = [Path(name) for name in runs.split(",") if name]
    if len(paths) < 2:
        raise ModelError("fewer than two runs; expected the option runs=FILE,FILE")
    votes = [_read(path) for path in paths]

    def predict(documents: Sequence[Document]) -> list[Any]:
        for path, run in zip(paths, votes, strict=True):
            if missing := [d.doc_id for d in documents if d.doc_id not in run]:
                raise ModelError(f"{path}: no prediction for {missing[0]}; expected all documents")
        vote = _spans if task.layers else _labels
        return [vote(d, [run[d.doc_id] for run in votes]) for d in documents]

    return predict


def _read(path: Path) -> dict[str, dict[str, Any]]:
    records = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    return {record["doc_id"]: record for record in records}


def _labels(document: Document, votes: Sequence[dict[str, Any]]) -> Prediction:
    rows = [_of_sentences(document, vote) for vote in votes]
    counts = [Counter(label for row in each for label in row) for each in zip(*rows, strict=True)]
    labels = [[name for name, n in count.items() if 2 * n > len(votes)] for count in counts]
    scores = [vote.get("sentence_scores") for vote in votes]
    if None in scores:
        return Prediction(document.doc_id, sentence_labels=labels)
    means = [
        {name: sum(s[name] for s in each) / len(votes) for name in _shared(each)}
        for each in zip(*scores, strict=True)
    ]
    return Prediction(document.doc_id, sentence_labels=labels, sentence_scores=means)


def _shared(scores: Sequence[dict[str, float]]) -> list[str]:
    """Labels that all runs score."""
    return [name for name in scores[0] if all(name in each for each in scores)]


def _of_sentences(document: Document, vote: dict[str, Any]) -> list[list[str]]:
    """Labels of sentences as they are given, or as they follow from layers."""
    if "sentence_labels" in vote:
        return vote["sentence_labels"]  # type: ignore[no-any-return]
    found: list[list[str]] = [[] for _ in document.sentences]
    for layer, anchors in ANCHORS.items():
        label = {"casualties": "casualty"}.get(layer, layer[:-1])
        for record in vote.get(layer, ()):
            span = _anchor(record, anchors)
            number = sum(s.start <= span["start"] for s in document.sentences) - 1
            if label not in found[number]:
                found[number].append(label)
    return found


def _spans(document: Document, votes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"doc_id": document.doc_id}
    for layer, names in ANCHORS.items():
        anchors = names[::-1]  # a denial is compared by its content, if it has one
        counts: Counter[tuple[int, int]] = Counter()
        for vote in votes:
            spans = [_anchor(record, anchors) for record in vote[layer]]
            counts.update({(span["start"], span["end"]) for span in spans})
        empty = dict.fromkeys(anchors)
        found[layer] = [
            {**empty, anchors[0]: {"start": start, "end": end}}
            for (start, end), n in sorted(counts.items())
            if 2 * n > len(votes)
        ]
    return found


def _anchor(record: dict[str, Any], anchors: Sequence[str]) -> dict[str, int]:
    return next(record[name] for name in anchors if record.get(name))
