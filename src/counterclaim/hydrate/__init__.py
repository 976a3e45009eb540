"""Rebuild the texts of the wire corpus from where they are published.

The project holds offsets, labels and hashes of these texts, not the texts. Hydrating
finds each document in a local folder or downloads its file at the pinned commit, checks
the hash, and writes the texts to the user's cache. It can be run again at any time: files
that were downloaded are not fetched twice, and the cache changes only as a whole.
"""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from counterclaim import corpus, jsonl
from counterclaim.corpus import HydratedText
from counterclaim.errors import DataError
from counterclaim.hydrate import readers
from counterclaim.hydrate.aligning import align
from counterclaim.hydrate.download import RAW_URL, TIMEOUT_SECONDS, download
from counterclaim.model import SPLITS, Document, Source, Span, annotated_spans, text_hash

__all__ = ["RAW_URL", "Fingerprint", "Hydration", "hydrate", "wire_documents"]

Status = Literal["found", "aligned", "different", "missing"]


class Fingerprint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hashes of every sentence and annotated span of a wire document."""

    doc_id: str
    spans: tuple[tuple[int, int, str], ...]


class Hydration(NamedTuple):
    """What became of one document; `detail` says why it is not simply found."""

    doc_id: str
    status: Status
    detail: str


def wire_documents() -> list[Document]:
    """The stand-off records of all splits."""
    return [d for split in SPLITS for d in corpus.records(split, corpus="wire")]


def hydrate(
    folders: Sequence[Path | str] = (),
    *,
    base_url: str = RAW_URL,
    timeout: float = TIMEOUT_SECONDS,
) -> list[Hydration]:
    """Find the text of every wire document and write the cache.

    Args:
        folders: Where the files lie: clones, or folders of clones named NAME,
            OWNER/NAME or OWNER+NAME. If none is given, files are downloaded.
        base_url: A server laid out as raw.githubusercontent.com.
        timeout: Seconds after which a silent server is given up.

    Returns:
        One outcome for each document, by doc_id. Documents found on an earlier run and
        not now keep their text, and count as found.

    Raises:
        DataError: A folder does not exist, or the cache cannot be written.
    """
    roots = [Path(folder) for folder in folders]
    for root in roots:
        if not root.is_dir():
            raise DataError(f"{root}: no such folder; expected one that holds the sources")
    documents = wire_documents()
    hashes = _fingerprints()
    files = _Files(roots, None if roots else (base_url, timeout))
    kept = _kept_texts()
    texts: dict[str, HydratedText] = {}
    outcomes = []
    for document in sorted(documents, key=lambda d: d.doc_id):
        held, outcome = _hydrate_one(document, hashes, files)
        if outcome.status != "found":
            files.doubt(document.source)
            earlier = kept.get(document.doc_id)
            sound = earlier is not None and corpus.attach_text(document, earlier).text is not None
            if earlier is not None and sound and (held is None or not earlier.moves):
                held, outcome = earlier, Hydration(document.doc_id, "found", "in the cache")
        if held is not None:
            texts[held.doc_id] = held
        outcomes.append(outcome)
    if texts:
        jsonl.write_records(corpus.hydrated_path(), [texts[key] for key in sorted(texts)])
    files.forget_doubtful()
    return outcomes


def _hydrate_one(
    document: Document, hashes: dict[str, dict[Span, str]], files: "_Files"
) -> tuple[HydratedText | None, Hydration]:
    """The text of one document: the recorded one if any file has it, else one that aligns."""
    doc_id, source = document.doc_id, document.source
    others: list[tuple[str, readers.RawText]] = []
    candidates, reasons = files.candidates(source)
    for file in candidates:
        try:
            raw = readers.read(source.repository, jsonl.read_bytes(file)).get(source.key)
        except DataError as error:
            reasons.append(f"{file}: {str(error).removeprefix(f'{file}: ')}")
            continue
        if raw is None:
            reasons.append(f"{file}: no document {source.key}")
        elif text_hash(raw.text) == document.sha256:
            return HydratedText(doc_id, raw.title, raw.text), Hydration(doc_id, "found", str(file))
        elif source.repository is not None or file.name == source.path:
            others.append((str(file), raw))
    differing = []
    for where, raw in others:
        moves = align(hashes[doc_id], document.sentences, annotated_spans(document), raw.text)
        if not isinstance(moves, str):
            flat = tuple(sorted((a.start, a.end, b.start, b.end) for a, b in moves.items()))
            held = HydratedText(doc_id, raw.title, raw.text, flat)
            return held, Hydration(doc_id, "aligned", where)
        differing.append(f"{where}: {moves}")
    status: Status = "different" if differing else "missing"
    reasons = differing or reasons or [f"none of {len(candidates)} text files has its hash"]
    return None, Hydration(doc_id, status, "; ".join(reasons))


class _Files:
    """Source files from local folders, or downloaded into the cache once."""

    def __init__(self, roots: Sequence[Path], server: tuple[str, float] | None):
        self.roots, self.server = roots, server
        self.failed: dict[Path, str] = {}
        self.downloaded: set[Path] = set()
        self.doubtful: set[Path] = set()

    def candidates(self, source: Source) -> tuple[list[Path], list[str]]:
        """The files that may hold a source's text, or the reasons why there is none."""
        path = source.path or ""
        if source.repository is not None and self.server is not None:
            return self._downloaded(source.repository, path, *self.server)
        if self.server is not None:
            return [], [f"{path} is not published for download; give its folder with --from"]
        if source.repository is None:
            # A single text may have been saved under any name; its hash tells.
            names = [root / path for root in self.roots]
            names += [file for root in self.roots for file in sorted(root.glob("*.txt"))]
        else:
            owner, name = source.repository.split("/")
            folders = (f"{owner}+{name}", f"{owner}/{name}", name, "")
            names = [root / folder / path for root in self.roots for folder in folders]
        files = list(dict.fromkeys(file for file in names if file.is_file()))
        reason = f"no file {path} under {', '.join(map(str, self.roots))}"
        return files, [] if files else [reason]

    def _downloaded(
        self, repository: str, path: str, base_url: str, timeout: float
    ) -> tuple[list[Path], list[str]]:
        commit = _commits()[repository]
        target = corpus.cache_dir() / "sources" / repository.replace("/", "+") / commit / path
        if not target.exists() and target not in self.failed:
            try:
                download(repository, commit, path, target, base_url=base_url, timeout=timeout)
            except DataError as error:
                self.failed[target] = str(error)
        if reason := self.failed.get(target):
            return [], [reason]
        self.downloaded.add(target)
        return [target], []

    def doubt(self, source: Source) -> None:
        """Remember that a download did not have what it should: it may be cut short."""
        self.doubtful |= self.downloaded & set(self.candidates(source)[0])

    def forget_doubtful(self) -> None:
        """Delete such downloads, so that a later run asks for them again."""
        for file in self.doubtful:
            file.unlink(missing_ok=True)


def _commits() -> dict[str, str]:
    path = corpus.data_dir() / "wire" / "sources.json"
    return {row["repository"]: row["commit"] for row in json.loads(jsonl.read_bytes(path))}


def _fingerprints() -> dict[str, dict[Span, str]]:
    path = corpus.data_dir() / "wire" / "fingerprints.jsonl"
    return {
        record.doc_id: {Span(start, end): digest for start, end, digest in record.spans}
        for _, record in jsonl.read_records(path, Fingerprint)
    }


def _kept_texts() -> dict[str, HydratedText]:
    """The texts of an earlier run; lines that are damaged are left out, to be made anew."""
    path = corpus.hydrated_path()
    if not path.exists() or not path.stat().st_size:
        return {}
    kept = {}
    for _, value in jsonl.iter_objects(path):
        with contextlib.suppress(msgspec.ValidationError):
            held = msgspec.convert(value, HydratedText)
            kept[held.doc_id] = held
    return kept
