"""UIMA CAS XMI, as INCEpTION reads and writes it; needs dkpro-cassis.

Its offsets are UTF-16 units, which cassis converts. Each kind of record is a layer of its own,
with a feature for each value; roles and answers are one layer of relations.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from counterclaim import jsonl
from counterclaim.errors import CounterclaimError, DataError
from counterclaim.formats.graph import (
    RECORDS,
    ROLES,
    Edge,
    Graph,
    Node,
    from_graph,
    read_text,
    same_text,
    to_graph,
    value_fields,
    words_of,
)
from counterclaim.model import Document, Span

TYPES = "TypeSystem.xml"
PREFIX = "webanno.custom."
RELATION = f"{PREFIX}ClaimRelation"
_SENTENCE = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Sentence"
_TOKEN = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token"


def _cassis() -> Any:
    try:
        import cassis
    except ImportError:
        raise CounterclaimError("CAS needs dkpro-cassis: pip install dkpro-cassis") from None
    return cassis


@cache
def typesystem() -> Any:
    """The layers of INCEpTION: a span for each kind of record and role, and the relations."""
    cassis = _cassis()
    types = cassis.load_dkpro_core_typesystem()
    for label in (*RECORDS, *ROLES.values()):
        made = types.create_type(PREFIX + label, supertypeName="uima.tcas.Annotation")
        values = value_fields(RECORDS[label]) if label in RECORDS else {}
        for name in ("key", *values):
            types.create_feature(made, name, "uima.cas.String")
    made = types.create_type(RELATION, supertypeName="uima.tcas.Annotation")
    types.create_feature(made, "Governor", "uima.tcas.Annotation")
    types.create_feature(made, "Dependent", "uima.tcas.Annotation")
    types.create_feature(made, "kind", "uima.cas.String")
    return types


def write(documents: Iterable[Document], folder: Path) -> list[str]:
    """Write an XMI file for each document, and the type system.

    Args:
        documents: With text.
        folder: Where `DOC_ID.xmi` and `TypeSystem.xml` go.

    Returns:
        What is lost: nothing but the order of records and answers.
    """
    types = typesystem()
    with jsonl.replacing(folder / TYPES) as temporary:
        types.to_xml(temporary)
    for document in documents:
        cas = _cassis().Cas(types)
        cas.sofa_string, cas.sofa_mime = document.text, "text/plain"
        for sentence in document.sentences:
            cas.add(types.get_type(_SENTENCE)(begin=sentence.start, end=sentence.end))
        for _, word in words_of(document):
            cas.add(types.get_type(_TOKEN)(begin=word.start, end=word.end))
        graph, made = to_graph(document), {}
        for node in graph.nodes:
            values = {name: str(value) for name, value in node.values.items()}
            place = {"begin": node.span.start, "end": node.span.end, "key": node.id}
            made[node.id] = types.get_type(PREFIX + node.label)(**place, **values)
            cas.add(made[node.id])
        for edge in graph.edges:
            start, end = made[edge.start], made[edge.end]
            # As INCEpTION has it: where the relation ends.
            place = {"begin": end.begin, "end": end.end}
            cas.add(
                types.get_type(RELATION)(**place, Governor=start, Dependent=end, kind=edge.kind)
            )
        with jsonl.replacing(folder / f"{quote(document.doc_id, safe='')}.xmi") as temporary:
            cas.to_xmi(temporary)
    return []


def read(folder: Path, documents: Mapping[str, Document]) -> list[Document]:
    """Documents with the annotation of a folder.

    Args:
        folder: With `DOC_ID.xmi` and `TypeSystem.xml`.
        documents: By doc_id, with text.

    Raises:
        DataError: A file is of no document, of another text, or its annotation makes no record.
        CounterclaimError: dkpro-cassis is not installed.
    """
    cassis = _cassis()
    paths = sorted(folder.glob("*.xmi"))
    if not paths:
        raise DataError(f"{folder}: has no .xmi file")
    types = _parsed(folder / TYPES, cassis.load_typesystem)
    load = partial(cassis.load_cas_from_xmi, typesystem=types)
    found = []
    for path in paths:
        cas = _parsed(path, load)
        try:
            document = same_text(unquote(path.stem), cas.sofa_string or "", documents)
            found.append(from_graph(document, _graph(cas)))
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            what = f"{type(error).__name__}: {error}"
            raise DataError(f"{path}: {what}; expected the layers of {TYPES}") from None
    return found


def _parsed(path: Path, parse: Callable[[str], Any]) -> Any:
    content = read_text(path)
    try:
        return parse(content)
    except Exception as error:  # cassis and its XML parser raise of many kinds
        what = f"{type(error).__name__}: {error}"
        raise DataError(f"{path}: {what}; expected UIMA CAS as XMI") from None


def _graph(cas: Any) -> Graph:
    nodes, edges = [], []
    keys: dict[int, str] = {}
    for label in (*RECORDS, *ROLES.values()):
        kinds = value_fields(RECORDS[label]) if label in RECORDS else {}
        for each in cas.select(PREFIX + label):
            values = {
                name: kind(value) if isinstance(kind, type) else value
                for name, kind in kinds.items()
                if (value := each[name]) is not None
            }
            keys[each.xmiID] = each.key or f"x{each.xmiID}"
            nodes.append(Node(keys[each.xmiID], label, Span(each.begin, each.end), values))
    for each in cas.select(RELATION):
        edges.append(Edge(each.kind, keys[each.Governor.xmiID], keys[each.Dependent.xmiID]))
    return Graph(nodes, edges)
