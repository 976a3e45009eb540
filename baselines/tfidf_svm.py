"""TF-IDF and a linear support vector machine over a sentence and its neighbours.

Words (1 to 3 in a row, with numbers read as one sign), characters (2 to 5 within a word)
and the words of the neighbouring sentences; one machine for each label, whose cost and
threshold are those with the best F1 on the development sentences. Beside
`tfidf_logreg.py` it shows what the loss and the cost are worth. What it is not: it knows
neither syntax nor who speaks, and its scores are distances, not probabilities.

Source of the form: Joachims (1998), Text Categorization with Support Vector Machines;
Wang and Manning (2012), https://aclanthology.org/P12-2018; thresholds by label: Fan and
Lin (2007), A Study on Threshold Selection for Multi-label Classification.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import precision_recall_curve
from sklearn.svm import LinearSVC

from counterclaim import Document, Example, Prediction, Task

TASKS = ("sentences",)
COSTS = (0.1, 0.3, 1.0)
NEIGHBOURS = 0.5  # weight of the sentences around


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example]
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Train on sentences, then choose a cost and a threshold for each label on `dev`."""
    words = TfidfVectorizer(ngram_range=(1, 3), sublinear_tf=True, preprocessor=_plain)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    around = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+")

    def features(documents: Sequence[Document], how: str) -> Any:
        texts = [text for document in documents for text in document.sentence_texts]
        beside = [text for document in documents for text in _beside(document)]
        parts = [getattr(words, how)(texts), getattr(characters, how)(texts)]
        return csr_matrix(hstack([*parts, NEIGHBOURS * getattr(around, how)(beside)]))

    x = features([example.document for example in train], "fit_transform")
    x_dev = features([example.document for example in dev], "transform")
    y, y_dev = _targets(train, task.labels), _targets(dev, task.labels)
    best = [_best(x, y[:, i], x_dev, y_dev[:, i]) for i in range(len(task.labels))]

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        if not any(document.sentences for document in documents):
            return [Prediction(d.doc_id, sentence_labels=(), sentence_scores=()) for d in documents]
        rows = features(documents, "transform")
        scores = np.stack([score(rows) - threshold for score, threshold in best], axis=1)
        ends = np.cumsum([len(document.sentences) for document in documents])
        return [
            Prediction(
                document.doc_id,
                sentence_labels=[np.array(task.labels)[row >= 0].tolist() for row in part],
                sentence_scores=[dict(zip(task.labels, row, strict=True)) for row in part],
            )
            for document, part in zip(documents, np.split(scores, ends[:-1]), strict=True)
        ]

    return predict


def _plain(text: str) -> str:
    """Small letters, and one sign for every number."""
    return re.sub(r"\d+(?:[.,]\d+)*", " 0 ", text.lower())


def _beside(document: Document) -> list[str]:
    """The words of the sentences before and after, under names of their own."""
    texts = document.sentence_texts
    return [
        " ".join([f"before:{w}" for w in before.split()] + [f"after:{w}" for w in after.split()])
        for before, after in zip(["", *texts], [*texts[1:], ""], strict=False)
    ]


def _targets(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int64]:
    """Indicators of shape (sentences, labels)."""
    rows = [[label in given for label in labels] for e in examples for given in e.gold]
    return np.array(rows, dtype=np.int64).reshape(-1, len(labels))


def _best(
    x: Any, y: NDArray[np.int64], x_dev: Any, y_dev: NDArray[np.int64]
) -> tuple[Callable[[Any], NDArray[np.float64]], float]:
    """The decision function of the cost with the best F1 on dev, and its threshold."""
    found = []
    for cost in COSTS:
        if len(set(y.tolist())) < 2:  # nothing to tell apart
            return lambda rows: np.full(rows.shape[0], -1.0), 0.0
        machine = LinearSVC(C=cost, class_weight="balanced", random_state=0).fit(x, y)
        f1, threshold = _threshold(y_dev, machine.decision_function(x_dev))
        found.append((f1, -cost, threshold, machine.decision_function))
    _, _, threshold, score = max(found, key=lambda each: each[:2])
    return score, threshold


def _threshold(gold: NDArray[np.int64], scores: NDArray[np.float64]) -> tuple[float, float]:
    """The best F1 and the threshold that gives it; zero where the label does not occur."""
    if not gold.any():
        return 0.0, 0.0
    precision, recall, thresholds = precision_recall_curve(gold, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).eps)
    best = int(f1[:-1].argmax())
    below = scores[scores < thresholds[best]]
    middle = (thresholds[best] + below.max()) / 2 if below.size else thresholds[best]
    return float(f1[best]), float(middle)
