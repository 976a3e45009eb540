"""Cluster metrics by hand, against the papers, other scorers and their literal definitions.

A cluster is written as a word, a mention as a letter; ratios as "recall precision".
"""

from collections.abc import Callable, Collection, Hashable
from fractions import Fraction
from itertools import combinations, permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from counterclaim.errors import DataError
from counterclaim.metrics.clusters import METRICS, cluster_counts, cluster_prf

Side = list[frozenset[int]]
GRID = 2**-24


def by_label(labels: dict[int, int]) -> Side:
    return [
        frozenset(mention for mention, own in labels.items() if own == label)
        for label in sorted(set(labels.values()))
    ]


# Each side has some of eight mentions, in up to four clusters.
sides = st.dictionaries(st.integers(0, 7), st.integers(0, 3)).map(by_label)


def ratios(gold: str, predicted: str) -> dict[str, tuple[float, float, float]]:
    """Recall, precision and F1 by metric."""
    scores = cluster_prf(cluster_counts(gold.split(), predicted.split()))
    columns = (scores.recall.tolist(), scores.precision.tolist(), scores.f1.tolist())
    return dict(zip(METRICS, zip(*columns, strict=True), strict=True))


def fractions(text: str) -> list[float]:
    """The numbers of a text such as "1/3 0 nan"."""
    return [np.nan if word == "nan" else float(Fraction(word)) for word in text.split()]


def approx(values: list[float], tolerance: float = 1e-6) -> object:
    return pytest.approx(values, abs=tolerance, nan_ok=True)


def test_the_example_of_pradhan_and_of_moosavi() -> None:
    """Both papers work it out: key abc, defg; response ab, cd, fghi (h and i are twinless).

    The clusters have in common: ab 2, c 1 (abc with cd), d 1 (defg with cd), fg 2.
    MUC: 2 - 1 + 1 - 1 + 1 - 1 + 2 - 1 = 2 links of (3 - 1) + (4 - 1) = 5 in the key and of
    1 + 1 + 3 = 5 in the response.
    B3: recall (4/3 + 1/3 + 1/4 + 4/4) / 7 = 35/84 = 0.42; precision
    (4/2 + 1/2 + 1/2 + 4/4) / 8 = 1/2.
    CEAF-e: abc with ab 2*2/5 = 4/5, defg with fghi 2*2/8 = 1/2, together 13/10, of 2
    clusters in the key and 3 in the response.
    LEA: recall (3 * 1/3 + 4 * 1/6) / 7 = 5/21 = 0.24, as 1 link of 3 and 1 of 6 are found;
    precision (2 * 1/1 + 2 * 0/1 + 4 * 1/6) / 8 = 1/3.
    """
    found = ratios("abc defg", "ab cd fghi")

    assert found["MUC"][:2] == approx(fractions("2/5 2/5"))
    assert found["B3"][:2] == approx(fractions("35/84 1/2"))
    assert found["CEAF-e"][:2] == approx(fractions("13/20 13/30"))
    assert found["LEA"][:2] == approx(fractions("5/21 1/3"))
    # F1 of the last: 2 * 5/21 * 1/3 / (5/21 + 1/3) = (10/63) / (12/21) = 5/18.
    assert found["LEA"][2:] == approx(fractions("5/18"))


@pytest.mark.parametrize(
    ("response", "b3_precision"),
    [("12345 6789ABC", "16/21"), ("1234589ABC 67", "7/12")],
)
def test_the_example_of_bagga_and_baldwin(response: str, b3_precision: str) -> None:
    """Two mergers that MUC cannot tell apart: 9 links of 9 found, 9 of 10 right, F1 0.947.

    Key 12345, 67, 89ABC. B3 has recall 1 in both. With 67 and 89ABC merged its precision is
    (5*5/5 + 2*2/7 + 5*5/7) / 12 = (5 + 29/7) / 12 = 16/21 = 0.76; with 12345 and 89ABC
    merged (25/10 + 25/10 + 2*2/2) / 12 = 7/12 = 0.58.
    """
    found = ratios("12345 67 89ABC", response)

    assert found["MUC"] == approx(fractions("1 9/10 18/19"))
    assert found["B3"][:2] == approx([1.0, *fractions(b3_precision)])


