# pyright: basic
"""Find rows that contradict each other, repair them, and remove what deleted rows left. In the caller's transaction."""

from collections.abc import Iterator
from dataclasses import dataclass

import apsw
import msgspec
import numpy as np

from ingest.storage import collections, documents, snapshots
from ingest.types import EmbedderPassport

VECTOR_BATCH = 1_000
LENGTH_TOLERANCE = 0.01
"""The length of a unit vector in float32 is nearer to 1 than this."""

_COUNTED = ("collections", "files", "documents", "chunks", "conversations")
_FTS_TABLES = ("chunks_fts", "names_fts", "turns_fts", "titles_fts")

_ORPHANS = (
    ("documents", "collection_id NOT IN (SELECT id FROM collections) OR file_id NOT IN (SELECT id FROM files)"),
    ("pages", "document_id NOT IN (SELECT id FROM documents)"),
    ("headings", "document_id NOT IN (SELECT id FROM documents)"),
    ("chunks", "document_id NOT IN (SELECT id FROM documents)"),
    ("vectors", "chunk_id NOT IN (SELECT id FROM chunks)"),
    ("removed_chunks", "collection_id NOT IN (SELECT id FROM collections)"),
    ("snapshots", "collection_id NOT IN (SELECT id FROM collections)"),
    ("document_counts", "collection_id NOT IN (SELECT id FROM collections)"),
    (
        "turns",
        "conversation NOT IN (SELECT number FROM conversations)"
        " OR parent IS NOT NULL AND parent NOT IN (SELECT number FROM turns)",
    ),
    ("quotes", "turn NOT IN (SELECT number FROM turns)"),
    (
        "source_attributes",
        "(collection_id, source) NOT IN"
        " (SELECT d.collection_id, f.source FROM documents d JOIN files f ON f.id = d.file_id)",
    ),
)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document's row, its file and its collection."""

    id: int
    collection_id: str
    collection: str
    file_id: str
    filename: str
    sha256: str
    status: str


def are_lexical_indexes_sound(db: apsw.Connection) -> bool:
    """Whether the FTS5 indexes have the terms of chunks, names and conversations, no more and no less.

    Needs the connection that writes.
    """
    try:
        for index in _FTS_TABLES:
            db.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")  # noqa: S608 (constants)
    except apsw.CorruptError:
        return False
    return True


def rebuild_lexical_indexes(db: apsw.Connection) -> None:
    """Build the FTS5 indexes anew from chunks, names and conversations."""
    for index in _FTS_TABLES:
        db.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")  # noqa: S608 (constants)


def count_orphans(db: apsw.Connection) -> dict[str, int]:
    """Count, for each table, the rows whose parent is gone; tables without such rows are left out."""
    counts = {table: db.execute(f"SELECT count(*) FROM {table} WHERE {rule}").get for table, rule in _ORPHANS}  # noqa: S608
    return {table: int(count) for table, count in counts.items() if count}


def delete_orphans(db: apsw.Connection) -> None:
    """Delete the rows whose parent is gone; indexes that may have them are built anew.

    A turn whose parent is gone begins its conversation.
    """
    if {"chunks", "vectors"} & count_orphans(db).keys():
        for (collection_id,) in list(db.execute("SELECT id FROM collections")):
            reset_history(db, collection_id)
    db.execute("UPDATE turns SET parent = NULL WHERE parent NOT IN (SELECT number FROM turns)")
    for table, rule in _ORPHANS:
        db.execute(f"DELETE FROM {table} WHERE {rule}")  # noqa: S608 (constants)


def find_damaged_conversations(db: apsw.Connection) -> list[str]:
    """Return the ids of the conversations with JSON that cannot be decoded."""
    sql = (
        "SELECT id FROM conversations c WHERE NOT json_valid(metadata)"
        " OR EXISTS (SELECT 1 FROM turns t WHERE t.conversation = c.number AND (NOT json_valid(details)"
        "  OR NOT json_valid(remarks)"
        "  OR EXISTS (SELECT 1 FROM quotes q WHERE q.turn = t.number AND NOT json_valid(boxes)))) ORDER BY number"
    )
    return [str(row[0]) for row in db.execute(sql)]


def find_document_rows(db: apsw.Connection) -> list[DocumentRow]:
    """Return every document of every owner, the oldest first."""
    sql = (
        "SELECT d.id, c.id, c.name, f.id, f.filename, f.sha256, d.status FROM documents d"
        " JOIN collections c ON c.id = d.collection_id JOIN files f ON f.id = d.file_id ORDER BY d.id"
    )
    return [DocumentRow(*row) for row in db.execute(sql)]


def find_content_problems(db: apsw.Connection, document: DocumentRow) -> list[str]:
    """Return how the pages, chunks and vectors of a document contradict each other; nothing if they agree."""
    pages = list(
        db.execute(
            "SELECT number, start_offset, end_offset, text FROM pages WHERE document_id = ? ORDER BY number",
            (document.id,),
        )
    )
    chunks = list(
        db.execute(
            "SELECT start_offset, end_offset, text, collection_id FROM chunks WHERE document_id = ?", (document.id,)
        )
    )
    row = next(
        iter(db.execute("SELECT status, page_count, chunk_count FROM documents WHERE id = ?", (document.id,))), None
    )
    if row is None or row[0] == "reading":
        return []  # it was removed meanwhile, or is being written
    status, *counted = row
    if status not in ("done", "warning"):
        return ["it was not read, but has chunks or pages"] if pages or chunks else []
    text = "".join(row[3] for row in pages)
    problems = {
        "its row counts other pages or chunks": [len(pages), len(chunks)] != counted,
        "its pages do not follow one another": not _do_tile(pages),
        "a chunk is not what stands in the document": any(text[row[0] : row[1]] != row[2] for row in chunks),
        "a chunk is in another collection": any(row[3] != document.collection_id for row in chunks),
    }
    return [problem for problem, is_there in problems.items() if is_there] + _find_vector_problems(db, document)


