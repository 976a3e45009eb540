"""Groups of documents, and of records, that scores are broken down by."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from counterclaim.errors import DataError
from counterclaim.model import LABELS, LAYERS, Document, Span

Names = dict[str, set[str]]
Property = Callable[[Document, Any], str | None]

FIELDS = ("corpus", "conflict", "event", "genre", "date", "split", "guidelines", "doc_id")
GROUPS: Mapping[str, Callable[[Document], tuple[str, ...]]] = {
    "repository": lambda document: (document.source.repository or "none",),
    "length": lambda document: (_length(len(document.sentences)),),
    "sources": lambda document: (_count_sources(document),),
    "label": lambda document: tuple(
        label for label, layer in zip(LABELS, LAYERS, strict=True) if getattr(document, layer)
    ),
}


def group_reader(field: str) -> Callable[[Document], tuple[str, ...]]:
    """How to read the groups that a document is in.

    Args:
        field: A field of a document with one value, or a name of `GROUPS`: "repository",
            "length" in sentences, "sources" (how many speak), "label" (which it has).

    Raises:
        DataError: It is none.
    """
    if field in GROUPS:
        return GROUPS[field]
    if field not in FIELDS:
        raise DataError(f"by {field!r}; expected one of {', '.join((*GROUPS, *FIELDS))}")
    return lambda document: (str(getattr(document, field) or "none"),)


def _length(sentences: int) -> str:
    bounds = (10, 20, 40)
    low = max((bound for bound in bounds if sentences > bound), default=0)
    high = min((bound for bound in bounds if sentences <= bound), default=None)
    return f"{low + 1}-{high} sentences" if high else f"over {low} sentences"


def _count_sources(document: Document) -> str:
    said: list[Any] = [*document.accusations, *document.denials, *document.casualties]
    actors = {record.source_actor for record in said} - {None}
    return str(len(actors)) if len(actors) < 4 else "4 or more"


def sentence_of(document: Document, place: int) -> int:
    """The number of the sentence that a place of the text is in, or of the last one before."""
    return sum(sentence.start <= place for sentence in document.sentences) - 1


def names_of(train: Sequence[Document]) -> Names:
    """Names of sides ("actors") and of places in training documents."""
    actors: set[str] = set()
    for document in train:
        for accusation in document.accusations:
            actors |= {accusation.source_actor or "", accusation.target_actor or ""}
        actors |= {denial.source_actor or "" for denial in document.denials}
    places = {place.name for document in train for place in document.locations}
    return {"actors": actors, "places": places}


def record_properties(names: Names) -> dict[str, dict[str, Property]]:
    """For each layer, how to read the properties that gold records are sorted by.

    Args:
        names: What `names_of` says of training; properties of names are left out without.

    Returns:
        Functions of a document and a record of it; None if the text is needed and not there.
    """

    def length(document: Document, record: Any) -> str | None:
        words = document.words(_longest(record))
        if words is None:
            return None
        size, bounds = len(words.split()), (0, 2, 5, 10, 20)
        for low, high in pairwise(bounds):
            if size <= high:
                return f"{low + 1} to {high}"
        return f"over {bounds[-1]}"

    def nested(document: Document, record: Any) -> str:
        own = _longest(record)
        every = (other for layer in LAYERS for other in getattr(document, layer))
        others = [_longest(other) for other in every if type(other) is not type(record)]
        inside = any(o.start <= own.start and own.end <= o.end for o in others)
        holds = any(own.start <= o.start and o.end <= own.end for o in others)
        return "inside another" if inside else "holds another" if holds else "by itself"

    def source(document: Document, record: Any) -> str:
        if record.source is None:
            return "none"
        place, own = (sentence_of(document, s.start) for s in (record.source, _longest(record)))
        return "in the sentence" if place == own else "in another sentence"

    def cue(document: Document, record: Any) -> str:
        return "none" if record.cue is None else "a word"

    def actors(document: Document, record: Any) -> str | None:
        told = {record.source_actor, getattr(record, "target_actor", None)} - {None}
        if not names["actors"] or not told:
            return None
        return "all in training" if told <= names["actors"] else "one not in training"

    def figure(document: Document, record: Any) -> str | None:
        words = document.words(record.mention)
        if record.high == 0:
            return "zero"
        if words is None:
            return None
        if re.search(r"\d", words):
            return "digits"
        return "no number" if record.modifier == "vague" else "words"

    def place(document: Document, record: Any) -> str | None:
        if not names["places"]:
            return None
        return "in training" if record.name in names["places"] else "not in training"

    every: dict[str, Property] = {"words": length, "nesting": nested}
    claim: dict[str, Property] = {"source": source, "cue": cue, "actors": actors}
    return {
        "accusations": every | claim,
        "denials": every | claim,
        "casualties": every | {"source": source, "figure": figure},
        "locations": every | {"place": place},
    }


def _longest(record: Any) -> Span:
    """The span that a record is known by."""
    spans = (getattr(record, name, None) for name in ("content", "mention", "cue"))
    span: Span = next(span for span in spans if span is not None)
    return span
