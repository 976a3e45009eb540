"""Results as text for a terminal and as Markdown; functions here return strings."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from counterclaim.metrics.resampling import Estimate
from counterclaim.scoring import Headline, Part, Row, Scores

if TYPE_CHECKING:
    from counterclaim.comparing import Comparison
    from counterclaim.contested import Contested
    from counterclaim.contrasts import ContrastScores
    from counterclaim.diagnosing import Diagnosis
    from counterclaim.metrics.adjudication import Decisions
    from counterclaim.metrics.agreement import Agreement

UNDEFINED = "–"
_MISSING_SHOWN = 5
_SIDE_SHOWN = 3  # events; of fewer an interval says nothing


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with aligned columns: figures to the right, words to the left."""
    cells = [list(header), *(list(row) for row in rows)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    figures = [all(c[:1].isdigit() or c == UNDEFINED for c in column[1:]) for column in columns]
    shape = list(zip(widths, figures, strict=True))
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if figure else cell.ljust(width)
            for cell, (width, figure) in zip(row, shape, strict=True)
        )
        + " |"
        for row in cells
    ]
    rule = "|".join("-" * (w + 1) + ":" if figure else "-" * (w + 2) for w, figure in shape)
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def ratio(value: float) -> str:
    """A ratio with three decimals, or a dash where it is undefined."""
    return UNDEFINED if math.isnan(value) else f"{value:.3f}"


def estimate(value: Estimate) -> str:
    """A ratio with its interval: 0.512 [0.401, 0.633]."""
    if math.isnan(value.value):
        return UNDEFINED
    return f"{ratio(value.value)} [{ratio(value.low)}, {ratio(value.high)}]"


def scores(result: Scores) -> str:
    """The scores of one run: rows, other measures, groups, headline, signature."""
    lines = [*_body(result.scores, result.counts), ""]
    for field, values in result.groups.items():
        lines += [_groups(field, values), ""]
    lines += [
        f"{result.headline.name} {estimate(result.headline.estimate)}"
        f" over {result.documents} documents (95 % bootstrap interval)",
        result.signature,
    ]
    return "\n".join([*lines, *_without(result.missing)])


