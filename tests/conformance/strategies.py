"""Small corpora with all that can be awkward in them, and what systems may say of them.

Documents are valid by the rules without which nothing can be scored. Their spans are nested,
crossing, shared and repeated, since texts are short; fields are null, zero, open or unequal in
case alone. Everything is drawn as a row of a table whose first row is the plainest, so that a
failing case shrinks to few records with plain fields.
"""

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from counterclaim.model import (
    LABELS,
    LAYER_TYPES,
    LAYERS,
    SPAN_FIELDS,
    Accusation,
    Casualty,
    Denial,
    Document,
    Location,
    Prediction,
    Source,
    Span,
    sentence_labels,
    text_hash,
)
from counterclaim.tasks import GOLD_MENTIONS, TASKS, Task

PROFILES = {
    name: settings(
        max_examples=examples,
        deadline=None,
        derandomize=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    for name, examples in (("ci", 200), ("nightly", 10_000))
}
EXAMPLES = PROFILES["nightly" if os.environ.get("COUNTERCLAIM_NIGHTLY") == "1" else "ci"]
T = TypeVar("T")
Layers = dict[str, Any]
"""Records by layer; the type lets them stand for the other fields of a prediction, too."""
Draw = Callable[[st.SearchStrategy[int]], int]
ALL_TASKS = [*TASKS.values(), *GOLD_MENTIONS.values()]
# ASCII, accents, a script from right to left, and a character of two UTF-16 units.
SENTENCES = ("Abcd ef.", "K l.", "Ñandú é.", "قال لا.", "🚀 gh ij.")
ROOM = "Zzz."  # a last sentence that no record of gold is about


class Case(NamedTuple):
    """Gold, and the predictions of one system, of which some may be missing."""

    gold: list[Document]
    predicted: list[Prediction]


class Passage(NamedTuple):
    """A text with its sentences, and all spans that may stand in it."""

    text: str
    sentences: tuple[Span, ...]
    spans: tuple[Span, ...]


@cache
def passage(numbers: tuple[int, ...], *, room: bool = False) -> Passage:
    """The text of some of `SENTENCES`, by their numbers, and of `ROOM` without spans.

    Where offsets in UTF-16 units would be other ones, spans are whole words: others could be
    taken for such offsets, and are refused.
    """
    text = " ".join(SENTENCES[number] for number in numbers)
    sentences, spans, start = [], [], 0
    for number in numbers:
        end = start + len(SENTENCES[number])
        sentences.append(Span(start, end))
        unit = re.compile(r"\w+" if any(c > "\uffff" for c in text) else ".")
        units = [found.span() for found in unit.finditer(text, start, end)]
        spans += [Span(a, z) for i, (a, _) in enumerate(units) for _, z in units[i:]]
        start = end + 1
    if room:
        text += f" {ROOM}"
        sentences.append(Span(start, start + len(ROOM)))
    return Passage(text, tuple(sentences), tuple(spans))


_ACTORS = (None, "Army", "ARMY", "front")
_ACCUSATIONS: list[dict[str, Any]] = [
    {"source_actor": source, "target_actor": target, "act": act, "claim": claim}
    for claim, act, source, target in product(
        ("c1", "c2", "c3"), ("killing", "other"), _ACTORS, _ACTORS[:3]
    )
]
_ANSWERS = ("", "0", "1", "01", "2", "02", "12", "012")
_DENIALS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (anchors, {"source_actor": source, "answers": tuple(answers), "scope": scope})
    for answers, anchors, scope, source in product(
        _ANSWERS,
        (("content",), ("cue",), ("cue", "content")),
        ("act", "responsibility", "figure", "intent", "all"),
        _ACTORS[:3],
    )
]
_BOUNDS = ((0, 0), (1, 1), (None, 0), (0, None), (1, None), (3, 5), (4, 9), (None, 4))
_CASUALTIES: list[dict[str, Any]] = [
    {
        "outcome": outcome,
        "low": low,
        "high": high,
        "group": group,
        "side": side,
        "source_actor": source,
        "incident": incident,
    }
    for incident, (low, high), outcome, source, side, group in product(
        ("i1", "i2"),
        _BOUNDS,
        ("killed", "wounded"),
        _ACTORS,
        (None, "front"),
        ("civilian", "unknown"),
    )
]
_POINTS = ((0.0, 0.0), (None, None), (1.0, 1.0), (2.0, 0.0), (-90.0, 0.0), (0.0, 180.0))
_LOCATIONS: list[dict[str, Any]] = [
    {"country": country, "lat": lat, "lon": lon, "role": role}
    for (lat, lon), country, role in product(
        _POINTS, ("KE", None, "UG"), ("site", "dateline", "context")
    )
]
# Mostly one sentence, so that records meet; all texts of two, and some longer ones.
_TEXTS = [
    *((n,) for n in range(len(SENTENCES)) for _ in range(8)),
    *product(range(len(SENTENCES)), repeat=2),
    *(tuple(n % 5 for n in range(a, a + size)) for size in (3, 4) for a in range(5)),
    *((a, a, *range(3)) for a in range(5)),
]
_CROWDED = (1,)
# Event, whether the text is there, and corpus with split.
_KINDS = list(product(("e1", "e2", "e3"), (True, False), (("desk", "train"), ("wire", "test"))))
FORMS = ("layers", "labels", "scores")
_EDITS = ("keep", "keep", "drop", "change", "move", "double")
_SUBSETS = [
    frozenset(label for i, label in enumerate(LABELS) if number >> i & 1)
    for number in range(2 ** len(LABELS))
]
_SCORES: list[dict[str, float]] = [
    {label: value for label, value in zip(LABELS, values, strict=True) if value is not None}
    for values in product((None, 0.0, 1.0, -2.0), repeat=len(LABELS))
]


