"""Run all baselines and write their scores: what `make results` does.

    python tools/make_results.py                     into baselines/results/
    python tools/make_results.py --folder FOLDER     elsewhere

For each corpus that is hydrated and each task, every baseline that needs no graphics card is
trained on the corpus and scored on its test set. `CORPUS/TASK/SYSTEM.json` is what
`counterclaim score --json` prints, `CORPUS/TASK/groups.json` what `counterclaim compare --json`
does. The two annotation passes stand among the systems as `annotator_a` and `annotator_b`.
`contrast/TASK.json` has what each system of a task makes of the contrast sets. `runs.jsonl` has
the account of each run: time, memory, hardware; it alone differs from run to run.
"""

import argparse
import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from build_data import fill, printed

from counterclaim import contrasts, corpus, jsonl, tasks
from counterclaim.cli import inputs
from counterclaim.model import CORPORA, Prediction
from counterclaim.recording import Run, account_path
from counterclaim.reports import text
from counterclaim.tasks import GOLD_MENTIONS, TASKS

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "baselines" / "results"
FORMS = (*TASKS, *(f"{name}/gold" for name in GOLD_MENTIONS))
PASSES = {"annotator_a": "a.jsonl", "annotator_b": "b.jsonl"}


def main() -> None:
    """Read the options and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, default=RESULTS)
    parser.add_argument("--corpus", choices=CORPORA, action="append")
    parser.add_argument("--predictions", type=Path, default=ROOT / "build" / "results")
    arguments = parser.parse_args()
    at_hand = [name for name in inputs.bench_corpora() if name in CORPORA]
    names = [name for name in at_hand if name in (arguments.corpus or CORPORA)]
    write_results(arguments.folder, arguments.predictions, names)
    if "desk" in names:
        write_contrasts(arguments.folder / "contrast", arguments.predictions / "contrast")
    if arguments.folder == RESULTS:
        fill_tables()


def write_results(folder: Path, predictions: Path, names: Sequence[str]) -> None:
    """Run, score and compare all systems of these corpora.

    Args:
        folder: Where the results go.
        predictions: Where the predictions go.
        names: The corpora.
    """
    runs = []
    for name in names:
        for form in FORMS:
            place = Path(name) / form.replace("/", "-")
            (predictions / place).mkdir(parents=True, exist_ok=True)
            found = {}
            for model in models(form):
                found[model.stem] = predictions / place / f"{model.stem}.jsonl"
                found[model.stem].unlink(missing_ok=True)
                run_apart(model, options(name, form), found[model.stem])
                account = account_path(found[model.stem]).read_bytes()
                run = msgspec.json.decode(account, type=Run)
                runs.append({"corpus": name, "task": form, "system": model.stem, "run": run})
            if len(found) > 1:
                files = [str(path) for path in found.values()]
                compared = printed("compare", *files, *options(name, form), "--json")
                write(folder / place / "groups.json", compared)
            for system, path in [*found.items(), *annotators(name, form, predictions / place)]:
                scored = printed("score", str(path), *options(name, form), "--json")
                result = json.loads(scored)
                result["arguments"]["predictions"] = path.name
                write(folder / place / f"{system}.json", json.dumps(result))
    kept = [] if not (folder / "runs.jsonl").exists() else lines(folder / "runs.jsonl")
    kept = [run for run in kept if run["corpus"] not in names]
    jsonl.write_records(folder / "runs.jsonl", [*kept, *runs])


def models(form: str) -> list[Path]:
    """The baselines of a form of a task that need neither torch nor an endpoint."""
    task, _, mentions = form.partition("/")
    found = []
    for path in sorted((ROOT / "baselines").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = {task, f"{task}/{mentions}"} & set(inputs.named_tasks(tree, default=(task,)))
        if known and not {"torch", "openai"} & inputs.imported(tree):
            found.append(path)
    return found


def options(name: str, form: str) -> list[str]:
    """Options of the commands run, score and compare."""
    task, _, mentions = form.partition("/")
    given = ["--mentions", mentions] if mentions else []
    return ["--task", task, "--corpus", name, *given]


def annotators(name: str, form: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """The annotation passes over the test set, as predictions; none where mentions are given."""
    if "/" in form:
        return
    test = {d.doc_id for d in corpus.records("test", corpus=name) if not d.restricted}
    for system, file in PASSES.items():
        path = corpus.data_dir() / "annotators" / name / file
        records = [r for _, r in jsonl.read_records(path, Prediction) if r.doc_id in test]
        jsonl.write_records(folder / f"{system}.jsonl", records)
        yield system, folder / f"{system}.jsonl"


def write(path: Path, content: str) -> None:
    """JSON with a line for each row, so that a change can be seen in a diff."""
    with jsonl.replacing(path) as temporary:
        temporary.write_bytes(msgspec.json.format(content.encode("utf-8"), indent=1) + b"\n")


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def results_table(folder: Path = RESULTS) -> str:
    """Each system's headline score in each task, with its group, on both corpora, and its speed."""
    speeds = {
        (each["task"], each["system"]): each["run"]
        for each in lines(folder / "runs.jsonl")
        if each["corpus"] == "desk"
    }
    rows = []
    for form in FORMS:
        place = form.replace("/", "-")
        systems = sorted(
            (
                path.stem
                for path in (folder / "desk" / place).glob("*.json")
                if path.stem != "groups"
            ),
            key=lambda system: -_headline(folder / "desk" / place / f"{system}.json")["value"],
        )
        for system in systems:
            cells = []
            for name in CORPORA:
                result = _headline(folder / name / place / f"{system}.json")
                interval = f"[{text.ratio(result['low'])}, {text.ratio(result['high'])}]"
                groups = _groups(folder / name / place / "groups.json")
                cells += [f"{text.ratio(result['value'])} {interval}", groups.get(system, "")]
            run = speeds.get((form, system))
            cells += [_per_second(run), f"{run['fit_seconds']:.1f}" if run else ""]
            task = form.replace("/gold", ", given mentions")
            rows.append([task, system.replace("annotator_", "annotator "), *cells])
    head = ["task", "system", "desk", "", "wire", "", "sentences/s", "training, s"]
    return text.table(head, rows)


