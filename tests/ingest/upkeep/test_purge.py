"""After a delete and a purge no byte of what was deleted is left in the home, and everything else still works."""

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import LibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage import maintenance
from ingest.storage.database import find_damage
from ingest.types import DocumentFacts, Progress
from ingest.upkeep.purge import purge
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import add, claimed
from tests.raw_database import BEFORE_MIGRATION, raw_database

EMBEDDER = HashEmbedder()
CANARY = "zwieback"
OTHER = "The valve is red."


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with one document that stays."""
    opened = Library(tmp_path / "home")
    add(opened, opened.create_collection("c", passport()).id, "valve.txt", chunked(OTHER))
    yield opened
    opened.close()


def traces(home: Path, word: str = CANARY) -> list[str]:
    """Return the files with the word in any spelling, in their name or their bytes, as text or UTF-16."""
    spellings = [word.encode(), word[1:].encode(), word.encode("utf-16-le")]
    return [
        path.relative_to(home).as_posix()
        for path in home.rglob("*")
        if path.is_file()
        and (word in path.name.lower() or any(each in path.read_bytes().lower() for each in spellings))
    ]


def add_canary(library: Library) -> str:
    """Put the canary wherever text of a document can be; return the file's id."""
    collection = library.collection("c")
    text = f"The canary is called {CANARY.title()}. " + f"{CANARY} " * 3_000
    content = chunked(text, f"{CANARY} again", title=f"{CANARY.title()} papers", warnings=(f"{CANARY} is hidden",))
    source = f"/home/{CANARY}/{CANARY}.pdf"
    file = library.add_file(source=source, filename=f"{CANARY}.pdf", content=io.BytesIO(text.encode() * 20))
    library.store_file_stats({source: ("1-2-3", file.sha256)})
    document = claimed(library, library.enqueue(collection.id, file.id, password=f"{CANARY}-password"))
    vectors = EMBEDDER.embed([chunk.text for chunk in content.chunks])
    library.append(document, content, vectors, Progress("reading"))
    facts = DocumentFacts(content.document.title, "application/pdf", warnings=(CANARY,), metadata={"author": CANARY})
    assert library.complete(document, chunked(), vectors[:0], facts) is not None
    SearchIndex(library).save(collection.id)
    return file.id


