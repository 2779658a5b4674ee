# pyright: basic
"""Rows of the named keys. In the caller's transaction."""

import time

import apsw

from ingest.errors import KeyExistsError, KeyNotFoundError
from ingest.principals import KeyRecord, Principal

_COLUMNS = "name, is_admin, created_at, revoked_at"


def insert(db: apsw.Connection, name: str, digest: str, *, is_admin: bool) -> KeyRecord:
    """Add a key, in place of a revoked one of the same name; raises `KeyExistsError`."""
    if any(True for _ in db.execute("SELECT 1 FROM keys WHERE name = ? AND revoked_at IS NULL", (name,))):
        raise KeyExistsError(name=name)
    db.execute(
        "INSERT OR REPLACE INTO keys (name, digest, is_admin, created_at) VALUES (?, ?, ?, ?)",
        (name, digest, is_admin, int(time.time())),
    )
    return find(db, name)


def revoke(db: apsw.Connection, name: str) -> KeyRecord:
    """Revoke a key, or leave it revoked; its row stays. Raises `KeyNotFoundError`."""
    find(db, name)
    db.execute(
        "UPDATE keys SET digest = 'revoked ' || name, revoked_at = coalesce(revoked_at, ?) WHERE name = ?",
        (int(time.time()), name),
    )
    return find(db, name)


def delete(db: apsw.Connection, name: str) -> None:
    """Delete a key's row; raises `KeyNotFoundError`."""
    find(db, name)
    db.execute("DELETE FROM keys WHERE name = ?", (name,))


def find(db: apsw.Connection, name: str) -> KeyRecord:
    """Return a key; raises `KeyNotFoundError`."""
    for row in db.execute(f"SELECT {_COLUMNS} FROM keys WHERE name = ?", (name,)):  # noqa: S608 (constant columns)
        return _record(*row)
    raise KeyNotFoundError(name=name)


def find_all(db: apsw.Connection) -> list[KeyRecord]:
    """Return all keys by name, revoked ones included."""
    return [_record(*row) for row in db.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY name")]  # noqa: S608


def find_valid(db: apsw.Connection) -> dict[str, Principal]:
    """Return by the digest of its key each principal whose key is valid."""
    rows = db.execute("SELECT digest, name, is_admin FROM keys WHERE revoked_at IS NULL")
    return {digest: Principal(name, bool(is_admin)) for digest, name, is_admin in rows}


def _record(name: str, is_admin: int, created_at: int, revoked_at: int | None) -> KeyRecord:
    return KeyRecord(name, bool(is_admin), created_at, revoked_at)
