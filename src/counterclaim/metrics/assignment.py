"""The best one-to-one pairing of rows with columns, in exact arithmetic.

Values are Python integers of any size. A caller that wants most of one thing and, among
equals, most of another packs both into one integer; a sum of floats would lose the second.

Source: Kuhn (1955), Naval Research Logistics Quarterly 2; Munkres (1957). The form is the
shortest augmenting path of Jonker and Volgenant (1987), Computing 38, for rectangular
tables as in Crouse (2016), IEEE Transactions on Aerospace and Electronic Systems 52.
"""

from collections.abc import Sequence


def assign(values: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Pair rows with columns one to one so that the sum of their values is greatest.

    Args:
        values: Non-negative integers, of any size; rows of one length.

    Returns:
        Pairs (row, column) of a value above 0, sorted. Of several best pairings it is
        always the same one for the same table; which one, is not promised.
    """
    if not values or not values[0]:
        return []
    if len(values) == 1:
        best = max(values[0])
        return [(0, values[0].index(best))] if best else []
    if len(values) > len(values[0]):
        return sorted((i, j) for j, i in assign(list(zip(*values, strict=True))))
    # Prices of rows and columns that together are at least the value of any cell, and equal
    # to it in a pair: then no pairing is worth more than the prices, and this one is worth it.
    row_price = [max(row) for row in values]
    column_price = [0] * len(values[0])
    row_of: list[int | None] = [None] * len(values[0])
    waiting = []
    for i, row in enumerate(values):
        if not row_price[i]:  # worth nothing in any pairing
            continue
        j = row.index(row_price[i])
        if row_of[j] is None:
            row_of[j] = i
        else:
            waiting.append(i)
    for i in waiting:
        _augment(values, i, row_price, column_price, row_of)
    pairs = ((i, j) for j, i in enumerate(row_of) if i is not None)
    return sorted((i, j) for i, j in pairs if values[i][j])


def _augment(
    values: Sequence[Sequence[int]],
    start: int,
    row_price: list[int],
    column_price: list[int],
    row_of: list[int | None],
) -> None:
    """Give one more row a column, where others may have to move: the cheapest way to do it."""
    # Free columns first: of columns at one distance the path then ends at the first chance.
    ahead = sorted(range(len(row_of)), key=lambda j: row_of[j] is not None)
    price, row = row_price[start], values[start]
    distance = [price + column_price[j] - row[j] for j in range(len(row_of))]
    came_from = [start] * len(row_of)
    column_of: dict[int, int] = {}  # of the rows reached
    while True:
        j = min(ahead, key=distance.__getitem__)
        i = row_of[j]
        if i is None:
            break
        ahead.remove(j)
        column_of[i] = j
        price, row = distance[j] + row_price[i], values[i]
        for k in ahead:
            through = price + column_price[k] - row[k]
            if through < distance[k]:
                distance[k] = through
                came_from[k] = i
    row_price[start] -= distance[j]
    for i, k in column_of.items():
        row_price[i] -= distance[j] - distance[k]
        column_price[k] += distance[j] - distance[k]
    while (i := came_from[j]) != start:
        row_of[j], j = i, column_of[i]
    row_of[j] = start
