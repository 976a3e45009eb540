"""Contrast sets from the test texts of desk: a text in which one thing is changed, and its gold.

Gold is carried over by rule: a span stays with its words, and what the edit says of a record
is what changes in it. `tools/build_data.py` writes the sets from the edits that stand in
`data/contrast/edits/`, one line a changed text:

    {"doc_id": "desk-0008", "form": "both", "edits": [[22, "an Israeli gun", "a Lebanese gun"]],
     "exchange": [["Israel", "Lebanon"], ["Israeli", "Lebanese"]],
     "actors": {"Israel": "Lebanon", "Lebanon": "Israel"},
     "records": {"k1": {"group": "civilian"}, "d2": null},
     "added": {"denials": []}}

Of a text with only this line for a set, the new doc_id is "desk-0008-swap-1-both": the form,
a word for the kind of change, may be left out. An edit is the number of a sentence, a quote,
and what takes its place; with a number between the last two, that occurrence of the quote.
Words that are exchanged take each other's place wherever no edit touches them. Actors are
changed in every record. Null takes a record away. What is added is quoted from the changed
text, as in a draft. Other keys, such as a canary, say nothing. Changed case and punctuation,
and marks between the thousands of a figure, need no edits.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from counterclaim import jsonl
from counterclaim.anchor import anchor, draft, locate
from counterclaim.errors import DataError
from counterclaim.model import LAYER_TYPES, LAYERS, SPAN_FIELDS, Document, Span, text_hash

ACTORS = ("source_actor", "target_actor", "side")


class Edit(NamedTuple):
    """A stretch of text and what takes its place."""

    start: int
    end: int
    words: str


def changed(document: Document, doc_id: str, edits: Iterable[Edit]) -> Document:
    """The document with edits made to its text, its sentences and spans carried along.

    Raises:
        DataError: Edits overlap, or one cuts through the end of a span or sentence.
    """
    text = _text(document)
    ordered = sorted(edits)
    parts, end = [], 0
    for edit in ordered:
        if edit.start < end:
            raise DataError(f"{document.doc_id}: two edits at {edit.start}; expected one")
        parts += [text[end : edit.start], edit.words]
        end = edit.end
    new_text = "".join([*parts, text[end:]])

    def carried(span: Span) -> Span:
        return Span(_moved(span.start, ordered, document), _moved(span.end, ordered, document))

    layers: dict[str, Any] = {
        layer: tuple(
            msgspec.structs.replace(
                record,
                **{
                    field: carried(span)
                    for field in SPAN_FIELDS[layer]
                    if (span := getattr(record, field)) is not None
                },
            )
            for record in getattr(document, layer)
        )
        for layer in LAYERS
    }
    title = document.title
    if title is not None and text.startswith(title):
        title = new_text[: _moved(len(title), ordered, document)]
    return msgspec.structs.replace(
        document,
        doc_id=doc_id,
        text=new_text,
        title=title,
        sha256=text_hash(new_text),
        sentences=tuple(_trimmed(new_text, carried(s)) for s in document.sentences),
        **layers,
    )


def _trimmed(text: str, span: Span) -> Span:
    """Without the white space that a mark at its end has left."""
    words = text[span.start : span.end]
    start = span.start + len(words) - len(words.lstrip())
    return Span(start, start + len(words.strip()))


def _moved(place: int, edits: Sequence[Edit], document: Document) -> int:
    shift = 0
    for edit in edits:
        if edit.end <= place:
            shift += len(edit.words) - (edit.end - edit.start)
        elif edit.start < place:
            cut = _text(document)[edit.start : edit.end]
            raise DataError(
                f"{document.doc_id}: the edit of {cut!r} cuts through the end of a span at "
                f"{place}; expected edits inside a span, outside, or of all of it"
            )
    return place + shift


def contrast_set(name: str, originals: Mapping[str, Document], folder: Path) -> list[Document]:
    """All changed documents of a set, from the edits in a folder and by rule."""
    if name == "casing":
        return [copy for original in originals.values() for copy in recased(original)]
    copies = list(edited(originals, folder / f"{name}.jsonl", name))
    if name == "numbers":
        copies += [copy for original in originals.values() for copy in regrouped(original)]
    return copies


def edited(documents: Mapping[str, Document], path: Path, name: str) -> Iterator[Document]:
    """The changed documents of a file of edits.

    Raises:
        DataError: With file and line, the first edit that does not fit its document.
    """
    seen: dict[str, int] = {}
    for line, value in jsonl.iter_objects(path):
        if isinstance(value, jsonl.LineError):
            raise value
        try:
            document = documents[value["doc_id"]]
            number = seen[document.doc_id] = seen.get(document.doc_id, 0) + 1
            parts = (document.doc_id, name, str(number), value.get("form"))
            yield _apply(document, "-".join(filter(None, parts)), value)
        except KeyError as error:
            raise DataError(f"{path}:{line}: no {error} among the documents or fields") from None
        except DataError as error:
            raise DataError(f"{path}:{line}: {error}") from None


def _apply(document: Document, doc_id: str, value: Mapping[str, Any]) -> Document:
    edits = []
    for sentence, quote, *nth, words in value.get("edits", []):
        span = locate(sentence, quote, nth[0] if nth else None, document)
        if isinstance(span, str):
            raise DataError(f"{document.doc_id}: {span}")
        edits.append(Edit(span.start, span.end, words))
    edits += _exchanged(_text(document), value.get("exchange", []), edits)
    records, actors = dict(value.get("records", {})), value.get("actors", {})
    # What goes is gone before the text changes: an edit may cut through its spans.
    kept: dict[str, Any] = {
        layer: tuple(r for r in getattr(document, layer) if records.get(r.id, {}) is not None)
        for layer in LAYERS
    }
    result = changed(msgspec.structs.replace(document, **kept), doc_id, edits)
    layers: dict[str, Any] = {layer: [] for layer in LAYERS}
    for layer in LAYERS:
        for record in getattr(result, layer):
            fields = msgspec.to_builtins(record)
            fields |= {f: actors[fields[f]] for f in ACTORS if fields.get(f) in actors}
            fields |= records.get(record.id, {})
            layers[layer].append(msgspec.convert(fields, LAYER_TYPES[layer]))
        layers[layer] = tuple(layers[layer])
    known = {record.id for layer in LAYERS for record in getattr(document, layer)}
    if unknown := sorted(records.keys() - known):
        raise DataError(f"{document.doc_id}: has no record {', '.join(unknown)}")
    result = msgspec.structs.replace(result, **layers)
    added = value.get("added", {})
    if not added:
        return result
    whole = draft(result)
    for layer, more in added.items():
        whole[layer] += more
    return anchor(whole, result)


def _exchanged(
    text: str, exchange: Iterable[tuple[str, str]], edits: Sequence[Edit]
) -> Iterator[Edit]:
    """Whole words that take each other's place, the longest first, except where edits are."""
    other = {word: to for a, b in exchange for word, to in ((a, b), (b, a))}
    if not other:
        return
    longest_first = sorted(other, key=len, reverse=True)
    words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    for match in words.finditer(text):
        if not any(edit.start < match.end() and match.start() < edit.end for edit in edits):
            yield Edit(match.start(), match.end(), other[match[0]])


