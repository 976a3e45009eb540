"""Place the recorded spans in a text that differs from the recorded one.

Only hashes of the recorded sentences and spans are known. A sentence is placed where
its hash is found, in order; a sentence that has changed is what stands between its
neighbours, and each span in it has to be found there by its own hash. Whatever can be
placed in two ways is not placed: nothing is guessed.
"""

import hashlib
from collections.abc import Mapping, Sequence

from counterclaim.model import Span

HASH_DIGITS = 16  # 64 bits: no chance collision among the windows of a text


def span_hash(words: str) -> str:
    """The hash by which a span can be found again."""
    return hashlib.sha256(words.encode("utf-8")).hexdigest()[:HASH_DIGITS]


def align(
    hashes: Mapping[Span, str], sentences: Sequence[Span], text: str
) -> dict[Span, Span] | str:
    """Find the place of every recorded span in another version of its text.

    Args:
        hashes: The hash of every sentence and annotated span of the recorded text.
        sentences: The recorded sentences, in order.
        text: The text to place them in.

    Returns:
        The span in `text` for each recorded span; or, as a string, why that fails.
    """
    placed = _place_sentences([hashes[s] for s in sentences], sentences, text)
    moves: dict[Span, Span] = {}
    for number, sentence in enumerate(sentences):
        place = placed[number]
        inside = [s for s in hashes if sentence.start <= s.start and s.end <= sentence.end]
        if place is not None:
            shift = place - sentence.start
            moves |= {s: Span(s.start + shift, s.end + shift) for s in inside}
            continue
        region = _between(number, placed, sentences, text)
        if region is None:
            return f"sentence {number} is not there"
        moves[sentence] = region
        for span in inside:
            if span != sentence:
                length = span.end - span.start
                found = _windows(text, hashes[span], length, region.start, region.end)
                if len(found) != 1:
                    return f"span {span.start}-{span.end} fits {len(found)} places"
                moves[span] = Span(found[0], found[0] + length)
    return moves


def _place_sentences(
    hashes: Sequence[str], sentences: Sequence[Span], text: str
) -> list[int | None]:
    """Where each sentence starts in the text; None if it differs or could be in two places."""
    lengths = [s.end - s.start for s in sentences]
    found = [
        _windows(text, digest, length, 0, len(text))
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
