"""The order of things in a model's process, with a model that counts instead of computing."""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.runtime.derived_files import DerivedFiles
from ingest.runtime.frames import CallFrame
from ingest.runtime.worker_main import Call
from rag.engines.serving.language_model import Row
from rag.engines.serving.prefix_cache import PrefixCache
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.scheduler import ModelWorker
from rag.engines.serving.scheduling_policy import Policy
from rag.engines.serving.worker_protocol import GenerateParams, LoadedModel, PrefillParams
from rag.engines.types import Delta, Message, ModelInfo, Sampling, Usage
from rag.errors import EngineBusyError, EngineCrashedError, PromptTooLongError

WINDOW = 128
INFO = ModelInfo("counting", "counting.gguf", "fake", WINDOW, 0, 1, 0)
END = 255


class CountingModel:
    """A `LanguageModel` whose tokens are bytes and that writes the alphabet, on from the last letter it read.

    After "z" it ends its answer. `reads` has what each row of each step was given; it checks that nothing is skipped
    or lost. `repeats` makes it write the same few letters over and over.
    """

    stop: tuple[str, ...] = ()

    def __init__(self, *, can_rewind: bool = True, sequences: int = 1, window: int = WINDOW) -> None:
        self.loaded = LoadedModel(replace(INFO, context_window=window), "for a test")
        self.can_rewind = can_rewind
        self.sequences = sequences
        self.memory: dict[int, list[int]] = defaultdict(list)
        self.reads: list[bytes] = []
        self.steps: list[int] = []
        self.on_read: Callable[[], object] = bool
        self.step_seconds: dict[int, float] = {}
        self.repeats = b""
        self._last: list[list[int]] = []

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        return list("".join(message.content for message in messages).encode())

    def read(self, rows: Sequence[Row], should_stop: Callable[[], bool]) -> bool:
        self.on_read()
        for row in rows:
            held = self.memory[row.sequence]
            assert row.position == len(held)
            assert 1 <= row.outputs <= len(row.tokens)
            held += row.tokens
            self.reads.append(bytes(row.tokens))
        self.steps.append(len(rows))
        self._last = [list(row.tokens[-row.outputs :]) for row in rows]
        return not should_stop()

    def logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        last = self._last[row][output]
        chances = np.zeros(END + 1, dtype=np.float32)
        if last in self.repeats:
            chances[self.repeats[(self.repeats.index(last) + 1) % len(self.repeats)]] = 1
        else:
            chances[END if last == ord("z") else last + 1] = 1
        return chances

    def constraints(self, sampling: Sampling) -> tuple[Constraint, ...]:
        return (Never(ord("e")),) if sampling.json_schema else ()

    def can_copy(self, sequence: int, count: int) -> bool:
        return self.can_keep(sequence, count)

    def can_keep(self, sequence: int, count: int) -> bool:
        return self.can_rewind or count in (0, len(self.memory[sequence]))

    def keep(self, sequence: int, count: int) -> None:
        assert count <= len(self.memory[sequence])
        assert self.can_keep(sequence, count)
        del self.memory[sequence][count:]

    def copy(self, source: int, target: int, count: int) -> None:
        self.memory[target] = self.memory[source][:count]

    def state(self, sequence: int) -> memoryview:
        return memoryview(bytes(self.memory[sequence]))

    def restore(self, sequence: int, state: bytes) -> bool:
        self.memory[sequence] = list(state)
        return True

    def is_end(self, token: int) -> bool:
        return token == END

    def piece(self, token: int) -> bytes:
        return bytes([token])


class Never:
    """A `Constraint` by which one token never comes."""

    def __init__(self, token: int) -> None:
        self._mask: NDArray[np.bool_] = np.arange(END + 1) == token

    def forbidden(self) -> NDArray[np.bool_]:
        return self._mask

    def accept(self, token: int) -> None:
        assert not self._mask[token]


class Desk:
    """A channel without a process: calls wait in a queue, answers are kept by call."""

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
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def worker(
    desk: Desk,
    model: CountingModel,
    *,
    prefill_tokens: int = 32,
    queue_size: int = 2,
    clock: Clock | None = None,
    folder: Path = Path("/nowhere"),
) -> ModelWorker:
    policy = Policy(queue_size=queue_size, prefill_tokens=prefill_tokens)
    heads = PrefixCache(DerivedFiles(folder, 1 << 20), "counting")
    return ModelWorker(desk, model, policy, heads, clock=clock or Clock())


def turns(serving: ModelWorker, count: int) -> None:
    for _ in range(count):
        serving.turn()


def test_a_prompt_is_read_in_parts_and_then_answered_token_by_token() -> None:
    desk, model = Desk(), CountingModel()
    call = desk.generate("a" * 59 + "u")
    turns(worker(desk, model), 7)
    assert model.reads == [b"a" * 32, b"a" * 27 + b"u", b"v", b"w", b"x", b"y", b"z"]
    assert desk.deltas(call) == [
        *(Delta(letter) for letter in "vwxyz"),
        Delta("", "stop", Usage(prompt_tokens=60, completion_tokens=5)),
    ]
    assert desk.finished == [call.id]


def test_an_answer_ends_at_its_limit_or_at_the_end_of_the_window() -> None:
    desk, model = Desk(), CountingModel()
    short, full = desk.generate("a", max_tokens=3), desk.generate("!" * (WINDOW - 5))
    turns(worker(desk, model, prefill_tokens=WINDOW), 8)
    assert (desk.text(short), desk.deltas(short)[-1].finish_reason) == ("bcd", "length")
    assert (len(desk.text(full)), desk.deltas(full)[-1].finish_reason) == (5, "length")


def test_answers_are_written_one_after_the_other_in_order_of_arrival() -> None:
    desk, model = Desk(), CountingModel()
    calls = [desk.generate("w"), desk.generate("x")]
    turns(worker(desk, model), 7)
    assert [desk.text(call) for call in calls] == ["xyz", "yz"]
    assert desk.finished == [call.id for call in calls]


def test_short_questions_are_answered_between_two_steps_of_a_long_answer() -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model)
    call = desk.generate("a")
    turns(serving, 2)
    info, count = desk.ask("info"), desk.ask("count_tokens", {"messages": [{"role": "user", "content": "four"}]})
    turns(serving, 1)
    assert desk.answers[info.id] == [model.loaded]
    assert desk.answers[count.id] == [4]
    assert desk.text(call) == "bcd"


def test_a_cancelled_answer_makes_way_within_one_step() -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model)
    first, second = desk.generate("a"), desk.generate("x")
    turns(serving, 2)
    first.is_cancelled = True
    turns(serving, 1)
    assert (desk.text(first), desk.text(second)) == ("bc", "y")
    assert desk.finished == [first.id]


def test_a_prompt_cancelled_in_the_middle_of_a_step_leaves_a_memory_that_can_be_trusted() -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model)
    first = desk.generate("a" * 64)
    turns(serving, 1)
    model.on_read = lambda: setattr(first, "is_cancelled", True)
    turns(serving, 1)
    model.on_read = bool
    second = desk.generate("a" * 63 + "x")
    turns(serving, 4)
    assert model.reads[2:] == [b"a" * 31 + b"x", b"y", b"z"]
    assert desk.text(second) == "yz"


def test_a_waiting_request_that_nobody_wants_any_more_is_never_begun() -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model)
    desk.generate("x")
    second = desk.generate("abc")
    turns(serving, 1)
    second.is_cancelled = True
    turns(serving, 5)
    assert b"abc" not in model.reads
    assert second.id in desk.finished


def test_what_was_read_already_is_not_read_again_but_for_the_last_grain() -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model, prefill_tokens=WINDOW)
    desk.generate("a" * 50 + "w")
    turns(serving, 4)
    longer = desk.generate("a" * 50 + "wxy" + "b" * 20, max_tokens=1)
    same = desk.generate("a" * 50 + "wxy" + "b" * 20, max_tokens=1)
    turns(serving, 2)
    assert model.reads[-2:] == [b"aawxy" + b"b" * 20] * 2
    assert [desk.deltas(call)[-1].usage for call in (longer, same)] == [Usage(73, 1, 48), Usage(73, 1, 48)]


def test_an_answer_is_read_again_when_it_comes_back_in_a_prompt() -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model, prefill_tokens=WINDOW)
    desk.generate("a" * 31 + "b")
    turns(serving, 25)
    desk.generate("a" * 31 + "bcdefghijklmnopqrstuvwxyz" + "c" * 40, max_tokens=1)
    turns(serving, 1)
    assert model.reads[-1].startswith(b"cdefghij")


def test_a_model_that_cannot_go_back_reads_everything_again() -> None:
    desk, model = Desk(), CountingModel(can_rewind=False)
    calls = [desk.generate("a" * 31 + "z"), desk.generate("a" * 31 + "z")]
    turns(worker(desk, model), 2)
    assert model.reads == [b"a" * 31 + b"z"] * 2
    assert [desk.deltas(call)[-1].usage for call in calls] == [Usage(32, 0, 0), Usage(32, 0, 0)]


