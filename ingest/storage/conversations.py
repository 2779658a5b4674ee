# pyright: basic
"""Rows of conversations and of their turns, which form a tree. In the caller's transaction."""

import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apsw
import msgspec

from ingest.conversation_types import ConversationRecord, NewTurn, StoredQuote, TurnRecord
from ingest.errors import ConversationNotFoundError, TurnNotFoundError
from ingest.storage import quotes
from ingest.storage.database import json_array
from ingest.storage.paging import KeyRange

MAX_TITLE_CHARS = 80

_REMARKS = msgspec.json.Decoder(tuple[str, ...])

_CONVERSATION = """
    SELECT c.id, c.title, c.created_at, c.updated_at, t.id,
           (SELECT count(*) FROM turns WHERE conversation = c.number), c.metadata
    FROM conversations c LEFT JOIN turns t ON t.number = c.current
"""
_TURN = """
    SELECT t.number, t.id, c.id, p.id, t.role, t.status, t.created_at, t.text, t.details, t.remarks
    FROM turns t JOIN conversations c ON c.number = t.conversation LEFT JOIN turns p ON p.number = t.parent
"""
_ABOVE = (
    "WITH RECURSIVE above (number, parent) AS (SELECT number, parent FROM turns WHERE number = ?"
    " UNION ALL SELECT t.number, t.parent FROM above JOIN turns t ON t.number = above.parent)"
)
_BELOW = (
    "WITH RECURSIVE below (number) AS (SELECT ?"
    " UNION ALL SELECT t.number FROM below JOIN turns t ON t.parent = below.number)"
)


def insert(db: apsw.Connection, owner: str, title: str, metadata: Mapping[str, str]) -> str:
    """Add a conversation without turns and return its id."""
    id_, now = f"conv_{uuid.uuid4().hex[:24]}", int(time.time())
    db.execute(
        "INSERT INTO conversations (id, owner, title, metadata, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        (id_, owner, title, _encoded(metadata), now, now),
    )
    return id_


def find(db: apsw.Connection, owner: str, id_: str) -> ConversationRecord:
    """Return a conversation; raises `ConversationNotFoundError`."""
    for row in db.execute(f"{_CONVERSATION} WHERE c.owner = ? AND c.id = ?", (owner, id_)):
        return _conversation(row)
    raise ConversationNotFoundError(conversation=id_)


def find_all(db: apsw.Connection, owner: str, terms: Sequence[str] = ()) -> list[ConversationRecord]:
    """Return conversations, the one that was used last at the end; with `terms` those that have all of them.

    A term may occur in the title or in any turn. Terms are those of `ingest.text.analyzer`.
    """
    rows = db.execute(f"{_matching(terms)} ORDER BY c.updated_at, c.number", (owner, *_phrases(terms)))
    return [_conversation(row) for row in rows]


def find_range(db: apsw.Connection, owner: str, keys: KeyRange, terms: Sequence[str] = ()) -> list[ConversationRecord]:
    """Return the conversations that `find_all` does, those in a range of their (updated_at, number)."""
    key = ("c.updated_at", "c.number")
    sql = f"{_matching(terms)} AND {keys.condition(*key)} ORDER BY {keys.order(*key)} LIMIT ?"
    values = (owner, *_phrases(terms), *keys.values(), keys.limit)
    return [_conversation(row) for row in db.execute(sql, values)]


def update(
    db: apsw.Connection, owner: str, id_: str, *, title: str | None = None, metadata: Mapping[str, str] | None = None
) -> None:
    """Set the title and the metadata of a conversation; None leaves them. Raises `ConversationNotFoundError`."""
    number = _number(db, owner, id_)
    if title is not None:
        db.execute("UPDATE conversations SET title = ? WHERE number = ?", (title, number))
    if metadata is not None:
        db.execute("UPDATE conversations SET metadata = ? WHERE number = ?", (_encoded(metadata), number))


def delete(db: apsw.Connection, owner: str, id_: str) -> None:
    """Delete a conversation with all its turns; raises `ConversationNotFoundError`."""
    db.execute("DELETE FROM conversations WHERE number = ?", (_number(db, owner, id_),))


