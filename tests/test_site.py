"""The documentation as pages: all links lead somewhere, and the pages can be read by all."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import build_site
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]


class Links(HTMLParser):
    """Where a page leads, and the places in it that can be led to."""

    def __init__(self, path: Path):
        super().__init__()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.targets += [v for name in ("href", "src") if (v := given.get(name))]
        self.ids += [v for name in ("id",) if (v := given.get(name))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build_site.build(folder)
    return folder


def pages(site: Path) -> Iterator[tuple[Path, Links]]:
    for path in site.rglob("*.html"):
        yield path, Links(path)


def test_every_page_of_the_docs_is_in_the_site() -> None:
    written = {p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/*.md")}
    written |= {p.relative_to(ROOT).as_posix() for p in ROOT.glob("annotation_guidelines/*.md")}
    assert written <= build_site.PAGES.keys()


def test_links_lead_to_pages_and_places_that_are_there(site: Path) -> None:
    found = dict(pages(site))
    assert len(found) == len(build_site.PAGES)
    for path, links in found.items():
        for target in links.targets:
            if re.match("[a-z]+:", target):
                continue
            file, _, place = target.partition("#")
            other = (path.parent / file).resolve() if file else path
            assert other.exists(), f"{path.name}: {target}"
            if place:
                assert place in found[other].ids, f"{path.name}: {target}"


def test_what_commands_print_is_shown_and_their_marks_are_not(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "&lt;!--" not in page
    assert "<td>transformer_sentences</td>" in page


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [("docs/tutorial.html", "light", 360), ("annotation_guidelines/method.html", "dark", 1280)],
)
def test_rules_of_accessibility_hold(
    name: str, scheme: str, width: int, site: Path, browser: Browser
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto((site / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []  # before axe, which asks for the style in a way that files do not have
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.close()
