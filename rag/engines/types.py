"""The values of a chat with a model, and what every engine promises."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]


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

    The last delta of `generate` has a finish reason and the usage (`rag.engines.completion.complete_stream` checks it).
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

    def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
        """Prefill the prompt prefix that all chats share which begin with `messages`, while no request waits.

        Blocks until that is done and returns the length of the prefix in tokens; 0 from an engine without a prefix
        cache. A prefix on disk is removed with the first of the `documents` (`collection_id/file_id`) in it.
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
