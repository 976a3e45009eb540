"""Run all baselines and write their scores: what `make results` does.

    python tools/make_results.py                     into baselines/results/
    python tools/make_results.py --folder FOLDER     elsewhere

For each corpus that is hydrated and each task, every baseline that needs no graphics card is
trained on the corpus and scored on its test set. `CORPUS/TASK/SYSTEM.json` is what
`counterclaim score --json` prints, `CORPUS/TASK/groups.json` what `counterclaim compare --json`
does. The two annotation passes stand among the systems as `annotator_a` and `annotator_b`.
`contrast/TASK.json` has what each system of a task makes of the contrast sets. `runs.jsonl` has
the account of each run: time, memory, hardware; it alone differs from run to run. Encoders
are not trained here: `train_encoders.py` has kept what they predict. Their first seed stands
among the systems, and `seeds.json` of a task has them all.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from build_data import fill, printed
from systems import FORMS, ROOT, Training, baselines, lines, options, trainings

from counterclaim import contrasts, corpus, jsonl, tasks
from counterclaim.cli import inputs, transfer
from counterclaim.model import CORPORA, Prediction
from counterclaim.recording import Run, account_path
from counterclaim.reports import text
from counterclaim.scoring import Scores

RESULTS = ROOT / "baselines" / "results"
BESIDE = ("groups", "seeds")  # files of a task that are no system's
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
            for model in baselines(form, encoders=False):
                found[model.stem] = predictions / place / f"{model.stem}.jsonl"
                found[model.stem].unlink(missing_ok=True)
                run_apart(model, options(name, form), found[model.stem])
                account = account_path(found[model.stem])
                runs.append(accounted(name, form, model.stem, 0, account))
            seeds: dict[str, list[float]] = {}
            for each in kept(form, name):
                system = each.model.stem
                runs.append(accounted(name, form, system, each.seed, each.account))
                if not each.seed:
                    found[system] = predictions / place / f"{system}.jsonl"
                    shutil.copy(each.predictions(name), found[system])
                seeds.setdefault(system, []).append(scored(each, name).headline.value)
            if seeds:
                write(folder / place / "seeds.json", json.dumps(seeds))
            if len(found) > 1:
                files = [str(path) for path in found.values()]
                compared = printed("compare", *files, *options(name, form), "--json")
                write(folder / place / "groups.json", compared)
            for system, path in [*found.items(), *annotators(name, form, predictions / place)]:
                result = json.loads(printed("score", str(path), *options(name, form), "--json"))
                result["arguments"]["predictions"] = path.name
                write(folder / place / f"{system}.json", json.dumps(result))
    others = [] if not (folder / "runs.jsonl").exists() else lines(folder / "runs.jsonl")
    others = [run for run in others if run["corpus"] not in names]
    jsonl.write_records(folder / "runs.jsonl", [*others, *runs])


def kept(form: str, trained: str) -> list[Training]:
    """The trainings of encoders whose predictions are kept, the first seed of each first."""
    return [
        training
        for training in trainings()
        if (training.form, training.trained) == (form, trained) and training.account.exists()
    ]


def scored(training: Training, tested: str) -> Scores:
    """The scores of what an encoder predicts for the test set of a corpus."""
    path = str(training.predictions(tested))
    result = json.loads(printed("score", path, *options(tested, training.form), "--json"))
    del result["arguments"]
    return msgspec.convert(result, Scores)


def accounted(name: str, form: str, system: str, seed: int, account: Path) -> dict[str, Any]:
    """The account of a run, with what it was a run of."""
    run = msgspec.json.decode(account.read_bytes(), type=Run)
    return {"corpus": name, "task": form, "system": system, "seed": seed, "run": run}


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


def results_table(folder: Path = RESULTS) -> str:
    """Each system's headline score in each task, with its group, on both corpora, and its speed."""
    speeds = {
        (each["task"], each["system"]): each["run"]
        for each in lines(folder / "runs.jsonl")
        if (each["corpus"], each["seed"]) == ("desk", 0)
    }
    rows = []
    for form in FORMS:
        place = form.replace("/", "-")
        systems = sorted(
            (
                path.stem
                for path in (folder / "desk" / place).glob("*.json")
                if path.stem not in BESIDE
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
        predicted: dict[str, list[dict[str, Any]]] = {}
        for model in baselines(form, encoders=False):
            output = predictions / f"{form.replace('/', '-')}-{model.stem}.jsonl"
            output.unlink(missing_ok=True)
            run_apart(model, [*options("desk", form), "--input", str(given)], output)
            predicted[model.stem] = lines(output)
        for each in kept(form, "desk"):
            if not each.seed:
                parts = [each.predictions(part) for part in ("desk", "contrast")]
                rows = [row for part in parts for row in lines(part)]
                for row in rows:  # which changed texts are kept without
                    row.pop("sentence_scores", None)
                predicted[each.model.stem] = rows
        for system, rows in predicted.items():
            answers = {row["doc_id"]: row for row in rows}
            for name, found in pairs.items():
                wanted = contrasts.documents(found)
                result = contrasts.score_contrast(
                    tasks.find(task, mentions or None),
                    found,
                    [answers[document.doc_id] for document in wanted],
                    name=name,
                    parts=("forms",),
                )
                shown = {key: getattr(result, key) for key in SHOWN}
                results[name][system] = msgspec.to_builtins(shown)
        write(folder / f"{form.replace('/', '-')}.json", jsonl.encode(results))


SHOWN = ("pairs", "original", "changed", "difference", "consistency", "both_right", "forms")


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


def transfer_table(form: str) -> str:
    """Every system of a form trained on each corpus and on both, tested on each."""
    task, _, mentions = form.partition("/")
    rows = transfer.transfers(tasks.find(task, mentions or None), baselines(form, encoders=False))
    return text.bench(sorted([*rows, *encoder_rows(form)], key=_in_order)).partition("\n\n")[0]


def encoder_table(form: str) -> str:
    """The rows of a transfer table that are of encoders."""
    return text.bench(encoder_rows(form)).partition("\n\n")[0]


def encoder_rows(form: str) -> list[transfer.Transfer]:
    """What encoders of the first seed give when trained and tested so."""
    rows = [
        (tested, trained, each.model.stem, scored(each, tested))
        for trained in corpus.CORPUS_NAMES
        for each in kept(form, trained)
        if not each.seed
        for tested in CORPORA
    ]
    return sorted(rows, key=_in_order)


def _in_order(row: transfer.Transfer) -> tuple[int, int, str]:
    names = corpus.CORPUS_NAMES
    return names.index(row[0]), names.index(row[1]), row[2]


def seeds_table(folder: Path = RESULTS) -> str:
    """The headline of each encoder over its seeds, and what the trainings took."""
    runs = lines(folder / "runs.jsonl")
    rows = []
    for form in FORMS:
        place = form.replace("/", "-")
        found = {
            name: json.loads(path.read_bytes())
            for name in CORPORA
            if (path := folder / name / place / "seeds.json").exists()
        }
        for system in sorted({system for seeds in found.values() for system in seeds}):
            cells = [_spread(found.get(name, {}).get(system, [])) for name in CORPORA]
            own = [each["run"] for each in runs if (each["task"], each["system"]) == (form, system)]
            minutes = statistics.mean(run["fit_seconds"] for run in own) / 60
            hardware = sorted({_hardware(run["hardware"]) for run in own})
            task = form.replace("/gold", ", given mentions")
            rows.append([task, system, *cells, f"{minutes:.0f}", "; ".join(hardware)])
    head = ["task", "system", *CORPORA, "training, min", "hardware"]
    return text.table(head, rows)


def _spread(values: Sequence[float]) -> str:
    """Mean, standard deviation, and how many there are."""
    if len(values) < 2:
        return ", ".join(map(text.ratio, values))
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    return f"{text.ratio(mean)} ± {text.ratio(deviation)} ({len(values)})"


def _hardware(found: dict[str, Any]) -> str:
    return str(found.get("graphics card", found["processor"]))


def fill_tables() -> None:
    """Put the tables of results between their marks in README and docs."""
    fill(ROOT / "README.md", "results", results_table())
    for page in (ROOT / "README.md", ROOT / "data" / "README.md"):
        fill(page, "encoders", encoder_table("sentences"))
    page = ROOT / "docs" / "results.md"
    fill(page, "seeds", seeds_table())
    for form in FORMS[1:]:
        fill(page, f"transfer {form}", transfer_table(form))
    fill(ROOT / "docs" / "metrics.md", "contrast", contrast_table())


if __name__ == "__main__":
    main()
