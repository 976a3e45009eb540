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
from typing import Any

import openai

from counterclaim import Document, Example, ModelError, Prediction, Task, prompting

LONGEST_SHOT = 2500  # characters
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
    head: list[Object] = [{"role": "system", "content": prompting.instructions(task, pages)}]
    for example in _shots(train, shots, seed):
        head.append({"role": "user", "content": prompting.question(task, example.document)})
        gold = json.dumps(prompting.answered(task, example))
        head.append({"role": "assistant", "content": gold})

    def answer(document: Document) -> Prediction | Object:
        question = {"role": "user", "content": prompting.question(task, document)}
        said = asking.ask([*head, question], document)
        prediction, _, left_out = prompting.read(task, document, said)
        asking.left_out(left_out)
        return prediction

    def predict(documents: Sequence[Document]) -> list[Prediction | Object]:
        with ThreadPoolExecutor(concurrency) as pool:
            answers = list(pool.map(answer, documents))
        print(asking, file=sys.stderr)
        return answers

    return predict


def _shots(train: Sequence[Example], number: int, seed: int) -> list[Example]:
    """Short documents of training, drawn by lot."""
    short = [e for e in train if len(e.document.text or "") <= LONGEST_SHOT]
    return random.Random(seed).sample(short, min(number, len(short)))


class _Asking:
    """Requests to the endpoint, with answers kept on disk, and what they cost."""

    def __init__(self, task: Task, model: str, cache: Path, seed: int, prices: tuple[float, float]):
        self._request = {
            "model": model,
            "temperature": 0,
            "seed": seed,
            "response_format": prompting.response_format(task),
        }
        self._cache, self._prices = cache, prices
        self._base_url = ""
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

        self._base_url, self._connect = base_url, client

    def ask(self, messages: Sequence[Object], document: Document) -> Object:
        """The answer as an object; empty if the model gives none twice."""
        for attempt in (0, 1):
            content = self._answer({**self._request, "messages": list(messages)}, attempt)
            if (found := prompting.parse(content)) is not None:
                return found
        self.broken += 1
        print(f"{document.doc_id}: no JSON in the answer; counted as empty", file=sys.stderr)
        return {}

    def left_out(self, number: int) -> None:
        """Count records that could not be used."""
        with self._lock:
            self.dropped += number

    def _answer(self, request: Object, attempt: int) -> str:
        """What the endpoint answers, or has answered to the same request before."""
        asked = json.dumps([self._base_url, request, attempt], sort_keys=True)
        key = hashlib.sha256(asked.encode()).hexdigest()
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
