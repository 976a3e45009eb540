"""Run all baselines and write their scores: what `make results` does.

    python tools/make_results.py                     into baselines/results/
    python tools/make_results.py --folder FOLDER     elsewhere
    python tools/make_results.py --task spans        of one task alone

For each task, every baseline that needs no graphics card is trained on each corpus that is
hydrated and on both, and predicts the test sets and the contrast sets. `CORPUS/TASK/SYSTEM.json`
is what `counterclaim score --json` prints for the corpus it was trained on,
`CORPUS/TASK/groups.json` what `counterclaim compare --json` does. The two annotation passes stand
among the systems as `annotator_a` and `annotator_b`. `contrast/TASK.json` has what each system
makes of the contrast sets. `runs.jsonl` has the account of each run: time, memory, hardware; it
alone differs from run to run. Encoders are not trained here: `train_encoders.py` has kept what
they predict. Their first seed stands among the systems, and `seeds.json` of a task has them all.
"""

import argparse
import json
import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
from build_data import fill, printed
from systems import (
    FORMS,
    ROOT,
    Training,
    baselines,
    held_documents,
    lines,
    options,
    train,
    trainings,
)

from counterclaim import contrasts, corpus, jsonl, tasks
from counterclaim.cli import transfer
from counterclaim.model import CORPORA, Document, Prediction
from counterclaim.recording import Run
from counterclaim.reports import text
from counterclaim.scoring import Scores

RESULTS = ROOT / "baselines" / "results"
BESIDE = ("groups", "seeds")  # files of a task that are no system's
PASSES = {"annotator_a": "a.jsonl", "annotator_b": "b.jsonl"}


