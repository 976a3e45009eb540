"""The commands of the benchmark: every task, groups, repetition of a result, comparison."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from records import CASES, document, documents

from counterclaim import corpus, jsonl
from counterclaim.cli import TASK_NAMES, main
from counterclaim.model import LAYERS, Document

Capture = pytest.CaptureFixture[str]
Write = Callable[[str, str | bytes], Path]
VALID = str(CASES / "valid" / "documents.jsonl")
TEST = str(corpus.gold_path("desk", "test"))


def lines(*records: Any) -> str:
    return "".join(f"{jsonl.encode(record)}\n" for record in records)


@pytest.mark.parametrize("name", TASK_NAMES)
@pytest.mark.parametrize(("corpus_name", "split"), [("desk", "test"), ("wire", "train")])
def test_gold_scores_one_against_itself_in_every_task(
    name: str, corpus_name: str, split: str, capsys: Capture, tmp_path: Path
) -> None:
    path = str(corpus.gold_path(corpus_name, split))  # type: ignore[arg-type]
    arguments = ["score", path, "--task", name, "--corpus", corpus_name, "--split", split]
    assert main([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["headline"]["value"] == 1
    assert main(arguments) == 0
    assert result["signature"] in capsys.readouterr().out


@pytest.mark.parametrize("name", ["links", "places"])
def test_given_mentions_are_named_in_the_signature(name: str, capsys: Capture) -> None:
    arguments = ["score", VALID, "--task", name, "--gold", VALID]
    for mentions in ("gold", "predicted"):
        assert main([*arguments, "--mentions", mentions]) == 0
        assert f"task:{name}|mentions:{mentions}|" in capsys.readouterr().out
    assert main(["score", VALID, "--task", "spans", "--gold", VALID, "--mentions", "gold"]) == 2
    assert "spans with gold mentions; expected" in capsys.readouterr().err


def test_fewer_training_documents_are_a_part_of_more(
    write: Write, tmp_path: Path, capsys: Capture
) -> None:
    """So that a curve shows what more documents teach, and not what others would."""
    model = write(
        "model.py",
        """
import pathlib

def fit(task, train, dev):
    log = pathlib.Path(__file__).with_name("log.txt")
    with log.open("a") as lines:
        print(*(each.document.doc_id for each in train), file=lines)
    return lambda documents: [{"doc_id": d.doc_id, "locations": []} for d in documents]
