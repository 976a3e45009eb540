"""The README is true: its commands and snippets run, its tables are what commands print."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import variety
from guidelines import Example

from counterclaim import __version__, corpus
from counterclaim.cli import inputs, main
from counterclaim.model import LAYERS
from counterclaim.validate import validate_document

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CARD = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
SHELL = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def between(text: str, name: str) -> str:
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]


def test_the_example_of_the_readme_is_a_record_that_keeps_all_rules() -> None:
    """What a reader sees first must not teach the opposite of the guidelines."""
    (quoted,) = re.findall(r"^> (.+)$", README, re.MULTILINE)
    (block,) = re.findall(r"^```json\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    sentences = [f"{sentence}." for sentence in quoted.rstrip(".").split(". ")]
    example = Example("README.md", "readme", sentences, json.loads(block))
    assert list(validate_document(example.document())) == []
    assert set(example.draft) == set(LAYERS)


def test_the_loading_snippet_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PYTHON[0]], capture_output=True, text=True, check=True
    )
    assert " denies: ['" in done.stdout


def test_the_model_of_the_readme_runs_and_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten lines that a newcomer copies have to work as they stand."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(PYTHON[1], encoding="utf-8")
    (commands,) = (block for block in SHELL if "mine.py" in block)
    for command in commands.splitlines():
        assert main(command.split()[1:]) == 0
    assert "macro_f1" in capsys.readouterr().out
    assert len([line for line in PYTHON[1].splitlines() if line]) <= 10


def test_the_card_shows_how_to_have_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"^```sh\ncounterclaim (.*)\n```$", CARD, re.MULTILINE)
    (snippet,) = re.findall(r"^```python\n(.*?)^```$", CARD, re.DOTALL | re.MULTILINE)
    assert main(command.split()) == 0
    capsys.readouterr()
    done = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, check=True
    )
    assert "2025-03-14" in done.stdout


def test_every_command_of_the_readme_exists() -> None:
    shown = set(re.findall(r"^(?:counterclaim|make) ([a-z]+)", "\n".join(SHELL), re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    commands = subprocess.run(
        [sys.executable, "-m", "counterclaim", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert shown <= targets | set(re.findall(r"^    ([a-z]+)\b", commands, re.MULTILINE))


def test_ci_calls_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.strip().splitlines()[-1] == "make test"
    assert "make test" in README


def test_desk_rows_of_the_readme_are_what_bench_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench"]) == 0
    printed = capsys.readouterr().out

    def rows(text: str) -> list[list[str]]:
        lines = [line for line in text.splitlines() if re.match(r"\| desk +\| desk ", line)]
        return [[cell.strip() for cell in line.split("|")] for line in lines]

    assert len(rows(printed)) == len(inputs.baseline_files("sentences"))
    assert rows(between(README, "bench")) == rows(printed)
    assert printed.splitlines()[-1] in between(README, "bench")


@pytest.mark.usefixtures("hydrated")
def test_the_card_compares_the_variety_of_desk_and_wire() -> None:
    assert between(CARD, "variety") == variety.comparison()


@pytest.mark.parametrize(
    ("name", "files", "more"),
    [
        ("desk", ["desk/a", "desk/b"], []),
        ("wire", ["wire/a", "wire/b"], ["--by", "repository"]),
        ("recheck", ["wire/recheck"], []),
    ],
)
def test_agreement_in_the_card_is_what_agree_prints(
    name: str, files: list[str], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    passes = [str(corpus.data_dir() / "annotators" / f"{file}.jsonl") for file in files]
    assert main(["agree", *passes, *more]) == 0
    assert between(CARD, f"agree {name}") == capsys.readouterr().out.strip()


def test_versions_agree() -> None:
    data = corpus.manifest()["version"]
    assert f"version: {data}" in CARD
    assert f"Version {data}" in CARD
    assert f"## {__version__} " in CHANGELOG
    assert f"version: {__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert "### Scores" in CHANGELOG


def test_links_of_the_pages_lead_somewhere() -> None:
    folders = (ROOT / "annotation_guidelines", ROOT / "docs")
    for page in (ROOT / "README.md", *(p for folder in folders for p in folder.glob("*.md"))):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert "://" in link or (page.parent / link).exists(), f"{page.name}: {link}"
