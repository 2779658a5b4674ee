"""The queue: every document is read once and comes to an end, whatever goes wrong."""

import io
import logging
import threading
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

from ingest.errors import LibraryError
from ingest.jobs.pipeline import Ingestor
from ingest.jobs.queue import IngestQueue
from ingest.library.library import Library
from ingest.storage.jobs import MAX_STARTS
from ingest.types import DocumentRecord, EmbedderPassport
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import EMBEDDER, claimed, facts_of, wait_until_read

Step = Callable[[DocumentRecord], DocumentRecord | None]


class ScriptedIngestor(Ingestor):
    """An ingestor that has each document read by a function, and notes what it was asked."""

    def __init__(self, library: Library, step: Step | None = None) -> None:
        self._library = library
        self._step = step or self.store
        self.width, self.spare = 2, 0
        self.passport = passport()
        self.processed: list[str] = []
        self.saved: list[str] = []
        self.stopped: list[str] = []

    def store(self, document: DocumentRecord) -> DocumentRecord | None:
        content = chunked(document.filename)
        return self._library.complete(document, content, EMBEDDER.embed([document.filename]), facts_of(content))

    def process(self, document: DocumentRecord, *, beside: int = 1) -> DocumentRecord | None:
        self.processed.append(document.filename)
        return self._step(document)

    def stop(self, claim: str) -> None:
        self.stopped.append(claim)

    def save_index(self, collection_id: str) -> None:
        self.saved.append(self._library.collection(collection_id).name)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "home")
    for name in ("c", "d"):
        opened.create_collection(name, passport())
    yield opened
    opened.close()


def enqueue(library: Library, name: str, collection: str = "c") -> DocumentRecord:
    file = library.add_file(source=name, filename=name, content=io.BytesIO(name.encode()))
    return library.enqueue(library.collection(collection).id, file.id)


