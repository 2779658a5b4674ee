# pyright: basic
"""Rows of documents with their pages, chunks and vectors."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw
import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import FileNotInLibraryError
from ingest.storage import collections, snapshots
from ingest.types import (
    BlockKind,
    Chunk,
    ChunkedDocument,
    DocumentRecord,
    DocumentStatus,
    LibrarySize,
    Page,
    StoredChunk,
)

_RECORD = """
    SELECT c.id, c.name, f.id, f.source, f.filename, f.sha256, f.size_bytes, d.status, d.reason,
           d.title, d.media_type, d.page_count, d.chunk_count, d.created_at
    FROM documents d JOIN collections c ON c.id = d.collection_id JOIN files f ON f.id = d.file_id
    WHERE c.owner = ?
"""
_CHUNK = """
    SELECT h.id, h.collection_id, f.id, f.source, f.filename, h.start_offset, h.end_offset, h.text,
           h.first_page, h.last_page, h.kind, h.heading_path, h.context
    FROM chunks h JOIN documents d ON d.id = h.document_id JOIN files f ON f.id = d.file_id
"""


def find(db: apsw.Connection, owner: str, collection_id: str, file_id: str) -> DocumentRecord:
    """Return a document; raises `FileNotInLibraryError`."""
    if (document := find_if_there(db, owner, collection_id, file_id)) is not None:
        return document
    raise FileNotInLibraryError(file_id=file_id)


def find_if_there(db: apsw.Connection, owner: str, collection_id: str, file_id: str) -> DocumentRecord | None:
    """Return a document, or None where there is none."""
    for row in db.execute(f"{_RECORD} AND c.id = ? AND f.id = ?", (owner, collection_id, file_id)):
        return DocumentRecord(*row)
    return None


def find_all(
    db: apsw.Connection, owner: str, collection_id: str | None = None, status: DocumentStatus | None = None
) -> list[DocumentRecord]:
    """Return documents, the oldest first, of one collection or all, of one status or all."""
    sql = f"{_RECORD} AND c.id = coalesce(?, c.id) AND d.status = coalesce(?, d.status) ORDER BY d.id"
    return [DocumentRecord(*row) for row in db.execute(sql, (owner, collection_id, status))]


def size(db: apsw.Connection, owner: str, collection_ids: Sequence[str]) -> LibrarySize:
    """Count the documents of some collections that can be searched, and their chunks."""
    sql = (
        "SELECT count(*), coalesce(sum(d.chunk_count), 0) FROM documents d JOIN collections c ON c.id = d.collection_id"
        " WHERE c.owner = ? AND d.chunk_count > 0 AND c.id IN (SELECT value FROM json_each(?))"
    )
    return LibrarySize(*next(iter(db.execute(sql, (owner, msgspec.json.encode(list(collection_ids)).decode())))))


def queue(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Note that a file is to be read; one that failed before is queued again, any other stays as it is.

    A row's id tells which version of a source was asked for last, so what is queued again gets a new row.
    """
    db.execute(
        "DELETE FROM documents WHERE collection_id = ? AND file_id = ? AND status = 'failed'", (collection_id, file_id)
    )
    db.execute(
        "INSERT INTO documents (collection_id, file_id, status, created_at) VALUES (?, ?, 'queued', ?)"
        " ON CONFLICT DO NOTHING",
        (collection_id, file_id, int(time.time())),
    )


def fail(db: apsw.Connection, collection_id: str, file_id: str, reason: str) -> None:
    """Note why a queued document cannot be read; does nothing where it is not queued (any more)."""
    db.execute(
        "UPDATE documents SET status = 'failed', reason = ?"
        " WHERE collection_id = ? AND file_id = ? AND status = 'queued'",
        (reason, collection_id, file_id),
    )


