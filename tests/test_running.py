"""Model files: the contract, and every way of breaking it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from records import document, documents

from counterclaim.errors import ModelError
from counterclaim.model import LAYERS, Document
from counterclaim.running import BATCH, run
from counterclaim.tasks import SENTENCES

Write = Callable[[str, str | bytes], Path]
HEAD = "from counterclaim import Prediction\n\n\ndef fit(task, train, dev):\n"


def predict(path: Path, wanted: list[Document] | None = None) -> list[object]:
    return list(run(path, SENTENCES, documents(), documents(), wanted or documents()))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n", ": defines no fit; expected fit(task, train, dev) -> predict"),
        ("fit = 3\n", ": defines no fit"),
        ("import nowhere_at_all\n", ":1: importing it raised ModuleNotFoundError"),
        ("def fit(:\n", ":1: importing it raised SyntaxError"),
        ("raise SystemExit(3)\n", ":1: importing it raised SystemExit: 3"),
        (HEAD + "    return None\n", ": fit returned NoneType; expected a function"),
        (HEAD + "    train[0].nothing\n", ":5: fit raised AttributeError"),
        (HEAD + "    return lambda ds: 1 / 0\n", ":5: predict raised ZeroDivisionError"),
        (HEAD + "    return lambda ds: None\n", ": predict returned NoneType; expected a list"),
        (HEAD + "    return lambda ds: []\n", ": predict returned 0 predictions for 2 documents"),
        (HEAD + "    return lambda ds: ds\n", ": case-1: predict returned Document; expected"),
        (
            HEAD + "    return lambda ds: [Prediction(d.doc_id) for d in ds][::-1]\n",
            ": predict returned case-2 in the place of case-1",
        ),
        (
            HEAD
            + "    return lambda ds: [Prediction(d.doc_id, sentence_labels=[[]]) for d in ds]\n",
            ": prediction for case-1: sentence_labels for 1 sentences; expected 3",
        ),
        (
            HEAD
            + "    return lambda ds: [Prediction(d.doc_id, sentence_labels='no') for d in ds]\n",
            ": case-1: $.sentence_labels: Expected `array`, got `str`",
        ),
        (
            HEAD + "    return lambda ds: [Prediction(d.doc_id, denials={d}) for d in ds]\n",
            ": case-1: $.denials",
        ),
    ],
)
def test_a_broken_model_file_is_an_error_that_names_it(
    write: Write, source: str, message: str
) -> None:
    path = write("model.py", source)
    with pytest.raises(ModelError) as caught:
        predict(path)
    assert str(caught.value).startswith(f"{path}{message}")


@pytest.mark.parametrize("name", ["none.py", "."])
def test_a_missing_model_file_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"no such model file; expected a \.py file"):
        predict(tmp_path / name)


def test_models_see_no_gold_at_prediction(write: Write) -> None:
    """A model that gives back what it sees gives empty layers."""
    fields = ", ".join(f"{layer}=d.{layer}" for layer in LAYERS)
    path = write(
        "echo.py", HEAD + f"    return lambda ds: [Prediction(d.doc_id, {fields}) for d in ds]\n"
    )

    (prediction,) = predict(path, [document()])

    assert all(getattr(prediction, layer) == () for layer in LAYERS)


def test_lists_and_numpy_strings_are_read_as_a_file_would_be(write: Write) -> None:
    source = (
        "import numpy as np\n" + HEAD + "    labels = np.array(['denial'])\n"
        "    return lambda ds: [Prediction(d.doc_id, sentence_labels=[labels.tolist()]"
        " * len(d.sentences)) for d in ds]\n"
    )
    (prediction,) = predict(write("model.py", source), [document()])
    assert prediction.sentence_labels == [["denial"]] * 3  # type: ignore[attr-defined]


def test_a_dataclass_in_a_model_file_works(write: Write) -> None:
    """The module has to be in sys.modules while it is executed."""
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Setting:\n    value: int = 1\n"
        + HEAD.replace("from __future", "#")
        + "    return lambda ds: [Prediction(d.doc_id, denials=()) for d in ds]\n"
    )
    assert len(predict(write("model.py", source))) == 2


def test_documents_come_in_batches_and_progress_sees_them(write: Write) -> None:
    path = write(
        "model.py", HEAD + "    return lambda ds: [Prediction(d.doc_id, denials=()) for d in ds]\n"
    )
    many = [document(doc_id=f"case-{i}") for i in range(BATCH + 1)]
    seen: list[int] = []

    def progress(batches: object) -> object:
        for batch in batches:  # type: ignore[attr-defined]
            seen.append(len(batch))
            yield batch

    predictions = run(path, SENTENCES, [], [], many, progress=progress)  # type: ignore[arg-type]
    assert seen == [BATCH, 1]
    assert [p.doc_id for p in predictions] == [d.doc_id for d in many]
