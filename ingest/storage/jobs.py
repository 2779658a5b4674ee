# pyright: basic
"""The rows of the queue: documents that are queued, read, paused, cancelled or tried again, in the order of their ids.

`ingest.library.jobs` makes transactions of these functions, `ingest.jobs` has the threads that work the queue off.
"""

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import apsw
import msgspec

from ingest.principals import EVERY_OWNER, LOCAL
from ingest.storage import counts, documents, files
from ingest.storage.collections import encode_passport
from ingest.storage.database import json_array
from ingest.types import DocumentRecord, EmbedderPassport, FileAddition, QueueState

JobChange = Callable[[apsw.Connection, str, str], None]
"""Changes the job of one document, given by the ids of its collection and file, in the transaction of a connection."""

MAX_TRIES = 2
"""A file that cannot be read, or that kills its parser, is not read more often unless a person asks."""
MAX_STARTS = 5
"""A document that was being read when the whole process ended so often has failed."""
ESTIMATE_FROM = 50
"""The time left is estimated from this many documents that were read last."""

_KEY = "(d.collection_id || '/' || d.file_id)"
_IN_WORK = "status IN ('queued', 'reading')"


def enqueue(
    db: apsw.Connection,
    collection_id: str,
    file_id: str,
    *,
    again: bool = False,
    replaces: str | None = None,
    chunk_tokens: int | None = None,
) -> None:
    """Queue a file. A document that is queued, read now or read already stays as it is.

    When it is read, it takes the place of the document of the file `replaces`. One that failed is queued again until it
    has had its tries, one that was cancelled always; `again` queues both. The row with the highest id is the version of
    a source that was asked for last, so a document gets a new row. Without `chunk_tokens` chunks are as long as before.
    """
    before = _give_up(db, collection_id, file_id, again=again)
    db.execute(
        "INSERT INTO documents (collection_id, file_id, status, created_at, tries, replaces, chunk_tokens, source,"
        " folded_name, size_bytes) SELECT ?, id, 'queued', ?, ?, ?, ?, source, fold_name(filename), size_bytes"
        " FROM files WHERE id = ? ON CONFLICT DO NOTHING",
        (
            collection_id,
            int(time.time()),
            before.tries,
            replaces or before.replaces,
            before.chunk_tokens if chunk_tokens is None else chunk_tokens,
            file_id,
        ),
    )


def enqueue_file(
    db: apsw.Connection,
    owner: str,
    collection_id: str,
    addition: FileAddition,
    *,
    again: bool = False,
    password: str | None = None,
    replace: bool = False,
) -> None:
    """Queue a file of an owner in the caller's transaction, see `ingest.library.jobs.LibraryJobs.enqueue`."""
    file_id, attributes = addition.file_id, addition.attributes
    is_member = documents.find_row(db, collection_id, file_id) is not None  # perhaps another owner's
    file = files.find(db, EVERY_OWNER if is_member else owner, file_id)
    files.make_source_unique(db, file, collection_id)
    if password is not None:
        files.set_password(db, file_id, password)
    replaces = documents.find_named_alike(db, collection_id, file_id) if replace else None
    enqueue(
        db,
        collection_id,
        file_id,
        again=again or password is not None,
        replaces=replaces,
        chunk_tokens=addition.chunk_tokens,
    )
    if attributes is None and replaces is not None:
        attributes = documents.find_attributes(db, collection_id, [replaces]).get(replaces)
    if attributes is not None:
        documents.set_attributes(db, collection_id, file_id, attributes)


