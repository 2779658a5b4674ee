# pyright: basic
"""Rows of files, the originals that documents are made from."""

import hashlib
import time

import apsw

from ingest.errors import FileNotInLibraryError
from ingest.types import FileRecord

_COLUMNS = "id, owner, source, filename, sha256, size_bytes, created_at"


def file_id(owner: str, source: str, sha256: str) -> str:
    """Return the id of a version of a source: the same content under the same source is the same file."""
    return "file-" + hashlib.sha256("\0".join((owner, source, sha256)).encode()).hexdigest()[:24]


def insert(db: apsw.Connection, *, owner: str, source: str, filename: str, sha256: str, size_bytes: int) -> FileRecord:
    """Add a file, or return it where it is known."""
    id_ = file_id(owner, source, sha256)
    db.execute(
        f"INSERT INTO files ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
        (id_, owner, source, filename, sha256, size_bytes, int(time.time())),
    )
    return find(db, owner, id_)


def find(db: apsw.Connection, owner: str, id_: str) -> FileRecord:
    """Return a file; raises `FileNotInLibraryError`."""
    sql = f"SELECT {_COLUMNS} FROM files WHERE owner = ? AND id = ?"  # noqa: S608
    for row in db.execute(sql, (owner, id_)):
        return FileRecord(*row)
    raise FileNotInLibraryError(file_id=id_)


def find_version(db: apsw.Connection, owner: str, source: str, sha256: str) -> FileRecord | None:
    """Return the file with this source and content, where it is known."""
    sql = f"SELECT {_COLUMNS} FROM files WHERE id = ?"  # noqa: S608
    return next((FileRecord(*row) for row in db.execute(sql, (file_id(owner, source, sha256),))), None)


def find_all(db: apsw.Connection, owner: str) -> list[FileRecord]:
    """Return the owner's files, the oldest first."""
    sql = f"SELECT {_COLUMNS} FROM files WHERE owner = ? ORDER BY created_at, id"  # noqa: S608
    return [FileRecord(*row) for row in db.execute(sql, (owner,))]


def delete(db: apsw.Connection, id_: str) -> None:
    """Remove a file and, with it, every document made from it."""
    db.execute("DELETE FROM files WHERE id = ?", (id_,))


def contents(db: apsw.Connection) -> set[str]:
    """Return the hashes of all contents that any file has, whoever owns it."""
    return {row[0] for row in db.execute("SELECT DISTINCT sha256 FROM files")}


def is_content_used(db: apsw.Connection, sha256: str) -> bool:
    """Whether any file still has this content."""
    return any(True for _ in db.execute("SELECT 1 FROM files WHERE sha256 = ? LIMIT 1", (sha256,)))
