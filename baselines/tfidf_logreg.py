"""TF-IDF and logistic regression over a sentence and its neighbours.

Words (1 and 2 in a row) and characters (2 to 5 within a word) of the sentence, words of
the sentence before and after it under names of their own; one classifier for each label;
the threshold of each label is the one with the best F1 on the development sentences. It
is the usual strong linear baseline. What it is not: it knows neither syntax nor who
speaks, and cannot tell an accusation from the same words told as a fact.

Source of the form: Wang and Manning (2012), Baselines and Bigrams,
https://aclanthology.org/P12-2018; thresholds by label: Fan and Lin (2007), A Study on
Threshold Selection for Multi-label Classification.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from counterclaim import Document, Example, Prediction, Task

TASKS = ("sentences",)
SENTENCE, NEIGHBOURS = 0, 1  # columns of the input


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example]
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Train on sentences, then choose a threshold for each label on `dev`."""
    features = ColumnTransformer(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), SENTENCE),
            (
                "characters",
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
                SENTENCE,
            ),
            ("neighbours", TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+"), NEIGHBOURS),
        ],
        transformer_weights={"neighbours": 0.5},
    )
    # Rare labels would never be given without the balance of classes.
    classifier = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
    model = make_pipeline(features, OneVsRestClassifier(classifier))
    model.fit(_inputs([e.document for e in train]), _targets(train, task.labels))

    def probabilities(documents: Sequence[Document]) -> NDArray[np.float64]:
        inputs = _inputs(documents)
        if not len(inputs):
            return np.empty((0, len(task.labels)))
        return np.asarray(model.predict_proba(inputs))

    of_dev = probabilities([e.document for e in dev])
    thresholds = [
        _best_threshold(gold, scores)
        for gold, scores in zip(_targets(dev, task.labels).T, of_dev.T, strict=True)
    ]

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        lengths = [len(document.sentences) for document in documents]
        by_document = np.split(probabilities(documents), np.cumsum(lengths)[:-1])
        return [
            Prediction(
                document.doc_id,
                sentence_labels=tuple(
                    tuple(np.array(task.labels)[row >= thresholds].tolist()) for row in rows
                ),
                sentence_scores=tuple(
                    dict(zip(task.labels, row.tolist(), strict=True)) for row in rows
                ),
            )
            for document, rows in zip(documents, by_document, strict=True)
        ]

    return predict


def _inputs(documents: Sequence[Document]) -> NDArray[np.str_]:
    """One row for each sentence: its text, and the words of its neighbours."""
    rows = []
    for document in documents:
        texts = document.sentence_texts
        for before, text, after in zip(["", *texts], texts, [*texts[1:], ""], strict=False):
            words = [f"before:{w}" for w in before.lower().split()]
            words += [f"after:{w}" for w in after.lower().split()]
            rows.append((text, " ".join(words)))
    return np.array(rows, dtype=object).reshape(-1, 2)


def _targets(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int64]:
    """Indicators of shape (sentences, labels)."""
    return np.array(
        [[label in given for label in labels] for e in examples for given in e.gold], dtype=np.int64
    )


def _best_threshold(gold: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """The threshold with the best F1; one half where the label does not occur."""
    if not gold.any():
        return 0.5
    precision, recall, thresholds = precision_recall_curve(gold, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).eps)
    best = int(f1[:-1].argmax())
    # Half way to the next score below, so that a score as good as the last one passes.
    below = scores[scores < thresholds[best]]
    return float((thresholds[best] + (below.max() if below.size else 0)) / 2)
