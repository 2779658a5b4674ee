# pyright: basic
"""One SQLite file in WAL mode: one connection that writes, a few that read, versioned migrations.

A read sees the snapshot of the moment when it began (snapshot isolation), whatever is written meanwhile. A commit is
on the disk when it returns (`synchronous = FULL`), and deleted content is overwritten (`secure_delete`), in the
write-ahead log too (`Database.erase`).

apsw brings a current SQLite: releases before 3.51.3 can corrupt a write-ahead log when two connections
write or checkpoint at once, and the SQLite that Python links is often older than that.
"""

import os
import threading
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw
import msgspec

from ingest.errors import LibraryError
from ingest.runtime.atomic_files import open_incoming_file, remove_abandoned, sync_folder
from ingest.storage.log_eraser import LogEraser, truncate_log
from ingest.text.analyzer import join_terms
from ingest.text.names import make_name_keys

BUSY_TIMEOUT_MS = 30_000
IDLE_READERS = 8
UNFINISHED = ".part-"
"""Suffix of a copy of an older format while it is written. A home may hold a person's files too."""


class Database:
    """A SQLite file that is opened, brought to the current version, and used from many threads.

    Raises `LibraryError` if the file cannot be opened or has a newer version than this program.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self._path = path
        self._write_lock = threading.RLock()
        self._idle_lock = threading.Lock()
        self._idle_readers: list[apsw.Connection] = []
        self._is_closed = False
        self._log = LogEraser(self._truncate_log)
        with self._sqlite_errors():
            self._writer = _connect(path)
            try:
                self._migrate(migrations)
                remove_abandoned(path.parent, (self._copy_name(migrations) + UNFINISHED,))
            except OSError as error:
                self._writer.close()
                detail = f"it cannot be brought up to date: {error.strerror or error}"
                raise LibraryError(home=str(path.parent), detail=detail) from error
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def write(self) -> Iterator[apsw.Connection]:
        """Run one transaction: all changes of the block are committed, or none."""
        with self._write_lock, self._sqlite_errors():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def erase(self) -> Iterator[apsw.Connection]:
        """Run one transaction that deletes content, as `write` does; then that leaves the write-ahead log too.

        While somebody reads a snapshot of before, that is as soon as they have finished.
        """
        with self.write() as db:
            yield db
        self._log.erase()

    @contextmanager
    def read(self) -> Generator[apsw.Connection]:
        """Run queries that all see the same snapshot of the database."""
        with self._sqlite_errors():
            reader = self._borrow()
            try:
                reader.execute("BEGIN")
                yield reader
            except ValueError as error:  # text that is no UTF-8, JSON that is none, a vector cut short
                detail = f"it is damaged ({error}); `pincite check` says where"
                raise LibraryError(home=str(self._path.parent), detail=detail) from error
            finally:
                if reader.in_transaction:
                    reader.execute("ROLLBACK")
                self._give_back(reader)

    @contextmanager
    def exclusive(self) -> Generator[apsw.Connection]:
        """Yield the connection that writes, outside of a transaction, for statements that need none (VACUUM)."""
        with self._write_lock, self._sqlite_errors():
            yield self._writer

    def close(self) -> None:
        """Close every connection, those in use when they are given back; the last one checkpoints the WAL."""
        self._log.close()
        with self._idle_lock:
            self._is_closed = True
            idle, self._idle_readers = self._idle_readers, []
        for reader in idle:
            reader.close()
        with self._write_lock:
            self._writer.close()

    def _truncate_log(self) -> bool:
        with self._write_lock:
            return self._is_closed or truncate_log(self._writer, busy_timeout_ms=BUSY_TIMEOUT_MS)

    def _borrow(self) -> apsw.Connection:
        with self._idle_lock:
            if self._is_closed:
                raise LibraryError(home=str(self._path.parent), detail="it was closed")
            if self._idle_readers:
                return self._idle_readers.pop()
        return _connect(self._path)

    def _give_back(self, reader: apsw.Connection) -> None:
        with self._idle_lock:
            if not self._is_closed and len(self._idle_readers) < IDLE_READERS:
                self._idle_readers.append(reader)
                return
        reader.close()

    @contextmanager
    def _sqlite_errors(self) -> Generator[None]:
        try:
            yield
        except apsw.Error as error:
            raise LibraryError(home=str(self._path.parent), detail=str(error)) from error

    def _migrate(self, migrations: Sequence[str]) -> None:
        """Apply all missing steps in one transaction; a copy of the older file is kept beside it."""
        if self._version(self._writer, len(migrations)) == len(migrations):
            return
        # The write lock comes first: no process writes or migrates between the copy and the steps.
        with self.write() as db:
            version = self._version(db, len(migrations))
            if 0 < version < len(migrations):
                self._keep_copy(self._copy_name(migrations))
            for step in migrations[version:]:
                db.execute(step)
            db.execute(f"PRAGMA user_version = {len(migrations)}")

    def _version(self, db: apsw.Connection, newest: int) -> int:
        (version,) = next(iter(db.execute("PRAGMA user_version")))
        if version > newest:
            raise LibraryError(
                home=str(self._path.parent),
                detail=f"its format is version {version}, this program reads up to {newest}; update Pincite",
            )
        return int(version)

    def _copy_name(self, migrations: Sequence[str]) -> str:
        return f"{self._path.stem}-before-v{len(migrations)}{self._path.suffix}"

    def _keep_copy(self, name: str) -> None:
        """Write what is committed to a file beside this one, which is complete or absent."""
        reader = _connect(self._path)
        try:
            with open_incoming_file(self._path.parent, name + UNFINISHED) as (file, copy):
                reader.execute("VACUUM INTO ?", (str(copy),))
                os.fsync(file.fileno())
                copy.rename(self._path.with_name(name))
            sync_folder(self._path.parent)
        finally:
            reader.close()


def define_functions(connection: apsw.Connection) -> None:
    """Define the functions that the schema calls on a connection."""
    connection.create_scalar_function("index_words", _index_words, 1, deterministic=True)
    connection.create_scalar_function("fold_name", _fold_name, 1, deterministic=True)
    connection.create_scalar_function("name_keys", _join_name_keys, 2, deterministic=True)


def fold_name(name: str) -> str:
    """Return a file's name as it is compared with what a person types: without regard to case and composition."""
    return unicodedata.normalize("NFKC", name).casefold()


def json_array(values: Iterable[int | str]) -> str:
    """Return values as the parameter of SQLite's `json_each`, which takes any number of them."""
    return msgspec.json.encode(list(values)).decode()


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        define_functions(connection)
        connection.execute("PRAGMA secure_delete = ON")  # deleted content is overwritten with zeros
    except BaseException:
        connection.close()
        raise
    return connection


def _index_words(*values: object) -> str:
    return join_terms(str(values[0]))


def _fold_name(*values: object) -> str:
    return fold_name(str(values[0]))


def _join_name_keys(*values: object) -> str:
    return " ".join(make_name_keys(str(values[0]), str(values[1])))
