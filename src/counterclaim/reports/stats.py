"""Composition of the data: the tables of the card."""

from collections import Counter
from collections.abc import Callable, Sequence

from counterclaim import corpus
from counterclaim.model import LABELS, LAYERS, SPLITS, Document, sentence_labels
from counterclaim.reports.text import table


def composition(name: str = "all") -> str:
    """Tables of documents, sentences and records by corpus and split, and of their values.

    Args:
        name: "desk", "wire" or "all".
    """
    documents = [d for split in SPLITS for d in corpus.records(split, corpus=name)]
    return "\n\n".join(
        [_sizes(documents), _sentences(documents), _sources(documents), _values(documents)]
    )


def _groups(documents: Sequence[Document]) -> list[tuple[str, list[Document]]]:
    """Documents by corpus and split, then all."""
    groups = [
        (f"{name} {split}", [d for d in documents if (d.corpus, d.split) == (name, split)])
        for name in corpus.corpora("all")
        for split in SPLITS
    ]
    return [(name, members) for name, members in groups if members] + [("all", list(documents))]


def _sizes(documents: Sequence[Document]) -> str:
    rows = []
    for name, members in _groups(documents):
        records = [str(sum(len(getattr(d, layer)) for d in members)) for layer in LAYERS]
        links = sum(len(denial.answers) for d in members for denial in d.denials)
        events = len({d.cluster for d in members})
        sentences = sum(len(d.sentences) for d in members)
        rows.append([name, str(len(members)), str(events), str(sentences), *records, str(links)])
    return table(["", "documents", "events", "sentences", *LAYERS, "links"], rows)


def _sentences(documents: Sequence[Document]) -> str:
    rows = []
    for name, members in _groups(documents):
        counts = Counter(
            label for d in members for labels in sentence_labels(d) for label in labels or ["none"]
        )
        rows.append([name, *(str(counts[label]) for label in (*LABELS, "none"))])
    return table(["sentences with", *LABELS, "none"], rows)


def _sources(documents: Sequence[Document]) -> str:
    counts = Counter(
        (d.source.repository or ("single text" if d.corpus == "wire" else "desk"), d.source.licence)
        for d in documents
    )
    rows = [[source, licence, str(n)] for (source, licence), n in sorted(counts.items())]
    return table(["source", "licence", "documents"], rows)


def _values(documents: Sequence[Document]) -> str:
    """Classes by corpus and split: the most frequent of a field first."""
    fields: dict[str, Callable[[Document], list[str]]] = {
        "genre": lambda d: [d.genre],
        "act": lambda d: [a.act for a in d.accusations],
        "scope": lambda d: [x.scope for x in d.denials],
        "outcome": lambda d: [k.outcome for k in d.casualties],
        "modifier": lambda d: [k.modifier for k in d.casualties],
        "group": lambda d: [k.group for k in d.casualties],
        "role": lambda d: [p.role for p in d.locations],
        "precision": lambda d: [p.precision for p in d.locations],
    }
    groups = _groups(documents)
    rows = []
    for field, read in fields.items():
        counts = [Counter(value for d in members for value in read(d)) for _, members in groups]
        everywhere = counts[-1].most_common()
        rows += [[f"{field} {value}", *(str(n[value]) for n in counts)] for value, _ in everywhere]
    return table(["records", *(name for name, _ in groups)], rows)
