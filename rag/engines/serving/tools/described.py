"""Tools in plain words, for models whose chat template has no place for them. Pure."""

import json
from collections.abc import Sequence

from rag.engines.serving.tools.formats import ToolFormat
from rag.engines.types import Message, Tool, ToolCall

_EXAMPLE = ToolCall("", "<name>", "{<arguments>}")


def describe_tools(tools: Sequence[Tool], tool_format: ToolFormat) -> str:
    """Return what tells a model which tools there are and how it calls them."""
    listed = "\n".join(_describe(tool) for tool in tools)
    return (
        f"You can call these functions:\n{listed}\n\n"
        "To call one, write this and nothing after it, with arguments that obey its parameters:\n"
        f"{tool_format.write([_EXAMPLE])}"
    )


def write_out_calls(messages: Sequence[Message], tool_format: ToolFormat) -> list[Message]:
    """Return a chat with calls as text of the assistant, and the results of tools as text of the user."""
    written: list[Message] = []
    for message in messages:
        if message.role == "tool":
            before, after = tool_format.results
            message = Message("user", f"{before}{message.content}{after}")
        elif message.tool_calls:
            calls = tool_format.write(message.tool_calls)
            message = Message(message.role, "\n".join(filter(None, (message.content, calls))))
        if written and written[-1].role == message.role == "user":
            message = Message("user", f"{written.pop().content}\n{message.content}")
        written.append(message)
    return written


def add_system_text(messages: Sequence[Message], text: str) -> list[Message]:
    """Return a chat whose system message ends with `text`."""
    if messages and messages[0].role == "system":
        return [Message("system", f"{messages[0].content}\n\n{text}"), *messages[1:]]
    return [Message("system", text), *messages]


def _describe(tool: Tool) -> str:
    about: dict[str, object] = {"name": tool.name}
    if tool.description:
        about["description"] = tool.description
    if tool.parameters:
        about["parameters"] = json.loads(tool.parameters)
    return json.dumps(about, ensure_ascii=False)
