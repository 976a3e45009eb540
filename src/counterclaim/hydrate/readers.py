"""One reader per public source: a file as published to its documents.

A reader yields `(key, title, text)` for every document of a file. The text is the field
of the source to the letter, so that offsets hold for anybody who has the file.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from counterclaim.errors import DataError


class RawText(NamedTuple):
    """A document as its source has it; `key` names it within the file."""

    key: str | None
    title: str | None
    text: str


Reader = Callable[[bytes], Iterator[RawText]]


def read_muc(data: bytes) -> Iterator[RawText]:
    """xinyadu/doc_event_role, `doc_*.jsons.txt`: JSON lines with docid and text."""
    for record in _json_lines(data):
        yield RawText(record["docid"], None, record["text"])


def read_fakes(data: bytes) -> Iterator[RawText]:
    """FA-KES: CSV in Windows-1252 or Latin-1, title apart from the body."""
    rows = csv.DictReader(io.StringIO(data.decode("latin-1"), newline=""))
    for row in rows:
        yield RawText(row["unit_id"], row["article_title"], row["article_content"])


def read_wikinews(data: bytes) -> Iterator[RawText]:
    """vanatteveldt/wikinews: CSV in UTF-8, one file a year, the URL is the key."""
    for row in csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")):
        yield RawText(row["url"], row["title"], row["text"])


def read_re3d(data: bytes) -> Iterator[RawText]:
    """dstl/re3d, `*/documents.json`: JSON objects, one a line."""
    for record in _json_lines(data):
        yield RawText(record["_id"], record["title"], record["text"])


def read_text(data: bytes) -> Iterator[RawText]:
    """A file that is one text."""
    yield RawText(None, None, data.decode("utf-8"))


READERS: dict[str | None, Reader] = {
    "xinyadu/doc_event_role": read_muc,
    "golobluka/Fake-news-generation-from-FA-KES-dataset": read_fakes,
    "vanatteveldt/wikinews": read_wikinews,
    "dstl/re3d": read_re3d,
    None: read_text,
}


def read(repository: str | None, data: bytes) -> dict[str | None, RawText]:
    """Read one file of a source into its documents by key.

    Raises:
        DataError: The file is not of the source's form.
    """
    if repository not in READERS:
        raise DataError(f"{repository}: no reader for this source; expected {list(READERS)}")
    try:
        documents: dict[str | None, RawText] = {}
        for raw in READERS[repository](data):
            if _is_sound(raw):
                documents.setdefault(raw.key, raw)  # a key that stands twice names the first
        return documents
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        raise DataError(f"not a file of {repository}: {type(error).__name__} {error}") from None


def _is_sound(raw: RawText) -> bool:
    """Whether a record has a text, and strings that can be written again."""
    try:
        for part in (raw.text, raw.key or "", raw.title or ""):
            part.encode("utf-8")
    except (AttributeError, UnicodeEncodeError):
        return False
    return True


def _json_lines(data: bytes) -> Iterator[dict[str, str]]:
    # Not `splitlines`, which also splits at U+2028 inside a string.
    for line in data.decode("utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)
