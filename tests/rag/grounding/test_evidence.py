"""Evidence: the sentences that bear a text, and those that seem to answer a question."""

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import Collection, StoredChunk
from rag.grounding.evidence import (
    COSINE_WEIGHT,
    COVERAGE_WEIGHT,
    RELEVANCE_WEIGHT,
    EvidenceFinder,
    SentenceMatch,
    split_chunk,
)
from rag.retrieval.hybrid import Retriever
from rag.types import ScoredChunk, Search
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import complete

TEXTS = [
    "The pump stands in the cellar. Nobody may open it. Somebody has to oil it every 3 months.",
    "The mixer is new. It came in May.",
    "Lunch is served at noon. The canteen closes at two.",
]
QUESTION = "who has to oil the pump"


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def collection(library: Library, embedder: HashEmbedder) -> Collection:
    collection = library.create_collection("c", passport())
    file = library.add_file(source="manual", filename="manual", content=io.BytesIO(b"manual"))
    content = chunked(*TEXTS, title="Machines")
    complete(library, library.enqueue(collection.id, file.id), content, embedder.embed(TEXTS))
    return collection


@pytest.fixture
def finder(library: Library, embedder: HashEmbedder) -> EvidenceFinder:
    return EvidenceFinder(library, embedder)


def hits_for(library: Library, embedder: HashEmbedder, collection: Collection, question: str) -> list[ScoredChunk]:
    retriever = Retriever(library, SearchIndex(library), embedder, fusion_weight=0.5)
    return retriever.retrieve(Search(question, (collection.id,)), 3)


def texts(matches: Sequence[SentenceMatch]) -> list[str]:
    return [match.text for match in matches]


def chunks_of(library: Library, collection: Collection) -> list[StoredChunk]:
    return library.document_chunks(collection.id, library.documents(collection.id)[0].file_id)


def test_every_sentence_is_ranked_by_its_likeness_to_a_text(
    library: Library, collection: Collection, finder: EvidenceFinder
) -> None:
    matches = finder.rank_sentences("Lunch is served at noon.", chunks_of(library, collection))
    assert len(matches) == 7
    assert matches[0].text == "Lunch is served at noon."
    assert matches[0].score == pytest.approx(1.0)
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)
    whole = library.document_text(collection.id, matches[0].stored.file_id)
    assert all(whole[match.start : match.end] == match.text for match in matches)


def test_a_question_is_answered_by_what_has_its_rare_words_in_the_chunk_that_is_about_it(
    library: Library, collection: Collection, finder: EvidenceFinder, embedder: HashEmbedder
) -> None:
    matches = finder.rank_evidence(QUESTION, hits_for(library, embedder, collection, QUESTION))
    assert texts(matches)[0] == "Somebody has to oil it every 3 months."
    assert sorted(texts(matches)) == sorted(texts(finder.rank_sentences(QUESTION, chunks_of(library, collection))))
    assert all(0 <= match.score <= 1 for match in matches)


def test_the_score_of_evidence_is_made_of_meaning_words_and_chunk(
    library: Library, collection: Collection, finder: EvidenceFinder, embedder: HashEmbedder
) -> None:
    [hit, *_] = hits_for(library, embedder, collection, "canteen")
    evidence = {match.text: match.score for match in finder.rank_evidence("canteen", [hit])}
    meaning = {match.text: match.score for match in finder.rank_sentences("canteen", [hit.chunk])}
    closes, lunch = "The canteen closes at two.", "Lunch is served at noon."
    chunk = RELEVANCE_WEIGHT * hit.breakdown.relevance
    assert evidence[closes] == pytest.approx(COSINE_WEIGHT * meaning[closes] + COVERAGE_WEIGHT + chunk)
    assert evidence[lunch] == pytest.approx(COSINE_WEIGHT * max(meaning[lunch], 0.0) + chunk)


def test_meaning_is_the_mean_of_the_cosines_as_far_as_the_embedder_knows_the_language(
    library: Library, collection: Collection, finder: EvidenceFinder, embedder: HashEmbedder
) -> None:
    [hit, *_] = hits_for(library, embedder, collection, "canteen")
    half = replace(hit, breakdown=replace(hit.breakdown, vocabulary_fit=0.5))
    cosines = {match.text: match.score for match in finder.rank_sentences("canteen", [hit.chunk])}
    for of_hit, fit in ((hit, 1.0), (half, 0.5)):
        for match in finder.rank_evidence("canteen", [of_hit]):
            assert match.meaning == pytest.approx(fit * (max(cosines[match.text], 0.0) + hit.dense_score) / 2)


