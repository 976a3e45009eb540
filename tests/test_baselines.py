"""Baselines: each fits and predicts on the real data, and is a single file."""

import ast
from pathlib import Path

import pytest

from counterclaim import jsonl, read
from counterclaim.running import run
from counterclaim.scoring import score
from counterclaim.tasks import SENTENCES

FOLDER = Path(__file__).parents[1] / "baselines"
FILES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_baseline_gives_the_same_predictions_twice(path: Path) -> None:
    train, dev, test = (read(split)[:30] for split in ("train", "dev", "test"))
    once, again = (run(path, SENTENCES, train, dev, test) for _ in range(2))

    assert [jsonl.encode(p) for p in once] == [jsonl.encode(p) for p in again]
    assert score(SENTENCES, test, once, resamples=10).missing == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_baseline_is_one_self_contained_file(path: Path) -> None:
    """It imports the package by its public front, and no other file of the folder."""
    names = {file.stem for file in FILES}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module not in names
            assert not (node.module or "").startswith("counterclaim.")


def headline(name: str) -> float:
    train, dev, test = (read(split) for split in ("train", "dev", "test"))
    predictions = run(FOLDER / f"{name}.py", SENTENCES, train, dev, test)
    return score(SENTENCES, test, predictions, resamples=10).headline.value


def test_the_lexicon_is_above_the_floor() -> None:
    """A baseline that is no better than the majority says nothing about the task."""
    assert headline("lexicon") > headline("majority") + 0.2
