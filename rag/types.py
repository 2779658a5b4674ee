"""The values of a question and its answer."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ingest.types import Box, Filter, StoredChunk

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]
ContextMode = Literal["whole", "retrieval", "overview", "none"]
Verdict = Literal["supported", "partly", "unsupported"]
CitationOrigin = Literal["marker", "alignment", "quote"]
AnswerMode = Literal["auto", "whole", "retrieval", "overview"]
"""What an answer is to be made from: whole documents, the best passages, notes of everything, or whichever suits."""
WrittenOrQuoted = Literal["written", "quoted"]
"""In words of the model's own, or made of sentences of the documents alone."""
AnswerStyle = Literal["auto"] | WrittenOrQuoted
"""`auto` is quoted for models that are too small to write answers."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen, and when to stop. Temperature 0 is greedy.

    `max_tokens` None means: until the model stops or its context window is full. `presence_penalty` is taken once from
    the logit of a token that the answer has, `frequency_penalty` as often as it has it (OpenAI's formula). By
    `repeat_penalty` the logits of the last 64 tokens are divided, the prompt's included, or multiplied where they are
    negative (llama.cpp's formula); 1 changes nothing. `logit_bias` has pairs of a token and what is added to its logit.

    `json_schema` (empty: none) is the text of a schema that the completion obeys. `cite_up_to` N means that no marker
    like [7] can name a number above N, or 0. `top_logprobs` asks for the log-probability of each token that is written,
    with as many alternatives; None for none.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repeat_penalty: float = 1.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    json_schema: str = ""
    cite_up_to: int | None = None
    top_logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written; `cached_tokens` of the prompt were known already and not computed again."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that could have been written, as bytes, with its log-probability."""

    token: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token that was written, its log-probability by the model alone, and the likeliest tokens in its place."""

    token: bytes
    logprob: float
    top: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a completion. Only the last one of a stream has a finish reason and the usage.

    An empty piece is a sign of life while the prompt is read or other requests come first. `logprobs` has the tokens
    that were written since the last delta, where they were asked for: stop strings are cut from `text` only.
    """

    text: str
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as it was loaded. `placement` says in words what stands where, where that is known.

    Where it `is_remote`, what it is asked leaves this process for a server that is not ours.
    """

    id: str
    path: str
    architecture: str
    context_window: int
    gpu_layers: int
    threads: int
    size_bytes: int
    placement: str = ""
    is_remote: bool = False


class Engine(Protocol):
    """One loaded model that completes chats.

    `generate` raises `PromptTooLongError`, `EngineBusyError` or `EngineCrashedError`, before or between
    deltas. Closing its generator stops the model within one step. Where requests have to wait, those of a `client`
    with fewer answers under way come first.
    """

    def info(self) -> ModelInfo: ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become with the model's chat template."""
        ...

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = ""
    ) -> Generator[Delta, None, None]: ...

    def prepare(self, messages: Sequence[Message], *, made_of: Sequence[str]) -> int:
        """Read what all chats share that begin with `messages`, while nobody waits, and keep it for them.

        It blocks until that is done and returns how many tokens it was: 0 from an engine that keeps nothing. What is
        kept on disk goes with the first of the documents (`collection_id/file_id`) that it was `made_of`.
        """
        ...


class LoadableEngine(Engine, Protocol):
    """An engine whose model can be brought into memory ahead of its first use, and taken out of it.

    `load` blocks until the model can answer and raises `ModelLoadError` where it cannot. After `close` the engine is
    of no more use; requests under way end with `EngineCrashedError`.
    """

    @property
    def is_loaded(self) -> bool: ...

    def load(self) -> None: ...

    def close(self) -> None: ...


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
