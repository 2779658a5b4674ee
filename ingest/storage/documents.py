# pyright: basic
"""Rows of documents: one version of one source in one collection, and how far it is. In the caller's transaction."""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import apsw
import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.errors import FileNotInLibraryError
from ingest.storage import collections, content, files, quotes, responses
from ingest.storage.database import json_array
from ingest.storage.shares import VISIBLE
from ingest.types import (
    AttributeValue,
    ChunkedDocument,
    DocumentFacts,
    DocumentRecord,
    DocumentStatus,
    Failure,
    PageUnit,
    Progress,
)

READER_VERSION = "6"
"""Raised when files are read in another way: documents that failed are tried again, others are named by the check."""

_COLUMNS = f"""
    c.id, c.name, f.id, f.source, f.filename, f.sha256, f.size_bytes, d.status, d.reason,
           d.title, d.media_type, d.page_count, d.chunk_count, d.created_at, d.unit, d.metadata, d.stage,
           d.progress_done, d.progress_total, d.claim, d.failure, d.replaces,
           d.chunk_tokens, a.attributes
    FROM documents d JOIN collections c ON c.id = d.collection_id JOIN files f ON f.id = d.file_id
    LEFT JOIN source_attributes a ON a.collection_id = d.collection_id AND a.source = f.source
    WHERE +c.id IN {VISIBLE}
"""
"""`?1` is the viewer. The sign + has SQLite look up the document first, not the collections of the viewer."""
_RECORD = f"SELECT {_COLUMNS}"

_ATTRIBUTES = msgspec.json.Decoder(dict[str, AttributeValue])  # made once: filters decode those of every document
_METADATA = msgspec.json.Decoder(dict[str, str])
_BUILT_IN_COLUMNS = {
    "file_id": "d.file_id",
    "filename": "f.filename",
    "source": "f.source",
    "title": "d.title",
    "media_type": "d.media_type",
    "created_at": "d.created_at",
    "pages": "d.page_count",
}
"""The columns of the built-in attributes of `ingest.library.filters`."""


def find(db: apsw.Connection, viewer: str, collection_id: str, file_id: str) -> DocumentRecord:
    """Return a document; raises `FileNotInLibraryError`."""
    if (document := find_or_none(db, viewer, collection_id, file_id)) is not None:
        return document
    raise FileNotInLibraryError(file_id=file_id)


def find_or_none(db: apsw.Connection, viewer: str, collection_id: str, file_id: str) -> DocumentRecord | None:
    """Return a document, or None if there is none."""
    for row in db.execute(f"{_RECORD} AND c.id = ? AND f.id = ?", (viewer, collection_id, file_id)):
        return _record(row)
    return None


def find_all(
    db: apsw.Connection,
    viewer: str,
    collection_id: str | None = None,
    *,
    statuses: Collection[DocumentStatus] | None = None,
    file_ids: Collection[str] | None = None,
) -> list[DocumentRecord]:
    """Return documents, the oldest first, of one collection or all that are shown, of some statuses or all.

    With `file_ids`, those of these files alone.
    """
    conditions = ["c.id = ?2" if collection_id is not None else "?2 IS NULL AND c.rebuild_of IS NULL"]
    values: list[str | None] = [viewer, collection_id]
    if statuses is not None:
        places = [f"?{number}" for number, _ in enumerate(statuses, start=len(values) + 1)]
        values += statuses
        conditions.append(f"d.status IN ({', '.join(places)})")  # constants of SQL, so that it can use an index
    if file_ids is not None:
        values.append(json_array(file_ids))
        conditions.append(f"f.id IN (SELECT value FROM json_each(?{len(values)}))")  # noqa: S608 (constants)
    return [_record(row) for row in db.execute(f"{_RECORD} AND {' AND '.join(conditions)} ORDER BY d.id", values)]