def _without(missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    shown = ", ".join(missing[:_MISSING_SHOWN])
    more = len(missing) - _MISSING_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return [f"{len(missing)} documents without a prediction: {shown}{rest}"]


def _body(rows: Mapping[str, Row], counts: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A table of what has precision, recall and F1, and a line for each other measure."""
    cells, others = [], []
    for row, measures in rows.items():
        names = list(measures)
        triples = [name.removesuffix("precision") for name in names if name.endswith("precision")]
        triples = [p for p in triples if f"{p}recall" in measures and f"{p}f1" in measures]
        for prefix in triples:
            values = [measures[f"{prefix}{name}"] for name in ("precision", "recall", "f1")]
            support = counts.get(row, {}).get(f"{prefix}gold", counts.get(row, {}).get("gold"))
            name = f"{row} {prefix.rstrip('_')}".rstrip()
            shown = UNDEFINED if support is None else f"{support:g}"
            cells.append([name, *map(estimate, values), shown])
        in_table = {f"{p}{name}" for p in triples for name in ("precision", "recall", "f1")}
        others += [
            [f"{row} {name}", estimate(measures[name])] for name in names if name not in in_table
        ]
    lines = [table(["", "precision", "recall", "F1", "gold"], cells)]
    return [*lines, "", table(["", "value"], others)] if others else lines


def _groups(field: str, values: Mapping[str, Part]) -> str:
    rows = [
        [value, str(part.documents), estimate(part.headline.estimate)]
        for value, part in values.items()
    ]
    name = next((part.headline.name for part in values.values()), "")
    return table([field, "documents", name], rows)


def bench(results: Sequence[tuple[str, str, str, Scores]]) -> str:
    """The table of a benchmark, then the signatures.

    Args:
        results: The corpus tested on, the corpus trained on, the system, and its scores.
    """
    first = results[0][-1]
    labels = [
        row
        for row, counts in first.counts.items()
        if "gold" in counts and "f1" in first.scores[row]
    ]
    rows = [
        [
            *names,
            estimate(result.headline.estimate),
            *(ratio(result.scores[label]["f1"].value) for label in labels),
        ]
        for *names, result in results
    ]
    signatures = dict.fromkeys(result.signature for *_, result in results)
    head = ["tested on", "trained on", "system", _name(first.headline), *labels]
    return "\n".join([table(head, rows), "", *signatures])


def contrast(result: "ContrastScores") -> str:
    """What a system makes of a contrast set, then its scores by whether a side is accused."""
    rows = [
        [f"{result.headline} of originals", estimate(result.original)],
        [f"{result.headline} of changed texts", estimate(result.changed)],
        ["difference", _signed(result.difference)],
        *([f"difference by {form}", _signed(each)] for form, each in result.forms.items()),
    ]
    if result.sentences:
        rows += [
            [f"consistency of {result.sentences} sentences", estimate(result.consistency)],
            ["right in both", estimate(result.both_right)],
        ]
    lines = [table([result.contrast, f"{result.pairs} pairs"], rows), ""]
    shown = {name: side for name, side in result.sides.items() if side.events >= _SIDE_SHOWN}
    if shown:
        cells = [
            [
                *(name, str(side.pairs), str(side.events)),
                *(estimate(side.accused), estimate(side.other), _signed(side.gap)),
            ]
            for name, side in shown.items()
        ]
        head = ["side", "pairs", "events", "it is accused", "another is", "gap"]
        lines += [table(head, cells), ""]
    return "\n".join([*lines, result.signature, *_without(result.missing)])


def diagnosis(result: "Diagnosis", shown: int) -> str:
    """Kinds of error by label, records by property, confusions, the worst documents."""
    kinds = [[label, *map(str, row.values())] for label, row in result.kinds.items()]
    head = ["", *next(iter(result.kinds.values()))]
    lines = [table(head, kinds), ""]
    rows = [
        [label, name, value, str(found.gold), str(found.found), estimate(found.recall)]
        for label, properties in result.buckets.items()
        for name, values in properties.items()
        for value, found in values.items()
    ]
    lines += [table(["", "property", "value", "gold", "found", "recall"], rows), ""]
    if result.confusions:
        confused = [[c.field, c.gold, c.predicted, str(c.count)] for c in result.confusions[:shown]]
        lines += [table(["field", "gold", "predicted", "times"], confused), ""]
    worst = [
        [each.doc_id, str(each.errors), ", ".join(f"{n} {kind}" for kind, n in each.kinds.items())]
        for each in result.worst[:shown]
    ]
    lines += [table(["document", "errors", "of which"], worst)]
    return "\n".join(lines)


def comparisons(found: "Sequence[Comparison]", signatures: Sequence[str]) -> str:
    """Systems by score with their groups, then every pair, for each task."""
    lines = []
    for each, signature in zip(found, signatures, strict=True):
        systems = [[s.name, estimate(s.score), s.group] for s in each.systems]
        pairs = [
            [
                f"{p.a} - {p.b}",
                _signed(Estimate(p.difference, p.low, p.high)),
                _p_value(p.p),
                _p_value(p.p_holm),
            ]
            for p in each.pairs
        ]
        lines += [
            table([each.task, "score", "group"], systems),
            "",
            table(["pair", "difference", "p", "p (Holm)"], pairs),
            "",
            f"Systems that share a letter cannot be told apart. Smallest difference that these "
            f"{each.clusters} events can be expected to show: {ratio(each.detectable)}",
            signature,
            "",
        ]
    return "\n".join(lines).rstrip()


def _signed(change: Estimate) -> str:
    if math.isnan(change.value):
        return UNDEFINED
    return f"{change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"


def _p_value(value: float) -> str:
    return UNDEFINED if math.isnan(value) else f"{value:.4f}"


def headlines(results: Iterable[Scores]) -> str:
    """The headline score of each task, a row for each."""
    return table(
        ["task", "headline", "value [95 % interval]"],
        [[r.task, _name(r.headline), estimate(r.headline.estimate)] for r in results],
    )


def _name(head: Headline) -> str:
    return head.name.replace("_", " ").replace(" f1", "-F1")


def agreement(rows: "Sequence[Agreement]", groups: "Mapping[str, Sequence[Agreement]]") -> str:
    """Agreement of two passes, a row for each measure, a column for each group of documents."""
    found = [{row[:3]: estimate(row.estimate) for row in group} for group in groups.values()]
    return table(
        ["layer", "part", "measure", "value [95 % interval]", "items", *groups],
        [
            [*row[:3], estimate(row.estimate), str(row.items), *(each[row[:3]] for each in found)]
            for row in rows
        ],
    )


def decisions(rows: "Sequence[Decisions]") -> str:
    """How an adjudicator decided, a row for each layer."""
    head = ["layer", "kept", "changed", "as A", "as B", "neither", "added"]
    return table(head, [[row.layer, *map(str, row[1:])] for row in rows])


def contested(found: "Iterable[Contested]") -> str:
    """For each document a table of its claims, and one of figures that disagree."""
    return "\n\n".join(part for each in found for part in _contested(each))


def _contested(each: "Contested") -> list[str]:
    parts = [f"## {each.doc_id}" + (f": {_cell(each.title)}" if each.title else "")]
    if each.claims:
        rows = [
            [
                *(_cell(claim.source), _cell(claim.target), claim.act),
                *(_cell(claim.words), claim.status),
                "; ".join(f"{_cell(a.source)}: {_cell(a.words)}" for a in claim.answers),
            ]
            for claim in each.claims
        ]
        head = ["who accuses", "whom", "of what", "in which words", "status", "who denies"]
        parts.append(table(head, rows))
    if each.disputes:
        figures = [
            [d.outcome, _cell(f.source), bounds(f.low, f.high), _cell(f.words)]
            for d in each.disputes
            for f in d.figures
        ]
        parts.append(table(["figures disagree", "by", "number", "in which words"], figures))
    if len(parts) == 1:
        parts.append("Nothing is contested.")
    return parts


def bounds(low: int | None, high: int | None) -> str:
    """A number, or its bounds: 12, 10 to 20, at least 10, at most 20."""
    if low == high:
        return f"{low:,}"
    if high is None:
        return f"at least {low:,}"
    return f"at most {high:,}" if low is None else f"{low:,} to {high:,}"


def _cell(words: str | None) -> str:
    """Words of a text as a cell of a table, on one line."""
    return " ".join(words.split()).replace("|", "\\|") if words else UNDEFINED
