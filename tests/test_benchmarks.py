"""The benchmark runs from end to end, and gives others the same spans. No test asserts seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"
ROWS = {
    "two files → four modes with intervals": 8,
    "two files → four modes with intervals, unchecked": 8,
    "arrays → four modes": 2,
    "typed records → four modes": 2,
    "strict F1": 2,
    "the same test": 1,
    "compare: test of macro-F1 over 27 counts, three intervals": 1,
    **{
        f"score --task {task}, imports included": 1
        for task in ("sentences", "spans", "claims", "links", "casualties", "places")
    },
    **{
        f"{contender}: exponent of time in {unit}": 1
        for contender in ("two files", "arrays", "nervaluate, dictionaries")
        for unit in ("documents", "gold spans a document")
    },
    "peak memory above that of imports": 2,
    "JSON of 9 runs: threads, order of lines, chunks, batches": 1,
}


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scorers that are measured beside ours."""
    for package in ("nervaluate", "seqeval", "orjson"):
        pytest.importorskip(
            package, reason=f"{package} is measured beside us; pip install .[bench]"
        )
    monkeypatch.syspath_prepend(FOLDER)


@pytest.mark.slow
def test_every_row_is_printed(tmp_path: Path) -> None:
    size = ("--documents", "20", "40", "--repeats", "1")
    done = subprocess.run(
        [sys.executable, FOLDER / "run.py", *size, "--folder", tmp_path],
        check=True,
        capture_output=True,
        text=True,
    )
    table = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line[:1] == "|"]
    found = [what for what, *_ in table[2:]]
    assert {what: found.count(what) for what in found} == ROWS
    assert table[-1][-1] == "identical"
    assert not list(tmp_path.glob("*.shuffled-*"))


def test_others_get_the_spans_that_we_score() -> None:
    """By hand: inclusive ends for nervaluate, whole words for seqeval, the first of two."""
    import contenders

    record = {
        "text": "Kyiv denied killing ten.",
        "accusations": [],
        "denials": [{"cue": {"start": 5, "end": 11}, "content": None}],
        "casualties": [{"mention": {"start": 12, "end": 23}}],
        "locations": [{"mention": {"start": 0, "end": 4}}, {"mention": {"start": 20, "end": 23}}],
    }
    assert contenders.entities(record) == [
        {"label": "denial", "start": 5, "end": 10},
        {"label": "casualty", "start": 12, "end": 22},
        {"label": "location", "start": 0, "end": 3},
        {"label": "location", "start": 20, "end": 22},
    ]
    assert contenders.tags(record) == ["B-location", "B-denial", "B-casualty", "I-casualty"]


def test_a_corpus_has_the_shape_of_gold(tmp_path: Path) -> None:
    """Gold passes every check, and both files have the size that is spoken of."""
    import contenders
    import corpora

    from counterclaim.validate import read_documents

    size = 30
    files = corpora.write(tmp_path, size)
    assert len(read_documents(files[0], with_text=True)) == size
    spans = 0
    for path in files:
        assert 5000 < path.stat().st_size / size < 5600
        spans += len(contenders.load(path).spans.start)
    assert 21 < spans / size < 26
