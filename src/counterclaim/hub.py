"""The corpora as Hugging Face data sets.

`load_dataset("<checkout>/data", name)` reads the same files with no code of ours, by the
features that the card declares. `load` gives the same rows without the library's cache,
which would not notice an edited file, and can add hydrated texts.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from counterclaim import corpus as data
from counterclaim import jsonl
from counterclaim.errors import DataError
from counterclaim.model import SPLITS, Document, Split, sentence_labels

if TYPE_CHECKING:
    from datasets import DatasetDict, Features

# Hugging Face calls the development split "validation".
HF_SPLITS: dict[Split, str] = {"train": "train", "dev": "validation", "test": "test"}
CONTRAST = "contrast-{}"
# Flat questions with one answer; those with choices have its number.
QUESTIONS = ("claim_type", "casualty_count", "contested")
FILES: dict[str, dict[Split, str]] = {
    "documents": {split: f"desk/{split}.jsonl" for split in SPLITS},
    "sentences": {split: f"desk/sentences/{split}.jsonl" for split in SPLITS},
    "wire": {split: f"wire/{split}.jsonl" for split in SPLITS},
    **{CONTRAST.format(name): {"test": f"contrast/{name}.jsonl"} for name in data.CONTRASTS},
    **{name: {"test": f"questions/{name}.jsonl"} for name in QUESTIONS},
}
NAMES = tuple(FILES)


def load(name: str = "documents", *, corpus: str = "desk") -> "DatasetDict":
    """Load a data set with its splits, most often train, validation and test.

    Args:
        name: "documents", one row each with all layers; "sentences", one row each with
            its labels; "wire", which is "documents" of the corpus wire; with a test split
            alone, a contrast set such as "contrast-casing", which is "documents", or
            questions such as "claim_type".
        corpus: "desk", "wire" or "all". Wire texts are there once they have been
            hydrated, else None.

    Raises:
        DataError: No such data set or corpus.
    """
    if name not in NAMES:
        raise DataError(f"data set {name!r}; expected one of {', '.join(NAMES)}")
    from datasets import Dataset, DatasetDict, NamedSplit  # late: takes over a second

    if name == "wire":
        name, corpus = "documents", "wire"
    declared = features(name)
    return DatasetDict(
        {
            HF_SPLITS[split]: Dataset.from_list(
                list(rows(name, split, corpus=corpus)),
                features=declared,
                split=NamedSplit(HF_SPLITS[split]),
            )
            for split in FILES[name]
        }
    )


def rows(name: str, split: str, *, corpus: str = "desk") -> Iterator[dict[str, Any]]:
    """Yield the rows of a data set as plain values; `date` is a `datetime.date` or None."""
    if name in QUESTIONS:
        for _, row in jsonl.read_records(data.data_dir() / FILES[name]["test"], dict):
            yield {**row, "date": row["date"] and date.fromisoformat(row["date"])}
        return
    contrast = name.removeprefix(CONTRAST.format(""))
    for document in (
        data.contrast(contrast) if contrast != name else data.read(split, corpus=corpus)
    ):
        day = document.date and date.fromisoformat(document.date)
        if name == "sentences":
            for row in sentence_rows(document):
                yield {**row, "date": day}
        else:
            yield {**msgspec.to_builtins(document), "date": day}


def sentence_rows(document: Document) -> Iterator[dict[str, Any]]:
    """Yield one row for each sentence of a document; `text` is None if not hydrated."""
    texts: list[str] | list[None] = document.sentence_texts or [None] * len(document.sentences)
    for number, (span, text, labels) in enumerate(
        zip(document.sentences, texts, sentence_labels(document), strict=True)
    ):
        yield {
            "doc_id": document.doc_id,
            "sentence": number,
            "text": text,
            "labels": labels,
            "start": span.start,
            "end": span.end,
            **about(document),
        }


def about(document: Document) -> dict[str, Any]:
    """What a row of a part of a document says of the whole."""
    return {
        "date": document.date,
        "corpus": document.corpus,
        "conflict": document.conflict,
        "event": document.event,
        "genre": document.genre,
        "split": document.split,
        "note": document.source.note or None,
    }


def features(name: str) -> "Features":
    """The declared features of a data set, as in the card."""
    from datasets import Features, List, Value

    string, integer, number = Value("string"), Value("int32"), Value("float64")
    # As a string a full date would come back from JSON lines as a time stamp.
    day = Value("date32")
    span = {"start": integer, "end": integer}
    origin = {"repository": string, "path": string, "key": string, "url": string}
    described = {
        "date": day,
        "corpus": string,
        "conflict": string,
        "event": string,
        "genre": string,
        "split": string,
    }
    if name == "sentences":
        return Features(
            {
                "doc_id": string,
                "sentence": integer,
                "text": string,
                "labels": List(string),
                **span,
                **described,
                "note": string,
            }
        )
    if name in QUESTIONS:
        choices = {} if name == "casualty_count" else {"choices": List(string)}
        asked = {"id": string, "doc_id": string, "question": string}
        return Features({**asked, **choices, "answer": integer, **described, "note": string})
    said = {"source": span, "source_actor": string}
    accusation = {
        "id": string,
        "cue": span,
        "content": span,
        **said,
        "target": span,
        "target_actor": string,
        "act": string,
        "claim": string,
    }
    denial = {
        "id": string,
        "cue": span,
        "content": span,
        **said,
        "answers": List(string),
        "scope": string,
    }
    casualty = {
        "id": string,
        "mention": span,
        "outcome": string,
        "low": integer,
        "high": integer,
        "modifier": string,
        "group": string,
        "side": string,
        **said,
        "incident": string,
    }
    location = {
        "id": string,
        "mention": span,
        "name": string,
        "country": string,
        "lat": number,
        "lon": number,
        "role": string,
        "precision": string,
    }
    return Features(
        {
            "doc_id": string,
            "text": string,
            "title": string,
            **described,
            "source": {**origin, "licence": string, "note": string},
            "sha256": string,
            "guidelines": string,
            "sentences": List(span),
            "accusations": List(accusation),
            "denials": List(denial),
            "casualties": List(casualty),
            "locations": List(location),
        }
    )


def card_metadata(folder: Path, version: str) -> dict[str, Any]:
    """The part of the card's YAML that declares files, features and sizes.

    The library keys its cache by this YAML and the folder's name, not by the files. So a
    fingerprint of the files is part of it: whoever loads corrected data gets them.

    Args:
        folder: The data folder.
        version: Version of the data.
    """
    configs: list[dict[str, Any]] = []
    info: list[dict[str, Any]] = []
    for name, paths in FILES.items():
        files = [folder / path for path in paths.values()]
        configs.append(
            {
                "config_name": name,
                "version": version,
                "description": f"files {data.fingerprint(files)}",
                "data_files": [
                    {"split": HF_SPLITS[split], "path": path} for split, path in paths.items()
                ],
            }
        )
        sizes = [len(list(jsonl.iter_objects(file))) for file in files]
        info.append(
            {
                "config_name": name,
                "features": features(name)._to_yaml_list(),
                "splits": [
                    # Without num_bytes the library calls the list malformed; it checks rows.
                    {"name": HF_SPLITS[split], "num_bytes": 0, "num_examples": size}
                    for split, size in zip(paths, sizes, strict=True)
                ],
            }
        )
    configs[0]["default"] = True
    return {"configs": configs, "dataset_info": info}
