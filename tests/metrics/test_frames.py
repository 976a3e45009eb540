"""Alignment of records, and fields that count only under it."""

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclaim.metrics.frames import (
    ACCUSATION,
    DENIAL,
    align,
    align_ids,
    align_records,
    folded,
    frame_counts,
    frame_scores,
    overlap_units,
)
from counterclaim.model import Accusation, Denial, Span

GRID = 2**32


def accusation(key: str, start: int, end: int, **changes: object) -> Accusation:
    """An accusation with this content; two of its five fields are empty."""
    record = Accusation(
        id=key,
        cue=None,
        content=Span(start, end),
        source=None,
        target=None,
        source_actor="army",
        target_actor="rebels",
        act="killing",
        claim="c1",
    )
    return msgspec.structs.replace(record, **changes)


def denial(cue: Span | None, content: Span | None) -> Denial:
    return Denial("d1", cue, content, None, None, (), "act")


@pytest.mark.parametrize(
    ("a", "b", "half", "expected"),
    [
        ((0, 10), (0, 10), True, GRID),
        ((0, 10), (0, 5), True, GRID // 2),  # exactly one half is enough
        ((0, 10), (0, 4), True, 0),
        ((0, 10), (0, 4), False, GRID * 4 // 10),
        ((0, 10), (10, 20), False, 0),
        ((0, 2**40), (0, 1), False, 1),  # little is not nothing
    ],
)
def test_overlap_by_hand(a: tuple[int, int], b: tuple[int, int], half: bool, expected: int) -> None:
    assert overlap_units(Span(*a), Span(*b), half=half) == expected
    assert overlap_units(Span(*b), Span(*a), half=half) == expected
    assert overlap_units(Span(*a), None) == overlap_units(None, Span(*a)) == 0


def test_a_field_counts_only_under_an_aligned_record() -> None:
    """Right names under a content elsewhere are wrong names."""
    gold, elsewhere = [accusation("a1", 0, 10)], [accusation("x", 20, 30)]
    counts = frame_counts(ACCUSATION, gold, elsewhere)
    assert (
        counts["accusation source_actor/gold"] == counts["accusation source_actor/predicted"] == 1
    )
    assert {name for name, value in counts.items() if name.endswith("matched") and value} == set()


def test_a_document_counted_by_hand() -> None:
    """Two gold accusations; one is found with the wrong act, one twice.

    Aligned: a1 with x1 (content alike, act not), a2 with x2 (8 of 10 characters, all alike);
    x3 (6 of 10 on a2) is left over. Template of gold: 1 + 3 filled fields each, 8; predicted
    12; in common (1 + 2) + (1 + 3) = 7.
    """
    gold = [accusation("a1", 0, 10), accusation("a2", 20, 30, source_actor="Kenya")]
    predicted = [
        accusation("x1", 0, 10, act="other"),
        accusation("x2", 20, 28, source_actor=" KENYA "),
        accusation("x3", 24, 30),
    ]
    counts = frame_counts(ACCUSATION, gold, predicted)
    sides = [counts[f"accusation/{side}"] for side in ("matched", "predicted", "gold")]
    template = [counts[f"accusation/template_{side}"] for side in ("matched", "predicted", "gold")]
    act = [counts[f"accusation act/{side}"] for side in ("matched", "predicted", "gold")]
    assert sides == [2, 3, 2]
    assert template == [7, 12, 8]
    assert act == [1, 3, 2]
    assert counts["accusation/complete_matched"] == 1
    table = frame_scores(ACCUSATION, counts)  # type: ignore[arg-type]
    assert table["accusation"]["f1"] == pytest.approx(4 / 5)
    assert table["accusation"]["template_f1"] == pytest.approx(14 / 20)
    assert table["accusation"]["complete_f1"] == pytest.approx(2 / 5)


def test_a_denial_is_found_by_its_content_or_its_cue() -> None:
    """Gold may have a cue alone where a system gives both."""
    both = denial(Span(0, 6), Span(10, 20))
    for part in (denial(Span(0, 6), None), denial(None, Span(10, 20))):
        assert align_records(DENIAL, [part], [both]) == [(0, 0)]
    assert align_records(DENIAL, [denial(Span(0, 6), None)], [denial(None, Span(0, 6))]) == []


def test_records_that_share_a_span_are_told_apart_by_their_fields() -> None:
    gold = [accusation("a1", 0, 10, source_actor=name) for name in ("Kenya", "Uganda")]
    assert align_records(ACCUSATION, gold, gold[::-1]) == [(0, 1), (1, 0)]


def test_records_alike_in_all_fields_are_told_apart_by_their_ids() -> None:
    """Links lead to ids: gold against gold must not cross them."""
    gold = [accusation("a1", 0, 10), accusation("a2", 0, 10)]
    assert align_records(ACCUSATION, gold, gold[::-1]) == [(0, 1), (1, 0)]


def test_given_mentions_are_aligned_by_id_alone() -> None:
    gold = [accusation("a1", 0, 10), accusation("a2", 20, 30)]
    predicted = [accusation("a2", 0, 10), accusation("x", 20, 30)]
    assert align_ids(ACCUSATION, gold, predicted) == [(1, 0)]


def test_the_first_level_decides_before_the_second() -> None:
    """The diagonal has more of the second level, the other pairing more of the first."""
    levels = {(0, 0): (2, 9), (1, 1): (2, 9), (0, 1): (3, 0), (1, 0): (2, 0)}
    assert align(levels) == [(0, 1), (1, 0)]


records = st.lists(
    st.builds(
        lambda start, length, source: (start, start + length, source),
        st.integers(0, 12),
        st.integers(1, 8),
        st.sampled_from(["army", "rebels"]),
    ),
    max_size=4,
)


def build(parts: Sequence[tuple[int, int, str]], prefix: str) -> list[Accusation]:
    return [
        accusation(f"{prefix}{i}", start, end, source_actor=source)
        for i, (start, end, source) in enumerate(parts)
    ]


@given(records, records, st.integers(0, 5))
def test_the_order_of_records_changes_nothing(
    gold: list[tuple[int, int, str]], predicted: list[tuple[int, int, str]], seed: int
) -> None:
    a, b = build(gold, "a"), build(predicted, "b")
    counts = frame_counts(ACCUSATION, a, b)
    shuffle = random.Random(seed)
    assert frame_counts(ACCUSATION, shuffle.sample(a, len(a)), shuffle.sample(b, len(b))) == counts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("The  Army\n", "the army"),
        ("ÉLAN", "élan"),
        ("Tu\u0308rkiye", "t\u00fcrkiye"),
        (None, None),
    ],
)
def test_names_are_compared_without_case_and_kinds_of_space(
    name: str | None, expected: str | None
) -> None:
    assert folded(name) == expected


@pytest.mark.parametrize("cues", [(1, 2), (2, 1)])
def test_a_field_that_is_not_compared_settles_no_tie(cues: tuple[int, int]) -> None:
    """Each of two predictions has one field of two right; the cue of neither is compared."""
    gold = [accusation("a1", 0, 4)]
    predicted = [
        accusation("x1", 0, 4, act="other", cue=Span(0, cues[0])),
        accusation("x2", 0, 4, target_actor="front", cue=Span(0, cues[1])),
    ]
    counts = frame_counts(ACCUSATION, gold, predicted)
    assert counts["accusation target_actor/matched"] == 1
    assert counts["accusation act/matched"] == 0
