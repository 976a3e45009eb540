"""Commands for those who make data, from `documents` of plain texts to `publish`."""

import argparse
import shlex
import sys
from pathlib import Path

from counterclaim import corpus, jsonl
from counterclaim.cli.inputs import (
    DEFAULT_SPLIT,
    FAILED,
    FINE,
    not_hydrated,
    output_path,
    read_run,
)
from counterclaim.errors import DataError
from counterclaim.model import LAYERS, SPLITS, Prediction


def validate(arguments: argparse.Namespace) -> int:
    """Check data files by all rules."""
    from counterclaim.validate import validate_files

    paths = arguments.files or [
        *(corpus.gold_path(name, split) for name in corpus.corpora("all") for split in SPLITS),
        *map(corpus.contrast_path, corpus.CONTRASTS),
    ]
    problems = validate_files(paths)
    for problem in problems:
        print(problem)
    count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
    print(f"{len(paths)} files, {count}", file=sys.stderr)
    if not arguments.files and (missing := not_hydrated()):
        print(f"{missing}; rules about their text were not applied", file=sys.stderr)
    return FAILED if problems else FINE


def documents(arguments: argparse.Namespace) -> int:
    """Make documents of plain texts."""
    from counterclaim.texts import own_document

    output = output_path(arguments.output, *arguments.texts)
    fields = {name: getattr(arguments, name) for name in ("conflict", "date", "genre")}
    found = []
    for path in map(Path, arguments.texts):
        try:
            text = jsonl.read_bytes(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: byte {error.start} is not UTF-8; expected a text") from None
        found.append(own_document(path.stem, text.replace("\r\n", "\n"), **fields))
    ids = [document.doc_id for document in found]
    for number, doc_id in enumerate(ids):
        if (first := ids.index(doc_id)) < number:
            same = f"{arguments.texts[number]}: is {doc_id}, as {arguments.texts[first]} is"
            raise DataError(f"{same}; expected names that differ")
    jsonl.write_records(output, found)
    print(f"{len(found)} documents in {arguments.output}", file=sys.stderr)
    return FINE


def anchor(arguments: argparse.Namespace) -> int:
    """Turn drafts with quotes into records with offsets."""
    from counterclaim.anchor import anchor_file
    from counterclaim.validate import read_documents

    output = output_path(arguments.output, arguments.drafts, arguments.texts)
    documents = anchor_file(arguments.drafts, read_documents(arguments.texts, with_text=True))
    jsonl.write_records(output, documents)
    print(f"{len(documents)} documents anchored in {arguments.output}", file=sys.stderr)
    return FINE


def export(arguments: argparse.Namespace) -> int:
    """Write documents as files of an annotation tool."""
    from counterclaim import contested, formats
    from counterclaim.tasks import TASKS
    from counterclaim.validate import read_documents

    if arguments.input is not None:
        documents = read_documents(arguments.input, with_text=True)
    else:
        documents = corpus.hydrated(arguments.split or DEFAULT_SPLIT, arguments.corpus)
    system = None
    if arguments.predictions:
        system = Path(arguments.predictions).stem
        run = read_run(arguments.predictions, [name for name, task in TASKS.items() if task.layers])
        documents = contested.predicted(documents, [run])
    lost = formats.write(
        arguments.format, documents, Path(arguments.output), bare=arguments.bare, system=system
    )
    for what in lost:
        print(f"left out: {what}", file=sys.stderr)
    print(f"{len(documents)} documents in {arguments.output}", file=sys.stderr)
    return FINE


def import_(arguments: argparse.Namespace) -> int:
    """Read documents back from the files of an annotation tool."""
    from counterclaim import formats
    from counterclaim.validate import read_documents

    output = output_path(arguments.output, arguments.path, arguments.texts)
    documents = {d.doc_id: d for d in read_documents(arguments.texts, with_text=True)}
    found = formats.read(arguments.format, Path(arguments.path), documents)
    jsonl.write_records(output, found)
    print(f"{len(found)} documents in {arguments.output}", file=sys.stderr)
    return FINE


def hydrate(arguments: argparse.Namespace) -> int:
    """Rebuild the wire texts."""
    from counterclaim.hydrate import RAW_URL, hydrate, wire_documents

    outcomes = hydrate(arguments.folders, base_url=arguments.mirror or RAW_URL)
    for outcome in outcomes:
        if outcome.status != "found":
            print(f"{outcome.doc_id}: {outcome.status}: {outcome.detail}")
    count = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("found", "aligned", "different", "missing")
    }
    print(f"{len(outcomes)} documents:", ", ".join(f"{n} {status}" for status, n in count.items()))
    print(f"texts are in {corpus.hydrated_path()}", file=sys.stderr)
    restricted = {document.doc_id for document in wire_documents() if document.restricted}
    failed = any(
        outcome.status in ("different", "missing") and outcome.doc_id not in restricted
        for outcome in outcomes
    )
    return FAILED if failed else FINE


