# pyright: basic
"""Search by words in the FTS5 index over the chunks."""

import apsw

CONTEXT_WEIGHT = 0.5
"""A word in the title or heading says less than one in the text itself."""


def search(db: apsw.Connection, collection_id: str, expression: str, top_k: int) -> list[tuple[int, float]]:
    """Return (chunk id, BM25 score) of the best matches, the best first; scores are positive."""
    sql = (
        f"SELECT chunks_fts.rowid, -bm25(chunks_fts, {CONTEXT_WEIGHT}, 1.0) AS score"  # noqa: S608 (a constant)
        " FROM chunks_fts JOIN chunks ON chunks.id = chunks_fts.rowid"
        " WHERE chunks_fts MATCH ? AND chunks.collection_id = ? ORDER BY score DESC, chunks.id LIMIT ?"
    )
    return [(row[0], row[1]) for row in db.execute(sql, (expression, collection_id, top_k))]
