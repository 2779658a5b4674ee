# pyright: basic
"""Snapshots of dense indexes: their files, and the rows that record which generation a file has.

The write order is file, fsync, rename, fsync of the folder, row: a row without its complete file cannot exist.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw
import msgspec

from ingest.runtime.atomic_files import open_incoming_file, remove_abandoned, sync_file, sync_folder
from ingest.storage.collections import encode_passport
from ingest.types import EmbedderPassport


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The record of an index file: the generation it has, and what must be true of its bytes."""

    collection_id: str
    generation: int
    filename: str
    sha256: str
    row_count: int
    dimension: int
    passport: EmbedderPassport


SMALL_INDEX = 1_000
"""An index of fewer chunks is written in no time."""

MAX_REPLAYED_CHUNKS = 20_000
"""A start applies so many changed chunks in about a second."""

MAX_REPLAYED_SHARE = 0.1


def is_outgrown(row_count: int, changed: int) -> bool:
    """Whether so many chunks changed since a snapshot of `row_count` chunks that a start needs a newer one."""
    if row_count < SMALL_INDEX:
        return changed > 0
    return changed > min(row_count * MAX_REPLAYED_SHARE, MAX_REPLAYED_CHUNKS)


def find(db: apsw.Connection, collection_id: str) -> Snapshot | None:
    """Return the recorded snapshot of a collection, or None."""
    sql = (
        "SELECT collection_id, generation, filename, sha256, row_count, dimension, passport"
        " FROM snapshots WHERE collection_id = ?"
    )
    for row in db.execute(sql, (collection_id,)):
        return Snapshot(
            row[0], row[1], row[2], row[3], row[4], row[5], msgspec.json.decode(row[6], type=EmbedderPassport)
        )
    return None


def find_filenames(db: apsw.Connection) -> set[str]:
    """Return the names of all index files that are recorded."""
    return {row[0] for row in db.execute("SELECT filename FROM snapshots")}


def can_record(db: apsw.Connection, snapshot: Snapshot) -> bool:
    """Whether the collection exists, has no newer snapshot, and no chunk of this one was removed meanwhile."""
    sql = (
        "SELECT 1 FROM collections WHERE id = ?1 AND history_from <= ?2"
        " AND NOT EXISTS (SELECT 1 FROM snapshots WHERE collection_id = ?1 AND generation > ?2)"
        " AND NOT EXISTS (SELECT 1 FROM removed_chunks WHERE collection_id = ?1 AND generation > ?2)"
    )
    return any(True for _ in db.execute(sql, (snapshot.collection_id, snapshot.generation)))


def forget(db: apsw.Connection, collection_id: str) -> None:
    """Delete the record of a collection's snapshot."""
    db.execute("DELETE FROM snapshots WHERE collection_id = ?", (collection_id,))


def record(db: apsw.Connection, snapshot: Snapshot) -> None:
    """Record a snapshot in place of the one before."""
    db.execute(
        "INSERT OR REPLACE INTO snapshots (collection_id, generation, filename, sha256, row_count, dimension, passport)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            snapshot.collection_id,
            snapshot.generation,
            snapshot.filename,
            snapshot.sha256,
            snapshot.row_count,
            snapshot.dimension,
            encode_passport(snapshot.passport),
        ),
    )


class SnapshotFiles:
    """The folder of index files; a file is complete or absent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, filename: str) -> bytes:
        """Return the bytes of an index file; raises `OSError` if it is gone."""
        return (self._folder / filename).read_bytes()

    @contextmanager
    def receive(self, body: bytes) -> Iterator[Path]:
        """Write a temporary file; it is deleted at the end of the block unless `keep` renamed it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with open_incoming_file(self._folder) as (file, path):
            file.write(body)
            sync_file(file)
            yield path

    def keep(self, incoming: Path, filename: str) -> None:
        """Give an incoming file its name."""
        incoming.rename(self._folder / filename)
        sync_folder(self._folder)

    def find_unused(self, used: Collection[str]) -> list[Path]:
        """Return the index files that are not in `used`."""
        return [path for path in self._folder.glob("*.faiss") if path.name not in used]

    def remove_unused(self, used: Collection[str]) -> None:
        """Delete the index files that are not in `used`."""
        for path in self.find_unused(used):
            path.unlink(missing_ok=True)

    def remove_abandoned(self) -> None:
        """Delete the temporary files of processes that were killed."""
        remove_abandoned(self._folder)
