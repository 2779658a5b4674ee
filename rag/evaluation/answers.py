"""Ask the questions of a set as users would, one after the other, and judge what is answered."""

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
from rag.evaluation.types import AnswersReport, Estimate, EvalQuery, EvalSet, LatencyReport, ProgressTracker, Span
from rag.types import Answer, AnswerDelta, AnswerEvent, AnswerMode, AnswerStarted, AnswerStyle, Question, Quote

EVIDENCE_DEPTHS = (1, 3)
LONGEST_FOUND_WORDS = 25
"""A right answer that is longer is a text to be compared with, which stands word for word in no other."""
VERDICTS = ("supported", "partly", "unsupported")


@dataclass(frozen=True, slots=True)
class AskingPolicy:
    """How questions are asked. `max_queries` bounds those with a relevant document, and those without an answer."""

    collection_id: str
    mode: AnswerMode = "auto"
    style: AnswerStyle = "auto"
    max_queries: int | None = None


@dataclass(frozen=True, slots=True)
class AnsweredQuery:
    """A question, what came of it, and after how many seconds the evidence, the first token and the end came."""

    query: EvalQuery
    started: AnswerStarted
    answer: Answer
    evidence_seconds: float
    first_token_seconds: float
    total_seconds: float
    checking_seconds: float

    @property
    def is_refused(self) -> bool:
        """Whether the answer is that the documents have none."""
        return self.answer.mode == "none"

    @property
    def said(self) -> str:
        """The answer as it is compared; nothing where it was refused."""
        return "" if self.is_refused else strip_markers(self.answer.text)


def evaluate_answers(
    evaluated: EvalSet,
    answer: Callable[[Question], Generator[AnswerEvent, None, None]],
    policy: AskingPolicy,
    *,
    library: Library,
    track: ProgressTracker,
) -> AnswersReport:
    """Ask what has a relevant document, and what has no answer; raises what `answer` raises."""
    judged = [query for query in evaluated.queries if query.is_judged][: policy.max_queries]
    hopeless = [query for query in evaluated.queries if query.is_unanswerable and not query.is_judged]
    ask_query(judged[0], answer, policy)  # so that nothing is loaded while answers are timed
    answered = [ask_query(query, answer, policy) for query in track(judged, "answering")]
    others = hopeless[: policy.max_queries]
    refused = [ask_query(query, answer, policy) for query in track(others, "unanswerable")] if others else []
    return _report(answered, refused, CitationAudit(library))


def ask_query(
    query: EvalQuery, answer: Callable[[Question], Generator[AnswerEvent, None, None]], policy: AskingPolicy
) -> AnsweredQuery:
    """Ask one question with what was said before it; sampling is greedy."""
    messages = (*query.history, Message("user", query.text))
    question = Question(messages, (policy.collection_id,), mode=policy.mode, style=policy.style)
    begun = time.perf_counter()
    started: AnswerStarted | None = None
    evidence_at = token_at = last_delta_at = 0.0
    with closing(answer(question)) as events:
        for event in events:
            now = time.perf_counter() - begun
            if isinstance(event, Answer) and started is not None:
                # What was checked while the model wrote is known to the answer alone.
                checking = max(now - last_delta_at, event.timings.checking_seconds)
                return AnsweredQuery(query, started, event, evidence_at, token_at or now, now, checking)
            if isinstance(event, AnswerStarted):
                started, evidence_at = event, now
            elif isinstance(event, AnswerDelta):
                last_delta_at, token_at = now, token_at or (now if event.text else 0.0)
    raise AssertionError("events that do not raise end with the answer")


