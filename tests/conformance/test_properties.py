"""What holds for the scores of every task, whatever the gold and whatever the system.

A task that is added is tested here without a line of its own.
"""

import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from conformance.strategies import (
    ALL_TASKS,
    EXAMPLES,
    Case,
    Draw,
    Passage,
    below,
    cases,
    corpora,
    finished,
    new_record,
    renamed,
    row,
    task_name,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace
from numpy.typing import NDArray

from counterclaim import jsonl
from counterclaim.counting import Tally, named, tally
from counterclaim.errors import DataError
from counterclaim.metrics.clusters import METRICS
from counterclaim.metrics.links import STATUSES
from counterclaim.model import LABELS, LAYERS, Document, Prediction, Source, Span, sentence_labels
from counterclaim.pairing import pair
from counterclaim.scoring import score, score_files
from counterclaim.tasks import Task

Values = dict[tuple[str, str], float]
# Of these measures less is better.
ERRORS = ("mean_km", "auc", "log_error", "reading_effort")
seeds = st.integers(0, 2**16)


def each(tasks: Sequence[Task]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("task", tasks, ids=task_name)


OPEN = [task for task in ALL_TASKS if task.mentions != "gold"]
GIVEN = [task for task in ALL_TASKS if task.mentions == "gold"]
LAYERED = [task for task in OPEN if task.layers]


def scored(task: Task, gold: Sequence[Document], predicted: Sequence[Prediction]) -> str:
    """A whole result as the bytes that are written, with as few resamples as make an interval."""
    return jsonl.encode(score(task, gold, predicted, resamples=3))


def tallied(task: Task, gold: Sequence[Document], predicted: Sequence[Prediction]) -> Tally:
    """All that a result is made from: the counts of each document, and ranked sentences."""
    return tally(task, pair(task, gold, predicted))


def counts(
    task: Task, gold: Sequence[Document], predicted: Sequence[Prediction]
) -> NDArray[np.float64]:
    """The counts of each document."""
    return tallied(task, gold, predicted).counts


def values(task: Task, counted: NDArray[np.float64]) -> Values:
    """The value of each row and measure, without intervals."""
    table = task.scores(named(task, counted.sum(axis=0)))
    return {(name, m): float(value) for name, row in table.items() for m, value in row.items()}


def perfect(task: Task, gold: Sequence[Document]) -> list[Prediction]:
    """What a system would have to say."""
    if task.layers:
        return [task.gold(document) for document in gold]
    return [Prediction(d.doc_id, sentence_labels=task.gold(d)) for d in gold]


def silent(task: Task, document: Document, *, with_scores: bool = False) -> Prediction:
    """A prediction that says nothing."""
    if task.layers:
        layers: dict[str, Any] = dict.fromkeys(task.layers, ())
        return Prediction(document.doc_id, **layers)
    labels: list[list[str]] = [[] for _ in document.sentences]
    scores: list[dict[str, float]] = [{} for _ in document.sentences]
    return Prediction(
        document.doc_id, sentence_labels=labels, sentence_scores=scores if with_scores else UNSET
    )


def rises(before: float, after: float) -> bool:
    """Whether a score is better than before; nothing wrong makes a score defined."""
    return after > before or (math.isnan(before) and after > 0)


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data())
def test_gold_against_itself_is_one_or_undefined(task: Task, data: st.DataObject) -> None:
    """Gold against gold was 0.942 in SemEval-2022 Task 10, where spans began inside a token."""
    gold = data.draw(corpora(task))
    for key, value in values(task, counts(task, gold, perfect(task, gold))).items():
        assert math.isnan(value) or value == (0 if key[1] in ERRORS else 1), key


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data())
def test_nothing_predicted_is_zero_or_undefined(task: Task, data: st.DataObject) -> None:
    """Errors of places are the greatest there are: half of the equator, and an area of 1."""
    gold = data.draw(corpora(task))
    worst = {"mean_km": 20_039, "auc": 1}
    empty = [silent(task, document) for document in gold]
    for key, value in values(task, counts(task, gold, empty)).items():
        assert math.isnan(value) or value == worst.get(key[1], 0), key


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data())
def test_a_missing_document_is_a_miss(task: Task, data: st.DataObject) -> None:
    """It is worth what an empty prediction is worth, and it is named."""
    gold, predicted = data.draw(cases(task))
    known = {prediction.doc_id for prediction in predicted}
    lost = [document for document in gold if document.doc_id not in known]
    with_scores = any(prediction.sentence_scores is not UNSET for prediction in predicted)
    empty = [silent(task, document, with_scores=with_scores) for document in lost]
    found, same = (tallied(task, gold, said) for said in (predicted, [*predicted, *empty]))
    assert found.missing == sorted(document.doc_id for document in lost)
    assert same.missing == []
    assert found.counts.tobytes() == same.counts.tobytes()
    np.testing.assert_equal(found.ranked, same.ranked)


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data(), seed=seeds)
def test_order_changes_nothing(task: Task, data: st.DataObject, seed: int) -> None:
    """Rows, records, labels and answers may stand in any order; numbers stay what they are."""
    case = data.draw(cases(task))
    shuffle = random.Random(seed)
    first, other = tallied(task, *case), tallied(task, *(shuffled(side, shuffle) for side in case))
    order = [other.ids.index(doc_id) for doc_id in first.ids]
    assert other.counts[order].tobytes() == first.counts.tobytes()
    assert other.missing == first.missing


