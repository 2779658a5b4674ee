"""What the words of a question say of a chunk: the last look at candidates, which needs no model.

Two numbers that need no other chunk to mean something, so that they can be compared between questions and searches.
The coverage says which share of the question is there at all. BM25 says how often and in how short a text, and
nothing of what is missing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.library.library import Library
from ingest.text.analyzer import extract_query_terms, extract_terms
from ingest.types import StoredChunk

REMEMBERED_TEXTS = 4_096
BM25_SHARE = 0.6
"""How much BM25 counts; the rest is that of the coverage. Fitted with the next number:
docs/development/decisions/2026-11-24-bm25-beside-term-coverage.md."""
BM25_SCALE = 2.5
"""The best chunk for a question has about 0.4 of the BM25 score that its words repeated without end would have."""
LIMIT_OF_A_WORD = 2.2
"""BM25 of a word that is repeated without end, by its rarity: k1 + 1, with the k1 of FTS5."""


@dataclass(frozen=True, slots=True)
class TermMatch:
    """What the words say of one chunk, both in [0, 1]: its coverage, and coverage and BM25 together."""

    coverage: float
    share: float


class TermCoverage:
    """Compares the words of a question with those of chunks. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def match(self, question: str, chunks: Sequence[StoredChunk], bm25: Sequence[float]) -> list[TermMatch]:
        """Return what the words of a question say of each chunk, title and headings included.

        `bm25` has the score of each chunk, 0 where the search by words did not find it. In the coverage a word counts
        by its rarity (the inverse document frequency of BM25).
        """
        asked = extract_query_terms(question)
        if not asked or not chunks:
            return [TermMatch(0.0, 0.0)] * len(chunks)
        weights = self._rarities(asked)
        whole = sum(weights.values())

        def match(chunk: StoredChunk, score: float) -> TermMatch:
            coverage = sum(weights[word] for word in asked if word in _words_of(chunk)) / whole
            scaled = min(BM25_SCALE * score / (LIMIT_OF_A_WORD * whole), 1.0)
            return TermMatch(coverage, BM25_SHARE * scaled + (1.0 - BM25_SHARE) * coverage)

        return list(map(match, chunks, bm25))

    def idf_weights(self, question: str) -> dict[str, float]:
        """Return the words of a question, each with its rarity in the whole library; none where it has no word."""
        asked = extract_query_terms(question)
        return self._rarities(asked) if asked else {}

    def _rarities(self, asked: Sequence[str]) -> dict[str, float]:
        frequencies = self._library.word_frequencies(asked)
        return {word: _rarity(count, frequencies.chunks) for word, count in frequencies.counts.items()}


def _rarity(count: int, chunks: int) -> float:
    return math.log1p((max(chunks - count, 0) + 0.5) / (count + 0.5))


def _words_of(stored: StoredChunk) -> frozenset[str]:
    return _word_set(f"{stored.chunk.context}\n{stored.chunk.text}")


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _word_set(text: str) -> frozenset[str]:
    return frozenset(extract_terms(text))
