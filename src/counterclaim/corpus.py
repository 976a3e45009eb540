"""Where the data is, and its documents as typed records.

Desk documents carry their text. Wire documents are stand-off records; their texts come
from the user's cache once `counterclaim hydrate` has put them there.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.model import (
    CORPORA,
    LAYERS,
    SPAN_FIELDS,
    SPLITS,
    Corpus,
    Document,
    Prediction,
    Span,
    Split,
    text_hash,
)

CorpusName: TypeAlias = Literal["desk", "wire", "all"]
CORPUS_NAMES: tuple[CorpusName, ...] = ("desk", "wire", "all")
# Contrast sets: test texts of desk in which one thing is changed.
CONTRASTS = ("swap", "negation", "attribution", "numbers", "casing", "spelling")
CACHE_VARIABLE = "COUNTERCLAIM_CACHE"
_PACKAGE = Path(__file__).resolve().parent


class HydratedText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of a wire document in the cache.

    `moves` is empty if the text is the recorded one. Otherwise it places every recorded
    span in this text, as (start, end, start here, end here).
    """

    doc_id: str
    title: str | None
    text: str
    moves: tuple[tuple[int, int, int, int], ...] = ()


def data_dir() -> Path:
    """Return the data folder: bundled in a wheel, or at the root of a checkout.

    Raises:
        DataError: The package was installed without its data.
    """
    bundled = _PACKAGE / "_data"
    if bundled.is_dir():
        return bundled
    checkout = _PACKAGE.parents[1]  # src/counterclaim -> the repository root
    if (checkout / "pyproject.toml").is_file():
        return checkout / "data"
    raise DataError(f"{bundled} is missing; reinstall the package from its wheel")


def cache_dir() -> Path:
    """The folder of hydrated texts: `$COUNTERCLAIM_CACHE`, or the platform's cache folder."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    import platformdirs  # not on the path of everybody

    return platformdirs.user_cache_path("counterclaim")


def hydrated_path() -> Path:
    """The cache file with the texts of wire documents."""
    return cache_dir() / "wire.jsonl"


def manifest() -> dict[str, Any]:
    """Version of the data and of the guidelines, hashes and sizes of files, split lists."""
    path = data_dir() / "manifest.json"
    result: dict[str, Any] = json.loads(jsonl.read_bytes(path))
    return result


def gold_path(corpus: Corpus, split: Split) -> Path:
    """The file of gold documents of one corpus and split."""
    return data_dir() / corpus / f"{split}.jsonl"


def contrast_path(name: str) -> Path:
    """The file of the changed texts of a contrast set."""
    return data_dir() / "contrast" / f"{name}.jsonl"


def contrast(name: str) -> list[Document]:
    """Read the changed texts of a contrast set; `contrasts.pairs` has their originals too.

    Args:
        name: One of `CONTRASTS`.

    Raises:
        DataError: There is no such set.
    """
    if name not in CONTRASTS:
        raise DataError(f"contrast {name!r}; expected one of {', '.join(CONTRASTS)}")
    return [document for _, document in jsonl.read_records(contrast_path(name), Document)]


def corpora(name: str) -> tuple[Corpus, ...]:
    """The corpora that a name stands for: one, or both for "all"."""
    if name not in CORPUS_NAMES:
        raise DataError(f"corpus {name!r}; expected one of {', '.join(CORPUS_NAMES)}")
    return tuple(corpus for corpus in CORPORA if name in (corpus, "all"))


def records(split: str, *, corpus: str = "desk") -> list[Document]:
    """Read the gold documents of a split as they are published, wire without text.

    Args:
        split: "train", "dev" or "test".
        corpus: "desk", "wire" or "all".

    Raises:
        DataError: No such split or corpus, or a file is damaged.
    """
    if split not in SPLITS:
        raise DataError(f"split {split!r}; expected one of {', '.join(SPLITS)}")
    return [
        document
        for name in corpora(corpus)
        for _, document in jsonl.read_records(gold_path(name, _split(split)), Document)
    ]


def read(split: str, *, corpus: str = "desk") -> list[Document]:
    """Read the gold documents of a split, wire with the texts that have been hydrated.

    Args:
        split: "train", "dev" or "test".
        corpus: "desk", "wire" or "all". `text` is None where it has not been hydrated.

    Raises:
        DataError: No such split or corpus, or a file is damaged.
    """
    return [with_text(document) for document in records(split, corpus=corpus)]


def hydrated(split: str, name: str) -> list[Document]:
    """The documents of a split that a run may use, all with text.

    Args:
        split: As for `read`.
        name: The corpus.

    Raises:
        DataError: A text that all can have is not hydrated.
    """
    documents = [d for d in read(split, corpus=name) if not d.restricted]
    if missing := [document.doc_id for document in documents if document.text is None]:
        raise DataError(
            f"{len(missing)} of {len(documents)} texts of {name} {split} are not hydrated, "
            f"such as {missing[0]}; run counterclaim hydrate first"
        )
    return documents


def with_text(document: Document) -> Document:
    """A stand-off record with its text from the cache; as it is, if that is not there."""
    held = None if document.text is not None else _hydrated_texts().get(document.doc_id)
    return document if held is None else attach_text(document, held)


def fingerprint(paths: Iterable[Path]) -> str:
    """Six hexadecimal digits of the SHA-256 of files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        for part in jsonl.read_parts(path):
            digest.update(part)
    return digest.hexdigest()[:6]


