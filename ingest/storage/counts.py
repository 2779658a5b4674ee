# pyright: basic
"""Counters of documents, which triggers keep in step with the rows: reading them costs the same for any library."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import apsw

from ingest.storage.database import json_array
from ingest.storage.shares import VISIBLE
from ingest.types import IN_WORK, Collection, DocumentStatus, LibrarySize

_COUNTERS = "documents, searchable, pages, chunks, size_bytes"


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """How much some collections hold. `by_status` has a number for every status.

    `searchable` counts the documents that have chunks; `size_bytes` is the size of all originals, each document's.
    """

    by_status: dict[DocumentStatus, int]
    searchable: int
    pages: int
    chunks: int
    size_bytes: int

    @property
    def total(self) -> int:
        """How many documents there are, whatever their status."""
        return sum(self.by_status.values())

    @property
    def in_work(self) -> int:
        """How many documents are queued or read now."""
        return sum(self.by_status[status] for status in IN_WORK)


@dataclass(frozen=True, slots=True)
class CollectionWithCounts:
    """A collection, and how much it holds."""

    collection: Collection
    counts: DocumentCounts


def count_by_collection(db: apsw.Connection, collection_ids: Sequence[str]) -> dict[str, DocumentCounts]:
    """Return the counts of each of some collections."""
    sql = f"SELECT collection_id, status, {_COUNTERS} FROM document_counts WHERE collection_id IN (SELECT value FROM json_each(?))"  # noqa: S608, E501 (constant columns)
    rows: dict[str, list[tuple[Any, ...]]] = {id_: [] for id_ in collection_ids}
    for collection_id, *row in db.execute(sql, (json_array(collection_ids),)):
        rows[collection_id].append(tuple(row))
    return {id_: _sum(rows[id_]) for id_ in collection_ids}


def count_all(db: apsw.Connection, viewer: str) -> DocumentCounts:
    """Return the counts of all collections that a viewer sees and that are shown."""
    sql = (
        f"SELECT n.status, {_COUNTERS} FROM document_counts n JOIN collections c ON c.id = n.collection_id"  # noqa: S608
        f" WHERE c.id IN {VISIBLE} AND c.rebuild_of IS NULL"
    )
    return _sum(db.execute(sql, (viewer,)))


def measure_size(db: apsw.Connection, viewer: str, collection_ids: Sequence[str]) -> LibrarySize:
    """Count the documents of some collections that can be searched, and their chunks."""
    sql = (
        "SELECT coalesce(sum(searchable), 0), coalesce(sum(chunks), 0) FROM document_counts WHERE collection_id IN"
        " (SELECT collection_id FROM collection_access"
        "  WHERE viewer = ? AND collection_id IN (SELECT value FROM json_each(?)))"
    )
    return LibrarySize(*next(iter(db.execute(sql, (viewer, json_array(collection_ids))))))


def count_queue(
    db: apsw.Connection, viewer: str, collection_ids: Sequence[str] | None
) -> dict[DocumentStatus, tuple[int, int]]:
    """Return how many documents are queued, read and paused, and their size in bytes, hidden collections included.

    Of some collections, or of all if `collection_ids` is None.
    """
    ids = None if collection_ids is None else json_array(collection_ids)
    sql = (
        "SELECT n.status, sum(n.documents), sum(n.size_bytes) FROM document_counts n"  # noqa: S608 (constant)
        " JOIN collections c ON c.id = n.collection_id"
        f" WHERE c.id IN {VISIBLE} AND n.status IN ('queued', 'reading', 'paused')"
        " AND (?2 IS NULL OR c.id IN (SELECT value FROM json_each(?2))) GROUP BY n.status"
    )
    totals: dict[DocumentStatus, tuple[int, int]] = {"queued": (0, 0), "reading": (0, 0), "paused": (0, 0)}
    for status, documents, size_bytes in db.execute(sql, (viewer, ids)):
        totals[status] = (documents, size_bytes)
    return totals


def are_counters_sound(db: apsw.Connection) -> bool:
    """Whether the counters are those of the rows, and documents have the name and size of their file."""
    counted = f"SELECT collection_id, status, {_COUNTERS} FROM document_counts WHERE documents > 0"  # noqa: S608
    differences = (
        f"SELECT * FROM ({counted} EXCEPT {_COUNTED})",  # noqa: S608 (constants)
        f"SELECT * FROM ({_COUNTED} EXCEPT {counted})",  # noqa: S608 (constants)
        f"SELECT 1 FROM document_counts WHERE documents <= 0 AND ({_COUNTERS}) != (0, 0, 0, 0, 0)",  # noqa: S608
        f"SELECT 1 FROM documents d JOIN files f ON f.id = d.file_id WHERE {_DIFFERS}",  # noqa: S608 (constant)
    )
    return not any(True for sql in differences for _ in db.execute(f"{sql} LIMIT 1"))


def recount(db: apsw.Connection) -> None:
    """Give documents the name and size of their file, and count the rows anew."""
    db.execute(
        "UPDATE documents SET (source, folded_name, size_bytes) ="  # noqa: S608 (constant)
        " (SELECT f.source, fold_name(f.filename), f.size_bytes FROM files f WHERE f.id = documents.file_id)"
        f" WHERE id IN (SELECT d.id FROM documents d JOIN files f ON f.id = d.file_id WHERE {_DIFFERS})"
    )
    db.execute("DELETE FROM document_counts")
    db.execute(f"INSERT INTO document_counts (collection_id, status, {_COUNTERS}) {_COUNTED}")


_COUNTED = (
    "SELECT collection_id, status, count(*), sum(chunk_count > 0), sum(page_count), sum(chunk_count), sum(size_bytes)"
    " FROM documents GROUP BY collection_id, status"
)
_DIFFERS = "(d.source, d.folded_name, d.size_bytes) != (f.source, fold_name(f.filename), f.size_bytes)"


def _sum(rows: Iterable[tuple[Any, ...]]) -> DocumentCounts:
    """Add up rows of a status and its counters, in the order of `_COUNTERS`."""
    by_status: dict[DocumentStatus, int] = dict.fromkeys(get_args(DocumentStatus), 0)
    searchable = pages = chunks = size_bytes = 0
    for status, *counters in rows:
        by_status[status] += counters[0]
        searchable += counters[1]
        pages += counters[2]
        chunks += counters[3]
        size_bytes += counters[4]
    return DocumentCounts(by_status, searchable, pages, chunks, size_bytes)
