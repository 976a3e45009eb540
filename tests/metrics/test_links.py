"""Links, statuses and clusters of claims."""

import msgspec
import pytest

from counterclaim.metrics.frames import align_ids
from counterclaim.metrics.links import claim_statuses, link_counts, link_scores
from counterclaim.model import Accusation, Denial, Scope, Span


def accusation(key: str, start: int, claim: str) -> Accusation:
    return Accusation(
        key, None, Span(start, start + 5), None, None, "army", "rebels", "killing", claim
    )


def denial(key: str, start: int, answers: tuple[str, ...], scope: Scope = "act") -> Denial:
    return Denial(key, None, Span(start, start + 5), None, "rebels", answers, scope)


GOLD = (
    [accusation("a1", 0, "c1"), accusation("a2", 10, "c1"), accusation("a3", 20, "c2")],
    [denial("d1", 30, ("a1",)), denial("d2", 40, ("a3",), "intent")],
)
SIDES = ("matched", "predicted", "gold")


def test_a_document_counted_by_hand() -> None:
    """d1 answers a2 instead of a1, d2 rightly a3; a2 is put into a claim of its own.

    Links: 1 of 2 right. Gold: c1 denied, c2 partly denied. Predicted: {a1} unanswered,
    {a2} denied, {a3} partly denied; c1 is aligned with the claim of a2, which has its
    status, so denied 1 of 1, partly denied 1 of 1, unanswered 0 of 1 predicted.
    """
    predicted = (
        [accusation("x1", 0, "p1"), accusation("x2", 10, "p2"), accusation("x3", 20, "p3")],
        [denial("y1", 30, ("x2",)), denial("y2", 40, ("x3",), "intent")],
    )
    counts = link_counts(GOLD, predicted)
    assert [counts[f"link/{side}"] for side in SIDES] == [1, 2, 2]
    assert [counts[f"denied/{side}"] for side in SIDES] == [1, 1, 1]
    assert [counts[f"partly denied/{side}"] for side in SIDES] == [1, 1, 1]
    assert [counts[f"unanswered/{side}"] for side in SIDES] == [0, 1, 0]
    scores = link_scores(counts)  # type: ignore[arg-type]
    assert scores["link"]["f1"] == pytest.approx(0.5)
    assert scores["macro"]["status_f1"] == 1  # over the statuses that gold has
    # B3: precision 1; recall (1/2 + 1/2 + 1) / 3. MUC: no link of {a1, a2} is found.
    assert scores["claim B3"]["precision"] == 1
    assert scores["claim B3"]["recall"] == pytest.approx(2 / 3)
    assert scores["claim MUC"]["recall"] == 0


def test_a_link_needs_both_of_its_ends() -> None:
    """The right accusation answered by a denial that is not there."""
    elsewhere = (GOLD[0], [denial("d1", 60, ("a1",))])
    counts = link_counts(GOLD, elsewhere)
    assert [counts[f"link/{side}"] for side in SIDES] == [0, 1, 2]


def test_a_link_to_what_is_no_gold_accusation_is_spurious() -> None:
    extra = ([*GOLD[0], accusation("a9", 70, "c9")], [denial("d1", 30, ("a1", "a9"))])
    assert [link_counts(GOLD, extra)[f"link/{side}"] for side in SIDES] == [1, 2, 2]


def test_given_mentions_are_taken_as_given() -> None:
    """Two accusations that share a content are told apart by their ids alone."""
    twins = [accusation("a1", 0, "c1"), accusation("a2", 0, "c2")]
    gold = (twins, [denial("d1", 30, ("a1",))])
    swapped = (twins[::-1], [denial("d1", 30, ("a2",))])
    assert link_counts(gold, swapped, align_ids)["link/matched"] == 0
    assert link_counts(gold, (twins[::-1], gold[1]), align_ids)["link/matched"] == 1


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ((), "unanswered"),
        (("act",), "denied"),
        (("responsibility",), "denied"),
        (("all",), "denied"),
        (("intent",), "partly denied"),
        (("figure",), "partly denied"),
        (("intent", "act"), "denied"),
    ],
)
def test_the_status_of_a_claim(scopes: tuple[Scope, ...], expected: str) -> None:
    """An admission of the act that denies the intent denies a part."""
    denials = [denial(f"d{i}", 30, ("a1",), scope) for i, scope in enumerate(scopes)]
    assert claim_statuses([accusation("a1", 0, "c1")], denials) == {"c1": expected}


def test_the_names_of_claims_mean_nothing() -> None:
    renamed = (
        [msgspec.structs.replace(a, claim={"c1": "z", "c2": "c1"}[a.claim]) for a in GOLD[0]],
        GOLD[1],
    )
    assert link_counts(GOLD, renamed) == link_counts(GOLD, GOLD)