""",
    )
    run = ["run", str(model), "--task", "places", "--input", VALID]
    for number in ("3", "9"):
        arguments = ["--train-documents", number, "-o", str(tmp_path / f"{number}.jsonl")]
        assert main([*run, *arguments]) == 0
        account = json.loads((tmp_path / f"{number}.run.json").read_bytes())
        assert account["identity"]["train_documents"] == int(number)
    few, more = (line.split() for line in (tmp_path / "log.txt").read_text().splitlines())
    assert len(few) == 3
    assert few == more[:3]
    assert main([*run, "--train-documents", "1000", "-o", str(tmp_path / "out.jsonl")]) == 2
    assert "training documents; expected --train-documents no higher" in capsys.readouterr().err


def test_scores_of_groups_are_printed(capsys: Capture) -> None:
    arguments = ["score", TEST, "--task", "spans", "--by", "genre", "--by", "label"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    genres = {d.genre for d in corpus.records("test")}
    assert {row.split("|")[1].strip() for row in printed.splitlines() if row.startswith("| ")} >= {
        *genres,
        "denial",
    }
    assert main([*arguments, "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["groups"]["genre"]) == genres
    assert main(["score", TEST, "--task", "spans", "--by", "weather"]) == 2
    assert "by 'weather'; expected one of" in capsys.readouterr().err


def test_a_result_can_be_repeated(
    write: Write, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From anywhere, where the predictions lie beside the result."""
    gold = documents()
    partial = msgspec.structs.replace(gold[0], locations=())
    write("gold.jsonl", lines(*gold))
    write("p.jsonl", lines(partial, gold[1]))
    monkeypatch.chdir(tmp_path)
    command = ["score", "p.jsonl", "--task", "spans", "--gold", "gold.jsonl", "--by", "genre"]
    assert main([*command, "--resamples", "50", "--seed", "3", "--json"]) == 0
    result = write("result.json", capsys.readouterr().out)
    monkeypatch.chdir("/")
    assert main(["score", "--verify", str(result)]) == 0
    assert "repeated exactly" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: r["scores"]["location"]["f1"].update(value=0.5), "scores.location.f1.value"),
        (lambda r: r["headline"].update(low=0.123), "headline.low is 0.123; expected"),
        (lambda r: r.update(signature="task:spans|bs:1"), "signature is 'task:spans|bs:1'"),
        (lambda r: r["missing"].append("case-2"), "missing is ['case-2']; expected []"),
        (lambda r: r["counts"].pop("denial"), "counts.denial is None; expected {"),
    ],
)
def test_a_result_that_differs_is_found_out(
    write: Write, capsys: Capture, change: Callable[[Any], Any], expected: str
) -> None:
    predictions = write("p.jsonl", lines(*documents()))
    assert main(["score", str(predictions), "--task", "spans", "--gold", VALID, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    change(result)
    path = write("result.json", json.dumps(result))
    assert main(["score", "--verify", str(path)]) == 1
    printed = capsys.readouterr()
    assert f"{path}: {expected}" in printed.out
    assert "difference" in printed.err


def test_changed_predictions_do_not_repeat_a_result(write: Write, capsys: Capture) -> None:
    predictions = write("p.jsonl", lines(*documents()))
    assert main(["score", str(predictions), "--task", "claims", "--gold", VALID, "--json"]) == 0
    path = write("result.json", capsys.readouterr().out)
    write("p.jsonl", lines(msgspec.structs.replace(document(), accusations=(), denials=())))
    assert main(["score", "--verify", str(path)]) == 1


@pytest.mark.parametrize("signature", [None, 3, ...])
def test_a_result_has_a_signature(write: Write, capsys: Capture, signature: Any) -> None:
    predictions = write("p.jsonl", lines(*documents()))
    assert main(["score", str(predictions), "--task", "claims", "--gold", VALID, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    if signature is ...:
        del result["signature"]
    else:
        result["signature"] = signature
    path = write("result.json", json.dumps(result))
    assert main(["score", "--verify", str(path)]) == 2
    assert f"{path}: is no result" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"arguments": 3}', "nothing"])
def test_what_is_no_result_cannot_be_verified(write: Write, capsys: Capture, content: str) -> None:
    path = write("result.json", content)
    assert main(["score", "--verify", str(path)]) == 2
    assert f"{path}: is no result; expected what score --json prints" in capsys.readouterr().err


def test_a_users_own_data_works_in_every_command(write: Write, capsys: Capture) -> None:
    """Records that are not the project's: other ids, conflicts and events."""
    own = [document(doc_id=f"mine-{i}", conflict="theirs", event=f"e{i % 7}") for i in range(14)]
    gold = str(write("mine.jsonl", lines(*own)))
    good = str(write("good.jsonl", lines(*own)))
    bare: dict[str, Any] = dict.fromkeys(LAYERS, ())
    bad = str(write("bad.jsonl", lines(*[msgspec.structs.replace(d, **bare) for d in own])))
    for name in TASK_NAMES:
        assert main(["score", good, "--task", name, "--gold", gold, "--by", "event"]) == 0
    capsys.readouterr()
    tasks = [word for name in TASK_NAMES for word in ("--task", name)]
    assert main(["compare", bad, good, *tasks, "--gold", gold, "--resamples", "500", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["signatures"]) == len(found["comparisons"]) == len(TASK_NAMES)
    for each in found["comparisons"]:
        (pair,) = each["pairs"]
        assert (pair["a"], pair["b"], pair["difference"]) == ("good", "bad", 1.0)
        assert pair["p"] == 2 / 2**7  # of the 128 ways to swap 7 events, two are as far apart
    assert main(["compare", bad, good, "--task", "spans", "--gold", gold]) == 0
    assert "| good - bad | +1.000 [+1.000, +1.000] |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", VALID, "--task", "spans", "--gold", VALID], "1 system; expected two or more"),
        (["compare", VALID, VALID, "--task", "spans", "--gold", VALID], "is given twice"),
        (
            ["compare", VALID, "none.jsonl", "--task", "spans", "--gold", VALID],
            "none.jsonl: no such",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(
    arguments: list[str], message: str, capsys: Capture
) -> None:
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_unchecked_files_give_the_same_numbers(write: Write, capsys: Capture) -> None:
    """For files without mistakes; it is an option of --gold alone."""
    parts = [json.loads(jsonl.encode(d)) for d in documents()]
    for record in parts:
        record["locations"] = record["locations"][:-1]
    predictions = str(write("p.jsonl", "".join(json.dumps(record) + "\n" for record in parts)))
    for name in TASK_NAMES:
        command = ["score", predictions, "--task", name, "--gold", VALID]
        for more in ([], ["--by", "genre"]):
            printed = []
            for flag in ([], ["--unchecked"]):
                assert main([*command, *more, *flag]) == 0
                printed.append(capsys.readouterr().out)
            assert printed[0] == printed[1]
    with pytest.raises(SystemExit):
        main(["score", predictions, "--task", "spans", "--unchecked"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"doc_id": "case-1", "accusations": []}', "missing required field `denials`"),
        ('{"doc_id": 1}', "$.doc_id: Expected `str`, got `int`"),
        ("{", "not JSON"),
        (
            '{"doc_id": "case-1", "accusations": [{"content": {"start": 9, "end": 4}}], '
            '"denials": [], "casualties": [], "locations": []}',
            "case-1: span 9-4; expected 0 <= start < end",
        ),
        (
            '{"doc_id": "case-1", "accusations": [{"content": {"start": 0, "end": 1e40}}], '
            '"denials": [], "casualties": [], "locations": []}',
            "Expected `int`",
        ),
        (
            '{"doc_id": "case-1", "accusations": [{"content": {"start": 0, "end": 1'
            + "0" * 30
            + '}}], "denials": [], "casualties": [], "locations": []}',
            "case-1: span 0-1152921504606846976; expected 0 <= start < end <= 1073741823",
        ),
    ],
)
def test_unchecked_files_still_have_to_make_sense(
    write: Write, capsys: Capture, content: str, message: str
) -> None:
    path = write("p.jsonl", content + "\n")
    assert main(["score", str(path), "--task", "spans", "--gold", VALID, "--unchecked"]) == 2
    assert message in capsys.readouterr().err


def test_a_schema_accepts_gold_and_refuses_what_is_not(capsys: Capture) -> None:
    """The names in the schema are those of the data; it is what other languages build from."""
    for name in TASK_NAMES:
        assert main(["schema", "--task", name]) == 0
        printed = json.loads(capsys.readouterr().out)
        assert printed["$ref"] == "#/$defs/Prediction"
        properties = printed["$defs"]["Prediction"]["properties"]
        assert set(Document.__struct_fields__) <= set(properties)


def test_scoring_imports_nothing_heavy(write: Write) -> None:
    """A cold score has to be quick: SciPy alone would take longer than the rest."""
    heavy = ("scipy", "sklearn", "datasets", "pandas", "pyarrow", "tqdm")
    command = ["score", VALID, "--task", "spans", "--gold", VALID]
    program = (
        "import sys; from counterclaim.cli import main\n"
        f"main({command!r}); print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("name", TASK_NAMES)
def test_threads_and_hashes_change_no_byte(name: str, write: Write) -> None:
    """Sums are exact, and nothing goes through the order of a set."""
    gold = [document(doc_id=f"case-{i}", event=f"e{i}") for i in range(9)]
    dropped = [msgspec.structs.replace(d, locations=d.locations[1:]) for d in gold[::2]]
    files = [str(write("g.jsonl", lines(*gold))), str(write("p.jsonl", lines(*dropped)))]
    command = [sys.executable, "-m", "counterclaim", "score", files[1], "--task", name]
    command += ["--gold", files[0], "--json", "--by", "event"]
    printed = {
        subprocess.run(
            command,
            capture_output=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": seed},
        ).stdout
        for threads, seed in (("1", "0"), ("2", "1"))
    }
    assert len(printed) == 1
