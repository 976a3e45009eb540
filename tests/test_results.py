"""The committed results: every number is what the baselines give, and the README shows them."""

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import make_results
import pytest
from make_results import (
    BESIDE,
    RESULTS,
    annotators,
    contrast_table,
    encoder_table,
    kept,
    results_table,
    seeds_table,
    transfer_table,
    write_contrasts,
    write_results,
)
from systems import FORMS, ROOT, baselines
from test_docs import CARD, README, between

from counterclaim import corpus
from counterclaim.cli import main
from counterclaim.model import CORPORA

PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in a process of their own would import everything sixty times."""

    def run(model: Path, given: Sequence[str], output: Path) -> None:
        assert main(["run", str(model), *given, "--output", str(output)]) == 0

    monkeypatch.setattr(make_results, "run_apart", run)


def tree(folder: Path, name: str) -> dict[str, object]:
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_bytes())
        for path in sorted((folder / name).rglob("*.json"))
    }


@pytest.mark.slow
def test_results_on_desk_are_repeated_exactly(tmp_path: Path) -> None:
    write_results(tmp_path / "results", tmp_path / "predictions", ["desk"])
    assert tree(tmp_path / "results", "desk") == tree(RESULTS, "desk")
    for result in (RESULTS / "desk").rglob("*.json"):
        if result.stem not in BESIDE:
            place = result.relative_to(RESULTS).with_suffix(".jsonl")
            predictions = str(tmp_path / "predictions" / place)
            assert main(["score", predictions, "--verify", str(result)]) == 0


@pytest.mark.slow
def test_results_on_contrast_sets_are_repeated_exactly(tmp_path: Path) -> None:
    write_contrasts(tmp_path / "contrast", tmp_path / "predictions")
    assert tree(tmp_path, "contrast") == tree(RESULTS, "contrast")


@pytest.mark.slow
@pytest.mark.usefixtures("hydrated")
def test_results_on_wire_are_repeated_exactly(tmp_path: Path) -> None:
    write_results(tmp_path / "results", tmp_path / "predictions", ["wire"])
    assert tree(tmp_path / "results", "wire") == tree(RESULTS, "wire")


def test_the_tables_of_the_pages_are_made_of_the_results() -> None:
    assert between(README, "results").strip() == results_table()
    assert between(METRICS, "contrast").strip() == contrast_table()
    assert between(PAGE, "seeds").strip() == seeds_table()
    for text in (README, CARD):
        assert between(text, "encoders").strip() == encoder_table("sentences")


@pytest.mark.slow
@pytest.mark.usefixtures("hydrated")
@pytest.mark.parametrize("form", FORMS[1:])
def test_the_transfer_of_each_task_is_repeated(form: str) -> None:
    assert between(PAGE, f"transfer {form}").strip() == transfer_table(form)


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("form", FORMS)
def test_every_baseline_has_a_result(name: str, form: str, tmp_path: Path) -> None:
    systems = [model.stem for model in baselines(form, encoders=False)]
    systems += [system for system, _ in annotators(name, form, tmp_path)]
    systems += [each.model.stem for each in kept(form, name) if not each.seed]
    place = RESULTS / name / form.replace("/", "-")
    found = {path.stem for path in place.glob("*.json")} - {*BESIDE}
    assert found == {*systems}


def test_what_an_encoder_predicts_is_of_the_file_that_is_there() -> None:
    """Else it has to be trained anew, on the data as they are."""
    for form in FORMS:
        for name in corpus.CORPUS_NAMES:
            for each in kept(form, name):
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
