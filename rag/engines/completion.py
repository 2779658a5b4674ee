"""A completion as a whole, its tool calls among it, and the one check that the stream of its deltas has an end."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from rag.engines.types import Delta, FinishReason, ToolCall, ToolCallDelta, Usage
from rag.errors import EngineCrashedError


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, why it ended, and the tokens that it took."""

    text: str
    finish_reason: FinishReason
    usage: Usage
    tool_calls: tuple[ToolCall, ...] = ()

    @classmethod
    def from_stream(cls, text: str, last: Delta, tool_calls: tuple[ToolCall, ...] = ()) -> "Completion":
        """Return the completion that `last` ends, the last delta of `complete_stream`; `ValueError` for another one."""
        if last.finish_reason is None or last.usage is None:
            raise ValueError(f"{last} ends no completion")
        return cls(text, last.finish_reason, last.usage, tool_calls)


class ToolCallCollector:
    """Puts the streamed pieces of tool calls together."""

    def __init__(self) -> None:
        self._calls: list[ToolCall] = []

    def add(self, pieces: Sequence[ToolCallDelta]) -> None:
        """Add the next pieces; raise `ValueError` for one of a call that has no first piece."""
        for piece in pieces:
            if piece.index == len(self._calls):
                self._calls.append(ToolCall(piece.id, piece.name, piece.arguments))
            elif 0 <= piece.index < len(self._calls):
                call = self._calls[piece.index]
                self._calls[piece.index] = replace(call, arguments=call.arguments + piece.arguments)
            else:
                raise ValueError(f"{piece} goes on with a call that has not begun")

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls so far."""
        return tuple(self._calls)


def complete_stream(deltas: Generator[Delta, None, None], *, model: str) -> Generator[Delta, None, None]:
    """Yield `deltas`, of which the last one has a finish reason and the usage; closing the generator closes them.

    Raises `EngineCrashedError` if they end without: a model that stopped in the middle has not answered. Every engine
    returns its deltas through here, so nobody who reads them has to check.
    """
    last = Delta("")
    with closing(deltas):
        for last in deltas:
            yield last
    if last.finish_reason is None or last.usage is None:
        raise EngineCrashedError(model=model, how="its completion ended without a finish reason")
