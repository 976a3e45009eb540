"""Conditional random fields over words: the spans of all four layers.

One linear-chain CRF for each label, as spans of different layers nest and cross. Its
states are the begin, inside and outside of a span; of spans of one layer that overlap the
longest is learnt. A word is described by its form, its letters' case and shape, its ends,
whether it is a number, a cue of reporting, blame or denial, or a word for a loss; by the two
words on either side; by whether a cue, a name or a number stands to its left or right in
the sentence; and by the place of the sentence in the text. What it is not: it knows no
syntax, no embeddings, and of the sentences around nothing but whether they hold a cue.

Source of the model: Lafferty et al. (2001), Conditional Random Fields; of the features:
Finkel et al. (2005), https://aclanthology.org/P05-1045; library: CRFsuite, Okazaki (2007).
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pycrfsuite

from counterclaim import (
    Accusation,
    Casualty,
    Denial,
    Document,
    Example,
    Location,
    Prediction,
    Span,
    Task,
)

TASKS = ("spans",)
CUES = {
    "blame": "accus blam alleg denounc condemn charg suspect attribut",
    "saying": "said say told tell report announc claim stat add accord insist maintain wrot writ",
    "denying": "den reject dismiss refut baseless untru fabricat",
    "negation": "no not never nobody none neither nor without n't",
    "loss": "kill dead die death wound injur hurt missing captur detain arrest abduct displac fled "
    "bodies toll casualt",
    "act": "attack shell fire firing shot shoot bomb strike struck raid burn loot seiz tortur beat",
}
CUE = {
    name: re.compile("|".join(rf"\b{stem}" for stem in stems.split()), re.IGNORECASE)
    for name, stems in CUES.items()
}
NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|"
    r"thousands?|scores|several|some|many|few|both|twenty|thirty|forty|fifty)\b",
    re.IGNORECASE,
)
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’-][^\W\d_]+)*|[^\w\s]")
LABELS = ("accusations", "denials", "casualties", "locations")
# Penalties and rounds of training, chosen on dev.
SETTINGS = {"c1": 0.1, "c2": 0.05, "max_iterations": 80, "feature.possible_transitions": True}

Words = list[tuple[str, int, int]]
Features = list[list[str]]


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example]
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Train a CRF for each label; `dev` is not needed, as settings are fixed."""
    rows = [row for example in train for row in _rows(example.document)]
    taggers = {layer: _trained(rows, train, layer) for layer in LABELS}

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        return [_predict(document, taggers) for document in documents]

    return predict


def _trained(rows: Sequence[tuple[Words, Features]], train: Sequence[Example], layer: str) -> Any:
    trainer = pycrfsuite.Trainer(params=SETTINGS, verbose=False)
    tagged = (tags for example in train for tags in _tags(example, _spans(example, layer)))
    for (_, features), tags in zip(rows, tagged, strict=True):
        trainer.append(features, tags)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        trainer.train(str(path))
        tagger = pycrfsuite.Tagger()
        tagger.open(str(path))  # reads all of it
    return tagger


def _spans(example: Example, layer: str) -> list[Span]:
    """The spans of a layer, the longest first: of two that overlap the first is learnt."""
    spans = []
    for record in getattr(example.gold, layer):
        if layer == "denials":
            spans.append(record.content or record.cue)
        else:
            spans.append(record.content if layer == "accusations" else record.mention)
    return sorted(spans, key=lambda span: (span.start - span.end, span.start))


def _tags(example: Example, spans: Sequence[Span]) -> Iterator[list[str]]:
    """Begin, inside or outside for each word of each sentence."""
    for sentence in example.document.sentences:
        words = _words(example.document, sentence)
        tags = ["O"] * len(words)
        for span in spans:
            inside = [i for i, (_, a, b) in enumerate(words) if a < span.end and span.start < b]
            if inside and all(tags[i] == "O" for i in inside):
                for i in inside:
                    tags[i] = "I"
                tags[inside[0]] = "B"
        yield tags


