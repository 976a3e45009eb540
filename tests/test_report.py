"""The report page: its numbers, and what a person does with it in a real browser."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page

from counterclaim import corpus, jsonl, read
from counterclaim.cli import inputs, main
from counterclaim.model import LAYERS, Accusation, Document, Location, Prediction, Span
from counterclaim.tasks import GOLD_MENTIONS, TASKS
from counterclaim.texts import own_document

ROOT = Path(__file__).parents[1]
Capture = pytest.CaptureFixture[str]
# What would run, were it not escaped: as an element, and as the end of a script.
HOSTILE = "<img src=x onerror=hacked=1></script><script>hacked=1</script>&amp;\u2028"


def hostile() -> Document:
    """A document whose text, title, names and keys are markup, with an emoji before each span."""
    text = f"\U0001f525 {HOSTILE} fired on \U0001f525 Tine."
    document = own_document("hostile", text, title=HOSTILE, conflict=HOSTILE)
    content = Span(text.index("fired"), len(text) - 1)
    place = Span(text.index("Tine"), len(text) - 1)
    return replace(
        document,
        accusations=(
            Accusation("a<b", None, content, None, None, HOSTILE, "army", "other", "c<1"),
        ),
        locations=(Location("l1", place, HOSTILE, "TD", 15.0, 22.8, "site", "town"),),
    )


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return [*read("test")[:12], hostile()]


@pytest.fixture(scope="module")
def report(documents: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page about runs of the lexicon, and one of a system with a hostile name."""
    folder = tmp_path_factory.mktemp("report")
    gold = folder / "gold.jsonl"
    jsonl.write_records(gold, documents)
    runs = []
    for task in ("links", "casualties", "places", "sentences"):
        runs.append(str(folder / f"{task}.jsonl"))
        command = ["run", str(ROOT / "baselines" / "lexicon.py"), "--task", task]
        assert main([*command, "--input", str(gold), "-o", runs[-1]]) == 0
    rows = [Prediction(d.doc_id, **{name: getattr(d, name) for name in LAYERS}) for d in documents]
    jsonl.write_records(folder / "odd.jsonl", rows[1:])
    named = [f"{HOSTILE}={folder / 'odd.jsonl'}", "--task", "links"]
    options = ["--gold", str(gold), "--resamples", "20", "-o", str(folder)]
    assert main(["report", *runs, *named, *options]) == 0
    return folder


class Opened:
    """A page with all that it has asked for and complained of."""

    def __init__(self, page: Page):
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


@pytest.fixture
def open_page(browser: Browser, report: Path) -> Iterator[Callable[..., Opened]]:
    contexts = []

    def open_at(address: str = "", **options: Any) -> Opened:
        contexts.append(browser.new_context(**options))
        opened = Opened(contexts[-1].new_page())
        opened.page.goto((report / "index.html").as_uri() + address)
        return opened

    yield open_at
    for context in contexts:
        context.close()


def test_a_page_asks_for_nothing_and_complains_of_nothing(
    open_page: Callable[..., Opened],
) -> None:
    """It works from disk, without a network, and no word of a text is taken for markup."""
    opened = open_page()
    assert opened.page.evaluate("window.hacked") is None
    names = opened.page.locator("#leaderboard tbody th").all_inner_texts()
    assert HOSTILE.replace("\u2028", "") in [name.replace("\u2028", "") for name in names]
    assert opened.complaints == []
    assert len(opened.requests) == 1


def test_on_documents_of_ones_own_all_systems_stand_side_by_side(
    open_page: Callable[..., Opened],
) -> None:
    """Those too that were trained on desk, of which own documents are not."""
    table = open_page().page.locator("#leaderboard table").first
    names = [name.replace("\u2028", "") for name in table.locator("tbody th").all_inner_texts()]
    assert sorted(names) == [HOSTILE.replace("\u2028", ""), "lexicon, trained on desk"]


