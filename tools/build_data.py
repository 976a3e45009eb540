"""Write the data folder: gold by corpus and split, and every file derived from it.

    python tools/build_data.py                      refresh the derived files
    python tools/build_data.py --gold GOLD.jsonl    put adjudicated documents, with text, in

Derived are the sentence rows, the questions, the fingerprints of wire spans, the Croissant
description, the manifest, the head of the card and its tables, but for results, which
`make results` fills. Texts of wire documents are read and never written: their records are
stored without text and title.
"""

import argparse
import contextlib
import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import croissant
import msgspec
import questions
import variety
import yaml
from contrast import contrast_set

from counterclaim import cli, contrasts, corpus, hub, jsonl
from counterclaim.cli import inputs
from counterclaim.hydrate import Fingerprint
from counterclaim.hydrate.aligning import span_hash
from counterclaim.model import (
    CANARY,
    CORPORA,
    GUIDELINES_VERSION,
    SPLITS,
    Document,
    annotated_spans,
)
from counterclaim.reports import text

DATA = Path(__file__).parents[1] / "data"
VERSION = "0.1.0"
# What names a place, and what else its row has.
PLACE = ("name", "country", "precision")
GAZETTEER = (*PLACE, "lat", "lon", "geonames", "other_names")
TSV: dict[str, Any] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
# The head of the card that is not derived.
CARD = {
    "license": "cc-by-4.0",
    "language": ["en"],
    "pretty_name": "Counterclaim",
    "annotations_creators": ["machine-generated"],
    "language_creators": ["machine-generated", "found"],
    "size_categories": ["n<1K"],
    "task_categories": ["text-classification", "token-classification"],
    "tags": ["claims", "attribution", "denial", "casualties", "geoparsing", "conflict", "news"],
}


def main() -> None:
    """Read the options and write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--gold", type=Path, help="adjudicated documents, with text")
    arguments = parser.parse_args()
    if arguments.gold is not None:
        write_gold([document for _, document in jsonl.read_records(arguments.gold, Document)])
    write_derived()
    write_tables()


def write_gold(documents: Iterable[Document]) -> None:
    """Write documents to their corpus and split, wire documents without text."""
    ordered = sorted(documents, key=lambda document: document.doc_id)
    for name in CORPORA:
        for split in SPLITS:
            chosen = [d for d in ordered if (d.corpus, d.split) == (name, split)]
            jsonl.write_records(corpus.gold_path(name, split), map(released, chosen))
    wire = [document for document in ordered if document.corpus == "wire"]
    jsonl.write_records(DATA / "wire" / "fingerprints.jsonl", map(fingerprint, wire))


def released(document: Document) -> Document:
    """The record as it is published: a wire document without words of its source."""
    if document.corpus == "desk":
        return document
    return msgspec.structs.replace(document, text=None, title=None)


def fingerprint(document: Document) -> Fingerprint:
    """Hashes of all sentences and annotated spans of a document with text."""
    text = document.text
    if text is None:
        raise SystemExit(f"{document.doc_id}: no text to take fingerprints of")
    spans = sorted({*document.sentences, *annotated_spans(document)})
    return Fingerprint(
        document.doc_id, tuple((s.start, s.end, span_hash(text[s.start : s.end])) for s in spans)
    )


def write_derived() -> None:
    """Write sentence rows, Croissant, manifest and the head of the card from the gold files."""
    gold = {
        (name, split): [d for _, d in jsonl.read_records(corpus.gold_path(name, split), Document)]
        for name in CORPORA
        for split in SPLITS
    }
    for split in SPLITS:
        rows = [row for document in gold["desk", split] for row in hub.sentence_rows(document)]
        jsonl.write_records(DATA / "desk" / "sentences" / f"{split}.jsonl", rows)
    for name in hub.QUESTIONS:
        found = questions.rows(name, gold["desk", "test"])
        jsonl.write_records(DATA / hub.FILES[name]["test"], found)
    write_gazetteer([document for documents in gold.values() for document in documents])
    write_contrasts({d.doc_id: d for d in gold["desk", "test"]})
    write_croissant(DATA)
    write_manifest(gold)
    write_card(DATA)


def write_contrasts(originals: dict[str, Document]) -> None:
    """The contrast sets, from the test texts of desk and the edits of them."""
    for name in corpus.CONTRASTS:
        copies = contrast_set(name, originals, DATA / "contrast" / "edits")
        jsonl.write_records(corpus.contrast_path(name), copies)


def write_gazetteer(documents: Iterable[Document]) -> None:
    """One row for each place of the gold. Ids and other names are kept by hand."""
    path = DATA / "gazetteer.tsv"
    kept: dict[tuple[str, ...], dict[str, str]] = {}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as lines:
            kept = {tuple(row[k] for k in PLACE): row for row in csv.DictReader(lines, **TSV)}
    places: dict[tuple[str, ...], dict[str, str]] = {}
    for location in (location for document in documents for location in document.locations):
        values = msgspec.structs.asdict(location)
        row = {k: "" if values[k] is None else str(values[k]) for k in (*PLACE, "lat", "lon")}
        key = tuple(row[k] for k in PLACE)
        by_hand = {k: kept.get(key, {}).get(k, "") for k in ("geonames", "other_names")}
        places[key] = row | by_hand
    with jsonl.replacing(path) as temporary, temporary.open("w", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, GAZETTEER, lineterminator="\n", **TSV)
        writer.writeheader()
        writer.writerows(places[key] for key in sorted(places))


def write_croissant(folder: Path) -> None:
    """Describe the files of a data folder, in the words of its card."""
    described = croissant.describe(folder, DATA.parent / "CITATION.cff", CARD, VERSION)
    with jsonl.replacing(folder / "croissant.json") as temporary:
        temporary.write_text(described, encoding="utf-8")


def write_manifest(gold: dict[tuple[Any, Any], list[Document]]) -> None:
    """Version, hashes of all data files, and the frozen lists of the splits."""
    files = sorted(
        path
        for path in DATA.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "README.md")
    )
    manifest = {
        "version": VERSION,
        "guidelines": GUIDELINES_VERSION,
        "canary": CANARY,
        "splits": {
            split: {name: [d.doc_id for d in gold[name, split]] for name in CORPORA}
            for split in SPLITS
        },
        "sha256": {
            path.relative_to(DATA).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        },
    }
    with jsonl.replacing(DATA / "manifest.json") as temporary:
        temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def write_card(folder: Path) -> None:
    """Replace the YAML head of a data folder's card, leaving its text alone."""
    path = folder / "README.md"
    body = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    head = yaml.safe_dump(
        {**CARD, **hub.card_metadata(folder, VERSION)}, sort_keys=False, allow_unicode=True
    )
    with jsonl.replacing(path) as temporary:
        temporary.write_text(f"---\n{head}---\n{body}", encoding="utf-8")


