"""Plain texts to documents without annotation.

Sentences are split once, here, and are frozen in the record from then on.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from counterclaim.errors import DataError
from counterclaim.model import GUIDELINES_VERSION, Document, Span, text_hash


def own_document(name: str, text: str, **fields: Any) -> Document:
    """A document of somebody's own.

    Args:
        name: Where the text is from, such as the name of its file; `doc_id` is made of it.
        text: The text; a first paragraph that does not end as a sentence is its title.
        fields: Other fields of a document, such as `date`, `conflict` or `genre`; the
            event is the document itself if it is not among them.

    Raises:
        DataError: The name has no letter or digit, or the text nothing but white space.
    """
    doc_id = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    if not doc_id:
        raise DataError(f"{name}: has no letter from a to z and no digit; expected a name")
    text = text.strip("\r\n")
    if not text.strip():
        raise DataError(f"{name}: has no text; expected a story")
    own = {
        "doc_id": doc_id,
        "title": headline(text),
        "date": None,
        "corpus": "own",
        "conflict": "unknown",
        "event": doc_id,
        "genre": "agency_long",
        "source": {
            **dict.fromkeys(("repository", "key", "url")),
            "path": name,
            "licence": "unknown",
        },
        "split": "test",
    }
    return with_text(own | fields, text)


def headline(text: str) -> str | None:
    """The first paragraph, unless it ends as a sentence does."""
    first, gap, _ = text.partition("\n\n")
    return first if gap and first.rstrip()[-1:] not in ("", ".", "!") else None


def with_text(fields: Mapping[str, Any], text: str) -> Document:
    """A document of these fields and what follows from its text."""
    derived = {
        "text": text,
        "sha256": text_hash(text),
        "sentences": [{"start": s.start, "end": s.end} for s in split_sentences(text)],
        "split": "train",
        "guidelines": GUIDELINES_VERSION,
    }
    return msgspec.convert({**derived, **fields}, Document)


def split_sentences(text: str) -> list[Span]:
    """Sentences as `sentencex` finds them, without the white space around them.

    The number of a paragraph ("14.") is no sentence: it begins the one after it.
    """
    from sentencex import get_sentence_boundaries

    spans: list[Span] = []
    for boundary in get_sentence_boundaries("en", text):
        words = boundary["text"]
        if words.strip():
            start = boundary["start_index"] + len(words) - len(words.lstrip())
            end = start + len(words.strip())
            if spans and _NUMBER.fullmatch(text[spans[-1].start : start]):
                start = spans.pop().start
            spans.append(Span(start, end))
    return spans


_NUMBER = re.compile(r"\(?(\d+(\.\d+)*|[a-z]|[ivx]+)[.)] *")