@pytest.mark.parametrize(
    ("response", "muc", "b3", "ceaf"),
    [
        ("12345 6789ABC", 0.947, 0.865, 0.733),
        ("1234589ABC 67", 0.947, 0.737, 0.667),
        ("123456789ABC", 0.900, 0.545, 0.294),
        ("1 2 3 4 5 6 7 8 9 A B C", 0.0, 0.400, 0.178),
    ],
)
def test_the_table_of_luo(response: str, muc: float, b3: float, ceaf: float) -> None:
    """Luo (2005), table 1: F1 for four responses to the key of Bagga and Baldwin.

    CEAF-e by hand, its pairs summed and divided by the clusters of both sides:
    2 * (1 + 10/12) / 5, 2 * (10/15 + 1) / 5, 2 * (10/17) / 4 and
    2 * (2/6 + 2/3 + 2/6) / 15. He has no MUC for the last, whose precision is undefined.
    """
    found = ratios("12345 67 89ABC", response)

    assert [found[m][2] for m in ("MUC", "B3", "CEAF-e")] == approx([muc, b3, ceaf], 5e-4)


@pytest.mark.parametrize(
    ("key", "response", "expected"),
    [
        # a has no answer, f no twin
        ("a bc def", "a de", ("1/3 1", "7/18 1", "3/5 9/10", "1/3 1")),
        # x, y and z are spurious, z alone
        (
            "a bc def",
            "a bcx defy z",
            ("1 3/5", "1 55/108", "31/35 93/140", "1 4/9"),
        ),
        # both
        ("a bc def", "a bcx dy z", ("1/3 1/3", "5/9 17/42", "11/15 11/20", "1/2 2/7")),
        # overlapping mentions are different mentions
        ("a bc def", "a bcxB dy z", ("1/3 1/4", "5/9 5/16", "31/45 31/60", "1/2 5/24")),
        ("a bc def", "a bcx dy Bz", ("1/3 1/4", "5/9 17/48", "11/15 11/20", "1/2 1/4")),
        # all apart, all together
        ("a bc def", "a b c d e f", ("0 nan", "1/2 1", "", "1/6 1/6")),
        ("a bc def", "abcdef", ("1 3/5", "1 7/18", "", "5/6 4/15")),
        ("a bc def", "a x y c d e z", ("0 nan", "13/36 4/7", "", "1/6 1/7")),
        ("a bc def", "axycdez", ("1/3 1/6", "17/36 6/49", "", "1/6 1/21")),
        # links of Vilain et al. (1995)
        ("ABCD", "AB CD", ("2/3 1", "", "", "1/3 1")),
        ("AB CD", "ABCD", ("1 2/3", "", "", "1 1/3")),
        ("ABC", "AC", ("1/2 1", "", "", "1/3 1")),
        ("BCDEGHJ", "ABC DEF GHI", ("1/2 1/2", "", "", "1/7 1/3")),
        ("ABC DEFG", "AB CD FGH", ("2/5 2/4", "", "", "5/21 3/7")),
        # one cluster in the key
        ("abcdef", "ab cde f", ("", "", "", "4/15 5/6")),
        ("abcdef", "abcxyz", ("", "", "", "1/5 1/5")),
        ("abcdef", "ab cxy z", ("", "", "", "1/15 1/3")),
        # only clusters of one in the key
        ("a b c d e f", "a b c d e f", ("nan nan", "1 1", "1 1", "1 1")),
        ("a b c d e f", "abcdef", ("", "", "", "0 0")),
        ("a b c d e f", "ab cde f", ("", "", "", "1/6 1/6")),
        ("a b c d e f", "a b c x y z", ("nan nan", "", "", "1/2 1/2")),
        ("a b c d e f", "ab cxy z", ("", "", "", "0 0")),
    ],
)
def test_the_cases_of_the_reference_scorers(
    key: str, response: str, expected: tuple[str, ...]
) -> None:
    """Test cases A to N of the CoNLL scorer and of CoVal, by the authors of LEA.

    Their "0/0 = 0" is undefined here, written nan. A missing number is one they do not give.
    """
    found = ratios(key, response)
    for metric, numbers in zip(METRICS, expected, strict=True):
        if numbers:
            assert found[metric][:2] == approx(fractions(numbers)), metric


