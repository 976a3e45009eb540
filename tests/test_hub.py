"""Loading: the same rows with and without our code, and the two traps of `datasets`."""

import datetime
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import questions
from build_data import write_card

import counterclaim
from counterclaim import corpus, hub, jsonl
from counterclaim.errors import DataError
from counterclaim.model import sentence_labels

DATA = corpus.data_dir()


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)


@pytest.mark.parametrize("name", hub.NAMES)
@pytest.mark.parametrize("streaming", [False, True])
def test_load_dataset_gives_the_rows_of_load(tmp_path: Path, name: str, streaming: bool) -> None:
    from datasets import load_dataset

    ours = counterclaim.load(name)
    theirs = load_dataset(str(DATA), name, cache_dir=str(tmp_path), streaming=streaming)

    splits = [hub.HF_SPLITS[split] for split in hub.FILES[name]]
    assert list(theirs) == list(ours) == splits
    for split in ours:
        assert list(theirs[split]) == ours[split].to_list()
        assert theirs[split].features == ours[split].features


def test_wire_records_load_without_their_text(tmp_path: Path) -> None:
    from datasets import load_dataset

    loaded = load_dataset(str(DATA), "wire", cache_dir=str(tmp_path))
    assert {name: split.to_list() for name, split in loaded.items()} == {
        name: split.to_list() for name, split in counterclaim.load(corpus="wire").items()
    }
    assert set(loaded["train"]["text"]) == {None}


def test_first_trap_dates_are_dates(tmp_path: Path) -> None:
    """Declared as a string, "2025-03-14" would come back as "2025-03-14 00:00:00"."""
    from datasets import load_dataset

    rows = load_dataset(str(DATA), "documents", cache_dir=str(tmp_path))["train"].to_list()
    written = {d.doc_id: d.date for d in counterclaim.read("train")}

    assert all(type(row["date"]) is datetime.date for row in rows)
    assert {row["doc_id"]: row["date"].isoformat() for row in rows} == written


def test_second_trap_corrected_data_are_not_read_from_the_cache(tmp_path: Path) -> None:
    """The library's cache key has no file time; the card has a fingerprint of the files."""
    from datasets import load_dataset

    data, cache = tmp_path / "data", str(tmp_path / "cache")
    shutil.copytree(DATA, data)
    load_dataset(str(data), "sentences", cache_dir=cache)
    file = data / "desk" / "sentences" / "test.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    rows[0]["labels"] = ["accusation", "denial"]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    write_card(data)

    corrected = load_dataset(str(data), "sentences", cache_dir=cache)
    assert corrected["test"][0]["labels"] == ["accusation", "denial"]


def test_the_head_of_the_card_is_the_one_that_the_files_give(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "data")
    write_card(tmp_path / "data")
    assert (tmp_path / "data" / "README.md").read_bytes() == (DATA / "README.md").read_bytes()


def test_loading_says_nothing_of_the_card(tmp_path: Path) -> None:
    """A warning would be the first thing that a user sees of the data."""
    program = f"import datasets; datasets.load_dataset({str(DATA)!r}, cache_dir={str(tmp_path)!r})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "malformed" not in done.stderr


def test_a_file_that_lost_rows_is_refused(tmp_path: Path) -> None:
    """The card declares how many rows there are."""
    from datasets import load_dataset
    from datasets.exceptions import ExpectedMoreSplitsError
    from datasets.utils.info_utils import NonMatchingSplitsSizesError

    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    file = data / "desk" / "train.jsonl"
    file.write_text(file.read_text(encoding="utf-8").split("\n", 1)[1], encoding="utf-8")
    with pytest.raises((NonMatchingSplitsSizesError, ExpectedMoreSplitsError)):
        load_dataset(str(data), "documents", cache_dir=str(tmp_path / "cache"))


def test_every_sentence_is_a_row_with_its_labels() -> None:
    rows = {
        (row["doc_id"], row["sentence"]): row
        for split in counterclaim.load("sentences").values()
        for row in split
    }
    for split in ("train", "dev", "test"):
        for document in counterclaim.read(split):
            for number, labels in enumerate(sentence_labels(document)):
                row = rows.pop((document.doc_id, number))
                assert row["labels"] == labels
                assert row["text"] == document.sentence_texts[number]
    assert rows == {}


def test_unknown_names_are_errors() -> None:
    with pytest.raises(DataError, match="data set 'spans'; expected one of documents, sentences"):
        counterclaim.load("spans")
    with pytest.raises(DataError, match="corpus 'web'; expected one of desk, wire, all"):
        counterclaim.load(corpus="web")
    with pytest.raises(DataError, match="split 'validation'; expected one of train, dev, test"):
        counterclaim.read("validation")


def test_reading_and_scoring_import_neither_datasets_nor_sklearn() -> None:
    """They take seconds; a scorer has no use for them."""
    program = (
        "import sys, counterclaim as c; from counterclaim import model, tasks; g = c.read('test'); "
        "p = [c.Prediction(d.doc_id, sentence_labels=model.sentence_labels(d)) for d in g]; "
        "c.score(tasks.SENTENCES, g, p); import json; "
        "print(json.dumps([m for m in ('datasets', 'sklearn', 'torch') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert json.loads(done.stdout) == []


def test_the_sentence_files_are_those_that_follow_from_the_documents() -> None:
    for split in ("train", "dev", "test"):
        rows = [
            jsonl.encode(row)
            for document in counterclaim.read(split)
            for row in hub.sentence_rows(document)
        ]
        file = DATA / "desk" / "sentences" / f"{split}.jsonl"
        assert file.read_text(encoding="utf-8") == "".join(f"{row}\n" for row in rows)


def test_the_questions_are_those_that_follow_from_the_documents() -> None:
    for name in hub.QUESTIONS:
        rows = questions.rows(name, counterclaim.read("test"))
        file = DATA / hub.FILES[name]["test"]
        assert file.read_text(encoding="utf-8") == "".join(f"{jsonl.encode(r)}\n" for r in rows)
