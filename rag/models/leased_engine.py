"""A managed model as the `Engine` of one request: the model is leased for the time of each call."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, closing

from rag.engines.types import Delta, LoadableEngine, Message, ModelInfo, Sampling, ToolUse
from rag.models.catalog import CatalogEntry
from rag.models.manager import ModelManager


class LeasedEngine:
    """One model of a `ModelManager` as an `Engine`, for one request.

    The model stays in memory during every call; a call loads a model that was evicted since the last one, and raises
    what `ModelManager.lease` raises.
    """

    def __init__(self, manager: ModelManager, entry: CatalogEntry, *, patience_seconds: float | None) -> None:
        self._manager = manager
        self._entry = entry
        self._patience_seconds = patience_seconds
        self._info: ModelInfo | None = None

    def info(self) -> ModelInfo:
        """Return the model as it was loaded at the first call; later calls load nothing."""
        if self._info is None:
            with self._lease() as engine:
                self._info = engine.info()
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become; see `Engine`."""
        with self._lease() as engine:
            return engine.count_tokens(messages)

    def render(self, messages: Sequence[Message]) -> str:
        """Return the prompt that `messages` become; see `Engine`."""
        with self._lease() as engine:
            return engine.render(messages)

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a text; see `Engine`."""
        with self._lease() as engine:
            return engine.tokenize(text)

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        """Yield the completion of `messages`; the model is in use until the generator ends."""
        with (
            self._lease() as engine,
            closing(engine.generate(messages, sampling, client=client, tools=tools)) as deltas,
        ):
            yield from deltas

    def complete(self, text: str, sampling: Sampling, *, client: str = "") -> Generator[Delta, None, None]:
        """Yield the continuation of `text`; the model is in use until the generator ends."""
        with self._lease() as engine, closing(engine.complete(text, sampling, client=client)) as deltas:
            yield from deltas

    def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
        """Prefill the prompt prefix of chats that begin with `messages`; see `Engine`.

        A prefill in the background protects no model from eviction: it raises `EngineCrashedError` if its model is
        evicted meanwhile.
        """
        with self._lease() as engine:
            pass
        return engine.prefill(messages, documents=documents)

    def _lease(self) -> AbstractContextManager[LoadableEngine]:
        return self._manager.lease(self._entry, patience_seconds=self._patience_seconds)
