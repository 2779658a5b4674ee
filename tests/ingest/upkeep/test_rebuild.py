"""A collection goes over to another embedder while the old one answers; a kill, a cancel or a failure loses nothing."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.errors import PassportMismatchError, RebuildLosesError, RebuildPausedError
from ingest.index.search_index import SearchIndex
from ingest.jobs.pipeline import Ingestor
from ingest.jobs.queue import IngestQueue
from ingest.library.library import Library
from ingest.storage import documents
from ingest.types import DocumentRecord
from ingest.upkeep.check import ConsistencyCheck
from ingest.upkeep.rebuild import Rebuild, rebuild
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import add, facts_of, wait_until_read

OLD, NEW = HashEmbedder(), HashEmbedder(128)
OLD_PASSPORT, NEW_PASSPORT = passport(), passport(128)
NAMES = [f"{number}.txt" for number in range(6)]


class Reader(Ingestor):
    """Reads a file as its own text, embedded with the new embedder; some it cannot read."""

    def __init__(self, library: Library, before: Callable[[DocumentRecord], None] = lambda _: None) -> None:
        self._library = library
        self._before = before
        self._index = SearchIndex(library)
        self.width, self.spare = 2, 0
        self.passport = NEW_PASSPORT
        self.unreadable: set[str] = set()
        self.read: list[str] = []

    def stop(self, claim: str) -> None:
        """It reads too fast to be stopped."""

    def process(self, document: DocumentRecord, *, beside: int = 1) -> DocumentRecord | None:
        self._before(document)
        if (copied := self._library.complete_from_copy(document)) is not None:
            return copied
        if document.filename in self.unreadable:
            return self._library.fail(document, "damaged")
        self.read.append(document.filename)
        content = chunked(self._library.original_path(document.file_id).read_text())
        vectors = NEW.embed([chunk.text for chunk in content.chunks])
        return self._library.complete(document, content, vectors, facts_of(content))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with a collection of the old embedder and another one that has a file in common with it."""
    opened = Library(tmp_path / "home")
    collection, other = (opened.create_collection(name, OLD_PASSPORT) for name in ("c", "other"))
    for name in NAMES:
        add(opened, collection.id, name, chunked(f"Pump {name[0]} is blue."))
    add(opened, other.id, NAMES[0], chunked("Pump 0 is blue."))
    yield opened
    opened.close()


@pytest.fixture
def reader(library: Library) -> Iterator[Reader]:
    """A queue of the new embedder at work."""
    made = Reader(library)
    queue = IngestQueue(library, made)
    queue.start()
    yield made
    queue.close()


def dense(index: SearchIndex, library: Library, embedder: HashEmbedder, query: str, name: str = "c") -> list[str]:
    hits = index.search_dense(library.collection(name).id, embedder.embed_query(query), 10)
    return [chunk.chunk.text for chunk in library.chunks([id_ for id_, _ in hits])]


def lexical(library: Library, query: str) -> list[str]:
    hits = SearchIndex(library).search_lexical(library.collection("c").id, query, 10)
    return sorted(chunk.chunk.text for chunk in library.chunks([id_ for id_, _ in hits]))


def is_sound(library: Library) -> bool:
    return ConsistencyCheck(library, SearchIndex(library)).run() == []


def shown(library: Library) -> list[tuple[str, str, str]]:
    return [(each.collection, each.filename, each.status) for each in library.documents()]


def test_a_rebuilt_collection_keeps_its_id_name_and_files_and_has_the_new_passport(
    library: Library, reader: Reader
) -> None:
    before, documents, chunks = library.collection("c"), library.documents(), lexical(library, "pump")
    result = rebuild(library, "c", NEW_PASSPORT)

    after = library.collection("c")
    assert (result.collection, result.is_new, result.read, result.failed) == (after, True, 6, 0)
    assert (after.id, after.name, after.created_at) == (before.id, before.name, before.created_at)
    assert (after.passport, after.generation > before.generation) == (NEW_PASSPORT, True)
    assert [(d.file_id, d.status, d.created_at) for d in library.documents(after.id)] == [
        (d.file_id, d.status, d.created_at) for d in documents if d.collection == "c"
    ]
    assert [collection.name for collection in library.collections()] == ["c", "other"]
    assert lexical(library, "pump") == chunks
    assert dense(SearchIndex(library), library, NEW, "pump 3")[0] == "Pump 3 is blue."
    assert dense(SearchIndex(library), library, OLD, "pump 0", "other") == ["Pump 0 is blue."]
    assert sorted(reader.read) == NAMES
    wait_until_read(library)
    assert is_sound(library)


