"""What requests may say. A field that would change the answer and is not understood is refused by name.

Fields of OpenAI's API that change nothing here are accepted, so that its clients work unchanged.
"""

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from ingest.library.filters import check_attributes
from ingest.library.filters import parse_filters as parse_filter
from ingest.library.names import check_collection_name
from ingest.types import Filter
from rag.engines.json_schema import checked_schema
from rag.engines.types import Message, Role, Sampling
from rag.types import AnswerMode, AnswerStyle

MAX_MESSAGES = 4096
MAX_STOPS = 16
MAX_BIASES = 300
MAX_CHOICES = 8
MAX_QUERY_CHARS = 10_000
MAX_SEARCH_RESULTS = 50
MAX_TITLE_CHARS = 200
MAX_COLLECTIONS = 20
MAX_RULES_CHARS = 4_000
MAX_NEW_ITEMS = 20
"""OpenAI's limit."""


def _whole_characters(text: str) -> str:
    """Refuse half of a surrogate pair, which no database and no tokenizer can take."""
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("the text has a lone surrogate, half of a character")
    return text


def _neutral(value: object) -> None:
    """Accept the values by which a client says "not used"."""
    if value in (None, 0, "", [], {}, "none", "auto"):
        return
    raise ValueError("this option is not supported; leave it out")


def clean_name(text: str) -> str:
    """Return a name as it is shown: composed characters, nothing invisible, nothing that turns the text around.

    Empty where nothing is left.
    """
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(char for char in composed if unicodedata.category(char)[0] != "C")
    return " ".join(visible.split())


def revealed(secret: SecretStr | None) -> str | None:
    """Return what a field that is kept out of logs and errors holds."""
    return None if secret is None else secret.get_secret_value()


def _as_list(value: object) -> object:
    """Accept one text where a list is meant: without a union, errors name the field and nothing else."""
    return [value] if isinstance(value, str) else value


def _as_parts(value: object) -> object:
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


Filters = Annotated[Filter, PlainValidator(parse_filter, json_schema_input_type=dict[str, Any])]
StoreAttributes = Annotated[dict[str, Any], AfterValidator(check_attributes)]
"""What a person says of a document, within OpenAI's limits."""

Text = Annotated[str, AfterValidator(_whole_characters)]
CollectionName = Annotated[Text, AfterValidator(check_collection_name)]
Unused = Annotated[None, BeforeValidator(_neutral)]
Ignored = Any
Number = Annotated[float, Field(allow_inf_nan=False)]
Token = Annotated[int, Field(ge=0, lt=2**31)]
Bias = Annotated[Number, Field(ge=-100, le=100)]


class StrictModel(BaseModel):
    """Base of all requests: what is not named here is refused."""

    model_config = ConfigDict(extra="forbid")


class TextPart(StrictModel):
    """A part of a message; other parts than text are refused."""

    type: Literal["text"]
    text: Text


class ChatMessage(StrictModel):
    """One turn. `annotations` and the like come back when a client sends an answer again."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[list[TextPart], BeforeValidator(_as_parts), Field(min_length=1)]
    name: Ignored = None
    annotations: Ignored = None
    refusal: Ignored = None
    audio: Unused = None
    function_call: Unused = None
    tool_calls: Unused = None

    def message(self) -> Message:
        """Return the turn as the engine reads it."""
        role: Role = "system" if self.role == "developer" else self.role
        return Message(role, "".join(part.text for part in self.content))


class StreamOptions(StrictModel):
    """What a stream carries besides the answer."""

    include_usage: bool = False
    include_obfuscation: Ignored = None


class NamedSchema(StrictModel):
    """A JSON Schema that an answer has to obey; always to the letter, so `strict` changes nothing."""

    name: Annotated[Text, Field(max_length=64)]
    definition: Annotated[Any, Field(alias="schema")]
    description: Ignored = None
    strict: Ignored = None


class ResponseFormat(StrictModel):
    """What an answer is: text, any JSON object, or JSON by a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: Annotated[NamedSchema | None, Field(validate_default=True)] = None

    @field_validator("json_schema")
    @classmethod
    def _goes_with_its_type(cls, value: NamedSchema | None, info: ValidationInfo) -> NamedSchema | None:
        if (value is not None) != (info.data.get("type") == "json_schema"):
            raise ValueError("this goes with the type json_schema, and only with it")
        return value

    def schema_text(self) -> str:
        """Return the text of the schema that the answer has to obey, empty where it is plain text.

        Raises `SchemaError`.
        """
        if self.json_schema is not None:
            return checked_schema(self.json_schema.definition)
        return checked_schema({"type": "object"}) if self.type == "json_object" else ""


