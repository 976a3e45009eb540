"""The committed results: every number is what the baselines give, and the README shows them."""

import json
from collections.abc import Sequence
from pathlib import Path

import make_results
import pytest
from make_results import (
    FORMS,
    RESULTS,
    ROOT,
    annotators,
    contrast_table,
    models,
    results_table,
    write_contrasts,
    write_results,
)
from test_docs import README, between

from counterclaim.cli import main
from counterclaim.model import CORPORA

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
        if result.stem != "groups":
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


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("form", FORMS)
def test_every_baseline_has_a_result(name: str, form: str, tmp_path: Path) -> None:
    systems = [model.stem for model in models(form)]
    systems += [system for system, _ in annotators(name, form, tmp_path)]
    place = RESULTS / name / form.replace("/", "-")
    assert sorted(path.stem for path in place.glob("*.json")) == sorted([*systems, "groups"])
