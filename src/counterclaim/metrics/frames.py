"""Records with fields: aligned one to one, then compared field by field.

A field counts only under an aligned record: a right source under a wrong accusation is
wrong. Two alignments are made, each optimal (Kuhn 1955):

- By overlap of the anchoring span, for the counts of records and of each field. Ties are
  settled by the number of fields that agree, by each field in turn, and by equal ids.
- By similarity, for the template score: the number of fields that agree, one more for the
  record itself. That is CEAF of templates, as in CEAF-RME (Chen et al. 2023, IterX,
  https://aclanthology.org/2023.eacl-main.136), with fields in the place of role entities.

Source for counting roles under a matched frame: the argument classification of Du, Rush
and Cardie (2021), https://aclanthology.org/2021.eacl-main.52.
"""

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from counterclaim.metrics.assignment import assign
from counterclaim.metrics.labels import SIDES, Sums, Table, prf_of
from counterclaim.model import Span

Counts = dict[str, float]
Levels = tuple[int, ...]
Pairs = list[tuple[int, int]]
_GRID = 2**32


@dataclass(frozen=True)
class Frame:
    """How the records of a layer are aligned and what of them is compared.

    Attributes:
        row: Name of the record in results.
        anchors: Fields whose spans say which record is which; the best of them counts.
        fields: Fields that are compared, by name; None is an empty field.
        template: Name of the template score in results.
        half: Whether anchors have to share half of their characters, not only one.
        gate: A field without which two records have nothing in common.
    """

    row: str
    anchors: tuple[str, ...]
    fields: Mapping[str, Callable[[Any], Any]]
    template: str
    half: bool = True
    gate: str | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the counts."""
        sides = [f"{prefix}{side}" for prefix in ("", f"{self.template}_") for side in SIDES]
        own = [f"{self.row}/{name}" for name in (*sides, "complete_matched")]
        return (*own, *(f"{self.row} {field}/{side}" for field in self.fields for side in SIDES))

    def matches(self, gold: Sequence[Any], predicted: Sequence[Any]) -> dict[tuple[int, int], int]:
        """The pairs of records whose anchors match, and how far, in units of 2**-32."""
        extents = [[self._extent(record) for record in side] for side in (gold, predicted)]
        touching = [
            (i, j)
            for i, (start, end) in enumerate(extents[0])
            for j, (other_start, other_end) in enumerate(extents[1])
            if start < other_end and other_start < end
        ]
        overlaps = {(i, j): self._overlap(gold[i], predicted[j]) for i, j in touching}
        return {pair: units for pair, units in overlaps.items() if units}

    def _extent(self, record: Any) -> tuple[int, int]:
        spans = [span for name in self.anchors if (span := getattr(record, name)) is not None]
        if len(spans) == 1:
            return spans[0].start, spans[0].end
        starts, ends = [span.start for span in spans], [span.end for span in spans]
        return min(starts, default=0), max(ends, default=0)

    def _overlap(self, gold: Any, predicted: Any) -> int:
        return max(
            overlap_units(getattr(gold, name), getattr(predicted, name), half=self.half)
            for name in self.anchors
        )


def frame_counts(
    frame: Frame, gold: Sequence[Any], predicted: Sequence[Any], pairs: Pairs | None = None
) -> Counts:
    """Compare the records of one document.

    Args:
        frame: How.
        gold: Records of one layer, in any order.
        predicted: The other side's.
        pairs: How they are aligned, where that is known already.

    Returns:
        A number for each of `frame.columns`.
    """
    counts = dict.fromkeys(frame.columns, 0.0)
    filled = [[_filled(frame, record) for record in side] for side in (gold, predicted)]
    for side, values in zip(("gold", "predicted"), filled, strict=True):
        counts[f"{frame.row}/{side}"] = len(values)
        for value in values:
            gate = frame.gate in value
            counts[f"{frame.row}/{frame.template}_{side}"] += 1 + len(value) - gate
            for name in value:
                counts[f"{frame.row} {name}/{side}"] += 1
    for i, j in align_records(frame, gold, predicted) if pairs is None else pairs:
        shared = _agreeing(filled[0][i], filled[1][j])
        counts[f"{frame.row}/matched"] += 1
        counts[f"{frame.row}/complete_matched"] += (
            len(shared) == len(filled[0][i]) == len(filled[1][j])
        )
        for name in shared:
            counts[f"{frame.row} {name}/matched"] += 1

    similar: dict[tuple[int, int], Levels] = {}
    for i, j in frame.matches(gold, predicted):
        shared = _agreeing(filled[0][i], filled[1][j])
        if frame.gate in (None, *shared):
            similar[i, j] = (1 + len(shared) - (frame.gate in shared),)
    best = align(similar)
    counts[f"{frame.row}/{frame.template}_matched"] = sum(similar[pair][0] for pair in best)
    return counts


def align_records(frame: Frame, gold: Sequence[Any], predicted: Sequence[Any]) -> Pairs:
    """Pair the records of one layer by their anchors; the order of records does not matter."""
    matches = frame.matches(gold, predicted)
    if _apart(matches):
        return sorted(matches)
    # In an order of their own: between equally good pairings the first found is taken.
    orders = [sorted(range(len(side)), key=lambda i: _key(side[i])) for side in (gold, predicted)]
    ranks = [{i: rank for rank, i in enumerate(order)} for order in orders]
    filled = [[[get(r) for get in frame.fields.values()] for r in s] for s in (gold, predicted)]

    def levels(i: int, j: int) -> Levels:
        alike = list(map(_equal, filled[0][i], filled[1][j]))
        # Every count of records and fields is a level, so that no tie can change one.
        counted = [a and b is not None for a, b in zip(alike, filled[0][i], strict=True)]
        own = int(gold[i].id == predicted[j].id)
        return matches[i, j], sum(alike), 1, int(all(alike)), *map(int, counted), own

    cells = {(ranks[0][i], ranks[1][j]): levels(i, j) for i, j in matches}
    pairs = align(cells)
    return sorted((orders[0][i], orders[1][j]) for i, j in pairs)


def align_ids(frame: Frame, gold: Sequence[Any], predicted: Sequence[Any]) -> Pairs:
    """Pair the records of one layer by their ids, where the gold records were given."""
    del frame
    number = {record.id: i for i, record in enumerate(gold)}
    return sorted((number[r.id], j) for j, r in enumerate(predicted) if r.id in number)


Align = Callable[[Frame, Sequence[Any], Sequence[Any]], Pairs]


def frame_scores(frame: Frame, sums: Sums) -> Table:
    """Precision, recall and F1 of records, templates and fields from summed counts."""
    row = frame.row
    whole = {side: sums[f"{row}/{side}"] for side in SIDES}
    complete = {f"{row}/complete_{side}": value for side, value in whole.items()}
    complete[f"{row}/complete_matched"] = sums[f"{row}/complete_matched"]
    table = {row: prf_of(sums, row) | prf_of(sums, row, f"{frame.template}_")}
    table[row] |= prf_of(complete, row, "complete_")
    return table | {f"{row} {field}": prf_of(sums, f"{row} {field}") for field in frame.fields}


def align(cells: Mapping[tuple[int, int], Levels]) -> Pairs:
    """Pair rows and columns so that the first level's sum is greatest, then the next one's.

    Args:
        cells: For each pair that may be made, non-negative integers, the first above 0. What
            is in none has no part in how a tie is settled.
    """
    if _apart(cells):
        return sorted(cells)
    rows, columns = (sorted({pair[side] for pair in cells}) for side in (0, 1))
    row, column = ({key: n for n, key in enumerate(side)} for side in (rows, columns))
    values = [[0] * len(columns) for _ in rows]
    for level in range(max(map(len, cells.values()))):
        base = 1 + min(len(rows), len(columns)) * max(cell[level] for cell in cells.values())
        for (i, j), cell in cells.items():
            value = values[row[i]][column[j]]
            values[row[i]][column[j]] = value * base + cell[level]
    return [(rows[i], columns[j]) for i, j in assign(values)]


def _apart(pairs: Collection[tuple[int, int]]) -> bool:
    """Whether every row and column has one partner at most."""
    return len({i for i, _ in pairs}) == len(pairs) == len({j for _, j in pairs})


def overlap_units(gold: Span | None, predicted: Span | None, *, half: bool = False) -> int:
    """Intersection over union of two spans in units of 2**-32, rounded down.

    Args:
        gold: A span, or None for none.
        predicted: The other.
        half: Whether less than one half counts as 0.
    """
    if gold is None or predicted is None:
        return 0
    shared = min(gold.end, predicted.end) - max(gold.start, predicted.start)
    union = max(gold.end, predicted.end) - min(gold.start, predicted.start)
    if shared <= 0 or (half and 2 * shared < union):
        return 0
    return max(1, shared * _GRID // union)


def folded(name: str | None) -> str | None:
    """A name as it is compared: without regard to case, composition and kinds of white space."""
    if name is None:
        return None
    return " ".join(unicodedata.normalize("NFC", name.casefold()).split())


def actor(field: str) -> Callable[[Any], str | None]:
    """Read a field that names a side."""
    return lambda record: folded(getattr(record, field))


def plain(field: str) -> Callable[[Any], Any]:
    """Read a field that is compared as it stands; spans agree if they share one half."""
    return lambda record: getattr(record, field)


ACCUSATION = Frame(
    row="accusation",
    anchors=("content",),
    fields={
        "source": plain("source"),
        "target": plain("target"),
        "source_actor": actor("source_actor"),
        "target_actor": actor("target_actor"),
        "act": plain("act"),
    },
    template="template",
)
DENIAL = Frame(
    row="denial",
    anchors=("content", "cue"),
    fields={
        "source": plain("source"),
        "source_actor": actor("source_actor"),
        "scope": plain("scope"),
    },
    template="template",
)


def _filled(frame: Frame, record: Any) -> dict[str, Any]:
    values = ((name, get(record)) for name, get in frame.fields.items())
    return {name: value for name, value in values if value is not None}


def _agreeing(gold: Mapping[str, Any], predicted: Mapping[str, Any]) -> list[str]:
    return [name for name in gold if name in predicted and _equal(gold[name], predicted[name])]


def _equal(gold: Any, predicted: Any) -> bool:
    if isinstance(gold, Span) and isinstance(predicted, Span):
        return overlap_units(gold, predicted, half=True) > 0
    return bool(gold == predicted)


def _key(record: Any) -> tuple[bytes, str]:
    said = msgspec.structs.astuple(record)[1:]
    fields = [sorted(value) if isinstance(value, tuple) else value for value in said]
    return msgspec.json.encode(fields), record.id