def shuffled(records: Sequence[Any], shuffle: random.Random) -> list[Any]:
    """Documents or predictions in another order, and what in them has no order as well."""

    def sample(items: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(shuffle.sample(items, len(items)))

    found = []
    for record in sample(records):
        changes = {layer: sample(getattr(record, layer) or ()) for layer in said(record)}
        if "denials" in changes:
            changes["denials"] = tuple(
                replace(denial, answers=sample(denial.answers)) for denial in changes["denials"]
            )
        if getattr(record, "sentence_labels", UNSET) is not UNSET:
            changes["sentence_labels"] = tuple(map(sample, record.sentence_labels))
        found.append(replace(record, **changes))
    return found


def said(record: Any) -> list[str]:
    """The layers that a document or prediction has."""
    return [layer for layer in LAYERS if getattr(record, layer) is not UNSET]


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data())
def test_names_and_what_a_task_does_not_read_mean_nothing(task: Task, data: st.DataObject) -> None:
    """Keys of claims and incidents, ids of records, and fields that no task compares.

    Of records that are equally well placed and equally right, they settle which is paired with
    which. So where records are to be aligned, this holds for sums that are the same under all
    such pairings, those of templates, and not for every single field.
    """
    gold, predicted = data.draw(cases(task))
    other = [unread(task, prediction) for prediction in predicted]
    certain = {"claims": "template_", "casualties": "tuple_", "links": "/gold", "places": "/gold"}
    name = certain.get(task.name, "/") if task.mentions != "gold" else "/"
    chosen = [i for i, column in enumerate(task.columns) if name in column]
    before, after = (counts(task, gold, said)[:, chosen] for said in (predicted, other))
    assert before.tobytes() == after.tobytes()


def unread(task: Task, prediction: Prediction) -> Prediction:
    """The same prediction by other names, and with other values where none is compared."""
    layers: dict[str, Any] = {name: getattr(prediction, name) for name in said(prediction)}
    keys = {"c1": "z", "c2": "c1", "c3": "a", "i1": "i2", "i2": "i1"}
    change: dict[str, Callable[[Any], dict[str, Any]]] = {
        "accusations": lambda r: {"cue": r.content, "claim": keys[r.claim]},
        "denials": lambda _: {},
        "casualties": lambda r: {
            "modifier": "about" if r.low else "range",
            "source": r.mention,
            "incident": keys[r.incident],
        },
        "locations": lambda r: {"name": f"name {r.lat}", "precision": "region"},
    }
    for layer, records in layers.items():
        layers[layer] = tuple(replace(r, **change[layer](r)) for r in records)
    return replace(prediction, **(layers if task.mentions == "gold" else renamed(layers)))


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data())
def test_the_input_is_not_changed(task: Task, data: st.DataObject) -> None:
    """A second call gives what the first one gave (fever-scorer's does not)."""
    case = data.draw(cases(task))
    before = [jsonl.encode(record) for side in case for record in side]
    first = scored(task, *case)
    assert [jsonl.encode(record) for side in case for record in side] == before
    assert scored(task, *case) == first


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data())
def test_counts_of_two_corpora_add_up(task: Task, data: st.DataObject) -> None:
    """A document counts for what it counts alone, whatever stands beside it."""
    parts = [data.draw(cases(task, most=1)) for _ in range(2)]
    for n, part in enumerate(parts):
        gold = [replace(document, doc_id=f"{n}-{document.doc_id}") for document in part.gold]
        # Scores of sentences are all there or none; they are ranked, and not counted.
        parts[n] = Case(
            gold,
            [replace(p, doc_id=f"{n}-{p.doc_id}", sentence_scores=UNSET) for p in part.predicted],
        )
    whole = Case(parts[0].gold + parts[1].gold, parts[0].predicted + parts[1].predicted)
    rows = [counts(task, *part) for part in parts]
    assert np.array_equal(np.concatenate(rows), counts(task, *whole))


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data())
def test_scores_follow_from_the_counts_that_are_printed(task: Task, data: st.DataObject) -> None:
    """Sums over documents are enough to repeat every ratio, but for rankings."""
    case = data.draw(cases(task))
    result = score(task, *case, resamples=1)
    printed = {
        f"{name}/{column}": value
        for name, columns in result.counts.items()
        for column, value in columns.items()
    }
    sums = np.array([printed[name] for name in task.columns], dtype=np.float64)
    assert sums.tobytes() == counts(task, *case).sum(axis=0).tobytes()
    for (name, measure), value in values(task, sums[None]).items():
        found = result.scores[name][measure].value
        assert found == value or (math.isnan(found) and math.isnan(value)), (name, measure)