def complete(
    db: apsw.Connection, collection_id: str, file_id: str, content: ChunkedDocument, vectors: NDArray[np.float32]
) -> list[str]:
    """Store what was read of a queued document and take the place of every older version of the same source.

    Where a newer version was read already, this one is removed instead. Returns the file ids of the versions
    that were removed. Does nothing where the document is not queued (any more).
    """
    document_id = _row_id(db, collection_id, file_id, status="queued")
    if document_id is None:
        return []
    versions = _other_versions(db, collection_id, file_id)
    generation = collections.next_generation(db, collection_id)
    if any(version.id > document_id and version.is_read for version in versions):
        _delete_row(db, collection_id, document_id, generation)
        return [file_id]
    older = [version for version in versions if version.id < document_id]
    for version in older:
        _delete_row(db, collection_id, version.id, generation)
    document = content.document
    db.execute(
        "UPDATE documents SET status = ?, reason = ?, title = ?, media_type = ?, text = ?, metadata = ?,"
        " page_count = ?, chunk_count = ? WHERE id = ?",
        (
            "warning" if document.warnings else "done",
            "; ".join(document.warnings),
            document.title,
            document.media_type,
            document.text,
            msgspec.json.encode(document.metadata).decode(),
            len(document.pages),
            len(content.chunks),
            document_id,
        ),
    )
    _insert_pages(db, document_id, document.pages)
    _insert_chunks(db, document_id, collection_id, generation, content.chunks, vectors)
    return [version.file_id for version in older]