def _headline(path: Path) -> dict[str, float]:
    result: dict[str, float] = json.loads(path.read_bytes())["headline"]
    return result


def _groups(path: Path) -> dict[str, str]:
    (found,) = json.loads(path.read_bytes())["comparisons"]
    return {system["name"]: system["group"] for system in found["systems"]}


def _per_second(run: dict[str, Any] | None) -> str:
    return f"{run['sentences'] / max(run['predict_seconds'], 0.001):.0f}" if run else ""


def write_contrasts(folder: Path, predictions: Path) -> None:
    """Run all systems on the contrast sets, and score them.

    Args:
        folder: Where the results go, one file for each task.
        predictions: Where the predictions go.
    """
    pairs = {name: contrasts.pairs(name) for name in corpus.CONTRASTS}
    texts = contrasts.documents([pair for found in pairs.values() for pair in found])
    predictions.mkdir(parents=True, exist_ok=True)
    given = predictions / "texts.jsonl"
    jsonl.write_records(given, texts)
    for form in FORMS:
        task, _, mentions = form.partition("/")
        results: dict[str, dict[str, Any]] = {name: {} for name in corpus.CONTRASTS}
        for model in models(form):
            output = predictions / f"{form.replace('/', '-')}-{model.stem}.jsonl"
            output.unlink(missing_ok=True)
            run_apart(model, [*options("desk", form), "--input", str(given)], output)
            answers = {each["doc_id"]: each for each in lines(output)}
            for name, found in pairs.items():
                wanted = contrasts.documents(found)
                scores = contrasts.score_contrast(
                    tasks.find(task, mentions or None),
                    found,
                    [answers[document.doc_id] for document in wanted],
                    name=name,
                )
                kept = {key: getattr(scores, key) for key in KEPT}
                results[name][model.stem] = msgspec.to_builtins(kept)
        write(folder / f"{form.replace('/', '-')}.json", jsonl.encode(results))


KEPT = ("pairs", "original", "changed", "difference", "consistency", "both_right", "forms")


def contrast_table(folder: Path = RESULTS / "contrast") -> str:
    """What each system loses by each change, and in `sentences` how consistent it is."""
    rows = []
    for form in FORMS:
        found = json.loads((folder / f"{form.replace('/', '-')}.json").read_bytes())
        for system in found[corpus.CONTRASTS[0]]:
            cells = [_change(found[name][system], form) for name in corpus.CONTRASTS]
            rows.append([form.replace("/gold", ", given mentions"), system, *cells])
    return text.table(["task", "system", *corpus.CONTRASTS], rows)


def _change(result: dict[str, Any], form: str) -> str:
    value = result["difference"]["value"]
    if value is None:
        return text.UNDEFINED
    shown = f"{value:+.3f}"
    return f"{shown} ({result['consistency']['value']:.2f})" if form == "sentences" else shown


def run_apart(model: Path, given: Sequence[str], output: Path) -> None:
    """Run a baseline in a process of its own, so that its time and memory are its own."""
    place = output.relative_to(ROOT) if output.is_relative_to(ROOT) else output
    command = ["run", str(model.relative_to(ROOT)), *given, "--output", str(place)]
    call = [sys.executable, "-m", "counterclaim", *command]
    subprocess.run(call, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)


def fill_tables() -> None:
    """Put the tables of results between their marks in README and docs."""
    fill(ROOT / "README.md", "results", results_table())
    fill(ROOT / "docs" / "metrics.md", "contrast", contrast_table())


if __name__ == "__main__":
    main()
