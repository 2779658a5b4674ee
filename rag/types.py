"""The values of a question and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ingest.types import Box, Compound, Filter, HiddenReason, StoredChunk
from rag.engines.types import (
    FinishReason,
    Message,
    Sampling,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolUse,
    Usage,
)

ContextMode = Literal["whole", "retrieval", "overview", "none"]
Verdict = Literal["supported", "partly", "unsupported"]
AnswerVerdict = Literal["answers", "may answer", "does not answer"]
"""Whether a quoted answer answers the question; a `Verdict` says whether a sentence is supported."""
CitationOrigin = Literal["marker", "alignment", "quote"]
AnswerMode = Literal["auto", "whole", "retrieval", "overview"]
"""The context that an answer uses: whole documents, retrieved passages, an overview of everything, or the best fit."""
ResolvedStyle = Literal["written", "quoted"]
"""Written by the model, or extractive: made of sentences of the documents alone."""
AnswerStyle = Literal["auto"] | ResolvedStyle
"""`auto` is extractive for models that are too small to write answers."""
Rewriting = Literal["auto", "on", "off"]
"""Whether a model rewrites follow-up questions for retrieval; `auto` asks able models alone."""


@dataclass(frozen=True, slots=True)
class Search:
    """The input of retrieval: a query, the collections to search (ids), and filters on their documents.

    `standalone_query` says what the query means without the chat history; it is empty if nothing was said before.
    """

    query: str
    collections: tuple[str, ...]
    standalone_query: str = ""
    filters: Filter | None = None


@dataclass(frozen=True, slots=True)
class ScoreBreakdown:
    """The parts of a chunk's score.

    Ranks count from 1; None says that this search did not return the chunk among its candidates. `similarity` is the
    cosine, at least 0, and `word_coverage` the share of the query's terms, both averaged over the query's variants.
    `relevance` is the score for the variant that fits best: it says whether the chunk is about the query at all.
    `vocabulary_fit` is how well the embedder knows the query's language, in [0, 1]: cosines mean as much as that.
    `rerank_score` is that of a `Reranker`, None for a chunk that none has read.
    """

    dense_rank: int | None = None
    lexical_rank: int | None = None
    similarity: float = 0.0
    fused_score: float = 0.0
    word_coverage: float | None = None
    relevance: float = 0.0
    vocabulary_fit: float = 1.0
    rerank_score: float | None = None


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A retrieved chunk. Higher is better: `score` is in [0, 1], `dense_score` a cosine, `lexical_score` BM25."""

    chunk: StoredChunk
    score: float
    dense_score: float
    lexical_score: float
    breakdown: ScoreBreakdown = ScoreBreakdown()


class Reranker(Protocol):
    """A cross-encoder: it reads a question and a text together and scores how well the text answers the question."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score in [0, 1] for each text, in the order given; higher is better."""
        ...


@dataclass(frozen=True, slots=True)
class Entailment:
    """The probabilities that a text implies and contradicts a sentence, and the model that estimates them."""

    model: str
    entailed: float
    contradicted: float


