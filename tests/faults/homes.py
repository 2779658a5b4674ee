"""What a home says of itself, and what must be true of it however the last process ended."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from ingest.index.search_index import SearchIndex
from ingest.library.library import DATABASE_NAME, Library
from ingest.runtime.atomic_files import ABANDONED_SECONDS
from ingest.storage import counts
from tests.fakes import HashEmbedder
from tests.ingest.library_world import all_rows
from tests.raw_database import BEFORE_MIGRATION, raw_database

EMBEDDER = HashEmbedder(32)
QUERIES = ("blue pump", "red valve oil", "green")
TOP_K = 10
EVERYTHING = 100_000
KNOWN = {DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm", "files", "index", "scratch", BEFORE_MIGRATION}

State = dict[str, Any]


def age_leftovers(home: Path) -> None:
    """Make what a killed process was writing look as if that had been long ago."""
    long_ago = time.time() - 2 * ABANDONED_SECONDS
    for path in (*home.rglob("incoming-*"), *home.glob("library-before-v*.part-*")):
        os.utime(path, (long_ago, long_ago))


def look(home: Path) -> tuple[State, list[str]]:
    """Open a home as the next process would; return what it holds and what is wrong with it."""
    age_leftovers(home)
    library = Library(home)
    try:
        state = observe(library)
        return state, [
            *_problems_of_rows(home),
            *_problems_of_indexes(library, home),
            *_problems_of_files(home),
            *_problems_of_copies(home),
        ]
    finally:
        library.close()


def observe(library: Library) -> State:
    """Return all that a person could notice, without ids that differ from one run to the next."""
    index = SearchIndex(library)
    return {
        "files": sorted((file.source, file.filename, file.sha256) for file in library.files()),
        "documents": [
            [
                document.collection,
                document.source,
                document.status,
                document.reason,
                document.title,
                document.pages,
                library.document_text(document.collection_id, document.file_id),
                [
                    [each.chunk.text, each.chunk.context]
                    for each in library.document_chunks(document.collection_id, document.file_id)
                ],
            ]
            for document in library.documents()
        ],
        "conversations": sorted(
            (
                conversation.title,
                conversation.metadata,
                [
                    [turn.role, turn.text, turn.remarks, [[quote.state, quote.quote] for quote in turn.quotes]]
                    for turn in library.conversation_path(conversation.id)
                ],
            )
            for conversation in library.conversations()
        ),
        "hits": {
            f"{collection.name}: {query}": _hits(library, index, collection.id, query)
            for collection in library.collections()
            for query in QUERIES
        },
    }


def _hits(library: Library, index: SearchIndex, collection_id: str, query: str) -> list[Any]:
    dense = index.search_dense(collection_id, EMBEDDER.embed_query(query), TOP_K)
    lexical = index.search_lexical(collection_id, query, TOP_K)
    return [
        sorted((round(score, 3), *map(str, _texts(library, [id_]))) for id_, score in found)
        for found in (dense, lexical)
    ]


def _texts(library: Library, ids: list[int]) -> list[str]:
    return [each.chunk.text for each in library.chunks(ids)]


def _problems_of_rows(home: Path) -> Iterator[str]:
    """The database is sound, every chunk has its vector, and what was not read to its end has left nothing."""
    db = raw_database(home / DATABASE_NAME)
    try:
        if (said := list(db.execute("PRAGMA integrity_check"))) != [("ok",)]:
            yield f"integrity_check: {said}"
        if said := list(db.execute("PRAGMA foreign_key_check")):
            yield f"foreign_key_check: {said}"
        try:
            for index in ("chunks_fts", "names_fts", "turns_fts", "titles_fts"):
                db.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")  # noqa: S608
        except apsw.CorruptError as error:
            yield f"the words of chunks, names or conversations are not what is searched: {error}"
        if not counts.are_counters_sound(db):
            yield "the counters of documents are wrong"
        for what, sql in _MUST_BE_EMPTY.items():
            if rows := list(db.execute(sql)):
                yield f"{what}: {rows}"
    finally:
        db.close()


_MUST_BE_EMPTY = {
    "chunks without a vector": "SELECT id FROM chunks WHERE id NOT IN (SELECT chunk_id FROM vectors)",
    "vectors without a chunk": "SELECT chunk_id FROM vectors WHERE chunk_id NOT IN (SELECT id FROM chunks)",
    "half documents": (
        "SELECT d.id, d.status FROM documents d WHERE d.status NOT IN ('done', 'warning') AND ("
        " d.chunk_count > 0 OR EXISTS (SELECT 1 FROM chunks WHERE document_id = d.id)"
        " OR EXISTS (SELECT 1 FROM pages WHERE document_id = d.id))"
    ),
    "documents nobody reads": "SELECT id FROM documents WHERE status = 'reading'",
    "wrong counts": (
        "SELECT d.id FROM documents d"
        " WHERE d.chunk_count != (SELECT count(*) FROM chunks WHERE document_id = d.id)"
        " OR d.page_count != (SELECT count(*) FROM pages WHERE document_id = d.id)"
    ),
    "chunks that no search finds": (
        "SELECT h.id FROM chunks h JOIN documents d ON d.id = h.document_id WHERE h.collection_id != d.collection_id"
    ),
}


def _problems_of_indexes(library: Library, home: Path) -> Iterator[str]:
    """An index, whether loaded or built, has the rows of its collection and ranks them as a fresh one would."""
    index = SearchIndex(library)
    for collection in library.collections():
        rows = all_rows(library, collection.id)
        found = {id_ for id_, _ in index.search_dense(collection.id, EMBEDDER.embed_query("pump"), EVERYTHING)}
        if found != set(rows.added):
            yield f"{collection.name}: the index has {sorted(found)}, the rows are {rows.added}"
        for query in QUERIES if rows.added else ():
            scores = rows.vectors @ EMBEDDER.embed_query(query)
            best = np.sort(scores)[::-1][:TOP_K]
            ranked = [score for _, score in index.search_dense(collection.id, EMBEDDER.embed_query(query), TOP_K)]
            if not np.allclose(ranked, best, atol=1e-5):
                yield f"{collection.name}: {query!r} is ranked {ranked}, a fresh index ranks {best}"
        snapshot = library.snapshot(collection.id)
        if snapshot is not None and not (home / "index" / snapshot.filename).is_file():
            yield f"{collection.name}: its saved index is not there"


def _problems_of_copies(home: Path) -> Iterator[str]:
    """What was kept of an older format is sound, and nobody else may read it."""
    for path in home.glob("library-before-*.db"):
        db = raw_database(path, flags=apsw.SQLITE_OPEN_READONLY)
        try:
            if (said := list(db.execute("PRAGMA integrity_check"))) != [("ok",)]:
                yield f"{path.name}: {said}"
        finally:
            db.close()
        if path.stat().st_mode & 0o077:
            yield f"{path.name} can be read by others"


def _problems_of_files(home: Path) -> Iterator[str]:
    """Every original is whole and wanted, every saved index is recorded, and nothing else lies about."""
    db = raw_database(home / DATABASE_NAME)
    try:
        wanted = {row[0] for row in db.execute("SELECT sha256 FROM files")}
        indexes = {row[0] for row in db.execute("SELECT filename FROM snapshots")}
    finally:
        db.close()
    kept = {path.name: path for path in (home / "files").glob("??/*")}
    if set(kept) != wanted:
        yield f"originals {sorted(kept)} are not those of the files {sorted(wanted)}"
    if broken := [name for name, path in kept.items() if hashlib.sha256(path.read_bytes()).hexdigest() != name]:
        yield f"originals that are not whole: {broken}"
    if extra := {path.name for path in home.glob("index/*")} - indexes:
        yield f"saved indexes that nobody recorded: {extra}"
    if left := [path.name for path in (home / "files").iterdir() if path.is_file()]:
        yield f"left in files/: {left}"
    if left := [path.name for path in home.glob("scratch/*")]:
        yield f"left in scratch/: {left}"
    if left := [path.name for path in home.iterdir() if path.name not in KNOWN and path.suffix != ".lock"]:
        yield f"left in the home: {left}"