def test_mentions_without_a_twin_on_both_sides() -> None:
    """Key abc, response abx: c is missed, x made up; ab is 1 link and 2 mentions.

    MUC 1 of 2 links a side; B3 2 * (2/3) of 3 mentions; CEAF-e 2*2/6; LEA 3 * (1/3) of 3.
    """
    found = ratios("abc", "abx")

    for metric, value in zip(METRICS, fractions("1/2 4/9 2/3 1/3"), strict=True):
        assert found[metric] == approx([value] * 3)


def test_a_mention_that_is_found_and_left_alone_pays_in_b3_only() -> None:
    """Moosavi and Strube (2016) call it the mention identification effect.

    Key abc; c alone is added to the response ab. Recall of B3 rises from 4/9 to 5/9; nothing
    is recalled that LEA and MUC count, and CEAF-e keeps the pair of abc with ab.
    """
    before, after = ratios("abc", "ab"), ratios("abc", "ab c")

    assert [before[m][0] for m in METRICS] == approx(fractions("1/2 4/9 4/5 1/3"))
    assert [after[m][0] for m in METRICS] == approx(fractions("1/2 5/9 4/5 1/3"))


def test_a_cluster_of_one_is_resolved_in_lea_only_by_a_cluster_of_one() -> None:
    """The link of a mention with itself, as in the scorer of Moosavi and Strube (2016)."""
    assert ratios("a", "a")["LEA"] == (1, 1, 1)
    assert ratios("a", "ab")["LEA"] == (0, 0, 0)
    assert ratios("ab", "a")["LEA"] == (0, 0, 0)


def test_clusters_are_paired_for_the_best_sum() -> None:
    """CEAF-e pairs abcd with cx and e with abe: 2/6 + 2/4 = 5/6 of 2 clusters a side.

    The most alike pair, abcd with abe at 4/7, would leave e with nothing.
    """
    assert ratios("abcd e", "abe cx")["CEAF-e"] == approx(fractions("5/12 5/12 5/12"))


@pytest.mark.parametrize(
    ("gold", "predicted", "muc", "others"),
    [
        ("", "", "nan nan nan", "nan nan nan"),
        ("ab", "", "0 nan 0", "0 nan 0"),
        ("", "ab", "nan 0 0", "nan 0 0"),
        ("a b", "", "nan nan nan", "0 nan 0"),
        ("a b", "ab", "nan 0 0", None),
        ("ab", "a b", "0 nan 0", None),
        ("a b", "a b", "nan nan nan", "1 1 1"),
        ("ab", "xy", "0 0 0", "0 0 0"),
    ],
)
def test_what_is_undefined(gold: str, predicted: str, muc: str, others: str | None) -> None:
    """F1 is undefined only if neither side has anything; an empty answer to gold earns 0.

    MUC counts links: clusters of one are nothing to it.
    """
    found = ratios(gold, predicted)

    assert found["MUC"] == approx(fractions(muc))
    if others is not None:
        assert [found[m] for m in METRICS[1:]] == [approx(fractions(others))] * 3


