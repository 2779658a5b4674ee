"""The tools of a request in OpenAI's dialect as engines take them."""

from collections.abc import Sequence

from api.errors import InvalidToolsError, blame
from api.wire.tools import AllowedChoice, FunctionObject, NamedTool, ToolChoice, ToolObject
from rag.engines.tool_schemas import dump_parameters
from rag.engines.types import FUNCTION_CHOICE, Tool, ToolUse


def build_tool_use(
    tools: Sequence[ToolObject] | None, choice: ToolChoice | None, *, parallel: bool | None
) -> ToolUse | None:
    """Return the tools of a request, None without any.

    Raises `InvalidToolsError` if tools and choice do not agree, and `SchemaError` for parameters that are too large.
    """
    offered = tuple(_build_tool(index, tool.function) for index, tool in enumerate(tools or ()))
    if isinstance(choice, AllowedChoice):
        names = {tool.function.name for tool in choice.allowed_tools.tools}
        if missing := names - {tool.name for tool in offered}:
            raise InvalidToolsError(detail=f"there is no tool {min(missing)!r}", param="tool_choice")
        offered = tuple(tool for tool in offered if tool.name in names)
    if not offered and choice in (None, "none", "auto"):
        return None
    try:
        return ToolUse(offered, _choice_name(choice), parallel is not False)
    except ValueError as error:
        is_chosen = len({tool.name for tool in offered}) == len(offered) > 0
        raise InvalidToolsError(detail=str(error), param="tool_choice" if is_chosen else "tools") from error


def _build_tool(index: int, function: FunctionObject) -> Tool:
    with blame(f"tools.{index}.function.parameters"):
        return Tool(function.name, function.description or "", dump_parameters(function.parameters))


def _choice_name(choice: ToolChoice | None) -> str:
    if isinstance(choice, AllowedChoice):
        return choice.allowed_tools.mode
    if isinstance(choice, NamedTool):
        return f"{FUNCTION_CHOICE}{choice.function.name}"
    return choice or "auto"
