"""LM Studio's configurations: keys such as `llm.prediction.temperature`, in layers of which the first one decides."""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, Field

from api.dialects.lmstudio.sdk.frames import SdkModel
from api.errors import InvalidRequestError
from api.wire.base import AnyObject, Anything, JsonObject, Number, Text, check_finite
from api.wire.sampling import Stops, make_sampling
from rag.engines.json_schema import validate_schema
from rag.engines.types import Sampling
from rag.models.load_overrides import LoadOverrides

PREDICTION = "llm.prediction."
LLM_LOAD = "llm.load."
RETRIEVAL = "retrieval."
RAW_TEXT_LAYER = "completeModeFormatting"
"""The layer by which the Python SDK says that a text is continued as it is, without a chat template."""
OTHER_SAMPLERS = ("xtcProbability", "mirostatSampling", "tailFreeSampling", "locallyTypicalSampling")


class ConfigField(SdkModel):
    """A key and its value."""

    key: str
    value: Anything = None


class Config(SdkModel):
    """Keys and their values."""

    fields: tuple[ConfigField, ...] = ()

    def select(self, prefix: str) -> JsonObject:
        """Return the values of the keys that begin with `prefix`, by the rest of the key."""
        return {field.key.removeprefix(prefix): field.value for field in self.fields if field.key.startswith(prefix)}


class ConfigLayer(SdkModel):
    """A configuration and where it comes from."""

    layer_name: str
    config: Config


class ConfigStack(SdkModel):
    """Configurations, of which the first one that has a key decides."""

    layers: tuple[ConfigLayer, ...] = ()

    @property
    def is_raw_text(self) -> bool:
        """Whether a text is to be continued as it is."""
        return any(layer.layer_name == RAW_TEXT_LAYER for layer in self.layers)

    def select(self, prefix: str) -> JsonObject:
        """Return the values of the keys that begin with `prefix`, by the rest of the key."""
        selected: JsonObject = {}
        for layer in reversed(self.layers):
            selected |= layer.config.select(prefix)
        return selected

    def merge(self) -> JsonObject:
        """Return all layers as one configuration, as LM Studio sends it back."""
        return {"fields": [{"key": key, "value": value} for key, value in self.select("").items()]}


def _uncheck(value: object) -> object:
    """Return the value of a field with a check mark, None if it is not set; -1 and False are LM Studio's "no limit"."""
    if isinstance(check_finite(value), Mapping):
        box = cast("Mapping[str, object]", value)
        value = box.get("value") if box.get("checked") else None
    return None if value is False or value == -1 else value


Checked = BeforeValidator(_uncheck)


class StructuredOutput(SdkModel):
    """Whether the answer obeys a JSON Schema."""

    type: Literal["none", "json", "gbnf"] = "none"
    json_schema: Anything = None


class FunctionTool(SdkModel):
    """A function that the model may ask for."""

    name: Annotated[Text, Field(min_length=1, max_length=256)]
    description: Text = ""
    parameters: AnyObject | None = None


class Tool(SdkModel):
    """A tool; there are functions alone."""

    type: Literal["function"]
    function: FunctionTool


class ToolArray(SdkModel):
    """The tools of a prediction."""

    type: Literal["none", "toolArray"] = "none"
    tools: tuple[Tool, ...] = ()


class ToolChoice(SdkModel):
    """Whether the model must call one of them."""

    mode: Literal["none", "auto", "required"] = "auto"


class PredictionConfig(SdkModel):
    """How an answer is made."""

    temperature: Annotated[Number, Field(ge=0, le=100)] | None = None
    max_predicted_tokens: Annotated[Annotated[int, Field(ge=1)] | None, Checked] = None
    stop_strings: Stops | None = None
    structured: StructuredOutput = StructuredOutput()
    tools: ToolArray = ToolArray()
    tool_choice: ToolChoice = ToolChoice()
    system_prompt: Text = ""
    seed: Annotated[Annotated[int, Field(ge=0, lt=2**32)] | None, Checked] = None
    top_k_sampling: Annotated[Annotated[int, Field(ge=0)] | None, Checked] = None
    top_p_sampling: Annotated[Annotated[Number, Field(gt=0, le=1)] | None, Checked] = None
    min_p_sampling: Annotated[Annotated[Number, Field(ge=0, le=1)] | None, Checked] = None
    repeat_penalty: Annotated[Annotated[Number, Field(ge=0.1, le=10)] | None, Checked] = None
    presence_penalty: Annotated[
        Annotated[Number, Field(ge=-2, le=2)] | None, Checked, Field(alias="llama.presencePenalty")
    ] = None
    frequency_penalty: Annotated[
        Annotated[Number, Field(ge=-2, le=2)] | None, Checked, Field(alias="llama.frequencyPenalty")
    ] = None

    def sampling(self) -> Sampling:
        """Return how tokens are sampled; raises `SchemaError`, and `InvalidRequestError` for a grammar."""
        if self.structured.type == "gbnf":
            detail = "a GBNF grammar is not supported; give a JSON schema"
            raise InvalidRequestError(detail=detail, param="structured")
        schema: object = {"type": "object"} if self.structured.json_schema is None else self.structured.json_schema
        return make_sampling(
            temperature=self.temperature,
            top_p=self.top_p_sampling,
            top_k=self.top_k_sampling,
            min_p=self.min_p_sampling,
            seed=self.seed,
            max_tokens=self.max_predicted_tokens,
            stop=self.stop_strings,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            repeat_penalty=self.repeat_penalty,
            json_schema=validate_schema(schema) if self.structured.type == "json" else "",
        )


class LoadConfig(SdkModel):
    """How a model is loaded. What changes no answer (batch sizes, threads, mapping of memory) is the settings' own."""

    context_length: Annotated[int, Field(ge=256)] | None = None
    flash_attention: Annotated[bool | None, Field(alias="llama.flashAttention")] = None
    offload_kv_cache_to_gpu: Annotated[bool | None, Field(alias="offloadKVCacheToGpu")] = None

    def overrides(self) -> LoadOverrides | None:
        """Return what differs from the settings; None if nothing is asked for."""
        overrides = LoadOverrides(self.context_length, self.flash_attention, self.offload_kv_cache_to_gpu)
        return None if overrides == LoadOverrides() else overrides


def read_prediction_config(stack: ConfigStack) -> PredictionConfig:
    """Return how an answer is made; raises `InvalidRequestError` for a sampler that Pincite has not."""
    values = stack.select(PREDICTION)
    for name in OTHER_SAMPLERS:
        value = values.get(f"llama.{name}")
        if isinstance(value, Mapping) and (value.get("checked") or value.get("version")):  # pyright: ignore[reportUnknownMemberType]
            raise InvalidRequestError(detail=f"{name} is not supported; leave it out", param=name)
    return PredictionConfig.model_validate(values)
