"""Rules and their broken files: the same set, and each file breaks its rule alone."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from records import CASES, document, plain

from counterclaim import corpus, jsonl
from counterclaim.errors import DataError
from counterclaim.model import Document, Source, Span
from counterclaim.validate import (
    RULES,
    read_documents,
    read_pass,
    validate_document,
    validate_files,
)
from counterclaim.validate.reading import NEEDED

INVALID = CASES / "invalid"
WIRE = Source("owner/name", "path", "key", None, "CC-BY-4.0")


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
        "expected an end of at most 127, the length of the text in code points"
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


def test_problems_are_listed_though_another_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        validate_files([INVALID / "hash.jsonl", tmp_path / "none.jsonl"])
    assert ": hash case-1 " in str(caught.value)
    assert str(caught.value).endswith("none.jsonl: no such file")


@pytest.mark.parametrize("rule", sorted(NEEDED))
def test_documents_that_cannot_be_used_are_refused_when_read(rule: str) -> None:
    """What would make a score or a prediction wrong stops every command, not only `validate`."""
    path = INVALID / f"{rule}.jsonl"
    with pytest.raises(DataError, match=rf"{rule}\.jsonl:1: case-\d\S*.*: {rule}: "):
        read_documents(path)


def test_a_document_that_stands_twice_is_refused_when_read() -> None:
    with pytest.raises(DataError, match=r"doc-id\.jsonl:2: case-1 stands there twice"):
        read_documents(INVALID / "doc-id.jsonl")


def test_a_document_without_the_text_that_is_needed_is_refused(tmp_path: Path) -> None:
    jsonl.write_records(tmp_path / "d.jsonl", [document(text=None)])
    assert len(read_documents(tmp_path / "d.jsonl")) == 1
    with pytest.raises(DataError, match=r"d\.jsonl:1: case-1 has no text; expected one"):
        read_documents(tmp_path / "d.jsonl", with_text=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answers": ["a99"]}, "answers: 'a99', expected an accusation id"),
        ({"cue": {"start": 5, "end": 5}}, "span-offsets: 5-5, expected 0 <= start < end"),
    ],
)
def test_a_pass_with_a_broken_record_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    """A dangling link is the likeliest fault of an annotator's file."""
    path = corpus.data_dir() / "annotators" / "desk" / "a.jsonl"
    record = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    record["denials"][0].update(change)
    (tmp_path / "pass.jsonl").write_text(json.dumps(record) + "\n")
    with pytest.raises(DataError) as caught:
        read_pass(tmp_path / "pass.jsonl")
    assert f"pass.jsonl:1: {record['doc_id']}/d1" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"doc_id": "desk-0001"}', "no accusations; expected all four layers"),
        ('{"doc_id": "desk-9999", "denials": []}', "is not in the data"),
        ('{"doc_id": "desk-0001", "sha256": "0"}', "annotates another text"),
    ],
)
def test_what_is_no_pass_is_refused(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "pass.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=message):
        read_pass(tmp_path / "pass.jsonl")


def stand_off(name: str, text: str) -> Document:
    """A wire record of a text that is not there, in the split of its name."""
    return msgspec.structs.replace(
        document(doc_id=f"wire-{name}", event=name, split=name, text=None),
        corpus="wire",
        source=WIRE,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def test_stand_off_records_are_checked_with_their_text(tmp_path: Path) -> None:
    """A near-copy of a training text in test shows once both are hydrated."""
    text = document().text or ""
    texts = {"train": text, "test": text.replace("Kenya", "Chile")}
    records = [stand_off(name, each) for name, each in texts.items()]
    jsonl.write_records(tmp_path / "wire.jsonl", records)
    assert validate_files([tmp_path / "wire.jsonl"]) == []
    held = [corpus.HydratedText(f"wire-{name}", None, each) for name, each in texts.items()]
    jsonl.write_records(corpus.hydrated_path(), held)
    rules = {problem.rule for problem in validate_files([tmp_path / "wire.jsonl"])}
    assert rules == {"near-duplicate"}


def test_an_equal_text_in_two_splits_shows_without_the_text(tmp_path: Path) -> None:
    records = [stand_off(name, "the same") for name in ("train", "test")]
    jsonl.write_records(tmp_path / "wire.jsonl", records)
    (problem,) = validate_files([tmp_path / "wire.jsonl"])
    assert problem.rule == "near-duplicate"


@pytest.mark.parametrize(("shared", "found"), [(12, False), (24, True)])
def test_a_fifth_of_the_8_grams_makes_a_near_duplicate(
    tmp_path: Path, shared: int, found: bool
) -> None:
    """Of 53 8-grams in 60 words, 12 words in common share 5 (9 %), 24 words 17 (32 %)."""
    common = [f"c{i}" for i in range(shared)]
    records = []
    for name in ("train", "test"):
        own = [f"{name}{i}" for i in range(60 - shared)]
        records.append(plain(" ".join([*common, *own]), doc_id=name, event=name, split=name))
    jsonl.write_records(tmp_path / "d.jsonl", records)
    assert bool(validate_files([tmp_path / "d.jsonl"])) is found


def test_every_problem_of_a_record_is_listed(tmp_path: Path) -> None:
    record = msgspec.to_builtins(document())
    record.update(genre="blog", date=3)
    record["casualties"][0].update(outcome="hurt", low="x")
    (tmp_path / "d.jsonl").write_text(json.dumps(record) + "\n")
    listed = [(p.rule, p.where, p.found) for p in validate_files([tmp_path / "d.jsonl"])]
    assert listed == [
        ("type", "case-1 date", "int"),
        ("enumeration", "case-1 genre", "'blog'"),
        ("enumeration", "case-1/k1 outcome", "'hurt'"),
        ("type", "case-1/k1 low", "str"),
    ]


@pytest.mark.parametrize(
    ("layer", "change", "rule"),
    [
        ("casualties", {"modifier": "range"}, "modifier"),
        ("casualties", {"modifier": "about", "low": 1}, "modifier"),
        ("casualties", {"modifier": "at_most", "low": 2}, "modifier"),
        ("casualties", {"low": None, "high": None, "modifier": "vague"}, "bounds"),
        ("casualties", {"low": -1, "high": 2, "modifier": "range"}, "bounds"),
        ("casualties", {"low": 10**30, "high": None, "modifier": "at_least"}, "bounds"),
        ("locations", {"lon": 181.0}, "coordinates"),
        ("locations", {"lon": None}, "coordinates"),
        ("locations", {"mention": Span(60, 67)}, "span-words"),
        ("locations", {"name": " Lokichar"}, "empty-string"),
        ("denials", {"answers": ("a1", "a1")}, "answers"),
        ("denials", {"scope": "figure"}, "answers"),
        ("denials", {"cue": None, "content": None}, "denial-span"),
        ("accusations", {"source": None}, "source-actor"),
    ],
)
def test_every_branch_of_a_rule(layer: str, change: dict[str, object], rule: str) -> None:
    """The broken file of a rule breaks one branch of it; these are the others."""
    first, *rest = getattr(document(), layer)
    broken = document(**{layer: (msgspec.structs.replace(first, **change), *rest)})
    assert rule in {found[0] for found in validate_document(broken)}


@pytest.mark.parametrize(
    ("modifier", "low", "high"),
    [
        ("exact", 0, 0),
        ("about", 50, 50),
        ("at_least", 6, None),
        ("at_most", None, 20),
        ("range", 2, 3),
        ("vague", 24, None),
    ],
)
def test_bounds_that_fit_their_modifier(modifier: str, low: int | None, high: int | None) -> None:
    """Zero is a value, an open bound is one too."""
    (casualty,) = document().casualties
    fitting = msgspec.structs.replace(casualty, modifier=modifier, low=low, high=high)
    assert list(validate_document(document(casualties=(fitting,)))) == []


def test_unknown_fields_are_listed_in_one_order(tmp_path: Path) -> None:
    """The order of a set would change from process to process."""
    record = {**msgspec.to_builtins(document()), "z": 1, "b": 2, "x": 3, "a": 4}
    (tmp_path / "d.jsonl").write_text(json.dumps(record) + "\n")
    places = [problem.where for problem in validate_files([tmp_path / "d.jsonl"])]
    assert places == [f"case-1 {name}" for name in "abxz"]
