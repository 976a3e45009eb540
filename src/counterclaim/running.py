"""Run a model file: any Python file that defines `fit`.

    def fit(task: Task, train: Sequence[Example], dev: Sequence[Example]) -> Predict: ...

    Predict = Callable[[Sequence[Document]], Sequence[Prediction]]

`fit` gets the training and development documents with their gold and returns a function
that gives one prediction for each document, in order. That function sees documents
without gold only.
"""

import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from msgspec import UNSET

from counterclaim.errors import CounterclaimError, ModelError
from counterclaim.jsonl import explain
from counterclaim.model import LAYERS, Document, Prediction, blind
from counterclaim.scoring import check_prediction
from counterclaim.tasks import Example, Task, examples

Predict = Callable[[Sequence[Document]], Sequence[Prediction]]
Fit = Callable[[Task, Sequence[Example], Sequence[Example]], Predict]
Progress = Callable[[Sequence[Sequence[Document]]], Iterable[Sequence[Document]]]
BATCH = 16  # documents that `predict` gets at once


def load_fit(path: Path | str) -> Fit:
    """Load the `fit` of a model file.

    Raises:
        ModelError: No such file, it cannot be imported, or it defines no `fit`.
    """
    path = Path(path)
    name = f"_model_{path.stem}"
    spec = spec_from_file_location(name, path) if path.suffix == ".py" else None
    if not path.is_file() or spec is None or spec.loader is None:
        raise ModelError(f"{path}: no such model file; expected a .py file")
    module: ModuleType = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    _call(path, "importing it", spec.loader.exec_module, module)
    fit = getattr(module, "fit", None)
    if not callable(fit):
        raise ModelError(f"{path}: defines no fit; expected fit(task, train, dev) -> predict")
    return fit  # type: ignore[no-any-return]


def run(
    path: Path | str,
    task: Task,
    train: Sequence[Document],
    dev: Sequence[Document],
    documents: Sequence[Document],
    *,
    progress: Progress = iter,
) -> list[Prediction]:
    """Fit a model file and predict documents, some at a time.

    Args:
        path: The model file.
        task: The task.
        train: Training documents, with text and gold.
        dev: Development documents, with text and gold.
        documents: Documents to predict; their gold is not shown to the model.
        progress: Wraps the batches of documents to show progress.

    Raises:
        ModelError: The file breaks the contract; the message names it and the line.
    """
    fit = load_fit(path)
    predict = _call(Path(path), "fit", fit, task, examples(task, train), examples(task, dev))
    if not callable(predict):
        raise ModelError(
            f"{path}: fit returned {type(predict).__name__}; expected a function "
            "predict(documents) -> predictions"
        )
    predictions: list[Prediction] = []
    batches = [documents[i : i + BATCH] for i in range(0, len(documents), BATCH)]
    for batch in progress(batches):
        answer = _call(Path(path), "predict", predict, [blind(document) for document in batch])
        predictions += _checked(Path(path), task, batch, answer)
    return predictions


def _checked(
    path: Path, task: Task, documents: Sequence[Document], answer: Any
) -> list[Prediction]:
    """The answer of `predict` as sound predictions for these documents."""
    if not isinstance(answer, Sequence) or isinstance(answer, str):
        raise ModelError(
            f"{path}: predict returned {type(answer).__name__}; expected a list of predictions"
        )
    if len(answer) != len(documents):
        raise ModelError(
            f"{path}: predict returned {len(answer)} predictions for {len(documents)} documents; "
            "expected one for each"
        )
    predictions = []
    for document, given in zip(documents, answer, strict=True):
        if not isinstance(given, Prediction):
            raise ModelError(
                f"{path}: {document.doc_id}: predict returned {type(given).__name__}; "
                "expected a counterclaim.Prediction"
            )
        if given.doc_id != document.doc_id:
            raise ModelError(
                f"{path}: predict returned {given.doc_id} in the place of {document.doc_id}; "
                "expected predictions in the order of the documents"
            )
        try:
            # A model may have built it from lists and strings of any kind: read it as a file.
            sound = msgspec.convert(msgspec.to_builtins(given), Prediction)
            check_prediction(task, sound, {document.doc_id: document}, {})
        except msgspec.ValidationError as error:
            raise ModelError(f"{path}: {document.doc_id}: {explain(error)}") from None
        except (TypeError, CounterclaimError) as error:
            raise ModelError(f"{path}: prediction for {error}") from None
        if any(getattr(sound, layer) for layer in LAYERS if getattr(sound, layer) is not UNSET):
            # Offsets hold in this text alone; scoring compares the hash.
            sound = msgspec.structs.replace(sound, sha256=document.sha256)
        predictions.append(sound)
    return predictions


def _call(path: Path, what: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call into the model file; what it raises becomes an error that names the line."""
    try:
        return function(*args)
    except CounterclaimError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f.lineno for f in frames if Path(f.filename).resolve() == path.resolve()]
        line = own[-1] if own else getattr(error, "lineno", None) or 1
        name = type(error).__name__
        raise ModelError(f"{path}:{line}: {what} raised {name}: {error}") from error