def test_texts_are_shown_letter_by_letter(
    open_page: Callable[..., Opened], documents: list[Document]
) -> None:
    page = open_page().page
    for document in documents:
        page.evaluate("doc => { location.hash = `doc=${doc}&run=` }", document.doc_id)
        page.wait_for_function(
            "doc => document.querySelector('#document small').textContent.startsWith(doc)",
            arg=document.doc_id,
        )
        assert page.locator(".text").evaluate("e => e.textContent") == document.text
        assert page.evaluate("window.hacked") is None


def test_spans_are_where_they_are_beyond_the_basic_plane(open_page: Callable[..., Opened]) -> None:
    page = open_page("#doc=hostile&run=&layers=accusations").page
    assert page.locator("mark.accusations").inner_text() == "fired on \U0001f525 Tine"


def test_gold_and_system_stand_side_by_side_with_arrows(
    open_page: Callable[..., Opened], documents: list[Document]
) -> None:
    document = next(d for d in documents if any(denial.answers for denial in d.denials))
    page = open_page(f"#doc={document.doc_id}").page
    assert page.locator(".pane").count() == 2
    links = sum(len(denial.answers) for denial in document.denials)
    assert page.locator(".pane").first.locator("path.link").count() == links
    page.locator(".layer.denials input").uncheck()
    assert page.locator("path.link").count() == 0
    assert page.locator(".pane").first.locator("mark.denials").count() == 0
    assert page.locator(".pane").first.locator("mark.accusations").count() > 0


def test_a_table_sorts_by_any_column(open_page: Callable[..., Opened]) -> None:
    page = open_page().page
    table = page.locator("#leaderboard table").first
    names = table.locator("tbody th")
    before = names.all_inner_texts()
    head = table.locator("thead th").first
    head.locator("button").click()
    assert names.all_inner_texts() == sorted(before, key=str.lower, reverse=True)
    head.locator("button").click()
    assert names.all_inner_texts() == sorted(before, key=str.lower)
    assert head.get_attribute("aria-sort") == "ascending"


