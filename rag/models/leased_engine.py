"""A model that is kept in memory while it is used, as the `Engine` of one request."""

from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager

from rag.engines.types import Delta, LoadableEngine, Message, ModelInfo, Sampling
from rag.models.catalog import CatalogEntry
from rag.models.manager import ModelKeeper


class ServedEngine:
    """One model of a `ModelKeeper` as an `Engine`, for one request.

    It is in memory during every call, and loaded again where it was unloaded in between; then a call raises what
    `ModelKeeper.lent` raises.
    """

    def __init__(self, keeper: ModelKeeper, entry: CatalogEntry, *, patience_seconds: float | None) -> None:
        self._keeper = keeper
        self._entry = entry
        self._patience_seconds = patience_seconds
        self._info: ModelInfo | None = None

    def info(self) -> ModelInfo:
        """Return the model as it was loaded at the first call; an answer never loads it again to name it."""
        if self._info is None:
            with self._lent() as engine:
                self._info = engine.info()
        return self._info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become; see `Engine`."""
        with self._lent() as engine:
            return engine.count_tokens(messages)

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = ""
    ) -> Generator[Delta, None, None]:
        """Yield the answer to `messages`; the model is in use until the generator ends."""
        with self._lent() as engine, closing(engine.generate(messages, sampling, client=client)) as deltas:
            yield from deltas

    def prepare(self, messages: Sequence[Message], *, made_of: Sequence[str]) -> int:
        """Read ahead what chats share that begin with `messages`; see `Engine`.

        Nobody waits for it, so it keeps no model in memory: it raises `EngineCrashedError` where that makes room.
        """
        with self._lent() as engine:
            pass
        return engine.prepare(messages, made_of=made_of)

    @contextmanager
    def _lent(self) -> Generator[LoadableEngine]:
        with self._keeper.lent(self._entry, patience_seconds=self._patience_seconds) as engine:
            yield engine
