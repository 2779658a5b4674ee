# pyright: basic
"""Rows of file batches: the files that one request has added to a collection. In the caller's transaction."""

import time
import uuid
from collections.abc import Iterable

import apsw

from ingest.errors import FileBatchNotFoundError
from ingest.storage import jobs
from ingest.types import DocumentStatus, FileBatch


def insert(db: apsw.Connection, collection_id: str, file_ids: Iterable[str]) -> str:
    """Record that these files were added together, and return the id of the batch."""
    batch_id = f"vsfb_{uuid.uuid4().hex[:24]}"
    sql = "INSERT INTO file_batches (id, collection_id, created_at) VALUES (?, ?, ?)"
    db.execute(sql, (batch_id, collection_id, int(time.time())))
    db.executemany(
        "INSERT OR IGNORE INTO file_batch_members (batch_id, file_id) VALUES (?, ?)",
        [(batch_id, file_id) for file_id in file_ids],
    )
    return batch_id


def find(db: apsw.Connection, collection_id: str, batch_id: str) -> FileBatch:
    """Return a batch with its documents by status, without those that were removed; raises `FileBatchNotFoundError`."""
    sql = "SELECT created_at, is_cancelled FROM file_batches WHERE collection_id = ? AND id = ?"
    for created_at, is_cancelled in db.execute(sql, (collection_id, batch_id)):
        by_status: dict[DocumentStatus, int] = dict(_count(db, collection_id, batch_id))
        return FileBatch(batch_id, collection_id, created_at, bool(is_cancelled), by_status)
    raise FileBatchNotFoundError(batch=batch_id)


def cancel(db: apsw.Connection, collection_id: str, batch_id: str) -> None:
    """Cancel the documents of a batch that are not read yet."""
    db.execute("UPDATE file_batches SET is_cancelled = 1 WHERE id = ?", (batch_id,))
    members = "SELECT file_id FROM file_batch_members WHERE batch_id = ?"
    for (file_id,) in list(db.execute(members, (batch_id,))):
        jobs.cancel(db, collection_id, file_id)


def _count(db: apsw.Connection, collection_id: str, batch_id: str) -> Iterable[tuple[DocumentStatus, int]]:
    sql = (
        "SELECT d.status, count(*) FROM file_batch_members m JOIN documents d ON d.file_id = m.file_id"
        " WHERE m.batch_id = ? AND d.collection_id = ? GROUP BY d.status"
    )
    return [(row[0], row[1]) for row in db.execute(sql, (batch_id, collection_id))]
