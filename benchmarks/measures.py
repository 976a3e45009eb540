"""What is measured. Each measure prints nothing and gives rows of ratios.

Contenders take turns, so that what else the machine does hits all of them, and a ratio is
one of medians of CPU time, with the ratios of the single rounds as its range.
"""

import gc
import hashlib
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import contenders
import corpora
import numpy as np
from contenders import Contender
from numpy.typing import NDArray

from counterclaim import comparing
from counterclaim.counting import headline_statistic
from counterclaim.metrics.spans import COLUMNS, span_counts
from counterclaim.model import LABELS
from counterclaim.tasks import TASKS

PEERS_UP_TO = 10_000  # documents: beyond, others take very long or very much memory
SPANS = 12  # gold spans a document, if nothing else is said
SPANS_A_DOCUMENT = (6, 12, 24, 48, 96)
RESAMPLES = 10_000
_NO_BYTE_CODE = "PYTHONDONTWRITEBYTECODE"
_DROPPED = 0.1  # of the spans of a system


class Options(NamedTuple):
    """How much is measured.

    Attributes:
        folder: Where corpora are kept.
        documents: Sizes of corpora, ascending.
        repeats: Number of rounds.
        log: Takes a line about each measurement, in seconds.
    """

    folder: Path
    documents: Sequence[int]
    repeats: int
    log: Callable[[str], None]

    @property
    def fitting(self) -> list[int]:
        """The sizes for which others are measured too."""
        return [size for size in self.documents if size <= PEERS_UP_TO]

    @property
    def largest(self) -> int:
        """The size for what is measured once."""
        return min(max(self.documents), PEERS_UP_TO)


class Row(NamedTuple):
    """One line of the table."""

    what: str
    beside: str
    documents: int
    found: str


Seconds = NDArray[np.float64]  # of shape (rounds, steps)


def from_files(options: Options) -> Iterator[Row]:
    """Two files to four modes."""
    what = "two files → four modes with intervals"
    unchecked = f"{what}, unchecked"
    for size in options.documents:
        files = corpora.write(options.folder, size)
        rivals = {
            what: contenders.ours_from_files(files),
            unchecked: contenders.ours_from_files(files, checked=False),
            "orjson": contenders.orjson_from_files(files),
        }
        if size in options.fitting:
            rivals["nervaluate"] = contenders.nervaluate_from_files(files)
            rivals["seqeval"] = contenders.seqeval_from_files(files)
        taken = _rounds(options, f"files, {size} documents", rivals)
        if size in options.fitting:
            seqeval = taken["seqeval"]
            share = f"{median(seqeval[:, 0] / seqeval.sum(axis=1)):.0%}"
            for name in (what, unchecked):
                found = _compared(taken[name], taken["nervaluate"])
                yield Row(name, "json + nervaluate, no intervals", size, found)
                found = (
                    f"{_compared(taken[name], seqeval)}; reading and tagging are {share} of theirs"
                )
                yield Row(name, "json + tags + seqeval report, no intervals", size, found)
                found = _compared(taken[name], seqeval[:, 1:])
                yield Row(name, "seqeval report alone", size, found)
        for name in (what, unchecked):
            found = _compared(taken[name], taken["orjson"])
            yield Row(name, "orjson.loads of the same lines", size, found)


def from_memory(options: Options) -> Iterator[Row]:
    """Spans in memory to four modes."""
    for size in options.fitting:
        files = corpora.write(options.folder, size)
        gold, predicted = map(contenders.load, files)
        rivals = {
            "arrays": contenders.ours_from_arrays(gold.spans, predicted.spans, size),
            "typed records": contenders.ours_from_records(gold.records, predicted.records),
            "nervaluate": contenders.nervaluate_from_dictionaries(files),
        }
        taken = _rounds(options, f"memory, {size} documents", rivals)
        for name in ("arrays", "typed records"):
            found = _compared(taken[name], taken["nervaluate"])
            yield Row(f"{name} → four modes", "nervaluate from its dictionaries", size, found)
        ours = rivals["arrays"][0](None)["all"]["strict_f1"]
        theirs = rivals["nervaluate"][0](None)["overall"]["strict"].f1
        beside = "nervaluate, whose pairing is greedy"
        yield Row("strict F1", beside, size, f"{ours:.4f}, theirs {theirs:.4f}")


