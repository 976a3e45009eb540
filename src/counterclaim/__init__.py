"""Counterclaim: who accuses whom in conflict news, who denies it, how many were hurt, where.

`load` gives Hugging Face data sets, `read` typed documents, `score` compares predictions
with gold. Names are imported when they are first used, so that `import counterclaim`
needs neither numpy nor datasets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterclaim.corpus import read
    from counterclaim.errors import CounterclaimError, DataError, ModelError
    from counterclaim.hub import load
    from counterclaim.model import (
        Accusation,
        Casualty,
        Denial,
        Document,
        Location,
        Prediction,
        Source,
        Span,
    )
    from counterclaim.scoring import Scores, score
    from counterclaim.tasks import TASKS, Example, Task

_HOMES = {
    "corpus": ("read",),
    "errors": ("CounterclaimError", "DataError", "ModelError"),
    "hub": ("load",),
    "model": (
        "Accusation",
        "Casualty",
        "Denial",
        "Document",
        "Location",
        "Prediction",
        "Source",
        "Span",
    ),
    "scoring": ("Scores", "score"),
    "tasks": ("TASKS", "Example", "Task"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [  # noqa: RUF022 - in the order of use
    "load",
    "read",
    "score",
    "TASKS",
    "Task",
    "Example",
    "Prediction",
    "Scores",
    "Document",
    "Source",
    "Span",
    "Accusation",
    "Denial",
    "Casualty",
    "Location",
    "CounterclaimError",
    "DataError",
    "ModelError",
]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"counterclaim.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'counterclaim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
