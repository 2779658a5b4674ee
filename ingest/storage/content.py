# pyright: basic
"""The content of documents: pages with their text, chunks and vectors. In the caller's transaction.

A chunk is published once it has the id of its collection; until then no search finds it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import apsw
import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import FileNotInLibraryError
from ingest.storage import snapshots
from ingest.storage.database import json_array
from ingest.types import BlockKind, Chunk, Heading, HiddenReason, Page, StoredChunk

UNPUBLISHED = ""
"""The collection id of chunks that are not published."""

VECTOR_BATCH = 20_000
"""Vectors that are in memory at once while an index reads them."""

_CHUNK = """
    SELECT h.id, d.collection_id, f.id, f.source, f.filename, h.start_offset, h.end_offset, h.text,
           h.first_page, h.last_page, h.kind, h.heading_path, h.context, h.hidden
    FROM chunks h JOIN documents d ON d.id = h.document_id JOIN files f ON f.id = d.file_id
"""
_PAGE = """
    SELECT p.number, p.start_offset, p.end_offset, p.width, p.height, p.words, p.label, p.ocr_confidence FROM pages p
    JOIN documents d ON d.id = p.document_id
"""


def read_text(db: apsw.Connection, collection_id: str, file_id: str) -> str:
    """Return the whole text that all offsets count in; raises `FileNotInLibraryError`."""
    sql = "SELECT id FROM documents WHERE collection_id = ? AND file_id = ?"
    for (document_id,) in db.execute(sql, (collection_id, file_id)):
        return "".join(
            row[0] for row in db.execute("SELECT text FROM pages WHERE document_id = ? ORDER BY number", (document_id,))
        )
    raise FileNotInLibraryError(file_id=file_id)


def read_pages(db: apsw.Connection, collection_id: str, file_id: str) -> list[Page]:
    """Return the pages in order; none if the document was not read."""
    sql = f"{_PAGE} WHERE d.collection_id = ? AND d.file_id = ? ORDER BY p.number"
    return [Page(*row) for row in db.execute(sql, (collection_id, file_id))]


def read_page_text(db: apsw.Connection, collection_id: str, file_id: str, number: int) -> str | None:
    """Return the text of a page without the separator after it, or None if there is no such page."""
    sql = (
        "SELECT substr(p.text, 1, p.end_offset - p.start_offset) FROM pages p JOIN documents d ON d.id = p.document_id"
        " WHERE d.collection_id = ? AND d.file_id = ? AND p.number = ?"
    )
    return next((str(row[0]) for row in db.execute(sql, (collection_id, file_id, number))), None)


def read_span_pages(db: apsw.Connection, collection_id: str, file_id: str, start: int, end: int) -> list[Page]:
    """Return the pages from the last one that begins at or before `start` to the last one that begins before `end`."""
    sql = (
        f"{_PAGE} WHERE d.collection_id = ?1 AND d.file_id = ?2"  # noqa: S608 (constant columns)
        " AND p.start_offset < max(?3 + 1, ?4) AND p.number >= coalesce("
        " (SELECT max(number) FROM pages WHERE document_id = d.id AND start_offset <= ?3), 1) ORDER BY p.number"
    )
    return [Page(*row) for row in db.execute(sql, (collection_id, file_id, start, end))]


def find_line(db: apsw.Connection, collection_id: str, file_id: str, position: int) -> int:
    """Return the number, from 1, of the line at `position` of a document's text."""
    sql = (
        "SELECT p.start_offset, p.text FROM pages p JOIN documents d ON d.id = p.document_id"
        " WHERE d.collection_id = ? AND d.file_id = ? AND p.start_offset <= ? ORDER BY p.number"
    )
    rows = db.execute(sql, (collection_id, file_id, position))
    return 1 + sum(str(row[1]).count("\n", 0, position - row[0]) for row in rows)


def read_chunks(db: apsw.Connection, ids: Sequence[int]) -> list[StoredChunk]:
    """Return the chunks with these ids, in the order of the ids; those that are gone are left out."""
    sql = f"{_CHUNK} WHERE h.id IN (SELECT value FROM json_each(?))"  # noqa: S608 (constant columns)
    rows = db.execute(sql, (json_array(ids),))
    by_id = {chunk.id: chunk for chunk in map(_stored_chunk, rows)}
    return [by_id[id_] for id_ in ids if id_ in by_id]


def read_document_chunks(db: apsw.Connection, collection_id: str, file_id: str) -> list[StoredChunk]:
    """Return all chunks of a document in reading order."""
    sql = f"{_CHUNK} WHERE d.collection_id = ? AND d.file_id = ? ORDER BY h.start_offset"
    return [_stored_chunk(row) for row in db.execute(sql, (collection_id, file_id))]


