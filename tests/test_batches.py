"""Fast reading gives what slow reading gives, and refuses what it refuses."""

import json
import os
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import CASES, documents

from counterclaim import jsonl
from counterclaim.batches import Lines, count_keys
from counterclaim.errors import DataError
from counterclaim.model import Document, Prediction
from counterclaim.tasks import TASKS

Write = Callable[[str, str | bytes], Path]
INVALID = sorted((CASES / "invalid").glob("*.jsonl"))


def slow(path: Path) -> list[Any] | str:
    try:
        return [record for _, record in jsonl.read_records(path, Document)]
    except DataError as error:
        return str(error)


def fast(path: Path, chunk: int = 2**20) -> list[Any] | str:
    try:
        with Lines(path, Document, chunk=chunk) as lines:
            return [record for batch in lines.batches() for record in batch.records]
    except DataError as error:
        return str(error)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
@pytest.mark.parametrize("chunk", [64, 2**20])
def test_every_broken_file_is_read_alike(path: Path, chunk: int) -> None:
    """The same records, or the same message with the same line, however much is read at once."""
    assert fast(path, chunk) == slow(path)


@pytest.mark.parametrize("chunk", [1, 100, 5000, 2**20])
def test_the_size_of_a_chunk_does_not_matter(chunk: int) -> None:
    path = CASES / "valid" / "documents.jsonl"
    assert fast(path, chunk) == slow(path) == documents()


def line(**changes: Any) -> str:
    record = json.loads(jsonl.encode(documents()[0]))
    return json.dumps({**record, **changes})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"date": ', '"date": "2024-01-01", "date": '),
        ('"start": ', '"start": 0, "start": '),
        ('"start": ', '"start" : 0, "start": '),
        ('"act": ', '"act": "other", "act" : '),
        ('"doc_id": ', '"doc_id": "x", "doc_id"\t:'),
        # A missing layer, whose key would even out the count of one that stands twice.
        ('"denials": ', '"casualties": [], "denials": '),
    ],
)
def test_a_key_that_stands_twice_is_found(write: Write, before: str, after: str) -> None:
    """The parser keeps the last one, silently; the count of keys gives it away."""
    text = line()
    assert before in text
    path = write("twice.jsonl", text + "\n" + text.replace(before, after, 1) + "\n")
    found = fast(path)
    assert isinstance(found, str)
    assert found.startswith(f"{path}:2: key ")
    assert found == slow(path)


@pytest.mark.parametrize(
    "said", ['He said "yes": no.', "Le bilan : 12 morts", 'a\\":b', "!: \u2028"]
)
def test_a_text_that_looks_like_keys_is_read(write: Write, said: str) -> None:
    path = write("text.jsonl", f"{line(text=said, title=said)}\n{line()}\n")
    assert fast(path) == slow(path)
    assert not isinstance(fast(path), str)


@given(st.text(max_size=30), st.sampled_from([None, ", ", " , ", ","]), st.integers(1, 400))
def test_any_text_is_read_alike(said: str, separator: str | None, chunk: int) -> None:
    """Also with other white space between keys, and with escapes."""
    record = json.loads(line(title=said))
    separators = (separator, " : ") if separator else None
    data = json.dumps(record, separators=separators, ensure_ascii=len(said) % 2 == 0)
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"counterclaim-{os.getpid()}.jsonl"
    try:
        path.write_bytes(data.encode("utf-8", "surrogatepass") + b"\n")
        assert fast(path, chunk) == slow(path)
    finally:
        path.unlink()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"{}\r\n",
        b'{"doc_id":',
        b'{\n"doc_id": "a"}\n',
        b"[1]\n",
        b"\xff\n",
        b'{"doc_id": "\\ud800"}\n',
        b"\xef\xbb\xbf{}\n",
        b'{"doc_id": NaN}\n',
        b'{"doc_id": 1e999}\n',
        b"[" * 100_000,
        b"null\n",
    ],
)
def test_what_is_no_record_is_refused_alike(write: Write, data: bytes) -> None:
    path = write("bad.jsonl", data)
    assert isinstance(fast(path), str)
    assert fast(path) == slow(path)


def test_a_file_without_a_last_line_end_is_read(write: Write) -> None:
    assert fast(write("open.jsonl", f"{line()}\n{line()}")) == [documents()[0]] * 2


def test_a_pipe_is_read(tmp_path: Path) -> None:
    """`counterclaim score <(...)` is ordinary use, and a pipe cannot be read twice."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = (CASES / "valid" / "documents.jsonl").read_bytes()
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert fast(pipe) == documents()
    writer.join()


def test_a_record_can_be_read_again(write: Write) -> None:
    """By its offsets, as predictions in another order than gold are."""
    path = write("many.jsonl", "".join(f"{line(title=str(i))}\n" for i in range(9)))
    with Lines(path, Document, chunk=3000) as lines:
        places = [
            (place, batch.first + i)
            for batch in lines.batches()
            for i, place in enumerate(pairwise(batch.offsets()))
        ]
        found = [lines.record_at(place, number) for place, number in places]
    assert [document.title for document in found] == [str(i) for i in range(9)]


@pytest.mark.parametrize("kind", [Prediction, *(task.prediction for task in TASKS.values())])
def test_keys_are_counted_as_json_counts_them(kind: type[Any]) -> None:
    """Against a walk through the parsed JSON, for every type of prediction."""

    def walk(value: Any) -> int:
        if isinstance(value, dict):
            return len(value) + sum(map(walk, value.values()))
        return sum(map(walk, value)) if isinstance(value, list) else 0

    lines = [
        jsonl.encode(documents()[0]),
        '{"doc_id":"a","accusations":[],"denials":[],"casualties":[],"locations":[]}',
    ]
    if kind is Prediction:
        lines.append(
            '{"doc_id":"b","sentence_labels":[["denial"],[]],'
            '"sentence_scores":[{"denial":0.5,"casualty":0.1},{}]}'
        )
    with_types = [msgspec.json.decode(each, type=kind) for each in lines]
    assert count_keys(with_types) == sum(walk(json.loads(each)) for each in lines)


def test_a_minimal_record_is_counted_by_what_it_has() -> None:
    """A field that a task does not read may be there or not."""
    kind = TASKS["places"].prediction
    full = {"mention": {"start": 0, "end": 4}, "country": None, "lat": None, "lon": None}
    some = [{**full, "role": "site"}, {**full, "role": "site", "name": "Basra"}]
    record = msgspec.convert({"doc_id": "a", "locations": some}, kind)
    assert count_keys([record]) == 2 + (5 + 2) + (6 + 2)
