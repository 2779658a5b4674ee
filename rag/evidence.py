"""The sentences of a chunk and how similar each is to a text: evidence that needs no language model."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.errors import FileNotInLibraryError
from ingest.library import Library
from ingest.pages import Location, locate
from ingest.sentences import line_spans, sentence_spans
from ingest.types import BlockKind, Embedder, StoredChunk
from rag.types import Quote

CACHED_CHUNKS = 4_096


@dataclass(frozen=True, slots=True)
class SentenceMatch:
    """A sentence of a chunk, `[start, end)` of the document's text, and its cosine to what was asked for."""

    stored: StoredChunk
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class _Sentences:
    spans: tuple[tuple[int, int], ...]
    vectors: NDArray[np.float32]


class EvidenceFinder:
    """Finds the sentences of chunks that are nearest to a text. Safe to use from many threads."""

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder
        self._lock = threading.Lock()
        self._cache: OrderedDict[int, _Sentences] = OrderedDict()

    def rank(self, text: str, chunks: Sequence[StoredChunk]) -> list[SentenceMatch]:
        """Return every sentence of `chunks`, the most similar to `text` (of any length) first."""
        if not chunks:
            return []
        vector = self._embedder.embed_query(text)
        matches: list[SentenceMatch] = []
        for chunk, sentences in zip(chunks, self._sentences(chunks), strict=True):
            scores = sentences.vectors @ vector
            matches.extend(
                SentenceMatch(chunk, start, end, float(score))
                for (start, end), score in zip(sentences.spans, scores, strict=True)
            )
        return sorted(matches, key=lambda match: (-match.score, match.stored.id, match.start))

    def quote(self, match: SentenceMatch) -> Quote:
        """Return a sentence as a quote, with the page and the boxes where it stands."""
        stored = match.stored
        try:
            location = locate(self._library, stored.collection_id, stored.file_id, match.start, match.end)
        except FileNotInLibraryError:  # deleted while the answer was being written
            location = Location(stored.chunk.first_page, (), "")
        offset = stored.chunk.start
        return Quote(
            collection_id=stored.collection_id,
            file_id=stored.file_id,
            source=stored.source,
            filename=stored.filename,
            page=location.page,
            start=match.start,
            end=match.end,
            quote=stored.chunk.text[match.start - offset : match.end - offset],
            score=match.score,
            boxes=location.boxes,
            place=location.place,
        )

    def _sentences(self, chunks: Sequence[StoredChunk]) -> list[_Sentences]:
        with self._lock:
            known = {chunk.id: self._cache[chunk.id] for chunk in chunks if chunk.id in self._cache}
        missing = list({chunk.id: chunk for chunk in chunks if chunk.id not in known}.values())
        spans = [_spans(chunk) for chunk in missing]
        texts = [
            chunk.chunk.text[start - chunk.chunk.start : end - chunk.chunk.start]
            for chunk, its_spans in zip(missing, spans, strict=True)
            for start, end in its_spans
        ]
        vectors = self._embedder.embed(texts)  # a sentence of a chunk fits wherever the chunk did
        position = 0
        for chunk, its_spans in zip(missing, spans, strict=True):
            known[chunk.id] = _Sentences(its_spans, vectors[position : position + len(its_spans)])
            position += len(its_spans)
        self._remember(known)
        return [known[chunk.id] for chunk in chunks]

    def _remember(self, sentences: dict[int, _Sentences]) -> None:
        with self._lock:
            for id_, value in sentences.items():
                self._cache[id_] = value
                self._cache.move_to_end(id_)
            while len(self._cache) > CACHED_CHUNKS:
                self._cache.popitem(last=False)


def _spans(stored: StoredChunk) -> tuple[tuple[int, int], ...]:
    chunk = stored.chunk
    spans = sentence_spans(chunk.text) if chunk.kind is BlockKind.PROSE else line_spans(chunk.text)
    return tuple((chunk.start + start, chunk.start + end) for start, end in spans)
