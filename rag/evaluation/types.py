"""The values of an evaluation: a set of documents and questions, and what was measured on it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from rag.engines.types import Message
from rag.types import ScoredChunk

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class EvalDocument:
    """A document of a corpus. Spans count in `text`."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch `text[start:end]` of a document."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """A question, the grade of each document that was judged for it, and the spans that answer it.

    `history` has the turns before it, the oldest first. `is_unanswerable` says that the corpus has no answer.
    `answers` are right answers, any of which will do, and `evidence` the sentences from which one follows.
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
        """Whether a ranking for it can be right: some document is relevant."""
        return any(grade > 0 for grade in self.relevance.values())


@dataclass(frozen=True, slots=True)
class EvalSet:
    """A corpus and questions about it. `sha256` is that of the corpus file."""

    name: str
    documents: tuple[EvalDocument, ...]
    queries: tuple[EvalQuery, ...]
    sha256: str


SearchMethod = Callable[[EvalQuery], Sequence[ScoredChunk]]
"""A way of searching: the chunks for a question, the best first."""


class ProgressTracker(Protocol):
    """Yields what it is given, and tells somebody how far that is."""

    def __call__(self, items: Sequence[Item], doing: str) -> Iterable[Item]: ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean over the questions, and between which values it lies with 95% confidence."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SearchMethodReport:
    """How good one way of searching is. `estimates` are named as in the output: "ndcg@10", "span_recall" …

    `below_served` is by how much nDCG@10 would fall were this way served instead, question by question.
    """

    name: str
    estimates: Mapping[str, Estimate]
    latency_p50_ms: float
    latency_p95_ms: float
    below_served: Estimate


@dataclass(frozen=True, slots=True)
class AbstentionReport:
    """How well questions without an answer are told apart from the others.

    `auc` is the chance that a question with an answer has a better best sentence than one without. `curve` says which
    share of those without is refused where one of 1%, 2%, 5% and 10% of the others is: what another limit would do.
    """

    answerable: int
    unanswerable: int
    auc: float
    false_refusal_rate: float
    false_answer_rate: float
    curve: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """Milliseconds of half and of 95% of the questions."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class AnswersReport:
    """What the answers to the questions of one set were worth.

    `estimates` are named as in the output ("em", "citation_precision" …); what the set cannot tell is missing.
    `invalid_citations` says of each citation that is not what is stored what is wrong with it. `foreign_chars` counts
    the characters of quoted answers that stand in no document. `latencies` are by "first_evidence", "first_token" and
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
    """What was measured on one set. The last of `methods` is the one that serves users."""

    name: str
    documents: int
    chunks: int
    queries: int
    methods: tuple[SearchMethodReport, ...]
    abstention: AbstentionReport | None
    answers: AnswersReport | None = None

    @property
    def served(self) -> SearchMethodReport:
        """The way that serves users."""
        return self.methods[-1]