@cache
def below(size: int) -> st.SearchStrategy[int]:
    """Numbers from 0 to one less than a size."""
    return st.integers(0, size - 1)


def row(draw: Draw, table: Sequence[T]) -> T:
    """A row of a table, by its number: a third of what `st.sampled_from` and `st.builds` take."""
    return table[draw(below(len(table)))]


def new_record(draw: Draw, layer: str, of: Passage) -> Any:
    """A record of a layer, with no id yet; its answers are numbers of accusations."""
    span = row(draw, of.spans)
    if layer == "accusations":
        source, target = (row(draw, (None, *of.spans)) for _ in range(2))
        return Accusation("", None, span, source, target, **row(draw, _ACCUSATIONS))
    if layer == "denials":
        anchors, fields = row(draw, _DENIALS)
        cue = row(draw, of.spans) if len(anchors) > 1 else span
        spans = {"cue": cue, "content": span}
        given: dict[str, Any] = {name: spans[name] if name in anchors else None for name in spans}
        return Denial("", source=row(draw, (None, *of.spans)), **given, **fields)
    if layer == "casualties":
        return Casualty("", span, modifier="vague", source=None, **row(draw, _CASUALTIES))
    return Location("", span, "x", precision="town", **row(draw, _LOCATIONS))


def _new_records(draw: Draw, layer: str, of: Passage, sizes: Sequence[int]) -> list[Any]:
    """Records of which some are like the one before them but for what no alignment looks at."""
    found: list[Any] = []
    for _ in range(row(draw, sizes)):
        fresh = new_record(draw, layer, of)
        if found and draw(below(3)) == 1:
            fresh = replace(found[-1], **{name: getattr(fresh, name) for name in _UNSEEN[layer]})
        found.append(fresh)
    return found


_UNSEEN = {
    "accusations": ("claim",),
    "denials": ("answers",),
    "casualties": ("incident",),
    "locations": ("lat", "lon"),
}


def finished(layers: Layers) -> Layers:
    """Give ids to the records that have none, and let denials answer what there is.

    The first free id is taken, which may be that of another record on the other side.
    """
    done: Layers = {}
    for layer, records in layers.items():
        taken = {record.id for record in records}
        free = (key for n in range(99) if (key := f"{layer[0]}{n}") not in taken)
        done[layer] = tuple(r if r.id else replace(r, id=next(free)) for r in records)
    if "denials" in done:
        known = [accusation.id for accusation in done.get("accusations", ())]
        done["denials"] = tuple(
            replace(denial, answers=_resolved(denial.answers, known)) for denial in done["denials"]
        )
    return done