def test_the_list_has_errors_first_and_filters(
    open_page: Callable[..., Opened], documents: list[Document]
) -> None:
    page = open_page().page
    entries = page.locator("#list a")
    assert entries.count() == len(documents)
    errors = [
        int((text.rsplit(", ", 1)[-1].split() or ["0"])[0]) if " error" in text else 0
        for text in entries.all_inner_texts()
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0
    conflict = documents[0].conflict
    page.locator("select[name=conflict]").select_option(conflict)
    assert entries.count() == sum(d.conflict == conflict for d in documents)
    page.locator("select[name=kind]").select_option("spurious")
    assert all(" error" in text for text in entries.all_inner_texts())


def test_what_is_seen_can_be_linked_to(open_page: Callable[..., Opened]) -> None:
    page = open_page().page
    page.locator("select[name=kind]").select_option("missing")
    page.locator(".layer.locations input").uncheck()
    page.locator("#list a").nth(1).click()
    again = open_page(page.evaluate("location.hash")).page
    for asked in ("#document", "#list"):
        assert again.locator(asked).inner_text() == page.locator(asked).inner_text()
    assert again.locator("select[name=kind]").input_value() == "missing"
    assert not again.locator(".layer.locations input").is_checked()


def test_a_document_opens_by_keyboard(open_page: Callable[..., Opened]) -> None:
    page = open_page().page
    page.locator("#list a").nth(2).focus()
    wanted = page.evaluate("document.activeElement.firstChild.textContent")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'document-title'")
    assert page.evaluate("document.activeElement.textContent") == wanted


def test_the_first_key_leads_past_the_navigation(open_page: Callable[..., Opened]) -> None:
    page = open_page().page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"


def test_the_map_has_both_ends_of_an_error(
    open_page: Callable[..., Opened], documents: list[Document], report: Path
) -> None:
    page = open_page().page
    gold = sum(place.lat is not None for d in documents for place in d.locations)
    assert page.locator("#world circle").count() == gold
    given = [r for _, r in jsonl.read_records(report / "places.jsonl", Prediction)]
    found = sum(p.lat is not None for r in given for p in r.locations or ())
    assert page.locator("#world .cross").count() == found
    rows = page.locator("#distances tbody tr")
    kilometres = [text.replace(",", "") for text in rows.locator(".number").all_inner_texts()]
    known = [float(text) for text in kilometres if text != "–"]
    assert known == sorted(known, reverse=True)
    before = page.locator("#world").get_attribute("viewBox")
    rows.first.locator("button").click()
    assert page.locator("#world").get_attribute("viewBox") != before
    page.locator("#zoom-all").click()
    assert page.locator("#world").get_attribute("viewBox") == before


@pytest.mark.parametrize(
    ("keys", "moved"),
    [
        ("ArrowRight ArrowLeft", (0, 0, 1)),
        ("ArrowRight", (0.1, 0, 1)),
        ("ArrowDown", (0, 0.1, 1)),
        ("+", (0.25, 0.25, 0.5)),
        ("+ -", (0, 0, 1)),
    ],
)
def test_the_map_moves_by_keys(
    keys: str, moved: tuple[float, float, float], open_page: Callable[..., Opened]
) -> None:
    """To the right, down, and to what scale, in parts of what was seen."""
    page = open_page().page
    world = page.locator("#world")
    before = [float(x) for x in (world.get_attribute("viewBox") or "").split()]
    world.focus()
    for key in keys.split():
        page.keyboard.press(key)
    left, top, width, height = (float(x) for x in (world.get_attribute("viewBox") or "").split())
    right, down, scale = moved
    assert (left - before[0]) / before[2] == pytest.approx(right)
    assert (top - before[1]) / before[3] == pytest.approx(down)
    assert (width / before[2], height / before[3]) == pytest.approx((scale, scale))


def test_the_map_is_drawn_along(open_page: Callable[..., Opened]) -> None:
    """What is under the pointer stays under it."""
    page = open_page().page
    world = page.locator("#world")
    world.scroll_into_view_if_needed()
    box = world.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 80, steps=5)
    page.mouse.up()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    left, top, width, _ = (float(x) for x in (world.get_attribute("viewBox") or "").split())
    scale = world.evaluate("e => 1 / e.getScreenCTM().a")
    assert width == 3600
    assert (left, top) == pytest.approx((-1800 + 50 * scale, -900 + 20 * scale))


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1280)])
def test_rules_of_accessibility_hold(
    scheme: str, width: int, open_page: Callable[..., Opened]
) -> None:
    """Landmarks, names, contrast and the rest of what axe-core checks, on phone and desk."""
    viewport = {"width": width, "height": 800}
    page = open_page(color_scheme=scheme, viewport=viewport, reduced_motion="reduce").page
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_nothing_moves_while_a_page_loads(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "each => { window.moved += each.value })).observe({type: 'layout-shift', buffered: true})"
    )
    page.goto((report / "index.html").as_uri())
    page.wait_for_timeout(300)
    assert page.evaluate("window.moved") == 0
    page.close()


def test_without_script_all_numbers_are_there(open_page: Callable[..., Opened]) -> None:
    page = open_page(java_script_enabled=False).page
    assert page.locator("#leaderboard table tbody tr").count() > 0
    assert "need JavaScript" in page.content()


