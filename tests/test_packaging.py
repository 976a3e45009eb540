"""What a user installs: the wheel has the data, and works without the checkout."""

import datetime
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from counterclaim import __version__, corpus
from counterclaim.errors import DataError

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_wheel_has_data_licences_and_types(tmp_path: Path) -> None:
    """Built from the source distribution, as an index would; run where no checkout is."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("counterclaim-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for path in corpus.data_dir().rglob("*"):
        if path.is_file():
            inside = path.relative_to(corpus.data_dir()).as_posix()
            assert f"counterclaim/_data/{inside}" in names
    assert "counterclaim/py.typed" in names
    assert any(name.endswith("licenses/LICENSES/CC-BY-4.0.txt") for name in names)
    assert any(name.endswith("licenses/LICENSES/Apache-2.0.txt") for name in names)

    # The wheel alone, on top of the libraries of this environment.
    venv.create(tmp_path / "venv", with_pip=True, system_site_packages=False)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    libraries = next(Path(p) for p in sys.path if p.endswith("site-packages"))
    program = (
        f"import sys; sys.path.append({str(libraries)!r}); import counterclaim; "
        "print(counterclaim.__file__); from counterclaim.cli import main; "
        "sys.exit(main(['validate']) or main(['publish', '--dry-run', '-o', 'hub']))"
    )
    done = subprocess.run(
        [str(python), "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout
    left_out = [line for line in done.stderr.splitlines() if line.startswith("left out: ")]
    assert [line.split()[2] for line in left_out] == [
        "CITATION.cff,",
        "annotation_guidelines/*.md,",
    ]
    licence = (tmp_path / "hub" / "LICENSES" / "CC-BY-4.0.txt").read_bytes()
    assert licence == (ROOT / "LICENSES" / "CC-BY-4.0.txt").read_bytes()


def test_a_package_without_its_data_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "_PACKAGE", tmp_path / "lib" / "site-packages" / "counterclaim")
    with pytest.raises(DataError, match="_data is missing; reinstall the package from its wheel"):
        corpus.data_dir()


def test_every_file_has_its_licence() -> None:
    """By the tool of the REUSE specification."""
    lint = [sys.executable, "-m", "reuse", "lint", "--lines"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_citation_has_what_its_format_requires() -> None:
    """Of the Citation File Format 1.2.0; its schema has been tried by hand."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "dataset"
    assert {"authors", "message", "title"} <= cited.keys()
    assert all(author.keys() == {"name"} for author in cited["authors"])
    assert cited["version"] == __version__
    assert isinstance(cited["date-released"], datetime.date)
    # The outlines of the map are others' work.
    assert {f"{name}.txt" for name in cited["license"]} == {
        path.name for path in (ROOT / "LICENSES").iterdir() if path.name != "ISC.txt"
    }
