"""What every `Engine` promises: the scripted one of the tests, and the real ones with tiny models or a small server."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.responses import JSONResponse

from rag.engines.llama.engine import LlamaEngine
from rag.engines.openai.client import OpenAiServer
from rag.engines.openai.engine import OpenAiEngine
from rag.engines.transformers.engine import TransformersEngine
from rag.engines.types import Delta, Engine, Message, Sampling
from rag.engines.worker_engine import WorkerEngine
from rag.errors import EngineBusyError, EngineCrashedError, PromptTooLongError, TokenizerOutOfReachError
from rag.settings import RagSettings
from tests.fakes import ScriptedEngine
from tests.tiny_transformers import write_tiny_transformers
from tests.wire_server import WireServer

MESSAGES = [Message("system", "Be brief."), Message("user", "What is the pressure of the valve?")]
SCRIPT = [f" word{number}" for number in range(40)]
FIRST_BYTE, SECOND_BYTE = 131, 106
"""The tokens of the tiny models for the two bytes of é."""

SLOW = [pytest.param("llama", marks=pytest.mark.slow), pytest.param("transformers", marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_transformers(tmp_path_factory.mktemp("transformers") / "tiny")


@pytest.fixture(scope="module")
def tiny_torch(tiny_folder: Path, rag_settings: RagSettings) -> Iterator[TransformersEngine]:
    engine = TransformersEngine("tiny-torch", tiny_folder, rag_settings)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def served() -> Iterator[OpenAiEngine]:
    """A scripted engine behind a server on loopback."""
    with WireServer("vllm", ScriptedEngine(SCRIPT, context_window=400)).live() as wire:
        engine = OpenAiEngine("remote/Maker/Model", OpenAiServer(wire.url, ""), context_window=None, timeout_seconds=20)
        yield engine
        engine.close()


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Engine:
    """A model that samples: one of the tiny ones."""
    engine: Engine = request.getfixturevalue({"llama": "tiny_engine", "transformers": "tiny_torch"}[request.param])
    return engine


@pytest.fixture(params=["scripted", "openai", *SLOW])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "scripted":
        return ScriptedEngine(SCRIPT, context_window=400)
    names = {"openai": "served", "llama": "tiny_engine", "transformers": "tiny_torch"}
    engine: Engine = request.getfixturevalue(names[request.param])
    return engine


def answer(engine: Engine, sampling: Sampling, messages: Sequence[Message] = MESSAGES) -> tuple[str, Delta]:
    deltas = list(engine.generate(messages, sampling))
    assert all(delta.finish_reason is None and delta.usage is None for delta in deltas[:-1])
    return "".join(delta.text for delta in deltas), deltas[-1]


def first_of(engine: Engine, messages: Sequence[Message] = MESSAGES) -> Delta | EngineBusyError:
    """Return the first delta of an answer, or that the engine is busy, and leave."""
    deltas = engine.generate(messages, Sampling())
    try:
        return next(deltas)
    except EngineBusyError as error:
        return error
    finally:
        deltas.close()


def test_an_engine_knows_its_model_and_its_window(engine: Engine) -> None:
    info = engine.info()
    assert info.id
    assert info.context_window > engine.count_tokens(MESSAGES) > 0


def test_only_the_last_delta_has_a_finish_reason_and_the_usage(engine: Engine) -> None:
    text, last = answer(engine, Sampling(max_tokens=8))
    assert text
    assert last.finish_reason is not None
    assert last.usage is not None


def test_a_text_is_continued_as_it_is(engine: Engine) -> None:
    deltas = list(engine.complete("The pressure of", Sampling(max_tokens=8)))
    assert all(delta.finish_reason is None and delta.usage is None for delta in deltas[:-1])
    assert "".join(delta.text for delta in deltas)
    chat = list(engine.generate([Message("user", "The pressure of")], Sampling(max_tokens=8)))
    assert deltas[-1].usage is not None
    assert chat[-1].usage is not None
    assert 0 < deltas[-1].usage.prompt_tokens <= chat[-1].usage.prompt_tokens


@pytest.mark.parametrize("real", SLOW, indirect=True)
def test_an_empty_text_is_continued_too(real: Engine) -> None:
    last = list(real.complete("", Sampling(max_tokens=2)))[-1]
    assert last.usage is not None
    assert last.usage.prompt_tokens >= 1


@pytest.mark.parametrize("real", SLOW, indirect=True)
def test_the_rendered_chat_has_the_tokens_of_the_chat(real: Engine) -> None:
    prompt = real.render(MESSAGES)
    assert all(message.content in prompt for message in MESSAGES)
    assert len(real.tokenize(prompt)) == real.count_tokens(MESSAGES)


@pytest.mark.parametrize("real", SLOW, indirect=True)
def test_a_text_has_tokens_and_an_empty_one_none(real: Engine) -> None:
    assert real.tokenize("") == []
    assert 0 < len(real.tokenize("The pump")) < len(real.tokenize("The pump is oiled every month."))


def test_the_tokens_of_a_remote_model_are_its_servers(served: OpenAiEngine) -> None:
    with pytest.raises(TokenizerOutOfReachError, match="on the server"):
        served.tokenize("The pump")
    with pytest.raises(TokenizerOutOfReachError, match="on the server"):
        served.render(MESSAGES)


@pytest.fixture
def worker_that_breaks_off() -> Iterator[Engine]:
    target = "tests.worker_targets:breaks_off"
    engine = WorkerEngine("broken", target=target, options={}, timeout_seconds=20)
    yield engine
    engine.close()


@pytest.fixture
def server_that_breaks_off() -> Iterator[Engine]:
    with WireServer("vllm", events=['{"choices": [{"delta": {"content": "The pump"}}]}']).live() as wire:
        yield OpenAiEngine("remote/Maker/Model", OpenAiServer(wire.url, ""), context_window=None, timeout_seconds=20)


@pytest.mark.parametrize("kind", ["worker_that_breaks_off", "server_that_breaks_off"])
def test_a_completion_that_breaks_off_is_an_error_after_its_words(kind: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(kind)
    deltas = engine.generate(MESSAGES, Sampling())
    assert next(delta.text for delta in deltas if delta.text).startswith("The")
    with pytest.raises(EngineCrashedError, match="without a finish reason"):
        list(deltas)


def test_the_usage_counts_the_prompt_as_count_tokens_does(engine: Engine) -> None:
    usage = answer(engine, Sampling(max_tokens=8))[1].usage
    assert usage is not None
    assert usage.prompt_tokens == engine.count_tokens(MESSAGES)
    assert 0 <= usage.cached_tokens < usage.prompt_tokens


def test_a_longer_prompt_has_more_tokens(engine: Engine) -> None:
    assert engine.count_tokens([*MESSAGES, Message("assistant", "Nine bar.")]) > engine.count_tokens(MESSAGES)


def test_greedy_answers_repeat(engine: Engine) -> None:
    assert answer(engine, Sampling(max_tokens=16))[0] == answer(engine, Sampling(max_tokens=16))[0]


def test_an_answer_with_a_seed_repeats(engine: Engine) -> None:
    sampling = Sampling(temperature=1.0, seed=11, max_tokens=16)
    assert answer(engine, sampling)[0] == answer(engine, sampling)[0]


@pytest.mark.parametrize("real", SLOW, indirect=True)
def test_another_seed_gives_another_answer(real: Engine) -> None:
    texts = {answer(real, Sampling(temperature=1.0, seed=seed, max_tokens=16))[0] for seed in (1, 2, -3)}
    assert len(texts) == 3


def test_an_answer_ends_at_its_limit(engine: Engine) -> None:
    _, last = answer(engine, Sampling(max_tokens=5))
    assert last.finish_reason == "length"
    assert last.usage is not None
    assert last.usage.completion_tokens == 5


def test_a_shorter_limit_gives_the_beginning_of_the_same_answer(engine: Engine) -> None:
    assert answer(engine, Sampling(max_tokens=16))[0].startswith(answer(engine, Sampling(max_tokens=4))[0])


@pytest.mark.parametrize("real", SLOW, indirect=True)
def test_half_a_character_is_never_shown(real: Engine) -> None:
    bias = ((FIRST_BYTE, 60.0), (SECOND_BYTE, 60.0))
    samplings = [
        Sampling(temperature=30.0, top_k=2, seed=4, max_tokens=limit, logit_bias=bias) for limit in range(1, 25)
    ]
    texts = [answer(real, sampling)[0] for sampling in samplings]
    assert "é" in texts[-1]
    assert set(texts[-1]) == {"é", "\ufffd"}  # what no second byte follows can be no text, nor what no first one leads
    assert all(texts[-1].startswith(text) for text in texts)


def test_an_answer_ends_before_its_stop_string(engine: Engine) -> None:
    whole, _ = answer(engine, Sampling(max_tokens=16))
    stop = whole[len(whole) // 2 : len(whole) // 2 + 6]
    text, last = answer(engine, Sampling(max_tokens=16, stop=(stop, "never said")))
    assert text == whole[: whole.index(stop)]
    assert last.finish_reason == "stop"


@pytest.mark.parametrize("real", SLOW, indirect=True)
def test_a_bias_forbids_a_token(real: Engine) -> None:
    token = answer(real, Sampling(max_tokens=1))[0]
    number = next(
        number
        for number in range(260, 300)
        if answer(real, Sampling(max_tokens=1, logit_bias=((number, -99.0),)))[0] != token
    )
    assert token not in answer(real, Sampling(max_tokens=16, logit_bias=((number, -99.0),)))[0]


@pytest.mark.parametrize("real", SLOW, indirect=True)
def test_each_token_comes_with_its_log_probability_where_they_are_asked_for(real: Engine) -> None:
    deltas = list(real.generate(MESSAGES, Sampling(max_tokens=6, top_logprobs=2)))
    tokens = [token for delta in deltas for token in delta.logprobs]
    assert b"".join(token.token for token in tokens).decode() == "".join(delta.text for delta in deltas)
    assert [len(token.top) for token in tokens] == [2] * 6
    for token in tokens:  # a greedy answer is made of the likeliest ones
        assert (token.token, token.logprob) == (token.top[0].token, token.top[0].logprob)
        assert 0 >= token.top[0].logprob >= token.top[1].logprob


def test_a_prompt_as_long_as_the_window_is_refused_before_any_delta(engine: Engine) -> None:
    messages = [Message("user", "word " * engine.info().context_window)]
    with pytest.raises(PromptTooLongError) as caught:
        list(engine.generate(messages, Sampling()))
    assert caught.value.prompt_tokens >= caught.value.context_window == engine.info().context_window


def test_answers_that_were_left_do_not_stand_in_the_way(engine: Engine, rag_settings: RagSettings) -> None:
    for _ in range(rag_settings.parallel_requests + rag_settings.queue_size + 1):
        assert isinstance(first_of(engine), Delta)
    assert answer(engine, Sampling(max_tokens=4))[0]


def test_nothing_happens_before_the_first_delta_is_asked_for(engine: Engine) -> None:
    engine.generate([Message("user", "word " * engine.info().context_window)], Sampling()).close()
    assert answer(engine, Sampling(max_tokens=4))[0]


def test_several_answers_at_once_are_each_what_was_asked(engine: Engine) -> None:
    asked = [[*MESSAGES[:1], Message("user", "why " * number)] for number in range(1, 7)]
    alone = [answer(engine, Sampling(max_tokens=1), messages) for messages in asked]
    with ThreadPoolExecutor(len(asked)) as pool:
        together = list(pool.map(lambda messages: answer(engine, Sampling(max_tokens=1), messages), asked))
    assert [text for text, _ in together] == [text for text, _ in alone]
    lengths = [last.usage.prompt_tokens for _, last in together if last.usage]
    assert lengths == [engine.count_tokens(messages) for messages in asked]


def test_reading_ahead_says_how_much_it_was_and_changes_no_answer(engine: Engine) -> None:
    messages = [MESSAGES[0], Message("user", "The valve is checked in spring. " * 8)]
    before = answer(engine, Sampling(max_tokens=1), messages)[0]
    assert 0 <= engine.prefill(messages[:1], documents=("collection/file",)) < engine.count_tokens(messages)
    assert answer(engine, Sampling(max_tokens=1), messages)[0] == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["llama", "transformers"])
def test_a_full_queue_says_when_to_come_again(
    kind: str, tiny_gguf: Path, tiny_folder: Path, rag_settings: RagSettings
) -> None:
    narrow = rag_settings.model_copy(update={"parallel_requests": 1, "queue_size": 1})
    engine = LlamaEngine(kind, tiny_gguf, narrow) if kind == "llama" else TransformersEngine(kind, tiny_folder, narrow)
    served = engine.generate(MESSAGES, Sampling())
    assert next(served)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: first_of(engine), range(4)))
    served.close()
    busy = [outcome for outcome in outcomes if isinstance(outcome, EngineBusyError)]
    assert busy
    assert all(error.retry_after_seconds > 0 for error in busy)
    assert isinstance(first_of(engine), Delta)
    engine.close()


def test_a_full_server_says_when_to_come_again() -> None:
    refusal = JSONResponse({"error": {"message": "too many"}}, 429, {"Retry-After": "3"})
    with WireServer("vllm", refusal=refusal).live() as wire:
        engine = OpenAiEngine("remote/Maker/Model", OpenAiServer(wire.url, ""), context_window=None, timeout_seconds=20)
        outcome = first_of(engine)
    assert isinstance(outcome, EngineBusyError)
    assert outcome.retry_after_seconds == 3
