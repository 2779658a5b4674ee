# pyright: basic
"""Rows of stored responses: what was asked, what was answered, and which documents that was read in.

In the caller's transaction. A response goes with the first of its documents, also if a newer version takes that one's
place: nobody can tell which of its words are the document's.
"""

import time
from collections.abc import Iterable

import apsw

from ingest.errors import ResponseNotFoundError
from ingest.types import DocumentKey, StoredResponse

_COLUMNS = "id, body, input, previous"


def put(db: apsw.Connection, owner: str, response: StoredResponse, documents: Iterable[DocumentKey]) -> None:
    """Add a response, or replace its body; it goes if one of the documents that it has read was removed meanwhile."""
    db.execute(
        "INSERT INTO responses (id, owner, created_at, body, input, previous) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        (response.id, owner, int(time.time()), response.body, response.input, response.previous),
    )
    number = db.execute("SELECT number FROM responses WHERE id = ?", (response.id,)).get
    db.executemany(
        "INSERT OR IGNORE INTO response_documents (response, collection_id, file_id) VALUES (?, ?, ?)",
        [(number, document.collection_id, document.file_id) for document in documents],
    )
    # What a response follows, it has read, and what that has read with it.
    db.execute(
        "INSERT OR IGNORE INTO response_documents (response, collection_id, file_id) SELECT ?, r.collection_id,"
        " r.file_id FROM response_documents r JOIN responses p ON p.number = r.response WHERE p.id = ? AND p.owner = ?",
        (number, response.previous, owner),
    )
    is_gone = (
        "SELECT 1 FROM response_documents r WHERE r.response = ? AND NOT EXISTS (SELECT 1 FROM documents d"
        " WHERE d.collection_id = r.collection_id AND d.file_id = r.file_id)"
    )
    if any(True for _ in db.execute(is_gone, (number,))):
        db.execute("DELETE FROM responses WHERE number = ?", (number,))


def find(db: apsw.Connection, owner: str, id_: str) -> StoredResponse:
    """Return a response; raises `ResponseNotFoundError`."""
    for row in db.execute(f"SELECT {_COLUMNS} FROM responses WHERE owner = ? AND id = ?", (owner, id_)):  # noqa: S608
        return StoredResponse(*row)
    raise ResponseNotFoundError(response=id_)


def find_chain(db: apsw.Connection, owner: str, id_: str, limit: int) -> list[StoredResponse]:
    """Return a response and those that it follows, the oldest first, at most `limit`; raises `ResponseNotFoundError`.

    One that was deleted ends the chain with that error: the chat before it is not known any more.
    """
    chain = [find(db, owner, id_)]
    while chain[-1].previous and len(chain) < limit:
        chain.append(find(db, owner, chain[-1].previous))
    return chain[::-1]


def delete(db: apsw.Connection, owner: str, id_: str) -> None:
    """Delete a response; raises `ResponseNotFoundError`."""
    db.execute("DELETE FROM responses WHERE owner = ? AND id = ?", (owner, id_))
    if not db.changes():
        raise ResponseNotFoundError(response=id_)


def delete_of_owner(db: apsw.Connection, owner: str) -> None:
    """Delete all responses of an owner."""
    db.execute("DELETE FROM responses WHERE owner = ?", (owner,))


def has_older(db: apsw.Connection, created_before: int) -> bool:
    """Whether any response is older, whoever owns it."""
    return any(True for _ in db.execute("SELECT 1 FROM responses WHERE created_at < ? LIMIT 1", (created_before,)))


def delete_older(db: apsw.Connection, created_before: int, limit: int) -> None:
    """Delete at most `limit` responses that are older, whoever owns them."""
    sql = (
        "DELETE FROM responses WHERE number IN"
        " (SELECT number FROM responses WHERE created_at < ? ORDER BY created_at LIMIT ?)"
    )
    db.execute(sql, (created_before, limit))


def forget_document(db: apsw.Connection, collection_id: str, file_id: str) -> None:
    """Delete the responses that have read a document that is removed, or replaced by a newer version."""
    _forget(db, "collection_id = ? AND file_id = ?", (collection_id, file_id))


def forget_collection(db: apsw.Connection, collection_id: str) -> None:
    """Delete the responses that have read a document of a collection that is removed."""
    _forget(db, "collection_id = ?", (collection_id,))


def _forget(db: apsw.Connection, rule: str, values: tuple[str, ...]) -> None:
    sql = f"DELETE FROM responses WHERE number IN (SELECT response FROM response_documents WHERE {rule})"  # noqa: S608
    db.execute(sql, values)
