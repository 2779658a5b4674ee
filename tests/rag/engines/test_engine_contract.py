"""What every `Engine` promises: the scripted one of the tests, and the real one with a tiny model."""

from collections.abc import Sequence

import pytest

from rag.errors import PromptTooLongError
from rag.types import Delta, Engine, Message, Sampling
from tests.fakes import ScriptedEngine

MESSAGES = [Message("system", "Be brief."), Message("user", "What is the pressure of the valve?")]
SCRIPT = [f" word{number}" for number in range(40)]


@pytest.fixture(params=["scripted", pytest.param("llama", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "scripted":
        return ScriptedEngine(SCRIPT, context_window=400)
    tiny: Engine = request.getfixturevalue("tiny_engine")
    return tiny


def answer(engine: Engine, sampling: Sampling, messages: Sequence[Message] = MESSAGES) -> tuple[str, Delta]:
    deltas = list(engine.generate(messages, sampling))
    assert all(delta.finish_reason is None and delta.usage is None for delta in deltas[:-1])
    return "".join(delta.text for delta in deltas), deltas[-1]


def test_an_engine_knows_its_model_and_its_window(engine: Engine) -> None:
    info = engine.info()
    assert info.id
    assert info.context_window > engine.count_tokens(MESSAGES) > 0
    assert info.threads >= 1


def test_only_the_last_delta_has_a_finish_reason_and_the_usage(engine: Engine) -> None:
    text, last = answer(engine, Sampling(max_tokens=8))
    assert text
    assert last.finish_reason is not None
    assert last.usage is not None


def test_the_usage_counts_the_prompt_as_count_tokens_does(engine: Engine) -> None:
    usage = answer(engine, Sampling(max_tokens=8))[1].usage
    assert usage is not None
    assert usage.prompt_tokens == engine.count_tokens(MESSAGES)
    assert 0 <= usage.cached_tokens < usage.prompt_tokens


def test_a_longer_prompt_has_more_tokens(engine: Engine) -> None:
    assert engine.count_tokens([*MESSAGES, Message("assistant", "Nine bar.")]) > engine.count_tokens(MESSAGES)


def test_greedy_answers_repeat(engine: Engine) -> None:
    assert answer(engine, Sampling(max_tokens=16))[0] == answer(engine, Sampling(max_tokens=16))[0]


def test_an_answer_ends_at_its_limit(engine: Engine) -> None:
    _, last = answer(engine, Sampling(max_tokens=5))
    assert last.finish_reason == "length"
    assert last.usage is not None
    assert last.usage.completion_tokens == 5


def test_a_shorter_limit_gives_the_beginning_of_the_same_answer(engine: Engine) -> None:
    assert answer(engine, Sampling(max_tokens=16))[0].startswith(answer(engine, Sampling(max_tokens=4))[0])


def test_an_answer_ends_before_its_stop_string(engine: Engine) -> None:
    whole, _ = answer(engine, Sampling(max_tokens=16))
    stop = whole[len(whole) // 2 : len(whole) // 2 + 6]
    text, last = answer(engine, Sampling(max_tokens=16, stop=(stop, "never said")))
    assert text == whole[: whole.index(stop)]
    assert last.finish_reason == "stop"


def test_a_prompt_as_long_as_the_window_is_refused_before_any_delta(engine: Engine) -> None:
    messages = [Message("user", "word " * engine.info().context_window)]
    with pytest.raises(PromptTooLongError) as caught:
        next(engine.generate(messages, Sampling()))
    assert caught.value.prompt_tokens >= caught.value.context_window == engine.info().context_window


def test_an_answer_that_was_left_does_not_stand_in_the_way(engine: Engine) -> None:
    deltas = engine.generate(MESSAGES, Sampling())
    next(deltas)
    deltas.close()
    assert answer(engine, Sampling(max_tokens=4))[0]


def test_nothing_happens_before_the_first_delta_is_asked_for(engine: Engine) -> None:
    engine.generate([Message("user", "word " * engine.info().context_window)], Sampling()).close()
    assert answer(engine, Sampling(max_tokens=4))[0]
