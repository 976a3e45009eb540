"""The Croissant description: its own library reads from it what the files hold."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlcroissant
import pytest
import yaml
from build_data import write_croissant

from counterclaim import corpus, hub, jsonl

DATA = corpus.data_dir()
FILE = DATA / "croissant.json"
# What the library uses of its own libraries.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")


@pytest.fixture(scope="module")
def dataset() -> mlcroissant.Dataset:
    return mlcroissant.Dataset(FILE)


def flat(value: Any) -> Any:
    """Objects as values by path, "cue/start"; without what is null."""
    if isinstance(value, list):
        return [flat(item) for item in value]
    if not isinstance(value, dict):
        return value
    leaves = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            leaves.update({f"{key}/{path}": leaf for path, leaf in flat(inner).items()})
        elif inner is not None:
            leaves[key] = flat(inner)
    return leaves


def plain(value: Any, prefix: str) -> Any:
    """What the library gives, with text for its bytes, and without names of parents and nulls."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, list):
        return [plain(item, prefix) for item in value]
    if isinstance(value, dict):
        return {
            key.removeprefix(prefix): plain(inner, f"{key}/")
            for key, inner in value.items()
            if inner is not None
        }
    if isinstance(value, float):
        return round(value, 9)  # pandas reads -0.57 as -0.5700000000000001
    return value.date().isoformat() if hasattr(value, "date") else value


@pytest.mark.slow
def test_every_record_is_read_as_the_file_has_it(dataset: mlcroissant.Dataset) -> None:
    """A description by JSON path alone would be valid too, and reading would fail."""
    read = set()
    for name, paths in hub.FILES.items():
        for split, path in paths.items():
            own = f"{name}/{hub.HF_SPLITS[split]}"
            rows = [row for _, row in jsonl.iter_objects(DATA / path) if isinstance(row, dict)]
            assert rows
            assert [plain(record, f"{own}/") for record in dataset.records(own)] == [
                {key: flat(value) for key, value in row.items() if value is not None}
                for row in rows
            ]
            read.add(own)
    assert read == {each.id for each in dataset.metadata.record_sets}


def test_a_field_is_declared_for_every_value_of_a_row() -> None:
    """Also for those that are null in all rows, such as texts of wire."""

    def names(features: Any) -> set[str]:
        found = set()
        for key, feature in features.items():
            inner = getattr(feature, "feature", feature)
            found |= (
                {f"{key}/{name}" for name in names(inner)} if isinstance(inner, dict) else {key}
            )
        return found

    described = json.loads(FILE.read_text(encoding="utf-8"))
    for record_set in described["recordSet"]:
        own = record_set["@id"]
        leaves = {
            leaf["@id"].removeprefix(f"{own}/")
            for column in record_set["field"]
            for leaf in column.get("subField", [column])
        }
        assert leaves == names(hub.features(own.partition("/")[0]))


def test_the_library_has_nothing_to_warn_of(dataset: mlcroissant.Dataset) -> None:
    """It warns where licence, date, version or citation is missing."""
    assert dataset.metadata.ctx.issues.errors == set()
    assert dataset.metadata.ctx.issues.warnings == set()


def test_the_fields_of_responsible_ai_say_what_the_card_says(dataset: mlcroissant.Dataset) -> None:
    """First of all that no annotator is a person."""
    metadata = dataset.metadata
    card = " ".join((DATA / "README.md").read_text(encoding="utf-8").split())
    fields = (
        metadata.data_annotation_protocol,
        metadata.data_annotation_analysis,
        metadata.annotator_demographics,
        metadata.machine_annotation_tools,
        metadata.data_biases,
        metadata.data_limitations,
        metadata.data_use_cases,
        metadata.personal_sensitive_information,
        metadata.data_preprocessing_protocol,
        [metadata.data_collection],
        [metadata.data_release_maintenance_plan],
    )
    for texts in fields:
        assert texts
        for text in texts:
            assert text[:40] in card.replace("**", "")
    assert "language model" in metadata.annotator_demographics[0]


def test_version_date_and_authors_are_those_of_the_citation(dataset: mlcroissant.Dataset) -> None:
    cited = yaml.safe_load((DATA.parent / "CITATION.cff").read_text(encoding="utf-8"))
    metadata = dataset.metadata
    assert metadata.version == cited["version"] == corpus.manifest()["version"]
    assert metadata.date_published.date() == cited["date-released"]
    assert [creator.name for creator in metadata.creators] == [a["name"] for a in cited["authors"]]
    assert cited["title"] in metadata.cite_as


def test_the_description_is_the_one_that_the_files_give(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "data")
    write_croissant(tmp_path / "data")
    assert (tmp_path / "data" / "croissant.json").read_bytes() == FILE.read_bytes()
