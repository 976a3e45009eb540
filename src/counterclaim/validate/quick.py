"""The rules that stop a scorer, checked for many documents at once.

`suspicious` names documents that may break one; `documents.validate_document` then says
whether they do, and how. It may suspect a sound document, never pass a broken one.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from counterclaim.columns import Columns, Ints, Layer, Places, places
from counterclaim.model import LAYERS, SPAN_FIELDS, Document
from counterclaim.validate.documents import MOST

_TURN = -7046029254386353131  # odd, so that hashes of different documents part


def suspicious(documents: Sequence[Document], columns: Columns, *, gold: bool) -> list[int]:
    """Documents that may break a rule of `READABLE`, or as gold one of `NEEDED`.

    Args:
        documents: Whose text and sentences the layers are about.
        columns: The layers.
        gold: Whether they have to do as gold.

    Returns:
        Their numbers, ascending.
    """
    try:
        found = _suspicious(documents, columns, gold)
    except (OverflowError, TypeError, ValueError):
        return list(range(len(documents)))  # a number that no array can hold
    # Not by np.unique, which imports much when it is first called.
    return sorted(set(np.concatenate(found).tolist()))


def _suspicious(documents: Sequence[Document], columns: Columns, gold: bool) -> list[Ints]:
    texts = [document.text for document in documents]
    lengths = _lengths(documents, texts)
    found = [_beyond_bmp(texts), _repeated_ids(columns), _denials(columns, gold=gold)]
    found += [_bounds(columns["casualties"]), _coordinates(columns["locations"])]
    spans = [columns[layer].spans(field) for layer in LAYERS for field in SPAN_FIELDS[layer]]
    owner, start, end = (np.concatenate(part) for part in zip(*spans, strict=True))
    found.append(owner[(start < 0) | (end <= start) | (end > lengths[owner])])
    if not gold:
        return found
    encoded = [None if text is None else text.encode("utf-8") for text in texts]
    found.append(_hashes(documents, encoded))
    lists = list(map(attrgetter("sentences"), documents))
    sizes = np.fromiter(map(len, lists), np.int64, len(lists))
    numbers = np.repeat(np.arange(len(documents)), sizes)
    sentences = places(list(chain.from_iterable(lists)), numbers)
    found.append(np.flatnonzero(sizes == 0))
    if not sizes.any():
        return found
    found.append(_sentences(sentences, texts, encoded, lengths))
    base = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]])
    first = sentences.start + base[sentences.owner]
    home = np.searchsorted(first, start + base[owner], side="right") - 1
    inside = (home >= 0) & (sentences.owner[home] == owner) & (end <= sentences.end[home])
    found.append(owner[~inside])
    return found


def _lengths(documents: Sequence[Document], texts: Sequence[str | None]) -> Ints:
    """Length of each text, or without it where the last sentence ends."""
    return np.array(
        [
            max((s.end for s in document.sentences), default=0) if text is None else len(text)
            for document, text in zip(documents, texts, strict=True)
        ],
        dtype=np.int64,
    )


def _beyond_bmp(texts: Sequence[str | None]) -> Ints:
    """Texts in which offsets of code points and of UTF-16 units differ."""
    return np.array(
        [
            i
            for i, text in enumerate(texts)
            if text and not text.isascii() and len(text.encode("utf-16-le")) != 2 * len(text)
        ],
        dtype=np.int64,
    )


def _repeated_ids(columns: Columns) -> Ints:
    layers = [columns[name] for name in LAYERS]
    owner = np.concatenate([layer.owner for layer in layers])
    ids = chain.from_iterable(layer.values("id") for layer in layers)
    mixed = np.fromiter(map(hash, ids), np.int64, len(owner)) ^ (owner * _TURN)
    ordered = np.sort(mixed)
    if not (ordered[1:] == ordered[:-1]).any():
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(mixed)
    twice = mixed[order][1:] == mixed[order][:-1]
    repeated: Ints = owner[order[1:][twice]]
    return repeated


def _denials(columns: Columns, *, gold: bool) -> Ints:
    layer, accusations = columns["denials"], columns["accusations"]
    known = set(zip(accusations.owner.tolist(), accusations.values("id"), strict=True))
    bad = []
    for owner, denial in zip(layer.owner.tolist(), layer.records, strict=True):
        answers = denial.answers if gold else ()
        if (
            (not denial.cue and not denial.content)
            or any((owner, key) not in known for key in answers)
            or len(set(answers)) < len(answers)
            or (answers and denial.scope == "figure")
        ):
            bad.append(owner)
    return np.array(bad, dtype=np.int64)


def _bounds(layer: Layer) -> Ints:
    low, high = (_numbers(layer, name) for name in ("low", "high"))
    open_low, open_high = np.isnan(low), np.isnan(high)
    bad = (open_low & open_high) | (low > high)
    for bound in (low, high):
        bad |= (bound < 0) | (bound > MOST)
    found: Ints = layer.owner[bad]
    return found


def _coordinates(layer: Layer) -> Ints:
    lat, lon = (_numbers(layer, name) for name in ("lat", "lon"))
    bad = (np.isnan(lat) != np.isnan(lon)) | (np.abs(lat) > 90) | (np.abs(lon) > 180)
    found: Ints = layer.owner[bad]
    return found


def _numbers(layer: Layer, field: str) -> NDArray[np.float64]:
    """A field as floats, NaN where it is null."""
    values = layer.values(field)
    if not all(issubclass(kind, int | float | None) for kind in set(map(type, values))):
        raise TypeError(f"{field} is no number")  # numpy would read the string "2" as one
    numbers = np.array(values, dtype=np.float64)
    if np.count_nonzero(np.isnan(numbers)) != values.count(None):
        raise ValueError(f"{field} is NaN")
    return numbers


def _hashes(documents: Sequence[Document], encoded: Sequence[bytes | None]) -> Ints:
    return np.array(
        [
            i
            for i, (document, text) in enumerate(zip(documents, encoded, strict=True))
            if text is not None and hashlib.sha256(text).hexdigest() != document.sha256
        ],
        dtype=np.int64,
    )


def _sentences(
    sentences: Places, texts: Sequence[str | None], encoded: Sequence[bytes | None], lengths: Ints
) -> Ints:
    owner, start, end = sentences
    bad = (start < 0) | (end <= start) | (end > lengths[owner])
    bad[1:] |= (owner[1:] == owner[:-1]) & (start[1:] < end[:-1])
    found = owner[bad]
    sound = Places(*(column[~bad] for column in sentences))
    return np.concatenate([found, *_padded(sound, texts, encoded)])


def _padded(
    sentences: Places, texts: Sequence[str | None], encoded: Sequence[bytes | None]
) -> Iterator[Ints]:
    """Documents with white space at the ends of a sentence."""
    ascii_only = np.array(
        [
            e is not None and t is not None and len(e) == len(t)
            for t, e in zip(texts, encoded, strict=True)
        ],
        dtype=np.bool_,
    )
    sizes = [
        len(e) if e is not None and plain else 0
        for e, plain in zip(encoded, ascii_only, strict=True)
    ]
    joined = b"".join(
        e for e, plain in zip(encoded, ascii_only, strict=True) if e is not None and plain
    )
    base = np.cumsum([0, *sizes[:-1]])
    characters = np.frombuffer(joined, dtype=np.uint8)
    owner, start, end = (column[ascii_only[sentences.owner]] for column in sentences)
    edges = (characters[base[owner] + start], characters[base[owner] + end - 1])
    yield owner[_ASCII_SPACE[edges[0]] | _ASCII_SPACE[edges[1]]]
    rest = (column[~ascii_only[sentences.owner]].tolist() for column in sentences)
    yield np.array(
        [
            number
            for number, first, last in zip(*rest, strict=True)
            if (text := texts[number]) is not None
            and (text[first].isspace() or text[last - 1].isspace())
        ],
        dtype=np.int64,
    )


_ASCII_SPACE = np.array([chr(code).isspace() for code in range(128)])
