"""The floor with chance: labels and records drawn as often as training has them.

Each label is given to a sentence with its share of the training sentences. A record is
drawn for a sentence with the share of training sentences that one begins in; its span is
as many words long as that of a record drawn from training, begins anywhere in the sentence,
and its other fields are that record's. Where mentions are given, the rest of each record is
drawn from training. What it is not: a model. It reads nothing, and what it scores is what
the composition of the data gives away.

The numbers drawn for a document follow from the seed and its doc_id alone.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from counterclaim import Document, Example, Prediction, Span, Task

# The span that a record is known by, and those that are drawn beside it.
ANCHORS = {
    "accusations": "content",
    "denials": "content",
    "casualties": "mention",
    "locations": "mention",
}
ROLES = ("cue", "source", "target")


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example], *, seed: int = 0
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Count over all training documents; `dev` is not needed."""
    answer = _labels(task, train) if not task.layers else _layers(task, train)

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        return [
            Prediction(d.doc_id, **answer(d, random.Random(f"{seed} {d.doc_id}")))
            for d in documents
        ]

    return predict


Answer = Callable[[Document, random.Random], dict[str, Any]]


def _labels(task: Task, train: Sequence[Example]) -> Answer:
    sentences = [labels for example in train for labels in example.gold]
    shares = {
        label: sum(label in labels for labels in sentences) / max(len(sentences), 1)
        for label in task.labels
    }

    def answer(document: Document, draw: random.Random) -> dict[str, Any]:
        return {
            "sentence_labels": [
                [label for label, share in shares.items() if draw.random() < share]
                for _ in document.sentences
            ]
        }

    return answer


def _layers(task: Task, train: Sequence[Example]) -> Answer:
    sentences = max(sum(len(example.document.sentences) for example in train), 1)
    seen = {
        layer: [
            (record, _length(example.document, getattr(record, ANCHORS[layer])))
            for example in train
            for record in getattr(example.gold, layer)
        ]
        for layer in task.layers
    }
    links = [len(record.answers) for record, _ in seen.get("denials", ())]

    def answer(document: Document, draw: random.Random) -> dict[str, Any]:
        drawn: dict[str, list[Any]] = {}
        for layer, records in seen.items():
            if task.mentions == "gold":
                given = getattr(document, layer)
                others = [draw.choice(records)[0] for _ in given] if records else given
                drawn[layer] = [
                    _filled(record, other) for record, other in zip(given, others, strict=True)
                ]
            else:
                share = len(records) / sentences
                drawn[layer] = [
                    _placed(f"{layer[0]}{i}", draw.choice(records), document, sentence, draw)
                    for i, sentence in enumerate(document.sentences)
                    if draw.random() < share
                ]
        keys = [record.id for record in drawn.get("accusations", ())]
        for i, denial in enumerate(drawn.get("denials", ())):
            number = min(draw.choice(links), len(keys)) if links else 0
            drawn["denials"][i] = replace(denial, answers=tuple(draw.sample(keys, number)))
        return {layer: tuple(records) for layer, records in drawn.items()}

    return answer


def _length(document: Document, span: Span | None) -> int:
    """Of a span in words; one where there is none."""
    return len((document.words(span) or "one").split())


def _filled(given: Any, other: Any) -> Any:
    """A given mention with what another record says of its own."""
    names = ("claim", "country", "lat", "lon", "role")
    return replace(given, **{n: getattr(other, n) for n in names if hasattr(given, n)})


def _placed(
    key: str, drawn: tuple[Any, int], document: Document, sentence: Span, draw: random.Random
) -> Any:
    """A training record at words of a sentence; its other spans stand at words too."""
    record, length = drawn
    text = document.text or ""
    words = [match.span() for match in re.finditer(r"\w+", text[sentence.start : sentence.end])]
    words = words or [(0, sentence.end - sentence.start)]

    def span(wanted: int) -> Span:
        first = draw.randrange(max(1, len(words) - wanted + 1))
        last = min(first + wanted, len(words)) - 1
        return Span(sentence.start + words[first][0], sentence.start + words[last][1])

    anchor = "mention" if hasattr(record, "mention") else "content"
    changes: dict[str, Any] = {"id": key, anchor: span(length)}
    for role in ROLES:
        if getattr(record, role, None) is not None:
            changes[role] = span(1)
    return replace(record, **changes)
