"""Groups of documents that scores are broken down by."""

from collections.abc import Callable, Mapping
from typing import Any

from counterclaim.errors import DataError
from counterclaim.model import LABELS, LAYERS, Document

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
