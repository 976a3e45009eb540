"""A document as annotation tools see it: labelled spans with values, and relations.

A record is a node on the span that says where it is, with a label of its kind; its cue, source
and target are nodes with a relation from the record, and so is what a denial answers. What
a record has besides is a value of its node. `DenialCue` is a denial that only its cue states:
its content is empty.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.model import LAYER_TYPES, LAYERS, SPAN_FIELDS, Document, Prediction, Span

Value = str | int | float
RECORDS = {
    "Accusation": "accusations",
    "Denial": "denials",
    "DenialCue": "denials",
    "Casualty": "casualties",
    "Location": "locations",
}
ROLES = {"cue": "Cue", "source": "Source", "target": "Target"}
ANSWERS = "answers"
LETTERS = {"accusations": "a", "denials": "d", "casualties": "k", "locations": "l"}
# A key that groups records: where a tool leaves it empty, the record stands alone.
KEYS = {"claim": "c", "incident": "i"}


@dataclass(frozen=True)
class Node:
    """A labelled span.

    Attributes:
        id: Of its own within the document; a record's is the record's.
        label: One of `RECORDS`, or of the values of `ROLES`.
        span: Where it is.
        values: Fields of the record that are neither spans nor relations; None is left out.
    """

    id: str
    label: str
    span: Span
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """A relation of a record: to one of its roles, or to an accusation that it answers."""

    kind: str
    start: str
    end: str


@dataclass(frozen=True)
class Graph:
    """The annotation of one document."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]


def value_fields(layer: str) -> dict[str, tuple[str, ...] | type]:
    """The values of a layer's records by name: the allowed ones, or `str`, `int` or `float`."""
    found: dict[str, tuple[str, ...] | type] = {}
    for name, hint in get_type_hints(LAYER_TYPES[layer]).items():
        if name in ("id", ANSWERS, *SPAN_FIELDS[layer]):
            continue
        inner = get_args(hint)
        if inner and all(isinstance(each, str) for each in inner):
            found[name] = inner
        else:
            found[name] = next((t for t in (int, float) if t in inner), str)
    return found


