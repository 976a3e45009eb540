"""Rules and their broken files: the same set, and each file breaks its rule alone."""

from pathlib import Path

import pytest
from records import CASES

from counterclaim.validate import RULES, validate_files

INVALID = CASES / "invalid"


def test_rules_and_broken_files_are_the_same_set() -> None:
    assert {path.stem for path in INVALID.iterdir()} == set(RULES)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_broken_file_of_a_rule_breaks_that_rule_alone(rule: str) -> None:
    problems = validate_files([INVALID / f"{rule}.jsonl"])
    assert {problem.rule for problem in problems} == {rule}


def test_the_valid_file_breaks_none() -> None:
    assert validate_files([CASES / "valid" / "documents.jsonl"]) == []


def test_a_problem_says_where_what_and_what_was_expected() -> None:
    path = INVALID / "span-offsets.jsonl"
    (problem,) = validate_files([path])

    assert str(problem) == (
        f"{path}:1: span-offsets case-1/l1 mention: 60-600, "
        "expected an end of at most 127, the length of the text"
    )


def test_all_problems_of_all_files_are_reported() -> None:
    """A reader who mends one problem a run gives up."""
    paths = [INVALID / f"{rule}.jsonl" for rule in ("json", "enumeration", "hash")]
    assert [problem.rule for problem in validate_files(paths)] == ["json", "enumeration", "hash"]


def test_rules_hold_across_files(tmp_path: Path) -> None:
    """A near-duplicate is most likely in another file: the other split."""
    lines = (INVALID / "near-duplicate.jsonl").read_bytes().splitlines(keepends=True)
    for name, line in zip("ab", lines, strict=True):
        (tmp_path / name).write_bytes(line)

    assert validate_files([tmp_path / "a"]) == validate_files([tmp_path / "b"]) == []
    found = validate_files([tmp_path / "a", tmp_path / "b"])
    assert {problem.rule for problem in found} == {"near-duplicate"}
    assert {problem.path for problem in found} == {str(tmp_path / "a"), str(tmp_path / "b")}
