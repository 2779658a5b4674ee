"""Models of other servers: what is sent to them, what is understood of their answers, and what goes wrong."""

import json
import logging
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.responses import JSONResponse, PlainTextResponse

from rag.engines.completion import ToolCallCollector
from rag.engines.openai.client import DEFAULT_WINDOW, OpenAiServer, is_local_host
from rag.engines.openai.engine import OpenAiEngine, TokenEstimate, poll_items
from rag.engines.openai.tool_calls import RemoteCalls
from rag.engines.openai.wire import WireFunction, WireToolCall, build_request
from rag.engines.types import (
    Alternative,
    Delta,
    Message,
    Sampling,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolUse,
    Usage,
)
from rag.errors import (
    EngineBusyError,
    EngineCrashedError,
    ModelLoadError,
    PromptTooLongError,
    QuestionError,
    RagError,
)
from tests.api.world import make_world
from tests.fakes import ScriptedEngine
from tests.live import free_port
from tests.wire_server import Kind, WireServer

KEY = "correct-horse-battery-staple"
MODEL = "remote/Maker/Model"
ASKED = [Message("system", "Be brief."), Message("user", "Who oils the pump?")]
SCRIPT = ["The ", "fitter ", "oils ", "it."]


def engine_of(url: str, *, model: str = MODEL, window: int | None = None, timeout_seconds: float = 20) -> OpenAiEngine:
    return OpenAiEngine(model, OpenAiServer(url, KEY), context_window=window, timeout_seconds=timeout_seconds)


@pytest.fixture
def wire() -> Iterator[WireServer]:
    with WireServer(engine=ScriptedEngine(SCRIPT, context_window=400)).live() as server:
        yield server


def answer(engine: OpenAiEngine, sampling: Sampling, messages: Sequence[Message] = ASKED) -> tuple[str, Delta]:
    deltas = list(engine.generate(messages, sampling))
    return "".join(delta.text for delta in deltas), deltas[-1]


def refused(wire: WireServer, body: Any, status: int, headers: dict[str, str] | None = None) -> RagError:
    wire.refusal = JSONResponse(body, status, headers)
    with pytest.raises(RagError) as caught:
        list(engine_of(wire.url).generate(ASKED, Sampling()))
    assert KEY not in str(caught.value)
    return caught.value


def test_an_answer_comes_with_its_end_and_its_usage(wire: WireServer) -> None:
    text, last = answer(engine_of(wire.url), Sampling())
    assert text == "".join(SCRIPT)
    assert last == Delta("", "stop", Usage(2 * 2 + 6, 4))


def test_the_server_gets_the_key_the_chat_and_nothing_that_is_neutral(wire: WireServer) -> None:
    answer(engine_of(wire.url), Sampling())
    assert wire.headers[-1]["authorization"] == f"Bearer {KEY}"
    assert wire.bodies == [
        {
            "model": "Maker/Model",
            "messages": [{"role": message.role, "content": message.content} for message in ASKED],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.0,
        }
    ]


def test_every_choice_about_sampling_that_the_wire_has_is_sent(wire: WireServer) -> None:
    sampling = Sampling(
        temperature=0.7,
        top_p=0.9,
        top_k=40,
        min_p=0.05,
        seed=7,
        max_tokens=5,
        stop=("END",),
        presence_penalty=0.1,
        frequency_penalty=0.2,
        repeat_penalty=1.1,
        logit_bias=((3, -100.0),),
        json_schema='{"type": "object"}',
        cite_up_to=4,
        top_logprobs=2,
    )
    answer(engine_of(wire.url), sampling)
    (body,) = wire.bodies
    assert {name: body[name] for name in body.keys() - {"model", "messages", "stream", "stream_options"}} == {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.05,
        "seed": 7,
        "max_tokens": 5,
        "stop": ["END"],
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "repetition_penalty": 1.1,  # vLLM's word
        "logit_bias": {"3": -100.0},
        "logprobs": True,
        "top_logprobs": 2,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
        },
    }


@pytest.mark.parametrize("kind", ["vllm", "llama-server"])
def test_a_server_that_counts_is_asked_for_the_length_of_a_prompt(kind: Kind) -> None:
    scripted = ScriptedEngine(context_window=300)
    with WireServer(kind, scripted).live() as wire:
        engine = engine_of(wire.url)
        assert engine.count_tokens(ASKED) == scripted.count_tokens(ASKED)


