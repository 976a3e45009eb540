"""A small wire corpus of invented texts, published as the four public sources are."""

import csv
import hashlib
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import msgspec
from records import documents

from counterclaim import jsonl
from counterclaim.hydrate import Fingerprint
from counterclaim.hydrate.aligning import span_hash
from counterclaim.model import Document, Source, Span, annotated_spans

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FIRST, SECOND = documents()
PLACES = {
    "muc": ("xinyadu/doc_event_role", "data/raw_muc/doc_dev.jsons.txt", "TST1-MUC3-0001"),
    "fakes": ("golobluka/Fake-news-generation-from-FA-KES-dataset", "FA-KES-Dataset.csv", "19"),
    "wikinews": ("vanatteveldt/wikinews", "data/wikinews_2019.csv", "https://example.org/a"),
    "re3d": ("dstl/re3d", "BBC Online/documents.json", "AF01"),
    "single": (None, "story.txt", None),
}
ASCII = str.maketrans({"“": '"', "”": '"'})


def text_of(name: str, original: Document = FIRST) -> str:
    """The text of each document differs, so that none can be found in another's place."""
    return (original.text or "").translate(ASCII).replace("Lokichar", f"Lok{name}")


def record(name: str) -> Document:
    """The stand-off record of a document, its layers those of the valid case."""
    repository, path, key = PLACES[name]
    text = text_of(name)
    shift = len(f"Lok{name}") - len("Lokichar")
    split = FIRST.sentences[0].end - 1  # the full stop behind the place name

    def moved(span: Span | None) -> Span | None:
        if span is None:
            return None
        start = span.start + shift * (span.start >= split)
        return Span(start, span.end + shift * (span.end >= split))

    def move(records: tuple[msgspec.Struct, ...], *fields: str) -> tuple[msgspec.Struct, ...]:
        return tuple(
            msgspec.structs.replace(r, **{f: moved(getattr(r, f)) for f in fields}) for r in records
        )

    return msgspec.structs.replace(
        FIRST,
        doc_id=f"wire-{name}",
        event=name,
        text=None,
        corpus="wire",
        source=Source(repository, path, key, None, "CC-BY-4.0"),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        sentences=tuple(moved(s) for s in FIRST.sentences),
        accusations=move(FIRST.accusations, "cue", "content", "source", "target"),
        denials=move(FIRST.denials, "cue", "content", "source"),
        casualties=move(FIRST.casualties, "mention", "source"),
        locations=move(FIRST.locations, "mention"),
    )


def data_folder(folder: Path) -> Path:
    """Write the wire part of a data folder: records, fingerprints, sources."""
    (folder / "wire").mkdir(parents=True)
    records = [record(name) for name in PLACES]
    prints = []
    for name, document in zip(PLACES, records, strict=True):
        text = text_of(name)
        spans = sorted({*document.sentences, *annotated_spans(document)})
        rows = tuple((s.start, s.end, span_hash(text[s.start : s.end])) for s in spans)
        prints.append(Fingerprint(document.doc_id, rows))
    jsonl.write_records(folder / "wire" / "train.jsonl", records[:3])
    jsonl.write_records(folder / "wire" / "dev.jsonl", records[3:4])
    jsonl.write_records(folder / "wire" / "test.jsonl", records[4:])
    jsonl.write_records(folder / "wire" / "fingerprints.jsonl", prints)
    sources = [{"repository": r, "commit": COMMIT} for r, _, _ in PLACES.values() if r]
    (folder / "wire" / "sources.json").write_text(json.dumps(sources))
    return folder


def published(texts: dict[str, str] | None = None) -> dict[str, bytes]:
    """The files of all sources, by OWNER/NAME/path; the single text by its name alone."""
    texts = {name: text_of(name) for name in PLACES} | (texts or {})
    muc = json.dumps({"docid": PLACES["muc"][2], "tags": ["text"], "text": texts["muc"]}) + "\n"
    re3d = json.dumps({"_id": PLACES["re3d"][2], "title": "T", "text": texts["re3d"]}) + "\n"
    fakes = _csv(["unit_id", "article_title", "article_content"], ["19", "T", texts["fakes"]])
    wikinews = _csv(
        ["url", "date", "title", "text"],
        [PLACES["wikinews"][2] or "", "2019-01-01", "T", texts["wikinews"]],
    )
    contents = {"muc": muc, "fakes": fakes, "wikinews": wikinews, "re3d": re3d}
    contents["single"] = texts["single"]
    return {
        "/".join(filter(None, PLACES[name][:2])): content.encode()
        for name, content in contents.items()
    }


def _csv(*rows: list[str]) -> str:
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()


def clone(folder: Path, files: dict[str, bytes], form: str = "{owner}+{name}") -> Path:
    """Lay the files out in folders named OWNER+NAME, OWNER/NAME or NAME."""
    for where, content in files.items():
        owner, _, rest = where.partition("/")
        name, _, path = rest.partition("/")
        target = folder / form.format(owner=owner, name=name) / path if path else folder / where
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


@contextmanager
def server(
    files: dict[str, bytes], faults: dict[str, str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Serve files as raw.githubusercontent.com does; yields its URL and the paths asked for.

    Faults, by OWNER/NAME: "truncate" breaks off in the middle, "stall" falls silent, "404"
    and "500" answer so.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            owner, name, commit, path = unquote(self.path).lstrip("/").split("/", 3)
            asked.append(f"{owner}/{name}/{path}")
            fault = (faults or {}).get(f"{owner}/{name}")
            content = files.get(f"{owner}/{name}/{path}")
            if fault in ("404", "500") or content is None or commit != COMMIT:
                self.send_error(int(fault or 404))
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if fault else content)
            self.wfile.flush()
            if fault == "stall":
                time.sleep(3)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", asked
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
