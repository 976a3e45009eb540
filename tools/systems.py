"""Which systems have results, what they predict, and where that is kept."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from counterclaim import contrasts, corpus, jsonl
from counterclaim.cli import inputs
from counterclaim.model import CORPORA, Document
from counterclaim.recording import account_path
from counterclaim.tasks import GOLD_MENTIONS, TASKS

ROOT = Path(__file__).parents[1]
PREDICTIONS = ROOT / "baselines" / "predictions"
FORMS = (*TASKS, *(f"{name}/gold" for name in GOLD_MENTIONS))
SEEDS = 5


@cache
def baselines(form: str, *, encoders: bool) -> list[Path]:
    """The baselines of a form of a task that are encoders, or those that need no torch."""
    task, _, mentions = form.partition("/")
    found = []
    for path in sorted((ROOT / "baselines").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = {task, f"{task}/{mentions}"} & set(inputs.named_tasks(tree, default=(task,)))
        needed = inputs.imported(tree)
        if known and "openai" not in needed and ("torch" in needed) == encoders:
            found.append(path)
    return found


def options(name: str, form: str) -> list[str]:
    """Options of the commands run, score and compare."""
    task, _, mentions = form.partition("/")
    given = ["--mentions", mentions] if mentions else []
    return ["--task", task, "--corpus", name, *given]


@cache
def takes(model: Path, name: str) -> bool:
    """Whether the `fit` of a model file has an argument of that name."""
    for node in ast.parse(model.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "fit":
            return name in {argument.arg for argument in node.args.kwonlyargs}
    return False


class Training(NamedTuple):
    """One training of a system, of those that its results rest on."""

    form: str
    model: Path
    trained: str
    seed: int = 0
    folder: Path = PREDICTIONS

    @property
    def is_encoder(self) -> bool:
        """Whether it is one whose predictions are kept in the repository."""
        return self.folder == PREDICTIONS

    @property
    def account(self) -> Path:
        """The account of the run."""
        return account_path(self._named(""))

    def predictions(self, part: str) -> Path:
        """What it predicts for the test set of a corpus, or for the `contrast` texts."""
        return self._named(f"-{part}.jsonl")

    def _named(self, end: str) -> Path:
        folder = self.folder / self.form.replace("/", "-") / self.model.stem
        return folder / f"{self.trained}-{self.seed}{end}"


def trainings(forms: Collection[str] = FORMS) -> Iterator[Training]:
    """Those of encoders, a seed after the other: all on each corpus, the first also on both."""
    for seed in range(SEEDS):
        for form in forms:
            for model in baselines(form, encoders=True):
                seeded = takes(model, "seed")
                for trained in corpus.CORPUS_NAMES:
                    if seed == 0 or (seeded and trained != "all"):
                        yield Training(form, model, trained, seed)


def held_documents() -> dict[str, list[Document]]:
    """What is predicted: the test set of each corpus at hand, and the changed texts."""
    at_hand = inputs.bench_corpora()
    found = {name: corpus.hydrated("test", name) for name in CORPORA if name in at_hand}
    pairs = [pair for name in corpus.CONTRASTS for pair in contrasts.pairs(name)]
    return found | {"contrast": [pair.changed for pair in pairs]}


def train(
    training: Training,
    held: Mapping[str, Sequence[Document]],
    folder: Path,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Train and predict in a run of its own, and keep its predictions and its account.

    Args:
        training: The training; the changed texts are for those of the first seed on desk.
        held: From `held_documents`.
        folder: For the files of the run, which it may go on from.
        environment: Of the run.
    """
    on_changed = (training.trained, training.seed) == ("desk", 0)
    parts = [part for part in held if part != "contrast" or on_changed]
    output = folder / training.predictions("any").relative_to(training.folder)
    output.parent.mkdir(parents=True, exist_ok=True)
    given = output.with_suffix(".texts.jsonl")
    jsonl.write_records(given, [document for part in parts for document in held[part]])
    more = ["--set", f"seed={training.seed}"] if training.seed else []
    if takes(training.model, "keep"):  # one training serves several tasks
        kept = folder / f"{training.model.stem}-{training.trained}-{training.seed}.pt"
        more += ["--set", f"keep={shown(kept)}"]
    files = ["--input", shown(given), "--output", shown(output)]
    command = [shown(training.model), *options(training.trained, training.form), *more, *files]
    run_apart(command, environment)
    predicted = {each["doc_id"]: each for each in lines(output)}
    for part in parts:
        rows = [predicted[document.doc_id] for document in held[part]]
        if part == "contrast":  # what is counted of them, as they are many
            rows = [{k: v for k, v in row.items() if k != "sentence_scores"} for row in rows]
        training.predictions(part).parent.mkdir(parents=True, exist_ok=True)
        jsonl.write_records(training.predictions(part), rows)
    shutil.copy(account_path(output), training.account)


def run_apart(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """The command run in a process of its own, so that its time and memory are its own."""
    command = [sys.executable, "-m", "counterclaim", "run", *words]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def shown(path: Path) -> str:
    """A path as a command in the root of the repository names it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
