"""Files of annotation tools: what goes out comes back, and what is wrong is named."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
from datasets import load_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from records import document, plain

from counterclaim import formats, jsonl, read
from counterclaim.cli import main
from counterclaim.errors import DataError
from counterclaim.formats import label_studio
from counterclaim.formats.graph import Edge, Graph, Node, from_graph, to_graph
from counterclaim.model import (
    LABELS,
    LAYERS,
    Accusation,
    Act,
    Casualty,
    Denial,
    Document,
    Group,
    Location,
    Modifier,
    Outcome,
    Precision,
    Role,
    Scope,
    Span,
    blind,
)
from counterclaim.scoring import score
from counterclaim.tasks import TASKS
from counterclaim.validate import validate_document

# cassis reads its types in a way that Python 3.11 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:open_binary is deprecated")
ORIGINAL = document()
LOSSLESS = ("label-studio", "brat", "cas")
words = st.text("ab1 é😀\n,;=:\"'&<>|\\/-ا", min_size=1, max_size=12).filter(
    lambda t: t == t.strip()
)


@st.composite
def annotated(draw: st.DrawFn) -> Document:
    """A text with emoji, ends of lines and marks, and records that nest and overlap."""
    text = " ".join(draw(st.lists(words, min_size=2, max_size=8)))
    places = [
        Span(a, b)
        for a in range(len(text))
        for b in range(a + 1, len(text) + 1)
        if text[a:b] == text[a:b].strip()
    ]
    span = st.sampled_from(places)
    maybe, name, number = st.none() | span, st.none() | words, st.none() | st.integers(0, 10**6)

    def one(hint: Any) -> st.SearchStrategy[Any]:
        return st.sampled_from(get_args(hint))

    def some(build: Callable[[int], st.SearchStrategy[Any]]) -> tuple[Any, ...]:
        return tuple(draw(build(i)) for i in range(1, draw(st.integers(1, 4))))

    accusations = some(
        lambda i: st.builds(
            Accusation, st.just(f"a{i}"), maybe, span, maybe, maybe, name, name, one(Act), words
        )
    )
    ids = [accusation.id for accusation in accusations]
    answers = st.lists(st.sampled_from(ids), unique=True).map(tuple) if ids else st.just(())
    cues = st.tuples(maybe, span) | st.tuples(span, maybe)
    denials = some(
        lambda i: st.builds(
            lambda cue, *rest: Denial(f"d{i}", *cue, *rest), cues, maybe, name, answers, one(Scope)
        )
    )
    casualties = some(
        lambda i: st.builds(
            Casualty, st.just(f"k{i}"), span, one(Outcome), number, number, one(Modifier),
            one(Group), name, maybe, name, words,
        )
    )  # fmt: skip
    degrees = st.none() | st.floats(-90, 90).map(lambda value: round(value, 2))
    locations = some(
        lambda i: st.builds(
            Location, st.just(f"l{i}"), span, words, st.none() | st.just("KE"), degrees, degrees,
            one(Role), one(Precision),
        )
    )  # fmt: skip
    return plain(
        text, accusations=accusations, denials=denials, casualties=casualties, locations=locations
    )


def returned(name: str, documents: list[Document]) -> list[Any]:
    with TemporaryDirectory() as folder:
        formats.write(name, documents, Path(folder))
        return formats.read(name, Path(folder), {d.doc_id: blind(d) for d in documents})


def ordered(document: Document) -> Document:
    """With records and answers in the order of their ids: a CAS keeps none."""
    layers = {layer: sorted(getattr(document, layer), key=lambda r: r.id) for layer in LAYERS}
    layers["denials"] = [replace(d, answers=tuple(sorted(d.answers))) for d in layers["denials"]]
    return replace(document, **{layer: tuple(records) for layer, records in layers.items()})


@pytest.mark.parametrize("name", LOSSLESS)
@settings(deadline=None)
@given(original=annotated())
def test_a_document_comes_back_as_it_was(name: str, original: Document) -> None:
    (back,) = returned(name, [original])
    assert ordered(back) == ordered(original)


@pytest.mark.parametrize("name", LOSSLESS)
def test_the_gold_comes_back_as_it_was(name: str) -> None:
    gold = read("dev")
    back = {d.doc_id: ordered(d) for d in returned(name, gold)}
    assert back == {d.doc_id: ordered(d) for d in gold}


def test_places_come_back_from_conll_as_predictions() -> None:
    """In the gold a span ends where a word ends, and few of one kind overlap."""
    gold = read("dev")
    result = score(TASKS["spans"], gold, returned("conll", gold), resamples=2)
    assert all(result.scores[label]["f1"].value > 0.99 for label in LABELS)


def test_conll_says_what_it_leaves_out(tmp_path: Path) -> None:
    """Of two records with one content one is left out, and what nests in it."""
    text = "Baku accused Armenia of shelling Aghdam."
    long, short, cut = Span(24, 39), Span(24, 32), Span(33, 37)
    (accusation, *_) = ORIGINAL.accusations
    (place, *_) = ORIGINAL.locations
    made = plain(
        text,
        accusations=(
            replace(accusation, id="a1", content=short, cue=None, source=None, target=None),
            replace(accusation, id="a2", content=long, cue=None, source=None, target=None),
        ),
        locations=(replace(place, mention=cut),),
    )
    assert formats.write("conll", [made], tmp_path) == [
        "all of a record but where it is",
        "1 spans that overlap another of their kind",
        "the ends of 1 spans that cut a word",
    ]
    lines = (tmp_path / "spans.conll").read_text(encoding="utf-8").splitlines()
    assert lines == [
        "# doc_id = case-1",
        *("Baku O O O O", "accused O O O O", "Armenia O O O O", "of O O O O"),
        "shelling B-accusation O O O",
        "Aghdam I-accusation O O B-location",
        ". O O O O",
        "",
    ]
    (back,) = formats.read("conll", tmp_path, {"case-1": made})
    assert back["accusations"] == [{"content": {"start": 24, "end": 39}}]
    assert back["locations"] == [{"mention": {"start": 33, "end": 39}}]


def test_conll_is_read_by_datasets(tmp_path: Path) -> None:
    gold = read("dev")[:3]
    formats.write("conll", gold, tmp_path)
    rows = load_dataset(
        "conll",
        data_files=str(tmp_path / "spans.conll"),
        column_names=["tokens", *LABELS],
        cache_dir=str(tmp_path / "cache"),
        split="train",
    )
    tags = [tag for row in rows["denial"] for tag in row]
    assert tags.count("B-denial") == sum(len(d.denials) for d in gold)


def test_offsets_of_a_cas_are_utf_16_and_those_of_brat_code_points(tmp_path: Path) -> None:
    """An emoji is two units there, and one here."""
    (place, *_) = ORIGINAL.locations
    made = plain("😀 Baku", locations=(replace(place, mention=Span(2, 6)),))
    formats.write("cas", [made], tmp_path)
    formats.write("brat", [made], tmp_path)
    xmi = (tmp_path / "case-1.xmi").read_text(encoding="utf-8")
    (found,) = re.findall(r"<custom:Location[^>]*>", xmi)
    assert 'begin="3" end="7"' in found
    assert (
        (tmp_path / "case-1.ann").read_text(encoding="utf-8").startswith("T1\tLocation 2 6\tBaku")
    )


def test_label_studio_finds_its_files_sound() -> None:
    """By its own library, for all of dev, as annotations and as predictions."""
    library = pytest.importorskip("label_studio_sdk.label_interface", reason="needs its SDK")
    interface = library.LabelInterface(label_studio.config())
    with TemporaryDirectory() as folder:
        for system, key, check in (
            (None, "annotations", interface.validate_annotation),
            ("lexicon", "predictions", interface.validate_prediction),
        ):
            formats.write("label-studio", read("dev"), Path(folder), system=system)
            tasks = json.loads((Path(folder) / "tasks.json").read_bytes())
            assert [check(task[key][0]) for task in tasks] == [True] * len(tasks)
    wrong = tasks[0][key][0]
    wrong["result"][0]["value"]["labels"] = ["Threat"]
    assert not interface.validate_prediction(wrong)


def tasks_of(tmp_path: Path, *documents: Document) -> list[dict[str, Any]]:
    formats.write("label-studio", documents, tmp_path)
    found: list[dict[str, Any]] = json.loads((tmp_path / "tasks.json").read_bytes())
    return found


def test_what_annotators_add_in_label_studio_gets_an_id_and_a_key(tmp_path: Path) -> None:
    """The tool names regions at random, writes numbers as it likes, and keeps cancelled work."""
    (task,) = tasks_of(tmp_path, ORIGINAL)
    start = (ORIGINAL.text or "").index("two herders")
    place = {"start": start, "end": start + len("two herders")}
    own = {"id": "Xy9_k", "to_name": "text"}
    entered = {"outcome": ["killed"], "modifier": ["exact"], "group": ["civilian"]}
    task["annotations"][0]["result"] += [
        {**own, "from_name": "label", "type": "labels", "value": {**place, "labels": ["Casualty"]}},
        *(
            {**own, "from_name": f"casualties-{name}", "type": "choices",
             "value": {**place, "choices": value}}
            for name, value in entered.items()
        ),
        {**own, "from_name": "casualties-low", "type": "number", "value": {**place, "number": 2.0}},
    ]  # fmt: skip
    task["annotations"].insert(0, {"was_cancelled": True, "result": []})
    (tmp_path / "tasks.json").write_text(json.dumps([task]), encoding="utf-8")
    (back,) = formats.read("label-studio", tmp_path, {ORIGINAL.doc_id: ORIGINAL})
    assert back.casualties[:-1] == ORIGINAL.casualties
    added = back.casualties[-1]
    assert (added.id, added.incident, added.low, added.high) == ("k2", "i-k2", 2, None)
    ((rule, *_),) = validate_document(back)
    assert rule == "modifier"  # two exactly, and no upper bound: they left it out


def without_act(task: Any) -> None:
    result = task["annotations"][0]["result"]
    result[:] = [each for each in result if each.get("from_name") != "accusations-act"]


def related(start: str, end: str, kind: str) -> Callable[[Any], None]:
    relation = {"type": "relation", "from_id": start, "to_id": end, "labels": [kind]}
    return lambda task: task["annotations"][0]["result"].append(relation)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t["data"].update(doc_id="case-9"), "case-9: is not among the documents"),
        (lambda t: t["data"].update(text="Kenya " + t["data"]["text"]), "its text differs at 6"),
        (lambda t: t["annotations"].clear(), "has 0 annotations; expected one"),
        (lambda t: t["annotations"].append({"result": []}), "has 2 annotations"),
        (lambda t: t.pop("data"), "KeyError: 'data'; expected tasks as Label Studio"),
        (
            lambda t: t["annotations"][0]["result"][0]["value"].update(start=1),
            "expected 'killing two herders",
        ),
        (
            related("a1", "a1.source", "source"),
            r"source 'Kenya': has another already; expected one source at most",
        ),
        (
            related("a1", "zz", "cue"),
            "a relation cue of zz, which is no span",
        ),
        (
            related("a1", "d1", "answers"),
            "expected a denial that answers an accusation",
        ),
        (
            related("l1", "a1.cue", "cue"),
            "expected a record and one of cue, source, target, answers",
        ),
        (
            without_act,
            r"Accusation a1 'killing two herders at Lokichar'.*\$\.act",
        ),
    ],
)  # fmt: skip
def test_a_task_that_makes_no_records_is_named(
    tmp_path: Path, change: Callable[[Any], Any], expected: str
) -> None:
    (task,) = tasks_of(tmp_path, ORIGINAL)
    change(task)
    (tmp_path / "tasks.json").write_text(json.dumps([task]), encoding="utf-8")
    with pytest.raises(DataError, match=f"tasks.json: task 1: .*{expected}"):
        formats.read("label-studio", tmp_path, {ORIGINAL.doc_id: ORIGINAL})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("T1\t", "E1\t", "line 1: is of another kind; expected T, R, A or # in brat"),
        ("killing two", "killing ten", "expected 'killing ten herders at Lokichar'"),
        (" harm_to_civilians", " harm", r"Accusation a1 .*harm"),
        ("Arg1:T1 Arg2:T2", "Arg1:T1 Arg2:T99", "a relation cue of T99, which is no span"),
        ('"id": "k1"', '"id": "a1"', "two spans have the id a1; expected one"),
    ],
)
def test_a_line_of_brat_that_does_not_fit_is_named(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    formats.write("brat", [ORIGINAL], tmp_path)
    path = tmp_path / "case-1.ann"
    lines = path.read_text(encoding="utf-8")
    assert old in lines
    path.write_text(lines.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=f"case-1.ann: .*{expected}"):
        formats.read("brat", tmp_path, {ORIGINAL.doc_id: ORIGINAL})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Kenya O", "Uganda O", "2: 'Uganda O O O O'; expected 'Kenya' and 4 tags"),
        ("Kenya O O O O\n", "", "has 25 words; expected 26"),
        ("B-accusation", "B-threat", "tag 'B-threat'; expected O, B-accusation or I-accusation"),
        ("case-1", "case-9", "2: case-9; expected # doc_id = and one of the documents"),
    ],
)
def test_a_line_of_conll_that_does_not_fit_is_named(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    formats.write("conll", [ORIGINAL], tmp_path)
    path = tmp_path / "spans.conll"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=f"spans.conll:.*{re.escape(expected)}"):
        formats.read("conll", tmp_path, {ORIGINAL.doc_id: ORIGINAL})


@pytest.mark.parametrize(
    ("name", "file", "content", "expected"),
    [
        ("cas", "case-1.xmi", b"<xmi", "case-1.xmi: XMLSyntaxError: .*expected UIMA CAS as XMI"),
        ("cas", "TypeSystem.xml", None, "^[^:]*TypeSystem.xml: no such file"),
        ("brat", "case-1.txt", None, "^[^:]*case-1.txt: no such file"),
        ("brat", "case-1.ann", b"\xff", "^[^:]*case-1.ann: [^/]*expected UTF-8"),
        ("conll", "spans.conll", b"\xff", "spans.conll: .*expected UTF-8"),
        ("label-studio", "tasks.json", b"{", "tasks.json: .*expected tasks as Label Studio"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, file: str, content: bytes | None, expected: str
) -> None:
    formats.write(name, [ORIGINAL], tmp_path)
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError, match=expected):
        formats.read(name, tmp_path, {ORIGINAL.doc_id: ORIGINAL})


def test_a_record_keeps_the_id_that_is_one_and_others_get_what_is_free() -> None:
    accusation = to_graph(ORIGINAL).nodes[0]
    nodes = [
        Node(key, "Accusation", accusation.span, accusation.values)
        for key in ("T7", "a2", "d5", "a01")
    ]
    back = from_graph(ORIGINAL, Graph(nodes, []))
    assert [record.id for record in back.accusations] == ["a1", "a2", "a3", "a4"]


def test_an_answer_is_of_an_accusation_once() -> None:
    graph = to_graph(ORIGINAL)
    twice = Graph(graph.nodes, [*graph.edges, Edge("answers", "d1", "a1")])
    assert from_graph(ORIGINAL, twice) == ORIGINAL


@pytest.mark.parametrize("name", formats.FORMATS)
def test_the_commands_give_the_gold_back(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts, back = tmp_path / "texts.jsonl", tmp_path / "back.jsonl"
    jsonl.write_records(texts, read("dev")[:5])
    folder = str(tmp_path / "out")
    assert main(["export", "--format", name, "--input", str(texts), "-o", folder]) == 0
    given = ["import", "--format", name, folder, "--texts", str(texts), "-o", str(back)]
    assert main(given) == 0
    assert ("left out" in capsys.readouterr().err) == (name == "conll")
    task = "spans" if name == "conll" else "claims"
    assert main(["score", str(back), "--gold", str(texts), "--task", task, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["headline"]["value"] > 0.99


def test_a_system_annotates_before_people_do(tmp_path: Path) -> None:
    """And texts go out bare; neither shows the gold."""
    made, folder = tmp_path / "lexicon.jsonl", tmp_path / "out"
    model = str(Path(__file__).parents[1] / "baselines" / "lexicon.py")
    assert main(["run", model, "--task", "claims", "--split", "dev", "-o", str(made)]) == 0
    given = ["export", "--format", "label-studio", "--split", "dev", "-o", str(folder)]
    assert main([*given, "--predictions", str(made)]) == 0
    tasks = json.loads((folder / "tasks.json").read_bytes())
    first = (
        jsonl.read_records(made, Document)
        if False
        else json.loads(made.read_bytes().splitlines()[0])
    )
    assert tasks[0]["predictions"][0]["model_version"] == "lexicon"
    regions = [r for r in tasks[0]["predictions"][0]["result"] if r["type"] == "labels"]
    own = [r for r in regions if r["value"]["labels"] == ["Accusation"]]
    assert [r["value"]["start"] for r in own] == [
        a["content"]["start"] for a in first["accusations"]
    ]
    assert main([*given, "--bare"]) == 0
    bare = json.loads((folder / "tasks.json").read_bytes())
    assert {tuple(task) for task in bare} == {("data",)}


PAGE = Path(__file__).parents[1] / "docs" / "annotation_tools.md"


def test_the_commands_of_the_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What annotators do in between is done by exporting the gold of documents of one's own."""
    monkeypatch.chdir(tmp_path)
    own = [replace(d, doc_id=f"own-{d.doc_id}") for d in read("dev")]
    jsonl.write_records("DOCS", read("dev"))
    jsonl.write_records("blank.jsonl", map(blind, own))
    jsonl.write_records("own.jsonl", own)
    assert main(["export", "--format", "label-studio", "--input", "own.jsonl", "-o", "made"]) == 0
    for name in ("a.json", "b.json"):
        Path(name).write_bytes(Path("made", "tasks.json").read_bytes())
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    commands = [c.partition("#")[0].split() for block in blocks for c in block.splitlines()]
    run = [main(command[1:]) for command in commands if command]
    assert run == [0] * 8
    assert jsonl.read_bytes("a.jsonl") == jsonl.read_bytes("own.jsonl")
    assert "what became gold" not in capsys.readouterr().out
    assert main(["agree", "a.jsonl"]) == 2
    assert "has no gold; expected two passes over it" in capsys.readouterr().err


def test_the_page_names_every_format() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z][a-z-]*)` \|", page, re.MULTILINE)) == {*formats.FORMATS}
