"""One small document for each task, worked out by hand from end to end."""

import math
from typing import Any

import msgspec
import pytest
from conformance.strategies import document_of

from counterclaim.model import (
    Accusation,
    Casualty,
    Denial,
    Location,
    Prediction,
    Scope,
    Span,
)
from counterclaim.scoring import Scores, score
from counterclaim.tasks import CASUALTIES, CLAIMS, GOLD_MENTIONS, LINKS, PLACES, SENTENCES, SPANS

TEXT = "Army says rebels shelled Basra, killing 5. Rebels deny it."
SENTENCE_ENDS = (Span(0, 42), Span(43, 58))


def find(words: str) -> Span:
    """Where words stand in the text, which has them once."""
    assert TEXT.count(words) == 1
    return Span(TEXT.index(words), TEXT.index(words) + len(words))


def value(result: Scores, row: str, measure: str) -> float:
    return result.scores[row][measure].value


def accusation(key: str, content: Span, claim: str = "c1", **changes: Any) -> Accusation:
    record = Accusation(key, None, content, None, None, None, None, "armed_attack", claim)
    return msgspec.structs.replace(record, **changes)


def denial(key: str, cue: Span, scope: Scope, *answers: str, **changes: Any) -> Denial:
    return msgspec.structs.replace(Denial(key, cue, None, None, None, answers, scope), **changes)


def casualty(key: str, mention: Span, low: int, high: int | None, **changes: Any) -> Casualty:
    record = Casualty(
        *(key, mention, "killed", low, high, "exact", "civilian", None, None, None, "i1")
    )
    return msgspec.structs.replace(record, **changes)


def location(key: str, mention: Span, lat: float | None, lon: float | None, **c: Any) -> Location:
    return msgspec.structs.replace(Location(key, mention, "x", "KE", lat, lon, "site", "town"), **c)


def test_sentences() -> None:
    """Four sentences; gold accusations in the first and third, a denial in the third.

    Predicted are accusations in the first two, a denial in the third. Accusation: 1 of 2 and
    of 2, F1 1/2; denial 1; macro 3/4; micro 2 of 3 and of 3.

    Scores put the accusations at ranks 1 and 3: average precision (1/1 + 2/3) / 2 = 5/6. The
    denial has one score, at rank 1: 1. One document has to be read of one.
    """
    text = "One. Two. Six. Ten."
    ends = tuple(Span(5 * n, 5 * n + 4) for n in range(4))
    first, third = ends[0], ends[2]
    gold = document_of(
        text,
        ends,
        accusations=(accusation("a1", first), accusation("a2", third)),
        denials=(denial("d1", third, "all", "a2"),),
    )
    prediction = Prediction(
        "doc-0",
        sentence_labels=[["accusation"], ["accusation"], ["denial"], []],
        sentence_scores=[
            {"accusation": 0.9},
            {"accusation": 0.8},
            {"accusation": 0.7, "denial": -3.0},
            {},
        ],
    )
    result = score(SENTENCES, [gold], [prediction], resamples=1)
    assert value(result, "accusation", "f1") == pytest.approx(1 / 2)
    assert value(result, "denial", "f1") == 1
    assert result.headline.value == pytest.approx(3 / 4)
    assert value(result, "micro", "f1") == pytest.approx(2 / 3)
    assert value(result, "accusation", "average_precision") == pytest.approx(5 / 6)
    assert value(result, "denial", "average_precision") == 1
    assert value(result, "macro", "average_precision") == pytest.approx(11 / 12)
    assert value(result, "accusation", "reading_effort") == 1
    assert math.isnan(value(result, "casualty", "f1"))


def test_spans() -> None:
    """Four gold spans, five predicted ones.

    - accusation "rebels shelled Basra", found as "shelled Basra": type, 13 of 20 characters
    - denial "deny", found: strict
    - casualty "5", found as "killing 5": type
    - location "Basra", given as a casualty: exact
    - location "Army": spurious

    Strict 1, exact 2, type 3, overlapping 4 of 4 and 5: F1 2/9, 4/9, 6/9; partial counts what
    is not exact by half, (2 + 4) / 2 = 3: 6/9. Headline: characters of claims, accusation
    2 x 13 / 33 and denial 1; spans of casualties and locations, 0 and 0.
    """
    gold = document_of(
        TEXT,
        SENTENCE_ENDS,
        accusations=(accusation("a1", find("rebels shelled Basra")),),
        denials=(denial("d1", find("deny"), "all"),),
        casualties=(casualty("k1", find("5"), 5, 5),),
        locations=(location("l1", find("Basra"), None, None),),
    )
    prediction = Prediction(
        "doc-0",
        accusations=(accusation("a1", find("shelled Basra")),),
        denials=(denial("d1", find("deny"), "all"),),
        casualties=(
            casualty("k1", find("killing 5"), 5, 5),
            casualty("k2", find("Basra"), 5, 5),
        ),
        locations=(location("l1", find("Army"), None, None),),
    )
    result = score(SPANS, [gold], [prediction], resamples=1)
    f1 = {mode: value(result, "all", f"{mode}_f1") for mode in ("strict", "exact", "type")}
    assert f1 == pytest.approx({"strict": 2 / 9, "exact": 4 / 9, "type": 6 / 9})
    partial = [value(result, "all", f"partial_{name}") for name in ("precision", "recall", "f1")]
    assert partial == pytest.approx([3 / 5, 3 / 4, 6 / 9])
    assert result.counts["partial errors"] == {
        "correct": 2,
        "incorrect": 0,
        "partial": 2,
        "missing": 0,
        "spurious": 1,
    }
    assert value(result, "accusation", "char_f1") == pytest.approx(26 / 33)
    # 13 + 4 + 1 + 0 in common; predicted 13 + 4 + 9 + 5 + 4, gold 20 + 4 + 1 + 5
    assert value(result, "all", "char_f1") == pytest.approx(2 * 18 / (35 + 30))
    assert result.headline.value == pytest.approx((26 / 33 + 1 + 0 + 0) / 4)


