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
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.runtime.worker_main import Call
from rag.engines.serving.active_calls import Drafts, Job, Pace
from rag.engines.serving.kv_slots import Memory
from rag.engines.serving.language_model import LanguageModel, Row
from rag.engines.serving.prefix_cache import MIN_PREFIX_TOKENS, MIN_SAVED_TOKENS, PrefixCache
from rag.engines.serving.sampling import Sampler, log_chances
from rag.engines.serving.scheduling_policy import Policy
from rag.engines.serving.sequence import GenerationRequest, common_prefix, room_for_answer
from rag.engines.serving.speculative import Speculation
from rag.engines.serving.worker_protocol import CountParams, GenerateParams, PrefillParams
from rag.engines.types import Alternative, Delta, Message, TokenLogprob
from rag.errors import EngineCrashedError, PromptTooLongError, RagError

logger = logging.getLogger(__name__)

SIGN_OF_LIFE_SECONDS = 1.0
"""A request that gets no text for so long gets an empty delta: its caller can leave, and knows that we live."""


class Calls(Protocol):
    """Where calls come from and answers go; see `ingest.runtime.worker_main.Channel`."""

    @property
    def has_calls(self) -> bool: ...

    def next_call(self, timeout_seconds: float | None = None) -> Call | None: ...

    def reply(self, call: Call, payload: object) -> None: ...

    def finish(self, call: Call) -> None: ...

    def fail(self, call: Call, error: Exception) -> None: ...


