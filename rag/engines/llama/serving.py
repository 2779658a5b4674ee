"""Serve calls with one model, step by step; knows the order of things, not how the model computes.

One loop does everything that touches the model. Every turn writes one token of each answer that has begun, then reads
on in one prompt; so nobody waits behind a long answer or a long prompt. Between two turns new calls are taken in, those
that nobody waits for any more are dropped, and short questions answered.

Prompts are never read in one step with answers: a prompt then gives the same bits whoever else is served.
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
from rag.engines.llama.memory import Memory, SequenceStore
from rag.engines.llama.policy import Policy
from rag.engines.llama.protocol import CountParams, GenerateParams, LoadedModel
from rag.engines.llama.requests import GenerationRequest, room_for_answer
from rag.engines.llama.sampling import Sampler
from rag.errors import EngineCrashedError, PromptTooLongError, RagError
from rag.types import Delta, Message

logger = logging.getLogger(__name__)

SIGN_OF_LIFE_SECONDS = 1.0
"""A request that gets no text for so long gets an empty delta: its caller can leave, and knows that we live."""
SMOOTHING = 4
"""A running mean moves by this part of what is new."""


class Calls(Protocol):
    """Where calls come from and answers go; see `ingest.worker_process.Channel`."""

    def next_call(self, timeout_seconds: float | None = None) -> Call | None: ...

    def reply(self, call: Call, payload: object) -> None: ...

    def finish(self, call: Call) -> None: ...

    def fail(self, call: Call, error: Exception) -> None: ...


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens that a sequence reads in one step, from `position` on."""

    sequence: int
    tokens: Sequence[int]
    position: int