def test_numbers_are_those_of_score_and_compare(tmp_path: Path) -> None:
    """What is committed was made by other commands, from the same predictions."""
    runs = []
    for model in ("lexicon", "majority"):
        runs.append(str(tmp_path / f"{model}.jsonl"))
        path = str(ROOT / "baselines" / f"{model}.py")
        assert main(["run", path, "--task", "links", "-o", runs[-1]]) == 0
    assert main(["report", *runs, "-o", str(tmp_path / "page")]) == 0
    (board,) = json.loads((tmp_path / "page" / "report.json").read_bytes())["boards"]
    standings = {each["system"]: each for each in board["standings"]}
    results = ROOT / "baselines" / "results" / "desk" / "links"
    for system, file in [(m, m) for m in ("lexicon", "majority")] + [
        (f"annotator {each}", f"annotator_{each}") for each in "ab"
    ]:
        committed = json.loads((results / f"{file}.json").read_bytes())
        headline = {k: v for k, v in committed["headline"].items() if k != "name"}
        assert standings[system]["headline"] == headline
        assert board["signature"] == committed["signature"]
        for row, estimate in standings[system]["labels"].items():
            assert estimate == committed["scores"][row]["f1"]
    assert standings["lexicon"]["behind"]["value"] is None
    ((first, last),) = [[standings[name]["headline"]["value"] for name in ("lexicon", "majority")]]
    assert standings["majority"]["behind"]["value"] == pytest.approx(first - last)


def test_whole_documents_stand_in_every_task_that_they_have_layers_for(tmp_path: Path) -> None:
    """So a second annotator's pass, of which nobody has made an account, can be looked at."""
    for name in ("a", "b"):
        jsonl.write_records(tmp_path / f"{name}.jsonl", read("dev")[:4])
    command = ["report", f"second={tmp_path / 'b.jsonl'}", "--gold", str(tmp_path / "a.jsonl")]
    assert main([*command, "--resamples", "10", "-o", str(tmp_path / "page")]) == 0
    boards = json.loads((tmp_path / "page" / "report.json").read_bytes())["boards"]
    assert [board["task"] for board in boards] == [*TASKS]
    assert [board["standings"][0]["system"] for board in boards] == ["second"] * len(TASKS)


