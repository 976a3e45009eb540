"""Label Studio: tasks in JSON, and the labelling configuration that they fit.

Offsets are code points, as ours. Every field of a record has its place; a record keeps its id
as that of its region.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.formats.graph import (
    ANSWERS,
    RECORDS,
    ROLES,
    Edge,
    Graph,
    Node,
    Value,
    check_words,
    from_graph,
    same_text,
    to_graph,
    value_fields,
)
from counterclaim.model import LAYERS, Document, Span

TASKS, CONFIG = "tasks.json", "config.xml"


def config() -> str:
    """The labelling configuration: labels, relations, and the values of each kind of record."""
    view = ElementTree.Element("View")
    relations = ElementTree.SubElement(view, "Relations")
    for relation in (*ROLES, ANSWERS):
        ElementTree.SubElement(relations, "Relation", value=relation)
    labels = ElementTree.SubElement(view, "Labels", name="label", toName="text")
    for label in (*RECORDS, *ROLES.values()):
        ElementTree.SubElement(labels, "Label", value=label)
    ElementTree.SubElement(view, "Text", name="text", value="$text")
    for layer in LAYERS:
        shown = ",".join(label for label, known in RECORDS.items() if known == layer)
        box = ElementTree.SubElement(
            view, "View", visibleWhen="region-selected", whenTagName="label", whenLabelValue=shown
        )
        for name, kind in value_fields(layer).items():
            ElementTree.SubElement(box, "Header", value=name, size="6")
            control = ElementTree.SubElement(
                box, _TAG[_control(kind)], name=f"{layer}-{name}", toName="text", perRegion="true"
            )
            for choice in kind if isinstance(kind, tuple) else ():
                ElementTree.SubElement(control, "Choice", value=choice)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def write(
    documents: Iterable[Document], folder: Path, *, bare: bool = False, system: str | None = None
) -> list[str]:
    """Write tasks with the records of documents, and the configuration.

    Args:
        documents: With text.
        folder: Where `tasks.json` and `config.xml` go.
        bare: Tasks that nobody has annotated yet.
        system: Whose predictions the records are; they are pre-annotations then.

    Returns:
        What is lost: nothing.
    """
    tasks = []
    for document in documents:
        data: Any = {
            "doc_id": document.doc_id,
            "title": document.title or "",
            "text": document.text,
        }
        made = {"result": _results(document, to_graph(document))}
        if bare:
            tasks.append({"data": data})
        elif system is None:
            tasks.append({"data": data, "annotations": [made]})
        else:
            tasks.append({"data": data, "predictions": [{"model_version": system, **made}]})
    for name, content in (
        (TASKS, json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"),
        (CONFIG, config()),
    ):
        with jsonl.replacing(folder / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return []


def _results(document: Document, graph: Graph) -> list[dict[str, Any]]:
    """Regions with their values, then relations."""
    found: list[dict[str, Any]] = []
    for node in graph.nodes:
        place = {"start": node.span.start, "end": node.span.end}
        own = {"id": node.id, "to_name": "text"}
        value = {**place, "text": document.words(node.span), "labels": [node.label]}
        found.append({**own, "from_name": "label", "type": "labels", "value": value})
        for name, content in node.values.items():
            layer = RECORDS[node.label]
            kind = _control(value_fields(layer)[name])
            given = content if kind == "number" else [content]
            entry = {**place, _ENTRY[kind]: given}
            found.append({**own, "from_name": f"{layer}-{name}", "type": kind, "value": entry})
    found += [
        {
            "type": "relation",
            "from_id": edge.start,
            "to_id": edge.end,
            "direction": "right",
            "labels": [edge.kind],
        }
        for edge in graph.edges
    ]
    return found


# The key of a value under which each kind of control has what was entered.
_ENTRY = {"choices": "choices", "textarea": "text", "number": "number"}
_TAG = {"choices": "Choices", "textarea": "TextArea", "number": "Number"}


def _control(kind: tuple[str, ...] | type) -> str:
    if isinstance(kind, tuple):
        return "choices"
    return "textarea" if kind is str else "number"


def read(folder: Path, documents: Mapping[str, Document]) -> list[Document]:
    """Documents with the annotation of tasks, as Label Studio exports them in JSON.

    Args:
        folder: A file of tasks, or the folder with `tasks.json`.
        documents: By doc_id, with text.

    Raises:
        DataError: A task is of no document, of another text, or its annotation makes no record.
    """
    path = folder / TASKS if folder.is_dir() else folder
    expected = "expected tasks as Label Studio exports them"
    try:
        tasks = list(json.loads(jsonl.read_bytes(path)))
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: {error}; {expected}") from None
    found = []
    for number, task in enumerate(tasks, 1):
        where = f"{path}: task {number}"
        try:
            found.append(_document(task, documents))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{where}: {type(error).__name__}: {error}; {expected}") from None
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
    return found


def _document(task: Mapping[str, Any], documents: Mapping[str, Document]) -> Document:
    document = same_text(task["data"]["doc_id"], task["data"]["text"], documents)
    made = [a for a in task.get("annotations", []) if not a.get("was_cancelled")]
    if len(made) != 1:
        raise DataError(f"{document.doc_id}: has {len(made)} annotations; expected one")
    nodes: dict[str, dict[str, Any]] = {}
    edges = []
    for each in made[0]["result"]:
        value = each.get("value", {})
        if each["type"] == "relation":
            edges += [Edge(kind, each["from_id"], each["to_id"]) for kind in each["labels"]]
            continue
        node = nodes.setdefault(each["id"], {"values": {}})
        if each["type"] == "labels":
            (label,) = value["labels"]
            node |= {"label": label, "span": Span(value["start"], value["end"])}
            check_words(document, node["span"], value.get("text"))
        else:
            name = each["from_name"].partition("-")[2]
            node["values"][name] = _entered(value[_ENTRY[each["type"]]])
    return from_graph(
        document,
        Graph([Node(k, v["label"], v["span"], v["values"]) for k, v in nodes.items()], edges),
    )


def _entered(given: Any) -> Value:
    """One value; a whole number as one, however the tool writes it."""
    if isinstance(given, list):
        (given,) = given
    if isinstance(given, float) and given.is_integer():
        return int(given)
    value: Value = given
    return value
