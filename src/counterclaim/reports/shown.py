"""Documents as a page shows them: text, gold, and what each run makes of them.

These are the only functions of a report that give out text. That of a wire document is given
where it has been hydrated; a page that has such a text must not be published.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from counterclaim.contested import contested, predicted
from counterclaim.diagnosing import KINDS, outcomes
from counterclaim.metrics.places import distance_km, point
from counterclaim.model import LAYERS, Document, Prediction, Span, sentence_labels
from counterclaim.predictions import predicted_sentence_labels
from counterclaim.reports.runs import Held, Run, answers

Json = dict[str, Any]


def document(each: Document) -> Json:
    """A document with its gold; offsets count UTF-16 units, as a browser does."""
    count = _units(each.text or "")
    return {
        "id": each.doc_id,
        "corpus": each.corpus,
        "conflict": each.conflict,
        "genre": each.genre,
        "title": each.title,
        "date": each.date,
        "text": each.text,
        "sentences": [[count[s.start], count[s.end]] for s in each.sentences],
        "labels": sentence_labels(each),
        "contested": _contested(each),
        **{layer: [_record(r, count) for r in getattr(each, layer)] for layer in LAYERS},
    }


def run_documents(run: Run, held: Sequence[Held]) -> dict[str, Json]:
    """What a run makes of each document with a text, by doc_id.

    `pairs` has for each layer rows of kind of error, number of the gold record and number of the
    predicted one, null where there is none; of places with coordinates on both sides a distance
    in km too.
    """
    found: dict[str, Json] = {}
    for part in held:
        given = {each.prediction.doc_id: each.prediction for each in answers(run, part)}
        # A text that differs from the published one has records of its own.
        for gold in part.texts:
            if gold.text is None or not given:
                continue
            prediction = given.get(gold.doc_id) or _nothing(run, gold)
            if prediction.sha256 not in (msgspec.UNSET, gold.sha256):
                continue
            found[gold.doc_id] = _answer(run, gold, prediction)
    return found


def _answer(run: Run, gold: Document, prediction: Prediction) -> Json:
    if not run.task.layers:
        labels = predicted_sentence_labels(gold, prediction)
        wanted = sentence_labels(gold)
        both = [(set(w), set(g)) for w, g in zip(wanted, labels, strict=True)]
        wrong = {
            "missing": sum(len(w - g) for w, g in both),
            "spurious": sum(len(g - w) for w, g in both),
        }
        return {"labels": labels, "wrong": {k: n for k, n in wrong.items() if n}}
    count = _units(gold.text or "")
    answer: Json = {"pairs": {}, "wrong": dict.fromkeys(KINDS[1:], 0)}
    for layer in run.task.layers:
        records = getattr(prediction, layer) or ()
        answer[layer] = [_record(record, count) for record in records]
        rows = []
        for one, other, kind in outcomes(run.task, layer, gold, prediction):
            if kind != "correct":
                answer["wrong"][kind] += 1
            row: list[Any] = [kind, _number(getattr(gold, layer), one), _number(records, other)]
            if layer == "locations" and one and other:
                here, there = point(one), point(other)
                row.append(round(distance_km(here, there), 1) if here and there else None)
            rows.append(row)
        answer["pairs"][layer] = rows
    answer["wrong"] = {kind: n for kind, n in answer["wrong"].items() if n}
    (whole,) = predicted([gold], [[prediction]])
    if run.task.name in ("links", "claims", "casualties"):
        answer["contested"] = _contested(whole)
    return answer


def _contested(each: Document) -> Json:
    found: Json = msgspec.to_builtins(contested(each))
    return {"claims": found["claims"], "disputes": found["disputes"]}


def _nothing(run: Run, gold: Document) -> Prediction:
    if not run.task.layers:
        return Prediction(gold.doc_id, sentence_labels=[[] for _ in gold.sentences])
    nothing: dict[str, Any] = dict.fromkeys(run.task.layers, ())
    return Prediction(gold.doc_id, **nothing)


def _number(records: Sequence[Any], record: Any | None) -> int | None:
    """Which of the records it is, itself and not an equal one."""
    return next((i for i, each in enumerate(records) if each is record), None)


def _record(record: Any, count: Sequence[int]) -> Json:
    """A record whose spans are pairs of offsets, without what is empty."""
    found: Json = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, Span):
            found[name] = [count[value.start], count[value.end]]
        elif value not in (None, (), ""):
            found[name] = value
    return found


def _units(text: str) -> list[int]:
    """For each code point, and the end, how many UTF-16 units are before it."""
    counts = [0]
    for character in text:
        counts.append(counts[-1] + (2 if ord(character) > 0xFFFF else 1))
    return counts
