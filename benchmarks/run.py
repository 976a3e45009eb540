"""Measure the scorer beside others, in turns, and print a Markdown table of ratios.

Seconds go to standard error: they hold for one machine only.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

COLUMNS = ("what", "beside", "documents", "result")
SHOWN = ("counterclaim", "numpy", "msgspec", "nervaluate", "seqeval", "orjson", "scipy")
FOLDER = Path(tempfile.gettempdir()) / "counterclaim-benchmarks"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit code."""
    os.environ["OMP_NUM_THREADS"] = "1"  # before numpy is loaded, here and in what is started
    import measures

    arguments = _parser(list(measures.MEASURES)).parse_args(argv)
    options = measures.Options(
        folder=arguments.folder,
        documents=sorted(set(arguments.documents)),
        repeats=arguments.repeats,
        log=lambda line: print(line, file=sys.stderr, flush=True),
    )
    rows = [
        (row.what, row.beside, f"{row.documents:,}", row.found)
        for name, measure in measures.MEASURES.items()
        if not arguments.only or name in arguments.only
        for row in measure(options)
    ]
    print(_table(rows))
    versions = ", ".join(f"{package} {version(package)}" for package in SHOWN)
    print(f"\nMedians of {options.repeats}; Python {platform.python_version()}, {versions}.")
    return 0


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [COLUMNS, ("---", "---", "---:", "---"), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _parser(names: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--documents", type=_positive, nargs="+", default=[1000, 10_000], metavar="N",
        help="sizes of the corpora (default 1000 10000; others are measured up to 10000)",
    )  # fmt: skip
    parser.add_argument(
        "--repeats", type=_positive, default=5, metavar="N", help="rounds (default 5)"
    )
    parser.add_argument(
        "--only", action="append", choices=names, help="measure this alone; may be repeated"
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where corpora are kept (default %(default)s)"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}; expected 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
