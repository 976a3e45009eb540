"""Train the baselines that are encoders, and keep what they predict: what `make encoders` does.

    python tools/train_encoders.py                      all that is not there yet
    python tools/train_encoders.py --task sentences     of one task

They take hours where there is no graphics card, and give the same on the same machine only.
So their predictions are kept, for `make results` to score, in `baselines/predictions/`:
`TASK/SYSTEM/TRAINED-SEED-TESTED.jsonl` on the test set of a corpus or, as `contrast`, on the
changed texts, and `TASK/SYSTEM/TRAINED-SEED.run.json`, the account of the run. Each is trained
with five seeds on each corpus, and with the first on both (`all`). To train anew, remove the
files.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from systems import FORMS, PREDICTIONS, ROOT, Training, lines, options, trainings

from counterclaim import contrasts, corpus, jsonl
from counterclaim.cli import inputs
from counterclaim.model import CORPORA, Document
from counterclaim.recording import account_path


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--task", action="append", choices=FORMS)
    parser.add_argument("--system", action="append")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time")
    arguments = parser.parse_args()
    if missing := inputs.not_hydrated():
        raise SystemExit(f"{missing}; run counterclaim hydrate first")
    wanted = [
        training
        for training in trainings()
        if training.form in (arguments.task or FORMS)
        and training.model.stem in (arguments.system or [training.model.stem])
        and not training.account.exists()
    ]
    held = test_documents()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(partial(train, held=held), wanted))


def test_documents() -> dict[str, list[Document]]:
    """What is predicted: the test set of each corpus, and the changed texts."""
    found = {name: corpus.hydrated("test", name) for name in CORPORA}
    pairs = [pair for name in corpus.CONTRASTS for pair in contrasts.pairs(name)]
    return found | {"contrast": [pair.changed for pair in pairs]}


def train(training: Training, held: dict[str, list[Document]]) -> None:
    """Train, predict, and keep the predictions; the changed texts for one run on desk only."""
    parts = [*CORPORA, "contrast"] if training[2:] == ("desk", 0) else CORPORA
    output = ROOT / "build" / "encoders" / training.predictions("any").relative_to(PREDICTIONS)
    output.parent.mkdir(parents=True, exist_ok=True)
    given = output.with_suffix(".texts.jsonl")
    jsonl.write_records(given, [document for part in parts for document in held[part]])
    command = [sys.executable, "-m", "counterclaim", "run", str(training.model.relative_to(ROOT))]
    command += options(training.trained, training.form)
    command += ["--set", f"seed={training.seed}"] if training.seed else []
    command += ["--input", str(given.relative_to(ROOT)), "--output", str(output.relative_to(ROOT))]
    # One thread each: together they are faster than one training on all processors.
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})
    predicted = {each["doc_id"]: each for each in lines(output)}
    training.account.parent.mkdir(parents=True, exist_ok=True)
    for part in parts:
        rows = [predicted[document.doc_id] for document in held[part]]
        if part == "contrast":  # what is counted of them, as they are many
            rows = [{k: v for k, v in row.items() if k != "sentence_scores"} for row in rows]
        jsonl.write_records(training.predictions(part), rows)
    training.account.write_bytes(account_path(output).read_bytes())


if __name__ == "__main__":
    main()
