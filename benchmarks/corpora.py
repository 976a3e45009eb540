"""Corpora of a given size to measure speed on: the shape of gold, words without meaning.

A document has 20 sentences of 25 words and about 12 gold spans; its prediction keeps most
of them, moves, relabels or drops some and adds others, so that all kinds of errors occur.
Every document is an event of its own, the most that resampling can have.
"""

import hashlib
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from counterclaim.model import (
    LABELS,
    LAYERS,
    Accusation,
    Casualty,
    Denial,
    Document,
    Location,
    Source,
    Span,
    text_hash,
)

SENTENCES, WORDS = 20, 25
__all__ = ["LABELS", "LAYERS", "documents", "write"]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
Marked = tuple[str, Span]


def documents(size: int, *, spans: int = 12, seed: int = 0) -> Iterator[tuple[Document, Document]]:
    """Yield gold and predicted documents, each pair from its own seed.

    Args:
        size: Number of documents.
        spans: Gold spans in each.
        seed: Another seed is another corpus.
    """
    for number in range(size):
        yield _pair(number, spans, random.Random(f"{seed}/{number}"))


def write(folder: Path, size: int, *, spans: int = 12) -> tuple[Path, Path]:
    """Write gold and predictions of a corpus as JSON lines; gives their paths.

    Files that this version of this module has written before are taken as they are.
    """
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    names = (f"{side}-{size}-{spans}-{version}.jsonl" for side in ("gold", "predicted"))
    paths = folder / next(names), folder / next(names)
    if all(path.exists() for path in paths):
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    parts = [path.with_suffix(f".{os.getpid()}") for path in paths]  # whole files or none
    with ExitStack() as stack:
        files = [stack.enter_context(part.open("wb")) for part in parts]
        for pair in documents(size, spans=spans):
            for file, document in zip(files, pair, strict=True):
                file.write(msgspec.json.encode(document) + b"\n")
    for part, path in zip(parts, paths, strict=True):
        part.replace(path)
    return paths


def _pair(number: int, spans: int, rng: random.Random) -> tuple[Document, Document]:
    sentences: list[Span] = []
    words: list[tuple[int, int, int]] = []
    text, end = "", 0
    for _ in range(SENTENCES):
        start = end
        for _ in range(WORDS):
            word = "".join(rng.choices(_LETTERS, k=rng.randint(2, 6)))
            words.append((end, end + len(word), len(sentences)))
            text += word + " "
            end = len(text)
        text = text[:-1] + ". "
        sentences.append(Span(start, len(text) - 1))
        end = len(text)
    text = text.rstrip()
    gold = [_span(rng, words) for _ in range(spans)]
    predicted = []
    for label, span in gold:
        fate = rng.random()
        if fate < 0.6:
            predicted.append((label, span))
        elif fate < 0.7:
            predicted.append((rng.choice(LABELS), span))
        elif fate < 0.85:
            near = [w for w in words if abs(w[0] - span.start) < 20]
            predicted.append((label, Span(near[0][0], max(span.end, near[0][1]))))
    predicted += [_span(rng, words) for _ in range(rng.randint(0, spans // 4))]
    base = Document(
        doc_id=f"doc-{number:06d}", text=text, title=None, date="2024-05-01", corpus="desk",
        conflict=f"conflict-{number % 40}", event=f"event-{number}", genre="agency_short",
        source=Source(None, None, None, None, "CC-BY-4.0"), sha256=text_hash(text),
        sentences=tuple(sentences), split="test", guidelines="1",
    )  # fmt: skip
    return _annotated(base, gold), _annotated(base, predicted)


def _span(rng: random.Random, words: list[tuple[int, int, int]]) -> Marked:
    label = rng.choices(LABELS, (3, 1, 3, 5))[0]
    first = rng.randrange(len(words))
    last = first
    for _ in range(rng.randint(0, {"location": 1, "casualty": 3}.get(label, 12))):
        if last + 1 < len(words) and words[last + 1][2] == words[first][2]:
            last += 1
    return label, Span(words[first][0], words[last][1])


def _annotated(base: Document, spans: list[Marked]) -> Document:
    accusations, denials, casualties, locations = [], [], [], []
    numbered = list(enumerate(dict.fromkeys(spans)))
    answers = tuple(f"a{number}" for number, (label, _) in numbered if label == "accusation")[:1]
    for number, (label, span) in numbered:
        if label == "accusation":
            accusations.append(
                Accusation(
                    f"a{number}", span, span, None, None, None, "army", "armed_attack",
                    f"c{number % 2}",
                )
            )  # fmt: skip
        elif label == "denial":
            denials.append(Denial(f"d{number}", span, None, None, None, answers, "act"))
        elif label == "casualty":
            casualties.append(
                Casualty(
                    f"k{number}", span, "killed", number, number, "exact", "civilian", None, None,
                    None, f"i{number}",
                )
            )  # fmt: skip
        else:
            locations.append(Location(f"l{number}", span, "Town", "UA", 48.5, 37.9, "site", "town"))
    return msgspec.structs.replace(
        base,
        accusations=tuple(accusations),
        denials=tuple(denials),
        casualties=tuple(casualties),
        locations=tuple(locations),
    )