def append(db: apsw.Connection, owner: str, id_: str, parent: str | None, turns: Iterable[NewTurn]) -> list[str]:
    """Add turns, each a child of the one before, the first a child of `parent` or a root; return their ids.

    The last one becomes the current turn. A conversation without a title gets that of its first question. Raises
    `ConversationNotFoundError` or `TurnNotFoundError`.
    """
    conversation = _number(db, owner, id_)
    above = None if parent is None else _turn_number(db, conversation, id_, parent)
    added: list[str] = []
    for turn in turns:
        added.append(f"msg_{uuid.uuid4().hex[:24]}")
        db.execute(
            "INSERT INTO turns (id, conversation, parent, role, status, created_at, text, is_verbatim, details,"
            " remarks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                added[-1],
                conversation,
                above,
                turn.role,
                turn.status,
                int(time.time()),
                turn.text,
                turn.is_verbatim,
                turn.details,
                _encoded(turn.remarks),
            ),
        )
        above = db.last_insert_rowid()
        quotes.insert(db, above, turn.quotes)
        if turn.role == "user":
            sql = "UPDATE conversations SET title = ? WHERE number = ? AND title = ''"
            db.execute(sql, (shorten_title(turn.text), conversation))
    if added:
        _make_current(db, conversation, above)
    return added


def read_turns(db: apsw.Connection, owner: str, id_: str) -> list[TurnRecord]:
    """Return every turn of a conversation, the oldest first; raises `ConversationNotFoundError`."""
    return _records(db, f"{_TURN} WHERE t.conversation = ? ORDER BY t.number", (_number(db, owner, id_),))


def read_path(db: apsw.Connection, owner: str, id_: str, leaf: str | None) -> list[TurnRecord]:
    """Return the turns from the root to `leaf`, or to the current turn; none if there is no turn.

    Raises `ConversationNotFoundError` or `TurnNotFoundError`.
    """
    number = _number(db, owner, id_)
    if leaf is None:
        last = db.execute("SELECT current FROM conversations WHERE number = ?", (number,)).get
    else:
        last = _turn_number(db, number, id_, leaf)
    # A turn is newer than its ancestors.
    sql = f"{_ABOVE} {_TURN} WHERE t.number IN (SELECT number FROM above) ORDER BY t.number"  # noqa: S608 (constants)
    return _records(db, sql, (last,))


def choose(db: apsw.Connection, owner: str, id_: str, turn: str) -> None:
    """Make the newest descendant of a turn the current turn; raises as `read_path` does."""
    conversation = _number(db, owner, id_)
    newest = _newest_below(db, _turn_number(db, conversation, id_, turn))
    db.execute("UPDATE conversations SET current = ? WHERE number = ?", (newest, conversation))


def delete_turn(db: apsw.Connection, owner: str, id_: str, turn: str) -> None:
    """Delete a turn and its descendants; raises as `read_path` does.

    If the current turn was among them, the newest descendant of their parent becomes the current one.
    """
    conversation = _number(db, owner, id_)
    number = _turn_number(db, conversation, id_, turn)
    parent = db.execute("SELECT parent FROM turns WHERE number = ?", (number,)).get
    db.execute(f"{_BELOW} DELETE FROM turns WHERE number IN (SELECT number FROM below)", (number,))  # noqa: S608
    current = db.execute("SELECT current FROM conversations WHERE number = ?", (conversation,)).get
    if any(True for _ in db.execute("SELECT 1 FROM turns WHERE number = ?", (current,))):
        return
    if parent is None:
        newest = db.execute("SELECT max(number) FROM turns WHERE conversation = ?", (conversation,)).get
    else:
        newest = _newest_below(db, parent)
    db.execute("UPDATE conversations SET current = ? WHERE number = ?", (newest, conversation))


