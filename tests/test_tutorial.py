"""Tutorial, README and pages: their commands run as they stand, in order."""

import re
import shlex
from pathlib import Path

import pytest
from msgspec.structs import replace

from counterclaim import jsonl, read
from counterclaim.cli import main
from counterclaim.model import LAYERS, Document
from counterclaim.texts import own_document

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
REPORT = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


def blocks(page: str) -> list[list[list[str]]]:
    """The commands of each block of a page, without the name of the program."""
    found = re.findall(r"^( *)```sh\n(.*?)^\1```$", page, re.DOTALL | re.MULTILINE)
    return [
        [shlex.split(line.partition(" # ")[0])[1:] for line in block.splitlines()]
        for _, block in found
    ]


def commands(page: str) -> list[list[str]]:
    return [command for block in blocks(page) for command in block]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has the baselines, as a clone has."""
    (tmp_path / "baselines").symlink_to(ROOT / "baselines")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_five_commands_lead_from_a_story_to_its_table(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (story,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (place / "story.txt").write_text(story, encoding="utf-8")
    for command in commands(PAGE.partition("## Add your conflict")[0]):
        assert main(command) == 0
        if command[0] == "contested":
            printed = capsys.readouterr().out
            shown = PAGE.partition("<!-- contested -->\n")[2].partition("<!-- /contested -->")[0]
            assert shown == printed
    assert "Six herders die" in (place / "page" / "index.html").read_text(encoding="utf-8")


def test_a_conflict_is_added_as_the_tutorial_says(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What people do in the tool in between is taken from gold of texts of this project."""
    gold = {d.doc_id: d for d in read("dev")[:3]}
    (place / "stories").mkdir()
    for document in gold.values():
        text = document.text or ""
        (place / "stories" / f"{document.doc_id}.txt").write_text(text, encoding="utf-8")
    for command in commands(PAGE.partition("## Add your conflict")[2]):
        if command[0] == "documents":
            command[1:2] = sorted(map(str, (place / "stories").iterdir()))
        assert main(command) == 0, command
        if command[:2] == ["export", "--format"] and "--bare" in command:
            blank = [d for _, d in jsonl.read_records("blank.jsonl", Document)]
            annotated = [_annotated(document, gold[document.doc_id]) for document in blank]
            jsonl.write_records("annotated.jsonl", annotated)
            export = ["export", "--format", "label-studio", "--input", "annotated.jsonl"]
            assert main([*export, "-o", "tool"]) == 0
            for name in ("a", "b", "adjudicated"):
                Path(f"{name}.json").write_bytes(Path("tool", "tasks.json").read_bytes())
    assert jsonl.read_bytes("gold.jsonl") == jsonl.read_bytes("annotated.jsonl")
    assert "macro_template_f1" in capsys.readouterr().out


def _annotated(blank: Document, gold: Document) -> Document:
    # The sentences of gold too, which were put right by hand where they had to be.
    layers = {name: getattr(gold, name) for name in LAYERS}
    return replace(blank, sentences=gold.sentences, **layers)


def test_the_commands_of_the_page_about_the_report_run(place: Path) -> None:
    """But for the first, which fits every baseline."""
    jsonl.write_records("own.jsonl", [own_document("own", "Chad blamed Sudan.")])
    jsonl.write_records("c.jsonl", read("test")[:2])
    own = ["--input", "own.jsonl"]
    for name, model, given in (
        ("a", "random_prior", []),
        ("b", "majority", []),
        ("d", "majority", own),
    ):
        run = ["run", f"baselines/{model}.py", "--task", "places", *given]
        assert main([*run, "-o", f"{name}.jsonl"]) == 0
    first, *others = commands(REPORT)
    assert first == ["report", "-o", "page/"]
    for command in others:
        assert main([*command, "--resamples", "10"]) == 0


@pytest.mark.parametrize("page", ["README.md", "docs/metrics.md"])
def test_what_a_page_does_with_predictions_runs(
    page: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each block begins with predictions of the test set, and keeps what it prints to a file."""
    text = (ROOT / page).read_text(encoding="utf-8")
    given = [block for block in blocks(text) if any("predictions.jsonl" in c for c in block)]
    # The first of the README begins with a model that is on the page, and has a test of its own.
    shown = [block for block in given if "mine.py" not in block[0]]
    assert len(shown) == {"README.md": 1, "docs/metrics.md": 3}[page]
    for block in shown:
        for name in ("own", "predictions", "a", "b"):
            jsonl.write_records(f"{name}.jsonl", read("test"))
            Path(f"{name}.run.json").unlink(missing_ok=True)
        for command in block:
            capsys.readouterr()
            output = command.index(">") if ">" in command else len(command)
            assert main(command[:output]) == 0, command
            for file in command[output + 1 :]:
                Path(file).write_text(capsys.readouterr().out, encoding="utf-8")
