"""One-to-one matching of spans, by optimal assignment.

Source: the exact and overlap criteria are two of the four of SemEval-2013 Task 9.1
(Segura-Bedmar et al. 2013), https://aclanthology.org/S13-2056. Pairs are chosen to
maximise their total overlap (Kuhn 1955), so the order of spans never matters.
"""

from collections.abc import Callable, Sequence

import numpy as np

from counterclaim.model import Span

Bonus = Callable[[int, int], float]


def overlap(a: Span, b: Span) -> float:
    """Intersection over union of two spans, in characters, from 0 to 1."""
    shared = min(a.end, b.end) - max(a.start, b.start)
    return max(0, shared) / (max(a.end, b.end) - min(a.start, b.start))


def match_spans(
    gold: Sequence[Span], predicted: Sequence[Span], bonus: Bonus | None = None
) -> list[tuple[int, int]]:
    """Pair spans one to one so that their summed overlap is greatest.

    Args:
        gold: Reference spans, in any order, also repeated.
        predicted: The other side's spans.
        bonus: For a pair of indices a number in [0, 1] that decides between pairs of
            equal overlap: records that share a span are told apart by their fields.

    Returns:
        Index pairs (gold, predicted) of spans that share at least one character.
    """
    if not gold or not predicted:
        return []
    shared = np.array([[overlap(g, p) for p in predicted] for g in gold])
    # Between pairings of equal overlap: exact pairs first, then more pairs, then the bonus.
    size = min(shared.shape) * 10.0
    value = shared + (shared == 1) * 1e-3 / size + (shared > 0) * 1e-6 / size
    if bonus is not None:
        for i, j in np.argwhere(shared > 0):
            value[i, j] += bonus(int(i), int(j)) * 1e-9 / size
    from scipy.optimize import linear_sum_assignment  # late: importing it takes 0.3 s

    pairs = zip(*linear_sum_assignment(value, maximize=True), strict=True)
    return [(int(i), int(j)) for i, j in pairs if shared[i, j] > 0]