def read_vectors_since(
    db: apsw.Connection, collection_id: str, generation: int
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Yield the chunks published after `generation` in batches: ids, and vectors (n, dimension) of float32."""
    sql = (
        "SELECT h.id, v.embedding FROM chunks h JOIN vectors v ON v.chunk_id = h.id"
        " WHERE h.collection_id = ? AND h.generation > ? ORDER BY h.generation, h.id"
    )
    rows = db.execute(sql, (collection_id, generation))
    while batch := list(islice(rows, VECTOR_BATCH)):
        yield _vectors(batch)


def read_vectors(db: apsw.Connection, ids: Sequence[int]) -> tuple[list[int], NDArray[np.float32]]:
    """Return the ids of those chunks that are stored, rising, and their vectors: (n, dimension), float32."""
    sql = "SELECT chunk_id, embedding FROM vectors WHERE chunk_id IN (SELECT value FROM json_each(?)) ORDER BY chunk_id"
    return _vectors(list(db.execute(sql, (json_array(ids),))))


def _vectors(rows: list[tuple[Any, ...]]) -> tuple[list[int], NDArray[np.float32]]:
    vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32)
    return [row[0] for row in rows], vectors.reshape(len(rows), -1) if rows else np.empty((0, 0), dtype=np.float32)


def count_since(db: apsw.Connection, collection_id: str, generation: int) -> int:
    """Return how many chunks were published after `generation`."""
    sql = "SELECT count(*) FROM chunks WHERE collection_id = ? AND generation > ?"
    return int(next(iter(db.execute(sql, (collection_id, generation))))[0])


def find_removed_since(db: apsw.Connection, collection_id: str, generation: int) -> list[int]:
    """Return the ids of the chunks that were removed after `generation`."""
    sql = "SELECT chunk_id FROM removed_chunks WHERE collection_id = ? AND generation > ?"
    return [int(row[0]) for row in db.execute(sql, (collection_id, generation))]


def insert_pages(db: apsw.Connection, document_id: int, pages: Sequence[Page], text: str) -> None:
    """Add pages whose text, separators included, is `text`; it begins at the start of the first page."""
    if not pages:
        return
    base = pages[0].start
    _close_gap(db, document_id, base)
    ends = [*(page.start for page in pages[1:]), base + len(text)]
    db.executemany(
        "INSERT INTO pages (document_id, number, start_offset, end_offset, width, height, words, text, label,"
        " ocr_confidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                document_id,
                page.number,
                page.start,
                page.end,
                page.width,
                page.height,
                page.words,
                text[page.start - base : end - base],
                page.label,
                page.ocr_confidence,
            )
            for page, end in zip(pages, ends, strict=True)
        ],
    )


def _close_gap(db: apsw.Connection, document_id: int, start: int) -> None:
    """Append line breaks to the last page's text up to `start`, where the next page begins."""
    sql = "SELECT number, start_offset + length(text) FROM pages WHERE document_id = ? ORDER BY number DESC LIMIT 1"
    for number, end in list(db.execute(sql, (document_id,))):
        db.execute(
            "UPDATE pages SET text = text || ? WHERE document_id = ? AND number = ?",
            ("\n" * (start - end), document_id, number),
        )


def insert_headings(db: apsw.Connection, document_id: int, headings: Sequence[Heading]) -> None:
    """Add headings behind those that a document has."""
    (count,) = next(iter(db.execute("SELECT count(*) FROM headings WHERE document_id = ?", (document_id,))))
    db.executemany(
        "INSERT INTO headings (document_id, number, start_offset, level, title) VALUES (?, ?, ?, ?, ?)",
        [
            (document_id, number, heading.start, heading.level, heading.title)
            for number, heading in enumerate(headings, start=count + 1)
        ],
    )


def read_headings(db: apsw.Connection, collection_id: str, file_id: str) -> list[Heading]:
    """Return the headings of a document in order; none if it was read before headings were stored."""
    sql = (
        "SELECT h.level, h.title, h.start_offset FROM headings h JOIN documents d ON d.id = h.document_id"
        " WHERE d.collection_id = ? AND d.file_id = ? ORDER BY h.number"
    )
    return [Heading(*row) for row in db.execute(sql, (collection_id, file_id))]


def insert_chunks(
    db: apsw.Connection,
    document_id: int,
    collection_id: str,
    generation: int,
    chunks: Sequence[Chunk],
    vectors: NDArray[np.float32],
) -> None:
    """Add chunks with their vectors: shape (chunks, dimension), float32; raises `ValueError` for another number."""
    if len(chunks) != len(vectors):
        raise ValueError(f"{len(chunks)} chunks came with {len(vectors)} vectors")
    for chunk, vector in zip(chunks, vectors, strict=True):
        db.execute(
            "INSERT INTO chunks (document_id, collection_id, generation, start_offset, end_offset, first_page,"
            " last_page, kind, heading_path, context, text, hidden) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                chunk.hidden or "",
            ),
        )
        db.execute(
            "INSERT INTO vectors (chunk_id, embedding) VALUES (?, ?)", (db.last_insert_rowid(), vector.tobytes())
        )


