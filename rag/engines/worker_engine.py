"""A model in a worker process as an `Engine`: the server's side."""

import logging
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from ingest.errors import WorkerCrashedError, WorkerError
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.supervisor import Worker
from rag.engines.completion import complete_stream
from rag.engines.serving.worker_protocol import (
    CountParams,
    GenerateParams,
    LoadedModel,
    PrefillParams,
    TokenizeParams,
)
from rag.engines.types import Delta, Message, ModelInfo, Sampling, ToolUse
from rag.errors import (
    ChatTemplateError,
    EngineBusyError,
    EngineCrashedError,
    ModelLoadError,
    PromptTooLongError,
    RagError,
    SchemaError,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOAD_TIMEOUT_SECONDS = 600.0
ERRORS: tuple[type[RagError], ...] = (
    ChatTemplateError,
    EngineBusyError,
    EngineCrashedError,
    ModelLoadError,
    PromptTooLongError,
    SchemaError,
)


class WorkerEngine:
    """One model in a process that runs `target`, started at the first use and again after it died.

    Safe to use from several threads. A request during which the process ends raises `EngineCrashedError`; the next one
    starts a fresh process. Every second at least one delta comes: an empty one while a request waits or its prompt is
    prefilled.
    """

    def __init__(self, model: str, *, target: str, options: dict[str, Any], timeout_seconds: float) -> None:
        self._model = model
        self._timeout_seconds = timeout_seconds
        self._worker = Worker(
            WorkerSpec(
                name=f"model {model}",
                target=target,
                options=options,
                errors=ERRORS,
                start_timeout_seconds=LOAD_TIMEOUT_SECONDS,
            )
        )
        self._loaded: tuple[int, LoadedModel] | None = None

    @property
    def worker_pid(self) -> int | None:
        """The id of the model's process; None if none runs."""
        return self._worker.pid

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory now."""
        return self._worker.pid is not None

    def load(self) -> None:
        """Load the model unless it is loaded; raise `ModelLoadError` if that fails."""
        try:
            self._worker.start()
        except WorkerCrashedError as error:
            detail = f"its process ended while it was loading ({error.how})"
            raise ModelLoadError(model=self._model, detail=detail) from error
        except WorkerError as error:
            raise ModelLoadError(model=self._model, detail=str(error)) from error

    def info(self) -> ModelInfo:
        """Return the model as it is loaded now, loading it if necessary."""
        self.load()
        pid = self._worker.pid
        if self._loaded is None or self._loaded[0] != pid:
            with self._translate_errors():
                loaded = self._worker.call("info", {}, LoadedModel, timeout_seconds=self._timeout_seconds)
            logger.info("model %s: %s", self._model, loaded.placement_reason)
            if pid is not None:
                self._loaded = (pid, loaded)
            return loaded.info
        return self._loaded[1].info

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become with the model's chat template."""
        return self._call("count_tokens", CountParams(_replace_surrogates(messages)), int)

    def render(self, messages: Sequence[Message]) -> str:
        """Return the prompt that `messages` become; see `Engine`."""
        return self._call("render", CountParams(_replace_surrogates(messages)), str)

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a text; see `Engine`."""
        return self._call("tokenize", TokenizeParams(_replace_surrogate(text)), list[int])

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        """Yield the completion of `messages` as it is decoded; see `Engine`."""
        return self._stream(GenerateParams(_replace_surrogates(messages), sampling, client, tools))

    def complete(self, text: str, sampling: Sampling, *, client: str = "") -> Generator[Delta, None, None]:
        """Yield the continuation of `text` as it is decoded; see `Engine`."""
        return self._stream(GenerateParams(_replace_surrogate(text), sampling, client))

    def _stream(self, params: GenerateParams) -> Generator[Delta, None, None]:
        self.load()
        with self._translate_errors():
            deltas = self._worker.stream(
                "generate", msgspec.to_builtins(params), Delta, timeout_seconds=self._timeout_seconds
            )
            with closing(complete_stream(deltas, model=self._model)) as complete:
                yield from complete

    def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
        """Prefill the prompt prefix of chats that begin with `messages`; see `Engine`."""
        params = PrefillParams(_replace_surrogates(messages), tuple(documents))
        self.load()
        with self._translate_errors():
            deltas = self._worker.stream(
                "prefill", msgspec.to_builtins(params), Delta, timeout_seconds=self._timeout_seconds
            )
            *_, last = deltas
        return last.usage.prompt_tokens if last.usage else 0

    def close(self) -> None:
        """End the process and its running requests."""
        self._worker.close()

    def _call(self, method: str, params: object, result: type[T]) -> T:
        self.load()
        with self._translate_errors():
            return self._worker.call(method, msgspec.to_builtins(params), result, timeout_seconds=self._timeout_seconds)

    @contextmanager
    def _translate_errors(self) -> Generator[None]:
        try:
            yield
        except WorkerCrashedError as error:
            raise EngineCrashedError(model=self._model, how=error.how) from error
        except WorkerError as error:
            raise EngineCrashedError(model=self._model, how=str(error)) from error


def _replace_surrogates(messages: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(
        replace(
            message,
            content=_replace_surrogate(message.content),
            tool_calls=tuple(
                replace(call, arguments=_replace_surrogate(call.arguments)) for call in message.tool_calls
            ),
        )
        for message in messages
    )


def _replace_surrogate(text: str) -> str:
    # A lone surrogate cannot be encoded; clients can send one as a JSON escape.
    return text.encode("utf-8", errors="replace").decode()