@each(OPEN)
@EXAMPLES
@given(data=st.data())
def test_a_wrong_record_never_raises_f1(task: Task, data: st.DataObject) -> None:
    """It lies in a sentence without gold, or it is a label that its sentence does not have.

    A denial there that answers an accusation makes the claim a denied one. That may be right:
    a status says whether a claim is denied, and not where. Links say where.
    """
    gold, predicted = data.draw(cases(task, room=True))
    document = row(data.draw, gold)
    others = [prediction for prediction in predicted if prediction.doc_id != document.doc_id]
    with_scores = any(prediction.sentence_scores is not UNSET for prediction in predicted)
    own = [p for p in predicted if p.doc_id == document.doc_id]
    own = own or [silent(task, document, with_scores=with_scores)]
    worse, answers = with_wrong(data.draw, task, document, own[0])
    before = values(task, counts(task, gold, [*others, *own]))
    after = values(task, counts(task, gold, [*others, worse]))
    for name, measure in before:
        if measure.endswith("f1") and not (answers and name in (*STATUSES, "macro")):
            key = name, measure
            assert not rises(before[key], after[key]), key


def with_wrong(
    draw: Draw, task: Task, document: Document, prediction: Prediction
) -> tuple[Prediction, bool]:
    """A prediction with one more mistake, and whether that answers an accusation."""
    if prediction.sentence_labels is not UNSET:
        gold = sentence_labels(document)
        number, label = row(draw, [(i, label) for i in range(len(gold)) for label in LABELS])
        labels = [list(each) for each in prediction.sentence_labels]
        assume(label not in gold[number] and label not in labels[number])
        labels[number].append(label)
        return replace(prediction, sentence_labels=labels), False
    end = document.sentences[-1].end - 1
    room = Passage("", (), (Span(document.sentences[-1].start, end),))
    layer = row(draw, task.layers or LAYERS)
    layers = {name: getattr(prediction, name) for name in said(prediction)}
    layers[layer] = (*layers[layer], new_record(draw, layer, room))
    layers = finished(layers)
    wrong = layers[layer][-1]
    return replace(prediction, **layers), bool(getattr(wrong, "answers", ()))


@each(LAYERED)
@EXAMPLES
@given(data=st.data())
def test_a_record_said_twice_is_spurious(task: Task, data: st.DataObject) -> None:
    """Where all is right, one record twice under two ids costs precision and no recall.

    But for clusters, which grow by it: CEAF-e compares their sizes for recall as well.
    """
    gold = data.draw(corpora(task))
    right = perfect(task, gold)
    places = [
        (i, layer, record)
        for i, prediction in enumerate(right)
        for layer in task.layers
        for record in getattr(prediction, layer)
    ]
    assume(places)
    i, layer, record = row(data.draw, places)
    doubled = (*getattr(right[i], layer), replace(record, id="again"))
    more = [*right[:i], replace(right[i], **{layer: doubled}), *right[i + 1 :]]
    before, after = (values(task, counts(task, gold, said)) for said in (right, more))

    for key in before:
        if key[1].endswith("recall") and not key[0].endswith(METRICS):
            assert after[key] == pytest.approx(before[key], abs=0, nan_ok=True), key
        if key[1].endswith(("precision", "f1")):
            assert not rises(before[key], after[key]), key
    if layer != "denials" or task.name != "links":
        assert after[_ROW_OF[task.name].get(layer, layer[:-1]), "precision"] < 1
    elif record.answers:
        assert after["link", "precision"] < 1


