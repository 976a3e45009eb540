"""The command bench: what models learn from one corpus for the other."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from counterclaim import corpus
from counterclaim.cli import inputs
from counterclaim.cli.inputs import FINE
from counterclaim.model import CORPORA, Document

if TYPE_CHECKING:
    from counterclaim.scoring import Scores
    from counterclaim.tasks import Task

Transfer: TypeAlias = tuple[str, str, str, "Scores"]
"""The corpus tested on, the corpus trained on, the system, and its scores."""


def bench(arguments: argparse.Namespace) -> int:
    """Fit model files on each corpus and on both, predict and score the test set of each."""
    from counterclaim import tasks
    from counterclaim.reports import text

    models = [Path(model) for model in arguments.models]
    models = models or inputs.baseline_files(arguments.task, arguments.mentions)
    print(text.bench(transfers(tasks.find(arguments.task, arguments.mentions), models)))
    return FINE


def transfers(task: "Task", models: Sequence[Path]) -> list[Transfer]:
    """Scores of models trained on each corpus and on both, tested on each.

    Returns:
        A row for each, of the corpora whose texts are at hand.
    """
    from counterclaim import running

    stems = [model.stem for model in models]
    names = {m: m.stem if stems.count(m.stem) == 1 else str(m) for m in models}
    trained_on = inputs.bench_corpora()
    tested_on = [name for name in CORPORA if name in trained_on]
    documents = {name: corpus.hydrated("test", name) for name in tested_on}
    results = []
    for name in trained_on:
        train, dev = (corpus.hydrated(split, name) for split in ("train", "dev"))
        for model in models:
            progress = inputs.progress_bar(f"{model.stem} on {name}")
            together = [document for held in documents.values() for document in held]
            found = iter(running.run(model, task, train, dev, together, progress=progress))
            for tested, held in documents.items():
                scores = scored_run(task, tested, held, [next(found) for _ in held])
                results.append((tested, name, names[model], scores))
    return sorted(results, key=lambda row: trained_on.index(row[0]))


def scored_run(
    task: "Task", name: str, held: Sequence[Document], predictions: Sequence[Any]
) -> "Scores":
    """Score what a model gave for the test set of a corpus as it is on this machine."""
    from counterclaim import scoring

    data = inputs.data_version(name, "test")
    gold, aligned = corpus.matching_gold(predictions, corpus.records("test", corpus=name), held)
    return scoring.score(task, gold, predictions, data=data, split="test", aligned=aligned)
