"""The commands: exit codes, what they print, and that bad input never ends in a traceback."""

import hashlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from records import CASES, documents
from wire import clone, data_folder, published, server, text_of

from counterclaim import corpus, jsonl, read
from counterclaim.anchor import draft
from counterclaim.cli import TASK_NAMES, main
from counterclaim.model import (
    CORPORA,
    LABELS,
    LAYERS,
    SPLITS,
    Document,
    Prediction,
    sentence_labels,
)
from counterclaim.tasks import TASKS
from counterclaim.validate.reading import NEEDED, READABLE

Write = Callable[[str, str | bytes], Path]
Capture = pytest.CaptureFixture[str]
BASELINES = Path(__file__).parents[1] / "baselines"
VALID = CASES / "valid" / "documents.jsonl"


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """Predictions for the desk test split that are gold."""
    path = tmp_path / "predictions.jsonl"
    gold = read("test")
    jsonl.write_records(
        path, [Prediction(d.doc_id, sentence_labels=sentence_labels(d)) for d in gold]
    )
    return path


def test_validate_lists_problems_and_exits_one(capsys: Capture) -> None:
    files = sorted(str(path) for path in (CASES / "invalid").glob("s*.jsonl"))
    assert main(["validate", *files]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= len(files)
    for line in lines:
        assert re.match(r"^\S+\.jsonl:\d+: [a-z0-9-]+( case-\d\S*.*)?: ", line), line


def test_validate_without_files_checks_the_gold(capsys: Capture) -> None:
    assert main(["validate"]) == 0
    assert capsys.readouterr().out == ""


def test_anchor_writes_records(tmp_path: Path) -> None:
    drafts = tmp_path / "drafts.jsonl"
    drafts.write_text("".join(json.dumps(draft(d)) + "\n" for d in documents()))
    out = tmp_path / "out.jsonl"

    assert main(["anchor", str(drafts), "--texts", str(VALID), "-o", str(out)]) == 0
    assert [d for _, d in jsonl.read_records(out, Document)] == documents()


def test_anchor_lists_all_problems_and_writes_nothing(write: Write, capsys: Capture) -> None:
    bad = draft(documents()[0])
    bad["accusations"][0]["cue"] = [0, "blamed"]
    other = draft(documents()[1])
    lines = [bad, {"doc_id": "case-9"}, other, other]
    drafts = write("drafts.jsonl", "".join(json.dumps(line) + "\n" for line in lines) + "{\n")
    out = write("out.jsonl", "old")

    assert main(["anchor", str(drafts), "--texts", str(VALID), "-o", str(out)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{drafts}:1: case-1/a1 cue: 'blamed' is not in sentence 0; the nearest there is 'accused'",
        f"{drafts}:2: doc_id 'case-9' is not among the texts",
        f"{drafts}:4: a second draft of case-2; expected one",
        f"{drafts}:5: not JSON: Expecting property name enclosed in double quotes, column 2; "
        "expected one JSON object a line",
    ]
    assert out.read_text() == "old"


def test_hydrate_prints_what_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    folder = data_folder(tmp_path / "data")
    monkeypatch.setattr(corpus, "data_dir", lambda: folder)
    sources = clone(tmp_path / "sources", published())

    assert main(["hydrate", "--from", str(sources)]) == 0
    assert capsys.readouterr().out == "5 documents: 5 found, 0 aligned, 0 different, 0 missing\n"
    with server({}) as (url, _):
        monkeypatch.setenv(corpus.CACHE_VARIABLE, str(tmp_path / "other"))
        assert main(["hydrate", "--mirror", url]) == 1
    out = capsys.readouterr().out
    assert "wire-re3d: missing: http" in out
    assert out.endswith("5 documents: 0 found, 0 aligned, 0 different, 5 missing\n")


@pytest.mark.parametrize("name", CORPORA)
def test_agree_prints_every_layer(capsys: Capture, name: str) -> None:
    passes = [str(corpus.data_dir() / "annotators" / name / f"{who}.jsonl") for who in "ab"]
    assert main(["agree", *passes]) == 0
    out = capsys.readouterr().out
    for word in ("alpha", "exact F1", "overlap F1", "within 50 km", "links"):
        assert word in out


def test_agree_compares_one_pass_with_the_gold(tmp_path: Path, capsys: Capture) -> None:
    gold = tmp_path / "gold.jsonl"
    records = corpus.records("test", corpus="desk")
    jsonl.write_records(
        gold, [Prediction(d.doc_id, **{name: getattr(d, name) for name in LAYERS}) for d in records]
    )
    assert main(["agree", str(gold)]) == 0
    agreement, scores = capsys.readouterr().out.split("\n\n")
    values = {row.split("|")[4].split()[0] for row in agreement.splitlines()[2:]}
    assert values == {"1.000"}
    assert {row.split("|")[3].split()[0] for row in scores.splitlines()[2:]} == {"1.000"}


def test_agree_refuses_passes_over_other_documents(tmp_path: Path, capsys: Capture) -> None:
    a = corpus.data_dir() / "annotators" / "desk" / "a.jsonl"
    lines = a.read_text(encoding="utf-8").splitlines(keepends=True)
    b = tmp_path / "b.jsonl"
    b.write_text("".join(lines[1:]), encoding="utf-8")
    assert main(["agree", str(a), str(b)]) == 2
    assert "is in " in capsys.readouterr().err


def test_stats_prints_tables(capsys: Capture) -> None:
    assert main(["stats", "--corpus", "desk"]) == 0
    assert capsys.readouterr().out.count("\n|---") == 4


def test_run_then_score(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "new" / "p.jsonl"
    model = str(BASELINES / "majority.py")
    assert main(["run", model, "--task", "sentences", "-o", str(out)]) == 0
    assert main(["score", str(out), "--task", "sentences"]) == 0
    printed = capsys.readouterr().out
    assert "macro_f1" in printed
    assert "task:sentences|corpus:desk|split:test|data:" in printed


def test_the_output_is_never_an_input(tmp_path: Path, capsys: Capture) -> None:
    """`run mine.py -o mine.py` would cost the model."""
    model = tmp_path / "m.py"
    model.write_text((BASELINES / "majority.py").read_text())
    texts = tmp_path / "t.jsonl"
    texts.write_bytes(VALID.read_bytes())
    task = ["--task", "sentences"]
    for arguments in (
        ["run", str(model), *task, "-o", str(model)],
        [
            "run",
            str(model),
            *task,
            "--input",
            str(texts),
            "-o",
            f"{tmp_path}/../{tmp_path.name}/t.jsonl",
        ],
        ["anchor", str(VALID), "--texts", str(texts), "-o", str(texts)],
    ):
        assert main(arguments) == 2
        assert "is read too; expected another file to write" in capsys.readouterr().err
    assert texts.read_bytes() == VALID.read_bytes()


def test_that_the_output_cannot_be_written_is_known_before_training(
    write: Write, tmp_path: Path, capsys: Capture
) -> None:
    model = write("m.py", "def fit(task, train, dev):\n    print('trained')\n")
    arguments = ["run", str(model), "--task", "sentences", "-o", str(tmp_path)]
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"{tmp_path}: is a folder; expected a file to write\n"


def test_a_model_that_changes_folders_does_not_move_the_output(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (BASELINES / "majority.py").read_text() + "\nimport os\nos.chdir('/')\n"
    write("m.py", source)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "m.py", "--task", "sentences", "-o", "p.jsonl"]) == 0
    assert (tmp_path / "p.jsonl").exists()


def test_run_on_documents_of_ones_own(tmp_path: Path) -> None:
    out = tmp_path / "p.jsonl"
    model = str(BASELINES / "lexicon.py")
    arguments = ["run", model, "--task", "sentences", "--input", str(VALID), "-o", str(out)]
    assert main(arguments) == 0
    assert [p.doc_id for _, p in jsonl.read_records(out, Prediction)] == ["case-1", "case-2"]
    assert main(["score", str(out), "--task", "sentences", "--gold", str(VALID)]) == 0


def test_score_as_json(predictions: Path, capsys: Capture) -> None:
    assert main(["score", str(predictions), "--task", "sentences", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)

    assert result["task"] == "sentences"
    assert result["signature"].startswith("task:sentences|")
    assert result["headline"] == {"name": "macro_f1", "value": 1.0, "low": 1.0, "high": 1.0}
    assert set(result["scores"]) == {*LABELS, "micro", "macro"}


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("split", SPLITS)
def test_gold_files_score_one_against_themselves(name: str, split: str, capsys: Capture) -> None:
    path = corpus.data_dir() / name / f"{split}.jsonl"
    arguments = ["score", str(path), "--task", "sentences", "--corpus", name, "--split", split]
    assert main([*arguments, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert {row["f1"]["value"] for row in scores.values()} == {1.0}


def test_bench_says_that_wire_rows_are_left_out(capsys: Capture) -> None:
    assert main(["bench", str(BASELINES / "majority.py")]) == 0
    printed = capsys.readouterr()
    assert re.search(r"^\| desk +\| desk +\| majority +\|", printed.out, re.MULTILINE)
    assert re.search(
        r"wire rows are left out: (\d+) of \1 wire texts are not hydrated", printed.err
    )


def test_a_failed_hydration_breaks_nothing(capsys: Capture) -> None:
    """Tried without a network, the desk corpus is as good as before."""
    with server({}) as (url, _):
        assert main(["hydrate", "--mirror", url]) == 1
    assert main(["bench", str(BASELINES / "majority.py")]) == 0
    assert main(["stats"]) == 0
    gold = str(corpus.gold_path("wire", "test"))
    assert main(["score", gold, "--task", "sentences", "--corpus", "wire"]) == 0
    capsys.readouterr()


def test_gold_scores_one_against_itself_also_when_hydrated(
    upstream: list[Path], capsys: Capture
) -> None:
    assert main(["hydrate", *(f"--from={folder}" for folder in upstream)]) == 0
    for split in SPLITS:
        gold = str(corpus.gold_path("wire", split))
        arguments = ["score", gold, "--task", "sentences", "--corpus", "wire", "--split", split]
        capsys.readouterr()
        assert main([*arguments, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["headline"]["value"] == 1


def test_all_but_the_unpublished_story_is_enough_for_wire_rows(
    upstream: list[Path], capsys: Capture
) -> None:
    """What nobody can download must not stand between a user and the table."""
    assert main(["hydrate", f"--from={upstream[0]}"]) == 0
    out = capsys.readouterr().out
    assert "wire-seed-2021-05-28: missing" in out
    assert main(["bench", str(BASELINES / "majority.py")]) == 0
    assert "| wire " in capsys.readouterr().out


def test_bench_trains_on_each_corpus_and_on_both(upstream: list[Path], capsys: Capture) -> None:
    assert main(["hydrate", *(f"--from={folder}" for folder in upstream)]) == 0
    assert main(["bench", str(BASELINES / "majority.py")]) == 0
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines() if "majority" in line]
    assert [(row[1], row[3]) for row in rows] == [
        (tested, trained) for tested in CORPORA for trained in corpus.CORPUS_NAMES
    ]
    assert [f"corpus:{name}|split:test" in out for name in CORPORA] == [True, True]


def test_a_row_of_bench_is_what_run_and_score_give(
    upstream: list[Path], tmp_path: Path, capsys: Capture
) -> None:
    """Trained on desk, tested on wire: as by hand, with the documents of wire as input."""
    assert main(["hydrate", *(f"--from={folder}" for folder in upstream)]) == 0
    texts, output = tmp_path / "texts.jsonl", tmp_path / "predictions.jsonl"
    jsonl.write_records(texts, [d for d in corpus.read("test", corpus="wire") if not d.restricted])
    model = str(BASELINES / "lexicon.py")
    arguments = ["run", model, "--task", "sentences", "--input", str(texts), "-o", str(output)]
    assert main(arguments) == 0
    capsys.readouterr()
    assert main(["score", str(output), "--task", "sentences", "--corpus", "wire"]) == 0
    headline = re.search(r"macro_f1 (\S+ \[\S+ \S+\])", capsys.readouterr().out)
    assert main(["bench", model]) == 0
    row = next(r for r in capsys.readouterr().out.splitlines() if re.match(r"\| wire +\| desk ", r))
    assert headline is not None
    assert headline[1] in row


def test_wire_needs_hydration_to_run_but_not_to_score(tmp_path: Path, capsys: Capture) -> None:
    model = str(BASELINES / "majority.py")
    arguments = ["run", model, "--task", "sentences", "--corpus", "wire"]
    assert main([*arguments, "-o", str(tmp_path / "p")]) == 2
    assert "run counterclaim hydrate first" in capsys.readouterr().err
    gold = str(corpus.gold_path("wire", "test"))
    assert main(["score", gold, "--task", "sentences", "--corpus", "wire"]) == 0


BAD_FILES = sorted((CASES / "invalid").iterdir())
LINE_RULES = {
    *("byte-order-mark", "utf-8", "line-end", "blank-line", "empty-file", "json"),
    *("repeated-key", "type", "missing-field", "unknown-field", "enumeration"),
}


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda p: p.stem)
@pytest.mark.parametrize("command", ["texts", "input", "gold", "predictions", "agree"])
def test_a_broken_file_stops_every_command_that_would_use_it(
    path: Path,
    command: str,
    write: Write,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that cannot be read, or whose offsets mean nothing, is exit 2 with file and line."""
    out = write("out.jsonl", "old")
    drafts = write("drafts.jsonl", json.dumps(draft(documents()[0])) + "\n")
    labels = [["accusation"], ["denial"], []]
    one = write("one.jsonl", jsonl.encode(Prediction("case-1", sentence_labels=labels)) + "\n")
    task = ["--task", "sentences"]
    model = str(BASELINES / "majority.py")
    if command == "agree":
        monkeypatch.setattr(
            corpus, "records", lambda split, **_: documents() if split == "train" else []
        )
    arguments = {
        "texts": ["anchor", str(drafts), "--texts", str(path), "-o", str(out)],
        "input": ["run", model, *task, "--input", str(path), "-o", str(out)],
        "gold": ["score", str(one), *task, "--gold", str(path)],
        "predictions": ["score", str(path), *task, "--gold", str(VALID)],
        "agree": ["agree", str(path), str(path)],
    }[command]
    fatal = LINE_RULES | (READABLE if command == "predictions" else NEEDED)
    if command == "agree":  # a pass is read with the sentences of the data, not with its own
        fatal -= {"sentence-span", "sentence-order"}

    code = main(arguments)

    assert code in (0, 2)
    error = capsys.readouterr().err
    if path.stem in fatal:
        assert code == 2
        assert re.search(rf"{re.escape(str(path))}:\d+: ", error), error
    if code == 2:
        assert out.read_text() == "old"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n", "defines no fit"),
        ("def fit(task, train, dev):\n    raise KeyError('x')\n", "2: fit raised KeyError: 'x'"),
        ("def fit(task, train, dev):\n    return lambda ds: []\n", "0 predictions for "),
    ],
)
def test_a_broken_model_writes_nothing(
    write: Write, capsys: Capture, source: str, message: str
) -> None:
    model, out = write("model.py", source), write("out.jsonl", "old")
    assert main(["run", str(model), "--task", "sentences", "-o", str(out)]) == 2
    error = capsys.readouterr().err
    assert str(model) in error
    assert message in error
    assert out.read_text() == "old"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["score", "p.jsonl"],
        ["score", "p.jsonl", "--task", "rumours"],
        ["run", "m.py", "--task", "sentences", "--split", "test", "--input", "x", "-o", "y"],
        ["stats", "--corpus", "web"],
    ],
)
def test_wrong_words_on_the_command_line_exit_two(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: counterclaim" in capsys.readouterr().err


def test_files_that_are_not_there_exit_two(tmp_path: Path, capsys: Capture) -> None:
    missing = str(tmp_path / "none.jsonl")
    for arguments in (
        ["validate", missing],
        ["agree", missing, missing],
        ["score", missing, "--task", "sentences"],
        ["hydrate", "--from", missing],
        ["bench", missing],
    ):
        assert main(arguments) == 2
        assert "none.jsonl: no such" in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    """`--help` has to answer at once; numpy alone would double its time."""
    heavy = ("numpy", "scipy", "datasets", "sklearn", "tqdm")
    program = (
        "import sys; from counterclaim.cli import main\n"
        "try: main(['--help'])\n"
        f"finally: print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: counterclaim")
    assert done.stderr == "[]\n"


def test_a_reader_who_stops_reading_is_no_error() -> None:
    """The pipe `counterclaim stats | head -1` is ordinary use."""
    command = f"{sys.executable} -m counterclaim stats | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_terminal_sees_progress_and_a_log_does_not(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "counterclaim", "run", str(BASELINES / "majority.py")]
    command += ["--task", "sentences", "-o", str(tmp_path / "p.jsonl")]
    environment = {**os.environ, "TERM": "xterm"}
    quiet = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    main_end, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=terminal, check=True, env=environment)
    os.close(terminal)
    shown = os.read(main_end, 100_000).decode()
    os.close(main_end)

    assert quiet.stderr == f"{len(read('test'))} predictions in {tmp_path / 'p.jsonl'}\n"
    assert "majority:" in shown


def test_the_command_line_knows_every_task() -> None:
    assert set(TASK_NAMES) == set(TASKS)


def test_the_fingerprint_of_a_score_is_that_of_its_gold_file(
    predictions: Path, capsys: Capture
) -> None:
    """The first digits of the file's SHA-256, as any other tool gives it."""
    assert main(["score", str(predictions), "--task", "sentences"]) == 0
    digest = hashlib.sha256(corpus.gold_path("desk", "test").read_bytes()).hexdigest()
    assert f"+{digest[:6]}|" in capsys.readouterr().out


def test_aligned_texts_can_be_run_and_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """On the machine that holds them: a layered prediction is in their coordinates."""
    folder = data_folder(tmp_path / "data")
    for split in ("dev", "test"):
        shutil.copy(folder / "wire" / "train.jsonl", folder / "wire" / f"{split}.jsonl")
    (folder / "manifest.json").write_text('{"version": "0.0.0"}')
    monkeypatch.setattr(corpus, "data_dir", lambda: folder)
    moved = {"muc": "Menu. " + text_of("muc")}
    main(["hydrate", "--from", str(clone(tmp_path / "s", published(moved)))])
    model = tmp_path / "m.py"
    model.write_text(
        "from counterclaim import Location, Prediction, Span\n"
        "def fit(task, train, dev):\n"
        "    def place(d):\n"
        "        i = d.text.index('Lok')\n"
        "        span = Span(i, i + 6)\n"
        "        return Location('l1', span, 'x', None, None, None, 'site', 'town')\n"
        "    return lambda ds: [Prediction(d.doc_id, locations=(place(d),)) for d in ds]\n"
    )
    out = tmp_path / "p.jsonl"
    task = ["--task", "sentences", "--corpus", "wire"]
    assert main(["run", str(model), *task, "-o", str(out)]) == 0
    capsys.readouterr()
    assert main(["score", str(out), *task, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["scores"]["location"]["f1"]["value"] == 1
    assert "|aligned:1|" in result["signature"]