@pytest.mark.parametrize(
    ("kind", "window"), [("vllm", 300), ("llama-server", 300), ("lm-studio", 300), ("hosted", DEFAULT_WINDOW)]
)
def test_the_window_is_what_the_server_says_or_a_cautious_one(kind: Kind, window: int) -> None:
    with WireServer(kind, ScriptedEngine(context_window=300)).live() as wire:
        info = engine_of(wire.url).info()
        assert (info.id, info.path, info.context_window) == (MODEL, wire.url, window)


def test_the_settings_window_comes_before_what_the_server_says(wire: WireServer) -> None:
    assert engine_of(wire.url, window=256).info().context_window == 256


def test_a_server_that_does_not_count_gets_no_text_but_the_chats(tmp_path: Path) -> None:
    with WireServer("hosted").live() as wire:
        engine = engine_of(wire.url)
        engine.count_tokens(ASKED)
        answer(engine, Sampling())
        assert wire.paths == ["/v1/models", "/v1/chat/completions"]


def test_an_answer_longer_than_the_rest_of_the_window_is_not_asked_for(wire: WireServer) -> None:
    messages = [Message("user", "word " * 300)]
    answer(engine_of(wire.url), Sampling(max_tokens=200), messages)
    assert wire.bodies[-1]["max_tokens"] == 400 - 302


def test_a_prompt_over_the_window_is_not_sent_where_the_server_counts(wire: WireServer) -> None:
    with pytest.raises(PromptTooLongError) as caught:
        list(engine_of(wire.url).generate([Message("user", "word " * 500)], Sampling()))
    assert (caught.value.prompt_tokens, caught.value.context_window) == (502, 400)
    assert wire.bodies == []


@pytest.mark.parametrize(
    "error",
    [
        {"message": "too long", "code": "context_length_exceeded"},
        {"message": "too long", "type": "exceed_context_size_error", "code": 400},
        {"message": "too long", "type": "BadRequestError", "param": "input_tokens", "code": 400},
    ],
)
def test_a_prompt_that_the_server_finds_too_long_is_an_error_of_its_own(
    wire: WireServer, error: dict[str, object]
) -> None:
    assert isinstance(refused(wire, {"error": error}, 400), PromptTooLongError)


def test_llama_server_says_how_long_prompt_and_window_are(wire: WireServer) -> None:
    error = {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 900, "n_ctx": 512, "message": "no"}
    told = refused(wire, {"error": error}, 400)
    assert isinstance(told, PromptTooLongError)
    assert (told.prompt_tokens, told.context_window) == (900, 512)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("999999", 600), ("tomorrow", 1), (None, 1)])
def test_a_busy_server_says_when_to_come_again(wire: WireServer, header: str | None, seconds: int) -> None:
    told = refused(wire, {"error": {"message": "slow down"}}, 429, {"Retry-After": header} if header else None)
    assert isinstance(told, EngineBusyError)
    assert told.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ModelLoadError),
        (404, ModelLoadError),
        (400, QuestionError),
        (422, QuestionError),
        (500, EngineCrashedError),
    ],
)
@pytest.mark.parametrize(
    "body", [{"error": {"message": "because"}}, {"error": "because"}, {"message": "because", "object": "error"}]
)
def test_a_refusal_keeps_the_servers_reason_in_every_usual_shape(
    wire: WireServer, status: int, kind: type[RagError], body: dict[str, object]
) -> None:
    told = refused(wire, body, status)
    assert isinstance(told, kind)
    assert "because" in str(told)


def test_a_refusal_that_is_no_json_is_told_as_it_is(wire: WireServer) -> None:
    wire.refusal = PlainTextResponse("Bad Gateway", 502)
    with pytest.raises(EngineCrashedError, match="Bad Gateway"):
        list(engine_of(wire.url).generate(ASKED, Sampling()))


