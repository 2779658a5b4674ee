# pyright: basic
"""Search by words in the FTS5 index over the chunks."""

from collections.abc import Collection, Iterable, Sequence

import apsw

from ingest.storage.database import json_array
from ingest.types import WordFrequencies

CONTEXT_WEIGHT = 0.5
"""A word in the title or heading says less than one in the text itself."""
MAX_MATCHES = 20_000
"""Chunks that are scored for one query. FTS5 scores every match, and common words match most of a large library."""

OVERSAMPLING, LEAST_DEPTH = 10, 500
"""How many of the best of the whole library are looked at first: to ask of every match where it belongs takes long."""

_SCORE = f"-bm25(chunks_fts, {CONTEXT_WEIGHT}, 1.0)"
_IS_WANTED = (  # the sign + keeps SQLite from walking through the whole collection
    "+chunks.collection_id = ?2 AND (?3 IS NULL OR chunks.document_id IN"
    " (SELECT id FROM documents WHERE collection_id = ?2 AND file_id IN (SELECT value FROM json_each(?3))))"
)


def search(
    db: apsw.Connection, collection_id: str, words: Sequence[str], top_k: int, *, only: Collection[str] | None = None
) -> list[tuple[int, float]]:
    """Return (chunk id, BM25 score) of the best matches of some of the words, the best first; scores are positive.

    In a large library the most common words are left out: they say little, and cost the most. Where `only` is given,
    of the documents of these files alone; their scores are the same as without it.
    """
    expression = _expression(_telling(db, words))
    if not expression:
        return []
    chosen = None if only is None else json_array(only)
    depth = max(OVERSAMPLING * top_k, LEAST_DEPTH)
    sql = f"SELECT rowid, {_SCORE} AS score FROM chunks_fts WHERE chunks_fts MATCH ? ORDER BY score DESC, rowid LIMIT ?"  # noqa: S608
    best = [(int(row[0]), float(row[1])) for row in db.execute(sql, (expression, depth))]
    wanted = _those_of(db, collection_id, [id_ for id_, _ in best], chosen)
    found = [(id_, score) for id_, score in best if id_ in wanted][:top_k]
    if len(found) == top_k or len(best) < depth:
        return found
    sql = (  # a small collection beside a large one, or a narrow filter
        f"SELECT chunks_fts.rowid, {_SCORE} AS score FROM chunks_fts JOIN chunks ON chunks.id = chunks_fts.rowid"  # noqa: S608
        f" WHERE chunks_fts MATCH ?1 AND {_IS_WANTED} ORDER BY score DESC, chunks.id LIMIT ?4"
    )
    return [(int(row[0]), float(row[1])) for row in db.execute(sql, (expression, collection_id, chosen, top_k))]


def _those_of(db: apsw.Connection, collection_id: str, ids: Sequence[int], chosen: str | None) -> set[int]:
    """Return those of some chunks that a search in a collection may find."""
    sql = f"SELECT id FROM chunks WHERE id IN (SELECT value FROM json_each(?1)) AND {_IS_WANTED}"  # noqa: S608
    return {int(row[0]) for row in db.execute(sql, (json_array(ids), collection_id, chosen))}


def frequencies(db: apsw.Connection, words: Iterable[str]) -> WordFrequencies:
    """Count the chunks that words stand in; the count of a word ends above `MAX_MATCHES`."""
    return WordFrequencies({word: _matches(db, word) for word in words}, _most_chunks(db))


def _telling(db: apsw.Connection, words: Sequence[str]) -> list[str]:
    """Return the words whose matches can all be scored, the rarest first; all of them in a small library."""
    if _most_chunks(db) <= MAX_MATCHES:
        return list(words)
    matches = sorted((_matches(db, word), word) for word in words)
    taken: list[str] = []
    left = MAX_MATCHES
    for count, word in matches:
        left -= count
        if left < 0:
            break
        taken.append(word)
    return taken


def _most_chunks(db: apsw.Connection) -> int:
    """Return at least the number of chunks; to count them would take longer the more there are."""
    return int(db.execute("SELECT max(id) FROM chunks").get or 0)


def _matches(db: apsw.Connection, word: str) -> int:
    """Count the chunks that have a word, as far as it matters: the count ends above `MAX_MATCHES`."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM chunks_fts WHERE chunks_fts MATCH ? LIMIT ?)"
    return int(db.execute(sql, (_expression([word]), MAX_MATCHES + 1)).get)


def _expression(words: Sequence[str]) -> str:
    """Return words as an FTS5 query for chunks that have any of them."""
    return " OR ".join(f'"{word}"' for word in words)
