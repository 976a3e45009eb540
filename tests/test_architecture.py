"""The import order of the design, the size of modules, and what is public."""

import ast
from pathlib import Path

import pytest

import counterclaim

PACKAGE = Path(counterclaim.__file__).parent
# A module imports only from those before it.
ORDER = [
    *("errors", "model", "jsonl", "batches", "columns", "corpus", "anchor", "texts", "validate"),
    *(
        "hydrate",
        "hub",
        "publishing",
        "metrics",
        "predictions",
        "tasks",
        "prompting",
        "pairing",
        "skimming",
        "grouping",
        "counting",
    ),
    *(
        "scoring",
        "harness",
        "comparing",
        "contrasts",
        "diagnosing",
        "contested",
        "running",
        "recording",
        "reports",
        "formats",
        "cli",
    ),
]
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 320


def place(dotted: str) -> int:
    return ORDER.index(dotted.split(".")[1])


def imports(node: ast.AST) -> list[str]:
    """The modules of the package that an import statement names, in any of its forms."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module == "counterclaim":
        names = [f"counterclaim.{alias.name}" for alias in node.names if alias.name[0] != "_"]
    else:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return [name for name in names if name.startswith("counterclaim.")]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_modules_import_only_from_lower_ones(path: Path) -> None:
    """One direction of imports means that no module can be understood only with a later one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
    if own in ("counterclaim.__init__", "counterclaim.__main__"):
        return
    for node in ast.walk(tree):
        for imported in imports(node):
            assert place(imported) <= place(own), f"{own} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    public = [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
    assert ast.get_docstring(tree)
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_every_public_name_resolves() -> None:
    """`from counterclaim import *` works (jiwer's does not)."""
    for name in counterclaim.__all__:
        assert getattr(counterclaim, name) is not None


def test_only_the_command_line_prints_or_exits() -> None:
    for path in MODULES:
        if path.parent.name == "cli":
            continue
        calls = [
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "print" not in calls, path
        assert "exit" not in calls, path
        source = path.read_text(encoding="utf-8")
        assert "sys.stdout" not in source, path
        assert "raise SystemExit" not in source, path
