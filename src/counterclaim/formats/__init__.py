"""Files of annotation tools: documents out to them, and annotated documents back."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from counterclaim.errors import DataError
from counterclaim.model import Document, blind

FORMATS = {
    "label-studio": "label_studio",
    "brat": "brat",
    "conll": "conll",
    "cas": "cas",
}


def write(
    name: str,
    documents: Sequence[Document],
    folder: Path,
    *,
    bare: bool = False,
    system: str | None = None,
) -> list[str]:
    """Write documents in a format.

    Args:
        name: One of `FORMATS`.
        documents: With text.
        folder: Where the files go.
        bare: Without their records, for annotators to begin with.
        system: Whose predictions the records are, for a format that tells them from
            annotations.

    Returns:
        What is lost, a line each; empty if `read` gives the same records again.

    Raises:
        DataError: A document has no text, or the folder cannot be written.
    """
    for document in documents:
        if document.text is None:
            raise DataError(f"{document.doc_id}: has no text; expected a hydrated document")
    shown = [blind(document) for document in documents] if bare else documents
    # Label Studio alone tells texts that are annotated, and by whom, from others.
    more = {"bare": bare, "system": system} if name == "label-studio" else {}
    lost: list[str] = _module(name).write(shown, folder, **more)
    return lost


def read(name: str, path: Path, documents: Mapping[str, Document]) -> list[Any]:
    """Read what annotators have made of documents in a format.

    Args:
        name: One of `FORMATS`.
        path: What the tool has written: a folder, or a file.
        documents: By doc_id, with text; their own records are left aside.

    Returns:
        Documents; of CoNLL, predictions for the task `spans`.

    Raises:
        DataError: The annotation fits no document or makes no record; the message says where.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    found: list[Any] = _module(name).read(path, documents)
    return found


def _module(name: str) -> Any:
    return import_module(f"counterclaim.formats.{FORMATS[name]}")
