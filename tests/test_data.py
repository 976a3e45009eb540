"""The released data: rules, hashes, frozen splits, and no words of a wire source."""

import csv
import hashlib
import json
import math
import re
from pathlib import Path

import nearest_pairs
import pytest
import variety
from split_events import UNSEEN

import counterclaim
from counterclaim import corpus, jsonl
from counterclaim.anchor import draft
from counterclaim.hydrate import hydrate
from counterclaim.model import (
    CANARY,
    CORPORA,
    DESK_NOTE,
    LABELS,
    LAYERS,
    SPLITS,
    Corpus,
    Document,
    Prediction,
    Split,
    annotated_spans,
    sentence_labels,
)
from counterclaim.reports import stats
from counterclaim.scoring import score
from counterclaim.tasks import GOLD_MENTIONS, TASKS, Task
from counterclaim.validate import validate_files

DATA = corpus.data_dir()
GOLD = {
    (name, split): counterclaim.read(split, corpus=name) for name in CORPORA for split in SPLITS
}
DOCUMENTS = [document for documents in GOLD.values() for document in documents]
WIRE = [document for document in DOCUMENTS if document.corpus == "wire"]
PASSES = {
    (name, who): DATA / "annotators" / name / f"{who}.jsonl" for name in CORPORA for who in "ab"
}
RECHECK = DATA / "annotators" / "wire" / "recheck.jsonl"


def test_the_gold_keeps_all_rules() -> None:
    """Among them: no event and no near-duplicate in two splits."""
    assert validate_files(corpus.gold_path(*key) for key in GOLD) == []


def test_the_manifest_knows_every_file() -> None:
    listed = corpus.manifest()["sha256"]
    files = {
        path.relative_to(DATA).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in DATA.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "README.md")
    }
    assert listed == files


def test_the_splits_are_the_frozen_ones() -> None:
    frozen = corpus.manifest()["splits"]
    for (name, split), documents in GOLD.items():
        assert [d.doc_id for d in documents] == frozen[split][name]
        assert {(d.corpus, d.split) for d in documents} == {(name, split)}


def test_every_public_source_is_in_every_split() -> None:
    """The story that the project began with is in no repository, and in train alone."""
    sources = {split: {d.source.repository for d in GOLD["wire", split]} for split in SPLITS}
    assert sources["train"] - sources["test"] == {None}
    assert sources["dev"] == sources["test"]
    assert len(sources["test"]) == 4