def delete(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Remove a document with its pages, chunks and vectors; raises `FileNotInLibraryError`."""
    document_id = _row_id(db, collection_id, file_id)
    if document_id is None:
        raise FileNotInLibraryError(file_id=file_id)
    _delete_row(db, collection_id, document_id, collections.next_generation(db, collection_id))


def collections_of(db: apsw.Connection, file_id: str) -> list[str]:
    """Return the ids of the collections that hold a document of this file."""
    return [row[0] for row in db.execute("SELECT collection_id FROM documents WHERE file_id = ?", (file_id,))]


def text(db: apsw.Connection, collection_id: str, file_id: str) -> str:
    """Return the whole text that all offsets count in; raises `FileNotInLibraryError`."""
    sql = "SELECT text FROM documents WHERE collection_id = ? AND file_id = ?"
    for row in db.execute(sql, (collection_id, file_id)):
        return str(row[0])
    raise FileNotInLibraryError(file_id=file_id)


def pages(db: apsw.Connection, collection_id: str, file_id: str) -> list[Page]:
    """Return the pages in order; none where the document was not read."""
    sql = (
        "SELECT p.number, p.start_offset, p.end_offset, p.width, p.height, p.words FROM pages p"
        " JOIN documents d ON d.id = p.document_id WHERE d.collection_id = ? AND d.file_id = ? ORDER BY p.number"
    )
    return [Page(*row) for row in db.execute(sql, (collection_id, file_id))]


def span_pages(db: apsw.Connection, collection_id: str, file_id: str, start: int, end: int) -> list[Page]:
    """Return the pages from the last one that begins at or before `start` to the last one that begins before `end`."""
    sql = (
        "SELECT p.number, p.start_offset, p.end_offset, p.width, p.height, p.words FROM pages p"
        " JOIN documents d ON d.id = p.document_id WHERE d.collection_id = ?1 AND d.file_id = ?2"
        " AND p.start_offset < max(?3 + 1, ?4) AND p.number >= coalesce("
        " (SELECT max(number) FROM pages WHERE document_id = d.id AND start_offset <= ?3), 1) ORDER BY p.number"
    )
    return [Page(*row) for row in db.execute(sql, (collection_id, file_id, start, end))]


def chunks(db: apsw.Connection, ids: Sequence[int]) -> list[StoredChunk]:
    """Return the chunks with these ids, in the order of the ids; those that are gone are left out."""
    sql = f"{_CHUNK} WHERE h.id IN (SELECT value FROM json_each(?))"  # noqa: S608 (constant columns)
    rows = db.execute(sql, (msgspec.json.encode(ids).decode(),))
    found = {chunk.id: chunk for chunk in map(_stored_chunk, rows)}
    return [found[id_] for id_ in ids if id_ in found]


def document_chunks(db: apsw.Connection, collection_id: str, file_id: str) -> list[StoredChunk]:
    """Return all chunks of a document in reading order."""
    sql = f"{_CHUNK} WHERE d.collection_id = ? AND d.file_id = ? ORDER BY h.start_offset"
    return [_stored_chunk(row) for row in db.execute(sql, (collection_id, file_id))]


def vectors_since(db: apsw.Connection, collection_id: str, generation: int) -> tuple[list[int], NDArray[np.float32]]:
    """Return the ids and the vectors, one row each, of the chunks that were added after `generation`."""
    sql = (
        "SELECT h.id, v.embedding FROM chunks h JOIN vectors v ON v.chunk_id = h.id"
        " WHERE h.collection_id = ? AND h.generation > ? ORDER BY h.id"
    )
    rows = list(db.execute(sql, (collection_id, generation)))
    vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32)
    return [row[0] for row in rows], vectors.reshape(len(rows), -1) if rows else np.empty((0, 0), dtype=np.float32)


def removed_since(db: apsw.Connection, collection_id: str, generation: int) -> list[int]:
    """Return the ids of the chunks that were removed after `generation`."""
    sql = "SELECT chunk_id FROM removed_chunks WHERE collection_id = ? AND generation > ?"
    return [int(row[0]) for row in db.execute(sql, (collection_id, generation))]


@dataclass(frozen=True, slots=True)
class _Version:
    """Another version of a source in the same collection."""

    id: int
    file_id: str
    is_read: bool


def _row_id(db: apsw.Connection, collection_id: str, file_id: str, status: DocumentStatus | None = None) -> int | None:
    sql = "SELECT id FROM documents WHERE collection_id = ? AND file_id = ? AND status = coalesce(?, status)"
    return next((int(row[0]) for row in db.execute(sql, (collection_id, file_id, status))), None)


def _other_versions(db: apsw.Connection, collection_id: str, file_id: str) -> list[_Version]:
    sql = (
        "SELECT d.id, f.id, d.status IN ('done', 'warning') FROM documents d JOIN files f ON f.id = d.file_id"
        " WHERE d.collection_id = ?1 AND f.id != ?2 AND f.source = (SELECT source FROM files WHERE id = ?2)"
    )
    return [_Version(row[0], row[1], bool(row[2])) for row in db.execute(sql, (collection_id, file_id))]


def _delete_row(db: apsw.Connection, collection_id: str, document_id: int, generation: int) -> None:
    """Remove a document with all that was made from it; a saved index that holds its vectors is forgotten."""
    db.execute(
        "INSERT INTO removed_chunks (collection_id, generation, chunk_id)"
        " SELECT ?, ?, id FROM chunks WHERE document_id = ?",
        (collection_id, generation, document_id),
    )
    if db.changes():
        snapshots.forget(db, collection_id)
    db.execute("DELETE FROM documents WHERE id = ?", (document_id,))  # chunks, vectors and pages go with it


def _insert_pages(db: apsw.Connection, document_id: int, pages: Sequence[Page]) -> None:
    db.executemany(
        "INSERT INTO pages (document_id, number, start_offset, end_offset, width, height, words)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(document_id, p.number, p.start, p.end, p.width, p.height, p.words) for p in pages],
    )


def _insert_chunks(
    db: apsw.Connection,
    document_id: int,
    collection_id: str,
    generation: int,
    chunks: Sequence[Chunk],
    vectors: NDArray[np.float32],
) -> None:
    if len(chunks) != len(vectors):
        raise ValueError(f"{len(chunks)} chunks came with {len(vectors)} vectors")
    for chunk, vector in zip(chunks, vectors, strict=True):
        db.execute(
            "INSERT INTO chunks (document_id, collection_id, generation, start_offset, end_offset, first_page,"
            " last_page, kind, heading_path, context, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document_id,
                collection_id,
                generation,
                chunk.start,
                chunk.end,
                chunk.first_page,
                chunk.last_page,
                chunk.kind,
                msgspec.json.encode(chunk.heading_path).decode(),
                chunk.context,
                chunk.text,
            ),
        )
        db.execute(
            "INSERT INTO vectors (chunk_id, embedding) VALUES (?, ?)", (db.last_insert_rowid(), vector.tobytes())
        )


def _stored_chunk(row: tuple[Any, ...]) -> StoredChunk:
    id_, collection_id, file_id, source, filename, start, end, text, first_page, last_page, kind, path, context = row
    chunk = Chunk(
        start=start,
        end=end,
        text=text,
        first_page=first_page,
        last_page=last_page,
        kind=BlockKind(kind),
        heading_path=msgspec.json.decode(path, type=tuple[str, ...]),
        context=context,
    )
    return StoredChunk(id_, collection_id, file_id, source, filename, chunk)
