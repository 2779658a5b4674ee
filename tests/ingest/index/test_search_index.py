"""Dense search equals brute force; its saved file is trusted only when it is what was written."""

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage import content
from ingest.storage.snapshots import SMALL_INDEX, is_outgrown
from ingest.types import Collection
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import complete

EMBEDDER = HashEmbedder()
TEXTS = [f"pump number {number} stands in hall {number % 3}" for number in range(12)]


@pytest.fixture
def collection(library: Library) -> Collection:
    made = library.create_collection("c", passport())
    add(library, made, "a.txt", TEXTS)
    return made


def add(library: Library, collection: Collection, source: str, texts: list[str]) -> str:
    file = library.add_file(source=source, filename=source, content=io.BytesIO("\n".join(texts).encode()))
    complete(library, library.enqueue(collection.id, file.id), chunked(*texts), EMBEDDER.embed(texts))
    return file.id


def found(library: Library, hits: list[tuple[int, float]]) -> list[str]:
    return [chunk.chunk.text for chunk in library.chunks([id_ for id_, _ in hits])]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 30), top_k=st.integers(1, 40))
def test_dense_search_equals_brute_force_in_order_and_score(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rows: int, top_k: int
) -> None:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((rows, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = vectors[int(random.integers(rows))]
    library = Library(tmp_path_factory.mktemp("home"))
    collection = library.create_collection("c", passport(8))
    file = library.add_file(source="a", filename="a", content=io.BytesIO(b"a"))
    complete(library, library.enqueue(collection.id, file.id), chunked(*map(str, range(rows))), vectors)

    hits = SearchIndex(library).search_dense(collection.id, query, top_k)

    cosines = vectors @ query
    expected = np.sort(cosines)[::-1][:top_k]
    assert np.allclose([score for _, score in hits], expected, atol=1e-6)
    assert np.allclose([cosines[int(text)] for text in found(library, hits)], expected, atol=1e-6)
    library.close()


def test_words_are_found_whatever_their_case_accents_and_endings(library: Library, collection: Collection) -> None:
    add(library, collection, "b.txt", ["Die Ventile prüfen.", "Inspecting valves regularly."])
    index = SearchIndex(library)
    assert found(library, index.search_lexical(collection.id, "PRUFEN", 5)) == ["Die Ventile prüfen."]
    assert (
        found(library, index.search_lexical(collection.id, "valve inspection", 5))[0] == "Inspecting valves regularly."
    )


@pytest.mark.parametrize("query", ["", "?!", '"', "a AND OR NOT (", "text: x*", "\x00 pump", "NEAR(a b)"])
def test_no_query_is_a_syntax_error(library: Library, collection: Collection, query: str) -> None:
    SearchIndex(library).search_lexical(collection.id, query, 5)


def test_a_query_of_many_words_is_cut_to_its_first_ones(library: Library, collection: Collection) -> None:
    filler = " ".join(f"word{number}" for number in range(400))
    index = SearchIndex(library)
    assert index.search_lexical(collection.id, f"pump {filler}", 5) != []
    assert index.search_lexical(collection.id, f"{filler} pump", 5) == []


def test_a_saved_index_answers_like_the_one_in_memory(library: Library, collection: Collection) -> None:
    first = SearchIndex(library)
    query = EMBEDDER.embed_query("hall 2")
    hits = first.search_dense(collection.id, query, 12)
    first.save(collection.id)
    add(library, collection, "b.txt", ["a later document"])

    second = SearchIndex(library)

    assert second.search_dense(collection.id, query, 12) == hits
    assert found(library, second.search_dense(collection.id, EMBEDDER.embed_query("a later document"), 1)) == [
        "a later document"
    ]


def _flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


@pytest.mark.parametrize("damage", [_flip, lambda path: path.write_bytes(path.read_bytes()[:-9]), Path.unlink])
def test_a_damaged_index_file_is_noticed_and_rebuilt(library: Library, collection: Collection, damage: object) -> None:
    index = SearchIndex(library)
    query = EMBEDDER.embed_query("hall 2")
    hits = index.search_dense(collection.id, query, 12)
    index.save(collection.id)
    (path,) = (library.home / "index").iterdir()
    assert callable(damage)
    damage(path)
    assert SearchIndex(library).search_dense(collection.id, query, 12) == hits


def test_saving_twice_keeps_one_file(library: Library, collection: Collection) -> None:
    index = SearchIndex(library)
    index.save(collection.id)
    index.save(collection.id)
    add(library, collection, "b.txt", ["another", "and another"])
    index.save(collection.id)
    assert len(list((library.home / "index").iterdir())) == 1
    assert_saved(library, collection)


def assert_saved(library: Library, collection: Collection) -> None:
    recorded = library.snapshot(collection.id)
    assert recorded is not None
    assert recorded.generation == library.collection(collection.id).generation


@pytest.mark.parametrize(
    ("rows", "changed", "expected"),
    [
        (12, 0, False),
        (12, 1, True),
        (2_000, 200, False),
        (2_000, 201, True),
        (1_000_000, 20_000, False),
        (1_000_000, 20_001, True),
    ],
)
def test_a_saved_index_is_outgrown_by_as_much_as_takes_long_to_take_over(
    rows: int, changed: int, expected: bool
) -> None:
    assert is_outgrown(rows, changed) == expected


def test_a_large_index_is_not_saved_for_a_little_more(library: Library, collection: Collection) -> None:
    index = SearchIndex(library)
    add(library, collection, "b.txt", [f"valve {number}" for number in range(SMALL_INDEX)])
    index.save(collection.id)
    before = library.snapshot(collection.id)
    add(library, collection, "c.txt", ["a pipe"])
    index.save(collection.id)
    assert library.snapshot(collection.id) == before
    hits = SearchIndex(library).search_dense(collection.id, EMBEDDER.embed_query("a pipe"), 1)
    assert found(library, hits) == ["a pipe"]


def test_an_index_that_lost_its_file_by_a_removal_is_saved_again(library: Library, collection: Collection) -> None:
    index = SearchIndex(library)
    file_id = add(library, collection, "b.txt", ["another"])
    index.save(collection.id)
    library.delete_file(file_id)
    assert library.snapshot(collection.id) is None
    index.save(collection.id)
    assert_saved(library, collection)


def test_an_index_that_lost_its_file_by_a_removal_is_there_for_the_next_start(
    library: Library, collection: Collection
) -> None:
    index, gone = SearchIndex(library), library.create_collection("gone", passport())
    add(library, gone, "a.txt", ["a pipe"])
    file_id = add(library, collection, "b.txt", ["another"])
    for each in (collection, gone):
        index.save(each.id)
    saved = library.snapshot(collection.id)
    index.save_all()
    assert library.snapshot(collection.id) == saved
    library.delete_file(file_id)
    library.delete_collection(gone.id)
    index.save_all()
    assert_saved(library, collection)
    assert SearchIndex(library).list_ids(collection.id) == index.list_ids(collection.id)


def test_an_index_that_has_outgrown_exact_search_is_built_and_saved_by_itself(
    library: Library, collection: Collection
) -> None:
    index = SearchIndex(library, exact_limit=100)
    index.save(collection.id)
    texts = [f"valve {number} of hall {number % 7}" for number in range(150)]
    add(library, collection, "b.txt", texts)
    query = EMBEDDER.embed_query(texts[40])
    assert found(library, index.search_dense(collection.id, query, 1)) == [texts[40]]
    index.save(collection.id)
    assert_saved(library, collection)
    hits = index.search_dense(collection.id, query, 5)
    assert found(library, hits)[0] == texts[40]
    assert SearchIndex(library, exact_limit=100).search_dense(collection.id, query, 5) == hits
    assert hits[0][1] == pytest.approx(1, abs=1e-6)


def test_a_library_that_is_closed_while_an_index_is_built_is_closed(library: Library, collection: Collection) -> None:
    index = SearchIndex(library, exact_limit=5)
    index.search_dense(collection.id, EMBEDDER.embed_query("hall"), 1)
    library.close()


def test_what_changed_comes_in_batches_of_which_the_last_has_the_new_generation(
    library: Library, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "VECTOR_BATCH", 5)
    generation = library.collection("c").generation
    batches = list(library.read_changes(collection.id, 0))
    assert [(len(batch.added), batch.generation) for batch in batches] == [(5, 0), (5, 0), (2, 0), (0, generation)]
    assert list(library.read_changes(collection.id, generation)) == []
    assert len(SearchIndex(library).search_dense(collection.id, EMBEDDER.embed_query("hall 2"), 20)) == 12


def test_similarities_are_those_of_the_search(library: Library, collection: Collection) -> None:
    index = SearchIndex(library)
    query = EMBEDDER.embed_query("hall 1")
    hits = dict(index.search_dense(collection.id, query, 12))
    assert index.compute_cosines(collection.id, query, [*hits, 999_999]) == pytest.approx(hits, abs=1e-6)


def test_an_empty_collection_finds_nothing(library: Library) -> None:
    empty = library.create_collection("empty", passport())
    index = SearchIndex(library)
    assert index.search_dense(empty.id, EMBEDDER.embed_query("pump"), 5) == []
    assert index.search_lexical(empty.id, "pump", 5) == []
    index.save(empty.id)


def test_two_that_save_at_once_leave_the_file_that_is_recorded(library: Library, collection: Collection) -> None:
    other = Library(library.home)

    def save(owner: Library, number: int) -> None:
        for turn in range(5):
            add(owner, collection, f"{number}-{turn}.txt", ["more"])
            SearchIndex(owner).save(collection.id)

    threads = [threading.Thread(target=save, args=(owner, number)) for number, owner in enumerate((library, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    recorded = library.snapshot(collection.id)
    assert recorded is not None
    assert [path.name for path in (library.home / "index").iterdir()] == [recorded.filename]
    assert recorded.generation == library.collection("c").generation
