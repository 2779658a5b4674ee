"""How tokens are sampled, as requests in OpenAI's dialect say it."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from api.wire.base import Ignored, Integer, Number, RequestModel, Text, as_list
from rag.engines.types import Sampling

MAX_STOPS = 16
MAX_BIASES = 300
NO_LIMIT = -1
"""LM Studio's number of tokens for no limit."""

INDEX_PATTERN = r"^(0|[1-9][0-9]{0,8})$"
Stops = Annotated[list[Text], Field(max_length=MAX_STOPS)]
Bias = Annotated[Number, Field(ge=-100, le=100)]
BIASES_SCHEMA: JsonSchemaValue = {
    "type": "object",
    "maxProperties": MAX_BIASES,
    "propertyNames": {"pattern": INDEX_PATTERN},
    "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100},
}
TokenCount = Annotated[Integer, Field(ge=1, le=10_000_000)]


def _without_limit(value: object) -> object:
    return None if value == NO_LIMIT else value


MaxTokens = Annotated[
    TokenCount | None,
    BeforeValidator(
        _without_limit,
        json_schema_input_type=TokenCount | Literal[-1] | None,
    ),
]


class SamplingFields(RequestModel):
    """The fields that every request for tokens has."""

    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    """Randomness of sampling; 0, the default, is greedy."""
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    top_k: Annotated[Integer, Field(ge=0, le=1_000_000)] | None = None
    min_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    seed: Annotated[Integer, Field(ge=0, lt=2**32)] | None = None
    """Makes sampling repeatable."""
    stop: (
        Annotated[
            list[Text],
            BeforeValidator(as_list, json_schema_input_type=Text | Stops),
            Field(max_length=MAX_STOPS),
        ]
        | None
    ) = None
    """Texts that end the answer."""

    frequency_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    repeat_penalty: Annotated[Number, Field(ge=0.1, le=10)] | None = None
    """llama.cpp's penalty on the last 64 tokens; 1 is none."""
    logit_bias: (
        Annotated[
            dict[Annotated[str, StringConstraints(pattern=INDEX_PATTERN)], Bias],
            Field(max_length=MAX_BIASES),
            WithJsonSchema(BIASES_SCHEMA),
        ]
        | None
    ) = None
    """Added to the logits of tokens, by their ids."""

    def sample(self, max_tokens: int | None) -> Sampling:
        """Return how tokens are sampled; what the request leaves open has its default."""
        return make_sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            seed=self.seed,
            max_tokens=max_tokens,
            stop=self.stop,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            repeat_penalty=self.repeat_penalty,
            logit_bias=tuple((int(token), bias) for token, bias in (self.logit_bias or {}).items()),
        )


class NestedOptions(SamplingFields):
    """Sampling within `options`, as some clients of LM Studio and Ollama send it. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    num_predict: MaxTokens = None
    """Most tokens of the answer; -1 for as many as fit."""
    num_ctx: Ignored = None

    def fill(self, fields: SamplingFields) -> SamplingFields:
        """Return `fields` with those of the options in place of what they leave out."""
        left_out = [name for name in SamplingFields.model_fields if getattr(fields, name) is None]
        return fields.model_copy(update={name: getattr(self, name) for name in left_out})


def make_sampling(*, stop: Sequence[str] | None = None, **given: Any) -> Sampling:
    """Return a sampling with the fields of `Sampling` that a request gives; those that are None have their default.

    An empty text stops nothing.
    """
    stops = tuple(text for text in stop or () if text)
    return Sampling(stop=stops, **{name: value for name, value in given.items() if value is not None})