def test_a_mention_listed_twice_is_an_error() -> None:
    """Repeated, a correct mention would raise the precision of B3 as often as one likes."""
    with pytest.raises(DataError, match="mention 'b' is in the predicted clusters 0 and 1"):
        cluster_counts(["ab"], ["ab", "bc"])
    with pytest.raises(DataError, match="mention 'a' is in the gold clusters 0 and 0"):
        cluster_counts(["aa"], ["ab"])


def test_an_empty_cluster_counts_for_nothing() -> None:
    with_empty = cluster_counts([[], "ab", []], ["a", [], "b"])
    np.testing.assert_array_equal(with_empty, cluster_counts(["ab"], ["a", "b"]))


# The definitions, word for word; each returns numerator and denominator for the key.


def literal_muc(key: Side, response: Side) -> tuple[Fraction, int]:
    """A key cluster less the number of parts into which the response breaks it."""
    found = 0
    for cluster in key:
        parts = {cluster & other for other in response} - {frozenset()}
        covered = frozenset().union(*parts)
        found += len(cluster) - len(parts) - len(cluster - covered)
    return Fraction(found), sum(len(cluster) - 1 for cluster in key)


def literal_b3(key: Side, response: Side) -> tuple[Fraction, int]:
    """For each mention, the share of its key cluster that its response cluster has."""
    found = Fraction(0)
    for cluster in key:
        for mention in cluster:
            twin = next((other for other in response if mention in other), frozenset[int]())
            found += Fraction(len(cluster & twin), len(cluster))
    return found, sum(map(len, key))


def literal_ceaf(key: Side, response: Side) -> tuple[Fraction, int]:
    """The best of all one-to-one pairings."""
    short, long = sorted([key, response], key=len)
    pairings = permutations(long, len(short))
    best = max(
        sum(
            (Fraction(2 * len(k & r), len(k) + len(r)) for k, r in zip(short, p, strict=True)),
            Fraction(0),
        )
        for p in pairings
    )
    return best, len(key)


def literal_lea(key: Side, response: Side) -> tuple[Fraction, int]:
    """Size times the share of links found; a cluster of one has a link with itself."""

    def links(cluster: frozenset[int]) -> set[tuple[int, ...]]:
        if len(cluster) == 1:
            return {(min(cluster), min(cluster))}
        return set(combinations(sorted(cluster), 2))

    in_response = {link for cluster in response for link in links(cluster)}
    found = sum(
        (Fraction(len(c) * len(links(c) & in_response), len(links(c))) for c in key), Fraction(0)
    )
    return found, sum(map(len, key))


LITERAL: dict[str, Callable[[Side, Side], tuple[Fraction, int]]] = {
    "MUC": literal_muc,
    "B3": literal_b3,
    "CEAF-e": literal_ceaf,
    "LEA": literal_lea,
}


@given(sides, sides)
def test_counts_are_those_of_the_definitions(gold: Side, predicted: Side) -> None:
    """Computed from sizes of intersections; compared with sets, links and all pairings."""
    counts = dict(zip(METRICS, cluster_counts(gold, predicted).tolist(), strict=True))
    for metric, literal in LITERAL.items():
        expected = [*literal(predicted, gold), *literal(gold, predicted)]
        assert counts[metric] == approx([float(number) for number in expected], GRID), metric


@given(sides)
def test_gold_against_itself_is_one_or_undefined(gold: Side) -> None:
    for ratio in cluster_prf(cluster_counts(gold, gold)):
        assert set(ratio[1:].tolist()) == {1.0} if gold else np.isnan(ratio).all()
        links = any(len(cluster) > 1 for cluster in gold)
        assert ratio[0] == 1 if links else np.isnan(ratio[0])


@given(sides)
def test_an_empty_answer_is_zero_or_undefined(gold: Side) -> None:
    scores = cluster_prf(cluster_counts(gold, []))

    assert np.isnan(scores.precision).all()
    np.testing.assert_array_equal(scores.f1, scores.recall)
    assert set(scores.f1[~np.isnan(scores.f1)].tolist()) <= {0.0}


