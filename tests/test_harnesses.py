"""The harnesses, with the real libraries and a real server that misbehaves a little.

Of three documents the first is answered as gold would, the second with one record too many
that fits nothing, the third by what is no JSON.
"""

import json
import os
import re
import runpy
import shlex
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import yaml
from chat_server import KEY, Server

from counterclaim import jsonl, prompting, read
from counterclaim.cli import main
from counterclaim.errors import DataError
from counterclaim.harness import Exam, exam
from counterclaim.hub import QUESTIONS
from counterclaim.running import run
from counterclaim.scoring import score
from counterclaim.tasks import find

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(find_spec, ("lm_eval", "inspect_ai"))),
        reason="needs lm_eval and inspect_ai: pip install .[harnesses]",
    ),
]
ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "harnesses.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)\n```$", PAGE, re.DOTALL | re.MULTILINE)
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FORMS = (
    *("sentences", "spans", "claims", "links", "links/gold", "casualties"),
    *("places", "places/gold"),
)
DOCUMENTS = read("test")[:3]
NOWHERE = {"sentence": 0, "quote": "words that stand nowhere"}


def behave(body: dict[str, Any], _: int) -> Any:
    """The answer to a request, told by its schema and its text."""
    if "response_format" not in body:
        return "ANSWER: A" if "ANSWER" in str(body) else "1"
    name = body["response_format"]["json_schema"]["name"]
    form = name.replace("_predicted", "").replace("_gold", "/gold")
    questions = exam(form, "desk", "test").questions()
    number = [questions[d.doc_id] for d in DOCUMENTS].index(body["messages"][-1]["content"])
    answer = json.loads(exam(form, "desk", "test").target(DOCUMENTS[number].doc_id))
    if number == 2:
        return "{"
    if number == 1:
        for records in answer.values() if form != "sentences" else ():
            records.append({"id": "x", "content": NOWHERE, "mention": NOWHERE})
    return answer


def left_out(form: str) -> float:
    """Part of the records of the answers that fit nothing: one a layer, beside the gold ones."""
    layers = find(*form.split("/")).layers
    right = sum(len(getattr(d, layer)) for d in DOCUMENTS[:2] for layer in layers)
    return len(layers) / (right + len(layers)) if layers else float("nan")


class Outcome(NamedTuple):
    """What a harness reports of each form, the predictions in its log, and what it sent."""

    values: Mapping[str, Mapping[str, float]]
    predictions: dict[str, list[dict[str, Any]]]
    requests: list[dict[str, Any]]


