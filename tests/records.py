"""Records and strategies that several test modules use."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from counterclaim import jsonl
from counterclaim.model import LABELS, Document, Span

CASES = Path(__file__).parent / "cases"


def documents() -> list[Document]:
    """The documents of `cases/valid`."""
    return [d for _, d in jsonl.read_records(CASES / "valid" / "documents.jsonl", Document)]


def document(**changes: Any) -> Document:
    """The first of them, with some fields changed."""
    return msgspec.structs.replace(documents()[0], **changes)


def plain(text: str, *sentences: tuple[int, int], **changes: Any) -> Document:
    """A document of this text without annotation; by default one sentence."""
    return document(
        **{
            "text": text,
            "sha256": hashlib.sha256(text.encode("utf-8")).hexdigest(),
            "sentences": tuple(Span(*s) for s in sentences or [(0, len(text))]),
            **dict.fromkeys(("accusations", "denials", "casualties", "locations"), ()),
            **changes,
        }
    )


label_sets = st.lists(st.sets(st.sampled_from(LABELS)), max_size=6)
spans = st.builds(
    lambda start, length: Span(start, start + length), st.integers(0, 40), st.integers(1, 12)
)
