"""What lies between documents without annotation and gold, but for the reading.

    python tools/annotate.py texts BLANK.jsonl -o TEXTS.txt          numbered sentences, to read
    python tools/annotate.py mix A.jsonl B.jsonl -o FOLDER           two drafts for an adjudicator
    python tools/annotate.py gold BLANK.jsonl DRAFTS META -o GOLD    an adjudicator's drafts to gold
    python tools/annotate.py release BLANK.jsonl DRAFTS PASS.jsonl   a draft into a released pass

Drafts hold quotes and stay outside the repository where the text is not ours; everything
that is written into it is anchored. META has a line for each document with what is not
annotation: date, conflict, event, genre. No label is decided here.
"""

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from counterclaim import corpus, jsonl
from counterclaim.anchor import anchor_file
from counterclaim.model import GUIDELINES_VERSION, LAYERS, SPLITS, Prediction
from counterclaim.validate import read_documents


class Meta(msgspec.Struct, frozen=True):
    """What an adjudicator says of a document beside its annotation."""

    doc_id: str
    date: str | None
    conflict: str
    event: str
    genre: str


def main() -> None:
    """Read the options and do what is asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    commands = parser.add_subparsers(required=True)
    for command, operands, output in (
        (texts, ("blank",), True),
        (mix, ("a", "b"), True),
        (gold, ("blank", "drafts", "meta"), True),
        (release, ("blank", "drafts", "released"), False),
    ):
        sub = commands.add_parser(command.__name__, help=command.__doc__)
        sub.set_defaults(command=command)
        for operand in operands:
            sub.add_argument(operand, type=Path)
        if output:
            sub.add_argument("-o", "--output", type=Path, required=True)
    arguments = vars(parser.parse_args())
    arguments.pop("command")(**arguments)


def texts(blank: Path, output: Path) -> None:
    """Write the texts with the numbers of their sentences."""
    lines: list[str] = []
    for document in read_documents(blank, with_text=True):
        text = document.text or ""
        lines.append(f"=== {document.doc_id}")
        if document.title and not text.startswith(document.title):
            lines.append(f"TITLE (not part of the text): {document.title}")
        sentences = enumerate(document.sentences)
        lines += [f"[{i}] {text[s.start : s.end]}" for i, s in sentences] + [""]
    output.write_text("\n".join(lines), encoding="utf-8")


def mix(a: Path, b: Path, output: Path) -> None:
    """Write two drafts as x and y: which is which changes from document to document."""
    drafts = [{draft["doc_id"]: draft for draft in _objects(path)} for path in (a, b)]
    if drafts[0].keys() != drafts[1].keys():
        raise SystemExit(f"{a} and {b} differ in their documents")
    shuffle = random.Random("+".join(drafts[0]))
    pairs = [shuffle.sample([side[key] for side in drafts], 2) for key in drafts[0]]
    output.mkdir(parents=True, exist_ok=True)
    for name, side in zip("xy", zip(*pairs, strict=True), strict=True):
        lines = (json.dumps(draft, ensure_ascii=False) + "\n" for draft in side)
        (output / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def gold(blank: Path, drafts: Path, meta: Path, output: Path) -> None:
    """Anchor an adjudicator's drafts; places take the coordinates that the gold has for them."""
    known = {
        (place.name, place.country, place.precision): (place.lat, place.lon)
        for split in SPLITS
        for document in corpus.records(split, corpus="all")
        for place in document.locations
    }
    said = {each.doc_id: each for each in (msgspec.convert(o, Meta) for o in _objects(meta))}
    done = []
    for document in anchor_file(drafts, read_documents(blank, with_text=True)):
        places = []
        for place in document.locations:
            key = (place.name, place.country, place.precision)
            lat, lon = known.setdefault(key, (place.lat, place.lon))
            places.append(msgspec.structs.replace(place, lat=lat, lon=lon))
        fields: dict[str, Any] = msgspec.structs.asdict(said[document.doc_id])
        fields |= {"locations": tuple(places), "guidelines": GUIDELINES_VERSION}
        done.append(msgspec.structs.replace(document, **fields))
    jsonl.write_records(output, done)


def release(blank: Path, drafts: Path, released: Path) -> None:
    """Add an annotator's drafts, anchored, to a pass that is released, or begin one."""
    exists = released.exists()
    records = [r for _, r in jsonl.read_records(released, Prediction)] if exists else []
    for document in anchor_file(drafts, read_documents(blank, with_text=True)):
        layers = {layer: getattr(document, layer) for layer in LAYERS}
        records.append(Prediction(document.doc_id, **layers))
    jsonl.write_records(released, sorted(records, key=lambda record: record.doc_id))


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    for _, value in jsonl.iter_objects(path):
        if isinstance(value, jsonl.LineError):
            raise value
        yield value


if __name__ == "__main__":
    main()
