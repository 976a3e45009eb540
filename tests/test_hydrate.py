"""Rebuilding texts: from folders, from a real server that misbehaves, and aligned."""

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import PLACES, clone, data_folder, published, server, text_of

from counterclaim import corpus, jsonl
from counterclaim.errors import DataError
from counterclaim.hydrate import Hydration, hydrate, readers, wire_documents
from counterclaim.hydrate.aligning import align, span_hash
from counterclaim.model import Document, Span
from counterclaim.validate import validate_document

ALL = sorted(f"wire-{name}" for name in PLACES)
FAKES = "golobluka/Fake-news-generation-from-FA-KES-dataset"


@pytest.fixture(autouse=True)
def small_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five invented wire documents in the place of the real data."""
    folder = data_folder(tmp_path / "data")
    monkeypatch.setattr(corpus, "data_dir", lambda: folder)


def statuses(outcomes: list[Hydration]) -> dict[str, str]:
    return {outcome.doc_id: outcome.status for outcome in outcomes}


@pytest.mark.parametrize("form", ["{owner}+{name}", "{owner}/{name}", "{name}"])
def test_folders_may_be_named_as_clones_usually_are(tmp_path: Path, form: str) -> None:
    outcomes = hydrate([clone(tmp_path / "sources", published(), form)])

    assert statuses(outcomes) == dict.fromkeys(ALL, "found")
    texts = {d.doc_id: d.text for split in ("train", "dev", "test") for d in read(split)}
    assert texts == {f"wire-{name}": text_of(name) for name in PLACES}


def read(split: str) -> list[Document]:
    return corpus.read(split, corpus="wire")


def test_a_folder_may_be_the_clone_itself(tmp_path: Path) -> None:
    folder = clone(tmp_path / "sources", published(), "{name}")
    outcomes = hydrate([folder / "re3d"])

    assert statuses(outcomes)["wire-re3d"] == "found"
    assert list(statuses(outcomes).values()).count("missing") == 4


def test_a_single_text_is_found_by_its_hash_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "saved.txt").write_text(text_of("single"))
    assert statuses(hydrate([tmp_path]))["wire-single"] == "found"


def test_other_texts_in_the_folder_are_passed_over(tmp_path: Path) -> None:
    """The story is found although a text that sorts before it differs."""
    (tmp_path / "a.txt").write_text("Something else.")
    (tmp_path / "story.txt").write_text("A page that took the place of the story.")
    (tmp_path / "z.txt").write_text(text_of("single"))
    assert statuses(hydrate([tmp_path]))["wire-single"] == "found"


def test_a_folder_with_the_recorded_text_wins_over_one_that_differs(tmp_path: Path) -> None:
    changed = clone(tmp_path / "a", published({"muc": "Menu. " + text_of("muc")}))
    assert statuses(hydrate([changed]))["wire-muc"] == "aligned"
    assert statuses(hydrate([changed, clone(tmp_path / "b", published())]))["wire-muc"] == "found"


def test_hydrated_records_keep_all_rules(tmp_path: Path) -> None:
    hydrate([clone(tmp_path / "sources", published())])
    for document in read("train"):
        assert list(validate_document(document)) == []


def test_files_are_downloaded_at_the_pinned_commit_once(tmp_path: Path) -> None:
    """A second run asks for nothing it has."""
    with server(published()) as (url, asked):
        first, second = (hydrate(base_url=url) for _ in range(2))

    remote = {f"wire-{name}" for name, place in PLACES.items() if place[0]}
    assert {key for key, status in statuses(first).items() if status == "found"} == remote
    assert "give its folder with --from" in first[ALL.index("wire-single")].detail
    assert first == second
    assert len(asked) == len(set(asked)) == 4


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("404", "HTTP 404"),
        ("500", "HTTP 500"),
        ("truncate", "broke off after"),
        ("stall", "no answer for 0.5 seconds"),
    ],
)
def test_a_server_that_fails_costs_its_documents_alone(fault: str, reason: str) -> None:
    """What did come is kept, what did not is named, and the next run completes it."""
    with server(published(), {"dstl/re3d": fault}) as (url, _):
        outcomes = hydrate(base_url=url, timeout=0.5)

    failed = outcomes[ALL.index("wire-re3d")]
    assert failed.status == "missing"
    assert reason in failed.detail
    assert statuses(outcomes)["wire-muc"] == "found"
    assert not list(corpus.cache_dir().rglob("documents.json"))
    with server(published()) as (url, asked):
        assert statuses(hydrate(base_url=url))["wire-re3d"] == "found"
    assert asked == ["dstl/re3d/BBC Online/documents.json"]


def test_a_download_of_something_else_is_asked_for_again() -> None:
    """A login page with status 200, or a file cut short without its length being told."""
    page = dict.fromkeys(published(), b"<html>Please sign in</html>")
    with server(page) as (url, _):
        assert set(statuses(hydrate(base_url=url)).values()) == {"missing"}
    with server(published()) as (url, _):
        assert list(statuses(hydrate(base_url=url)).values()).count("found") == 4


@pytest.mark.parametrize("url", ["foo", "http://[::1", "http://host/ä", "http://."])
def test_a_mirror_that_is_no_address_is_named(url: str) -> None:
    assert "cannot be reached" in hydrate(base_url=url)[0].detail


def test_one_damaged_record_costs_that_document_alone(tmp_path: Path) -> None:
    files = published()
    where = "dstl/re3d/BBC Online/documents.json"
    files[where] = b'{"_id": "X", "title": 5, "text": null}\n' + files[where]
    assert statuses(hydrate([clone(tmp_path / "s", files)])) == dict.fromkeys(ALL, "found")


def test_a_partly_damaged_cache_keeps_its_sound_lines(tmp_path: Path) -> None:
    hydrate([clone(tmp_path / "sources", published())])
    lines = corpus.hydrated_path().read_text(encoding="utf-8").splitlines(keepends=True)
    corpus.hydrated_path().write_text("{\n" + "".join(lines[1:]), encoding="utf-8")
    (tmp_path / "empty").mkdir()
    found = list(statuses(hydrate([tmp_path / "empty"])).values())
    assert found.count("found") == len(ALL) - 1


def test_a_server_that_is_not_there_is_named() -> None:
    with server({}) as (url, _):
        pass
    assert "cannot be reached" in hydrate(base_url=url)[0].detail


def test_a_text_whose_annotated_words_differ_is_left_out_and_named() -> None:
    changed = text_of("re3d").replace("raiders", "bandits")
    with server(published({"re3d": changed})) as (url, _):
        outcomes = hydrate(base_url=url)

    assert statuses(outcomes)["wire-re3d"] == "different"
    assert "span 14-33 fits 0 places" in outcomes[ALL.index("wire-re3d")].detail
    assert [d.text for d in read("dev")] == [None]


def test_a_text_with_more_around_it_is_aligned(tmp_path: Path) -> None:
    """Site furniture before, and another line end within: all spans are found by hash."""
    text = "Menu\n\n" + text_of("muc").replace("\n", "\r\n")
    outcomes = hydrate([clone(tmp_path / "sources", published({"muc": text}))])

    assert statuses(outcomes)["wire-muc"] == "aligned"
    (document,) = (d for d in read("train") if d.doc_id == "wire-muc")
    assert document.text == text
    spans = [document.locations[0].mention, document.denials[1].content, document.sentences[1]]
    words = [text[s.start : s.end] for s in spans if s]
    assert words == ["Lokmuc", "Nobody crossed", "The Toposa elders denied it."]


def test_a_changed_word_outside_all_annotated_spans_is_aligned(tmp_path: Path) -> None:
    text = text_of("muc").replace("The Toposa elders denied", "All Toposa elders again denied")
    outcomes = hydrate([clone(tmp_path / "sources", published({"muc": text}))])

    assert statuses(outcomes)["wire-muc"] == "aligned"
    (document,) = (d for d in read("train") if d.doc_id == "wire-muc")
    assert document.sentence_texts[1] == "All Toposa elders again denied it."
    assert text[slice(*offsets(document.denials[0].cue))] == "denied"


def offsets(span: Span | None) -> tuple[int, int]:
    assert span is not None
    return span.start, span.end


def test_an_interrupted_run_leaves_the_cache_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clone(tmp_path / "sources", published())
    hydrate([folder])
    before = corpus.hydrated_path().read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(readers, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        hydrate([folder])
    assert corpus.hydrated_path().read_bytes() == before


def test_a_later_run_with_fewer_folders_keeps_what_was_found(tmp_path: Path) -> None:
    hydrate([clone(tmp_path / "sources", published())])
    (tmp_path / "empty").mkdir()
    outcomes = hydrate([tmp_path / "empty"])

    assert statuses(outcomes) == dict.fromkeys(ALL, "found")
    assert {outcome.detail for outcome in outcomes} == {"in the cache"}


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    folder = clone(tmp_path / "sources", published())
    corpus.hydrated_path().write_text("{")
    with pytest.raises(DataError, match=r"wire\.jsonl:1: not JSON"):
        read("train")
    assert statuses(hydrate([folder])) == dict.fromkeys(ALL, "found")


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        hydrate([tmp_path / "none"])


def test_a_file_of_another_form_is_named(tmp_path: Path) -> None:
    files = published() | {"dstl/re3d/BBC Online/documents.json": b"<html>"}
    outcome = hydrate([clone(tmp_path / "sources", files)])[ALL.index("wire-re3d")]

    assert outcome.status == "missing"
    assert "not a file of dstl/re3d: JSONDecodeError" in outcome.detail


def test_a_record_changed_since_its_text_was_aligned_is_not_hydrated(tmp_path: Path) -> None:
    """Moves of spans that the record no longer has would be guesses."""
    hydrate([clone(tmp_path / "sources", published({"muc": "Menu\n\n" + text_of("muc")}))])
    (document,) = (d for d in wire_documents() if d.doc_id == "wire-muc")
    (held,) = (
        held
        for _, held in jsonl.read_records(corpus.hydrated_path(), corpus.HydratedText)
        if held.doc_id == "wire-muc"
    )
    other = msgspec.structs.replace(document, sentences=(Span(0, 7), *document.sentences[1:]))
    assert corpus.attach_text(document, held).text is not None
    assert corpus.attach_text(other, held).text is None


def aligned(recorded: str, quotes: list[str], held: str) -> dict[Span, Span] | str:
    """Align one sentence with the spans of these words to another version of it."""
    spans = [Span(recorded.index(q), recorded.index(q) + len(q)) for q in quotes]
    whole = Span(0, len(recorded))
    hashes = {s: span_hash(recorded[s.start : s.end]) for s in (whole, *spans)}
    return align(hashes, [whole], spans, held)


def test_a_text_that_exchanges_accuser_and_accused_is_left_out() -> None:
    """Both names are found by their hashes, each in the other's place."""
    assert aligned("Iran accused Iraq.", ["Iran", "Iraq"], "Iraq accused Iran.") == (
        "sentence 0: the spans are in another order"
    )


