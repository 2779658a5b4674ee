"""The requests and responses of OpenAI-compatible servers, as far as an engine needs them. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rag.engines.types import Alternative, FinishReason, Message, Sampling, TokenLogprob, Tool, ToolUse, Usage

JsonObject = dict[str, Any]

TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error", "input_tokens"})
"""Errors for a prompt over the window: the code of OpenAI and Pincite, the type of llama-server, the param of vLLM."""
BUSY = frozenset({"engine_busy", "rate_limit_exceeded"})


class WireAlternative(msgspec.Struct, frozen=True, rename={"token_bytes": "bytes"}):
    """A token with its log-probability, and its bytes if the server sends them."""

    token: str
    logprob: float
    token_bytes: tuple[int, ...] | None = None

    def to_bytes(self) -> bytes:
        """Return the token's bytes."""
        return self.token.encode() if self.token_bytes is None else bytes(self.token_bytes)


class WireToken(WireAlternative, frozen=True):
    """A completion token, and the most likely tokens in its place."""

    top_logprobs: tuple[WireAlternative, ...] | None = None

    def to_logprob(self) -> TokenLogprob:
        """Return the token as an engine's `TokenLogprob`."""
        top = tuple(Alternative(other.to_bytes(), other.logprob) for other in self.top_logprobs or ())
        return TokenLogprob(self.to_bytes(), self.logprob, top)


@dataclass(frozen=True, slots=True)
class WireLogprobs:
    """The tokens of a delta."""

    content: tuple[WireToken, ...] | None = None


@dataclass(frozen=True, slots=True)
class WireFunction:
    """The name of a function, and a piece of the JSON that it is given."""

    name: str | None = None
    arguments: str | None = None


@dataclass(frozen=True, slots=True)
class WireToolCall:
    """A piece of a tool call. Some servers send no index, some no id."""

    function: WireFunction | None = None
    index: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class WireDelta:
    """A piece of the completion. Reasoning comes in other fields and is ignored."""

    content: str | None = None
    tool_calls: tuple[WireToolCall, ...] | None = None


@dataclass(frozen=True, slots=True)
class WireChoice:
    """The only completion of a request."""

    delta: WireDelta | None = None
    text: str | None = None
    """The piece, if a text is continued."""
    finish_reason: str | None = None
    logprobs: WireLogprobs | None = None


@dataclass(frozen=True, slots=True)
class WirePromptDetails:
    """How much of the prompt was cached."""

    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class WireUsage:
    """The tokens of prompt and completion."""

    prompt_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: WirePromptDetails | None = None

    def to_usage(self) -> Usage:
        """Return the counts as an engine's `Usage`."""
        details = self.prompt_tokens_details
        return Usage(self.prompt_tokens, self.completion_tokens, (details and details.cached_tokens) or 0)


@dataclass(frozen=True, slots=True)
class WireError:
    """The error of a server. llama-server adds the lengths of prompt and window."""

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
        """Whether the server asks the client to try again later."""
        return str(self.code) in BUSY


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of a streamed completion."""

    choices: tuple[WireChoice, ...] | None = None
    usage: WireUsage | None = None
    error: WireError | str | None = None

    @property
    def stream_error(self) -> WireError | None:
        """The error that ends the stream; None for any other event."""
        return WireError(self.error) if isinstance(self.error, str) else self.error


def parse_error(body: bytes) -> WireError:
    """Return the error in the body of a response, whichever of the usual shapes it has."""
    try:
        return msgspec.json.decode(body, type=Chunk).stream_error or msgspec.json.decode(body, type=WireError)
    except msgspec.MsgspecError:
        return WireError(body[:200].decode(errors="replace"))


def parse_finish_reason(reason: str) -> FinishReason:
    """Return `length`, `tool_calls`, or `stop` for every other reason."""
    return "length" if reason == "length" else "tool_calls" if reason == "tool_calls" else "stop"


def build_request(
    model: str,
    prompt: Sequence[Message] | str,
    sampling: Sampling,
    *,
    repeat_name: str,
    tools: ToolUse | None = None,
) -> JsonObject:
    """Return the JSON body of a streamed request to complete a chat or to continue a text.

    Parameters with neutral values are left out: few servers know all. `repeat_name` is the server's name of
    `repeat_penalty`. `cite_up_to` has no equivalent and is not sent, nor what only chats have with a text: a format and
    log-probabilities.
    """
    of_chats: dict[str, tuple[object, object]] = {
        "logprobs": (sampling.top_logprobs is not None, False),
        "top_logprobs": (sampling.top_logprobs, None),
        "response_format": (_build_response_format(sampling.json_schema), None),
        "reasoning_effort": (sampling.reasoning_effort, None),
        **_build_tools(tools),
    }
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
        **({} if isinstance(prompt, str) else of_chats),
    }
    asked: JsonObject = (
        {"prompt": _encodable(prompt)} if isinstance(prompt, str) else {"messages": dump_messages(prompt)}
    )
    return {
        "model": model,
        **asked,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": sampling.temperature,
        **{name: value for name, (value, neutral) in optional.items() if value != neutral},
    }


def dump_messages(messages: Sequence[Message]) -> list[JsonObject]:
    """Return the chat as JSON objects. A lone surrogate cannot be encoded and is replaced."""
    return [_dump_message(message) for message in messages]


def dump_tool(tool: Tool) -> JsonObject:
    """Return a tool as a JSON object."""
    function: JsonObject = {"name": tool.name, "description": _encodable(tool.description)}
    if tool.parameters:
        function["parameters"] = json.loads(tool.parameters)
    return {"type": "function", "function": function}


def _dump_message(message: Message) -> JsonObject:
    dumped: JsonObject = {"role": message.role, "content": _encodable(message.content)}
    if message.tool_calls:
        dumped["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": _encodable(call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        dumped["tool_call_id"] = message.tool_call_id
    return dumped


def _build_tools(tools: ToolUse | None) -> dict[str, tuple[object, object]]:
    """Return the fields for tools with their neutral values; a tool that is chosen is the only one that is sent."""
    if tools is None or not tools.offered:
        return {}
    chosen: JsonObject = {"type": "function", "function": {"name": tools.chosen}}
    return {
        "tools": ([dump_tool(tool) for tool in tools.offered], []),
        "tool_choice": (chosen if tools.chosen else tools.choice, "auto"),
        "parallel_tool_calls": (not tools.is_single, True),
    }


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _build_response_format(schema: str) -> JsonObject | None:
    if not schema:
        return None
    named = {"name": "answer", "schema": json.loads(schema), "strict": True}
    return {"type": "json_schema", "json_schema": named}
