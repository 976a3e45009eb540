"""CoNLL: a word a line, with a BIO tag for each kind of record.

Words are runs of letters and digits, or single marks. Only where records are is kept, and of
records of one kind that overlap the longest.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.formats.graph import RECORDS, read_text, to_graph, words_of
from counterclaim.model import LABELS, LAYERS, Document, Span

FILE = "spans.conll"
HEAD = "# doc_id = "


def write(documents: Iterable[Document], folder: Path) -> list[str]:
    """Write one file of all documents, sentences apart.

    Args:
        documents: With text.
        folder: Where `spans.conll` goes.

    Returns:
        What is lost, a line each.
    """
    lines: list[str] = []
    overlapping = moved = 0
    for document in documents:
        words = list(words_of(document))
        columns = []
        nodes = [node for node in to_graph(document).nodes if node.label in RECORDS]
        for layer, label in zip(LAYERS, LABELS, strict=True):
            spans = [node.span for node in nodes if RECORDS[node.label] == layer]
            tags, dropped, shifted = _tags([span for _, span in words], spans, label)
            columns.append(tags)
            overlapping, moved = overlapping + dropped, moved + shifted
        lines.append(f"{HEAD}{document.doc_id}")
        before = None
        for i, (sentence, span) in enumerate(words):
            if before not in (None, sentence):
                lines.append("")
            before = sentence
            lines.append(" ".join([document.words(span) or "", *(tags[i] for tags in columns)]))
        lines.append("")
    with jsonl.replacing(folder / FILE) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    lost = ["all of a record but where it is"]
    lost += [f"{overlapping} spans that overlap another of their kind"] if overlapping else []
    lost += [f"the ends of {moved} spans that cut a word"] if moved else []
    return lost


def _tags(words: Sequence[Span], spans: Iterable[Span], label: str) -> tuple[list[str], int, int]:
    """BIO tags of spans, how many overlap a longer one, and how many end within a word."""
    tags = ["O"] * len(words)
    dropped = moved = 0
    for span in sorted(set(spans), key=lambda span: (span.start - span.end, span.start)):
        inside = [i for i, w in enumerate(words) if w.start < span.end and span.start < w.end]
        if not inside or any(tags[i] != "O" for i in inside):
            dropped += 1
            continue
        moved += (words[inside[0]].start, words[inside[-1]].end) != (span.start, span.end)
        for i in inside:
            tags[i] = f"{'B' if i == inside[0] else 'I'}-{label}"
    return tags, dropped, moved


def read(folder: Path, documents: Mapping[str, Document]) -> list[dict[str, Any]]:
    """Predictions for the task `spans`: records of which only the place is known.

    Args:
        folder: A file, or the folder with `spans.conll`.
        documents: By doc_id, with text.

    Raises:
        DataError: A document has other words, or a line tags that are none.
    """
    path = folder / FILE if folder.is_dir() else folder
    rows: dict[str, list[tuple[int, list[str]]]] = {}
    name = ""
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.startswith(HEAD):
            name = line.removeprefix(HEAD)
            rows[name] = []
        elif line.strip():
            if name not in documents:
                where = f"{path}:{number}: {name or 'no doc_id'}"
                raise DataError(f"{where}; expected {HEAD}and one of the documents")
            rows[name].append((number, line.split(" ")))
    found = []
    for name, lines in rows.items():
        try:
            found.append(_prediction(documents[name], lines))
        except DataError as error:
            raise DataError(f"{path}:{error}") from None
    return found


def _prediction(document: Document, lines: Sequence[tuple[int, list[str]]]) -> dict[str, Any]:
    words = list(words_of(document))
    if len(words) != len(lines):
        where = f"{lines[-1][0] if lines else 1}: {document.doc_id}"
        raise DataError(f"{where}: has {len(lines)} words; expected {len(words)}")
    for (number, row), (_, span) in zip(lines, words, strict=True):
        own = document.words(span)
        if row[0] != own or len(row) != 1 + len(LAYERS):
            found = " ".join(row)
            raise DataError(f"{number}: {found!r:.60}; expected {own!r} and {len(LAYERS)} tags")
    prediction: dict[str, Any] = {"doc_id": document.doc_id}
    for column, (layer, label) in enumerate(zip(LAYERS, LABELS, strict=True), 1):
        tags = [(number, row[column]) for number, row in lines]
        name = "content" if layer in ("accusations", "denials") else "mention"
        more = {"cue": None} if layer == "denials" else {}
        prediction[layer] = [
            {**more, name: {"start": span.start, "end": span.end}}
            for span in _spans(words, tags, label)
        ]
    return prediction


def _spans(
    words: Sequence[tuple[int, Span]], tags: Sequence[tuple[int, str]], label: str
) -> list[Span]:
    """What is tagged with a label, within a sentence; an I after an O begins a span too."""
    found: list[Span] = []
    within = None  # the sentence of the span that may go on
    for (sentence, span), (number, tag) in zip(words, tags, strict=True):
        if tag not in ("O", f"B-{label}", f"I-{label}"):
            raise DataError(f"{number}: tag {tag!r}; expected O, B-{label} or I-{label}")
        if tag[0] == "I" and within == sentence:
            found[-1] = Span(found[-1].start, span.end)
        elif tag != "O":
            found.append(span)
        within = None if tag == "O" else sentence
    return found
