"""Which systems have results, and where what they predict is kept."""

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from counterclaim import corpus
from counterclaim.cli import inputs
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
def takes_seed(model: Path) -> bool:
    """Whether the `fit` of a model file has an argument of that name."""
    for node in ast.parse(model.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "fit":
            return "seed" in {argument.arg for argument in node.args.kwonlyargs}
    return False


class Training(NamedTuple):
    """One training of an encoder, of those that its results rest on."""

    form: str
    model: Path
    trained: str
    seed: int

    @property
    def account(self) -> Path:
        """The account of the run."""
        return account_path(self._named(""))

    def predictions(self, part: str) -> Path:
        """What it predicts for the test set of a corpus, or for the `contrast` texts."""
        return self._named(f"-{part}.jsonl")

    def _named(self, end: str) -> Path:
        folder = PREDICTIONS / self.form.replace("/", "-") / self.model.stem
        return folder / f"{self.trained}-{self.seed}{end}"


def trainings() -> Iterator[Training]:
    """All of them, a seed after the other: every seed on each corpus, the first also on both."""
    for seed in range(SEEDS):
        for form in FORMS:
            for model in baselines(form, encoders=True):
                seeded = takes_seed(model)
                for trained in corpus.CORPUS_NAMES:
                    if seed == 0 or (seeded and trained != "all"):
                        yield Training(form, model, trained, seed)


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
