"""JSON lines to records and back: the only module that knows the file format.

A file is UTF-8 without a byte-order mark, one JSON object a line, lines end in LF,
no line is blank and no key stands twice in one object. What differs is an error with
file and line; nothing is repaired silently.
"""

import json
import math
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from counterclaim.errors import DataError

T = TypeVar("T")
_PART = 2**20
EMPTY = "the file is empty; expected one record a line"
_UTF8_BOM = b"\xef\xbb\xbf"


class LineError(DataError):
    """A line that is no record; `rule` names the reason as `validate` does."""

    def __init__(self, path: Path | str, line: int, rule: str, message: str):
        super().__init__(f"{path}:{line}: {message}")
        self.line, self.rule, self.message = line, rule, message


def read_bytes(path: Path | str) -> bytes:
    """Read a whole file, with an error that says what to do when it cannot be read."""
    return b"".join(read_parts(path))


def read_parts(path: Path | str) -> Iterator[bytes]:
    """Read a file part by part, however large.

    Raises:
        DataError: It cannot be read; the message says what to do.
    """
    try:
        with open_bytes(path) as file:
            while part := file.read(_PART):
                yield part
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def open_bytes(path: Path | str) -> IO[bytes]:
    """Open a file to read its bytes.

    Raises:
        DataError: It cannot be opened; the message says what to do.
    """
    try:
        return open(path, "rb", buffering=0)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder; expected a JSON-lines file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def iter_objects(path: Path | str) -> Iterator[tuple[int, dict[str, Any] | LineError]]:
    """Yield each line as its number and its object, or the reason why it is none."""
    data = read_bytes(path)
    if not data:
        yield 1, LineError(path, 1, "empty-file", EMPTY)
        return
    for number, line in enumerate(BytesIO(data), start=1):
        try:
            yield number, parse_line(line, path, number)
        except LineError as error:
            yield number, error


def parse_line(line: bytes, path: Path | str, number: int) -> dict[str, Any]:
    """The object of one line, with its line end.

    Raises:
        LineError: It is none; the path and number say where.
    """
    try:
        return _parse_line(line)
    except _BadLineError as bad:
        raise LineError(path, number, bad.rule, bad.message) from None


def read_records(path: Path | str, kind: type[T]) -> list[tuple[int, T]]:
    """Read a file as records of one type, each with its line number.

    Raises:
        DataError: The first line that is not such a record.
    """
    records = []
    for number, value in iter_objects(path):
        if isinstance(value, LineError):
            raise value
        try:
            records.append((number, msgspec.convert(value, kind)))
        except msgspec.ValidationError as error:
            raise LineError(path, number, "type", explain(error)) from None
    return records


def explain(error: msgspec.ValidationError) -> str:
    """The message of a type error, with the place first: "$.accusations[0].act: …"."""
    message, _, place = str(error).partition(" - at ")
    return f"{place.strip('`')}: {message}" if place else message


def encode(record: Any) -> str:
    """One record as one line of JSON, without its line end."""
    return msgspec.json.encode(record).decode("utf-8")


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path whose content replaces the file once the block has succeeded.

    A link is followed, an existing file keeps its mode, and what is no ordinary file
    (`/dev/null`, a pipe) is written to. That the place can be written is known before the
    block runs.

    Raises:
        DataError: It cannot.
    """
    target = Path(os.path.realpath(path))
    try:
        if str(path).endswith("/") or target.is_dir():
            raise DataError(f"{path}: is a folder; expected a file to write")
        ordinary = is_ordinary(target)
        if ordinary:
            target.parent.mkdir(parents=True, exist_ok=True)
        folder = target.parent if ordinary else Path(tempfile.gettempdir())
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{target.name}.")
        os.close(handle)
        temporary = Path(name)
        try:
            temporary.chmod(_mode(target) if ordinary else 0o600)
            yield temporary
            if ordinary:
                temporary.replace(target)
            else:
                target.write_bytes(temporary.read_bytes())
        except _NotReplacedError:
            pass
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from None


def check_writable(path: Path | str) -> None:
    """Check that `replacing` will be able to write a file.

    Raises:
        DataError: It will not.
    """
    with replacing(path):
        raise _NotReplacedError


def is_ordinary(path: Path) -> bool:
    """Whether it is or can be a file that others may lie beside, unlike `/dev/stdout`."""
    return not path.exists() or path.is_file()


class _NotReplacedError(Exception):
    """Leaves `replacing` without a change."""


def _mode(path: Path) -> int:
    """The mode of a file, or that of a new one: a temporary file would be private."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def write_records(path: Path | str, records: Iterable[Any]) -> None:
    """Write records, one a line; the file appears whole or not at all."""
    import jsonlines  # late: it takes longer to import than most files to score

    with (
        replacing(path) as temporary,
        jsonlines.open(temporary, mode="w", dumps=encode) as writer,
    ):
        writer.write_all(records)


class _BadLineError(Exception):
    def __init__(self, rule: str, message: str):
        self.rule, self.message = rule, message


def _parse_line(line: bytes) -> dict[str, Any]:
    if line.startswith(_UTF8_BOM):
        raise _BadLineError(
            "byte-order-mark", "begins with a byte-order mark; save as UTF-8 without one"
        )
    if line.endswith((b"\r\n", b"\r")):
        raise _BadLineError("line-end", "ends in CRLF; expected LF (dos2unix converts the file)")
    if not line.strip():
        raise _BadLineError("blank-line", "the line is blank; expected one record a line")
    import jsonlines

    try:
        with jsonlines.Reader([line.rstrip(b"\n")], loads=_loads) as reader:
            return dict(reader.read(type=dict))
    except jsonlines.InvalidLineError as error:
        if isinstance(error.__cause__, UnicodeDecodeError):
            raise _BadLineError(
                "utf-8", f"not UTF-8 at byte {error.__cause__.start}; expected UTF-8"
            ) from None
        if isinstance(error.__cause__, _RepeatedKeyError):
            raise _BadLineError("repeated-key", str(error.__cause__)) from None
        raise _BadLineError("json", f"{_reason(error)}; expected one JSON object a line") from None


def _reason(error: Any) -> str:
    """Why a line is no object: what `jsonlines` found, or the parser below it."""
    cause = error.__cause__
    if isinstance(cause, json.JSONDecodeError):
        return f"not JSON: {cause.msg}, column {cause.colno}"
    return f"not JSON: {cause}" if cause else f"not an object but {error.line!r:.20}"


class _RepeatedKeyError(ValueError):
    pass


def _loads(line: str | bytes) -> Any:
    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise _RepeatedKeyError(f"key {twice[0]!r} stands twice in one object; expected once")
        return record

    def no_constants(name: str) -> Any:
        raise ValueError(f"{name} is no number of JSON")

    def finite(digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            raise ValueError(f"{digits:.20} is too large a number")
        return number

    try:
        value = json.loads(
            line, object_pairs_hook=no_repeats, parse_constant=no_constants, parse_float=finite
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if "\\ud" in str(line).lower():
        _refuse_lone_surrogates(json.dumps(value, ensure_ascii=False))
    return value


def _refuse_lone_surrogates(text: str) -> None:
    """A half of a surrogate pair is no character, and cannot be written as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"lone surrogate {text[error.start]!a}") from None
