"""What is contested in a document: claims with their denials, and figures that disagree.

A claim is all accusations with one `claim` key; its status is that of `metrics.links`.
Figures of one incident and outcome disagree as in `metrics.quantities`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from counterclaim.errors import DataError
from counterclaim.metrics.links import claim_statuses
from counterclaim.metrics.quantities import conflict_pairs
from counterclaim.model import LAYERS, Casualty, Document, Prediction, Span, blind


class Answer(msgspec.Struct, frozen=True):
    """A denial of a claim: who denies, how far, in which words."""

    denial: str
    source: str | None
    scope: str
    words: str | None


class Claim(msgspec.Struct, frozen=True):
    """Who accuses whom of what, and who denies it.

    Attributes:
        claim: Its key.
        accusations: Ids of its mentions, in text order.
        source: The side that accuses; None if the text names none.
        target: The accused side.
        act: What the first mention is about.
        words: The content of the first mention; None without the text.
        status: One of `metrics.links.STATUSES`.
        answers: Denials of it, in text order.
    """

    claim: str
    accusations: list[str]
    source: str | None
    target: str | None
    act: str
    words: str | None
    status: str
    answers: list[Answer]


class Figure(msgspec.Struct, frozen=True):
    """One count of people, by whoever gives it; None as a bound is open."""

    casualty: str
    source: str | None
    low: int | None
    high: int | None
    words: str | None


class Dispute(msgspec.Struct, frozen=True):
    """Figures of one incident and outcome of which some disagree.

    Attributes:
        incident: Its key.
        outcome: What happened to the people.
        figures: Those that disagree with another one, in text order.
    """

    incident: str
    outcome: str
    figures: list[Figure]


class Contested(msgspec.Struct, frozen=True):
    """The claims of a document, and the disputes about its figures, in text order."""

    doc_id: str
    title: str | None
    claims: list[Claim]
    disputes: list[Dispute]


def contested(document: Document) -> Contested:
    """Find what is contested in a document, by its records.

    Args:
        document: Gold, or with what a system has predicted (`predicted`). Words are left
            out where it has no text.
    """
    # A system need not say which claim or incident a record is of: then it is its own.
    accusations = [msgspec.structs.replace(a, claim=a.claim or a.id) for a in document.accusations]
    statuses = claim_statuses(accusations, document.denials)
    claims = []
    for key, status in statuses.items():
        mentions = sorted((a for a in accusations if a.claim == key), key=_place)
        ids = {mention.id for mention in mentions}
        answers = [
            Answer(d.id, d.source_actor, d.scope, document.words(d.content or d.cue))
            for d in sorted(document.denials, key=_place)
            if ids & set(d.answers)
        ]
        first = mentions[0]
        claims.append(
            (
                _place(first),
                Claim(
                    claim=key,
                    accusations=[mention.id for mention in mentions],
                    source=first.source_actor,
                    target=first.target_actor,
                    act=first.act,
                    words=document.words(first.content),
                    status=status,
                    answers=answers,
                ),
            )
        )
    claims.sort(key=lambda each: each[0])
    return Contested(
        doc_id=document.doc_id,
        title=document.title,
        claims=[claim for _, claim in claims],
        disputes=_disputes(document),
    )


def predicted(
    documents: Sequence[Document], runs: Sequence[Sequence[Prediction]]
) -> list[Document]:
    """Documents with the records that systems have predicted in the place of their own.

    Args:
        documents: The documents.
        runs: What each system gives for some of them; layers that nobody gives are empty.

    Raises:
        DataError: A prediction is of none of the documents, or two give the same layer.
    """
    layers: dict[str, dict[str, Any]] = {document.doc_id: {} for document in documents}
    for run in runs:
        for each in run:
            if each.doc_id not in layers:
                raise DataError(f"{each.doc_id}: is predicted; expected one of the documents")
            for name in LAYERS:
                if records := getattr(each, name):
                    if name in layers[each.doc_id]:
                        raise DataError(f"{each.doc_id} {name}: are predicted twice; expected once")
                    layers[each.doc_id][name] = records
    return [msgspec.structs.replace(blind(d), **layers[d.doc_id]) for d in documents]


def _disputes(document: Document) -> list[Dispute]:
    records = [
        msgspec.structs.replace(r, incident=r.incident or r.id)
        for r in sorted(document.casualties, key=_place)
    ]
    found: dict[tuple[str, str], list[Casualty]] = {}
    for number in sorted({number for pair in conflict_pairs(records) for number in pair}):
        record = records[number]
        found.setdefault((record.incident, record.outcome), []).append(record)
    return [
        Dispute(
            *key,
            [Figure(r.id, r.source_actor, r.low, r.high, document.words(r.mention)) for r in group],
        )
        for key, group in found.items()
    ]


def _place(record: Any) -> Span:
    """Where a record stands: a denial where its cue does."""
    names = ("mention", "cue", "content") if hasattr(record, "scope") else ("mention", "content")
    span: Span = next(s for name in names if (s := getattr(record, name, None)) is not None)
    return span
