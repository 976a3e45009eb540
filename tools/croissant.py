"""The Croissant description of the data, for `mlcroissant` and whoever indexes data sets.

Files, fields and splits come from what `counterclaim.hub` declares, the words about how the
data came about (the RAI fields) from the card, so that neither is told twice. A record
set is one split of one data set, such as "documents/train"; its file has a SHA-256.

What `mlcroissant` 1.1 needs in order to read records and not only to accept the file: JSON
lines are read as columns, so a nested value is a column and a JSON path in it, never an
`extract` by JSON path; and it gives fields inside fields for one level, so that the start
of an accusation's cue is the field "cue/start" of the accusation. It reads a column of
text that is all digits as numbers, so that "007" comes back as "7": a test compares all.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from counterclaim import hub

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
TYPES = {
    "string": "sc:Text",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "float64": "sc:Float",
    "date32": "sc:Date",
    "bool": "sc:Boolean",
}
LICENCES = {"cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/"}
# Which sections of the card a field is made of.
SECTIONS = {
    "rai:dataCollection": ("desk", "wire"),
    "rai:dataPreprocessingProtocol": ("Splits",),
    "rai:dataManipulationProtocol": ("Contrast sets",),
    "rai:dataAnnotationProtocol": ("How the gold was made",),
    "rai:annotatorDemographics": ("Annotators",),
    "rai:machineAnnotationTools": ("Annotators",),
    "rai:dataAnnotationAnalysis": ("Blind re-check",),
    "rai:dataUseCases": ("Uses",),
    "rai:dataBiases": ("Biases",),
    "rai:dataLimitations": ("Limits",),
    "rai:personalSensitiveInformation": ("Persons",),
    "rai:dataReleaseMaintenancePlan": ("Errors",),
}
# Of these the vocabulary has one text each; of the others a list.
SINGLE = ("rai:dataCollection", "rai:dataManipulationProtocol", "rai:dataReleaseMaintenancePlan")


def describe(folder: Path, citation: Path, head: dict[str, Any], version: str) -> str:
    """The description as the text of a JSON file.

    Args:
        folder: The data folder: its files are hashed, its card is quoted.
        citation: CITATION.cff, which says who made the data and since when it is out.
        head: Licence, languages and tags as the card's head has them.
        version: Version of the data.
    """
    cited = yaml.safe_load(citation.read_text(encoding="utf-8"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    authors = [author["name"] for author in cited["authors"]]
    paths = [path for files in hub.FILES.values() for path in files.values()]
    description = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.0",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": head["pretty_name"],
        "description": " ".join(paragraphs(card, "Counterclaim: data card")[:1]),
        "creator": [{"@type": "sc:Organization", "name": name} for name in authors],
        "license": LICENCES[head["license"]],
        "inLanguage": head["language"],
        "keywords": head["tags"],
        "version": version,
        "datePublished": str(cited["date-released"]),
        "citeAs": cite(cited, authors, version),
        **responsible(card),
        "distribution": [file_object(folder, path) for path in paths],
        "recordSet": [
            record_set(name, hub.HF_SPLITS[split], path)
            for name, files in hub.FILES.items()
            for split, path in files.items()
        ],
    }
    return json.dumps(description, indent=1, ensure_ascii=False) + "\n"


def cite(cited: dict[str, Any], authors: list[str], version: str) -> str:
    """The citation in BibTeX, of which Croissant is fond."""
    fields = {
        "title": f"{{{cited['title']}}}",
        "author": " and ".join(f"{{{name}}}" for name in authors),
        "year": str(cited["date-released"])[:4],
        "version": version,
    }
    return f"@misc{{counterclaim, {', '.join(f'{k} = {{{v}}}' for k, v in fields.items())}}}"


def responsible(card: str) -> dict[str, str | list[str]]:
    """The fields of responsible AI: what the card says under the headings of `SECTIONS`."""
    found: dict[str, str | list[str]] = {}
    for key, headings in SECTIONS.items():
        texts = [text for heading in headings for text in paragraphs(card, heading)]
        found[key] = "\n\n".join(texts) if key in SINGLE else texts
    return found


def paragraphs(card: str, heading: str) -> list[str]:
    """What stands under a heading of the card, as plain text.

    A paragraph or an item of a list is one text. Left out are tables, and the sentences
    that only announce one.

    Raises:
        SystemExit: No such heading, or nothing under it.
    """
    _, found, rest = card.partition(f"# {heading}\n")
    body = re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    body = re.sub(r"<!-- (.+?) -->\n.*?<!-- /\1 -->\n", "", body, flags=re.DOTALL)
    texts = []
    for block in re.split(r"\n\n+|\n(?=- )", body):
        if block.lstrip().startswith("|"):
            continue
        text = " ".join(block.removeprefix("- ").split())
        text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).replace("**", "")
        sentences = re.split(r"(?<=\.) (?=[A-Z])", text)
        if sentences[-1].endswith(":"):
            del sentences[-1]
        texts.append(" ".join(sentences))
    texts = [text for text in texts if text]
    if not (found and texts):
        raise SystemExit(f"the card has nothing under the heading {heading!r}")
    return texts


def file_object(folder: Path, path: str) -> dict[str, Any]:
    """A file, by its path in the data folder."""
    content = (folder / path).read_bytes()
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{len(content)} B",
        "encodingFormat": "application/jsonlines",
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def record_set(name: str, split: str, path: str) -> dict[str, Any]:
    """A split of a data set, with its fields."""
    own = f"{name}/{split}"
    return {
        "@type": "cr:RecordSet",
        "@id": own,
        "name": own,
        "description": f"The split {split} of the data set {name}.",
        "field": [
            field(f"{own}/{column}", path, column, feature)
            for column, feature in hub.features(name).items()
        ],
    }


def field(own: str, path: str, column: str, feature: Any) -> dict[str, Any]:
    """A column of a file: a value, a list of values, an object, or a list of objects."""
    described: dict[str, Any] = {"@type": "cr:Field", "@id": own, "name": column}
    inner = getattr(feature, "feature", feature)
    if inner is not feature:
        described["repeated"] = True
    if not isinstance(inner, dict):
        return {**described, "dataType": TYPES[inner.dtype], "source": source(path, column)}
    described["source"] = source(path, column)
    described["subField"] = [
        {
            "@type": "cr:Field",
            "@id": f"{own}/{'/'.join(keys)}",
            "name": "/".join(keys),
            "dataType": TYPES[getattr(leaf, "feature", leaf).dtype],
            "source": source(path, column, keys),
        }
        for keys, leaf in leaves(inner)
    ]
    return described


def leaves(features: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The values inside an object with the keys that lead to them, however deep."""
    for key, feature in features.items():
        if isinstance(feature, dict):
            for keys, leaf in leaves(feature):
                yield (key, *keys), leaf
        else:
            yield (key,), feature


def source(path: str, column: str, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """Where a field is read: a column of a file, and what to take of its objects."""
    found: dict[str, Any] = {"fileObject": {"@id": path}, "extract": {"column": column}}
    return {**found, "transform": {"jsonPath": ".".join(keys)}} if keys else found
