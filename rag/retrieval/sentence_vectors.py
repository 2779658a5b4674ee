"""The sentences of chunks with their vectors, embedded once: what search, evidence and attribution compare."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from ingest.types import Embedder, StoredChunk
from rag.retrieval.sentence_spans import Span, find_sentence_spans

CACHED_CHUNKS = 4_096


@dataclass(frozen=True, slots=True)
class SentenceVectors:
    """Spans of the document's text and their unit vectors, float32 of shape (len(spans), dimension)."""

    spans: tuple[Span, ...]
    vectors: NDArray[np.float32]

    def find_best_cosine(self, vector: NDArray[np.float32]) -> float:
        """Return the cosine of `vector` with the nearest sentence, at least 0; 0 without a sentence."""
        return max(float((self.vectors @ vector).max()), 0.0) if self.spans else 0.0


class SentenceEmbedder:
    """Embeds the sentences of chunks and caches their vectors. Safe to use from many threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._cache: LRUCache[int, SentenceVectors] = LRUCache(CACHED_CHUNKS)

    def embed(self, chunks: Sequence[StoredChunk]) -> list[SentenceVectors]:
        """Return the sentences of each chunk, in the order given."""
        with self._lock:
            sentences = {chunk.id: self._cache[chunk.id] for chunk in chunks if chunk.id in self._cache}
        missing = list({chunk.id: chunk for chunk in chunks if chunk.id not in sentences}.values())
        spans = [find_sentence_spans(chunk.chunk) for chunk in missing]
        texts = [
            chunk.chunk.text[start - chunk.chunk.start : end - chunk.chunk.start]
            for chunk, chunk_spans in zip(missing, spans, strict=True)
            for start, end in chunk_spans
        ]
        vectors = self._embedder.embed(texts)  # a sentence fits into the embedder's window, because its chunk does
        position = 0
        for chunk, chunk_spans in zip(missing, spans, strict=True):
            sentences[chunk.id] = SentenceVectors(chunk_spans, vectors[position : position + len(chunk_spans)])
            position += len(chunk_spans)
        with self._lock:
            self._cache.update(sentences)
        return [sentences[chunk.id] for chunk in chunks]
