"""A run in a file: predictions that outlive a killed process, and an account of the run.

While a run goes on, its predictions stand in `FILE.part`, a line each, behind a line that
says of what run they are. The same run, begun again, takes them over and asks the model
only for the rest. At the end the predictions become `FILE`, whole or not at all, and
`FILE` with the suffix `.run.json` says how they came about.
"""

import hashlib
import os
import platform
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import IO, Any

import msgspec

import counterclaim
from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.model import Document
from counterclaim.running import BATCH, Progress, fitted
from counterclaim.tasks import Task


class Identity(msgspec.Struct, frozen=True):
    """What predictions follow from: a run with the same one need not repeat them.

    Attributes:
        model: Name of the model file.
        model_sha256: Hash of the file.
        task: Name of the task.
        mentions: As `Task.mentions`.
        options: Further arguments of `fit`, such as its seed.
        trained_on: Corpora and splits of the training and development documents.
        tested_on: Those of the documents predicted.
        data_sha256: Hash of all documents that went in, with their gold, and of what stands in
            the files of JSON lines that options name, such as the predictions of others.
        version: Of this package.
        train_documents: Number of training documents; 0 if nobody has noted it.
    """

    model: str
    model_sha256: str
    task: str
    mentions: str | None
    options: dict[str, Any]
    trained_on: str
    tested_on: str
    data_sha256: str
    version: str
    train_documents: int = 0


class Run(msgspec.Struct, frozen=True):
    """How predictions came about.

    Attributes:
        identity: What they follow from.
        documents: Number of predictions.
        resumed: How many of them an earlier process had made.
        sentences: Number of sentences of the others.
        command: The command line.
        started: Date and time, UTC.
        fit_seconds: Wall time of loading and training the model.
        predict_seconds: Wall time of predicting what had not been predicted.
        cpu_seconds: CPU time of the process, over all its threads, imports included.
        peak_memory: Highest resident memory of the process, in bytes.
        hardware: Processor, number of cores, memory in bytes, and graphics card, if used.
        versions: Of Python and of the packages that were imported.
    """

    identity: Identity
    documents: int
    resumed: int
    sentences: int
    command: list[str]
    started: str
    fit_seconds: float
    predict_seconds: float
    cpu_seconds: float
    peak_memory: int
    hardware: dict[str, Any]
    versions: dict[str, str]


