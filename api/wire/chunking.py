"""`chunking_strategy` of vector stores: how long the chunks of a file are."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from api.wire.base import Integer, RequestModel, ResponseModel, has, when


class StaticSizes(RequestModel):
    """The longest chunk, in tokens of the embedder."""

    max_chunk_size_tokens: Annotated[Integer, Field(ge=100, le=4096)]
    """The longest chunk. The embedder's window bounds it: the document's `chunking_strategy` says what was used."""
    chunk_overlap_tokens: Annotated[Integer, Field(ge=0, le=2048)] = 0
    """Accepted and not used: chunks are whole sentences, and none repeats another's."""


class ChunkingChoice(RequestModel):
    """Chunks as long as the settings say (`auto`), or as long as the request does (`static`)."""

    model_config = ConfigDict(
        json_schema_extra=when(
            has("type", {"const": "static"}),
            {"required": ["static"], "properties": {"static": {"type": "object"}}},
            {"properties": {"static": {"type": "null"}}},
        )
    )

    type: Literal["auto", "static"]
    static: StaticSizes | None = None
    """The sizes, which `static` needs."""

    @model_validator(mode="after")
    def _check_sizes(self) -> Self:
        if (self.type == "static") != (self.static is not None):
            raise ValueError("`static` chunks need `static` with their sizes, `auto` ones have none")
        return self

    @property
    def chunk_tokens(self) -> int:
        """The longest chunk; 0 for that of the settings."""
        return self.static.max_chunk_size_tokens if self.static else 0


class UsedSizes(ResponseModel):
    """The sizes of chunks."""

    max_chunk_size_tokens: int
    chunk_overlap_tokens: Literal[0] = 0


class StaticChunking(ResponseModel):
    """Chunks of a size that a request has asked for, as far as the embedder can read them."""

    type: Literal["static"] = "static"
    static: UsedSizes


class OtherChunking(ResponseModel):
    """Pincite's own chunking; OpenAI's name for one that it does not know."""

    type: Literal["other"] = "other"


def describe_chunking(chunk_tokens: int) -> StaticChunking | OtherChunking:
    """Return how a document is chunked; 0 is the length of the settings."""
    return StaticChunking(static=UsedSizes(max_chunk_size_tokens=chunk_tokens)) if chunk_tokens else OtherChunking()