def write_tables() -> None:
    """Put what the commands print between the marks of the card and the README."""
    card = DATA / "README.md"
    fill(card, "stats", printed("stats"))
    for name in CORPORA:
        passes = [str(DATA / "annotators" / name / f"{who}.jsonl") for who in "ab"]
        groups = ["--by", "repository"] if name == "wire" else []
        fill(card, f"agree {name}", printed("agree", *passes, *groups))
    recheck = str(DATA / "annotators" / "wire" / "recheck.jsonl")
    fill(card, "agree recheck", printed("agree", recheck))
    fill(card, "contrast", contrast_table())
    fill(card, "questions", questions.table(corpus.read("test")))
    if inputs.not_hydrated():
        print("the table of variety is left as it is: it has wire rows")
    else:
        fill(card, "variety", variety.comparison())


def contrast_table() -> str:
    """How many pairs each contrast set has, of how many originals, in which forms."""
    rows = []
    for name in corpus.CONTRASTS:
        pairs = contrasts.pairs(name)
        forms = Counter(pair.changed.doc_id.rpartition("-")[2] for pair in pairs)
        cells = ", ".join(f"`{form}` {count}" for form, count in forms.most_common())
        originals = len({pair.original.doc_id for pair in pairs})
        rows.append([f"`contrast-{name}`", str(len(pairs)), str(originals), cells])
    return text.table(["data set", "pairs", "originals", "forms"], rows)


def printed(*arguments: str) -> str:
    """What a command prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = cli.main(arguments)
    if code:
        raise SystemExit(f"counterclaim {' '.join(arguments)}: exit code {code}")
    return output.getvalue().strip()


def fill(path: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->`."""
    before, opening, rest = path.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    _, closing, after = rest.partition(f"<!-- /{name} -->")
    if not (opening and closing):
        raise SystemExit(f"{path}: no marks <!-- {name} --> and <!-- /{name} -->")
    with jsonl.replacing(path) as temporary:
        temporary.write_text(f"{before}{opening}{text}\n{closing}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
