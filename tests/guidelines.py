"""The worked examples of `annotation_guidelines/`, as documents."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from counterclaim.anchor import anchor
from counterclaim.model import Document, Source, Span

GUIDELINES = Path(__file__).parents[1] / "annotation_guidelines"
_BLOCK = re.compile(r"^```example (\S+)\n(.*?)^---\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Example(NamedTuple):
    """A block of a page: its sentences and the draft that annotates them."""

    page: str
    name: str
    sentences: list[str]
    draft: dict[str, Any]

    def blank(self) -> Document:
        """The text as a document without annotation."""
        text, spans = "", []
        for sentence in self.sentences:
            start = len(text) + bool(text)
            text = f"{text} {sentence}" if text else sentence
            spans.append(Span(start, len(text)))
        import hashlib

        return Document(
            doc_id=self.name,
            text=text,
            title=None,
            date=None,
            corpus="desk",
            conflict="example",
            event=self.name,
            genre="agency_short",
            source=Source(None, None, None, None, "CC-BY-4.0"),
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            sentences=tuple(spans),
            split="train",
            guidelines="2",
        )

    def document(self) -> Document:
        """The text with its annotation anchored."""
        return anchor(self.draft, self.blank())


def examples() -> Iterator[Example]:
    """Every worked example, in the order of the pages."""
    for page in sorted(GUIDELINES.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for name, body, draft in _BLOCK.findall(text):
            sentences = []
            for number, line in enumerate(body.splitlines()):
                prefix = f"[{number}] "
                if not line.startswith(prefix):
                    raise ValueError(f"{page.name} {name}: {line!r} does not begin with {prefix!r}")
                sentences.append(line.removeprefix(prefix))
            yield Example(page.name, name, sentences, json.loads(draft))
