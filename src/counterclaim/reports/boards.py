"""The numbers of a report: leaderboards with their breakdowns, and contrast sets.

The documents that a run answers say where it counts: on the test set of each corpus that it
has answers for, and on each contrast set.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from counterclaim import comparing, contrasts, corpus, counting, diagnosing, jsonl, pairing
from counterclaim.errors import DataError
from counterclaim.metrics.resampling import Estimate, Resampling
from counterclaim.model import CORPORA, Prediction
from counterclaim.pairing import Placed
from counterclaim.reports.runs import Held, Run, answers
from counterclaim.scoring import Scores, signature, summarise
from counterclaim.tasks import Task

FIELDS = ("conflict", "genre", "label", "length", "sources")
PASSES = {"annotator a": "a.jsonl", "annotator b": "b.jsonl"}


class Part(msgspec.Struct, frozen=True):
    """The headline on some of the documents."""

    documents: int
    headline: Estimate


class Standing(msgspec.Struct, frozen=True):
    """A system on a board.

    Attributes:
        system: Its name, with what it was trained on if that is another corpus, or if others
            of its name were trained on fewer documents or more.
        name: Its name alone.
        trained_on: As `Run.trained_on`.
        train_documents: As `Run.train_documents`.
        annotator: Whether it is an annotation pass, from which gold was adjudicated.
        headline: The score that systems are compared by.
        group: Letters; systems that share one cannot be told apart.
        behind: The best system's score less its own, with the interval of the difference.
        p: How likely chance gives such a difference, corrected; NaN for the best.
        missing: Number of documents without a prediction.
        labels: F1 for each row that has gold.
        parts: For each of `FIELDS`, by value.
        kinds: For each label, how many records are of each kind of error.
    """

    system: str
    name: str
    trained_on: str
    train_documents: int
    annotator: bool
    headline: Estimate
    group: str
    behind: Estimate
    p: float
    missing: int
    labels: dict[str, Estimate]
    parts: dict[str, dict[str, Part]]
    kinds: dict[str, dict[str, int]]


class Board(msgspec.Struct, frozen=True):
    """All systems of a task on the same documents, best first.

    Attributes:
        task: Name of the task.
        mentions: As `Task.mentions`.
        corpus: Name of the documents.
        headline: Name of the score.
        documents: Number of them.
        events: Number of their events, which are resampled.
        detectable: As `comparing.Comparison`; NaN for a single system.
        signature: What has to agree for two results to be comparable.
        standings: The systems.
    """

    task: str
    mentions: str | None
    corpus: str
    headline: str
    documents: int
    events: int
    detectable: float
    signature: str
    standings: list[Standing]


class Contrast(msgspec.Struct, frozen=True):
    """What a system makes of a contrast set; fields as in `contrasts.ContrastScores`."""

    contrast: str
    task: str
    mentions: str | None
    system: str
    pairs: int
    original: Estimate
    changed: Estimate
    difference: Estimate
    consistency: Estimate


def boards(runs: Sequence[Run], held: Sequence[Held], *, resamples: int, seed: int) -> list[Board]:
    """Score all runs on all documents that they answer.

    Args:
        runs: The runs.
        held: The sets of documents.
        resamples: Bootstrap resamples of intervals; paired tests take ten times as many.
        seed: Seed of both.

    Returns:
        A board for each task and set of documents, in the order in which tasks come.

    Raises:
        DataError: Two runs of a board have one name, or a prediction fits no document.
    """
    forms = {(run.task.name, run.task.mentions): run.task for run in runs}
    return [
        _board(task, each, entered, resamples, seed)
        for form, task in forms.items()
        for each in held
        if (
            entered := [
                run
                for run in runs
                if (run.task.name, run.task.mentions) == form and answers(run, each)
            ]
        )
    ]


def _board(task: Task, held: Held, runs: Sequence[Run], resamples: int, seed: int) -> Board:
    tallies: dict[str, counting.Tally] = {}
    of: dict[str, tuple[Run, Sequence[Placed]]] = {}
    for run in runs:
        same = [r for r in runs if (r.name, r.trained_on) == (run.name, run.trained_on)]
        name = run.name
        if run.trained_on not in ("", held.name):
            name += f", trained on {run.trained_on}"
        if len({each.train_documents for each in same}) > 1:
            name += f", {run.train_documents} documents"
        if name in of or name in PASSES:
            raise DataError(
                f"{name}: stands twice in {task.name}; expected NAME=FILE to tell apart"
            )
        of[name] = run, answers(run, held)
    of |= {name: (Run(name, task, given), given) for name, given in _passes(task, held)}
    scores: dict[str, Scores] = {}
    kinds = {}
    for name, (_, given) in of.items():
        gold, aligned = corpus.matching_gold(
            [placed.prediction for placed in given], held.gold, held.texts
        )
        tallies[name] = counting.tally(task, pairing.pair(task, gold, given), FIELDS)
        scores[name] = summarise(
            task,
            tallies[name]._replace(groups={}),
            data=held.data,
            split=held.split,
            aligned=aligned,
            resamples=resamples,
            seed=seed,
        )
        found = diagnosing.diagnose(task, gold, given, train=held.train, resamples=1, seed=seed)
        kinds[name] = found.kinds
    systems = [name for name in of if name not in PASSES]
    compared = _compared(task, {name: tallies[name] for name in systems}, resamples, seed)
    standings = [
        Standing(
            system=name,
            name=of[name][0].name,
            trained_on=of[name][0].trained_on,
            train_documents=of[name][0].train_documents,
            annotator=name in PASSES,
            headline=scores[name].headline.estimate,
            group=compared.groups.get(name, ""),
            behind=compared.behind.get(name, _NOTHING),
            p=compared.p.get(name, float("nan")),
            missing=len(scores[name].missing),
            labels=_labels(scores[name]),
            parts=_parts(task, tallies[name], resamples, seed),
            kinds=kinds[name],
        )
        for name in of
    ]
    first = tallies[systems[0]]
    return Board(
        task=task.name,
        mentions=task.mentions,
        corpus=held.name,
        headline=scores[systems[0]].headline.name,
        documents=len(first.ids),
        events=len(set(first.keys)),
        detectable=compared.detectable,
        signature=signature(
            task, first, data=held.data, split=held.split, resamples=resamples, seed=seed
        ),
        standings=sorted(standings, key=lambda s: (not s.annotator, -s.headline.value)),
    )


class _Compared(NamedTuple):
    groups: dict[str, str]
    behind: dict[str, Estimate]
    p: dict[str, float]
    detectable: float


_NOTHING = Estimate(float("nan"), float("nan"), float("nan"))


def _compared(
    task: Task, tallies: dict[str, counting.Tally], resamples: int, seed: int
) -> _Compared:
    """The tie group of each system, and how far it is behind the best one."""
    if len(tallies) < 2:
        return _Compared({}, {}, {}, float("nan"))
    keys = next(iter(tallies.values())).keys
    contest = comparing.Contest(
        task.name,
        counting.headline_statistic(task),
        keys,
        {name: counted.counts for name, counted in tallies.items()},
    )
    (found,) = comparing.compare([contest], resamples=10 * resamples, seed=seed)
    best = found.systems[0].name
    pairs = {pair.b: pair for pair in found.pairs if pair.a == best}
    return _Compared(
        {system.name: system.group for system in found.systems},
        {name: Estimate(pair.difference, pair.low, pair.high) for name, pair in pairs.items()},
        {name: pair.p_holm for name, pair in pairs.items()},
        found.detectable,
    )


def _passes(task: Task, held: Held) -> Iterator[tuple[str, list[Placed]]]:
    """The annotation passes over these documents; none of own ones, or with given mentions."""
    folder = corpus.data_dir() / "annotators" / held.name
    if held.name not in CORPORA or task.mentions == "gold":
        return
    ids = {document.doc_id for document in held.gold}
    for name, file in PASSES.items():
        rows = jsonl.read_records(folder / file, Prediction)
        yield (
            name,
            [
                Placed(f"{file}:{line}: ", prediction)
                for line, prediction in rows
                if prediction.doc_id in ids
            ],
        )


def _labels(scores: Scores) -> dict[str, Estimate]:
    return {
        row: scores.scores[row]["f1"]
        for row, counts in scores.counts.items()
        if counts.get("gold") and "f1" in scores.scores.get(row, {})
    }


def _parts(
    task: Task, counted: counting.Tally, resamples: int, seed: int
) -> dict[str, dict[str, Part]]:
    statistic = counting.headline_statistic(task)
    found: dict[str, dict[str, Part]] = {}
    for field, values in counted.groups.items():
        found[field] = {}
        for value in sorted({value for each in values for value in each}):
            rows = np.flatnonzero([value in each for each in values])
            keys = [counted.keys[i] for i in rows]
            resampling = Resampling(keys, resamples=resamples, seed=seed)
            (headline,) = resampling.estimates(counted.counts[rows], statistic)
            found[field][value] = Part(len(rows), headline)
    return found


def contrast_scores(runs: Sequence[Run], *, resamples: int, seed: int) -> list[Contrast]:
    """What each run makes of the contrast sets of which it answers every text."""
    found = []
    sets = {name: contrasts.pairs(name) for name in corpus.CONTRASTS}
    for run in runs:
        given = {placed.prediction.doc_id: placed for placed in run.predictions}
        for name, pairs in sets.items():
            wanted = [document.doc_id for document in contrasts.documents(pairs)]
            if not all(doc_id in given for doc_id in wanted):
                continue
            result = contrasts.score_contrast(
                run.task,
                pairs,
                [given[doc_id] for doc_id in wanted],
                name=name,
                resamples=resamples,
                seed=seed,
                parts=(),
            )
            found.append(
                Contrast(
                    contrast=name,
                    task=run.task.name,
                    mentions=run.task.mentions,
                    system=run.name,
                    pairs=result.pairs,
                    original=result.original,
                    changed=result.changed,
                    difference=result.difference,
                    consistency=result.consistency,
                )
            )
    return found