class EntailmentJudge(Protocol):
    """A model of natural language inference: it reads a quote and a sentence together."""

    def judge(self, quote: str, sentence: str) -> Entailment:
        """Return the probabilities that `quote` implies and contradicts `sentence`."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """A numbered chunk that the prompt shows and a citation can name. Numbers count from 1."""

    number: int
    stored: StoredChunk


@dataclass(frozen=True, slots=True)
class Quote:
    """An exact span of a stored document: `document.text[start:end] == quote`. `place` is its page in words.

    `hidden` is why a person who looks at the document does not see it; None if any of it is seen.
    """

    collection_id: str
    file_id: str
    source: str
    filename: str
    page: int
    start: int
    end: int
    quote: str
    score: float
    boxes: tuple[Box, ...] = ()
    place: str = ""
    hidden: HiddenReason | None = None

    @property
    def location(self) -> str:
        """The file and the page, in words; an upload is named by its source, which no other has."""
        name = self.filename if "/" in self.source or not self.source else self.source
        return f"{name}, {self.place}" if self.place else name


DatingBasis = Literal["message", "section", "document"]
"""What dates a statement: its message, the heading or first line of its section, or the head of its document."""
SupersessionKind = Literal["message", "version", "amendment"]
"""What replaces a statement: a later message, a later version of its document, or an amendment of its clause."""


@dataclass(frozen=True, slots=True)
class Dating:
    """When a statement was made, as its document says: `day` in ISO 8601, as exact as it is known ("2026-05").

    The day of a stored answer is empty once the document was deleted.
    """

    day: str
    basis: DatingBasis


@dataclass(frozen=True, slots=True)
class Supersession:
    """The later statement that replaces an earlier one."""

    quote: Quote
    kind: SupersessionKind
    dating: Dating | None = None


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A number or a date that a document states: `quote.quote[start:end]`.

    `is_superseded` is whether another value of the same conflict replaces it.
    """

    quote: Quote
    start: int
    end: int
    dating: Dating | None = None
    is_superseded: bool = False

    @property
    def value(self) -> str:
        """The number or date as the document writes it, with its unit."""
        return self.quote.quote[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Different numbers or dates that documents state for the same subject, the newest first as far as dates are known.

    A citation has the quote of one of them.
    """

    values: tuple[StatedValue, ...]

    @property
    def subject(self) -> str:
        """What the values are about: the first quote with … in place of its value."""
        first = self.values[0]
        return f"{first.quote.quote[: first.start]}…{first.quote.quote[first.end :]}"


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence of the answer, `answer[answer_start:answer_end]`, pinned to the quote that supports it.

    `number` is the passage's number. `origin` says whether the model named the passage, attribution found it, or the
    sentence is the quote itself. `superseded_by` is the statement that replaces the quote.
    """

    number: int
    quote: Quote
    answer_start: int
    answer_end: int
    origin: CitationOrigin
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    superseded_by: Supersession | None = None


@dataclass(frozen=True, slots=True)
class SentenceVerdict:
    """The result of claim verification for one sentence of the answer, `answer[start:end]`."""

    start: int
    end: int
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question came in; `checking_seconds` of the total went into attribution and verification."""

    retrieval_seconds: float
    first_token_seconds: float
    total_seconds: float
    checking_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AnswerStarted:
    """First event of an answer: the context that it will use, before the model writes a word.

    `new_numbers` are the numbers of the passages that the prompt shows with this question and with no earlier turn.
    """

    mode: ContextMode
    reason: str
    passages: tuple[Passage, ...]
    evidence: tuple[Quote, ...]
    style: ResolvedStyle = "written"
    new_numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerDelta:
    """A piece of the answer; an empty one says that the model is still at work. All fields as in `Delta`."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[ToolCallDelta, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it only says that the model is still at work."""
        return not (self.text or self.logprobs or self.tool_calls)


@dataclass(frozen=True, slots=True)
class AnswerProgress:
    """The progress of an overview: `done` of `total` parts, and the current step in words.

    `found` has the findings since the event before, one a line.
    """

    done: int
    total: int
    doing: str
    found: str = ""


@dataclass(frozen=True, slots=True)
class PinnedSentence:
    """A complete sentence of the answer with its pins; the event comes while the model writes the next sentence."""

    sentence: SentenceVerdict
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Last event: the whole answer with its pins, and the conflicts of the sentences that it cites.

    An overview names `passages` that were not known at its start. `answer_verdict` is None for what a model writes and
    for an overview. Only a model that was asked alone has `tool_calls`. The library stores answers under these field
    names.
    """

    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[SentenceVerdict, ...]
    evidence: tuple[Quote, ...]
    mode: ContextMode
    reason: str
    model: str
    finish_reason: FinishReason
    usage: Usage
    timings: Timings
    style: ResolvedStyle = "written"
    disagreements: tuple[Conflict, ...] = ()
    passages: tuple[Passage, ...] = ()
    answer_verdict: AnswerVerdict | None = None
    tool_calls: tuple[ToolCall, ...] = ()


AnswerEvent = AnswerStarted | AnswerProgress | AnswerDelta | PinnedSentence | Answer


@dataclass(frozen=True, slots=True)
class Question:
    """A chat whose last message asks about the documents of `collections` (ids) that match `filters`.

    `client` identifies who asks, for fairness among waiting requests. `scope` limits it further, to the documents that
    its words name. `tools` are for a question without collections, which a model answers alone.
    """

    messages: tuple[Message, ...]
    collections: tuple[str, ...]
    sampling: Sampling = field(default_factory=Sampling)
    mode: AnswerMode = "auto"
    model: str | None = None
    filters: Filter | None = None
    client: str = ""
    style: AnswerStyle = "auto"
    scope: Filter | None = None
    tools: ToolUse | None = None

    @property
    def document_filter(self) -> Filter | None:
        """The filter that its documents match: `filters` and `scope`; None without any."""
        given = tuple(filters for filters in (self.filters, self.scope) if filters is not None)
        return Compound("and", given) if len(given) > 1 else next(iter(given), None)


@dataclass(frozen=True, slots=True)
class PromptPrefix:
    """The messages with which all chats about some `documents` (`collection_id/file_id`) begin."""

    messages: tuple[Message, ...]
    documents: tuple[str, ...]
