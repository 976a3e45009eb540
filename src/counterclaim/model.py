"""The record: a document with its four layers, and what a model predicts for one.

All offsets are Unicode code points into `Document.text`, half-open. What every field
means, and how an annotator decides it, stands in `annotation_guidelines/`.

A prediction has the same shape as gold, so gold can be scored as if it were a system.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from counterclaim.errors import DataError

Corpus: TypeAlias = Literal["desk", "wire", "own"]
"""The two corpora of this data set; `own` is of anybody's documents."""
Split: TypeAlias = Literal["train", "dev", "test"]
Label: TypeAlias = Literal["accusation", "denial", "casualty", "location"]
SentenceLabels: TypeAlias = list[list[str]]
Genre: TypeAlias = Literal[
    "agency_short",
    "agency_long",
    "local_paper",
    "official_statement",
    "joint_communique",
    "broadcast_transcript",
    "live_blog",
    "monitoring_report",
    "human_rights_report",
    "correction",
    "scraped_page",
    "encyclopedia",
]
Act: TypeAlias = Literal[
    "armed_attack",
    "ceasefire_violation",
    "harm_to_civilians",
    "killing",
    "detention_abduction",
    "abuse_torture",
    "incursion_occupation",
    "support_for_armed_group",
    "prohibited_weapons",
    "espionage_sabotage",
    "obstruction",
    "political_violation",
    "deception",
    "other",
]
Scope: TypeAlias = Literal["act", "responsibility", "figure", "intent", "all"]
Outcome: TypeAlias = Literal["killed", "wounded", "unspecified", "missing", "captured", "displaced"]
Modifier: TypeAlias = Literal["exact", "at_least", "at_most", "about", "range", "vague"]
Group: TypeAlias = Literal["military", "civilian", "mixed", "unknown"]
Role: TypeAlias = Literal["site", "dateline", "context"]
Precision: TypeAlias = Literal[
    "point", "town", "district", "region", "country", "supranational", "natural"
]

LABELS: tuple[Label, ...] = get_args(Label)
SPLITS: tuple[Split, ...] = get_args(Split)
CORPORA: tuple[Corpus, ...] = ("desk", "wire")
LAYERS = ("accusations", "denials", "casualties", "locations")
GUIDELINES_VERSION = "2"
CANARY = "counterclaim-canary-7d1c0f1e-5b7e-4a53-9d0a-52c1f0a9e4b6"
"""Stands in every row with text, so that what a model was trained on can be told."""
DESK_NOTE = f"An invented incident in real places; no real person. {CANARY}"


class Span(Struct, frozen=True, forbid_unknown_fields=True, order=True, gc=False):
    """A stretch of text, `text[start:end]`."""

    start: int
    end: int