@pytest.mark.parametrize("words", ["who", "how many", "wer", "combien", "cuántos", "quanti", "quem", "hoeveel"])
def test_question_words_are_not_missed_in_an_answer(
    library: Library, collection: Collection, finder: EvidenceFinder, embedder: HashEmbedder, words: str
) -> None:
    [hit, *_] = hits_for(library, embedder, collection, "canteen")
    question = f"{words} canteen"
    (closes,) = [match for match in finder.rank_evidence(question, [hit]) if match.text == "The canteen closes at two."]
    cosine_score = COSINE_WEIGHT * float(embedder.embed_query(closes.text) @ embedder.embed_query(question))
    assert closes.score == pytest.approx(cosine_score + COVERAGE_WEIGHT + RELEVANCE_WEIGHT * hit.breakdown.relevance)


def test_the_title_above_a_sentence_counts_as_its_words(
    library: Library, collection: Collection, finder: EvidenceFinder, embedder: HashEmbedder
) -> None:
    hits = hits_for(library, embedder, collection, "machines mixer")
    [mixer] = [hit for hit in hits if "mixer" in hit.chunk.chunk.text]
    alone, titled = (
        {match.text: match.score for match in finder.rank_evidence(question, [mixer])}["The mixer is new."]
        for question in ("mixer", "machines mixer")
    )
    assert titled == pytest.approx(
        alone + COSINE_WEIGHT * (cosine(embedder, "machines mixer") - cosine(embedder, "mixer"))
    )


def cosine(embedder: HashEmbedder, question: str) -> float:
    return float(embedder.embed_query("The mixer is new.") @ embedder.embed_query(question))


def test_sentences_are_embedded_once(
    library: Library, collection: Collection, finder: EvidenceFinder, embedder: HashEmbedder
) -> None:
    hits = hits_for(library, embedder, collection, QUESTION)
    finder.rank_evidence(QUESTION, hits)
    before = len(embedder.calls)
    finder.rank_evidence(QUESTION, hits)
    finder.rank_sentences("The pump needs oil.", [hit.chunk for hit in hits])
    assert [len(call) for call in embedder.calls[before:] if call] == [1, 1]


def test_nothing_found_has_no_evidence(finder: EvidenceFinder) -> None:
    assert finder.rank_evidence("pump", []) == []
    assert finder.rank_sentences("pump", []) == []


def test_a_question_without_words_is_judged_by_its_meaning_and_the_chunks(
    library: Library, collection: Collection, finder: EvidenceFinder, embedder: HashEmbedder
) -> None:
    hits = hits_for(library, embedder, collection, "pump")
    assert len(finder.rank_evidence("?!", hits)) == 7


def test_a_quote_says_where_its_sentence_stands(
    library: Library, collection: Collection, finder: EvidenceFinder, embedder: HashEmbedder
) -> None:
    best = finder.rank_evidence(QUESTION, hits_for(library, embedder, collection, QUESTION))[0]
    quote = finder.quote(best)
    whole = library.document_text(collection.id, quote.file_id)
    assert whole[quote.start : quote.end] == quote.quote == best.text
    assert (quote.page, quote.filename, quote.score) == (1, "manual", best.score)


def test_withdrawn_text_is_no_evidence_and_a_comment_is_a_sentence_of_its_own(
    library: Library, finder: EvidenceFinder, collection: Collection, embedder: HashEmbedder
) -> None:
    text = "The fee is EUR 4,150 [struck out: EUR 3,400] a month. [comment by Ann: Ask Bo. He knows.] It is due in May."
    file = library.add_file(source="fees", filename="fees", content=io.BytesIO(b"fees"))
    complete(library, library.enqueue(collection.id, file.id), chunked(text, title="Fees"), embedder.embed([text]))
    (stored,) = library.document_chunks(collection.id, file.id)
    assert [match.text for match in split_chunk(stored)] == [
        "The fee is EUR 4,150",
        "a month.",
        "[comment by Ann: Ask Bo. He knows.]",
        "It is due in May.",
    ]
