"""`POST /v1/completions` in OpenAI's dialect: a text is continued as it is, without a chat template."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from api.wire.answers import AnswerDetails, UsageObject
from api.wire.base import (
    DOCS_PREFIX,
    Absent,
    Flag,
    Ignored,
    Integer,
    ResponseModel,
    Text,
    Unsupported,
    as_list,
    has,
    when,
)
from api.wire.chat import MAX_CHOICES, StreamOptions, bound_logprob
from api.wire.citations import CitationObject
from api.wire.sampling import MaxTokens, SamplingFields
from rag.engines.types import FinishReason, TokenLogprob

DEFAULT_MAX_TOKENS = 16
"""OpenAI's default for texts."""
MAX_PROMPTS = 128

Prompts = Annotated[list[Text], Field(min_length=1, max_length=MAX_PROMPTS)]


class CompletionRequest(SamplingFields):
    """A text to continue; by `docs/<name>` it is answered as a question about documents."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": "SmolLM2-135M-Instruct.Q4_1", "prompt": "The pump is", "stop": "."}],
            **when(
                has("model", {"type": "string", "pattern": f"^{DOCS_PREFIX}"}),
                {"properties": {"logprobs": {"type": "null"}}},
            ),
        }
    )

    model: Text
    """A model's id, or `docs/<name>`."""
    prompt: Annotated[Prompts, BeforeValidator(as_list, json_schema_input_type=Text | Prompts)]
    """The text, or several; each gets `n` continuations. Ids of tokens are not supported."""
    max_tokens: MaxTokens = DEFAULT_MAX_TOKENS
    """Most tokens of a continuation; -1 for as many as fit."""
    n: Annotated[Integer, Field(ge=1, le=MAX_CHOICES)] | None = None
    """Number of continuations of each text."""
    echo: Flag | None = None
    """Whether the text comes before its continuation."""
    logprobs: Annotated[Integer, Field(ge=0, le=20)] | None = None
    """How many alternatives to list for each token; only for plain models, not for `docs/…`."""
    stream: Flag | None = False
    """Whether the continuation comes as server-sent events while it is written."""
    stream_options: StreamOptions | None = None

    best_of: Unsupported = None
    suffix: Unsupported = None
    user: str | None = Field(default=None, max_length=512)
    """Who asks: users of one address have queues of their own and take turns when the model is busy."""
    ttl: Ignored = None

    @property
    def includes_usage(self) -> bool:
        """Whether a stream ends with the usage."""
        return self.stream_options is not None and self.stream_options.include_usage


class TextLogprobs(ResponseModel):
    """The tokens of a continuation, each list in their order."""

    tokens: list[str]
    token_logprobs: list[float]
    """Natural logarithms of their probabilities; -9999 for what is impossible."""
    top_logprobs: list[dict[str, float]]
    """The most likely tokens at each position."""
    text_offset: list[int]
    """Where each token begins, in characters."""

    @classmethod
    def of(cls, tokens: Sequence[TokenLogprob], offset: int = 0) -> "TextLogprobs | None":
        """Return the tokens, the first of which begins at `offset`; None without any."""
        if not tokens:
            return None
        texts = [token.token.decode(errors="replace") for token in tokens]
        starts = accumulate(map(len, texts[:-1]), initial=offset)
        return cls(
            tokens=texts,
            token_logprobs=[bound_logprob(token.logprob) for token in tokens],
            top_logprobs=[
                {other.token.decode(errors="replace"): bound_logprob(other.logprob) for other in token.top}
                for token in tokens
            ],
            text_offset=list(starts),
        )


class TextChoice(ResponseModel):
    """A continuation, or a piece of one in a stream."""

    index: int
    text: str
    logprobs: TextLogprobs | None = None
    finish_reason: FinishReason | None
    """Null in all pieces but the last."""
    annotations: list[CitationObject] | None = Absent
    """The citations of an answer from documents."""


class TextCompletion(ResponseModel):
    """The response, or an event of a stream."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    """Unix time in seconds."""
    model: str
    choices: list[TextChoice]
    usage: UsageObject | None = Absent
    pincite: AnswerDetails | None = Absent
    """Evidence, verdicts and timings of an answer from documents."""
