# pyright: basic
"""Documents by their names, in an FTS5 index of file names and titles. In the caller's transaction."""

from collections.abc import Sequence

import apsw

from ingest.storage.database import json_array
from ingest.text.analyzer import extract_query_terms
from ingest.text.names import MIN_ABBREVIATION
from ingest.types import DocumentName

_NAMED = """
    SELECT d.collection_id, d.file_id, f.filename, d.title FROM names_fts n
    CROSS JOIN documents d ON d.id = n.rowid CROSS JOIN files f ON f.id = d.file_id
    WHERE names_fts MATCH ? AND d.chunk_count > 0 AND d.collection_id IN (SELECT value FROM json_each(?))
    LIMIT ?
"""


def find_by_keys(
    db: apsw.Connection, collection_ids: Sequence[str], keys: Sequence[str], limit: int
) -> list[DocumentName]:
    """Return at most `limit` documents that have one of the keys of `ingest.text.names`."""
    return _find(db, collection_ids, " OR ".join(f'keys : "{key}"' for key in keys), limit)


def find_by_words(
    db: apsw.Connection, collection_ids: Sequence[str], words: Sequence[str], limit: int
) -> list[DocumentName]:
    """Return at most `limit` documents whose file name and title have every one of the words.

    A word that begins another one stands for it, in either direction.
    """
    terms = extract_query_terms(" ".join(words))
    return _find(db, collection_ids, " AND ".join(map(_expression, terms)), limit)


def _find(db: apsw.Connection, collection_ids: Sequence[str], expression: str, limit: int) -> list[DocumentName]:
    if not expression:
        return []
    return [DocumentName(*row) for row in db.execute(_NAMED, (expression, json_array(collection_ids), limit))]


def _expression(term: str) -> str:
    shorter = [term[:length] for length in range(MIN_ABBREVIATION, len(term))]
    longer = f'"{term}"' + (" *" if len(term) >= MIN_ABBREVIATION else "")
    return "(" + " OR ".join([f"words : {longer}", *(f'words : "{prefix}"' for prefix in shorter)]) + ")"
