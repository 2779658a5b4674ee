"""`POST /v1/chat/completions` in OpenAI's dialect: the request and the response that is not streamed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic.config import JsonDict

from api.wire.answers import AnswerCheck, AnswerDetails, UsageObject
from api.wire.base import (
    DOCS_PREFIX,
    Absent,
    Anything,
    Flag,
    Ignored,
    Integer,
    RequestModel,
    ResponseModel,
    SourceStyle,
    Text,
    Unsupported,
    goes_with,
    has,
    when,
)
from api.wire.citations import UrlCitationObject
from api.wire.filters import Filters
from api.wire.messages import ChatMessage
from api.wire.sampling import MaxTokens, NestedOptions, SamplingFields
from api.wire.tools import ToolCallObject, ToolChoice, Tools
from rag.engines.json_schema import validate_schema
from rag.engines.types import Alternative, FinishReason, ReasoningEffort, Sampling, TokenLogprob
from rag.types import AnswerMode, AnswerStyle

MAX_MESSAGES = 4096
MAX_CHOICES = 8
MAX_COLLECTIONS = 20

LEAST_LOGPROB = -9999.0
"""OpenAI's value for a token that is impossible; JSON has no infinity."""


def bound_logprob(logprob: float) -> float:
    """Return a log-probability as responses have it."""
    return max(logprob, LEAST_LOGPROB)


class StreamOptions(RequestModel):
    """What a stream has besides the answer."""

    include_usage: Flag = False
    """Whether a last chunk carries the usage."""
    include_obfuscation: Ignored = None


class NamedSchema(RequestModel):
    """A JSON Schema that the answer obeys, always to the letter: `strict` changes nothing."""

    name: Annotated[Text, Field(max_length=64)]
    definition: Annotated[Anything, Field(alias="schema", json_schema_extra={"type": "object"})]
    """The JSON Schema."""
    description: Ignored = None
    strict: Ignored = None