def _resolved(answers: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Ids of accusations, by id or by number, without what is not there."""
    numbered = {str(number): key for number, key in enumerate(known)}
    found = [numbered.get(answer, answer) for answer in answers]
    return tuple(dict.fromkeys(key for key in found if key in known))


def document_of(text: str, sentences: Sequence[Span] = (), **fields: Any) -> Document:
    """A document of a text, by default of one sentence, with other fields as they are given."""
    plain: dict[str, Any] = {
        "doc_id": "doc-0",
        "title": None,
        "date": None,
        "corpus": "desk",
        "conflict": "case",
        "event": "e1",
        "genre": "live_blog",
        "source": Source(None, None, None, None, "CC-BY-4.0"),
        "split": "train",
        "guidelines": "2",
    }
    whole = tuple(sentences) or (Span(0, len(text)),)
    return Document(text=text, sentences=whole, sha256=text_hash(text), **(plain | fields))


def _document(
    draw: Draw, layers: Sequence[str], number: int, *, room: bool = False, crowded: bool = False
) -> tuple[Document, Passage]:
    of = passage(_CROWDED if crowded else row(draw, _TEXTS), room=room)
    sizes = (2, 3, 4) if crowded else (0, 1, 2, 3)
    event, with_text, (corpus, split) = row(draw, _KINDS)
    records = finished({layer: tuple(_new_records(draw, layer, of, sizes)) for layer in layers})
    # In gold, who denies a figure denies no accusation.
    denials = records.get("denials", ())
    records["denials"] = tuple(
        replace(d, answers=()) if d.scope == "figure" else d for d in denials
    )
    document = document_of(
        of.text,
        of.sentences,
        doc_id=f"doc-{number}",
        event=event,
        corpus=corpus,
        split=split,
        **records,
    )
    return document if with_text else replace(document, text=None), of


def _edited(draw: Draw, layer: str, gold: Sequence[Any], of: Passage) -> list[Any]:
    """Records as a system may give them: gold kept, lost, moved, changed, said twice; others."""
    said = []
    for record in gold:
        edit = row(draw, _EDITS)
        if edit == "change":
            said.append(_changed(record, new_record(draw, layer, of)))
        elif edit == "move":
            other = new_record(draw, layer, of)
            said.append(replace(record, **_spans(other)))
        elif edit != "drop":
            said += [record, replace(record, id="")][: 1 + (edit == "double")]
    return said + _new_records(draw, layer, of, (0, 1, 2))


def _filled(draw: Draw, layer: str, gold: Sequence[Any], of: Passage) -> list[Any]:
    """Given mentions as a system fills them in: its fields beside gold ids and spans."""
    said = []
    for record in gold:
        edit = row(draw, _EDITS[1:4])
        if edit != "drop":
            changed = edit == "change"
            said.append(_changed(record, new_record(draw, layer, of)) if changed else record)
    return said


def _spans(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in SPAN_FIELDS[_LAYER_OF[type(record)]]}


_LAYER_OF = {kind: layer for layer, kind in LAYER_TYPES.items()}


def _changed(record: Any, other: Any) -> Any:
    """One record with all fields of another but for its id and its spans."""
    return replace(other, id=record.id, **_spans(record))


def _labelled(draw: Draw, document: Document, *, scored: bool) -> Prediction:
    """Labels of sentences, drawn by what differs from gold, perhaps with scores."""
    gold = sentence_labels(document)
    labels = [sorted(row(draw, _SUBSETS) ^ set(each)) for each in gold]
    if not scored:
        return Prediction(document.doc_id, sentence_labels=labels)
    scores = [dict(row(draw, _SCORES)) for _ in gold]
    return Prediction(document.doc_id, sentence_labels=labels, sentence_scores=scores)


def _size(draw: Draw, most: int) -> int:
    return row(draw, [size for size in (1, 1, 1, 2, 2, 3, 4) if size <= most])


@cache
def corpora(task: Task, *, most: int = 4) -> st.SearchStrategy[list[Document]]:
    """Gold documents of one to three events, with records of the layers that a task reads."""

    @st.composite
    def drawn(draw: st.DrawFn) -> list[Document]:
        numbers = range(_size(draw, most))
        return [_document(draw, task.layers or LAYERS, number)[0] for number in numbers]

    return drawn()


_STARTS = ("gold", "gold", "nothing", "no prediction")


@cache
def cases(
    task: Task,
    *,
    most: int = 4,
    room: bool = False,
    crowded: bool = False,
    forms: Sequence[str] = FORMS,
) -> st.SearchStrategy[Case]:
    """Gold with the predictions of a system: of each document close to gold, far from it, or none.

    Args:
        task: The task; records are of the layers that it reads.
        most: Most documents.
        room: Whether a last sentence is kept free of records.
        crowded: Whether all records share a few characters.
        forms: What predictions of sentences may be.
    """

    @st.composite
    def drawn(draw: st.DrawFn) -> Case:
        form = "layers" if task.layers else row(draw, forms)
        case = Case([], [])
        for number in range(_size(draw, most)):
            document, of = _document(
                draw, task.layers or LAYERS, number, room=room, crowded=crowded
            )
            case.gold.append(document)
            start = row(draw, _STARTS[: 3 if crowded else 4])
            if start != "no prediction":
                said = _said(draw, task, document, of, form=form, afresh=start == "nothing")
                case.predicted.append(said)
        return case

    return drawn()


def _said(
    draw: Draw, task: Task, document: Document, of: Passage, *, form: str, afresh: bool
) -> Prediction:
    if form != "layers":
        return _labelled(draw, document, scored=form == "scores")
    layers: Layers = {}
    for layer in task.layers or LAYERS:
        gold = () if afresh and task.mentions != "gold" else getattr(document, layer)
        change = _filled if task.mentions == "gold" else _edited
        layers[layer] = tuple(change(draw, layer, gold, of))
    layers = finished(layers)
    if task.mentions != "gold" and draw(below(2)):
        layers = renamed(layers)
    return Prediction(document.doc_id, **layers)


def renamed(layers: Layers) -> Layers:
    """The same records by other ids, so that none is that of a gold record."""
    named = {layer: [replace(r, id=f"x{r.id}") for r in layers[layer]] for layer in layers}
    if denials := named.get("denials"):
        named["denials"] = [
            replace(d, answers=tuple(f"x{key}" for key in d.answers)) for d in denials
        ]
    return {layer: tuple(records) for layer, records in named.items()}


def task_name(task: Task) -> str:
    """The name of a test's case."""
    return f"{task.name}-{task.mentions}" if task.mentions else task.name
