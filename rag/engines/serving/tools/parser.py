"""Read tool calls out of a completion while it is written, however its text is cut into pieces. Pure.

The completion obeys the grammar of `tools.grammar`: text, then calls and nothing else. So what is neither the name nor
the arguments of a call can be passed over once the first call has begun.
"""

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Literal

from rag.engines.serving.tools.formats import ToolFormat
from rag.engines.types import ToolCallDelta

_BARE_OPENING = '{"name":'
_WHITESPACE = re.compile(r"\s+")


def make_call_id() -> str:
    """Return the id of a new call."""
    return f"call_{uuid.uuid4().hex[:24]}"


class ToolCallParser:
    """Splits the text of one completion in a `tool_format` into text and tool calls.

    White space between the text and the first call is no part of either. A call that is cut off before its arguments
    begin is left out; one that is cut off later has the arguments that were written.
    """

    def __init__(self, tool_format: ToolFormat, *, new_id: Callable[[], str] = make_call_id) -> None:
        self._opening = tool_format.opening
        self._call = _compile_call(tool_format)
        self._new_id = new_id
        self._state: Literal["text", "between", "arguments"] = "text"
        self._buffer = ""
        self._arguments = _JsonScanner()
        self._count = 0
        self._pieces: list[ToolCallDelta] = []

    @property
    def has_calls(self) -> bool:
        """Whether a call has begun."""
        return self._count > 0

    def push(self, text: str) -> str:
        """Return the part of the completion so far that is certainly text, beyond what was returned before."""
        self._buffer += text
        released = self._read_text() if self._state == "text" else ""
        while self._state != "text" and self._read_call():
            pass
        return released

    def flush(self) -> str:
        """Return the rest of the text; the completion has ended."""
        is_call = self._state != "text" and (self._count or self._opening)
        rest, self._buffer = ("" if is_call else self._buffer), ""
        return rest

    def take_calls(self) -> tuple[ToolCallDelta, ...]:
        """Return the pieces of calls since the last time."""
        taken, self._pieces = tuple(self._pieces), []
        return taken

    def _read_text(self) -> str:
        start = self._find_opening()
        if start is None:
            return self._release(self._count_certain())
        self._state = "between"
        return self._release(start).rstrip()

    def _find_opening(self) -> int | None:
        if self._opening:
            start = self._buffer.find(self._opening)
            return None if start < 0 else start
        return 0 if _squeeze(self._buffer).startswith(_BARE_OPENING) else None

    def _count_certain(self) -> int:
        """Return how much of the buffer cannot belong to a call, nor be the white space before one."""
        if not self._opening:
            return 0 if _BARE_OPENING.startswith(_squeeze(self._buffer)) else len(self._buffer)
        text = self._buffer
        for length in range(min(len(self._opening) - 1, len(text)), 0, -1):
            if text.endswith(self._opening[:length]):
                text = text[:-length]
                break
        return len(text.rstrip())

    def _read_call(self) -> bool:
        """Read on in a call; return whether there may be more to read."""
        if self._state == "arguments":
            length = self._arguments.scan(self._buffer)
            if piece := self._release(length):
                self._pieces.append(ToolCallDelta(self._count - 1, arguments=piece))
            if self._arguments.is_complete:
                self._state = "between"
            return self._arguments.is_complete
        match = self._call.search(self._buffer)
        if match is None:
            return False
        self._pieces.append(ToolCallDelta(self._count, self._new_id(), match["name"]))
        self._count += 1
        self._release(match.end())
        self._arguments = _JsonScanner()
        self._state = "arguments"
        return True

    def _release(self, length: int) -> str:
        released, self._buffer = self._buffer[:length], self._buffer[length:]
        return released


class _JsonScanner:
    """Finds the end of a JSON object that comes in pieces."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_in_string = False
        self._is_escaped = False
        self.is_complete = False

    def scan(self, text: str) -> int:
        """Return how many characters of the next piece belong to the object."""
        for index, char in enumerate(text):
            self._read(char)
            if self.is_complete:
                return index + 1
        return len(text)

    def _read(self, char: str) -> None:
        if self._is_escaped:
            self._is_escaped = False
        elif self._is_in_string:
            self._is_escaped = char == "\\"
            self._is_in_string = char != '"'
        elif char == '"':
            self._is_in_string = True
        elif char in "{[":
            self._depth += 1
        elif char in "}]":
            self._depth -= 1
            self.is_complete = self._depth == 0


def _compile_call(tool_format: ToolFormat) -> re.Pattern[str]:
    """Return the pattern of all that stands before the arguments of a call."""
    if tool_format.shape == "named":
        id_ = f"(?:{re.escape(tool_format.id_mark)}[A-Za-z0-9]+)?" if tool_format.id_mark else ""
        opening, end = re.escape(tool_format.opening), re.escape(tool_format.name_end)
        return re.compile(rf"{opening}\s*(?P<name>[\w.-]+){id_}{end}\s*(?=\{{)")
    key = re.escape(tool_format.arguments_key)
    return re.compile(rf'\{{\s*"name"\s*:\s*"(?P<name>[^"\\]*)"\s*,\s*"{key}"\s*:\s*(?=\{{)')


def _squeeze(text: str) -> str:
    return _WHITESPACE.sub("", text)


def split_completion(text: str, tool_format: ToolFormat) -> tuple[str, Sequence[ToolCallDelta]]:
    """Return the text and the pieces of the calls of a completion that is there as a whole."""
    parser = ToolCallParser(tool_format)
    shown = parser.push(text)
    return shown + parser.flush(), parser.take_calls()
