"""If no chunk clearly fits a query, the best ones are ranked by their best sentence too."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import BlockKind, Chunk, Collection, StoredChunk
from rag.retrieval.hybrid import Retriever
from rag.retrieval.sentence_ranking import CLEAR_SCORE, SENTENCE_SHARE, is_unclear, rank_by_sentences
from rag.types import ScoredChunk, Search
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import complete

scores = st.floats(0, 1)


def hit(id_: int, score: float) -> ScoredChunk:
    chunk = Chunk(0, 4, "text", 1, 1, BlockKind.PROSE, (), "")
    return ScoredChunk(StoredChunk(id_, "c", "f", "a.txt", "a.txt", chunk), score, score, 0.0)


def test_a_near_sentence_lifts_its_chunk() -> None:
    ranked = rank_by_sentences([hit(1, 0.4), hit(2, 0.38), hit(3, 0.36)], [0.3, 0.7], 0.75)
    weight = 0.75 * SENTENCE_SHARE
    assert [scored.chunk.id for scored in ranked] == [2, 1, 3]
    assert ranked[0].score == pytest.approx(weight * 0.7 + (1 - weight) * 0.38)


def test_sentences_count_as_much_as_cosines_do() -> None:
    hits = [hit(1, 0.4), hit(2, 0.38)]
    assert rank_by_sentences(hits, [0.1, 0.9], dense_weight=0.0) == hits


def test_a_result_is_unclear_if_its_best_chunk_scores_low() -> None:
    assert is_unclear([hit(1, CLEAR_SCORE - 0.01), hit(2, 0.2)])
    assert not is_unclear([hit(1, CLEAR_SCORE), hit(2, 0.2)])
    assert not is_unclear([])


@given(values=st.lists(st.tuples(scores, scores), max_size=8), ranked=st.integers(0, 8))
def test_no_hit_is_lost_and_scores_fall(values: list[tuple[float, float]], ranked: int) -> None:
    falling = sorted((score for score, _ in values), reverse=True)
    hits = [hit(id_, score) for id_, score in enumerate(falling)]
    result = rank_by_sentences(hits, [cosine for _, cosine in values[:ranked]], 0.75)
    assert sorted(scored.chunk.id for scored in result) == list(range(len(hits)))
    assert [scored.score for scored in result] == sorted((scored.score for scored in result), reverse=True)
    assert all(0 <= scored.score <= 1 for scored in result)
    assert [scored.chunk.id for scored in result[ranked:]] == [scored.chunk.id for scored in hits[ranked:]]


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def collection(library: Library, embedder: HashEmbedder) -> Collection:
    texts = [
        "The canteen is small. Soup costs two euros. Trays go to the hatch. Dogs stay outside. Oil the pump.",
        "Oil lamps hang in the hall of the old mill by the weir, where a pump stood in former times.",
    ]
    made = library.create_collection("c", passport())
    file = library.add_file(source="rules", filename="rules", content=io.BytesIO(b"rules"))
    complete(library, library.enqueue(made.id, file.id), chunked(*texts, title=""), embedder.embed(texts))
    return made


def test_search_compares_sentences_only_if_no_chunk_clearly_fits(
    library: Library, collection: Collection, embedder: HashEmbedder
) -> None:
    retriever = Retriever(library, SearchIndex(library), embedder, fusion_weight=0.75)
    for query, is_clear in (
        ("oil lamps hang in the hall of the old mill by the weir", True),
        ("oil pump often", False),
    ):
        before = len(embedder.calls)
        search = Search(query, (collection.id,))
        assert is_unclear(retriever.score_candidates(search, 2)) is not is_clear
        hits = retriever.retrieve(search, 2)
        sentences = [text for call in embedder.calls[before:] for text in call if text == "Oil the pump."]
        assert sentences == ([] if is_clear else ["Oil the pump."])
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_evidence_shares_the_vectors_of_search(
    library: Library, collection: Collection, embedder: HashEmbedder
) -> None:
    retriever = Retriever(library, SearchIndex(library), embedder, fusion_weight=0.75)
    hits = retriever.retrieve(Search("oil pump often", (collection.id,)), 2)
    before = len(embedder.calls)
    retriever.sentences.embed([scored.chunk for scored in hits])
    assert [call for call in embedder.calls[before:] if call] == []
