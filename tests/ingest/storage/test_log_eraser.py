"""Deleted content leaves the write-ahead log with the delete, or with the last reader of a snapshot of before."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from ingest.library.library import Library
from ingest.storage.database import Database
from ingest.storage.log_eraser import LogEraser
from tests.api.world import wait_for
from tests.fakes import chunked, passport
from tests.ingest.library_world import EMBEDDER, complete

CANARY = "xylographic-canary-4711"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "library.db", ["CREATE TABLE notes (text TEXT) STRICT"])
    yield opened
    opened.close()


def holds(folder: Path, text: str) -> list[str]:
    """Return the names of the files that have a text."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes())


def add_note(database: Database) -> None:
    with database.write() as db:
        db.execute("INSERT INTO notes VALUES (?)", (CANARY,))


def delete_notes(database: Database) -> None:
    with database.erase() as db:
        db.execute("DELETE FROM notes")


def test_what_is_deleted_leaves_the_log_at_once(database: Database, tmp_path: Path) -> None:
    add_note(database)
    assert holds(tmp_path, CANARY)
    delete_notes(database)
    assert holds(tmp_path, CANARY) == []


def test_a_reader_of_before_keeps_what_it_reads_and_no_longer(database: Database, tmp_path: Path) -> None:
    add_note(database)
    with database.read() as db:
        db.execute("SELECT * FROM notes").fetchall()
        delete_notes(database)
        assert list(db.execute("SELECT * FROM notes")) == [(CANARY,)]
        assert holds(tmp_path, CANARY)
    wait_for(lambda: not holds(tmp_path, CANARY), seconds=30)


def test_a_reader_in_another_process_is_waited_for_too(database: Database, tmp_path: Path) -> None:
    add_note(database)
    other = apsw.Connection(str(tmp_path / "library.db"))
    other.execute("BEGIN")
    assert list(other.execute("SELECT * FROM notes")) == [(CANARY,)]
    delete_notes(database)
    other.execute("ROLLBACK")
    wait_for(lambda: not holds(tmp_path, CANARY), seconds=30)
    other.close()


def test_a_log_that_cannot_be_emptied_undoes_no_delete() -> None:
    attempts: list[str] = []

    def truncate() -> bool:
        attempts.append("tried")
        if len(attempts) < 3:
            raise apsw.IOError("disk I/O error")
        return True

    eraser = LogEraser(truncate)
    eraser.erase()
    wait_for(lambda: len(attempts) == 3, seconds=30)
    eraser.close()


def test_secrets_and_text_of_all_kinds_leave_the_whole_home_at_the_delete(library: Library) -> None:
    collection = library.create_collection("docs", passport())
    path = library.home / "original.txt"
    path.write_text(f"{CANARY} is a word. It stands here.")
    file = library.add_file(source=f"{CANARY}.txt", filename=f"{CANARY}.txt", content=path)
    path.unlink()
    content = chunked(f"{CANARY} is a word. It stands here.")
    document = library.enqueue(collection.id, file.id, password=CANARY, attributes={"by": CANARY})
    complete(library, document, content, EMBEDDER.embed([chunk.text for chunk in content.chunks]))
    conversation = library.create_conversation(CANARY, {"by": CANARY})
    assert "library.db-wal" in holds(library.home, CANARY)
    library.delete_conversation(conversation.id)
    library.delete_file(file.id)
    assert holds(library.home, CANARY) == []
    assert holds(library.home, "xylograph") == []  # the terms of the lexical index