class PinciteOptions(StrictModel):
    """What OpenAI's API has no words for: which model answers, from which documents, and how they are read.

    `collections` are asked together with the one that is named as the model.

    With a `conversation` the question and its answer are stored in it: after the item `parent`, or after the current
    one. The conversation's own id as `parent` means its beginning; the id of a question has that one answered again.
    """

    model: Text | None = None
    mode: AnswerMode | None = None
    style: AnswerStyle | None = None
    collections: Annotated[list[Text], Field(max_length=MAX_COLLECTIONS)] | None = None
    filters: Filters | None = None
    conversation: Text | None = None
    parent: Annotated[Text | None, Field(validate_default=True)] = None

    @field_validator("parent")
    @classmethod
    def _goes_with_a_conversation(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("conversation") is None:
            raise ValueError("this goes with a conversation, and none is named")
        return value


class ChatRequest(StrictModel):
    """`POST /v1/chat/completions`."""

    model: Text
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    pincite: PinciteOptions | None = None

    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    min_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    stop: Annotated[list[Text] | None, BeforeValidator(_as_list), Field(max_length=MAX_STOPS)] = None

    frequency_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    repeat_penalty: Annotated[Number, Field(ge=0.1, le=10)] | None = None

    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    logit_bias: Annotated[dict[Token, Bias], Field(max_length=MAX_BIASES)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None

    modalities: list[Literal["text"]] | None = None
    audio: Unused = None
    function_call: Unused = None
    functions: Unused = None
    grammar: Unused = None
    reasoning_effort: Unused = None
    tool_choice: Unused = None
    tools: Unused = None
    web_search_options: Unused = None

    metadata: Ignored = None
    parallel_tool_calls: Ignored = None
    prediction: Ignored = None
    prompt_cache_key: Ignored = None
    prompt_cache_retention: Ignored = None
    safety_identifier: Ignored = None
    service_tier: Ignored = None
    store: Ignored = None
    ttl: Ignored = None
    user: str | None = Field(default=None, max_length=512)
    verbosity: Ignored = None

    @field_validator("top_logprobs")
    @classmethod
    def _goes_with_logprobs(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value and not info.data.get("logprobs"):
            raise ValueError("this goes with logprobs, which is not true")
        return value

    @property
    def wants_json(self) -> bool:
        """Whether the answer is read by a program."""
        return self.response_format is not None and self.response_format.type != "text"

    def turns(self) -> tuple[Message, ...]:
        """Return the chat as the engine reads it."""
        return tuple(message.message() for message in self.messages)

    def sampling(self) -> Sampling:
        """Return how tokens are chosen; what the request leaves open stays at its default. Raises `SchemaError`."""
        default = Sampling()
        return Sampling(
            temperature=default.temperature if self.temperature is None else self.temperature,
            top_p=default.top_p if self.top_p is None else self.top_p,
            top_k=default.top_k if self.top_k is None else self.top_k,
            min_p=default.min_p if self.min_p is None else self.min_p,
            seed=self.seed,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            stop=tuple(stop for stop in self.stop or () if stop),
            presence_penalty=self.presence_penalty or default.presence_penalty,
            frequency_penalty=self.frequency_penalty or default.frequency_penalty,
            repeat_penalty=self.repeat_penalty or default.repeat_penalty,
            logit_bias=tuple((self.logit_bias or {}).items()),
            json_schema=self.response_format.schema_text() if self.response_format else default.json_schema,
            top_logprobs=(self.top_logprobs or 0) if self.logprobs else None,
        )


class ChunkingChoice(StrictModel):
    """The only chunking there is: Pincite's own."""

    type: Literal["auto"]


class StoreCreate(StrictModel):
    """`POST /v1/vector_stores`."""

    name: CollectionName | None = None
    file_ids: Annotated[list[Text], Field(max_length=500)] = []
    chunking_strategy: ChunkingChoice | None = None
    description: Unused = None
    expires_after: Unused = None
    metadata: Unused = None


class StoreUpdate(StrictModel):
    """`POST /v1/vector_stores/{id}`. `rules`, Pincite's own, are what models are told; empty for the usual ones."""

    name: CollectionName | None = None
    rules: Annotated[Text, Field(max_length=MAX_RULES_CHARS)] | None = None
    expires_after: Unused = None
    metadata: Unused = None


class StoreFileCreate(StrictModel):
    """`POST /v1/vector_stores/{id}/files`."""

    file_id: Text
    password: SecretStr | None = None
    attributes: StoreAttributes | None = None
    chunking_strategy: ChunkingChoice | None = None


class StoreFileUpdate(StrictModel):
    """`POST /v1/vector_stores/{id}/files/{file_id}`: all attributes anew, or none of them."""

    attributes: StoreAttributes | None


class RetryRequest(StrictModel):
    """`POST /v1/vector_stores/{id}/files/{file_id}/retry`."""

    password: SecretStr | None = None


class RankingOptions(StrictModel):
    """Which results are good enough, and whether a cross-encoder ranks them again where there is one (`auto`)."""

    ranker: Literal["auto", "none"] | None = None
    score_threshold: Annotated[Number, Field(ge=0, le=1)] | None = None


Query = Annotated[Text, Field(min_length=1, max_length=MAX_QUERY_CHARS)]


class StoreSearch(StrictModel):
    """`POST /v1/vector_stores/{id}/search`."""

    query: Annotated[list[Query], BeforeValidator(_as_list), Field(min_length=1, max_length=8)]
    max_num_results: Annotated[int, Field(ge=1, le=MAX_SEARCH_RESULTS)] = 10
    ranking_options: RankingOptions | None = None
    rewrite_query: Literal[False] | None = None
    filters: Filters | None = None
    explain: bool = False


Metadata = Annotated[
    dict[Annotated[Text, Field(max_length=64)], Annotated[Text, Field(max_length=512)]], Field(max_length=16)
]
"""What a client says of a conversation, within OpenAI's limits."""

Title = Annotated[Text, AfterValidator(clean_name), Field(max_length=MAX_TITLE_CHARS)]


class ItemPart(StrictModel):
    """A part of an item; other parts than text are refused."""

    type: Literal["text", "input_text", "output_text"]
    text: Text
    annotations: Ignored = None
    logprobs: Ignored = None


class ItemCreate(StrictModel):
    """A message that was written elsewhere."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[list[ItemPart], BeforeValidator(_as_parts), Field(min_length=1)]
    id: Ignored = None
    status: Ignored = None

    def message(self) -> Message:
        """Return the item as a model reads it."""
        role: Role = "system" if self.role == "developer" else self.role
        return Message(role, "".join(part.text for part in self.content))


Items = Annotated[list[ItemCreate], Field(max_length=MAX_NEW_ITEMS)]


class ConversationCreate(StrictModel):
    """`POST /v1/conversations`."""

    title: Title = ""
    metadata: Metadata | None = None
    items: Items | None = None


class ConversationUpdate(StrictModel):
    """`POST /v1/conversations/{id}`: what is left out stays. `current` shows the newest branch through an item."""

    title: Title | None = None
    metadata: Metadata | None = None
    current: Text | None = None


class ItemsCreate(StrictModel):
    """`POST /v1/conversations/{id}/items`; `parent` as in `PinciteOptions`."""

    items: Annotated[Items, Field(min_length=1)]
    parent: Text | None = None