class ResponseFormat(RequestModel):
    """Whether the answer is text, any JSON object, or JSON that obeys a schema."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                when(
                    {"properties": {"type": {"const": "json_schema"}}},
                    {"properties": {"json_schema": {"type": "object"}}, "required": ["json_schema"]},
                    {"properties": {"json_schema": {"type": "null"}}},
                ),
                goes_with("value", {"type": "null"}, "type", {"const": "json_object"}),
            ]
        }
    )

    type: Literal["text", "json_object", "json_schema"]
    json_schema: Annotated[NamedSchema | None, Field(validate_default=True)] = None
    """The schema; required with the type `json_schema`, and only with it."""
    value: Annotated[Anything, Field(json_schema_extra={"type": "object"})] = None
    """A JSON Schema beside the type `json_object`, as Hugging Face's clients send it."""

    @field_validator("value")
    @classmethod
    def _check_value(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.data.get("type") != "json_object":
            raise ValueError("this goes with the type json_object, and only with it")
        return value

    @field_validator("json_schema")
    @classmethod
    def _check_type(cls, value: NamedSchema | None, info: ValidationInfo) -> NamedSchema | None:
        if (value is not None) != (info.data.get("type") == "json_schema"):
            raise ValueError("this goes with the type json_schema, and only with it")
        return value

    def schema_text(self) -> str:
        """Return the text of the schema that the answer obeys, empty for plain text. Raises `SchemaError`."""
        if self.json_schema is not None:
            return validate_schema(self.json_schema.definition)
        if self.type == "text":
            return ""
        return validate_schema({"type": "object"} if self.value is None else self.value)


class PinciteOptions(RequestModel):
    """What OpenAI's API has no fields for: which model answers, from which documents, and in which conversation."""

    model_config = ConfigDict(
        json_schema_extra=goes_with("parent", {"type": "null"}, "conversation", {"type": "string"})
    )

    model: Text | None = None
    """The model that writes answers from documents; the default model if it is left out."""
    mode: AnswerMode | None = None
    """What the model reads: whole documents, retrieved passages, notes of everything (`overview`), or what fits."""
    style: AnswerStyle | None = None
    """Whether the model writes the answer or quotes the documents; `auto` quotes for very small models."""
    collections: Annotated[list[Text], Field(max_length=MAX_COLLECTIONS)] | None = None
    """More vector stores to search, besides the one named as the model."""
    filters: Filters | None = None
    """Search only documents that match."""
    conversation: Text | None = None
    """Store the question and its answer in this conversation; `messages` then holds the question alone."""
    sources: SourceStyle | None = None
    """What the text of an answer tells of its sources: they are numbered in order and listed at its end (`list`), only
    numbered (`numbers`), or left as the model named them (`none`), for clients that show `annotations` themselves."""
    parent: Annotated[Text | None, Field(validate_default=True)] = None
    """The item that the question follows; the current one if it is left out. The conversation's own id starts a branch
    at its beginning; the id of a question has that question answered again."""

    @field_validator("parent")
    @classmethod
    def _check_conversation(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("conversation") is None:
            raise ValueError("this goes with a conversation, and none is named")
        return value


DOCUMENT_OPTIONS: JsonDict = {
    "properties": {
        "pincite": {"properties": {"filters": {"type": "null"}, "collections": {"enum": [None, []]}}},
    }
}
ONE_QUESTION: JsonDict = {
    "properties": {
        "messages": {"maxItems": 1, "items": {"properties": {"role": {"const": "user"}}}},
        "n": {"enum": [None, 1]},
    }
}
CHAT_RULES: list[JsonDict] = [
    goes_with("top_logprobs", {"enum": [0, None]}, "logprobs", {"const": True}),
    when(
        has("model", {"type": "string", "pattern": f"^{DOCS_PREFIX}"}),
        {"properties": {"logprobs": {"enum": [None, False]}}},
        DOCUMENT_OPTIONS,
    ),
    when(has("pincite", {"type": "object", **has("conversation", {"type": "string"})}), ONE_QUESTION),
]
"""Which options go together; `api.chat` and `api.completions` refuse the others."""


WRITING_OPTIONS: dict[str, float | dict[str, float]] = {
    "temperature": 0,
    "top_p": 1,
    "top_k": 0,
    "min_p": 0,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "repeat_penalty": 1,
    "logit_bias": {},
}
"""Options of how a model writes, each with the value that changes nothing."""
INSTRUCTING = ("system", "developer")


class ChatRequest(SamplingFields):
    """A chat with a model, or with the documents of a vector store if the model is `docs/<name>`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "docs/manuals",
                    "messages": [{"role": "user", "content": "How often is the pump oiled?"}],
                    "stream": True,
                    "pincite": {"mode": "auto"},
                }
            ],
            "allOf": [*CHAT_RULES],
        }
    )

    model: Text
    """A model's id, or `docs/<name>` for an answer from a vector store, with citations."""
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: Flag | None = False
    """Whether the answer comes as server-sent events while it is written."""
    stream_options: StreamOptions | None = None
    pincite: PinciteOptions | None = None

    max_tokens: MaxTokens = None
    """The older name of `max_completion_tokens`."""
    max_completion_tokens: MaxTokens = None
    """Most tokens of the answer; -1 for as many as fit."""
    n: Annotated[Integer, Field(ge=1, le=MAX_CHOICES)] | None = None
    """Number of answers."""
    logprobs: Flag | None = None
    """Whether the response has the log-probability of each token; only for plain models, not for `docs/…`."""
    top_logprobs: Annotated[Integer, Field(ge=0, le=20)] | None = None
    """How many alternatives to list for each token."""
    response_format: ResponseFormat | None = None
    tools: Tools | None = None
    """Functions that a plain model may ask for. `docs/…` models answer by themselves and do not call them."""
    tool_choice: ToolChoice | None = None
    """Whether the model may call, has to call, or which tool it has to call."""
    parallel_tool_calls: Flag | None = None
    """Whether an answer may have several calls; it may if this is left out."""
    reasoning_effort: ReasoningEffort | None = None
    """How much a model that can think does so before it answers: from `low` on."""

    options: NestedOptions | None = None
    """Sampling as clients of LM Studio and Ollama nest it; what stands outside goes before it."""

    modalities: list[Literal["text"]] | None = None
    audio: Unsupported = None
    function_call: Unsupported = None
    functions: Unsupported = None
    grammar: Unsupported = None
    web_search_options: Unsupported = None

    draft_model: Ignored = None
    metadata: Ignored = None
    prediction: Ignored = None
    preset: Ignored = None
    prompt_cache_key: Ignored = None
    prompt_cache_retention: Ignored = None
    safety_identifier: Ignored = None
    service_tier: Ignored = None
    store: Ignored = None
    ttl: Ignored = None
    user: str | None = Field(default=None, max_length=512)
    """Who asks: users of one address have queues of their own and take turns when the model is busy."""
    verbosity: Ignored = None

    @field_validator("top_logprobs")
    @classmethod
    def _check_logprobs(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and not info.data.get("logprobs"):
            raise ValueError("this goes with logprobs, which is not true")
        return value

    @property
    def wants_json(self) -> bool:
        """Whether the answer is read by a program."""
        return self.response_format is not None and self.response_format.type != "text"

    @property
    def includes_usage(self) -> bool:
        """Whether a stream ends with the usage."""
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def writing_options(self) -> tuple[str, ...]:
        """The names of the options in use that only a model follows, when it writes: an answer of quotes does not."""
        named = [name for name, neutral in WRITING_OPTIONS.items() if getattr(self, name) not in (None, neutral)]
        instructions = [f"messages.{index}" for index, each in enumerate(self.messages) if each.role in INSTRUCTING]
        return (*instructions, *named)

    def sampling(self) -> Sampling:
        """Return how tokens are sampled; what the request leaves open has its default. Raises `SchemaError`."""
        options = self.options or NestedOptions()
        max_tokens = self.max_completion_tokens or self.max_tokens or options.num_predict
        sampled = options.fill(self).sample(max_tokens)
        return replace(
            sampled,
            json_schema=self.response_format.schema_text() if self.response_format else sampled.json_schema,
            top_logprobs=(self.top_logprobs or 0) if self.logprobs else None,
            reasoning_effort=self.reasoning_effort,
        )


class AlternativeObject(ResponseModel):
    """A token that could have been written."""

    token: str
    """Its text; bytes that are no text on their own show as �."""
    logprob: float
    """Natural logarithm of its probability; -9999 if it is impossible."""
    bytes: list[int]
    """Its UTF-8 bytes."""


class LogprobObject(AlternativeObject):
    """A token that was written."""

    top_logprobs: list[AlternativeObject]
    """The most likely tokens at its position."""


class LogprobsObject(ResponseModel):
    """Log-probabilities of the tokens of an answer or chunk."""

    content: list[LogprobObject]
    refusal: None = None

    @classmethod
    def of(cls, tokens: Sequence[TokenLogprob]) -> "LogprobsObject | None":
        """Return the tokens; None without any."""
        if not tokens:
            return None
        return cls(
            content=[
                LogprobObject(
                    token=token.token.decode(errors="replace"),
                    logprob=bound_logprob(token.logprob),
                    bytes=list(token.token),
                    top_logprobs=[_alternative(alternative) for alternative in token.top],
                )
                for token in tokens
            ]
        )


class CompletionMessage(ResponseModel):
    """The message that the model wrote."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    """The answer; null if it is a refusal, or only calls tools."""
    refusal: str | None
    """Why there is no JSON, if JSON was asked for and the documents say nothing."""
    annotations: list[UrlCitationObject]
    """The citations of an answer from documents."""
    tool_calls: list[ToolCallObject] | None = Absent
    """The calls that the model asks for."""


class CompletionChoice(ResponseModel):
    """One of `n` answers."""

    index: int
    message: CompletionMessage
    logprobs: LogprobsObject | None
    finish_reason: FinishReason
    pincite: AnswerCheck | None = Absent
    """Details of an answer after the first, whose details the completion itself has."""


class ChatCompletion(ResponseModel):
    """The response to a chat that is not streamed."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    """Unix time in seconds."""
    model: str
    choices: list[CompletionChoice]
    usage: UsageObject
    pincite: AnswerDetails
    """Evidence, verdicts and timings of the first answer."""


def _alternative(token: Alternative) -> AlternativeObject:
    return AlternativeObject(
        token=token.token.decode(errors="replace"), logprob=bound_logprob(token.logprob), bytes=list(token.token)
    )
