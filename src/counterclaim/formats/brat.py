"""brat: stand-off files, a text and its annotation for each document.

Offsets are code points, as ours; a span that crosses the end of a line stands in pieces. Of a
record, what has a fixed set of values is an attribute; the rest is a note in JSON.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.formats.graph import (
    ANSWERS,
    RECORDS,
    ROLES,
    Edge,
    Graph,
    Node,
    check_words,
    from_graph,
    read_text,
    same_text,
    to_graph,
    value_fields,
)
from counterclaim.model import Document, Span

CONFIG = "annotation.conf"


def config() -> str:
    """The configuration: labels, relations, and the attributes of each kind of record."""
    everything = "|".join(RECORDS)
    lines = ["[entities]", *RECORDS, *ROLES.values(), "", "[relations]"]
    lines += [f"{role}\tArg1:{everything}, Arg2:{label}" for role, label in ROLES.items()]
    lines += [f"{ANSWERS}\tArg1:Denial|DenialCue, Arg2:Accusation"]
    lines += ["<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>"]
    lines += ["", "[events]", "", "[attributes]"]
    for layer in dict.fromkeys(RECORDS.values()):
        labels = "|".join(label for label, known in RECORDS.items() if known == layer)
        for name, kind in value_fields(layer).items():
            if isinstance(kind, tuple):
                lines.append(f"{name}\tArg:{labels}, Value:{'|'.join(kind)}")
    return "\n".join(lines) + "\n"


def write(documents: Iterable[Document], folder: Path) -> list[str]:
    """Write a text and its annotation for each document, and the configuration.

    Args:
        documents: With text.
        folder: Where `DOC_ID.txt`, `DOC_ID.ann` and `annotation.conf` go.

    Returns:
        What is lost: nothing.
    """
    _put(folder / CONFIG, config())
    for document in documents:
        name = quote(document.doc_id, safe="")
        _put(folder / f"{name}.txt", document.text or "")
        lines = _lines(document, to_graph(document))
        _put(folder / f"{name}.ann", "".join(f"{line}\n" for line in lines))
    return []


def _put(path: Path, content: str) -> None:
    with jsonl.replacing(path) as temporary:
        temporary.write_bytes(content.encode("utf-8"))


def _lines(document: Document, graph: Graph) -> Iterator[str]:
    names = {node.id: f"T{i}" for i, node in enumerate(graph.nodes, 1)}
    attributes = notes = 0
    for node in graph.nodes:
        name = names[node.id]
        text = document.words(node.span) or ""
        pieces = list(re.finditer(r"[^\n]+", text))
        start = node.span.start
        places = ";".join(f"{start + piece.start()} {start + piece.end()}" for piece in pieces)
        words = " ".join(piece[0] for piece in pieces)
        yield f"{name}\t{node.label} {places}\t{words}"
        note: dict[str, Any] = {"id": node.id}
        kinds = value_fields(RECORDS[node.label]) if node.label in RECORDS else {}
        for key, value in node.values.items():
            if isinstance(kinds[key], tuple):
                attributes += 1
                yield f"A{attributes}\t{key} {name} {value}"
            else:
                note[key] = value
        if node.label in RECORDS:
            notes += 1
            yield f"#{notes}\tAnnotatorNotes {name}\t{json.dumps(note, ensure_ascii=False)}"
    for i, edge in enumerate(graph.edges, 1):
        yield f"R{i}\t{edge.kind} Arg1:{names[edge.start]} Arg2:{names[edge.end]}"


def read(folder: Path, documents: Mapping[str, Document]) -> list[Document]:
    """Documents with the annotation of a folder.

    Args:
        folder: With `DOC_ID.txt` and `DOC_ID.ann`.
        documents: By doc_id, with text.

    Raises:
        DataError: A file is of no document, of another text, or its annotation makes no record.
    """
    found = []
    for path in sorted(folder.glob("*.ann")):
        text, lines = read_text(path.with_suffix(".txt")), read_text(path).split("\n")
        try:
            document = same_text(unquote(path.stem), text, documents)
            found.append(from_graph(document, _graph(document, lines)))
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
    if not found:
        raise DataError(f"{folder}: has no .ann file")
    return found


def _graph(document: Document, lines: Iterable[str]) -> Graph:
    labels: dict[str, tuple[str, Span]] = {}
    values: dict[str, dict[str, Any]] = {}
    relations: list[tuple[str, str, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            name, what, *rest = line.split("\t")
            kind, *more = what.split(" ", 1)
            if name[0] == "T":
                places = [int(place) for place in re.split("[ ;]", more[0])]
                labels[name] = (kind, Span(places[0], places[-1]))
                words = " ".join((document.words(labels[name][1]) or "").split())
                if words != " ".join(rest[0].split()):
                    check_words(document, labels[name][1], rest[0])
            elif name[0] in "AM":
                place, value = more[0].split(" ")
                values.setdefault(place, {})[kind] = value
            elif name[0] == "#":
                values.setdefault(more[0], {}).update(json.loads(rest[0]))
            elif name[0] == "R":
                first, second = more[0].split()
                relations.append((kind, first.partition(":")[2], second.partition(":")[2]))
            else:
                raise ValueError("is of another kind")
        except (ValueError, IndexError, AttributeError) as error:
            raise DataError(f"line {number}: {error}; expected T, R, A or # in brat") from None
    # A record keeps its id; a span that annotators have added is called as brat calls it.
    ids = {name: values.get(name, {}).pop("id", name) for name in labels}
    nodes = [Node(ids[n], *labels[n], values.get(n, {})) for n in labels]
    edges = [Edge(kind, ids.get(a, a), ids.get(b, b)) for kind, a, b in relations]
    return Graph(nodes, edges)