def test_claims() -> None:
    """An accusation and a denial, both found; another accusation is spurious.

    Accusation: gold has 1 + 5 fields. The found one shares 13 of 20 characters, more than
    half; it has the source, the source actor in other letters, and a wrong act: 1 + 3, of which
    1 + 2 agree. The spurious one has 1 + 1. Template F1 2 x 3 / (6 + 4 + 2) = 1/2.

    Denial: gold has 1 + 3 fields; "deny it" shares 4 of 7 characters with "deny", and a wrong
    scope is all that it says: 1 + 1, of which 1 agrees: 2 x 1 / (4 + 2) = 1/3.
    """
    gold = document_of(
        TEXT,
        SENTENCE_ENDS,
        accusations=(
            accusation(
                "a1",
                find("rebels shelled Basra"),
                source=find("Army"),
                target=find("rebels"),
                source_actor="Army",
                target_actor="rebels",
            ),
        ),
        denials=(
            denial(
                *("d1", find("deny"), "act", "a1"), source=find("Rebels"), source_actor="rebels"
            ),
        ),
    )
    prediction = Prediction(
        "doc-0",
        accusations=(
            accusation(
                "a1",
                find("shelled Basra"),
                source=find("Army"),
                source_actor="ARMY",
                act="killing",
            ),
            accusation("a2", find("killing 5")),
        ),
        denials=(denial("d1", find("deny it"), "all"),),
    )
    result = score(CLAIMS, [gold], [prediction], resamples=1)
    assert value(result, "accusation", "template_f1") == pytest.approx(1 / 2)
    assert value(result, "denial", "template_f1") == pytest.approx(1 / 3)
    assert result.headline.value == pytest.approx(5 / 12)
    assert value(result, "accusation", "f1") == pytest.approx(2 / 3)
    assert value(result, "accusation source_actor", "f1") == 1
    assert value(result, "accusation target", "recall") == 0
    # One of two acts is predicted for the gold accusation, and wrong.
    assert value(result, "accusation act", "f1") == 0
    assert value(result, "accusation", "complete_f1") == 0


def test_links_and_claims() -> None:
    """Two claims, {a0, a1} denied and {a2} denied in intent, which a system takes for one.

    Links: d0 rightly answers a0; d1 should answer a2 and answers a1: F1 1/2.
    Statuses: the one claim is denied, as {a0, a1} is, with which it shares most mentions.
    Denied 1, partly denied 0: macro-F1 1/2.
    B3: P (4 + 1) / 3 / 3 = 5/9, R (4/2 + 1) / 3 = 1, F1 10/14.
    MUC: of two predicted links one is right, of one gold link one is found: F1 2/3.
    CEAF-e: 2 x 2 / (3 + 2) = 4/5 of one predicted and two gold clusters: P 4/5, R 2/5, F1 8/15.
    LEA: one of three links of the three mentions, P 1/3; R (2 + 0) / 3, F1 4/9.
    """
    spans = [Span(4 * n, 4 * n + 3) for n in range(5)]
    claims = {"gold": ("c1", "c1", "c2"), "system": ("x", "x", "x")}
    records: dict[str, dict[str, Any]] = {
        side: {
            "accusations": tuple(
                accusation(f"a{n}", spans[n], claim) for n, claim in enumerate(names)
            ),
            "denials": (
                denial("d0", spans[3], "act", "a0"),
                denial("d1", spans[4], "intent", "a2" if side == "gold" else "a1"),
            ),
        }
        for side, names in claims.items()
    }
    gold = document_of("x" * 20, **records["gold"])
    for task in (LINKS, GOLD_MENTIONS["links"]):
        said = Prediction("doc-0", **records["system"])
        result = score(task, [gold], [said], resamples=1)
        assert result.headline.value == value(result, "link", "f1") == pytest.approx(1 / 2)
        assert value(result, "denied", "f1") == 1
        assert value(result, "partly denied", "f1") == 0
        assert value(result, "macro", "status_f1") == pytest.approx(1 / 2)
        f1 = {name: value(result, f"claim {name}", "f1") for name in _CLUSTERS}
        # Numerators are multiples of 2**-24.
        assert f1 == pytest.approx(_CLUSTERS, abs=1e-7)
        assert value(result, "claim CEAF-e", "precision") == pytest.approx(4 / 5, abs=1e-7)


