"""Continuous batching in a model's process, with a model that counts instead of computing."""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.runtime.derived_files import DerivedFiles
from ingest.runtime.frames import CallFrame
from ingest.runtime.worker_main import Call
from rag.engines.completion import ToolCallCollector
from rag.engines.serving.chat_template import FALLBACK_TEMPLATE, ChatTemplate, SpecialTokens
from rag.engines.serving.constraints import ConstraintCompiler, ToolReader
from rag.engines.serving.jinja_template import JinjaTemplate
from rag.engines.serving.language_model import BatchRow
from rag.engines.serving.prefix_cache import PrefixCache
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.scheduler import Scheduler
from rag.engines.serving.scheduling_policy import SchedulingPolicy
from rag.engines.serving.worker_protocol import GenerateParams, LoadedModel, PrefillParams
from rag.engines.types import (
    Delta,
    Message,
    ModelInfo,
    ReasoningEffort,
    Sampling,
    Tool,
    ToolUse,
    Usage,
)
from rag.errors import EngineBusyError, EngineCrashedError, PromptTooLongError

WINDOW = 128
INFO = ModelInfo("counting", "counting.gguf", "fake", WINDOW, 0, 1, 0)
END = 255


class CountingModel:
    """A `LanguageModel` whose tokens are bytes and that writes the alphabet, on from the last letter it forward.

    After "z" it ends its answer. `inputs` has what each row of each step was given; it checks that nothing is skipped
    or lost. `repeats` makes it write the same few letters over and over.
    """

    stop_strings: tuple[str, ...] = ()

    def __init__(self, *, can_rewind: bool = True, slots: int = 1, window: int = WINDOW) -> None:
        self.loaded = LoadedModel(replace(INFO, context_window=window), "for a test")
        self.can_rewind = can_rewind
        self.slots = slots
        self.cache: dict[int, list[int]] = defaultdict(list)
        self.inputs: list[bytes] = []
        self.steps: list[int] = []
        self.on_forward: Callable[[], object] = bool
        self.step_seconds: dict[int, float] = {}
        self.repeats = b""
        self.offered: tuple[Tool, ...] = ()
        self.efforts: list[ReasoningEffort | None] = []
        template = ChatTemplate("counting", JinjaTemplate(FALLBACK_TEMPLATE), SpecialTokens())
        pieces = [*(bytes([byte]) for byte in range(END)), b""]
        self._constraints = ConstraintCompiler(pieces, [END], template, tokenize=str.encode)
        self._last: list[list[int]] = []

    def tokenize_text(self, text: str) -> list[int]:
        return list(text.encode())

    def render_chat(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), effort: ReasoningEffort | None = None
    ) -> str:
        self.offered = tuple(tools)
        self.efforts.append(effort)
        return "".join(message.content for message in messages)

    def forward(self, rows: Sequence[BatchRow], should_abort: Callable[[], bool]) -> bool:
        self.on_forward()
        for row in rows:
            tokens = self.cache[row.slot]
            assert row.position == len(tokens)
            assert 1 <= row.outputs <= len(row.tokens)
            tokens += row.tokens
            self.inputs.append(bytes(row.tokens))
        self.steps.append(len(rows))
        self._last = [list(row.tokens[-row.outputs :]) for row in rows]
        return not should_abort()

    def read_logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        last = self._last[row][output]
        logits = np.zeros(END + 1, dtype=np.float32)
        if last in self.repeats:
            logits[self.repeats[(self.repeats.index(last) + 1) % len(self.repeats)]] = 1
        else:
            logits[END if last == ord("z") else last + 1] = 1
        return logits

    def build_constraints(self, sampling: Sampling, tools: ToolUse | None = None) -> tuple[Constraint, ...]:
        if tools is not None:
            return self._constraints.build(sampling, tools)
        return (Never(ord("e")),) if sampling.json_schema else ()

    def read_tools(self) -> ToolReader:
        return self._constraints.read_tools()

    def can_copy(self, slot: int, length: int) -> bool:
        return self.can_truncate(slot, length)

    def can_truncate(self, slot: int, length: int) -> bool:
        return self.can_rewind or length in (0, len(self.cache[slot]))

    def truncate(self, slot: int, length: int) -> None:
        assert length <= len(self.cache[slot])
        assert self.can_truncate(slot, length)
        del self.cache[slot][length:]

    def copy(self, source: int, target: int, length: int) -> None:
        self.cache[target] = self.cache[source][:length]

    def save_state(self, slot: int) -> memoryview:
        return memoryview(bytes(self.cache[slot]))

    def restore_state(self, slot: int, state: bytes) -> bool:
        self.cache[slot] = list(state)
        return True

    def is_end_token(self, token: int) -> bool:
        return token == END

    def detokenize(self, token: int) -> bytes:
        return bytes([token])


