# pyright: basic
"""Rows of collections. In the caller's transaction."""

import time
import uuid
from itertools import count
from typing import Any

import apsw
import msgspec

from ingest.errors import CollectionExistsError, CollectionNotFoundError
from ingest.principals import LOCAL
from ingest.storage import quotes, responses
from ingest.storage.paging import KeyRange
from ingest.types import SECONDS_PER_DAY, Collection, CollectionChanges, EmbedderPassport

_COLUMNS = (
    "id, owner, name, created_at, generation, passport, rules, label, description, metadata, expires_after_days,"
    " last_active_at"
)
_VISIBLE = (
    f"SELECT {_COLUMNS}, access FROM collection_access JOIN collections ON id = collection_id"  # noqa: S608 (constants)
    " WHERE viewer = ?1"
)
"""The collections that a viewer sees, see `ingest.storage.shares`."""


def insert(db: apsw.Connection, owner: str, name: str, passport: EmbedderPassport) -> Collection:
    """Add an empty collection; raises `CollectionExistsError`."""
    now = int(time.time())
    collection = Collection(f"vs_{uuid.uuid4().hex[:24]}", owner, name, now, 0, passport, last_active_at=now)
    try:
        db.execute(
            "INSERT INTO collections (id, owner, name, created_at, passport, last_active_at) VALUES (?, ?, ?, ?, ?, ?)",
            (collection.id, owner, name, now, encode_passport(passport), now),
        )
    except apsw.ConstraintError:
        raise CollectionExistsError(name=name) from None
    return collection


def find(db: apsw.Connection, viewer: str, name_or_id: str) -> Collection:
    """Return the collection with this id, else with this name or label; raises `CollectionNotFoundError`.

    Of several it is the viewer's own one, else the administrator's; of these the one with the name, else the oldest.
    """
    sql = (
        f"{_VISIBLE} AND (id = ?2 OR (name = ?2 OR label = ?2 AND label != '') AND rebuild_of IS NULL)"
        " ORDER BY id = ?2 DESC, owner = ?1 DESC, owner = ?3 DESC, name = ?2 DESC, created_at, id"
    )
    for row in db.execute(sql, (viewer, name_or_id, LOCAL)):
        return _collection(row)
    raise CollectionNotFoundError(collection=name_or_id)


def find_all(db: apsw.Connection, viewer: str) -> list[Collection]:
    """Return the collections that a viewer sees, the oldest first, without the hidden ones of rebuilds."""
    sql = f"{_VISIBLE} AND rebuild_of IS NULL ORDER BY created_at, name, id"
    return [_collection(row) for row in db.execute(sql, (viewer,))]


def find_owned(db: apsw.Connection, owner: str) -> list[str]:
    """Return the ids of an owner's collections, hidden ones first."""
    sql = "SELECT id FROM collections WHERE owner = ? ORDER BY rebuild_of IS NULL, created_at"
    return [row[0] for row in db.execute(sql, (owner,))]


def find_range(db: apsw.Connection, viewer: str, keys: KeyRange) -> list[Collection]:
    """Return the collections that `find_all` does, those in a range of their (created_at, name, id)."""
    key = ("created_at", "name", "id")
    sql = f"{_VISIBLE} AND rebuild_of IS NULL AND {keys.condition(*key)} ORDER BY {keys.order(*key)} LIMIT ?"
    return [_collection(row) for row in db.execute(sql, (viewer, *keys.values(), keys.limit))]


def find_free_name(db: apsw.Connection, owner: str, name: str) -> str:
    """Return a name that none of an owner's collections has: this one, or one with a number, `manuals (2)`."""
    is_taken = "SELECT 1 FROM collections WHERE owner = ? AND name = ?"
    names = (name if number == 1 else f"{name} ({number})" for number in count(1))
    return next(free for free in names if db.execute(is_taken, (owner, free)).get is None)


def relabel(db: apsw.Connection, collection_id: str, label: str, name: str) -> None:
    """Give a collection another label and name, which no other of its owner has."""
    db.execute(
        "UPDATE collections SET name = ?, label = ? WHERE id = ?", (name, "" if name == label else label, collection_id)
    )


def update(db: apsw.Connection, collection_id: str, changes: CollectionChanges) -> None:
    """Change a collection, except for its label."""
    new: dict[str, str | int | None] = {}
    if changes.metadata is not None:
        new["metadata"] = msgspec.json.encode(changes.metadata).decode()
    if changes.expires_after_days is not None:
        new["expires_after_days"] = changes.expires_after_days or None
        new["last_active_at"] = int(time.time())
    if changes.description is not None:
        new["description"] = changes.description
    if changes.rules is not None:
        new["rules"] = changes.rules
    for column, value in new.items():
        db.execute(f"UPDATE collections SET {column} = ? WHERE id = ?", (value, collection_id))  # noqa: S608 (constants)


def touch(db: apsw.Connection, collection_id: str, used_at: int) -> None:
    """Record that a collection that expires was used."""
    sql = "UPDATE collections SET last_active_at = max(last_active_at, ?) WHERE id = ? AND expires_after_days > 0"
    db.execute(sql, (used_at, collection_id))


def find_expired(db: apsw.Connection, now: int, limit: int) -> list[Collection]:
    """Return at most `limit` collections whose time is over, whoever owns them."""
    sql = (
        f"SELECT {_COLUMNS}, 'owner' FROM collections WHERE rebuild_of IS NULL AND expires_after_days IS NOT NULL"  # noqa: S608
        f" AND last_active_at + expires_after_days * {SECONDS_PER_DAY} <= ? ORDER BY last_active_at LIMIT ?"
    )
    return [_collection(row) for row in db.execute(sql, (now, limit))]


def delete(db: apsw.Connection, collection_id: str) -> None:
    """Delete a collection with its documents, chunks and vectors, and their text from conversations."""
    quotes.forget_collection(db, collection_id)
    responses.forget_collection(db, collection_id)
    db.execute("DELETE FROM collections WHERE id = ?", (collection_id,))


def next_generation(db: apsw.Connection, collection_id: str) -> int:
    """Raise the generation of a collection, which counts the changes of its chunks, and return it."""
    rows = db.execute(
        "UPDATE collections SET generation = generation + 1 WHERE id = ? RETURNING generation", (collection_id,)
    )
    return int(next(iter(rows))[0])


def find_history_start(db: apsw.Connection, collection_id: str) -> int:
    """Return the generation before which there is no record of removed chunks."""
    rows = db.execute("SELECT history_from FROM collections WHERE id = ?", (collection_id,))
    return next((int(row[0]) for row in rows), 0)


def encode_passport(passport: EmbedderPassport) -> str:
    """Return the stored form of a passport."""
    return msgspec.json.encode(passport).decode()


def _collection(row: tuple[Any, ...]) -> Collection:
    id_, owner, name, created_at, generation, passport, rules, label, description, metadata, days, used_at, access = row
    return Collection(
        id_,
        owner,
        name,
        created_at,
        generation,
        passport=msgspec.json.decode(passport, type=EmbedderPassport),
        rules=rules,
        label=label,
        description=description,
        metadata=msgspec.json.decode(metadata, type=dict[str, str]),
        expires_after_days=days,
        last_active_at=used_at,
        access=access,
    )
