"""The prompted baseline against a real HTTP server that speaks the protocol, and misbehaves."""

import json
import math
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from chat_server import KEY, Answer, Server

from counterclaim import Document, read
from counterclaim.anchor import draft
from counterclaim.errors import ModelError
from counterclaim.model import sentence_labels
from counterclaim.running import run
from counterclaim.scoring import score
from counterclaim.tasks import GOLD_MENTIONS, TASKS, Task

pytest.importorskip("openai", reason="needs openai: pip install .[baselines]")
MODEL = Path(__file__).parents[1] / "baselines" / "prompted_llm.py"
DOCUMENTS = read("test")[:6]
FORMS = {**TASKS, **{f"{name}/gold": task for name, task in GOLD_MENTIONS.items()}}


def asked_of(body: dict[str, Any]) -> Document:
    """The document that a request is about."""
    text = body["messages"][-1]["content"]
    return next(d for d in DOCUMENTS if text.startswith(f"[0] {d.sentence_texts[0]}"))


def gold(task: Task) -> Answer:
    """Answers as a model that knows the gold would."""

    def answer(body: dict[str, Any], _: int) -> Any:
        document = asked_of(body)
        if not task.layers:
            return {"labels": sentence_labels(document)}
        return {layer: [quoted(r) for r in draft(document)[layer]] for layer in task.layers}

    return answer


def quoted(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"sentence": value[0], "quote": value[1]}
        if isinstance(value, list) and value and isinstance(value[0], int)
        else value
        for name, value in record.items()
    }


def predicted(task: Task, server: Server, cache: Path, **options: Any) -> list[Any]:
    given = {"base_url": server.url, "cache": str(cache), "retries": 3, "timeout": 20.0}
    return run(MODEL, task, read("train")[:20], [], DOCUMENTS, options=given | options)


def headline(task: Task, predictions: list[Any]) -> float:
    return score(task, DOCUMENTS, predictions, resamples=5).headline.value


@pytest.mark.parametrize("form", FORMS)
def test_perfect_answers_are_scored_as_gold(
    form: str, serve: Callable[[Answer], Server], tmp_path: Path
) -> None:
    """But for quotes that stand twice in a sentence, of which the first is taken."""
    task = FORMS[form]
    server = serve(gold(task))
    assert headline(task, predicted(task, server, tmp_path)) > 0.97
    (path, headers, body) = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body["response_format"]["json_schema"]["strict"] is True
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"])
    assert "# Accusation" in body["messages"][0]["content"] or "accusations" not in task.layers


