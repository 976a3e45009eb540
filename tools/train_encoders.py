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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from systems import FORMS, ROOT, Training, held_documents, train, trainings

from counterclaim.cli import inputs


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
        for training in trainings(arguments.task or FORMS)
        if training.model.stem in (arguments.system or [training.model.stem])
        and not training.account.exists()
    ]
    held = held_documents()
    # One thread each: together they are faster than one training on all processors.
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    # By what is trained: one may serve several tasks.
    alike: dict[tuple[int, Path, str], list[Training]] = {}
    for training in wanted:
        key = training.seed, training.model, training.trained
        alike.setdefault(key, []).append(training)

    def one_by_one(some: list[Training]) -> None:
        for training in some:
            train(training, held, ROOT / "build" / "encoders", environment)

    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(one_by_one, alike.values()))


if __name__ == "__main__":
    main()