def find_by_rows(db: apsw.Connection, viewer: str, ids: Sequence[int]) -> list[DocumentRecord]:
    """Return the documents with these row ids, in the order of `ids`; ids without a row are left out."""
    sql = f"SELECT d.id, {_COLUMNS} AND d.id IN (SELECT value FROM json_each(?2))"  # noqa: S608 (constant columns)
    records = {row[0]: _record(row[1:]) for row in db.execute(sql, (viewer, json_array(ids)))}
    return [records[id_] for id_ in ids if id_ in records]


def start(db: apsw.Connection, document_id: int) -> None:
    """Mark a queued document as being read, with a new claim."""
    db.execute(
        "UPDATE documents SET status = 'reading', stage = 'reading', starts = starts + 1, reader = ?, claim = ?,"
        " progress_done = 0, progress_total = 0 WHERE id = ?",
        (READER_VERSION, uuid.uuid4().hex, document_id),
    )


def append(
    db: apsw.Connection,
    document: DocumentRecord,
    piece: ChunkedDocument,
    vectors: NDArray[np.float32],
    progress: Progress,
) -> bool:
    """Store the next piece of a document that is read; False if another attempt to read it has begun.

    The piece is published at once, unless the document is to replace an older version.
    """
    if (document_id := _claimed(db, document)) is None:
        return False
    collection_id, file_id = document.collection_id, document.file_id
    replaces = any(version.is_read for version in _other_versions(db, collection_id, file_id))
    generation = collections.next_generation(db, collection_id)
    content.insert_pages(db, document_id, piece.document.pages, piece.document.text)
    content.insert_headings(db, document_id, piece.document.headings)
    published_in = content.UNPUBLISHED if replaces else collection_id
    content.insert_chunks(db, document_id, published_in, generation, piece.chunks, vectors)
    db.execute(
        "UPDATE documents SET title = ?, page_count = page_count + ?, chunk_count = chunk_count + ?, stage = ?,"
        " progress_done = ?, progress_total = ? WHERE id = ?",
        (
            piece.document.title,
            len(piece.document.pages),
            len(piece.chunks),
            progress.stage,
            progress.done,
            progress.total,
            document_id,
        ),
    )
    return True


def finish(db: apsw.Connection, document: DocumentRecord, facts: DocumentFacts, seconds: float = 0.0) -> list[str]:
    """Publish a document that was read to its end in place of every older version of its source.

    If a newer version was read already, this one is removed instead. Returns the file ids of the versions that were
    removed. Does nothing if another attempt to read it has begun.
    """
    if (document_id := _claimed(db, document)) is None:
        return []
    collection_id, file_id = document.collection_id, document.file_id
    versions = _other_versions(db, collection_id, file_id)
    generation = collections.next_generation(db, collection_id)
    if any(version.id > document_id and version.is_read for version in versions):
        _delete_row(db, collection_id, document_id, generation)
        return [file_id]
    older = [version for version in versions if version.id < document_id]
    for version in older:
        if version.source != document.source:
            quotes.rename_in_collection(db, collection_id, version.source, document.source)
        _delete_row(db, collection_id, version.id, generation)
        responses.forget_document(db, collection_id, version.file_id)
    content.publish(db, document_id, collection_id, generation)
    db.execute(
        "UPDATE documents SET status = ?, reason = ?, title = ?, media_type = ?, unit = ?, metadata = ?, seconds = ?,"
        " tries = 0, starts = 0, stage = 'waiting' WHERE id = ?",
        (
            "warning" if facts.warnings else "done",
            "; ".join(facts.warnings),
            facts.title,
            facts.media_type,
            facts.unit,
            msgspec.json.encode(facts.metadata).decode(),
            seconds,
            document_id,
        ),
    )
    return [version.file_id for version in older]


def count_outdated(db: apsw.Connection, collection_id: str) -> int:
    """Return how many documents of a collection were read by an older version of the parsers."""
    sql = "SELECT count(*) FROM documents WHERE collection_id = ? AND status IN ('done', 'warning') AND reader != ?"
    return int(next(iter(db.execute(sql, (collection_id, READER_VERSION))))[0])


def restart(db: apsw.Connection, document: DocumentRecord) -> None:
    """Remove the pieces of a document that is read, because it is read from its beginning again."""
    if (document_id := _claimed(db, document)) is not None:
        clear(db, document.collection_id, document_id)


