"""Attributes stay with a source, and a search with a filter is the whole search, filtered afterwards."""

import io
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import CollectionNotFoundError, FileNotInLibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.filters import (
    BUILT_IN,
    matches,
)
from ingest.library.library import Library
from ingest.types import AttributeValue, Collection, Comparison, DocumentRecord, Filter, Progress
from ingest.upkeep.rebuild import Rebuild
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.filter_world import WORDS, attribute_sets, filter_trees
from tests.ingest.library_world import EMBEDDER, add, claimed, facts_of


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
    assert library.find_attributes(collection.id, [here.file_id, "file-none"]) == {here.file_id: {"team": "blue"}}
    assert library.find_attributes(other.id, [there.file_id]) == {}


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
        assert library.find_matching_files(collection.id, Comparison("eq", key, value)) == {document.file_id}
    assert set(BUILT_IN) == {*known, "media_type", "created_at"}
    assert len(library.find_matching_files(collection.id, Comparison("eq", "media_type", "text/plain"))) == 2
    assert len(library.find_matching_files(collection.id, Comparison("gte", "created_at", document.created_at))) == 2
    assert (
        library.find_matching_files(collection.id, Comparison("lt", "created_at", document.created_at)) == frozenset()
    )
    with pytest.raises(CollectionNotFoundError):
        library.find_matching_files("none", Comparison("eq", "pages", 1))


def test_a_filter_that_is_asked_again_sees_every_change_at_once(library: Library, collection: Collection) -> None:
    blue, plans = Comparison("eq", "team", "blue"), Comparison("glob", "source", "/plans/*")
    index, query = SearchIndex(library), EMBEDDER.embed_query("pump")
    with closing(Library(library.home)) as other:

        def assert_matching(filters: Comparison, *expected: DocumentRecord) -> None:
            file_ids = library.find_matching_files(collection.id, filters)
            assert file_ids == {document.file_id for document in expected}
            hits = (
                index.search_dense(collection.id, query, 9, file_ids=file_ids),
                index.search_lexical(collection.id, "pump", 9, file_ids=file_ids),
            )
            for found in hits:
                ids = [id_ for id_, _ in found]
                assert {chunk.file_id for chunk in library.chunks(ids)} == {each.file_id for each in expected}

        assert_matching(blue)
        first = add(other, collection.id, "/plans/a.txt", chunked("pump one"))
        assert_matching(blue)
        assert_matching(plans, first)
        say(other, first, team="blue")
        assert_matching(blue, first)
        second = add(other, collection.id, "b.txt", chunked("pump two"))
        say(library, second, team="blue")
        assert_matching(blue, first, second)
        assert_matching(plans, first)
        other.rename_file(second.file_id, "/plans/b.txt", "b.txt")
        assert_matching(plans, first, second)
        newer = add(other, collection.id, "/plans/a.txt", chunked("pump three", "pump four"))
        assert_matching(blue, newer, second)
        queue(other, collection, "pump five", team="red")
        say(other, newer, team="red")
        assert_matching(blue, second)
        other.delete_file(second.file_id)
        assert_matching(blue)
        assert_matching(plans, newer)


def test_filters_that_python_calls_equal_are_not_confused(library: Library, collection: Collection) -> None:
    number, truth = (add(library, collection.id, name, chunked(name)) for name in ("a.txt", "b.txt"))
    say(library, number, part=1)
    say(library, truth, part=True)
    for _ in range(2):
        assert library.find_matching_files(collection.id, Comparison("eq", "part", 1)) == {number.file_id}
        assert library.find_matching_files(collection.id, Comparison("eq", "part", True)) == {truth.file_id}


documents = st.lists(
    st.tuples(
        attribute_sets, st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), min_size=1, max_size=3)
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(contents=documents, filters=filter_trees, query=st.sampled_from(WORDS), top_k=st.integers(1, 8))
def test_a_search_with_a_filter_is_the_whole_search_filtered_afterwards(
    tmp_path_factory: pytest.TempPathFactory,
    contents: list[tuple[dict[str, AttributeValue], list[list[str]]]],
    filters: Filter,
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
        is_in = {id_ for id_, attributes in said.items() if matches(filters, attributes)}
        file_ids = library.find_matching_files(home.id, filters)

        assert file_ids == is_in
        whole = filtered(library, index.search_dense(home.id, vector, 1_000), is_in)[:top_k]
        found = index.search_dense(home.id, vector, top_k, file_ids=file_ids)
        assert [id_ for id_, _ in found] == [id_ for id_, _ in whole]
        assert [score for _, score in found] == pytest.approx([score for _, score in whole], abs=1e-6)
        words = filtered(library, index.search_lexical(home.id, query, 1_000), is_in)[:top_k]
        assert index.search_lexical(home.id, query, top_k, file_ids=file_ids) == words


def filtered(library: Library, hits: list[tuple[int, float]], file_ids: set[str]) -> list[tuple[int, float]]:
    chunks = {chunk.id: chunk.file_id for chunk in library.chunks([id_ for id_, _ in hits])}
    return [(id_, score) for id_, score in hits if chunks[id_] in file_ids]


def test_a_search_among_no_documents_finds_nothing(library: Library, collection: Collection) -> None:
    add(library, collection.id, "a.txt", chunked("pump"))
    index = SearchIndex(library)
    assert index.search_dense(collection.id, EMBEDDER.embed_query("pump"), 5, file_ids=frozenset()) == []
    assert index.search_lexical(collection.id, "pump", 5, file_ids=frozenset()) == []


def test_a_version_that_is_not_complete_is_not_found_by_its_file(library: Library, collection: Collection) -> None:
    old = add(library, collection.id, "a.txt", chunked("pump"))
    new = claimed(library, queue(library, collection, "valve"))
    library.append(new, chunked("valve"), EMBEDDER.embed(["valve"]), Progress("reading", 1, 2))
    index = SearchIndex(library)
    file_ids = library.find_matching_files(collection.id, Comparison("eq", "source", "a.txt"))
    found = library.chunks(
        [id_ for id_, _ in index.search_dense(collection.id, EMBEDDER.embed_query("pump"), 5, file_ids=file_ids)]
    )
    assert [chunk.file_id for chunk in found] == [old.file_id]
    assert index.search_lexical(collection.id, "valve", 5, file_ids=file_ids) == []
