"""The border to the file format: what is refused, and that nothing half-written stays."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import document

from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.model import Document, Prediction

Write = Callable[[str, str | bytes], Path]
GOOD = '{"doc_id": "a"}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD + "{\n", "2: not JSON: Expecting property name enclosed in double quotes, column 2"),
        (GOOD + "[]\n", "2: not an object but"),
        (GOOD + "null\n", "2: not an object but"),
        (
            '{"doc_id": "a", "sentence_scores": [{"denial": NaN}]}\n',
            "1: not JSON: NaN is no number of JSON",
        ),
        ("\ufeff" + GOOD, "1: begins with a byte-order mark; save as UTF-8 without one"),
        (GOOD[:-1] + "\r\n", "1: ends in CRLF; expected LF"),
        (b'{"doc_id": "\xff"}\n', "1: not UTF-8 at byte 12; expected UTF-8"),
        (GOOD + "\n" + GOOD, "2: the line is blank; expected one record a line"),
        ('{"doc_id": "a", "doc_id": "b"}\n', "1: key 'doc_id' stands twice in one object"),
        ('{"doc_id": "a", "certainty": 1}\n', "1: Object contains unknown field `certainty`"),
        ('{"doc_id": 1}\n', "1: $.doc_id: Expected `str`, got `int`"),
        ("", "1: the file is empty; expected one record a line"),
        ('{"doc_id": "\\ud800"}\n', "1: not JSON: lone surrogate '\\ud800'"),
        ("[" * 100_000 + "\n", "1: not JSON: nested too deeply"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value)[:30],
)
def test_a_bad_line_is_an_error_with_file_and_line(
    write: Write, content: str | bytes, message: str
) -> None:
    """Nothing is skipped or repaired: the author of the file hears where and what."""
    path = write("bad.jsonl", content)
    with pytest.raises(DataError) as caught:
        jsonl.read_records(path, Prediction)

    assert str(caught.value).startswith(f"{path}:{message}")


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.jsonl: no such file"):
        jsonl.read_records(tmp_path / "none.jsonl", Prediction)
    with pytest.raises(DataError, match="is a folder; expected a JSON-lines file"):
        jsonl.read_records(tmp_path, Prediction)


def test_line_separators_inside_a_string_do_not_split_a_record(write: Write) -> None:
    """U+2028 is a line break for `str.splitlines`, and none for JSON lines."""
    path = write("one.jsonl", '{"doc_id": "a\u2028b\u0085c"}\n')
    assert [r.doc_id for _, r in jsonl.read_records(path, Prediction)] == ["a\u2028b\u0085c"]


def test_a_last_line_without_line_end_is_read(write: Write) -> None:
    assert len(jsonl.read_records(write("one.jsonl", GOOD + '{"doc_id": "b"}'), Prediction)) == 2


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=4))
def test_reading_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("round") / "documents.jsonl"
    written = [document(text=text) for text in texts]
    jsonl.write_records(path, written)
    if written:
        assert [record for _, record in jsonl.read_records(path, Document)] == written


def test_a_failed_write_leaves_the_old_file_and_no_other(write: Write) -> None:
    """A run that breaks in the middle must not cost the predictions of the last one."""
    path = write("out.jsonl", "old")

    def records() -> object:
        yield Prediction("a")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jsonl.write_records(path, records())  # type: ignore[arg-type]

    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_link_is_followed_and_the_mode_of_a_file_is_kept(write: Write) -> None:
    path = write("out.jsonl", "old")
    path.chmod(0o640)
    link = path.with_name("link.jsonl")
    link.symlink_to(path)
    jsonl.write_records(link, [Prediction("a")])

    assert path.read_text() == GOOD.replace(": ", ":")
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()


def test_what_is_no_ordinary_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    """`-o /dev/null` is an idiom; to replace the device would break the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    jsonl.write_records(pipe, [Prediction("a")])
    written = os.read(reader, 100)
    os.close(reader)

    assert written.decode() == GOOD.replace(": ", ":")
    assert pipe.is_fifo()
    jsonl.write_records("/dev/null", [Prediction("a")])
    assert Path("/dev/null").is_char_device()


def test_a_path_that_ends_in_a_slash_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder; expected a file to write"):
        jsonl.write_records(f"{tmp_path}/new/", [])


def test_writing_into_what_is_no_folder_is_an_error(write: Write) -> None:
    path = write("file", "")
    with pytest.raises(DataError, match="cannot be written"):
        jsonl.write_records(path / "out.jsonl", [])


def test_a_prediction_is_written_without_the_fields_it_does_not_use() -> None:
    assert jsonl.encode(Prediction("a", sentence_labels=(("denial",),))) == (
        '{"doc_id":"a","sentence_labels":[["denial"]]}'
    )
    assert msgspec.json.decode(jsonl.encode(document()), type=Document) == document()