def test_every_place_of_the_gold_is_a_row_of_the_gazetteer() -> None:
    """One place, one row, however it is spelt; and no row without a place."""
    with (DATA / "gazetteer.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    fields = ("name", "country", "precision", "lat", "lon")
    named = [tuple(row[field] for field in fields[:3]) for row in rows]
    assert named == sorted(set(named))
    places = {
        tuple("" if (value := getattr(place, f)) is None else str(value) for f in fields)
        for document in DOCUMENTS
        for place in document.locations
    }
    assert places == {tuple(row[field] for field in fields) for row in rows}
    ids = [row["geonames"] for row in rows if row["geonames"]]
    assert all(map(str.isdigit, ids))
    assert len(ids) == len(set(ids))


def test_the_seed_story() -> None:
    """What the project began with is told as it should be."""
    (seed,) = (d for d in DOCUMENTS if d.doc_id == "wire-seed-2021-05-28")

    accusations = {a.id: a for a in seed.accusations}
    assert {(a.source_actor, a.target_actor) for a in accusations.values()} == {
        ("Azerbaijan", "Armenia")
    }
    assert len(seed.denials) >= 3
    for denial in seed.denials:
        assert denial.source_actor == "Armenia"
        assert [accusations[key].target_actor for key in denial.answers] == ["Armenia"]
    figures = {(k.outcome, k.low, k.high, k.side) for k in seed.casualties}
    assert {("wounded", 1, 1, "Azerbaijan"), ("captured", 6, 6, "Armenia")} <= figures
    (nakhchivan,) = (p for p in seed.locations if p.name == "Nakhchivan")
    assert (nakhchivan.role, nakhchivan.country) == ("site", "AZ")


@pytest.mark.parametrize("task", [*TASKS.values(), *GOLD_MENTIONS.values()])
@pytest.mark.parametrize("key", GOLD, ids="-".join)
def test_gold_scores_one_against_itself(key: tuple[Corpus, Split], task: Task) -> None:
    """One, or undefined where the gold has nothing of a kind; no error is above 0."""
    gold = GOLD[key]
    predictions = [
        Prediction(d.doc_id, **{layer: getattr(d, layer) for layer in LAYERS}) for d in gold
    ]
    result = score(task, gold, predictions, resamples=10)
    assert result.headline.value == 1
    values = [
        estimate.value if name not in ("log_error", "mean_km", "auc") else 1 - estimate.value
        for row in result.scores.values()
        for name, estimate in row.items()
    ]
    assert {value for value in values if not math.isnan(value)} == {1.0}


def test_every_label_is_in_every_split_of_every_corpus() -> None:
    """Else a macro average would be over other labels in each."""
    for key, documents in GOLD.items():
        labels = {label for d in documents for each in sentence_labels(d) for label in each}
        assert labels == set(LABELS), key


def test_wire_records_hold_no_text() -> None:
    lines = (DATA / "wire" / f"{split}.jsonl" for split in SPLITS)
    for path in (*lines, PASSES["wire", "a"], PASSES["wire", "b"], RECHECK):
        for _, record in jsonl.iter_objects(path):
            assert isinstance(record, dict)
            assert record.get("text") is None
            assert record.get("title") is None


def test_fingerprints_cover_every_span() -> None:
    prints = {
        record["doc_id"]: {(start, end) for start, end, _ in record["spans"]}
        for _, record in jsonl.iter_objects(DATA / "wire" / "fingerprints.jsonl")
        if isinstance(record, dict)
    }
    expected = {
        d.doc_id: {(s.start, s.end) for s in (*d.sentences, *annotated_spans(d))} for d in WIRE
    }
    assert prints == expected


def test_both_passes_are_released_for_every_document() -> None:
    for (name, _), path in PASSES.items():
        passes = [record.doc_id for _, record in jsonl.read_records(path, Prediction)]
        assert sorted(passes) == sorted(d.doc_id for d in DOCUMENTS if d.corpus == name)


def test_a_part_of_desk_test_is_of_conflicts_that_are_not_trained_on() -> None:
    by_split = {split: {d.conflict for d in GOLD["desk", split]} for split in SPLITS}
    unseen = by_split["test"] - by_split["train"] - by_split["dev"]
    assert unseen >= UNSEEN & by_split["test"]
    assert sum(d.conflict in unseen for d in GOLD["desk", "test"]) >= len(GOLD["desk", "test"]) / 4


def test_the_blind_recheck_is_of_twenty_wire_documents() -> None:
    rechecked = {record.doc_id for _, record in jsonl.read_records(RECHECK, Prediction)}
    assert len(rechecked) == 20
    assert rechecked <= {document.doc_id for document in WIRE}


def test_desk_texts_follow_the_plan() -> None:
    with (DATA / "desk" / "plan.tsv").open(encoding="utf-8", newline="") as lines:
        plan = {
            row["doc_id"]: row
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        }
    desk = {d.doc_id: d for d in DOCUMENTS if d.corpus == "desk"}
    assert plan.keys() == desk.keys()
    for key, row in plan.items():
        d = desk[key]
        assert (d.conflict, d.event, d.genre, d.date) == tuple(
            row[field] for field in ("conflict", "event", "genre", "date")
        )


def test_desk_is_as_varied_as_written_text() -> None:
    """Bounds between real news and texts that were filled into templates."""
    found = [d for d in DOCUMENTS if d.corpus == "desk"]
    masks = [variety.masks(d) for d in found]
    streams = [variety.words((d.text or "").lower()) for d in found]
    assert variety.repeated(masks) <= 0.008
    assert variety.contained(streams) == 0
    assert variety.distinct(streams) >= 0.90
    assert variety.openings(masks) <= 0.12


def test_a_text_from_a_template_is_found_out() -> None:
    """One sentence with other names and numbers is one sentence."""
    one, two = "At least 12 people died in Kani.", "At least 7 people died in Lake Edward."
    assert (
        variety.masked(one)
        == variety.masked(two)
        == (*("at", "least", "#", "people", "died", "in", "X"),)
    )
    masks = [[variety.masked(one)], [variety.masked(two)], [variety.masked("Nobody was hurt.")]]
    assert variety.repeated(masks) == variety.openings(masks) == 2 / 3
    copied = [list("abcdefghij"), list("abcdefghik"), list("lmnopqrstu")]
    assert variety.contained(copied) == 2 / 3
    assert variety.distinct([list("abcabc")]) == 3 / 4


def test_every_row_with_text_says_that_it_is_invented_and_has_the_canary() -> None:
    """A row may be passed on without its card."""
    folders = ("desk", "contrast", "questions")
    paths = [path for name in folders for path in (DATA / name).rglob("*.*")]
    rows = {path: path.read_text(encoding="utf-8").splitlines() for path in paths}
    assert sum(map(len, rows.values())) > len(DOCUMENTS)
    for path, lines in rows.items():
        assert all(CANARY in line for line in lines[path.suffix == ".tsv" :]), path
        whole = path.suffix == ".jsonl" and path.parent.name != "edits"
        assert not whole or all(DESK_NOTE in line for line in lines), path
    assert CANARY in (DATA / "README.md").read_text(encoding="utf-8")
    assert corpus.manifest()["canary"] == CANARY


def test_the_card_shows_the_composition_that_stats_prints() -> None:
    card = (DATA / "README.md").read_text(encoding="utf-8")
    for table in stats.composition("all").split("\n\n"):
        assert table in card


def test_classes_of_a_field_add_up_to_its_records() -> None:
    """In each split and over all: tables of the composition that are counted apart."""
    sizes, _, _, values = stats.composition("all").split("\n\n")
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in sizes.splitlines()[2:]]
    documents, accusations, denials, casualties, locations = (
        [int(row[column]) for row in cells] for column in (1, 4, 5, 6, 7)
    )
    expected = {
        "genre": documents,
        "act": accusations,
        "scope": denials,
        **dict.fromkeys(("outcome", "modifier", "group"), casualties),
        **dict.fromkeys(("role", "precision"), locations),
    }
    sums = {field: [0] * len(cells) for field in expected}
    for row in values.splitlines()[2:]:
        name, *counts = (cell.strip() for cell in row.split("|")[1:-1])
        field = name.split()[0]
        sums[field] = [a + int(b) for a, b in zip(sums[field], counts, strict=True)]
    assert sums == expected


