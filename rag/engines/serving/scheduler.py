"""Continuous batching: serve the calls to one model step by step; the model itself is behind `LanguageModel`.

One loop does everything that touches the model. Every step decodes one token of each running completion, then
prefills one chunk of one prompt; so no request waits for the end of a long completion or a long prompt. Between two
steps new calls are accepted, cancelled ones dropped, and those answered that need no forward pass.

Prefill never shares a forward pass with decoding: so a prompt gives the same bits whatever else is running.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.runtime.worker_main import Call
from rag.engines.serving.fairness import Sharers, cache_domain_of, choose_decoding, choose_waiting
from rag.engines.serving.kv_slots import KvSlots, SlotAssignment
from rag.engines.serving.language_model import BatchRow, LanguageModel
from rag.engines.serving.prefix_cache import MIN_PREFIX_TOKENS, MIN_SAVED_TOKENS, PrefixCache
from rag.engines.serving.sampling import Sampler, compute_logprobs
from rag.engines.serving.scheduled_request import Drafter, RunningMeans, ScheduledRequest
from rag.engines.serving.scheduling_policy import SchedulingPolicy
from rag.engines.serving.sequence import TokenSequence, count_common_prefix, limit_max_tokens
from rag.engines.serving.speculative import DraftPolicy
from rag.engines.serving.worker_protocol import (
    CallChannel,
    CountParams,
    GenerateParams,
    PrefillParams,
    TokenizeParams,
)
from rag.engines.types import Alternative, Delta, Message, ReasoningEffort, TokenLogprob, Tool, ToolCallDelta, ToolUse
from rag.errors import EngineCrashedError, PromptTooLongError, RagError

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0
"""A request without text for so long gets an empty delta, at which its caller can leave or see that it is alive."""


class Scheduler:
    """Serves the methods of `worker_protocol`, as many completions at a time as the model has slots."""

    def __init__(
        self,
        channel: CallChannel,
        model: LanguageModel,
        policy: SchedulingPolicy,
        prefix_cache: PrefixCache,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._model = model
        self._policy = policy
        self._prefix_cache = prefix_cache
        self._clock = clock
        self._waiting: deque[ScheduledRequest] = deque()
        self._background: deque[ScheduledRequest] = deque()  # prefills that run while no completion is wanted
        self._running: list[ScheduledRequest] = []
        self._means = RunningMeans()
        self._sharers = Sharers(clock)
        self._decode_steps = 0
        self._slots = KvSlots(model, slots=model.slots, align_reuse=policy.align_reuse)

    @property
    def is_idle(self) -> bool:
        """Whether there is no request at all."""
        return not any(True for _ in self._iterate_requests())

    def serve(self) -> None:
        """Serve for ever. A failure of the model ends the process: only a fresh one is known to be sound."""
        while True:
            self.step()

    def step(self) -> None:
        """Accept new calls, then decode and prefill once; wait for a call if there is no request."""
        self._drop_cancelled()
        self._accept_calls()
        try:
            self._admit_requests()
            self._decode()
            self._prefill()
        except Exception as error:
            how = f"{type(error).__name__}: {error}"
            for request in self._iterate_requests():
                self._channel.fail(request.call, EngineCrashedError(model=self._model.loaded.info.id, how=how))
            raise
        self._send_heartbeats()

    def _accept_calls(self) -> None:
        call = self._channel.next_call(None if self.is_idle else 0)
        while call is not None:
            self._accept(call)
            call = self._channel.next_call(0)

    def _accept(self, call: Call) -> None:
        try:
            if call.method == "generate":
                self._waiting.append(self._create_completion(call))
            elif call.method == "prefill":
                self._background.append(self._create_prefill(call))
            else:
                self._channel.reply(call, self._answer_at_once(call))
                self._channel.finish(call)
        except Exception as error:  # a malformed call must not end the others
            logger.debug("call %s failed", call.method, exc_info=True)
            self._channel.fail(call, error)

    def _answer_at_once(self, call: Call) -> object:
        if call.method == "info":
            return self._model.loaded
        if call.method == "count_tokens":
            return len(self._tokenize_chat(msgspec.convert(call.params, CountParams).messages))
        if call.method == "render":
            return self._model.render_chat(msgspec.convert(call.params, CountParams).messages)
        if call.method == "tokenize":
            text = msgspec.convert(call.params, TokenizeParams).text
            return self._model.tokenize_text(text) if text else []
        raise RagError(f"the model worker knows no method {call.method!r}")

    def _create_completion(self, call: Call) -> ScheduledRequest:
        params = msgspec.convert(call.params, GenerateParams)
        waiting = [request.client for request in self._waiting]
        self._sharers.see(params.client)
        self._policy.check_queue(waiting, params.client, mean_seconds=self._means.request_seconds)
        sampling, window = params.sampling, self._model.loaded.info.context_window
        tools = params.tools if params.tools is not None and params.tools.offered else None
        prompt = self._tokenize_prompt(params, tools)
        if len(prompt) >= window:
            raise PromptTooLongError(prompt_tokens=len(prompt), context_window=window)
        max_tokens = limit_max_tokens(prompt_tokens=len(prompt), context_window=window, max_tokens=sampling.max_tokens)
        is_speculative = bool(self._model.step_seconds) and sampling.seed is None
        constraints = self._model.build_constraints(sampling, tools)
        reader = None if tools is None else self._model.read_tools()
        return ScheduledRequest(
            call,
            params.client,
            TokenSequence(
                prompt, max_tokens, (*sampling.stop, *self._model.stop_strings), reader.parser if reader else None
            ),
            last_delta_at=self._clock(),
            sampler=Sampler(sampling, prompt, constraints),
            top_logprobs=sampling.top_logprobs,
            drafter=Drafter(prompt, DraftPolicy(self._model.step_seconds)) if is_speculative else None,
            mark_bytes={} if reader is None else reader.mark_bytes,
        )

    def _tokenize_prompt(self, params: GenerateParams, tools: ToolUse | None) -> list[int]:
        if isinstance(params.prompt, str):
            return self._model.tokenize_text(params.prompt)
        if tools is None:
            return self._tokenize_chat(params.prompt, (), params.sampling.reasoning_effort)
        # A call that is forced comes first: there is no room to think before it.
        effort = None if tools.is_forced else params.sampling.reasoning_effort
        return self._tokenize_chat(params.prompt, tools.offered, effort)

    def _tokenize_chat(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), effort: ReasoningEffort | None = None
    ) -> list[int]:
        return self._model.tokenize_text(self._model.render_chat(messages, tools, effort))

    def _create_prefill(self, call: Call) -> ScheduledRequest:
        """Return the request to prefill the prefix that the prompts of all chats with the same messages share."""
        params = msgspec.convert(call.params, PrefillParams)
        one, other = (self._tokenize_chat((*params.messages, Message("user", text))) for text in ("A", "some"))
        window = self._model.loaded.info.context_window
        shared = self._policy.align_reuse(count_common_prefix(one, other), min(len(one), window))
        prefix = TokenSequence(one[: max(shared, 1)], max_tokens=1)
        return ScheduledRequest(call, "", prefix, last_delta_at=self._clock(), documents=params.documents)

    def _drop_cancelled(self) -> None:
        for request in [request for request in self._running if request.call.is_cancelled]:
            self._finish(request)
        for queue in (self._waiting, self._background):
            for request in [request for request in queue if request.call.is_cancelled]:
                queue.remove(request)
                self._channel.finish(request.call)

    def _admit_requests(self) -> None:
        """Admit waiting requests while there are slots for them; a background prefill only if nothing runs."""
        while self._waiting:
            running = [self._sharer(request) for request in self._running if not request.is_background]
            waiting = list(map(self._sharer, self._waiting))
            free_slots = self._model.slots - len(running)
            index = choose_waiting(waiting, running, free_slots=free_slots, sharers=self._sharers.list_recent())
            if index is None:
                break
            request = self._waiting[index]
            if self._admit(request):
                self._waiting.remove(request)
            elif not self._preempt_background():
                return
        if self._background and not self._running and self._admit(self._background[0]):
            self._background.popleft()

    def _admit(self, request: ScheduledRequest) -> bool:
        """Give a request the slot that saves it the most prefill; return False if all slots are busy."""
        prompt, domain = request.sequence.prompt, cache_domain_of(request.client)
        assignment = self._slots.assign(prompt, domain)
        if assignment is None:
            return False
        request.slot, request.admitted_at = assignment.slot, self._clock()
        # The states on disk are those of the administrator's collections.
        cached = assignment.cached_tokens if domain else self._restore_prefix(assignment, prompt)
        request.sequence.resume_at(cached)
        self._running.append(request)
        return True

    def _restore_prefix(self, assignment: SlotAssignment, prompt: list[int]) -> int:
        """Restore a slot from the prefix cache if that saves enough prefill; return how many tokens are cached."""
        cached_tokens = assignment.cached_tokens
        if len(prompt) - cached_tokens < MIN_SAVED_TOKENS:
            return cached_tokens
        prefix = self._prefix_cache.find_longest(prompt)
        if prefix is None:
            return cached_tokens
        shared = self._policy.align_reuse(prefix.shared_tokens, len(prompt))
        if shared - cached_tokens < MIN_SAVED_TOKENS or (state := self._prefix_cache.load_state(prefix)) is None:
            return cached_tokens
        return self._slots.restore_state(assignment.slot, state, prefix.tokens, shared)

    def _preempt_background(self) -> bool:
        """Take its slot from a background prefill, for a waiting request; return False if none runs."""
        request = next((request for request in self._running if request.is_background), None)
        if request is None:
            return False
        self._running.remove(request)
        self._slots.release(request.slot)
        self._background.appendleft(request)
        return True

    def _decode(self) -> None:
        """Decode one token of every running completion, or several of a single one by speculative decoding."""
        decoding = self._choose_decoding()
        if not decoding:
            self._means.decode_seconds = 0.0
            self._sharers.record_decoding(0.0)
            return
        draft = self._draft_tokens(decoding[0]) if len(decoding) == 1 else ()
        started = self._clock()
        rows = [
            BatchRow(
                request.slot, [*request.sequence.completion[-1:], *draft], request.sequence.position, 1 + len(draft)
            )
            for request in decoding
        ]
        self._model.forward(rows, bool)
        seconds = self._clock() - started
        self._means.decode_seconds = self._means.update(self._means.decode_seconds, seconds)
        self._sharers.record_decoding(seconds)
        for row, request in enumerate(decoding):
            self._verify_draft(request, row, draft)

    def _choose_decoding(self) -> list[ScheduledRequest]:
        """Return the completions that the next step decodes, in the order of their slots."""
        decoding = [request for request in self._running if request.is_decoding]
        decoding.sort(key=lambda request: request.slot)  # llama.cpp computes neighbours in one go
        active = {self._sharer(request) for request in self._running if not request.is_background}
        chosen = choose_decoding(
            list(map(self._sharer, decoding)),
            [request.last_step for request in decoding],
            active=active,
            step_seconds=self._model.step_seconds,
        )
        self._decode_steps += 1
        for index in chosen:
            decoding[index].last_step = self._decode_steps
        return [decoding[index] for index in chosen]

    def _draft_tokens(self, request: ScheduledRequest) -> Sequence[int]:
        if request.drafter is None:
            return ()
        sequence, window = request.sequence, self._model.loaded.info.context_window
        room = min(sequence.max_tokens - len(sequence.completion), window - sequence.position)
        return request.drafter.draft(sequence.completion, max(room - 1, 0))

    def _verify_draft(self, request: ScheduledRequest, row: int, draft: Sequence[int]) -> None:
        """Emit the next token, and one more for every draft token that equals the one sampled before it."""
        sequence, before = request.sequence, len(request.sequence.completion)
        for output in range(len(draft) + 1):
            sequence.advance(1)
            self._emit_token(request, row, output)
            if sequence.finish_reason is not None:
                return
            if output < len(draft) and sequence.completion[-1] != draft[output]:
                self._model.truncate(request.slot, sequence.position)
                break
        if request.drafter is not None:
            request.drafter.record_outcome(len(draft), sequence.completion[before:])

    def _prefill(self) -> None:
        """Prefill one chunk of one prompt, and emit the first token of the completion after the last chunk."""
        request = self._choose_prefill()
        if request is None:
            return
        sequence = request.sequence
        limit = self._policy.limit_chunk(
            decode_seconds=self._means.decode_seconds, token_seconds=self._means.token_seconds
        )
        tokens = sequence.next_input(self._policy.cut_chunk(sequence.pending_tokens, limit))
        started = self._clock()
        rows = [BatchRow(request.slot, tokens, sequence.position)]
        if not self._model.forward(rows, lambda: self._should_abort(request)):
            sequence.resume_at(self._slots.roll_back(request.slot))
            return
        seconds = self._clock() - started
        self._means.token_seconds = self._means.update(self._means.token_seconds, seconds / len(tokens))
        if self._delays_others(request):
            self._sharers.record_delay(seconds)
        self._slots.record_prefill(request.slot, tokens)
        sequence.advance(len(tokens))
        if not sequence.pending_tokens:
            self._finish_prefill(request)

    def _choose_prefill(self) -> ScheduledRequest | None:
        """Return the request whose prompt is prefilled next; a background one only if nothing else runs."""
        pending = [request for request in self._running if request.sequence.pending_tokens]
        if pending and all(request.is_background for request in self._running):
            return pending[0]
        may_delay = self._sharers.may_delay_others
        candidates = [
            request
            for request in pending
            if not request.is_background and (may_delay or not self._delays_others(request))
        ]
        if not candidates:
            return None
        shares = Counter(map(self._sharer, self._running))
        index = self._policy.choose_prefill(
            [request.sequence.pending_tokens for request in candidates],
            [request.skipped_steps for request in candidates],
            [shares[self._sharer(request)] for request in candidates],
        )
        chosen = candidates[index]
        for request in candidates:
            request.skipped_steps = 0 if request is chosen else request.skipped_steps + 1
        return chosen

    def _delays_others(self, request: ScheduledRequest) -> bool:
        """Whether a completion of another sharer waits while a prompt is prefilled."""
        return any(other.is_decoding and self._sharer(other) != self._sharer(request) for other in self._running)

    def _sharer(self, request: ScheduledRequest) -> str:
        return self._sharers.name(request.client)

    def _should_abort(self, request: ScheduledRequest) -> bool:
        """Return whether a prefill step is no longer needed, or has to make way for a new call."""
        return request.call.is_cancelled or (request.is_background and self._channel.has_calls)

    def _finish_prefill(self, request: ScheduledRequest) -> None:
        """Emit the first token of a completion, or store a background prefill in the prefix cache."""
        if not request.is_background:
            self._emit_token(request, 0, 0)
            return
        prompt = request.sequence.prompt
        if len(prompt) >= MIN_PREFIX_TOKENS:
            self._prefix_cache.store(prompt, self._model.save_state(request.slot), request.documents)
        self._channel.reply(request.call, Delta("", "stop", request.sequence.count_usage()))
        self._finish(request)

    def _emit_token(self, request: ScheduledRequest, row: int, output: int) -> None:
        """Sample a token from an output of the last forward pass, and send the text that became certain."""
        sequence, model = request.sequence, self._model
        try:
            token = self._sample(request, model.read_logits(row, output))
        except Exception as error:  # a bad constraint fails its own request alone
            logger.exception("a token could not be sampled")
            sequence.finish_reason = "stop"
            self._channel.fail(request.call, EngineCrashedError(model=model.loaded.info.id, how=str(error)))
            self._release(request)
            return
        if model.is_end_token(token):
            text = sequence.finish()
        else:
            text = sequence.accept(token, request.mark_bytes.get(token) or model.detokenize(token))
        calls = sequence.take_tool_calls()
        if sequence.finish_reason is not None:
            last = Delta(text, sequence.finish_reason, sequence.count_usage(), request.take_logprobs(), calls)
            self._channel.reply(request.call, last)
            self._finish(request)
        elif text or calls:
            self._send_delta(request, text, calls)

    def _sample(self, request: ScheduledRequest, logits: NDArray[np.float32]) -> int:
        assert request.sampler is not None  # noqa: S101 (a background prefill samples nothing)
        token = request.sampler.sample(logits)
        if request.top_logprobs is not None and not self._model.is_end_token(token):
            logprob, top = compute_logprobs(logits, token, request.top_logprobs)
            alternatives = tuple(
                Alternative(self._model.detokenize(other), other_logprob) for other, other_logprob in top
            )
            request.logprobs.append(TokenLogprob(self._model.detokenize(token), logprob, alternatives))
        return token

    def _finish(self, request: ScheduledRequest) -> None:
        self._channel.finish(request.call)
        self._release(request)

    def _release(self, request: ScheduledRequest) -> None:
        self._running.remove(request)
        self._slots.release(request.slot)
        seconds = self._clock() - request.admitted_at
        self._means.request_seconds = self._means.update(self._means.request_seconds, seconds)

    def _send_delta(self, request: ScheduledRequest, text: str, calls: tuple[ToolCallDelta, ...] = ()) -> None:
        self._channel.reply(request.call, Delta(text, logprobs=request.take_logprobs(), tool_calls=calls))
        request.last_delta_at = self._clock()

    def _send_heartbeats(self) -> None:
        due = self._clock() - HEARTBEAT_SECONDS
        for request in self._iterate_requests():
            if request.last_delta_at < due:
                self._send_delta(request, "")

    def _iterate_requests(self) -> Iterator[ScheduledRequest]:
        yield from self._running
        yield from self._waiting
        yield from self._background
