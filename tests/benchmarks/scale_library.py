"""A large made-up library on disk."""

import io
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.library import Library
from ingest.types import BlockKind, Chunk, ChunkedDocument, Page, ParsedDocument
from tests.benchmarks.scale_data import CHUNKS_PER_DOCUMENT, DIMENSION, SyntheticTexts, SyntheticVectors
from tests.fakes import passport
from tests.ingest.library_world import complete

NAME = "scale"
PROGRESS_EVERY = 100


def build(home: Path, count: int) -> None:
    """Bring a library to a number of chunks; does nothing where it has them."""
    library = Library(home)
    if not library.collections():
        library.create_collection(NAME, passport(DIMENSION))
    collection_id = library.collection(NAME).id
    vectors, texts = SyntheticVectors(), SyntheticTexts()
    started = time.perf_counter()
    for number in range(len(library.documents(collection_id)), count // CHUNKS_PER_DOCUMENT):
        add_document(library, collection_id, str(number), texts.document(number), vectors.document(number))
        if number % PROGRESS_EVERY == 0:
            sys.stderr.write(f"{number * CHUNKS_PER_DOCUMENT:,} chunks, {time.perf_counter() - started:.0f} s\n")
    library.close()


def add_document(
    library: Library, collection_id: str, name: str, texts: list[str], vectors: NDArray[np.float32]
) -> str:
    """Store a document that has one page a chunk; return its file's id."""
    starts = np.cumsum([0, *(len(text) + 2 for text in texts)]).tolist()
    spans = [(start, start + len(text), text) for start, text in zip(starts, texts, strict=False)]
    pages = tuple(Page(place, start, end) for place, (start, end, _) in enumerate(spans, start=1))
    chunks = tuple(
        Chunk(start, end, text, place, place, BlockKind.PROSE, (), f"Document {name}")
        for place, (start, end, text) in enumerate(spans, start=1)
    )
    document = ParsedDocument(f"Document {name}", "text/plain", "\n\n".join(texts), pages)
    file = library.add_file(source=name, filename=name, content=io.BytesIO(name.encode()))
    complete(library, library.enqueue(collection_id, file.id), ChunkedDocument(document, chunks), vectors)
    return file.id