def test_an_index_in_memory_that_was_of_the_old_embedder_starts_anew(library: Library, reader: Reader) -> None:
    other = Library(library.home)
    index = SearchIndex(other)
    index.save(library.collection("c").id)
    assert dense(index, other, OLD, "pump 3")[0] == "Pump 3 is blue."
    rebuild(library, "c", NEW_PASSPORT)
    assert dense(index, other, NEW, "pump 3")[0] == "Pump 3 is blue."
    assert other.snapshot(other.collection("c").id) is None or is_sound(other)
    index.save(other.collection("c").id)
    assert is_sound(other)
    other.close()


def test_the_old_collection_answers_and_nothing_shows_of_the_new_one_until_it_is_complete(library: Library) -> None:
    may_go = threading.Event()
    seen: list[object] = []

    def look(_: DocumentRecord) -> None:
        may_go.wait(10)
        seen.append(
            (
                dense(index, other, OLD, "pump 3")[0],
                len(lexical(other, "pump")),
                [each.name for each in other.collections()],
                len(other.documents()),
                len(other.files()),
            )
        )

    other = Library(library.home)
    index = SearchIndex(other)
    queue = IngestQueue(library, Reader(library, look))
    queue.start()
    may_go.set()
    rebuild(library, "c", NEW_PASSPORT)
    queue.close()
    assert seen == [("Pump 3 is blue.", 6, ["c", "other"], 7, 6)] * 6
    other.close()


def test_a_rebuild_goes_on_where_it_was_killed(library: Library) -> None:
    def die(document: DocumentRecord) -> None:
        if len(first.read) == 3:
            time.sleep(0.01)
            raise KeyboardInterrupt

    first = Reader(library)
    work = Rebuild(library, "c", NEW_PASSPORT)
    work.start()
    for _ in range(3):
        document = library.claim(NEW_PASSPORT)
        assert document is not None
        first.process(document)
    assert library.claim(NEW_PASSPORT) is not None  # and here the program ends
    before = shown(library)

    again = Library(library.home)
    assert shown(again) == before
    second = Reader(again)
    queue = IngestQueue(again, second)
    queue.start()
    result = rebuild(again, "c", NEW_PASSPORT)
    queue.close()
    assert (result.read, sorted(first.read + second.read)) == (6, NAMES)
    assert is_sound(again)
    again.close()


def test_a_rebuild_that_is_cancelled_leaves_everything_as_it_was(library: Library) -> None:
    before = (shown(library), library.collection("c"), lexical(library, "pump"), len(library.files()))
    work = Rebuild(library, "c", NEW_PASSPORT)
    work.start()
    reader = Reader(library)
    document = library.claim(NEW_PASSPORT)
    assert document is not None
    reader.process(document)
    assert work.cancel()
    assert not work.cancel()
    assert (shown(library), library.collection("c"), lexical(library, "pump"), len(library.files())) == before
    assert is_sound(library)
    with library.storage.database.read() as db:
        assert db.execute("SELECT count(*) FROM collections").get == 2


def test_a_document_that_cannot_be_read_any_more_stops_the_swap_unless_forced(library: Library, reader: Reader) -> None:
    reader.unreadable = {"2.txt"}
    before = (shown(library), library.collection("c"), lexical(library, "pump"))
    with pytest.raises(RebuildLosesError, match=r"1 of its documents could not be read again \(2.txt\)"):
        rebuild(library, "c", NEW_PASSPORT)
    assert (shown(library), library.collection("c"), lexical(library, "pump")) == before

    result = rebuild(library, "c", NEW_PASSPORT, force=True)
    assert (result.read, result.failed, result.lost) == (5, 1, ("2.txt",))
    assert ("c", "2.txt", "failed") in shown(library)
    assert len(reader.read) == 5
    assert is_sound(library)


def test_a_document_that_failed_is_tried_again_by_the_next_rebuild(library: Library, reader: Reader) -> None:
    reader.unreadable = {"2.txt"}
    with pytest.raises(RebuildLosesError):
        rebuild(library, "c", NEW_PASSPORT)
    reader.unreadable = set()
    assert rebuild(library, "c", NEW_PASSPORT).read == 6
    assert len(reader.read) == 6


def test_a_document_that_could_not_be_read_before_does_not_stop_it(library: Library, reader: Reader) -> None:
    collection = library.collection("c")
    broken = library.add_file(source="broken.txt", filename="broken.txt", content=io.BytesIO(b"broken"))
    library.fail(library.enqueue(collection.id, broken.id), "damaged")
    reader.unreadable = {"broken.txt"}
    result = rebuild(library, "c", NEW_PASSPORT)
    assert (result.read, result.failed, result.lost) == (6, 1, ())