class Never:
    """A `Constraint` that forbids one token."""

    def __init__(self, token: int) -> None:
        self._mask: NDArray[np.bool_] = np.arange(END + 1) == token

    def forbidden_tokens(self) -> NDArray[np.bool_]:
        return self._mask

    def accept(self, token: int) -> None:
        assert not self._mask[token]


class FakeChannel:
    """A `CallChannel` without a process: calls wait in a queue, replies are recorded by call."""

    def __init__(self) -> None:
        self.waiting: deque[Call] = deque()
        self.answers: dict[int, list[object]] = {}
        self.finished: list[int] = []
        self.errors: dict[int, Exception] = {}

    def ask(self, method: str, params: object = None) -> Call:
        call = Call(CallFrame(len(self.answers) + 1, method, msgspec.to_builtins(params or {})))
        self.answers[call.id] = []
        self.waiting.append(call)
        return call

    def generate(
        self, content: str, *, max_tokens: int | None = None, stop: tuple[str, ...] = (), client: str = ""
    ) -> Call:
        sampling = Sampling(max_tokens=max_tokens, stop=stop)
        return self.ask("generate", GenerateParams((Message("user", content),), sampling, client))

    @property
    def has_calls(self) -> bool:
        return bool(self.waiting)

    def next_call(self, timeout_seconds: float | None = None) -> Call | None:
        return self.waiting.popleft() if self.waiting else None

    def reply(self, call: Call, payload: object) -> None:
        self.answers[call.id].append(payload)

    def finish(self, call: Call) -> None:
        self.finished.append(call.id)

    def fail(self, call: Call, error: Exception) -> None:
        self.errors[call.id] = error

    def deltas(self, call: Call) -> list[Delta]:
        return [answer for answer in self.answers[call.id] if isinstance(answer, Delta)]

    def text(self, call: Call) -> str:
        return "".join(delta.text for delta in self.deltas(call))


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def create_scheduler(
    channel: FakeChannel,
    model: CountingModel,
    *,
    max_chunk_tokens: int = 32,
    queue_size: int = 2,
    clock: Clock | None = None,
    folder: Path = Path("/nowhere"),
) -> Scheduler:
    policy = SchedulingPolicy(queue_size=queue_size, max_chunk_tokens=max_chunk_tokens)
    prefix_cache = PrefixCache(DerivedFiles(folder, 1 << 20), "counting")
    return Scheduler(channel, model, policy, prefix_cache, clock=clock or Clock())


def run_steps(scheduler: Scheduler, steps: int) -> None:
    for _ in range(steps):
        scheduler.step()


def test_a_prompt_is_prefilled_in_chunks_and_then_decoded_token_by_token() -> None:
    channel, model = FakeChannel(), CountingModel()
    call = channel.generate("a" * 59 + "u")
    run_steps(create_scheduler(channel, model), 7)
    assert model.inputs == [b"a" * 32, b"a" * 27 + b"u", b"v", b"w", b"x", b"y", b"z"]
    assert channel.deltas(call) == [
        *(Delta(letter) for letter in "vwxyz"),
        Delta("", "stop", Usage(prompt_tokens=60, completion_tokens=5)),
    ]
    assert channel.finished == [call.id]


