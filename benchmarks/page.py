"""How long the report page of 500 documents and 10 systems works before it can be used.

    python benchmarks/page.py

Needs Playwright and a `chromium` on the path. The documents are those of desk, some of them twice;
each system gives their gold in `links`, `casualties` and `places` but for figures and places
that it misses. Printed are the size of the page and the time from the first script to the last, the
median of five loads.
"""

import shutil
import statistics
import tempfile
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from playwright.sync_api import sync_playwright

from counterclaim import read
from counterclaim.model import LAYERS, SPLITS, Document, Prediction
from counterclaim.pairing import Placed
from counterclaim.reports import page
from counterclaim.reports.runs import Held, Run
from counterclaim.tasks import TASKS

DOCUMENTS, SYSTEMS, LOADS = 500, 10, 5
# The time at which a script element of the page runs, put before and after its own script.
MARK = "<script>performance.mark('{}')</script>"


def main() -> None:
    """Make the page, load it, and print."""
    held = [document for split in SPLITS for document in read(split)]
    gold = [
        replace(document, doc_id=f"{document.doc_id}-{number}")
        for number, document in enumerate(islice(cycle(held), DOCUMENTS))
    ]
    runs = [
        Run(f"system {system}", TASKS[task], [missing(d, system + 2) for d in gold])
        for system in range(SYSTEMS)
        for task in ("links", "casualties", "places")
    ]
    documents = Held("benchmark", "custom", "custom", gold, gold, ())
    with tempfile.TemporaryDirectory() as folder:
        page.write(Path(folder), runs, [documents], resamples=10, seed=0)
        file = Path(folder) / "index.html"
        html = file.read_text(encoding="utf-8")
        head, script, rest = html.rpartition("<script>")
        file.write_text(
            head + MARK.format("first") + script + rest.replace(
                "</script>", "</script>" + MARK.format("last"), 1
            ),
            encoding="utf-8",
        )  # fmt: skip
        seconds = list(loads(file))
    print(f"{DOCUMENTS} documents, {SYSTEMS} systems, {len(runs)} runs: {len(html) / 1e6:.1f} MB")
    print(f"script: {statistics.median(seconds):.2f} s (median of {LOADS})")


def missing(document: Document, every: int) -> Placed:
    """The gold of a document without every so many of its figures and places."""
    layers: dict[str, Any] = {layer: getattr(document, layer) for layer in LAYERS}
    for layer in ("casualties", "locations"):
        layers[layer] = tuple(r for i, r in enumerate(layers[layer]) if i % every)
    return Placed("gold: ", Prediction(document.doc_id, **layers))


def loads(file: Path) -> list[float]:
    """Seconds of script of each load, in a new browser context."""
    seconds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(LOADS):
            opened = browser.new_page()
            opened.goto(file.as_uri())
            seconds.append(
                opened.evaluate("performance.measure('script', 'first', 'last').duration / 1000")
            )
            opened.close()
        browser.close()
    return seconds


if __name__ == "__main__":
    main()
