"""What several commands read: the data, baselines, and where an output goes."""

import ast
import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from counterclaim import corpus, jsonl
from counterclaim.errors import DataError
from counterclaim.model import SPLITS, Prediction

T = TypeVar("T")
DEFAULT_SPLIT = "test"
FINE, FAILED = 0, 1


def output_path(path: str, *inputs: str | None) -> str:
    """The output as an absolute path, which a model cannot move by changing folders."""
    for other in inputs:
        if other and os.path.realpath(other) == os.path.realpath(path):
            raise DataError(f"{path}: is read too; expected another file to write")
    return os.path.join(os.path.abspath(path), "") if path.endswith("/") else os.path.abspath(path)


def bench_corpora() -> list[str]:
    """The corpora whose texts are all at hand; says why others are left out."""
    missing = not_hydrated()
    if not missing:
        return list(corpus.CORPUS_NAMES)
    print(f"wire rows are left out: {missing}; run counterclaim hydrate", file=sys.stderr)
    return ["desk"]


def not_hydrated() -> str:
    """How many wire texts that all can have are not there; empty if none."""
    wire = [d for split in SPLITS for d in corpus.read(split, corpus="wire") if not d.restricted]
    missing = sum(document.text is None for document in wire)
    return f"{missing} of {len(wire)} wire texts are not hydrated" if missing else ""


def baseline_files(
    task: str, mentions: str | None = None, *, installed: Collection[str] = ()
) -> list[Path]:
    """The model files of a checkout for a task; says which of them need more packages.

    Args:
        task: Its name.
        mentions: "gold" where mentions are given.
        installed: Packages beyond our own that they may need.

    Raises:
        DataError: The package was installed without a checkout.
    """
    folder = corpus.data_dir().parent / "baselines"
    files = sorted(folder.glob("*.py"))
    if not files:
        raise DataError(f"{folder}: has no baselines; expected a checkout, or files that are named")
    chosen = []
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        forms = {task, f"{task}/{mentions}"}
        if not forms & set(named_tasks(tree, default=(task,))):
            continue
        more = sorted(imported(tree) - sys.stdlib_module_names - _AT_HAND - set(installed))
        if more:
            print(f"{file.stem} is left out, as it needs {', '.join(more)}", file=sys.stderr)
        else:
            chosen.append(file)
    return chosen


_AT_HAND = {"counterclaim", "msgspec", "numpy", "scipy", "sklearn"}


def named_tasks(tree: ast.Module, default: Sequence[str]) -> Sequence[str]:
    """What a model file gives as `TASKS`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TASKS":
            return tuple(ast.literal_eval(node.value))
    return default


def imported(tree: ast.Module) -> set[str]:
    """The packages that it imports."""
    names = [
        name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
        )
    ]
    return {name.partition(".")[0] for name in names}


def read_run(path: str, names: Sequence[str]) -> list[Prediction]:
    """The predictions of a file: whole records, or what one of the tasks of these names asks for.

    Raises:
        LineError: The first line that is no whole record, if the file fits no task either.
    """
    from counterclaim.pairing import read_predictions
    from counterclaim.tasks import TASKS

    try:
        return [each for _, each in jsonl.read_records(path, Prediction)]
    except jsonl.LineError:
        for name in names:
            with suppress(jsonl.LineError):
                return [each.prediction for each in read_predictions(path, TASKS[name])]
        raise


def data_version(name: str, split: str) -> str:
    """Version of the data and fingerprint of the gold files that a score rests on."""
    part = next(known for known in SPLITS if known == split)
    paths = [corpus.gold_path(each, part) for each in corpus.corpora(name)]
    return f"{corpus.manifest()['version']}+{corpus.fingerprint(paths)}"


def progress_bar(what: str) -> Callable[[Sequence[T]], Iterable[T]]:
    """Wrap batches so that a terminal shows how far they are."""
    from tqdm import tqdm

    # Shown on a terminal only: a log should not fill with bars.
    return lambda batches: tqdm(batches, desc=what, unit="batch", disable=None, leave=False)
