"""A language model behind any OpenAI-compatible endpoint, prompted with the guidelines.

The system message holds the pages of the annotation guidelines that the task needs; the text
follows with numbered sentences; the answer is JSON by a schema. Spans are asked for as
verbatim quotes and anchored here: a record whose quote does not stand in its sentence is left
out and counted. An answer that is no JSON is asked for once more, then counted as empty.
With `shots`, documents of training come first, each with its gold. What it is not: trained,
or tuned to any model; and where the test texts are in a model's training data, its
score says little.

Every answer is kept in a folder, so that a run can be repeated without an endpoint, and one
that was killed goes on. The key is taken from the environment variable OPENAI_API_KEY and
is written nowhere.

Options: `model`; `base_url` (or OPENAI_BASE_URL); `shots`, 0 by default; `concurrency`;
`cache`, the folder of the answers; `guidelines`, the folder of their pages; `seed`, also of
the choice of shots; `timeout`, in seconds; `retries` of a request that failed;
`price_in` and `price_out`, per million tokens, to have the cost told.
"""

import hashlib
import json
import os
import random
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import msgspec
import openai

from counterclaim import Document, Example, ModelError, Prediction, Span, Task
from counterclaim.anchor import draft, locate

PAGES = {
    "accusations": "accusation",
    "denials": "denial",
    "casualties": "casualty",
    "locations": "location",
}
KINDS = {f.name: get_args(f.type)[0] for f in msgspec.structs.fields(Document) if f.name in PAGES}
GIVEN = {
    "accusations": ("claim",),
    "denials": ("answers",),
    "locations": ("country", "lat", "lon", "role"),
}
LONGEST_SHOT = 2500  # characters
QUOTE = {
    "type": "object",
    "properties": {"sentence": {"type": "integer"}, "quote": {"type": "string"}},
    "required": ["sentence", "quote"],
    "additionalProperties": False,
}
SPAN_FIELDS = ("cue", "content", "source", "target", "mention")
Object = dict[str, Any]


def fit(
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    model: str = "gpt-4.1-mini",
    base_url: str = "",
    shots: int = 0,
    concurrency: int = 8,
    cache: str = "build/llm",
    guidelines: str = "",
    seed: int = 0,
    timeout: float = 120,
    retries: int = 6,
    price_in: float = 0,
    price_out: float = 0,
) -> Callable[[Sequence[Document]], list[Prediction | Object]]:
    """Write the prompt; nothing is trained, and of training only the shots are read."""
    pages = Path(guidelines or Path(__file__).parents[1] / "annotation_guidelines")
    asking = _Asking(task, model, Path(cache), seed, (price_in, price_out))
    asking.connect(base_url or os.environ.get("OPENAI_BASE_URL", ""), timeout, retries)
    head: list[Object] = [{"role": "system", "content": _instructions(task, pages)}]
    for example in _shots(train, shots, seed):
        head.append({"role": "user", "content": _text(task, example.document)})
        head.append({"role": "assistant", "content": json.dumps(_gold(task, example))})

    def answer(document: Document) -> Prediction | Object:
        question = {"role": "user", "content": _text(task, document)}
        return _prediction(task, document, asking.ask([*head, question], document), asking)

    def predict(documents: Sequence[Document]) -> list[Prediction | Object]:
        with ThreadPoolExecutor(concurrency) as pool:
            answers = list(pool.map(answer, documents))
        print(asking, file=sys.stderr)
        return answers

    return predict


# --- the prompt ----------------------------------------------------------------------------


def _instructions(task: Task, pages: Path) -> str:
    layers = task.layers or tuple(PAGES)
    files = [pages / f"{PAGES[layer]}.md" for layer in layers]
    if missing := [file for file in files if not file.is_file()]:
        raise ModelError(f"{missing[0]}: no such page; expected the option guidelines=FOLDER")
    if not task.layers:
        wanted = (
            "For each numbered sentence give the list of its labels among "
            f"{', '.join(task.labels)}; often none. A sentence has a label if a record of that "
            "layer begins in it: the content of an accusation, the cue of a denial, the mention "
            "of a casualty or of a location. Give as many lists as there are sentences, in order."
        )
    elif task.mentions == "gold":
        wanted = (
            "The records are given with their ids. Give for each of them, by its id, "
            + " and ".join(f"{', '.join(GIVEN[layer])} of {layer}" for layer in task.layers)
            + "."
        )
    else:
        wanted = (
            f"Find all {', '.join(task.layers)} and give the fields of the schema. A span is a "
            "sentence number and a quote that stands in that sentence to the letter."
        )
    guidelines = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    return f"You annotate news by these guidelines.\n\n{guidelines}\n\n# Task\n\n{wanted}"


