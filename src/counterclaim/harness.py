"""What an evaluation harness needs of a task: questions, how answers are read, and the score.

A harness asks and keeps the answers. The number that it reports is made here from all
answers at once, by `score`, so it is what `counterclaim score` says of the same predictions:
a mean over documents would be another number.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from counterclaim import corpus, prompting
from counterclaim.model import Document
from counterclaim.scoring import score
from counterclaim.tasks import Example, Task, find


class Reply(NamedTuple):
    """What became of one answer.

    Attributes:
        prediction: A line of a predictions file; empty output if the answer is no JSON.
        unparsed: Whether it is none.
        records: How many records it has; 0 in the task `sentences`.
        left_out: How many of them do not fit the text, such as by a quote that is not there.
    """

    prediction: dict[str, Any]
    unparsed: bool
    records: int
    left_out: int


class Exam:
    """One form of a task over some documents."""

    def __init__(self, form: str, documents: Iterable[Document]):
        """Find the task.

        Args:
            form: Name of a task, with "/gold" for the form in which mentions are given.
            documents: With text and gold, of which no question tells.

        Raises:
            DataError: There is no such form.
        """
        name, _, mentions = form.partition("/")
        self.task: Task = find(name, mentions or None)
        self.headline = "_".join(self.task.headline).replace(" ", "_")
        self._gold = {document.doc_id: document for document in documents}
        self._seen = {key: self.task.view(document) for key, document in self._gold.items()}

    def instructions(self, pages: Path, *, structured: bool = True) -> str:
        """The system message.

        Args:
            pages: The folder `annotation_guidelines` of a checkout.
            structured: Whether requests carry the JSON Schema; else it stands in the message.
        """
        text = prompting.instructions(self.task, pages)
        if structured:
            return text
        schema = msgspec.json.encode(prompting.schema(self.task)).decode()
        return f"{text}\n\nAnswer with one JSON object by this schema and nothing else:\n\n{schema}"

    def questions(self) -> dict[str, str]:
        """The message about each document, by its id."""
        return {key: prompting.question(self.task, seen) for key, seen in self._seen.items()}

    def target(self, doc_id: str) -> str:
        """The answer that the gold is, for those who look at answers; no score reads it."""
        example = Example(self._seen[doc_id], self.task.gold(self._gold[doc_id]))
        return msgspec.json.encode(prompting.answered(self.task, example)).decode()

    def read(self, doc_id: str, content: str) -> Reply:
        """Read the answer about a document."""
        answer = prompting.parse(content)
        document = self._seen[doc_id]
        found = prompting.read(self.task, document, answer or {})
        line: dict[str, Any] = msgspec.to_builtins(found.prediction)
        if document.corpus == "wire":
            # Which text it was made from: scoring chooses the record in its coordinates.
            line["sha256"] = document.sha256
        return Reply(line, answer is None, found.records, found.left_out)

    def score(self, predictions: Iterable[Mapping[str, Any]]) -> float:
        """The headline score of lines of a predictions file, over the documents they are of."""
        lines = [dict(line) for line in predictions]
        gold: list[Document] = [self._gold[line["doc_id"]] for line in lines]
        return score(self.task, gold, lines, resamples=1).headline.value


@cache
def exam(form: str, corpus_name: str, split: str) -> Exam:
    """The exam over a split, made once in a process.

    Args:
        form: As for `Exam`.
        corpus_name: "desk", "wire" or "all"; wire once it has been hydrated.
        split: "train", "dev" or "test".

    Raises:
        DataError: No such form, corpus or split, or a text is missing.
    """
    return Exam(form, corpus.hydrated(split, corpus_name))
