"""A model that is not loaded, as the `Engine` of answers that are quoted: what its files tell is enough for them.

A question that a small model would only quote for must not wait for it. Whatever needs the model itself loads it.
"""

from collections.abc import Callable, Generator, Sequence

from rag.engines.types import Delta, Engine, Message, ModelInfo, Sampling, ToolUse
from rag.models.catalog import CatalogEntry

ASSUMED_WINDOW = 4_096
"""Context window of a model whose file nobody has read; quotes take a fraction of it."""
BYTES_PER_TOKEN = 3
"""Rather too few: a prompt seems longer than it is."""
MESSAGE_TOKENS = 8


class UnloadedEngine:
    """The engine of a model by its files alone; `open_engine` loads it for the calls that need it."""

    def __init__(self, entry: CatalogEntry, context_window: int | None, open_engine: Callable[[], Engine]) -> None:
        self._entry = entry
        self._context_window = context_window or ASSUMED_WINDOW
        self._open_engine = open_engine

    def info(self) -> ModelInfo:
        """Return what the files tell; the rest is not known before the model is loaded."""
        entry = self._entry
        is_remote = entry.kind == "remote"
        return ModelInfo(
            id=entry.id,
            path=str(entry.path),
            architecture="",
            context_window=self._context_window,
            gpu_layers=0,
            threads=0,
            size_bytes=entry.size_bytes,
            is_remote=is_remote,
            is_estimated=True,
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return about how many tokens the prompt has, rather too many."""
        return sum(MESSAGE_TOKENS + len(message.content.encode()) // BYTES_PER_TOKEN + 1 for message in messages)

    def render(self, messages: Sequence[Message]) -> str:
        """See `Engine`; loads the model."""
        return self._open_engine().render(messages)

    def tokenize(self, text: str) -> list[int]:
        """See `Engine`; loads the model."""
        return self._open_engine().tokenize(text)

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        """See `Engine`; loads the model."""
        yield from self._open_engine().generate(messages, sampling, client=client, tools=tools)

    def complete(self, text: str, sampling: Sampling, *, client: str = "") -> Generator[Delta, None, None]:
        """See `Engine`; loads the model."""
        yield from self._open_engine().complete(text, sampling, client=client)

    def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
        """See `Engine`; loads the model."""
        return self._open_engine().prefill(messages, documents=documents)