@pytest.fixture(scope="module")
def servers() -> Iterator[Mapping[str, Server]]:
    """One for each that asks, so that each has its own requests."""
    started = {name: Server(behave) for name in ("lm_eval", "inspect", "baseline")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", KEY)
        yield started
    for server in started.values():
        server.close()


def by_lm_eval(server: Server) -> Outcome:
    """The command of the page; tasks of the library itself, thousands, are not looked for."""
    from lm_eval import evaluator
    from lm_eval._cli.harness import HarnessCLI
    from lm_eval.api.registry import get_model
    from lm_eval.tasks import TaskManager

    (command,) = (words for words in COMMANDS if words.startswith("lm_eval "))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", shlex.split(at(server, command)))
        patch.chdir(ROOT)
        given = HarnessCLI().parse_args()
        manager = TaskManager(include_path=str(given.include_path), include_defaults=False)
        found = manager.load(given.tasks)
    model = get_model(given.model)(**given.model_args)
    results = evaluator.evaluate(
        model, found, limit=3, apply_chat_template=given.apply_chat_template, bootstrap_iters=0
    )
    values, predictions = {}, {}
    for form in FORMS:
        task = f"counterclaim_{form.replace('/', '_')}"
        named = {key.removesuffix(",none"): v for key, v in results["results"][task].items()}
        headline = exam(form, "desk", "test").headline
        values[form] = {**named, "headline": named[headline]}
        predictions[form] = [sample[headline] for sample in results["samples"][task]]
    return Outcome(values, predictions, [body for _, _, body in server.requests])


def at(server: Server, command: str) -> str:
    """A command of the page for this server."""
    return command.replace("http://localhost:8000/v1", server.url).replace("=MODEL", "=parrot")


@pytest.fixture(scope="module")
def logs(servers: Mapping[str, Server], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The logs of one run of Inspect, by name of the task: our tasks, and those of `eval.yaml`.

    Both commands of the page in one, as Inspect takes seconds to start. To Inspect the data
    set is on the Hub: `eval.yaml` as the library keeps what it has downloaded, the rows in
    a folder of that name, with the part of the card that declares them.
    """
    from inspect_ai.log import read_eval_log

    folder = tmp_path_factory.mktemp("inspect")
    home, revision = folder / "hub", "0" * 40
    kept = home / "hub" / "datasets--counterclaim--data"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(revision)
    (kept / "snapshots" / revision).mkdir(parents=True)
    shutil.copy(ROOT / "data" / "eval.yaml", kept / "snapshots" / revision)
    data = folder / "counterclaim" / "data"
    data.mkdir(parents=True)
    (data / "questions").symlink_to(ROOT / "data" / "questions")
    (data / "README.md").write_text(f"---\n{declared(QUESTIONS)}---\n", encoding="utf-8")
    (folder / "harnesses").symlink_to(ROOT / "harnesses")
    tasks, questions = (words for words in COMMANDS if words.startswith("inspect "))
    words = shlex.split(tasks.replace("local/MODEL", "local/parrot"))
    words[3:3] = [shlex.split(questions)[2].replace("OWNER/NAME", "counterclaim/data")]
    more = ["--limit", "3", "--log-format", "json", "--display", "none"]
    environment = {
        "XDG_DATA_HOME": str(home),
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "LOCAL_BASE_URL": servers["inspect"].url,
        "LOCAL_API_KEY": KEY,
    }
    # Its own process: a browser that is tested in this one leaves an event loop in the thread.
    command = [str(Path(sys.executable).with_name(words[0])), *words[1:], *more]
    subprocess.run(command, cwd=folder, env=os.environ | environment, check=True)
    found = [read_eval_log(str(path)) for path in (folder / "build" / "inspect").glob("*.json")]
    return {log.eval.task.rpartition("/")[2]: log for log in found}


def declared(names: Sequence[str]) -> str:
    """What the head of the card says of some data sets."""
    card = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    head = yaml.load(card.split("---\n")[1], yaml.CSafeLoader)
    parts = {
        k: [e for e in head[k] if e["config_name"] in names] for k in ("configs", "dataset_info")
    }
    return yaml.safe_dump(parts)


def by_inspect(server: Server, logs: Mapping[str, Any]) -> Outcome:
    values, predictions = {}, {}
    for form in FORMS:
        log = logs[form.replace("/", "_")]
        values[form] = {name: m.value for name, m in log.results.scores[0].metrics.items()}
        metadata = [sample.scores["by_counterclaim"].metadata for sample in log.samples]
        predictions[form] = [each["prediction"] for each in metadata]
    bodies = [body for _, _, body in server.requests]
    return Outcome(values, predictions, [b for b in bodies if "response_format" in b])


@pytest.fixture(scope="module", params=["lm_eval", "inspect"])
def outcome(request: pytest.FixtureRequest, servers: Mapping[str, Server]) -> Outcome:
    server = servers[request.param]
    if request.param == "lm_eval":
        return by_lm_eval(server)
    return by_inspect(server, request.getfixturevalue("logs"))


def test_the_headline_is_the_number_of_counterclaim_score(
    outcome: Outcome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the last bit, of the predictions that are in the log of the harness."""
    jsonl.write_records(tmp_path / "gold.jsonl", DOCUMENTS)
    for form in FORMS:
        jsonl.write_records(tmp_path / "predictions.jsonl", outcome.predictions[form])
        name, _, mentions = form.partition("/")
        words = ["score", str(tmp_path / "predictions.jsonl"), "--task", name, "--json"]
        words += ["--gold", str(tmp_path / "gold.jsonl")]
        words += ["--mentions", mentions] if mentions else []
        assert main(words) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["missing"] == []
        assert outcome.values[form]["headline"] == told["headline"]["value"], form


@pytest.fixture(scope="module")
def of_the_baseline(
    servers: Mapping[str, Server], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, float]:
    """The headline of `prompted_llm.py` for each form, from the same server."""
    options = {
        "base_url": servers["baseline"].url,
        "cache": str(tmp_path_factory.mktemp("answers")),
    }
    file, found = ROOT / "baselines" / "prompted_llm.py", {}
    for form in FORMS:
        task = find(*form.split("/"))
        predictions = run(file, task, [], [], DOCUMENTS, options=options)
        found[form] = score(task, DOCUMENTS, predictions, resamples=5).headline.value
    return found


def test_the_baseline_gets_the_same_number_from_the_same_answers(
    outcome: Outcome, of_the_baseline: Mapping[str, float]
) -> None:
    assert {form: outcome.values[form]["headline"] for form in FORMS} == of_the_baseline


def test_what_cannot_be_used_is_told_as_a_rate(outcome: Outcome) -> None:
    for form in FORMS:
        assert outcome.values[form]["unparsed"] == 1 / 3, form
        assert outcome.values[form]["left_out"] == pytest.approx(left_out(form), nan_ok=True), form


def test_an_answer_that_is_no_json_is_empty_output(outcome: Outcome) -> None:
    for form in ("sentences", "spans", "claims", "links", "casualties", "places"):
        (line,) = (p for p in outcome.predictions[form] if p["doc_id"] == DOCUMENTS[2].doc_id)
        records = [r for key, value in line.items() if key != "doc_id" for r in value if r]
        assert records == [], form


def test_requests_carry_the_schema_and_the_guidelines(outcome: Outcome) -> None:
    """Also through the types of a harness, which know a part of JSON Schema alone."""
    sent = [body["response_format"]["json_schema"] for body in outcome.requests]
    for form in FORMS:
        wanted = prompting.response_format(find(*form.split("/")))["json_schema"]
        found = [each for each in sent if each["name"] == wanted["name"]]
        assert len(found) == len(DOCUMENTS)
        assert all(
            {**each, "description": None} == {**wanted, "description": None} for each in found
        )
    for body in outcome.requests:
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        assert body["messages"][0]["content"].startswith("You annotate news by these guidelines.")
        assert body["temperature"] == 0


def test_the_snippets_of_the_page_print_the_predictions(
    servers: Mapping[str, Server],
    logs: Mapping[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = by_inspect(servers["inspect"], logs).predictions["claims"]
    log = tmp_path / "samples.jsonl"
    jsonl.write_records(log, [{"doc": {}, "macro_template_f1": line} for line in lines])
    of_inspect = logs["claims"].location
    for snippet, given in zip(SNIPPETS, (["macro_template_f1", log], [of_inspect]), strict=True):
        monkeypatch.setattr(sys, "argv", ["-", *map(str, given)])
        exec(snippet, {})
        assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == lines


def test_the_number_is_no_mean_over_documents() -> None:
    """The scorer sums counts; here the two differ."""
    claims = exam("claims", "desk", "test")
    lines = [claims.read(d.doc_id, claims.target(d.doc_id)).prediction for d in DOCUMENTS]
    lines[2] = claims.read(lines[2]["doc_id"], "{").prediction
    whole = claims.score(lines)
    assert whole == score(claims.task, DOCUMENTS, lines, resamples=5).headline.value
    assert abs(whole - statistics.mean(claims.score([line]) for line in lines)) > 0.01


def test_models_that_take_no_schema_are_told_it() -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(
        include_path=str(ROOT / "harnesses" / "lm_eval_tasks"),
        include_defaults=False,
        metadata={"structured": False},
    )
    (task,) = manager.load(["counterclaim_places"])["tasks"].values()
    assert "response_format" not in task.config.generation_kwargs
    names = runpy.run_path(str(ROOT / "harnesses" / "inspect_tasks.py"))
    of_inspect = names["places"](structured=False)
    assert of_inspect.config.response_schema is None
    for told in (
        task.dataset["test"][0]["instructions"],
        of_inspect.dataset[0].input[0].text,
    ):
        assert json.loads(told.rpartition("\n\n")[2]) == prompting.schema(find("places"))


def test_wire_is_asked_of_once_it_is_hydrated() -> None:
    with pytest.raises(DataError, match="run counterclaim hydrate first"):
        exam("claims", "wire", "test")


def test_a_prediction_of_wire_names_the_text_that_it_was_made_from() -> None:
    """As those of `run` do: a text that was aligned has other offsets."""
    document = msgspec.structs.replace(DOCUMENTS[0], corpus="wire")
    wire = Exam("claims", [document])
    (line,) = (wire.read(key, wire.target(key)).prediction for key in wire.questions())
    assert line["sha256"] == document.sha256
    assert wire.score([line]) == 1


def test_eval_yaml_is_accepted_by_the_validator_of_inspect() -> None:
    from inspect_ai._eval.task.hf import HFTask

    whole = yaml.safe_load((ROOT / "data" / "eval.yaml").read_text(encoding="utf-8"))
    assert whole["evaluation_framework"] == "inspect-ai"
    tasks = [HFTask.model_validate(task) for task in whole["tasks"]]
    assert [task.id for task in tasks] == [task.config for task in tasks]
    assert {task.id for task in tasks} == set(QUESTIONS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_inspect_runs_the_questions_as_eval_yaml_says(logs: Mapping[str, Any], name: str) -> None:
    """The server always answers "ANSWER: A" or "1"; the rows say how often that is right."""
    log = logs[name]
    path = ROOT / "data" / "questions" / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:3]]
    assert [sample.metadata["id"] for sample in log.samples] == [row["id"] for row in rows]
    assert all(s.input == row["question"] for s, row in zip(log.samples, rows, strict=True))
    always = 1 if name == "casualty_count" else 0
    (value,) = (
        log.results.scores[0].metrics[key].value
        for key in ("accuracy", "mean")
        if key in log.results.scores[0].metrics
    )
    assert value == statistics.mean(row["answer"] == always for row in rows)


def test_the_page_tells_what_always_the_same_answer_gets() -> None:
    card = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    shares = {n: re.findall(rf"^\| `{n}` .*\((0\.\d+)\)", card, re.M) for n in QUESTIONS}
    for name, share in shares.items():
        assert re.search(rf"{share[0]}\s+of\s+`{name}`", PAGE), name


class TestEvalResults:
    """The entries that a model's repository keeps, read back by the Hub's own library."""

    @pytest.fixture(autouse=True)
    def streams(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def written(self, result: Path, output: Path) -> tuple[Any, str]:
        """Exit code and messages of the command of the page."""
        (command,) = (words for words in COMMANDS if "eval_results.py" in words)
        command = command.replace("LOG.json", str(result)).replace("OWNER/NAME", "some/data")
        words = shlex.split(command.replace("build/counterclaim.yaml", str(output)))
        self.monkeypatch.setattr(sys, "argv", words[1:])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / words[1]), run_name="__main__")
        return ended.value.code, self.capsys.readouterr().err

    def test_of_a_log_of_inspect(self, logs: Mapping[str, Any], tmp_path: Path) -> None:
        """A log of three questions, which is made to say that there are no more."""
        from huggingface_hub import parse_eval_result_entries

        log = json.loads(Path(logs["contested"].location).read_text(encoding="utf-8"))
        log["eval"]["dataset"]["samples"] = 3
        (tmp_path / "log.json").write_text(json.dumps(log))
        output = tmp_path / "deep" / "results.yaml"
        assert self.written(tmp_path / "log.json", output) == (0, "")
        (entry,) = parse_eval_result_entries(yaml.safe_load(output.read_text()))
        value = logs["contested"].results.scores[0].metrics["accuracy"].value
        assert (entry.dataset_id, entry.task_id, entry.value) == ("some/data", "contested", value)
        assert entry.date == logs["contested"].eval.created

    def test_of_what_score_prints(self, tmp_path: Path) -> None:
        from huggingface_hub import parse_eval_result_entries

        predictions = tmp_path / "predictions.jsonl"
        jsonl.write_records(predictions, read("test"))
        assert main(["score", str(predictions), "--task=links", "--mentions=gold", "--json"]) == 0
        (tmp_path / "result.json").write_text(self.capsys.readouterr().out)
        output = tmp_path / "results.yaml"
        assert self.written(tmp_path / "result.json", output) == (0, "")
        (entry,) = parse_eval_result_entries(yaml.safe_load(output.read_text()))
        assert (entry.task_id, entry.value) == ("links_gold", 1.0)
        assert "|split:test|" in str(entry.notes)

    def test_a_run_over_a_part_is_refused(self, logs: Mapping[str, Any], tmp_path: Path) -> None:
        code, told = self.written(Path(logs["contested"].location), tmp_path / "results.yaml")
        assert code == 2
        assert "a run over 3 of 119 samples; expected all of them" in told

    def test_what_is_no_result_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "no.json").write_text("[]")
        code, told = self.written(tmp_path / "no.json", tmp_path / "results.yaml")
        assert code == 2
        assert "no.json: expected a log of Inspect, or what score --json prints" in told
