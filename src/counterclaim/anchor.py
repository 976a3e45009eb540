"""Quotes to offsets, and back.

An annotator quotes: a span of a draft is `[sentence, "quote"]` or `[sentence, "quote",
nth]`, the words as they stand in that sentence (counted from 0). Anchoring turns quotes
into offsets and refuses a quote that is not there or not unique, because people and
language models quote reliably and count characters badly. White space is the one
liberty: a line break inside a sentence may be quoted as a space.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, cast

import msgspec

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.jsonl import explain
from counterclaim.model import LAYER_TYPES, LAYERS, SPAN_FIELDS, Document, Span

Draft = dict[str, Any]


class AnchorError(DataError):
    """A draft that does not fit its document; `problems` lists every reason."""

    def __init__(self, problems: Sequence[str]):
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def occurrences(sentence: str, quote: str) -> list[tuple[int, int]]:
    """Whole-word occurrences of a quote: "Iran" does not occur in "Iranian".

    Returns:
        (start, end) pairs in the sentence, in order; occurrences may overlap.
    """
    words = quote.split()
    if not words:
        return []
    left = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
    right = r"(?!\w)" if re.search(r"\w\Z", words[-1]) else ""
    body = r"\s+".join(map(re.escape, words))
    return [match.span(1) for match in re.finditer(f"(?={left}({body}){right})", sentence)]


def nearest(sentence: str, quote: str) -> str:
    """The stretch of the sentence that a wrong quote most likely meant."""
    words = [match.span() for match in re.finditer(r"\S+", sentence)]
    length = min(len(quote.split()), len(words)) or 1
    windows = [
        sentence[words[i][0] : words[j - 1][1]]
        for i in range(len(words))
        for j in range(i + max(1, length - 1), min(i + length + 1, len(words)) + 1)
    ]
    return max(windows, key=lambda w: SequenceMatcher(None, w, quote).ratio(), default="")


def locate(number: int, quote: str, nth: int | None, document: Document) -> Span | str:
    """The span of a quote in a document with text, or what is wrong with it.

    Args:
        number: The sentence, counted from 0.
        quote: Words of that sentence.
        nth: Which of several occurrences, counted from 1.
        document: The document.
    """
    sentences = document.sentence_texts
    if not 0 <= number < len(sentences):
        return f"there is no sentence {number}; the document has 0 to {len(sentences) - 1}"
    found = occurrences(sentences[number], quote)
    if not found:
        elsewhere = [i for i, s in enumerate(sentences) if occurrences(s, quote)]
        if elsewhere:
            numbers = ", ".join(map(str, elsewhere))
            return f"{quote!r:.80} is not in sentence {number}; it is in sentence {numbers}"
        candidate = nearest(sentences[number], quote)
        return f"{quote!r:.80} is not in sentence {number}; the nearest there is {candidate!r}"
    if nth is None and len(found) > 1:
        return (
            f"{quote!r} stands {len(found)} times in sentence {number}; expected "
            f'[{number}, "quote", nth] with nth from 1 to {len(found)}'
        )
    if nth is not None and not 1 <= nth <= len(found):
        return f"{quote!r} stands {len(found)} times in sentence {number}; nth is {nth}"
    start, end = found[(nth or 1) - 1]
    offset = document.sentences[number].start
    return Span(offset + start, offset + end)


def anchor(draft: Mapping[str, Any], document: Document) -> Document:
    """Put a draft's annotation into a document.

    Args:
        draft: An object with any of the four layers, its spans as quotes.
        document: The document it annotates, with text and sentences; layers that it
            has already are replaced.

    Raises:
        AnchorError: Something in the draft does not fit. Each problem names document,
            record, field, what was found and the nearest candidate.
    """
    if document.text is None:
        raise DataError(f"{document.doc_id}: the text is missing; hydrate the document first")
    problems = [
        f"{document.doc_id}: unknown field {key!r}; expected {', '.join(LAYERS)}"
        for key in draft
        if key not in (*LAYERS, "doc_id")
    ]
    layers: dict[str, Any] = {}
    for layer in LAYERS:
        records = draft.get(layer, [])
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            problems.append(f"{document.doc_id}: {layer} is not a list of objects")
            continue
        layers[layer] = tuple(
            anchored
            for i, record in enumerate(records)
            if (anchored := _anchor_record(record, layer, i, document, problems)) is not None
        )
    if problems:
        raise AnchorError(problems)
    return msgspec.structs.replace(document, **layers)


def anchor_file(drafts: Path | str, documents: Sequence[Document]) -> list[Document]:
    """Anchor a file of drafts in their documents, in the order of the drafts.

    Raises:
        AnchorError: Some drafts do not fit; every problem is listed with file and line.
    """
    by_id = {document.doc_id: document for document in documents}
    anchored: dict[str, Document] = {}
    problems: list[str] = []
    for line, value in jsonl.iter_objects(drafts):
        here = f"{drafts}:{line}"
        if isinstance(value, jsonl.LineError):
            problems.append(str(value))
            continue
        doc_id = value.get("doc_id")
        if not isinstance(doc_id, str) or doc_id not in by_id:
            problems.append(f"{here}: doc_id {doc_id!r:.80} is not among the texts")
        elif doc_id in anchored:
            problems.append(f"{here}: a second draft of {doc_id}; expected one")
        elif missing := [layer for layer in LAYERS if layer not in value]:
            problems.append(f"{here}: {doc_id} has no {missing[0]}; expected all four layers")
        else:
            try:
                anchored[doc_id] = anchor(value, by_id[doc_id])
            except AnchorError as error:
                problems += [f"{here}: {problem}" for problem in error.problems]
    if problems:
        raise AnchorError(problems)
    return list(anchored.values())


def draft(document: Document) -> Draft:
    """Turn a document's offsets back into quotes: the inverse of `anchor`.

    Raises:
        DataError: The text is missing, or a span crosses a sentence boundary.
    """
    result: Draft = {"doc_id": document.doc_id}
    for layer in LAYERS:
        result[layer] = []
        for record in getattr(document, layer):
            fields = cast(dict[str, Any], msgspec.to_builtins(record))
            for field in SPAN_FIELDS[layer]:
                span = getattr(record, field)
                if span is not None:
                    fields[field] = _quote(span, document)
            result[layer].append(fields)
    return result


def _anchor_record(
    record: dict[str, Any], layer: str, index: int, document: Document, problems: list[str]
) -> Any:
    """The record with offsets, or None after its problems have been added to the list."""
    where = f"{document.doc_id}/{record.get('id') or f'{layer}[{index}]'}"
    fields = dict(record)
    found = list(_anchor_fields(fields, layer, document))
    problems += [f"{where} {problem}" for problem in found]
    if found:
        return None
    try:
        return msgspec.convert(fields, LAYER_TYPES[layer])
    except msgspec.ValidationError as error:
        problems.append(f"{where} {explain(error)}")
        return None


def _anchor_fields(fields: dict[str, Any], layer: str, document: Document) -> Iterator[str]:
    """Replace the quotes among the fields by offsets; yield what does not fit."""
    for field in SPAN_FIELDS[layer]:
        value = fields.get(field)
        if value is None:
            continue
        if not _is_quote(value):
            yield f'{field}: {value!r:.80} is not [sentence, "quote"] or [sentence, "quote", nth]'
            continue
        number, quote, nth = (*value, None)[:3]
        span = locate(number, quote, nth, document)
        if isinstance(span, str):
            yield f"{field}: {span}"
        else:
            fields[field] = {"start": span.start, "end": span.end}


def _is_quote(value: Any) -> bool:
    # A type is compared, as True is an int to isinstance.
    return isinstance(value, list) and [type(part) for part in value] in (
        [int, str],
        [int, str, int],
    )


def _quote(span: Span, document: Document) -> list[Any]:
    if document.text is None:
        raise DataError(f"{document.doc_id}: the text is missing; hydrate the document first")
    for number, sentence in enumerate(document.sentences):
        if sentence.start <= span.start and span.end <= sentence.end:
            text = document.text[sentence.start : sentence.end]
            place = (span.start - sentence.start, span.end - sentence.start)
            quote = " ".join(document.text[span.start : span.end].split())
            found = occurrences(text, quote)
            if place not in found:
                raise DataError(
                    f"{document.doc_id}: span {span.start}-{span.end} ({quote!r}) cannot be "
                    "quoted; expected whole words without white space at the ends"
                )
            return [number, quote] if len(found) == 1 else [number, quote, found.index(place) + 1]
    raise DataError(
        f"{document.doc_id}: span {span.start}-{span.end} is in no single sentence; "
        "expected a span inside one sentence"
    )