def test_without_runs_the_baselines_are_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the least of them, in every task; in sentences on the contrast sets too."""
    monkeypatch.setattr(
        inputs, "baseline_files", lambda *_, **__: [ROOT / "baselines" / "majority.py"]
    )
    assert main(["report", "--resamples", "10", "-o", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_bytes())
    forms = {(board["task"], board["mentions"]) for board in report["boards"]}
    assert forms == {
        *((name, "predicted" if name in GOLD_MENTIONS else None) for name in TASKS),
        *((name, "gold") for name in GOLD_MENTIONS),
    }
    assert {board["corpus"] for board in report["boards"]} == {"desk"}
    assert [each["contrast"] for each in report["contrasts"]] == list(corpus.CONTRASTS)


def test_systems_trained_in_several_ways_make_a_table_of_transfer(
    hydrated: None, tmp_path: Path
) -> None:
    """With a column for each way that any of them was trained and tested."""
    runs = []
    for model, trained in [("majority", "desk"), ("random_prior", "wire")]:
        for name in (trained, "all"):
            runs.append(str(tmp_path / f"{model}-{name}.jsonl"))
            command = ["run", str(ROOT / "baselines" / f"{model}.py"), "--task", "places"]
            assert main([*command, "--corpus", name, "-o", runs[-1]]) == 0
    assert main(["report", *runs, "--resamples", "10", "-o", str(tmp_path / "page")]) == 0
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    table = page.partition('id="transfer"')[2].partition("</table>")[0]
    head = re.findall(r'<th scope="col">(.*?)</th>', table)
    ways = ["desk &gt; desk", "all &gt; desk", "wire &gt; wire", "all &gt; wire"]
    assert sorted(head[1:]) == sorted(ways)
    report = json.loads((tmp_path / "page" / "report.json").read_bytes())
    found = dict(re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', table, re.DOTALL))
    for system, cells in found.items():
        values = re.findall(r'data-value="(.*?)"|<td></td>', cells)
        for way, value in zip(head[1:], values, strict=True):
            trained, tested = way.split(" &gt; ")
            wanted = [
                standing["headline"]["value"]
                for board in report["boards"]
                for standing in board["standings"]
                if (standing["name"], standing["trained_on"]) == (system, trained)
                and board["corpus"] == tested
            ]
            assert ([float(value)] if value else []) == wanted


def test_runs_on_fewer_documents_make_a_learning_curve(tmp_path: Path) -> None:
    runs = []
    for number in (150, 50):
        runs.append(str(tmp_path / f"of{number}.jsonl"))
        command = ["run", str(ROOT / "baselines" / "random_prior.py"), "--task", "places"]
        assert main([*command, "--train-documents", str(number), "-o", runs[-1]]) == 0
    assert main(["report", *runs, "--resamples", "10", "-o", str(tmp_path / "page")]) == 0
    (board,) = json.loads((tmp_path / "page" / "report.json").read_bytes())["boards"]
    systems = {each["system"]: each["train_documents"] for each in board["standings"]}
    assert systems["random_prior, 50 documents"] == 50
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    figures = page.partition('id="learning"')[2].partition("</figure>")[0]
    assert figures.count("<circle") == 2
    assert figures.index(">50</text>") < figures.index(">150</text>")


def test_wire_texts_are_shown_where_they_are_and_the_page_says_so(
    hydrated: None, tmp_path: Path
) -> None:
    gold = [d for d in corpus.records("test", corpus="wire") if not d.restricted]
    jsonl.write_records(
        tmp_path / "gold.jsonl", [Prediction(d.doc_id, locations=d.locations) for d in gold]
    )
    command = ["report", str(tmp_path / "gold.jsonl"), "--task", "places", "--resamples", "10"]
    assert main([*command, "-o", str(tmp_path / "with")]) == 0
    page = (tmp_path / "with" / "index.html").read_text(encoding="utf-8")
    text = next(d.text for d in read("test", corpus="wire") if d.text)
    words = " ".join(text.split()[:3])
    assert words in page
    assert "Do not publish this page" in page
    assert words not in (tmp_path / "with" / "report.json").read_text(encoding="utf-8")


def test_a_page_without_wire_texts_has_none(tmp_path: Path) -> None:
    gold = [d for d in corpus.records("test", corpus="wire") if not d.restricted]
    rows = [Prediction(d.doc_id, locations=d.locations) for d in gold]
    jsonl.write_records(tmp_path / "gold.jsonl", rows)
    command = ["report", str(tmp_path / "gold.jsonl"), "--task", "places", "--resamples", "10"]
    assert main([*command, "-o", str(tmp_path / "page")]) == 0
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "Do not publish" not in page
    assert f"{len(gold)} documents are not shown" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{bare}"], "bare.jsonl: its first record has no layer; expected one, or --task"),
        (["{plain}"], ": nowhere; expected a document of desk test, wire test"),
        (["{twice}", "x={twice}", "--task", "places"], None),
        (["{twice}", "{twice}", "--task", "places"], "twice: stands twice in places"),
        (["annotator a={twice}"], "annotator a: stands twice in places"),
        (["{odd}"], "odd.jsonl:1"),
        (["{broken}"], "broken.run.json: is no account of a run"),
    ],
)
def test_what_a_report_cannot_be_made_of_is_named(
    arguments: list[str], message: str | None, tmp_path: Path, capsys: Capture
) -> None:
    jsonl.write_records(tmp_path / "plain.jsonl", [Prediction("nowhere", locations=())])
    jsonl.write_records(
        tmp_path / "twice.jsonl", [Prediction(read("test")[0].doc_id, locations=())]
    )
    shutil.copy(tmp_path / "plain.jsonl", tmp_path / "broken.jsonl")
    (tmp_path / "odd.jsonl").write_text("{no json")
    jsonl.write_records(tmp_path / "bare.jsonl", [Prediction("nowhere")])
    (tmp_path / "broken.run.json").write_text("{}")
    files = {
        name: tmp_path / f"{name}.jsonl" for name in ("bare", "plain", "odd", "twice", "broken")
    }
    given = [argument.format(**files) for argument in arguments]
    code = main(["report", *given, "--resamples", "10", "-o", str(tmp_path / "page")])
    assert code == (0 if message is None else 2)
    assert (message or "") in capsys.readouterr().err
