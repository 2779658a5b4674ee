"""Hybrid retrieval over a small library."""

import io
from collections.abc import Sequence

import pytest

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import Collection
from rag.retrieval.explanation import explain_cut, explain_score
from rag.retrieval.hybrid import Retriever
from rag.retrieval.term_coverage import TermCoverage
from rag.types import Search
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import complete

EMBEDDER = HashEmbedder()
TEXTS = [
    "The pump needs oil every month.",
    "Order part XJ-450 for the older pump.",
    "Lunch is served at noon in the canteen.",
    "The fire drill takes place in March.",
]


@pytest.fixture
def collection(library: Library) -> Collection:
    return fill(library, "c", TEXTS)


def fill(library: Library, name: str, texts: list[str]) -> Collection:
    collection = library.create_collection(name, passport())
    file = library.add_file(source=name, filename=name, content=io.BytesIO("\n".join(texts).encode()))
    complete(library, library.enqueue(collection.id, file.id), chunked(*texts), EMBEDDER.embed(texts))
    return collection


def retriever(library: Library, weight: float = 0.5) -> Retriever:
    return Retriever(library, SearchIndex(library), EMBEDDER, fusion_weight=weight)


def test_the_best_chunk_comes_first_and_scores_fall(library: Library, collection: Collection) -> None:
    hits = retriever(library).retrieve(Search("when does the pump need oil", (collection.id,)), 4)
    assert hits[0].chunk.chunk.text == TEXTS[0]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 <= hit.score <= 1 for hit in hits)


def test_no_chunk_comes_twice(library: Library, collection: Collection) -> None:
    hits = retriever(library).retrieve(Search("pump oil", (collection.id,)), 10)
    assert len({hit.chunk.id for hit in hits}) == len(hits)


def test_top_k_bounds_the_result(library: Library, collection: Collection) -> None:
    assert len(retriever(library).retrieve(Search("pump", (collection.id,)), 2)) == 2


def test_an_unrelated_chunk_scores_near_zero(library: Library, collection: Collection) -> None:
    hits = retriever(library).retrieve(Search("zeppelin quartz", (collection.id,)), 4)
    assert all(hit.score < 0.15 for hit in hits)


def test_a_chunk_that_only_the_words_find_has_its_cosine_too(library: Library, collection: Collection) -> None:
    (hit, *_) = retriever(library, weight=0.0).retrieve(Search("XJ-450", (collection.id,)), 4)
    assert hit.chunk.chunk.text == TEXTS[1]
    assert hit.dense_score == pytest.approx(
        float(EMBEDDER.embed_query("XJ-450") @ EMBEDDER.embed([TEXTS[1]])[0]), abs=1e-6
    )


def test_several_collections_are_searched_together(library: Library, collection: Collection) -> None:
    other = fill(library, "other", ["The pump in hall 2 is loud."])
    hits = retriever(library).retrieve(Search("pump", (collection.id, other.id)), 10)
    assert {hit.chunk.collection_id for hit in hits} == {collection.id, other.id}


def test_a_blank_query_finds_nothing(library: Library, collection: Collection) -> None:
    assert retriever(library).retrieve(Search("  \n", (collection.id,)), 5) == []


def test_a_chunk_is_scored_by_its_meaning_and_by_its_words(library: Library, collection: Collection) -> None:
    (best, *_) = retriever(library).rank_candidates(Search("pump oil", (collection.id,)), 4)
    (match,) = TermCoverage(library).match("pump oil", [best.chunk], [best.lexical_score])
    assert best.breakdown.word_coverage == match.coverage == pytest.approx(1.0)
    assert best.score == pytest.approx(0.5 * best.breakdown.similarity + 0.5 * match.score)
    assert best.breakdown.relevance == pytest.approx(0.5 * best.breakdown.similarity + 0.5)
    assert best.breakdown.lexical_rank == 1


def test_a_question_that_follows_another_is_searched_with_it(library: Library, collection: Collection) -> None:
    (hit, *_) = retriever(library).retrieve(
        Search("how often?", (collection.id,), "does the pump need oil\nhow often?"), 4
    )
    assert hit.chunk.chunk.text == TEXTS[0]


def test_words_count_more_in_a_language_that_the_embedder_does_not_know(
    library: Library, collection: Collection
) -> None:
    def scores(vocabulary_fit: float) -> list[float]:
        searching = Retriever(
            library, SearchIndex(library), EMBEDDER, fusion_weight=0.9, vocabulary_fit=lambda _: vocabulary_fit
        )
        return [hit.score for hit in searching.retrieve(Search("pump oil month", (collection.id,)), 1)]

    (foreign,), (fluent,) = scores(0.0), scores(1.0)
    assert foreign > fluent  # it has all the words


def test_results_say_in_words_how_they_came_to_their_place(library: Library, collection: Collection) -> None:
    hits = retriever(library).rank_candidates(Search("pump oil", (collection.id,)), 4)
    said = explain_score(hits[0])
    assert "rank 1" in said
    assert "has 100% of the query's terms" in said
    assert "not among its candidates" in explain_score(hits[-1])
    assert "below the threshold 0.9" in explain_cut(hits[-1], 0.9)
    assert "better candidates" in explain_cut(hits[-1], None)


class ShortestFirst:
    """A `Reranker` that likes short texts."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        return [1 / (1 + len(text)) for text in texts]


def test_a_reranker_has_the_last_word_and_says_nothing_of_relevance(library: Library, collection: Collection) -> None:
    searching = Retriever(library, SearchIndex(library), EMBEDDER, fusion_weight=0.5, reranker=ShortestFirst())
    search = Search("does the pump need oil every month", (collection.id,))
    before, after = searching.score_candidates(search, 4), searching.rank_candidates(search, 4)
    assert before == retriever(library).rank_candidates(search, 4)
    assert [len(hit.chunk.chunk.text) for hit in after] == sorted(len(text) for text in TEXTS)
    assert [hit.breakdown.rerank_score for hit in after] == [hit.score for hit in after]
    assert {hit.chunk.id: hit.breakdown.relevance for hit in after} == {
        hit.chunk.id: hit.breakdown.relevance for hit in before
    }
    assert "cross-encoder" in explain_score(after[0])
    assert searching.rank_candidates(Search("  ", (collection.id,)), 4) == []


def test_a_question_of_any_length_is_searched(library: Library, collection: Collection) -> None:
    long = " ".join(f"word{number}" for number in range(5_000))
    (hit, *_) = retriever(library, weight=0.0).retrieve(Search(f"oil every month {long}", (collection.id,)), 4)
    assert hit.chunk.chunk.text == TEXTS[0]


def test_hits_say_how_well_the_embedder_knows_the_language_of_the_query(
    library: Library, collection: Collection
) -> None:
    search = Search("pump oil", (collection.id,))
    knowing, guessing = (
        Retriever(
            library, SearchIndex(library), EMBEDDER, fusion_weight=0.5, vocabulary_fit={"pump oil": fit}.__getitem__
        ).retrieve(search, 4)
        for fit in (1.0, 0.25)
    )
    assert {hit.breakdown.vocabulary_fit for hit in knowing} == {1.0}
    assert {hit.breakdown.vocabulary_fit for hit in guessing} == {0.25}
