"""The values of a question and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ingest.types import Box, Filter, StoredChunk
from rag.engines.types import FinishReason, Message, Sampling, TokenLogprob, Usage

ContextMode = Literal["whole", "retrieval", "overview", "none"]
Verdict = Literal["supported", "partly", "unsupported"]
CitationOrigin = Literal["marker", "alignment", "quote"]
AnswerMode = Literal["auto", "whole", "retrieval", "overview"]
"""What an answer is to be made from: whole documents, the best passages, notes of everything, or whichever suits."""
WrittenOrQuoted = Literal["written", "quoted"]
"""In words of the model's own, or made of sentences of the documents alone."""
AnswerStyle = Literal["auto"] | WrittenOrQuoted
"""`auto` is quoted for models that are too small to write answers."""
Rewriting = Literal["auto", "on", "off"]
"""Whether a model rewrites follow-up questions for the search; `auto` asks able models alone."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: a question, the same completed from the conversation, and where.

    `collections` are ids. `completed` is empty for a question that follows nothing.
    """

    question: str
    collections: tuple[str, ...]
    completed: str = ""
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """How a chunk came to its place.

    Ranks count from 1; None says that this search did not find the chunk among its candidates. `similarity` is the
    cosine, at least 0, and `word_coverage` the share of the question's words, both over all variants of the question.
    `relevance` is the score for the variants that fit best: what says whether the chunk is about the question at all.
    `rerank_score` is what a `Reranker` says, None where none read the chunk.
    """

    dense_rank: int | None = None
    lexical_rank: int | None = None
    similarity: float = 0.0
    fused_score: float = 0.0
    word_coverage: float | None = None
    relevance: float = 0.0
    rerank_score: float | None = None


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A found chunk. Higher is better: `score` is in [0, 1], `dense_score` a cosine, `lexical_score` from BM25."""

    chunk: StoredChunk
    score: float
    dense_score: float
    lexical_score: float
    trail: Trail = Trail()


class Reranker(Protocol):
    """Reads a question and a text together and says how well the one answers the other."""

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score in [0, 1] for each text, in the order given; higher is better."""
        ...


@dataclass(frozen=True, slots=True)
class Entailment:
    """How likely a text implies and contradicts a sentence, both in [0, 1], and which model says so."""

    model: str
    entailed: float
    contradicted: float


class EntailmentJudge(Protocol):
    """Reads a quote and a sentence together and says whether the one implies the other."""

    def judge(self, quote: str, sentence: str) -> Entailment:
        """Return how likely `quote` implies and contradicts `sentence`."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """A numbered chunk that the model is shown and a citation can name. Numbers count from 1."""

    number: int
    stored: StoredChunk


@dataclass(frozen=True, slots=True)
class Quote:
    """An exact span of a stored document: `document.text[start:end] == quote`. `place` is its page in words."""

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

    @property
    def where(self) -> str:
        """The file and the place in it, in words."""
        return f"{self.filename}, {self.place}" if self.place else self.filename


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A number or a date that a document gives: `quote.quote[start:end]`."""

    quote: Quote
    start: int
    end: int

    @property
    def value(self) -> str:
        """The number or date as it is written, with its unit."""
        return self.quote.quote[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Different numbers or dates that documents give for the same thing; the first is of a quote that is cited."""

    values: tuple[StatedValue, ...]

    @property
    def thing(self) -> str:
        """What they are given for, in the words of the first quote, with … in the value's place."""
        first = self.values[0]
        return f"{first.quote.quote[: first.start]}…{first.quote.quote[first.end :]}"


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence of the answer, `answer[answer_start:answer_end]`, pinned to the quote that bears it.

    `number` is the passage's number. `origin` says whether the model named the passage, Pincite found it, or the
    sentence is the quote itself.
    """

    number: int
    quote: Quote
    answer_start: int
    answer_end: int
    origin: CitationOrigin
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SentenceVerdict:
    """What the check says of one sentence of the answer."""

    start: int
    end: int
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question came in; `checking_seconds` of the total went into pinning and checking."""

    retrieval_seconds: float
    first_token_seconds: float
    total_seconds: float
    checking_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Started:
    """First event of an answer: what it will be based on, before the model says a word.

    `new` are the numbers of the passages that stand before this question and in no turn before.
    """

    mode: ContextMode
    reason: str
    passages: tuple[Passage, ...]
    evidence: tuple[Quote, ...]
    style: WrittenOrQuoted = "written"
    new: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerDelta:
    """A piece of the answer's text; an empty one says that the model is still at work. `logprobs` as in `Delta`."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading of everything is: `done` of `total` parts, and in words what is being done.

    `found` is what came to light since the event before, one finding a line.
    """

    done: int
    total: int
    doing: str
    found: str = ""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A sentence of the answer that is complete, with its pins; it comes while the next one is written."""

    sentence: SentenceVerdict
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Last event: the whole answer with its pins, and what other passages say otherwise.

    An overview names `passages` that were not known at its start.
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
    style: WrittenOrQuoted = "written"
    disagreements: tuple[Disagreement, ...] = ()
    passages: tuple[Passage, ...] = ()


AnswerEvent = Started | Progress | AnswerDelta | Pinned | Answer


@dataclass(frozen=True, slots=True)
class Question:
    """A chat whose last message asks about the documents of `collections` (ids) that `filter` lets through.

    `client` says who asks, for fairness among those who wait.
    """

    messages: tuple[Message, ...]
    collections: tuple[str, ...]
    sampling: Sampling = field(default_factory=Sampling)
    mode: AnswerMode = "auto"
    model: str | None = None
    filter: Filter | None = None
    client: str = ""
    style: AnswerStyle = "auto"


@dataclass(frozen=True, slots=True)
class PromptHead:
    """Messages with which all chats about some documents begin; `made_of` names those (`collection_id/file_id`)."""

    messages: tuple[Message, ...]
    made_of: tuple[str, ...]
