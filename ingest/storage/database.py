# pyright: basic
"""One SQLite file: one connection that writes, a few that read, versioned migrations.

apsw brings a current SQLite: releases before 3.51.3 can corrupt a write-ahead log when two connections
write or checkpoint at once, and the SQLite that Python links is often older than that.
"""

import queue
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from ingest.errors import LibraryError

BUSY_TIMEOUT_MS = 30_000
IDLE_READERS = 8


class Database:
    """A SQLite file that is opened, brought to the current version, and used from many threads.

    Raises `LibraryError` where the file cannot be opened or is of a newer version than this program.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self._path = path
        self._write_lock = threading.RLock()
        self._readers: queue.LifoQueue[apsw.Connection] = queue.LifoQueue(IDLE_READERS)
        try:
            self._writer = _connect(path)
            self._migrate(migrations)
        except (apsw.Error, OSError) as error:
            raise LibraryError(home=str(path.parent), detail=str(error)) from error

    @contextmanager
    def write(self) -> Iterator[apsw.Connection]:
        """Run one transaction: all of the block happens, or nothing of it."""
        with self._write_lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except apsw.Error as error:
                raise LibraryError(home=str(self._path.parent), detail=str(error)) from error
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                if isinstance(error, apsw.Error):
                    raise LibraryError(home=str(self._path.parent), detail=str(error)) from error
                raise

    @contextmanager
    def read(self) -> Generator[apsw.Connection]:
        """Run queries that all see the same state of the library."""
        try:
            reader = self._readers.get_nowait()
        except queue.Empty:
            reader = _connect(self._path)
        try:
            reader.execute("BEGIN")
            try:
                yield reader
            finally:
                reader.execute("ROLLBACK")
        finally:
            try:
                self._readers.put_nowait(reader)
            except queue.Full:
                reader.close()

    def close(self) -> None:
        """Close every connection; the last one tidies the write-ahead log."""
        while not self._readers.empty():
            self._readers.get_nowait().close()
        with self._write_lock:
            self._writer.close()

    def _migrate(self, migrations: Sequence[str]) -> None:
        (version,) = next(iter(self._writer.execute("PRAGMA user_version")))
        if version > len(migrations):
            raise LibraryError(
                home=str(self._path.parent),
                detail=f"its format is version {version}, this program reads up to {len(migrations)}; update Pincite",
            )
        if 0 < version < len(migrations):
            copy = self._path.with_name(f"{self._path.stem}-before-v{len(migrations)}{self._path.suffix}")
            copy.unlink(missing_ok=True)
            self._writer.execute("VACUUM INTO ?", (str(copy),))
        for number, step in enumerate(migrations[version:], start=version + 1):
            with self.write() as db:
                # Another process may have taken this step while we waited for the lock.
                (current,) = next(iter(db.execute("PRAGMA user_version")))
                if current < number:
                    db.execute(step)
                    db.execute(f"PRAGMA user_version = {number}")


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection
