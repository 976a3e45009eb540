"""The data as a repository of the Hugging Face Hub, laid out in a folder.

A layout holds every file that the manifest names, each with the hash that it has there, so
that nothing else lying in a data folder can get out, and texts that have been hydrated,
which lie elsewhere, cannot either. Beside each JSON-lines file of a data set is a Parquet
file of the same rows; it is derived and binary, so it is made here and not committed.

The head of the card is that of the checkout and names the JSON-lines files: what is tested
there is what `load_dataset` reads on the Hub, a corrected label is one changed line in the
repository's history, and the declared features keep dates right. Parquet is for readers
that know no such declaration (pandas, DuckDB, Spark): its schema is in the file.
"""

import hashlib
import importlib.metadata
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from counterclaim import corpus, hub, jsonl
from counterclaim.errors import DataError

CARD, MANIFEST, LICENCE = "README.md", "manifest.json", "LICENSES/CC-BY-4.0.txt"
# From the root of a checkout: what a reader of the data needs beside them.
BESIDE = (LICENCE, "CITATION.cff", "annotation_guidelines/*.md")
_LINK = re.compile(r"\[([^]]+)\]\(\.\./([^)#]+)(#[^)]*)?\)")


class Layout(NamedTuple):
    """What has been laid out.

    `sizes` has the bytes of each file by its path, in order of paths; `left_out` names what
    a reader would need too and this installation does not have.
    """

    sizes: dict[str, int]
    left_out: list[str]


class _Words(msgspec.Struct):
    """What a record of wire must not have."""

    text: str | None = None
    title: str | None = None


def lay_out(folder: Path | str) -> Layout:
    """Write the repository to a folder, which appears whole or not at all.

    Args:
        folder: A new or empty one, or an earlier layout, which is replaced.

    Raises:
        DataError: The folder holds something else or cannot be written, or the data are
            not those of the manifest.
    """
    data = corpus.data_dir()
    named: dict[str, str] = corpus.manifest()["sha256"]
    with _replacing(Path(folder)) as new:
        for path, digest in named.items():
            _write(new / path, _content(data, path, digest))
        for name, files in hub.FILES.items():
            for path in files.values():
                write_parquet(new / path, _parquet(new / path), name)
        _write(new / MANIFEST, jsonl.read_bytes(data / MANIFEST))
        left_out = _add_beside(data.parent, new)
        card = jsonl.read_bytes(data / CARD).decode("utf-8")
        _write(new / CARD, _LINK.sub(lambda link: _inside(link, new), card).encode("utf-8"))
        sizes = {path: (new / path).stat().st_size for path in _files(new)}
    return Layout(sizes, left_out)


def write_parquet(source: Path, target: Path, name: str) -> None:
    """Write the rows of a JSON-lines file as Parquet, in the columns that are declared.

    Args:
        source: The JSON lines.
        target: The Parquet file, compressed with Zstandard.
        name: The data set, one of `hub.NAMES`.

    Raises:
        DataError: A row has other fields, or values of another type.
    """
    import pyarrow as pa
    import pyarrow.json
    import pyarrow.parquet as pq

    # Without what `datasets` would note in it, which its older versions do not understand.
    schema = hub.features(name).arrow_schema.remove_metadata()
    # Dates of JSON are strings; read as dates at once they would have to be numbers.
    read_as = pa.schema(
        [
            field.with_type(pa.string()) if pa.types.is_date(field.type) else field
            for field in schema
        ]
    )
    content = jsonl.read_bytes(source)
    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(content),
            read_options=pyarrow.json.ReadOptions(block_size=len(content)),
            parse_options=pyarrow.json.ParseOptions(
                explicit_schema=read_as, unexpected_field_behavior="error"
            ),
        ).cast(schema)
    except pa.ArrowException as error:
        raise DataError(f"{source}: {error}; expected the fields of {name!r}") from None
    pq.write_table(table, target, compression="zstd")


def _parquet(path: Path) -> Path:
    return path.with_suffix(".parquet")


def _content(data: Path, path: str, digest: str) -> bytes:
    """A data file, if it is the one of the manifest and holds no text of a wire source."""
    content = jsonl.read_bytes(data / path)
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise DataError(
            f"{data / path}: its SHA-256 is {found:.12}…; expected {digest:.12}… as in "
            f"{MANIFEST}, which make data writes anew"
        )
    if path.endswith(".jsonl") and "wire" in path.split("/"):
        for number, line in enumerate(content.splitlines(), start=1):
            words = msgspec.json.decode(line, type=_Words)
            if words.text is not None or words.title is not None:
                raise DataError(f"{data / path}:{number}: has text or title; expected null in wire")
    return content


def _add_beside(root: Path, new: Path) -> list[str]:
    """Copy what is beside the data in a checkout; returns what is not there."""
    left_out = []
    for pattern in BESIDE:
        found = sorted(root.glob(pattern))
        for path in found:
            _write(new / path.relative_to(root), jsonl.read_bytes(path))
        if not found and pattern == LICENCE and (text := _installed_licence()):
            _write(new / LICENCE, text.encode("utf-8"))
        elif not found:
            left_out.append(pattern)
    return left_out


def _installed_licence() -> str | None:
    """The licence of the data in the metadata of a wheel."""
    try:
        return importlib.metadata.distribution("counterclaim").read_text(f"licenses/{LICENCE}")
    except importlib.metadata.PackageNotFoundError:
        return None


def _inside(link: re.Match[str], new: Path) -> str:
    """A link of the card to a file of the checkout: to the copy, or its words alone."""
    words, path, place = link[1], link[2], link[3] or ""
    return f"[{words}]({path}{place})" if (new / path).exists() else words


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Give a new folder that takes the place of another once the block has succeeded."""
    target = Path(os.path.realpath(folder))
    try:
        _check_replaceable(folder, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
            # Made inside, as the temporary folder itself is closed to others.
            new, old = Path(name) / "new", Path(name) / "old"
            new.mkdir()
            yield new
            if target.exists():
                target.rename(old)
            try:
                new.rename(target)
            except OSError:
                if old.exists():
                    old.rename(target)
                raise
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror})") from None


def _check_replaceable(folder: Path, target: Path) -> None:
    """Only what is empty or was laid out here may be replaced, file by file known."""
    if not target.exists():
        return
    if not target.is_dir():
        raise DataError(f"{folder}: is a file; expected a folder to write")
    if Path.cwd().is_relative_to(target):
        raise DataError(f"{folder}: is the current folder; expected another, as it is replaced")
    present = _files(target)
    foreign = sorted(set(present) - _known(target))
    if foreign or (present and not any(path.endswith(".parquet") for path in present)):
        raise DataError(
            f"{folder}: holds {(foreign or present)[0]}; expected a new or empty folder, or an "
            "earlier layout and nothing else"
        )


def _known(folder: Path) -> set[str]:
    """The paths of a layout's files, if its manifest is one."""
    try:
        manifest: dict[str, Any] = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=dict)
        named = set(map(str, manifest["sha256"]))
    except (OSError, msgspec.MsgspecError, KeyError, TypeError):
        return set()
    rows = {_parquet(Path(path)).as_posix() for path in named if path.endswith(".jsonl")}
    beside = {p.relative_to(folder).as_posix() for pattern in BESIDE for p in folder.glob(pattern)}
    return {CARD, MANIFEST} | named | rows | beside
