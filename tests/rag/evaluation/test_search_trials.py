"""Trials: a tiny set taken into a library, searched in several ways, with the right values computed by hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ingest.chunking.chunker import ChunkSpec, split
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from rag.engines.types import Message
from rag.evaluation.corpus import CorpusIngester
from rag.evaluation.search_trials import TrialPolicy, evaluate_search
from rag.evaluation.search_variants import SearchParts, list_compared_methods, select_served_method
from rag.evaluation.sets import load_set
from rag.evaluation.types import AbstentionReport, Estimate, EvalQuery, EvalSet, Item, SearchMethod, SetReport
from rag.grounding.evidence import EvidenceFinder
from rag.retrieval.hybrid import Retriever
from rag.types import ScoredChunk, Search
from tests.fakes import HashEmbedder, passport
from tests.rag.evaluation_world import CORPUS, write_set

EMBEDDER = HashEmbedder()
POLICY = TrialPolicy(budget_chars=10_000, top_k=6, min_score=0.25)


class Words:
    """A `SpanTokenizer` that counts characters."""

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [(place, place + 1) for place in range(len(text))]


def silent(items: Sequence[Item], doing: str) -> Iterable[Item]:
    """A `ProgressTracker` that tells nobody."""
    return items


@pytest.fixture
def evaluated(tmp_path: Path) -> EvalSet:
    return load_set(write_set(tmp_path / "tiny"), "tiny")


def ingester(library: Library) -> CorpusIngester:
    return CorpusIngester(
        library, EMBEDDER, passport=passport(), chunker=partial(split, spec=ChunkSpec(60), tokenizer=Words())
    )


@pytest.fixture
def parts(library: Library, evaluated: EvalSet) -> SearchParts:
    collection = ingester(library).ingest(evaluated.documents, silent)
    index = SearchIndex(library)
    retriever = Retriever(library, index, EMBEDDER, fusion_weight=0.5)
    return SearchParts(library, index, EMBEDDER, retriever, collection.id)


def report(
    parts: SearchParts, evaluated: EvalSet, methods: Mapping[str, SearchMethod], policy: TrialPolicy = POLICY
) -> SetReport:
    finder = EvidenceFinder(parts.library, EMBEDDER)
    return evaluate_search(evaluated, methods, policy, finder=finder, chunks=5, track=silent)


def told_apart(*, auc: float, refused: float, answered: float, curve: float) -> AbstentionReport:
    """Two questions with an answer and one without, which is refused equally at every limit."""
    return AbstentionReport(2, 1, auc, refused, answered, dict.fromkeys(("1%", "2%", "5%", "10%"), curve))


def test_a_corpus_goes_in_with_its_ids_titles_and_offsets(library: Library, evaluated: EvalSet) -> None:
    collection = ingester(library).ingest(evaluated.documents, silent)
    stored = {document.source: document for document in library.documents(collection.id, statuses=["done"])}
    assert {source: document.title for source, document in stored.items()} == {
        "pump": "Pump",
        "lunch": "Canteen",
        "drill": "",
    }
    for row in CORPUS:
        document = stored[row["id"]]
        text = row["text"]
        chunks = [each.chunk for each in library.document_chunks(collection.id, document.file_id)]
        assert library.document_text(collection.id, document.file_id) == text
        assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
        assert {chunk.context for chunk in chunks} == {row["title"] or ""}


def test_a_corpus_that_is_there_is_not_embedded_again(library: Library, evaluated: EvalSet) -> None:
    first = ingester(library).ingest(evaluated.documents, silent)
    calls = len(EMBEDDER.calls)
    assert ingester(library).ingest(evaluated.documents, silent) == library.collection(first.id)
    assert len(EMBEDDER.calls) == calls


def test_a_corpus_whose_intake_was_cut_off_is_taken_in_anew(library: Library, evaluated: EvalSet) -> None:
    first = ingester(library).ingest(evaluated.documents[:2], silent)
    second = ingester(library).ingest(evaluated.documents, silent)
    assert second.id != first.id
    assert len(library.documents(second.id, statuses=["done"])) == 3
    assert library.collections() == [library.collection(second.id)]


def test_every_way_finds_what_shares_the_words_of_the_question(parts: SearchParts, evaluated: EvalSet) -> None:
    for name, way in list_compared_methods(parts, has_history=False).items():
        hits = way(evaluated.queries[0])
        assert hits[0].chunk.source == "pump", name
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_last_way_is_the_one_that_serves_users(parts: SearchParts, evaluated: EvalSet) -> None:
    ways = list_compared_methods(parts, has_history=False)
    assert list(ways) == ["lexical", "dense", "fused", "reranked"]
    assert list(ways)[-1:] == list(select_served_method(parts, has_history=False))
    served = ways["reranked"](evaluated.queries[0])
    assert served == parts.retriever.retrieve(Search(evaluated.queries[0].text, (parts.collection_id,)), 50)


class Indifferent:
    """A `Reranker` to which all texts are the same."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        return [0.5] * len(texts)