def test_a_completion_ends_at_its_limit_or_at_the_end_of_the_window() -> None:
    channel, model = FakeChannel(), CountingModel()
    short, full = channel.generate("a", max_tokens=3), channel.generate("!" * (WINDOW - 5))
    run_steps(create_scheduler(channel, model, max_chunk_tokens=WINDOW), 8)
    assert (channel.text(short), channel.deltas(short)[-1].finish_reason) == ("bcd", "length")
    assert (len(channel.text(full)), channel.deltas(full)[-1].finish_reason) == (5, "length")


def test_one_slot_serves_requests_in_order_of_arrival() -> None:
    channel, model = FakeChannel(), CountingModel()
    calls = [channel.generate("w"), channel.generate("x")]
    run_steps(create_scheduler(channel, model), 7)
    assert [channel.text(call) for call in calls] == ["xyz", "yz"]
    assert channel.finished == [call.id for call in calls]


def test_info_and_counts_are_answered_between_two_steps_of_a_completion() -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model)
    call = channel.generate("a")
    run_steps(scheduler, 2)
    info, count = channel.ask("info"), channel.ask("count_tokens", {"messages": [{"role": "user", "content": "four"}]})
    run_steps(scheduler, 1)
    assert channel.answers[info.id] == [model.loaded]
    assert channel.answers[count.id] == [4]
    assert channel.text(call) == "bcd"


def test_a_cancelled_request_frees_its_slot_within_one_step() -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model)
    first, second = channel.generate("a"), channel.generate("x")
    run_steps(scheduler, 2)
    first.is_cancelled = True
    run_steps(scheduler, 1)
    assert (channel.text(first), channel.text(second)) == ("bc", "y")
    assert channel.finished == [first.id]


def test_a_prefill_that_is_aborted_in_a_step_leaves_a_valid_cache() -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model)
    first = channel.generate("a" * 64)
    run_steps(scheduler, 1)
    model.on_forward = lambda: setattr(first, "is_cancelled", True)
    run_steps(scheduler, 1)
    model.on_forward = bool
    second = channel.generate("a" * 63 + "x")
    run_steps(scheduler, 4)
    assert model.inputs[2:] == [b"a" * 31 + b"x", b"y", b"z"]
    assert channel.text(second) == "yz"


def test_a_request_cancelled_in_the_queue_is_never_admitted() -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model)
    channel.generate("x")
    second = channel.generate("abc")
    run_steps(scheduler, 1)
    second.is_cancelled = True
    run_steps(scheduler, 5)
    assert b"abc" not in model.inputs
    assert second.id in channel.finished


def test_a_cached_prompt_is_not_prefilled_again_but_for_the_last_chunk() -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model, max_chunk_tokens=WINDOW)
    channel.generate("a" * 50 + "w")
    run_steps(scheduler, 4)
    longer = channel.generate("a" * 50 + "wxy" + "b" * 20, max_tokens=1)
    same = channel.generate("a" * 50 + "wxy" + "b" * 20, max_tokens=1)
    run_steps(scheduler, 2)
    assert model.inputs[-2:] == [b"aawxy" + b"b" * 20] * 2
    assert [channel.deltas(call)[-1].usage for call in (longer, same)] == [Usage(73, 1, 48), Usage(73, 1, 48)]


def test_a_prompt_that_another_key_holder_has_sent_is_prefilled_as_if_it_were_new(tmp_path: Path) -> None:
    channel, model = FakeChannel(), CountingModel(slots=4)
    scheduler = create_scheduler(channel, model, max_chunk_tokens=WINDOW, folder=tmp_path)
    for who, cached in (("key:anna", 0), ("key:ben", 0), ("key:anna/laptop", 48), ("", 0), ("127.0.0.1", 48)):
        call = channel.generate("a" * 50 + "wxy" + "b" * 20, max_tokens=1, client=who)
        run_steps(scheduler, 4)
        assert channel.deltas(call)[-1].usage == Usage(73, 1, cached), who


def test_a_completion_is_prefilled_when_it_comes_back_in_a_prompt() -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model, max_chunk_tokens=WINDOW)
    channel.generate("a" * 31 + "b")
    run_steps(scheduler, 25)
    channel.generate("a" * 31 + "bcdefghijklmnopqrstuvwxyz" + "c" * 40, max_tokens=1)
    run_steps(scheduler, 1)
    assert model.inputs[-1].startswith(b"cdefghij")


def test_a_cache_that_cannot_be_truncated_is_prefilled_again() -> None:
    channel, model = FakeChannel(), CountingModel(can_rewind=False)
    calls = [channel.generate("a" * 31 + "z"), channel.generate("a" * 31 + "z")]
    run_steps(create_scheduler(channel, model), 2)
    assert model.inputs == [b"a" * 31 + b"z"] * 2
    assert [channel.deltas(call)[-1].usage for call in calls] == [Usage(32, 0, 0), Usage(32, 0, 0)]


def test_a_prompt_that_fills_the_window_is_refused_before_prefill() -> None:
    channel, model = FakeChannel(), CountingModel()
    call = channel.generate("a" * WINDOW)
    run_steps(create_scheduler(channel, model), 1)
    error = channel.errors[call.id]
    assert isinstance(error, PromptTooLongError)
    assert (error.prompt_tokens, error.context_window) == (WINDOW, WINDOW)
    assert model.inputs == []


def test_a_full_queue_refuses_a_request_and_the_others_go_on() -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model, queue_size=2)
    first = channel.generate("x")
    run_steps(scheduler, 1)
    others = [channel.generate("y") for _ in range(3)]
    run_steps(scheduler, 6)
    assert isinstance(channel.errors[others[2].id], EngineBusyError)
    assert [channel.text(call) for call in (first, *others)] == ["yz", "z", "z", ""]


def test_a_cancelled_request_leaves_room_in_the_queue() -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model, queue_size=1)
    channel.generate("a")
    run_steps(scheduler, 1)
    left = channel.generate("y")
    run_steps(scheduler, 1)
    left.is_cancelled = True
    channel.generate("y")
    run_steps(scheduler, 1)
    assert channel.errors == {}


def test_a_stop_string_is_not_shown() -> None:
    channel, model = FakeChannel(), CountingModel()
    call = channel.generate("a", stop=("ef",))
    run_steps(create_scheduler(channel, model), 6)
    assert (channel.text(call), channel.deltas(call)[-1].finish_reason) == ("bcd", "stop")


def test_every_request_without_text_gets_a_heartbeat_every_second() -> None:
    channel, model, clock = FakeChannel(), CountingModel(), Clock()
    model.on_forward = lambda: setattr(clock, "seconds", clock.seconds + 0.6)
    scheduler = create_scheduler(channel, model, clock=clock)
    reading, waiting = channel.generate("a" * 90), channel.generate("b")
    run_steps(scheduler, 2)
    assert channel.deltas(reading) == channel.deltas(waiting) == [Delta("")]


def test_running_completions_are_decoded_together_one_token_a_step() -> None:
    channel, model = FakeChannel(), CountingModel(slots=3)
    calls = [channel.generate(letter, max_tokens=5) for letter in "adg"]
    run_steps(create_scheduler(channel, model, queue_size=8), 8)
    assert [channel.text(call) for call in calls] == ["bcdef", "efghi", "hijkl"]
    assert max(model.steps) == 3


def test_the_prefill_of_a_long_prompt_does_not_stall_decoding() -> None:
    channel, model = FakeChannel(), CountingModel(slots=2)
    scheduler = create_scheduler(channel, model)
    answer = channel.generate("a")
    run_steps(scheduler, 1)
    channel.generate("!" * 96)
    run_steps(scheduler, 3)
    assert channel.text(answer) == "bcde"
    assert [len(forward) for forward in model.inputs] == [1, 1, 32, 1, 32, 1, 32]


