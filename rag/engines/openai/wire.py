"""What an OpenAI-compatible server is asked and what it says, as far as an engine needs it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rag.engines.types import Alternative, FinishReason, Message, Sampling, TokenLogprob, Usage

JsonObject = dict[str, Any]

TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error", "input_tokens"})
"""How a prompt over the window is named: the code at OpenAI and Pincite, the type at llama-server, what vLLM faults."""
BUSY = frozenset({"engine_busy", "rate_limit_exceeded"})


class WireAlternative(msgspec.Struct, frozen=True, rename={"spelling": "bytes"}):
    """A token with its log-probability, and its bytes where the server has them."""

    token: str
    logprob: float
    spelling: tuple[int, ...] | None = None

    def spelled(self) -> bytes:
        """Return the token's bytes."""
        return self.token.encode() if self.spelling is None else bytes(self.spelling)


class WireToken(WireAlternative, frozen=True):
    """A token that was written, and what could have stood in its place."""

    top_logprobs: tuple[WireAlternative, ...] | None = None

    def logprob_of(self) -> TokenLogprob:
        """Return it as the engine's callers know it."""
        top = tuple(Alternative(other.spelled(), other.logprob) for other in self.top_logprobs or ())
        return TokenLogprob(self.spelled(), self.logprob, top)


@dataclass(frozen=True, slots=True)
class WireLogprobs:
    """The tokens of a piece of the answer."""

    content: tuple[WireToken, ...] | None = None


@dataclass(frozen=True, slots=True)
class WireDelta:
    """A piece of the answer. What a model thinks before it answers comes under other names and is not read."""

    content: str | None = None


@dataclass(frozen=True, slots=True)
class WireChoice:
    """The one answer that was asked for."""

    delta: WireDelta | None = None
    finish_reason: str | None = None
    logprobs: WireLogprobs | None = None


@dataclass(frozen=True, slots=True)
class WirePromptDetails:
    """What of the prompt was known already."""

    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class WireUsage:
    """The tokens that were read and written."""

    prompt_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: WirePromptDetails | None = None

    def usage(self) -> Usage:
        """Return it as the engine's callers know it."""
        details = self.prompt_tokens_details
        return Usage(self.prompt_tokens, self.completion_tokens, (details and details.cached_tokens) or 0)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a server refuses. llama-server says how long prompt and window are."""

    message: str = ""
    type: str | None = None
    code: str | int | None = None
    param: str | None = None
    n_prompt_tokens: int | None = None
    n_ctx: int | None = None

    @property
    def is_too_long(self) -> bool:
        """Whether the prompt does not fit into the window."""
        return not TOO_LONG.isdisjoint(map(str, (self.code, self.type, self.param)))

    @property
    def is_busy(self) -> bool:
        """Whether the server asks to come again later."""
        return str(self.code) in BUSY


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of a streamed answer."""

    choices: tuple[WireChoice, ...] | None = None
    usage: WireUsage | None = None
    error: Problem | str | None = None

    @property
    def problem(self) -> Problem | None:
        """Why the answer ends here, where it does."""
        return Problem(self.error) if isinstance(self.error, str) else self.error


def read_problem(body: bytes) -> Problem:
    """Return what the body of a refusal says, whichever of the usual shapes it has."""
    try:
        return msgspec.json.decode(body, type=Chunk).problem or msgspec.json.decode(body, type=Problem)
    except msgspec.MsgspecError:
        return Problem(body[:200].decode(errors="replace"))


def finish_reason(reason: str) -> FinishReason:
    """Return why an answer ended, in the two words that there are here."""
    return "length" if reason == "length" else "stop"


def request_body(model: str, messages: Sequence[Message], sampling: Sampling, *, repeat_name: str) -> JsonObject:
    """Return the body of a streamed request. What is at its neutral value is left out: not every server knows all.

    `repeat_name` is what the server calls `repeat_penalty`. `cite_up_to` has no word on the wire and is not sent.
    """
    optional: dict[str, tuple[object, object]] = {
        "top_p": (sampling.top_p, 1.0),
        "top_k": (sampling.top_k, 0),
        "min_p": (sampling.min_p, 0.0),
        "seed": (sampling.seed, None),
        "max_tokens": (sampling.max_tokens, None),
        "stop": (list(sampling.stop), []),
        "presence_penalty": (sampling.presence_penalty, 0.0),
        "frequency_penalty": (sampling.frequency_penalty, 0.0),
        repeat_name: (sampling.repeat_penalty, 1.0),
        "logit_bias": ({str(token): bias for token, bias in sampling.logit_bias}, {}),
        "logprobs": (sampling.top_logprobs is not None, False),
        "top_logprobs": (sampling.top_logprobs, None),
        "response_format": (_response_format(sampling.json_schema), None),
    }
    return {
        "model": model,
        "messages": wire_messages(messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": sampling.temperature,
        **{name: value for name, (value, neutral) in optional.items() if value != neutral},
    }


def wire_messages(messages: Sequence[Message]) -> list[JsonObject]:
    """Return the chat as JSON. Half of a surrogate pair is no character and cannot be sent."""
    return [
        {"role": message.role, "content": message.content.encode(errors="replace").decode()} for message in messages
    ]


def _response_format(schema: str) -> JsonObject | None:
    if not schema:
        return None
    named = {"name": "answer", "schema": json.loads(schema), "strict": True}
    return {"type": "json_schema", "json_schema": named}
