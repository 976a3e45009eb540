"""JSON lines read fast, many at a time, by the same rules as `jsonl` reads them.

Lines are parsed straight into typed records, some hundreds at once, and never all held.
What the fast parser would let pass is found by counting: a key that stands twice makes a
line have one key more than its record has fields. Every line that looks suspicious is
read again by `jsonl`, which says what is wrong with it.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType
from numpy.typing import NDArray

from counterclaim import jsonl

CHUNK = 2**20
_CACHED = 2**16  # bytes that stay in the cache of the processor
_NEWLINE, _QUOTE, _COLON = b'\n":'


class Batch(NamedTuple):
    """Some consecutive records of a file.

    Attributes:
        records: The records, one a line.
        first: Number of the first line.
        offsets: Gives where each line begins in the file, and where the last one ends; to
            be called before the next batch is read.
    """

    records: list[Any]
    first: int
    offsets: Callable[[], list[int]]


class Lines:
    """A file of records of one type.

    Use it as a context manager. What cannot be read from the middle, such as a pipe, is
    copied to a temporary file first.
    """

    def __init__(
        self, path: Path | str, *kinds: type[Struct], checked: bool = True, chunk: int | None = None
    ):
        """Open a file.

        Args:
            path: JSON lines.
            kinds: Types of the records; the first that a batch fits is used.
            checked: Whether to look for keys that stand twice.
            chunk: Bytes that are read at a time; by default `CHUNK`.

        Raises:
            DataError: It cannot be read.
        """
        self.path = path
        self._kind = kinds[-1]
        self._decoders = [msgspec.json.Decoder(kind) for kind in kinds]
        self._checked = checked
        self._chunk = chunk or CHUNK
        self._file = _open(path)

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def batches(self) -> Iterator[Batch]:
        """Yield all records from the beginning of the file, in order.

        Raises:
            LineError: The first line of a batch that is no such record.
        """
        self._file.seek(0)
        buffer, have, first, position = bytearray(self._chunk), 0, 1, 0
        while True:
            if have == len(buffer):
                buffer.extend(bytes(len(buffer)))  # one line is longer than all that is held
            with memoryview(buffer) as view:
                read = self._file.readinto(view[have:])  # type: ignore[attr-defined]
            have += read
            cut = buffer.rfind(b"\n", 0, have) + 1 if read else have
            if cut:
                batch = self._parse(buffer, cut, first, position)
                yield batch
                first += len(batch.records)
                position += cut
                buffer[: have - cut] = buffer[cut:have]
                have -= cut
            if not read:
                break
        if first == 1:
            raise jsonl.LineError(self.path, 1, "empty-file", jsonl.EMPTY)

    def record_at(self, offsets: tuple[int, int], number: int) -> Any:
        """Read one record again, by the offsets and the number of its line."""
        start, end = offsets
        buffer = bytearray(os.pread(self._file.fileno(), end - start, start))
        return self._parse(buffer, len(buffer), number, start).records[0]

    def _parse(self, buffer: bytearray, size: int, first: int, position: int) -> Batch:
        characters = np.frombuffer(buffer, dtype=np.uint8, count=size)
        lines = int(np.count_nonzero(characters == _NEWLINE)) + (buffer[size - 1] != _NEWLINE)
        records = self._decoded(buffer, size)
        if records is None or len(records) != lines or buffer.find(b"\r", 0, size) >= 0:
            bounds = _line_bounds(characters)
            suspects: Sequence[int] = range(lines)
        elif self._checked and _colons(characters) != count_keys(records):
            bounds = _line_bounds(characters)
            suspects = _suspects(records, characters, bounds)
        else:
            suspects = ()
        if suspects:
            strict = dict(enumerate(records or []))
            for i in suspects:
                line = bytes(characters[bounds[i] : bounds[i + 1]])
                strict[i] = self._strict(line, first + i)
            records = [strict[i] for i in range(lines)]
        del characters  # or the buffer could not grow

        def offsets() -> list[int]:
            found = _line_bounds(np.frombuffer(buffer, dtype=np.uint8, count=size))
            return [position + bound for bound in found]

        return Batch(records or [], first, offsets)

    def _decoded(self, buffer: bytearray, size: int) -> list[Any] | None:
        with memoryview(buffer) as view:
            for decoder in self._decoders:
                try:
                    return decoder.decode_lines(view[:size])
                except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                    continue
        return None

    def _strict(self, line: bytes, number: int) -> Any:
        value = jsonl.parse_line(line, self.path, number)
        try:
            return msgspec.convert(value, self._kind)
        except msgspec.ValidationError as error:
            message = jsonl.explain(error)
            raise jsonl.LineError(self.path, number, "type", message) from None


def _open(path: Path | str) -> IO[bytes]:
    file = jsonl.open_bytes(path)
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    with file:
        copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by Lines
        shutil.copyfileobj(file, copy, CHUNK)
        return copy


def _line_bounds(characters: NDArray[np.uint8]) -> list[int]:
    """Where each line begins, and where the last one ends."""
    ends = np.flatnonzero(characters == _NEWLINE) + 1
    if not len(ends) or ends[-1] != len(characters):
        ends = np.append(ends, len(characters))
    return [0, *ends.tolist()]


def _suspects(records: list[Any], characters: NDArray[np.uint8], bounds: list[int]) -> list[int]:
    """Lines that do not have as many keys as their records have fields.

    Every key is followed by a colon, with at most white space between. A colon in a text
    may look alike and make a sound line suspect; the reverse cannot be.
    """
    parts = (characters[a:b] for a, b in pairwise(bounds))
    pairs = zip(map(_colons, parts), ([record] for record in records), strict=True)
    return [i for i, (found, record) in enumerate(pairs) if found != count_keys(record)]


def _colons(characters: NDArray[np.uint8]) -> int:
    """Colons behind a quotation mark or white space."""
    count = 0
    for first in range(0, len(characters), _CACHED):
        part = characters[max(0, first - 1) : first + _CACHED]
        count += int(np.count_nonzero((part[1:] == _COLON) & (part[:-1] <= _QUOTE)))
    return count


def count_keys(records: Sequence[Any]) -> int:
    """How many keys the JSON objects of these records have together, nested ones too.

    Args:
        records: Records of one type. A field that is UNSET was not there.
    """
    if not records:
        return 0
    constant, fields = _plan(records[0].__class__)
    total = constant * len(records)
    for get, optional, nested in fields:
        values = list(map(get, records))
        if optional:
            total += len(values) - sum(value is UNSET for value in values)
        if nested is None:
            continue
        present = list(filter(None, values))  # neither null nor absent nor empty
        if nested is Mapping:
            total += sum(map(len, chain.from_iterable(present)))
            continue
        several = bool(present) and not isinstance(present[0], Struct)
        nested_constant, nested_fields = _plan(nested)
        if nested_fields:
            total += count_keys(list(chain.from_iterable(present)) if several else present)
        else:
            total += nested_constant * (sum(map(len, present)) if several else len(present))
    return total


_Field = tuple[Callable[[Any], Any], bool, Any]


@cache
def _plan(kind: type) -> tuple[int, list[_Field]]:
    """Number of keys that every record of a type has, and fields that are to be looked at."""
    constant = 0
    fields: list[_Field] = []
    for name, hint in get_type_hints(kind).items():
        if name not in kind.__struct_fields__:  # type: ignore[attr-defined]
            continue
        parts = set(_parts(hint))
        optional = UnsetType in parts
        constant += not optional
        nested: Any = next(
            (p for p in parts if isinstance(p, type) and issubclass(p, Struct)), None
        )
        if nested is None and Mapping in parts:
            nested = Mapping
        if optional or nested is not None:
            fields.append((attrgetter(name), optional, nested))
    return constant, fields


def _parts(hint: Any) -> Iterator[Any]:
    yield get_origin(hint) or hint
    for argument in get_args(hint):
        yield from _parts(argument)
