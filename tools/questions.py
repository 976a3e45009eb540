"""Questions with one short answer, made from the gold of desk test: what `data/questions` has.

Flat rows, for harnesses and leaderboards that take a question and compare an answer. Every
question has the whole text before it. What is asked is a fact of one record, in words that
do not give it away:

- `claim_type`: the `act` of a claim, of the fourteen that the guidelines list;
- `contested`: whether a claim is denied in the text, by its status in the task `links`;
- `casualty_count`: how many people a sentence says were killed, wounded and so on. The
  figure is not pointed at: asked are sentences with one record of that outcome alone, an
  exact one, zero included.

There is one question a claim, by its longest mention, as all mentions of it have one answer.
Choices keep the order of the guidelines but begin at a place that the hash of the question's
id decides: no letter is right more often than another, and none tells of the answer.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from counterclaim.hub import about
from counterclaim.metrics.links import STATUSES, claim_statuses
from counterclaim.model import Accusation, Document
from counterclaim.reports import text

GUIDELINES = Path(__file__).parents[1] / "annotation_guidelines" / "accusation.md"
# The fourteen acts with what they mean; the first that fits counts.
ACTS: dict[str, str] = dict(
    re.findall(r"^\| \d+ \| `(\w+)` \| (.+?) \|$", GUIDELINES.read_text(encoding="utf-8"), re.M)
)
CONTESTED = {
    "denied": "denied: the accused, or somebody on its behalf, says in the text that it did not "
    "happen or that it was not their doing",
    "partly denied": "partly denied: all that they say against it is that it was not on purpose, "
    "or not what it looks like",
    "unanswered": "unanswered: nobody on the side of the accused says in the text that it is "
    "not so",
}
OUTCOMES = {
    "killed": "killed",
    "wounded": "wounded",
    "unspecified": "killed or wounded, with no telling which",
    "missing": "missing",
    "captured": "captured, abducted or detained",
    "displaced": "driven from their homes",
}
Row = dict[str, Any]


def claim_type(document: Document) -> Iterator[Row]:
    """One row for each claim of a document, with the act as answer."""
    for accusation in _fullest(document):
        asked = (
            f"{_said(document, accusation)} What kind of wrong is that? Where several kinds fit, "
            f"the first of them in this order counts: {', '.join(ACTS)}."
        )
        choices = [f"{act}: {meaning}" for act, meaning in ACTS.items()]
        yield _row(document, accusation.id, asked, choices, list(ACTS).index(accusation.act))


def contested(document: Document) -> Iterator[Row]:
    """One row for each claim of a document, with its status as answer."""
    statuses = claim_statuses(document.accusations, document.denials)
    for accusation in _fullest(document):
        asked = f"{_said(document, accusation)} Is that denied in the text?"
        choices = [CONTESTED[status] for status in STATUSES]
        right = STATUSES.index(statuses[accusation.claim])
        yield _row(document, accusation.id, asked, choices, right)


def casualty_count(document: Document) -> Iterator[Row]:
    """One row for each sentence and outcome with one figure, an exact one."""
    for sentence, words in zip(document.sentences, document.sentence_texts, strict=True):
        here = [k for k in document.casualties if sentence.start <= k.mention.start < sentence.end]
        for casualty in here:
            alone = sum(other.outcome == casualty.outcome for other in here) == 1
            if alone and casualty.modifier == "exact" and casualty.low == casualty.high:
                asked = (
                    f"How many people does this sentence of the text say were "
                    f"{OUTCOMES[casualty.outcome]}: “{words}”? Nobody is 0."
                )
                yield _row(document, casualty.id, asked, [], casualty.low or 0)


MAKERS = {"claim_type": claim_type, "casualty_count": casualty_count, "contested": contested}


def rows(name: str, documents: Sequence[Document]) -> list[Row]:
    """The rows of a set of questions, in the order of the documents."""
    return [row for document in documents for row in MAKERS[name](document)]


def table(documents: Sequence[Document]) -> str:
    """How many questions each set has, and what answering always the same would get."""
    cells = []
    for name in MAKERS:
        each = rows(name, documents)
        answers = [
            row["choices"][row["answer"]] if "choices" in row else row["answer"] for row in each
        ]
        places = [row["answer"] for row in each]
        kinds = sorted(set(answers), key=lambda answer: (-answers.count(answer), str(answer)))
        commonest = str(kinds[0]).partition(":")[0]
        letter = max(map(places.count, places)) / len(each) if "choices" in each[0] else None
        cells.append(
            [
                f"`{name}`",
                str(len(each)),
                str(len(kinds)),
                f"{commonest} ({answers.count(kinds[0]) / len(each):.3f})",
                "–" if letter is None else f"{letter:.3f}",
            ]
        )
    head = ["data set", "questions", "answers that occur", "commonest answer", "commonest letter"]
    return text.table(head, cells)


def _fullest(document: Document) -> list[Accusation]:
    """Of each claim the accusation with the longest content, the first of those as long."""
    found: dict[str, Accusation] = {}
    for accusation in sorted(document.accusations, key=lambda a: a.content):
        other = found.setdefault(accusation.claim, accusation)
        if _length(accusation) > _length(other):
            found[accusation.claim] = accusation
    return list(found.values())


def _length(accusation: Accusation) -> int:
    return accusation.content.end - accusation.content.start


def _said(document: Document, accusation: Accusation) -> str:
    source = accusation.source_actor or "Somebody who is not named"
    target = accusation.target_actor or "somebody who is not named"
    return f"{source} accuses {target}: “{document.words(accusation.content)}”."


def _row(document: Document, key: str, asked: str, choices: list[str], right: int) -> Row:
    """A row; where there are choices the answer is the number of the right one, from 0."""
    name = f"{document.doc_id}/{key}"
    if choices:
        shift = int(hashlib.sha256(name.encode()).hexdigest(), 16) % len(choices)
        choices = choices[shift:] + choices[:shift]
        right = (right - shift) % len(choices)
    return {
        "id": name,
        "doc_id": document.doc_id,
        "question": f"Text:\n\n{document.text}\n\nQuestion: {asked}",
        **({"choices": choices} if choices else {}),
        "answer": right,
        **about(document),
    }
