"""Gather the evidence for a question: query rewriting, conditions, hybrid retrieval, ranked sentences, abstention."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.context.answer_policy import AnswerPolicy
from rag.context.selection import deduplicate
from rag.engines.types import Engine
from rag.grounding.abstention import Answerability, find_named_chunks, judge_answerability
from rag.grounding.bylines import asks_for_author, find_byline, is_named_in
from rag.grounding.clause_text import select_clause_text
from rag.grounding.conditions import (
    NO_CONDITIONS,
    Conditions,
    explain_missing,
    explain_no_name,
    explain_no_value,
    make_conditions,
)
from rag.grounding.evidence import EvidenceFinder, SentenceMatch
from rag.grounding.hidden_text import VISIBLE_TEXT, put_hidden_chunks_behind, put_hidden_last
from rag.grounding.supersession import search_amendments
from rag.grounding.withdrawn import find_withdrawn
from rag.questions.follow_up import FollowUp
from rag.questions.identifiers import Identifier, extract_identifiers
from rag.questions.request_phrases import strip_request
from rag.questions.section_mention import select_section
from rag.retrieval.hybrid import Retriever
from rag.retrieval.identifier_search import locate_identifier, respell
from rag.retrieval.query_rewriting import rewrite_query, should_rewrite
from rag.retrieval.query_variants import make_standalone_query
from rag.tables.table import is_table
from rag.types import Question, ScoredChunk, Search

NO_SUCH_PART = "the clause that the question names has no such paragraph or sentence"


@dataclass(frozen=True, slots=True)
class GatheredEvidence:
    """The evidence for a question, the best first.

    `hits` are the chunks among the top_k that can answer it, with the amendments of their clauses; `omitted` are those
    among the next top_k that can, too.
    `matches` are the sentences of the top_k chunks; if the question names identifiers, those that have them.
    `absence` says which identifiers stand in no document, if that decides that there is no answer, and `reasons`
    explain an abstention, in words for the user. `tables` are the chunks of visible tables among all candidates,
    `conditions` those that the sentences meet. Hidden text comes behind what is seen (`rag.grounding.hidden_text`).
    """

    hits: tuple[ScoredChunk, ...] = ()
    omitted: tuple[ScoredChunk, ...] = ()
    matches: tuple[SentenceMatch, ...] = ()
    reasons: tuple[str, ...] = ()
    absence: str = ""
    tables: tuple[StoredChunk, ...] = ()
    conditions: Conditions = NO_CONDITIONS


@dataclass(frozen=True, slots=True)
class SearchedQuestion:
    """What is searched for: the two queries of `Search`, the identifiers in the first, and what a follow-up names."""

    query: str
    standalone_query: str = ""
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[str, ...] = ()


class EvidenceGatherer:
    """Gathers evidence from the collections that a question names. Safe to use from many threads."""

    def __init__(self, library: Library, retriever: Retriever, finder: EvidenceFinder, policy: AnswerPolicy) -> None:
        self._library = library
        self._retriever = retriever
        self._finder = finder
        self._policy = policy

    def read(self, question: Question, follow_up: FollowUp, query: str, engine: Engine) -> SearchedQuestion:
        """Return what to search for; `engine` rewrites a follow-up if it is able to.

        The query is the text of the question as `follow_up` understands it, without the names of documents to which
        they limit the search. Raises what `Engine.generate` raises.
        """
        query, standalone_query = self._rewrite(question, follow_up, strip_request(query), engine)
        return SearchedQuestion(query, standalone_query, extract_identifiers(query), follow_up.names)

    def gather(self, question: Question, searched: SearchedQuestion, *, with_omitted: bool) -> GatheredEvidence:
        """Return the evidence for what is `searched` in the documents that the question may be answered from.

        Hits are omitted only from passages, so `with_omitted` is for answers that are not from whole documents. Raises
        `CollectionNotFoundError`.
        """
        top_k, query = self._policy.top_k, searched.query
        search = Search(query, question.collections, searched.standalone_query, question.document_filter)
        located = [locate_identifier(self._library, search, identifier) for identifier in searched.identifiers]
        conditions = make_conditions(query, located, searched.names)
        query = respell(query, located)
        ranked = put_hidden_chunks_behind(self._retriever.rank_candidates(replace(search, query=query), top_k))
        candidates = deduplicate(ranked)
        if not conditions.can_be_met or not conditions.are_named_in(candidates):
            return self._miss(query, candidates, conditions)
        candidates = select_section(query, conditions.select_hits(candidates))
        if candidates and not conditions.has_value_in(candidates[0].chunk.chunk.text):
            return self._miss(query, candidates, conditions)
        judged, matches = self._judge(query, candidates[:top_k], conditions)
        clause_text = select_clause_text(query, matches, conditions)
        if clause_text == []:
            return replace(self._miss(query, candidates, conditions), reasons=(NO_SUCH_PART,))
        if clause_text is not None:
            matches = clause_text
        omitted: tuple[ScoredChunk, ...] = ()
        if with_omitted and judged.is_answerable:
            omitted = self._judge(query, candidates[top_k : 2 * top_k], conditions)[0].hits
        named = self._find_named_quotes(query, candidates[:top_k], matches)
        if named:
            chunks = {match.stored.id for match in named}
            judged = replace(judged, hits=judged.hits or tuple(hit for hit in candidates if hit.chunk.id in chunks))
            matches = [*named, *matches]
        hits = self._add_amendments(judged.hits, matches, search)
        tables = tuple(
            candidate.chunk
            for candidate in candidates
            if is_table(candidate.chunk) and VISIBLE_TEXT.shows(candidate.chunk)
        )
        return GatheredEvidence(hits, omitted, tuple(matches), judged.reasons, tables=tables, conditions=conditions)

    def _find_named_quotes(
        self, query: str, hits: Sequence[ScoredChunk], matches: Sequence[SentenceMatch]
    ) -> list[SentenceMatch]:
        """Return what answers by its form and not by its likeness: the authors under a title, a struck entry."""
        if asks_for_author(query):
            for hit in hits:
                if is_named_in(query, hit.chunk):
                    first, *_ = self._library.document_chunks(hit.chunk.collection_id, hit.chunk.file_id)
                    return [byline] if (byline := find_byline(first)) is not None else []
        return find_withdrawn(query, [hit.chunk for hit in hits], matches)

    def _add_amendments(
        self, hits: tuple[ScoredChunk, ...], matches: Sequence[SentenceMatch], search: Search
    ) -> tuple[ScoredChunk, ...]:
        """Return hits with the amendments of the clauses in which the best sentences stand, behind the best hit."""
        if not hits:
            return hits
        amending = search_amendments(self._library, search, matches)
        best, *others = hits
        ids = {chunk.id for chunk in amending}
        behind = [replace(best, chunk=chunk) for chunk in amending if chunk.id != best.chunk.id]
        return (best, *behind, *(hit for hit in others if hit.chunk.id not in ids))

    def _judge(
        self, query: str, hits: Sequence[ScoredChunk], conditions: Conditions
    ) -> tuple[Answerability, list[SentenceMatch]]:
        """Return whether some hits answer a query, and their sentences, the best first."""
        ranked = conditions.select_matches(self._finder.rank_evidence(query, hits))
        matches = put_hidden_last(ranked, min_score=self._policy.min_score)
        named = find_named_chunks(hits, conditions.identifiers)
        return judge_answerability(query, hits, matches, min_score=self._policy.min_score, named=named), matches

    def _miss(self, query: str, candidates: Sequence[ScoredChunk], conditions: Conditions) -> GatheredEvidence:
        """Return that the documents lack what the question names, with the closest sentences."""
        closest = self._finder.rank_evidence(query, candidates[: self._policy.top_k])
        matches = tuple(put_hidden_last(closest, min_score=self._policy.min_score))
        if conditions.can_be_met:
            explain = explain_no_value if conditions.are_named_in(candidates) else explain_no_name
            return GatheredEvidence(matches=matches, reasons=(explain(conditions),))
        absence = explain_missing(conditions.missing, [candidate.chunk for candidate in candidates])
        return GatheredEvidence(matches=matches, reasons=(absence.removesuffix("."),), absence=absence)

    def _rewrite(self, question: Question, follow_up: FollowUp, query: str, engine: Engine) -> tuple[str, str]:
        """Return the query and its standalone query, which is empty unless the question refers to an earlier one.

        An able model rewrites the standalone query, and the query itself if it was completed by its words.
        """
        standalone_query = make_standalone_query(follow_up.topic, query)
        is_completed = not standalone_query and follow_up.text != question.messages[-1].content
        if not (standalone_query or is_completed) or not should_rewrite(engine.info(), self._policy.rewriting):
            return query, standalone_query
        rewritten = rewrite_query(engine, question.messages, client=question.client)
        return (rewritten or query, "") if is_completed else (query, rewritten or standalone_query)
