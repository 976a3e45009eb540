"""The layout for the Hub: whole, the same rows twice, and no text of a wire source."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import counterclaim
from counterclaim import corpus, hub, jsonl
from counterclaim.cli import main
from counterclaim.corpus import HydratedText
from counterclaim.errors import DataError
from counterclaim.model import SPLITS, annotated_spans
from counterclaim.publishing import lay_out, write_parquet

DATA = corpus.data_dir()


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub") / "layout"
    lay_out(folder)
    return folder


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that a test may spoil."""
    folder = tmp_path / "copied"
    shutil.copytree(DATA, folder)
    monkeypatch.setattr(corpus, "data_dir", lambda: folder)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", hub.NAMES)
def test_json_lines_and_parquet_have_the_same_rows(layout: Path, tmp_path: Path, name: str) -> None:
    """Read by the library alone, the first by the card and the second by its own schema."""
    from datasets import load_dataset

    parquet = {
        hub.HF_SPLITS[split]: str((layout / path).with_suffix(".parquet"))
        for split, path in hub.FILES[name].items()
    }
    lines = load_dataset(str(layout), name, cache_dir=str(tmp_path))
    columns = load_dataset("parquet", data_files=parquet, cache_dir=str(tmp_path))
    ours = counterclaim.load(name)
    assert list(lines) == list(columns) == list(ours)
    for split, rows in ours.items():
        assert lines[split].to_list() == columns[split].to_list() == rows.to_list()
        assert lines[split].features == columns[split].features == rows.features