def test_where_a_model_ranks_again_the_search_without_it_is_compared(parts: SearchParts) -> None:
    retriever = Retriever(parts.library, parts.index, EMBEDDER, fusion_weight=0.5, reranker=Indifferent())
    with_model = replace(parts, retriever=retriever)
    compared = ["lexical", "dense", "fused", "reranked", "reranked by model"]
    assert list(list_compared_methods(with_model, has_history=False)) == compared
    assert list(list_compared_methods(with_model, has_history=True)) == [*compared, "with history"]
    assert list(select_served_method(with_model, has_history=False)) == ["reranked by model"]


def test_questions_that_follow_others_are_served_with_what_came_before(parts: SearchParts, evaluated: EvalSet) -> None:
    ways = list_compared_methods(parts, has_history=True)
    assert list(ways)[-2:] == ["reranked", "with history"]
    asked = replace(evaluated.queries[0], text="How often?", history=(Message("user", evaluated.queries[0].text),))
    assert ways["with history"](asked)[0].chunk.source == "pump"


def test_a_set_with_one_right_place_a_question_is_found_whole(parts: SearchParts, evaluated: EvalSet) -> None:
    set_report = report(parts, evaluated, select_served_method(parts, has_history=False))
    sure = Estimate(1.0, 1.0, 1.0)
    assert (set_report.name, set_report.documents, set_report.chunks, set_report.queries) == ("tiny", 3, 5, 2)
    assert {
        name: set_report.served.estimates[name] for name in ("ndcg@10", "recall@5", "mrr", "span_recall")
    } == dict.fromkeys(("ndcg@10", "recall@5", "mrr", "span_recall"), sure)
    assert 0 < set_report.served.latency_p50_ms <= set_report.served.latency_p95_ms
    assert set_report.served.below_served == Estimate(0.0, 0.0, 0.0)


def test_documents_are_ranked_by_their_best_chunk(parts: SearchParts, evaluated: EvalSet) -> None:
    def lunch_first(query: EvalQuery) -> Sequence[ScoredChunk]:
        hits = list(parts.search_fused(query))
        return sorted(hits, key=lambda hit: hit.chunk.source != "lunch")

    set_report = report(parts, evaluated, {"lunch first": lunch_first, "fused": parts.search_fused})
    worse, served = set_report.methods
    # The two chunks of the lunch come first; the pump is the second document of q1 all the same.
    assert worse.estimates["mrr"].mean == pytest.approx((1 / 2 + 1) / 2)
    assert served.estimates["mrr"].mean == 1.0
    assert worse.below_served.mean == pytest.approx(served.estimates["ndcg@10"].mean - worse.estimates["ndcg@10"].mean)


def test_a_way_that_finds_nothing_scores_nothing(parts: SearchParts, evaluated: EvalSet) -> None:
    set_report = report(parts, evaluated, {"nothing": lambda _: []})
    assert {estimate for estimate in set_report.served.estimates.values()} == {Estimate(0.0, 0.0, 0.0)}
    assert set_report.abstention == told_apart(auc=0.5, refused=1.0, answered=0.0, curve=0.0)


def test_span_measures_are_missing_where_no_span_is_known(parts: SearchParts, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "other")
    (folder / "spans.jsonl").unlink()
    assert set(
        report(parts, load_set(folder, "other"), select_served_method(parts, has_history=False)).served.estimates
    ) == {
        "ndcg@10",
        "recall@5",
        "mrr",
    }


def test_a_question_without_an_answer_is_told_by_its_best_score(parts: SearchParts, evaluated: EvalSet) -> None:
    set_report = report(parts, evaluated, select_served_method(parts, has_history=False))
    assert set_report.abstention == told_apart(auc=1.0, refused=0.0, answered=0.0, curve=1.0)
    generous = TrialPolicy(budget_chars=1, top_k=6, min_score=-1.0)
    assert report(parts, evaluated, select_served_method(parts, has_history=False), generous).abstention == told_apart(
        auc=1.0, refused=0.0, answered=1.0, curve=1.0
    )


def test_the_number_of_questions_can_be_bounded(parts: SearchParts, evaluated: EvalSet) -> None:
    one = TrialPolicy(budget_chars=10_000, top_k=6, min_score=0.25, max_queries=1)
    set_report = report(parts, evaluated, select_served_method(parts, has_history=False), one)
    assert set_report.queries == 1
    assert set_report.abstention is not None
    assert (set_report.abstention.answerable, set_report.abstention.unanswerable) == (1, 1)
