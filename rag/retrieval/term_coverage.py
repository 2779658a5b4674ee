"""Score chunks by the query terms that they have: IDF-weighted coverage, and BM25 scaled to [0, 1]. Needs no model.

Both numbers depend on the query and the chunk alone, so they compare across queries and searches. Coverage is the share
of the query that the chunk has. BM25 (FTS5's: k1 = 1.2, b = 0.75) adds term frequency and length, and knows nothing of
the terms that are missing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.library.library import Library
from ingest.text.analyzer import extract_query_terms, extract_terms
from ingest.types import StoredChunk

CACHED_TEXTS = 4_096
BM25_SHARE = 0.6
"""Weight of BM25 against coverage. Fitted together with `BM25_SCALE`:
docs/development/decisions/2026-11-24-bm25-beside-term-coverage.md."""
BM25_SCALE = 2.5
"""The best chunk for a query has about 0.4 of the BM25 score that its terms would have at infinite frequency."""
BM25_LIMIT = 2.2
"""BM25 of a term at infinite frequency, divided by its IDF: k1 + 1, with FTS5's k1 of 1.2."""


@dataclass(frozen=True, slots=True)
class TermMatch:
    """The term match of one chunk, in [0, 1]: its coverage, and its score of coverage and BM25 together."""

    coverage: float
    score: float


class TermCoverage:
    """Compares the terms of a query with those of chunks. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def match(self, query: str, chunks: Sequence[StoredChunk], bm25: Sequence[float]) -> list[TermMatch]:
        """Return the term match of each chunk, its title and headings included, in the order given.

        `bm25` has the BM25 score of each chunk, 0 if lexical search did not return it. Coverage weights each term by
        its IDF. All zeros for a query without terms.
        """
        terms = extract_query_terms(query)
        if not terms or not chunks:
            return [TermMatch(0.0, 0.0)] * len(chunks)
        idf = self._idf(terms)
        total = sum(idf.values())

        def match_chunk(chunk: StoredChunk, bm25_score: float) -> TermMatch:
            chunk_terms = _extract_term_set(f"{chunk.chunk.context}\n{chunk.chunk.text}")
            coverage = sum(idf[term] for term in terms if term in chunk_terms) / total
            scaled = min(BM25_SCALE * bm25_score / (BM25_LIMIT * total), 1.0)
            return TermMatch(coverage, BM25_SHARE * scaled + (1.0 - BM25_SHARE) * coverage)

        return list(map(match_chunk, chunks, bm25))

    def idf_weights(self, query: str) -> dict[str, float]:
        """Return the query's terms with their IDF over the chunks of the whole library; empty without a term."""
        terms = extract_query_terms(query)
        return self._idf(terms) if terms else {}

    def _idf(self, terms: Sequence[str]) -> dict[str, float]:
        frequencies = self._library.count_document_frequencies(terms)
        return {term: _inverse_frequency(count, frequencies.chunks) for term, count in frequencies.counts.items()}


def _inverse_frequency(count: int, chunks: int) -> float:
    """Return the IDF of BM25 with Lucene's floor: ln(1 + (N - n + 0.5) / (n + 0.5)), never negative."""
    return math.log1p((max(chunks - count, 0) + 0.5) / (count + 0.5))


@lru_cache(maxsize=CACHED_TEXTS)
def _extract_term_set(text: str) -> frozenset[str]:
    return frozenset(extract_terms(text))
