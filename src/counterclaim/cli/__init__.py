"""The command line: parses, calls, prints. The only module that prints or exits.

Exit codes: 0 fine, 1 the check failed, 2 an input must be put right.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from counterclaim import __version__, corpus, jsonl
from counterclaim.errors import CounterclaimError, DataError
from counterclaim.model import SPLITS, Document, Prediction

T = TypeVar("T")
PREDICTION_FORMAT = """\
A predictions file has one JSON object a line. For the task sentences:
  {"doc_id": "desk-0003", "sentence_labels": [["accusation"], [], ...]}
with a list of labels for each sentence of the document as the gold record has them;
optionally "sentence_scores", one object of label to score a sentence. A record with
layers is read as the labels that follow from them."""
FINE, FAILED, BAD_INPUT = 0, 1, 2
INTERRUPTED, PIPE_CLOSED = 130, 141  # as a shell reports them
TASK_NAMES = ("sentences",)
DEFAULT_SPLIT = "test"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows ASCII only
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except CounterclaimError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`counterclaim stats | head`): nothing is left to say.
        sys.stderr.close()
        return PIPE_CLOSED
    except OSError as error:
        print(f"{error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return BAD_INPUT


def _validate(arguments: argparse.Namespace) -> int:
    from counterclaim.validate import validate_files

    paths = arguments.files or [
        corpus.gold_path(name, split) for name in corpus.corpora("all") for split in SPLITS
    ]
    problems = validate_files(paths)
    for problem in problems:
        print(problem)
    count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
    print(f"{len(paths)} files, {count}", file=sys.stderr)
    if not arguments.files and (missing := _not_hydrated()):
        print(f"{missing}; rules about their text were not applied", file=sys.stderr)
    return FAILED if problems else FINE


def _anchor(arguments: argparse.Namespace) -> int:
    from counterclaim.anchor import anchor_file
    from counterclaim.validate import read_documents

    output = _output(arguments.output, arguments.drafts, arguments.texts)
    documents = anchor_file(arguments.drafts, read_documents(arguments.texts, with_text=True))
    jsonl.write_records(output, documents)
    print(f"{len(documents)} documents anchored in {arguments.output}", file=sys.stderr)
    return FINE


def _hydrate(arguments: argparse.Namespace) -> int:
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


def _agree(arguments: argparse.Namespace) -> int:
    from counterclaim.metrics.agreement import agreement
    from counterclaim.reports import text
    from counterclaim.validate import read_pass

    a, b = read_pass(arguments.a), read_pass(arguments.b)
    if only := sorted(a.keys() ^ b.keys()):
        where = arguments.a if only[0] in a else arguments.b
        raise DataError(f"{only[0]} is in {where} alone; expected the same documents in both")
    print(text.agreement(agreement(list(a.values()), [b[key] for key in a])))
    return FINE


def _stats(arguments: argparse.Namespace) -> int:
    from counterclaim.reports import stats

    print(stats.composition(arguments.corpus))
    return FINE


def _run(arguments: argparse.Namespace) -> int:
    from counterclaim import running, tasks
    from counterclaim.validate import read_documents

    output = _output(arguments.output, arguments.model, arguments.input)
    task = tasks.find(arguments.task)
    train, dev = _hydrated("train", arguments.corpus), _hydrated("dev", arguments.corpus)
    if arguments.input is None:
        documents = _hydrated(arguments.split or DEFAULT_SPLIT, arguments.corpus)
    else:
        documents = read_documents(arguments.input, with_text=True)
    progress = _progress(Path(arguments.model).stem)
    # Opened first: that it cannot be written should not be found out after training.
    with jsonl.replacing(output) as temporary:
        predictions = running.run(arguments.model, task, train, dev, documents, progress=progress)
        jsonl.write_records(temporary, predictions)
    print(f"{len(predictions)} predictions in {arguments.output}", file=sys.stderr)
    return FINE


def _output(path: str, *inputs: str | None) -> str:
    """The output as an absolute path, which a model cannot move by changing folders."""
    for other in inputs:
        if other and os.path.realpath(other) == os.path.realpath(path):
            raise DataError(f"{path}: is read too; expected another file to write")
    return os.path.join(os.path.abspath(path), "") if path.endswith("/") else os.path.abspath(path)


def _score(arguments: argparse.Namespace) -> int:
    from counterclaim import scoring, tasks
    from counterclaim.reports import text
    from counterclaim.validate import read_documents

    task = tasks.find(arguments.task)
    given = [prediction for _, prediction in jsonl.read_records(arguments.predictions, Prediction)]
    if arguments.gold is None:
        split, name = arguments.split or DEFAULT_SPLIT, arguments.corpus
        data = _data_version(name, split)
        gold, aligned = scoring.matching_gold(
            given, corpus.records(split, corpus=name), corpus.read(split, corpus=name)
        )
    else:
        gold, aligned = read_documents(arguments.gold), 0
        data, split = f"custom+{corpus.fingerprint([Path(arguments.gold)])}", "custom"
    predictions = scoring.read_predictions(arguments.predictions, task, gold)
    result = scoring.score(task, gold, predictions, data=data, split=split, aligned=aligned)
    print(jsonl.encode(result) if arguments.json else text.scores(result))
    return FINE


def _bench(arguments: argparse.Namespace) -> int:
    from counterclaim import running, scoring, tasks
    from counterclaim.reports import text

    models = [Path(model) for model in arguments.models] or _baselines()
    stems = [model.stem for model in models]
    names = {m: m.stem if stems.count(m.stem) == 1 else str(m) for m in models}
    results = []
    for task_name in TASK_NAMES:
        task = tasks.find(task_name)
        for name in _bench_corpora():
            data = _data_version(name, "test")
            train, dev, test = (_hydrated(split, name) for split in SPLITS)
            for model in models:
                progress = _progress(f"{model.stem} on {name}")
                predictions = running.run(model, task, train, dev, test, progress=progress)
                gold, aligned = scoring.matching_gold(
                    predictions, corpus.records("test", corpus=name), test
                )
                scores = scoring.score(
                    task, gold, predictions, data=data, split="test", aligned=aligned
                )
                results.append((name, names[model], scores))
    print(text.bench(results))
    return FINE


def _bench_corpora() -> list[str]:
    """The corpora whose texts are all at hand; says why others are left out."""
    missing = _not_hydrated()
    if not missing:
        return list(corpus.CORPUS_NAMES)
    print(f"wire rows are left out: {missing}; run counterclaim hydrate", file=sys.stderr)
    return ["desk"]


def _not_hydrated() -> str:
    """How many wire texts that all can have are not there; empty if none."""
    wire = [d for split in SPLITS for d in corpus.read(split, corpus="wire") if not d.restricted]
    missing = sum(document.text is None for document in wire)
    return f"{missing} of {len(wire)} wire texts are not hydrated" if missing else ""


def _baselines() -> list[Path]:
    folder = corpus.data_dir().parent / "baselines"
    files = sorted(folder.glob("*.py"))
    if not files:
        raise DataError("bench needs a checkout with its baselines, or names of model files")
    return files


def _hydrated(split: str, name: str) -> list[Document]:
    """The documents of a split that a run may use, all with text."""
    documents = [d for d in corpus.read(split, corpus=name) if not d.restricted]
    if missing := [document.doc_id for document in documents if document.text is None]:
        raise DataError(
            f"{len(missing)} of {len(documents)} texts of {name} {split} are not hydrated, "
            f"such as {missing[0]}; run counterclaim hydrate first"
        )
    return documents


def _data_version(name: str, split: str) -> str:
    """Version of the data and fingerprint of the gold files that a score rests on."""
    part = next(known for known in SPLITS if known == split)
    paths = [corpus.gold_path(each, part) for each in corpus.corpora(name)]
    return f"{corpus.manifest()['version']}+{corpus.fingerprint(paths)}"


def _progress(what: str) -> Callable[[Sequence[T]], Iterable[T]]:
    from tqdm import tqdm

    # Shown on a terminal only: a log should not fill with bars.
    return lambda batches: tqdm(batches, desc=what, unit="batch", disable=None, leave=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="counterclaim",
        description="Gold, benchmark and scorer for contested claims in conflict news.",
    )
    parser.add_argument("--version", action="version", version=f"counterclaim {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(command: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
        name = command.__name__.removeprefix("_")
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(command=command)
        return sub

    def add_task(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--task", required=True, choices=TASK_NAMES, help="what is predicted")

    def add_corpus(sub: argparse.ArgumentParser, use: str, default: str = "desk") -> None:
        sub.add_argument(
            "--corpus",
            choices=corpus.CORPUS_NAMES,
            default=default,
            help=f"{use} (default {default})",
        )

    def add_split(sub: argparse.ArgumentParser, use: str) -> None:
        # No default here: argparse would not see `--split test` as given beside --input.
        sub.add_argument("--split", choices=SPLITS, help=f"{use} (default {DEFAULT_SPLIT})")

    def add_output(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("-o", "--output", required=True, metavar="FILE", help="file to write")

    sub = add(_validate, "check data files by all rules; exit 1 if there are problems")
    sub.add_argument("files", nargs="*", metavar="FILE", help="JSON lines (default: all gold)")
    sub = add(_anchor, "turn drafts with quotes into records with offsets")
    sub.add_argument("drafts", metavar="DRAFTS", help="drafts, one JSON object a line")
    sub.add_argument("--texts", required=True, metavar="DOCS", help="the documents, with text")
    add_output(sub)
    sub = add(_hydrate, "rebuild the wire texts from the public repositories")
    group = sub.add_mutually_exclusive_group()
    group.add_argument(
        "--from", action="append", default=[], dest="folders", metavar="DIR",
        help="a folder with clones of the sources, or a clone; may be repeated "
        "(default: download at the pinned commits)",
    )  # fmt: skip
    group.add_argument("--mirror", metavar="URL", help="download from a server laid out alike")
    sub = add(_agree, "agreement of two annotation passes")
    sub.add_argument("a", metavar="A", help="one pass, JSON lines")
    sub.add_argument("b", metavar="B", help="the other")
    sub = add(_stats, "composition of the data")
    add_corpus(sub, "which corpus", default="all")
    sub = add(_run, "fit a model file and predict documents")
    sub.add_argument("model", metavar="MODEL.py", help="a file that defines fit")
    add_task(sub)
    add_corpus(sub, "corpus to train on and to predict")
    group = sub.add_mutually_exclusive_group()
    add_split(group, "split to predict")  # type: ignore[arg-type]
    group.add_argument("--input", metavar="DOCS", help="documents to predict instead")
    add_output(sub)
    sub = add(_score, "score predictions against gold")
    sub.formatter_class = argparse.RawDescriptionHelpFormatter
    sub.epilog = PREDICTION_FORMAT
    sub.add_argument("predictions", metavar="PRED", help="predictions, JSON lines")
    add_task(sub)
    add_corpus(sub, "corpus to score on")
    group = sub.add_mutually_exclusive_group()
    add_split(group, "split to score on")  # type: ignore[arg-type]
    group.add_argument("--gold", metavar="GOLD", help="gold documents to score against instead")
    sub.add_argument("--json", action="store_true", help="print one JSON object")
    sub = add(_bench, "fit, predict and score baselines; print a table")
    sub.add_argument("models", nargs="*", metavar="MODEL.py", help="default: all of baselines/")
    return parser
