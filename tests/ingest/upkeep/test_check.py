"""A checkup finds what is wrong, each kind of damage by its name, and a repair mends it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import LibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage import rebuilds
from ingest.storage.paging import PageSpec
from ingest.storage.reader_lock import ReaderLock
from ingest.types import DocumentRecord
from ingest.upkeep.check import ConsistencyCheck, Problem
from ingest.upkeep.repair import repair
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import add, claimed, complete
from tests.raw_database import raw_database

EMBEDDER = HashEmbedder()
PUMP = chunked("The pump is blue.", "It stands in the cellar.")
VALVE = chunked("The valve is red.")
BY_SOURCE = PageSpec(order="source")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with two documents and a saved index."""
    opened = Library(tmp_path / "home")
    collection = opened.create_collection("c", passport())
    add(opened, collection.id, "pump.txt", PUMP)
    add(opened, collection.id, "valve.txt", VALVE)
    SearchIndex(opened).save(collection.id)
    yield opened
    opened.close()


def damage(library: Library, *statements: str) -> None:
    """Change rows as no transaction of the library would."""
    with closing(raw_database(library.home / "library.db")) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            db.execute(statement)


def examine(library: Library) -> list[Problem]:
    return ConsistencyCheck(library, SearchIndex(library), passport=passport()).run()


def told(findings: list[Problem]) -> list[tuple[str, str]]:
    return [(finding.area, finding.what) for finding in findings]


def document(library: Library, filename: str) -> DocumentRecord:
    return next(each for each in library.documents() if each.filename == filename)


def read_what_waits(library: Library) -> None:
    for waiting in library.documents():
        if waiting.status == "queued":
            complete(library, waiting, {"pump.txt": PUMP, "valve.txt": VALVE}[waiting.filename])


def state(library: Library) -> list[object]:
    hits = SearchIndex(library).search_dense(library.collection("c").id, EMBEDDER.embed_query("blue pump"), 10)
    found = {id_: round(score, 5) for id_, score in hits}
    return [
        [(each.filename, each.status, each.pages, each.chunks) for each in library.documents()],
        [(each.chunk.text, found[each.id]) for each in library.chunks(list(found))],
        sorted(each.chunk.text for each in library.chunks([id_ for id_, _ in words(library, "pump valve")])),
    ]


def words(library: Library, query: str) -> list[tuple[int, float]]:
    return SearchIndex(library).search_lexical(library.collection("c").id, query, 10)


def test_nothing_is_wrong_with_a_sound_library(library: Library) -> None:
    assert examine(library) == []


def test_nothing_is_wrong_after_documents_were_replaced_removed_and_failed(library: Library) -> None:
    collection = library.collection("c")
    add(library, collection.id, "pump.txt", chunked("The pump is green."))
    library.delete_file(document(library, "valve.txt").file_id)
    failed = library.add_file(source="x", filename="x", content=library.original_path(library.files()[0].id))
    library.fail(library.enqueue(collection.id, failed.id), "damaged")
    assert examine(library) == []


WRONG_COUNTS = {
    "a counter": "UPDATE document_counts SET chunks = chunks + 1",
    "a counter of nothing": "INSERT INTO document_counts SELECT id, 'failed', 0, 0, 0, 1, 0 FROM collections",
    "a counter that is gone": "DELETE FROM document_counts",
    "a document's size": "UPDATE documents SET size_bytes = 1",
    "a document's name": "UPDATE documents SET folded_name = 'x' WHERE source = 'pump.txt'",
    "a document's source": "UPDATE documents SET source = 'x' WHERE source = 'pump.txt'",
}


