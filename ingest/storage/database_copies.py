# pyright: basic
"""Copies of databases: written, examined, and those that no process has open."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from ingest.errors import LibraryError
from ingest.runtime.atomic_files import sync_file
from ingest.storage import files, maintenance
from ingest.storage.database import find_damage


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """The schema version of a copy, its rows by table, and the SHA-256 of its files."""

    version: int
    counts: dict[str, int]
    contents: frozenset[str]


def write_copy(db: apsw.Connection, target: Path) -> None:
    """Copy the state that a connection sees, without the records of snapshots, to a new file without a WAL."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(apsw.Connection(str(target))) as copy:
        with copy.backup("main", db, "main") as running:
            running.step()
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("DELETE FROM snapshots")
    with target.open("rb+") as file:
        sync_file(file)


def read_facts(path: Path) -> CopyFacts:
    """Return the facts of a copy; raises `apsw.Error` if it is damaged."""
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        return CopyFacts(maintenance.read_version(db), maintenance.count_rows(db), frozenset(files.find_contents(db)))


def find_problems(path: Path) -> list[str]:
    """Return what is wrong with a database file; nothing if it is sound."""
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            return find_damage(db)
    except apsw.Error as error:
        return [str(error)]


def check_not_in_use(path: Path) -> None:
    """Raise `LibraryError` if another process has a database open; nothing happens if it is too damaged to tell."""
    if not path.exists():
        return
    try:
        with closing(apsw.Connection(str(path))) as db:
            db.execute("PRAGMA journal_mode = DELETE")  # only the last connection may do that
    except (apsw.BusyError, apsw.LockedError) as error:
        detail = "another process works with it; stop `pincite serve` and `pincite up` first"
        raise LibraryError(home=str(path.parent), detail=detail) from error
    except apsw.Error:
        return
