"""The content of a message, as responses have it, and the events that stream it."""

import json
from collections.abc import Iterator
from typing import Any, Literal

from api.dialects.anthropic.citations import AnyLocation
from api.http.sse import encode_event
from api.wire.base import JsonObject, ResponseModel
from rag.engines.types import FinishReason, ToolCallDelta, Usage

StopReason = Literal["end_turn", "max_tokens", "tool_use"]
STOP_REASONS: dict[FinishReason, StopReason] = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


class TextContent(ResponseModel):
    """A text of the answer, and what supports it."""

    type: Literal["text"] = "text"
    text: str
    citations: list[AnyLocation] | None = None


class ToolUseContent(ResponseModel):
    """A call that the model asks for."""

    type: Literal["tool_use"] = "tool_use"
    id: str
    name: str
    input: JsonObject


class MessageUsage(ResponseModel):
    """The tokens of a message; those that were cached are not counted among `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0

    @classmethod
    def of(cls, usage: Usage) -> "MessageUsage":
        """Return the tokens of a completion."""
        return cls(
            input_tokens=usage.prompt_tokens - usage.cached_tokens,
            output_tokens=usage.completion_tokens,
            cache_read_input_tokens=usage.cached_tokens,
        )


class MessageObject(ResponseModel):
    """The answer."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    model: str
    content: list[TextContent | ToolUseContent]
    stop_reason: StopReason | None = None
    stop_sequence: None = None
    usage: MessageUsage = MessageUsage()


class ContentEvents:
    """Encodes the events of a message whose content blocks are streamed one after the other."""

    def __init__(self) -> None:
        self._index = -1
        self._open: str | None = None

    def start(self, message: MessageObject) -> bytes:
        """Return the event that begins a message."""
        return _encode("message_start", message=message.json_object())

    def write(self, text: str) -> Iterator[bytes]:
        """Yield the events of a piece of text; nothing for an empty one."""
        if text:
            yield from self._begin("text", TextContent(text="").json_object())
            yield self._delta({"type": "text_delta", "text": text})

    def cite(self, citation: AnyLocation) -> Iterator[bytes]:
        """Yield the events of a citation of the text that was written last."""
        if self._open == "text":
            yield self._delta({"type": "citations_delta", "citation": citation.json_object()})

    def call(self, piece: ToolCallDelta) -> Iterator[bytes]:
        """Yield the events of a piece of a tool's call; the first one of each has its name."""
        if piece.name:
            yield from self.end_block()
            block: JsonObject = {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}
            yield from self._begin(f"call {piece.index}", block)
        if piece.arguments:
            yield self._delta({"type": "input_json_delta", "partial_json": piece.arguments})

    def end_block(self) -> Iterator[bytes]:
        """Yield the event that ends the block that is open."""
        if self._open is not None:
            self._open = None
            yield _encode("content_block_stop", index=self._index)

    def end(self, stop_reason: StopReason, usage: MessageUsage) -> Iterator[bytes]:
        """Yield the events that end a message."""
        yield from self.end_block()
        delta: JsonObject = {"stop_reason": stop_reason, "stop_sequence": None}
        yield _encode("message_delta", delta=delta, usage=usage.json_object())
        yield _encode("message_stop")

    def _begin(self, kind: str, block: JsonObject) -> Iterator[bytes]:
        if self._open != kind:
            yield from self.end_block()
            self._index += 1
            self._open = kind
            yield _encode("content_block_start", index=self._index, content_block=block)

    def _delta(self, delta: JsonObject) -> bytes:
        return _encode("content_block_delta", index=self._index, delta=delta)


def _encode(name: str, **fields: Any) -> bytes:
    return encode_event(json.dumps({"type": name, **fields}, ensure_ascii=False).encode(), name)
