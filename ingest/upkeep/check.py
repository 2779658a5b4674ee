"""The consistency check of a home: database, originals, indexes and conversations, with advice for each problem."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.errors import LibraryError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.storage import collections, counts, files, jobs, maintenance, rebuilds, snapshots
from ingest.storage.database import find_damage
from ingest.storage.maintenance import DocumentRow
from ingest.storage.reader_lock import is_unattended
from ingest.types import Collection, EmbedderPassport

READ_BYTES = 1 << 20

Area = Literal[
    "database",
    "words",
    "orphans",
    "counts",
    "content",
    "original",
    "leftover",
    "index",
    "reading",
    "rebuild",
    "parsers",
    "conversation",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a home that is inconsistent. `is_harmless`: everything works, only slower or with unused files."""

    area: Area
    where: str
    what: str
    can_repair: bool
    advice: str = ""
    is_harmless: bool = False
    document: DocumentRow | None = None
    collection_id: str = ""


class ConsistencyCheck:
    """Checks a library, which may be in use meanwhile; documents that are being read are left out."""

    def __init__(self, library: Library, index: SearchIndex, *, passport: EmbedderPassport | None = None) -> None:
        self._library = library
        self._index = index
        self._storage = library.storage
        self._passport = passport

    def run(self) -> list[Problem]:
        """Return all problems, the most basic first; none if the library is sound."""
        damages = list(self._database())
        try:
            rest = [
                *self._words(),
                *self._orphans(),
                *self._counts(),
                *self._documents(),
                *self._originals(),
                *self._leftovers(),
                *self._reading(),
                *self._rebuilds(),
                *self._outdated(),
                *self._conversations(),
            ]
            problems = [*damages, *rest]
            are_rows_sound = not any(problem.area in ("database", "orphans", "content") for problem in problems)
            return [*problems, *self._indexes()] if are_rows_sound else problems
        except LibraryError as error:  # a damaged database cannot be checked further
            return damages or [report_damage(str(self._library.home), error.detail)]

    def _database(self) -> Iterator[Problem]:
        try:
            with self._storage.database.read() as db:
                for what in find_damage(db):
                    yield report_damage(str(self._library.home), what)
        except LibraryError as error:
            yield report_damage(str(self._library.home), error.detail)

    def _words(self) -> Iterator[Problem]:
        with self._storage.database.write() as db:
            is_sound = maintenance.are_lexical_indexes_sound(db)
        if not is_sound:
            yield Problem("words", "the lexical index", "it does not have the terms of the chunks", can_repair=True)

    def _orphans(self) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            rows = maintenance.count_orphans(db)
        for table, count in rows.items():
            yield Problem("orphans", table, f"{count} rows belong to nothing", can_repair=True)

    def _counts(self) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            is_sound = counts.are_counters_sound(db)
        if not is_sound:
            what = "they do not agree with the documents, or a document has another name than its file"
            yield Problem("counts", "the counters", what, can_repair=True)

    def _documents(self) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            rows = maintenance.find_document_rows(db)
        for row in rows:
            with self._storage.database.read() as db:
                problems = maintenance.find_content_problems(db, row)
            if problems:
                yield self._content_problem(row, "; ".join(problems))

    def _content_problem(self, row: DocumentRow, what: str) -> Problem:
        """Return the problem, with advice if the document cannot be read again from its original."""
        with self._storage.database.read() as db:
            stored = maintenance.read_passport(db, row)
        advice = ""
        if row.status in ("done", "warning"):
            if not has_hash(self._storage.originals.path(row.sha256), row.sha256):
                advice = "its original is gone or damaged; restore a backup, or add the file again"
            elif self._passport is not None and stored != self._passport:
                advice = f"`pincite collections rebuild {row.collection}` reads it with the embedder of today"
        return Problem("content", _name(row), what, can_repair=not advice, advice=advice, document=row)

    def _originals(self) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            contents = sorted(files.find_contents(db))
        for sha256 in contents:
            path = self._storage.originals.path(sha256)
            if has_hash(path, sha256):
                continue
            with self._storage.database.read() as db:
                names = maintenance.describe_files(db, sha256)  # none: it was deleted meanwhile
            what = "its original is damaged" if path.exists() else "its original is gone"
            advice = "it can still be searched; add the file again, or restore a backup"
            for name in names:
                yield Problem("original", name, what, can_repair=False, advice=advice)

    def _leftovers(self) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            names = [
                *self._storage.originals.find_unused(files.find_contents(db)),
                *(path.name for path in self._storage.index_files.find_unused(snapshots.find_filenames(db))),
            ]
        for name in names:
            yield Problem("leftover", name, "no row names this file", can_repair=True, is_harmless=True)

    def _indexes(self) -> Iterator[Problem]:
        for collection in self._library.collections():
            yield from self._index_file(collection)
            with self._storage.database.read() as db:
                before = collections.find(db, self._storage.owner, collection.id).generation
            ids = self._index.list_ids(collection.id)
            with self._storage.database.read() as db:
                is_same = collections.find(db, self._storage.owner, collection.id).generation == before
                expected = maintenance.find_chunk_ids(db, collection.id)
            if is_same and ids != expected:
                what = "it does not have the chunks of the collection"
                yield Problem("index", collection.name, what, can_repair=True, collection_id=collection.id)

    def _index_file(self, collection: Collection) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            snapshot = snapshots.find(db, collection.id)
            if snapshot is None:
                return
            rows = len(maintenance.find_chunk_ids(db, collection.id, until=snapshot.generation))
            later = len(maintenance.find_chunk_ids(db, collection.id)) - rows
        try:
            is_whole_file = hashlib.sha256(self._library.read_snapshot(snapshot)).hexdigest() == snapshot.sha256
        except OSError:
            is_whole_file = False
        facts = (snapshot.passport, snapshot.dimension, snapshot.row_count)
        what = ""
        if not is_whole_file:
            what = "its saved index is gone or damaged"
        elif facts != (collection.passport, collection.passport.dimension, rows):
            what = "its saved index is of another state"
        elif snapshots.is_outgrown(rows, later):
            what = "its saved index is old"
        if what:
            # A search notices all of this and builds the index from the rows.
            yield Problem(
                "index", collection.name, what, can_repair=True, is_harmless=True, collection_id=collection.id
            )

    def _reading(self) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            half_read = jobs.find_half_read_passports(db)
        for passport in half_read:
            if is_unattended(self._library.home, passport):
                what = "documents have the status `reading`, but no process reads them"
                yield Problem("reading", passport.model, what, can_repair=True)

    def _rebuilds(self) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            under_way = rebuilds.find_running(db)
        for name, passport in under_way:
            if is_unattended(self._library.home, passport):
                advice = f"`pincite collections rebuild {name}` goes on with it, with --cancel it is given up"
                what = "its rebuild is not finished, and no process works on it"
                yield Problem("rebuild", name, what, can_repair=False, advice=advice, is_harmless=True)

    def _outdated(self) -> Iterator[Problem]:
        for collection in self._library.collections():
            if count := self._library.count_outdated(collection.id):
                what = f"{count:,} documents were read by an older version of Pincite"
                advice = f"`pincite collections rebuild {collection.name}` reads them better"
                yield Problem("parsers", collection.name, what, can_repair=False, advice=advice, is_harmless=True)

    def _conversations(self) -> Iterator[Problem]:
        with self._storage.database.read() as db:
            ids = maintenance.find_damaged_conversations(db)
        for id_ in ids:
            advice = f"restore a backup, or delete it: `pincite conversations rm {id_}`"
            yield Problem("conversation", id_, "a part of it cannot be read", can_repair=False, advice=advice)


def report_damage(where: str, what: str) -> Problem:
    """Return the problem that the database itself is damaged."""
    advice = "restore a backup into an empty home: `pincite restore`"
    return Problem("database", where, what, can_repair=False, advice=advice)


def has_hash(path: Path, sha256: str) -> bool:
    """Whether a file exists and its content has this SHA-256."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(READ_BYTES):
                digest.update(block)
    except OSError:
        return False
    return digest.hexdigest() == sha256


def _name(row: DocumentRow) -> str:
    return f"{row.file_id} ({row.filename}, {row.collection})"
