"""The tasks of Counterclaim for Inspect AI; how to run them: `docs/harnesses.md`.

Each is asked document by document and scored over all of them, by Counterclaim's own scorer.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, ResponseSchema
from inspect_ai.scorer import (
    Metric,
    MetricProtocol,
    SampleScore,
    Score,
    Scorer,
    Target,
    metric,
    scorer,
)
from inspect_ai.solver import TaskState, generate
from inspect_ai.util import JSONSchema

from counterclaim.harness import exam
from counterclaim.prompting import response_format

PAGES = Path(__file__).resolve().parents[1] / "annotation_guidelines"


@task
def sentences(corpus: str = "desk", split: str = "test", structured: bool = True) -> Task:
    """Labels of sentences."""
    return _task("sentences", corpus, split, structured)


@task
def spans(corpus: str = "desk", split: str = "test", structured: bool = True) -> Task:
    """Spans of all four layers."""
    return _task("spans", corpus, split, structured)


@task
def claims(corpus: str = "desk", split: str = "test", structured: bool = True) -> Task:
    """Accusations and denials with their roles."""
    return _task("claims", corpus, split, structured)


@task
def links(corpus: str = "desk", split: str = "test", structured: bool = True) -> Task:
    """Which denial answers which accusation, end to end."""
    return _task("links", corpus, split, structured)


@task
def links_gold(corpus: str = "desk", split: str = "test", structured: bool = True) -> Task:
    """The same with given mentions."""
    return _task("links/gold", corpus, split, structured)


@task
def casualties(corpus: str = "desk", split: str = "test", structured: bool = True) -> Task:
    """How many were killed, wounded and so on, by whose count."""
    return _task("casualties", corpus, split, structured)


@task
def places(corpus: str = "desk", split: str = "test", structured: bool = True) -> Task:
    """Coordinates, country and role of places, end to end."""
    return _task("places", corpus, split, structured)


@task
def places_gold(corpus: str = "desk", split: str = "test", structured: bool = True) -> Task:
    """The same with given mentions."""
    return _task("places/gold", corpus, split, structured)


def _task(form: str, corpus: str, split: str, structured: bool) -> Task:
    """The schema goes with the requests, or into the message for providers that take none."""
    chosen = exam(form, corpus, split)
    system = ChatMessageSystem(content=chosen.instructions(PAGES, structured=structured))
    samples = [
        Sample(id=key, input=[system, ChatMessageUser(content=text)], target=chosen.target(key))
        for key, text in chosen.questions().items()
    ]
    wanted = response_format(chosen.task)["json_schema"]
    answer = ResponseSchema(
        name=wanted["name"],
        json_schema=JSONSchema.model_validate(wanted["schema"]),
        strict=wanted["strict"],
    )
    return Task(
        dataset=MemoryDataset(samples, name=f"counterclaim-{corpus}-{split}"),
        solver=generate(),
        scorer=by_counterclaim(form, corpus, split),
        config=GenerateConfig(temperature=0, response_schema=answer if structured else None),
    )


def _share(part: str, whole: str) -> MetricProtocol:
    """Part of the whole, both summed."""

    def share(scores: list[SampleScore]) -> float:
        given = _metadata(scores)
        total = sum(each[whole] for each in given)
        return sum(each[part] for each in given) / total if total else float("nan")

    return share


def _metadata(scores: Sequence[SampleScore]) -> list[dict[str, Any]]:
    return [each.score.metadata or {} for each in scores]


@metric
def headline() -> Metric:
    """The score that `counterclaim score` gives for the same predictions."""

    def over_all(scores: list[SampleScore]) -> float:
        given = _metadata(scores)
        first = given[0]
        chosen = exam(first["form"], first["corpus"], first["split"])
        return chosen.score(each["prediction"] for each in given)

    return over_all


@metric
def unparsed() -> Metric:
    """Share of answers that are no JSON; they count as empty output."""
    return _share("unparsed", "answers")


@metric
def left_out() -> Metric:
    """Share of records that do not fit the text; NaN if there are none."""
    return _share("left_out", "records")


@scorer(metrics=[headline(), unparsed(), left_out()])
def by_counterclaim(form: str, corpus: str, split: str) -> Scorer:
    """Read an answer; its value is only whether it can be read. Metrics are over all answers.

    Args:
        form: As for `counterclaim.harness.exam`.
        corpus: Likewise.
        split: Likewise.
    """
    chosen = exam(form, corpus, split)

    async def read(state: TaskState, target: Target) -> Score:
        reply = chosen.read(str(state.sample_id), state.output.completion)
        return Score(
            value=float(not reply.unparsed),
            answer=state.output.completion,
            metadata={
                "form": form,
                "corpus": corpus,
                "split": split,
                **reply._asdict(),
                "answers": 1,
            },
        )

    return read
