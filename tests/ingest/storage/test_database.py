"""Migrations and transactions of the SQLite file."""

import os
import threading
from pathlib import Path

import apsw
import pytest

from ingest.errors import LibraryError
from ingest.storage.database import Database

FIRST = "CREATE TABLE notes (text TEXT) STRICT"
SECOND = "ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'unknown'"


def notes(database: Database) -> list[tuple[object, ...]]:
    with database.read() as db:
        return list(db.execute("SELECT * FROM notes"))


def test_an_older_file_is_migrated_and_a_copy_of_it_is_kept(tmp_path: Path) -> None:
    old = Database(tmp_path / "library.db", [FIRST])
    with old.write() as db:
        db.execute("INSERT INTO notes VALUES ('kept')")
    old.close()

    new = Database(tmp_path / "library.db", [FIRST, SECOND])

    assert notes(new) == [("kept", "unknown")]
    new.close()
    copy = Database(tmp_path / "library-before-v2.db", [FIRST])
    assert notes(copy) == [("kept",)]
    copy.close()


def test_a_newer_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    Database(tmp_path / "library.db", [FIRST, SECOND]).close()
    with pytest.raises(LibraryError, match="version 2, this program reads up to 1; update Pincite"):
        Database(tmp_path / "library.db", [FIRST])


def test_a_step_that_fails_leaves_the_old_version(tmp_path: Path) -> None:
    Database(tmp_path / "library.db", [FIRST]).close()
    with pytest.raises(LibraryError):
        Database(tmp_path / "library.db", [FIRST, "ALTER TABLE notes ADD COLUMN a TEXT; NONSENSE"])
    unchanged = Database(tmp_path / "library.db", [FIRST])
    assert notes(unchanged) == []
    unchanged.close()


def test_a_transaction_that_raises_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "library.db", [FIRST])

    def write_half() -> None:
        with database.write() as db:
            db.execute("INSERT INTO notes VALUES ('half')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert notes(database) == []
    database.close()


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "library.db").write_bytes(b"this is not SQLite" * 100)
    with pytest.raises(LibraryError, match="not a database"):
        Database(tmp_path / "library.db", [FIRST])


def test_writers_in_two_connections_and_readers_do_not_disturb_each_other(tmp_path: Path) -> None:
    databases = [Database(tmp_path / "library.db", [FIRST]) for _ in range(2)]

    def write(database: Database) -> None:
        for _ in range(20):
            with database.write() as db:
                db.execute("INSERT INTO notes VALUES ('x')")
            notes(database)

    threads = [threading.Thread(target=write, args=(database,)) for database in databases for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(notes(databases[0])) == 120
    for database in databases:
        database.close()


def test_a_closed_database_is_closed_for_readers_too(tmp_path: Path) -> None:
    database = Database(tmp_path / "library.db", [FIRST])
    with database.read() as in_use:
        database.close()
    with pytest.raises(apsw.ConnectionClosedError):
        in_use.execute("SELECT 1")
    with pytest.raises(LibraryError, match="closed"):
        notes(database)
    with pytest.raises(LibraryError), database.write():
        pass


def test_a_damaged_file_is_told_in_our_own_words(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    database = Database(path, [FIRST])
    with database.write() as db:
        db.executemany("INSERT INTO notes VALUES (?)", [("text " * 100,)] * 100)
    database.close()
    body = bytearray(path.read_bytes())
    body[4096:] = b"\xff" * (len(body) - 4096)
    path.write_bytes(body)

    damaged = Database(path, [FIRST])
    with pytest.raises(LibraryError, match="malformed"):
        notes(damaged)
    damaged.close()


def test_a_copy_that_a_killed_process_did_not_finish_goes_and_the_files_of_a_person_stay(tmp_path: Path) -> None:
    left = tmp_path / "library-before-v1.db.part-abc"
    mine = [tmp_path / "incoming-letters.txt", tmp_path / "backup-2026.zip"]
    for path in (left, *mine):
        path.write_text("text")
        os.utime(path, (0, 0))
    Database(tmp_path / "library.db", [FIRST]).close()
    assert [path.exists() for path in (left, *mine)] == [False, True, True]


def test_several_steps_are_taken_together_and_the_copy_is_of_the_oldest(tmp_path: Path) -> None:
    Database(tmp_path / "library.db", [FIRST]).close()
    with pytest.raises(LibraryError):
        Database(tmp_path / "library.db", [FIRST, SECOND, "NONSENSE"])
    Database(tmp_path / "library.db", [FIRST, SECOND, "CREATE TABLE more (x)"]).close()
    copy = tmp_path / "library-before-v3.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    database = Database(copy, [FIRST])
    assert notes(database) == []
    database.close()


def test_what_is_stored_but_is_no_text_is_told_as_damage(tmp_path: Path) -> None:
    database = Database(tmp_path / "library.db", [FIRST])
    with database.write() as db:
        db.execute("INSERT INTO notes VALUES (CAST(x'ff' AS TEXT))")
    with pytest.raises(LibraryError, match="pincite check"):
        notes(database)
    database.close()
