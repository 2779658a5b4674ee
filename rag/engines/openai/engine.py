"""A model of an OpenAI-compatible server as an `Engine`.

Such servers are vLLM, LM Studio, llama-server, Ollama, hosted providers, and Pincite itself.
"""

import asyncio
import json
import logging
import math
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TypeVar

import httpx
import msgspec
from httpx_sse import SSEError

from rag.engines.completion import complete_stream
from rag.engines.openai.client import OpenAiServer, RemoteModel, ServerRefusedError
from rag.engines.openai.tool_calls import RemoteCalls
from rag.engines.openai.wire import Chunk, build_request, dump_tool, parse_finish_reason
from rag.engines.serving.sequence import limit_max_tokens
from rag.engines.types import Delta, FinishReason, Message, ModelInfo, Sampling, ToolUse, Usage
from rag.errors import (
    EngineBusyError,
    EngineCrashedError,
    ModelLoadError,
    PromptTooLongError,
    QuestionError,
    RagError,
    TokenizerOutOfReachError,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

HEARTBEAT_SECONDS = 1.0


class OpenAiEngine:
    """A remote model as a `LoadableEngine`. Safe to use from several threads.

    Loading it asks the server for the model and its context window; after a lost connection it is asked again.
    `count_tokens` is exact if the server counts tokens (vLLM, llama-server), else a `TokenEstimate`. The server alone
    schedules requests: `client` is not sent to it. `Sampling.cite_up_to` has no effect.
    """

    def __init__(self, model: str, server: OpenAiServer, *, context_window: int | None, timeout_seconds: float) -> None:
        self._model = model
        self._name = model.removeprefix("remote/")
        self._server = server
        self._configured_window = context_window
        self._timeout_seconds = timeout_seconds
        self._estimate = TokenEstimate()
        self._metadata: tuple[RemoteModel, int] | None = None
        self._is_closed = False
        if warning := server.describe_privacy():
            logger.warning("%s: %s", model, warning)

    @property
    def is_loaded(self) -> bool:
        """Whether the server answered when it was last asked."""
        return self._metadata is not None

    def load(self) -> None:
        """Ask the server for the model once; raise `ModelLoadError` if that fails."""
        self._fetch_metadata()

    def info(self) -> ModelInfo:
        """Return the model; sizes and threads are 0, as nothing of it is on this machine."""
        return ModelInfo(
            id=self._model,
            path=self._server.url,
            architecture="remote",
            context_window=self._fetch_metadata()[1],
            gpu_layers=0,
            threads=0,
            size_bytes=0,
            is_remote=True,
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become, or a cautious estimate of it."""
        token_count = self._server.count_tokens(self._fetch_metadata()[0], messages)
        return self._estimate.estimate(messages) if token_count is None else token_count

    def render(self, messages: Sequence[Message]) -> str:
        """Raise `TokenizerOutOfReachError`: the chat template is on the server."""
        raise TokenizerOutOfReachError(model=self._model)

    def tokenize(self, text: str) -> list[int]:
        """Raise `TokenizerOutOfReachError`."""
        raise TokenizerOutOfReachError(model=self._model)

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        """Yield the completion of `messages` as it is streamed; see `Engine`."""
        shown = list(messages)
        if tools is not None and tools.offered:
            shown.append(Message("system", json.dumps([dump_tool(tool) for tool in tools.offered])))
        with closing(complete_stream(self._deltas(messages, shown, sampling, tools), model=self._model)) as deltas:
            yield from deltas

    def complete(self, text: str, sampling: Sampling, *, client: str = "") -> Generator[Delta, None, None]:
        """Yield the continuation of `text` as it is streamed, without log-probabilities; see `Engine`."""
        messages = (Message("user", text),)
        with closing(complete_stream(self._deltas(text, messages, sampling), model=self._model)) as deltas:
            yield from deltas

    def _deltas(
        self,
        prompt: Sequence[Message] | str,
        messages: Sequence[Message],
        sampling: Sampling,
        tools: ToolUse | None = None,
    ) -> Generator[Delta, None, None]:
        """Yield the deltas of a completion of `prompt`; `messages` are about as long, for estimates."""
        model, window = self._fetch_metadata()
        max_tokens = self._limit_max_tokens(model, window, messages, sampling.max_tokens)
        repeat_name = "repetition_penalty" if model.is_vllm else "repeat_penalty"
        limited = replace(sampling, max_tokens=max_tokens)
        body = build_request(self._name, prompt, limited, repeat_name=repeat_name, tools=tools)
        completion = _StreamedCompletion()
        chunks = poll_items(self._server.stream_chunks(body, timeout_seconds=self._timeout_seconds), HEARTBEAT_SECONDS)
        with self._translate_errors(messages, window), closing(chunks):
            for chunk in chunks:
                if self._is_closed:
                    raise EngineCrashedError(model=self._model, how="it was closed")
                yield Delta("") if chunk is None else completion.read(chunk)
        if completion.finish_reason is not None:
            yield self._build_last_delta(completion, messages)

    def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
        """Do nothing: the prefix cache of a server is its own."""
        return 0

    def close(self) -> None:
        """End the running completions, within a second."""
        self._is_closed = True

    def _fetch_metadata(self) -> tuple[RemoteModel, int]:
        """Return the server's entry of the model, and its context window."""
        if self._is_closed:
            raise EngineCrashedError(model=self._model, how="it was closed")
        metadata = self._metadata
        if metadata is None:
            remote = self._server.find_model(self._name, model=self._model)
            window = self._configured_window or self._server.read_context_window(remote)
            metadata = self._metadata = remote, window
        return metadata

    def _limit_max_tokens(
        self, model: RemoteModel, window: int, messages: Sequence[Message], max_tokens: int | None
    ) -> int | None:
        """Return how many tokens to ask for: some servers refuse more than fits, some truncate the prompt."""
        if self._estimate.estimate(messages) + (max_tokens or 0) <= window:
            return max_tokens
        token_count = self._server.count_tokens(model, messages)
        if token_count is None:
            return max_tokens
        if token_count >= window:
            raise PromptTooLongError(prompt_tokens=token_count, context_window=window)
        return limit_max_tokens(prompt_tokens=token_count, context_window=window, max_tokens=max_tokens)

    def _build_last_delta(self, completion: "_StreamedCompletion", messages: Sequence[Message]) -> Delta:
        if completion.usage is not None:
            self._estimate.learn(messages, completion.usage.prompt_tokens)
        usage = completion.usage or Usage(self.count_tokens(messages), completion.deltas)
        return Delta("", completion.finish_reason, usage)

    @contextmanager
    def _translate_errors(self, messages: Sequence[Message], window: int) -> Generator[None]:
        try:
            yield
        except ServerRefusedError as refusal:
            raise self._translate_refusal(refusal, messages, window) from refusal
        except (httpx.HTTPError, SSEError, msgspec.MsgspecError) as error:
            self._metadata = None  # the server may have other models when it is back
            how = f"the connection to {self._server.url} failed: {type(error).__name__}"
            raise EngineCrashedError(model=self._model, how=how) from error

    def _translate_refusal(self, refusal: ServerRefusedError, messages: Sequence[Message], window: int) -> RagError:
        error = refusal.error
        if error.is_too_long:
            tokens = error.n_prompt_tokens or max(self.count_tokens(messages), window)
            return PromptTooLongError(prompt_tokens=tokens, context_window=error.n_ctx or window)
        if refusal.status == HTTPStatus.TOO_MANY_REQUESTS or error.is_busy:
            return EngineBusyError(waiting=0, retry_after_seconds=refusal.retry_after_seconds)
        if refusal.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            self._metadata = None
            return ModelLoadError(model=self._model, detail=f"{self._server.url} answers: {refusal}")
        if refusal.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return QuestionError(detail=f"{self._server.url} refuses this request, {refusal}")
        return EngineCrashedError(model=self._model, how=f"{self._server.url} answers: {refusal}")


@dataclass(slots=True)
class _StreamedCompletion:
    """The end of a streamed completion, as far as it was received; the usage comes after the last text."""

    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    deltas: int = 0
    calls: RemoteCalls = field(default_factory=RemoteCalls)

    def read(self, chunk: Chunk) -> Delta:
        """Record one event, and return the delta that it adds."""
        if chunk.usage is not None:
            self.usage = chunk.usage.to_usage()
        if not chunk.choices:
            return Delta("")
        choice = chunk.choices[0]
        if choice.finish_reason is not None:
            self.finish_reason = parse_finish_reason(choice.finish_reason)
        text = (choice.delta and choice.delta.content) or choice.text or ""
        pieces = self.calls.read((choice.delta and choice.delta.tool_calls) or ())
        if self.calls.has_begun and self.finish_reason == "stop":
            self.finish_reason = "tool_calls"  # some servers say no more than that the model has ended
        self.deltas += bool(text or pieces)
        tokens = (choice.logprobs and choice.logprobs.content) or ()
        return Delta(text, logprobs=tuple(token.to_logprob() for token in tokens), tool_calls=pieces)


class TokenEstimate:
    """An estimate of a prompt's tokens from its bytes; cautious, because a prompt that is too long is refused.

    Starts with two bytes a token; English has four and a half. It learns from the usage of completions, upwards at
    once, downwards slowly, and keeps a margin. So a text like those before is hardly ever longer than estimated, and
    the first ones may seem twice as long as they are.
    """

    START = 0.5
    MARGIN = 1.1
    MESSAGE_TOKENS = 8
    MIN_BYTES = 400
    """Shorter prompts are mostly chat template, which says nothing about text."""

    def __init__(self) -> None:
        self._tokens_per_byte = self.START

    def estimate(self, messages: Sequence[Message]) -> int:
        """Return the estimated tokens; more than 0, and more for more messages."""
        return math.ceil(self._tokens_per_byte * self.MARGIN * _count_bytes(messages)) + self.MESSAGE_TOKENS * (
            1 + len(messages)
        )

    def learn(self, messages: Sequence[Message], prompt_tokens: int) -> None:
        """Learn that the prompt of `messages` had `prompt_tokens`."""
        if (size_bytes := _count_bytes(messages)) < self.MIN_BYTES:
            return
        tokens_per_byte = prompt_tokens / size_bytes
        change = tokens_per_byte - self._tokens_per_byte
        self._tokens_per_byte += change if change > 0 else change / 4


def poll_items(items: AsyncGenerator[T, None], seconds: float) -> Generator[T | None, None, None]:
    """Yield `items` as they come, and None after every so many `seconds` without one.

    They run in an event loop of their own while the caller waits. Closing the generator cancels and closes them.
    """
    loop = asyncio.new_event_loop()
    pending: asyncio.Task[T | _End] | None = None
    try:
        while True:
            pending = pending or loop.create_task(_next(items))
            loop.run_until_complete(asyncio.wait({pending}, timeout=seconds))
            if not pending.done():
                yield None
                continue
            item, pending = pending.result(), None
            if isinstance(item, _End):
                return
            yield item
    finally:
        if pending is not None:
            pending.cancel()
            loop.run_until_complete(asyncio.wait({pending}))
        loop.run_until_complete(items.aclose())
        loop.close()


class _End:
    """Marks the end of the items."""


async def _next(items: AsyncGenerator[T, None]) -> T | _End:
    return await anext(items, _End())


def _count_bytes(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode(errors="replace")) for message in messages)
