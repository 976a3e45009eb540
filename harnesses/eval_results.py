"""Results as an entry for the Hugging Face Hub: `.eval_results/NAME.yaml` of a model.

    python harnesses/eval_results.py RESULT... --dataset OWNER/NAME -o FILE.yaml

A result is a log of Inspect AI, or what `counterclaim score --json` prints. The file goes into
the folder `.eval_results` of the model's repository. The Hub shows entries for tasks that
`eval.yaml` of the data set names, which are the questions. Values are fractions, as in the results.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from counterclaim.errors import CounterclaimError, DataError


def main() -> int:
    """Read the options, write the file, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT")
    parser.add_argument("--dataset", required=True, metavar="OWNER/NAME", help="on the Hub")
    parser.add_argument("--revision", metavar="SHA", help="commit of the data set")
    parser.add_argument("--source", metavar="URL", help="where the results can be looked at")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE")
    arguments = parser.parse_args()
    try:
        entries = [
            EvalResultEntry(
                dataset_id=arguments.dataset,
                dataset_revision=arguments.revision,
                source_url=arguments.source,
                **read(path),
            )
            for path in arguments.results
        ]
    except CounterclaimError as error:
        print(error, file=sys.stderr)
        return 2
    written = yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(written, encoding="utf-8")
    return 0


def read(path: Path) -> dict[str, Any]:
    """Task, value and what else a result tells, as fields of an entry.

    Raises:
        DataError: It is no result, or one of a part of the data.
    """
    if path.suffix == ".eval":
        return _inspect(path)
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}; expected a result") from None
    if isinstance(found, dict) and "eval" in found:
        return _inspect(path)
    if isinstance(found, dict) and {"task", "headline", "signature"} <= found.keys():
        form = "_gold" if "|mentions:gold|" in found["signature"] else ""
        return {
            "task_id": found["task"] + form,
            "value": found["headline"]["value"],
            "notes": f"{found['headline']['name']}, {found['signature']}",
        }
    raise DataError(f"{path}: expected a log of Inspect, or what score --json prints")


def _inspect(path: Path) -> dict[str, Any]:
    from inspect_ai.log import read_eval_log

    log = read_eval_log(str(path), header_only=True)
    if log.status != "success" or log.results is None:
        raise DataError(f"{path}: the run ended as {log.status}; expected success")
    done, size = log.results.completed_samples, log.eval.dataset.samples
    if done != size:
        raise DataError(f"{path}: a run over {done} of {size} samples; expected all of them")
    (score,) = log.results.scores
    name = next(name for name in ("headline", "accuracy", "mean") if name in score.metrics)
    return {
        "task_id": log.eval.task.rpartition("/")[2],
        "value": score.metrics[name].value,
        "date": log.eval.created,
        "notes": f"{name} of {score.name}, inspect_ai {log.eval.packages['inspect_ai']}",
    }


if __name__ == "__main__":
    sys.exit(main())
