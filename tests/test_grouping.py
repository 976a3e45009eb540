"""Groups of documents that scores are broken down by."""

import msgspec
import pytest
from records import document, plain

from counterclaim.errors import DataError
from counterclaim.grouping import FIELDS, GROUPS, group_reader
from counterclaim.model import Document, Source
from counterclaim.scoring import score
from counterclaim.tasks import SPANS


@pytest.mark.parametrize(
    ("field", "changes", "expected"),
    [
        ("conflict", {}, ("case",)),
        ("genre", {"genre": "live_blog"}, ("live_blog",)),
        ("date", {"date": None}, ("none",)),
        ("repository", {}, ("none",)),
        ("repository", {"source": Source("a/b", "c", None, None, "CC-BY-4.0")}, ("a/b",)),
        ("length", {}, ("1-10 sentences",)),
        ("length", {"sentences": document().sentences * 4}, ("11-20 sentences",)),
        ("length", {"sentences": document().sentences * 20}, ("over 40 sentences",)),
        ("sources", {}, ("2",)),  # Kenya and Toposa
        ("sources", {"denials": ()}, ("1",)),
        ("label", {"denials": ()}, ("accusation", "casualty", "location")),
    ],
)
def test_groups_of_a_document(
    field: str, changes: dict[str, object], expected: tuple[str, ...]
) -> None:
    assert group_reader(field)(document(**changes)) == expected


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(DataError, match="by 'weather'; expected one of repository, length,"):
        group_reader("weather")


@pytest.mark.parametrize("field", [*FIELDS, *GROUPS])
def test_a_group_is_scored_as_if_it_were_the_corpus(field: str) -> None:
    """The scores of a group, with its intervals, are those of its documents alone."""
    gold: list[Document] = [
        document(doc_id="a", genre="live_blog", event="x", conflict="p"),
        document(doc_id="b", event="y", denials=()),
        plain("Nothing happened.", doc_id="c", event="z", conflict="p", date=None),
    ]
    wrong = msgspec.structs.replace(SPANS.gold(gold[0]), locations=())
    predictions = [wrong, SPANS.gold(gold[1])]
    whole = score(SPANS, gold, predictions, by=[field], resamples=20)
    read = group_reader(field)
    assert whole.groups[field].keys() == {value for d in gold for value in read(d)}
    for value, part in whole.groups[field].items():
        own = [d for d in gold if value in read(d)]
        ids = {d.doc_id for d in own}
        alone = score(SPANS, own, [p for p in predictions if p.doc_id in ids], resamples=20)
        assert part.documents == len(own)
        assert msgspec.json.encode(part.scores) == msgspec.json.encode(alone.scores)