def _text(document: Document) -> str:
    if document.text is None:
        raise DataError(f"{document.doc_id}: has no text to change")
    return document.text


def recased(document: Document) -> Iterator[Document]:
    """The document in upper case, in title case, and stripped of commas and quotation marks.

    What changes nothing is left out.
    """
    text = _text(document)
    forms = {
        "upper": [Edit(i, i + 1, _upper(c)) for i, c in enumerate(text)],
        "title": [Edit(m.start(), m.end(), _upper(m[0])) for m in _TITLE.finditer(text)],
        "bare": [Edit(mark.start(), mark.end(), "") for mark in _MARKS.finditer(text)],
    }
    return _in_forms(document, "casing", forms)


def regrouped(document: Document) -> Iterator[Document]:
    """The document with a no-break space between the thousands of figures, and with nothing.

    What has no comma there is left out.
    """
    commas = [mark.start() for mark in _THOUSANDS.finditer(_text(document))]
    forms = {
        name: [Edit(place, place + 1, mark) for place in commas]
        for name, mark in (("spaced", "\N{NO-BREAK SPACE}"), ("joined", ""))
    }
    return _in_forms(document, "numbers", forms)


def _in_forms(
    document: Document, name: str, forms: Mapping[str, Sequence[Edit]]
) -> Iterator[Document]:
    for form, edits in forms.items():
        result = changed(document, f"{document.doc_id}-{name}-{form}", edits)
        if result.text != document.text:
            yield result


_TITLE = re.compile(r"(?<![\w'’])\w")
# Some archives have lost them. An apostrophe stays, as a span may end before it.
_MARKS = re.compile(r"(?<!\d),|,(?!\d)|[\"“”„«»;()]")

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def _upper(character: str) -> str:
    upper = character.upper()
    return upper if len(upper) == 1 else character  # "ß" would become two letters
