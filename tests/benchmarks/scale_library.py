"""A large made-up library on disk: 10 chunks a document, attributes for filters, and a small collection beside it."""

import hashlib
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import apsw
from numpy import float32
from numpy.typing import NDArray

from ingest.library.library import Library
from ingest.storage import documents, files, jobs
from ingest.types import (
    AttributeValue,
    BlockKind,
    Chunk,
    ChunkedDocument,
    DocumentFacts,
    Page,
    ParsedDocument,
    Progress,
)
from tests.benchmarks.scale_data import DIMENSION, SyntheticTexts, SyntheticVectors
from tests.fakes import passport

NAME, SMALL = "scale", "small"
CHUNKS_PER_SHELF, CHUNKS_PER_DOCUMENT = 500, 10
"""Texts and vectors are made, and stored, a shelf at a time."""
DOCUMENTS_PER_SHELF = CHUNKS_PER_SHELF // CHUNKS_PER_DOCUMENT
SMALL_SHELF = 10**7
"""The number of the shelf of which the small collection has the first documents."""
SMALL_DOCUMENTS = 10
SMALL_CHUNKS = SMALL_DOCUMENTS * CHUNKS_PER_DOCUMENT
TEAMS, YEARS = 100, 25
PROGRESS_EVERY = 100

Document = tuple[str, list[str], NDArray[float32]]
"""Its name, and the text and vector of each of its chunks."""


class Shelves:
    """The documents of a made-up library, a shelf at a time; the same number always gives the same ones."""

    def __init__(self) -> None:
        self._texts, self._vectors = SyntheticTexts(), SyntheticVectors()

    def shelf(self, number: int) -> list[Document]:
        """Return the documents of a shelf."""
        texts = self._texts.document(number, CHUNKS_PER_SHELF)
        vectors = self._vectors.document(number, CHUNKS_PER_SHELF)
        return [
            (
                str(number * DOCUMENTS_PER_SHELF + start // CHUNKS_PER_DOCUMENT),
                texts[start : start + CHUNKS_PER_DOCUMENT],
                vectors[start : start + CHUNKS_PER_DOCUMENT],
            )
            for start in range(0, CHUNKS_PER_SHELF, CHUNKS_PER_DOCUMENT)
        ]


def build(home: Path, count: int) -> None:
    """Bring a library to a number of chunks; does nothing where it has them."""
    library, shelves = Library(home), Shelves()
    if not library.collections():
        for name in (NAME, SMALL):
            library.create_collection(name, passport(DIMENSION))
        store(library, library.collection(SMALL).id, shelves.shelf(SMALL_SHELF)[:SMALL_DOCUMENTS])
    collection_id = library.collection(NAME).id
    started = time.perf_counter()
    there = library.size([collection_id]).chunks
    for number in range(there // CHUNKS_PER_SHELF, count // CHUNKS_PER_SHELF):
        store(library, collection_id, shelves.shelf(number))
        if number % PROGRESS_EVERY == 0:
            sys.stderr.write(f"{number * CHUNKS_PER_SHELF:,} chunks, {time.perf_counter() - started:.0f} s\n")
    library.close()


def attributes_of(name: str) -> dict[str, AttributeValue]:
    """Return what is said of a document: shared with 1% and 4% of all documents, with half of them, and with none."""
    number = int(name)
    return {"team": f"team {number % TEAMS}", "year": 2000 + number % YEARS, "draft": number % 2 == 0, "number": number}


def store(library: Library, collection_id: str, shelf: Iterable[Document]) -> list[str]:
    """Store documents, all in one transaction; return the ids of their files."""
    with library.storage.database.write() as db:
        return [_store(db, library.storage.owner, collection_id, document) for document in shelf]


def _store(db: apsw.Connection, owner: str, collection_id: str, document: Document) -> str:
    name, texts, vectors = document
    source, sha256 = f"/library/{int(name) // 100}/{name}.txt", hashlib.sha256(name.encode()).hexdigest()
    file = files.insert(db, owner=owner, source=source, filename=f"{name}.txt", sha256=sha256, size_bytes=len(name))
    jobs.enqueue(db, collection_id, file.id)
    row_id = documents.find_row(db, collection_id, file.id, "queued")
    assert row_id is not None
    documents.start(db, row_id)
    record = documents.find(db, owner, collection_id, file.id)
    documents.append(db, record, _content(name, texts), vectors, Progress("storing"))
    documents.finish(db, record, DocumentFacts(f"Document {name}", "text/plain"))
    documents.set_attributes(db, collection_id, file.id, attributes_of(name))
    return file.id


def _content(name: str, texts: list[str]) -> ChunkedDocument:
    """Return a document that has one page a chunk."""
    title, position = f"Document {name}", 0
    pages: list[Page] = []
    chunks: list[Chunk] = []
    for place, text in enumerate(texts, start=1):
        end = position + len(text)
        pages.append(Page(place, position, end))
        chunks.append(Chunk(position, end, text, place, place, BlockKind.PROSE, (), title))
        position = end + 2
    return ChunkedDocument(ParsedDocument(title, "text/plain", "\n\n".join(texts), tuple(pages)), tuple(chunks))
