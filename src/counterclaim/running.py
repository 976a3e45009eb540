"""Run a model file: any Python file that defines `fit`.

    def fit(task: Task, train: Sequence[Example], dev: Sequence[Example]) -> Predict: ...

    Predict = Callable[[Sequence[Document]], Sequence[Prediction | dict]]

`fit` gets the training and development documents with their gold and returns a function
that gives one prediction for each document, in order: a record, or a dict as a line of a
predictions file has it. That function sees documents without gold only. What else `fit`
takes, such as a seed or the path of weights, are options of the run, given by name. A file
that is not for every task names those it is for in `TASKS`; "links/gold" is the task links
with given mentions.
"""

import contextlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from counterclaim.columns import Batch
from counterclaim.errors import CounterclaimError, ModelError
from counterclaim.model import Document, Prediction
from counterclaim.pairing import check_batch
from counterclaim.predictions import complete, predicted_sentence_labels, typed
from counterclaim.tasks import Task, examples

Predict = Callable[[Sequence[Document]], Sequence[Prediction | dict[str, Any]]]
Fit = Callable[..., Predict]
Progress = Callable[[Sequence[Sequence[Document]]], Iterable[Sequence[Document]]]
BATCH = 16  # documents that `predict` gets at once


class _Model(NamedTuple):
    """A model file: as the user names it, and where it is, whatever folder it changes to."""

    name: str
    file: Path

    def call(self, what: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call into the file; what it raises becomes an error that names the line.

        What it prints goes to the error stream, as the output belongs to the results.
        """
        try:
            with contextlib.redirect_stdout(sys.stderr):
                return function(*args)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also what a compiled extension raises
            frames = traceback.extract_tb(error.__traceback__)
            own = [frame.lineno for frame in frames if Path(frame.filename) == self.file]
            line = own[-1] if own else getattr(error, "lineno", None) or 1
            raise ModelError(f"{self.name}:{line}: {what} raised {_describe(error)}") from error


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


def load_fit(path: Path | str) -> Fit:
    """Load the `fit` of a model file.

    Raises:
        ModelError: No such file, it cannot be imported, or it defines no `fit`.
    """
    return _load(_Model(str(path), Path(path).absolute()))[0]


def _load(model: _Model) -> tuple[Fit, Sequence[str] | None]:
    """The `fit` of a file, and the names of the tasks it is for if it names them."""
    file = model.file
    # By its own name where that is free, and with its folder last on the path: a process
    # that the model spawns finds it then.
    name = file.stem
    if not name.isidentifier() or name in sys.modules or find_spec(name) is not None:
        name = f"_model_{name}"
    spec = spec_from_file_location(name, file) if file.suffix == ".py" else None
    if not file.is_file() or spec is None or spec.loader is None:
        raise ModelError(f"{model.name}: no such model file; expected a .py file")
    module: ModuleType = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    model.call("importing it", spec.loader.exec_module, module)
    fit = getattr(module, "fit", None)
    if not callable(fit):
        raise ModelError(f"{model.name}: defines no fit; expected fit(task, train, dev) -> predict")
    return fit, getattr(module, "TASKS", None)


def run(
    path: Path | str,
    task: Task,
    train: Sequence[Document],
    dev: Sequence[Document],
    documents: Sequence[Document],
    *,
    options: Mapping[str, Any] | None = None,
    progress: Progress = iter,
) -> list[Prediction]:
    """Fit a model file and predict documents, some at a time.

    Args:
        path: The model file.
        task: The task.
        train: Training documents, with text and gold.
        dev: Development documents, with text and gold.
        documents: Documents to predict; their gold is not shown to the model.
        options: Further arguments of `fit`, by name.
        progress: Wraps the batches of documents to show progress.

    Raises:
        ModelError: The file breaks the contract; the message names it and the line.
    """
    predict = fitted(path, task, train, dev, options or {})
    batches = [documents[i : i + BATCH] for i in range(0, len(documents), BATCH)]
    return [prediction for batch in progress(batches) for prediction in predict(batch)]


def fitted(
    path: Path | str,
    task: Task,
    train: Sequence[Document],
    dev: Sequence[Document],
    options: Mapping[str, Any],
) -> Callable[[Sequence[Document]], list[Prediction]]:
    """Fit a model file; arguments as for `run`.

    Returns:
        A function that gives sound predictions for documents, of which it hides the gold.

    Raises:
        ModelError: As for `run`; so does the function.
    """
    model = _Model(str(path), Path(path).absolute())
    fit, names = _load(model)
    if names is not None and task.name not in {name.partition("/")[0] for name in names}:
        raise ModelError(f"{path}: is for {', '.join(names)}; found the task {task.name}")
    _check_options(model, fit, options)
    given = examples(task, train), examples(task, dev)
    predict = model.call("fit", partial(fit, **options), task, *given)
    if not callable(predict):
        raise ModelError(
            f"{path}: fit returned {type(predict).__name__}; expected a function "
            "predict(documents) -> predictions"
        )

    def sound(batch: Sequence[Document]) -> list[Prediction]:
        answer = model.call("predict", predict, [task.view(document) for document in batch])
        if not isinstance(answer, Sequence) or isinstance(answer, str):
            raise ModelError(
                f"{path}: predict returned {type(answer).__name__}; expected a list of predictions"
            )
        return _checked(model, task, batch, model.call("predict", list, answer))

    return sound


def _check_options(model: _Model, fit: Fit, options: Mapping[str, Any]) -> None:
    try:
        parameters = inspect.signature(fit).parameters.values()
    except ValueError:  # some callables do not tell
        return
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    known = [p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)][3:]
    for name in options:
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else "no option"
            raise ModelError(f"{model.name}: fit takes no option {name!r}; expected {expected}")


def _checked(
    model: _Model, task: Task, documents: Sequence[Document], answer: list[Any]
) -> list[Prediction]:
    """The answer of `predict` as sound predictions for these documents."""
    if len(answer) != len(documents):
        raise ModelError(
            f"{model.name}: predict returned {len(answer)} predictions for {len(documents)} "
            "documents; expected one for each"
        )
    predictions = []
    for document, given in zip(documents, answer, strict=True):
        if not isinstance(given, (Prediction, task.prediction, dict)):
            raise ModelError(
                f"{model.name}: {document.doc_id}: predict returned {type(given).__name__}; "
                "expected a counterclaim.Prediction, or a dict as in a predictions file"
            )
        doc_id = given.get("doc_id") if isinstance(given, dict) else given.doc_id
        if doc_id != document.doc_id:
            raise ModelError(
                f"{model.name}: predict returned {doc_id} in the place of "
                f"{document.doc_id}; expected predictions in the order of the documents"
            )
        try:
            predictions.append(_sound(task, document, given))
        except CounterclaimError as error:
            name = "" if str(error).startswith(document.doc_id) else f"{document.doc_id}: "
            raise ModelError(f"{model.name}: {name}{error}") from None
    return predictions


def _sound(task: Task, document: Document, given: Any) -> Any:
    """A prediction as a file would have it; a model may build it from lists and numpy."""
    sound = typed(given, task.prediction)
    check_batch(task, Batch([document], [complete(sound)]), lambda _: "")
    if getattr(sound, "sentence_labels", UNSET) is not UNSET:
        # In one order, each once: the same prediction is the same bytes.
        labels = predicted_sentence_labels(document, sound)
        sound = msgspec.structs.replace(sound, sentence_labels=labels)
    # Not the text itself: a predictions file is passed on, a wire text may not be.
    sound = msgspec.structs.replace(sound, text=UNSET, title=UNSET)
    if document.corpus == "wire":
        # Which text it was made from: scoring chooses the record in its coordinates.
        sound = msgspec.structs.replace(sound, sha256=document.sha256)
    return sound