_ROW_OF: dict[str, dict[str, str]] = {
    "spans": {"casualties": "casualty"},
    "claims": {},
    "links": {"accusations": "claim B3"},
    "casualties": {"casualties": "casualty"},
    "places": {},
}


@each(LAYERED)
@EXAMPLES
@given(data=st.data())
def test_a_record_said_twice_loses_nothing_found(task: Task, data: st.DataObject) -> None:
    """Whatever else a system says, spans, records and templates that are found stay so.

    Not the fields of records: the double of a well-placed record may be put in the place of
    a worse-placed one whose fields were right. Where a record is, comes first.
    """
    gold, predicted = data.draw(cases(task))
    places = [
        (i, layer, record)
        for i, prediction in enumerate(predicted)
        for layer in task.layers
        for record in getattr(prediction, layer)
    ]
    assume(places)
    i, layer, record = row(data.draw, places)
    doubled = (*getattr(predicted[i], layer), replace(record, id="again"))
    more = [*predicted[:i], replace(predicted[i], **{layer: doubled}), *predicted[i + 1 :]]
    before, after = (values(task, counts(task, gold, said)) for said in (predicted, more))
    for name, measure in before:
        fields = name not in (*LABELS, "all") or measure in ("complete_recall", "interval_recall")
        if measure.endswith("recall") and not fields:
            assert not rises(after[name, measure], before[name, measure]), (name, measure)


@EXAMPLES
@given(data=st.data())
def test_a_label_said_twice_is_one(data: st.DataObject) -> None:
    """A sentence has a label or it does not, however often it is given or follows from layers."""
    (task,) = (task for task in ALL_TASKS if not task.layers)
    gold, predicted = data.draw(cases(task))
    twice = []
    for prediction in predicted:
        if prediction.sentence_labels is not UNSET:
            labels = [[*each, *each] for each in prediction.sentence_labels]
            twice.append(replace(prediction, sentence_labels=labels))
            continue
        layers = {
            layer: (*records, *(replace(r, id=f"again-{r.id}") for r in records))
            for layer in LAYERS
            if (records := getattr(prediction, layer)) is not UNSET
        }
        twice.append(replace(prediction, **layers))
    assert scored(task, gold, twice) == scored(task, gold, predicted)


@each(GIVEN)
@EXAMPLES
@given(data=st.data())
def test_where_mentions_are_given_another_one_is_an_error(task: Task, data: st.DataObject) -> None:
    """So no record can be wrong by its place, nor be said twice."""
    gold, predicted = data.draw(cases(task, room=True))
    assume(predicted)
    i = data.draw(below(len(predicted)))
    document = next(d for d in gold if d.doc_id == predicted[i].doc_id)
    layer = row(data.draw, task.layers)
    known = getattr(predicted[i], layer)
    worse, _ = with_wrong(data.draw, task, document, predicted[i])
    twice = replace(predicted[i], **{layer: (*known, *(replace(r, id="again") for r in known[:1]))})
    for changed in (worse, *([twice] if known else [])):
        with pytest.raises(DataError, match="is no gold mention"):
            scored(task, gold, [*predicted[:i], changed, *predicted[i + 1 :]])