def to_graph(record: Document | Prediction) -> Graph:
    """The nodes and relations of a document's records."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    for layer in LAYERS:
        names = value_fields(layer)
        for each in getattr(record, layer) or ():
            label = next(label for label, known in RECORDS.items() if known == layer)
            if layer == "denials" and each.content is None:
                label = "DenialCue"
            anchor = _anchor_of(label)
            values = {n: v for n in names if (v := getattr(each, n)) is not None}
            nodes.append(Node(each.id, label, getattr(each, anchor), values))
            for role in SPAN_FIELDS[layer]:
                span = getattr(each, role)
                if span is not None and role != anchor:
                    nodes.append(Node(f"{each.id}.{role}", ROLES[role], span))
                    edges.append(Edge(role, each.id, f"{each.id}.{role}"))
            edges += [Edge(ANSWERS, each.id, other) for other in getattr(each, ANSWERS, ())]
    return Graph(nodes, edges)


def from_graph(document: Document, graph: Graph) -> Document:
    """The document with the records of a graph in the place of its own.

    A record keeps the id of its node where that is one of a record ("a1"), and gets a free one
    where a tool has named it. An empty claim or incident is one of its own.

    Raises:
        DataError: Two nodes have one id, a relation fits no record, or a record lacks what it
            has to have.
    """
    places = {node.id: node for node in graph.nodes}
    if len(places) < len(graph.nodes):
        ((twice, _),) = Counter(node.id for node in graph.nodes).most_common(1)
        raise DataError(f"{document.doc_id}: two spans have the id {twice}; expected one")
    ids = _ids(graph.nodes)
    fields: dict[str, dict[str, Any]] = {}
    for node in graph.nodes:
        if node.label in RECORDS:
            layer = RECORDS[node.label]
            key = ids[node.id]
            empty = dict.fromkeys((*SPAN_FIELDS[layer], *value_fields(layer)))
            own = {name: f"{letter}-{key}" for name, letter in KEYS.items() if name in empty}
            anchor = _anchor_of(node.label)
            fields[node.id] = {**empty, **own, **node.values, "id": key, anchor: node.span}
            if layer == "denials":
                fields[node.id][ANSWERS] = []
    for edge in graph.edges:
        _relate(document, edge, places, fields, ids)
    held: dict[str, list[Any]] = {layer: [] for layer in LAYERS}
    for node in graph.nodes:
        if node.id in fields:
            layer = RECORDS[node.label]
            try:
                record = msgspec.convert(fields[node.id], LAYER_TYPES[layer])
            except msgspec.ValidationError as error:
                raise DataError(f"{_where(document, node)}: {error}") from None
            held[layer].append(record)
    return msgspec.structs.replace(
        document, **{layer: tuple(records) for layer, records in held.items()}
    )


def _anchor_of(label: str) -> str:
    if label == "DenialCue":
        return "cue"
    return "content" if RECORDS[label] in ("accusations", "denials") else "mention"


def _ids(nodes: Iterable[Node]) -> dict[str, str]:
    """The record id of each node that is a record."""
    records = [node for node in nodes if node.label in RECORDS]
    kept = {n.id for n in records if re.fullmatch(rf"{_letter(n)}[1-9][0-9]*", n.id)}
    free = {letter: _free(letter, kept) for letter in LETTERS.values()}
    return {n.id: n.id if n.id in kept else next(free[_letter(n)]) for n in records}


def _free(letter: str, kept: Collection[str]) -> Iterator[str]:
    return (key for i in count(1) if (key := f"{letter}{i}") not in kept)


def _letter(node: Node) -> str:
    return LETTERS[RECORDS[node.label]]


def _relate(
    document: Document,
    edge: Edge,
    places: Mapping[str, Node],
    fields: Mapping[str, dict[str, Any]],
    ids: Mapping[str, str],
) -> None:
    """Put a relation into the fields of its record."""
    start, end = places.get(edge.start), places.get(edge.end)
    if start is None or end is None:
        missing = edge.start if start is None else edge.end
        raise DataError(f"{document.doc_id}: a relation {edge.kind} of {missing}, which is no span")
    where = f"{_where(document, start)}: {edge.kind} {document.words(end.span)!r}"
    record = fields.get(edge.start)
    if edge.kind == ANSWERS:
        if record is None or ANSWERS not in record or end.label != "Accusation":
            raise DataError(f"{where} ({end.label}); expected a denial that answers an accusation")
        if ids[edge.end] not in record[ANSWERS]:
            record[ANSWERS].append(ids[edge.end])
        return
    if record is None or edge.kind not in record or end.label != ROLES.get(edge.kind):
        expected = ", ".join((*ROLES, ANSWERS))
        raise DataError(f"{where} ({end.label}); expected a record and one of {expected}")
    if record[edge.kind] is not None:
        raise DataError(f"{where}: has another already; expected one {edge.kind} at most")
    record[edge.kind] = end.span


def _where(document: Document, node: Node) -> str:
    return f"{document.doc_id}: {node.label} {node.id} {document.words(node.span)!r:.60}"


def words_of(document: Document) -> Iterator[tuple[int, Span]]:
    """The words of a text, runs of letters and digits or single marks, by sentence number."""
    for number, sentence in enumerate(document.sentences):
        for match in re.finditer(r"\w+|[^\w\s]", document.words(sentence) or ""):
            yield number, Span(sentence.start + match.start(), sentence.start + match.end())


def read_text(path: Path) -> str:
    """A file in UTF-8.

    Raises:
        DataError: It cannot be read, or is in another encoding.
    """
    try:
        return jsonl.read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: {error}; expected UTF-8") from None


def same_text(doc_id: str, text: str, documents: Mapping[str, Document]) -> Document:
    """The document of an id.

    Raises:
        DataError: There is none, or its text is another one, so that offsets would not fit.
    """
    if doc_id not in documents:
        raise DataError(f"{doc_id}: is not among the documents")
    document = documents[doc_id]
    if text != document.text:
        own = document.text or ""
        pairs = enumerate(zip(text, own, strict=False))
        at = next((i for i, (a, b) in pairs if a != b), min(len(text), len(own)))
        raise DataError(f"{doc_id}: its text differs at {at}; expected that of the documents")
    return document


def check_words(document: Document, span: Span, words: str | None) -> None:
    """Check that a span has the words that the tool says.

    Raises:
        DataError: It has others, as where a tool counts other units than code points.
    """
    found = document.words(span)
    if words is not None and found != words:
        where = f"{document.doc_id}: {span.start}-{span.end}"
        raise DataError(f"{where} is {found!r:.60}; expected {words!r:.60}")
