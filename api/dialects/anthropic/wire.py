"""The bodies of Anthropic's requests for messages."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.dialects.anthropic.blocks import Block, ContentBlocks, TextBlocks
from api.tool_use import make_tool
from api.wire.base import AnyObject, Anything, Flag, Ignored, Integer, Number, RequestModel, Text, Unsupported
from api.wire.sampling import MAX_STOPS, TokenCount, make_sampling
from rag.engines.json_schema import validate_schema
from rag.engines.types import FUNCTION_CHOICE, Sampling, ToolUse

MAX_MESSAGES = 4096
MAX_TOOLS = 256


class MessageParam(Block):
    """A turn of the chat."""

    role: Literal["user", "assistant", "system"]
    content: ContentBlocks


class ToolParam(Block):
    """A function that the model may ask the client to call. Tools that Anthropic's servers run are not there."""

    type: Literal["custom"] = "custom"
    name: Annotated[Text, Field(min_length=1, max_length=128)]
    description: Text = ""
    input_schema: AnyObject


class ToolChoice(Block):
    """Whether the model may, must or must not call a tool, or which one it calls."""

    type: Literal["auto", "any", "tool", "none"]
    name: Text = ""
    disable_parallel_tool_use: bool = False

    def choice(self) -> str:
        """Return the choice as `ToolUse` has it."""
        return {"any": "required", "tool": FUNCTION_CHOICE + self.name}.get(self.type, self.type)


class OutputFormat(RequestModel):
    """JSON that obeys a schema."""

    type: Literal["json_schema"]
    definition: Annotated[Anything, Field(alias="schema")]


class OutputConfig(RequestModel):
    """The form of the answer."""

    effort: Ignored = None
    format: OutputFormat | None = None


class Metadata(RequestModel):
    """Who asks."""

    user_id: str | None = Field(default=None, max_length=512)


class CountRequest(RequestModel):
    """A prompt, whose tokens are counted."""

    model_config = ConfigDict(protected_namespaces=())

    model: Text
    messages: Annotated[list[MessageParam], Field(min_length=1, max_length=MAX_MESSAGES)]
    system: TextBlocks | None = None
    tools: Annotated[list[ToolParam], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: ToolChoice | None = None
    output_config: OutputConfig | None = None

    cache_control: Ignored = None
    context_management: Ignored = None
    mcp_servers: Unsupported = None
    speed: Ignored = None
    thinking: Ignored = None

    def tool_use(self) -> ToolUse | None:
        """Return the tools; None without any.

        Raises `ValueError`, which says what is wrong with them, and `SchemaError` for a schema that is too large.
        """
        if not self.tools:
            return None
        tools = [
            make_tool(tool.name, tool.description, tool.input_schema, param=f"tools.{index}.input_schema")
            for index, tool in enumerate(self.tools)
        ]
        choice = self.tool_choice or ToolChoice(type="auto")
        return ToolUse(tuple(tools), choice.choice(), parallel=not choice.disable_parallel_tool_use)


class MessagesRequest(CountRequest):
    """A chat with a model, with the documents of the request, or with a collection if the model is `docs/<name>`."""

    max_tokens: TokenCount
    metadata: Metadata | None = None
    stop_sequences: Annotated[list[Text], Field(max_length=MAX_STOPS)] | None = None
    stream: Flag = False
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_k: Annotated[Integer, Field(ge=0, le=1_000_000)] | None = None
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None

    container: Unsupported = None
    diagnostics: Ignored = None
    inference_geo: Ignored = None
    service_tier: Ignored = None
    user_profile_id: Ignored = None
    workspace_id: Ignored = None

    @property
    def user(self) -> str | None:
        """Who asks, as the client says."""
        return None if self.metadata is None else self.metadata.user_id

    @property
    def wants_json(self) -> bool:
        """Whether the answer is read by a program."""
        return self.output_config is not None and self.output_config.format is not None

    def sampling(self) -> Sampling:
        """Return how tokens are sampled. Raises `SchemaError`."""
        format_ = self.output_config.format if self.output_config else None
        return make_sampling(
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            stop=self.stop_sequences,
            json_schema=None if format_ is None else validate_schema(format_.definition),
        )