class LanguageModel(SequenceStore, Protocol):
    """A model that reads in several `sequences`, each with a window of its own.

    `can_rewind` says whether a sequence can be cut back to any point. `stop` ends every answer.
    """

    @property
    def loaded(self) -> LoadedModel: ...

    @property
    def sequences(self) -> int: ...

    @property
    def can_rewind(self) -> bool: ...

    @property
    def stop(self) -> tuple[str, ...]: ...

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt that `messages` become."""
        ...

    def read(self, rows: Sequence[Row], should_stop: Callable[[], bool]) -> bool:
        """Read all rows in one step; return False where `should_stop` turned true before the end."""
        ...

    def logits(self, row: int) -> NDArray[np.float32]:
        """Return what may follow the last token of a row of the last step."""
        ...

    def is_end(self, token: int) -> bool: ...

    def piece(self, token: int) -> bytes: ...


@dataclass(slots=True)
class _Job:
    """A request with the call that it answers. `passed_over` counts the turns that read in another prompt."""

    call: Call
    client: str
    request: GenerationRequest
    sampler: Sampler
    last_sign: float
    began: float = 0.0
    sequence: int = -1
    passed_over: int = 0


@dataclass(slots=True)
class _Pace:
    """Running means, 0 before the first: of a request, a step of all answers, a token of a prompt."""

    request: float = 0.0
    answers: float = 0.0
    token: float = 0.0

    @staticmethod
    def mean(before: float, new: float) -> float:
        return before + (new - before) / SMOOTHING if before else new


class ModelWorker:
    """Serves `info`, `count_tokens` and `generate`, as many answers at the same time as the model has sequences."""

    def __init__(
        self, channel: Calls, model: LanguageModel, policy: Policy, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel = channel
        self._model = model
        self._policy = policy
        self._clock = clock
        self._waiting: deque[_Job] = deque()
        self._running: list[_Job] = []
        self._pace = _Pace()
        self._memory = Memory(model, sequences=model.sequences, can_rewind=model.can_rewind, reusable=policy.reusable)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything."""
        return not self._running and not self._waiting

    def serve(self) -> None:
        """Serve for ever. When the model fails, the process ends: only a fresh one is known to be sound."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Take in what has come, then do one step of everything; where there is nothing to do, wait for a call."""
        self._drop_cancelled()
        self._take_calls()
        self._begin_waiting()
        try:
            self._write_answers()
            self._read_prompt()
        except Exception as error:
            how = f"{type(error).__name__}: {error}"
            for job in self._jobs():
                self._channel.fail(job.call, EngineCrashedError(model=self._model.loaded.info.id, how=how))
            raise
        self._show_life()

    def _take_calls(self) -> None:
        call = self._channel.next_call(None if self.is_idle else 0)
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
        self._policy.check_room(len(self._waiting), mean_seconds=self._pace.request)
        params = msgspec.convert(call.params, GenerateParams)
        prompt, window = self._model.prompt(params.messages), self._model.loaded.info.context_window
        if len(prompt) >= window:
            raise PromptTooLongError(prompt_tokens=len(prompt), context_window=window)
        room = room_for_answer(prompt_tokens=len(prompt), context_window=window, max_tokens=params.sampling.max_tokens)
        stop = (*params.sampling.stop, *self._model.stop)
        return _Job(
            call, params.client, GenerationRequest(prompt, room, stop), Sampler(params.sampling, prompt), self._clock()
        )

    def _drop_cancelled(self) -> None:
        for job in [job for job in self._running if job.call.is_cancelled]:
            self._finish(job)
        for job in [job for job in self._waiting if job.call.is_cancelled]:
            self._waiting.remove(job)
            self._channel.finish(job.call)

    def _begin_waiting(self) -> None:
        """Begin with requests while one waits and there is a sequence for it."""
        while self._waiting:
            clients = [job.client for job in self._waiting]
            index = self._policy.next_waiting(clients, [job.client for job in self._running])
            job = self._waiting[index]
            place = self._memory.begin(job.request.prompt)
            if place is None:
                return
            del self._waiting[index]
            job.sequence, job.began = place.sequence, self._clock()
            job.request.resume_at(place.known_tokens)
            self._running.append(job)

    def _write_answers(self) -> None:
        """Write one token of every answer that has begun."""
        writing = [job for job in self._running if not job.request.unread]
        writing.sort(key=lambda job: job.sequence)  # llama.cpp computes neighbours in one go
        if not writing:
            self._pace.answers = 0.0
            return
        began = self._clock()
        rows = [Row(job.sequence, job.request.sampled[-1:], job.request.position) for job in writing]
        self._model.read(rows, bool)
        self._pace.answers = self._pace.mean(self._pace.answers, self._clock() - began)
        for row, job in enumerate(writing):
            job.request.advance(1)
            self._write(job, row)

    def _read_prompt(self) -> None:
        """Read on in one prompt, and write the first token of its answer where it is complete."""
        reading = [job for job in self._running if job.request.unread]
        if not reading:
            return
        job = reading[
            self._policy.next_reader([job.request.unread for job in reading], [job.passed_over for job in reading])
        ]
        for other in reading:
            other.passed_over = 0 if other is job else other.passed_over + 1
        step = self._policy.step_tokens(answer_seconds=self._pace.answers, token_seconds=self._pace.token)
        tokens = job.request.next_tokens(self._policy.prefill_share(job.request.unread, step))
        began = self._clock()
        if not self._model.read([Row(job.sequence, tokens, job.request.position)], lambda: job.call.is_cancelled):
            self._memory.undo(job.sequence)
            return
        self._pace.token = self._pace.mean(self._pace.token, (self._clock() - began) / len(tokens))
        self._memory.read(job.sequence, tokens)
        job.request.advance(len(tokens))
        if not job.request.unread:
            self._write(job, 0)

    def _write(self, job: _Job, row: int) -> None:
        request, model = job.request, self._model
        token = job.sampler.pick(model.logits(row))
        text = request.end() if model.is_end(token) else request.accept(token, model.piece(token))
        if request.finish_reason is not None:
            self._channel.reply(job.call, Delta(text, request.finish_reason, request.usage()))
            self._finish(job)
        elif text:
            self._reply(job, text)

    def _finish(self, job: _Job) -> None:
        self._channel.finish(job.call)
        self._running.remove(job)
        self._memory.end(job.sequence)
        self._pace.request = self._pace.mean(self._pace.request, self._clock() - job.began)

    def _reply(self, job: _Job, text: str) -> None:
        self._channel.reply(job.call, Delta(text))
        job.last_sign = self._clock()

    def _show_life(self) -> None:
        due = self._clock() - SIGN_OF_LIFE_SECONDS
        for job in self._jobs():
            if job.last_sign < due:
                self._reply(job, "")

    def _jobs(self) -> Iterator[_Job]:
        yield from self._running
        yield from self._waiting
