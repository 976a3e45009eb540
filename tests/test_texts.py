"""Plain texts to documents: what comes out keeps all rules, whatever goes in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterclaim import jsonl
from counterclaim.cli import main
from counterclaim.errors import DataError
from counterclaim.model import Document
from counterclaim.texts import headline, own_document, split_sentences
from counterclaim.validate import validate_document

Write = Callable[[str, str | bytes], Path]
STORY = "Post shelled, capitals trade blame\n\nChad blamed Sudan. Khartoum denied it.\n"


@given(st.text("aB 1.é😀\n\t\"'!?\u00a0-ا", min_size=1).filter(str.strip))
def test_a_document_of_any_text_keeps_all_rules(text: str) -> None:
    assert list(validate_document(own_document("story", text))) == []


def test_sentences_of_a_story() -> None:
    text = "14. Mr. Abbo was there. He saw 3.5 tonnes.\n\nNobody else did!"
    assert [text[s.start : s.end] for s in split_sentences(text)] == [
        "14. Mr. Abbo was there.",
        "He saw 3.5 tonnes.",
        "Nobody else did!",
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (STORY, "Post shelled, capitals trade blame"),
        ("Who fired?\n\nNobody knows.", "Who fired?"),
        ("Chad blamed Sudan.\n\nKhartoum denied it.", None),
        ("One paragraph alone", None),
    ],
)
def test_a_first_paragraph_that_is_no_sentence_is_the_title(text: str, title: str | None) -> None:
    assert headline(text) == title


def test_documents_are_made_of_files(write: Write, tmp_path: Path) -> None:
    """Marks of other systems, CR LF and a byte-order mark, are no part of a story."""
    path = write("Tine Crossing.txt", b"\xef\xbb\xbf" + STORY.replace("\n", "\r\n").encode())
    out = tmp_path / "own.jsonl"
    assert main(["documents", str(path), "--conflict", "chad", "-o", str(out)]) == 0
    ((_, document),) = jsonl.read_records(out, Document)
    assert (document.doc_id, document.corpus, document.conflict) == ("tine-crossing", "own", "chad")
    assert document.text == STORY.rstrip("\n")
    assert main(["validate", str(out)]) == 0


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.txt": b"caf\xe9."}, "a.txt: byte 3 is not UTF-8; expected a text"),
        ({"a.txt": b" \n"}, "a: has no text; expected a story"),
        ({"a b.txt": b"One.", "A-b.txt": b"Two."}, "A-b.txt: is a-b, as {0} is"),
    ],
)
def test_what_is_no_story_is_named(
    files: dict[str, bytes], message: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(write(name, content)) for name, content in files.items()]
    assert main(["documents", *paths, "-o", str(Path(paths[0]).parent / "out.jsonl")]) == 2
    assert message.format(*paths) in capsys.readouterr().err


def test_a_name_without_letters_makes_no_id() -> None:
    with pytest.raises(DataError, match="has no letter"):
        own_document("عربي", "A story.")


def test_a_day_that_is_none_is_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Else the document would break a rule that only `validate` tells of."""
    path = str(write("story.txt", STORY))
    with pytest.raises(SystemExit):
        main(["documents", path, "--date", "5 May", "-o", "out.jsonl"])
    assert "'5 May'; expected a day as YYYY-MM-DD" in capsys.readouterr().err
