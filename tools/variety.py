"""How varied the texts of desk are, beside the real news of wire.

    python tools/variety.py

Prints a table with a row for each measure; wire has figures once its texts are hydrated.
Texts that were filled into templates show in the first three: the same sentence comes again
once names and numbers are taken out, texts share long stretches, sentences open alike.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence

from counterclaim import corpus
from counterclaim.model import CORPORA, SPLITS, Document
from counterclaim.reports.text import table

SHORTEST = 6  # words of a sentence whose repetition counts
OPENING = 4  # words
GRAM = 8  # words
CONTAINED = 0.2  # of the 8-grams of a text, in one other text
SAMPLE = 20_000  # words among which distinct 3-grams are counted
SEED = 0


def main() -> None:
    """Print the table."""
    print(comparison())


def comparison() -> str:
    """A row for each measure, a column for each corpus that has its texts."""
    columns = {name: figures(found) for name in CORPORA if (found := documents(name))}
    rows = [[measure, *(c[measure] for c in columns.values())] for measure in columns["desk"]]
    return table(["measure", *columns], rows)


def documents(name: str) -> list[Document]:
    """The documents of a corpus that all can have; none if a text is missing."""
    found = [d for split in SPLITS for d in corpus.read(split, corpus=name) if not d.restricted]
    return [] if any(document.text is None for document in found) else found


def figures(found: Sequence[Document]) -> dict[str, str]:
    """The measures of some texts, as they are printed."""
    sentences = [document.sentence_texts for document in found]
    long = list(map(masks, found))
    streams = [words(" ".join(each).lower()) for each in sentences]
    return {
        "sentences repeated, names and numbers masked": f"{repeated(long):.1%}",
        f"texts with {CONTAINED:.0%} of their {GRAM}-grams in another": f"{contained(streams):.1%}",
        f"sentences that open as one of another text, {OPENING} words": f"{openings(long):.1%}",
        f"distinct 3-grams in {SAMPLE:,} words": f"{distinct(streams):.3f}",
        "words of a text (5, 50, 95 %)": quantiles(map(len, streams)),
        "words of a sentence (5, 50, 95 %)": quantiles(len(words(s)) for e in sentences for s in e),
    }


def masks(document: Document) -> list[tuple[str, ...]]:
    """The sentences of a document that are long enough to count, masked."""
    return [m for s in document.sentence_texts if len(m := masked(s)) >= SHORTEST]


def words(text: str) -> list[str]:
    """Words, with what hyphens and apostrophes join to them."""
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text)


def masked(sentence: str) -> tuple[str, ...]:
    """The words in lower case; numbers are #, a run of capitalised words is X.

    The first word of a sentence is no name, and a sentence in capitals has none.
    """
    mask: list[str] = []
    for i, word in enumerate(words(sentence)):
        if any(character.isdigit() for character in word):
            mask.append("#")
        elif i and word[0].isupper() and not sentence.isupper():
            mask += [] if mask[-1] == "X" else ["X"]
        else:
            mask.append(word.lower())
    return tuple(mask)


def repeated(texts: Sequence[Sequence[tuple[str, ...]]]) -> float:
    """The share of sentences that come again, in any text."""
    count = Counter(mask for each in texts for mask in each)
    return sum(n for n in count.values() if n > 1) / count.total()


def openings(texts: Sequence[Sequence[tuple[str, ...]]]) -> float:
    """The share of sentences whose first words open a sentence of another text."""
    holders = _holders([m[:OPENING] for m in each] for each in texts)
    return _share(len(holders[m[:OPENING]]) > 1 for each in texts for m in each)


def contained(streams: Sequence[Sequence[str]]) -> float:
    """The share of texts, as words, that share more than a fifth of their 8-grams with another."""
    grams = [set(_grams(stream, GRAM)) for stream in streams]
    holders = _holders(grams)
    shared = (Counter(j for g in own for j in holders[g] if j != i) for i, own in enumerate(grams))
    most = (max(counts.values(), default=0) for counts in shared)
    return _share(n > CONTAINED * len(own) for n, own in zip(most, grams, strict=True))


def distinct(streams: Sequence[Sequence[str]]) -> float:
    """Distinct 3-grams over all, in texts as words that are drawn in random order."""
    order = random.Random(SEED).sample(list(streams), len(streams))
    stream = [word for each in order for word in each][:SAMPLE]
    grams = list(_grams(stream, 3))
    return len(set(grams)) / len(grams)


def quantiles(counts: Iterable[int]) -> str:
    """The 5th, 50th and 95th of a hundred."""
    ordered = sorted(counts)
    return " / ".join(str(ordered[int(len(ordered) * share)]) for share in (0.05, 0.5, 0.95))


def _grams(stream: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return zip(*(stream[i:] for i in range(size)), strict=False)


def _holders(items: Iterable[Iterable[Hashable]]) -> dict[Hashable, set[int]]:
    holders: dict[Hashable, set[int]] = defaultdict(set)
    for i, each in enumerate(items):
        for item in each:
            holders[item].add(i)
    return holders


def _share(outcomes: Iterable[bool]) -> float:
    listed = list(outcomes)
    return sum(listed) / len(listed)


if __name__ == "__main__":
    main()
