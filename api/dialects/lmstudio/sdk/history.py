"""The chats that LM Studio's SDKs send, as messages for the engine."""

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from api.dialects.lmstudio.sdk.frames import SdkModel
from api.wire.base import AnyObject, Text
from rag.engines.types import Message, Role, ToolCall


class TextPart(SdkModel):
    """A text."""

    type: Literal["text"]
    text: Text


class FilePart(SdkModel):
    """A file that was uploaded before, by its identifier."""

    type: Literal["file"]
    name: Text = ""
    identifier: str


class CallRequest(SdkModel):
    """A function that the model asked for."""

    type: Literal["function"] = "function"
    name: Text
    id: Text = ""
    arguments: AnyObject | None = None


class CallRequestPart(SdkModel):
    """A function that the model asked for, as a part of its message."""

    type: Literal["toolCallRequest"]
    tool_call_request: CallRequest


class CallResultPart(SdkModel):
    """What a function has returned."""

    type: Literal["toolCallResult"]
    content: Text
    tool_call_id: Text = ""


Part = Annotated[TextPart | FilePart | CallRequestPart | CallResultPart, Field(discriminator="type")]


class HistoryMessage(SdkModel):
    """A message of a chat."""

    role: Role
    content: list[Part]

    @property
    def text(self) -> str:
        """The texts in it."""
        return "".join(part.text for part in self.content if isinstance(part, TextPart))

    def messages(self) -> Iterator[Message]:
        """Yield it as the engine reads it: each result of a function is a message of its own."""
        results = [part for part in self.content if isinstance(part, CallResultPart)]
        for result in results:
            yield Message("tool", result.content, tool_call_id=result.tool_call_id)
        if not results:
            requests = [part.tool_call_request for part in self.content if isinstance(part, CallRequestPart)]
            calls = [ToolCall(call.id, call.name, json.dumps(call.arguments or {})) for call in requests]
            yield Message(self.role, self.text, tool_calls=tuple(calls))


class ChatHistory(SdkModel):
    """A chat."""

    messages: Annotated[list[HistoryMessage], Field(min_length=1)]

    @property
    def text(self) -> str:
        """Everything in it as one text."""
        return "".join(message.text for message in self.messages)

    @property
    def files(self) -> Sequence[str]:
        """The identifiers of the files in it, each once, in order."""
        parts = (part for message in self.messages for part in message.content)
        return list(dict.fromkeys(part.identifier for part in parts if isinstance(part, FilePart)))

    def engine_messages(self, system_prompt: str = "") -> tuple[Message, ...]:
        """Return the chat as the engine reads it, behind a system prompt."""
        system = (Message("system", system_prompt),) if system_prompt else ()
        return (*system, *(message for each in self.messages for message in each.messages()))
