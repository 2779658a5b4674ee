# pyright: basic
"""Search by words in the FTS5 index over the chunks."""

from collections.abc import Iterable, Sequence
from itertools import compress

import apsw
import numpy as np
from numpy.typing import NDArray

from ingest.storage.database import json_array
from ingest.types import DocumentFrequencies

Ids = NDArray[np.int64]

CONTEXT_WEIGHT = 0.5
"""A word in the title or heading says less than one in the text itself."""
_SCORE = f"-bm25(chunks_fts, {CONTEXT_WEIGHT}, 1.0)"
MAX_MATCHES = 20_000
"""Chunks that are scored for one query. FTS5 scores every match, and common words match most of a large library."""

FEW_CHUNKS = 50_000
"""Where no more chunks than these may be found, they alone are scored."""
SMALL_COLLECTION = 5_000
"""To list the chunks of a collection in order to know that they are few pays up to so many."""

OVERSAMPLING, LEAST_DEPTH = 10, 500
"""Else, how many of the best of the whole library are looked at first: to look at every match takes longer."""


def search(
    db: apsw.Connection, collection_id: str, words: Sequence[str], top_k: int, *, among: Ids | None = None
) -> list[tuple[int, float]]:
    """Return (chunk id, BM25 score) of the best matches of some of the words, the best first; scores are positive.

    In a large library the most common words are left out: they say little, and cost the most. Where `among` is given,
    of the chunks with these ids alone; their scores are the same as without it.
    """
    expression = _expression(_telling(db, words))
    if not expression:
        return []
    chosen = _chunks_of(db, collection_id, SMALL_COLLECTION + 1) if among is None else among
    if len(chosen) <= (SMALL_COLLECTION if among is None else FEW_CHUNKS):
        return _wanted(db, collection_id, _matching(db, expression, only=chosen), among, top_k)
    depth = max(OVERSAMPLING * top_k, LEAST_DEPTH)
    best = _matching(db, expression, depth)
    found = _wanted(db, collection_id, best, among, top_k)
    if len(found) == top_k or len(best) < depth:
        return found
    chosen = _chunks_of(db, collection_id) if among is None else among
    return _wanted(db, collection_id, _matching(db, expression), chosen, top_k)


def _matching(
    db: apsw.Connection, expression: str, most: int = -1, *, only: Ids | None = None
) -> list[tuple[int, float]]:
    """Return the best `most` matches in the whole library, or among some chunks, and their scores, the best first."""
    sql = (  # the sign + has FTS5 go through the matches; it would look for each id by itself
        f"SELECT rowid, {_SCORE} AS score FROM chunks_fts WHERE chunks_fts MATCH ?1"  # noqa: S608 (a constant)
        " AND (?2 IS NULL OR +rowid IN (SELECT value FROM json_each(?2))) ORDER BY score DESC, rowid LIMIT ?3"
    )
    chosen = None if only is None else json_array(only.tolist())
    return [(int(row[0]), float(row[1])) for row in db.execute(sql, (expression, chosen, most))]


def _wanted(
    db: apsw.Connection, collection_id: str, matches: list[tuple[int, float]], among: Ids | None, top_k: int
) -> list[tuple[int, float]]:
    """Return the first `top_k` of those matches that a search in a collection may find."""
    if among is not None:
        matches = list(compress(matches, np.isin([id_ for id_, _ in matches], among)))
    sql = (  # the sign + keeps SQLite from walking through the whole collection
        "SELECT id FROM chunks WHERE id IN (SELECT value FROM json_each(?)) AND +collection_id = ?"
    )
    found: list[tuple[int, float]] = []
    for start in range(0, len(matches), LEAST_DEPTH):
        part = matches[start : start + LEAST_DEPTH]
        there = {int(row[0]) for row in db.execute(sql, (json_array(id_ for id_, _ in part), collection_id))}
        found += [match for match in part if match[0] in there]
        if len(found) >= top_k:
            break
    return found[:top_k]


def _chunks_of(db: apsw.Connection, collection_id: str, most: int = -1) -> Ids:
    """Return the ids of all chunks that a search in a collection may find, or of so many; an index has them."""
    rows = db.execute("SELECT id FROM chunks WHERE collection_id = ? LIMIT ?", (collection_id, most))
    return np.array([row[0] for row in rows], dtype=np.int64)


def count_frequencies(db: apsw.Connection, words: Iterable[str]) -> DocumentFrequencies:
    """Count the chunks that words stand in; the count of a word ends above `MAX_MATCHES`."""
    return DocumentFrequencies({word: _matches(db, word) for word in words}, _most_chunks(db))


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
