"""Messages, sampling parameters and deltas of a chat with a model, and the `Engine` protocol."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters and stop conditions. Temperature 0 is greedy decoding.

    `max_tokens` None: until the model stops or the context window is full. Penalties change the logits. By OpenAI's
    formula `presence_penalty` is subtracted once for every token of the completion, `frequency_penalty` once for each
    time it occurs there. By llama.cpp's formula `repeat_penalty` divides the positive logits of the last 64 tokens,
    prompt included, and multiplies the negative ones; 1 changes nothing. `logit_bias` adds a number to a token's logit.

    `json_schema` (empty: none) is the text of a JSON Schema that the completion obeys. With `cite_up_to` N no citation
    marker such as [7] can have a number above N, or 0. `top_logprobs` asks for the log-probability of each completion
    token and of so many alternatives; None for neither.
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
    """Prompt and completion tokens; `cached_tokens` of the prompt were in the KV cache and not prefilled again."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that the model could have chosen, as bytes, with its log-probability."""

    token: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A completion token, its log-probability before sampling, and the `top` most likely tokens in its place."""

    token: bytes
    logprob: float
    top: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """A streamed piece of a completion. Only the last one of a stream has a finish reason and the usage.

    A delta without text is a heartbeat, sent while the request waits or its prompt is prefilled. `logprobs` has the
    tokens since the last delta if they were asked for, those of a stop string that is cut from `text` included.
    """

    text: str
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as it was loaded; `placement` describes which device holds which layers, or is empty.

    The requests of a model that `is_remote` go to a server outside Pincite.
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
    """One loaded model that completes chats, and texts.

    `generate` completes a chat in the format of its chat template, `complete` continues a text as it is; all else holds
    of both. The last delta has a finish reason and the usage (`rag.engines.completion.complete_stream` checks it).
    `generate` raises `PromptTooLongError`, `EngineBusyError` or `EngineCrashedError`, before or between
    deltas. Closing its generator stops the model within one step. If requests have to wait, those of the `client`
    with the fewest running requests come first.
    """

    def info(self) -> ModelInfo: ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become with the model's chat template."""
        ...

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = ""
    ) -> Generator[Delta, None, None]: ...

    def complete(self, text: str, sampling: Sampling, *, client: str = "") -> Generator[Delta, None, None]: ...

    def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
        """Prefill the prompt prefix that all chats share which begin with `messages`, while no request waits.

        Blocks until that is done and returns the length of the prefix in tokens; 0 from an engine without a prefix
        cache. A prefix on disk is removed with the first of the `documents` (`collection_id/file_id`) in it.
        """
        ...


class LoadableEngine(Engine, Protocol):
    """An engine whose model can be loaded before its first use, and unloaded.

    `load` blocks until the model can answer and raises `ModelLoadError` if it cannot. `close` ends the engine for
    good; running requests end with `EngineCrashedError`.
    """

    @property
    def is_loaded(self) -> bool: ...

    def load(self) -> None: ...

    def close(self) -> None: ...
