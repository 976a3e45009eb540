"""Rules that hold over all documents together: ids, places, events, near-duplicates."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from counterclaim.model import Document

NEAR_DUPLICATE = 0.2  # share of a document's 8-grams that another holds too
_NGRAM = 8


class Located(NamedTuple):
    """A document and where it stands."""

    path: str
    line: int
    document: Document


class Problem(NamedTuple):
    """One finding; `where` is the document and, if there is one, the record and field."""

    path: str
    line: int
    rule: str
    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f" {self.where}" if self.where else ""
        expected = f", expected {self.expected}" if self.expected else ""
        return f"{self.path}:{self.line}: {self.rule}{where}: {self.found}{expected}"


def check_collection(documents: Sequence[Located]) -> Iterator[Problem]:
    """Rules over all documents: ids, places, events, near-duplicates."""
    ids: dict[str, str] = {}
    places: dict[tuple[str, str | None, str], tuple[str, tuple[float | None, ...]]] = {}
    events: dict[str, tuple[str, str]] = {}
    for path, line, document in documents:
        here = f"{path}:{line}"
        first = ids.setdefault(document.doc_id, here)
        if first != here:
            yield Problem(path, line, "doc-id", document.doc_id, f"also at {first}", "one record")
        for location in document.locations:
            value = (location.lat, location.lon)
            place = (location.name, location.country, location.precision)
            at, expected = places.setdefault(place, (here, value))
            if value != expected:
                where = f"{document.doc_id}/{location.id}"
                found = f"{location.name} is {value}"
                yield Problem(path, line, "place", where, found, f"{expected} as at {at}")
        at, split = events.setdefault(document.cluster, (here, document.split))
        if split != document.split:
            found = f"event {document.event!r} in {document.split}"
            yield Problem(path, line, "event-split", document.doc_id, found, f"{split} as at {at}")
    yield from _equal_texts(documents)
    yield from _near_duplicates(documents)


def _equal_texts(documents: Sequence[Located]) -> Iterator[Problem]:
    """One text under two ids in two splits, told by its hash where the text is not there."""
    first: dict[str, Document] = {}
    for path, line, document in documents:
        other = first.setdefault(document.sha256, document)
        if other.split != document.split and None in (document.text, other.text):
            found = f"the text of {other.doc_id} ({other.split})"
            where = document.doc_id
            yield Problem(path, line, "near-duplicate", where, found, "a text in one split alone")


def _near_duplicates(documents: Sequence[Located]) -> Iterator[Problem]:
    grams: list[set[tuple[str, ...]]] = []
    holders: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for i, (_, _, document) in enumerate(documents):
        words = re.findall(r"\w+", (document.text or "").lower())
        # A text shorter than an 8-gram is one gram, so that it too can be found again.
        ends = max(1, len(words) - _NGRAM + 1) if words else 0
        grams.append({tuple(words[k : k + _NGRAM]) for k in range(ends)})
        for gram in grams[-1]:
            holders[gram].add(i)
    for i, (path, line, document) in enumerate(documents):
        shared = Counter(j for gram in grams[i] for j in holders[gram] if j != i)
        for j, count in sorted(shared.items()):
            other = documents[j][2]
            share = count / len(grams[i])
            if share > NEAR_DUPLICATE and other.split != document.split:
                found = f"{share:.0%} of its 8-grams are in {other.doc_id} ({other.split})"
                yield Problem(
                    path, line, "near-duplicate", document.doc_id, found,
                    f"at most {NEAR_DUPLICATE:.0%} across splits",
                )  # fmt: skip
