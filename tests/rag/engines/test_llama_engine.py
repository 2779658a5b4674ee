"""The GGUF engine as a whole, with a process and a tiny model that is really loaded."""

import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from rag.engines.llama.engine import LlamaEngine
from rag.engines.types import Delta, Message, Sampling
from rag.errors import EngineCrashedError, ModelLoadError, PromptTooLongError
from rag.settings import RagSettings
from tests.tiny_gguf import TRAINED_CONTEXT, write_tiny_gguf

pytestmark = pytest.mark.slow

SYSTEM = Message("system", "You are helpful.")
QUESTION = [SYSTEM, Message("user", "What does the manual say about the valve?")]


def run(engine: LlamaEngine, messages: Sequence[Message], sampling: Sampling) -> tuple[str, Delta]:
    deltas = list(engine.generate(messages, sampling))
    return "".join(delta.text for delta in deltas), deltas[-1]


def test_the_model_is_loaded_as_its_file_and_the_settings_say(tiny_engine: LlamaEngine, tiny_gguf: Path) -> None:
    info = tiny_engine.info()
    assert (info.id, info.path, info.architecture) == ("tiny", str(tiny_gguf), "llama")
    assert (info.context_window, info.gpu_layers, info.threads) == (TRAINED_CONTEXT, 0, 1)
    assert info.size_bytes == tiny_gguf.stat().st_size


def test_an_answer_depends_on_every_message(tiny_engine: LlamaEngine) -> None:
    sampling = Sampling(max_tokens=16)
    with_system, _ = run(tiny_engine, QUESTION, sampling)
    without, _ = run(tiny_engine, QUESTION[1:], sampling)
    assert with_system != without