def publish(db: apsw.Connection, document_id: int, collection_id: str, generation: int) -> None:
    """Publish the chunks of a document that are not published yet."""
    db.execute(
        "UPDATE chunks SET collection_id = ?, generation = ? WHERE document_id = ? AND collection_id = ?",
        (collection_id, generation, document_id, UNPUBLISHED),
    )


def copy(db: apsw.Connection, from_id: int, to_id: int, collection_id: str, generation: int) -> None:
    """Give a document the pages, headings, chunks and vectors of another one."""
    db.execute(
        "INSERT INTO headings (document_id, number, start_offset, level, title)"
        " SELECT ?, number, start_offset, level, title FROM headings WHERE document_id = ?",
        (to_id, from_id),
    )
    db.execute(
        "INSERT INTO pages (document_id, number, start_offset, end_offset, width, height, words, text, label,"
        " ocr_confidence) SELECT ?, number, start_offset, end_offset, width, height, words, text, label,"
        " ocr_confidence FROM pages WHERE document_id = ?",
        (to_id, from_id),
    )
    sql = (
        "INSERT INTO chunks (document_id, collection_id, generation, start_offset, end_offset, first_page, last_page,"
        " kind, heading_path, context, text, hidden) SELECT ?, ?, ?, start_offset, end_offset, first_page, last_page,"
        " kind, heading_path, context, text, hidden FROM chunks WHERE id = ?"
    )
    rows = list(db.execute("SELECT id FROM chunks WHERE document_id = ? ORDER BY id", (from_id,)))
    for (chunk_id,) in rows:
        db.execute(sql, (to_id, collection_id, generation, chunk_id))
        db.execute(
            "INSERT INTO vectors (chunk_id, embedding) SELECT ?, embedding FROM vectors WHERE chunk_id = ?",
            (db.last_insert_rowid(), chunk_id),
        )


def retitle(db: apsw.Connection, document_id: int, old: str, new: str) -> None:
    """Replace the title at the start of the context of a document's chunks."""
    if old and old != new:
        db.execute(
            "UPDATE chunks SET context = ?1 || substr(context, length(?2) + 1)"
            " WHERE document_id = ?3 AND substr(context, 1, length(?2)) = ?2",
            (new, old, document_id),
        )


def clear(db: apsw.Connection, collection_id: str, document_id: int, generation: int) -> None:
    """Delete the content and the headings of a document, and the record of a snapshot that has its vectors."""
    record_removal(db, collection_id, document_id, generation)
    db.execute("DELETE FROM chunks WHERE document_id = ?", (document_id,))  # vectors go with them
    db.execute("DELETE FROM pages WHERE document_id = ?", (document_id,))
    db.execute("DELETE FROM headings WHERE document_id = ?", (document_id,))


def record_removal(db: apsw.Connection, collection_id: str, document_id: int, generation: int) -> None:
    """Record for every index that the chunks of a document are about to be deleted."""
    db.execute(
        "INSERT INTO removed_chunks (collection_id, generation, chunk_id)"
        " SELECT ?, ?, id FROM chunks WHERE document_id = ? AND collection_id != ?",
        (collection_id, generation, document_id, UNPUBLISHED),
    )
    if db.changes():
        snapshots.forget(db, collection_id)


def _stored_chunk(row: tuple[Any, ...]) -> StoredChunk:
    id_, collection_id, file_id, source, filename, start, end, text, first_page, last_page, kind, path, *rest = row
    context, hidden = rest
    chunk = Chunk(
        start=start,
        end=end,
        text=text,
        first_page=first_page,
        last_page=last_page,
        kind=BlockKind(kind),
        heading_path=msgspec.json.decode(path, type=tuple[str, ...]),
        context=context,
        hidden=HiddenReason(hidden) if hidden else None,
    )
    return StoredChunk(id_, collection_id, file_id, source, filename, chunk)