def test_desk_gold_can_be_drafted() -> None:
    """Every span is quotable: whole words in one sentence."""
    for document in DOCUMENTS:
        if document.corpus == "desk":
            assert draft(document)["doc_id"] == document.doc_id


NAME = re.compile(r'"(?:source_actor|target_actor|side|name)":"([^"]*)"')


@pytest.fixture
def hydrated(upstream: list[Path]) -> list[Document]:
    outcomes = hydrate(upstream)
    assert {outcome.status for outcome in outcomes} == {"found"}
    return [d for split in SPLITS for d in corpus.read(split, corpus="wire")]


def test_all_wire_texts_are_found_in_their_sources(
    hydrated: list[Document], tmp_path: Path
) -> None:
    """With their text the records keep all rules, also those that need it."""
    assert len(hydrated) == len(WIRE)
    assert {document.text is None for document in hydrated} == {False}
    jsonl.write_records(tmp_path / "wire.jsonl", hydrated)
    assert validate_files([tmp_path / "wire.jsonl"]) == []
    for document in hydrated:
        draft(document)


def test_no_sentence_of_a_source_is_in_the_project(hydrated: list[Document]) -> None:
    """Eight words in a row of a wire text stand nowhere in a file of the checkout.

    But for names of actors and places, which are facts, and have twelve words at most.
    """

    def grams(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return set(zip(*(words[i:] for i in range(8)), strict=False))

    sources = {gram for document in hydrated for gram in grams(document.text or "")}
    root = DATA.parent
    for path in root.rglob("*"):
        relative = path.relative_to(root).as_posix()
        text_file = path.suffix in (".py", ".md", ".jsonl", ".json", ".tsv", ".txt", ".toml")
        if not text_file or relative.startswith((".", "build/", "dist/", "LICENSES/")):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.name in ("sources.json", "manifest.json") or "/invalid/" in relative:
            continue
        if relative.startswith(("data/wire/", "data/annotators/wire/")):
            assert all(len(name.split()) <= 12 for name in NAME.findall(text)), relative
            text = NAME.sub("", text)
        shared = grams(text) & sources
        assert not shared, f"{relative}: {sorted(shared)[:2]}"


def test_somebody_has_read_the_most_similar_texts_of_different_splits(
    hydrated: list[Document],
) -> None:
    """The thirty closest pairs by TF-IDF stand in docs/splits.md, with what was found."""
    page = (DATA.parent / "docs" / "splits.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if re.match(r"\| +0\.", line)]
    read = {frozenset(cell.split()[0] for cell in row[2:4]): row[4].strip() for row in rows}
    documents = hydrated + [d for d in DOCUMENTS if d.corpus == "desk"]
    for near in nearest_pairs.nearest(documents):
        assert read.get(frozenset((near.a.doc_id, near.b.doc_id))), (near.a.doc_id, near.b.doc_id)


def test_json_files_are_json() -> None:
    for path in DATA.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
