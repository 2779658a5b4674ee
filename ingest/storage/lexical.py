# pyright: basic
"""Lexical search: BM25 over the terms of chunks, in an FTS5 index.

The score is FTS5's `bm25()`: Okapi BM25 with k1 = 1.2, b = 0.75 and IDF ln((N - n + 0.5) / (n + 0.5)), which FTS5 keeps
above 0, over two columns of different weight. N, n and the average length count the chunks of the whole library, so
that a chunk has the same score in whatever collection it is searched. FTS5's scores are negative; here higher is
better. Terms are those of `ingest.text.analyzer`.
"""

from collections.abc import Iterable, Sequence
from itertools import compress

import apsw
import numpy as np
from numpy.typing import NDArray

from ingest.storage.database import json_array
from ingest.types import DocumentFrequencies

ChunkIds = NDArray[np.int64]
"""Shape (n,), int64."""

CONTEXT_WEIGHT = 0.5
"""Weight of the column with title and headings; the text has 1. A term says less there than in the text itself."""
_SCORE = f"-bm25(chunks_fts, {CONTEXT_WEIGHT}, 1.0)"
MAX_MATCHES = 20_000
"""Chunks that are scored for one query. FTS5 scores every match, and common terms match most of a large library."""

MAX_LISTED_CHUNKS = 50_000
"""If filters let through no more chunks than these, they alone are scored."""
MAX_SMALL_COLLECTION = 5_000
"""A collection of no more chunks than these is small: to list its chunks and score them alone is faster."""

OVERSAMPLING, MIN_DEPTH = 10, 500
"""Otherwise the best matches of the whole library are filtered first: so many for one result, and at least so many."""


def search(
    db: apsw.Connection, collection_id: str, terms: Sequence[str], top_k: int, *, chunk_ids: ChunkIds | None = None
) -> list[tuple[int, float]]:
    """Return (chunk id, BM25 score) of the `top_k` best chunks that have any of the terms, the best first.

    Scores are positive; of equal ones the lower id comes first. In a large library the most common terms are left
    out: they say little, and cost the most. With `chunk_ids`, of these chunks alone; their scores stay the same.
    """
    expression = _expression(_select_terms(db, terms))
    if not expression:
        return []
    candidates = _list_chunks(db, collection_id, MAX_SMALL_COLLECTION + 1) if chunk_ids is None else chunk_ids
    if len(candidates) <= (MAX_SMALL_COLLECTION if chunk_ids is None else MAX_LISTED_CHUNKS):
        return _keep(db, collection_id, _match(db, expression, chunk_ids=candidates), chunk_ids, top_k)
    depth = max(OVERSAMPLING * top_k, MIN_DEPTH)
    best = _match(db, expression, depth)
    results = _keep(db, collection_id, best, chunk_ids, top_k)
    if len(results) == top_k or len(best) < depth:
        return results
    candidates = _list_chunks(db, collection_id) if chunk_ids is None else chunk_ids
    return _keep(db, collection_id, _match(db, expression), candidates, top_k)


def _match(
    db: apsw.Connection, expression: str, limit: int = -1, *, chunk_ids: ChunkIds | None = None
) -> list[tuple[int, float]]:
    """Return the best `limit` matches in the whole library, or of some chunks, and their scores, the best first."""
    sql = (  # the sign + has FTS5 go through the matches; it would look for each id by itself
        f"SELECT rowid, {_SCORE} AS score FROM chunks_fts WHERE chunks_fts MATCH ?1"  # noqa: S608 (a constant)
        " AND (?2 IS NULL OR +rowid IN (SELECT value FROM json_each(?2))) ORDER BY score DESC, rowid LIMIT ?3"
    )
    candidates = None if chunk_ids is None else json_array(chunk_ids.tolist())
    return [(int(row[0]), float(row[1])) for row in db.execute(sql, (expression, candidates, limit))]


def _keep(
    db: apsw.Connection, collection_id: str, matches: list[tuple[int, float]], chunk_ids: ChunkIds | None, top_k: int
) -> list[tuple[int, float]]:
    """Return the first `top_k` of those matches that are published chunks of a collection, and among `chunk_ids`."""
    if chunk_ids is not None:
        matches = list(compress(matches, np.isin([id_ for id_, _ in matches], chunk_ids)))
    sql = (  # the sign + keeps SQLite from walking through the whole collection
        "SELECT id FROM chunks WHERE id IN (SELECT value FROM json_each(?)) AND +collection_id = ?"
    )
    results: list[tuple[int, float]] = []
    for start in range(0, len(matches), MIN_DEPTH):
        batch = matches[start : start + MIN_DEPTH]
        ids = {int(row[0]) for row in db.execute(sql, (json_array(id_ for id_, _ in batch), collection_id))}
        results += [match for match in batch if match[0] in ids]
        if len(results) >= top_k:
            break
    return results[:top_k]


def _list_chunks(db: apsw.Connection, collection_id: str, limit: int = -1) -> ChunkIds:
    """Return the ids of the published chunks of a collection, `limit` at most; an SQL index has them."""
    rows = db.execute("SELECT id FROM chunks WHERE collection_id = ? LIMIT ?", (collection_id, limit))
    return np.array([row[0] for row in rows], dtype=np.int64)


def count_frequencies(db: apsw.Connection, terms: Iterable[str]) -> DocumentFrequencies:
    """Count the chunks that have each term; counting stops at `MAX_MATCHES` + 1."""
    return DocumentFrequencies({term: _count_matches(db, term) for term in terms}, _estimate_chunks(db))


def _select_terms(db: apsw.Connection, terms: Sequence[str]) -> list[str]:
    """Return the terms whose matches can all be scored, the rarest first; all of them in a small library."""
    if _estimate_chunks(db) <= MAX_MATCHES:
        return list(terms)
    selected: list[str] = []
    budget = MAX_MATCHES
    for count, term in sorted((_count_matches(db, term), term) for term in terms):
        budget -= count
        if budget < 0:
            break
        selected.append(term)
    return selected


def _estimate_chunks(db: apsw.Connection) -> int:
    """Return the highest chunk id, an upper bound of the number of chunks, which would take long to count."""
    return int(db.execute("SELECT max(id) FROM chunks").get or 0)


def _count_matches(db: apsw.Connection, term: str) -> int:
    """Count the chunks that have a term, up to `MAX_MATCHES` + 1."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM chunks_fts WHERE chunks_fts MATCH ? LIMIT ?)"
    return int(db.execute(sql, (_expression([term]), MAX_MATCHES + 1)).get)


def _expression(terms: Sequence[str]) -> str:
    """Return the FTS5 query for chunks that have any of the terms."""
    return " OR ".join(f'"{term}"' for term in terms)
