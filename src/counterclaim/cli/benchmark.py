"""Commands for those who use the benchmark: run, score, diagnose, compare, schema."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from counterclaim import corpus, jsonl
from counterclaim.cli import inputs
from counterclaim.cli.inputs import DEFAULT_SPLIT, FAILED, FINE
from counterclaim.errors import DataError
from counterclaim.model import Document, text_hash

if TYPE_CHECKING:
    from counterclaim.contrasts import ContrastScores
    from counterclaim.counting import Tally
    from counterclaim.scoring import Scores
    from counterclaim.tasks import Task


def run(arguments: argparse.Namespace) -> int:
    """Fit a model file and write its predictions."""
    from counterclaim import recording, tasks
    from counterclaim.validate import read_documents

    output = inputs.output_path(arguments.output, arguments.model, arguments.input)
    task = tasks.find(arguments.task, arguments.mentions)
    train, dev = (corpus.hydrated(split, arguments.corpus) for split in ("train", "dev"))
    if arguments.train_documents is not None:
        if arguments.train_documents > len(train):
            most = f"{arguments.corpus} has {len(train)} training documents"
            raise DataError(f"{most}; expected --train-documents no higher")
        # In an order that is nobody's choice, so that fewer documents are a part of more.
        train = sorted(train, key=lambda document: text_hash(document.doc_id))
        train = train[: arguments.train_documents]
    if arguments.contrast is not None:
        from counterclaim import contrasts

        documents = contrasts.documents(contrasts.pairs(arguments.contrast))
    elif arguments.input is None:
        documents = corpus.hydrated(arguments.split or DEFAULT_SPLIT, arguments.corpus)
    else:
        documents = read_documents(arguments.input, with_text=True)
    done = recording.record_run(
        arguments.model,
        task,
        documents,
        output,
        train=train,
        dev=dev,
        options=dict(arguments.options),
        progress=inputs.progress_bar(Path(arguments.model).stem),
    )
    resumed = f", {done.resumed} of them from before" if done.resumed else ""
    print(f"{done.documents} predictions in {arguments.output}{resumed}", file=sys.stderr)
    return FINE


def score(arguments: argparse.Namespace) -> int:
    """Score predictions, or check that a result can be repeated."""
    from counterclaim.reports import text
    from counterclaim.scoring import Scores

    if arguments.verify is not None:
        return _verify(arguments)
    if arguments.predictions is None or arguments.task is None:
        arguments.usage("a predictions file and --task are needed, or --verify with a result")
    if arguments.unchecked and arguments.gold is None:
        arguments.usage("--unchecked is for files of --gold")
    if arguments.contrast is not None and (arguments.by or arguments.corpus != "desk"):
        arguments.usage("--contrast is of desk, and has no --by")
    result = _scored(arguments)
    if arguments.json:
        print(jsonl.encode(_with_arguments(arguments, result)))
    else:
        print(text.scores(result) if isinstance(result, Scores) else text.contrast(result))
    return FINE


def diagnose(arguments: argparse.Namespace) -> int:
    """Say where the predictions of one system fail."""
    from counterclaim import diagnosing, pairing, tasks
    from counterclaim.reports import text
    from counterclaim.validate import read_documents

    task = tasks.find(arguments.task, arguments.mentions)
    placed = pairing.read_predictions(arguments.predictions, task)
    train: Sequence[Document] = ()
    if arguments.gold is not None:
        gold = read_documents(arguments.gold, with_text=False)
    else:
        split, name = arguments.split or DEFAULT_SPLIT, arguments.corpus
        records = corpus.records(split, corpus=name)
        held = corpus.read(split, corpus=name)
        gold, _ = corpus.matching_gold([each.prediction for each in placed], records, held)
        train = corpus.records("train", corpus=name)
        # Where it is the recorded text, its words are at hand for the properties.
        texts = {document.doc_id: document for document in held}
        gold = [texts[d.doc_id] if texts[d.doc_id].sha256 == d.sha256 else d for d in gold]
    result = diagnosing.diagnose(task, gold, placed, train=train)
    print(jsonl.encode(result) if arguments.json else text.diagnosis(result, arguments.show))
    return FINE


def compare(arguments: argparse.Namespace) -> int:
    """Compare systems on the same documents, by paired tests."""
    from counterclaim import comparing, counting, scoring, tasks
    from counterclaim.reports import text

    files = [Path(name) for name in arguments.systems]
    stems = [file.stem for file in files]
    names = [file.stem if stems.count(file.stem) == 1 else str(file) for file in files]
    if len(set(names)) < len(names):
        raise DataError(f"{files[0]}: is given twice; expected different systems")
    contests = []
    signatures = []
    for task_name in dict.fromkeys(arguments.task):
        task = tasks.find(task_name, _mentions(arguments.mentions, task_name))
        tallies = [_tally(arguments, task, str(file), ()) for file in files]
        first = tallies[0][0].ids
        for file, (counted, _) in zip(files, tallies, strict=True):
            if only := sorted(set(first) ^ set(counted.ids)):
                where = f"{file}: {task_name}: scored on other documents than {files[0]}"
                raise DataError(f"{where}, such as {only[0]}; expected the same")
        contests.append(
            comparing.Contest(
                task_name,
                counting.headline_statistic(task),
                tallies[0][0].keys,
                {name: counted.counts for name, (counted, _) in zip(names, tallies, strict=True)},
            )
        )
        signatures.append(
            scoring.signature(
                task,
                tallies[0][0],
                **tallies[0][1],
                resamples=arguments.resamples,
                seed=arguments.seed,
            )
        )
    found = comparing.compare(contests, resamples=arguments.resamples, seed=arguments.seed)
    if arguments.json:
        print(jsonl.encode({"signatures": signatures, "comparisons": found}))
    else:
        print(text.comparisons(found, signatures))
    return FINE


def schema(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of a line of a predictions file."""
    from counterclaim import predictions, tasks

    print(jsonl.encode(predictions.schema(tasks.find(arguments.task).prediction)))
    return FINE