def clear(db: apsw.Connection, collection_id: str, document_id: int) -> None:
    """Remove the pages, chunks and vectors of a document; its row stays."""
    content.clear(db, collection_id, document_id, collections.next_generation(db, collection_id))
    db.execute(
        "UPDATE documents SET page_count = 0, chunk_count = 0, progress_done = 0, progress_total = 0 WHERE id = ?",
        (document_id,),
    )


def fail(db: apsw.Connection, document: DocumentRecord, reason: str, failure: Failure) -> None:
    """Mark a document that is queued or read as failed; does nothing if another attempt to read it has begun."""
    document_id = _claimed(db, document) or find_row(db, document.collection_id, document.file_id, status="queued")
    if document_id is not None:
        clear(db, document.collection_id, document_id)
        db.execute(
            "UPDATE documents SET status = 'failed', reason = ?, failure = ?, stage = 'waiting', tries = tries + 1,"
            " reader = ? WHERE id = ?",
            (reason, failure, READER_VERSION, document_id),
        )


def find_copy(db: apsw.Connection, document: DocumentRecord) -> int | None:
    """Return the row id of a document with the same content that was parsed and embedded in the same way, or None.

    Of the same owner: how long a file takes to be read must not tell whether somebody else has it too.
    """
    sql = (
        "SELECT other.id, f.filename, same.filename FROM documents d JOIN files f ON f.id = d.file_id"
        " JOIN collections c ON c.id = d.collection_id"
        " JOIN files same ON same.sha256 = f.sha256 JOIN documents other ON other.file_id = same.id"
        " JOIN collections oc ON oc.id = other.collection_id"
        " WHERE d.collection_id = ? AND d.file_id = ? AND other.id != d.id AND other.status IN ('done', 'warning')"
        " AND other.reader = ? AND oc.passport = c.passport AND oc.owner = c.owner"
        " AND other.chunk_tokens = d.chunk_tokens ORDER BY other.id"
    )
    for other_id, filename, other_filename in db.execute(
        sql, (document.collection_id, document.file_id, READER_VERSION)
    ):
        # The suffix is one of the things that decide how a file is parsed.
        if PurePosixPath(filename).suffix.lower() == PurePosixPath(other_filename).suffix.lower():
            return int(other_id)
    return None


def copy_from(db: apsw.Connection, document: DocumentRecord, other_id: int) -> DocumentFacts | None:
    """Copy the pages, chunks and vectors of another document with the same content; None if this one is not read now.

    A title that was the other one's file name becomes this one's.
    """
    document_id = _claimed(db, document)
    rows = db.execute(
        "SELECT d.title, d.media_type, d.unit, d.metadata, d.reason, d.page_count, d.chunk_count, f.filename"
        " FROM documents d JOIN files f ON f.id = d.file_id WHERE d.id = ?",
        (other_id,),
    )
    row = next(iter(rows), None)
    if document_id is None or row is None:
        return None
    content.copy(db, other_id, document_id, content.UNPUBLISHED, 0)
    title = _own_title(str(row[0]), str(row[7]), document.filename)
    content.retitle(db, document_id, str(row[0]), title)
    db.execute("UPDATE documents SET page_count = ?, chunk_count = ? WHERE id = ?", (row[5], row[6], document_id))
    return DocumentFacts(
        title=title,
        media_type=row[1],
        unit=PageUnit(row[2]),
        warnings=(row[4],) if row[4] else (),
        metadata=_METADATA.decode(row[3]),
    )


def retitle(db: apsw.Connection, file_id: str, old_filename: str, new_filename: str) -> None:
    """Change the titles of a file's documents that were its old name."""
    sql = "SELECT id, collection_id, title FROM documents WHERE file_id = ?"
    for document_id, collection_id, title in list(db.execute(sql, (file_id,))):
        collections.next_generation(db, collection_id)  # results of filters by name are cached by generation
        new = _own_title(title, old_filename, new_filename)
        if new != title:
            content.retitle(db, document_id, title, new)
            db.execute("UPDATE documents SET title = ? WHERE id = ?", (new, document_id))


