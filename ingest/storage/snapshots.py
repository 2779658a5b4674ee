# pyright: basic
"""Saved indexes: rows that say which file belongs to which state of a collection, and the files."""

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
    """An index file and all that must be true of it."""

    collection_id: str
    generation: int
    filename: str
    sha256: str
    row_count: int
    dimension: int
    passport: EmbedderPassport


SMALL = 1_000
"""An index of so few chunks is written in no time."""

MAX_REPLAYED_CHUNKS = 20_000
"""A start takes over so many chunks from the rows in about a second."""

MAX_REPLAYED_SHARE = 0.1


def is_outgrown(row_count: int, changed: int) -> bool:
    """Whether so much came after a snapshot of `row_count` chunks that the next start should have a newer one."""
    if row_count < SMALL:
        return changed > 0
    return changed > min(row_count * MAX_REPLAYED_SHARE, MAX_REPLAYED_CHUNKS)


def find(db: apsw.Connection, collection_id: str) -> Snapshot | None:
    """Return the recorded snapshot of a collection."""
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
    """Whether its collection exists, no newer snapshot is recorded, and no chunk in it was removed meanwhile."""
    sql = (
        "SELECT 1 FROM collections WHERE id = ?1 AND history_from <= ?2"
        " AND NOT EXISTS (SELECT 1 FROM snapshots WHERE collection_id = ?1 AND generation > ?2)"
        " AND NOT EXISTS (SELECT 1 FROM removed_chunks WHERE collection_id = ?1 AND generation > ?2)"
    )
    return any(True for _ in db.execute(sql, (snapshot.collection_id, snapshot.generation)))


def forget(db: apsw.Connection, collection_id: str) -> None:
    """Drop the record of a collection's saved index."""
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
    """The folder of index files; a file is complete or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, filename: str) -> bytes:
        """Return an index file; raises `OSError` where it is gone."""
        return (self._folder / filename).read_bytes()

    @contextmanager
    def receive(self, body: bytes) -> Iterator[Path]:
        """Write a file beside the others; it is gone at the end of the block unless it was kept."""
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
        """Return the index files that are not among `used`."""
        return [path for path in self._folder.glob("*.faiss") if path.name not in used]

    def remove_unused(self, used: Collection[str]) -> None:
        """Remove the index files that are not among `used`."""
        for path in self.find_unused(used):
            path.unlink(missing_ok=True)

    def remove_abandoned(self) -> None:
        """Remove what a killed process has left of a file that it was writing."""
        remove_abandoned(self._folder)
