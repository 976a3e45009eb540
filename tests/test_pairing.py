"""Two files brought together: order, memory, and what is refused with its line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from records import CASES, document, documents

from counterclaim import jsonl, pairing
from counterclaim.errors import DataError
from counterclaim.pairing import pair_files
from counterclaim.scoring import score, score_files
from counterclaim.tasks import SENTENCES, SPANS, TASKS, Task
from counterclaim.validate.reading import NEEDED, READABLE

Write = Callable[[str, str | bytes], Path]
VALID = CASES / "valid" / "documents.jsonl"
INVALID = sorted((CASES / "invalid").glob("*.jsonl"))


def corpus_of(size: int) -> list[str]:
    return [jsonl.encode(document(doc_id=f"case-{i}", event=f"e-{i}")) for i in range(size)]


@pytest.fixture
def two_files(write: Write) -> Callable[[list[str], list[str]], tuple[Path, Path]]:
    def put(gold: list[str], predicted: list[str]) -> tuple[Path, Path]:
        names = ("gold.jsonl", "p.jsonl")
        return tuple(  # type: ignore[return-value]
            write(name, "".join(f"{line}\n" for line in lines))
            for name, lines in zip(names, (gold, predicted), strict=True)
        )

    return put


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_files_and_records_score_alike(task: Task) -> None:
    in_memory = score(task, documents(), pairing.read_predictions(VALID, task), resamples=20)
    streamed = score_files(task, VALID, VALID, resamples=20)
    assert jsonl.encode(streamed) == jsonl.encode(in_memory)


@pytest.mark.parametrize("held", [0, 3, 1000])
@pytest.mark.parametrize("reverse", [False, True])
def test_predictions_in_another_order_are_found(
    two_files: Callable[..., tuple[Path, Path]],
    monkeypatch: pytest.MonkeyPatch,
    held: int,
    reverse: bool,
) -> None:
    """Also when they are too many to be kept, and are read again."""
    monkeypatch.setattr(pairing, "HELD", held)
    monkeypatch.setattr(pairing, "BATCH", 4)
    lines = corpus_of(40)
    gold, predicted = two_files(lines, lines[::-1] if reverse else lines[20:] + lines[:20])
    batches = list(pair_files(SPANS, gold, predicted))
    assert [(d.doc_id, p.doc_id) for batch in batches for d, p in batch] == [
        (f"case-{i}", f"case-{i}") for i in range(40)
    ]
    assert score_files(SPANS, gold, predicted, resamples=5).headline.value == 1


@pytest.mark.parametrize("checked", [True, False])
def test_a_document_without_a_prediction_is_named(
    two_files: Callable[..., tuple[Path, Path]], checked: bool
) -> None:
    gold, predicted = two_files(corpus_of(5), corpus_of(5)[1:4])
    scores = score_files(SPANS, gold, predicted, checked=checked, resamples=5)
    assert scores.missing == ["case-0", "case-4"]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (corpus_of(3)[1], "p.jsonl:3: case-1: a second prediction for this document"),
        (corpus_of(8)[7], "p.jsonl:3: case-7: unknown document; expected one of 2 (desk train)"),
    ],
)
@pytest.mark.parametrize("checked", [True, False])
def test_a_stray_prediction_is_an_error_with_its_line(
    two_files: Callable[..., tuple[Path, Path]], extra: str, message: str, checked: bool
) -> None:
    gold, predicted = two_files(corpus_of(2), [*corpus_of(2), extra])
    with pytest.raises(DataError) as caught:
        score_files(SPANS, gold, predicted, checked=checked)
    assert message in str(caught.value)


@pytest.mark.parametrize("checked", [True, False])
def test_a_document_that_stands_twice_in_gold_is_an_error(
    two_files: Callable[..., tuple[Path, Path]], checked: bool
) -> None:
    gold, predicted = two_files([*corpus_of(2), corpus_of(1)[0]], corpus_of(2))
    with pytest.raises(DataError, match=r"gold.jsonl:3: case-0 stands there twice"):
        score_files(SPANS, gold, predicted, checked=checked)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_a_stream_refuses_what_reading_whole_refuses(path: Path) -> None:
    """Every case of a broken file, as gold and as predictions, by rule."""
    from counterclaim.validate import read_documents

    def said(function: Callable[..., Any], *arguments: Any) -> str | None:
        try:
            function(*arguments, **({"resamples": 2} if function is score_files else {}))
        except DataError as error:
            return str(error)
        return None

    assert said(score_files, SENTENCES, path, path) == said(read_documents, path)
    if path.stem in NEEDED | READABLE:
        assert path.stem in (said(score_files, SENTENCES, path, path) or "")


ABSURD = [
    ("locations", {"lat": 200.0}, "coordinates"),
    ("locations", {"lat": 1e308}, "coordinates"),
    ("locations", {"lat": None}, "coordinates"),
    ("locations", {"mention": {"start": 60, "end": 10**6}}, "span-offsets"),
    ("locations", {"mention": {"start": 60, "end": 10**30}}, "span-offsets"),
    ("locations", {"mention": {"start": -5, "end": 6}}, "span-offsets"),
    ("casualties", {"low": 10**30, "high": 10**30}, "bounds"),
    ("casualties", {"low": -1}, "bounds"),
    ("casualties", {"low": 3, "high": 2}, "bounds"),
    ("casualties", {"low": None, "high": None}, "bounds"),
    ("accusations", {"content": {"start": 7, "end": 7}}, "span-offsets"),
    ("accusations", {"source": {"start": 9, "end": 3}}, "span-offsets"),
    ("denials", {"cue": None, "content": None}, "denial-span"),
    ("denials", {"id": "a1"}, "record-id"),
]


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
@pytest.mark.parametrize(("layer", "change", "rule"), ABSURD)
def test_legal_json_that_is_absurd_is_an_error_with_record_and_field(
    two_files: Callable[..., tuple[Path, Path]],
    task: Task,
    layer: str,
    change: dict[str, Any],
    rule: str,
) -> None:
    """A million characters, a count of 10^30, latitude 200: never a crash, never a zero."""
    record = json.loads(jsonl.encode(document()))
    record[layer][0] |= change
    gold, predicted = two_files([jsonl.encode(document())], [json.dumps(record)])
    with pytest.raises(DataError) as caught:
        score_files(task, gold, predicted)
    assert f"p.jsonl:1: case-1/{record[layer][0]['id']}" in str(caught.value)
    assert f" {rule}: " in str(caught.value)