def test_a_short_prompt_is_prefilled_before_the_rest_of_a_long_one() -> None:
    channel, model = FakeChannel(), CountingModel(slots=2)
    scheduler = create_scheduler(channel, model)
    channel.generate("!" * 96)
    run_steps(scheduler, 1)
    short = channel.generate("a", max_tokens=1)
    run_steps(scheduler, 1)
    assert channel.text(short) == "b"


def test_clients_take_turns_however_many_requests_one_of_them_has() -> None:
    channel, model = FakeChannel(), CountingModel(slots=2)
    busy = [channel.generate(letter, max_tokens=1, client="busy") for letter in "abcd"]
    other = channel.generate("x", max_tokens=1, client="other")
    run_steps(create_scheduler(channel, model, queue_size=8), 2)
    assert channel.finished == [busy[0].id, other.id]


def test_a_flood_of_one_client_neither_fills_the_queue_nor_slows_down_another() -> None:
    channel, model = FakeChannel(), CountingModel(slots=4)
    model.repeats = b"abcdefgh"
    scheduler = create_scheduler(channel, model, queue_size=4)
    flood = [channel.generate("a", max_tokens=60, client="10.0.0.1") for _ in range(4)]
    run_steps(scheduler, 2)
    flood += [channel.generate("a", max_tokens=60, client="10.0.0.1") for _ in range(8)]
    run_steps(scheduler, 2)
    refused = [call for call in flood if call.id in channel.errors]
    assert len(refused) == 4
    other = channel.generate("a", max_tokens=8, client="10.0.0.2")
    while other.id not in channel.finished:
        run_steps(scheduler, 1)
    before = len(model.steps)
    second = channel.generate("a", max_tokens=8, client="10.0.0.2")
    while second.id not in channel.finished:
        run_steps(scheduler, 1)
    assert channel.text(other) == channel.text(second) == "bcdefgha"
    decode_steps = [rows for rows in model.steps[before:] if rows > 1]
    assert len(decode_steps) <= 8
    assert set(decode_steps) == {2}
    while not scheduler.is_idle:
        run_steps(scheduler, 1)
    assert [channel.text(call) for call in flood if call not in refused] == [("bcdefgha" * 8)[:60]] * 8


def test_prompts_with_the_same_prefix_share_its_cache_while_it_is_in_use() -> None:
    channel, model = FakeChannel(), CountingModel(slots=3)
    scheduler = create_scheduler(channel, model, max_chunk_tokens=WINDOW)
    document = "d" * 64
    channel.generate(document + "first question a")
    run_steps(scheduler, 1)
    others = [channel.generate(document + f"question {number} wx", max_tokens=1) for number in (2, 3)]
    run_steps(scheduler, 3)
    assert [channel.deltas(call)[-1].usage for call in others] == [Usage(77, 1, 48)] * 2


def test_a_malformed_request_fails_alone() -> None:
    channel, model = FakeChannel(), CountingModel(slots=2)
    scheduler = create_scheduler(channel, model)
    good = channel.generate("w")
    bad = channel.ask(
        "generate", {"messages": [{"role": "user", "content": "a"}], "sampling": {"temperature": "hot"}, "client": ""}
    )
    run_steps(scheduler, 5)
    assert bad.id in channel.errors
    assert channel.text(good) == "xyz"


def make_repetitive(model: CountingModel) -> CountingModel:
    """Make a model repeat itself, with forward passes of many tokens nearly as fast as those of one."""
    model.repeats = b"abcdefgh"
    model.step_seconds = {1: 1.0, 2: 1.1, 4: 1.2, 8: 1.3, 16: 1.5}
    return model


def test_speculative_decoding_takes_fewer_steps_for_the_same_text() -> None:
    texts: list[str] = []
    steps: list[int] = []
    for model in (CountingModel(), make_repetitive(CountingModel())):
        model.repeats = b"abcdefgh"
        channel = FakeChannel()
        call = channel.generate("abcdefgh" * 2, max_tokens=60)
        run_steps(create_scheduler(channel, model), 61)
        texts.append(channel.text(call))
        steps.append(len(model.steps))
        assert channel.deltas(call)[-1].usage == Usage(16, 60, 0)
    assert texts == [("abcdefgh" * 8)[:60]] * 2
    assert steps[1] < steps[0] / 4


def test_a_rejected_draft_is_truncated() -> None:
    channel, model = FakeChannel(), make_repetitive(CountingModel())
    model.repeats = b""
    call = channel.generate("abcxxxx" * 4 + "ab", max_tokens=20)
    run_steps(create_scheduler(channel, model), 20)
    assert channel.text(call) == "cdefghijklmnopqrstuv"
    assert max(map(len, model.inputs[1:])) > 1


def test_a_completion_with_a_seed_is_decoded_token_by_token() -> None:
    channel, model = FakeChannel(), make_repetitive(CountingModel())
    params = GenerateParams((Message("user", "abcdefgh" * 2),), Sampling(max_tokens=20, seed=1))
    channel.ask("generate", params)
    run_steps(create_scheduler(channel, model), 21)
    assert max(map(len, model.inputs[1:])) == 1


def test_a_draft_never_passes_the_end_of_the_window() -> None:
    channel, model = FakeChannel(), make_repetitive(CountingModel())
    call = channel.generate("abcdefgh" * 4)
    run_steps(create_scheduler(channel, model), WINDOW)
    assert channel.deltas(call)[-1].usage == Usage(32, WINDOW - 32, 0)
    assert len(model.cache[0]) <= WINDOW


def test_log_probabilities_come_with_the_text_they_belong_to() -> None:
    channel, model = FakeChannel(), CountingModel()
    call = channel.ask("generate", GenerateParams((Message("user", "w"),), Sampling(top_logprobs=1)))
    run_steps(create_scheduler(channel, model), 5)
    tokens = [entry for delta in channel.deltas(call) for entry in delta.logprobs]
    assert b"".join(entry.token for entry in tokens) == b"xyz"
    assert all(entry.logprob == entry.top[0].logprob < 0 for entry in tokens)


def test_a_constraint_binds_its_own_request_alone() -> None:
    channel, model = FakeChannel(), CountingModel(slots=2)
    bound = channel.ask("generate", GenerateParams((Message("user", "c"),), Sampling(json_schema="{}", max_tokens=2)))
    free = channel.generate("c", max_tokens=2)
    run_steps(create_scheduler(channel, model), 4)
    assert channel.text(bound)[0] == "d"
    assert "e" not in channel.text(bound)
    assert channel.text(free) == "de"


PREFIX = "Rules and a document. " * 8  # 176 tokens of this model


def test_a_background_prefill_is_in_the_prefix_cache_after_a_restart(tmp_path: Path) -> None:
    channel, model = FakeChannel(), CountingModel(window=512)
    prefill = channel.ask("prefill", PrefillParams((Message("system", PREFIX),), ("c/f",)))
    run_steps(create_scheduler(channel, model, folder=tmp_path), 6)
    assert channel.deltas(prefill)[-1].usage == Usage(160, 0, 0)
    again = CountingModel(window=512)
    call = channel.ask("generate", GenerateParams((Message("system", PREFIX), Message("user", "xy")), Sampling()))
    run_steps(create_scheduler(channel, again, folder=tmp_path), 4)
    assert (channel.text(call), channel.deltas(call)[-1].usage) == ("z", Usage(178, 1, 160))
    assert again.inputs[0] == (PREFIX + "xy").encode()[160:]


