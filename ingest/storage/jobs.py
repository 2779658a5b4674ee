# pyright: basic
"""Documents as work to do: queued, read, paused, cancelled, tried again. The order of the rows is the order of work."""

import time
from collections.abc import Callable, Sequence

import apsw
import msgspec

from ingest.storage import counts, documents
from ingest.storage.collections import encode_passport
from ingest.types import DocumentRecord, EmbedderPassport, QueueState

JobChange = Callable[[apsw.Connection, str, str], None]
"""Changes the job of one document, given by the ids of its collection and file, in the transaction of a connection."""

MAX_TRIES = 2
"""Files that cannot be read, or that end the process that reads them, are not read more often unless a person asks."""
MAX_STARTS = 5
"""A document during which the whole program ended so often is given up."""
ESTIMATE_FROM = 50
"""The estimate follows from this many documents that were read last."""

_IN_WORK = "status IN ('queued', 'reading')"


def enqueue(db: apsw.Connection, collection_id: str, file_id: str, *, again: bool = False) -> None:
    """Note that a file is to be read. What waits, is read or was read stays as it is.

    What failed is queued again until it has had its tries, and what was cancelled; `again` queues both anyway.
    A row's id tells which version of a source was asked for last, so what is queued again gets a new row.
    """
    tries = _give_up(db, collection_id, file_id, again=again)
    db.execute(
        "INSERT INTO documents (collection_id, file_id, status, created_at, tries, source, folded_name, size_bytes)"
        " SELECT ?, id, 'queued', ?, ?, source, fold_name(filename), size_bytes FROM files WHERE id = ?"
        " ON CONFLICT DO NOTHING",
        (collection_id, int(time.time()), tries, file_id),
    )


def claim(db: apsw.Connection, owner: str, passport: EmbedderPassport) -> tuple[str, str] | None:
    """Start the next queued document of the collections with this passport; return its collection and file.

    None where there is none, the queue is paused, or what waits has the content of a document that is read now:
    it will be copied from that one.
    """
    sql = (
        "SELECT d.id, d.collection_id, d.file_id FROM documents d JOIN collections c ON c.id = d.collection_id"
        " JOIN files f ON f.id = d.file_id"
        " WHERE d.status = 'queued' AND c.owner = ?1 AND c.passport = ?2"
        " AND NOT EXISTS (SELECT 1 FROM paused_queues WHERE owner = ?1)"
        " AND NOT EXISTS (SELECT 1 FROM documents r JOIN files rf ON rf.id = r.file_id"
        "  WHERE r.status = 'reading' AND rf.sha256 = f.sha256)"
        " ORDER BY d.id LIMIT 1"
    )
    for document_id, collection_id, file_id in list(db.execute(sql, (owner, encode_passport(passport)))):
        documents.start(db, document_id)
        return collection_id, file_id
    return None


def has_work(db: apsw.Connection, passport: EmbedderPassport) -> bool:
    """Whether any document waits in a collection with this passport."""
    sql = (
        "SELECT 1 FROM documents d JOIN collections c ON c.id = d.collection_id"
        " WHERE d.status = 'queued' AND c.passport = ? LIMIT 1"
    )
    return any(True for _ in db.execute(sql, (encode_passport(passport),)))


def count_try(db: apsw.Connection, document: DocumentRecord) -> int:
    """Count that reading a document ended its process; return how often that has happened."""
    sql = "UPDATE documents SET tries = tries + 1 WHERE collection_id = ? AND file_id = ? RETURNING tries"
    rows = list(db.execute(sql, (document.collection_id, document.file_id)))
    return next((int(row[0]) for row in rows), MAX_TRIES)


def release(db: apsw.Connection, document: DocumentRecord) -> None:
    """Put a document back into the queue, because the program stops in the middle of it."""
    documents.restart(db, document)
    db.execute(
        "UPDATE documents SET status = 'queued', stage = 'waiting', starts = starts - 1"
        " WHERE collection_id = ? AND file_id = ? AND status = 'reading' AND claim = ?",
        (document.collection_id, document.file_id, document.claim),
    )


