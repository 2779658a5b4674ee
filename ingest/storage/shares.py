# pyright: basic
"""Who may use which collection: its owner, and those with whom it is shared. In the caller's transaction.

The view `collection_access` has a row for each collection that a viewer sees; all that is read or changed for a
principal goes through it. The viewer `EVERY_OWNER` sees all collections.
"""

from collections.abc import Sequence
from typing import get_args

import apsw

from ingest.errors import CollectionNotFoundError, CollectionNotYoursError
from ingest.principals import EVERY_OWNER, Share, SharedAccess
from ingest.types import Access

VISIBLE = "(SELECT collection_id FROM collection_access WHERE viewer = ?1)"
"""The collections that the viewer, the first parameter of a statement, sees."""

_ORDER: Sequence[Access] = get_args(Access)


def check(db: apsw.Connection, viewer: str, collection_id: str, needed: Access) -> None:
    """Raise `CollectionNotFoundError` if a viewer does not see a collection, `CollectionNotYoursError` if it may not
    do what it wants to.
    """
    access = find_access(db, viewer, collection_id)
    if access is None:
        raise CollectionNotFoundError(collection=collection_id)
    if _ORDER.index(access) < _ORDER.index(needed):
        raise CollectionNotYoursError(collection=collection_id, access=access)


def find_access(db: apsw.Connection, viewer: str, collection_id: str) -> Access | None:
    """Return what a viewer may do with a collection; None if it does not see it."""
    sql = "SELECT access FROM collection_access WHERE viewer = ? AND collection_id = ?"
    return next((row[0] for row in db.execute(sql, (viewer, collection_id))), None)


def is_visible(db: apsw.Connection, viewer: str, collection_id: str) -> bool:
    """Whether a viewer sees a collection; `EVERY_OWNER` sees all, and nothing is looked up."""
    return viewer == EVERY_OWNER or find_access(db, viewer, collection_id) is not None


def filter_visible(db: apsw.Connection, viewer: str, collection_ids: Sequence[str]) -> list[str]:
    """Return those of some collections that a viewer sees."""
    return [id_ for id_ in collection_ids if is_visible(db, viewer, id_)]


def find_all(db: apsw.Connection, collection_id: str) -> list[Share]:
    """Return with whom a collection is shared, by name."""
    sql = "SELECT principal, access FROM shares WHERE collection_id = ? ORDER BY principal"
    return [Share(*row) for row in db.execute(sql, (collection_id,))]


def put(db: apsw.Connection, collection_id: str, principal: str, access: SharedAccess) -> None:
    """Share a collection with a principal, or change what that may do."""
    db.execute(
        "INSERT OR REPLACE INTO shares (collection_id, principal, access) VALUES (?, ?, ?)",
        (collection_id, principal, access),
    )


def delete(db: apsw.Connection, collection_id: str, principal: str) -> bool:
    """Share a collection with a principal no more; False if it was not shared with it."""
    db.execute("DELETE FROM shares WHERE collection_id = ? AND principal = ?", (collection_id, principal))
    return bool(db.changes())


def delete_of_principal(db: apsw.Connection, principal: str) -> None:
    """Share nothing with a principal any more."""
    db.execute("DELETE FROM shares WHERE principal = ?", (principal,))
