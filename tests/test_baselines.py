"""Baselines: single files that fit and predict on the real data in every task they are for."""

import ast
import json
import runpy
from functools import cache
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from records import plain

from counterclaim import corpus, jsonl, read
from counterclaim.cli import inputs
from counterclaim.errors import ModelError
from counterclaim.model import CORPORA, LABELS, LAYERS, Document, Prediction
from counterclaim.predictions import predicted_sentence_labels
from counterclaim.running import run
from counterclaim.scoring import score
from counterclaim.tasks import GOLD_MENTIONS, TASKS

FOLDER = Path(__file__).parents[1] / "baselines"
FILES = sorted(FOLDER.glob("*.py"))
FORMS = {**TASKS, **{f"{name}/gold": task for name, task in GOLD_MENTIONS.items()}}
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
# Those that need weights or an endpoint have tests of their own.
APART = {p.stem for p, tree in TREES.items() if {"torch", "openai"} & inputs.imported(tree)}


def forms(path: Path) -> list[str]:
    """The forms of tasks that a file does without other files."""
    names = inputs.named_tasks(TREES[path], default=tuple(TASKS))
    return [form for form in FORMS if form in names or form.partition("/")[0] in names]


CASES = [(path, form) for path in FILES for form in forms(path) if path.stem not in APART]


@pytest.mark.parametrize(("path", "form"), CASES, ids=lambda v: v.stem if v in FILES else v)
def test_a_baseline_gives_the_same_predictions_twice(path: Path, form: str) -> None:
    train, dev, test = (read(split)[:20] for split in ("train", "dev", "test"))
    once, again = (run(path, FORMS[form], train, dev, test) for _ in range(2))

    assert [jsonl.encode(p) for p in once] == [jsonl.encode(p) for p in again]
    assert score(FORMS[form], test, once, resamples=10).missing == []


@pytest.mark.parametrize(("path", "form"), CASES, ids=lambda v: v.stem if v in FILES else v)
def test_a_baseline_survives_texts_unlike_its_training(path: Path, form: str) -> None:
    """Odd characters, no words, all capitals."""
    texts = ("Wow!", "A😀, “b” — 1,200–1.300?", "X" * 300)
    odd = [plain(text, doc_id=f"odd-{i}") for i, text in enumerate(texts)]
    train, dev = read("train")[:6], read("dev")[:3]
    assert len(run(path, FORMS[form], train, dev, odd)) == len(odd)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_baseline_is_one_self_contained_file(path: Path) -> None:
    """It imports the package by its public front, and no other file of the folder."""
    names = {file.stem for file in FILES}
    assert ast.get_docstring(TREES[path])
    assert "What it is not" in (ast.get_docstring(TREES[path]) or "").replace("\n", " ")
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.ImportFrom):
            assert node.module not in names
            inner = (node.module or "").startswith("counterclaim.")
            assert not inner or node.module == "counterclaim.anchor"


def test_a_baseline_is_refused_for_a_task_it_is_not_for() -> None:
    with pytest.raises(ModelError, match="is for spans; found the task places"):
        run(FOLDER / "crf.py", TASKS["places"], [], [], [])


def headline(name: str, form: str, corpus_name: str = "desk") -> float:
    """As committed; `test_results` repeats it."""
    path = FOLDER / "results" / corpus_name / form.replace("/", "-") / f"{name}.json"
    return float(json.loads(path.read_bytes())["headline"]["value"])


@cache
def predicted(name: str, form: str) -> list[Prediction]:
    train, dev, test = (read(split) for split in ("train", "dev", "test"))
    return run(FOLDER / f"{name}.py", FORMS[form], train, dev, test)


@pytest.mark.parametrize(
    ("better", "worse", "form"),
    [
        ("random_prior", "majority", "sentences"),
        ("lexicon", "random_prior", "sentences"),
        ("tfidf_logreg", "random_prior", "sentences"),
        ("tfidf_svm", "random_prior", "sentences"),
        *(("lexicon", "random_prior", form) for form in FORMS if form != "sentences"),
        ("crf", "lexicon", "spans"),
        ("pairs_logreg", "majority", "links/gold"),
        ("geonames", "lexicon", "places/gold"),
    ],
)
def test_a_baseline_is_above_what_it_has_to_beat(better: str, worse: str, form: str) -> None:
    assert headline(better, form) > headline(worse, form)


ALTERNATIVES = FOLDER.parent / "benchmarks" / "alternatives"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("better", "alternative", "form", "name"),
    [
        *(("lexicon", "keywords", "sentences", name) for name in CORPORA),
        *(("tfidf_logreg", "default_tfidf", "sentences", name) for name in CORPORA),
        *(("tfidf_svm", "default_tfidf", "sentences", name) for name in CORPORA),
        ("crf", "word_crf", "spans", "wire"),
    ],
)
def test_a_baseline_is_above_what_a_user_would_pick_instead(
    better: str, alternative: str, form: str, name: str, request: pytest.FixtureRequest
) -> None:
    if name == "wire":
        request.getfixturevalue("hydrated")
    train, dev, test = (corpus.hydrated(split, name) for split in ("train", "dev", "test"))
    instead = run(ALTERNATIVES / f"{alternative}.py", FORMS[form], train, dev, test)
    found = score(FORMS[form], test, instead, resamples=5).headline.value
    assert headline(better, form, name) > found + 0.02


