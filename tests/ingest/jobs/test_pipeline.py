"""From a file to a searchable document, through real parser processes and a fake embedder."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.embedders.embedder import find_embedder
from ingest.errors import (
    CollectionNotFoundError,
    IngestError,
    PassportMismatchError,
    TextTooLongError,
    WorkerCrashedError,
    WorkerTimeoutError,
)
from ingest.index.search_index import SearchIndex
from ingest.jobs.pipeline import SLICE_CHUNKS, Ingestor, ParserLimits, create_parser_pool
from ingest.jobs.queue import IngestQueue
from ingest.library.library import Library
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.worker_pool import WorkerPool
from ingest.text.analyzer import extract_terms
from ingest.types import DocumentRecord, Progress, QueueState
from tests.fakes import HashEmbedder, passport
from tests.ingest.library_world import all_rows, claimed, wait_until_read

LIMITS = ParserLimits(timeout_seconds=30, memory_bytes=3 << 30)


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    tokenizer = str(find_embedder("bundled").tokenizer_path)
    homes = tmp_path_factory.getbasetemp()
    pool = create_parser_pool(
        tokenizer=tokenizer,
        max_tokens=64,
        limits=LIMITS,
        size=2,
        originals=homes,
        scratch=tmp_path_factory.mktemp("scratch"),
    )
    yield pool
    pool.close()


@dataclass
class World:
    """A library and an ingestor over it."""

    library: Library
    ingestor: Ingestor
    embedder: HashEmbedder

    def queue(self, name: str, content: bytes) -> DocumentRecord:
        collection = self.ingestor.collection_for("c")
        file = self.library.add_file(source=name, filename=name, content=io.BytesIO(content))
        return self.library.enqueue(collection.id, file.id)

    def process(self, name: str, content: bytes) -> DocumentRecord:
        document = self.ingestor.process(claimed(self.library, self.queue(name, content)))
        assert document is not None
        return document


def make_world(home: Path, parsers: WorkerPool, embedder: HashEmbedder) -> World:
    library = Library(home)
    index = SearchIndex(library)
    return World(library, Ingestor(library, parsers, embedder, index, passport=passport(), limits=LIMITS), embedder)


@pytest.fixture
def world(tmp_path: Path, parsers: WorkerPool) -> Iterator[World]:
    made = make_world(tmp_path / "home", parsers, HashEmbedder())
    yield made
    made.library.close()


def test_a_file_becomes_a_searchable_document(world: World) -> None:
    document = world.process("pump.md", b"# Pump\n\nThe pump is oiled every month.\n")
    assert (document.status, document.title, document.pages, document.chunks) == ("done", "Pump", 1, 1)
    (chunk,) = world.library.document_chunks(document.collection_id, document.file_id)
    text = world.library.document_text(document.collection_id, document.file_id)
    assert text[chunk.chunk.start : chunk.chunk.end] == chunk.chunk.text
    assert "The pump is oiled every month." in chunk.chunk.text


def test_what_is_embedded_is_the_chunk_with_its_context(world: World) -> None:
    world.process("pump.md", b"# Manual\n\n## Pump\n\nThe pump is oiled every month, whatever the weather is like.\n")
    (texts,) = world.embedder.calls
    assert texts[0].startswith("Manual › Pump\n")


def test_a_file_that_cannot_be_read_fails_alone_with_its_reason(world: World) -> None:
    failed = world.process("empty.txt", b"")
    done = world.process("full.txt", b"Some text.")
    assert (failed.status, failed.reason) == ("failed", "empty.txt is an empty file (0 bytes)")
    assert done.status == "done"


def test_a_long_document_is_searchable_and_says_how_far_it_is_before_it_is_complete(world: World) -> None:
    text = "\n\n".join(f"Section {number} is about valves. " * 12 for number in range(160))
    seen: list[tuple[str, int, Progress]] = []

    def look(_: Sequence[str]) -> None:
        (document,) = world.library.documents()
        seen.append((document.status, world.library.size([document.collection_id]).chunks, document.progress))

    world.embedder.on_embed = look
    done = world.process("long.txt", text.encode())
    assert [status for status, _, _ in seen] == ["reading"] * len(seen)
    assert [chunks for _, chunks, _ in seen] == [0, *(SLICE_CHUNKS * n for n in range(1, len(seen)))]
    assert [progress.done for _, _, progress in seen][1:] == [chunks for _, chunks, _ in seen][1:]
    assert done.chunks > SLICE_CHUNKS
    assert done.status == "done"


def test_a_new_version_shows_nothing_until_it_is_complete(world: World) -> None:
    old = world.process("a.txt", b"The pump is blue.")
    seen: list[int] = []

    def look(_: Sequence[str]) -> None:
        seen.append(len(world.library.search_terms(old.collection_id, extract_terms("valves"), 10)))

    world.embedder.on_embed = look
    text = "\n\n".join(f"Section {number} is about valves. " * 12 for number in range(160))
    new = world.process("a.txt", text.encode())
    assert set(seen) == {0}
    assert len(seen) > 1
    assert [document.file_id for document in world.library.documents()] == [new.file_id]
    assert len(world.library.search_terms(new.collection_id, extract_terms("valves"), 10)) == 10
    assert world.library.search_terms(new.collection_id, extract_terms("pump"), 10) == []


def test_a_document_that_is_cancelled_while_it_is_read_leaves_nothing(world: World) -> None:
    def cancel(_: Sequence[str]) -> None:
        (document,) = world.library.documents()
        world.library.cancel(document.collection_id, document.file_id)

    world.embedder.on_embed = cancel
    text = "\n\n".join(f"Section {number} is about valves. " * 12 for number in range(160))
    queued = world.queue("long.txt", text.encode())
    assert world.ingestor.process(claimed(world.library, queued)) is None
    (document,) = world.library.documents()
    assert (document.status, document.chunks, document.pages) == ("cancelled", 0, 0)
    assert world.library.search_terms(document.collection_id, extract_terms("valves"), 10) == []


def test_the_same_bytes_under_another_name_are_embedded_once(world: World) -> None:
    first = world.process("pump.txt", b"The pump is blue.")
    calls = len(world.embedder.calls)
    second = world.process("copy of pump.txt", b"The pump is blue.")
    assert len(world.embedder.calls) == calls
    assert (second.title, second.chunks, second.sha256) == ("copy of pump", 1, first.sha256)
    (chunk,) = world.library.document_chunks(second.collection_id, second.file_id)
    assert chunk.chunk.context == "copy of pump"
    found = world.library.search_terms(second.collection_id, extract_terms("pump"), 10)
    assert len(found) == 2
    assert len(all_rows(world.library, second.collection_id).added) == 2


def test_the_same_bytes_under_another_suffix_are_read_again(world: World) -> None:
    world.process("pump.txt", b"# Pump\n\nThe pump is blue.")
    markdown = world.process("pump.md", b"# Pump\n\nThe pump is blue.")
    assert markdown.media_type == "text/markdown"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (
            ParserLimits(timeout_seconds=0.0001, memory_bytes=LIMITS.memory_bytes),
            "a part of it took longer than 0.0001 seconds (PINCITE_PARSER_TIMEOUT_SECONDS)",
        ),
        (
            ParserLimits(timeout_seconds=30, memory_bytes=LIMITS.memory_bytes, file_seconds=0.006),
            "it took longer than 0.0001 minutes in all (PINCITE_PARSER_FILE_TIMEOUT_SECONDS)",
        ),
    ],
)
def test_a_parser_that_takes_too_long_fails_the_file_with_the_setting_to_change(
    tmp_path: Path, parsers: WorkerPool, limits: ParserLimits, reason: str
) -> None:
    world = make_world(tmp_path / "home", parsers, HashEmbedder())
    hasty = Ingestor(
        world.library,
        parsers,
        world.embedder,
        SearchIndex(world.library),
        passport=passport(),
        limits=limits,
    )
    document = hasty.process(claimed(world.library, world.queue("slow.txt", b"text " * 200_000)))
    assert document is not None
    assert document.status == "failed"
    assert document.reason == f"slow.txt could not be read within its limits: {reason}"
    world.library.close()


def test_a_file_that_takes_too_much_work_for_its_size_is_given_up_at_once(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pool = create_parser_pool(
        tokenizer=str(find_embedder("bundled").tokenizer_path),
        max_tokens=64,
        limits=ParserLimits(timeout_seconds=300, memory_bytes=3 << 30, cpu_seconds=0.02),
        size=1,
        originals=tmp_path,
        scratch=tmp_path_factory.mktemp("scratch"),
    )
    world = make_world(tmp_path / "home", pool, HashEmbedder())
    document = world.process("slow.txt", b"text " * 200_000)
    pool.close()
    world.library.close()
    assert document.status == "failed"
    assert document.reason == (
        "slow.txt could not be read within its limits: "
        "a part of it takes too much work for its size (PINCITE_PARSER_CPU_SECONDS)"
    )


class FailingEmbedder(HashEmbedder):
    """An embedder that fails the first times that it is asked."""

    def __init__(self, *failures: IngestError) -> None:
        super().__init__()
        self._failures = list(failures)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._failures:
            raise self._failures.pop(0)
        vectors: NDArray[np.float32] = super().embed(texts)
        return vectors


CRASH = WorkerCrashedError(worker="embedder", how="signal SIGKILL")
SLOW = WorkerTimeoutError(worker="embedder", timeout_seconds=300.0)


@pytest.mark.parametrize(
    ("failures", "status", "reason"),
    [
        ([CRASH], "done", ""),
        ([CRASH, CRASH], "queued", f"{CRASH}; it is tried again (attempt 2 of 3)"),
        ([SLOW] * 2, "queued", f"{SLOW}; it is tried again (attempt 2 of 3)"),
        ([TextTooLongError(tokens=300, limit=256)], "failed", str(TextTooLongError(tokens=300, limit=256))),
    ],
    ids=["once", "twice", "too slow", "text too long"],
)
def test_no_document_waits_for_an_embedder_that_failed(
    tmp_path: Path, parsers: WorkerPool, failures: list[IngestError], status: str, reason: str
) -> None:
    world = make_world(tmp_path / "home", parsers, FailingEmbedder(*failures))
    document = world.process("pump.txt", b"The pump is blue.")
    assert (document.status, document.reason) == (status, reason)
    world.library.close()


@pytest.mark.parametrize(
    ("failures", "status", "reason"),
    [
        (4, "done", ""),
        (6, "failed", "in 3 attempts; `pincite jobs retry` tries again"),
    ],
    ids=["works at last", "for good"],
)
def test_a_document_that_the_embedder_could_not_take_is_tried_again_by_itself(
    tmp_path: Path, parsers: WorkerPool, failures: int, status: str, reason: str
) -> None:
    world = make_world(tmp_path / "home", parsers, FailingEmbedder(*[SLOW] * failures))
    document = world.process("pump.txt", b"The pump is blue.")
    for attempt in (2, 3):
        assert f"(attempt {attempt} of 3)" in document.reason
        result = world.ingestor.process(claimed(world.library, document))
        assert result is not None
        document = result
    assert document.status == status
    assert document.reason.endswith(reason)
    again = world.library.enqueue(document.collection_id, document.file_id, again=True)
    assert again.status == ("queued" if status == "failed" else status)
    world.library.close()


@pytest.mark.parametrize("remove_whole_file", [True, False])
def test_a_document_that_was_removed_while_it_waited_is_not_read(world: World, remove_whole_file: bool) -> None:
    document = claimed(world.library, world.queue("pump.txt", b"The pump is blue."))
    if remove_whole_file:
        world.library.delete_file(document.file_id)
    else:
        world.library.remove_document(document.collection_id, document.file_id)
    assert world.ingestor.process(document) is None
    assert world.library.documents() == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("obedient", "the reader failed on pump.txt, which is a fault of Pincite's: KeyError: 'parse'"),
        (
            "broken",
            "the parser process failed: EmptyFileError: a.pdf is an empty file (0 bytes); "
            "it is tried again (attempt 2 of 3)",
        ),
    ],
)
def test_a_fault_of_the_reader_is_not_told_as_one_of_the_file(tmp_path: Path, target: str, reason: str) -> None:
    pool = WorkerPool(
        WorkerSpec("parser", f"tests.worker_targets:{target}", {"filename": "a.pdf"}), size=1, calls_per_process=9
    )
    world = make_world(tmp_path / "home", pool, HashEmbedder())
    assert world.process("pump.txt", b"The pump is blue.").reason == reason
    pool.close()
    world.library.close()


@pytest.mark.parametrize(("for_good", "status"), [(False, "done"), (True, "failed")])
def test_a_file_that_ends_its_reader_is_tried_twice_and_no_more(tmp_path: Path, for_good: bool, status: str) -> None:
    options = {"mark": str(tmp_path / "mark"), "for_good": for_good}
    pool = WorkerPool(WorkerSpec("parser", "tests.worker_targets:mortal", options), size=1, calls_per_process=9)
    world = make_world(tmp_path / "home", pool, HashEmbedder())
    document = world.process("pump.txt", b"whatever")
    assert document.status == status
    if for_good:
        assert document.reason == (
            "pump.txt could not be read within its limits: the process that read it ended (signal SIGSEGV), 2 times"
        )
        assert world.library.enqueue(document.collection_id, document.file_id).status == "failed"
    pool.close()
    world.library.close()


def test_a_parser_that_is_replaced_between_two_pieces_does_not_end_the_document_early(
    world: World, parsers: WorkerPool
) -> None:
    text = "\n\n".join(f"Section {number} is about valves. " * 12 for number in range(4_000))
    pids: list[int] = []

    def lose_the_parser(_: Sequence[str]) -> None:
        """Kill the parsers while the first piece is embedded; they are not asked for anything then."""
        if not pids:
            pids.extend(worker.pid for worker in parsers.workers if worker.pid is not None)
            for worker in parsers.workers:
                worker.recycle()

    world.embedder.on_embed = lose_the_parser
    document = world.process("long.txt", text.encode())
    assert pids
    assert document.status == "done"
    assert world.library.document_text(document.collection_id, document.file_id).count("Section") == 4_000 * 12


def test_what_was_queued_at_a_stop_is_resumed(tmp_path: Path, parsers: WorkerPool) -> None:
    stopped = make_world(tmp_path / "home", parsers, HashEmbedder())
    stopped.queue("pump.txt", b"The pump is blue.")
    stopped.library.close()

    world = make_world(tmp_path / "home", parsers, HashEmbedder())
    queue = IngestQueue(world.library, world.ingestor)
    queue.start()
    wait_until_read(world.library)
    assert world.library.documents()[0].status == "done"
    queue.close()
    world.library.close()


def test_many_documents_are_read_in_the_background_and_the_index_is_saved_in_the_end(world: World) -> None:
    queue = IngestQueue(world.library, world.ingestor)
    documents = [world.queue(f"{number}.txt", f"Pump {number}.".encode()) for number in range(12)]
    assert world.library.queue_state() == QueueState(12, 0, 0, is_paused=False, estimate_seconds=None)
    queue.start()
    wait_until_read(world.library)
    queue.close()
    assert {document.status for document in world.library.documents()} == {"done"}
    snapshot = world.library.snapshot(documents[0].collection_id)
    assert snapshot is not None
    assert snapshot.row_count == 12


def test_a_collection_of_another_embedder_is_refused(world: World) -> None:
    world.library.create_collection("old", passport(128))
    told = r"'old' was built with hash 1 \(128 dimensions, test\), but hash 1 \(256 dimensions, test\)"
    with pytest.raises(PassportMismatchError, match=told):
        world.ingestor.collection_for("old")


def test_a_collection_is_made_when_it_is_first_named(world: World) -> None:
    with pytest.raises(CollectionNotFoundError):
        world.library.collection("new")
    made = world.ingestor.collection_for("new")
    assert world.ingestor.collection_for("new") == made == world.library.collection("new")
