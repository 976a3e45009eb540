"""The words of the command line."""

import argparse
import json
from collections.abc import Callable
from datetime import date
from typing import Any, get_args

from counterclaim import __version__, corpus
from counterclaim.cli import benchmark, making, showing, transfer
from counterclaim.cli.inputs import DEFAULT_SPLIT
from counterclaim.formats import FORMATS
from counterclaim.model import SPLITS, Genre

# As in `tasks`, which takes too long to import for `--help`; a test compares them.
TASK_NAMES = ("sentences", "spans", "claims", "links", "casualties", "places")
PREDICTION_FORMAT = """\
A predictions file has one JSON object a line. For the task sentences:
  {"doc_id": "desk-0003", "sentence_labels": [["accusation"], [], ...]}
with a list of labels for each sentence of the document as the gold record has them;
optionally "sentence_scores", one object of label to score a sentence. A record with
layers is read as the labels that follow from them. For the other tasks it is a record
with the layers of the task, as "counterclaim schema --task TASK" describes it."""
Command = Callable[[argparse.Namespace], int]


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets `command`, the function to call."""
    parser = argparse.ArgumentParser(
        prog="counterclaim",
        description="Gold, benchmark and scorer for contested claims in conflict news.",
    )
    parser.add_argument("--version", action="version", version=f"counterclaim {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(command: Command, summary: str) -> argparse.ArgumentParser:
        name = command.__name__.rstrip("_")  # "import" is a word of Python
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(command=command)
        return sub

    _add_making(add)
    _add_benchmark(add)
    _add_showing(add)
    return parser


Add = Callable[[Command, str], argparse.ArgumentParser]


def _add_making(add: Add) -> None:
    sub = add(making.validate, "check data files by all rules; exit 1 if there are problems")
    sub.add_argument("files", nargs="*", metavar="FILE", help="JSON lines (default: all gold)")
    sub = add(making.documents, "make documents of plain texts, ready for models and annotators")
    sub.add_argument("texts", nargs="+", metavar="TEXT", help="text files, a story each")
    sub.add_argument("--conflict", default="unknown", metavar="NAME", help="what they are about")
    sub.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="of the stories")
    sub.add_argument(
        "--genre", choices=get_args(Genre), default="agency_long", metavar="GENRE",
        help="of the stories: %(choices)s (default %(default)s)",
    )  # fmt: skip
    _add_output(sub)
    sub = add(making.anchor, "turn drafts with quotes into records with offsets")
    sub.add_argument("drafts", metavar="DRAFTS", help="drafts, one JSON object a line")
    sub.add_argument("--texts", required=True, metavar="DOCS", help="the documents, with text")
    _add_output(sub)
    sub = add(making.export, "write documents as files of an annotation tool")
    _add_format(sub)
    _add_corpus(sub, "corpus to write")
    group = sub.add_mutually_exclusive_group()
    _add_split(group, "split to write")
    group.add_argument("--input", metavar="DOCS", help="documents to write instead")
    group = sub.add_mutually_exclusive_group()
    group.add_argument("--bare", action="store_true", help="without their records")
    group.add_argument("--predictions", metavar="PRED", help="with a system's records instead")
    sub.add_argument("-o", "--output", required=True, metavar="DIR", help="folder to write")
    sub = add(making.import_, "read documents back from the files of an annotation tool")
    _add_format(sub)
    sub.add_argument("path", metavar="PATH", help="the folder or file that the tool has written")
    sub.add_argument("--texts", required=True, metavar="DOCS", help="the documents, with text")
    _add_output(sub)
    sub = add(making.hydrate, "rebuild the wire texts from the public repositories")
    group = sub.add_mutually_exclusive_group()
    group.add_argument(
        "--from", action="append", default=[], dest="folders", metavar="DIR",
        help="a folder with clones of the sources, or a clone; may be repeated "
        "(default: download at the pinned commits)",
    )  # fmt: skip
    group.add_argument("--mirror", metavar="URL", help="download from a server laid out alike")
    sub = add(making.agree, "agreement of two annotation passes, or of one and the gold")
    sub.add_argument("a", metavar="A", help="one pass, JSON lines")
    sub.add_argument("b", metavar="B", nargs="?", help="the other; the gold if left out")
    sub.add_argument("--by", metavar="FIELD", help="agreement for each value of a field as well")
    sub = add(making.stats, "composition of the data")
    _add_corpus(sub, "which corpus", default="all")
    sub = add(making.publish, "lay out the data as a repository of the Hugging Face Hub")
    sub.set_defaults(usage=sub.error)
    sub.add_argument(
        "--dry-run", action="store_true",
        help="write the folder alone: always needed, as uploading is left to the command "
        "that is printed",
    )  # fmt: skip
    sub.add_argument("-o", "--output", required=True, metavar="DIR", help="folder to write")


def _add_benchmark(add: Add) -> None:
    sub = add(benchmark.run, "fit a model file and predict documents")
    sub.add_argument("model", metavar="MODEL.py", help="a file that defines fit")
    _add_task(sub)
    _add_corpus(sub, "corpus to train on and to predict")
    group = sub.add_mutually_exclusive_group()
    _add_split(group, "split to predict")
    _add_contrast(group, "a contrast set to predict instead, with its originals")
    group.add_argument("--input", metavar="DOCS", help="documents to predict instead")
    sub.add_argument(
        "--train-documents", type=_positive, metavar="N",
        help="learn from N of the training documents only, for a learning curve",
    )  # fmt: skip
    sub.add_argument(
        "--set", action="append", default=[], type=_option, dest="options", metavar="NAME=VALUE",
        help="an argument of fit, such as seed=1 or weights=PATH; may be repeated",
    )  # fmt: skip
    _add_output(sub)
    sub = add(benchmark.score, "score predictions against gold")
    sub.formatter_class = argparse.RawDescriptionHelpFormatter
    sub.epilog = PREDICTION_FORMAT
    sub.set_defaults(usage=sub.error)
    sub.add_argument("predictions", nargs="?", metavar="PRED", help="predictions, JSON lines")
    _add_task(sub, required=False)
    _add_contrast(_add_gold(sub), "pairs of texts to score on instead")
    _add_resampling(sub, 1000)
    sub.add_argument(
        "--by", action="append", default=[], metavar="FIELD",
        help="scores for each value of a field too: a field of a document such as conflict or "
        "genre, or repository, length, sources, label; may be repeated",
    )  # fmt: skip
    sub.add_argument(
        "--unchecked", action="store_true",
        help="with --gold, in spans without --by: check only what is counted, for files that "
        "validate has passed",
    )  # fmt: skip
    sub.add_argument("--json", action="store_true", help="print one JSON object")
    sub.add_argument(
        "--verify",
        metavar="RESULT.json",
        help="score again as this result says; exit 1 if it differs",
    )
    sub = add(benchmark.diagnose, "say where predictions fail: kinds of error, records, documents")
    sub.add_argument("predictions", metavar="PRED", help="predictions, JSON lines")
    _add_task(sub)
    _add_gold(sub)
    sub.add_argument(
        "--show", type=_positive, default=10, metavar="N",
        help="how many confusions and documents (default 10)",
    )  # fmt: skip
    sub.add_argument("--json", action="store_true", help="print one JSON object, with all of them")
    sub = add(benchmark.compare, "compare systems on the same documents, by paired tests")
    sub.add_argument(
        "systems", nargs="+", metavar="PRED", help="predictions of two systems or more"
    )
    sub.add_argument(
        "--task", required=True, action="append", choices=TASK_NAMES,
        help="what was predicted; may be repeated, and p-values are corrected for all",
    )  # fmt: skip
    _add_mentions(sub)
    _add_gold(sub)
    _add_resampling(sub, 10_000)
    sub.add_argument("--json", action="store_true", help="print one JSON object")
    sub = add(transfer.bench, "fit baselines on each corpus and on both, test them on each")
    sub.add_argument("models", nargs="*", metavar="MODEL.py", help="default: all of baselines/")
    _add_task(sub, required=False, default="sentences")
    sub = add(benchmark.schema, "print the JSON Schema of a prediction")
    sub.add_argument("--task", required=True, choices=TASK_NAMES, help="what is predicted")


def _add_showing(add: Add) -> None:
    sub = add(showing.contested, "tables of who accuses whom, who denies, and whose figures differ")
    _add_corpus(sub, "corpus to read")
    group = sub.add_mutually_exclusive_group()
    _add_split(group, "split to read")
    group.add_argument("--input", metavar="DOCS", help="documents to read instead")
    sub.add_argument(
        "--predictions", action="append", metavar="PRED",
        help="a system's records instead of gold; may be repeated, for other layers",
    )  # fmt: skip
    sub.add_argument("--json", action="store_true", help="print one JSON array")
    sub = add(showing.report, "score runs and write a page: leaderboards, documents, map")
    sub.set_defaults(usage=sub.error)
    sub.add_argument(
        "runs", nargs="*", metavar="PRED",
        help="predictions, or NAME=PRED (default: run the baselines); of the task in the account "
        "that run wrote beside them, or of --task, or of all that their records have layers for",
    )  # fmt: skip
    _add_task(sub, required=False)
    group = sub.add_mutually_exclusive_group()
    _add_split(group, "split to score on")
    group.add_argument("--gold", metavar="GOLD", help="gold documents to score against instead")
    _add_resampling(sub, 1000)
    sub.add_argument("-o", "--output", required=True, metavar="DIR", help="folder to write")


def _add_format(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--format", required=True, choices=FORMATS,
        help="of Label Studio, of brat, BIO tags in columns, or UIMA CAS for INCEpTION",
    )  # fmt: skip


def _add_task(
    sub: argparse.ArgumentParser, *, required: bool = True, default: str | None = None
) -> None:
    shown = f" (default {default})" if default else ""
    sub.add_argument(
        "--task", required=required, default=default, choices=TASK_NAMES,
        help=f"what is predicted{shown}",
    )  # fmt: skip
    _add_mentions(sub)


def _add_mentions(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--mentions", choices=("predicted", "gold"),
        help="links and places: whether models find the mentions or are given them "
        "(default predicted)",
    )  # fmt: skip


def _add_gold(sub: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    _add_corpus(sub, "corpus to score on")
    group = sub.add_mutually_exclusive_group()
    _add_split(group, "split to score on")
    group.add_argument("--gold", metavar="GOLD", help="gold documents to score against instead")
    return group


def _add_resampling(sub: argparse.ArgumentParser, resamples: int) -> None:
    sub.add_argument(
        "--resamples", type=_positive, default=resamples, metavar="N",
        help=f"resamples for intervals and tests (default {resamples})",
    )  # fmt: skip
    sub.add_argument("--seed", type=_natural, default=0, metavar="N", help="of them (default 0)")


def _add_corpus(sub: argparse.ArgumentParser, use: str, default: str = "desk") -> None:
    sub.add_argument(
        "--corpus",
        choices=corpus.CORPUS_NAMES,
        default=default,
        help=f"{use} (default {default})",
    )


def _add_split(sub: argparse._ActionsContainer, use: str) -> None:
    # No default here: argparse would not see `--split test` as given beside --input.
    sub.add_argument("--split", choices=SPLITS, help=f"{use} (default {DEFAULT_SPLIT})")


def _add_contrast(sub: argparse._ActionsContainer, use: str) -> None:
    sub.add_argument("--contrast", choices=corpus.CONTRASTS, help=use)


def _add_output(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-o", "--output", required=True, metavar="FILE", help="file to write")


def _option(text: str) -> tuple[str, Any]:
    """A name and a value: what is JSON, such as a number, is read so, the rest is a string."""
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r}; expected NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r}; expected a day as YYYY-MM-DD")


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number, 0 or more")
    return int(text)


def _positive(text: str) -> int:
    number = _natural(text)
    if not 1 <= number <= 10**7:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a number from 1 to 10,000,000")
    return number
