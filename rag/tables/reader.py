"""Read the whole table that a retrieved chunk is a part of: its rows may be in many chunks."""

from collections.abc import Sequence

import numpy as np

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.tables.headers import name_columns_by_first_row
from rag.tables.table import Table, continues, is_table, read_table

MAX_CHUNKS = 2_000
"""About 30,000 rows; the rows of a longer table are read around the chunk as far as this."""
_BATCH = 64


class TableReader:
    """Reads tables from a library. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def read_tables(self, chunks: Sequence[StoredChunk], *, limit: int) -> list[Table]:
        """Return the first `limit` tables of some chunks in the order given, each once; prose has none."""
        tables: list[Table] = []
        read: set[int] = set()
        for stored in chunks:
            if is_table(stored) and stored.id not in read and len(tables) < limit:
                parts = self._read_parts(stored)
                read.update(part.id for part in parts)
                tables.append(name_columns_by_first_row(read_table(parts)))
        return tables

    def _read_parts(self, stored: StoredChunk) -> list[StoredChunk]:
        """Return the chunks of a table in reading order, at most `MAX_CHUNKS`."""
        ids = np.sort(self._library.chunk_ids(stored.collection_id, frozenset({stored.file_id}))).tolist()
        position = ids.index(stored.id) if stored.id in ids else 0
        after = self._follow(stored, ids[position + 1 :], forwards=True)
        before = self._follow(stored, ids[:position][::-1], forwards=False)
        return [*reversed(before), stored, *after]

    def _follow(self, stored: StoredChunk, ids: Sequence[int], *, forwards: bool) -> list[StoredChunk]:
        """Return the chunks of the same table after or before one, the nearest first."""
        parts: list[StoredChunk] = []
        last = stored
        for start in range(0, min(len(ids), MAX_CHUNKS), _BATCH):
            for chunk in self._library.chunks(list(ids[start : start + _BATCH])):
                if not (continues(last, chunk) if forwards else continues(chunk, last)):
                    return parts
                parts.append(chunk)
                last = chunk
        return parts
