"""The committed results: every number is what the baselines give, and the README shows them."""

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pytest
import systems
from make_results import (
    BESIDE,
    RESULTS,
    annotators,
    contrast_table,
    kept,
    results_table,
    seeds_table,
    trained,
    transfer_tables,
    write_results,
)
from systems import FORMS, ROOT, baselines, held_documents
from test_docs import README, between

from counterclaim.cli import main
from counterclaim.model import CORPORA

PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in a process of their own would import everything a hundred times."""

    def run(words: Sequence[str], _: Mapping[str, str]) -> None:
        assert main(["run", *words]) == 0

    monkeypatch.setattr(systems, "run_apart", run)


def tree(folder: Path, form: str) -> dict[str, object]:
    """The results of a form, by the name of their file."""
    place = form.replace("/", "-")
    found = [*folder.glob(f"*/{place}/*.json"), folder / "contrast" / f"{place}.json"]
    return {path.relative_to(folder).as_posix(): json.loads(path.read_bytes()) for path in found}


@pytest.mark.slow
@pytest.mark.usefixtures("in_this_process", "at_hand")
@pytest.mark.parametrize("form", FORMS)
def test_results_are_repeated_exactly(form: str, tmp_path: Path) -> None:
    """Of both corpora, where wire can be hydrated, with transfer and contrast sets."""
    held = held_documents()
    found = trained(form, held, tmp_path / "runs")
    write_results(tmp_path / "results", tmp_path / "runs", form, found)
    repeated = tree(tmp_path / "results", form)
    committed = tree(RESULTS, form)
    whole = "wire" in held
    assert repeated == {k: v for k, v in committed.items() if whole or not k.startswith("wire")}
    for name in repeated:
        if not name.startswith("contrast") and Path(name).stem not in BESIDE:
            predictions = str((tmp_path / "runs" / name).with_suffix(".jsonl"))
            assert main(["score", predictions, "--verify", str(RESULTS / name)]) == 0
    if whole:
        for (page, mark), table in transfer_tables(form, found).items():
            assert between(page.read_text(encoding="utf-8"), mark).strip() == table


def test_the_tables_of_the_pages_are_made_of_the_results() -> None:
    assert between(README, "results").strip() == results_table()
    assert between(METRICS, "contrast").strip() == contrast_table()
    assert between(PAGE, "seeds").strip() == seeds_table()


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("form", FORMS)
def test_every_baseline_has_a_result(name: str, form: str, tmp_path: Path) -> None:
    wanted = {model.stem for model in baselines(form, encoders=False)}
    wanted |= {system for system, _ in annotators(name, form, tmp_path)}
    wanted |= {each.model.stem for each in kept(form) if each.trained == name}
    place = RESULTS / name / form.replace("/", "-")
    found = {path.stem for path in place.glob("*.json")} - {*BESIDE}
    assert found == wanted


def test_what_an_encoder_predicts_is_of_the_file_that_is_there() -> None:
    """Else it has to be trained anew, on the data as they are."""
    for form in FORMS:
        for each in kept(form):
            found = json.loads(each.account.read_bytes())["identity"]
            assert found["model_sha256"] == sha256(each.model.read_bytes()).hexdigest()
            assert found["options"].get("seed", 0) == each.seed


def test_a_user_compares_with_what_encoders_predict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the page says; a lexicon is not as good."""
    monkeypatch.chdir(ROOT)
    yours = str(tmp_path / "yours.jsonl")
    model = ["run", "baselines/lexicon.py", "--task", "sentences", "-o", yours]
    assert main(model) == 0
    (command,) = re.findall(r"^counterclaim (compare .*)$", PAGE, re.MULTILINE)
    assert main(command.replace("yours.jsonl", yours).split()) == 0
    rows = {row.split()[1]: row.split()[-2] for row in capsys.readouterr().out.splitlines()[2:4]}
    assert rows == {"desk-0-desk": "a", "yours": "b"}