def delete(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Remove a document with its pages, chunks and vectors, and its words from conversations.

    Raises `FileNotInLibraryError`.
    """
    document_id = find_row(db, collection_id, file_id)
    if document_id is None:
        raise FileNotInLibraryError(file_id=file_id)
    (source,) = next(iter(db.execute("SELECT source FROM files WHERE id = ?", (file_id,))))
    _delete_row(db, collection_id, document_id, collections.next_generation(db, collection_id))
    files.forget_attributes(db, source)
    quotes.forget_document(db, collection_id, file_id, source)
    responses.forget_document(db, collection_id, file_id)


def find_named_alike(db: apsw.Connection, collection_id: str, file_id: str) -> str | None:
    """Return the file of the newest other document of a collection whose name is that of this file, or None."""
    sql = (
        "SELECT d.file_id FROM documents d JOIN files this ON this.id = ?2"
        " WHERE d.collection_id = ?1 AND d.file_id != this.id AND d.folded_name = fold_name(this.filename)"
        " ORDER BY d.id DESC LIMIT 1"
    )
    return next((str(row[0]) for row in db.execute(sql, (collection_id, file_id))), None)


def set_attributes(
    db: apsw.Connection, collection_id: str, file_id: str, attributes: Mapping[str, AttributeValue]
) -> None:
    """Replace the attributes of a file's source in a collection; without attributes there is no row."""
    collections.next_generation(db, collection_id)  # results of filters are cached by generation
    db.execute(
        "DELETE FROM source_attributes WHERE collection_id = ? AND source = (SELECT source FROM files WHERE id = ?)",
        (collection_id, file_id),
    )
    if attributes:
        db.execute(
            "INSERT INTO source_attributes (collection_id, source, attributes) SELECT ?, source, ? FROM files"
            " WHERE id = ?",
            (collection_id, msgspec.json.encode(dict(attributes)).decode(), file_id),
        )


def find_attributes(
    db: apsw.Connection, collection_id: str, file_ids: Iterable[str]
) -> dict[str, dict[str, AttributeValue]]:
    """Return the attributes of each of these files; files without attributes are left out."""
    sql = (
        "SELECT f.id, a.attributes FROM files f JOIN source_attributes a ON a.source = f.source"
        " WHERE a.collection_id = ? AND f.id IN (SELECT value FROM json_each(?))"
    )
    rows = db.execute(sql, (collection_id, json_array(file_ids)))
    return {file_id: _decode_attributes(attributes) for file_id, attributes in rows}


def read_attribute_rows(
    db: apsw.Connection, collection_id: str, keys: Collection[str], file_ids: Collection[str] | None = None
) -> Iterator[tuple[str, dict[str, AttributeValue]]]:
    """Yield for each document with chunks its file id and its attributes, built-in ones only those in `keys`.

    With `file_ids`, for the documents of these files alone.
    """
    built_in = [key for key in keys if key in _BUILT_IN_COLUMNS]
    attributes = "a.attributes" if len(built_in) < len(keys) else "NULL"
    columns = ", ".join(["d.file_id", attributes, *(_BUILT_IN_COLUMNS[key] for key in built_in)])
    # SQLite omits the tables of a LEFT JOIN that no column is read from. The sign + has it read rows in their order,
    # which takes a tenth of the time of an index.
    sql = (
        f"SELECT {columns} FROM documents d LEFT JOIN files f ON f.id = d.file_id"  # noqa: S608 (constant columns)
        " LEFT JOIN source_attributes a ON a.collection_id = d.collection_id AND a.source = f.source"
        " WHERE +d.collection_id = ? AND d.chunk_count > 0"
    )
    bindings = [collection_id]
    if file_ids is not None:
        sql += " AND d.file_id IN (SELECT value FROM json_each(?))"
        bindings.append(json_array(file_ids))
    for row in db.execute(sql, bindings):
        values = _decode_attributes(row[1])
        values.update(zip(built_in, row[2:], strict=True))
        yield row[0], values


def find_chunk_ids(db: apsw.Connection, collection_id: str, file_ids: Iterable[str]) -> list[int]:
    """Return the ids of all chunks of these files, unpublished ones included."""
    sql = (
        "SELECT h.id FROM documents d JOIN chunks h ON h.document_id = d.id"
        " WHERE d.collection_id = ? AND d.file_id IN (SELECT value FROM json_each(?))"
    )
    return [row[0] for row in db.execute(sql, (collection_id, json_array(file_ids)))]


def find_collections(db: apsw.Connection, file_id: str) -> list[str]:
    """Return the ids of the collections that hold a document of this file."""
    return [row[0] for row in db.execute("SELECT collection_id FROM documents WHERE file_id = ?", (file_id,))]


def find_files(db: apsw.Connection, collection_id: str) -> set[str]:
    """Return the ids of the files of a collection's documents."""
    return {row[0] for row in db.execute("SELECT file_id FROM documents WHERE collection_id = ?", (collection_id,))}


def find_row(db: apsw.Connection, collection_id: str, file_id: str, status: DocumentStatus | None = None) -> int | None:
    """Return the row id of a document, or None; with `status` only if it has this status."""
    sql = "SELECT id FROM documents WHERE collection_id = ? AND file_id = ? AND status = coalesce(?, status)"
    return next((int(row[0]) for row in db.execute(sql, (collection_id, file_id, status))), None)


@dataclass(frozen=True, slots=True)
class _Version:
    """Another version of a source in the same collection, or the document that is replaced."""

    id: int
    file_id: str
    source: str
    is_read: bool


def _other_versions(db: apsw.Connection, collection_id: str, file_id: str) -> list[_Version]:
    sql = (  # CROSS JOIN: from the source to its few documents, not through all documents of the collection
        "SELECT d.id, f.id, f.source, d.status IN ('done', 'warning') FROM files this"
        " CROSS JOIN files f ON f.owner = this.owner AND f.source = this.source AND f.id != this.id"
        " CROSS JOIN documents d ON d.collection_id = ?1 AND d.file_id = f.id WHERE this.id = ?2"
        " UNION SELECT d.id, d.file_id, d.source, d.status IN ('done', 'warning') FROM documents this"
        " JOIN documents d ON d.collection_id = this.collection_id AND d.file_id = this.replaces"
        " WHERE this.collection_id = ?1 AND this.file_id = ?2"
    )
    return [_Version(row[0], row[1], row[2], bool(row[3])) for row in db.execute(sql, (collection_id, file_id))]


def _delete_row(db: apsw.Connection, collection_id: str, document_id: int, generation: int) -> None:
    """Delete a document with its pages, chunks and vectors."""
    content.record_removal(db, collection_id, document_id, generation)
    db.execute("DELETE FROM documents WHERE id = ?", (document_id,))  # chunks, vectors and pages go with it


def _claimed(db: apsw.Connection, document: DocumentRecord) -> int | None:
    """Return the row id of a document that is read, or None if another attempt to read it has begun."""
    sql = "SELECT id FROM documents WHERE collection_id = ? AND file_id = ? AND status = 'reading' AND claim = ?"
    rows = db.execute(sql, (document.collection_id, document.file_id, document.claim))
    return next((int(row[0]) for row in rows), None)


def _own_title(title: str, other_filename: str, filename: str) -> str:
    return PurePosixPath(filename).stem if title == PurePosixPath(other_filename).stem else title


def _record(row: tuple[Any, ...]) -> DocumentRecord:
    *facts, unit, metadata, stage, done, total, claim, failure, replaces, chunk_tokens, attributes = row
    progress = Progress(stage, done, total)
    facts += [PageUnit(unit), _METADATA.decode(metadata), progress, claim, failure, replaces, chunk_tokens]
    facts.append(_decode_attributes(attributes))
    return DocumentRecord(*facts)


def _decode_attributes(attributes: str | None) -> dict[str, AttributeValue]:
    return _ATTRIBUTES.decode(attributes) if attributes else {}