def main() -> None:
    """Read the options and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, default=RESULTS)
    parser.add_argument("--runs", type=Path, default=ROOT / "build" / "results")
    parser.add_argument("--task", action="append", choices=FORMS)
    arguments = parser.parse_args()
    held = held_documents()
    runs = []
    for form in arguments.task or FORMS:
        found = trained(form, held, arguments.runs)
        runs += [accounted(each) for each in found if each.trained in CORPORA]
        write_results(arguments.folder, arguments.runs, form, found)
        if arguments.folder == RESULTS and {*held} >= {*CORPORA}:
            for (page, mark), table in transfer_tables(form, found).items():
                fill(page, mark, table)
    path = arguments.folder / "runs.jsonl"
    made = {(run["corpus"], run["task"]) for run in runs}
    others = lines(path) if path.exists() else []
    runs += [run for run in others if (run["corpus"], run["task"]) not in made]
    order = {(name, form): i for i, (name, form) in enumerate(product(CORPORA, FORMS))}
    runs.sort(key=lambda run: order[run["corpus"], run["task"]])
    jsonl.write_records(path, runs)
    if arguments.folder == RESULTS:
        fill_tables()


def trained(form: str, held: Mapping[str, Sequence[Document]], folder: Path) -> list[Training]:
    """Train the baselines of a form of a task, each once on each corpus and on both.

    Args:
        form: The form.
        held: What they predict, from `held_documents`.
        folder: Where predictions go, and the files of the runs.

    Returns:
        These, and those of encoders that are kept, of the corpora at hand.
    """
    at_hand = corpus.CORPUS_NAMES if {*held} >= {*CORPORA} else ("desk",)
    found = []
    for name in at_hand:
        for model in baselines(form, encoders=False):
            found.append(Training(form, model, name, folder=folder / "predictions"))
            train(found[-1], held, folder / "runs")
    return found + [each for each in kept(form) if each.trained in at_hand]


def kept(form: str) -> list[Training]:
    """The trainings of encoders whose predictions are kept, the first seed of each first."""
    return [training for training in trainings([form]) if training.account.exists()]


def write_results(folder: Path, runs: Path, form: str, found: Sequence[Training]) -> None:
    """Score and compare the systems of a form of a task, on the test sets and contrast sets.

    Args:
        folder: Where the results go.
        runs: Where predictions are put by the names that results give them.
        form: The form.
        found: From `trained`.
    """
    for name in dict.fromkeys(each.trained for each in found if each.trained in CORPORA):
        place = Path(name) / form.replace("/", "-")
        (runs / place).mkdir(parents=True, exist_ok=True)
        systems = {}
        seeds: dict[str, list[float]] = {}
        for each in found:
            if each.trained == name and not each.seed:
                systems[each.model.stem] = runs / place / f"{each.model.stem}.jsonl"
                shutil.copy(each.predictions(name), systems[each.model.stem])
            if each.trained == name and each.is_encoder:
                seeds.setdefault(each.model.stem, []).append(scored(each, name).headline.value)
        if seeds:
            write(folder / place / "seeds.json", json.dumps(seeds))
        if len(systems) > 1:
            files = [str(path) for path in systems.values()]
            compared = printed("compare", *files, *options(name, form), "--json")
            write(folder / place / "groups.json", compared)
        for system, path in [*systems.items(), *annotators(name, form, runs / place)]:
            result = json.loads(printed("score", str(path), *options(name, form), "--json"))
            result["arguments"]["predictions"] = path.name
            write(folder / place / f"{system}.json", json.dumps(result))
    contrast = folder / "contrast" / f"{form.replace('/', '-')}.json"
    write(contrast, jsonl.encode(contrasted(form, found)))


def scored(training: Training, tested: str) -> Scores:
    """The scores of what a system predicts for the test set of a corpus."""
    task, _, mentions = training.form.partition("/")
    found = tasks.find(task, mentions or None)
    rows = [row for _, row in jsonl.read_records(training.predictions(tested), found.prediction)]
    return transfer.scored_run(found, tested, corpus.hydrated("test", tested), rows)


def accounted(training: Training) -> dict[str, Any]:
    """The account of a run, with what it was a run of."""
    run = msgspec.json.decode(training.account.read_bytes(), type=Run)
    return {
        "corpus": training.trained,
        "task": training.form,
        "system": training.model.stem,
        "seed": training.seed,
        "run": run,
    }


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


def contrasted(form: str, found: Sequence[Training]) -> dict[str, dict[str, Any]]:
    """What each system that is trained on desk makes of each contrast set."""
    task, _, mentions = form.partition("/")
    pairs = {name: contrasts.pairs(name) for name in corpus.CONTRASTS}
    results: dict[str, dict[str, Any]] = {name: {} for name in corpus.CONTRASTS}
    for each in found:
        if (each.trained, each.seed) != ("desk", 0):
            continue
        parts = [each.predictions(part) for part in ("desk", "contrast")]
        answers = {row["doc_id"]: row for part in parts for row in lines(part)}
        for row in answers.values():  # which changed texts are kept without
            row.pop("sentence_scores", None)
        for name, of_set in pairs.items():
            result = contrasts.score_contrast(
                tasks.find(task, mentions or None),
                of_set,
                [answers[document.doc_id] for document in contrasts.documents(of_set)],
                name=name,
                parts=("forms",),
            )
            shown = {key: getattr(result, key) for key in SHOWN}
            results[name][each.model.stem] = msgspec.to_builtins(shown)
    return results


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


def transfers(found: Sequence[Training]) -> list[transfer.Transfer]:
    """The scores of systems on the test set of each corpus, those of the first seed."""
    names = corpus.CORPUS_NAMES
    rows = [
        (tested, each.trained, each.model.stem, scored(each, tested))
        for each in found
        if not each.seed
        for tested in CORPORA
    ]
    return sorted(rows, key=lambda row: (names.index(row[0]), names.index(row[1]), row[2]))


def transfer_table(found: Sequence[Training]) -> str:
    """Every system trained on each corpus and on both, tested on each."""
    return text.bench(transfers(found)).partition("\n\n")[0]


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


def transfer_tables(form: str, found: Sequence[Training]) -> dict[tuple[Path, str], str]:
    """What systems of a form give on the other corpus too, by page and mark."""
    if form != "sentences":
        return {(ROOT / "docs" / "results.md", f"transfer {form}"): transfer_table(found)}
    readme, card = ROOT / "README.md", ROOT / "data" / "README.md"
    bench = text.bench(transfers([each for each in found if not each.is_encoder]))
    table, _, signatures = bench.partition("\n\n")
    encoders = transfer_table([each for each in found if each.is_encoder])
    return {
        (readme, "bench"): f"{table}\n\n```text\n{signatures}\n```",
        (card, "bench"): table,
        (readme, "encoders"): encoders,
        (card, "encoders"): encoders,
    }


def fill_tables() -> None:
    """Put the tables of results between their marks in README and docs."""
    fill(ROOT / "README.md", "results", results_table())
    fill(ROOT / "docs" / "results.md", "seeds", seeds_table())
    fill(ROOT / "docs" / "metrics.md", "contrast", contrast_table())


if __name__ == "__main__":
    main()