def chunk(text: str, **more: object) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None, **more}]})


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([chunk("The "), '{"error": {"message": "gone", "code": 500}}'], EngineCrashedError),
        ([chunk("The "), '{"error": {"message": "later", "code": "engine_busy"}}'], EngineBusyError),
        ([chunk("The ")], EngineCrashedError),
        ([chunk("The "), "no json"], EngineCrashedError),
        ([chunk("The "), '{"choices": 7}'], EngineCrashedError),
    ],
)
def test_an_answer_that_breaks_off_ends_in_an_error_after_its_first_words(
    wire: WireServer, events: list[str], kind: type[RagError]
) -> None:
    wire.events = events
    deltas = engine_of(wire.url).generate(ASKED, Sampling())
    assert next(delta.text for delta in deltas if delta.text) == "The "
    with pytest.raises(kind):
        list(deltas)


def test_text_with_line_separators_inside_arrives_whole(wire: WireServer) -> None:
    wire.events = [
        json.dumps({"choices": [{"delta": {"content": "a\u2028b\x85c\x0bd"}}]}, ensure_ascii=False),
        chunk("", finish_reason="stop"),
    ]
    text, last = answer(engine_of(wire.url), Sampling())
    assert text == "a\u2028b\x85c\x0bd"
    assert last.usage == Usage(10, 1)  # counted here, because the server does not say


def test_what_a_model_thinks_is_a_sign_of_life_and_no_text(wire: WireServer) -> None:
    thought = '{"choices": [{"delta": {"reasoning_content": "Hm."}}]}'
    wire.events = [thought, '{"choices": null}', chunk("Yes", finish_reason="content_filter")]
    assert [(delta.text, delta.finish_reason) for delta in engine_of(wire.url).generate(ASKED, Sampling())] == [
        ("", None),
        ("", None),
        ("Yes", None),
        ("", "stop"),
    ]


def test_log_probabilities_arrive_with_their_bytes(wire: WireServer) -> None:
    token = {"token": "\ufffd", "bytes": [240, 159], "logprob": -0.5}
    other = {"token": "no", "bytes": None, "logprob": -2.0}
    content = [{**token, "top_logprobs": [token, other]}]
    wire.events = [chunk("Yes", logprobs={"content": content}), chunk("", finish_reason="stop")]
    first = next(iter(engine_of(wire.url).generate(ASKED, Sampling(top_logprobs=2))))
    top = (Alternative(b"\xf0\x9f", -0.5), Alternative(b"no", -2.0))
    assert first.logprobs == (TokenLogprob(b"\xf0\x9f", -0.5, top),)


def test_signs_of_life_come_while_the_server_is_silent_and_leaving_ends_its_work(wire: WireServer) -> None:
    wire.stalls = True
    deltas = engine_of(wire.url).generate(ASKED, Sampling())
    assert [next(deltas), next(deltas)] == [Delta(""), Delta("")]
    assert not wire.was_left.is_set()
    deltas.close()
    assert wire.was_left.wait(10)


def test_a_server_that_stays_silent_too_long_is_given_up(wire: WireServer) -> None:
    wire.stalls = True
    with pytest.raises(EngineCrashedError, match="ReadTimeout"):
        list(engine_of(wire.url, timeout_seconds=0.3).generate(ASKED, Sampling()))


def test_closing_the_engine_ends_its_answers_and_it_is_of_no_more_use(wire: WireServer) -> None:
    wire.stalls = True
    engine = engine_of(wire.url)
    deltas = engine.generate(ASKED, Sampling())
    next(deltas)
    engine.close()
    with pytest.raises(EngineCrashedError):
        list(deltas)
    assert wire.was_left.wait(10)
    with pytest.raises(EngineCrashedError):
        engine.load()


def test_an_answer_can_be_read_by_changing_threads(wire: WireServer) -> None:
    deltas = engine_of(wire.url).generate(ASKED, Sampling())
    pieces = []
    while True:
        with ThreadPoolExecutor(1) as other:
            if (delta := other.submit(next, deltas, None).result()) is None:
                break
        pieces.append(delta.text)
    assert "".join(pieces) == "".join(SCRIPT)


def test_a_server_that_is_not_there_cannot_be_loaded_and_one_that_went_is_looked_for_again() -> None:
    server = WireServer(engine=ScriptedEngine(SCRIPT))
    with server.live():
        engine = engine_of(server.url)
        engine.load()
        assert engine.is_loaded
    with pytest.raises(EngineCrashedError, match="ConnectError"):
        list(engine.generate(ASKED, Sampling()))
    assert not engine.is_loaded
    with pytest.raises(ModelLoadError, match="cannot be reached"):
        engine.load()