def _words(document: Document, sentence: Span) -> Words:
    text = document.text or ""
    found = TOKEN.finditer(text, sentence.start, sentence.end)
    return [(match[0], match.start(), match.end()) for match in found]


def _rows(document: Document) -> Iterator[tuple[Words, Features]]:
    """The words of each sentence and what is known of each."""
    texts = document.sentence_texts
    cues = [[name for name, cue in CUE.items() if cue.search(text)] for text in texts]
    for number, sentence in enumerate(document.sentences):
        words = _words(document, sentence)
        around = [f"before:{name}" for name in (cues[number - 1] if number else ["start"])]
        around += [f"after:{name}" for name in cues[number + 1 : number + 2] and cues[number + 1]]
        around += [f"sentence:{min(number, 3)}", f"capitals:{texts[number].isupper()}"]
        yield words, _features([word for word, *_ in words], around)


def _features(words: Sequence[str], around: Sequence[str]) -> Features:
    own = [_own(word) for word in words]
    kinds = [{f.removeprefix("is:") for f in each if f.startswith("is:")} for each in own]
    rows = []
    for i, word in enumerate(words):
        row = [*own[i], *around, "first" if i == 0 else "", "last" if i == len(words) - 1 else ""]
        for distance in (-2, -1, 1, 2):
            if 0 <= i + distance < len(words):
                other = words[i + distance].lower()
                row += [f"{distance}:{other}", f"{distance}:{_shape(words[i + distance])}"]
                row += [f"{distance}:is:{kind}" for kind in sorted(kinds[i + distance])]
        if i:
            row.append(f"pair:{words[i - 1].lower()}_{word.lower()}")
        row += [f"left:{kind}" for kind in sorted(set().union(*kinds[:i]))]
        row += [f"right:{kind}" for kind in sorted(set().union(*kinds[i + 1 :]))]
        quotes = sum(other in '“”"' for other in words[:i])
        row.append(f"quoted:{quotes % 2}")
        rows.append([feature for feature in row if feature])
    return rows


def _own(word: str) -> list[str]:
    """What is known of a word by itself."""
    lower = word.lower()
    found = [f"word:{lower}", f"shape:{_shape(word)}", f"end:{lower[-3:]}", f"end:{lower[-2:]}"]
    found.append(f"begin:{lower[:3]}")
    found += [f"is:{name}" for name, cue in CUE.items() if cue.match(word)]
    if NUMBER.match(word):
        found.append("is:number")
    if word[0].isupper():
        found.append("is:name")
    return found


def _shape(word: str) -> str:
    """Capitals, small letters and figures, each kind once in a row: "Xx", "X", "d-x"."""
    kinds = [
        "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word
    ]
    return "".join(kind for i, kind in enumerate(kinds) if i == 0 or kind != kinds[i - 1])


def _predict(document: Document, taggers: dict[str, Any]) -> Prediction:
    layers: dict[str, Any] = dict.fromkeys(LABELS, ())
    for words, features in _rows(document):
        for layer, tagger in taggers.items():
            for start, end in _runs(tagger.tag(features)):
                span = Span(words[start][1], words[end - 1][2])
                layers[layer] += (_record(layer, len(layers[layer]), span),)
    return Prediction(document.doc_id, **layers)


def _runs(tags: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Word numbers of each span, half-open."""
    start = None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and tag != "I":
            yield start, i
            start = None
        if tag == "B" or (tag == "I" and start is None):
            start = i


def _record(layer: str, number: int, span: Span) -> Any:
    """A record with nothing but its span; the other fields have no bearing on the task."""
    key = f"{layer[0]}{number + 1}"
    if layer == "accusations":
        return Accusation(key, None, span, None, None, None, None, "other", key)
    if layer == "denials":
        return Denial(key, None, span, None, None, (), "all")
    if layer == "casualties":
        outcome, group = "unspecified", "unknown"
        return Casualty(key, span, outcome, 0, 0, "exact", group, None, None, None, key)  # type: ignore[arg-type]
    return Location(key, span, "", None, None, None, "context", "town")
