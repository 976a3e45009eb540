"""Ten words: what somebody would search for who wants it done in a minute."""

from collections.abc import Sequence
from typing import Any

from counterclaim import Example, Prediction, Task

TASKS = ("sentences",)
WORDS = {
    "accusation": ("accused", "blamed", "alleged"),
    "denial": ("denied", "rejected"),
    "casualty": ("killed", "wounded", "injured"),
    "location": (" in ", " near "),
}


def fit(task: Task, train: Sequence[Example], dev: Sequence[Example]) -> Any:
    """Nothing is learnt."""

    def labels(sentence: str) -> list[str]:
        text = f" {sentence.lower()} "
        return [label for label, words in WORDS.items() if any(word in text for word in words)]

    return lambda documents: [
        Prediction(d.doc_id, [labels(s) for s in d.sentence_texts]) for d in documents
    ]