def test_a_model_that_the_server_does_not_have_cannot_be_loaded(wire: WireServer) -> None:
    with pytest.raises(ModelLoadError, match="it has: Maker/Model"):
        engine_of(wire.url, model="remote/Other").load()


def test_a_wrong_key_is_an_error_of_the_model(wire: WireServer) -> None:
    wire.listing = JSONResponse({"error": {"message": "no"}}, 401)
    with pytest.raises(ModelLoadError, match="answers 401") as caught:
        engine_of(wire.url).load()
    assert KEY not in str(caught.value)


def test_a_server_without_a_list_of_models_is_taken_at_its_word(wire: WireServer) -> None:
    wire.listing = JSONResponse({}, 404)
    assert answer(engine_of(wire.url), Sampling())[0] == "".join(SCRIPT)


def test_the_list_of_models_is_asked_for_once_in_a_while_and_outlives_the_server() -> None:
    now = 0.0
    wire = WireServer()
    with wire.live():
        server = OpenAiServer(wire.url, KEY, clock=lambda: now)
        assert [model.id for model in server.list_models()] == ["Maker/Model"]
        assert server.list_models() == server.list_models()
        assert wire.paths == ["/v1/models"]
        now = 11.0
        server.list_models()
        assert wire.paths == ["/v1/models"] * 2
    now = 22.0
    assert [model.id for model in server.list_models()] == ["Maker/Model"]


def test_a_server_that_never_answered_has_no_models() -> None:
    assert OpenAiServer(f"http://127.0.0.1:{free_port()}/v1", "").list_models() == ()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("192.168.0.9", True),
        ("fd00::1", True),
        ("nas", True),
        ("nas.local", True),
        ("api.openai.com", False),
        ("8.8.8.8", False),
    ],
)
def test_a_host_is_near_by_its_name_alone(host: str, expected: bool) -> None:
    assert is_local_host(host) is expected


def test_who_sends_texts_away_is_told_so_once_and_before(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        engine_of("http://127.0.0.1:1/v1")
        assert caplog.messages == []
        engine_of("https://api.example.com/v1")
        assert len(caplog.messages) == 1
    assert "they go to api.example.com" in caplog.text
    assert KEY not in caplog.text


def test_an_estimate_is_cautious_and_learns_upwards_at_once_and_downwards_slowly() -> None:
    estimate = TokenEstimate()
    text = [Message("user", "x" * 1_000)]
    first = estimate.estimate(text)
    assert first >= 500
    estimate.learn(text, 900)
    assert estimate.estimate(text) >= 900
    estimate.learn(text, 250)
    slower = estimate.estimate(text)
    assert 250 < slower < 1_000
    for _ in range(40):
        estimate.learn(text, 250)
    assert 250 < estimate.estimate(text) < 300
    assert estimate.estimate([*text, Message("user", "")]) > estimate.estimate(text)
    estimate.learn([Message("user", "Hi")], 400)  # mostly template
    assert estimate.estimate(text) < 300


@contextmanager
def pincite(home: Path, engine: ScriptedEngine) -> Generator[str, None, None]:
    with ExitStack() as stack:
        world = stack.enter_context(make_world(home, api_key=KEY))
        world.models.scripted = engine
        yield stack.enter_context(world.live()).url + "/v1"


def test_pincite_can_be_pointed_at_another_pincite(tmp_path: Path) -> None:
    with pincite(tmp_path / "home", ScriptedEngine(SCRIPT, context_window=400)) as url:
        engine = engine_of(url, model="remote/scripted", window=400)
        text, last = answer(engine, Sampling(max_tokens=3, temperature=0.5, seed=3, top_k=5, repeat_penalty=1.2))
        assert (text, last.finish_reason) == ("The fitter oils ", "length")
        assert last.usage == Usage(10, 3)
        with pytest.raises(PromptTooLongError):  # the first deltas can be heartbeats
            list(engine.generate([Message("user", "word " * 500)], Sampling()))


def test_a_busy_pincite_elsewhere_is_a_busy_engine_here(tmp_path: Path) -> None:
    busy = EngineBusyError(waiting=3, retry_after_seconds=9)
    with pincite(tmp_path / "home", ScriptedEngine([busy])) as url, pytest.raises(EngineBusyError) as caught:
        list(engine_of(url, model="remote/scripted").generate(ASKED, Sampling()))
    assert caught.value.retry_after_seconds == 9


def test_what_is_poll_items_comes_in_order_and_is_closed_once_at_the_end() -> None:
    closed = threading.Event()

    async def items() -> Any:
        try:
            yield 1
            yield 2
        finally:
            closed.set()

    assert list(poll_items(items(), 5)) == [1, 2]
    assert closed.is_set()


WEATHER = Tool("weather", "Rain?", '{"type":"object","properties":{"city":{"type":"string"}}}')
CLOCK = Tool("clock")
CALLS = (ToolCall("call_a", "weather", '{"city": "Rome"}'), ToolCall("call_b", "clock", "{}"))


def test_tools_and_their_calls_pass_through_a_server_of_our_own(tmp_path: Path) -> None:
    with make_world(tmp_path / "home") as world, world.live() as live:
        engine = world.models.scripted = ScriptedEngine(["One moment.", *CALLS])
        chat = [*ASKED, Message("assistant", "", CALLS[:1]), Message("tool", "It rains.", tool_call_id="call_a")]
        use, collector, text = ToolUse((WEATHER, CLOCK), "required", parallel=False), ToolCallCollector(), ""
        remote = engine_of(f"{live.url}/v1", model="remote/scripted")
        deltas = list(remote.generate(chat, Sampling(reasoning_effort="low"), tools=use))
        for delta in deltas:
            text += delta.text
            collector.add(delta.tool_calls)
    assert (text, collector.calls, deltas[-1].finish_reason) == ("One moment.", CALLS, "tool_calls")
    ((asked, sampling),) = engine.requests
    assert (list(asked), engine.tools, sampling.reasoning_effort) == (chat, [use], "low")


def test_a_chosen_tool_is_the_only_one_that_is_sent_and_none_is_if_none_may_be_called() -> None:
    def sent(choice: str) -> dict[str, Any]:
        use = ToolUse((WEATHER, CLOCK), choice)
        body = build_request("m", ASKED, Sampling(), repeat_name="repeat_penalty", tools=use)
        return {name: value for name, value in body.items() if "tool" in name}

    clock = {"type": "function", "function": {"name": "clock", "description": ""}}
    named = {"type": "function", "function": {"name": "clock"}}
    assert sent("function:clock") == {"tools": [clock], "tool_choice": named, "parallel_tool_calls": False}
    assert sent("none") == {}
    assert list(sent("auto")) == ["tools"]


def piece(index: int | None, id_: str | None, name: str | None, arguments: str | None) -> WireToolCall:
    return WireToolCall(WireFunction(name, arguments), index, id_)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (
            [
                piece(0, "a", "weather", ""),
                piece(0, None, None, "{"),
                piece(0, None, None, "}"),
                piece(1, "b", "x", "{}"),
            ],
            [("a", "weather", "{}"), ("b", "x", "{}")],
        ),
        ([piece(0, "a", "weather", "{}"), piece(0, "b", "x", "{}")], [("a", "weather", "{}"), ("b", "x", "{}")]),
        (
            [piece(None, None, "weather", "{}"), piece(None, None, "x", None)],
            [("call_0", "weather", "{}"), ("call_1", "x", "")],
        ),
        ([piece(0, "a", "weather", "{"), piece(0, "a", "weather", "}")], [("a", "weather", "{}")]),
        ([piece(3, None, None, "{}"), WireToolCall()], []),
    ],
    ids=["as OpenAI", "one index for all", "without index and id", "names repeated", "without a beginning"],
)
def test_calls_are_told_apart_whatever_a_server_leaves_out(
    pieces: list[WireToolCall], expected: list[tuple[str, str, str]]
) -> None:
    calls, collector = RemoteCalls(), ToolCallCollector()
    for one in pieces:
        collector.add(calls.read([one]))
    assert [(call.id, call.name, call.arguments) for call in collector.calls] == expected
    assert calls.has_begun == bool(expected)
