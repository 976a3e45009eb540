"""Counts and scores against other implementations, and against trying everything.

Where a peer is right, the same numbers have to come out; what it is right about is said with
each test. An oracle here is written from the documented rule, without the package's functions.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from conformance.strategies import EXAMPLES, Case, cases, document_of
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from numpy.typing import NDArray
from seqeval.metrics import v1
from seqeval.scheme import IOB2
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from counterclaim.counting import tally
from counterclaim.model import (
    LABELS,
    LAYERS,
    Accusation,
    Casualty,
    Denial,
    Document,
    Location,
    Prediction,
    Span,
    sentence_labels,
)
from counterclaim.pairing import pair
from counterclaim.scoring import Scores, score
from counterclaim.tasks import CASUALTIES, CLAIMS, GOLD_MENTIONS, SENTENCES, SPANS, Task

MODES = ("strict", "exact", "partial", "type")


class Labelled(NamedTuple):
    """A span with its label, as other scorers have it."""

    label: str
    start: int
    end: int


def prf(result: Scores, row: str, prefix: str = "") -> list[float]:
    """Precision, recall and F1 of a row."""
    return [result.scores[row][f"{prefix}{name}"].value for name in ("precision", "recall", "f1")]


def counted(task: Task, case: Case) -> list[dict[str, float]]:
    """The counts of each document by name."""
    rows = tally(task, pair(task, *case)).counts
    return [dict(zip(task.columns, row, strict=True)) for row in rows.tolist()]


# -- labels of sentences -------------------------------------------------------------------


def indicators(units: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    return np.array([[label in unit for label in LABELS] for unit in units], dtype=np.int64)


@EXAMPLES
@given(cases(SENTENCES))
def test_labels_are_what_scikit_learn_counts(case: Case) -> None:
    """By label and micro; macro is its mean over the labels with gold support."""
    said = {prediction.doc_id: prediction for prediction in case.predicted}
    gold = [unit for document in case.gold for unit in sentence_labels(document)]
    predicted = [
        unit for document in case.gold for unit in labels_said(document, said.get(document.doc_id))
    ]
    sides = indicators(gold), indicators(predicted)
    result = score(SENTENCES, *case, resamples=1)

    options = {"zero_division": np.nan}
    *by_label, support = precision_recall_fscore_support(*sides, average=None, **options)
    for i, label in enumerate(LABELS):
        theirs = [column[i] for column in by_label]
        assert prf(result, label) == pytest.approx(theirs, nan_ok=True), label
    *micro, _ = precision_recall_fscore_support(*sides, average="micro", **options)
    assert prf(result, "micro") == pytest.approx(micro, nan_ok=True)
    macro = by_label[2][support > 0].mean() if support.any() else math.nan
    assert result.headline.value == pytest.approx(macro, nan_ok=True)


def labels_said(document: Document, prediction: Prediction | None) -> Sequence[Sequence[str]]:
    if prediction is None:
        return [[] for _ in document.sentences]
    if prediction.sentence_labels:
        return prediction.sentence_labels
    return sentence_labels(document, prediction)


@EXAMPLES
@given(cases(SENTENCES, forms=("scores",)))
def test_average_precision_is_that_of_scikit_learn(case: Case) -> None:
    """A label without a score, or a document without a prediction, is ranked last."""
    if not case.predicted:
        return
    said = {prediction.doc_id: prediction.sentence_scores for prediction in case.predicted}
    result = score(SENTENCES, *case, resamples=1)
    for label in LABELS:
        relevant = [label in unit for d in case.gold for unit in sentence_labels(d)]
        scores = [
            unit.get(label, -1e6)
            for d in case.gold
            for unit in said.get(d.doc_id) or [{} for _ in d.sentences]
        ]
        found = result.scores[label]["average_precision"].value
        if any(relevant):
            assert found == pytest.approx(average_precision_score(relevant, scores))
        else:
            assert math.isnan(found)


# -- spans ---------------------------------------------------------------------------------


def layers_of(spans: Sequence[Labelled]) -> dict[str, Any]:
    """Records that stand for spans; every second denial has a cue alone."""
    layers: dict[str, list[Any]] = {layer: [] for layer in LAYERS}
    for n, (label, start, end) in enumerate(spans):
        span = Span(start, end)
        record: Any
        if label == "accusation":
            record = Accusation(f"a{n}", None, span, None, None, None, None, "other", "c1")
        elif label == "denial":
            cue, content = (span, None) if n % 2 else (None, span)
            record = Denial(f"d{n}", cue, content, None, None, (), "all")
        elif label == "casualty":
            record = Casualty(
                *(f"k{n}", span, "killed", 1, 1, "exact", "unknown", None, None, None, "i1")
            )
        else:
            record = Location(f"l{n}", span, "x", None, None, None, "site", "town")
        layers[LAYERS[LABELS.index(label)]].append(record)
    return {layer: tuple(records) for layer, records in layers.items()}


def case_of(text: str, sides: Sequence[tuple[Sequence[Labelled], Sequence[Labelled]]]) -> Case:
    """Documents of one text, each with the spans of gold and of a system."""
    case = Case([], [])
    for n, (gold, predicted) in enumerate(sides):
        case.gold.append(document_of(text, doc_id=f"doc-{n}", **layers_of(gold)))
        case.predicted.append(Prediction(f"doc-{n}", **layers_of(predicted)))
    return case


TOKENS = 10
WORDS = " ".join("abcdefghij")  # token n is the character 2n
labels = st.sampled_from(LABELS)
# Spans of whole tokens that do not overlap: how many are skipped, how many it has.
chunks = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), labels), max_size=4)


def on_tokens(parts: Sequence[tuple[int, int, str]]) -> list[Labelled]:
    """Labelled runs of tokens, by the numbers of the first and of the one after the last."""
    found, at = [], 0
    for gap, length, label in parts:
        start, at = at + gap, at + gap + length
        if at <= TOKENS:
            found.append(Labelled(label, start, at))
    return found


def iob2(spans: Sequence[Labelled]) -> list[str]:
    tags = ["O"] * TOKENS
    for label, start, end in spans:
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags


@EXAMPLES
@given(st.lists(st.tuples(chunks, chunks), min_size=1, max_size=3))
def test_exact_spans_are_those_of_seqeval_in_strict_mode(
    drawn: list[tuple[list[Any], list[Any]]],
) -> None:
    """On its own terms: spans of whole tokens without overlap. Sets give the same number."""
    sides = [(on_tokens(gold), on_tokens(predicted)) for gold, predicted in drawn]
    in_text = [
        tuple([Labelled(label, 2 * a, 2 * z - 1) for label, a, z in side] for side in both)
        for both in sides
    ]
    result = score(SPANS, *case_of(WORDS, in_text), resamples=1)  # type: ignore[arg-type]

    tags = [[iob2(side) for side in column] for column in zip(*sides, strict=True)]
    options = {"scheme": IOB2, "zero_division": 0}
    present = sorted({span.label for both in sides for side in both for span in side})
    if present:
        by_label = v1.precision_recall_fscore_support(*tags, average=None, **options)
        for i, label in enumerate(present):
            theirs = [column[i] for column in by_label[:3]]
            assert np.nan_to_num(prf(result, label)).tolist() == pytest.approx(theirs), label
    *micro, _ = v1.precision_recall_fscore_support(*tags, average="micro", **options)
    ours = prf(result, "all", "strict_")
    assert np.nan_to_num(ours).tolist() == pytest.approx(micro)

    gold, predicted = (
        {(n, span) for n, both in enumerate(sides) for span in both[side]} for side in (0, 1)
    )
    both_sizes = len(gold) + len(predicted)
    expected = 2 * len(gold & predicted) / both_sizes if both_sizes else math.nan
    assert ours[2] == pytest.approx(expected, nan_ok=True)


SLOT = 6
SLOTS = 4
TEXT = "abcdefghijklmnopqrstuvwx"
in_slot = st.none() | st.tuples(st.integers(0, SLOT - 1), st.integers(1, SLOT), labels)


def on_slots(drawn: Sequence[tuple[int, int, str] | None]) -> list[Labelled]:
    """At most one span in each slot."""
    return [
        Labelled(label, n * SLOT + start, n * SLOT + min(SLOT, start + length))
        for n, (start, length, label) in ((n, each) for n, each in enumerate(drawn) if each)
    ]


slots = st.lists(in_slot, max_size=SLOTS).map(on_slots)


@EXAMPLES
@given(st.lists(st.tuples(slots, slots), min_size=1, max_size=3))
def test_the_four_modes_are_those_of_nervaluate(
    sides: list[tuple[list[Labelled], list[Labelled]]],
) -> None:
    """Where a span meets at most one of the other side; there its order cannot matter.

    Its ends are inclusive, its missing are missed, and its ratios of nothing are 0.
    """
    result = score(SPANS, *case_of(TEXT, sides), resamples=1)
    gold, predicted = (
        [
            [{"label": s.label, "start": s.start, "end": s.end - 1} for s in both[side]]
            for both in sides
        ]
        for side in (0, 1)
    )
    theirs = Evaluator(gold, predicted, list(LABELS), loader="dict").evaluate()["overall"]
    for mode in MODES:
        other = theirs["ent_type" if mode == "type" else mode]
        errors = result.counts[f"{mode} errors"]
        assert errors == {
            "correct": other.correct,
            "incorrect": other.incorrect,
            "partial": other.partial,
            "missing": other.missed,
            "spurious": other.spurious,
        }, mode
        ours = np.nan_to_num(prf(result, "all", f"{mode}_")).tolist()
        assert ours == pytest.approx([other.precision, other.recall, other.f1]), mode


any_span = st.builds(
    lambda label, start, length: Labelled(label, start, min(9, start + length)),
    labels,
    st.integers(0, 8),
    st.integers(1, 9),
)
few_spans = st.lists(any_span, max_size=5)


def pairings(rows: int, columns: int) -> Iterator[list[tuple[int, int]]]:
    """All ways to pair rows with columns one to one, also with some of them alone."""

    def from_row(i: int, free: frozenset[int]) -> Iterator[list[tuple[int, int]]]:
        if i == rows:
            yield []
            return
        yield from from_row(i + 1, free)
        for j in sorted(free):
            for rest in from_row(i + 1, free - {j}):
                yield [(i, j), *rest]

    return from_row(0, frozenset(range(columns)))


@EXAMPLES
@given(few_spans, few_spans)
def test_no_pairing_of_spans_is_better(gold: list[Labelled], predicted: list[Labelled]) -> None:
    """All pairings are tried: most strict pairs, then exact, then of the type, then any."""
    result = score(SPANS, *case_of(TEXT, [(gold, predicted)]), resamples=1)
    distinct = sorted(set(gold)), sorted(set(predicted))
    meeting = {
        (i, j): (a == b, a[1:] == b[1:], a.label == b.label, True)
        for i, a in enumerate(distinct[0])
        for j, b in enumerate(distinct[1])
        if a.start < b.end and b.start < a.end
    }
    strict, exact, of_type, overlapping = max(
        tuple(sum(column) for column in zip((0,) * 4, *(meeting[p] for p in pairs), strict=True))
        for pairs in pairings(*map(len, distinct))
        if meeting.keys() >= set(pairs)
    )
    # A span that is said more often than gold has it is spurious as often.
    times = Counter(gold), Counter(predicted)
    surplus = sum(max(0, n - max(1, times[0][span])) for span, n in times[1].items())
    said = len(distinct[1]) + surplus
    for mode, correct in zip(MODES, (strict, exact, exact, of_type), strict=True):
        wrong = overlapping - correct
        assert result.counts[f"{mode} errors"] == {
            "correct": correct,
            "incorrect": 0 if mode == "partial" else wrong,
            "partial": wrong if mode == "partial" else 0,
            "missing": len(distinct[0]) - overlapping,
            "spurious": said - overlapping,
        }, mode
    for label in LABELS:
        of_label = [[span for span in side if span.label == label] for side in distinct]
        found = result.counts[label]
        assert found["gold"] == len(of_label[0])
        assert found["matched"] == len(set(of_label[0]) & set(of_label[1]))


@EXAMPLES
@given(few_spans, few_spans)
def test_characters_are_sets_of_characters(gold: list[Labelled], predicted: list[Labelled]) -> None:
    result = score(SPANS, *case_of(TEXT, [(gold, predicted)]), resamples=1)
    total = [0, 0, 0]
    for label in LABELS:
        sides = [
            {n for span in side if span.label == label for n in range(span.start, span.end)}
            for side in (gold, predicted)
        ]
        sizes = [len(sides[0] & sides[1]), len(sides[1]), len(sides[0])]
        names = ("char_matched", "char_predicted", "char_gold")
        assert [result.counts[label][name] for name in names] == sizes
        total = [a + b for a, b in zip(total, sizes, strict=True)]
    matched, said, known = total
    expected = 2 * matched / (said + known) if said + known else math.nan
    assert result.scores["all"]["char_f1"].value == pytest.approx(expected, nan_ok=True)


# -- records with fields -------------------------------------------------------------------


def shares_half(a: Span | None, b: Span | None, *, least: float = 0.5) -> float:
    """Overlap of two spans by their characters, or 0 if it is less than one half."""
    if a is None or b is None:
        return 0
    sets = [set(range(span.start, span.end)) for span in (a, b)]
    shared = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
    return shared if shared >= least else 0


def name_of(actor: str | None) -> str | None:
    return actor and actor.lower()


class Rule(NamedTuple):
    """How records of a layer are compared, in the words of the documentation."""

    layer: str
    row: str
    template: str
    overlap: Callable[[Any, Any], float]
    fields: Mapping[str, Callable[[Any], Any]]
    gate: str | None = None


def attribute(name: str) -> Callable[[Any], Any]:
    return lambda record: getattr(record, name)


def actor(name: str) -> Callable[[Any], Any]:
    return lambda record: name_of(getattr(record, name))


RULES = [
    Rule(
        "accusations",
        "accusation",
        "template",
        lambda a, b: shares_half(a.content, b.content),
        {
            "source": attribute("source"),
            "target": attribute("target"),
            "source_actor": actor("source_actor"),
            "target_actor": actor("target_actor"),
            "act": attribute("act"),
        },
    ),
    Rule(
        "denials",
        "denial",
        "template",
        lambda a, b: max(shares_half(a.content, b.content), shares_half(a.cue, b.cue)),
        {
            "source": attribute("source"),
            "source_actor": actor("source_actor"),
            "scope": attribute("scope"),
        },
    ),
    Rule(
        "casualties",
        "casualty",
        "tuple",
        lambda a, b: shares_half(a.mention, b.mention, least=1e-9),
        {
            "outcome": attribute("outcome"),
            "bounds": lambda record: (record.low, record.high),
            "group": attribute("group"),
            "side": actor("side"),
            "source_actor": actor("source_actor"),
        },
        gate="outcome",
    ),
]
TASK_OF = {"accusations": CLAIMS, "denials": CLAIMS, "casualties": CASUALTIES}


def agreeing(rule: Rule, a: Any, b: Any) -> frozenset[str]:
    """The fields that two records have in common; a field that one leaves empty is none."""

    def equal(x: Any, y: Any) -> bool:
        if isinstance(x, Span) and isinstance(y, Span):
            return shares_half(x, y) > 0
        return x is not None and bool(x == y)

    return frozenset(name for name, get in rule.fields.items() if equal(get(a), get(b)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.layer)
@EXAMPLES
@given(data=st.data())
def test_no_pairing_of_templates_is_better(rule: Rule, data: st.DataObject) -> None:
    """All pairings are tried: one for the record and one for each field that agrees."""
    task = TASK_OF[rule.layer]
    case = data.draw(cases(task, most=1, crowded=True))
    gold, predicted = (getattr(record[0], rule.layer) if record else () for record in case)

    def worth(i: int, j: int) -> int:
        a, b = gold[i], predicted[j]
        shared = agreeing(rule, a, b)
        if not rule.overlap(a, b) or (rule.gate and rule.gate not in shared):
            return 0
        return 1 + len(shared) - (rule.gate is not None)

    best = max(sum(worth(i, j) for i, j in pairs) for pairs in pairings(len(gold), len(predicted)))
    (counts,) = counted(task, case)
    assert counts[f"{rule.row}/{rule.template}_matched"] == best
    for side, records in (("gold", gold), ("predicted", predicted)):
        filled = sum(
            1 + sum(get(r) is not None for get in rule.fields.values()) - (rule.gate is not None)
            for r in records
        )
        assert counts[f"{rule.row}/{rule.template}_{side}"] == filled


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.layer)
@EXAMPLES
@given(data=st.data())
def test_fields_count_under_matched_records_alone(rule: Rule, data: st.DataObject) -> None:
    """The counts are those of a pairing that no other is better than.

    Better is: more overlap of the anchors; if equal, more fields alike, an empty one on both
    sides among them; if equal, more pairs, more that agree in all, more of the first field, of
    the second and so on. Pairings equal in all of that have equal counts.
    """
    task = TASK_OF[rule.layer]
    case = data.draw(cases(task, most=1, crowded=True))
    gold, predicted = (getattr(record[0], rule.layer) if record else () for record in case)
    overlaps = {
        (i, j): math.floor(rule.overlap(a, b) * 2**32 + 1e-6)
        for i, a in enumerate(gold)
        for j, b in enumerate(predicted)
        if rule.overlap(a, b)
    }

    def alike(a: Any, b: Any) -> int:
        empty = sum(get(a) is None and get(b) is None for get in rule.fields.values())
        return len(agreeing(rule, a, b)) + empty

    def quality(pairs: Sequence[tuple[int, int]]) -> tuple[int, ...]:
        records = [(gold[i], predicted[j]) for i, j in pairs]
        return (
            sum(overlaps[pair] for pair in pairs),
            sum(alike(a, b) for a, b in records),
            len(pairs),
            sum(alike(a, b) == len(rule.fields) for a, b in records),
            *(sum(name in agreeing(rule, a, b) for a, b in records) for name in rule.fields),
        )

    possible = [
        pairs for pairs in pairings(len(gold), len(predicted)) if overlaps.keys() >= set(pairs)
    ]
    own = [f"{rule.row}/matched", f"{rule.row}/complete_matched"]
    names = [*own, *(f"{rule.row} {name}/matched" for name in rule.fields)]
    (counts,) = counted(task, case)
    assert tuple(counts[name] for name in names) == max(map(quality, possible))[2:]


# -- given mentions ------------------------------------------------------------------------


def status_of(claim: str, accusations: Sequence[Accusation], denials: Sequence[Denial]) -> str:
    own = {accusation.id for accusation in accusations if accusation.claim == claim}
    scopes = {denial.scope for denial in denials if own & set(denial.answers)}
    if scopes & {"act", "responsibility", "all"}:
        return "denied"
    return "partly denied" if scopes else "unanswered"


@EXAMPLES
@given(cases(GOLD_MENTIONS["links"], most=1))
def test_links_of_given_mentions_are_sets_of_ids(case: Case) -> None:
    """A link is a pair of ids. Statuses are compared under the best pairing of claims.

    Best is: most mentions in common, then most equal statuses; all pairings are tried.
    """
    (counts,) = counted(GOLD_MENTIONS["links"], case)
    sides = [
        (record[0].accusations or (), record[0].denials or ()) if record else ((), ())
        for record in case
    ]
    links = [{(d.id, key) for d in denials for key in d.answers} for _, denials in sides]
    sizes = [len(links[0] & links[1]), len(links[1]), len(links[0])]
    assert [counts[f"link/{side}"] for side in ("matched", "predicted", "gold")] == sizes

    claims = [sorted({record.claim for record in accusations}) for accusations, _ in sides]
    statuses = [
        [status_of(claim, *side) for claim in names]
        for names, side in zip(claims, sides, strict=True)
    ]
    mentions = [
        [{a.id for a in side[0] if a.claim == claim} for claim in names]
        for names, side in zip(claims, sides, strict=True)
    ]

    def quality(pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
        return (
            sum(len(mentions[0][i] & mentions[1][j]) for i, j in pairs),
            sum(statuses[0][i] == statuses[1][j] for i, j in pairs),
        )

    possible = [
        pairs
        for pairs in pairings(*map(len, claims))
        if all(mentions[0][i] & mentions[1][j] for i, j in pairs)
    ]
    best = max(map(quality, possible))
    names = ("denied", "partly denied", "unanswered")
    expected = [
        [sum(statuses[0][i] == statuses[1][j] == name for i, j in pairs) for name in names]
        for pairs in possible
        if quality(pairs) == best
    ]
    assert [counts[f"{name}/matched"] for name in names] in expected
    for side, found in zip(("gold", "predicted"), statuses, strict=True):
        assert [counts[f"{name}/{side}"] for name in names] == [found.count(n) for n in names]


def kilometres(a: Location, b: Location) -> float:
    """The angle between two directions from the centre of the earth, by their scalar product."""
    vectors = []
    for place in (a, b):
        lat, lon = math.radians(place.lat or 0), math.radians(place.lon or 0)
        vectors.append(
            (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))
        )
    cosine = sum(x * y for x, y in zip(*vectors, strict=True))
    return 6371.0088 * math.acos(max(-1.0, min(1.0, cosine)))


@EXAMPLES
@given(cases(GOLD_MENTIONS["places"], most=2))
def test_places_of_given_mentions_are_compared_one_by_one(case: Case) -> None:
    """A place that is not resolved, or whose document is missing, is farthest away."""
    task = GOLD_MENTIONS["places"]
    said = {(p.doc_id, record.id): record for p in case.predicted for record in p.locations or ()}
    pairs = [(a, said.get((d.doc_id, a.id))) for d in case.gold for a in d.locations]
    result = score(task, *case, resamples=1).scores
    errors = [
        20_039.0 if b is None or b.lat is None else min(20_039, kilometres(a, b))
        for a, b in pairs
        if a.lat is not None
    ]
    near = sum(error <= 161 for error in errors)
    resolved = sum(record.lat is not None for record in said.values())
    accuracy = near / len(errors) if errors else math.nan
    assert result["within 161 km"]["accuracy"].value == pytest.approx(accuracy, nan_ok=True)
    precision = near / resolved if resolved else math.nan
    assert result["within 161 km"]["precision"].value == pytest.approx(precision, nan_ok=True)
    mean = sum(errors) / len(errors) if errors else math.nan
    assert result["distance"]["mean_km"].value == pytest.approx(mean, nan_ok=True, abs=1e-3)
    for role in ("site", "dateline", "context"):
        sizes = (
            sum(b is not None and a.role == b.role == role for a, b in pairs),
            sum(record.role == role for record in said.values()),
            sum(a.role == role for a, _ in pairs),
        )
        total = sizes[1] + sizes[2]
        f1 = 2 * sizes[0] / total if total else math.nan
        assert result[role]["f1"].value == pytest.approx(f1, nan_ok=True)
    known = [a.country for a, _ in pairs if a.country]
    right = sum(bool(b and a.country and a.country == b.country) for a, b in pairs)
    recall = right / len(known) if known else math.nan
    assert result["country"]["accuracy"].value == pytest.approx(recall, nan_ok=True)