@pytest.mark.parametrize("statement", WRONG_COUNTS.values(), ids=list(WRONG_COUNTS))
def test_counters_that_are_wrong_are_counted_anew(library: Library, statement: str) -> None:
    before = (state(library), library.counts(), library.page_documents(library.collection("c").id, BY_SOURCE))
    damage(library, statement)

    found = examine(library)
    assert [(finding.area, finding.can_repair) for finding in found] == [("counts", True)]
    repair(library, SearchIndex(library), found)
    assert examine(library) == []
    assert (state(library), library.counts(), library.page_documents(library.collection("c").id, BY_SOURCE)) == before


PUMP_ROW = "(SELECT d.id FROM documents d JOIN files f ON f.id = d.file_id WHERE f.filename = 'pump.txt')"
FIRST_CHUNK = f"(SELECT min(id) FROM chunks WHERE document_id = {PUMP_ROW})"  # noqa: S608
WRONG_CONTENT = {
    "a chunk has no vector": f"DELETE FROM vectors WHERE chunk_id = {FIRST_CHUNK}",  # noqa: S608
    "a vector is not of the size that it should be": (
        f"UPDATE vectors SET embedding = zeroblob(12) WHERE chunk_id = {FIRST_CHUNK}"  # noqa: S608
    ),
    "a vector is damaged": f"UPDATE vectors SET embedding = zeroblob(1024) WHERE chunk_id = {FIRST_CHUNK}",  # noqa: S608
    "a chunk is not what stands in the document": (
        f"UPDATE chunks SET text = 'The pump is grey.' WHERE id = {FIRST_CHUNK}"  # noqa: S608
    ),
    "a chunk is in another collection": f"UPDATE chunks SET collection_id = '' WHERE id = {FIRST_CHUNK}",  # noqa: S608
    "its row counts other pages or chunks": f"UPDATE documents SET chunk_count = 7 WHERE id = {PUMP_ROW}",  # noqa: S608
    "its pages do not follow one another": (
        f"UPDATE pages SET number = 3 WHERE number = 2 AND document_id = {PUMP_ROW}"  # noqa: S608
    ),
}


@pytest.mark.parametrize(("what", "statement"), WRONG_CONTENT.items(), ids=list(WRONG_CONTENT))
def test_a_document_whose_content_is_wrong_is_read_again_from_its_original(
    library: Library, what: str, statement: str
) -> None:
    before = state(library)
    damage(library, statement)

    found = examine(library)
    assert told(found) == [("content", what)]
    assert found[0].can_repair
    assert document(library, "pump.txt").file_id in found[0].where

    assert repair(library, SearchIndex(library), found) == [library.collection("c").id]
    assert document(library, "pump.txt").status == "queued"
    read_what_waits(library)
    SearchIndex(library).save(library.collection("c").id)
    assert (examine(library), state(library)) == ([], before)


def test_an_index_in_memory_follows_a_repair(library: Library) -> None:
    index = SearchIndex(library)
    query, collection = EMBEDDER.embed_query("blue pump"), library.collection("c")
    before = index.search_dense(collection.id, query, 10)
    damage(library, WRONG_CONTENT["a chunk is in another collection"])
    repair(library, SearchIndex(library), examine(library))
    read_what_waits(library)
    after = index.search_dense(collection.id, query, 10)
    assert [score for _, score in after] == pytest.approx([score for _, score in before])
    assert index.list_ids(collection.id) == {id_ for id_, _ in after}


def test_a_search_over_damaged_vectors_says_what_to_do(library: Library) -> None:
    damage(library, "UPDATE vectors SET embedding = zeroblob(12)", "DELETE FROM snapshots")
    with pytest.raises(LibraryError, match="pincite check --repair"):
        SearchIndex(library).search_dense(library.collection("c").id, EMBEDDER.embed_query("pump"), 3)


ORPHANS = {
    "vectors": "DELETE FROM chunks WHERE document_id = 2",
    "chunks": "DELETE FROM documents WHERE id = 2",
    "pages": "DELETE FROM documents WHERE id = 2",
}