def test_a_part_of_another_word_is_not_the_place_of_a_span() -> None:
    found = aligned("Troops left Niger today.", ["Niger"], "Troops left Nigeria today.")
    assert found == "sentence 0: span 12-17 is a part of another word"


def test_a_sentence_that_is_annotated_as_a_whole_has_to_be_found() -> None:
    """Else whatever stands in its place would be taken for it."""
    found = aligned("Iran fired.", ["Iran fired."], "Basra is hot.")
    assert found == "span 0-11 fits 0 places"


def test_a_changed_word_beside_the_spans_does_not_matter() -> None:
    moves = aligned("Iran accused Iraq.", ["Iran", "Iraq"], "Iran now blames Iraq.")
    assert moves == {Span(0, 18): Span(0, 21), Span(0, 4): Span(0, 4), Span(13, 17): Span(16, 20)}


words = st.lists(
    st.sampled_from(["Iran", "Iraq", "Niger", "said", "a", "of"]), min_size=1, max_size=6
)
edits = st.lists(
    st.tuples(st.sampled_from(["drop", "suffix", "reverse", "add"]), st.integers(0, 5)), max_size=3
)


def edited(tokens: list[str], changes: list[tuple[str, int]]) -> list[str]:
    """The words of a sentence after some were dropped, changed, added or turned round."""
    for kind, at in changes:
        place = at % len(tokens)
        if kind == "drop" and len(tokens) > 1:
            tokens = tokens[:place] + tokens[place + 1 :]
        elif kind == "suffix":
            tokens = [*tokens[:place], tokens[place] + "ia", *tokens[place + 1 :]]
        elif kind == "reverse":
            tokens = tokens[::-1]
        else:
            tokens = [*tokens[:place], "then", *tokens[place:]]
    return tokens