def test_parquet_is_compressed_with_zstandard(layout: Path) -> None:
    metadata = pq.read_metadata(layout / "desk" / "train.parquet")
    columns = [metadata.row_group(0).column(i) for i in range(metadata.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}


@pytest.mark.parametrize(
    "row", ['{"doc_id":"x","colour":"red"}', '{"doc_id":7}', '{"date":"2025-03"}', ""]
)
def test_rows_of_other_fields_or_types_are_not_written(tmp_path: Path, row: str) -> None:
    """Nothing is left out or turned into another type in silence."""
    (tmp_path / "rows.jsonl").write_text(row, encoding="utf-8")
    with pytest.raises(DataError, match=r"rows\.jsonl: .*; expected the fields of 'sentences'"):
        write_parquet(tmp_path / "rows.jsonl", tmp_path / "rows.parquet", "sentences")
    assert not (tmp_path / "rows.parquet").exists()


def test_a_layout_is_all_files_of_the_data_with_parquet_and_what_explains_them(
    layout: Path,
) -> None:
    """Nothing else: the library, without a card, would take any file for data."""
    root = DATA.parent
    data = files(DATA)
    laid_out = files(layout)
    rows = {
        path.removesuffix("jsonl") + "parquet"
        for paths in hub.FILES.values()
        for path in paths.values()
    }
    beside = {f"annotation_guidelines/{p.name}" for p in root.glob("annotation_guidelines/*.md")}
    beside |= {"CITATION.cff", "LICENSES/CC-BY-4.0.txt"}
    assert laid_out.keys() == data.keys() | rows | beside
    assert rows.isdisjoint(data)
    for path, content in laid_out.items():
        if path != "README.md" and path not in rows:
            assert content == (data.get(path) or (root / path).read_bytes())


def test_the_head_of_the_card_is_that_of_the_checkout(layout: Path) -> None:
    """Features, sizes and files that are declared, and tested, in the checkout."""
    heads = [(folder / "README.md").read_text(encoding="utf-8") for folder in (layout, DATA)]
    assert heads[0].split("\n---\n")[0] == heads[1].split("\n---\n")[0]


def test_links_of_the_card_lead_to_files_of_the_layout(layout: Path) -> None:
    card = (layout / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", card) if "://" not in link]
    assert "annotation_guidelines/denial.md" in links
    for link in links:
        assert (layout / link).resolve().is_relative_to(layout.resolve()), link
        assert (layout / link).exists(), link


def test_texts_that_have_been_hydrated_are_not_in_it(layout: Path, tmp_path: Path) -> None:
    """Byte for byte what is laid out where nothing has been hydrated."""
    records = [d for split in SPLITS for d in corpus.records(split, corpus="wire")]
    held = []
    for d in records:
        spans = sorted({*d.sentences, *annotated_spans(d)})
        text = "Riverstone, again. " * (spans[-1].end // 18 + 1)
        moves = tuple((s.start, s.end, s.start, s.end) for s in spans)
        held.append(HydratedText(d.doc_id, "Riverstone", text, moves))
    jsonl.write_records(corpus.hydrated_path(), held)
    rows = [row for split in SPLITS for row in hub.rows("wire", split, corpus="wire")]
    assert {row["title"] for row in rows} == {"Riverstone"}

    lay_out(tmp_path / "hydrated")
    after = files(tmp_path / "hydrated")
    assert after == files(layout)
    for path, content in after.items():
        assert b"Riverstone" not in content
        if path.endswith(".parquet"):
            assert "Riverstone" not in str(pq.read_table(tmp_path / "hydrated" / path).to_pylist())


def test_a_wire_record_with_a_text_is_not_laid_out(copied: Path, tmp_path: Path) -> None:
    """Whoever made the manifest anew with texts in the files."""
    path = copied / "annotators" / "wire" / "a.jsonl"
    path.write_bytes(path.read_bytes() + b'{"doc_id":"wire-x","text":"In a real paper."}\n')
    manifest = json.loads((copied / "manifest.json").read_text(encoding="utf-8"))
    manifest["sha256"]["annotators/wire/a.jsonl"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (copied / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:\d+: has text or title; expected null in wire"):
        lay_out(tmp_path / "layout")


def test_a_file_that_the_manifest_does_not_know_is_not_laid_out(
    copied: Path, tmp_path: Path
) -> None:
    (copied / "wire" / "texts.jsonl").write_text('{"text": "In a real paper."}\n')
    lay_out(tmp_path / "layout")
    assert not (tmp_path / "layout" / "wire" / "texts.jsonl").exists()


def test_a_changed_file_is_an_error_and_nothing_is_written(copied: Path, tmp_path: Path) -> None:
    with (copied / "wire" / "test.jsonl").open("a", encoding="utf-8") as file:
        file.write("{}\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=r"wire/test\.jsonl: its SHA-256 is .* make data"):
        lay_out(tmp_path / "layout")
    assert sorted(tmp_path.iterdir()) == before


def test_an_earlier_layout_is_replaced(layout: Path, tmp_path: Path) -> None:
    shutil.copytree(layout, tmp_path / "layout")
    (tmp_path / "layout" / "gazetteer.tsv").write_text("old")
    lay_out(tmp_path / "layout")
    assert files(tmp_path / "layout") == files(layout)
    assert [path.name for path in tmp_path.iterdir()] == ["layout"]


@pytest.mark.parametrize("name", ["notes.txt", ".git/config"])
def test_a_layout_with_files_of_others_is_kept(layout: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(layout, tmp_path / "layout")
    (tmp_path / "layout" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "layout" / name).write_text("mine")
    before = files(tmp_path / "layout")
    with pytest.raises(DataError, match=f"holds {name}; expected a new or empty folder"):
        lay_out(tmp_path / "layout")
    assert files(tmp_path / "layout") == before


def test_the_data_folder_itself_is_no_layout(copied: Path) -> None:
    """Though it has the same manifest: it has no Parquet."""
    before = files(copied)
    with pytest.raises(DataError, match="expected a new or empty folder"):
        lay_out(copied)
    assert files(copied) == before


def test_the_current_folder_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that stands in it would be left in a folder that is gone."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="is the current folder; expected another"):
        lay_out(".")


def test_publish_prints_files_with_sizes_and_how_to_upload(
    layout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "the hub"
    assert main(["publish", "--dry-run", "-o", str(output)]) == 0
    *listed, _, command = capsys.readouterr().out.splitlines()
    shown = {path: int(size.replace(",", "")) for size, path in map(str.split, listed)}
    assert shown == {path: len(content) for path, content in files(layout).items()}
    assert command == (
        f"  hf upload OWNER/counterclaim '{output}' . --repo-type dataset --delete '*'"
    )


def test_publish_uploads_nothing_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["publish", "-o", str(tmp_path / "layout")])
    assert exit_.value.code == 2
    assert "nothing is uploaded from here: --dry-run is needed" in capsys.readouterr().err
    assert not (tmp_path / "layout").exists()
