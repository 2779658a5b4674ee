"""The bodies of LM Studio's REST API, `/api/v1`: models, and chats that the server remembers."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from api.wire.base import (
    Absent,
    Flag,
    Ignored,
    Integer,
    JsonObject,
    Number,
    RequestModel,
    ResponseModel,
    Text,
    Unsupported,
)
from api.wire.sampling import MaxTokens, make_sampling
from rag.engines.types import Sampling
from rag.models.load_overrides import LoadOverrides

Window = Annotated[Integer, Field(ge=256)]


class LoadRequest(RequestModel):
    """Loads a model into memory; what it leaves open, the settings say. A collection and the embedder always are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": "SmolLM2-135M-Instruct.Q4_1"}]})

    model: str
    context_length: Window | None = None
    """The context window, in tokens; a model that is loaded with another one is loaded anew."""
    flash_attention: Flag | None = None
    offload_kv_cache_to_gpu: Flag | None = None
    """Whether layers on a GPU keep their KV cache there."""
    echo_load_config: Flag | None = None
    """Whether the response says how the model is loaded."""
    ttl: Ignored = None
    eval_batch_size: Ignored = None
    num_experts: Unsupported = None

    def overrides(self) -> LoadOverrides | None:
        """Return what differs from the settings; None if nothing is asked for."""
        overrides = LoadOverrides(self.context_length, self.flash_attention, self.offload_kv_cache_to_gpu)
        return None if overrides == LoadOverrides() else overrides


class LoadConfigObject(ResponseModel):
    """How a model is loaded."""

    context_length: int
    flash_attention: bool | None = Absent
    offload_kv_cache_to_gpu: bool | None = Absent


class ModelLoaded(ResponseModel):
    """The model is in memory."""

    type: Literal["llm", "embedding"] = "llm"
    instance_id: str
    load_time_seconds: float
    status: Literal["loaded"] = "loaded"
    load_config: LoadConfigObject | None = Absent


class UnloadRequest(RequestModel):
    """Removes a model from memory. A model has one instance, whose id is the model's."""

    instance_id: str


class ModelUnloaded(ResponseModel):
    """The model is no longer in memory; a collection and the embedder are there still."""

    instance_id: str


class DownloadRequest(RequestModel):
    """Asks for a model to be on this machine."""

    model: Text
    quantization: Ignored = None


class DownloadStatus(ResponseModel):
    """The model is there."""

    status: Literal["already_downloaded"] = "already_downloaded"


class Quantization(ResponseModel):
    """How weights are stored."""

    name: str
    bits_per_weight: int


class Instance(ResponseModel):
    """A model in memory."""

    id: str
    config: LoadConfigObject


class Capabilities(ResponseModel):
    """What a model can do."""

    vision: bool = False
    trained_for_tool_use: bool


class ModelObjectV1(ResponseModel):
    """A model, the embedder, or a collection."""

    type: Literal["llm", "embedding"]
    publisher: str
    key: str
    display_name: str
    architecture: str | None = Absent
    quantization: Quantization | None
    size_bytes: int
    params_string: str | None
    loaded_instances: list[Instance]
    max_context_length: int
    format: str
    capabilities: Capabilities | None = Absent


class ModelListV1(ResponseModel):
    """All models."""

    models: list[ModelObjectV1]


class MessageInput(RequestModel):
    """A text."""

    type: Literal["message", "text"]
    content: Text


class ImageInput(RequestModel):
    """A picture."""

    type: Literal["image"]
    data_url: str


InputPart = Annotated[MessageInput | ImageInput, Field(discriminator="type")]


def _as_parts(value: object) -> object:
    return [{"type": "message", "content": value}] if isinstance(value, str) else value


class ChatRequestV1(RequestModel):
    """A question, in a chat that the server remembers unless told otherwise."""

    model: Text
    input: Annotated[list[InputPart], BeforeValidator(_as_parts), Field(min_length=1)]
    system_prompt: Text | None = None
    stream: Flag | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    top_k: Annotated[Integer, Field(ge=0, le=1_000_000)] | None = None
    min_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[Number, Field(ge=0.1, le=10)] | None = None
    max_output_tokens: MaxTokens = None
    context_length: Window | None = None
    """The window that the chat needs; refused if the model is loaded with less."""
    store: Flag = True
    """Whether the chat is remembered, as a stored conversation."""
    previous_response_id: Text | None = None
    """The response that the question follows."""
    ttl: Ignored = None
    reasoning: Literal["off"] | None = None
    """Models that reason before they answer are told not to."""
    integrations: Unsupported = None

    def sampling(self) -> Sampling:
        """Return how tokens are sampled; what the request leaves open has its default."""
        return make_sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            repeat_penalty=self.repeat_penalty,
            max_tokens=self.max_output_tokens,
        )


class MessageOutput(ResponseModel):
    """What the model wrote."""

    type: Literal["message"] = "message"
    content: str


class ChatStatistics(ResponseModel):
    """Tokens and times."""

    input_tokens: int
    total_output_tokens: int
    reasoning_output_tokens: int = 0
    tokens_per_second: float
    time_to_first_token_seconds: float
    model_load_time_seconds: float | None = Absent


class ChatResponseV1(ResponseModel):
    """The answer."""

    model_instance_id: str
    output: list[MessageOutput]
    stats: ChatStatistics
    response_id: str | None = Absent
    """Names the answer for the question that follows; absent if it is not stored."""
    pincite: JsonObject | None = Absent
    """Citations, evidence and verdicts of an answer from documents; Pincite's own."""


class ChatEvent(ResponseModel):
    """An event of a stream; `type` is also the event's name."""

    type: str
    model_instance_id: str | None = Absent
    content: str | None = Absent
    progress: float | None = Absent
    load_time_seconds: float | None = Absent
    result: Any = Absent