def _mentions(mentions: str | None, task: str) -> str | None:
    """The form of a task among several, of which some have one form only."""
    from counterclaim import tasks

    return mentions if task in tasks.GOLD_MENTIONS else None


def _tally(
    arguments: argparse.Namespace, task: "Task", file: str, by: Sequence[str]
) -> tuple["Tally", dict[str, Any]]:
    """Count one file of predictions; with it what a signature says of the data."""
    from counterclaim import counting, pairing, skimming

    if arguments.gold is not None:
        unchecked = getattr(arguments, "unchecked", False) and not by
        files = skimming.skim_files if unchecked else pairing.pair_files
        counted = counting.tally(task, files(task, arguments.gold, file), by)
        fingerprint = corpus.fingerprint([Path(arguments.gold)])
        return counted, {"data": f"custom+{fingerprint}", "split": "custom", "aligned": 0}
    split, name = arguments.split or DEFAULT_SPLIT, arguments.corpus
    data = inputs.data_version(name, split)
    placed = pairing.read_predictions(file, task)
    gold, aligned = corpus.matching_gold(
        [each.prediction for each in placed],
        corpus.records(split, corpus=name),
        corpus.read(split, corpus=name),
    )
    counted = counting.tally(task, pairing.pair(task, gold, placed), by)
    return counted, {"data": data, "split": split, "aligned": aligned}


def _scored(arguments: argparse.Namespace) -> "Scores | ContrastScores":
    from counterclaim import scoring, tasks

    task = tasks.find(arguments.task, arguments.mentions)
    if arguments.contrast is not None:
        return _scored_contrast(arguments, task)
    counted, data = _tally(arguments, task, arguments.predictions, arguments.by)
    return scoring.summarise(
        task, counted, **data, resamples=arguments.resamples, seed=arguments.seed
    )


def _scored_contrast(arguments: argparse.Namespace, task: "Task") -> "ContrastScores":
    from counterclaim import contrasts, pairing

    name = arguments.contrast
    paths = [corpus.gold_path("desk", contrasts.SPLIT), corpus.contrast_path(name)]
    return contrasts.score_contrast(
        task,
        contrasts.pairs(name),
        pairing.read_predictions(arguments.predictions, task),
        name=name,
        data=f"{corpus.manifest()['version']}+{corpus.fingerprint(paths)}",
        resamples=arguments.resamples,
        seed=arguments.seed,
    )


# What of a command line decides a result; a result carries it, so that it can be repeated.
_DECISIVE = (
    "predictions",
    "task",
    "mentions",
    "corpus",
    "split",
    "gold",
    "contrast",
    "by",
    "resamples",
    "seed",
)


def _with_arguments(
    arguments: argparse.Namespace, result: "Scores | ContrastScores"
) -> dict[str, Any]:
    given = {name: getattr(arguments, name) for name in _DECISIVE}
    return {**msgspec.to_builtins(result), "arguments": given}


def _verify(arguments: argparse.Namespace) -> int:
    """Score again as a result says, and compare every number."""
    path = Path(arguments.verify)
    try:
        committed = msgspec.json.decode(jsonl.read_bytes(path), type=dict[str, Any])
        given = committed.pop("arguments")
        again = argparse.Namespace(**{name: given[name] for name in _DECISIVE})
        committed["signature"] = _unversioned(committed["signature"])
    except (msgspec.MsgspecError, AttributeError, KeyError, TypeError):
        raise DataError(f"{path}: is no result; expected what score --json prints") from None
    for name in ("predictions", "gold"):
        setattr(again, name, _found(getattr(arguments, name) or getattr(again, name), path))
    current = msgspec.json.decode(jsonl.encode(_with_arguments(again, _scored(again))))
    del current["arguments"]
    current["signature"] = _unversioned(current["signature"])
    differences = list(_differences("", committed, current))
    for place, before, now in differences[:_SHOWN]:
        print(f"{path}: {place} is {before!r:.80}; expected {now!r:.80}")
    if differences:
        print(f"{path}: {len(differences)} differences", file=sys.stderr)
        return FAILED
    print(f"{path}: repeated exactly", file=sys.stderr)
    return FINE


_SHOWN = 10


def _unversioned(signature: str) -> str:
    """A later version that gives the same numbers has repeated a result."""
    return signature.partition("|version:")[0]


def _found(name: str | None, result: Path) -> str | None:
    """A file that a result names: as it stands, or else beside the result."""
    if name is None or Path(name).exists():
        return name
    beside = result.parent / name
    return str(beside) if beside.exists() else name


def _differences(place: str, before: Any, now: Any) -> Any:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from _differences(f"{place}.{key}".lstrip("."), before.get(key), now.get(key))
    elif before != now:
        yield place, before, now
