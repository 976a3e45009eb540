"""Model files: the contract, and every way of breaking it."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from records import document, documents

from counterclaim import jsonl
from counterclaim.errors import ModelError
from counterclaim.model import LAYERS, Document, Prediction
from counterclaim.running import BATCH, run
from counterclaim.scoring import score
from counterclaim.tasks import GOLD_MENTIONS, SENTENCES, TASKS

Write = Callable[[str, str | bytes], Path]
HEAD = "from counterclaim import Prediction\n\n\ndef fit(task, train, dev):\n"


def predict(path: Path, wanted: list[Document] | None = None) -> list[Prediction]:
    return run(path, SENTENCES, documents(), documents(), wanted or documents())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n", ": defines no fit; expected fit(task, train, dev) -> predict"),
        ("fit = 3\n", ": defines no fit"),
        ("import nowhere_at_all\n", ":1: importing it raised ModuleNotFoundError"),
        ("def fit(:\n", ":1: importing it raised SyntaxError"),
        ("raise SystemExit(3)\n", ":1: importing it raised SystemExit: 3"),
        ("raise BaseException('rust')\n", ":1: importing it raised BaseException: rust"),
        (
            "import counterclaim\n" + HEAD + "    counterclaim.read('all')\n",
            ":6: fit raised DataError: split 'all'; expected one of train, dev, test",
        ),
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
            ": case-1: sentence_labels for 1 sentences; expected 3",
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


def test_what_numpy_gives_is_read_as_a_file_would_be(write: Write) -> None:
    """Scores straight from `predict_proba`, labels out of an array."""
    source = (
        "import numpy as np\n"
        + HEAD
        + "    labels, score = np.array(['denial']), {'denial': np.float32(0.5)}\n"
        "    return lambda ds: [Prediction(d.doc_id, sentence_labels=[labels] * len(d.sentences),"
        " sentence_scores=[score] * len(d.sentences)) for d in ds]\n"
    )
    (prediction,) = predict(write("model.py", source), [document()])
    assert prediction.sentence_labels == [["denial"]] * 3
    assert prediction.sentence_scores == [{"denial": 0.5}] * 3


def test_labels_are_written_in_one_order_each_once(write: Write) -> None:
    """The order of a set changes from process to process."""
    labels = "[['location', 'denial', 'denial']] * len(d.sentences)"
    body = f"    return lambda ds: [Prediction(d.doc_id, sentence_labels={labels}) for d in ds]\n"
    (prediction,) = predict(write("model.py", HEAD + body), [document()])
    assert prediction.sentence_labels == [["denial", "location"]] * 3


def test_a_relative_path_names_the_line_though_the_model_changes_folders(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("model.py", "import os\n" + HEAD + "    os.chdir('/')\n    1 / 0\n")
    monkeypatch.chdir(path.parent)
    with pytest.raises(ModelError, match=r"^model\.py:7: fit raised ZeroDivisionError"):
        predict(Path("model.py"))


def test_a_model_cannot_change_the_gold(write: Write) -> None:
    """It gets a copy, to the last span."""
    original = document()
    body = (
        "    def predict(ds):\n"
        "        for d in ds:\n"
        "            msgspec.structs.force_setattr(d.sentences[0], 'end', 1)\n"
        "        return [Prediction(d.doc_id, denials=()) for d in ds]\n"
        "    return predict\n"
    )
    predict(write("model.py", "import msgspec\n" + HEAD + body), [original])
    assert original == document()


def test_what_a_model_prints_is_no_result(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    body = (
        "    print('hello')\n    return lambda ds: [Prediction(d.doc_id, denials=()) for d in ds]\n"
    )
    predict(write("model.py", HEAD + body))
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.slow
def test_processes_that_a_model_spawns_find_it(write: Write) -> None:
    """Spawning is how macOS and Windows start workers, and Linux from Python 3.14."""
    body = (
        "    with get_context('spawn').Pool(1) as pool:\n"
        "        number = pool.map(double, [21])[0]\n"
        "    return lambda ds: [Prediction(d.doc_id, sentence_labels=[[]] * len(d.sentences),\n"
        "        sentence_scores=[{'denial': number}] * len(d.sentences)) for d in ds]\n"
    )
    head = "from multiprocessing import get_context\ndef double(x):\n    return 2 * x\n"
    (prediction,) = predict(write("spawning_model.py", head + HEAD + body), [document()])
    assert prediction.sentence_scores == [{"denial": 42}] * 3


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


PLACES_MODEL = """
def fit(task, train, dev):
    known = {r.mention: r for e in train for r in e.gold.locations}

    def places(document):
        return [
            {"id": r.id, "mention": {"start": r.mention.start, "end": r.mention.end},
             "country": known[r.mention].country, "lat": known[r.mention].lat,
             "lon": known[r.mention].lon, "role": "site"}
            for r in document.locations
        ]

    return lambda ds: [{"doc_id": d.doc_id, "locations": places(d)} for d in ds]
"""


def test_a_model_may_give_dicts_and_is_given_mentions(write: Write) -> None:
    """With no more in them than the task reads; what is written scores as it stands."""
    task = GOLD_MENTIONS["places"]
    found = run(write("m.py", PLACES_MODEL), task, documents(), [], documents())
    written = [msgspec.json.decode(jsonl.encode(p), type=task.prediction) for p in found]
    for predictions in (found, written):
        result = score(task, documents(), predictions, resamples=5)
        assert result.headline.value == 1
        assert result.missing == []
    # Without the mentions there is nothing that this model could place.
    (first, _) = run(write("m.py", PLACES_MODEL), TASKS["places"], documents(), [], documents())
    assert list(first.locations or ()) == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("{}", "predict returned None in the place of case-1"),
        ("{'doc_id': 'case-1'}", "case-1: no locations; expected locations"),
        (
            "{'doc_id': 'case-1', 'locations': 3}",
            "case-1: $.locations: Expected `array`, got `int`",
        ),
        (
            "{'doc_id': 'case-1', 'locations': [{'mention': {'start': 0, 'end': 4}, 'lat': 200.0,"
            " 'lon': 0.0, 'country': None, 'role': 'site'}]}",
            "case-1/locations[0]: coordinates: lat 200.0",
        ),
        (
            "{'doc_id': 'case-1', 'locations': [], 'gold': 1}",
            "case-1: Object contains unknown field",
        ),
        ("{'doc_id': 'case-1', 'locations': {1, 2}}", "case-1: $.locations[0]: Expected `object`"),
        ("{'doc_id': 'case-1', 'locations': [object()]}", "case-1: a value of type object"),
    ],
)
def test_a_dict_that_is_no_prediction_is_an_error(write: Write, answer: str, message: str) -> None:
    path = write("m.py", f"def fit(task, train, dev):\n    return lambda ds: [{answer}]\n")
    with pytest.raises(ModelError) as caught:
        run(path, TASKS["places"], [], [], [document()])
    assert message in str(caught.value)
