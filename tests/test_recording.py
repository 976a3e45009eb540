"""Runs in files: what is kept when a process is killed, and what is said of a run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from records import CASES, document

from counterclaim import jsonl
from counterclaim.cli import main
from counterclaim.errors import ModelError
from counterclaim.model import Document
from counterclaim.recording import Run, record_run
from counterclaim.running import BATCH
from counterclaim.tasks import SENTENCES

Write = Callable[[str, str | bytes], Path]
MANY = [document(doc_id=f"case-{i:02}") for i in range(3 * BATCH)]
# Says which documents it was asked for; `stop` ends it with the second batch, the first time.
MODEL = """\
import pathlib, time
LOG = pathlib.Path(__file__).with_name("asked.txt")

def fit(task, train, dev, *, stop="", label="denial", votes=""):
    def predict(documents):
        if stop and LOG.exists() and not LOG.with_name("first.txt").exists():
            if stop == "raise":
                raise RuntimeError("no more")
            time.sleep(60)
        with LOG.open("a") as log:
            log.writelines(d.doc_id + "\\n" for d in documents)
        return [{"doc_id": d.doc_id, "sentence_labels": [[label]] * len(d.sentences)}
                for d in documents]
    return predict
"""


def recorded(model: Path, documents: list[Document], **options: Any) -> Run:
    output = model.with_name("p.jsonl")
    return record_run(model, SENTENCES, documents, output, train=[], dev=[], options=options)


def asked(model: Path) -> list[str]:
    return model.with_name("asked.txt").read_text().split()


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(write: Write, tmp_path: Path) -> None:
    """No finished document is asked for again, and the bytes are those of a whole run."""
    model, gold = write("m.py", MODEL), tmp_path / "in.jsonl"
    jsonl.write_records(gold, MANY)
    output, part = tmp_path / "p.jsonl", tmp_path / "p.jsonl.part"
    command = ["run", str(model), "--task", "sentences", "--input", str(gold), "-o", str(output)]
    process = subprocess.Popen(
        [sys.executable, "-m", "counterclaim", *command, "--set", "stop=sleep"]
    )
    try:
        deadline = time.monotonic() + 60
        while not (part.exists() and part.read_bytes().count(b"\n") == 1 + BATCH):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not output.exists()
    model.with_name("asked.txt").rename(tmp_path / "first.txt")

    assert main([*command, "--set", "stop=sleep"]) == 0

    assert (tmp_path / "first.txt").read_text().split() + asked(model) == [d.doc_id for d in MANY]
    account = json.loads((tmp_path / "p.run.json").read_bytes())
    assert (account["resumed"], account["documents"]) == (BATCH, len(MANY))
    resumed = output.read_bytes()
    assert not part.exists()
    model.with_name("asked.txt").unlink()
    recorded(model, MANY)
    assert output.read_bytes() == resumed


def broken_off(write: Write) -> Path:
    model = write("m.py", MODEL)
    with pytest.raises(ModelError, match="no more"):
        recorded(model, MANY, stop="raise")
    return model


def test_what_a_failing_model_has_predicted_is_kept(write: Write) -> None:
    model = broken_off(write)
    assert asked(model) == [d.doc_id for d in MANY[:BATCH]]
    model.with_name("asked.txt").unlink()
    with pytest.raises(ModelError, match="no more"):
        recorded(model, MANY, stop="raise")
    assert asked(model) == [d.doc_id for d in MANY[BATCH : 2 * BATCH]]


@pytest.mark.parametrize("change", ["option", "model", "data"])
def test_another_run_begins_anew(write: Write, change: str) -> None:
    model = broken_off(write)
    model.with_name("asked.txt").unlink()
    documents = MANY
    options = {"stop": "raise"} if change != "option" else {}
    if change == "model":
        model.write_text(MODEL.replace("if stop and", "if 0 and"))
    if change == "data":
        documents = [document(doc_id=d.doc_id, date="1999-09-09") for d in MANY[:BATCH]]
    run = recorded(model, documents, **options)
    assert run.resumed == 0
    assert asked(model) == [d.doc_id for d in documents]


def test_what_stands_in_a_file_that_an_option_names_belongs_to_a_run(write: Write) -> None:
    model, votes = write("m.py", MODEL), str(write("votes.jsonl", "{}\n"))
    for content in ("{}\n", "[]\n"):
        write("votes.jsonl", content)
        with pytest.raises(ModelError, match="no more"):
            recorded(model, MANY, stop="raise", votes=votes)
        assert asked(model) == [d.doc_id for d in MANY[:BATCH]]
        model.with_name("asked.txt").unlink()


@pytest.mark.parametrize("content", [b"", b"{", b"{}\n", b"nothing\n\n"])
def test_a_part_that_is_none_is_not_taken_over(write: Write, content: bytes) -> None:
    model = write("m.py", MODEL)
    write("p.jsonl.part", content)
    assert recorded(model, MANY).resumed == 0
    assert asked(model) == [d.doc_id for d in MANY]


def test_half_a_line_is_predicted_again(write: Write) -> None:
    model = broken_off(write)
    part = model.with_name("p.jsonl.part")
    part.write_bytes(part.read_bytes()[:-9])
    model.with_name("asked.txt").unlink()
    with pytest.raises(ModelError):
        recorded(model, MANY, stop="raise")
    assert asked(model)[0] == MANY[BATCH - 1].doc_id


def test_the_account_says_how_predictions_came_about(write: Write) -> None:
    model = write("m.py", MODEL)
    run = recorded(model, MANY, label="casualty")
    written = json.loads(model.with_name("p.run.json").read_bytes())
    assert written == json.loads(jsonl.encode(run))
    assert written["identity"]["options"] == {"label": "casualty"}
    assert written["identity"]["tested_on"] == "desk train"
    assert written["sentences"] == sum(len(d.sentences) for d in MANY)
    assert written["versions"]["numpy"] == np.__version__
    assert 10**7 < written["peak_memory"] < written["hardware"]["memory"]
    assert written["command"] == ["counterclaim", *sys.argv[1:]]
    assert written["cpu_seconds"] > 0


def test_an_option_that_fit_does_not_take_is_named(write: Write) -> None:
    with pytest.raises(ModelError, match=r"no option 'sed'; expected one of stop, label"):
        recorded(write("m.py", MODEL), MANY, sed=1)
    plain = write("plain.py", "def fit(task, train, dev):\n    return None\n")
    with pytest.raises(ModelError, match=r"no option 'seed'; expected no option"):
        recorded(plain, MANY, seed=1)


@pytest.mark.parametrize(("given", "read"), [("3", 3), ("a=b", "a=b"), ('"3"', "3"), ("", "")])
def test_options_on_the_command_line_are_json_or_words(
    write: Write, given: str, read: object, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "def fit(task, train, dev, **given):\n    raise ValueError(repr(given['label']))\n"
    model, gold = str(write("m.py", source)), str(CASES / "valid" / "documents.jsonl")
    command = ["run", model, "--task", "sentences", "--input", gold, "-o", f"{model}.jsonl"]
    assert main([*command, "--set", f"label={given}"]) == 2
    assert f"fit raised ValueError: {read!r}\n" in capsys.readouterr().err


def test_what_is_no_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("label", "=3", "a b=3"):
        with pytest.raises(SystemExit):
            main(["run", "m.py", "--task", "sentences", "-o", "p.jsonl", "--set", words])
        assert f"{words!r}; expected NAME=VALUE" in capsys.readouterr().err


def test_a_pipe_gets_predictions_and_no_account(write: Write, tmp_path: Path) -> None:
    model, pipe = write("m.py", MODEL), tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        content = reader.submit(pipe.read_bytes)
        record_run(model, SENTENCES, MANY, pipe, train=[], dev=[])
        assert len(content.result(60).splitlines()) == len(MANY)
    assert sorted(p.name for p in tmp_path.iterdir() if not p.is_dir()) == [
        "asked.txt",
        "m.py",
        "pipe",
    ]


def test_peak_memory_is_not_that_of_the_parent(write: Write, tmp_path: Path) -> None:
    """A process that is started by a large one is small nevertheless."""
    ballast = np.ones(60_000_000)  # 480 megabytes
    model, gold = write("m.py", MODEL), tmp_path / "in.jsonl"
    jsonl.write_records(gold, MANY[:2])
    command = ["run", str(model), "--task", "sentences", "--input", str(gold)]
    output = str(tmp_path / "p.jsonl")
    call = [sys.executable, "-m", "counterclaim", *command, "-o", output]
    subprocess.run(call, check=True, capture_output=True)
    account = json.loads((tmp_path / "p.run.json").read_bytes())
    assert account["peak_memory"] < ballast.nbytes / 2
