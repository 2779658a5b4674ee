"""Tools and their calls in OpenAI's dialect: functions that a model asks its caller to run."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.wire.base import AnyObject, Ignored, RequestModel, ResponseModel, Text
from rag.engines.types import ToolCall

MAX_TOOLS = 128
MAX_DESCRIPTION_CHARS = 16_000
MAX_CALLS = 128

ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]


class FunctionObject(RequestModel):
    """A function that the model may ask for. What it is given always obeys `parameters`: `strict` changes nothing."""

    name: ToolName
    description: Annotated[Text, Field(max_length=MAX_DESCRIPTION_CHARS)] | None = None
    parameters: AnyObject | None = None
    """A JSON Schema. The model is held to what can be enforced while it writes, and reads the rest."""
    strict: Ignored = None


class ToolObject(RequestModel):
    """A tool; only functions are supported."""

    type: Literal["function"]
    function: FunctionObject


class NamedFunction(RequestModel):
    """A function by its name."""

    name: ToolName


class NamedTool(RequestModel):
    """A tool by its name: as a choice, the one that the model has to call."""

    type: Literal["function"]
    function: NamedFunction


class AllowedTools(RequestModel):
    """Some of the tools, and whether one of them has to be called."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedTool], Field(min_length=1, max_length=MAX_TOOLS)]


class AllowedChoice(RequestModel):
    """The choice of some of the tools."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


ToolChoice = Literal["none", "auto", "required"] | Annotated[NamedTool | AllowedChoice, Field(discriminator="type")]
Tools = Annotated[list[ToolObject], Field(max_length=MAX_TOOLS)]


class CalledFunction(RequestModel):
    """The function that the model asked for, and the JSON that it is given."""

    name: ToolName
    arguments: Text


class CallObject(RequestModel):
    """A call that the model asked for in an earlier answer."""

    id: Annotated[Text, Field(min_length=1, max_length=256)]
    type: Literal["function"] = "function"
    function: CalledFunction
    index: Ignored = None

    def call(self) -> ToolCall:
        """Return the call as the engine reads it."""
        return ToolCall(self.id, self.function.name, self.function.arguments)


class CalledFunctionObject(ResponseModel):
    """The function that the model asks for, and the JSON that it is given."""

    name: str
    arguments: str


class ToolCallObject(ResponseModel):
    """A call that the model asks for."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunctionObject

    @classmethod
    def of(cls, call: ToolCall) -> "ToolCallObject":
        """Return a call of an answer."""
        return cls(id=call.id, function=CalledFunctionObject(name=call.name, arguments=call.arguments))