class ModelWorker:
    """Serves `info`, `count_tokens`, `generate` and `prefill`, as many answers at a time as the model has sequences."""

    def __init__(
        self,
        channel: Calls,
        model: LanguageModel,
        policy: Policy,
        prefix_cache: PrefixCache,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._model = model
        self._policy = policy
        self._prefix_cache = prefix_cache
        self._clock = clock
        self._waiting: deque[Job] = deque()
        self._ahead: deque[Job] = deque()  # what is read ahead, while nobody waits for an answer
        self._running: list[Job] = []
        self._pace = Pace()
        self._memory = Memory(model, sequences=model.sequences, reusable=policy.reusable)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything."""
        return not any(True for _ in self._jobs())

    def serve(self) -> None:
        """Serve for ever. When the model fails, the process ends: only a fresh one is known to be sound."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Take in what has come, then do one step of everything; where there is nothing to do, wait for a call."""
        self._drop_cancelled()
        self._take_calls()
        try:
            self._begin_waiting()
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
                self._waiting.append(self._answer_to(call))
            elif call.method == "prefill":
                self._ahead.append(self._head_for(call))
            else:
                self._channel.reply(call, self._said_at_once(call))
                self._channel.finish(call)
        except Exception as error:  # a call that cannot even be understood must not end the others
            logger.debug("call %s failed", call.method, exc_info=True)
            self._channel.fail(call, error)

    def _said_at_once(self, call: Call) -> object:
        if call.method == "info":
            return self._model.loaded
        if call.method == "count_tokens":
            return len(self._model.prompt(msgspec.convert(call.params, CountParams).messages))
        raise RagError(f"the model worker knows no method {call.method!r}")

    def _answer_to(self, call: Call) -> Job:
        self._policy.check_room(len(self._waiting), mean_seconds=self._pace.request)
        params = msgspec.convert(call.params, GenerateParams)
        sampling, window = params.sampling, self._model.loaded.info.context_window
        prompt = self._model.prompt(params.messages)
        if len(prompt) >= window:
            raise PromptTooLongError(prompt_tokens=len(prompt), context_window=window)
        room = room_for_answer(prompt_tokens=len(prompt), context_window=window, max_tokens=sampling.max_tokens)
        is_drafted = bool(self._model.step_seconds) and sampling.seed is None
        return Job(
            call,
            params.client,
            GenerationRequest(prompt, room, (*sampling.stop, *self._model.stop)),
            last_sign=self._clock(),
            sampler=Sampler(sampling, prompt, self._model.constraints(sampling)),
            top_logprobs=sampling.top_logprobs,
            drafts=Drafts(prompt, Speculation(self._model.step_seconds)) if is_drafted else None,
        )

    def _head_for(self, call: Call) -> Job:
        """Return the job to read what all prompts share whose chats begin with the same messages."""
        params = msgspec.convert(call.params, PrefillParams)
        one, other = (self._model.prompt((*params.messages, Message("user", word))) for word in ("A", "some"))
        shared = self._policy.reusable(common_prefix(one, other), min(len(one), self._model.loaded.info.context_window))
        head = GenerationRequest(one[: max(shared, 1)], max_tokens=1)
        return Job(call, "", head, last_sign=self._clock(), documents=params.documents)

    def _drop_cancelled(self) -> None:
        for job in [job for job in self._running if job.call.is_cancelled]:
            self._finish(job)
        for queue in (self._waiting, self._ahead):
            for job in [job for job in queue if job.call.is_cancelled]:
                queue.remove(job)
                self._channel.finish(job.call)

    def _begin_waiting(self) -> None:
        """Begin with requests while one waits and there is a sequence for it, else with what is read ahead."""
        while self._waiting:
            clients = [job.client for job in self._waiting]
            job = self._waiting[self._policy.next_waiting(clients, [job.client for job in self._running])]
            if self._begin(job):
                self._waiting.remove(job)
            elif not self._put_back():
                return
        if self._ahead and not self._running and self._begin(self._ahead[0]):
            self._ahead.popleft()

    def _begin(self, job: Job) -> bool:
        """Give a job the sequence that spares it the most; False while there is none."""
        prompt = job.request.prompt
        place = self._memory.begin(prompt)
        if place is None:
            return False
        known = place.known_tokens
        if len(prompt) - known >= MIN_SAVED_TOKENS and (head := self._prefix_cache.find_longest(prompt)) is not None:
            count = self._policy.reusable(head.shared_tokens, len(prompt))
            if count - known >= MIN_SAVED_TOKENS and (state := self._prefix_cache.load_state(head)) is not None:
                known = self._memory.restore(place.sequence, state, head.tokens, count)
        job.sequence, job.began = place.sequence, self._clock()
        job.request.resume_at(known)
        self._running.append(job)
        return True

    def _put_back(self) -> bool:
        """Take its sequence from what is read ahead, for somebody who waits; False where nothing is."""
        job = next((job for job in self._running if job.sampler is None), None)
        if job is None:
            return False
        self._running.remove(job)
        self._memory.end(job.sequence)
        self._ahead.appendleft(job)
        return True

    def _write_answers(self) -> None:
        """Write one token of every answer that has begun, or several of one that is alone and was foreseen."""
        writing = [job for job in self._running if job.is_writing]
        writing.sort(key=lambda job: job.sequence)  # llama.cpp computes neighbours in one go
        if not writing:
            self._pace.answers = 0.0
            return
        draft = self._draft(writing[0]) if len(writing) == 1 else ()
        began = self._clock()
        rows = [
            Row(job.sequence, [*job.request.sampled[-1:], *draft], job.request.position, 1 + len(draft))
            for job in writing
        ]
        self._model.read(rows, bool)
        self._pace.answers = self._pace.mean(self._pace.answers, self._clock() - began)
        for row, job in enumerate(writing):
            self._take_written(job, row, draft)

    def _draft(self, job: Job) -> Sequence[int]:
        request = job.request
        if job.drafts is None:
            return ()
        room = min(request.max_tokens - len(request.sampled), self._model.loaded.info.context_window - request.position)
        return job.drafts.next(request.sampled, max(room - 1, 0))

    def _take_written(self, job: Job, row: int, draft: Sequence[int]) -> None:
        """Write what follows the last token and as much of its draft as is what would have been written anyway."""
        request, before = job.request, len(job.request.sampled)
        for index in range(len(draft) + 1):
            request.advance(1)
            self._write(job, row, index)
            if request.finish_reason is not None:
                return
            if index < len(draft) and request.sampled[-1] != draft[index]:
                self._model.keep(job.sequence, request.position)
                break
        if job.drafts is not None:
            job.drafts.learn(len(draft), request.sampled[before:])

    def _read_prompt(self) -> None:
        """Read on in one prompt, and write the first token of its answer where it is complete."""
        job = self._next_reader()
        if job is None:
            return
        step = self._policy.step_tokens(answer_seconds=self._pace.answers, token_seconds=self._pace.token)
        tokens = job.request.next_tokens(self._policy.prefill_share(job.request.unread, step))
        began = self._clock()
        if not self._model.read([Row(job.sequence, tokens, job.request.position)], lambda: self._is_unwanted(job)):
            job.request.resume_at(self._memory.undo(job.sequence))
            return
        self._pace.token = self._pace.mean(self._pace.token, (self._clock() - began) / len(tokens))
        self._memory.read(job.sequence, tokens)
        job.request.advance(len(tokens))
        if not job.request.unread:
            self._complete(job)

    def _next_reader(self) -> Job | None:
        """Return whose prompt is read on; what is read ahead only while there is nothing else to do."""
        unread = [job for job in self._running if job.request.unread]
        reading = [job for job in unread if job.sampler is not None]
        if not reading:
            return unread[0] if unread and len(unread) == len(self._running) else None
        chosen = reading[
            self._policy.next_reader([job.request.unread for job in reading], [job.passed_over for job in reading])
        ]
        for job in reading:
            job.passed_over = 0 if job is chosen else job.passed_over + 1
        return chosen

    def _is_unwanted(self, job: Job) -> bool:
        """Return whether a step of `job` is worth nothing any more, or less than what has come meanwhile."""
        return job.call.is_cancelled or (job.sampler is None and self._channel.has_calls)

    def _complete(self, job: Job) -> None:
        """Go on after the last token of a prompt: write, or keep what was read ahead."""
        if job.sampler is not None:
            self._write(job, 0, 0)
            return
        if len(job.request.prompt) >= MIN_PREFIX_TOKENS:
            self._prefix_cache.store(job.request.prompt, self._model.state(job.sequence), job.documents)
        self._channel.reply(job.call, Delta("", "stop", job.request.usage()))
        self._finish(job)

    def _write(self, job: Job, row: int, output: int) -> None:
        request, model = job.request, self._model
        try:
            token = self._pick(job, model.logits(row, output))
        except Exception as error:  # a bad constraint is its own request's fault alone
            logger.exception("a token could not be chosen")
            request.finish_reason = "stop"
            self._channel.fail(job.call, EngineCrashedError(model=model.loaded.info.id, how=str(error)))
            self._leave(job)
            return
        text = request.end() if model.is_end(token) else request.accept(token, model.piece(token))
        if request.finish_reason is not None:
            self._channel.reply(job.call, Delta(text, request.finish_reason, request.usage(), job.take_logprobs()))
            self._finish(job)
        elif text:
            self._reply(job, text)

    def _pick(self, job: Job, logits: NDArray[np.float32]) -> int:
        assert job.sampler is not None  # noqa: S101 (what is read ahead writes nothing)
        token = job.sampler.pick(logits)
        if job.top_logprobs is not None and not self._model.is_end(token):
            chance, top = log_chances(logits, token, job.top_logprobs)
            alternatives = tuple(Alternative(self._model.piece(other), logprob) for other, logprob in top)
            job.logprobs.append(TokenLogprob(self._model.piece(token), chance, alternatives))
        return token

    def _finish(self, job: Job) -> None:
        self._channel.finish(job.call)
        self._leave(job)

    def _leave(self, job: Job) -> None:
        self._running.remove(job)
        self._memory.end(job.sequence)
        self._pace.request = self._pace.mean(self._pace.request, self._clock() - job.began)

    def _reply(self, job: Job, text: str) -> None:
        self._channel.reply(job.call, Delta(text, logprobs=job.take_logprobs()))
        job.last_sign = self._clock()

    def _show_life(self) -> None:
        due = self._clock() - SIGN_OF_LIFE_SECONDS
        for job in self._jobs():
            if job.last_sign < due:
                self._reply(job, "")

    def _jobs(self) -> Iterator[Job]:
        yield from self._running
        yield from self._waiting
        yield from self._ahead