def test_what_was_added_and_removed_meanwhile_is_so_in_the_new_collection_too(library: Library) -> None:
    collection = library.collection("c")
    other = library.collection("other")

    def change(_: DocumentRecord) -> None:
        if not changed.is_set():
            changed.set()
            add(library, collection.id, "6.txt", chunked("Pump 6 is green."))
            add(library, collection.id, "1.txt", chunked("Pump 1 is green."))
            library.remove(file_ids["0.txt"], collection.id)  # stays in the other collection
            library.delete_file(file_ids["2.txt"])
            library.remove_document(collection.id, file_ids["3.txt"])

    file_ids = {each.filename: each.file_id for each in library.documents(collection.id)}
    changed = threading.Event()
    queue = IngestQueue(library, Reader(library, change))
    queue.start()
    rebuild(library, "c", NEW_PASSPORT)
    queue.close()
    assert lexical(library, "pump") == [
        "Pump 1 is green.",
        "Pump 4 is blue.",
        "Pump 5 is blue.",
        "Pump 6 is green.",
    ]
    assert [each.filename for each in library.documents(other.id)] == ["0.txt"]
    assert is_sound(library)


def test_versions_stay_in_their_order(library: Library, reader: Reader) -> None:
    collection = library.collection("c")
    newer = library.add_file(source="0.txt", filename="0.txt", content=io.BytesIO(b"Pump 0 is green."))
    library.fail(library.enqueue(collection.id, newer.id), "damaged")  # the older version answers
    rebuild(library, "c", NEW_PASSPORT)
    assert [text for text in lexical(library, "pump") if "0" in text] == ["Pump 0 is green."]
    assert len(library.documents(collection.id)) == 6
    assert is_sound(library)


def test_what_is_paused_or_cancelled_stays_so(library: Library, reader: Reader) -> None:
    collection = library.collection("c")
    for name, stop in (("p.txt", library.pause), ("q.txt", library.cancel)):
        file = library.add_file(source=name, filename=name, content=io.BytesIO(name.encode()))
        library.enqueue(collection.id, file.id)
        stop(collection.id, file.id)
    rebuild(library, "c", NEW_PASSPORT)
    assert {(name, status) for _, name, status in shown(library) if status != "done"} == {
        ("p.txt", "paused"),
        ("q.txt", "cancelled"),
    }


def test_a_rebuild_of_a_collection_that_has_the_passport_does_nothing(library: Library) -> None:
    result = rebuild(library, "c", OLD_PASSPORT)
    assert (result.is_new, result.collection) == (False, library.collection("c"))


def test_a_rebuild_for_yet_another_embedder_starts_over(library: Library, reader: Reader) -> None:
    Rebuild(library, "c", passport(64)).start()
    assert rebuild(library, "c", NEW_PASSPORT).read == 6
    with library.storage.database.read() as db:
        assert db.execute("SELECT count(*) FROM collections").get == 2


def test_a_rebuild_with_a_paused_queue_says_so_and_is_kept(library: Library) -> None:
    library.pause_queue()
    with pytest.raises(RebuildPausedError, match="resume the queue"):
        rebuild(library, "c", NEW_PASSPORT)
    assert Rebuild(library, "c", NEW_PASSPORT).state() is not None


def test_a_collection_that_is_deleted_takes_its_rebuild_with_it(library: Library) -> None:
    Rebuild(library, "c", NEW_PASSPORT).start()
    library.remove_document(library.collection("c").id, library.documents()[3].file_id)
    library.delete_collection(library.collection("c").id)
    assert ([each.name for each in library.collections()], len(library.files())) == (["other"], 1)
    assert library.claim(NEW_PASSPORT) is None
    assert is_sound(library)


def test_a_refusal_names_the_command(library: Library) -> None:
    ingestor = Reader(library)
    with pytest.raises(PassportMismatchError, match="`pincite collections rebuild c`"):
        ingestor.check_passport(library.collection("c"))


def test_documents_of_older_parsers_are_named_by_the_check_and_read_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "READER_VERSION", "newer")
    (problem,) = [each for each in ConsistencyCheck(library, SearchIndex(library)).run() if each.where == "other"]
    assert (problem.area, problem.is_harmless) == ("parsers", True)
    assert "`pincite collections rebuild other`" in problem.advice
    work = Rebuild(library, "other", OLD_PASSPORT)
    assert work.is_needed
    work.start()
    hidden = library.claim(OLD_PASSPORT)
    assert hidden is not None
    content = chunked("Pump 0 is green.")
    assert library.complete_from_copy(hidden) is None  # what older parsers have read is not copied
    library.complete(hidden, content, OLD.embed(["Pump 0 is green."]), facts_of(content))
    result = work.finish()
    assert result is not None
    assert (result.is_new, result.read, work.is_needed) == (True, 1, False)
    assert dense(SearchIndex(library), library, OLD, "pump", "other") == ["Pump 0 is green."]