def recover(db: apsw.Connection, passport: EmbedderPassport) -> int:
    """Put back what a program that was killed has left half read; return how many documents that were.

    To be called only by who knows that nobody reads now. A document during which the program ended again and
    again has failed.
    """
    sql = (
        "SELECT d.id, d.collection_id, d.starts FROM documents d JOIN collections c ON c.id = d.collection_id"
        " WHERE d.status = 'reading' AND c.passport = ?"
    )
    left = list(db.execute(sql, (encode_passport(passport),)))
    for document_id, collection_id, starts in left:
        documents.clear(db, collection_id, document_id)
        is_hopeless = starts >= MAX_STARTS
        db.execute(
            "UPDATE documents SET status = ?, reason = ?, stage = 'waiting' WHERE id = ?",
            (
                "failed" if is_hopeless else "queued",
                f"the program ended {starts} times while it was read" if is_hopeless else "",
                document_id,
            ),
        )
    return len(left)


def find_half_read_passports(db: apsw.Connection) -> list[EmbedderPassport]:
    """Return the passports of the collections that have a document which is being read, or was."""
    sql = (
        "SELECT DISTINCT c.passport FROM documents d JOIN collections c ON c.id = d.collection_id"
        " WHERE d.status = 'reading'"
    )
    return [msgspec.json.decode(row[0], type=EmbedderPassport) for row in db.execute(sql)]


def pause(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Let a document wait until it is resumed; one that is read starts from its beginning then."""
    _stop(db, collection_id, file_id, "paused", "paused by the user")


def cancel(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Give up a document that waits or is read; it stays listed."""
    _stop(db, collection_id, file_id, "cancelled", "cancelled by the user")


def resume(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Queue a document that was paused."""
    db.execute(
        "UPDATE documents SET status = 'queued', reason = '' WHERE collection_id = ? AND file_id = ?"
        " AND status = 'paused'",
        (collection_id, file_id),
    )


def pause_all(db: apsw.Connection, owner: str) -> None:
    """Start no further document until `resume_all`; those that are read now are read to their end."""
    db.execute("INSERT OR IGNORE INTO paused_queues (owner) VALUES (?)", (owner,))


def resume_all(db: apsw.Connection, owner: str) -> None:
    """Go on with the queue."""
    db.execute("DELETE FROM paused_queues WHERE owner = ?", (owner,))


def read_state(db: apsw.Connection, owner: str, collection_ids: Sequence[str] | None) -> QueueState:
    """Count what is to be done in some collections or in all, and estimate how long that takes."""
    queue = counts.count_queue(db, owner, collection_ids)
    size_bytes = queue["queued"][1] + queue["reading"][1] / 2
    is_paused = any(True for _ in db.execute("SELECT 1 FROM paused_queues WHERE owner = ?", (owner,)))
    speed = _bytes_per_second(db)
    return QueueState(
        queued=queue["queued"][0],
        reading=queue["reading"][0],
        paused=queue["paused"][0],
        is_paused=is_paused,
        estimate_seconds=size_bytes / speed if speed else None,
    )


def _bytes_per_second(db: apsw.Connection) -> float:
    """Return how fast the documents that were read last went by, each with the others beside it."""
    sql = (
        "SELECT coalesce(sum(size), 0), coalesce(sum(seconds), 0) FROM (SELECT f.size_bytes AS size, d.seconds"
        " FROM documents d JOIN files f ON f.id = d.file_id WHERE d.seconds > 0 ORDER BY d.id DESC LIMIT ?)"
    )
    size, seconds = next(iter(db.execute(sql, (ESTIMATE_FROM,))))
    return float(size / seconds) if seconds else 0.0


def _give_up(db: apsw.Connection, collection_id: str, file_id: str, *, again: bool) -> int:
    """Remove the row of a document that may be queued again; return the tries that it has had."""
    sql = (
        "DELETE FROM documents WHERE collection_id = ? AND file_id = ? AND (status = 'cancelled'"
        " OR status = 'failed' AND (? OR tries < ? OR reader != ?)) RETURNING tries, reader"
    )
    current = documents.READER_VERSION
    for tries, reader in list(db.execute(sql, (collection_id, file_id, again, MAX_TRIES, current))):
        return 0 if again or reader != current else int(tries)
    return 0


def _stop(db: apsw.Connection, collection_id: str, file_id: str, status: str, reason: str) -> None:
    sql = f"SELECT id FROM documents WHERE collection_id = ? AND file_id = ? AND ({_IN_WORK} OR status = 'paused')"  # noqa: S608
    for (document_id,) in list(db.execute(sql, (collection_id, file_id))):
        documents.clear(db, collection_id, document_id)
        db.execute(
            "UPDATE documents SET status = ?, reason = ?, stage = 'waiting' WHERE id = ?", (status, reason, document_id)
        )