def paired(options: Options) -> Iterator[Row]:
    """Two systems by a paired test."""
    size = options.largest
    gold, predicted = (
        contenders.load(path, records=False).spans for path in corpora.write(options.folder, size)
    )
    rng = np.random.default_rng(0)

    def system() -> NDArray[np.float64]:
        """Counts of one that lacks some spans by chance, as does the other."""
        kept = predicted.where(rng.random(len(predicted.start)) >= _DROPPED)
        return span_counts(gold, kept, size)

    a, b = system(), system()
    strict = _strict_parts(a), _strict_parts(b)
    contest = comparing.Contest(
        "spans", headline_statistic(TASKS["spans"]), list(map(str, range(size))), {"a": a, "b": b}
    )

    def test(_: None) -> tuple[float, bool]:
        ratio = contenders.ratio
        return comparing.randomisation_test(*strict, ratio, resamples=RESAMPLES, seed=0)

    rivals: dict[str, Contender] = {
        "test": (test,),
        "compare": (lambda _: comparing.compare([contest], resamples=RESAMPLES),),
        "scipy": contenders.scipy_test(*strict, resamples=RESAMPLES, seed=0),
    }
    taken = _rounds(options, f"paired, {size} documents", rivals)
    p, theirs = test(None)[0], rivals["scipy"][0](None)
    beside = f"scipy permutation_test of strict F1, {RESAMPLES:,} resamples"
    found = f"{_compared(taken['test'], taken['scipy'])}; p {p:.3f}, theirs {theirs:.3f}"
    yield Row("the same test", beside, size, found)
    what = f"compare: test of macro-F1 over {len(COLUMNS)} counts, three intervals"
    yield Row(what, beside, size, _compared(taken["compare"], taken["scipy"]))


def cold(options: Options) -> Iterator[Row]:
    """The command line from start to end."""
    size = min(options.documents)
    gold, predicted = corpora.write(options.folder, size)
    score = ("-m", "counterclaim", "score", predicted, "--gold", gold, "--task")
    commands: dict[str, tuple[object, ...]] = {task: (*score, task) for task in TASKS}
    commands["numpy"] = ("-c", "import numpy")
    seconds: dict[str, list[list[float]]] = {name: [] for name in commands}
    for command in commands.values():
        _child(*command)  # leaves byte code behind, as an installation does
    for _ in range(options.repeats):
        for name, command in commands.items():
            seconds[name].append([_child(*command).seconds])
    taken = {name: np.array(each) for name, each in seconds.items()}
    _log(options, f"cold, {size} documents", taken)
    for task in TASKS:
        found = _compared(taken[task], taken["numpy"])
        yield Row(f"score --task {task}, imports included", "import numpy, cold", size, found)


def growth(options: Options) -> Iterator[Row]:
    """How time grows with documents, and with spans in each."""
    sizes = options.documents
    if len(sizes) > 1:
        yield from _growth(options, "documents", {n: (n, SPANS) for n in sizes})
    by_spans = {spans: (sizes[0], spans) for spans in SPANS_A_DOCUMENT}
    yield from _growth(options, "gold spans a document", by_spans)


def _growth(options: Options, unit: str, shapes: Mapping[int, tuple[int, int]]) -> Iterator[Row]:
    series: dict[str, list[float]] = {}
    for size, spans in shapes.values():
        files = corpora.write(options.folder, size, spans=spans)
        gold, predicted = (contenders.load(path, records=False).spans for path in files)
        rivals = {
            "two files": contenders.ours_from_files(files),
            "arrays": contenders.ours_from_arrays(gold, predicted, size),
        }
        if all(size in options.fitting for size, _ in shapes.values()):
            rivals["nervaluate, dictionaries"] = contenders.nervaluate_from_dictionaries(files)
        taken = _rounds(options, f"growth, {size} documents of {spans} spans", rivals)
        for name in rivals:
            series.setdefault(name, []).append(_median(taken[name]))
    for name, seconds in series.items():
        what = f"{name}: exponent of time in {unit}"
        sizes = max(size for size, _ in shapes.values())
        yield Row(what, f"{min(shapes):,} to {max(shapes):,}", sizes, _exponent(shapes, seconds))


_PEAK = """
import resource, sys
from pathlib import Path
from counterclaim.scoring import score_files
from counterclaim.tasks import TASKS
if len(sys.argv) > 1:
    score_files(TASKS["spans"], *sys.argv[1:])
# ru_maxrss would count the process that started this one, where there is a better number.
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peak = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
unit = 1 if sys.platform == "darwin" else 1024
print(*peak or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit])
"""


def peak(options: Options) -> Iterator[Row]:
    """Peak memory beyond what the imports take."""
    for size in options.documents:
        files = corpora.write(options.folder, size)
        parts = []
        for _ in range(options.repeats):
            whole, imports = (int(_child("-c", _PEAK, *given).output) for given in (files, ()))
            parts.append(whole - imports)
        total = sum(path.stat().st_size for path in files)
        options.log(f"peak, {size} documents: {median(parts) / 2**20:.0f} MiB above imports")
        found = f"{median(parts) / total:.2g} of them"
        yield Row("peak memory above that of imports", "bytes of both files", size, found)


_DIGESTS = """
import hashlib, sys
from counterclaim import batches, jsonl, pairing
from counterclaim.scoring import score_files
from counterclaim.tasks import TASKS
batches.CHUNK, pairing.BATCH = int(sys.argv[1]), int(sys.argv[2])
for task in TASKS.values():
    result = jsonl.encode(score_files(task, *sys.argv[3:]))
    print(hashlib.sha256(str(result).encode()).hexdigest())
"""


