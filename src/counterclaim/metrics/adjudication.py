"""How two passes became gold: where the adjudicator kept, chose or changed.

Told from the released passes and the gold alone. Records are paired as for agreement, by
overlap. Two versions of a record are alike if its spans and values are; ids, keys of
claims and incidents, links and coordinates are left aside, as they are decided anew for
the whole document or set by the gazetteer.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from counterclaim.metrics.agreement import match_records
from counterclaim.model import LAYERS, Document

_ASIDE = {"id", "claim", "incident", "answers", "lat", "lon"}


class Decisions(NamedTuple):
    """How the records of one layer were decided.

    Attributes:
        layer: Name of the layer.
        kept: Both passes are alike, and so is gold.
        changed: Both are alike, and gold is not.
        a: They differ, and gold is as pass A has it, which may be without the record.
        b: They differ, and gold is as pass B has it.
        neither: They differ, and gold is like neither.
        added: Gold has a record that neither pass has.
    """

    layer: str
    kept: int
    changed: int
    a: int
    b: int
    neither: int
    added: int


def decisions(
    a: Sequence[Document], b: Sequence[Document], gold: Sequence[Document]
) -> list[Decisions]:
    """Compare two passes with the gold that was made of them.

    Args:
        a: One pass.
        b: The other, with the same documents in the same order.
        gold: The same documents, adjudicated.
    """
    rows = []
    for layer in LAYERS:
        found: Counter[str] = Counter()
        for documents in zip(a, b, gold, strict=True):
            found += _decided(documents, layer)
        rows.append(Decisions(layer, *(found[name] for name in Decisions._fields[1:])))
    return rows


def _decided(documents: tuple[Document, Document, Document], layer: str) -> Counter[str]:
    of_a, of_b, of_gold = (list(map(_said, getattr(d, layer))) for d in documents)
    gold_of_a = dict(match_records((documents[0], documents[2]), layer))
    gold_of_b = dict(match_records((documents[1], documents[2]), layer))
    partner = dict(match_records((documents[0], documents[1]), layer))
    pairs: list[tuple[int | None, int | None]] = [(i, partner.get(i)) for i in range(len(of_a))]
    pairs += [(None, j) for j in sorted(set(range(len(of_b))) - set(partner.values()))]
    found: Counter[str] = Counter()
    for i, j in pairs:
        versions = (of_a[i] if i is not None else None, of_b[j] if j is not None else None)
        at = gold_of_a.get(i) if i is not None else None
        if at is None and j is not None:
            at = gold_of_b.get(j)
        decided = of_gold[at] if at is not None else None
        if versions[0] == versions[1]:
            found["kept" if decided == versions[0] else "changed"] += 1
        elif decided in versions:
            found["a" if decided == versions[0] else "b"] += 1
        else:
            found["neither"] += 1
    found["added"] = len(of_gold) - len({*gold_of_a.values(), *gold_of_b.values()})
    return found


def _said(record: Any) -> tuple[Any, ...]:
    fields = msgspec.structs.asdict(record)
    return tuple(value for name, value in fields.items() if name not in _ASIDE)
