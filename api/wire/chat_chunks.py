"""The chunks of a streamed chat completion in OpenAI's dialect.

A model writes many small chunks, so their frame is encoded by msgspec. What Pincite adds comes once a sentence and is
encoded by the model that responses which are not streamed use, so each shape is declared once.
"""

from collections.abc import Sequence
from inspect import cleandoc
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from api.wire.answers import AnswerBasis, AnswerDetails, CheckedChunk, ProgressChunk, UsageObject
from api.wire.base import ResponseModel
from api.wire.chat import LogprobsObject
from api.wire.citations import UrlCitationObject
from rag.engines.types import FinishReason, ToolCallDelta

COMPONENTS = "#/components/schemas/"
SHARED_MODELS: tuple[type[ResponseModel], ...] = (
    AnswerBasis,
    AnswerDetails,
    CheckedChunk,
    LogprobsObject,
    ProgressChunk,
    UrlCitationObject,
    UsageObject,
)
"""The models that chunks carry in encoded form."""


def _reference(*models: type[ResponseModel], **more: Any) -> Any:
    references: list[dict[str, Any]] = [{"$ref": COMPONENTS + model.__name__} for model in models]
    return Meta(extra_json_schema={"anyOf": references, **more} if len(references) > 1 else {**references[0], **more})


Annotations = Annotated[
    Raw, Meta(extra_json_schema={"type": "array", "items": {"$ref": COMPONENTS + UrlCitationObject.__name__}})
]
Details = Annotated[Raw, _reference(AnswerBasis, ProgressChunk, CheckedChunk, AnswerDetails)]
Usage = Annotated[Raw, _reference(UsageObject)]
Logprobs = Annotated[Raw, _reference(LogprobsObject)]


class ChunkFunction(msgspec.Struct, kw_only=True):
    """The name of a function, and a piece of the JSON that it is given."""

    name: str | UnsetType = UNSET
    arguments: str


class ChunkToolCall(msgspec.Struct, kw_only=True):
    """A piece of the call with this index; the first one has its id and the name of its function."""

    index: int
    id: str | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET
    function: ChunkFunction


class ChunkDelta(msgspec.Struct, kw_only=True):
    """The next piece of the message. The first one has the role, the last one the citations."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    refusal: str | UnsetType = UNSET
    tool_calls: tuple[ChunkToolCall, ...] | UnsetType = UNSET
    annotations: Annotations | UnsetType = UNSET


class ChunkChoice(msgspec.Struct, kw_only=True):
    """A piece of the answer with this index."""

    index: int
    delta: ChunkDelta
    logprobs: Logprobs | None = None
    finish_reason: FinishReason | None = None


class ChatCompletionChunk(msgspec.Struct, kw_only=True):
    """One event of a streamed chat completion.

    `pincite` has, in this order over the stream: what the answer is based on, progress of a map-reduce, each sentence
    when it is verified, and at the end everything that is known of the answer.
    """

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    pincite: Details | UnsetType = UNSET
    usage: Usage | UnsetType | None = UNSET
    """Null in every chunk before the last one if that carries the usage."""


_encoder = msgspec.json.Encoder()


def encode_chunk(chunk: ChatCompletionChunk) -> bytes:
    """Return the chunk as JSON."""
    return _encoder.encode(chunk)


def encode_part(part: ResponseModel) -> Raw:
    """Return a part of a chunk in encoded form."""
    return Raw(part.model_dump_json().encode())


def encode_citations(citations: list[UrlCitationObject]) -> Raw:
    """Return the citations of an answer in encoded form."""
    return Raw(b"[" + b",".join(citation.model_dump_json().encode() for citation in citations) + b"]")


def tool_call_chunks(pieces: Sequence[ToolCallDelta]) -> tuple[ChunkToolCall, ...]:
    """Return pieces of tool calls as chunks have them."""
    return tuple(
        ChunkToolCall(
            index=piece.index,
            id=piece.id or UNSET,
            type="function" if piece.id else UNSET,
            function=ChunkFunction(name=piece.name or UNSET, arguments=piece.arguments),
        )
        for piece in pieces
    )


def chunk_schemas() -> dict[str, Any]:
    """Return the JSON Schemas of the chunks, by their names."""
    _, schemas = msgspec.json.schema_components([ChatCompletionChunk], ref_template=COMPONENTS + "{name}")
    return {name: {**schema, "description": cleandoc(schema["description"])} for name, schema in schemas.items()}
