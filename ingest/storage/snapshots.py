# pyright: basic
"""Rows that say which index file belongs to which state of a collection."""

from dataclasses import dataclass

import apsw
import msgspec

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