def written(name: str, form: str, folder: Path) -> str:
    path = folder / f"{name}.jsonl"
    jsonl.write_records(path, predicted(name, form))
    return str(path)


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (("lexicon", "tfidf_logreg", "tfidf_svm"), "sentences"),
        (("tfidf_logreg", "tfidf_svm"), "sentences"),
        (("lexicon", "random_prior", "lexicon"), "spans"),
    ],
)
def test_votes_of_runs_are_counted(names: tuple[str, ...], form: str, tmp_path: Path) -> None:
    """A label or span is given if more than half of the runs have it."""
    runs = ",".join(written(name, form, tmp_path) for name in names)
    test = read("test")
    path = FOLDER / "ensemble.py"
    voted = run(path, FORMS[form], [], [], test, options={"runs": runs})
    both = [predicted(name, form) for name in names]
    if form == "spans":  # two of three are the same
        found = score(FORMS[form], test, voted, resamples=5).headline.value
        assert found == headline("lexicon", form)
        return
    for number, document in enumerate(test):
        labels = [predicted_sentence_labels(document, votes[number]) for votes in both]
        for i, given in enumerate(predicted_sentence_labels(document, voted[number])):
            for label in LABELS:
                count = sum(label in each[i] for each in labels)
                assert (label in given) == (2 * count > len(names))
    if len(names) == 2:
        scores = [votes[0].sentence_scores[0]["denial"] for votes in both]  # type: ignore[index]
        assert voted[0].sentence_scores[0]["denial"] == pytest.approx(sum(scores) / 2)  # type: ignore[index]


def test_a_denial_is_one_whether_or_not_a_run_has_its_cue(tmp_path: Path) -> None:
    """What is compared in this task is its content."""
    test = read("test")
    whole = [Prediction(d.doc_id, **{layer: getattr(d, layer) for layer in LAYERS}) for d in test]
    bare = [
        replace(p, denials=tuple(replace(d, cue=None) if d.content else d for d in p.denials or ()))
        for p in whole
    ]
    for name, rows in (("whole", whole), ("bare", bare)):
        jsonl.write_records(tmp_path / f"{name}.jsonl", rows)
    runs = f"{tmp_path / 'whole.jsonl'},{tmp_path / 'bare.jsonl'}"
    voted = run(FOLDER / "ensemble.py", FORMS["spans"], [], [], test, options={"runs": runs})
    assert score(FORMS["spans"], test, voted, resamples=5).headline.value == 1


def test_records_vote_for_the_labels_of_their_sentences(tmp_path: Path) -> None:
    """A denial for that of its cue, wherever its content is."""
    test = read("test")
    rows = [Prediction(d.doc_id, **{layer: getattr(d, layer) for layer in LAYERS}) for d in test]
    jsonl.write_records(tmp_path / "gold.jsonl", rows)
    runs = ",".join([str(tmp_path / "gold.jsonl")] * 2)
    voted = run(FOLDER / "ensemble.py", FORMS["sentences"], [], [], test, options={"runs": runs})
    assert score(FORMS["sentences"], test, voted, resamples=5).headline.value == 1


def test_signs_that_are_digits_and_no_numbers_are_read() -> None:
    """Of footnotes, and in circles."""
    text = "Rebels killed ²³ men. The note¹ said ① soldier and 3 rebels died."
    found = run(FOLDER / "lexicon.py", FORMS["casualties"], [], [], [plain(text, (0, len(text)))])
    assert {casualty.low for casualty in found[0].casualties or ()} == {3}


def test_the_middle_of_a_country_is_in_it() -> None:
    """Though it goes on beyond 180 degrees: Russia from 20 east to 170 west has it at 105 east."""
    middle = runpy.run_path(str(FOLDER / "geonames.py"))["_middle_longitude"]
    assert middle([20.0, 105.0, 180.0, -170.0]) == 105
    assert middle([177.0, -178.0]) == 179.5
    assert middle([-124.0, -100.0, -67.0]) == -95.5
    assert middle([7.0]) == 7


def claims(document: Document) -> Prediction:
    accusations, denials = document.accusations, document.denials
    return Prediction(document.doc_id, accusations=accusations, denials=denials)


def test_pairs_need_mentions_of_all_documents(tmp_path: Path) -> None:
    """Of a task that asks for less than a whole record, too."""
    train, dev, test = (read(split)[:20] for split in ("train", "dev", "test"))
    rows = [msgspec.to_builtins(claims(document)) for document in test[1:]]
    for row in rows:
        for record in row["accusations"]:
            del record["cue"]
    jsonl.write_records(tmp_path / "mentions.jsonl", rows)
    with pytest.raises(ModelError, match=f"no prediction for {test[0].doc_id}; expected all"):
        run(
            FOLDER / "pairs_logreg.py", FORMS["links"], train, dev, test,
            options={"mentions": str(tmp_path / "mentions.jsonl")},
        )  # fmt: skip


def test_an_ensemble_needs_runs_of_all_documents(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="fewer than two runs"):
        run(FOLDER / "ensemble.py", FORMS["spans"], [], [], read("test"))
    runs = written("lexicon", "spans", tmp_path)
    with pytest.raises(ModelError, match=r"no prediction for desk-0001"):
        run(
            FOLDER / "ensemble.py", FORMS["spans"], [], [], read("train"),
            options={"runs": f"{runs},{runs}"},
        )  # fmt: skip
