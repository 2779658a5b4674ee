"""Serve calls with one model, step by step; knows the order of things, not how the model computes.

One loop does everything that touches the model. Between two steps it takes in new calls, drops those
that nobody waits for any more, and answers short questions; so a long answer never keeps them waiting
for more than one step.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.worker_process import Call
from rag.engines.llama.policy import Policy
from rag.engines.llama.protocol import CountParams, GenerateParams, LoadedModel
from rag.engines.llama.requests import GenerationRequest, common_prefix, room_for_answer
from rag.engines.llama.sampling import Sampler
from rag.errors import EngineCrashedError, PromptTooLongError, RagError
from rag.types import Delta, Message

logger = logging.getLogger(__name__)

SIGN_OF_LIFE_SECONDS = 1.0
"""A request that gets no text for so long gets an empty delta: its caller can leave, and knows that we live."""


class Calls(Protocol):
    """Where calls come from and answers go; see `ingest.worker_process.Channel`."""

    def next_call(self, timeout_seconds: float | None = None) -> Call | None: ...

    def reply(self, call: Call, payload: object) -> None: ...

    def finish(self, call: Call) -> None: ...

    def fail(self, call: Call, error: Exception) -> None: ...


class LanguageModel(Protocol):
    """A model with one memory of what it has read.

    `can_rewind` says whether that memory can be cut back to any point. `stop` ends every answer.
    """

    @property
    def loaded(self) -> LoadedModel: ...

    @property
    def can_rewind(self) -> bool: ...

    @property
    def stop(self) -> tuple[str, ...]: ...

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt that `messages` become."""
        ...

    def read(self, tokens: Sequence[int], *, position: int, should_stop: Callable[[], bool]) -> bool:
        """Read `tokens` from `position` on; return False where `should_stop` turned true before the end."""
        ...

    def logits(self) -> NDArray[np.float32]:
        """Return what may follow the last token read."""
        ...

    def forget_after(self, count: int) -> bool:
        """Keep the first `count` tokens read and forget the others; return False where all had to go."""
        ...

    def is_end(self, token: int) -> bool: ...

    def piece(self, token: int) -> bytes: ...


@dataclass(slots=True)
class _Job:
    """A request with the call that it answers."""

    call: Call
    request: GenerationRequest
    sampler: Sampler
    last_sign: float


class ModelWorker:
    """Serves `info`, `count_tokens` and `generate`; one answer is written at a time, the others wait in line."""

    def __init__(
        self, channel: Calls, model: LanguageModel, policy: Policy, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel = channel
        self._model = model
        self._policy = policy
        self._clock = clock
        self._waiting: deque[_Job] = deque()
        self._job: _Job | None = None
        self._began = 0.0
        self._mean_seconds = 1.0
        self._known: list[int] = []

    def serve(self) -> None:
        """Serve for ever. When the model fails, the process ends: only a fresh one is known to be sound."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Take in what has come, then do one step; where there is nothing to do, wait for a call."""
        self._drop_cancelled()
        self._take_calls()
        job = self._begin_next()
        if job is None:
            return
        try:
            self._step(job)
        except Exception as error:
            how = f"{type(error).__name__}: {error}"
            self._channel.fail(job.call, EngineCrashedError(model=self._model.loaded.info.id, how=how))
            raise
        self._show_life()

    def _take_calls(self) -> None:
        is_idle = self._job is None and not self._waiting
        call = self._channel.next_call(None if is_idle else 0)
        while call is not None:
            self._take(call)
            call = self._channel.next_call(0)

    def _take(self, call: Call) -> None:
        try:
            if call.method == "generate":
                self._waiting.append(self._job_for(call))
                return
            self._channel.reply(call, self._answer(call))
        except Exception as error:  # a call that cannot even be understood must not end the others
            logger.debug("call %s failed", call.method, exc_info=True)
            self._channel.fail(call, error)
        else:
            self._channel.finish(call)

    def _answer(self, call: Call) -> object:
        if call.method == "info":
            return self._model.loaded
        if call.method == "count_tokens":
            return len(self._model.prompt(msgspec.convert(call.params, CountParams).messages))
        raise RagError(f"the model worker knows no method {call.method!r}")

    def _job_for(self, call: Call) -> _Job:
        self._policy.check_room(len(self._waiting), mean_seconds=self._mean_seconds)
        params = msgspec.convert(call.params, GenerateParams)
        prompt, window = self._model.prompt(params.messages), self._model.loaded.info.context_window
        if len(prompt) >= window:
            raise PromptTooLongError(prompt_tokens=len(prompt), context_window=window)
        room = room_for_answer(prompt_tokens=len(prompt), context_window=window, max_tokens=params.sampling.max_tokens)
        stop = (*params.sampling.stop, *self._model.stop)
        return _Job(call, GenerationRequest(prompt, room, stop), Sampler(params.sampling), self._clock())

    def _drop_cancelled(self) -> None:
        if self._job is not None and self._job.call.is_cancelled:
            self._finish(self._job)
        for job in [job for job in self._waiting if job.call.is_cancelled]:
            self._waiting.remove(job)
            self._channel.finish(job.call)

    def _begin_next(self) -> _Job | None:
        if self._job is None and (job := self._policy.next_waiting(self._waiting)) is not None:
            self._waiting.remove(job)
            self._job, self._began = job, self._clock()
            job.request.resume_at(self._keep_common(job.request.prompt))
        return self._job

    def _keep_common(self, prompt: list[int]) -> int:
        """Keep what the model has read of `prompt` already, and return how many tokens that is.

        Only what was read as a prompt counts. An answer is read one token at a time, which gives other last
        bits; so the same prompt has the same answer whatever came before it.
        """
        common = common_prefix(self._known, prompt) if self._model.can_rewind else 0
        reusable = self._policy.reusable(common, len(prompt))
        return reusable if self._forget_after(reusable) else 0

    def _forget_after(self, count: int) -> bool:
        is_kept = self._model.forget_after(count)
        del self._known[count if is_kept else 0 :]
        return is_kept

    def _step(self, job: _Job) -> None:
        request = job.request
        tokens = request.next_tokens(self._policy.prefill_share(request.unread))
        is_read = self._model.read(tokens, position=request.position, should_stop=lambda: job.call.is_cancelled)
        if not is_read:
            self._forget_after(request.position)
            return
        if request.unread:
            self._known += tokens
        request.advance(len(tokens))
        if not request.unread:
            self._write(job)

    def _write(self, job: _Job) -> None:
        request, model = job.request, self._model
        token = job.sampler.pick(self._model.logits())
        text = request.end() if model.is_end(token) else request.accept(token, model.piece(token))
        if request.finish_reason is not None:
            self._channel.reply(job.call, Delta(text, request.finish_reason, request.usage()))
            self._finish(job)
        elif text:
            self._reply(job, text)

    def _finish(self, job: _Job) -> None:
        self._channel.finish(job.call)
        self._job = None
        self._mean_seconds += (self._clock() - self._began - self._mean_seconds) / 4

    def _reply(self, job: _Job, text: str) -> None:
        self._channel.reply(job.call, Delta(text))
        job.last_sign = self._clock()

    def _show_life(self) -> None:
        due = self._clock() - SIGN_OF_LIFE_SECONDS
        for job in self._jobs():
            if job.last_sign < due:
                self._reply(job, "")

    def _jobs(self) -> Iterator[_Job]:
        if self._job is not None:
            yield self._job
        yield from self._waiting
