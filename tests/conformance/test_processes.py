"""The same bytes from every process, whatever its threads and the seed of its hashes."""

import os
import subprocess
import sys
from pathlib import Path

from msgspec.structs import replace
from records import documents

from counterclaim import jsonl
from counterclaim.model import LAYERS, Document, Prediction

CODE = """
import sys
from counterclaim import jsonl
from counterclaim.scoring import score_files
from counterclaim.tasks import GOLD_MENTIONS, TASKS
for task in (*TASKS.values(), *GOLD_MENTIONS.values()):
    result = score_files(task, *sys.argv[1:3], by=("event", "label", "sources"), resamples=100)
    sys.stdout.write(jsonl.encode(result) + chr(10))
"""


def corpus_of(size: int) -> tuple[list[Document], list[Prediction]]:
    """Copies of one document, and predictions that lack another part of it each time."""
    original = documents()[0]
    gold, predicted = [], []
    for n in range(size):
        document = replace(original, doc_id=f"case-{n}", event=f"event-{n // 3}")
        layers = {layer: getattr(document, layer) for layer in LAYERS}
        lost = LAYERS[1 + n % 3]  # accusations are answered, and stay
        kept = layers[lost][1 + n % 2 :]
        gold.append(document)
        if n % 7:
            predicted.append(Prediction(document.doc_id, **layers | {lost: kept}))
    return gold, predicted


def test_threads_and_hash_seeds_change_nothing(tmp_path: Path) -> None:
    gold, predicted = corpus_of(90)
    paths = [str(tmp_path / name) for name in ("gold.jsonl", "predictions.jsonl")]
    jsonl.write_records(paths[0], gold)
    jsonl.write_records(paths[1], predicted)
    found = []
    for threads, seed in (("1", "0"), ("4", "123")):
        variables = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads
        )
        run = subprocess.run(
            [sys.executable, "-c", CODE, *paths],
            env=os.environ | variables | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        found.append(run.stdout)
    assert found[0] == found[1]
    assert found[0].count(b"\n") == 8
