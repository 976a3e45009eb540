"""Rules that one document keeps or breaks by itself."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from counterclaim.model import GUIDELINES_VERSION, LAYERS, SPAN_FIELDS, Document, Span, text_hash

Finding = tuple[str, str, str, str]
"""A rule's id, the record and field, what was found, what was expected."""

LICENCES = {
    "CC-BY-4.0",
    "CC-BY-2.5",
    "CC-BY-NC-3.0",
    "CC-BY-SA-3.0",
    "OGL-UK-3.0",
    "LicenseRef-FBIS",
    "LicenseRef-US-Government",
    "LicenseRef-Proprietary",
}
# ISO 3166-1 alpha-2, officially assigned.
COUNTRIES = set(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
    DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS
    GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
    VN VU WF WS YE YT ZA ZM ZW
    """.split()
)
MOST = 10**10  # more people than there are
_QUOTATION_MARKS = "\"“”„«»'‘’"


def validate_document(document: Document) -> Iterator[Finding]:
    """Check one record by itself; yields rule, place, what was found, what was expected."""
    for check in _CHECKS:
        yield from check(document)


def _check_strings(document: Document) -> Iterator[Finding]:
    named = [(f" {f}", getattr(document, f)) for f in ("doc_id", "conflict", "event")]
    for layer in LAYERS:
        for record in getattr(document, layer):
            for field in (
                "id",
                "source_actor",
                "target_actor",
                "claim",
                "side",
                "incident",
                "name",
            ):
                named.append((f"/{record.id} {field}", getattr(record, field, None)))
    for place, value in named:
        if value is not None and (not value or value != value.strip()):
            yield "empty-string", place, repr(value), "a name, or null where the field allows it"


def _check_document(document: Document) -> Iterator[Finding]:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", document.doc_id):
        yield "doc-id", "", repr(document.doc_id), "lower case letters, digits and single hyphens"
    if document.date is not None:
        try:
            is_date = date.fromisoformat(document.date).isoformat() == document.date
        except ValueError:
            is_date = False
        if not is_date:
            yield "date", " date", repr(document.date), "YYYY-MM-DD or null"
    source = document.source
    if document.corpus != "own" and source.licence not in LICENCES:
        yield "licence", " source.licence", repr(source.licence), f"one of {sorted(LICENCES)}"
    if document.corpus != "wire" and document.text is None:
        yield "source", " text", "null", f"the text of a document of {document.corpus}"
    if document.corpus == "wire" and not (
        source.path and (source.repository is None) == (source.key is None)
    ):
        yield "source", " source", repr(source), "a path, and repository and key both or neither"
    if document.guidelines != GUIDELINES_VERSION:
        yield "guidelines", " guidelines", repr(document.guidelines), repr(GUIDELINES_VERSION)


def _check_hash(document: Document) -> Iterator[Finding]:
    if not re.fullmatch(r"[0-9a-f]{64}", document.sha256):
        yield "hash", " sha256", repr(document.sha256), "64 hexadecimal digits"
    elif document.text is not None:
        actual = text_hash(document.text)
        if actual != document.sha256:
            yield "hash", " sha256", document.sha256[:12], f"{actual[:12]}, the hash of the text"


def _check_sentences(document: Document) -> Iterator[Finding]:
    text, end = document.text, 0
    if not document.sentences:
        yield "sentence-cover", " sentences", "none", "at least one sentence"
    for i, sentence in enumerate(document.sentences):
        place = f" sentences[{i}]"
        if problem := _outside(sentence, len(text) if text is not None else None):
            yield "sentence-span", place, *problem
            continue
        if sentence.start < end:
            yield "sentence-order", place, f"starts at {sentence.start}", f"at least {end}"
            continue
        if text is not None:
            words = text[sentence.start : sentence.end]
            if words != words.strip():
                yield "sentence-span", place, repr(words[:20]), "no white space at its ends"
            if text[end : sentence.start].strip():
                yield "sentence-cover", place, repr(text[end : sentence.start][:40]), "white space"
        end = sentence.end
    if text is not None and text[end:].strip():
        yield "sentence-cover", " sentences", repr(text[end:][:40]), "white space after the last"


def _outside(span: Span, length: int | None) -> tuple[str, str] | None:
    """What is wrong with a span's offsets, and what was expected."""
    if not 0 <= span.start < span.end:
        return f"{span.start}-{span.end}", "0 <= start < end"
    if length is not None and span.end > length:
        expected = f"an end of at most {length}, the length of the text in code points"
        return f"{span.start}-{span.end}", expected
    return None


def _check_spans(document: Document) -> Iterator[Finding]:
    text = document.text
    if text is not None and counts_utf16(text, [span for _, _, span in _spans(document)]):
        # All its spans are off: to list each would hide the one reason.
        yield "span-utf16", "", "offsets that fit as UTF-16 units", "offsets in code points"
        return
    # Without the text, its length is where the last sentence ends, or a little more.
    ends = [sentence.end for sentence in document.sentences]
    length = max(ends, default=0) if text is None else len(text)
    for place, field, span in _spans(document):
        if problem := _outside(span, length):
            yield "span-offsets", place, *problem
            continue
        if not any(s.start <= span.start and span.end <= s.end for s in document.sentences):
            yield "span-sentence", place, f"{span.start}-{span.end}", "a span inside one sentence"
        if text is None:
            continue
        words = text[span.start : span.end]
        if _cuts_words(text, span):
            yield "span-words", place, repr(words), "whole words without white space at the ends"
        if field == "content" and _is_quoted(words):
            yield "span-quotes", place, repr(words), "no quotation marks at the ends"


def _cuts_words(text: str, span: Span) -> bool:
    words = text[span.start : span.end]
    edges = text[max(0, span.start - 1) : span.start + 1], text[span.end - 1 : span.end + 1]
    return words != words.strip() or any(re.fullmatch(r"\w\w", edge) for edge in edges)


def counts_utf16(text: str, spans: Sequence[Span]) -> bool:
    """Whether offsets count UTF-16 units, as they do in JavaScript and Java.

    They do if some span cuts a word or leaves the text when read as code points, and none
    does when read as UTF-16 units. A text without characters beyond U+FFFF tells nothing.
    """
    if text.isascii() or not any(character > "\uffff" for character in text):
        return False
    point_of = {}
    unit = 0
    for point, character in enumerate(text):
        point_of[unit] = point
        unit += 1 + (character > "\uffff")
    point_of[unit] = len(text)

    def fits(start: int | None, end: int | None) -> bool:
        if start is None or end is None or not 0 <= start < end <= len(text):
            return False
        return not _cuts_words(text, Span(start, end))

    return any(not fits(s.start, s.end) for s in spans) and all(
        fits(point_of.get(s.start), point_of.get(s.end)) for s in spans
    )


def _is_quoted(words: str) -> bool:
    first = words[0] in _QUOTATION_MARKS and not any(c in _QUOTATION_MARKS for c in words[1:])
    last = words[-1] in _QUOTATION_MARKS and not any(c in _QUOTATION_MARKS for c in words[:-1])
    inside = words[1:-1]
    both = (
        len(words) > 1
        and words[0] in _QUOTATION_MARKS
        and words[-1] in _QUOTATION_MARKS
        and not any(c in _QUOTATION_MARKS for c in inside)
    )
    return first or (last and words[-1] not in "'’") or both


def _spans(document: Document) -> Iterator[tuple[str, str, Span]]:
    for layer in LAYERS:
        for record in getattr(document, layer):
            for field in SPAN_FIELDS[layer]:
                if (span := getattr(record, field)) is not None:
                    yield f"/{record.id} {field}", field, span


def _check_records(document: Document) -> Iterator[Finding]:
    records = [record for layer in LAYERS for record in getattr(document, layer)]
    for key, count in Counter(record.id for record in records).items():
        if count > 1:
            yield "record-id", f"/{key}", f"{count} records", "one record with this id"
    seen: dict[Any, str] = {}
    for record in records:
        fields = tuple(getattr(record, f) for f in record.__struct_fields__ if f != "id")
        first = seen.setdefault((type(record), fields), record.id)
        if first != record.id:
            yield "repeated-record", f"/{record.id}", f"the same as {first}", "one record"
    said: list[Any] = [*document.accusations, *document.denials, *document.casualties]
    for record in said:
        if (record.source is None) != (record.source_actor is None):
            found = f"source {'null' if record.source is None else 'given'}"
            yield (
                "source-actor",
                f"/{record.id} source_actor",
                (f"{found}, source_actor {record.source_actor!r}"),
                "both or neither",
            )


def _check_claims(document: Document) -> Iterator[Finding]:
    claims: dict[str, tuple[str, tuple[str | None, ...]]] = {}
    for accusation in document.accusations:
        sides = (accusation.source_actor, accusation.target_actor, accusation.act)
        first, expected = claims.setdefault(accusation.claim, (accusation.id, sides))
        if sides != expected:
            place = f"/{accusation.id} claim"
            yield (
                "claim-sides",
                place,
                f"{sides}",
                f"{expected} as in {first} of {accusation.claim}",
            )
        if sides[0] is not None and sides[0] == sides[1]:
            yield "self-accusation", f"/{accusation.id}", f"{sides[0]!r} twice", "two sides"
    accusations = {accusation.id for accusation in document.accusations}
    for denial in document.denials:
        if denial.cue is None and denial.content is None:
            yield "denial-span", f"/{denial.id}", "neither cue nor content", "one of the two"
        place = f"/{denial.id} answers"
        for key in sorted(set(denial.answers) - accusations):
            yield "answers", place, repr(key), f"an accusation id of {sorted(accusations)}"
        if len(set(denial.answers)) < len(denial.answers):
            yield "answers", place, f"{list(denial.answers)}", "each accusation once"
        if denial.scope == "figure" and denial.answers:
            yield "answers", place, f"{list(denial.answers)}", "none, where a figure is denied"


def _check_casualties(document: Document) -> Iterator[Finding]:
    for casualty in document.casualties:
        low, high, place = casualty.low, casualty.high, f"/{casualty.id}"
        found = f"low {low}, high {high}"
        if low is None and high is None:
            yield "bounds", place, found, "at least one bound"
        elif any(bound is not None and not 0 <= bound <= MOST for bound in (low, high)):
            yield "bounds", place, f"{found:.80}", f"0 to {MOST}"
        elif low is not None and high is not None and low > high:
            yield "bounds", place, found, "low <= high"
        elif not _MODIFIER_FITS[casualty.modifier](low, high):
            yield (
                "modifier",
                place,
                f"{casualty.modifier} with {found}",
                "exact or about: low = high; at_least: no high; at_most: no low; range: low < high",
            )


_MODIFIER_FITS: dict[str, Callable[[int | None, int | None], bool]] = {
    "exact": lambda low, high: low == high,
    "about": lambda low, high: low == high,
    "at_least": lambda low, high: high is None,
    "at_most": lambda low, high: low is None,
    "range": lambda low, high: low is not None and high is not None and low < high,
    "vague": lambda low, high: True,
}


def _check_places(document: Document) -> Iterator[Finding]:
    for location in document.locations:
        lat, lon, place = location.lat, location.lon, f"/{location.id}"
        if (lat is None) != (lon is None):
            yield "coordinates", place, f"lat {lat}, lon {lon}", "both or neither"
        elif lat is not None and lon is not None and not (-90 <= lat <= 90 and -180 <= lon <= 180):
            yield "coordinates", place, f"lat {lat}, lon {lon}", "-90 to 90 and -180 to 180 degrees"
        if location.country is not None and location.country not in COUNTRIES:
            yield (
                "country",
                f"{place} country",
                repr(location.country),
                "ISO 3166-1 alpha-2 or null",
            )


_CHECKS: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    _check_document,
    _check_strings,
    _check_hash,
    _check_sentences,
    _check_spans,
    _check_records,
    _check_claims,
    _check_casualties,
    _check_places,
)
