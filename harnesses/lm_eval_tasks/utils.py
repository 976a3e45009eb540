"""The tasks of Counterclaim for lm-evaluation-harness; how to run them: `docs/harnesses.md`.

A task file here names a form of a task in `metadata.form`. What else can be chosen is given
by `--metadata`, such as '{"corpus": "wire", "structured": false}'.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from lm_eval.api.task import ConfigurableTask

from counterclaim.harness import Exam, exam
from counterclaim.prompting import response_format

PAGES = Path(__file__).parents[2] / "annotation_guidelines"
LONGEST = 8192  # tokens of an answer


class Counterclaim(ConfigurableTask):  # type: ignore[misc]
    """One form of a task, asked document by document and scored over all of them."""

    def __init__(self, config: Mapping[str, Any]):
        """Make the questions.

        Args:
            config: What the task file says. Of `metadata` are read `form`, `corpus` ("desk"),
                `split` ("test"), and `structured` (true): whether requests carry the JSON
                Schema of the answer, which only servers of the OpenAI protocol take. Else
                the schema stands in the message.
        """
        given = config["metadata"]
        chosen = exam(given["form"], given.get("corpus", "desk"), given.get("split", "test"))
        own = _settings(chosen, given.get("structured", True))
        super().__init__(config={k: v for k, v in config.items() if k != "class"} | own)


def _settings(chosen: Exam, structured: bool) -> dict[str, Any]:
    """The rest of the configuration.

    Functions, not methods: a copy of the configuration would copy the exam with a method.
    """

    def rows(**_: Any) -> dict[str, Dataset]:
        instructions = chosen.instructions(PAGES, structured=structured)
        return {
            "test": Dataset.from_list(
                [
                    {
                        "doc_id": key,
                        "instructions": instructions,
                        "question": question,
                    }
                    for key, question in chosen.questions().items()
                ]
            )
        }

    def results(doc: Mapping[str, Any], answers: Sequence[str]) -> dict[str, Any]:
        reply = chosen.read(doc["doc_id"], answers[0])
        return {
            # Under the headline's name, so that a log of samples has the prediction.
            chosen.headline: reply.prediction,
            "unparsed": (int(reply.unparsed), 1),
            "left_out": (reply.left_out, reply.records),
        }

    def headline(predictions: Sequence[Mapping[str, Any]]) -> float:
        return chosen.score(predictions)

    generation: dict[str, Any] = {"until": [], "temperature": 0, "max_gen_toks": LONGEST}
    if structured:
        generation["response_format"] = response_format(chosen.task)
    return {
        "output_type": "generate_until",
        "custom_dataset": rows,
        "test_split": "test",
        "description": "instructions",  # columns of the rows
        "doc_to_text": "question",
        "doc_to_target": lambda doc: chosen.target(doc["doc_id"]),
        "process_results": results,
        "generation_kwargs": generation,
        "metric_list": [
            {
                "metric": chosen.headline,
                "aggregation": headline,
                "higher_is_better": True,
            },
            {"metric": "unparsed", "aggregation": _share, "higher_is_better": False},
            {"metric": "left_out", "aggregation": _share, "higher_is_better": False},
        ],
    }


def _share(counts: Sequence[tuple[int, int]]) -> float:
    """Part of the whole, both summed; NaN if there is nothing."""
    part, whole = (sum(each) for each in zip(*counts, strict=True))
    return part / whole if whole else float("nan")