@pytest.mark.parametrize(("table", "statement"), ORPHANS.items())
def test_rows_that_belong_to_nothing_are_found_and_dropped(library: Library, table: str, statement: str) -> None:
    damage(library, statement)
    found = examine(library)
    assert table in [finding.where for finding in found if finding.area == "orphans"]
    repair(library, SearchIndex(library), found)
    read_what_waits(library)
    assert told(examine(library)) == []
    collection = library.collection("c")
    assert SearchIndex(library).list_ids(collection.id) == {
        each.id for shown in library.documents() for each in library.document_chunks(collection.id, shown.file_id)
    }


def test_attributes_of_a_source_without_a_document_are_found_and_dropped(library: Library) -> None:
    pump, valve = (document(library, name) for name in ("pump.txt", "valve.txt"))
    for each in (pump, valve):
        library.set_attributes(each.collection_id, each.file_id, {"team": "blue"})
    assert examine(library) == []
    damage(
        library,
        "INSERT INTO source_attributes SELECT collection_id, 'gone.txt', attributes FROM source_attributes"
        " WHERE source = 'pump.txt'",
    )
    found = examine(library)
    assert [(finding.where, finding.what) for finding in found] == [("source_attributes", "1 rows belong to nothing")]
    repair(library, SearchIndex(library), found)
    assert examine(library) == []
    assert [each.attributes for each in library.documents()] == [{"team": "blue"}, {"team": "blue"}]
    late = library.add_file(source="gone.txt", filename="gone.txt", content=library.original_path(pump.file_id))
    assert library.enqueue(pump.collection_id, late.id).attributes == {}


def test_an_index_of_words_that_has_other_words_is_built_anew(library: Library) -> None:
    damage(library, "INSERT INTO chunks_fts (chunks_fts) VALUES ('delete-all')")
    assert words(library, "pump") == []
    found = examine(library)
    assert [finding.area for finding in found] == ["words"]
    repair(library, SearchIndex(library), found)
    assert examine(library) == []
    assert len(words(library, "pump")) == 1


def test_a_missing_and_a_damaged_original_are_named_and_stay_searchable(library: Library) -> None:
    gone, changed = (library.original_path(document(library, name).file_id) for name in ("pump.txt", "valve.txt"))
    gone.unlink()
    changed.write_bytes(b"The valve is rex.")
    found = examine(library)
    assert sorted(told(found)) == [("original", "its original is damaged"), ("original", "its original is gone")]
    assert all("add the file again" in finding.advice and not finding.can_repair for finding in found)
    repair(library, SearchIndex(library), found)
    assert [each.status for each in library.documents()] == ["done", "done"]


def test_a_document_without_its_original_is_not_thrown_away_by_a_repair(library: Library) -> None:
    library.original_path(document(library, "pump.txt").file_id).unlink()
    damage(library, WRONG_CONTENT["a chunk has no vector"])
    found = examine(library)
    assert [(finding.area, finding.can_repair) for finding in found] == [("content", False), ("original", False)]
    assert repair(library, SearchIndex(library), found) == []
    assert document(library, "pump.txt").chunks == 2


def test_a_document_of_another_embedder_is_left_to_a_rebuild(library: Library) -> None:
    damage(library, WRONG_CONTENT["a chunk has no vector"])
    (finding,) = ConsistencyCheck(library, SearchIndex(library), passport=passport(128)).run()
    assert not finding.can_repair
    assert "pincite collections rebuild c" in finding.advice


def index_file(library: Library) -> Path:
    (path,) = (library.home / "index").glob("*.faiss")
    return path


def cut(library: Library) -> None:
    index_file(library).write_bytes(index_file(library).read_bytes()[:100])