def _matching(terms: Sequence[str]) -> str:
    """Return the query for an owner's conversations that have each of some terms in their title or in any turn."""
    has_term = (
        " AND c.number IN (SELECT conversation FROM turns WHERE number IN"
        " (SELECT rowid FROM turns_fts WHERE turns_fts MATCH ?)"
        " UNION ALL SELECT rowid FROM titles_fts WHERE titles_fts MATCH ?)"
    )
    return f"{_CONVERSATION} WHERE c.owner = ?{has_term * len(terms)}"


def _phrases(terms: Sequence[str]) -> list[str]:
    """Return the parameters of `_matching`: each term as an FTS5 string, once for turns and once for titles."""
    return [f'"{term}"' for term in terms for _ in range(2)]


def _newest_below(db: apsw.Connection, turn: int) -> int:
    """Return the newest of a turn and its descendants, which is a leaf."""
    return int(db.execute(f"{_BELOW} SELECT max(number) FROM below", (turn,)).get)  # noqa: S608 (constants)


def shorten_title(question: str) -> str:
    """Return a question on one line, cut after a word if it is too long for a title."""
    line = " ".join(question.split())
    if len(line) <= MAX_TITLE_CHARS:
        return line
    cut = line[: MAX_TITLE_CHARS - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[MAX_TITLE_CHARS // 2 :] else cut) + "…"


def _make_current(db: apsw.Connection, conversation: int, turn: int | None) -> None:
    db.execute(
        "UPDATE conversations SET current = ?, updated_at = ? WHERE number = ?", (turn, int(time.time()), conversation)
    )


def _number(db: apsw.Connection, owner: str, id_: str) -> int:
    for row in db.execute("SELECT number FROM conversations WHERE owner = ? AND id = ?", (owner, id_)):
        return int(row[0])
    raise ConversationNotFoundError(conversation=id_)


def _turn_number(db: apsw.Connection, conversation: int, id_: str, turn: str) -> int:
    for row in db.execute("SELECT number FROM turns WHERE conversation = ? AND id = ?", (conversation, turn)):
        return int(row[0])
    raise TurnNotFoundError(conversation=id_, turn=turn)


def _records(db: apsw.Connection, sql: str, values: tuple[Any, ...]) -> list[TurnRecord]:
    rows = list(db.execute(sql, values))
    shown = quotes.read_quotes(db, [row[0] for row in rows])
    versions = _versions(db, [row[0] for row in rows])
    return [_turn(row, shown.get(row[0], []), versions[row[0]]) for row in rows]


def _versions(db: apsw.Connection, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return for each of some turns of one conversation the ids of the children of its parent, the oldest first."""
    sql = (
        "SELECT t.number, other.id FROM turns t CROSS JOIN turns other ON other.parent = t.parent"
        " WHERE t.number IN (SELECT value FROM json_each(?1)) AND t.parent IS NOT NULL"
        " UNION ALL SELECT t.number, other.id FROM turns t CROSS JOIN turns other"
        " ON other.conversation = t.conversation AND other.parent IS NULL"
        " WHERE t.number IN (SELECT value FROM json_each(?1)) AND t.parent IS NULL"
    )
    siblings: dict[int, list[str]] = {}
    for number, id_ in db.execute(f"SELECT * FROM ({sql})", (json_array(numbers),)):  # noqa: S608 (constant)
        siblings.setdefault(number, []).append(id_)
    return {number: tuple(ids) for number, ids in siblings.items()}


def _conversation(row: tuple[Any, ...]) -> ConversationRecord:
    id_, title, created_at, updated_at, current, turns, metadata = row
    decoded = msgspec.json.decode(metadata, type=dict[str, str])
    return ConversationRecord(id_, title, created_at, updated_at, current, turns, decoded)


def _turn(row: tuple[Any, ...], shown: Sequence[StoredQuote], versions: tuple[str, ...]) -> TurnRecord:
    _, id_, conversation_id, parent, role, status, created_at, text, details, remarks = row
    return TurnRecord(
        id=id_,
        conversation_id=conversation_id,
        parent=parent,
        role=role,
        status=status,
        created_at=created_at,
        text=text,
        details=details,
        remarks=_REMARKS.decode(remarks),
        quotes=tuple(shown),
        versions=versions,
    )


def _encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()