def attach_text(document: Document, held: HydratedText) -> Document:
    """Join a stand-off record with its text, moving its spans if the text differs.

    A record that has changed since the text was aligned is returned as it is.
    """
    if not held.moves:
        if text_hash(held.text) != document.sha256:
            return document
        return msgspec.structs.replace(document, text=held.text, title=held.title)
    moved = {Span(s, e): Span(start, end) for s, e, start, end in held.moves}
    try:
        layers: dict[str, Any] = {
            layer: tuple(_move(r, SPAN_FIELDS[layer], moved) for r in getattr(document, layer))
            for layer in LAYERS
        }
        sentences = tuple(moved[sentence] for sentence in document.sentences)
    except KeyError:
        return document
    # With the hash of this text, a prediction made from it cannot be taken for one made
    # from the published text.
    digest = text_hash(held.text)
    return msgspec.structs.replace(
        document,
        text=held.text,
        title=held.title,
        sha256=digest,
        sentences=sentences,
        **layers,
    )


def matching_gold(
    predictions: Iterable[Prediction], gold: Sequence[Document], held: Sequence[Document]
) -> tuple[list[Document], int]:
    """Choose for each document the record in the coordinates of the text predicted from.

    Args:
        predictions: They name the hash of that text, if they were made by a run.
        gold: The records as they are published.
        held: The same documents with the texts of this machine, some of them aligned.

    Returns:
        The records to score against, and how many of them are of aligned texts. A document
        whose text is published nowhere is left out where it is not predicted.
    """
    named = {prediction.doc_id: prediction.sha256 for prediction in predictions}
    by_id = {document.doc_id: document for document in held}
    chosen = []
    aligned = 0
    for document in gold:
        if document.restricted and document.doc_id not in named:
            continue
        digest = named.get(document.doc_id, UNSET)
        other = by_id.get(document.doc_id, document)
        if digest not in (UNSET, document.sha256) and digest == other.sha256:
            aligned += 1
            chosen.append(other)
        else:
            chosen.append(document)
    return chosen, aligned


def _move(record: Any, fields: Sequence[str], moved: dict[Span, Span]) -> Any:
    spans = {f: moved[span] for f in fields if (span := getattr(record, f)) is not None}
    return msgspec.structs.replace(record, **spans)


def _split(name: str) -> Split:
    return next(split for split in SPLITS if split == name)


def _hydrated_texts() -> dict[str, HydratedText]:
    path = hydrated_path()
    if not path.exists() or not path.stat().st_size:
        return {}
    return _read_texts(path, path.stat().st_mtime_ns)


@cache
def _read_texts(path: Path, _modified: int) -> dict[str, HydratedText]:
    return {held.doc_id: held for _, held in jsonl.read_records(path, HydratedText)}
