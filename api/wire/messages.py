"""The messages of a chat in OpenAI's dialect."""

from collections.abc import Mapping
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


class ImageUrl(RequestModel):
    """A picture, as a data URL in base64."""

    url: Text
    detail: Ignored = None


class ImagePart(RequestModel):
    """A picture, of which the model gets the text that OCR reads."""

    type: Literal["image_url"]
    image_url: ImageUrl


class FileContent(RequestModel):
    """A file that was uploaded before, or its content."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [has(name, {"type": "string"}) for name in ("file_id", "file_data")]}
    )

    file_id: Text | None = None
    filename: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    file_data: Annotated[Text | None, Field(validate_default=True)] = None
    """The content in base64, as a data URL or alone."""

    @field_validator("file_data")
    @classmethod
    def _check_source(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) == (info.data.get("file_id") is None):
            raise ValueError("a file is named by file_id or sent as file_data, one of the two")
        return value


class FilePart(RequestModel):
    """A file, of which the model gets the text."""

    type: Literal["file"]
    file: FileContent


Part = Annotated[TextPart | ImagePart | FilePart, Field(discriminator="type")]
Parts = Annotated[list[Part], Field(min_length=1)]
Content = Annotated[
    list[Part], BeforeValidator(as_text_parts, json_schema_input_type=Text | Parts), Field(min_length=1)
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
    """The text, or a list of parts; null in an answer that only calls tools."""
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
    def _check_content(cls, value: list[Part] | None, info: ValidationInfo) -> list[Part] | None:
        if value is None and "role" in info.data and not info.data.get("tool_calls"):
            raise ValueError("a message needs content, or in the role assistant tool_calls")
        return value

    @property
    def files(self) -> list[tuple[int, ImagePart | FilePart]]:
        """The parts that are no text, with their indices."""
        return [(index, part) for index, part in enumerate(self.content or ()) if not isinstance(part, TextPart)]

    def message(self, texts: Mapping[int, str]) -> Message:
        """Return the message as the engine reads it; `texts` has those of its `files` by their indices."""
        role: Role = "system" if self.role == "developer" else self.role
        parts = [
            part.text if isinstance(part, TextPart) else texts[index] for index, part in enumerate(self.content or ())
        ]
        calls = tuple(call.call() for call in self.tool_calls or ())
        return Message(role, "".join(parts), calls, self.tool_call_id or "")