def test_a_damaged_state_of_the_prefix_cache_is_prefilled_again(tmp_path: Path) -> None:
    channel, model = FakeChannel(), CountingModel(window=512)
    channel.ask("prefill", PrefillParams((Message("system", PREFIX),), ("c/f",)))
    run_steps(create_scheduler(channel, model, folder=tmp_path), 6)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    call = channel.ask("generate", GenerateParams((Message("system", PREFIX), Message("user", "xy")), Sampling()))
    run_steps(create_scheduler(channel, CountingModel(window=512), folder=tmp_path), 10)
    assert (channel.text(call), channel.deltas(call)[-1].usage) == ("z", Usage(178, 1, 0))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_error_loses_the_cached_prefix_and_no_answer(tmp_path: Path) -> None:
    folder = tmp_path / "a file"
    folder.write_text("in the place of the folder")
    channel, model = FakeChannel(), CountingModel(window=512)
    prefill = channel.ask("prefill", PrefillParams((Message("system", PREFIX),), ("c/f",)))
    scheduler = create_scheduler(channel, model, folder=folder)
    run_steps(scheduler, 6)
    assert channel.deltas(prefill)[-1].usage == Usage(160, 0, 0)
    call = channel.generate("xy")
    run_steps(scheduler, 4)
    assert channel.text(call) == "z"


def test_a_background_prefill_is_preempted_by_a_request(tmp_path: Path) -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model, folder=tmp_path)
    prefill = channel.ask("prefill", PrefillParams((Message("system", PREFIX[:100]),), ("c/f",)))
    run_steps(scheduler, 1)
    call = channel.generate("x")
    run_steps(scheduler, 3)
    assert channel.text(call) == "yz"
    assert prefill.id not in channel.finished
    run_steps(scheduler, 6)
    assert prefill.id in channel.finished


def test_a_step_of_a_background_prefill_is_aborted_for_a_call(tmp_path: Path) -> None:
    channel, model = FakeChannel(), CountingModel(slots=2)
    scheduler = create_scheduler(channel, model, folder=tmp_path)
    prefill = channel.ask("prefill", PrefillParams((Message("system", PREFIX[:100]),), ("c/f",)))
    calls: list[Call] = []
    model.on_forward = lambda: calls.append(channel.generate("x", max_tokens=1)) if not calls else None
    run_steps(scheduler, 2)
    assert channel.text(calls[0]) == "y"
    run_steps(scheduler, 6)
    assert channel.deltas(prefill)[-1].finish_reason == "stop"
    assert channel.errors == {}


@given(data=st.data())
@settings(max_examples=200)
def test_every_mix_of_requests_and_cancellations_serves_all_and_leaves_no_request(data: st.DataObject) -> None:
    channel = FakeChannel()
    model = CountingModel(can_rewind=data.draw(st.booleans()), slots=data.draw(st.integers(1, 5)))
    if data.draw(st.booleans()) and model.can_rewind:
        model.step_seconds = {1: 1.0, 2: 1.1, 4: 1.2, 8: 1.3, 16: 1.5}
    scheduler = create_scheduler(channel, model, queue_size=1_000)
    alive: dict[int, tuple[Call, str]] = {}
    for _ in range(data.draw(st.integers(1, 30))):
        match data.draw(st.sampled_from(["ask", "ask", "cancel", "step", "step"])):
            case "ask":
                start = data.draw(st.sampled_from(["", "d" * 40, "d" * 33 + "e" * 20]))
                prompt = start + data.draw(st.text("abcxyz", min_size=1, max_size=60))
                call = channel.generate(prompt, client=data.draw(st.sampled_from("AB")))
                alive[call.id] = (call, prompt)
            case "cancel" if alive:
                alive.pop(data.draw(st.sampled_from(sorted(alive))))[0].is_cancelled = True
            case _:
                scheduler.step()
    run_steps(scheduler, 40 * (len(channel.answers) + 1))
    for call, prompt in alive.values():
        after = prompt[-1]
        assert channel.text(call) == "abcdefghijklmnopqrstuvwxyz".partition(after)[2][: WINDOW - len(prompt)]
    assert sorted(channel.finished) == sorted(channel.answers)
    assert scheduler.is_idle


