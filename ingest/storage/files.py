# pyright: basic
"""Rows of files, the originals that documents are made from. In the caller's transaction."""

import hashlib
import time
from collections.abc import Mapping
from itertools import count
from pathlib import PurePosixPath

import apsw

from ingest.errors import FileNotInLibraryError
from ingest.principals import EVERY_OWNER
from ingest.storage import quotes
from ingest.storage.paging import KeyRange
from ingest.types import FileRecord

_COLUMNS = "id, owner, source, filename, sha256, size_bytes, created_at, purpose, expires_at"


def insert(
    db: apsw.Connection,
    *,
    owner: str,
    source: str | None,
    filename: str,
    sha256: str,
    size_bytes: int,
    purpose: str = "assistants",
    expires_at: int | None = None,
) -> FileRecord:
    """Add a file, or return the one with this source and content: that is the same file.

    Without a source it is an upload: the same is one with this name and content, else it gets a source of its own.
    The same upload gets the new purpose, and expires no sooner than it would have.
    """
    is_upload = source is None
    if source is None:
        uploads = _find_uploads(db, owner, filename)
        same = next((upload for upload in uploads if upload.sha256 == sha256), None)
        source = same.source if same else _choose_source(db, owner, filename, len(uploads))
    if (file := find_version(db, owner, source, sha256)) is not None:
        if is_upload:
            # The maximum of a time and null is null: a file that stays keeps staying.
            sql = "UPDATE files SET purpose = ?2, expires_at = max(expires_at, ?3) WHERE id = ?1"
            db.execute(sql, (file.id, purpose, expires_at))
        return find(db, owner, file.id)
    id_ = _new_id(db, owner, source, sha256)
    db.execute(
        f"INSERT INTO files ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (id_, owner, source, filename, sha256, size_bytes, int(time.time()), purpose, expires_at),
    )
    return find(db, owner, id_)


def find_expired(db: apsw.Connection, now: int, limit: int) -> list[FileRecord]:
    """Return at most `limit` files whose time is over, whoever owns them."""
    sql = f"SELECT {_COLUMNS} FROM files WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"  # noqa: S608 (constants)
    return [FileRecord(*row) for row in db.execute(sql, (now, limit))]


def _find_uploads(db: apsw.Connection, owner: str, filename: str) -> list[FileRecord]:
    """Return the files that were uploaded under a name, the oldest first."""
    sql = (
        f"SELECT {_COLUMNS} FROM files WHERE owner = ? AND filename = ? AND NOT instr(source, '/')"  # noqa: S608
        " ORDER BY created_at, id"
    )
    return [FileRecord(*row) for row in db.execute(sql, (owner, filename))]


def _choose_source(db: apsw.Connection, owner: str, filename: str, uploads: int) -> str:
    """Return a source that no file has for a name of which there are some uploads: `a.txt`, `a (2).txt`."""
    for number in count(uploads + 1):
        source = _number_source(filename, number)
        if not any(True for _ in db.execute("SELECT 1 FROM files WHERE owner = ? AND source = ?", (owner, source))):
            return source
    raise AssertionError("count() does not end")


def _number_source(filename: str, number: int) -> str:
    name = PurePosixPath(filename)
    return filename if number == 1 else f"{name.stem} ({number}){name.suffix}"


def _new_id(db: apsw.Connection, owner: str, source: str, sha256: str) -> str:
    """Return an id made of owner, source and content, or another one if a file that was renamed has that."""
    for number in count():
        facts = (owner, source, sha256) if number == 0 else (owner, source, sha256, str(number))
        id_ = "file-" + hashlib.sha256("\0".join(facts).encode()).hexdigest()[:24]
        if not any(True for _ in db.execute("SELECT 1 FROM files WHERE id = ?", (id_,))):
            return id_
    raise AssertionError("count() does not end")


def find(db: apsw.Connection, viewer: str, id_: str) -> FileRecord:
    """Return a file, which its owner alone sees, and `EVERY_OWNER`; raises `FileNotInLibraryError`."""
    sql = f"SELECT {_COLUMNS} FROM files WHERE ?1 IN (owner, '{EVERY_OWNER}') AND id = ?2"  # noqa: S608
    for row in db.execute(sql, (viewer, id_)):
        return FileRecord(*row)
    raise FileNotInLibraryError(file_id=id_)


def find_version(db: apsw.Connection, owner: str, source: str, sha256: str) -> FileRecord | None:
    """Return the file with this source and content, or None."""
    sql = f"SELECT {_COLUMNS} FROM files WHERE owner = ? AND source = ? AND sha256 = ?"  # noqa: S608
    return next((FileRecord(*row) for row in db.execute(sql, (owner, source, sha256))), None)