def flip(library: Library) -> None:
    body = bytearray(index_file(library).read_bytes())
    body[len(body) // 2] ^= 1
    index_file(library).write_bytes(body)


SNAPSHOTS: dict[str, Callable[[Library], None]] = {
    "gone": lambda library: index_file(library).unlink(),
    "cut": cut,
    "flipped": flip,
    "miscounted": lambda library: damage(library, "UPDATE snapshots SET row_count = 1"),
    "old": lambda library: damage(library, "UPDATE snapshots SET generation = 1, row_count = 2"),
}


@pytest.mark.parametrize("spoil", SNAPSHOTS.values(), ids=list(SNAPSHOTS))
def test_a_saved_index_that_is_not_what_it_should_be_is_replaced(
    library: Library, spoil: Callable[[Library], None]
) -> None:
    spoil(library)
    found = examine(library)
    assert [(finding.area, finding.is_harmless, finding.can_repair) for finding in found] == [("index", True, True)]
    repair(library, SearchIndex(library), found)
    assert examine(library) == []
    assert len(list((library.home / "index").iterdir())) == 1


def test_a_saved_index_with_other_chunks_than_the_rows_is_a_problem(library: Library) -> None:
    damage(
        library, "UPDATE chunks SET id = id + 100 WHERE id = 1", "UPDATE vectors SET chunk_id = 101 WHERE chunk_id = 1"
    )
    found = [finding for finding in examine(library) if not finding.is_harmless]
    assert ("index", "it does not have the chunks of the collection") in told(found)
    repair(library, SearchIndex(library), examine(library))
    assert examine(library) == []


def test_files_that_no_row_names_are_found_and_removed(library: Library) -> None:
    orphan, index = library.home / "files" / "ab" / ("ab" * 32), library.home / "index" / "vs_0.faiss"
    for path in (orphan, index):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left")
    found = examine(library)
    assert sorted(finding.where for finding in found) == [orphan.name, index.name]
    assert all(finding.is_harmless for finding in found)
    repair(library, SearchIndex(library), found)
    assert examine(library) == []


def test_documents_that_nobody_reads_are_put_back(library: Library) -> None:
    collection = library.collection("c")
    file = library.add_file(source="x.txt", filename="x.txt", content=library.original_path(library.files()[0].id))
    claimed(library, library.enqueue(collection.id, file.id))
    lock = ReaderLock(library.home, passport())
    assert lock.acquire()
    assert examine(library) == []
    lock.release()
    found = examine(library)
    assert [finding.area for finding in found] == ["reading"]
    repair(library, SearchIndex(library), found)
    assert document(library, "x.txt").status == "queued"
    assert examine(library) == []


def test_a_rebuild_that_nobody_works_on_is_named_with_its_command(library: Library) -> None:
    with library.storage.database.write() as db:
        rebuilds.begin(db, library.collection("c"), passport(128))
    (finding,) = examine(library)
    assert (finding.area, finding.is_harmless) == ("rebuild", True)
    assert "pincite collections rebuild c" in finding.advice


def test_a_damaged_database_is_told_and_nothing_is_mended(library: Library) -> None:
    schema = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE name = 'files_by_content'"
    with closing(raw_database(library.home / "library.db")) as db:
        index = next(iter(db.execute(schema)))
    hide = "DELETE FROM sqlite_schema WHERE name = 'files_by_content'"
    damage(library, "PRAGMA writable_schema = ON", hide)
    damage(library, "UPDATE files SET sha256 = '0' WHERE filename = 'pump.txt'")  # the index does not hear of it
    with closing(raw_database(library.home / "library.db")) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", index)

    found = [finding for finding in examine(library) if finding.area == "database"]

    assert "files_by_content" in found[0].what
    assert "pincite restore" in found[0].advice
    assert not found[0].can_repair


def test_a_checkup_beside_writers_finds_nothing(library: Library) -> None:
    other = Library(library.home)
    deadline = time.monotonic() + 2
    number = 0
    while time.monotonic() < deadline:
        add(other, other.collection("c").id, "turn.txt", chunked(f"Turn {number}."))
        number += 1
        assert [finding for finding in examine(library) if not finding.is_harmless] == []
    other.close()
