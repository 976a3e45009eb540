"""Types, fields and enumerations of a line, of its document and of each of its records."""

from collections.abc import Iterator
from typing import Any

import msgspec

from counterclaim.model import LAYER_TYPES, LAYERS, Document
from counterclaim.validate.documents import Finding


def check_schema(value: dict[str, Any]) -> Iterator[Finding]:
    """Yield what of an object is no document, each record by itself."""
    layers = {name: value.get(name, []) for name in LAYERS}
    yield from _convert({**value, **{name: [] for name in LAYERS}}, Document, "")
    for name, records in layers.items():
        if not isinstance(records, list):
            yield "type", f" {name}", f"{records!r:.60}", "a list of records"
            continue
        for i, record in enumerate(records):
            key = record.get("id") if isinstance(record, dict) else None
            yield from _convert(record, LAYER_TYPES[name], f"/{key or f'{name}[{i}]'}")


def _convert(value: Any, kind: type, place: str) -> Iterator[Finding]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        field = path.strip("`").removeprefix("$").removeprefix(".")
        place = f"{place} {field}" if field else place
        for begin, rule, expected in (
            ("Invalid enum value", "enumeration", "a value of the closed enumeration"),
            ("Object missing", "missing-field", "all fields of the record"),
            ("Object contains unknown", "unknown-field", "only fields of the record"),
        ):
            if message.startswith(begin):
                yield rule, place, f"{message:.200}", expected
                return
        expected, _, found = message.partition(", got ")
        yield "type", place, found.strip("`") or message, expected.removeprefix("Expected ")