def rename(db: apsw.Connection, file_id: str, source: str, filename: str) -> None:
    """Give a file another source; its id and its attributes in every collection stay."""
    rows = db.execute("SELECT source FROM files WHERE id = ?", (file_id,))
    old = next((str(row[0]) for row in rows), source)
    if old == source:
        db.execute("UPDATE files SET filename = ? WHERE id = ?", (filename, file_id))
        return
    db.execute(
        "INSERT OR REPLACE INTO source_attributes (collection_id, source, attributes)"
        " SELECT a.collection_id, ?, a.attributes FROM source_attributes a JOIN documents d"
        " ON d.collection_id = a.collection_id WHERE a.source = ? AND d.file_id = ?",
        (source, old, file_id),
    )
    quotes.rename_source(db, file_id, old, source)
    db.execute("UPDATE files SET source = ?, filename = ? WHERE id = ?", (source, filename, file_id))
    forget_attributes(db, old)


def make_source_unique(db: apsw.Connection, file: FileRecord, collection_id: str) -> None:
    """Give an upload another source if a document of another owner has its source in a shared collection.

    Otherwise the one would be an older version of the other, and be replaced.
    """
    is_foreign = "SELECT 1 FROM documents d JOIN files f ON f.id = d.file_id WHERE d.collection_id = ? AND d.source = ?"
    if any(True for _ in db.execute(f"{is_foreign} AND f.owner != ?", (collection_id, file.source, file.owner))):
        is_taken = (
            "SELECT 1 FROM files WHERE owner = ?1 AND source = ?2"
            " UNION ALL SELECT 1 FROM documents WHERE collection_id = ?3 AND source = ?2"
        )
        sources = (_number_source(file.filename, number) for number in count(2))
        free = (name for name in sources if db.execute(is_taken, (file.owner, name, collection_id)).get is None)
        rename(db, file.id, next(free), file.filename)


def forget_attributes(db: apsw.Connection, source: str) -> None:
    """Delete the attributes of a source in the collections that have no document of it any more."""
    db.execute(
        # Through the collections, so that indexes are used: a library can have very many documents.
        "DELETE FROM source_attributes WHERE source = ?1 AND collection_id IN (SELECT id FROM collections)"
        " AND NOT EXISTS (SELECT 1 FROM documents d"
        " WHERE d.collection_id = source_attributes.collection_id AND d.source = ?1)",
        (source,),
    )


def read_password(db: apsw.Connection, viewer: str, file_id: str) -> str | None:
    """Return the password of a file that a viewer sees, or None if it has none."""
    sql = f"SELECT password FROM files WHERE ?1 IN (owner, '{EVERY_OWNER}') AND id = ?2"  # noqa: S608 (constant)
    rows = db.execute(sql, (viewer, file_id))
    return next((str(row[0]) for row in rows if row[0]), None)


def set_password(db: apsw.Connection, file_id: str, password: str) -> None:
    """Store the password of a file."""
    db.execute("UPDATE files SET password = ? WHERE id = ?", (password, file_id))


def read_file_stats(db: apsw.Connection, owner: str) -> dict[str, tuple[str, str]]:
    """Return for each source its `stat` when its content was last hashed, and the SHA-256."""
    rows = db.execute("SELECT source, stat, sha256 FROM file_stats WHERE owner = ?", (owner,))
    return {source: (stat, sha256) for source, stat, sha256 in rows}


def store_file_stats(db: apsw.Connection, owner: str, stats: Mapping[str, tuple[str, str]]) -> None:
    """Store for each source its `stat` and the SHA-256 of its content."""
    db.executemany(
        "INSERT OR REPLACE INTO file_stats (owner, source, stat, sha256) VALUES (?, ?, ?, ?)",
        [(owner, source, stat, sha256) for source, (stat, sha256) in stats.items()],
    )


def find_all(db: apsw.Connection, owner: str) -> list[FileRecord]:
    """Return the owner's files, the oldest first."""
    sql = f"SELECT {_COLUMNS} FROM files WHERE owner = ? ORDER BY created_at, id"  # noqa: S608
    return [FileRecord(*row) for row in db.execute(sql, (owner,))]


def find_range(db: apsw.Connection, owner: str, keys: KeyRange, purpose: str | None = None) -> list[FileRecord]:
    """Return the owner's files in a range of their (created_at, id), those of one purpose or all."""
    key = ("created_at", "id")
    of_purpose, values = ("TRUE", ()) if purpose is None else ("purpose = ?", (purpose,))
    sql = (
        f"SELECT {_COLUMNS} FROM files WHERE owner = ? AND {of_purpose} AND {keys.condition(*key)}"  # noqa: S608
        f" ORDER BY {keys.order(*key)} LIMIT ?"
    )
    return [FileRecord(*row) for row in db.execute(sql, (owner, *values, *keys.values(), keys.limit))]


def delete(db: apsw.Connection, id_: str) -> None:
    """Delete a file and every document made from it."""
    db.execute("DELETE FROM files WHERE id = ?", (id_,))


def find_contents(db: apsw.Connection) -> set[str]:
    """Return the SHA-256 of all contents that any file of any owner has."""
    return {row[0] for row in db.execute("SELECT DISTINCT sha256 FROM files")}


def is_content_used(db: apsw.Connection, sha256: str) -> bool:
    """Whether any file still has this content."""
    return any(True for _ in db.execute("SELECT 1 FROM files WHERE sha256 = ? LIMIT 1", (sha256,)))
