"""A model of a server that speaks OpenAI's API, as an `Engine`.

Such servers are vLLM, LM Studio, llama-server, Ollama, those of hosted providers, and Pincite itself.
"""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TypeVar

import httpx
import msgspec
from httpx_sse import SSEError

from rag.engines.completion import complete_stream
from rag.engines.openai.server import OpenAiServer, RefusedError, RemoteModel
from rag.engines.openai.wire import Chunk, finish_reason, request_body
from rag.engines.serving.sequence import room_for_answer
from rag.engines.types import Delta, FinishReason, Message, ModelInfo, Sampling, Usage
from rag.errors import (
    EngineBusyError,
    EngineCrashedError,
    ModelLoadError,
    PromptTooLongError,
    QuestionError,
    RagError,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

SIGN_OF_LIFE_SECONDS = 1.0


class OpenAiEngine:
    """A model of a server elsewhere. Safe to use from several threads; `LoadableEngine` says what it promises.

    Loading it asks the server whether it is there and what window the model has; after a lost connection it is asked
    again. `count_tokens` is exact where the server counts (vLLM, llama-server), else a `TokenEstimate`. Whose request
    comes first is for the server to decide: it does not learn who asks. `Sampling.cite_up_to` has no effect.
    """

    def __init__(self, model: str, server: OpenAiServer, *, context_window: int | None, timeout_seconds: float) -> None:
        self._model = model
        self._name = model.removeprefix("remote/")
        self._server = server
        self._wanted_window = context_window
        self._timeout_seconds = timeout_seconds
        self._estimate = TokenEstimate()
        self._facts: tuple[RemoteModel, int] | None = None
        self._is_closed = False
        if note := server.privacy_note():
            logger.warning("%s: %s", model, note)

    @property
    def is_loaded(self) -> bool:
        """Whether the server was there when it was last asked."""
        return self._facts is not None

    def load(self) -> None:
        """Ask the server for the model, unless it was asked; raise `ModelLoadError` where that fails."""
        self._known()

    def info(self) -> ModelInfo:
        """Return what is known of the model; nothing of it is on this machine."""
        return ModelInfo(
            id=self._model,
            path=self._server.url,
            architecture="remote",
            context_window=self._known()[1],
            gpu_layers=0,
            threads=0,
            size_bytes=0,
            is_remote=True,
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the length of the prompt that `messages` become, or a cautious estimate of it."""
        counted = self._server.count(self._known()[0], messages)
        return self._estimate.of(messages) if counted is None else counted

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = ""
    ) -> Generator[Delta, None, None]:
        """Yield the answer to `messages` as it is written; see `Engine`."""
        with closing(complete_stream(self._deltas(messages, sampling), model=self._model)) as deltas:
            yield from deltas

    def _deltas(self, messages: Sequence[Message], sampling: Sampling) -> Generator[Delta, None, None]:
        model, window = self._known()
        room = self._room(model, window, messages, sampling.max_tokens)
        repeat_name = "repetition_penalty" if model.is_vllm else "repeat_penalty"
        body = request_body(self._name, messages, replace(sampling, max_tokens=room), repeat_name=repeat_name)
        answer = _RemoteAnswer()
        chunks = polled(self._server.chunks(body, timeout_seconds=self._timeout_seconds), SIGN_OF_LIFE_SECONDS)
        with self._failures_named(messages, window), closing(chunks):
            for chunk in chunks:
                if self._is_closed:
                    raise EngineCrashedError(model=self._model, how="it was closed")
                yield Delta("") if chunk is None else answer.read(chunk)
        if answer.finish_reason is not None:
            yield self._last(answer, messages)

    def prefill(self, messages: Sequence[Message], *, documents: Sequence[str]) -> int:
        """Do nothing: what a server keeps of its prompts is its own business."""
        return 0

    def close(self) -> None:
        """End the answers that are being written, within a second."""
        self._is_closed = True

    def _known(self) -> tuple[RemoteModel, int]:
        """Return what the server said of the model, and its window."""
        if self._is_closed:
            raise EngineCrashedError(model=self._model, how="it was closed")
        facts = self._facts
        if facts is None:
            found = self._server.find(self._name, model=self._model)
            facts = self._facts = found, self._wanted_window or self._server.window(found)
        return facts

    def _room(self, model: RemoteModel, window: int, messages: Sequence[Message], max_tokens: int | None) -> int | None:
        """Return how long the answer may be. Some servers refuse more than there is room for, some cut the prompt."""
        if self._estimate.of(messages) + (max_tokens or 0) <= window:
            return max_tokens
        counted = self._server.count(model, messages)
        if counted is None:
            return max_tokens
        if counted >= window:
            raise PromptTooLongError(prompt_tokens=counted, context_window=window)
        return room_for_answer(prompt_tokens=counted, context_window=window, max_tokens=max_tokens)

    def _last(self, answer: "_RemoteAnswer", messages: Sequence[Message]) -> Delta:
        if answer.usage is not None:
            self._estimate.learn(messages, answer.usage.prompt_tokens)
        usage = answer.usage or Usage(self.count_tokens(messages), answer.pieces)
        return Delta("", answer.finish_reason, usage)

    @contextmanager
    def _failures_named(self, messages: Sequence[Message], window: int) -> Generator[None]:
        try:
            yield
        except RefusedError as refusal:
            raise self._refusal(refusal, messages, window) from refusal
        except (httpx.HTTPError, SSEError, msgspec.MsgspecError) as error:
            self._facts = None  # when it is there again it may have other models
            how = f"the connection to {self._server.url} failed: {type(error).__name__}"
            raise EngineCrashedError(model=self._model, how=how) from error

    def _refusal(self, refusal: RefusedError, messages: Sequence[Message], window: int) -> RagError:
        problem = refusal.problem
        if problem.is_too_long:
            tokens = problem.n_prompt_tokens or max(self.count_tokens(messages), window)
            return PromptTooLongError(prompt_tokens=tokens, context_window=problem.n_ctx or window)
        if refusal.status == HTTPStatus.TOO_MANY_REQUESTS or problem.is_busy:
            return EngineBusyError(waiting=0, retry_after_seconds=refusal.retry_after_seconds)
        if refusal.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            self._facts = None
            return ModelLoadError(model=self._model, detail=f"{self._server.url} answers: {refusal}")
        if refusal.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return QuestionError(detail=f"{self._server.url} refuses this request, {refusal}")
        return EngineCrashedError(model=self._model, how=f"{self._server.url} answers: {refusal}")


@dataclass(slots=True)
class _RemoteAnswer:
    """What a streamed answer has said of its end; the usage comes after the last words."""

    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    pieces: int = 0

    def read(self, chunk: Chunk) -> Delta:
        """Take in one event and return what it adds to the answer."""
        if chunk.usage is not None:
            self.usage = chunk.usage.usage()
        if not chunk.choices:
            return Delta("")
        choice = chunk.choices[0]
        if choice.finish_reason is not None:
            self.finish_reason = finish_reason(choice.finish_reason)
        text = (choice.delta and choice.delta.content) or ""
        self.pieces += bool(text)
        tokens = (choice.logprobs and choice.logprobs.content) or ()
        return Delta(text, logprobs=tuple(token.logprob_of() for token in tokens))


class TokenEstimate:
    """How many tokens a prompt has, told from its bytes; cautious, for a prompt that is too long is refused.

    Starts with two bytes a token, where English has four and a half. From what answers say of their prompts it learns:
    upwards at once, downwards slowly, and a margin stays. So a text like those before is hardly ever longer than
    estimated, and the first ones may seem twice as long as they are.
    """

    START = 0.5
    MARGIN = 1.1
    MESSAGE_TOKENS = 8
    LEAST_BYTES = 400
    """Shorter prompts are mostly template, which says nothing about text."""

    def __init__(self) -> None:
        self._tokens_per_byte = self.START

    def of(self, messages: Sequence[Message]) -> int:
        """Return the estimate; more than 0, and more for more messages."""
        return math.ceil(self._tokens_per_byte * self.MARGIN * _size(messages)) + self.MESSAGE_TOKENS * (
            1 + len(messages)
        )

    def learn(self, messages: Sequence[Message], prompt_tokens: int) -> None:
        """Take in that the prompt of `messages` had `prompt_tokens`."""
        if (size := _size(messages)) < self.LEAST_BYTES:
            return
        seen = prompt_tokens / size
        change = seen - self._tokens_per_byte
        self._tokens_per_byte += change if change > 0 else change / 4


def polled(items: AsyncGenerator[T, None], seconds: float) -> Generator[T | None, None, None]:
    """Yield `items` as they come, and None after every so many `seconds` without one.

    They are computed in a loop of their own that runs while the caller waits. Closing the generator cancels what they
    wait for and closes them.
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
    """Stands for the item after the last one."""


async def _next(items: AsyncGenerator[T, None]) -> T | _End:
    return await anext(items, _End())


def _size(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode(errors="replace")) for message in messages)