def agree(arguments: argparse.Namespace) -> int:
    """Print how far two passes agree, how one scores against the other, and what became gold.

    One pass alone takes the place of the second; the gold of its documents is the first. What
    became gold is said of documents that have some.
    """
    from counterclaim.grouping import group_reader
    from counterclaim.metrics.adjudication import decisions
    from counterclaim.metrics.agreement import agreement
    from counterclaim.reports import text
    from counterclaim.scoring import score
    from counterclaim.tasks import TASKS
    from counterclaim.validate import read_pass

    gold = {d.doc_id: d for split in SPLITS for d in corpus.records(split, corpus="all")}
    a = read_pass(arguments.a)
    if arguments.b:
        b = read_pass(arguments.b)
    elif own := sorted(a.keys() - gold.keys()):
        raise DataError(f"{arguments.a}: {own[0]} has no gold; expected two passes over it")
    else:
        a, b = {key: gold[key] for key in a}, a
    if only := sorted(a.keys() ^ b.keys()):
        where = arguments.a if only[0] in a else arguments.b
        raise DataError(f"{only[0]} is in {where} alone; expected the same documents in both")
    groups: dict[str, list[str]] = {}
    if arguments.by:
        read = group_reader(arguments.by)
        for key, document in a.items():
            for value in read(document):
                groups.setdefault(value, []).append(key)
    parts = {
        value: agreement([a[key] for key in keys], [b[key] for key in keys])
        for value, keys in sorted(groups.items())
    }
    print(text.agreement(agreement(list(a.values()), [b[key] for key in a]), parts))
    second = [Prediction(key, **{name: getattr(b[key], name) for name in LAYERS}) for key in b]
    print()
    print(text.headlines([score(task, list(a.values()), second) for task in TASKS.values()]))
    if arguments.b and a.keys() <= gold.keys():
        became = decisions(list(a.values()), [b[key] for key in a], [gold[key] for key in a])
        print()
        print(text.decisions(became))
    return FINE


def stats(arguments: argparse.Namespace) -> int:
    """Print the composition of the data."""
    from counterclaim.reports import stats

    print(stats.composition(arguments.corpus))
    return FINE


def publish(arguments: argparse.Namespace) -> int:
    """Lay out the data as a repository of the Hub."""
    from counterclaim import publishing

    if not arguments.dry_run:
        arguments.usage(
            "nothing is uploaded from here: --dry-run is needed, which lays out the files and "
            "prints the command that uploads them"
        )
    layout = publishing.lay_out(arguments.output)
    for path, size in layout.sizes.items():
        print(f"{size:>12,}  {path}")
    for pattern in layout.left_out:
        print(f"left out: {pattern}, which only a checkout has", file=sys.stderr)
    total = sum(layout.sizes.values())
    print(f"{len(layout.sizes)} files, {total:,} bytes in {arguments.output}", file=sys.stderr)
    folder = shlex.quote(arguments.output)
    print("to upload them, with the name of your repository, and remove others there:")
    print(f"  hf upload OWNER/counterclaim {folder} . --repo-type dataset --delete '*'")
    return FINE
