"""TF-IDF and logistic regression as scikit-learn comes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from counterclaim import Document, Example, Prediction, Task

TASKS = ("sentences",)


def fit(task: Task, train: Sequence[Example], dev: Sequence[Example]) -> Any:
    """One classifier for each label, all settings by default."""
    texts = [text for e in train for text in e.document.sentence_texts]
    labels = np.array([[name in given for name in task.labels] for e in train for given in e.gold])
    model = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression()))
    model.fit(texts, labels.astype(int))

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        return [
            Prediction(
                d.doc_id,
                [
                    np.array(task.labels)[row > 0].tolist()
                    for row in model.predict(d.sentence_texts)
                ],
            )
            for d in documents
        ]

    return predict