def leave_litter(home: Path) -> None:
    """What other programs and other versions leave: copies, caches and halves of files."""
    for name in (
        BEFORE_MIGRATION,
        "restoring-x/files/ab/cd",
        "cache/pages/1.png",
        "files/incoming-killed",
        "index/incoming-killed",
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(CANARY)
        os.utime(home / name, (0, 0))
    (home / "files" / "backup-killed").mkdir()
    (home / "files" / "backup-killed" / "x").write_text(CANARY)
    os.utime(home / "files" / "backup-killed", (0, 0))


def test_no_byte_of_a_deleted_document_is_left_after_a_purge(library: Library) -> None:
    file_id = add_canary(library)
    assert "library.db" in traces(library.home)
    leave_litter(library.home)
    library.delete_file(file_id)

    report = purge(library)

    assert traces(library.home) == []
    assert report.bytes_after < report.bytes_before
    assert report.files_removed == 5
    assert [file.name for file in (library.home / "files").iterdir() if file.name.startswith(("inc", "back"))] == []


def test_no_byte_is_left_of_a_deleted_collection_a_replaced_version_and_a_document_that_failed(
    library: Library,
) -> None:
    doomed = library.create_collection(f"{CANARY} things", passport())
    add(library, doomed.id, "a.txt", chunked(f"One {CANARY}."))
    library.delete_collection(doomed.id)
    collection = library.collection("c")
    add(library, collection.id, "b.txt", chunked(f"Two {CANARY}."))
    add(library, collection.id, "b.txt", chunked("Two."))
    failed = library.add_file(source=CANARY, filename=CANARY, content=io.BytesIO(CANARY.encode()))
    library.fail(library.enqueue(collection.id, failed.id), f"{CANARY} is damaged")
    library.delete_file(failed.id)
    purge(library)
    assert traces(library.home) == []


def test_what_is_left_is_found_as_before(library: Library) -> None:
    index, query = SearchIndex(library), EMBEDDER.embed_query(OTHER)
    collection = library.collection("c")
    before = (index.search_dense(collection.id, query, 5), index.search_lexical(collection.id, "valve", 5))
    library.delete_file(add_canary(library))
    purge(library)
    assert (index.search_dense(collection.id, query, 5), index.search_lexical(collection.id, "valve", 5)) == before
    fresh = SearchIndex(library)
    assert (fresh.search_dense(collection.id, query, 5), fresh.search_lexical(collection.id, "valve", 5)) == before
    with library.storage.database.write() as db:
        assert (find_damage(db), maintenance.are_lexical_indexes_sound(db)) == ([], True)


@pytest.mark.parametrize("is_index_current", [True, False])
def test_an_index_in_the_memory_of_another_process_is_right_after_a_purge(
    library: Library, is_index_current: bool
) -> None:
    other = Library(library.home)
    index, collection = SearchIndex(other), library.collection("c")
    file_id = add_canary(library)
    query = EMBEDDER.embed_query(CANARY)
    assert len(index.search_dense(collection.id, query, 10)) == 3
    library.delete_file(file_id)
    if is_index_current:
        assert len(index.search_dense(collection.id, query, 10)) == 1
    purge(library)
    with library.storage.database.read() as db:
        assert list(db.execute("SELECT * FROM removed_chunks")) == []
    assert len(index.search_dense(collection.id, query, 10)) == 1
    index.save(collection.id)
    assert other.snapshot(collection.id) is not None
    other.close()


def test_an_index_from_before_a_purge_is_not_saved(library: Library) -> None:
    collection = library.collection("c")
    file_id = add_canary(library)
    old = library.snapshot(collection.id)
    assert old is not None
    body = library.read_snapshot(old)
    library.delete_file(file_id)
    purge(library)
    library.save_snapshot(old, body)
    assert library.snapshot(collection.id) is None


def test_a_purge_beside_another_process_that_is_idle_leaves_nothing(library: Library) -> None:
    add_canary(library)
    program = (
        "import sys; from pathlib import Path; from ingest.library.library import Library\n"
        "library = Library(Path(sys.argv[1])); print(len(library.documents()), flush=True)\n"
        "sys.stdin.readline(); print(len(library.documents()), flush=True); library.close()"
    )
    command = [sys.executable, "-c", program, str(library.home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "2\n"
        library.delete_file(next(file.id for file in library.files() if CANARY in file.filename))
        purge(library)
        assert traces(library.home) == []
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "1\n"
        assert process.wait() == 0
    assert traces(library.home) == []


def test_a_purge_beside_one_who_reads_without_a_pause_says_so(library: Library) -> None:
    library.delete_file(add_canary(library))
    reader = raw_database(library.home / "library.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM files").fetchall()
    with library.storage.database.exclusive() as db:
        db.set_busy_timeout(50)
    with pytest.raises(LibraryError, match="purge again later"):
        purge(library)
    reader.close()
    purge(library)
    assert traces(library.home) == []


def test_a_file_that_is_being_received_is_left_alone(library: Library) -> None:
    class SlowStream(io.RawIOBase):
        is_first = True

        def read(self, size: int = -1) -> bytes:
            if not self.is_first:
                return b""
            self.is_first = False
            arrived.set()
            may_go.wait(10)
            return b"late"

    arrived, may_go = threading.Event(), threading.Event()
    received: list[str] = []

    def receive() -> None:
        file = library.add_file(source="late", filename="late", content=SlowStream())  # type: ignore[arg-type]
        received.append(library.original_path(file.id).read_text())

    thread = threading.Thread(target=receive)
    thread.start()
    assert arrived.wait(10)
    for path in (library.home / "files").glob("incoming-*"):
        os.utime(path, (0, 0))
    thread_purge = threading.Thread(target=purge, args=(library,))
    thread_purge.start()
    thread_purge.join()
    may_go.set()
    thread.join()
    assert received == ["late"]


def test_vectors_are_gone_too(library: Library) -> None:
    file_id = add_canary(library)
    vector = np.asarray(EMBEDDER.embed([f"{CANARY} again"])[0], dtype=np.float32).tobytes()
    assert any(vector in path.read_bytes() for path in library.home.rglob("*") if path.is_file())
    library.delete_file(file_id)
    purge(library)
    assert not any(vector in path.read_bytes() for path in library.home.rglob("*") if path.is_file())
