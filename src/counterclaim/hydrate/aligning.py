"""Place the recorded spans in a text that differs from the recorded one.

Only hashes of the recorded sentences and spans are known. A sentence is placed where
its hash is found, in order; a sentence that has changed is what stands between its
neighbours, and each span in it has to be found there by its own hash. Whatever can be
placed in two ways is not placed: nothing is guessed.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence

from counterclaim.model import Span

HASH_DIGITS = 16  # 64 bits: no chance collision among the windows of a text


def span_hash(words: str) -> str:
    """The hash by which a span can be found again."""
    return hashlib.sha256(words.encode("utf-8")).hexdigest()[:HASH_DIGITS]


def align(
    hashes: Mapping[Span, str],
    sentences: Sequence[Span],
    annotated: Collection[Span],
    text: str,
) -> dict[Span, Span] | str:
    """Find the place of every recorded span in another version of its text.

    Args:
        hashes: The hash of every sentence and annotated span of the recorded text.
        sentences: The recorded sentences, in order.
        annotated: The annotated spans, each inside one sentence.
        text: The text to place them in.

    Returns:
        The span in `text` for each recorded span; or, as a string, why that fails.
    """
    placed = _place_sentences([hashes[s] for s in sentences], sentences, text)
    moves: dict[Span, Span] = {}
    for number, sentence in enumerate(sentences):
        place = placed[number]
        inside = [s for s in annotated if sentence.start <= s.start and s.end <= sentence.end]
        if place is not None:
            shift = place - sentence.start
            moves |= {s: Span(s.start + shift, s.end + shift) for s in (sentence, *inside)}
            continue
        region = _between(number, placed, sentences, text)
        if region is None:
            return f"sentence {number} is not there"
        for span in inside:
            length = span.end - span.start
            found = _windows(text, hashes[span], length, region.start, region.end)
            if len(found) != 1:
                return f"span {span.start}-{span.end} fits {len(found)} places"
            moves[span] = Span(found[0], found[0] + length)
        if reason := _displaced(inside, moves, text):
            return f"sentence {number}: {reason}"
        moves[sentence] = region
    return moves


def _displaced(spans: Sequence[Span], moves: Mapping[Span, Span], text: str) -> str | None:
    """Why spans found one by one are not where they were: other words, or another order.

    "Niger" is found inside "Nigeria", and in a sentence that exchanges accuser and accused
    both are found, each in the other's place.
    """
    for span in spans:
        start, end = moves[span].start, moves[span].end
        if _is_inside_word(text, start) or _is_inside_word(text, end):
            return f"span {span.start}-{span.end} is a part of another word"
    edges = [(span.start, moves[span].start) for span in spans]
    edges += [(span.end, moves[span].end) for span in spans]
    places = [place for _, place in sorted(edges)]
    return None if places == sorted(places) else "the spans are in another order"


def _is_inside_word(text: str, place: int) -> bool:
    return re.fullmatch(r"\w\w", text[max(0, place - 1) : place + 1]) is not None


def _place_sentences(
    hashes: Sequence[str], sentences: Sequence[Span], text: str
) -> list[int | None]:
    """Where each sentence starts in the text; None if it differs or could be in two places."""
    lengths = [s.end - s.start for s in sentences]
    found = [
        [
            start
            for start in _windows(text, digest, length, 0, len(text))
            if not (_is_inside_word(text, start) or _is_inside_word(text, start + length))
        ]
        for digest, length in zip(hashes, lengths, strict=True)
    ]
    first: list[int | None] = []
    end = 0
    for starts, length in zip(found, lengths, strict=True):
        start = next((s for s in starts if s >= end), None)
        first.append(start)
        end = end if start is None else start + length
    last: list[int | None] = []
    begin = len(text)
    for starts, length in zip(reversed(found), reversed(lengths), strict=True):
        start = next((s for s in reversed(starts) if s + length <= begin), None)
        last.append(start)
        begin = begin if start is None else start
    last.reverse()
    return [a if a == b else None for a, b in zip(first, last, strict=True)]


def _between(
    number: int, placed: Sequence[int | None], sentences: Sequence[Span], text: str
) -> Span | None:
    """The stretch between the neighbours of one changed sentence, without white space."""
    start, end = 0, len(text)
    if number > 0:
        before = placed[number - 1]
        if before is None:
            return None
        start = before + sentences[number - 1].end - sentences[number - 1].start
    if number + 1 < len(placed):
        after = placed[number + 1]
        if after is None:
            return None
        end = after
    between = text[start:end]
    if not between.strip():
        return None
    start += len(between) - len(between.lstrip())
    return Span(start, start + len(between.strip()))


def _windows(text: str, digest: str, length: int, start: int, end: int) -> list[int]:
    """Where a stretch of the given length and hash begins, between start and end."""
    return [i for i in range(start, end - length + 1) if span_hash(text[i : i + length]) == digest]
