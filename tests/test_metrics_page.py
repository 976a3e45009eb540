"""The page on metrics is true: its examples print what they show, and it leaves no score out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from records import documents

from counterclaim import TASKS
from counterclaim.counting import named
from counterclaim.metrics.agreement import agreement
from counterclaim.model import Prediction
from counterclaim.scoring import score

PAGE = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")
_BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```$(?:\s+^```text\n(?P<printed>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
_WORDS = set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", PAGE, flags=re.S | re.M)))


class Block(NamedTuple):
    """An example: the line of the page that it begins on, its code, what it should print."""

    line: int
    code: str
    printed: str | None


def blocks() -> Iterator[Block]:
    for match in _BLOCK.finditer(PAGE):
        yield Block(PAGE[: match.start()].count("\n") + 2, match["code"], match["printed"])


def test_every_example_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """A definition that its own example contradicts is worse than none.

    Examples share one namespace, as a reader would paste them one after the other. The code
    is moved to its line of the page, so that a traceback points there.
    """
    namespace: dict[str, Any] = {"__name__": "metrics_page"}
    for line, code, printed in blocks():
        exec(compile("\n" * (line - 1) + code, "docs/metrics.md", "exec"), namespace)
        assert capsys.readouterr().out == (printed or ""), f"docs/metrics.md:{line}"


def test_every_value_shown_belongs_to_an_example() -> None:
    """A fence that is written in another way would pass unread."""
    found = list(blocks())
    assert PAGE.count("```python\n") == len(found)
    assert PAGE.count("```text\n") == sum(block.printed is not None for block in found)
    assert len(found) > 10


@pytest.mark.parametrize("name", TASKS)
def test_every_score_of_a_task_is_on_the_page(name: str) -> None:
    """Whoever finds a row or a measure in a result can look up what it is."""
    task = TASKS[name]
    scores = task.scores(named(task, np.zeros(len(task.columns))))
    measures = {measure for row in scores.values() for measure in row}
    assert {*scores, *measures} <= _WORDS


def test_scores_of_rankings_and_headlines_are_on_the_page() -> None:
    """Rankings come from scored sentences, and from no counts."""
    gold = documents()[0]
    sizes = len(gold.sentences)
    scored = Prediction(gold.doc_id, [[]] * sizes, [{"denial": 0.5}] * sizes)
    rows = score(TASKS["sentences"], [gold], [scored], resamples=1).scores
    ranked = {"average_precision", "reading_effort"}
    assert ranked <= {measure for row in rows.values() for measure in row} & _WORDS
    for task in TASKS.values():
        row, measure = task.headline
        assert f"| `{task.name}` | `{row}` `{measure}` |" in PAGE


def test_every_measure_of_agreement_is_on_the_page() -> None:
    """Labels and fields are measured by one name each; alpha of labels is said to be nominal."""
    rows = agreement(documents(), documents(), resamples=1)
    assert {row.measure for row in rows} <= _WORDS


def test_links_within_the_page_lead_to_a_heading() -> None:
    headings = {
        heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
