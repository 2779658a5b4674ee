"""What `POST /v1/responses` is asked with, as OpenAI's API has it."""

from dataclasses import replace
from typing import Annotated, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from api.dialects.responses.items import MAX_ITEMS, InputItem
from api.tool_use import make_tool
from api.wire.base import (
    Anything,
    Flag,
    Ignored,
    Integer,
    JsonObject,
    Metadata,
    Number,
    RequestModel,
    Text,
    Unsupported,
)
from api.wire.chat import MAX_COLLECTIONS
from api.wire.filters import Filters
from api.wire.sampling import MaxTokens, make_sampling
from rag.engines.json_schema import validate_schema
from rag.engines.types import FUNCTION_CHOICE, Sampling, ToolUse
from rag.types import AnswerMode, AnswerStyle

MAX_TOOLS = 128
MAX_RESULTS = 50
FILE_SEARCH_RESULTS = "file_search_call.results"


class FunctionTool(RequestModel):
    """A function that the model can ask its caller to run."""

    type: Literal["function"]
    name: Annotated[Text, Field(min_length=1, max_length=128)]
    description: Text = ""
    parameters: Annotated[Anything, Field(json_schema_extra={"type": "object"})] = None
    """The JSON Schema of its arguments."""
    strict: Ignored = None


class FileSearchTool(RequestModel):
    """Answers from the documents of vector stores, with citations."""

    type: Literal["file_search"]
    vector_store_ids: Annotated[list[Text], Field(min_length=1, max_length=MAX_COLLECTIONS)]
    filters: Filters | None = None
    """Search only documents that match."""
    max_num_results: Annotated[Integer, Field(ge=1, le=MAX_RESULTS)] | None = None
    """Most passages that `include` shows; how many the model reads is Pincite's to choose."""
    ranking_options: Ignored = None


class ForeignTool(RequestModel):
    """A tool that OpenAI's servers run, or that only another model was trained for: no model is offered it here.

    Agents send all that they have, and go on if none is called.
    """

    model_config = ConfigDict(extra="allow")

    type: Annotated[Text, Field(max_length=64)]


def _tool_kind(tool: object) -> str:
    kind = cast("dict[str, object]", tool).get("type") if isinstance(tool, dict) else getattr(tool, "type", None)
    return kind if kind in ("function", "file_search") else "foreign"


AnyTool = Annotated[
    Annotated[FunctionTool, Tag("function")]
    | Annotated[FileSearchTool, Tag("file_search")]
    | Annotated[ForeignTool, Tag("foreign")],
    Discriminator(_tool_kind),
]


class FunctionChoice(RequestModel):
    """Makes the model call a function."""

    type: Literal["function"]
    name: Text


class FileSearchChoice(RequestModel):
    """Makes the model search files, which it does whenever the tool is there."""

    type: Literal["file_search"]


ToolChoice = (
    Literal["auto", "none", "required"] | Annotated[FunctionChoice | FileSearchChoice, Field(discriminator="type")]
)


class TextFormat(RequestModel):
    """Whether the answer is text, any JSON object, or JSON that obeys a schema."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"type": {"const": "json_schema"}}},
            "then": {"required": ["schema", "name"], "properties": {"schema": {"type": "object"}}},
        }
    )

    type: Literal["text", "json_object", "json_schema"]
    name: Annotated[Text, Field(max_length=64)] | None = None
    definition: Annotated[Anything, Field(alias="schema", json_schema_extra={"type": "object"})] = None
    """The JSON Schema, which the answer obeys to the letter."""
    description: Ignored = None
    strict: Ignored = None

    @model_validator(mode="after")
    def _check_schema(self) -> Self:
        if self.type == "json_schema" and (self.definition is None or self.name is None):
            raise ValueError("json_schema needs a name and a schema")
        return self

    def schema_text(self) -> str:
        """Return the text of the schema that the answer obeys, empty for plain text. Raises `SchemaError`."""
        if self.type == "json_schema":
            return validate_schema(self.definition)
        return validate_schema({"type": "object"}) if self.type == "json_object" else ""


class TextOptions(RequestModel):
    """What the text of the answer is like."""

    format: TextFormat | None = None
    verbosity: Ignored = None


class ConversationReference(RequestModel):
    """A stored conversation."""

    id: Text


def _as_conversation(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


class ResponsesOptions(RequestModel):
    """What OpenAI's API has no fields for; see the same options of chat completions."""

    model: Text | None = None
    """The model that writes answers from documents; the default model if it is left out."""
    mode: AnswerMode | None = None
    style: AnswerStyle | None = None


UNSEEN = ("file_search_call", "reasoning")
"""The types of items that no model reads again."""
Items = Annotated[
    list[InputItem],
    Field(
        min_length=1,
        max_length=MAX_ITEMS,
        json_schema_extra={"contains": {"not": {"properties": {"type": {"enum": [*UNSEEN]}}, "required": ["type"]}}},
    ),
]


def _as_items(value: object) -> object:
    return [{"type": "message", "role": "user", "content": value}] if isinstance(value, str) else value


def _check_items(items: list[InputItem]) -> list[InputItem]:
    if all(item.type in UNSEEN for item in items):
        raise ValueError("there is nothing to answer; send a message, or what a function has returned")
    return items


class PromptRequest(RequestModel):
    """A chat, as everything below `/v1/responses` takes it."""

    model: Text | None = None
    """A model's id, or `docs/<name>` for an answer from a vector store; the default model if it is left out."""
    input: Annotated[
        list[InputItem],
        BeforeValidator(_as_items, json_schema_input_type=Text | Items),
        AfterValidator(_check_items),
        Field(min_length=1, max_length=MAX_ITEMS),
    ]
    """The question, or the items of the chat."""
    instructions: Text | None = None
    """A system message, for this response alone."""
    previous_response_id: Text | None = None
    """A stored response that this one follows."""
    prompt_cache_key: Ignored = None


class InputTokensRequest(PromptRequest):
    """A chat whose prompt is counted."""

    conversation: Ignored = None
    parallel_tool_calls: Ignored = None
    reasoning: Ignored = None
    text: Ignored = None
    tool_choice: Ignored = None
    tools: Ignored = None
    truncation: Ignored = None


class CompactRequest(PromptRequest):
    """A chat that becomes shorter."""