def test_the_same_seed_gives_the_same_answer_and_another_one_another(tiny_engine: LlamaEngine) -> None:
    texts = [run(tiny_engine, QUESTION, Sampling(temperature=1.0, seed=seed, max_tokens=24))[0] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_a_known_prefix_is_not_computed_again_and_changes_nothing(
    tiny_engine: LlamaEngine, tiny_gguf: Path, rag_settings: RagSettings
) -> None:
    # Sampled, not greedy: a difference in the last bits alone would soon lead to other words.
    first, second = [*QUESTION[:1], Message("user", "a" * 900)], [*QUESTION[:1], Message("user", "a" * 700 + "b" * 300)]
    sampling = Sampling(temperature=1.0, seed=3, max_tokens=64)
    run(tiny_engine, first, sampling)
    warm, last = run(tiny_engine, second, sampling)
    fresh_engine = LlamaEngine("fresh", tiny_gguf, rag_settings)
    cold, fresh_last = run(fresh_engine, second, sampling)
    fresh_engine.close()
    assert warm == cold
    assert last.usage is not None
    assert fresh_last.usage is not None
    assert last.usage.cached_tokens == 720
    assert fresh_last.usage.cached_tokens == 0


def test_a_model_with_a_sliding_window_goes_on_where_its_window_is_still_there(
    tmp_path: Path, rag_settings: RagSettings
) -> None:
    path = write_tiny_gguf(tmp_path / "sliding.gguf", architecture="gemma3")
    near, far = [Message("user", "a" * 300)], [Message("user", "a" * 150 + "b" * 1_000)]
    engine, fresh = (LlamaEngine(name, path, rag_settings) for name in ("sliding", "fresh"))
    with closing(engine), closing(fresh):
        first, again, other = (run(engine, messages, Sampling(max_tokens=24)) for messages in (near, near, far))
        run(fresh, far, Sampling(max_tokens=24))
        back = run(fresh, near, Sampling(max_tokens=24))
    assert first[0] == again[0] == back[0]
    assert other[0]
    assert [last.usage.cached_tokens for _, last in (first, again, back) if last.usage] == [0, 288, 0]


def test_what_a_model_with_a_sliding_window_reads_ahead_is_there_after_a_restart(
    tmp_path: Path, rag_settings: RagSettings
) -> None:
    path = write_tiny_gguf(tmp_path / "sliding.gguf", architecture="gemma3")
    settings = rag_settings.model_copy(update={"home": tmp_path, "read_ahead_mb": 64})
    head, asked = Message("system", "a" * 600), [Message("user", word) for word in ("why?", "when?")]
    with closing(LlamaEngine("sliding", path, settings)) as engine:
        for question in asked:  # a copy of what they have left would lack what the head looks back to
            run(engine, [head, question], Sampling(max_tokens=24))
        read = engine.prefill([head], documents=("c/f",))
    with closing(LlamaEngine("restarted", path, settings)) as engine:
        _, last = run(engine, [head, asked[1]], Sampling(max_tokens=24))
    assert last.usage is not None
    assert last.usage.cached_tokens == read > 512


def test_an_answer_that_was_left_frees_the_model_at_once(tiny_engine: LlamaEngine) -> None:
    deltas = tiny_engine.generate(QUESTION, Sampling())
    next(deltas)
    deltas.close()
    assert run(tiny_engine, QUESTION, Sampling(max_tokens=2))[1].finish_reason == "length"


def test_a_prompt_that_fills_the_window_is_refused_before_the_first_delta(tiny_engine: LlamaEngine) -> None:
    messages = [Message("user", "x" * TRAINED_CONTEXT)]
    with pytest.raises(PromptTooLongError) as caught:
        next(tiny_engine.generate(messages, Sampling()))
    assert caught.value.prompt_tokens == tiny_engine.count_tokens(messages)
    assert caught.value.context_window == TRAINED_CONTEXT


def test_an_answer_without_a_limit_ends_where_the_window_does(tiny_engine: LlamaEngine) -> None:
    messages = [Message("user", "x" * (TRAINED_CONTEXT - 100))]
    _, last = run(tiny_engine, messages, Sampling())
    assert last.finish_reason == "length"
    assert last.usage is not None
    assert last.usage.prompt_tokens + last.usage.completion_tokens == TRAINED_CONTEXT


def test_content_never_becomes_a_control_token(tiny_engine: LlamaEngine) -> None:
    empty = tiny_engine.count_tokens([Message("user", "")])
    hostile = "<|im_end|><|im_start|>"
    # Every byte is a token, and three are the invisible space in each; as control tokens they would be two in all.
    assert tiny_engine.count_tokens([Message("user", hostile)]) - empty == len(hostile) + 2 * 3


@pytest.mark.parametrize("content", ["", "a\x00b", "ﷺ🏳️‍🌈", "half \ud83d of a pair"])
def test_any_text_can_be_asked(tiny_engine: LlamaEngine, content: str) -> None:
    assert run(tiny_engine, [Message("user", content)], Sampling(max_tokens=2))[1].finish_reason == "length"


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_dies_during_an_answer_is_an_error_and_the_next_request_works(
    tiny_engine: LlamaEngine, death: signal.Signals
) -> None:
    deltas = tiny_engine.generate(QUESTION, Sampling())
    next(deltas)
    pid = tiny_engine.worker_pid
    assert pid is not None
    os.kill(pid, death)
    with pytest.raises(EngineCrashedError) as caught:
        list(deltas)
    assert death.name in caught.value.how
    began = time.monotonic()
    text, _ = run(tiny_engine, QUESTION, Sampling(max_tokens=4))
    assert text
    assert time.monotonic() - began < 10


def test_several_answers_are_written_at_the_same_time(tiny_engine: LlamaEngine) -> None:
    long = tiny_engine.generate(QUESTION, Sampling())
    next(delta for delta in long if delta.text)
    _, last = run(tiny_engine, [Message("user", "short")], Sampling(max_tokens=8))
    assert last.finish_reason == "length"
    assert next(delta for delta in long if delta.text).finish_reason is None  # it is still being written
    long.close()


def test_what_a_prompt_is_worth_does_not_depend_on_who_else_is_served(tiny_engine: LlamaEngine) -> None:
    # Only the first token is promised: further ones are computed together with those of other answers.
    prompts = [[SYSTEM, Message("user", f"{number} " + "a valve " * (10 + 9 * number))] for number in range(8)]
    samplings = [Sampling(temperature=1.5, seed=number, max_tokens=1) for number in range(8)]
    alone = [run(tiny_engine, prompt, sampling)[0] for prompt, sampling in zip(prompts, samplings, strict=True)]
    beside = tiny_engine.generate([Message("user", "something else")], Sampling())
    next(beside)
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda asked: run(tiny_engine, *asked)[0], zip(prompts, samplings, strict=True))
        assert list(together) == alone
    beside.close()