@given(st.lists(words, min_size=1, max_size=3), edits, st.integers(0, 2))
def test_alignment_never_guesses(
    sentences: list[list[str]], changes: list[tuple[str, int]], which: int
) -> None:
    """Every word is a span. What is placed is whole words, the recorded ones, in their order.

    So if all words of the edited sentence are placed, they are a subsequence of it.
    """
    texts = [" ".join(tokens) for tokens in sentences]
    starts = [sum(len(t) + 1 for t in texts[:i]) for i in range(len(texts))]
    spans = [Span(s, s + len(t)) for s, t in zip(starts, texts, strict=True)]
    number = which % len(sentences)
    tokens = sentences[number]
    at = [sum(len(t) + 1 for t in tokens[:i]) + starts[number] for i in range(len(tokens))]
    marked = [Span(s, s + len(t)) for s, t in zip(at, tokens, strict=True)]
    recorded = " ".join(texts)
    hashes = {s: span_hash(recorded[s.start : s.end]) for s in (*spans, *marked)}
    held_tokens = edited(tokens, changes)
    held = " ".join([*texts[:number], " ".join(held_tokens), *texts[number + 1 :]])

    moves = align(hashes, spans, marked, held)

    if isinstance(moves, str):
        return
    assert all(a.end <= b.start for a, b in pairwise(moves[span] for span in spans))
    places = [moves[span] for span in marked]
    assert all(a.end < b.start for a, b in pairwise(places))
    assert [held[p.start : p.end] for p in places] == tokens
    remaining = iter(held_tokens)
    assert all(token in remaining for token in tokens)


def test_an_exact_text_is_not_replaced_by_an_aligned_one(tmp_path: Path) -> None:
    hydrate([clone(tmp_path / "a", published())])
    changed = published({"muc": "Menu. " + text_of("muc")})
    assert statuses(hydrate([clone(tmp_path / "b", changed)]))["wire-muc"] == "found"
    assert {d.text for d in read("train") if d.doc_id == "wire-muc"} == {text_of("muc")}


def test_two_equal_sentences_of_which_one_is_gone_are_not_placed() -> None:
    """Either could be the one that is left."""
    text = "One went. Two came. One went."
    spans = [Span(0, 9), Span(10, 19), Span(20, 29)]
    hashes = {s: span_hash(text[s.start : s.end]) for s in spans}

    assert align(hashes, spans, [], "One went. One went.") == "sentence 1 is not there"
    assert align(hashes, spans, [], "Two came. One went.") == "sentence 0 is not there"
