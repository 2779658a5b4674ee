"""What a chat template is rendered with, in the shapes that `transformers` gives to templates. Pure."""

import hashlib
import json
import string
from collections.abc import Sequence
from typing import Any

from rag.engines.types import Message, Tool, ToolCall

SHORT_ID_CHARS = 9
"""Mistral's templates take call ids of this length alone."""
NO_PARAMETERS = '{"type": "object", "properties": {}}'
_ID_ALPHABET = string.digits + string.ascii_letters


def dump_messages(messages: Sequence[Message], *, arguments_as_text: bool = False) -> list[dict[str, Any]]:
    """Return the messages; the result of a tool has the name of the tool. Arguments of calls are JSON, or its text."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    return [_dump_message(message, names, arguments_as_text) for message in messages]


def dump_tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Return the tools."""
    return [_dump_tool(tool) for tool in tools]


def shorten_id(id_: str) -> str:
    """Return a call's id in a form that all templates take; the same for the same id."""
    if len(id_) == SHORT_ID_CHARS and id_.isalnum() and id_.isascii():
        return id_
    number = int.from_bytes(hashlib.sha256(id_.encode(errors="replace")).digest()[:16])
    digits: list[str] = []
    for _ in range(SHORT_ID_CHARS):
        number, digit = divmod(number, len(_ID_ALPHABET))
        digits.append(_ID_ALPHABET[digit])
    return "".join(digits)


def _dump_message(message: Message, names: dict[str, str], arguments_as_text: bool) -> dict[str, Any]:
    dumped: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        dumped["tool_calls"] = [_dump_call(call, arguments_as_text) for call in message.tool_calls]
    if message.role == "tool":
        dumped |= {"tool_call_id": shorten_id(message.tool_call_id), "name": names.get(message.tool_call_id, "")}
    return dumped


def _dump_call(call: ToolCall, arguments_as_text: bool) -> dict[str, Any]:
    arguments = call.arguments if arguments_as_text else _parse_arguments(call.arguments)
    return {
        "id": shorten_id(call.id),
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _parse_arguments(text: str) -> object:
    """Return the arguments of a call; their text if it is no JSON: a call can have been cut off."""
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


def _dump_tool(tool: Tool) -> dict[str, Any]:
    parameters: Any = json.loads(tool.parameters or NO_PARAMETERS)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }
