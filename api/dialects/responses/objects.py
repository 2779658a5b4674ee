"""A response of the Responses API and the items of its output, as OpenAI's API has them."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.wire.base import JsonObject, ResponseModel
from api.wire.citations import CitationObject
from api.wire.lists import ListObject, MemberObject
from ingest.types import AttributeValue
from rag.engines.types import Usage

Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]


class OutputText(ResponseModel):
    """The text of an answer with its citations."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[CitationObject]
    logprobs: list[Any] = Field(default_factory=list)


class RefusalText(ResponseModel):
    """Why there is no JSON, if JSON was asked for and the documents say nothing."""

    type: Literal["refusal"] = "refusal"
    refusal: str


class MessageOutput(ResponseModel):
    """What the model wrote, or the documents say."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed", "incomplete"]
    content: list[OutputText | RefusalText]


class FunctionCallOutput(ResponseModel):
    """A call that the model asks its caller for."""

    id: str
    type: Literal["function_call"] = "function_call"
    call_id: str
    name: str
    arguments: str
    status: Literal["in_progress", "completed", "incomplete"]


class FoundPassage(ResponseModel):
    """A passage that a search has found."""

    file_id: str
    filename: str
    score: float
    """How well its best sentence fits the question; 0 if none does."""
    text: str
    attributes: dict[str, AttributeValue]


class FileSearchOutput(ResponseModel):
    """The search of an answer from documents."""

    id: str
    type: Literal["file_search_call"] = "file_search_call"
    status: Literal["in_progress", "searching", "completed"]
    queries: list[str]
    results: list[FoundPassage] | None
    """What was found, if the request includes it."""


class TokenDetails(ResponseModel):
    """Tokens of the prompt that the KV cache held already."""

    cached_tokens: int


class OutputDetails(ResponseModel):
    """Tokens of reasoning, which no model here tells apart."""

    reasoning_tokens: Literal[0] = 0


class ResponseUsage(ResponseModel):
    """Tokens that a response took."""

    input_tokens: int
    input_tokens_details: TokenDetails
    output_tokens: int
    output_tokens_details: OutputDetails = OutputDetails()
    total_tokens: int

    @classmethod
    def of(cls, usage: Usage) -> "ResponseUsage":
        """Return the tokens of an answer."""
        return cls(
            input_tokens=usage.prompt_tokens,
            input_tokens_details=TokenDetails(cached_tokens=usage.cached_tokens),
            output_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
        )


class ResponseFailure(ResponseModel):
    """Why a response failed."""

    code: str
    message: str


class IncompleteDetails(ResponseModel):
    """Why a response is incomplete."""

    reason: Literal["max_output_tokens"] = "max_output_tokens"


class ResponseObject(ResponseModel):
    """A response. Fields that repeat the request have its values."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    """Unix time in seconds."""
    completed_at: int | None = None
    status: Status
    error: ResponseFailure | None = None
    incomplete_details: IncompleteDetails | None = None
    model: str
    output: list[MessageOutput | FunctionCallOutput | FileSearchOutput]
    usage: ResponseUsage | None = None
    background: bool
    conversation: JsonObject | None
    instructions: str | None
    max_output_tokens: int | None
    metadata: dict[str, str]
    parallel_tool_calls: bool
    previous_response_id: str | None
    reasoning: JsonObject
    store: bool
    temperature: float
    text: JsonObject
    tool_choice: str | JsonObject
    tools: list[JsonObject]
    top_p: float
    truncation: str
    user: str | None


class ResponseDeleted(ResponseModel):
    """The response is deleted."""

    id: str
    object: Literal["response"] = "response"
    deleted: Literal[True] = True


class InputItemObject(MemberObject):
    """An item that a response was asked with, with all fields of its type."""

    model_config = ConfigDict(extra="allow")

    type: str


class InputItemList(ListObject[InputItemObject]):
    """A page of the items that a response was asked with."""


class InputTokens(ResponseModel):
    """Length of a prompt."""

    object: Literal["response.input_tokens"] = "response.input_tokens"
    input_tokens: int


class Compaction(ResponseModel):
    """A chat made shorter: what its user has said, and a summary of the rest, to be sent instead of it."""

    id: str
    object: Literal["response.compaction"] = "response.compaction"
    created_at: int
    output: list[JsonObject]
    usage: ResponseUsage