class Accusation(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A source says that a target did, does or plans something wrong or harmful.

    `claim` is the same for all mentions of one act that one source side alleges of one
    target side. `source_actor` and `target_actor` name the sides as the text does.
    """

    id: str
    cue: Span | None
    content: Span
    source: Span | None
    target: Span | None
    source_actor: str | None
    target_actor: str | None
    act: Act
    claim: str


class Denial(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The accused, or somebody for it, says that an accusation is not so.

    `answers` holds the ids of the accusation mentions that it answers.
    """

    id: str
    cue: Span | None
    content: Span | None
    source: Span | None
    source_actor: str | None
    answers: tuple[str, ...]
    scope: Scope


class Casualty(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """People killed, wounded, missing, captured or displaced, by somebody's count.

    `low` and `high` are inclusive bounds; None is open. Zero is a value: "no casualties".
    """

    id: str
    mention: Span
    outcome: Outcome
    low: int | None
    high: int | None
    modifier: Modifier
    group: Group
    side: str | None
    source: Span | None
    source_actor: str | None
    incident: str


class Location(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A name of a place used as a place; `lat` and `lon` in degrees, WGS 84."""

    id: str
    mention: Span
    name: str
    country: str | None
    lat: float | None
    lon: float | None
    role: Role
    precision: Precision


class Source(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Where a text comes from. A desk text has a licence and a note only.

    `path` is a file of `repository` (OWNER/NAME) and `key` the document within that
    file; a single text file has a path alone. `note` is what a reader of the text has to
    know: that a desk text is invented.
    """

    repository: str | None
    path: str | None
    key: str | None
    url: str | None
    licence: str
    note: str | UnsetType = UNSET


class Document(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One news text with its gold annotation.

    `text` and `title` of a stand-off record are None until the text has been hydrated.
    `sha256` is the hash of `text` in UTF-8. `date` is a full ISO date, if known.
    """

    doc_id: str
    text: str | None
    title: str | None
    date: str | None
    corpus: Corpus
    conflict: str
    event: str
    genre: Genre
    source: Source
    sha256: str
    sentences: tuple[Span, ...]
    split: Split
    guidelines: str
    accusations: tuple[Accusation, ...] = ()
    denials: tuple[Denial, ...] = ()
    casualties: tuple[Casualty, ...] = ()
    locations: tuple[Location, ...] = ()

    @property
    def cluster(self) -> str:
        """What is resampled and split as one: all documents of an event."""
        return f"{self.conflict}/{self.event}"

    @property
    def restricted(self) -> bool:
        """Whether the text is published nowhere: no run uses it, so that all can repeat it."""
        return self.corpus == "wire" and self.source.repository is None

    def words(self, span: Span | None) -> str | None:
        """The words of a span; None without a span or without a text."""
        if span is None or self.text is None:
            return None
        return self.text[span.start : span.end]

    @property
    def sentence_texts(self) -> list[str]:
        """The sentences as strings; empty if the text has not been hydrated."""
        text = self.text
        if text is None:
            return []
        return [text[sentence.start : sentence.end] for sentence in self.sentences]


class Prediction(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What a model says of one document: the layers, or labels of its sentences.

    Only `doc_id` and what the task asks for are needed. The other fields of a document
    may be repeated, so that a gold file is a predictions file too; scoring checks that
    they agree with gold.

    Attributes:
        sentence_labels: Labels of every sentence, in the order of `Document.sentences`.
        sentence_scores: Optionally a score for each label of every sentence.
    """

    doc_id: str
    sentence_labels: Sequence[Sequence[str]] | UnsetType = UNSET
    sentence_scores: Sequence[Mapping[str, float]] | UnsetType = UNSET
    accusations: tuple[Accusation, ...] | UnsetType = UNSET
    denials: tuple[Denial, ...] | UnsetType = UNSET
    casualties: tuple[Casualty, ...] | UnsetType = UNSET
    locations: tuple[Location, ...] | UnsetType = UNSET
    text: str | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    date: str | UnsetType | None = UNSET
    corpus: Corpus | UnsetType = UNSET
    conflict: str | UnsetType = UNSET
    event: str | UnsetType = UNSET
    genre: Genre | UnsetType = UNSET
    source: Source | UnsetType = UNSET
    sha256: str | UnsetType = UNSET
    sentences: tuple[Span, ...] | UnsetType = UNSET
    split: Split | UnsetType = UNSET
    guidelines: str | UnsetType = UNSET


LAYER_TYPES: dict[str, type[Struct]] = {
    "accusations": Accusation,
    "denials": Denial,
    "casualties": Casualty,
    "locations": Location,
}
SPAN_FIELDS: dict[str, tuple[str, ...]] = {
    "accusations": ("cue", "content", "source", "target"),
    "denials": ("cue", "content", "source"),
    "casualties": ("mention", "source"),
    "locations": ("mention",),
}


def text_hash(text: str) -> str:
    """The SHA-256 of a text in UTF-8, as `Document.sha256` has it."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def blind(document: Document) -> Document:
    """Return the document without its annotation, as a model may see it."""
    empty: dict[str, Any] = dict.fromkeys(LAYERS, ())
    # A copy to the last span: what a model does to it does not reach the gold.
    fields = msgspec.to_builtins(msgspec.structs.replace(document, **empty))
    return msgspec.convert(fields, Document)


def annotated_spans(document: Document) -> list[Span]:
    """Every span of every layer, without repetition, in text order."""
    return sorted(
        {
            span
            for layer in LAYERS
            for record in getattr(document, layer)
            for field in SPAN_FIELDS[layer]
            if (span := getattr(record, field)) is not None
        }
    )


def sentence_labels(
    document: Document, record: "Document | Prediction | None" = None
) -> SentenceLabels:
    """The labels of each sentence that follow from the layers, in the order of `LABELS`.

    `accusation` where the content of one begins, `denial` where its cue begins (its
    content if there is no cue), `casualty` and `location` where the mention begins.

    Args:
        document: Whose sentences.
        record: Whose layers; by default those of the document.

    Raises:
        DataError: A span begins in no sentence.
    """
    layers = record or document
    starts = [sentence.start for sentence in document.sentences]
    found: list[set[str]] = [set() for _ in starts]

    def mark(key: str, span: Span | None, label: str) -> None:
        if span is None:
            return
        number = bisect_right(starts, span.start) - 1
        if number < 0 or span.start >= document.sentences[number].end:
            raise DataError(f"{key}: span {span.start}-{span.end} begins in no sentence")
        found[number].add(label)

    for accusation in layers.accusations or ():
        mark(accusation.id, accusation.content, "accusation")
    for denial in layers.denials or ():
        mark(denial.id, denial.cue or denial.content, "denial")
    for casualty in layers.casualties or ():
        mark(casualty.id, casualty.mention, "casualty")
    for location in layers.locations or ():
        mark(location.id, location.mention, "location")
    return [[label for label in LABELS if label in labels] for labels in found]
