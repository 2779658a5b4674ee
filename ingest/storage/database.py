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
import time
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
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
MAX_DAMAGES = 20
STEPS_BETWEEN_LOOKS = 1_000
"""Steps of SQLite's virtual machine after which a check that has a time limit looks at the clock."""
UNFINISHED = ".part-"
"""Suffix of a copy of an older format while it is written. A home may hold a person's files too."""


class Database:
    """A SQLite file that is opened, brought to the current version, and used from many threads.

    Once damage is seen, by `look_for_damage` or by any statement, it is read as far as possible and no longer written.
    With `is_read_only` nothing on the disk is changed, not even by opening it. Raises `LibraryError` if the file cannot
    be opened or has a newer version than this program.
    """

    def __init__(self, path: Path, migrations: Sequence[str], *, is_read_only: bool = False) -> None:
        self._path = path
        self._is_read_only = is_read_only
        self.damage = ""
        """What is damaged, in SQLite's words; empty as long as nothing is known to be."""
        self._write_lock = threading.RLock()
        self._idle_lock = threading.Lock()
        self._idle_readers: list[apsw.Connection] = []
        self._is_closed = False
        self._log = LogEraser(self._truncate_log)
        with self._sqlite_errors():
            self._writer = _connect(path, is_read_only=is_read_only)
            try:
                if is_read_only:
                    self._check_is_current(migrations)
                    return
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
        """Run one transaction: all changes of the block are committed, or none.

        One for which the disk had no room gives back what it has taken of the disk.
        """
        with self._write_lock, self._sqlite_errors():
            self._check_can_be_written()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                if isinstance(error, apsw.FullError):
                    self._log.erase()  # the log keeps the size that it grew to
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
                raise LibraryError(home=str(self._path.parent), detail=describe_damage(str(error))) from error
            finally:
                if reader.in_transaction:
                    reader.execute("ROLLBACK")
                self._give_back(reader)

    @contextmanager
    def exclusive(self) -> Generator[apsw.Connection]:
        """Yield the connection that writes, outside of a transaction, for statements that need none (VACUUM)."""
        with self._write_lock, self._sqlite_errors():
            self._check_can_be_written()
            yield self._writer

    def look_for_damage(self, *, seconds: float | None = None) -> None:
        """Look for damage, which `damage` says then.

        With `seconds`, only as far as one gets in that time, and without comparing the indexes with their tables.
        FTS5 indexes are left out: `pincite check --repair` builds them anew.
        """
        check = "integrity_check" if seconds is None else "quick_check"
        deadline = None if seconds is None else time.monotonic() + seconds
        with suppress(LibraryError), self.read() as db:
            db.set_progress_handler(
                lambda: self._is_closed or (deadline is not None and time.monotonic() > deadline), STEPS_BETWEEN_LOOKS
            )
            try:
                damages = find_damage(db, check)
            except apsw.InterruptError:  # the time is over, or the program ends, and nothing was found so far
                return
            finally:
                db.set_progress_handler(None)
            if damages:
                self.damage = damages[0]

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
        return _connect(self._path, is_read_only=self._is_read_only)

    def _check_can_be_written(self) -> None:
        if self._is_read_only:
            detail = f"no permission to write in {self._path.parent}; it can be searched, but not changed"
            raise LibraryError(home=str(self._path.parent), detail=detail)
        if self.damage:
            raise LibraryError(home=str(self._path.parent), detail=describe_damage(self.damage))

    def _check_is_current(self, migrations: Sequence[str]) -> None:
        version = self._version(self._writer, len(migrations))
        if version < len(migrations):
            detail = f"its format is version {version} and cannot be brought up to date: no permission to write"
            raise LibraryError(home=str(self._path.parent), detail=detail)

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
        except (apsw.CorruptError, apsw.NotADBError) as error:
            if getattr(error, "extendedresult", 0) != apsw.SQLITE_CORRUPT_VTAB:  # FTS5 can be built anew
                self.damage = self.damage or str(error)
            raise LibraryError(home=str(self._path.parent), detail=describe_damage(str(error))) from error
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


def find_damage(db: apsw.Connection, check: str = "integrity_check") -> list[str]:
    """Return what SQLite's check reports, FTS5 indexes aside; nothing if the file is sound."""
    messages = [str(row[0]) for row in db.execute(f"PRAGMA {check}({MAX_DAMAGES})")]
    return [message for message in messages if message != "ok" and "fts5" not in message.lower()]


def describe_damage(what: str) -> str:
    """Return a damage in words, with the commands that help."""
    return (
        f"it is damaged ({what}), so nothing is written to it; `pincite check` says where, and "
        "`pincite restore --force BACKUP` puts a backup in its place"
    )


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


def _connect(path: Path, *, is_read_only: bool = False) -> apsw.Connection:
    if is_read_only:
        return _connect_to_read(path)
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


def _connect_to_read(path: Path) -> apsw.Connection:
    """Return a connection that changes nothing on the disk.

    SQLite reads a write-ahead log through a file that it shares with other processes. On a disk that cannot be written
    there is none: what the log has then cannot be read, and nobody else writes.
    """
    log, shared = Path(f"{path}-wal"), Path(f"{path}-shm")
    has_log = log.exists() and log.stat().st_size > 0
    is_alone = bool(os.statvfs(path).f_flag & os.ST_RDONLY) or not shared.exists()
    if has_log and is_alone:
        detail = "its last changes are still in its log, which takes a disk that can be written; open it there once"
        raise LibraryError(home=str(path.parent), detail=detail)
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_alone else ''}"
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    define_functions(connection)
    return connection


def _index_words(*values: object) -> str:
    return join_terms(str(values[0]))


def _fold_name(*values: object) -> str:
    return fold_name(str(values[0]))


def _join_name_keys(*values: object) -> str:
    return " ".join(make_name_keys(str(values[0]), str(values[1])))
