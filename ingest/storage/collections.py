# pyright: basic
"""Rows of collections. In the caller's transaction."""

import time
import uuid
from typing import Any

import apsw
import msgspec

from ingest.errors import CollectionExistsError, CollectionNotFoundError
from ingest.principals import LOCAL
from ingest.storage import quotes
from ingest.storage.paging import KeyRange
from ingest.types import Collection, EmbedderPassport

_COLUMNS = "id, owner, name, created_at, generation, passport, rules"
_VISIBLE = (
    f"SELECT {_COLUMNS}, access FROM collection_access JOIN collections ON id = collection_id"  # noqa: S608 (constants)
    " WHERE viewer = ?1"
)
"""The collections that a viewer sees, see `ingest.storage.shares`."""


def insert(db: apsw.Connection, owner: str, name: str, passport: EmbedderPassport) -> Collection:
    """Add an empty collection; raises `CollectionExistsError`."""
    collection = Collection(f"vs_{uuid.uuid4().hex[:24]}", owner, name, int(time.time()), 0, passport)
    try:
        db.execute(
            f"INSERT INTO collections ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, '')",  # noqa: S608 (constant columns)
            (collection.id, owner, name, collection.created_at, 0, encode_passport(passport)),
        )
    except apsw.ConstraintError:
        raise CollectionExistsError(name=name) from None
    return collection


def find(db: apsw.Connection, viewer: str, name_or_id: str) -> Collection:
    """Return the collection with this id, else with this name; raises `CollectionNotFoundError`.

    Of several with this name it is the viewer's own one, else the administrator's, else the oldest.
    """
    sql = (
        f"{_VISIBLE} AND (id = ?2 OR name = ?2 AND rebuild_of IS NULL)"
        " ORDER BY id = ?2 DESC, owner = ?1 DESC, owner = ?3 DESC, created_at, id"
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


def rename(db: apsw.Connection, collection_id: str, name: str) -> None:
    """Give a collection another name; raises `CollectionExistsError`."""
    try:
        db.execute("UPDATE collections SET name = ? WHERE id = ?", (name, collection_id))
    except apsw.ConstraintError:
        raise CollectionExistsError(name=name) from None


def set_rules(db: apsw.Connection, collection_id: str, rules: str) -> None:
    """Replace the rules that a model gets for answers from a collection."""
    db.execute("UPDATE collections SET rules = ? WHERE id = ?", (rules, collection_id))


def delete(db: apsw.Connection, collection_id: str) -> None:
    """Delete a collection with its documents, chunks and vectors, and their text from conversations."""
    quotes.forget_collection(db, collection_id)
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
    id_, owner, name, created_at, generation, passport, rules, access = row
    decoded = msgspec.json.decode(passport, type=EmbedderPassport)
    return Collection(id_, owner, name, created_at, generation, decoded, rules, access)
