"""A report as one page that works from disk: all numbers, documents, and a map.

The page is `page/page.html` with its style and script inside; its data stand in it as JSON, one
block for the documents and one for each run, which the script reads when it needs them.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from counterclaim import __version__, jsonl
from counterclaim.metrics.resampling import Estimate
from counterclaim.model import CORPORA
from counterclaim.reports import shown, text
from counterclaim.reports.boards import (
    FIELDS,
    Board,
    Contrast,
    Standing,
    boards,
    contrast_scores,
)
from counterclaim.reports.runs import Held, Run, answers, check_answers

PARTS = Path(__file__).parent / "page"


class Report(msgspec.Struct, frozen=True):
    """All numbers of a page.

    Attributes:
        version: Of this package.
        resamples: Bootstrap resamples of the intervals.
        seed: Their seed.
        boards: Leaderboards.
        contrasts: Contrast sets.
    """

    version: str
    resamples: int
    seed: int
    boards: list[Board]
    contrasts: list[Contrast]


def write(
    folder: Path, runs: Sequence[Run], held: Sequence[Held], *, resamples: int, seed: int
) -> Report:
    """Score runs and write `index.html` and `report.json`.

    Args:
        folder: Where; it is made if it is not there.
        runs: The runs, at least one.
        held: The documents that they are scored on.
        resamples: Bootstrap resamples.
        seed: Their seed.

    Raises:
        DataError: As `runs.check_answers` and `boards.boards`.
    """
    for run in runs:
        check_answers(run, held)
    report = Report(
        version=__version__,
        resamples=resamples,
        seed=seed,
        boards=boards(runs, held, resamples=resamples, seed=seed),
        contrasts=contrast_scores(runs, resamples=resamples, seed=seed),
    )
    folder.mkdir(parents=True, exist_ok=True)
    with jsonl.replacing(folder / "report.json") as temporary:
        numbers = msgspec.json.format(msgspec.json.encode(report), indent=1)
        temporary.write_bytes(numbers + b"\n")
    with jsonl.replacing(folder / "index.html") as temporary:
        temporary.write_text(render(report, runs, held), encoding="utf-8")
    return report


def render(report: Report, runs: Sequence[Run], held: Sequence[Held]) -> str:
    """The page of a report."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(PARTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"ratio": text.ratio, "estimate": text.estimate, "json": _json}
    scored = [part for part in held if any(answers(run, part) for run in runs)]
    documents = [
        shown.document(document)
        for part in scored
        for document in part.texts
        if document.text is not None
    ]
    return environment.get_template("page.html").render(
        report=report,
        fields=FIELDS,
        title_of=_title,
        overviews=list(_overviews(report.boards)),
        transfers=list(_transfers(report.boards)),
        curves=list(_curves(report.boards)),
        documents=documents,
        without_text=sum(len(part.gold) for part in scored) - len(documents),
        wire=any(document["corpus"] == "wire" for document in documents),
        runs=[
            {
                "name": run.name,
                "trained_on": run.trained_on,
                "task": run.task.name,
                "mentions": run.task.mentions,
                "layers": run.task.layers,
            }
            for run in runs
        ],
        answers=[shown.run_documents(run, held) for run in runs],
        world=json.loads((PARTS / "world.json").read_text(encoding="utf-8")),
        style=(PARTS / "page.css").read_text(encoding="utf-8"),
        script=(PARTS / "page.js").read_text(encoding="utf-8"),
    )


def _title(board: Board | Contrast) -> str:
    return f"{board.task}, given mentions" if board.mentions == "gold" else board.task


def _overviews(
    found: Sequence[Board],
) -> Iterator[tuple[str, list[Board], list[tuple[str, list[Standing | None]]]]]:
    """For each corpus its boards, and each system's standing on all of them."""
    for corpus in dict.fromkeys(board.corpus for board in found):
        own = [board for board in found if board.corpus == corpus]
        standings = [{s.system: s for s in board.standings} for board in own]
        names = dict.fromkeys(
            s.system
            for board in own
            for s in board.standings
            # A board has those trained on the other corpus too; own documents are of none.
            if corpus not in CORPORA or s.trained_on in ("", corpus, "all")
        )
        yield corpus, own, [(name, [each.get(name) for each in standings]) for name in names]


def _transfers(
    found: Sequence[Board],
) -> Iterator[tuple[str, list[str], list[tuple[str, dict[str, Estimate]]]]]:
    """For each task the columns "trained > tested", and systems trained in more than one way."""
    forms = dict.fromkeys(_title(board) for board in found)
    for form in forms:
        systems: dict[str, dict[str, Estimate]] = {}
        for board in found:
            for standing in board.standings:
                if _title(board) == form and board.corpus in CORPORA and standing.trained_on:
                    cell = f"{standing.trained_on} > {board.corpus}"
                    systems.setdefault(standing.name, {})[cell] = standing.headline
        rows = [
            (name, cells)
            for name, cells in systems.items()
            if len({cell.partition(" ")[0] for cell in cells}) > 1
        ]
        if rows:
            yield form, list(dict.fromkeys(cell for _, cells in rows for cell in cells)), rows


def _curves(found: Sequence[Board]) -> Iterator[tuple[Board, dict[str, list[Standing]]]]:
    """For each board the systems that were trained on several numbers of documents, in order."""
    for board in found:
        systems: dict[str, list[Standing]] = {}
        for standing in sorted(board.standings, key=lambda each: each.train_documents):
            if standing.train_documents:
                key = f"{standing.name} on {standing.trained_on}"
                systems.setdefault(key, []).append(standing)
        rising = {key: each for key, each in systems.items() if len(each) > 1}
        if rising:
            yield board, rising


def _json(value: Any) -> str:
    """JSON that may stand in a script element of HTML, whatever a text has in it."""
    from markupsafe import Markup

    encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        encoded = encoded.replace(character, f"\\u{ord(character):04x}")
    return Markup(encoded)
