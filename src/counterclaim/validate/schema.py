"""Types, fields and enumerations of a line, of its document and of each of its records."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from counterclaim.model import LAYER_TYPES, LAYERS, Document
from counterclaim.validate.documents import Finding


def check_schema(value: dict[str, Any]) -> Iterator[Finding]:
    """Yield what of an object is no document: every field of it and of its records."""
    yield from _fields({**value, **{name: [] for name in LAYERS}}, Document, "")
    for name in LAYERS:
        records = value.get(name, [])
        if not isinstance(records, list):
            yield "type", f" {name}", f"{records!r:.60}", "a list of records"
            continue
        for i, record in enumerate(records):
            place = f"/{name}[{i}]"
            if not isinstance(record, dict):
                yield "type", place, f"{record!r:.60}", "an object"
                continue
            if isinstance(record.get("id"), str):
                place = f"/{record['id']}"
            yield from _fields(record, LAYER_TYPES[name], place)


def _fields(value: dict[str, Any], kind: type[msgspec.Struct], place: str) -> Iterator[Finding]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for name in sorted(value.keys() - fields.keys()):
        yield "unknown-field", f"{place} {name}", "a field", f"only {', '.join(fields)}"
    for name, field in fields.items():
        if name not in value:
            if field.required:
                yield "missing-field", f"{place} {name}", "nothing", "this field"
            continue
        try:
            msgspec.convert(value[name], field.type)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at ")
            inside = f"{place} {name}{path.strip('`').removeprefix('$')}"
            if message.startswith("Invalid enum value"):
                values = ", ".join(map(str, get_args(field.type)))
                yield "enumeration", inside, f"{message.partition(' value ')[2]:.80}", values
                continue
            expected, _, found = message.partition(", got ")
            rule = {"Object missing": "missing-field", "Object contains": "unknown-field"}
            kind_of = next((r for begin, r in rule.items() if message.startswith(begin)), "type")
            yield kind_of, inside, found.strip("`") or message, expected.removeprefix("Expected ")
