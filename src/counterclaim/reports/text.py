"""Results as text for a terminal and as Markdown; functions here return strings."""

import math
from collections.abc import Iterable, Sequence

from counterclaim.metrics.agreement import Agreement
from counterclaim.metrics.resampling import Estimate
from counterclaim.scoring import Scores

UNDEFINED = "–"
_MISSING_SHOWN = 5


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
    """The scores of one run: labels, micro average, headline, signature."""
    rows = [
        [
            label,
            *(estimate(value) for value in (row.precision, row.recall, row.f1)),
            str(row.support),
        ]
        for label, row in result.scores.items()
    ]
    head = result.headline
    lines = [
        table(["", "precision", "recall", "F1", "support"], rows),
        "",
        f"{head.name} {estimate(Estimate(head.value, head.low, head.high))}"
        f" over {result.documents} documents (95 % bootstrap interval)",
        result.signature,
    ]
    if result.missing:
        shown = ", ".join(result.missing[:_MISSING_SHOWN])
        more = len(result.missing) - _MISSING_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        lines.append(f"{len(result.missing)} documents without a prediction: {shown}{rest}")
    return "\n".join(lines)


def bench(results: Sequence[tuple[str, str, Scores]]) -> str:
    """The table of a benchmark: a row for each corpus and system, then the signatures."""
    rows = []
    for corpus, system, result in results:
        head = result.headline
        labels = [ratio(row.f1.value) for label, row in result.scores.items() if label != "micro"]
        value = estimate(Estimate(head.value, head.low, head.high))
        rows.append([corpus, system, value, *labels])
    labels = [label for label in results[0][2].scores if label != "micro"]
    signatures = dict.fromkeys(result.signature for _, _, result in results)
    header = ["corpus", "system", "macro-F1", *labels]
    return "\n".join([table(header, rows), "", *signatures])


def agreement(rows: Sequence[Agreement]) -> str:
    """Agreement of two passes, a row for each measure."""
    return table(
        ["layer", "part", "measure", "value [95 % interval]", "items"],
        [[r.layer, r.part, r.measure, estimate(r.estimate), str(r.items)] for r in rows],
    )