def test_a_prompt_that_fills_the_window_is_refused_before_it_is_read() -> None:
    desk, model = Desk(), CountingModel()
    call = desk.generate("a" * WINDOW)
    turns(worker(desk, model), 1)
    error = desk.errors[call.id]
    assert isinstance(error, PromptTooLongError)
    assert (error.prompt_tokens, error.context_window) == (WINDOW, WINDOW)
    assert model.reads == []


def test_a_request_too_many_is_refused_and_the_others_go_on() -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model, queue_size=2)
    first = desk.generate("x")
    turns(serving, 1)
    others = [desk.generate("y") for _ in range(3)]
    turns(serving, 6)
    assert isinstance(desk.errors[others[2].id], EngineBusyError)
    assert [desk.text(call) for call in (first, *others)] == ["yz", "z", "z", ""]


def test_a_place_in_the_queue_is_free_again_when_its_owner_leaves() -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model, queue_size=1)
    desk.generate("a")
    turns(serving, 1)
    left = desk.generate("y")
    turns(serving, 1)
    left.is_cancelled = True
    desk.generate("y")
    turns(serving, 1)
    assert desk.errors == {}


def test_a_stop_string_is_not_shown() -> None:
    desk, model = Desk(), CountingModel()
    call = desk.generate("a", stop=("ef",))
    turns(worker(desk, model), 6)
    assert (desk.text(call), desk.deltas(call)[-1].finish_reason) == ("bcd", "stop")


def test_whoever_waits_gets_a_sign_of_life_every_second() -> None:
    desk, model, clock = Desk(), CountingModel(), Clock()
    model.on_read = lambda: setattr(clock, "seconds", clock.seconds + 0.6)
    serving = worker(desk, model, clock=clock)
    reading, waiting = desk.generate("a" * 90), desk.generate("b")
    turns(serving, 2)
    assert desk.deltas(reading) == desk.deltas(waiting) == [Delta("")]


def test_answers_that_have_begun_are_written_together_one_token_a_step() -> None:
    desk, model = Desk(), CountingModel(sequences=3)
    calls = [desk.generate(letter, max_tokens=5) for letter in "adg"]
    turns(worker(desk, model, queue_size=8), 8)
    assert [desk.text(call) for call in calls] == ["bcdef", "efghi", "hijkl"]
    assert max(model.steps) == 3


def test_a_long_prompt_does_not_keep_answers_waiting() -> None:
    desk, model = Desk(), CountingModel(sequences=2)
    serving = worker(desk, model)
    answer = desk.generate("a")
    turns(serving, 1)
    desk.generate("!" * 96)
    turns(serving, 3)
    assert desk.text(answer) == "bcde"
    assert [len(read) for read in model.reads] == [1, 1, 32, 1, 32, 1, 32]


def test_a_short_prompt_is_read_before_the_rest_of_a_long_one() -> None:
    desk, model = Desk(), CountingModel(sequences=2)
    serving = worker(desk, model)
    desk.generate("!" * 96)
    turns(serving, 1)
    short = desk.generate("a", max_tokens=1)
    turns(serving, 1)
    assert desk.text(short) == "b"


def test_clients_take_turns_however_many_requests_one_of_them_has() -> None:
    desk, model = Desk(), CountingModel(sequences=2)
    busy = [desk.generate(letter, max_tokens=1, client="busy") for letter in "abcd"]
    other = desk.generate("x", max_tokens=1, client="other")
    turns(worker(desk, model, queue_size=8), 2)
    assert desk.finished == [busy[0].id, other.id]


def test_prompts_that_begin_alike_share_what_was_read_while_it_is_in_use() -> None:
    desk, model = Desk(), CountingModel(sequences=3)
    serving = worker(desk, model, prefill_tokens=WINDOW)
    document = "d" * 64
    desk.generate(document + "first question a")
    turns(serving, 1)
    others = [desk.generate(document + f"question {number} wx", max_tokens=1) for number in (2, 3)]
    turns(serving, 3)
    assert [desk.deltas(call)[-1].usage for call in others] == [Usage(77, 1, 48)] * 2


def test_a_request_that_cannot_be_written_fails_alone() -> None:
    desk, model = Desk(), CountingModel(sequences=2)
    serving = worker(desk, model)
    good = desk.generate("w")
    bad = desk.ask(
        "generate", {"messages": [{"role": "user", "content": "a"}], "sampling": {"temperature": "hot"}, "client": ""}
    )
    turns(serving, 5)
    assert bad.id in desk.errors
    assert desk.text(good) == "xyz"


