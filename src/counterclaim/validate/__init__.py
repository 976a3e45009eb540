"""What a careful reader would check in a data file, as rules with ids.

Every problem is found and reported; only the caller decides what is fatal. Rules of one
line come first (is it a record at all?), then rules of one document, then rules that
hold over all files given together.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from counterclaim import corpus, jsonl
from counterclaim.errors import DataError
from counterclaim.model import Document
from counterclaim.validate.collection import Located, Problem, check_collection
from counterclaim.validate.documents import validate_document
from counterclaim.validate.reading import read_documents, read_pass
from counterclaim.validate.schema import check_schema

__all__ = [
    "RULES",
    "Problem",
    "read_documents",
    "read_pass",
    "validate_document",
    "validate_files",
]

RULES = {
    "byte-order-mark": "A file begins without a byte-order mark.",
    "utf-8": "A line is UTF-8.",
    "line-end": "A line ends in LF alone.",
    "blank-line": "No line is blank.",
    "empty-file": "A file holds at least one record.",
    "json": "A line is one JSON object, without NaN or Infinity.",
    "repeated-key": "No key stands twice in one object.",
    "type": "Every field has its type.",
    "missing-field": "Every field without a default is there.",
    "unknown-field": "No field is there that the record does not know.",
    "enumeration": "A closed enumeration holds one of its values.",
    "empty-string": "Names, actors and keys are not empty and have no white space at their ends.",
    "doc-id": "A doc_id is lower case letters, digits and hyphens, and stands once.",
    "date": "A date is a full ISO date of the calendar.",
    "licence": "The licence of a text of desk or wire is a known one.",
    "source": "A wire document says where its text is; any other carries its text.",
    "guidelines": "A document names the version of the guidelines that it follows.",
    "hash": "sha256 is the hash of the text.",
    "sentence-span": "A sentence is not empty, lies in the text, has no white space at its ends.",
    "sentence-order": "Sentences stand in order and do not overlap.",
    "sentence-cover": "All text but white space lies in a sentence.",
    "span-offsets": "A span is not empty and lies inside the text.",
    "span-utf16": "Offsets count code points, not UTF-16 units.",
    "span-sentence": "A span lies inside one sentence.",
    "span-words": "A span begins and ends at word boundaries, without white space.",
    "denial-span": "A denial has a cue or a content, or both.",
    "span-quotes": "A content span has no quotation mark that opens or closes only its ends.",
    "record-id": "Record ids are unique in a document.",
    "repeated-record": "No record stands twice under two ids.",
    "claim-sides": "All mentions of a claim have the same source side, target side and act.",
    "source-actor": "A source has a side, and a side given as source has a source.",
    "self-accusation": "Source and target side of an accusation differ.",
    "answers": "A denial answers accusations of its document, each once; a denied figure none.",
    "bounds": "Bounds are not negative, low <= high, and not both are open.",
    "modifier": "The bounds fit the modifier.",
    "coordinates": "Latitude and longitude are both in range or both null.",
    "country": "A country is an ISO 3166-1 alpha-2 code.",
    "place": "Places of one name, country and precision have one pair of coordinates.",
    "event-split": "All documents of an event are in one split.",
    "near-duplicate": "No text stands in two splits, or nearly.",
}


def validate_files(paths: Iterable[Path | str]) -> list[Problem]:
    """Check data files, each by itself and all of them together.

    A stand-off record is checked with its text, where that has been hydrated.

    Raises:
        DataError: A file cannot be read at all; the problems of the others stand with it.
    """
    problems: list[Problem] = []
    unreadable: list[str] = []
    documents: list[Located] = []
    for path in paths:
        try:
            lines = list(jsonl.iter_objects(path))
        except DataError as error:
            unreadable.append(str(error))
            continue
        for line, value in lines:
            if isinstance(value, jsonl.LineError):
                problems.append(Problem(str(path), line, value.rule, "", value.message, ""))
                continue
            doc_id = value.get("doc_id")
            name = doc_id if isinstance(doc_id, str) else "?"
            found = list(check_schema(value))
            if not found:
                document = corpus.with_text(msgspec.convert(value, Document))
                documents.append(Located(str(path), line, document))
                found = list(validate_document(document))
            problems += [
                Problem(str(path), line, rule, f"{name}{place}", what, expected)
                for rule, place, what, expected in found
            ]
    problems += check_collection(documents)
    if unreadable:
        raise DataError("\n".join([*map(str, problems), *unreadable]))
    return problems