def _text(task: Task, document: Document) -> str:
    lines = [f"[{i}] {sentence}" for i, sentence in enumerate(document.sentence_texts)]
    if task.mentions == "gold":
        quoted = draft(document)
        for layer in task.layers:
            hidden = set(GIVEN[layer])
            given = [{k: v for k, v in r.items() if k not in hidden} for r in quoted[layer]]
            lines.append(f"{layer}: {json.dumps(given, ensure_ascii=False)}")
    return "\n".join(lines)


def _shots(train: Sequence[Example], number: int, seed: int) -> list[Example]:
    """Short documents of training, drawn by lot."""
    short = [e for e in train if len(e.document.text or "") <= LONGEST_SHOT]
    return random.Random(seed).sample(short, min(number, len(short)))


def _gold(task: Task, example: Example) -> Object:
    """The answer that training has, in the form that is asked for."""
    if not task.layers:
        return {"labels": example.gold}
    found: Object = {}
    for layer, fields in _fields(task).items():
        document = msgspec.structs.replace(
            example.document, **{layer: getattr(example.gold, layer)}
        )
        found[layer] = [
            {
                name: _as_quote(record[name]) if name in SPAN_FIELDS else record[name]
                for name in fields
            }
            for record in draft(document)[layer]
        ]
    return found


def _as_quote(span: Sequence[Any] | None) -> Object | None:
    return None if span is None else {"sentence": span[0], "quote": span[1]}


def _fields(task: Task) -> dict[str, tuple[str, ...]]:
    """For each layer, the fields that are asked for: those that the task reads."""
    if task.mentions == "gold":
        return {layer: ("id", *GIVEN[layer]) for layer in task.layers}
    kinds = {field.name: field.type for field in msgspec.structs.fields(task.prediction)}
    return {
        layer: tuple(
            field.name
            for field in msgspec.structs.fields(get_args(kinds[layer])[0])
            if field.required or field.name == "id"
        )
        for layer in task.layers
    }


def _schema(task: Task) -> Object:
    """The JSON Schema of an answer, strict: every key is needed and no other allowed."""
    if not task.layers:
        label = {"type": "string", "enum": list(task.labels)}
        lists = {"type": "array", "items": {"type": "array", "items": label}}
        return _closed({"labels": lists})
    layers: Object = {}
    for layer, fields in _fields(task).items():
        _, known = msgspec.json.schema_components([KINDS[layer]])
        properties = known[KINDS[layer].__name__]["properties"]
        items = {name: _without_references(properties[name]) for name in fields}
        layers[layer] = {"type": "array", "items": _closed(items)}
    return _closed(layers)


def _closed(properties: Object) -> Object:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _without_references(field: Object) -> Object:
    """A field's schema with quotes in the place of offsets."""
    if "$ref" in field:
        return QUOTE
    if "anyOf" in field:
        return {"anyOf": [_without_references(each) for each in field["anyOf"]]}
    return {key: value for key, value in field.items() if key not in ("default", "description")}


# --- asking --------------------------------------------------------------------------------


class _Asking:
    """Requests to the endpoint, with answers kept on disk, and what they cost."""

    def __init__(self, task: Task, model: str, cache: Path, seed: int, prices: tuple[float, float]):
        name = f"{task.name}_{task.mentions}" if task.mentions else task.name
        form = {"name": name, "schema": _schema(task), "strict": True}
        self._request = {
            "model": model,
            "temperature": 0,
            "seed": seed,
            "response_format": {"type": "json_schema", "json_schema": form},
        }
        self._cache, self._prices = cache, prices
        self._client: openai.OpenAI | None = None
        self._connect: Callable[[], openai.OpenAI] | None = None
        self._lock = threading.Lock()
        self.asked = self.kept = self.tokens_in = self.tokens_out = 0
        self.broken = self.dropped = 0

    def connect(self, base_url: str, timeout: float, retries: int) -> None:
        """Say where to ask; the key is needed only once something is asked."""

        def client() -> openai.OpenAI:
            if "OPENAI_API_KEY" not in os.environ:
                raise ModelError("OPENAI_API_KEY is not set; expected a key in the environment")
            return openai.OpenAI(base_url=base_url or None, timeout=timeout, max_retries=retries)

        self._connect = client

    def ask(self, messages: Sequence[Object], document: Document) -> Object:
        """The answer as an object; empty if the model gives none twice."""
        for attempt in (0, 1):
            content = self._answer({**self._request, "messages": list(messages)}, attempt)
            try:
                found = json.loads(content)
            except ValueError:
                continue
            if isinstance(found, dict):
                return found
        self.broken += 1
        print(f"{document.doc_id}: no JSON in the answer; counted as empty", file=sys.stderr)
        return {}

    def _answer(self, request: Object, attempt: int) -> str:
        """What the endpoint answers, or has answered to the same request before."""
        key = hashlib.sha256(json.dumps([request, attempt], sort_keys=True).encode()).hexdigest()
        path = self._cache / f"{key}.json"
        if path.exists():
            self.kept += 1
            return str(json.loads(path.read_bytes())["content"])
        with self._lock:
            if self._client is None and self._connect is not None:
                self._client = self._connect()
        assert self._client is not None
        reply = self._client.chat.completions.create(**request)
        content, usage = reply.choices[0].message.content or "", reply.usage
        with self._lock:
            self.asked += 1
            self.tokens_in += usage.prompt_tokens if usage else 0
            self.tokens_out += usage.completion_tokens if usage else 0
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.{id(request)}")
        temporary.write_text(json.dumps({"content": content, "model": reply.model}))
        temporary.replace(path)  # whole or not at all
        return content

    def __str__(self) -> str:
        cost = self.tokens_in * self._prices[0] + self.tokens_out * self._prices[1]
        return (
            f"{self.asked} answers, {self.kept} from before; {self.tokens_in} tokens in, "
            f"{self.tokens_out} out, cost {cost / 1e6:.4f}; {self.broken} answers without JSON, "
            f"{self.dropped} records left out"
        )