def record_run(
    path: Path | str,
    task: Task,
    documents: Sequence[Document],
    output: Path | str,
    *,
    train: Sequence[Document],
    dev: Sequence[Document],
    options: Mapping[str, Any] | None = None,
    progress: Progress = iter,
) -> Run:
    """Fit a model file, predict documents, and write predictions and account.

    Args:
        path: The model file.
        task: The task.
        documents: As for `running.run`; each doc_id once.
        output: The file of the predictions.
        train: As for `running.run`.
        dev: As for `running.run`.
        options: As for `running.run`.
        progress: As for `running.run`.

    Raises:
        ModelError: The model file breaks the contract. What it has predicted is kept.
        DataError: The output cannot be written.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    identity = Identity(
        model=Path(path).name,
        model_sha256=hashlib.sha256(jsonl.read_bytes(path)).hexdigest(),
        task=task.name,
        mentions=task.mentions,
        options=dict(options or {}),
        trained_on=_corpora((*train, *dev)),
        tested_on=_corpora(documents),
        data_sha256=_data_hash((train, dev, documents), options or {}),
        version=counterclaim.__version__,
        train_documents=len(train),
    )
    with _Journal(Path(output), identity) as journal:
        rest = [document for document in documents if document.doc_id not in journal.lines]
        resumed = len(documents) - len(rest)
        fit_seconds = 0.0
        if rest:
            predict = fitted(path, task, train, dev, identity.options)
            fit_seconds = time.monotonic() - clock
            batches = [rest[i : i + BATCH] for i in range(0, len(rest), BATCH)]
            for batch in progress(batches):
                journal.add(predict(batch))
        predict_seconds = time.monotonic() - clock - fit_seconds
        journal.finish([document.doc_id for document in documents])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    run = Run(
        identity=identity,
        documents=len(documents),
        resumed=resumed,
        sentences=sum(len(document.sentences) for document in rest),
        command=["counterclaim", *sys.argv[1:]],
        started=started.isoformat(timespec="seconds"),
        fit_seconds=round(fit_seconds, 3),
        predict_seconds=round(predict_seconds, 3),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
        peak_memory=_peak_memory(),
        hardware=_hardware(),
        versions=_versions(),
    )
    if jsonl.is_ordinary(Path(output)):
        with jsonl.replacing(account_path(output)) as temporary:
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")
    return run


def account_path(output: Path | str) -> Path:
    """Where the account of a run is: beside its predictions."""
    return Path(output).with_suffix(".run.json")


class _Journal:
    """The predictions of a run that goes on, in a file that an earlier process may have begun."""

    def __init__(self, output: Path, identity: Identity):
        self.output = output
        self.lines: dict[str, bytes] = {}
        self._head = jsonl.encode(identity).encode("utf-8") + b"\n"
        self._ordinary = jsonl.is_ordinary(output)
        self._path = output.with_name(output.name + ".part")
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "_Journal":
        jsonl.check_writable(self.output)  # before a model trains for hours
        if not self._ordinary:
            return self
        try:
            if self._path.exists():
                self._take_over(self._path.read_bytes())
            # What was not taken over is not kept: a half line, or those of another run.
            with jsonl.replacing(self._path) as temporary:
                temporary.write_bytes(self._head + b"".join(self.lines.values()))
            self._file = open(self._path, "ab")
        except OSError as error:
            raise DataError(f"{self._path}: cannot be written ({error.strerror})") from None
        return self

    def _take_over(self, content: bytes) -> None:
        if content.startswith(self._head):
            lines = content[len(self._head) :].splitlines(keepends=True)
            whole = [line for line in lines if line.endswith(b"\n")]
            self.lines = {msgspec.json.decode(line)["doc_id"]: line for line in whole}

    def add(self, predictions: Sequence[Any]) -> None:
        """Add predictions, which no end of this process takes away."""
        for prediction in predictions:
            self.lines[prediction.doc_id] = jsonl.encode(prediction).encode("utf-8") + b"\n"
            if self._file is not None:
                self._file.write(self.lines[prediction.doc_id])
        if self._file is not None:
            self._file.flush()

    def finish(self, doc_ids: Sequence[str]) -> None:
        """Put all predictions in their place, in this order."""
        with jsonl.replacing(self.output) as temporary:
            temporary.write_bytes(b"".join(self.lines[doc_id] for doc_id in doc_ids))
        if self._file is not None:
            self._path.unlink(missing_ok=True)

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if not self.lines:
                self._path.unlink(missing_ok=True)


def _corpora(documents: Sequence[Document]) -> str:
    return "+".join(sorted({f"{document.corpus} {document.split}" for document in documents}))


def _data_hash(parts: Sequence[Sequence[Document]], options: Mapping[str, Any]) -> str:
    found = hashlib.sha256()
    for part in parts:
        for document in part:
            found.update(msgspec.json.encode(document))
        found.update(b"\0")
    for name in ",".join(map(str, options.values())).split(","):
        if name.endswith(".jsonl") and Path(name).is_file():
            found.update(Path(name).read_bytes() + b"\0")
    return found.hexdigest()


def _peak_memory() -> int:
    """In bytes. Not by `getrusage` where it can be helped: that begins with the parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak * (1 if sys.platform == "darwin" else 1024)


def _hardware() -> dict[str, Any]:
    found: dict[str, Any] = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["graphics card"] = torch.cuda.get_device_name()
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions() -> dict[str, str]:
    """Of Python and of each package that has been imported."""
    loaded = {name.partition(".")[0] for name in sys.modules}
    names = {d for module, found in _packages().items() if module in loaded for d in found}
    return {"python": platform.python_version()} | {name: version(name) for name in sorted(names)}


# Once a process, as it reads the files of every package that is installed.
_packages = cache(packages_distributions)