@given(sides, sides, st.randoms(use_true_random=False))
def test_the_order_of_clusters_and_of_mentions_does_not_matter(
    gold: Side, predicted: Side, random: Random
) -> None:
    def shuffled(side: Side) -> list[Collection[Hashable]]:
        clusters = [random.sample(sorted(cluster), len(cluster)) for cluster in side]
        return random.sample(clusters, len(clusters))

    np.testing.assert_array_equal(
        cluster_counts(shuffled(gold), shuffled(predicted)), cluster_counts(gold, predicted)
    )


@given(sides, sides)
def test_precision_is_the_recall_of_the_other_side(gold: Side, predicted: Side) -> None:
    np.testing.assert_array_equal(
        cluster_counts(gold, predicted), cluster_counts(predicted, gold)[:, [2, 3, 0, 1]]
    )


@given(sides, sides, sides, sides)
def test_counts_of_two_documents_add(g1: Side, p1: Side, g2: Side, p2: Side) -> None:
    """As one document, with mentions of their own, they have the same counts."""

    def moved(side: Side) -> Side:
        return [frozenset(mention + 100 for mention in cluster) for cluster in side]

    together = cluster_counts(g1 + moved(g2), p1 + moved(p2))
    apart = cluster_counts(g1, p1) + cluster_counts(g2, p2)
    np.testing.assert_allclose(apart, together, rtol=0, atol=2 * GRID)


@given(st.lists(st.tuples(sides, sides), min_size=2, max_size=6), st.randoms())
def test_the_order_of_documents_changes_no_bit(
    pairs: list[tuple[Side, Side]], random: Random
) -> None:
    """Thirds and sevenths do not add alike in any order; multiples of 2**-24 do."""

    def summed(documents: list[tuple[Side, Side]]) -> NDArray[np.float64]:
        total = np.zeros((len(METRICS), 4))
        for document in documents:
            total += cluster_counts(*document)
        return total

    np.testing.assert_array_equal(summed(random.sample(pairs, len(pairs))), summed(pairs))


@given(sides, sides)
def test_ratios_are_between_zero_and_one(gold: Side, predicted: Side) -> None:
    for ratio in cluster_prf(cluster_counts(gold, predicted)):
        defined = ratio[~np.isnan(ratio)]
        assert ((defined >= 0) & (defined <= 1)).all()


@given(sides, sides)
def test_a_spurious_mention_alone_never_pays(gold: Side, predicted: Side) -> None:
    """It costs precision in B3, CEAF-e and LEA, and recall nowhere; MUC does not see it."""
    before = cluster_prf(cluster_counts(gold, predicted))
    after = cluster_prf(cluster_counts(gold, [*predicted, frozenset([99])]))

    np.testing.assert_array_equal(after.recall, before.recall)
    for old, new in ((before.precision, after.precision), (before.f1, after.f1)):
        np.testing.assert_array_equal(new[0], old[0])
        assert (np.isnan(old[1:]) | (new[1:] < old[1:]) | (old[1:] == 0)).all()
        assert (new[1:] <= np.nan_to_num(old[1:])).all()


def test_scores_of_a_bootstrap_are_those_of_each_resample() -> None:
    """Any leading axes: (resamples, metrics, 4) in, (resamples, metrics) out."""
    documents = np.stack([cluster_counts(["ab", "c"], ["abc"]), cluster_counts(["ab"], ["ab"])])
    weights = np.array([[2, 0], [1, 1], [0, 2], [0, 0]])

    scores = cluster_prf(np.tensordot(weights, documents, axes=1))

    assert scores.f1.shape == (4, len(METRICS))
    for row, f1 in zip(weights, scores.f1, strict=True):
        summed = sum(w * document for w, document in zip(row, documents, strict=True))
        np.testing.assert_array_equal(cluster_prf(np.asarray(summed)).f1, f1)
    assert np.isnan(scores.f1[3]).all()
