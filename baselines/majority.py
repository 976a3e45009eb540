"""The floor: give every sentence the labels that most training sentences have.

A label is given to all sentences if more than half of the training sentences have it, so
in practice a label is given always or never. What it is not: a model. Any system has to
be above it, and a score that it can reach says more about the test set than about a
system.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from counterclaim import Document, Example, Prediction, Task


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example]
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Count labels over all training sentences; `dev` is not needed."""
    sentences = [labels for example in train for labels in example.gold]
    counts = Counter(label for labels in sentences for label in labels)
    given = tuple(label for label in task.labels if 2 * counts[label] > len(sentences))

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        return [
            Prediction(document.doc_id, sentence_labels=(given,) * len(document.sentences))
            for document in documents
        ]

    return predict
