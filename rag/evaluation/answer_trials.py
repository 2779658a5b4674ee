"""Evaluate answers: ask the questions of a set one after the other, and compare answers, citations and refusals."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ingest.library.library import Library
from rag.engines.types import Message
from rag.evaluation.answer_matching import contains_answer, is_exact_match, normalize_answer, strip_markers, token_f1
from rag.evaluation.audit import CitationAudit, overlaps
from rag.evaluation.measures import estimate
from rag.evaluation.types import (
    AnswersReport,
    Estimate,
    EvalQuery,
    EvalSet,
    LatencyReport,
    ProgressTracker,
    Span,
)
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerMode, AnswerStarted, AnswerStyle, Question, Quote

EVIDENCE_DEPTHS = (1, 3)
MAX_CONTAINED_WORDS = 25
"""A longer gold answer is a reference text, which no answer contains word for word."""
VERDICTS = ("supported", "partly", "unsupported")


@dataclass(frozen=True, slots=True)
class AskingPolicy:
    """How questions are asked. `max_queries` limits answerable and unanswerable questions separately."""

    collection_id: str
    mode: AnswerMode = "auto"
    style: AnswerStyle = "auto"
    max_queries: int | None = None


@dataclass(frozen=True, slots=True)
class AnsweredQuery:
    """A question, its answer, and the seconds until the evidence, the first token and the end."""

    query: EvalQuery
    started: AnswerStarted
    answer: Answer
    evidence_seconds: float
    first_token_seconds: float
    total_seconds: float
    checking_seconds: float

    @property
    def is_refused(self) -> bool:
        """Whether the system abstained."""
        return self.answer.mode == "none"

    @property
    def compared_text(self) -> str:
        """The answer without markers; empty for an abstention."""
        return "" if self.is_refused else strip_markers(self.answer.text)


def evaluate_answers(
    eval_set: EvalSet,
    answer: Callable[[Question], Generator[AnswerEvent, None, None]],
    policy: AskingPolicy,
    *,
    library: Library,
    track: ProgressTracker,
) -> AnswersReport:
    """Ask the answerable and the unanswerable questions of a set. Raises what `answer` raises."""
    judged, unanswerable = eval_set.split_questions(policy.max_queries)
    ask_query(judged[0], answer, policy)  # a warm-up: no model loads while answers are timed
    answered = [ask_query(query, answer, policy) for query in track(judged, "answering")]
    refused = (
        [ask_query(query, answer, policy) for query in track(unanswerable, "unanswerable")] if unanswerable else []
    )
    return _report(answered, refused, CitationAudit(library))


def ask_query(
    query: EvalQuery, answer: Callable[[Question], Generator[AnswerEvent, None, None]], policy: AskingPolicy
) -> AnsweredQuery:
    """Ask one question with its chat history; sampling is greedy."""
    messages = (*query.history, Message("user", query.text))
    question = Question(messages, (policy.collection_id,), mode=policy.mode, style=policy.style)
    begun = time.perf_counter()
    started: AnswerStarted | None = None
    evidence_at = token_at = last_delta_at = 0.0
    with closing(answer(question)) as events:
        for event in events:
            now = time.perf_counter() - begun
            if isinstance(event, Answer) and started is not None:
                # Only the answer knows the time of verification during generation.
                checking = max(now - last_delta_at, event.timings.checking_seconds)
                return AnsweredQuery(query, started, event, evidence_at, token_at or now, now, checking)
            if isinstance(event, AnswerStarted):
                started, evidence_at = event, now
            elif isinstance(event, AnswerDelta):
                last_delta_at, token_at = now, token_at or (now if event.text else 0.0)
    raise AssertionError("events that do not raise end with the answer")


def _report(answered: Sequence[AnsweredQuery], refused: Sequence[AnsweredQuery], audit: CitationAudit) -> AnswersReport:
    everything = [*answered, *refused]
    problems = [_problems(result, audit) for result in everything]
    quoted = [result.answer for result in everything if result.answer.style == "quoted" and not result.is_refused]
    values: dict[str, Sequence[float]] = {
        **_correctness(answered),
        "citation_validity": [not problem for problem in chain.from_iterable(problems)],
        **_citations(answered),
        **_verdicts(everything),
        "false_refusal_rate": [result.is_refused for result in answered],
        "refusal_rate": [result.is_refused for result in refused],
        "checking_share": [
            result.checking_seconds / result.total_seconds for result in everything if not result.is_refused
        ],
    }
    return AnswersReport(
        model=answered[0].answer.model,
        answerable=len(answered),
        unanswerable=len(refused),
        quoted=len(quoted),
        citations=sum(len(result.answer.citations) for result in everything),
        sentences=sum(len(result.answer.sentences) for result in everything),
        estimates={name: mean for name, of_measure in values.items() if (mean := _estimate(of_measure)) is not None},
        invalid_citations=tuple(
            f"{result.query.id}: {problem}"
            for result, of_answer in zip(everything, problems, strict=True)
            for problem in of_answer
            if problem
        ),
        foreign_chars=sum(map(audit.count_foreign_chars, quoted)),
        latencies=_latencies([result for result in everything if not result.is_refused] or everything),
    )


def _problems(answered: AnsweredQuery, audit: CitationAudit) -> list[str]:
    """Return the problem of each citation and each piece of evidence, in order; empty for a valid one."""
    shown = {passage.number for passage in answered.started.passages}
    citations = answered.answer.citations
    return [
        *(audit.check_citation(citation, answered.answer, shown) for citation in citations),
        *map(audit.check_quote, answered.started.evidence),
    ]


def _correctness(answered: Sequence[AnsweredQuery]) -> dict[str, Sequence[float]]:
    """Return EM, F1 and containment for each question with gold answers."""
    with_gold = [result for result in answered if result.query.answers]
    short = [result for result in with_gold if min(map(_length, result.query.answers)) <= MAX_CONTAINED_WORDS]
    return {
        "em": [is_exact_match(result.compared_text, result.query.answers) for result in with_gold],
        "f1": [token_f1(result.compared_text, result.query.answers) for result in with_gold],
        "answer_contains": [contains_answer(result.compared_text, result.query.answers) for result in short],
        **{
            f"evidence_hit@{depth}": [
                any(contains_answer(quote.quote, result.query.answers) for quote in result.started.evidence[:depth])
                for result in short
            ]
            for depth in EVIDENCE_DEPTHS
        },
    }


def _length(answer: str) -> int:
    return len(normalize_answer(answer))


def _citations(answered: Sequence[AnsweredQuery]) -> dict[str, Sequence[float]]:
    """Return citation precision and recall for each question, by document and by gold span.

    Document recall is the share of relevant documents that are cited. For spans one citation is enough, because gold
    spans are alternatives.
    """
    cited = [(result.query, [citation.quote for citation in result.answer.citations]) for result in answered]
    with_spans = [(_gold_spans(query), quotes) for query, quotes in cited if _gold_spans(query)]
    return {
        "citation_precision": [
            _share(query.relevance.get(quote.source, 0) > 0 for quote in quotes) for query, quotes in cited if quotes
        ],
        "citation_recall": [_cited_share(query, quotes) for query, quotes in cited],
        "citation_span_precision": [
            _share(overlaps(quote, spans) for quote in quotes) for spans, quotes in with_spans if quotes
        ],
        "citation_span_recall": [any(overlaps(quote, spans) for quote in quotes) for spans, quotes in with_spans],
    }


def _gold_spans(query: EvalQuery) -> tuple[Span, ...]:
    return (*query.spans, *query.evidence)


def _cited_share(query: EvalQuery, quotes: Sequence[Quote]) -> float:
    sources = {quote.source for quote in quotes}
    return _share(document in sources for document, grade in query.relevance.items() if grade > 0)


def _verdicts(answered: Sequence[AnsweredQuery]) -> dict[str, Sequence[float]]:
    verdicts = [sentence.verdict for result in answered for sentence in result.answer.sentences]
    return {name: [verdict == name for verdict in verdicts] for name in VERDICTS}


def _share(values: Iterable[bool]) -> float:
    return float(np.mean(list(values)))


def _estimate(values: Sequence[float]) -> Estimate | None:
    return estimate(np.array(values, dtype=np.float64)) if values else None


def _latencies(answered: Sequence[AnsweredQuery]) -> dict[str, LatencyReport]:
    seconds = {
        "first_evidence": [result.evidence_seconds for result in answered],
        "first_token": [result.first_token_seconds for result in answered],
        "total": [result.total_seconds for result in answered],
    }
    return {
        name: LatencyReport(*(1_000 * float(np.percentile(of_phase, percent)) for percent in (50, 95)))
        for name, of_phase in seconds.items()
    }
