"""The term match of chunks: cases worked out by hand."""

import math

import pytest

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.retrieval.term_coverage import TermCoverage
from tests.rag.retrieval.test_hybrid import TEXTS, fill


@pytest.fixture
def chunks(library: Library) -> list[StoredChunk]:
    """Four chunks: two have the word "pump", one of them "oil", another one "canteen"."""
    fill(library, "c", TEXTS)
    return library.chunks([1, 2, 3, 4])


def idf(chunks_with_word: int) -> float:
    return math.log1p((4 - chunks_with_word + 0.5) / (chunks_with_word + 0.5))


def test_coverage_is_the_share_of_the_query_weighted_by_the_idf_of_its_terms(
    library: Library, chunks: list[StoredChunk]
) -> None:
    matches = TermCoverage(library).match("oil, pump!", chunks, [0.0] * 4)
    total = idf(1) + idf(2)
    assert [match.coverage for match in matches] == pytest.approx([1.0, idf(2) / total, 0.0, 0.0])
    assert [match.score for match in matches] == pytest.approx([0.4, 0.4 * idf(2) / total, 0.0, 0.0])


def test_bm25_counts_by_its_share_of_the_most_that_it_could_be(library: Library, chunks: list[StoredChunk]) -> None:
    most = 2.2 * (idf(1) + idf(2))
    matches = TermCoverage(library).match("oil pump", chunks[:1] * 3, [0.0, most / 4, most])
    assert [match.score for match in matches] == pytest.approx([0.4, 0.4 + 0.6 * 0.625, 1.0])


def test_a_query_without_terms_covers_nothing(library: Library, chunks: list[StoredChunk]) -> None:
    assert {match.coverage for match in TermCoverage(library).match("?!", chunks, [0.0] * 4)} == {0.0}
    assert TermCoverage(library).match("pump", [], []) == []


def test_the_terms_of_a_query_have_their_idf_in_the_library(library: Library, chunks: list[StoredChunk]) -> None:
    idf_weights = TermCoverage(library).idf_weights("Pump: oil, pump?")
    assert idf_weights == {"pump": pytest.approx(idf(2)), "oil": pytest.approx(idf(1))}
    assert TermCoverage(library).idf_weights("?!") == {}