def statuses(library: Library) -> list[str]:
    return [document.status for document in library.documents()]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120  # on a busy machine too
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_accident_fails_the_document_and_is_logged(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    def stumble(_: DocumentRecord) -> None:
        raise ZeroDivisionError("an accident")

    enqueue(library, "a.txt")
    queue = IngestQueue(library, ScriptedIngestor(library, stumble))
    queue.start()
    wait_until_read(library)
    queue.close()

    (result,) = library.documents()
    assert (result.status, result.reason) == (
        "failed",
        "something went wrong (ZeroDivisionError, see the log); add the document again",
    )
    assert "an accident" in caplog.text


def test_an_index_that_cannot_be_saved_leaves_the_document_done(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    class FullDisk(ScriptedIngestor):
        def save_index(self, collection_id: str) -> None:
            raise LibraryError(home="home", detail="no space left on device")

    enqueue(library, "a.txt")
    queue = IngestQueue(library, FullDisk(library))
    queue.start()
    wait_until_read(library)
    wait_for(lambda: "no space left" in caplog.text)
    queue.close()
    assert statuses(library) == ["done"]


def test_every_collection_that_changed_is_saved_once(library: Library) -> None:
    def step(document: DocumentRecord) -> DocumentRecord | None:
        if document.filename == "broken.txt":
            return library.fail(document, "damaged")
        return ingestor.store(document)

    ingestor = ScriptedIngestor(library, step)
    for name, collection in [("a.txt", "c"), ("b.txt", "d"), ("a.txt", "d"), ("broken.txt", "c")]:
        enqueue(library, name, collection)
    queue = IngestQueue(library, ingestor)
    queue.start()
    wait_for(lambda: len(ingestor.saved) == 2)
    queue.close()
    assert sorted(ingestor.saved) == ["c", "d"]
    assert len(ingestor.processed) == 4


def test_an_index_is_not_saved_while_a_document_is_claimed_and_not_yet_begun(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_is_stored, may_begin = threading.Event(), threading.Event()
    claim = library.claim

    def slow_claim(wanted: EmbedderPassport, *, without: AbstractSet[str]) -> DocumentRecord | None:
        document = claim(wanted, without=without)
        if document is not None and document.filename == "b.txt":
            first_is_stored.wait(10)
            may_begin.wait(0.2)  # the other thread goes on to ask whether it was the last
        return document

    def step(document: DocumentRecord) -> DocumentRecord | None:
        stored = ingestor.store(document)
        first_is_stored.set()
        return stored

    monkeypatch.setattr(library, "claim", slow_claim)
    ingestor = ScriptedIngestor(library, step)
    for name in ("a.txt", "b.txt"):
        enqueue(library, name, "d")
    queue = IngestQueue(library, ingestor)
    queue.start()
    wait_for(lambda: len(ingestor.processed) == 2 and ingestor.saved)
    queue.close()
    assert ingestor.saved == ["d"]


def test_the_same_content_is_never_read_twice_at_once(library: Library) -> None:
    may_go = threading.Event()

    def step(document: DocumentRecord) -> DocumentRecord | None:
        may_go.wait(10)
        return ingestor.store(document)

    ingestor = ScriptedIngestor(library, step)
    enqueue(library, "a.txt", "c")
    enqueue(library, "a.txt", "d")
    enqueue(library, "b.txt", "d")
    queue = IngestQueue(library, ingestor)
    queue.start()
    wait_for(lambda: len(ingestor.processed) == 2)
    assert sorted(ingestor.processed) == ["a.txt", "b.txt"]
    may_go.set()
    wait_until_read(library)
    queue.close()
    assert statuses(library) == ["done"] * 3


def test_a_stop_in_the_middle_puts_the_document_back_without_a_fuss(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    is_reading, may_go = threading.Event(), threading.Event()
    late: list[object] = []

    def step(document: DocumentRecord) -> DocumentRecord | None:
        is_reading.set()
        may_go.wait(10)
        late.append(ingestor.store(document))
        return None

    caplog.set_level(logging.WARNING)
    ingestor = ScriptedIngestor(library, step)
    enqueue(library, "a.txt")
    queue = IngestQueue(library, ingestor)
    queue.start()
    assert is_reading.wait(10)
    queue.close()
    may_go.set()
    wait_for(lambda: late)
    assert statuses(library) == ["queued"]
    assert library.size([library.collection("c").id]).chunks == 0
    assert caplog.text == ""


def test_one_of_two_queues_reads_and_the_other_takes_over_when_it_is_gone(library: Library) -> None:
    other = Library(library.home)
    first, second = ScriptedIngestor(library), ScriptedIngestor(other)
    reader, heir = IngestQueue(library, first), IngestQueue(other, second)
    reader.start()
    enqueue(library, "a.txt")
    wait_until_read(library)
    heir.start()
    enqueue(other, "b.txt")  # the process that does not read may queue all the same
    wait_until_read(other)
    assert (first.processed, second.processed) == (["a.txt", "b.txt"], [])
    reader.close()
    enqueue(other, "c.txt")
    wait_until_read(other)
    assert second.processed == ["c.txt"]
    heir.close()
    other.close()


def test_what_a_killed_program_was_reading_is_hidden_at_the_next_start_and_read_again(library: Library) -> None:
    document = claimed(library, enqueue(library, "a.txt"))
    content = chunked("a.txt")
    library.append(document, content, EMBEDDER.embed(["a.txt"]), document.progress)
    assert library.size([document.collection_id]).chunks == 1

    again = Library(library.home)  # nobody has the lock: the program that read is gone
    assert statuses(again) == ["queued"]
    assert again.size([document.collection_id]).chunks == 0
    assert not library.append(document, content, EMBEDDER.embed(["a.txt"]), document.progress)

    queue = IngestQueue(again, ScriptedIngestor(again))
    queue.start()
    wait_until_read(again)
    queue.close()
    assert statuses(again) == ["done"]
    again.close()


def test_a_document_during_which_the_program_always_ends_is_given_up(library: Library) -> None:
    enqueue(library, "a.txt")
    for _ in range(MAX_STARTS):
        assert library.claim(passport()) is not None
        library.recover(passport())
    (document,) = library.documents()
    assert (document.status, document.reason) == ("failed", f"the program ended {MAX_STARTS} times while it was read")


def test_a_paused_queue_starts_nothing_also_after_a_restart(library: Library) -> None:
    library.pause_queue()
    enqueue(library, "a.txt")
    again = Library(library.home)
    ingestor = ScriptedIngestor(again)
    queue = IngestQueue(again, ingestor)
    queue.start()
    time.sleep(0.1)
    assert again.queue_state().is_paused
    assert ingestor.processed == []
    library.resume_queue()
    wait_until_read(again)
    assert ingestor.processed == ["a.txt"]
    queue.close()
    again.close()


def test_a_document_can_be_paused_resumed_and_cancelled(library: Library) -> None:
    document = enqueue(library, "a.txt")
    key = (document.collection_id, document.file_id)
    assert library.pause(*key).status == "paused"
    assert library.claim(passport()) is None
    assert library.resume(*key).status == "queued"
    assert library.cancel(*key).status == "cancelled"
    assert library.claim(passport()) is None
    assert library.enqueue(*key).status == "queued"


def test_documents_of_another_embedder_are_left_alone(library: Library) -> None:
    library.create_collection("other", passport(128))
    enqueue(library, "a.txt", "other")
    assert library.claim(passport()) is None
    assert library.claim(passport(128)) is not None


def test_a_queue_that_was_closed_starts_nothing(library: Library) -> None:
    ingestor = ScriptedIngestor(library)
    queue = IngestQueue(library, ingestor)
    queue.close()
    queue.start()
    enqueue(library, "a.txt")
    queue.wake()
    time.sleep(0.05)
    assert (ingestor.processed, statuses(library)) == ([], ["queued"])


def test_the_estimate_follows_from_what_was_read_last(library: Library) -> None:
    document = claimed(library, enqueue(library, "aa.txt"))
    content = chunked("aa.txt")
    library.complete(document, content, HashEmbedder().embed(["aa.txt"]), facts_of(content), seconds=3.0)
    enqueue(library, "bb.txt")
    estimate = library.queue_state().estimate_seconds
    assert estimate == pytest.approx(3.0)


class Held:
    """Documents whose reading goes on until they are stopped or let go."""

    def __init__(self, library: Library, *names: str) -> None:
        self.names = set(names)
        self.ingestor = ScriptedIngestor(library, self.step)
        self.may_end = threading.Event()

    def step(self, document: DocumentRecord) -> DocumentRecord | None:
        if document.filename not in self.names:
            return self.ingestor.store(document)
        wait_for(lambda: self.may_end.is_set() or document.claim in self.ingestor.stopped)
        return None if document.claim in self.ingestor.stopped else self.ingestor.store(document)


@pytest.mark.parametrize("change", ["cancel", "pause", "remove_document", "delete_collection"])
def test_a_document_that_need_not_be_read_any_more_is_stopped_and_those_behind_it_are_read(
    library: Library, change: str
) -> None:
    held = Held(library, "long.txt", "longer.txt")
    for name in ("long.txt", "longer.txt"):
        enqueue(library, name, "d")
    after = enqueue(library, "after.txt", "c")
    queue = IngestQueue(library, held.ingestor)
    queue.start()
    wait_for(lambda: len(held.ingestor.processed) == 2)

    document = library.documents(library.collection("d").id)[0]
    if change == "delete_collection":
        library.delete_collection(document.collection_id)
    else:
        getattr(library, change)(document.collection_id, document.file_id)

    wait_for(lambda: library.document(after.collection_id, after.file_id).status == "done")
    assert held.ingestor.stopped[0] == document.claim
    held.may_end.set()
    queue.close()


def test_documents_that_take_long_make_place_for_others_and_are_read_to_their_end(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_long = property(lambda reading: reading.document.filename.startswith("long"))
    monkeypatch.setattr("ingest.jobs.queue._Reading.is_turn_over", is_long)
    held = Held(library, "long 1.txt", "long 2.txt", "long 3.txt")
    held.ingestor.spare = 1
    for name in ("long 1.txt", "long 2.txt", "long 3.txt", "a.txt", "b.txt"):
        enqueue(library, name)
    queue = IngestQueue(library, held.ingestor)
    queue.start()

    short = [document.file_id for document in library.documents() if document.filename in ("a.txt", "b.txt")]
    collection_id = library.collection("c").id
    wait_for(lambda: {library.document(collection_id, file_id).status for file_id in short} == {"done"})
    held.may_end.set()
    wait_until_read(library)
    queue.close()
    assert statuses(library) == ["done"] * 5
    assert [held.ingestor.processed.count(f"long {number}.txt") for number in (1, 2, 3)] == [1, 1, 2]


def test_documents_that_cannot_be_stored_say_why_and_no_time_is_estimated(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.jobs.queue.BACK_OFF_SECONDS", 0.5)
    has_room = threading.Event()

    def step(document: DocumentRecord) -> DocumentRecord | None:
        if document.filename == "b.txt" and not has_room.is_set():
            raise LibraryError(home="home", detail="database or disk is full")
        return ingestor.store(document)

    ingestor = ScriptedIngestor(library, step)
    for name in ("a.txt", "b.txt"):
        enqueue(library, name)
    queue = IngestQueue(library, ingestor)
    queue.start()
    reason = "it waits, because the library cannot be written: database or disk is full"
    wait_for(lambda: reason in [document.reason for document in library.documents()])
    wait_for(lambda: library.queue_state().hindrance == reason and library.queue_state().estimate_seconds is None)

    has_room.set()
    wait_until_read(library)
    queue.close()
    assert [(document.status, document.reason) for document in library.documents()] == [("done", "")] * 2
    assert library.queue_state().hindrance == ""