def read_passport(db: apsw.Connection, document: DocumentRow) -> EmbedderPassport:
    """Return the passport of a document's collection."""
    (passport,) = next(iter(db.execute("SELECT passport FROM collections WHERE id = ?", (document.collection_id,))))
    return msgspec.json.decode(passport, type=EmbedderPassport)


def requeue(db: apsw.Connection, document: DocumentRow) -> None:
    """Remove the pages, chunks and vectors of a document and queue it."""
    documents.clear(db, document.collection_id, document.id)
    reset_history(db, document.collection_id)  # an index of any collection may have had its chunks
    db.execute(
        "UPDATE documents SET status = 'queued', reason = '', stage = 'waiting', tries = 0, starts = 0, claim = ''"
        " WHERE id = ? AND status IN ('done', 'warning')",
        (document.id,),
    )


def describe_files(db: apsw.Connection, sha256: str) -> list[str]:
    """Return the ids and names of the files that have this content."""
    rows = db.execute("SELECT id, filename FROM files WHERE sha256 = ? ORDER BY created_at, id", (sha256,))
    return [f"{id_} ({filename})" for id_, filename in rows]


def reset_history(db: apsw.Connection, collection_id: str) -> None:
    """Have every index of a collection built anew, in every process."""
    generation = collections.next_generation(db, collection_id)
    db.execute("UPDATE collections SET history_from = ? WHERE id = ?", (generation, collection_id))
    snapshots.forget(db, collection_id)


def find_chunk_ids(db: apsw.Connection, collection_id: str, until: int | None = None) -> set[int]:
    """Return the ids of a collection's published chunks, with `until` those published up to this generation."""
    sql = "SELECT id FROM chunks WHERE collection_id = ?1 AND generation <= coalesce(?2, generation)"
    return {int(row[0]) for row in db.execute(sql, (collection_id, until))}


def forget_removals(db: apsw.Connection) -> None:
    """Delete the record of removed chunks; an index that has not applied it yet has to be built anew."""
    db.execute(
        "UPDATE collections SET history_from = max(history_from, coalesce("
        "(SELECT max(generation) FROM removed_chunks WHERE collection_id = collections.id), 0))"
    )
    db.execute("DELETE FROM removed_chunks")


def forget_sources(db: apsw.Connection) -> None:
    """Delete the `stat` of sources that no file has any more."""
    sql = (
        "DELETE FROM file_stats WHERE NOT EXISTS"
        " (SELECT 1 FROM files WHERE files.owner = file_stats.owner AND files.source = file_stats.source)"
    )
    db.execute(sql)


def rewrite(db: apsw.Connection) -> bool:
    """Rewrite the database without deleted content (VACUUM) and truncate the WAL; needs a connection in no transaction.

    False if another process reads or writes all the time, so that the WAL could not be truncated.
    """
    try:
        rebuild_lexical_indexes(db)
        for index in _FTS_TABLES:
            db.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")  # noqa: S608 (constants)
        db.execute("VACUUM")
        (is_busy, *_) = next(iter(db.execute("PRAGMA wal_checkpoint(TRUNCATE)")))
    except apsw.BusyError:
        return False
    return not is_busy


def read_version(db: apsw.Connection) -> int:
    """Return the version of a database's schema."""
    return int(db.execute("PRAGMA user_version").get)


def count_rows(db: apsw.Connection) -> dict[str, int]:
    """Count collections, files, documents, chunks and conversations, in a database of any version."""
    existing = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    tables = [table for table in _COUNTED if table in existing]
    return {table: int(db.execute(f"SELECT count(*) FROM {table}").get) for table in tables}  # noqa: S608


def _do_tile(pages: list[tuple[int, int, int, str]]) -> bool:
    """Whether pages are numbered from 1 and each begins at the end of the one before."""
    position = 0
    for expected, (number, start, end, text) in enumerate(pages, start=1):
        if (number, start) != (expected, position) or not start <= end <= start + len(text):
            return False
        position += len(text)
    return True


def _find_vector_problems(db: apsw.Connection, document: DocumentRow) -> list[str]:
    passport = read_passport(db, document)
    for rows in _vectors(db, document.id):
        if any(row is None for row in rows):
            return ["a chunk has no vector"]
        if any(len(row) != 4 * passport.dimension for row in rows):
            return ["a vector is not of the size that it should be"]
        with np.errstate(all="ignore"):  # a damaged number may be any number
            lengths = np.linalg.norm(np.frombuffer(b"".join(rows), dtype=np.float32).reshape(len(rows), -1), axis=1)
        if passport.normalized and not np.all(np.abs(lengths - 1) < LENGTH_TOLERANCE):  # NaN included
            return ["a vector is damaged"]
    return []


def _vectors(db: apsw.Connection, document_id: int) -> Iterator[list[bytes]]:
    """Yield the vectors of a document's chunks in batches, None for a chunk without a vector."""
    sql = "SELECT v.embedding FROM chunks h LEFT JOIN vectors v ON v.chunk_id = h.id WHERE h.document_id = ?"
    batch: list[bytes] = []
    for (embedding,) in db.execute(sql, (document_id,)):
        batch.append(embedding)
        if len(batch) == VECTOR_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
