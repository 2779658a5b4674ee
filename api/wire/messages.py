"""The messages of a chat in OpenAI's dialect."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.config import JsonDict

from api.wire.base import Ignored, RequestModel, Text, Unsupported, as_text_parts, has, when
from api.wire.tools import MAX_CALLS, CallObject
from rag.engines.types import Message, Role


class TextPart(RequestModel):
    """A part of a message that is text."""

    type: Literal["text"]
    text: Text


TextParts = Annotated[list[TextPart], Field(min_length=1)]
Content = Annotated[
    list[TextPart], BeforeValidator(as_text_parts, json_schema_input_type=Text | TextParts), Field(min_length=1)
]

CALLS: JsonDict = {"type": "array", "minItems": 1}
NO_CALLS: JsonDict = {"properties": {"tool_calls": {"enum": [None, []]}}}
WITH_CONTENT: JsonDict = {"required": ["content"], "properties": {"content": {"type": ["string", "array"]}}}
WITH_ID: JsonDict = {"required": ["tool_call_id"], "properties": {"tool_call_id": {"type": "string"}}}
MESSAGE_RULES: list[JsonDict] = [
    when(has("role", {"const": "tool"}), WITH_ID, {"properties": {"tool_call_id": {"type": "null"}}}),
    when(has("role", {"const": "assistant"}), {"anyOf": [WITH_CONTENT, has("tool_calls", CALLS)]}, WITH_CONTENT),
    when(has("role", {"enum": ["system", "developer", "user", "tool"]}), NO_CALLS),
]
"""What each role has and has not."""


class ChatMessage(RequestModel):
    """A message of the chat. A client may send an answer back as it came, with `annotations` and `refusal`."""

    model_config = ConfigDict(json_schema_extra={"allOf": [*MESSAGE_RULES]})

    role: Literal["system", "developer", "user", "assistant", "tool"]
    tool_calls: Annotated[list[CallObject] | None, Field(validate_default=True, max_length=MAX_CALLS)] = None
    """The calls of an answer."""
    tool_call_id: Annotated[Text | None, Field(validate_default=True, min_length=1, max_length=256)] = None
    """The call that a message of the role `tool` is the result of."""
    content: Annotated[Content | None, Field(validate_default=True)] = None
    """The text, or a list of text parts; null in an answer that only calls tools."""
    name: Ignored = None
    annotations: Ignored = None
    refusal: Ignored = None
    audio: Unsupported = None
    function_call: Unsupported = None

    @field_validator("tool_calls")
    @classmethod
    def _check_calls(cls, value: list[CallObject] | None, info: ValidationInfo) -> list[CallObject] | None:
        if value and info.data.get("role") not in ("assistant", None):
            raise ValueError("only the role assistant has tool_calls")
        return value

    @field_validator("tool_call_id")
    @classmethod
    def _check_call_id(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "role" in info.data and (value is not None) != (info.data["role"] == "tool"):
            raise ValueError("the role tool goes with a tool_call_id, and no other role does")
        return value

    @field_validator("content")
    @classmethod
    def _check_content(cls, value: list[TextPart] | None, info: ValidationInfo) -> list[TextPart] | None:
        if value is None and "role" in info.data and not info.data.get("tool_calls"):
            raise ValueError("a message needs content, or in the role assistant tool_calls")
        return value

    def message(self) -> Message:
        """Return the message as the engine reads it."""
        role: Role = "system" if self.role == "developer" else self.role
        text = "".join(part.text for part in self.content or ())
        calls = tuple(call.call() for call in self.tool_calls or ())
        return Message(role, text, calls, self.tool_call_id or "")