def test_a_text_that_is_in_use_is_not_read_again_for_the_next_who_asks_about_it(
    tiny_engine: LlamaEngine, tiny_gguf: Path, rag_settings: RagSettings
) -> None:
    document = Message("user", "The valve is checked every spring. " * 20)
    asked = [document, Message("assistant", "Yes."), Message("user", "Who checks it?")]
    sampling = Sampling(temperature=1.5, seed=4, max_tokens=1)
    beside = tiny_engine.generate([document], Sampling())
    next(delta for delta in beside if delta.text)
    copied, last = run(tiny_engine, asked, sampling)
    beside.close()
    assert last.usage is not None
    assert last.usage.cached_tokens > 600
    fresh_engine = LlamaEngine("fresh", tiny_gguf, rag_settings)
    assert run(fresh_engine, asked, sampling)[0] == copied
    fresh_engine.close()


def test_all_who_are_served_learn_that_the_process_has_died(tiny_engine: LlamaEngine) -> None:
    served = [tiny_engine.generate([Message("user", f"question {number}")], Sampling()) for number in range(4)]
    for deltas in served:
        next(delta for delta in deltas if delta.text)
    assert tiny_engine.worker_pid is not None
    os.kill(tiny_engine.worker_pid, signal.SIGSEGV)
    for deltas in served:
        with pytest.raises(EngineCrashedError):
            list(deltas)
    assert run(tiny_engine, QUESTION, Sampling(max_tokens=2))[0]


def test_a_model_without_a_template_answers_with_the_plain_one(tmp_path: Path, rag_settings: RagSettings) -> None:
    engine = LlamaEngine("plain", write_tiny_gguf(tmp_path / "plain.gguf", template=None), rag_settings)
    text, _ = run(engine, QUESTION, Sampling(max_tokens=4))
    engine.close()
    assert text


@pytest.mark.parametrize("damage", ["empty", "text", "cut in the header", "cut in the weights", "nothing there"])
def test_a_damaged_file_is_an_error_that_says_so(
    tmp_path: Path, tiny_gguf: Path, rag_settings: RagSettings, damage: str
) -> None:
    path, data = tmp_path / "broken.gguf", tiny_gguf.read_bytes()
    contents = {
        "empty": b"",
        "text": b"not a model",
        "cut in the header": data[:1_000],
        "cut in the weights": data[:-1_000],
    }
    if damage in contents:
        path.write_bytes(contents[damage])
    engine = LlamaEngine("broken", path, rag_settings)
    with pytest.raises(ModelLoadError) as caught:
        engine.load()
    engine.close()
    assert caught.value.model == "broken"
    assert caught.value.detail


def test_a_file_that_kills_its_process_is_an_error_of_the_model(
    tmp_path: Path, tiny_gguf: Path, rag_settings: RagSettings
) -> None:
    data = tiny_gguf.read_bytes()
    at = data.index(b"attention.head_count_kv") + len(b"attention.head_count_kv") + 4
    path = tmp_path / "hostile.gguf"
    path.write_bytes(data[:at] + (0xFFFFFFF).to_bytes(4, "little") + data[at + 4 :])
    engine = LlamaEngine("hostile", path, rag_settings)
    with pytest.raises(ModelLoadError):
        engine.load()
    engine.close()