def quoting(model: CountingModel) -> CountingModel:
    """Make a model repeat itself, where a step of many tokens costs little more than one of a single token."""
    model.repeats = b"abcdefgh"
    model.step_seconds = {1: 1.0, 2: 1.1, 4: 1.2, 8: 1.3, 16: 1.5}
    return model


def test_what_an_answer_repeats_is_read_in_fewer_steps_and_is_the_same_text() -> None:
    texts: list[str] = []
    steps: list[int] = []
    for model in (CountingModel(), quoting(CountingModel())):
        model.repeats = b"abcdefgh"
        desk = Desk()
        call = desk.generate("abcdefgh" * 2, max_tokens=60)
        turns(worker(desk, model), 61)
        texts.append(desk.text(call))
        steps.append(len(model.steps))
        assert desk.deltas(call)[-1].usage == Usage(16, 60, 0)
    assert texts == [("abcdefgh" * 8)[:60]] * 2
    assert steps[1] < steps[0] / 4


def test_a_draft_that_is_wrong_is_forgotten() -> None:
    desk, model = Desk(), quoting(CountingModel())
    model.repeats = b""
    call = desk.generate("abcxxxx" * 4 + "ab", max_tokens=20)
    turns(worker(desk, model), 20)
    assert desk.text(call) == "cdefghijklmnopqrstuv"
    assert max(map(len, model.reads[1:])) > 1


def test_an_answer_with_a_seed_is_written_token_by_token() -> None:
    desk, model = Desk(), quoting(CountingModel())
    params = GenerateParams((Message("user", "abcdefgh" * 2),), Sampling(max_tokens=20, seed=1))
    desk.ask("generate", params)
    turns(worker(desk, model), 21)
    assert max(map(len, model.reads[1:])) == 1


def test_a_draft_never_passes_the_end_of_the_window() -> None:
    desk, model = Desk(), quoting(CountingModel())
    call = desk.generate("abcdefgh" * 4)
    turns(worker(desk, model), WINDOW)
    assert desk.deltas(call)[-1].usage == Usage(32, WINDOW - 32, 0)
    assert len(model.memory[0]) <= WINDOW


def test_log_probabilities_come_with_the_text_they_belong_to() -> None:
    desk, model = Desk(), CountingModel()
    call = desk.ask("generate", GenerateParams((Message("user", "w"),), Sampling(top_logprobs=1)))
    turns(worker(desk, model), 5)
    tokens = [entry for delta in desk.deltas(call) for entry in delta.logprobs]
    assert b"".join(entry.token for entry in tokens) == b"xyz"
    assert all(entry.logprob == entry.top[0].logprob < 0 for entry in tokens)


def test_a_constraint_binds_its_own_request_alone() -> None:
    desk, model = Desk(), CountingModel(sequences=2)
    bound = desk.ask("generate", GenerateParams((Message("user", "c"),), Sampling(json_schema="{}", max_tokens=2)))
    free = desk.generate("c", max_tokens=2)
    turns(worker(desk, model), 4)
    assert desk.text(bound)[0] == "d"
    assert "e" not in desk.text(bound)
    assert desk.text(free) == "de"


HEAD = "Rules and a document. " * 8  # 176 tokens of this model


def test_a_head_is_read_ahead_and_is_there_after_a_restart(tmp_path: Path) -> None:
    desk, model = Desk(), CountingModel(window=512)
    prepared = desk.ask("prefill", PrefillParams((Message("system", HEAD),), ("c/f",)))
    turns(worker(desk, model, folder=tmp_path), 6)
    assert desk.deltas(prepared)[-1].usage == Usage(160, 0, 0)
    again = CountingModel(window=512)
    call = desk.ask("generate", GenerateParams((Message("system", HEAD), Message("user", "xy")), Sampling()))
    turns(worker(desk, again, folder=tmp_path), 4)
    assert (desk.text(call), desk.deltas(call)[-1].usage) == ("z", Usage(178, 1, 160))
    assert again.reads[0] == (HEAD + "xy").encode()[160:]


