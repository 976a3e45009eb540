"""What a report is made of: predictions of systems, and the documents that they are for."""

from collections.abc import Sequence
from typing import NamedTuple

from counterclaim import contrasts, corpus
from counterclaim.errors import DataError
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
        others: Ids that a run may answer too, which nothing here is scored on.
    """

    name: str
    split: str
    data: str
    gold: Sequence[Document]
    texts: Sequence[Document]
    train: Sequence[Document]
    others: frozenset[str] = frozenset()


def corpora(split: str) -> list[Held]:
    """The documents of a split of each corpus."""
    version = corpus.manifest()["version"]
    changed = {d.doc_id for each in corpus.CONTRASTS for d in corpus.contrast(each)}
    part = next(known for known in SPLITS if known == split)
    return [
        Held(
            name=name,
            split=split,
            data=f"{version}+{corpus.fingerprint([corpus.gold_path(name, part)])}",
            gold=[d for d in corpus.records(split, corpus=name) if not d.restricted],
            texts=[d for d in corpus.read(split, corpus=name) if not d.restricted],
            train=corpus.records("train", corpus=name),
            others=frozenset(
                {d.doc_id for d in corpus.records(split, corpus=name) if d.restricted}
                | (changed if (name, split) == ("desk", contrasts.SPLIT) else set())
            ),
        )
        for name in CORPORA
    ]


def answers(run: Run, held: Held) -> list[Placed]:
    """The predictions of a run that are for these documents."""
    ids = {document.doc_id for document in held.gold}
    return [placed for placed in run.predictions if placed.prediction.doc_id in ids]


def check_answers(run: Run, held: Sequence[Held]) -> None:
    """See that a run answers documents that are here, and no others.

    Raises:
        DataError: It answers another one, or none.
    """
    scored = {document.doc_id for part in held for document in part.gold}
    known = scored.union(*(part.others for part in held))
    names = ", ".join(f"{part.name} {part.split}" for part in held)
    for where, prediction in run.predictions:
        if prediction.doc_id not in known:
            raise DataError(f"{where}{prediction.doc_id}; expected a document of {names}")
    if not any(placed.prediction.doc_id in scored for placed in run.predictions):
        raise DataError(f"{run.name}: answers no document; expected some of {names}")
