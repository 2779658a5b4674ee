"""The items that a request of the Responses API has as its input, and the messages that they become."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, ConfigDict, Field, Tag, TypeAdapter, model_validator
from pydantic import Discriminator as By

from api.wire.base import Ignored, RequestModel, Text, has
from rag.engines.types import Message, Role, ToolCall

MAX_ITEMS = 4096
TEXT_URL_PATTERN = "^data:text/[a-z0-9.+-]+(;charset=utf-8)?;base64,[A-Za-z0-9+/]*={0,2}$"
COMPACTION_PREFIX = "summary:"
SUMMARY = "Summary of the conversation so far:\n"


class ItemText(RequestModel):
    """A text, of a person or of an earlier answer."""

    type: Literal["input_text", "output_text", "text"]
    text: Text
    annotations: Ignored = None
    logprobs: Ignored = None


class RefusalPart(RequestModel):
    """An earlier refusal."""

    type: Literal["refusal"]
    refusal: Text


class FilePart(RequestModel):
    """A file whose text the model reads: a stored file that is in a vector store, or a text file."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [has(name, {"type": "string"}) for name in ("file_id", "file_data")],
        }
    )

    type: Literal["input_file"]
    file_id: Text | None = None
    file_data: Annotated[Text, Field(pattern=TEXT_URL_PATTERN)] | None = None
    """A text file in UTF-8, as a data URL in base64. Upload other files, and add them to a vector store."""
    filename: Text | None = None
    detail: Ignored = None

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if (self.file_id is None) == (self.file_data is None):
            raise ValueError("a file is named by file_id or sent as file_data, one of the two")
        return self


Part = Annotated[ItemText | RefusalPart | FilePart, Field(discriminator="type")]


def _as_parts(value: object) -> object:
    return [{"type": "input_text", "text": value}] if isinstance(value, str) else value


Parts = Annotated[
    list[Part],
    BeforeValidator(_as_parts, json_schema_input_type=Text | list[Part]),
    Field(min_length=1),
]


class MessageItem(RequestModel):
    """A message of the chat."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Parts
    """The text, or a list of parts."""
    id: Ignored = None
    status: Ignored = None
    phase: Ignored = None


class FunctionCallItem(RequestModel):
    """A call of a tool that the model asked for."""

    type: Literal["function_call"]
    call_id: Text
    name: Text
    arguments: Text
    id: Ignored = None
    status: Ignored = None
    namespace: Ignored = None


class FunctionOutputItem(RequestModel):
    """What a tool has returned."""

    type: Literal["function_call_output"]
    call_id: Text
    output: Parts
    """The text, or a list of parts."""
    id: Ignored = None
    status: Ignored = None


class FileSearchItem(RequestModel):
    """A search of an earlier answer, which the model does not see again."""

    type: Literal["file_search_call"]
    id: Ignored = None
    queries: Ignored = None
    results: Ignored = None
    status: Ignored = None


class ReasoningItem(RequestModel):
    """Reasoning of an earlier answer, which the model does not see again."""

    type: Literal["reasoning"]
    id: Ignored = None
    summary: Ignored = None
    content: Ignored = None
    encrypted_content: Ignored = None
    status: Ignored = None


class CompactionItem(RequestModel):
    """What `/v1/responses/compact` has made of earlier turns."""

    type: Literal["compaction"]
    encrypted_content: Annotated[Text, Field(pattern=f"^{COMPACTION_PREFIX}")]
    """As this server has written it, where no one else reads along: it is the summary in plain words."""
    id: Ignored = None


class ItemReference(RequestModel):
    """An item of a stored response, by its id."""

    type: Literal["item_reference"]
    id: Text


def _kind(item: object) -> object:
    """Return the type of an item; one with a role alone is a message."""
    if isinstance(item, dict):
        fields = cast("dict[str, object]", item)
        return fields.get("type") or "message"
    return getattr(item, "type", None)


InputItem = Annotated[
    Annotated[MessageItem, Tag("message")]
    | Annotated[FunctionCallItem, Tag("function_call")]
    | Annotated[FunctionOutputItem, Tag("function_call_output")]
    | Annotated[FileSearchItem, Tag("file_search_call")]
    | Annotated[ReasoningItem, Tag("reasoning")]
    | Annotated[CompactionItem, Tag("compaction")]
    | Annotated[ItemReference, Tag("item_reference")],
    By(_kind),
]
_ITEMS = TypeAdapter(list[InputItem])


def read_items(items: Sequence[Any]) -> list[InputItem]:
    """Return stored items, which a response of ours has had before."""
    return _ITEMS.validate_python(items)


def item_messages(items: Iterable[InputItem]) -> tuple[Message, ...]:
    """Return the messages of a chat; the calls of one answer are one message. Files have become texts before."""
    messages: list[Message] = []
    for item in items:
        if isinstance(item, FunctionCallItem):
            call = ToolCall(item.call_id, item.name, item.arguments)
            last = messages[-1] if messages else None
            if last is not None and last.role == "assistant":
                messages[-1] = Message("assistant", last.content, (*last.tool_calls, call))
            else:
                messages.append(Message("assistant", "", (call,)))
        elif isinstance(item, FunctionOutputItem):
            messages.append(Message("tool", _text(item.output), tool_call_id=item.call_id))
        elif isinstance(item, CompactionItem):
            messages.append(Message("system", SUMMARY + item.encrypted_content.removeprefix(COMPACTION_PREFIX)))
        elif isinstance(item, MessageItem):
            role: Role = "system" if item.role == "developer" else item.role
            messages.append(Message(role, _text(item.content)))
    return tuple(messages)


def write_compaction(summary: str) -> str:
    """Return a summary as the text of a compaction item."""
    return COMPACTION_PREFIX + summary


def _text(parts: Sequence[Part]) -> str:
    return "".join(
        part.text if isinstance(part, ItemText) else part.refusal for part in parts if not isinstance(part, FilePart)
    )
