"""Make documents without annotation, ready for annotators.

    python tools/blank_documents.py desk data/desk/plan.tsv TEXTS -o BLANK.jsonl
    python tools/blank_documents.py wire CANDIDATES.jsonl FOLDER -o BLANK.jsonl

TEXTS holds one file DOC_ID.txt for each row of the plan. CANDIDATES name a document of a
public repository a line, by `repository`, `path` and `key`; FOLDER holds the repositories,
each in a folder OWNER+NAME. Date, conflict, event and genre of a wire document are the
adjudicator's to say: here they stand for nothing.
"""

import argparse
import csv
import json
from pathlib import Path

from counterclaim import corpus, jsonl
from counterclaim.hydrate.readers import RawText, read
from counterclaim.model import CORPORA, DESK_NOTE, SPLITS, Document, text_hash
from counterclaim.texts import headline, with_text

# Genres that do not begin with a headline.
NO_HEADLINE = {"broadcast_transcript", "correction", "scraped_page"}


# The licence of a text by its repository, or by the folder of its file where that decides.
LICENCES = {
    "xinyadu/doc_event_role": "LicenseRef-FBIS",
    "golobluka/Fake-news-generation-from-FA-KES-dataset": "CC-BY-4.0",
    "vanatteveldt/wikinews": "CC-BY-2.5",
    "BBC Online": "CC-BY-NC-3.0",
    "CENTCOM": "LicenseRef-US-Government",
    "US State Department": "LicenseRef-US-Government",
    "UK Government": "OGL-UK-3.0",
    "Wikipedia": "CC-BY-SA-3.0",
}


def main() -> None:
    """Read the options and write the documents."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("corpus", choices=CORPORA)
    parser.add_argument("listed", type=Path, help="plan or candidates")
    parser.add_argument("folder", type=Path, help="where the texts are")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    make = desk_documents if arguments.corpus == "desk" else wire_documents
    jsonl.write_records(arguments.output, make(arguments.listed, arguments.folder))


def desk_documents(plan: Path, folder: Path) -> list[Document]:
    """The documents of a plan."""
    with plan.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = [(folder / f"{row['doc_id']}.txt").read_text(encoding="utf-8") for row in rows]
    return [blank_desk(row, text.rstrip("\n")) for row, text in zip(rows, texts, strict=True)]


def wire_documents(candidates: Path, folder: Path) -> list[Document]:
    """The documents of a list that are not in the gold yet."""
    done = {d.doc_id for split in SPLITS for d in corpus.records(split, corpus="wire")}
    files: dict[Path, dict[str | None, RawText]] = {}
    documents = []
    for line in candidates.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        path = folder / row["repository"].replace("/", "+") / row["path"]
        if path not in files:
            files[path] = read(row["repository"], path.read_bytes())
        document = blank_wire(row, files[path][row["key"]])
        if document.doc_id not in done:
            documents.append(document)
    return documents


def blank_wire(row: dict[str, str], raw: RawText) -> Document:
    """A wire document, in the split "train" until it is split."""
    repository, path, key = row["repository"], row["path"], row["key"]
    names = {
        "xinyadu/doc_event_role": f"muc4-{key.lower()}",
        "golobluka/Fake-news-generation-from-FA-KES-dataset": f"fakes-{key}",
        "vanatteveldt/wikinews": f"wikinews-{text_hash(key)[:8]}",
        "dstl/re3d": f"re3d-{key[:8].lower()}",
    }
    licence = LICENCES.get(repository) or LICENCES[path.split("/")[0]]
    fields = {
        "doc_id": f"wire-{names[repository]}",
        "date": None,
        "conflict": "unknown",
        "event": "unknown",
        "genre": "agency_long",
        "title": raw.title,
        "corpus": "wire",
        "source": {
            "repository": repository, "path": path, "key": key, "url": None, "licence": licence
        },
    }  # fmt: skip
    return with_text(fields, raw.text)


def blank_desk(row: dict[str, str], text: str) -> Document:
    """A desk document of one row of the plan, in the split "train" until it is split."""
    fields = {
        **{name: row[name] for name in ("doc_id", "date", "conflict", "event", "genre")},
        "title": None if row["genre"] in NO_HEADLINE else headline(text),
        "corpus": "desk",
        "source": {
            **dict.fromkeys(("repository", "path", "key", "url")),
            "licence": "CC-BY-4.0",
            "note": DESK_NOTE,
        },
    }
    return with_text(fields, text)


if __name__ == "__main__":
    main()