def test_a_failure_of_the_model_is_reported_and_ends_the_process() -> None:
    channel, model = FakeChannel(), CountingModel()
    call = channel.generate("a")

    def fail() -> None:
        raise ArithmeticError("no more")

    model.on_forward = fail
    with pytest.raises(ArithmeticError):
        create_scheduler(channel, model).step()
    error = channel.errors[call.id]
    assert isinstance(error, EngineCrashedError)
    assert (error.model, error.how) == ("counting", "ArithmeticError: no more")


@pytest.mark.parametrize(("method", "params"), [("dance", {}), ("generate", {"messages": 3}), ("count_tokens", {})])
def test_an_unknown_or_malformed_call_fails_alone(method: str, params: dict[str, object]) -> None:
    channel, model = FakeChannel(), CountingModel()
    scheduler = create_scheduler(channel, model)
    bad, good = channel.ask(method, params), channel.generate("y")
    run_steps(scheduler, 2)
    assert bad.id in channel.errors
    assert channel.text(good) == "z"


PARAMETERS = {
    "type": "object",
    "properties": {"place": {"enum": ["cellar", "roof"]}},
    "required": ["place"],
    "additionalProperties": False,
}
LOOK = Tool("look", "Look somewhere.", json.dumps(PARAMETERS))


def call_tools(choice: str, content: str, **fields: Any) -> tuple[CountingModel, list[Delta]]:
    channel, model = FakeChannel(), CountingModel(window=1_000)
    sampling = Sampling(reasoning_effort="high", **fields)
    params = GenerateParams(
        (Message("user", content),), sampling, tools=ToolUse((LOOK, Tool("wait")), choice, parallel=False)
    )
    call = channel.ask("generate", params)
    scheduler = create_scheduler(channel, model)
    while call.id not in channel.finished:
        scheduler.step()
    return model, channel.deltas(call)


def collect_calls(deltas: Sequence[Delta]) -> list[tuple[str, str]]:
    collector = ToolCallCollector()
    for delta in deltas:
        collector.add(delta.tool_calls)
    return [(call.name, call.arguments) for call in collector.calls]


def test_a_forced_call_obeys_the_schema_of_its_tool_and_is_no_text() -> None:
    model, deltas = call_tools("function:look", "a")
    assert collect_calls(deltas) == [("look", '{ "place" : "cellar" }')]
    assert "".join(delta.text for delta in deltas) == ""
    assert deltas[-1].finish_reason == "tool_calls"
    assert len([delta for delta in deltas if delta.tool_calls]) > 5, "the arguments are streamed"
    assert (model.offered, model.efforts) == ((LOOK,), [None]), "a model that has to call does not think before it"


def test_text_is_free_until_a_call_is_opened() -> None:
    model, deltas = call_tools("auto", "w")
    assert ("".join(delta.text for delta in deltas), collect_calls(deltas)) == ("xyz", [])
    assert deltas[-1].finish_reason == "stop"
    assert model.efforts == ["high"]


def test_a_call_that_is_cut_off_ends_for_its_length_with_what_it_has_of_its_arguments() -> None:
    _, whole = call_tools("required", "a")
    assert whole[-1].usage is not None
    _, deltas = call_tools("required", "a", max_tokens=whole[-1].usage.completion_tokens - 30)
    ((name, arguments),) = collect_calls(deltas)
    assert (name, deltas[-1].finish_reason) == ("look", "length")
    assert '{ "place" : "cellar" }'.startswith(arguments)
    assert arguments


def test_tools_that_must_not_be_called_are_not_shown() -> None:
    model, deltas = call_tools("none", "w")
    assert ("".join(delta.text for delta in deltas), model.offered) == ("xyz", ())


def test_a_stop_string_stops_no_call() -> None:
    _, deltas = call_tools("required", "a", stop=("cell", '"'))
    assert collect_calls(deltas)[0] == ("look", '{ "place" : "cellar" }')
