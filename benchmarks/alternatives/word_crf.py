"""A CRF with the word features of a first tutorial: form, ends, shape, and one word around."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pycrfsuite

from counterclaim import Document, Example, Span, Task

Words = list[tuple[str, int, int]]
TASKS = ("spans",)
ANCHORS = {
    "accusations": ("content",),
    "denials": ("content", "cue"),
    "casualties": ("mention",),
    "locations": ("mention",),
}


def fit(task: Task, train: Sequence[Example], dev: Sequence[Example]) -> Any:
    """One CRF for each layer, all settings by default."""
    taggers = {}
    for layer, names in ANCHORS.items():
        trainer = pycrfsuite.Trainer(verbose=False)
        for example in train:
            records = getattr(example.gold, layer)
            spans = [next(s for n in names if (s := getattr(r, n))) for r in records]
            for sentence in example.document.sentences:
                words = tokens(example.document, sentence)
                trainer.append(features(words), tags(words, spans))
        with tempfile.TemporaryDirectory() as folder:
            trainer.train(str(Path(folder) / "model"))
            taggers[layer] = pycrfsuite.Tagger()
            taggers[layer].open(str(Path(folder) / "model"))
    return lambda documents: [predicted(document, taggers) for document in documents]


def tokens(document: Document, sentence: Span) -> Words:
    """Words with their offsets."""
    found = re.finditer(r"\w+|[^\w\s]", (document.text or "")[sentence.start : sentence.end])
    return [(m[0], sentence.start + m.start(), sentence.start + m.end()) for m in found]


def tags(words: Words, spans: Sequence[Span]) -> list[str]:
    """Begin, inside, outside."""
    row = ["O"] * len(words)
    for span in spans:
        inside = [i for i, (_, a, b) in enumerate(words) if a < span.end and span.start < b]
        for i in inside:
            row[i] = "B" if i == inside[0] else "I"
    return row


def features(words: Words) -> list[list[str]]:
    """Of each word and of its neighbours."""
    own = [
        [w.lower(), w[-3:], w[-2:], f"upper={w.isupper()}", f"title={w.istitle()}",
         f"digit={w.isdigit()}"]
        for w, *_ in words
    ]  # fmt: skip
    around = [["BOS"], *own, ["EOS"]]
    return [
        ["bias", *own[i], *(f"-1:{f}" for f in around[i]), *(f"+1:{f}" for f in around[i + 2])]
        for i in range(len(own))
    ]


def predicted(document: Document, taggers: dict[str, Any]) -> dict[str, Any]:
    """Each run of tags as a record with nothing but its span."""
    layers: dict[str, list[Any]] = {layer: [] for layer in ANCHORS}
    for sentence in document.sentences:
        words = tokens(document, sentence)
        for layer, tagger in taggers.items():
            start = None
            for i, tag in enumerate([*tagger.tag(features(words)), "O"]):
                if start is not None and tag != "I":
                    span = {"start": words[start][1], "end": words[i - 1][2]}
                    anchor = ANCHORS[layer][0]
                    empty = {"cue": None} if layer == "denials" else {}
                    layers[layer].append({anchor: span, **empty})
                    start = None
                if tag == "B":
                    start = i
    return {"doc_id": document.doc_id, **layers}