_OTHER: dict[str, Any] = {
    "text": "Another text.",
    "title": "Another title",
    "date": "2001-01-01",
    "corpus": "none",
    "conflict": "another",
    "event": "another",
    "genre": "broadcast_transcript",
    "source": Source(None, None, None, "https://example.org", "CC-BY-4.0"),
    "sha256": "0" * 64,
    "sentences": (Span(0, 1),),
    "split": "dev",
    "guidelines": "0",
}


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data())
def test_what_does_not_fit_gold_is_an_error(task: Task, data: st.DataObject) -> None:
    """Nothing is dropped silently: unknown documents, second predictions, another text.

    Every field of a document may stand in a prediction, if it agrees (the FEVER scorer takes
    the gold of a submission that brings its own). Of a text that the gold does not hold, only
    the hash can be compared.
    """
    gold, predicted = data.draw(cases(task))
    assume(predicted)
    i = data.draw(below(len(predicted)))
    document = next(d for d in gold if d.doc_id == predicted[i].doc_id)
    fitting = {name: getattr(document, name) for name in _OTHER}
    whole = [*predicted[:i], replace(predicted[i], **fitting), *predicted[i + 1 :]]
    assert scored(task, gold, whole) == scored(task, gold, predicted)

    field = row(data.draw, [f for f in _OTHER if fitting[f] is not None or f == "date"])
    wrong = [
        (replace(predicted[i], doc_id="unknown"), "unknown: unknown document"),
        (replace(predicted[i], **{field: _OTHER[field]}), f"{document.doc_id}: {field} "),
    ]
    for changed, message in wrong:
        with pytest.raises(DataError, match=f"^{message}"):
            scored(task, gold, [*predicted[:i], changed, *predicted[i + 1 :]])
    with pytest.raises(DataError, match=f"^{document.doc_id}: a second prediction"):
        scored(task, gold, [*predicted, predicted[i]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of one example after the other are written."""
    return tmp_path_factory.mktemp("conformance")


def written(folder: Path, case: Sequence[Sequence[Any]], shuffle: random.Random) -> list[Path]:
    """Both sides as files, with keys, escapes and spaces as they come."""

    def scrambled(value: Any) -> Any:
        if isinstance(value, dict):
            items = [(key, scrambled(each)) for key, each in value.items()]
            return dict(shuffle.sample(items, len(items)))
        return list(map(scrambled, value)) if isinstance(value, list) else value

    paths = [folder / "gold.jsonl", folder / "predictions.jsonl"]
    for path, records in zip(paths, case, strict=True):
        lines = [
            json.dumps(
                scrambled(msgspec.to_builtins(record)),
                ensure_ascii=shuffle.random() < 0.5,
                separators=(",", shuffle.choice((":", " : "))),
            )
            for record in records
        ]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return paths


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data(), seed=seeds)
def test_files_and_memory_agree(task: Task, folder: Path, data: st.DataObject, seed: int) -> None:
    """To the last byte, in any order of keys and rows, in batches of any size, checked or not."""
    case = data.draw(cases(task))
    assume(case.predicted)
    expected = scored(task, *case)
    shuffle = random.Random(seed)
    rows: list[Sequence[Any]] = [case.gold, shuffle.sample(case.predicted, len(case.predicted))]
    paths = written(folder, rows, shuffle)
    sizes = {
        "counterclaim.pairing.BATCH": shuffle.choice((1, 2, 512)),
        "counterclaim.pairing.HELD": shuffle.choice((0, 1, 4096)),
        "counterclaim.batches.CHUNK": shuffle.choice((1, 300, 2**20)),
        "counterclaim.skimming.BATCH": shuffle.choice((1, 2, 2048)),
        "counterclaim.skimming.CHUNK": shuffle.choice((1, 300, 2**18)),
        "counterclaim.metrics.spans._SLICE": shuffle.choice((1, 4096)),
        "counterclaim.metrics.resampling._BLOCK": shuffle.choice((1, 2**19)),
        "counterclaim.metrics.ranking._CELLS": shuffle.choice((1, 2**22)),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, size in sizes.items():
            patch.setattr(name, size)
        assert scored(task, *case) == expected
        for checked in (True, False):
            result = score_files(task, *paths, checked=checked, resamples=3)
            assert jsonl.encode(result) == expected


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data(), seed=seeds)
def test_files_and_records_in_any_order_are_the_same_bytes(
    task: Task, folder: Path, data: st.DataObject, seed: int
) -> None:
    """Gold and predictions, rows and all within them, from memory and from files, with groups."""
    case = data.draw(cases(task))
    assume(case.predicted)
    shuffle = random.Random(seed)
    other = [shuffled(side, shuffle) for side in case]
    options: dict[str, Any] = {"by": ("event", "label"), "resamples": 2}
    expected = jsonl.encode(score(task, *case, **options))
    assert jsonl.encode(score_files(task, *written(folder, other, shuffle), **options)) == expected


@each(ALL_TASKS)
@EXAMPLES
@given(data=st.data(), seed=seeds)
def test_an_unknown_field_is_an_error(
    task: Task, folder: Path, data: st.DataObject, seed: int
) -> None:
    """In gold or predictions, at any depth: a misspelt field would be a silent null."""
    case = data.draw(cases(task))
    assume(case.predicted)
    shuffle = random.Random(seed)
    sides = [[msgspec.to_builtins(record) for record in side] for side in case]
    side = data.draw(below(2))
    line = data.draw(below(len(sides[side])))
    row(data.draw, list(objects(sides[side][line])))["unknown"] = 1
    paths = written(folder, sides, shuffle)
    with pytest.raises(DataError) as caught:
        score_files(task, *paths, resamples=0)
    assert str(caught.value).startswith(f"{paths[side]}:{line + 1}: ")
    assert "unknown" in str(caught.value)


def objects(value: Any, name: str = "") -> Any:
    """All objects of a JSON value, but for maps whose keys are values."""
    if isinstance(value, dict):
        if name != "sentence_scores":
            yield value
        for key, inner in value.items():
            yield from objects(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner, name)
