"""A completion as a whole, and the one check that the stream of its deltas has an end."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from rag.engines.types import Delta, FinishReason, Usage
from rag.errors import EngineCrashedError


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, why it ended, and the tokens that it took."""

    text: str
    finish_reason: FinishReason
    usage: Usage

    @classmethod
    def from_stream(cls, text: str, last: Delta) -> "Completion":
        """Return the completion that `last` ends, the last delta of `complete_stream`; `ValueError` for another one."""
        if last.finish_reason is None or last.usage is None:
            raise ValueError(f"{last} ends no completion")
        return cls(text, last.finish_reason, last.usage)


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
