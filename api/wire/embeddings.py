"""`POST /v1/embeddings` in OpenAI's dialect."""

import base64
from typing import Annotated, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict, Field

from api.wire.base import Ignored, Integer, RequestModel, ResponseModel, Text

MAX_INPUTS = 2048
EncodingFormat = Literal["float", "base64"]

Token = Annotated[Integer, Field(ge=0, lt=2**31)]
Tokens = Annotated[list[Token], Field(min_length=1)]
NotEmpty = Annotated[Text, Field(min_length=1)]
Inputs = Annotated[list[NotEmpty] | list[Tokens], Field(min_length=1, max_length=MAX_INPUTS)]


def _as_inputs(value: object) -> object:
    """Accept one text, or the tokens of one, for a list of them."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [items] if items and isinstance(items[0], int) else items
    return value


class EmbeddingsRequest(RequestModel):
    """Texts to embed with the embedder of the collections."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": "all-MiniLM-L6-v2", "input": ["The pump is oiled.", "Lunch is at noon."]}]
        }
    )

    model: Text
    """The embedder's id; see `/v1/models`."""
    input: Annotated[Inputs, BeforeValidator(_as_inputs, json_schema_input_type=NotEmpty | Tokens | Inputs)]
    """A text or several, or their tokens by the embedder's own tokenizer."""
    encoding_format: EncodingFormat | None = None
    """Lists of numbers (the default), or float32 in little-endian order as base64."""
    dimensions: Annotated[Integer, Field(ge=1)] | None = None
    """Keep so many components of each vector, scaled to unit length again."""
    user: Ignored = None


class EmbeddingObject(ResponseModel):
    """The vector of one text."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(ResponseModel):
    """Tokens that a request took."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsResponse(ResponseModel):
    """Unit vectors in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[EmbeddingObject]
    model: str
    usage: EmbeddingsUsage


def encode_vector(vector: NDArray[np.float32], encoding_format: EncodingFormat) -> list[float] | str:
    """Return a vector as a client asked for it."""
    if encoding_format == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    numbers: list[float] = vector.tolist()
    return numbers
