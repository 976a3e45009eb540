"""What a report is made of: predictions of systems, and the documents that they are for."""

from collections.abc import Sequence
from typing import NamedTuple

from counterclaim import corpus
from counterclaim.model import CORPORA, SPLITS, Document
from counterclaim.pairing import Placed
from counterclaim.tasks import Task


class Run(NamedTuple):
    """One system in one task.

    Attributes:
        name: Of the system.
        task: The task.
        predictions: What it gives, each with its place in the file.
        trained_on: The corpora that it was trained on, such as "desk"; empty if unknown.
        train_documents: On how many documents of them; 0 if unknown.
    """

    name: str
    task: Task
    predictions: Sequence[Placed]
    trained_on: str = ""
    train_documents: int = 0


class Held(NamedTuple):
    """Documents that runs are scored on.

    Attributes:
        name: A corpus, or the file of somebody's own.
        split: Their split.
        data: Version and fingerprint, for the signature.
        gold: As they are published.
        texts: The same with the texts of this machine.
        train: Training documents, which tell names that a system has seen.
    """

    name: str
    split: str
    data: str
    gold: Sequence[Document]
    texts: Sequence[Document]
    train: Sequence[Document]


def corpora(split: str) -> list[Held]:
    """The documents of a split of each corpus."""
    version = corpus.manifest()["version"]
    part = next(known for known in SPLITS if known == split)
    return [
        Held(
            name=name,
            split=split,
            data=f"{version}+{corpus.fingerprint([corpus.gold_path(name, part)])}",
            gold=[d for d in corpus.records(split, corpus=name) if not d.restricted],
            texts=[d for d in corpus.read(split, corpus=name) if not d.restricted],
            train=corpus.records("train", corpus=name),
        )
        for name in CORPORA
    ]


def answers(run: Run, held: Held) -> list[Placed]:
    """The predictions of a run that are for these documents."""
    ids = {document.doc_id for document in held.gold}
    return [placed for placed in run.predictions if placed.prediction.doc_id in ids]
