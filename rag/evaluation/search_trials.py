"""Evaluate search methods and abstention on the questions of a set."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.engines.types import Message
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
from rag.grounding.abstention import Answerability, find_named_chunks, judge_answerability
from rag.grounding.evidence import EvidenceFinder
from rag.questions.follow_up import read_follow_up
from rag.questions.identifiers import extract_identifiers
from rag.types import ScoredChunk

FALSE_REFUSALS = (0.01, 0.02, 0.05, 0.10)


@dataclass(frozen=True, slots=True)
class TrialPolicy:
    """The limits of an evaluation.

    `max_queries` limits answerable and unanswerable questions separately. `top_k` and `min_score` are the settings of
    abstention.
    """

    budget_chars: int
    top_k: int
    min_score: float
    max_queries: int | None = None


@dataclass(frozen=True, slots=True)
class _Trial:
    """The result of one method for one question; `hits` are the `top_k` that would be answered from."""

    documents: list[str]
    spans: SpanScores | None
    milliseconds: float
    hits: Sequence[ScoredChunk]


@dataclass(frozen=True, slots=True)
class _MethodTrials:
    """The trials of one method on all answerable questions, and the values of each measure, shape (queries,)."""

    trials: list[_Trial]
    values: Mapping[str, Values]


def evaluate_search(
    eval_set: EvalSet,
    methods: Mapping[str, SearchMethod],
    policy: TrialPolicy,
    *,
    finder: EvidenceFinder,
    chunks: int,
    track: ProgressTracker,
) -> SetReport:
    """Run each of `methods` on the questions of a set; the last, which serves users, also on unanswerable ones.

    Each method runs once before it is timed, so that no model loads meanwhile.
    """
    judged, unanswerable = eval_set.split_questions(policy.max_queries)
    texts = {document.id: document.text for document in eval_set.documents}
    trials_by_method: dict[str, _MethodTrials] = {}
    for name, method in methods.items():
        method(judged[0])
        trials = [_try(query, method, policy, texts) for query in track(judged, name)]
        trials_by_method[name] = _MethodTrials(trials, _values(judged, trials))
    served, method = list(trials_by_method.values())[-1], list(methods.values())[-1]
    abstention = None
    if unanswerable:
        refusable = [(query, method(query)[: policy.top_k]) for query in track(unanswerable, "unanswerable")]
        answerable = [(query, trial.hits) for query, trial in zip(judged, served.trials, strict=True)]
        abstention = _report_abstention(
            [_judge(query, hits, policy, finder) for query, hits in track(answerable, "judging")],
            [_judge(query, hits, policy, finder) for query, hits in refusable],
        )
    return SetReport(
        name=eval_set.name,
        documents=len(eval_set.documents),
        chunks=chunks,
        queries=len(judged),
        methods=tuple(_summarize(name, method_trials, served) for name, method_trials in trials_by_method.items()),
        abstention=abstention,
    )


def _judge(query: EvalQuery, hits: Sequence[ScoredChunk], policy: TrialPolicy, finder: EvidenceFinder) -> Answerability:
    """Judge a question as the answerer does."""
    asked = read_follow_up([*query.history, Message("user", query.text)]).text
    named = find_named_chunks(hits, extract_identifiers(asked))
    matches = finder.rank_evidence(asked, hits)
    return judge_answerability(asked, hits, matches, min_score=policy.min_score, named=named)


def _try(query: EvalQuery, method: SearchMethod, policy: TrialPolicy, texts: Mapping[str, str]) -> _Trial:
    started = time.perf_counter()
    hits = method(query)
    milliseconds = 1_000 * (time.perf_counter() - started)
    retrieved = cut_to_budget(hits, policy.budget_chars) if query.spans else []
    return _Trial(
        documents=list(dict.fromkeys(hit.chunk.source for hit in hits)),
        spans=score_spans(retrieved, query.spans, texts) if query.spans else None,
        milliseconds=milliseconds,
        hits=hits[: policy.top_k],
    )


def _values(queries: Sequence[EvalQuery], trials: Sequence[_Trial]) -> dict[str, Values]:
    """Return the values of each measure, shape (queries,); span measures only for questions with gold spans."""
    rankings = {query.id: trial.documents for query, trial in zip(queries, trials, strict=True)}
    values = measure_rankings(rankings, {query.id: query.relevance for query in queries})
    spans = [trial.spans for trial in trials if trial.spans is not None]
    if spans:
        values["span_recall"] = np.array([scores.recall for scores in spans])
        values["span_precision"] = np.array([scores.precision for scores in spans])
        values["span_iou"] = np.array([scores.iou for scores in spans])
    return values


def _summarize(name: str, method_trials: _MethodTrials, served: _MethodTrials) -> SearchMethodReport:
    milliseconds = [trial.milliseconds for trial in method_trials.trials]
    return SearchMethodReport(
        name=name,
        estimates={measure: estimate(values) for measure, values in method_trials.values.items()},
        latency_p50_ms=float(np.percentile(milliseconds, 50)),
        latency_p95_ms=float(np.percentile(milliseconds, 95)),
        below_served=estimate(served.values["ndcg@10"] - method_trials.values["ndcg@10"]),
    )


def _report_abstention(answerable: Sequence[Answerability], unanswerable: Sequence[Answerability]) -> AbstentionReport:
    with_answer, without = (
        np.array([judgement.probability for judgement in judgements]) for judgements in (answerable, unanswerable)
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
