"""The tools of a request as engines take them: a tool of any dialect, and all of them in OpenAI's."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.errors import InvalidToolsError, blame
from api.wire.tools import AllowedChoice, NamedTool, ToolChoice, ToolObject
from rag.engines.tool_schemas import dump_parameters
from rag.engines.types import FUNCTION_CHOICE, Tool, ToolUse


def make_tool(name: str, description: str | None, parameters: Mapping[str, Any] | None, *, param: str) -> Tool:
    """Return a tool; raises `SchemaError`, which names the field `param`, for parameters that are too large."""
    with blame(param):
        return Tool(name, description or "", dump_parameters(parameters))


def build_tool_use(
    tools: Sequence[ToolObject] | None, choice: ToolChoice | None, *, parallel: bool | None
) -> ToolUse | None:
    """Return the tools of a request, None without any.

    Raises `InvalidToolsError` if tools and choice do not agree, and `SchemaError` for parameters that are too large.
    """
    offered = tuple(
        make_tool(
            tool.function.name,
            tool.function.description,
            tool.function.parameters,
            param=f"tools.{index}.function.parameters",
        )
        for index, tool in enumerate(tools or ())
    )
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


def _choice_name(choice: ToolChoice | None) -> str:
    if isinstance(choice, AllowedChoice):
        return choice.allowed_tools.mode
    if isinstance(choice, NamedTool):
        return f"{FUNCTION_CHOICE}{choice.function.name}"
    return choice or "auto"
