"""Files of documents that are not the project's own, read with what any use of them needs.

`validate_files` reports whatever a careful reader would object to. Here only that stops
which would make a result wrong: offsets, hashes, ids and links.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from counterclaim import corpus, jsonl
from counterclaim.errors import DataError
from counterclaim.model import LAYERS, SPLITS, Document, Prediction
from counterclaim.validate.documents import validate_document

# Rules without which a record says nothing that could be scored, whoever made it.
READABLE = {"span-offsets", "span-utf16", "record-id", "denial-span", "bounds", "coordinates"}
# And without which it cannot be gold. A system's bad link is an error to count.
NEEDED = {*READABLE, "hash", "sentence-span", "sentence-order", "span-sentence", "answers"}


def read_documents(path: Path | str, *, with_text: bool = False) -> list[Document]:
    """Read a file of documents.

    Args:
        path: JSON lines, one document each.
        with_text: Whether every document has to have its text.

    Raises:
        DataError: With file and line, the first document that cannot be used.
    """
    documents: dict[str, Document] = {}
    for line, document in jsonl.read_records(path, Document):
        if document.doc_id in documents:
            raise DataError(f"{path}:{line}: {document.doc_id} stands there twice; expected once")
        if with_text and document.text is None:
            raise DataError(f"{path}:{line}: {document.doc_id} has no text; expected one")
        check(document, NEEDED, f"{path}:{line}: {document.doc_id}")
        documents[document.doc_id] = document
    return list(documents.values())


def read_pass(path: Path | str) -> dict[str, Document]:
    """Read the records of one annotator as documents, by doc_id.

    Those of documents of the data are in the coordinates of the published texts, with or
    without those texts. Others are whole documents.

    Raises:
        DataError: With file and line, the first line that is no such record.
    """
    gold = {d.doc_id: d for split in SPLITS for d in corpus.records(split, corpus="all")}
    annotated: dict[str, Document] = {}
    for line, record in jsonl.read_records(path, Prediction):
        where = f"{path}:{line}: {record.doc_id}"
        if record.doc_id in annotated:
            raise DataError(f"{where} stands there twice; expected once")
        whole = gold.get(record.doc_id) or _whole(record)
        if whole is None:
            raise DataError(f"{where} is not in the data; expected a whole document, or one of it")
        if record.sha256 not in (UNSET, whole.sha256):
            raise DataError(f"{where}: annotates another text; expected the hash of the data")
        layers: dict[str, Any] = {name: getattr(record, name) for name in LAYERS}
        if missing := [name for name, records in layers.items() if records is UNSET]:
            raise DataError(f"{where}: no {missing[0]}; expected all four layers")
        document = msgspec.structs.replace(whole, **layers)
        check(document, NEEDED, where)
        annotated[record.doc_id] = document
    return annotated


def _whole(record: Prediction) -> Document | None:
    """The record as a document, if it has all that one has."""
    try:
        return msgspec.convert(msgspec.to_builtins(record), Document)
    except msgspec.ValidationError:
        return None


def check(document: Document, rules: Collection[str], where: str) -> None:
    """Stop at the first problem by one of these rules.

    Raises:
        DataError: What is wrong, behind the words that say where.
    """
    for rule, place, found, expected in validate_document(document):
        if rule in rules:
            raise DataError(f"{where}{place}: {rule}: {found}, expected {expected}")