_CLUSTERS = {"B3": 10 / 14, "MUC": 2 / 3, "CEAF-e": 8 / 15, "LEA": 4 / 9}


def test_casualties() -> None:
    """The army says 5, the hospital at least 9; a system says 4 to 8, at least 9, and 20.

    Tuples: outcome with record, bounds, group and source: 4 + 4 gold. Found: 4, of which the
    bounds are wrong; 3, the source being absent; the third is spurious with 4. In common 3 + 3:
    F1 2 x 6 / (8 + 11).
    Intervals: 1 of 5 numbers, and all: 6/5, P 6/15, R 6/10, F1 12/25.
    Log error: the middle of 4 to 8 is 6, ln(7/6); at least 9 is right: half of it.
    Contradictions: gold has one. Predicted is the same, 8 < 9, where the author speaks against
    the army, and 8 < 20; at least 9 may be 20: P 1/2, F1 2/3.
    Incidents: all is one on both sides, B3 P 4/3 of 3, R 1, F1 8/13.
    """
    spans = [Span(5 * n, 5 * n + 4) for n in range(3)]
    gold = document_of(
        "x" * 20,
        casualties=(
            casualty("k1", spans[0], 5, 5, source_actor="Army"),
            casualty("k2", spans[1], 9, None, source_actor="hospital"),
        ),
    )
    prediction = Prediction(
        "doc-0",
        casualties=(
            casualty("k1", spans[0], 4, 8, source_actor="army", incident="x"),
            casualty("k2", spans[1], 9, None, incident="x"),
            casualty("k3", spans[2], 20, 20, source_actor="rebels", incident="x"),
        ),
    )
    result = score(CASUALTIES, [gold], [prediction], resamples=1)
    assert result.headline.value == pytest.approx(12 / 19)
    interval = [value(result, "casualty", f"interval_{n}") for n in ("precision", "recall", "f1")]
    assert interval == pytest.approx([6 / 15, 6 / 10, 12 / 25], abs=1e-7)
    assert value(result, "casualty", "log_error") == pytest.approx(math.log(7 / 6) / 2, abs=1e-7)
    assert value(result, "conflict", "precision") == pytest.approx(1 / 2)
    assert value(result, "conflict", "f1") == pytest.approx(2 / 3)
    assert value(result, "incident B3", "f1") == pytest.approx(8 / 13, abs=1e-7)
    assert value(result, "casualty bounds", "f1") == pytest.approx(2 / 5)


def test_places() -> None:
    """Four places, three with coordinates: one degree off, two degrees off, not resolved.

    A degree of a great circle is 6371.0088 km x pi / 180 = 111.195 km: one of three is within
    161 km, and of two that are predicted. Accuracy 1/3, F1 2/5. The error of the third is half
    of the equator, 20,039 km; the area is the mean of ln(1 + error) / ln(20,040).
    Countries: KE, KE, UG; predicted KE, UG, UG: 2 of 3, F1 2/3.
    Roles: site 1 of 1 and 2, F1 2/3; dateline 1; context 0 of 2: macro-F1 5/9.
    """
    spans = [Span(5 * n, 5 * n + 4) for n in range(4)]
    gold = document_of(
        "x" * 20,
        locations=(
            location("l0", spans[0], 0.0, 0.0),
            location("l1", spans[1], 0.0, 10.0, role="dateline"),
            location("l2", spans[2], None, None, country=None, role="context"),
            location("l3", spans[3], 0.0, 20.0, country="UG", role="context"),
        ),
    )
    prediction = Prediction(
        "doc-0",
        locations=(
            location("l0", spans[0], 1.0, 0.0),
            location("l1", spans[1], 0.0, 12.0, country="UG", role="dateline"),
            location("l3", spans[3], None, None, country="UG"),
        ),
    )
    degree = 6371.0088 * math.pi / 180
    assert degree == pytest.approx(111.195, abs=5e-4)
    errors = [degree, 2 * degree, 20_039]
    for task, headline in ((PLACES, 2 / 5), (GOLD_MENTIONS["places"], 1 / 3)):
        result = score(task, [gold], [prediction], resamples=1)
        assert result.headline.value == pytest.approx(headline)
        assert value(result, "within 161 km", "accuracy") == pytest.approx(1 / 3)
        assert value(result, "distance", "mean_km") == pytest.approx(sum(errors) / 3)
        area = sum(math.log(1 + error) for error in errors) / 3 / math.log(20_040)
        assert value(result, "distance", "auc") == pytest.approx(area)
        assert value(result, "location", "f1") == pytest.approx(6 / 7)
        assert value(result, "country", "f1") == pytest.approx(2 / 3)
        assert value(result, "macro", "role_f1") == pytest.approx(5 / 9)
