"""Make documents without annotation from texts and a plan, ready for annotators.

    python tools/blank_documents.py data/desk/plan.tsv TEXTS -o BLANK.jsonl

TEXTS holds one file DOC_ID.txt for each row of the plan. Sentences are split once, here,
and are frozen in the record from then on.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import msgspec
from sentencex import get_sentence_boundaries

from counterclaim import jsonl
from counterclaim.model import GUIDELINES_VERSION, Document, Span, text_hash

# Genres that do not begin with a headline.
NO_HEADLINE = {"broadcast_transcript", "correction", "scraped_page"}


def main() -> None:
    """Read the options and write the documents."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("plan", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    with arguments.plan.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = [(arguments.texts / f"{row['doc_id']}.txt").read_text(encoding="utf-8") for row in rows]
    pairs = zip(rows, texts, strict=True)
    jsonl.write_records(arguments.output, [blank(row, text.rstrip("\n")) for row, text in pairs])


def blank(row: dict[str, str], text: str) -> Document:
    """A desk document of one row of the plan, in the split "train" until it is split."""
    first, gap, _ = text.partition("\n\n")
    fields: dict[str, Any] = {
        **{name: row[name] for name in ("doc_id", "date", "conflict", "event", "genre")},
        "text": text,
        "title": first if gap and row["genre"] not in NO_HEADLINE and first[-1] != "." else None,
        "corpus": "desk",
        "source": {
            **dict.fromkeys(("repository", "path", "key", "url")),
            "licence": "CC-BY-4.0",
        },
        "sha256": text_hash(text),
        "sentences": [{"start": s.start, "end": s.end} for s in split_sentences(text)],
        "split": "train",
        "guidelines": GUIDELINES_VERSION,
    }
    return msgspec.convert(fields, Document)


def split_sentences(text: str) -> list[Span]:
    """Sentences as `sentencex` finds them, without the white space around them."""
    spans = []
    for boundary in get_sentence_boundaries("en", text):
        words = boundary["text"]
        if words.strip():
            start = boundary["start_index"] + len(words) - len(words.lstrip())
            spans.append(Span(start, start + len(words.strip())))
    return spans


if __name__ == "__main__":
    main()
