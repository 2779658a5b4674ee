"""A GGUF model as an `Engine`: the server's side of the model's process."""

import logging
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from ingest.errors import WorkerCrashedError, WorkerError
from ingest.workers import Worker, WorkerSpec
from rag.engines.llama.placement import Wishes
from rag.engines.llama.protocol import CountParams, GenerateParams, LoadedModel, LoadOptions
from rag.errors import (
    ChatTemplateError,
    EngineBusyError,
    EngineCrashedError,
    ModelLoadError,
    PromptTooLongError,
    RagError,
)
from rag.settings import RagSettings
from rag.types import Delta, Message, ModelInfo, Sampling

logger = logging.getLogger(__name__)

LOAD_TIMEOUT_SECONDS = 600.0
ERRORS: tuple[type[RagError], ...] = (
    ChatTemplateError,
    EngineBusyError,
    EngineCrashedError,
    ModelLoadError,
    PromptTooLongError,
)


class LlamaEngine:
    """One GGUF model in a process of its own, which starts at the first use and again after it died.

    Safe to use from several threads. A request during which the process ends raises
    `EngineCrashedError`; the next one finds a fresh process. Deltas may be empty: at least once a second
    one comes as a sign of life while a request waits or its prompt is read.
    """

    def __init__(self, model: str, path: Path, settings: RagSettings) -> None:
        self._model = model
        self._timeout_seconds = settings.engine_timeout_seconds
        wishes = Wishes(settings.gpu_layers, settings.context_window, settings.threads, settings.parallel_requests)
        options = LoadOptions(model, str(path), wishes, settings.queue_size)
        self._worker = Worker(
            WorkerSpec(
                name=f"model {model}",
                target="rag.engines.llama.worker:main",
                options=msgspec.to_builtins(options),
                errors=ERRORS,
                start_timeout_seconds=LOAD_TIMEOUT_SECONDS,
            )
        )
        self._loaded: tuple[int, LoadedModel] | None = None

    @property
    def worker_pid(self) -> int | None:
        """The id of the model's process, or None where none runs."""
        return self._worker.pid

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory now."""
        return self._worker.pid is not None

    def load(self) -> None:
        """Load the model unless it is loaded; raise `ModelLoadError` where that fails."""
        try:
            self._worker.start()
        except WorkerCrashedError as error:
            detail = f"its process ended while it was loading ({error.how})"
            raise ModelLoadError(model=self._model, detail=detail) from error
        except WorkerError as error:
            raise ModelLoadError(model=self._model, detail=str(error)) from error

    def info(self) -> ModelInfo:
        """Return the model as it is loaded now; load it first if need be."""
        self.load()
        pid = self._worker.pid
        if self._loaded is None or self._loaded[0] != pid:
            with self._crashes_named():
                loaded = self._worker.call("info", {}, LoadedModel, timeout_seconds=self._timeout_seconds)
            logger.info("model %s: %s", self._model, loaded.placement_reason)
            if pid is not None:
                self._loaded = (pid, loaded)
            return loaded.info
        return self._loaded[1].info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become with the model's chat template."""
        params = CountParams(_sendable(messages))
        self.load()
        with self._crashes_named():
            return self._worker.call(
                "count_tokens", msgspec.to_builtins(params), int, timeout_seconds=self._timeout_seconds
            )

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = ""
    ) -> Generator[Delta, None, None]:
        """Yield the answer to `messages` as it is written; see `Engine`."""
        params = GenerateParams(_sendable(messages), sampling, client)
        self.load()
        with self._crashes_named():
            deltas = self._worker.stream(
                "generate", msgspec.to_builtins(params), Delta, timeout_seconds=self._timeout_seconds
            )
            with closing(deltas):
                yield from deltas

    def close(self) -> None:
        """End the process and whatever it is doing."""
        self._worker.close()

    @contextmanager
    def _crashes_named(self) -> Generator[None]:
        try:
            yield
        except WorkerCrashedError as error:
            raise EngineCrashedError(model=self._model, how=error.how) from error
        except WorkerError as error:
            raise EngineCrashedError(model=self._model, how=str(error)) from error


def _sendable(messages: Sequence[Message]) -> tuple[Message, ...]:
    # Half of a surrogate pair is no character and cannot be sent; JSON can smuggle one in.
    return tuple(
        Message(message.role, message.content.encode("utf-8", errors="replace").decode()) for message in messages
    )
