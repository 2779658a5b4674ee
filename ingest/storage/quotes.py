# pyright: basic
"""Rows of the quotes in stored conversations, and their removal with a document. In the caller's transaction."""

from collections.abc import Iterable, Mapping
from typing import Any

import apsw
import msgspec

from ingest.conversation_types import SourceState, StoredQuote
from ingest.storage.database import json_array
from ingest.types import Box

COVER = "█"
"""Replaces every character of a span that was removed from a text, so that all offsets stay."""

_QUOTE = """
    SELECT q.turn, q.collection_id, q.file_id, q.source, q.filename, q.page, q.place, q.start_offset, q.end_offset,
           q.quote, q.boxes, q.answer_start, q.answer_end, q.is_removed, d.id, coalesce(d.status, '')
    FROM quotes q LEFT JOIN documents d ON d.collection_id = q.collection_id AND d.file_id = q.file_id
"""
_OTHER_VERSION = "SELECT 1 FROM documents d WHERE d.collection_id = {collection_id} AND d.source = {source}"


def insert(db: apsw.Connection, turn: int, quotes: Iterable[StoredQuote]) -> None:
    """Add the quotes of a turn in order, without their text if their document was removed meanwhile."""
    for position, quote in enumerate(quotes):
        db.execute(
            "INSERT INTO quotes (turn, position, collection_id, file_id, source, filename, page, place, start_offset,"
            " end_offset, quote, boxes, answer_start, answer_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                turn,
                position,
                quote.collection_id,
                quote.file_id,
                quote.source,
                quote.filename,
                quote.page,
                quote.place,
                quote.start,
                quote.end,
                quote.quote,
                msgspec.json.encode(quote.boxes).decode(),
                quote.answer_start,
                quote.answer_end,
            ),
        )
    other = _OTHER_VERSION.format(source="quotes.source", collection_id="quotes.collection_id")
    is_gone = (
        "NOT EXISTS (SELECT 1 FROM documents d WHERE d.collection_id = quotes.collection_id"  # noqa: S608 (constants)
        " AND d.file_id = quotes.file_id)"
        f" AND NOT EXISTS ({other})"
    )
    _forget(db, f"turn = ? AND {is_gone}", (turn,))


def read_quotes(db: apsw.Connection, turns: Iterable[int]) -> Mapping[int, list[StoredQuote]]:
    """Return the quotes of each of some turns in order, each with the state of its source."""
    sql = f"{_QUOTE} WHERE q.turn IN (SELECT value FROM json_each(?)) ORDER BY q.turn, q.position"  # noqa: S608
    by_turn: dict[int, list[StoredQuote]] = {}
    for row in list(db.execute(sql, (json_array(turns),))):
        by_turn.setdefault(row[0], []).append(_stored_quote(db, row))
    return by_turn


def forget_document(db: apsw.Connection, collection_id: str, file_id: str, source: str) -> None:
    """Remove the text of a document that was just deleted from a collection from every conversation.

    The text of older versions of its source is removed with the last document of that source.
    """
    _forget(db, "collection_id = ? AND file_id = ?", (collection_id, file_id))
    sql = _OTHER_VERSION.format(source="?1", collection_id="?2")
    if not any(True for _ in db.execute(sql, (source, collection_id))):
        _forget(db, "source = ? AND collection_id = ?", (source, collection_id))


def forget_collection(db: apsw.Connection, collection_id: str) -> None:
    """Take the words of all documents of a collection that is removed out of every conversation."""
    _forget(db, "collection_id = ?", (collection_id,))


def rename_source(db: apsw.Connection, file_id: str, old: str, new: str) -> None:
    """Rename the source in quotes, so that the next version of a moved file counts as a change of it."""
    db.execute(
        "UPDATE quotes SET source = ?1 WHERE source = ?2 AND collection_id IN"
        " (SELECT collection_id FROM documents WHERE file_id = ?3)",
        (new, old, file_id),
    )


def rename_in_collection(db: apsw.Connection, collection_id: str, old: str, new: str) -> None:
    """Rename the source in the quotes from one collection, so that the document that replaces it counts as a change."""
    db.execute("UPDATE quotes SET source = ? WHERE source = ? AND collection_id = ?", (new, old, collection_id))


def _forget(db: apsw.Connection, rule: str, values: tuple[Any, ...]) -> None:
    """Empty the quotes that match a condition, and the remarks of their turns."""
    matching = f"FROM quotes WHERE is_removed = 0 AND {rule}"
    turns = json_array({row[0] for row in db.execute(f"SELECT turn {matching}", values)})
    spans = (
        f"SELECT turn, answer_start, answer_end {matching} AND answer_start IS NOT NULL"  # noqa: S608 (constant rules)
        " AND turn IN (SELECT number FROM turns WHERE is_verbatim)"
    )
    for turn, start, end in list(db.execute(spans, values)):
        _cover(db, turn, start, end)
    db.execute(
        "UPDATE quotes SET quote = '', place = '', boxes = '[]', source = '', is_removed = 1"  # noqa: S608
        f" WHERE is_removed = 0 AND {rule}",
        values,
    )
    db.execute(
        "UPDATE turns SET remarks = '[]' WHERE remarks != '[]' AND number IN (SELECT value FROM json_each(?))", (turns,)
    )


def _cover(db: apsw.Connection, turn: int, start: int, end: int) -> None:
    """Replace a span of a turn's text by `COVER`."""
    db.execute(
        "UPDATE turns SET text = substr(text, 1, ?2) || ?4 || substr(text, ?3 + 1) WHERE number = ?1",
        (turn, start, end, COVER * (end - start)),
    )


def _stored_quote(db: apsw.Connection, row: tuple[Any, ...]) -> StoredQuote:
    _, collection_id, file_id, source, filename, page, place, start, end, quote, boxes, *rest = row
    answer_start, answer_end, is_removed, document_id, status = rest
    state: SourceState = "unchanged"
    if is_removed:
        state = "removed"
    elif document_id is None:
        state = _state_without_document(db, collection_id, source)
    elif status in ("done", "warning") and _text(db, document_id, start, end) != quote:
        state = "changed"  # the same file, read in another way
    return StoredQuote(
        collection_id=collection_id,
        file_id=file_id,
        source=source,
        filename=filename,
        page=page,
        place=place,
        start=start,
        end=end,
        quote=quote,
        boxes=msgspec.json.decode(boxes, type=tuple[Box, ...]),
        answer_start=answer_start,
        answer_end=answer_end,
        state=state,
    )


def _state_without_document(db: apsw.Connection, collection_id: str, source: str) -> SourceState:
    sql = _OTHER_VERSION.format(source="?1", collection_id="?2")
    return "changed" if any(True for _ in db.execute(sql, (source, collection_id))) else "removed"


def _text(db: apsw.Connection, document_id: int, start: int, end: int) -> str:
    """Return `[start, end)` of a document's text, from the pages of that span alone."""
    sql = (
        "SELECT substr(text, max(?2 - start_offset, 0) + 1, ?3 - max(?2, start_offset)) FROM pages"
        " WHERE document_id = ?1 AND start_offset < ?3 AND number >= coalesce("
        " (SELECT max(number) FROM pages WHERE document_id = ?1 AND start_offset <= ?2), 1) ORDER BY number"
    )
    return "".join(row[0] for row in db.execute(sql, (document_id, start, end)))
