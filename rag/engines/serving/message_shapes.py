"""Other shapes of a chat for templates: without system message, with alternating roles, with single calls. Pure."""

from collections import deque
from collections.abc import Sequence

from rag.engines.types import Message


def list_shapes(messages: Sequence[Message]) -> list[list[Message]]:
    """Return the chat as it is, then without a system message, then with roles that alternate."""
    merged = merge_system_message(messages)
    return [list(messages), merged, merge_consecutive_roles(merged)]


def merge_system_message(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with the system message at the start of the first user message."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    if not system:
        return others
    first = next((index for index, message in enumerate(others) if message.role == "user"), None)
    if first is None:
        return [Message("user", system), *others]
    return [*others[:first], Message("user", f"{system}\n\n{others[first].content}"), *others[first + 1 :]]


def merge_consecutive_roles(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with consecutive ones of the same role merged; those of tool calls stay as they are."""
    merged: list[Message] = []
    for message in messages:
        if merged and _can_merge(merged[-1], message):
            message = Message(message.role, f"{merged.pop().content}\n\n{message.content}")
        merged.append(message)
    return merged


def split_parallel_calls(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with one call each, followed by its result, for templates that know no parallel calls."""
    split: list[Message] = []
    remaining = deque(messages)
    while remaining:
        message = remaining.popleft()
        if len(message.tool_calls) < 2:
            split.append(message)
            continue
        results: dict[str, Message] = {}
        while remaining and remaining[0].role == "tool":
            result = remaining.popleft()
            results[result.tool_call_id] = result
        for index, call in enumerate(message.tool_calls):
            split.append(Message(message.role, "" if index else message.content, (call,)))
            split.extend(filter(None, [results.pop(call.id, None)]))
        split.extend(results.values())
    return split


def _can_merge(first: Message, second: Message) -> bool:
    has_calls = first.tool_calls or second.tool_calls or second.role == "tool"
    return first.role == second.role and not has_calls