def claim(
    db: apsw.Connection,
    passport: EmbedderPassport,
    *,
    among: AbstractSet[str] | None = None,
    without: AbstractSet[str] = frozenset(),
) -> tuple[str, str] | None:
    """Claim the oldest queued document of the collections with this passport; return its collection and file.

    Of those with a key (`collection_id/file_id`) in `among`, without those in `without`. None if there is none, the
    queue is paused, or every queued document has the content of one of the same owner that is read now: its chunks will
    be copied from that one.
    """
    sql = (
        "SELECT d.id, d.collection_id, d.file_id FROM documents d JOIN collections c ON c.id = d.collection_id"  # noqa: S608 (constants)
        " JOIN files f ON f.id = d.file_id"
        " WHERE d.status = 'queued' AND c.passport = ?1"
        " AND NOT EXISTS (SELECT 1 FROM paused_queues)"
        " AND NOT EXISTS (SELECT 1 FROM documents r JOIN files rf ON rf.id = r.file_id"
        "  JOIN collections rc ON rc.id = r.collection_id"
        "  WHERE r.status = 'reading' AND rf.sha256 = f.sha256 AND rc.owner = c.owner)"
        f" AND {_KEY} NOT IN (SELECT value FROM json_each(?2))"
        f" AND (?3 IS NULL OR {_KEY} IN (SELECT value FROM json_each(?3)))"
        " ORDER BY d.id LIMIT 1"
    )
    keys = json_array(without), None if among is None else json_array(among)
    for document_id, collection_id, file_id in list(db.execute(sql, (encode_passport(passport), *keys))):
        documents.start(db, document_id)
        return collection_id, file_id
    return None


def has_work(db: apsw.Connection, passport: EmbedderPassport, *, without: AbstractSet[str] = frozenset()) -> bool:
    """Whether any document is queued in a collection with this passport, besides those with the keys in `without`."""
    sql = (
        "SELECT 1 FROM documents d JOIN collections c ON c.id = d.collection_id"  # noqa: S608 (a constant)
        f" WHERE d.status = 'queued' AND c.passport = ? AND {_KEY} NOT IN (SELECT value FROM json_each(?)) LIMIT 1"
    )
    return any(True for _ in db.execute(sql, (encode_passport(passport), json_array(without))))


def find_claims(db: apsw.Connection) -> frozenset[str]:
    """Return the claims of all documents that are read now."""
    sql = f"SELECT claim FROM documents WHERE {_IN_WORK} AND status = 'reading'"  # noqa: S608 (a constant)
    return frozenset(str(row[0]) for row in db.execute(sql))


def count_try(db: apsw.Connection, document: DocumentRecord) -> int:
    """Count that a document killed its parser process; return how often that has happened."""
    sql = "UPDATE documents SET tries = tries + 1 WHERE collection_id = ? AND file_id = ? RETURNING tries"
    rows = list(db.execute(sql, (document.collection_id, document.file_id)))
    return next((int(row[0]) for row in rows), MAX_TRIES)


def release(db: apsw.Connection, document: DocumentRecord, reason: str = "") -> None:
    """Put a document that is read back into the queue, because the process stops or for a reason that is told."""
    documents.restart(db, document)
    db.execute(
        "UPDATE documents SET status = 'queued', stage = 'waiting', starts = starts - 1, reason = ?"
        " WHERE collection_id = ? AND file_id = ? AND status = 'reading' AND claim = ?",
        (reason, document.collection_id, document.file_id, document.claim),
    )


def recover(db: apsw.Connection, passport: EmbedderPassport) -> int:
    """Put the documents that a killed process left half read back into the queue; return how many.

    The caller holds the `ReaderLock` of this passport. A document that was being read when the process ended
    `MAX_STARTS` times has failed.
    """
    sql = (
        "SELECT d.id, d.collection_id, d.starts FROM documents d JOIN collections c ON c.id = d.collection_id"
        " WHERE d.status = 'reading' AND c.passport = ?"
    )
    half_read = list(db.execute(sql, (encode_passport(passport),)))
    for document_id, collection_id, starts in half_read:
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
    return len(half_read)


def find_half_read_passports(db: apsw.Connection) -> list[EmbedderPassport]:
    """Return the passports of the collections with a document that is read now, or was when a process was killed."""
    sql = (
        "SELECT DISTINCT c.passport FROM documents d JOIN collections c ON c.id = d.collection_id"
        " WHERE d.status = 'reading'"
    )
    return [msgspec.json.decode(row[0], type=EmbedderPassport) for row in db.execute(sql)]


def pause(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Pause a document until it is resumed; one that is read starts from its beginning then."""
    _stop(db, collection_id, file_id, "paused", "paused by the user")


def cancel(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Cancel a document that is queued or read; its row stays."""
    _stop(db, collection_id, file_id, "cancelled", "cancelled by the user")


def resume(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Queue a document that was paused."""
    db.execute(
        "UPDATE documents SET status = 'queued', reason = '' WHERE collection_id = ? AND file_id = ?"
        " AND status = 'paused'",
        (collection_id, file_id),
    )


def pause_all(db: apsw.Connection) -> None:
    """Claim no further document of any owner until `resume_all`; those that are read now are read to their end."""
    db.execute("INSERT OR IGNORE INTO paused_queues (owner) VALUES (?)", (LOCAL,))


def resume_all(db: apsw.Connection) -> None:
    """Let documents be claimed again."""
    db.execute("DELETE FROM paused_queues")


def read_state(db: apsw.Connection, viewer: str, collection_ids: Sequence[str] | None) -> QueueState:
    """Count the queued, read and paused documents of some collections, or of all, and estimate the time left."""
    queue = counts.count_queue(db, viewer, collection_ids)
    size_bytes = queue["queued"][1] + queue["reading"][1] / 2
    is_paused = any(True for _ in db.execute("SELECT 1 FROM paused_queues"))
    speed = _bytes_per_second(db)
    return QueueState(
        queued=queue["queued"][0],
        reading=queue["reading"][0],
        paused=queue["paused"][0],
        is_paused=is_paused,
        estimate_seconds=size_bytes / speed if speed else None,
    )


def _bytes_per_second(db: apsw.Connection) -> float:
    """Return the speed of the documents that were read last, all parser processes together; 0 if none was read."""
    sql = (
        "SELECT coalesce(sum(size), 0), coalesce(sum(seconds), 0) FROM (SELECT f.size_bytes AS size, d.seconds"
        " FROM documents d JOIN files f ON f.id = d.file_id WHERE d.seconds > 0 ORDER BY d.id DESC LIMIT ?)"
    )
    size, seconds = next(iter(db.execute(sql, (ESTIMATE_FROM,))))
    return float(size / seconds) if seconds else 0.0


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What a document that is queued again takes from its earlier row."""

    tries: int = 0
    replaces: str = ""
    chunk_tokens: int = 0


def _give_up(db: apsw.Connection, collection_id: str, file_id: str, *, again: bool) -> _Earlier:
    """Delete the row of a document that may be queued again, and return what stays of it."""
    sql = (
        "DELETE FROM documents WHERE collection_id = ? AND file_id = ? AND (status = 'cancelled'"
        " OR status = 'failed' AND (? OR tries < ? OR reader != ?)) RETURNING tries, reader, replaces,"
        " chunk_tokens"
    )
    current = documents.READER_VERSION
    for tries, reader, *kept in list(db.execute(sql, (collection_id, file_id, again, MAX_TRIES, current))):
        return _Earlier(0 if again or reader != current else int(tries), *kept)
    return _Earlier()


def _stop(db: apsw.Connection, collection_id: str, file_id: str, status: str, reason: str) -> None:
    sql = f"SELECT id FROM documents WHERE collection_id = ? AND file_id = ? AND ({_IN_WORK} OR status = 'paused')"  # noqa: S608
    for (document_id,) in list(db.execute(sql, (collection_id, file_id))):
        documents.clear(db, collection_id, document_id)
        db.execute(
            "UPDATE documents SET status = ?, reason = ?, stage = 'waiting' WHERE id = ?", (status, reason, document_id)
        )
