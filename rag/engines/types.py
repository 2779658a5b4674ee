"""Messages, tools, sampling parameters and deltas of a chat with a model, and the `Engine` protocol."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls"]

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high"]

FUNCTION_CHOICE = "function:"
"""What a `ToolUse.choice` that names a tool begins with."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model can ask its caller to run; `parameters` is the text of a JSON Schema, empty for none."""

    name: str
    description: str = ""
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The tools of a request, and whether the model may call them.

    `choice` is `auto`, `none` (the model sees no tool), `required`, or `function:<name>` for one call of that tool; the
    last two are enforced. Without `parallel` a completion has one call at most. Raises `ValueError` if there is no
    tool, if two have the same name, or if the chosen one is not there.
    """

    tools: tuple[Tool, ...]
    choice: str = "auto"
    parallel: bool = True

    def __post_init__(self) -> None:
        names = [tool.name for tool in self.tools]
        if not names or len(set(names)) < len(names):
            raise ValueError("tools must have names of their own, and there must be one")
        if self.choice not in ("auto", "none", "required") and self.chosen not in names:
            raise ValueError(f"there is no tool for the choice {self.choice!r}")

    @property
    def chosen(self) -> str | None:
        """The name of the only tool that may be called; None if the choice names none."""
        return self.choice.removeprefix(FUNCTION_CHOICE) if self.choice.startswith(FUNCTION_CHOICE) else None

    @property
    def is_forced(self) -> bool:
        """Whether the completion has to be a call."""
        return self.choice == "required" or self.chosen is not None

    @property
    def is_single(self) -> bool:
        """Whether a completion has one call at most."""
        return not self.parallel or self.chosen is not None

    @property
    def offered(self) -> tuple[Tool, ...]:
        """The tools that the model may call."""
        if self.choice == "none":
            return ()
        return tuple(tool for tool in self.tools if self.chosen in (None, tool.name))


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asks for; `arguments` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A streamed piece of the call with this `index`.

    The first piece alone has `id` and `name`; `arguments` goes on where the piece before it ended.
    """

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat: `tool_calls` are those of an assistant, `tool_call_id` says what a tool's result is of."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters and stop conditions. Temperature 0 is greedy decoding.

    `max_tokens` None: until the model stops or the context window is full. Penalties change the logits. By OpenAI's
    formula `presence_penalty` is subtracted once for every token of the completion, `frequency_penalty` once for each
    time it occurs there. By llama.cpp's formula `repeat_penalty` divides the positive logits of the last 64 tokens,
    prompt included, and multiplies the negative ones; 1 changes nothing. `logit_bias` adds a number to a token's logit.

    `json_schema` (empty: none) is the text of a JSON Schema that the completion obeys. With `cite_up_to` N no citation
    marker such as [7] can have a number above N, or 0. `top_logprobs` asks for the log-probability of each completion
    token and of so many alternatives; None for neither. `reasoning_effort` is for models that can think before they
    answer, which they do not if it is None.
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
    reasoning_effort: ReasoningEffort | None = None


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

    A delta without text and tool calls is a heartbeat, sent while the request waits or its prompt is prefilled.
    `logprobs` has the tokens since the last delta if they were asked for, those of a stop string that is cut from
    `text` and those of tool calls included.
    """

    text: str
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[ToolCallDelta, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as it was loaded; `placement` describes which device holds which layers, or is empty.

    If it `is_estimated`, the model was not loaded: its id, path and size are those of its files, the rest is assumed.
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
    is_estimated: bool = False


class Engine(Protocol):
    """One loaded model that completes chats, and texts.

    `generate` completes a chat in the format of its chat template, `complete` continues a text as it is; all else holds
    of both. With `tools` the completion may be text and then tool calls, which are no part of the text. The last delta
    has a finish reason and the usage (`rag.engines.completion.complete_stream` checks it). `generate` raises
    `PromptTooLongError`, `EngineBusyError`, `EngineCrashedError` or, for a schema that cannot be obeyed, `SchemaError`,
    before or between deltas. Closing its generator stops the model within one step. If requests have to wait, those of
    the `client` with the fewest running requests come first.
    """

    def info(self) -> ModelInfo: ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become with the model's chat template."""
        ...

    def render(self, messages: Sequence[Message]) -> str:
        """Return the prompt that `messages` become; raises `TokenizerOutOfReachError` if the model is remote."""
        ...

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a prompt that is continued as it is; raises `TokenizerOutOfReachError` likewise."""
        ...

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
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
