"""Fixtures: hand-written documents, and a place of their own for every test's cache."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_server import KEY, Answer, Server
from playwright.sync_api import Browser, sync_playwright
from records import document

from counterclaim import corpus
from counterclaim.cli import main
from counterclaim.model import Document

SWITCHES = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SHARED = Path(__file__).parents[2] / "shared"
UPSTREAM = [SHARED / "upstream", SHARED / "seeds"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache, nor the cache of `datasets`."""
    monkeypatch.setenv(corpus.CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file of the test's own and return its path."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write_file


@pytest.fixture
def herders() -> Document:
    """The valid document of `cases/valid`."""
    return document()


@pytest.fixture(scope="session")
def upstream() -> list[Path]:
    """Folders with the files of the public sources, where somebody has put them."""
    if not all(folder.is_dir() for folder in UPSTREAM):
        pytest.skip("needs the files of the public sources in ../shared, which are not published")
    return UPSTREAM


@pytest.fixture(scope="session")
def wire_texts(upstream: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All wire texts as hydrate writes them: once, as it reads many files."""
    folder = tmp_path_factory.mktemp("wire")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(corpus.CACHE_VARIABLE, str(folder))
        assert main(["hydrate", *(f"--from={folder}" for folder in upstream)]) == 0
        return corpus.hydrated_path()


@pytest.fixture
def hydrated(wire_texts: Path) -> None:
    """All wire texts in the cache of the test."""
    corpus.hydrated_path().parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(wire_texts, corpus.hydrated_path())


@pytest.fixture
def at_hand(request: pytest.FixtureRequest) -> None:
    """All wire texts in the cache of the test where the sources are there; else none."""
    if all(folder.is_dir() for folder in UPSTREAM):
        request.getfixturevalue("hydrated")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], Server]]:
    """Start servers that answer as a function says; the key is in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    servers: list[Server] = []

    def start(behave: Answer) -> Server:
        servers.append(Server(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        # In CI the browser is installed before: there a page that is not tested is a failure.
        if "CI" in os.environ:
            pytest.fail("no chromium")
        pytest.skip("needs the browser Chromium, such as Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield browser
        browser.close()