def test_a_head_that_is_damaged_is_read_again(tmp_path: Path) -> None:
    desk, model = Desk(), CountingModel(window=512)
    desk.ask("prefill", PrefillParams((Message("system", HEAD),), ("c/f",)))
    turns(worker(desk, model, folder=tmp_path), 6)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    call = desk.ask("generate", GenerateParams((Message("system", HEAD), Message("user", "xy")), Sampling()))
    turns(worker(desk, CountingModel(window=512), folder=tmp_path), 10)
    assert (desk.text(call), desk.deltas(call)[-1].usage) == ("z", Usage(178, 1, 0))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_costs_what_is_read_ahead_and_no_answer(tmp_path: Path) -> None:
    folder = tmp_path / "a file"
    folder.write_text("in the place of the folder")
    desk, model = Desk(), CountingModel(window=512)
    prepared = desk.ask("prefill", PrefillParams((Message("system", HEAD),), ("c/f",)))
    serving = worker(desk, model, folder=folder)
    turns(serving, 6)
    assert desk.deltas(prepared)[-1].usage == Usage(160, 0, 0)
    call = desk.generate("xy")
    turns(serving, 4)
    assert desk.text(call) == "z"


def test_what_is_read_ahead_gives_way_to_whoever_asks(tmp_path: Path) -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model, folder=tmp_path)
    prepared = desk.ask("prefill", PrefillParams((Message("system", HEAD[:100]),), ("c/f",)))
    turns(serving, 1)
    call = desk.generate("x")
    turns(serving, 3)
    assert desk.text(call) == "yz"
    assert prepared.id not in desk.finished
    turns(serving, 6)
    assert prepared.id in desk.finished


def test_a_step_that_reads_ahead_is_broken_off_for_a_call(tmp_path: Path) -> None:
    desk, model = Desk(), CountingModel(sequences=2)
    serving = worker(desk, model, folder=tmp_path)
    prepared = desk.ask("prefill", PrefillParams((Message("system", HEAD[:100]),), ("c/f",)))
    calls: list[Call] = []
    model.on_read = lambda: calls.append(desk.generate("x", max_tokens=1)) if not calls else None
    turns(serving, 2)
    assert desk.text(calls[0]) == "y"
    turns(serving, 6)
    assert desk.deltas(prepared)[-1].finish_reason == "stop"
    assert desk.errors == {}


@given(data=st.data())
@settings(max_examples=200)
def test_whatever_comes_and_goes_everybody_is_served_and_nothing_is_left_behind(data: st.DataObject) -> None:
    desk = Desk()
    model = CountingModel(can_rewind=data.draw(st.booleans()), sequences=data.draw(st.integers(1, 5)))
    if data.draw(st.booleans()) and model.can_rewind:
        model.step_seconds = {1: 1.0, 2: 1.1, 4: 1.2, 8: 1.3, 16: 1.5}
    serving = worker(desk, model, queue_size=1_000)
    alive: dict[int, tuple[Call, str]] = {}
    for _ in range(data.draw(st.integers(1, 30))):
        match data.draw(st.sampled_from(["ask", "ask", "leave", "turn", "turn"])):
            case "ask":
                start = data.draw(st.sampled_from(["", "d" * 40, "d" * 33 + "e" * 20]))
                prompt = start + data.draw(st.text("abcxyz", min_size=1, max_size=60))
                call = desk.generate(prompt, client=data.draw(st.sampled_from("AB")))
                alive[call.id] = (call, prompt)
            case "leave" if alive:
                alive.pop(data.draw(st.sampled_from(sorted(alive))))[0].is_cancelled = True
            case _:
                serving.turn()
    turns(serving, 40 * (len(desk.answers) + 1))
    for call, prompt in alive.values():
        after = prompt[-1]
        assert desk.text(call) == "abcdefghijklmnopqrstuvwxyz".partition(after)[2][: WINDOW - len(prompt)]
    assert sorted(desk.finished) == sorted(desk.answers)
    assert serving.is_idle


def test_a_model_that_fails_ends_the_process_and_says_so_first() -> None:
    desk, model = Desk(), CountingModel()
    call = desk.generate("a")

    def fail() -> None:
        raise ArithmeticError("no more")

    model.on_read = fail
    with pytest.raises(ArithmeticError):
        worker(desk, model).turn()
    error = desk.errors[call.id]
    assert isinstance(error, EngineCrashedError)
    assert (error.model, error.how) == ("counting", "ArithmeticError: no more")


@pytest.mark.parametrize(("method", "params"), [("dance", {}), ("generate", {"messages": 3}), ("count_tokens", {})])
def test_a_call_that_makes_no_sense_fails_alone(method: str, params: dict[str, object]) -> None:
    desk, model = Desk(), CountingModel()
    serving = worker(desk, model)
    bad, good = desk.ask(method, params), desk.generate("y")
    turns(serving, 2)
    assert bad.id in desk.errors
    assert desk.text(good) == "z"