def test_a_run_is_repeated_from_the_cache_without_a_key(
    serve: Callable[[Answer], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = TASKS["casualties"]
    server = serve(gold(task))
    once = predicted(task, server, tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY")
    assert predicted(task, server, tmp_path) == once
    assert len(server.requests) == len(DOCUMENTS)
    files = list(tmp_path.iterdir())
    assert len(files) == len(DOCUMENTS)
    assert all(KEY not in path.read_text() for path in files)
    with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        predicted(task, server, tmp_path / "empty")


def test_each_endpoint_answers_for_itself(
    serve: Callable[[Answer], Server], tmp_path: Path
) -> None:
    """Though both serve a model of one name."""
    task = TASKS["casualties"]
    one, other = serve(gold(task)), serve(lambda body, n: {"casualties": []})
    assert headline(task, predicted(task, one, tmp_path)) > 0.97
    assert headline(task, predicted(task, other, tmp_path)) == 0


def test_what_fails_for_a_while_is_asked_again(
    serve: Callable[[Answer], Server], tmp_path: Path
) -> None:
    """Too many requests, an error of the server, a hang: each once, then the answer."""
    task = TASKS["spans"]
    trouble = [429, 500, 3.0]
    perfect = gold(task)
    server = serve(lambda body, n: trouble[n - 1] if n <= 3 else perfect(body, n))
    predictions = predicted(task, server, tmp_path, timeout=1.0, concurrency=1)
    assert headline(task, predictions) > 0.97
    assert len(server.requests) == len(DOCUMENTS) + 3


def test_an_endpoint_that_is_down_ends_the_run(
    serve: Callable[[Answer], Server], tmp_path: Path
) -> None:
    server = serve(lambda body, n: 500)
    with pytest.raises(ModelError, match="InternalServerError"):
        predicted(TASKS["spans"], server, tmp_path, retries=1, concurrency=1)


def test_broken_json_is_asked_for_once_more(
    serve: Callable[[Answer], Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = TASKS["places"]
    perfect, asked = gold(task), Counter[str]()

    def answer(body: dict[str, Any], number: int) -> Any:
        document = asked_of(body)
        asked[document.doc_id] += 1
        hopeless = document is DOCUMENTS[0]
        return '{"locations": [' if hopeless or asked[document.doc_id] == 1 else perfect(body, 0)

    predictions = predicted(task, serve(answer), tmp_path)
    assert list(predictions[0].locations) == []
    assert set(asked.values()) == {2}
    assert headline(task, predictions) > 0.7
    printed = capsys.readouterr().err
    assert f"{DOCUMENTS[0].doc_id}: no JSON in the answer; counted as empty" in printed
    assert "1 answers without JSON" in printed


NONSENSE: list[Any] = [
    *(None, 3, [], {"casualties": 3}, {"casualties": [3]}, {"labels": "no"}, {"labels": [3]}),
    {"accusations": [{"content": {"sentence": 0, "quote": "words that are not there"}}]},
    {"accusations": [{"content": {"sentence": 999, "quote": "x"}, "claim": 7}]},
    {"locations": [{"mention": None, "country": 3, "lat": "far", "lon": None, "role": "site"}]},
    {"denials": [{"id": "d1", "cue": None, "content": None, "answers": ["a9"], "scope": "act"}]},
    {"denials": [{"id": "d1", "answers": [["a1"], {}]}], "labels": [["\ud83d"]]},
    {"locations": [{"id": "l1", "country": "\ud83d", "lat": math.nan, "lon": math.nan}]},
]


@pytest.mark.parametrize("form", FORMS)
def test_no_answer_breaks_a_run(
    form: str, serve: Callable[[Answer], Server], tmp_path: Path
) -> None:
    task = FORMS[form]
    server = serve(lambda body, n: "")
    for number, nonsense in enumerate(NONSENSE):
        server.behave = partial(lambda answer, *_: answer, json.dumps(nonsense))
        assert len(predicted(task, server, tmp_path / str(number))) == len(DOCUMENTS)


def test_records_that_do_not_fit_are_left_out_and_the_others_stay(
    serve: Callable[[Answer], Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = TASKS["casualties"]
    perfect = gold(task)

    def answer(body: dict[str, Any], number: int) -> Any:
        found = perfect(body, number)
        wrong = {"mention": {"sentence": 0, "quote": "nothing like it"}, "outcome": "killed"}
        bounds = [
            {**record, "low": low, "high": high}
            for record in found["casualties"][:1]
            for low, high in ((9, 3), (None, None), (None, 10**11), (-1, 2))
        ]
        return {"casualties": [wrong, *found["casualties"], *bounds]}

    assert headline(task, predicted(task, serve(answer), tmp_path)) > 0.97
    figures = sum(bool(d.casualties) for d in DOCUMENTS)
    assert f"{len(DOCUMENTS) + 4 * figures} records left out" in capsys.readouterr().err


def test_shots_are_gold_of_training_and_requests_run_beside_each_other(
    serve: Callable[[Answer], Server], tmp_path: Path
) -> None:
    task = TASKS["claims"]
    perfect = gold(task)

    def answer(body: dict[str, Any], number: int) -> Any:
        time.sleep(0.2)
        return perfect(body, number)

    server = serve(answer)
    predicted(task, server, tmp_path, shots=2, concurrency=4)
    messages = server.requests[0][2]["messages"]
    assert [m["role"] for m in messages] == ["system", *("user", "assistant") * 2, "user"]
    shot = json.loads(messages[2]["content"])
    assert set(shot) == {"accusations", "denials"}
    assert 2 <= server.most <= 4


def test_the_cost_is_told(
    serve: Callable[[Answer], Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six answers of 100 and 10 tokens, at 5 and 20 per million."""
    task = TASKS["sentences"]
    predicted(task, serve(gold(task)), tmp_path, price_in=5, price_out=20)
    printed = capsys.readouterr().err
    assert "6 answers, 0 from before; 600 tokens in, 60 out, cost 0.0042" in printed
