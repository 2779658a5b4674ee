"""Filters say true or false of every document, and a search with one is the whole search, filtered afterwards."""

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import CollectionNotFoundError, FileNotInLibraryError
from ingest.filters import (
    BUILT_IN,
    FilterError,
    checked_attributes,
    matches,
    parse,
    parse_assignments,
    parse_expressions,
    predicate,
)
from ingest.library import Library
from ingest.rebuild import Rebuild
from ingest.search_index import SearchIndex
from ingest.types import AttributeValue, Collection, Comparison, Compound, DocumentRecord, Filter, Progress
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import EMBEDDER, add, claimed, facts_of

KEYS = ["year", "team", "draft"]
VALUES: list[AttributeValue] = [0, 1, 1.5, 2026, "", "1", "a", "b", "true", True, False]
WORDS = ["pump", "valve", "hose", "oil", "drill"]

values = st.sampled_from(VALUES)
attribute_sets = st.dictionaries(st.sampled_from(KEYS), values)
comparisons = st.one_of(
    st.builds(Comparison, st.sampled_from(["eq", "ne"]), st.sampled_from(KEYS), values),
    st.builds(Comparison, st.sampled_from(["in", "nin"]), st.sampled_from(KEYS), st.lists(values).map(tuple)),
    st.builds(
        Comparison,
        st.sampled_from(["gt", "gte", "lt", "lte"]),
        st.sampled_from(KEYS),
        values.filter(lambda value: not isinstance(value, bool)),
    ),
    st.builds(Comparison, st.just("glob"), st.sampled_from(KEYS), st.sampled_from(["*", "a", "?", "[ab]", ""])),
)
filters = st.recursive(
    comparisons,
    lambda parts: st.builds(
        Compound, st.sampled_from(["and", "or"]), st.lists(parts, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


def as_json(wanted: Filter) -> dict[str, Any]:
    """Return a filter as a client sends it."""
    if isinstance(wanted, Compound):
        return {"type": wanted.type, "filters": [as_json(part) for part in wanted.filters]}
    value = list(wanted.value) if isinstance(wanted.value, tuple) else wanted.value
    return {"type": wanted.type, "key": wanted.key, "value": value}


def is_same(one: AttributeValue, other: AttributeValue) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


@given(known=attribute_sets, key=st.sampled_from(KEYS), value=values)
def test_eq_wants_the_same_value_of_the_same_type(
    known: dict[str, AttributeValue], key: str, value: AttributeValue
) -> None:
    assert matches(Comparison("eq", key, value), known) == (key in known and is_same(known[key], value))


@given(known=attribute_sets, key=st.sampled_from(KEYS), some=st.lists(values, max_size=4))
def test_in_is_any_eq_and_the_negations_find_all_the_others(
    known: dict[str, AttributeValue], key: str, some: list[AttributeValue]
) -> None:
    is_in = matches(Comparison("in", key, tuple(some)), known)
    assert is_in == any(matches(Comparison("eq", key, value), known) for value in some)
    assert matches(Comparison("nin", key, tuple(some)), known) == (not is_in)
    for value in some:
        assert matches(Comparison("ne", key, value), known) != matches(Comparison("eq", key, value), known)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("gt", 5, [6, 5.5]),
        ("gte", 5, [5, 6, 5.5]),
        ("lt", 5.5, [5, 4]),
        ("lte", 5.5, [5, 4, 5.5]),
        ("gt", "5", ["6", "a"]),
        ("lte", "2026-01-31", ["2026-01-31", "2025-12-31", "10"]),
    ],
)
def test_an_order_is_one_among_values_of_a_type(kind: Any, value: AttributeValue, expected: list[object]) -> None:
    every: list[AttributeValue] = [4, 5, 5.5, 6, True, "6", "a", "2026-01-31", "2025-12-31", "10"]
    same_kind = [each for each in every if isinstance(each, str) == isinstance(value, str)]
    found = [each for each in every if matches(Comparison(kind, "k", value), {"k": each})]
    assert set(expected) <= set(found) <= set(same_kind)
    assert True not in [each for each in found if isinstance(each, bool)]
    assert not matches(Comparison(kind, "k", value), {})


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*/contracts/*", ["/a/contracts/x.pdf", "/a/b/contracts/c/x.md"]),
        ("/a/*.pdf", ["/a/contracts/x.pdf"]),
        ("/A/*", []),
        ("/a/contracts/?.pdf", ["/a/contracts/x.pdf"]),
        ("contracts", []),
        ("*.[mp]d*", ["/a/contracts/x.pdf", "/a/b/contracts/c/x.md"]),
    ],
)
def test_a_glob_is_a_pattern_of_the_whole_path(pattern: str, expected: list[str]) -> None:
    paths = ["/a/contracts/x.pdf", "/a/b/contracts/c/x.md", "/a/plans/contracts.txt"]
    assert [path for path in paths if matches(Comparison("glob", "source", pattern), {"source": path})] == expected
    assert not matches(Comparison("glob", "source", "*"), {"source": 5})


def test_a_glob_made_to_be_slow_is_not() -> None:
    assert not matches(Comparison("glob", "source", "*a" * 2_000 + "b"), {"source": "a" * 4_000})


@given(known=attribute_sets, parts=st.lists(filters, min_size=1, max_size=4))
def test_and_is_all_of_its_filters_and_or_is_any(known: dict[str, AttributeValue], parts: list[Filter]) -> None:
    each = [matches(part, known) for part in parts]
    assert matches(Compound("and", tuple(parts)), known) == all(each)
    assert matches(Compound("or", tuple(parts)), known) == any(each)


@given(wanted=filters)
def test_what_a_client_sends_is_the_filter_that_is_read(wanted: Filter) -> None:
    assert parse(as_json(wanted)) == wanted


def nested(levels: int) -> dict[str, Any]:
    """Return a filter of so many levels."""
    eq: dict[str, Any] = {"type": "eq", "key": "a", "value": 1}
    return eq if levels == 1 else {"type": "and", "filters": [nested(levels - 1)]}


WRONG: list[tuple[Any, str]] = [
    (None, ""),
    ([], ""),
    ({}, "type"),
    ({"type": "like", "key": "a", "value": 1}, "type"),
    ({"type": ["eq"], "key": "a", "value": 1}, "type"),
    ({"type": "eq", "value": 1}, "key"),
    ({"type": "eq", "key": 5, "value": 1}, "key"),
    ({"type": "eq", "key": "", "value": 1}, "key"),
    ({"type": "eq", "key": "k" * 65, "value": 1}, "key"),
    ({"type": "eq", "key": "\ud800", "value": 1}, "key"),
    ({"type": "eq", "key": "a"}, "value"),
    ({"type": "eq", "key": "a", "value": [1]}, "value"),
    ({"type": "eq", "key": "a", "value": float("inf")}, "value"),
    ({"type": "eq", "key": "a", "value": 2**60}, "value"),
    ({"type": "eq", "key": "a", "value": "x" * 5_000}, "value"),
    ({"type": "in", "key": "a", "value": "b"}, "value"),
    ({"type": "in", "key": "a", "value": [1, [2]]}, "value.1"),
    ({"type": "in", "key": "a", "value": [1] * 1_001}, "value"),
    ({"type": "gt", "key": "a", "value": True}, "value"),
    ({"type": "glob", "key": "a", "value": 5}, "value"),
    ({"type": "gt", "key": "created_at", "value": "2026-01-01"}, "value"),
    ({"type": "glob", "key": "pages", "value": "1*"}, "value"),
    ({"type": "eq", "key": "source", "value": 5}, "value"),
    ({"type": "and", "filters": []}, "filters"),
    ({"type": "and", "filters": {}}, "filters"),
    ({"type": "and", "filters": [nested(1)] * 101}, "filters"),
    ({"type": "or", "filters": [nested(1), {"type": "and", "filters": [{}]}]}, "filters.1.filters.0.type"),
    (nested(9), ".".join(["filters.0"] * 7 + ["filters"])),
]


@pytest.mark.parametrize(
    ("raw", "place"),
    WRONG,
    ids=lambda value: str(value)[:40].encode("ascii", "replace").decode(),
)
def test_a_filter_that_cannot_be_is_refused_at_its_place(raw: object, place: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse(raw)
    assert refused.value.place == place


@pytest.mark.parametrize("raw", [{**nested(1), "more": 1}, {**nested(2), "key": "a"}])
def test_what_a_filter_does_not_have_is_refused(raw: object) -> None:
    with pytest.raises(FilterError, match="expected nothing but"):
        parse(raw)


def test_as_many_levels_and_comparisons_as_there_may_be_are_read() -> None:
    assert predicate(parse(nested(8)))({"a": 1})
    hundred = {"type": "or", "filters": [{"type": "and", "filters": [nested(1)] * 50}] * 2}
    assert matches(parse(hundred), {"a": 1})
    with pytest.raises(ValueError, match="at most 100 comparisons"):
        parse({"type": "or", "filters": [hundred, nested(1)]})


@pytest.mark.parametrize(
    "raw",
    [
        {str(number): 1 for number in range(17)},
        {"k" * 65: 1},
        {"": 1},
        {"a": "x" * 513},
        {"a": None},
        {"a": [1]},
        {"a": {"b": 1}},
        {"a": float("nan")},
        {"a": 10**400},
        {"a": "\udfff"},
        *({name: "x"} for name in BUILT_IN),
        {"page": 3},
        {"dense_score": 1},
    ],
    ids=lambda raw: str(raw)[:30].encode("ascii", "replace").decode(),
)
def test_attributes_that_a_document_cannot_have_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"attribute|expected"):
        checked_attributes(raw)


def test_attributes_within_the_limits_are_taken_as_they_are() -> None:
    most: dict[str, AttributeValue] = {f"{number:064}": "x" * 512 for number in range(12)}
    most |= {"a": True, "b": -1.5, "c": 2**53, "d": ""}
    assert checked_attributes(most) == most


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("team=blue", Comparison("eq", "team", "blue")),
        (" team = blue ", Comparison("eq", "team", "blue")),
        ("year!=2026", Comparison("ne", "year", 2026)),
        ("year>=1.5", Comparison("gte", "year", 1.5)),
        ("year<=-3", Comparison("lte", "year", -3)),
        ('year="2026"', Comparison("eq", "year", "2026")),
        ("part=007", Comparison("eq", "part", "007")),
        ("draft=true", Comparison("eq", "draft", True)),
        ("note=a=b~c", Comparison("eq", "note", "a=b~c")),
        ("note=", Comparison("eq", "note", "")),
        ("date>2026-01-01", Comparison("gt", "date", "2026-01-01")),
        ("filename=2026", Comparison("eq", "filename", "2026")),
        ("filename='true'", Comparison("eq", "filename", "true")),
        ("source~*/contracts/*", Comparison("glob", "source", "*/contracts/*")),
        ("year~20", Comparison("glob", "year", "20")),
        ("pages<10", Comparison("lt", "pages", 10)),
        ("created_at>=2026-01-01", Comparison("gte", "created_at", 1767225600)),
        ("created_at<1767225600", Comparison("lt", "created_at", 1767225600)),
    ],
)
def test_what_is_typed_is_read_as_a_filter(typed: str, expected: Comparison) -> None:
    assert parse_expressions([typed]) == Compound("and", (expected,))


def test_filters_that_are_typed_must_all_hold() -> None:
    both = Compound("and", (Comparison("eq", "a", 1), Comparison("lt", "b", 2)))
    assert parse_expressions(["a=1", "b<2"]) == both
    assert parse_expressions([]) is None


@pytest.mark.parametrize(
    "typed", ["", "team", "=x", "draft>true", "created_at>soon", "created_at=2026-02-30", "pages~1"]
)
def test_what_is_typed_and_is_no_filter_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"filter|expected|no day"):
        parse_expressions([typed])


def test_attributes_are_typed_like_values_of_filters() -> None:
    typed = ["team=blue", "year=2026", "draft=false", "part='12'", "formula=a=b"]
    expected = {"team": "blue", "year": 2026, "draft": False, "part": "12", "formula": "a=b"}
    assert parse_assignments(typed) == expected
    for wrong in ("team", "=x", "source=x"):
        with pytest.raises(ValueError, match="attribute"):
            parse_assignments([wrong])


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def collection(library: Library) -> Collection:
    return library.create_collection("c", passport())


def say(library: Library, document: DocumentRecord, **attributes: AttributeValue) -> DocumentRecord:
    return library.set_attributes(document.collection_id, document.file_id, attributes)


def queue(library: Library, collection: Collection, text: str, **attributes: AttributeValue) -> DocumentRecord:
    """Queue a version of `a.txt`."""
    file = library.add_file(source="a.txt", filename="a.txt", content=io.BytesIO(text.encode()))
    return library.enqueue(collection.id, file.id, attributes=attributes or None)


def test_attributes_are_what_was_said_last(library: Library, collection: Collection) -> None:
    document = add(library, collection.id, "a.txt", chunked("pump"))
    assert document.attributes == {}
    assert say(library, document, team="blue", year=2026, draft=True, part=1.5).attributes == {
        "team": "blue",
        "year": 2026,
        "draft": True,
        "part": 1.5,
    }
    say(library, document, team="red")
    with closing(Library(library.home)) as other:
        assert other.document(collection.id, document.file_id).attributes == {"team": "red"}
    assert say(library, document).attributes == {}
    with pytest.raises(FileNotInLibraryError):
        library.set_attributes(collection.id, "file-none", {"a": 1})


def test_attributes_belong_to_one_collection(library: Library, collection: Collection) -> None:
    other = library.create_collection("other", passport())
    here, there = (add(library, each.id, "a.txt", chunked("pump")) for each in (collection, other))
    say(library, here, team="blue")
    assert library.document(other.id, there.file_id).attributes == {}
    assert library.attributes_of(collection.id, [here.file_id, "file-none"]) == {here.file_id: {"team": "blue"}}
    assert library.attributes_of(other.id, [there.file_id]) == {}


def test_a_document_that_waits_has_its_attributes_until_it_is_read(library: Library, collection: Collection) -> None:
    waiting = queue(library, collection, "pump", team="blue")
    assert (waiting.status, waiting.attributes) == ("queued", {"team": "blue"})
    library.fail(claimed(library, waiting), "broken")
    again = library.enqueue(collection.id, waiting.file_id, again=True)
    assert (again.status, again.attributes) == ("queued", {"team": "blue"})
    library.cancel(collection.id, again.file_id)
    assert library.enqueue(collection.id, again.file_id, again=True).attributes == {"team": "blue"}
    assert add(library, collection.id, "a.txt", chunked("pump")).attributes == {"team": "blue"}


def test_a_new_version_of_a_source_keeps_its_attributes(library: Library, collection: Collection) -> None:
    old = add(library, collection.id, "a.txt", chunked("pump"))
    say(library, old, team="blue")
    new = add(library, collection.id, "a.txt", chunked("valve"))
    assert new.file_id != old.file_id
    assert library.documents(collection.id) == [new]
    assert new.attributes == {"team": "blue"}
    assert queue(library, collection, "hose", team="red").attributes == {"team": "red"}


def test_a_file_that_moves_takes_its_attributes_along(library: Library, collection: Collection) -> None:
    document = add(library, collection.id, "a.txt", chunked("pump"))
    say(library, document, team="blue")
    library.rename_file(document.file_id, "b.txt", "b.txt")
    assert library.document(collection.id, document.file_id).attributes == {"team": "blue"}
    library.rename_file(document.file_id, "b.txt", "B.txt")
    assert library.document(collection.id, document.file_id).attributes == {"team": "blue"}
    assert add(library, collection.id, "a.txt", chunked("valve")).attributes == {}


def test_attributes_go_with_the_last_document_of_their_source(library: Library, collection: Collection) -> None:
    for remove in ("document", "file"):
        document = add(library, collection.id, "a.txt", chunked("pump"))
        say(library, document, team="blue")
        newer = queue(library, collection, "valve")
        library.remove_document(collection.id, newer.file_id)
        assert library.document(collection.id, document.file_id).attributes == {"team": "blue"}
        if remove == "file":
            library.delete_file(document.file_id)
        else:
            library.remove_document(collection.id, document.file_id)
        assert add(library, collection.id, "a.txt", chunked("pump")).attributes == {}


def test_a_rebuilt_collection_keeps_the_attributes(library: Library, collection: Collection) -> None:
    document = add(library, collection.id, "a.txt", chunked("pump"))
    say(library, document, team="blue")
    rebuild = Rebuild(library, "c", passport(8))
    rebuild.start()
    waiting = library.claim(passport(8))
    assert waiting is not None
    content = chunked("pump")
    library.complete(waiting, content, HashEmbedder(8).embed(["pump"]), facts_of(content))
    assert rebuild.finish() is not None
    assert library.document(collection.id, document.file_id).attributes == {"team": "blue"}


def test_a_filter_may_ask_for_all_that_is_known_of_a_document(library: Library, collection: Collection) -> None:
    document = add(library, collection.id, "/plans/a.txt", chunked("pump", "valve", title="Plan"))
    add(library, collection.id, "/other/b.md", chunked("hose"))
    known: dict[str, AttributeValue] = {
        "file_id": document.file_id,
        "filename": "a.txt",
        "source": "/plans/a.txt",
        "title": "Plan",
        "pages": 2,
    }
    for key, value in known.items():
        assert library.matching_files(collection.id, Comparison("eq", key, value)) == {document.file_id}
    assert set(BUILT_IN) == {*known, "media_type", "created_at"}
    assert len(library.matching_files(collection.id, Comparison("eq", "media_type", "text/plain"))) == 2
    assert len(library.matching_files(collection.id, Comparison("gte", "created_at", document.created_at))) == 2
    assert library.matching_files(collection.id, Comparison("lt", "created_at", document.created_at)) == frozenset()
    with pytest.raises(CollectionNotFoundError):
        library.matching_files("none", Comparison("eq", "pages", 1))


documents = st.lists(
    st.tuples(
        attribute_sets, st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), min_size=1, max_size=3)
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(contents=documents, wanted=filters, query=st.sampled_from(WORDS), top_k=st.integers(1, 8))
def test_a_search_with_a_filter_is_the_whole_search_filtered_afterwards(
    tmp_path_factory: pytest.TempPathFactory,
    contents: list[tuple[dict[str, AttributeValue], list[list[str]]]],
    wanted: Filter,
    query: str,
    top_k: int,
) -> None:
    with closing(Library(tmp_path_factory.mktemp("home"))) as library:
        home = library.create_collection("c", passport())
        said: dict[str, dict[str, AttributeValue]] = {}
        for number, (attributes, texts) in enumerate(contents):
            # The number makes every text another one: what is equally near has no order.
            pages = [" ".join([*words, f"{number}x{page}"]) for page, words in enumerate(texts)]
            document = add(library, home.id, f"{number}.txt", chunked(*pages))
            said[say(library, document, **attributes).file_id] = attributes
        index, vector = SearchIndex(library), EMBEDDER.embed_query(query)
        is_in = {id_ for id_, attributes in said.items() if matches(wanted, attributes)}
        only = library.matching_files(home.id, wanted)

        assert only == is_in
        whole = filtered(library, index.dense(home.id, vector, 1_000), is_in)[:top_k]
        found = index.dense(home.id, vector, top_k, only=only)
        assert [id_ for id_, _ in found] == [id_ for id_, _ in whole]
        assert [score for _, score in found] == pytest.approx([score for _, score in whole], abs=1e-6)
        words = filtered(library, index.lexical(home.id, query, 1_000), is_in)[:top_k]
        assert index.lexical(home.id, query, top_k, only=only) == words


def filtered(library: Library, hits: list[tuple[int, float]], file_ids: set[str]) -> list[tuple[int, float]]:
    chunks = {chunk.id: chunk.file_id for chunk in library.chunks([id_ for id_, _ in hits])}
    return [(id_, score) for id_, score in hits if chunks[id_] in file_ids]


def test_a_search_among_no_documents_finds_nothing(library: Library, collection: Collection) -> None:
    add(library, collection.id, "a.txt", chunked("pump"))
    index = SearchIndex(library)
    assert index.dense(collection.id, EMBEDDER.embed_query("pump"), 5, only=frozenset()) == []
    assert index.lexical(collection.id, "pump", 5, only=frozenset()) == []


def test_a_version_that_is_not_complete_is_not_found_by_its_file(library: Library, collection: Collection) -> None:
    old = add(library, collection.id, "a.txt", chunked("pump"))
    new = claimed(library, queue(library, collection, "valve"))
    library.append(new, chunked("valve"), EMBEDDER.embed(["valve"]), Progress("reading", 1, 2))
    index = SearchIndex(library)
    only = library.matching_files(collection.id, Comparison("eq", "source", "a.txt"))
    found = library.chunks([id_ for id_, _ in index.dense(collection.id, EMBEDDER.embed_query("pump"), 5, only=only)])
    assert [chunk.file_id for chunk in found] == [old.file_id]
    assert index.lexical(collection.id, "valve", 5, only=only) == []