def same(options: Options) -> Iterator[Row]:
    """The same bytes, however the work is cut."""
    size = options.largest
    gold, predicted = corpora.write(options.folder, size)
    chunk, batch = 2**20, 512
    with _shuffled(gold) as other_gold, _shuffled(predicted) as other_predicted:
        runs: list[tuple[int, int, int, Path, Path]] = [
            (1, chunk, batch, gold, predicted),
            (2, chunk, batch, gold, predicted),
            (1, chunk, batch, other_gold, predicted),
            (1, chunk, batch, gold, other_predicted),
            (2, chunk, batch, other_gold, other_predicted),
            (1, 2**14, batch, gold, predicted),
            (1, 2**24, batch, gold, predicted),
            (1, chunk, 7, gold, predicted),
            (1, chunk, 4099, gold, predicted),
        ]
        outputs = []
        for threads, *given in runs:
            outputs.append(_child("-c", _DIGESTS, *given, threads=threads).output.split())
            options.log(f"same, {size} documents: {len(outputs)} of {len(runs)}")
    alike = [len(set(digests)) == 1 for digests in zip(*outputs, strict=True)]
    what = f"JSON of {len(runs)} runs: threads, order of lines, chunks, batches"
    found = "identical" if all(alike) else f"{alike.count(False)} tasks differ"
    yield Row(what, f"{len(alike)} tasks", size, found)


MEASURES: Mapping[str, Callable[[Options], Iterator[Row]]] = {
    "files": from_files,
    "memory": from_memory,
    "paired": paired,
    "cold": cold,
    "growth": growth,
    "peak": peak,
    "same": same,
}


def _rounds(options: Options, title: str, rivals: Mapping[str, Contender]) -> dict[str, Seconds]:
    """CPU seconds of contenders that take turns, of shape (rounds, steps) each."""
    taken: dict[str, list[list[float]]] = {name: [] for name in rivals}
    # What was prepared is nobody's garbage: collectors need not look at it.
    gc.collect()
    gc.freeze()
    for _ in range(options.repeats):
        for name, steps in rivals.items():
            gc.collect()
            value, seconds = None, []
            for step in steps:
                before = time.process_time()
                value = step(value)
                seconds.append(time.process_time() - before)
            taken[name].append(seconds)
    gc.unfreeze()
    arrays = {name: np.array(seconds) for name, seconds in taken.items()}
    _log(options, title, arrays)
    return arrays


def _log(options: Options, title: str, taken: Mapping[str, Seconds]) -> None:
    shown = ", ".join(f"{name} {_median(seconds):.3f} s" for name, seconds in taken.items())
    options.log(f"{title}: {shown}")


def _median(seconds: Seconds) -> float:
    return float(np.median(seconds.sum(axis=1)))


def _compared(ours: Seconds, theirs: Seconds) -> str:
    """The ratio of medians in words, with the least and the greatest of single rounds."""
    mine, other = _median(ours), _median(theirs)
    rounds = theirs.sum(axis=1) / ours.sum(axis=1)
    words = "times as fast"
    value = other / mine
    if mine > other:
        words, value, rounds = "times as long", 1 / value, 1 / rounds
    return f"{value:.3g} {words} ({rounds.min():.3g} to {rounds.max():.3g})"


def _exponent(sizes: Iterable[int], seconds: Sequence[float]) -> str:
    """The slope of log time over log size, and that of the steepest step."""
    x, y = np.log(list(sizes)), np.log(seconds)
    slope = float(np.polyfit(x, y, 1)[0])
    return f"{slope:.2f} (steepest step {(np.diff(y) / np.diff(x)).max():.2f})"


def _strict_parts(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice what is matched and what both sides have, of shape (documents, 2)."""
    column = {name: counts[:, i] for i, name in enumerate(COLUMNS)}
    matched, predicted, gold = (
        sum(column[f"{label}/{side}"] for label in LABELS)
        for side in ("matched", "predicted", "gold")
    )
    return np.stack([2 * matched, predicted + gold], axis=1)


class _Child(NamedTuple):
    output: str
    seconds: float


def _child(*arguments: object, threads: int = 1) -> _Child:
    """Run Python from the start; its CPU time, user and system, with that of its children."""
    kept = {name: value for name, value in os.environ.items() if name != _NO_BYTE_CODE}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**kept, "OMP_NUM_THREADS": str(threads)},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return _Child(done.stdout, taken)


@contextmanager
def _shuffled(path: Path) -> Iterator[Path]:
    """A file with the same lines in another order, for a while."""
    lines = path.read_bytes().splitlines(keepends=True)
    random.Random(hashlib.sha256(path.name.encode()).digest()).shuffle(lines)
    other = path.with_suffix(f".shuffled-{os.getpid()}")
    other.write_bytes(b"".join(lines))
    try:
        yield other
    finally:
        other.unlink()
