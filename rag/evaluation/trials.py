"""Try ways of searching on the questions of a set, and sum up what they find."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.evaluation.measures import Values, auc, estimate, measure_rankings
from rag.evaluation.spans import SpanScores, cut_to_budget, score_spans
from rag.evaluation.types import (
    AbstentionReport,
    EvalQuery,
    EvalSet,
    ProgressTracker,
    SearchMethod,
    SearchMethodReport,
    SetReport,
)
from rag.grounding.abstention import Answerability, judge_answerability
from rag.grounding.evidence import EvidenceFinder
from rag.types import ScoredChunk

FALSE_REFUSALS = (0.01, 0.02, 0.05, 0.10)


@dataclass(frozen=True, slots=True)
class TrialPolicy:
    """What is asked and how it is judged.

    `max_queries` bounds the questions with a relevant document, and those without an answer. `top_k` and
    `min_score` are those by which it is decided whether there is anything to answer from.
    """

    budget_chars: int
    top_k: int
    min_score: float
    max_queries: int | None = None


@dataclass(frozen=True, slots=True)
class _Trial:
    """What one way made of one question; `hits` are those from which it would be answered."""

    documents: list[str]
    spans: SpanScores | None
    milliseconds: float
    hits: Sequence[ScoredChunk]


@dataclass(frozen=True, slots=True)
class _WayTrials:
    """What one way made of all questions with a relevant document: the values of each measure, and the trials."""

    trials: list[_Trial]
    values: Mapping[str, Values]


def evaluate_search(
    evaluated: EvalSet,
    methods: Mapping[str, SearchMethod],
    policy: TrialPolicy,
    *,
    finder: EvidenceFinder,
    chunks: int,
    track: ProgressTracker,
) -> SetReport:
    """Run each of `methods` on the questions of a set; the last, which serves users, also on unanswerable ones.

    Every way is tried once before it is timed, so that nothing is loaded meanwhile.
    """
    judged = [query for query in evaluated.queries if query.is_judged][: policy.max_queries]
    hopeless = [query for query in evaluated.queries if query.is_unanswerable and not query.is_judged]
    hopeless = hopeless[: policy.max_queries]
    texts = {document.id: document.text for document in evaluated.documents}
    tried: dict[str, _WayTrials] = {}
    for name, way in methods.items():
        way(judged[0])
        trials = [_try(query, way, policy, texts) for query in track(judged, name)]
        tried[name] = _WayTrials(trials, _values(judged, trials))
    served, way = list(tried.values())[-1], list(methods.values())[-1]
    found = [(query, trial.hits) for query, trial in zip(judged, served.trials, strict=True)]
    not_found = [(query, way(query)[: policy.top_k]) for query in track(hopeless, "unanswerable")] if hopeless else []

    def judged_by_users(each: tuple[EvalQuery, Sequence[ScoredChunk]]) -> Answerability:
        query, hits = each
        return judge_answerability(query.text, hits, finder.rank_evidence(query.text, hits), min_score=policy.min_score)

    return SetReport(
        name=evaluated.name,
        documents=len(evaluated.documents),
        chunks=chunks,
        queries=len(judged),
        methods=tuple(_summary(name, each, served) for name, each in tried.items()),
        abstention=_abstention(
            [judged_by_users(each) for each in track(found, "judging")], list(map(judged_by_users, not_found))
        )
        if not_found
        else None,
    )


def _try(query: EvalQuery, way: SearchMethod, policy: TrialPolicy, texts: Mapping[str, str]) -> _Trial:
    started = time.perf_counter()
    hits = way(query)
    milliseconds = 1_000 * (time.perf_counter() - started)
    found = cut_to_budget(hits, policy.budget_chars) if query.spans else []
    return _Trial(
        documents=list(dict.fromkeys(hit.chunk.source for hit in hits)),
        spans=score_spans(found, query.spans, texts) if query.spans else None,
        milliseconds=milliseconds,
        hits=hits[: policy.top_k],
    )


def _values(queries: Sequence[EvalQuery], trials: Sequence[_Trial]) -> dict[str, Values]:
    """Return the value of each measure for each question; span measures for those with spans alone."""
    rankings = {query.id: trial.documents for query, trial in zip(queries, trials, strict=True)}
    values = measure_rankings(rankings, {query.id: query.relevance for query in queries})
    spans = [trial.spans for trial in trials if trial.spans is not None]
    if spans:
        values["span_recall"] = np.array([scores.recall for scores in spans])
        values["span_precision"] = np.array([scores.precision for scores in spans])
        values["span_iou"] = np.array([scores.iou for scores in spans])
    return values


def _summary(name: str, tried: _WayTrials, served: _WayTrials) -> SearchMethodReport:
    milliseconds = [trial.milliseconds for trial in tried.trials]
    return SearchMethodReport(
        name=name,
        estimates={measure: estimate(values) for measure, values in tried.values.items()},
        latency_p50_ms=float(np.percentile(milliseconds, 50)),
        latency_p95_ms=float(np.percentile(milliseconds, 95)),
        below_served=estimate(served.values["ndcg@10"] - tried.values["ndcg@10"]),
    )


def _abstention(answerable: Sequence[Answerability], unanswerable: Sequence[Answerability]) -> AbstentionReport:
    with_answer, without = (
        np.array([judgement.probability for judgement in each]) for each in (answerable, unanswerable)
    )
    limits = {rate: float(np.quantile(with_answer, rate)) for rate in FALSE_REFUSALS}
    return AbstentionReport(
        answerable=len(answerable),
        unanswerable=len(unanswerable),
        auc=auc(with_answer, without),
        false_refusal_rate=float(np.mean([not judgement.is_answerable for judgement in answerable])),
        false_answer_rate=float(np.mean([judgement.is_answerable for judgement in unanswerable])),
        curve={f"{rate:.0%}": float(np.mean(without < limit)) for rate, limit in limits.items()},
    )
