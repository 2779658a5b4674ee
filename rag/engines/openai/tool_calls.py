"""The tool calls of a remote completion, in pieces as an engine has them, whatever the server leaves out. Pure."""

from collections.abc import Sequence

from rag.engines.openai.wire import WireToolCall
from rag.engines.types import ToolCallDelta


class RemoteCalls:
    """Numbers the calls of one completion. A piece with another id, or a name without one, begins a new call."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._number_of: dict[int | None, int] = {}

    @property
    def has_begun(self) -> bool:
        """Whether there is a call."""
        return bool(self._ids)

    def read(self, pieces: Sequence[WireToolCall]) -> tuple[ToolCallDelta, ...]:
        """Return the next pieces of calls; those that belong to no call are left out."""
        return tuple(filter(None, map(self._read, pieces)))

    def _read(self, piece: WireToolCall) -> ToolCallDelta | None:
        name = (piece.function and piece.function.name) or ""
        arguments = (piece.function and piece.function.arguments) or ""
        number = self._number_of.get(piece.index)
        if name and (number is None or (piece.id or None) != self._ids[number]):
            number = self._number_of[piece.index] = len(self._ids)
            self._ids.append(piece.id or f"call_{number}")
            return ToolCallDelta(number, self._ids[number], name, arguments)
        return None if number is None else ToolCallDelta(number, arguments=arguments)
