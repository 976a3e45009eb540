"""Contrast sets: what a system makes of a text in which one thing has been changed.

Each changed text is paired with its original, a test text of desk, and carries that
text's gold with what the change changes in it. A system answers both. Reported are its
score on the originals and on the changed texts, and the difference of the two; for labels
of sentences also how often its answer moves as the gold does; and, where the accused changes,
how its score depends on who that is.

Source: Gardner et al. (2020), Evaluating Models' Local Decision Boundaries via Contrast
Sets, https://aclanthology.org/2020.findings-emnlp.117.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from counterclaim import corpus
from counterclaim.counting import headline_statistic, tally
from counterclaim.errors import DataError
from counterclaim.metrics.labels import ratio
from counterclaim.metrics.resampling import Estimate, Resampling
from counterclaim.model import Document, Prediction, Split, sentence_labels
from counterclaim.pairing import Placed, pair
from counterclaim.predictions import predicted_sentence_labels
from counterclaim.scoring import RESAMPLES, SEED, signature
from counterclaim.tasks import Task

SPLIT: Split = "test"  # the originals of all sets


class Pair(NamedTuple):
    """A text and what it was changed to."""

    original: Document
    changed: Document


class Side(msgspec.Struct, frozen=True):
    """A side of a conflict, and what it changes that this side is the accused.

    Attributes:
        pairs: Number of pairs of texts in one of which it is accused, in the other another.
        events: Number of events that they are of: of one alone an interval says nothing.
        accused: The score on the texts in which it is.
        other: The score on the texts in which another is in its place.
        gap: `accused` less `other`.
    """

    pairs: int
    events: int
    accused: Estimate
    other: Estimate
    gap: Estimate


class ContrastScores(msgspec.Struct, frozen=True):
    """What a system makes of a contrast set.

    Attributes:
        contrast: Name of the set.
        task: Name of the task.
        signature: What has to agree for two results to be comparable.
        pairs: Number of pairs of texts.
        headline: Name of the score.
        original: The score on the originals, each as often as it has been changed.
        changed: The score on the changed texts.
        difference: `changed` less `original`.
        sentences: Number of pairs of sentences that differ in words or labels.
        consistency: In which share of them the predicted labels change as the gold's do,
            which is not at all where the gold stays; NaN if sentences are not labelled.
        both_right: In which share the labels are right in both.
        forms: The difference for each form of change, where a set has several.
        sides: Where the accused changes, for each side the score by whether it is accused.
        missing: Documents without a prediction, counted as empty output.
    """

    contrast: str
    task: str
    signature: str
    pairs: int
    headline: str
    original: Estimate
    changed: Estimate
    difference: Estimate
    sentences: int
    consistency: Estimate
    both_right: Estimate
    forms: dict[str, Estimate]
    sides: dict[str, Side]
    missing: list[str]


def pairs(name: str) -> list[Pair]:
    """The texts of a contrast set, each with its original.

    Args:
        name: One of `corpus.CONTRASTS`.

    Raises:
        DataError: There is no such set, or an original is not among the test texts.
    """
    originals = {document.doc_id: document for document in corpus.records(SPLIT)}
    found = []
    for document in corpus.contrast(name):
        doc_id = re.sub(rf"-{name}-[a-z0-9-]+\Z", "", document.doc_id)
        if doc_id not in originals:
            raise DataError(f"{document.doc_id}: {doc_id} is no document of desk {SPLIT}")
        found.append(Pair(originals[doc_id], document))
    return found


def documents(found: Sequence[Pair]) -> list[Document]:
    """All texts that a system has to answer: each original once, then the changed ones."""
    return [*{p.original.doc_id: p.original for p in found}.values(), *(p.changed for p in found)]


def score_contrast(
    task: Task,
    found: Sequence[Pair],
    predictions: Iterable[Prediction | Placed | dict[str, Any]],
    *,
    name: str = "custom",
    data: str = "custom",
    resamples: int = RESAMPLES,
    seed: int = SEED,
    parts: Collection[str] = ("forms", "sides"),
) -> ContrastScores:
    """Score the predictions of one system for a contrast set.

    Args:
        task: The task.
        found: The pairs of the set, at least one.
        predictions: For originals and changed texts, in any order.
        name: Name of the set.
        data: Version and fingerprint of the data, for the signature.
        resamples: Bootstrap resamples of events for the intervals.
        seed: Seed of the resampling.
        parts: Which of `forms` and `sides` to give too; they take most of the time.

    Raises:
        DataError: There is no pair, or a prediction fits no document.
    """
    batches = list(pair(task, documents(found), predictions))
    counted = tally(task, batches)
    row = {doc_id: i for i, doc_id in enumerate(counted.ids)}
    both = counted.counts[[[row[d.doc_id] for d in each] for each in found]]
    keys = [p.original.cluster for p in found]
    resampling = Resampling(keys, resamples=resamples, seed=seed)
    headline = headline_statistic(task)

    def estimated(chosen: Sequence[int], counts: NDArray[Any]) -> list[Estimate]:
        part = Resampling([keys[i] for i in chosen], resamples=resamples, seed=seed)
        return part.estimates(counts, compared)

    def compared(summed: NDArray[Any]) -> NDArray[np.float64]:
        original, changed = headline(summed[..., 0, :]), headline(summed[..., 1, :])
        return np.stack([original, changed, changed - original], axis=-1)

    original, changed, difference = resampling.estimates(both, compared)
    if task.layers:
        moved = np.zeros((len(found), 3))
    else:
        labels = {d.doc_id: predicted_sentence_labels(d, p) for b in batches for d, p in b}
        moved = np.array([_moves(each, labels) for each in found], dtype=np.float64)
    consistency, both_right = resampling.estimates(
        moved, lambda s: np.stack([ratio(s[..., k], s[..., 0]) for k in (1, 2)], axis=-1)
    )
    return ContrastScores(
        contrast=name,
        task=task.name,
        signature=signature(
            task, counted, data=data, split=f"contrast-{name}", resamples=resamples, seed=seed
        ),
        pairs=len(found),
        headline="_".join(task.headline).replace(" ", "_"),
        original=original,
        changed=changed,
        difference=difference,
        sentences=int(moved[:, 0].sum()),
        consistency=consistency,
        both_right=both_right,
        forms={
            form: estimated(chosen, both[chosen])[2]
            for form, chosen in (_forms(found) if "forms" in parts else {}).items()
        },
        sides={
            side: _side({keys[i] for i in chosen}, len(chosen), *estimated(chosen, counts))
            for side, chosen, counts in (_accused(found, both) if "sides" in parts else ())
        },
        missing=counted.missing,
    )


def _forms(found: Sequence[Pair]) -> dict[str, list[int]]:
    """The pairs of each form of change, which stands at the end of a doc_id in words."""
    forms: dict[str, list[int]] = defaultdict(list)
    for i, (_, changed) in enumerate(found):
        form = changed.doc_id.rpartition("-")[2]
        if form.isalpha():
            forms[form].append(i)
    return forms


def _side(events: set[str], pairs: int, other: Estimate, accused: Estimate, gap: Estimate) -> Side:
    return Side(pairs, len(events), accused, other, gap)


def _moves(each: Pair, labels: Mapping[str, Sequence[Sequence[str]]]) -> tuple[int, int, int]:
    """Sentences that differ; in how many the answer moves as gold does; is right in both."""
    gold = [sentence_labels(document) for document in each]
    texts = [document.sentence_texts for document in each]
    predicted = [labels[document.doc_id] for document in each]
    units = consistent = right = 0
    for i, (before, after) in enumerate(zip(*gold, strict=True)):
        if before == after and texts[0][i] == texts[1][i]:
            continue
        wanted, answer = [set(before), set(after)], [set(side[i]) for side in predicted]
        units += 1
        consistent += _change(*answer) == _change(*wanted)
        right += answer == wanted
    return units, consistent, right


def _change(before: set[str], after: set[str]) -> tuple[set[str], set[str]]:
    """What goes and what comes."""
    return before - after, after - before


def _accused(
    found: Sequence[Pair], both: NDArray[Any]
) -> Iterator[tuple[str, list[int], NDArray[Any]]]:
    """Each side, the pairs in which it takes or loses the place of the accused, and their counts.

    Those of the text in which another is accused come first, so that what is added is the
    score of the side less that of the others.
    """
    chosen: dict[str, list[int]] = defaultdict(list)
    counts: dict[str, list[NDArray[Any]]] = defaultdict(list)
    for i, (original, changed) in enumerate(found):
        now = {accusation.id: accusation.target_actor for accusation in changed.accusations}
        moves = Counter(
            (before, after)
            for accusation in original.accusations
            if (before := accusation.target_actor) != (after := now.get(accusation.id))
        )
        for (before, after), _ in moves.most_common(1):
            if before and after:
                for side, pair in ((before, both[i, ::-1]), (after, both[i])):
                    chosen[side].append(i)
                    counts[side].append(pair)
    for side in sorted(chosen, key=lambda side: (-len(chosen[side]), side)):
        yield side, chosen[side], np.stack(counts[side])
