"""The sentences of chunks that bear a text, or that seem to answer a question: evidence that needs no language model.

What answers a question is rarely the sentence that is most like it. So three things count: the meaning, the share of
the question's words that the sentence has together with the title and headings above it, and how relevant its chunk
is. Of 586 questions of XQuAD/en on which nothing was fitted, the first sentence has the answer to .80 and one of the
first three to .94; by the meaning alone it is .69 and .88
(docs/development/decisions/2026-11-28-evidence-score.md).
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.errors import FileNotInLibraryError
from ingest.library.library import Library
from ingest.library.pages import Location, locate
from ingest.text.analyzer import extract_terms
from ingest.text.sentences import split_lines, split_sentences
from ingest.types import BlockKind, Embedder, StoredChunk
from rag.retrieval.term_coverage import TermCoverage
from rag.types import Quote, ScoredChunk

CACHED_CHUNKS = 4_096
MEANING_SHARE, WORDS_SHARE, CHUNK_SHARE = 0.25, 0.35, 0.4
"""What counts how much where a question is asked: fitted on half of XQuAD/en and QED, the same on the other half."""


@dataclass(frozen=True, slots=True)
class SentenceMatch:
    """A sentence of a chunk, `[start, end)` of the document's text, and how well it fits what was asked for."""

    stored: StoredChunk
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        """The sentence as it stands in the document."""
        chunk = self.stored.chunk
        return chunk.text[self.start - chunk.start : self.end - chunk.start]


@dataclass(frozen=True, slots=True)
class _Sentences:
    spans: tuple[tuple[int, int], ...]
    vectors: NDArray[np.float32]


class EvidenceFinder:
    """Finds the sentences of chunks that are nearest to a text. Safe to use from many threads."""

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self.embedder = embedder
        self._coverage = TermCoverage(library)
        self._lock = threading.Lock()
        self._cache: OrderedDict[int, _Sentences] = OrderedDict()

    def rank_sentences(self, text: str, chunks: Sequence[StoredChunk]) -> list[SentenceMatch]:
        """Return every sentence of `chunks`, the most similar to `text` (of any length) first; scores are cosines."""
        return _best_first(self._similar(text, chunks))

    def rank_evidence(self, question: str, hits: Sequence[ScoredChunk]) -> list[SentenceMatch]:
        """Return every sentence of what was found for a question, the likeliest to answer it first.

        Scores are in [0, 1] and mean the same for every question, whatever ranks the chunks.
        """
        relevance = {hit.chunk.id: hit.breakdown.relevance for hit in hits}
        idf_weights = self._coverage.idf_weights(question)
        whole = sum(idf_weights.values()) or 1.0

        def judged(match: SentenceMatch) -> SentenceMatch:
            known = set(extract_terms(f"{match.stored.chunk.context}\n{match.text}"))
            coverage = sum(rarity for word, rarity in idf_weights.items() if word in known) / whole
            likeness = MEANING_SHARE * max(match.score, 0.0) + WORDS_SHARE * coverage
            return replace(match, score=likeness + CHUNK_SHARE * relevance[match.stored.id])

        return _best_first(map(judged, self._similar(question, [hit.chunk for hit in hits])))

    def _similar(self, text: str, chunks: Sequence[StoredChunk]) -> list[SentenceMatch]:
        """Return every sentence of `chunks` in their order, with its cosine to `text`."""
        if not chunks:
            return []
        vector = self.embedder.embed_query(text)
        return [
            SentenceMatch(chunk, start, end, float(score))
            for chunk, sentences in zip(chunks, self._sentences(chunks), strict=True)
            for (start, end), score in zip(sentences.spans, sentences.vectors @ vector, strict=True)
        ]

    def quote(self, match: SentenceMatch) -> Quote:
        """Return a sentence as a quote, with the page and the boxes where it stands."""
        stored = match.stored
        try:
            location = locate(self._library, stored.collection_id, stored.file_id, match.start, match.end)
        except FileNotInLibraryError:  # deleted while the answer was being written
            location = Location(stored.chunk.first_page, (), "")
        return Quote(
            collection_id=stored.collection_id,
            file_id=stored.file_id,
            source=stored.source,
            filename=stored.filename,
            page=location.page,
            start=match.start,
            end=match.end,
            quote=match.text,
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
        vectors = self.embedder.embed(texts)  # a sentence of a chunk fits wherever the chunk did
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


def split_chunk(stored: StoredChunk) -> list[SentenceMatch]:
    """Return the sentences of a chunk, the rows of a table, in their order and without a score."""
    return [SentenceMatch(stored, start, end, 0.0) for start, end in _spans(stored)]


def _best_first(matches: Iterable[SentenceMatch]) -> list[SentenceMatch]:
    return sorted(matches, key=lambda match: (-match.score, match.stored.id, match.start))


def _spans(stored: StoredChunk) -> tuple[tuple[int, int], ...]:
    chunk = stored.chunk
    spans = split_sentences(chunk.text) if chunk.kind is BlockKind.PROSE else split_lines(chunk.text)
    return tuple((chunk.start + start, chunk.start + end) for start, end in spans)