class ResponsesRequest(PromptRequest):
    """A chat with a model, or with the documents of vector stores."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "docs/manuals",
                    "input": "How often is the pump oiled?",
                    "include": [FILE_SEARCH_RESULTS],
                }
            ],
            "not": {
                "anyOf": [
                    {
                        "required": ["background", "store"],
                        "properties": {"background": {"const": True}, "store": {"const": False}},
                    },
                    {
                        "required": ["conversation", "previous_response_id"],
                        "properties": {
                            "conversation": {"not": {"type": "null"}},
                            "previous_response_id": {"not": {"type": "null"}},
                        },
                    },
                ]
            },
        }
    )

    conversation: (
        Annotated[
            ConversationReference,
            BeforeValidator(_as_conversation, json_schema_input_type=Text | ConversationReference),
        ]
        | None
    ) = None
    """The conversation that the question follows, and is stored in with its answer."""
    tools: Annotated[
        list[AnyTool],
        Field(max_length=MAX_TOOLS, default_factory=list),
    ]
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: Flag = True
    text: TextOptions | None = None
    stream: Flag = False
    """Whether the response comes as server-sent events while it is written."""
    background: Flag = False
    """Whether the response is made also if nobody waits for it; to retrieve it tells how far it is."""
    store: Flag = True
    """Whether the response is kept for 30 days, or until a document that it has read is deleted."""
    include: Annotated[list[Text], Field(max_length=20, default_factory=list)]
    """`file_search_call.results` shows the passages that were found; others change nothing."""
    max_output_tokens: MaxTokens = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    metadata: Metadata = Field(default_factory=dict)
    pincite: ResponsesOptions | None = None
    prompt: Unsupported = None
    top_logprobs: Unsupported = None

    client_metadata: Ignored = None
    max_tool_calls: Ignored = None
    prompt_cache_retention: Ignored = None
    reasoning: Ignored = None
    safety_identifier: Ignored = None
    service_tier: Ignored = None
    stream_options: Ignored = None
    truncation: Literal["auto", "disabled"] | None = None
    """The chat history is truncated where it has to be; with `disabled` as with `auto`."""
    user: Annotated[str, Field(max_length=512)] | None = None
    """Who asks: users of one address have queues of their own and take turns when the model is busy."""

    @model_validator(mode="after")
    def _check_storage(self) -> Self:
        if self.background and not self.store:
            raise ValueError("a response in the background is stored; leave store out")
        if self.conversation is not None and self.previous_response_id is not None:
            raise ValueError("conversation and previous_response_id exclude each other")
        return self

    @property
    def file_search(self) -> FileSearchTool | None:
        """The search that the request asks for; None if there is none, or it is not to be used."""
        if self.tool_choice == "none":
            return None
        return next((tool for tool in self.tools if isinstance(tool, FileSearchTool)), None)

    @property
    def shown_results(self) -> int | None:
        """How many of the passages that were found are shown at most; None for none."""
        if self.file_search is None or FILE_SEARCH_RESULTS not in self.include:
            return None
        return self.file_search.max_num_results or MAX_RESULTS

    @property
    def wants_json(self) -> bool:
        """Whether the answer is read by a program."""
        return self.text is not None and self.text.format is not None and self.text.format.type != "text"

    def tool_use(self) -> ToolUse | None:
        """Return the functions that the model may call.

        Raises `ValueError` if they make no sense, and `SchemaError` for parameters that are no schema or too large.
        """
        tools = tuple(
            make_tool(tool.name, tool.description, tool.parameters, param=f"tools.{index}.parameters")
            for index, tool in enumerate(self.tools)
            if isinstance(tool, FunctionTool)
        )
        if not tools or isinstance(self.tool_choice, FileSearchChoice):
            return None
        choice = self.tool_choice
        chosen = f"{FUNCTION_CHOICE}{choice.name}" if isinstance(choice, FunctionChoice) else choice or "auto"
        return ToolUse(tools, chosen, self.parallel_tool_calls)

    def sampling(self) -> Sampling:
        """Return how tokens are sampled; what the request leaves open has its default. Raises `SchemaError`."""
        sampled = make_sampling(temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_output_tokens)
        text_format = self.text.format if self.text else None
        return replace(sampled, json_schema=text_format.schema_text()) if text_format else sampled

    def echo(self) -> JsonObject:
        """Return the fields that a response repeats."""
        text_format = self.text.format if self.text else None
        format_ = text_format.model_dump(mode="json", by_alias=True, exclude_none=True) if text_format else None
        choice = self.tool_choice
        return {
            "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens,
            "metadata": self.metadata,
            "parallel_tool_calls": self.parallel_tool_calls,
            "previous_response_id": self.previous_response_id,
            "reasoning": self.reasoning or {"effort": None, "summary": None},
            "store": self.store,
            "background": self.background,
            "temperature": self.temperature or 0.0,
            "top_p": 1.0 if self.top_p is None else self.top_p,
            "text": {"format": format_ or {"type": "text"}},
            "tool_choice": choice if isinstance(choice, str) else choice.model_dump() if choice else "auto",
            "tools": [tool.model_dump(mode="json", exclude_none=True) for tool in self.tools],
            "truncation": self.truncation or "disabled",
            "user": self.user,
            "conversation": {"id": self.conversation.id} if self.conversation else None,
        }