# --- the answer ----------------------------------------------------------------------------


def _prediction(
    task: Task, document: Document, answer: Object, asking: _Asking
) -> Prediction | Object:
    if not task.layers:
        given = answer.get("labels")
        lists = given if isinstance(given, list) else []
        rows = [set(row) & set(task.labels) if isinstance(row, list) else set() for row in lists]
        size = len(document.sentences)
        rows = (rows + [set() for _ in range(size)])[:size]
        labels = [[label for label in task.labels if label in row] for row in rows]
        return Prediction(document.doc_id, sentence_labels=labels)
    if task.mentions == "gold":
        return _completed(task, document, answer)
    found: Object = {"doc_id": document.doc_id}
    new_id: dict[Any, str] = {}  # of accusations; a model may give one id twice, or none
    for layer, fields in _fields(task).items():
        records = [_record(r, fields, document, layer) for r in _objects(answer, layer)]
        found[layer] = [record for record in records if record is not None]
        asking.dropped += len(records) - len(found[layer])
        for number, record in enumerate(found[layer], start=1):
            key = f"{layer[0]}{number}"
            if layer == "accusations":
                new_id.setdefault(record.get("id"), key)
            if "answers" in record:
                answers = dict.fromkeys(new_id[old] for old in record["answers"] if old in new_id)
                record["answers"] = list(answers)
            record["id"] = key
    return found


def _objects(answer: Object, layer: str) -> list[Object]:
    given = answer.get(layer)
    return [r for r in given if isinstance(r, dict)] if isinstance(given, list) else []


def _record(given: Object, fields: Sequence[str], document: Document, layer: str) -> Object | None:
    """A record with offsets in the place of quotes; None if it does not fit the text or schema."""
    record = {name: given.get(name) for name in fields}
    for name in set(fields) & set(SPAN_FIELDS):
        quote = record[name]
        if quote is None:
            continue
        span = _located(quote, document)
        if span is None:
            return None
        record[name] = {"start": span.start, "end": span.end}
    types = {field.name: field.type for field in msgspec.structs.fields(KINDS[layer])}
    try:
        for name, value in record.items():
            msgspec.convert(value, types[name])
    except msgspec.ValidationError:
        return None
    low, high = record.get("low") or 0, record.get("high")
    if low < 0 or (high is not None and high < low):
        return None
    _drop_impossible_place(record)
    anchors = [record.get(name) for name in ("content", "mention", "cue") if name in fields]
    return record if any(anchors) else None


def _drop_impossible_place(record: Object) -> None:
    """Take away coordinates that are nowhere on the globe, or half of a pair."""
    if "lat" in record:
        lat, lon = record["lat"], record["lon"]
        if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
            record |= {"lat": None, "lon": None}


def _located(quote: Any, document: Document) -> Span | None:
    """The first occurrence of a quote in its sentence, without quotation marks at its ends."""
    if not isinstance(quote, dict):
        return None
    number, words = quote.get("sentence"), quote.get("quote")
    if type(number) is not int or not isinstance(words, str):
        return None
    for nth in (None, 1):
        span = locate(number, words, nth, document)
        if isinstance(span, Span):
            return span
    return None


def _completed(task: Task, document: Document, answer: Object) -> Object:
    """The given records with what the answer says of each; as they were where it says nothing."""
    accusations = {record.id for record in document.accusations}
    found: Object = {"doc_id": document.doc_id}
    for layer in task.layers:
        said = {r.get("id"): r for r in _objects(answer, layer)}
        found[layer] = []
        for record in getattr(document, layer):
            fields = msgspec.to_builtins(record)
            for name in GIVEN[layer]:
                value = said.get(record.id, {}).get(name, fields[name])
                if name == "answers":
                    keys = dict.fromkeys(value if isinstance(value, list) else ())
                    value = [key for key in keys if key in accusations]
                try:
                    changed = msgspec.convert({**fields, name: value}, type(record))
                except msgspec.ValidationError:
                    continue
                fields = msgspec.to_builtins(changed)
            _drop_impossible_place(fields)
            found[layer].append(fields)
    return found