def _report(answered: Sequence[AnsweredQuery], refused: Sequence[AnsweredQuery], audit: CitationAudit) -> AnswersReport:
    everything = [*answered, *refused]
    problems = [_problems(each, audit) for each in everything]
    quoted = [each.answer for each in everything if each.answer.style == "quoted" and not each.is_refused]
    values: dict[str, Sequence[float]] = {
        **_correctness(answered),
        "citation_validity": [not problem for problem in chain.from_iterable(problems)],
        **_citations(answered),
        **_verdicts(everything),
        "false_refusal_rate": [each.is_refused for each in answered],
        "refusal_rate": [each.is_refused for each in refused],
        "checking_share": [each.checking_seconds / each.total_seconds for each in everything if not each.is_refused],
    }
    return AnswersReport(
        model=answered[0].answer.model,
        answerable=len(answered),
        unanswerable=len(refused),
        quoted=len(quoted),
        citations=sum(len(each.answer.citations) for each in everything),
        sentences=sum(len(each.answer.sentences) for each in everything),
        estimates={name: found for name, each in values.items() if (found := _estimate(each)) is not None},
        invalid_citations=tuple(
            f"{each.query.id}: {problem}"
            for each, of_answer in zip(everything, problems, strict=True)
            for problem in of_answer
            if problem
        ),
        foreign_chars=sum(map(audit.count_foreign_chars, quoted)),
        latencies=_latencies([each for each in everything if not each.is_refused] or everything),
    )


def _problems(answered: AnsweredQuery, audit: CitationAudit) -> list[str]:
    """Return what is wrong with each citation and each piece of evidence, in order; nothing for one that is right."""
    shown = {passage.number for passage in answered.started.passages}
    citations = answered.answer.citations
    return [
        *(audit.check_citation(citation, answered.answer, shown) for citation in citations),
        *map(audit.check_quote, answered.started.evidence),
    ]


def _correctness(answered: Sequence[AnsweredQuery]) -> dict[str, Sequence[float]]:
    """Return how answers compare with the right ones, where these are known."""
    known = [each for each in answered if each.query.answers]
    short = [each for each in known if min(map(_length, each.query.answers)) <= LONGEST_FOUND_WORDS]
    return {
        "em": [is_exact_match(each.said, each.query.answers) for each in known],
        "f1": [token_f1(each.said, each.query.answers) for each in known],
        "answer_contains": [contains_answer(each.said, each.query.answers) for each in short],
        **{
            f"evidence_hit@{depth}": [
                any(contains_answer(quote.quote, each.query.answers) for quote in each.started.evidence[:depth])
                for each in short
            ]
            for depth in EVIDENCE_DEPTHS
        },
    }


def _length(answer: str) -> int:
    return len(normalize_answer(answer))


def _citations(answered: Sequence[AnsweredQuery]) -> dict[str, Sequence[float]]:
    """Return for each question the share of its citations that are in the right document and in the right place.

    Recall is the share of the relevant documents that are cited; in the right place one citation is enough, because
    the places are all alternatives.
    """
    cited = [(each.query, [citation.quote for citation in each.answer.citations]) for each in answered]
    placed = [(_places(query), quotes) for query, quotes in cited if _places(query)]
    return {
        "citation_precision": [
            _share(query.relevance.get(quote.source, 0) > 0 for quote in quotes) for query, quotes in cited if quotes
        ],
        "citation_recall": [_cited_share(query, quotes) for query, quotes in cited],
        "citation_span_precision": [
            _share(overlaps(quote, places) for quote in quotes) for places, quotes in placed if quotes
        ],
        "citation_span_recall": [any(overlaps(quote, places) for quote in quotes) for places, quotes in placed],
    }


def _places(query: EvalQuery) -> tuple[Span, ...]:
    return (*query.spans, *query.evidence)


def _cited_share(query: EvalQuery, quotes: Sequence[Quote]) -> float:
    sources = {quote.source for quote in quotes}
    return _share(document in sources for document, grade in query.relevance.items() if grade > 0)


def _verdicts(answered: Sequence[AnsweredQuery]) -> dict[str, Sequence[float]]:
    given = [sentence.verdict for each in answered for sentence in each.answer.sentences]
    return {name: [verdict == name for verdict in given] for name in VERDICTS}


def _share(values: Iterable[bool]) -> float:
    return float(np.mean(list(values)))


def _estimate(values: Sequence[float]) -> Estimate | None:
    return estimate(np.array(values, dtype=np.float64)) if values else None


def _latencies(answered: Sequence[AnsweredQuery]) -> dict[str, LatencyReport]:
    seconds = {
        "first_evidence": [each.evidence_seconds for each in answered],
        "first_token": [each.first_token_seconds for each in answered],
        "total": [each.total_seconds for each in answered],
    }
    return {
        name: LatencyReport(*(1_000 * float(np.percentile(each, share)) for share in (50, 95)))
        for name, each in seconds.items()
    }
