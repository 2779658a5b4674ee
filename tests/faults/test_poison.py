"""A file that ends, stops or swells the process that reads it fails alone."""

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.embedders.embedder import find_embedder
from ingest.index.search_index import SearchIndex
from ingest.jobs.pipeline import FILES_PER_PARSER, Ingestor, ParserLimits
from ingest.jobs.queue import IngestQueue
from ingest.library.library import Library
from ingest.parsers import PARSER_ERRORS
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.worker_pool import WorkerPool
from ingest.storage.jobs import MAX_TRIES
from tests.fakes import HashEmbedder, passport
from tests.ingest.library_world import wait_until_read

pytestmark = pytest.mark.slow

LIMITS = ParserLimits(timeout_seconds=3, memory_bytes=2 << 30)
POISON = {
    "dies.txt": "the process that read it ended (signal SIGSEGV), 2 times",
    "bursts.txt": "the process that read it ended (signal SIGABRT), 2 times",
    "hangs.txt": "it took longer than 3 seconds",
    "eats.txt": "MemoryError",
}
GOOD = [f"good {number}.txt" for number in range(6)]


@pytest.fixture
def parsers(tmp_path: Path) -> Iterator[WorkerPool]:
    spec = WorkerSpec(
        "parser",
        "tests.faults.targets:poisoned",
        {"tokenizer": str(find_embedder("bundled").tokenizer_path), "log": str(tmp_path / "begun")},
        errors=PARSER_ERRORS,
        memory_limit_bytes=LIMITS.memory_bytes,
    )
    pool = WorkerPool(spec, size=2, calls_per_process=FILES_PER_PARSER)
    yield pool
    pool.close()


def test_a_file_at_which_a_parser_hangs_is_given_up_when_it_is_cancelled(tmp_path: Path, parsers: WorkerPool) -> None:
    library = Library(tmp_path / "home")
    patient = ParserLimits(timeout_seconds=100_000, memory_bytes=LIMITS.memory_bytes)
    ingestor = Ingestor(library, parsers, HashEmbedder(), SearchIndex(library), passport=passport(), limits=patient)
    collection = ingestor.collection_for("c")
    queue = IngestQueue(library, ingestor)
    for folder in range(parsers.size):  # every parser hangs
        file = library.add_file(source=f"{folder}", filename="hangs.txt", content=io.BytesIO(b"%d" % folder))
        library.enqueue(collection.id, file.id)
    queue.start()
    while (tmp_path / "begun").exists() is False or (tmp_path / "begun").read_text().count("\n") < parsers.size:
        time.sleep(0.05)
    good = library.add_file(source="good", filename="good.txt", content=io.BytesIO(b"This is good."))
    library.enqueue(collection.id, good.id)

    for document in library.documents(statuses=["reading"]):
        library.cancel(collection.id, document.file_id)

    wait_until_read(library)
    queue.close()
    statuses = {document.filename: document.status for document in library.documents()}
    library.close()
    assert statuses == {"hangs.txt": "cancelled", "good.txt": "done"}
    assert (tmp_path / "begun").read_text().count("hangs.txt") == parsers.size


def test_poison_fails_alone_with_its_reason_and_is_not_tried_for_ever(
    tmp_path: Path, parsers: WorkerPool, covered: Callable[[str], None]
) -> None:
    library = Library(tmp_path / "home")
    ingestor = Ingestor(library, parsers, HashEmbedder(), SearchIndex(library), passport=passport(), limits=LIMITS)
    collection = ingestor.collection_for("c")
    names = [name for pair in zip(GOOD, [*POISON, "", ""], strict=True) for name in pair if name]
    for name in names:
        file = library.add_file(source=name, filename=name, content=io.BytesIO(f"This is {name}.".encode()))
        library.enqueue(collection.id, file.id)
    queue = IngestQueue(library, ingestor)
    queue.start()
    wait_until_read(library)
    queue.close()

    documents = {document.filename: document for document in library.documents()}
    library.close()
    assert [documents[name].status for name in GOOD] == ["done"] * len(GOOD)
    assert [(documents[name].status, documents[name].chunks) for name in POISON] == [("failed", 0)] * len(POISON)
    for name, reason in POISON.items():
        assert reason in documents[name].reason
    begun = Counter((tmp_path / "begun").read_text().splitlines())
    assert set(begun) == {*GOOD, *POISON}
    assert max(begun.values()) <= MAX_TRIES
    assert all(begun[name] == 1 for name in GOOD)
    covered(f"poison: {len(POISON)} kinds, {len(GOOD)} good files beside them")
