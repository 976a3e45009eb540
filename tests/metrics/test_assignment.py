"""Assignment against SciPy and against all pairings there are."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from counterclaim.metrics.assignment import assign

Table = list[list[int]]


def tables(largest: int, side: int) -> st.SearchStrategy[Table]:
    """Tables of up to `side` rows and columns; few values, so that ties are common."""
    values = st.integers(0, 3) | st.integers(0, largest)
    return st.integers(1, side).flatmap(
        lambda columns: st.lists(
            st.lists(values, min_size=columns, max_size=columns), min_size=1, max_size=side
        )
    )


def total(values: Table) -> int:
    return sum(values[i][j] for i, j in assign(values))


def of_scipy(values: Table) -> int:
    rows, columns = linear_sum_assignment(np.array(values), maximize=True)
    return sum(values[i][j] for i, j in zip(rows.tolist(), columns.tolist(), strict=True))


@given(tables(10**6, 9))
def test_no_pairing_of_scipy_is_worth_more(values: Table) -> None:
    assert total(values) == of_scipy(values)


@given(tables(2**200, 4))
def test_no_other_pairing_is_worth_more(values: Table) -> None:
    """Integers far beyond 64 bits: the sum is compared with all pairings there are."""
    short, long = sorted([values, [list(c) for c in zip(*values, strict=True)]], key=len)
    best = max(
        sum(row[j] for row, j in zip(short, order, strict=True))
        for order in permutations(range(len(long)), len(short))
    )

    assert total(values) == best


@given(tables(5, 6))
def test_pairs_are_one_to_one_sorted_and_worth_something(values: Table) -> None:
    pairs = assign(values)

    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert pairs == sorted(pairs)
    assert all(values[i][j] > 0 for i, j in pairs)


@given(tables(5, 6))
def test_rows_and_columns_can_change_places(values: Table) -> None:
    assert total(values) == total([list(column) for column in zip(*values, strict=True)])


def test_the_best_pair_is_given_up_for_a_better_sum() -> None:
    """Greedily 9 + 0; by hand 8 + 7, for which the first row has to move."""
    assert assign([[9, 8], [7, 0]]) == [(0, 1), (1, 0)]


def test_a_row_moves_along_a_chain() -> None:
    """The last row can have the first column only: 9 + 8 + 8 + 8, or without it 9 + 9 + 9."""
    values = [[9, 8, 0, 0], [9, 9, 8, 0], [0, 9, 9, 8], [9, 0, 0, 0]]

    assert assign(values) == [(0, 1), (1, 2), (2, 3), (3, 0)]


def test_the_second_objective_decides_beyond_the_precision_of_floats() -> None:
    """2**90 in common, then 1 against 2: as floats the two pairings are equal."""
    same = 2**90
    assert float(same + 1) == float(same + 2)

    assert assign([[same + 1, same + 2], [same + 2, same + 1]]) == [(0, 1), (1, 0)]
    assert assign([[same + 2, same + 1], [same + 1, same + 2]]) == [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    ("values", "pairs"),
    [
        ([], []),
        ([[], []], []),
        ([[0]], []),
        ([[0, 0], [0, 0]], []),
        ([[5]], [(0, 0)]),
        ([[1, 4, 2]], [(0, 1)]),
        ([[1], [4], [2]], [(1, 0)]),
        ([[0, 0], [0, 3]], [(1, 1)]),  # a pair worth nothing is no pair
        ([[1, 0], [2, 0], [0, 0]], [(1, 0)]),
        ([[0, 2, 1], [0, 2, 0]], [(0, 2), (1, 1)]),
    ],
)
def test_small_tables_by_hand(values: Table, pairs: list[tuple[int, int]]) -> None:
    assert assign(values) == pairs


def test_a_table_of_two_hundred_rows() -> None:
    """Products: every row wants the same column, and each augmenting path meets all rows."""
    values = [[i * j for j in range(1, 201)] for i in range(200, 0, -1)]

    # By the rearrangement inequality equal ranks go together: 1 + 4 + 9 + ... + 200 ** 2.
    assert total(values) == 200 * 201 * 401 // 6
