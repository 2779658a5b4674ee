"""The values of an evaluation: a set of documents and questions, and its reports."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from rag.engines.types import Message
from rag.types import ScoredChunk

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class EvalDocument:
    """A document of a corpus. Spans are offsets in `text`."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """The span `text[start:end]` of a document."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """A question, its relevance judgements (grades by document), and the gold spans that answer it.

    `history` has the turns before it, oldest first. `is_unanswerable` says that the corpus has no answer. `answers` are
    alternative gold answers, and `evidence` the sentences from which one follows.
    """

    id: str
    text: str
    relevance: Mapping[str, int] = field(default_factory=dict[str, int])
    spans: tuple[Span, ...] = ()
    history: tuple[Message, ...] = ()
    is_unanswerable: bool = False
    answers: tuple[str, ...] = ()
    evidence: tuple[Span, ...] = ()

    @property
    def is_judged(self) -> bool:
        """Whether some document is relevant, so that a ranking can be evaluated."""
        return any(grade > 0 for grade in self.relevance.values())


@dataclass(frozen=True, slots=True)
class EvalSet:
    """A corpus and questions about it. `sha256` is that of the corpus file."""

    name: str
    documents: tuple[EvalDocument, ...]
    queries: tuple[EvalQuery, ...]
    sha256: str

    def split_questions(self, limit: int | None) -> tuple[list[EvalQuery], list[EvalQuery]]:
        """Return the answerable and the unanswerable questions, at most `limit` of each; None for all."""
        answerable = [query for query in self.queries if query.is_judged]
        unanswerable = [query for query in self.queries if query.is_unanswerable and not query.is_judged]
        return answerable[:limit], unanswerable[:limit]


SearchMethod = Callable[[EvalQuery], Sequence[ScoredChunk]]
"""A search method: returns the chunks for a question, best first."""


class ProgressTracker(Protocol):
    """Yields the given items and reports progress."""

    def __call__(self, items: Sequence[Item], doing: str) -> Iterable[Item]: ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over the questions with its 95% confidence interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SearchMethodReport:
    """The quality of one search method. `estimates` are named as in the output: "ndcg@10", "span_recall" …

    `below_served` is the loss of nDCG@10 against the served method, paired by question.
    """

    name: str
    estimates: Mapping[str, Estimate]
    latency_p50_ms: float
    latency_p95_ms: float
    below_served: Estimate


@dataclass(frozen=True, slots=True)
class AbstentionReport:
    """The quality of abstention.

    `auc` is the probability that an answerable question scores above an unanswerable one. `curve` has the share of
    unanswerable questions that are refused at false refusal rates of 1%, 2%, 5% and 10%.
    """

    answerable: int
    unanswerable: int
    auc: float
    false_refusal_rate: float
    false_answer_rate: float
    curve: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """Median and 95th percentile over the questions, in milliseconds."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class AnswersReport:
    """The quality of the answers to the questions of one set.

    `estimates` are named as in the output ("em", "citation_precision" …); measures without gold data are missing.
    `invalid_citations` describes each citation that differs from the stored document. `foreign_chars` counts the
    characters of quoted answers that are in no document. `latencies` are by "first_evidence", "first_token" and
    "total".
    """

    model: str
    answerable: int
    unanswerable: int
    quoted: int
    citations: int
    sentences: int
    estimates: Mapping[str, Estimate]
    invalid_citations: tuple[str, ...]
    foreign_chars: int
    latencies: Mapping[str, LatencyReport]


@dataclass(frozen=True, slots=True)
class SetReport:
    """The report of one set. The last of `methods` is the one that serves users."""

    name: str
    documents: int
    chunks: int
    queries: int
    methods: tuple[SearchMethodReport, ...]
    abstention: AbstentionReport | None
    answers: AnswersReport | None = None

    @property
    def served(self) -> SearchMethodReport:
        """The report of the method that serves users."""
        return self.methods[-1]


@dataclass(frozen=True, slots=True)
class GroundednessReport:
    """How well verdicts agree with people on the sentences of one set, `supported` ones and `others`.

    The AUCs are the chance that a supported sentence scores above another one: by the score of verification, by the
    cosine of the most similar sentence, by the largest share of words in one sentence. `called_supported` and
    `called_unsupported` are the shares of both groups whose served verdict is right. `gold` has, by depth, the share of
    sentences with a gold sentence among their first quotes; empty without gold. `latency` is of one sentence.
    """

    name: str
    supported: int
    others: int
    auc: float
    cosine_auc: float
    overlap_auc: float
    called_supported: Estimate
    called_unsupported: Estimate
    gold: Mapping[int, Estimate]
    latency: LatencyReport

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the shares of supported and of other sentences that the verdict is right about."""
        return (self.called_supported.mean + self.called_unsupported.mean) / 2
