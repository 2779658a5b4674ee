"""`/v1/chat/completions`: shapes, citations, and every way in which an answer can fail or end early."""

import json
import threading
import time
from collections.abc import Generator, Sequence
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from rag.context.planner import NOT_IN_DOCUMENTS
from rag.engines.types import Delta, Message, Sampling, ToolUse
from rag.errors import EngineBusyError, EngineCrashedError, ModelLoadError, RagError
from tests.api.world import PUMP, World, events_of, wait_for
from tests.fakes import ScriptedEngine

CHAT = "/v1/chat/completions"
QUESTION = [{"role": "user", "content": "How often is the pump oiled?"}]
NAMED: dict[str, Any] = {
    "name": "interval",
    "schema": {"type": "object", "properties": {"months": {"type": "integer"}}},
}
BY_SCHEMA = {"type": "json_schema", "json_schema": NAMED}


def ask(client: TestClient, model: str = "docs/docs", **fields: Any) -> Any:
    return client.post(CHAT, json={"model": model, "messages": QUESTION, **fields})


def test_an_answer_from_documents_carries_its_citations_and_its_basis(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["It is oiled ", "every 3 months [", "1]", "."])
    body = ask(client).json()
    message, pincite = body["choices"][0]["message"], body["pincite"]
    assert message["content"] == "It is oiled every 3 months [1]."
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
    assert pincite["mode"] == "whole"
    assert pincite["evidence"][0]["quote"] == "The pump is oiled every 3 months."
    assert set(pincite) >= {"mode", "reason", "evidence", "passages", "sentences", "timings"}


def test_the_quote_of_every_citation_stands_in_the_stored_text(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["The pump is oiled every 3 months", " [1]."])
    annotations = ask(client).json()["choices"][0]["message"]["annotations"]
    assert annotations
    for annotation in annotations:
        file_id, start, end = annotation["file_id"], annotation["start"], annotation["end"]
        content = client.get(f"/v1/vector_stores/docs/files/{file_id}/content").json()["data"][0]["text"]
        place = annotation["url_citation"]
        assert annotation["type"] == "url_citation"
        assert (place["start_index"], place["end_index"]) == (annotation["answer_start"], annotation["answer_end"])
        assert place["title"] == f"{annotation['filename']}, {annotation['place']}".removesuffix(", ")
        opened = client.get(place["url"])
        assert (opened.status_code, f"<mark>{annotation['quote']}</mark>" in opened.text) == (200, True)
        assert content[start:end] == annotation["quote"]
        assert annotation["page"] == 1
        assert annotation["verdict"] in {"supported", "partly", "unsupported"}


def test_a_stream_says_the_same_as_the_whole_answer(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["It is oiled ", "every 3 months [1]", "."])
    whole = ask(client).json()
    first, *middle, last, done = events_of(ask(client, stream=True).text)
    content = "".join(event["choices"][0]["delta"].get("content", "") for event in (first, *middle, last))
    assert done == "[DONE]"
    assert first["choices"][0]["delta"]["role"] == "assistant"
    assert first["pincite"] == {
        key: whole["pincite"][key] for key in ("mode", "reason", "style", "evidence", "passages")
    }
    assert content == whole["choices"][0]["message"]["content"]
    assert last["choices"][0]["delta"]["annotations"] == whole["choices"][0]["message"]["annotations"]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["pincite"]["sentences"] == whole["pincite"]["sentences"]
    assert last["pincite"]["timings"]["total_seconds"] > 0
    assert [event["choices"][0]["finish_reason"] for event in (first, *middle)] == [None] * (1 + len(middle))


def test_a_model_id_asks_the_model_alone(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["Hel", "lo"])
    body = ask(client, model="scripted", temperature=0.5, max_tokens=7, stop="END", seed=3).json()
    (messages, sampling) = world.models.scripted.requests[0]
    assert body["choices"][0]["message"]["content"] == "Hello"
    assert body["pincite"]["mode"] == "none"
    assert messages == (Message("user", QUESTION[0]["content"]),)
    assert sampling == Sampling(temperature=0.5, max_tokens=7, stop=("END",), seed=3)


@pytest.mark.parametrize("model", ["scripted", "docs/docs"])
def test_the_model_is_told_who_asks(world: World, client: TestClient, model: str) -> None:
    world.models.scripted = ScriptedEngine()
    ask(client, model=model, user="ward 3")
    ask(client, model=model)
    assert world.models.scripted.clients == ["testclient/ward 3", "testclient"]


def test_penalties_reach_the_model(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine()
    ask(client, model="scripted", presence_penalty=0.5, frequency_penalty=-1, repeat_penalty=1.1)
    ((_, sampling),) = world.models.scripted.requests
    assert sampling == Sampling(presence_penalty=0.5, frequency_penalty=-1, repeat_penalty=1.1)


def test_biases_and_a_schema_reach_the_model(world: World, client: TestClient) -> None:
    engine = world.models.scripted = ScriptedEngine()
    ask(client, model="scripted", logit_bias={"7": -100, "12": 2.5}, response_format=BY_SCHEMA)
    ask(client, model="scripted", response_format={"type": "json_object"})
    schema = '{"type":"object","properties":{"months":{"type":"integer"}}}'
    assert [sampling for _, sampling in engine.requests] == [
        Sampling(logit_bias=((7, -100), (12, 2.5)), json_schema=schema),
        Sampling(json_schema='{"type":"object"}'),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_that_no_answer_can_be_kept_to_is_refused_with_its_path(client: TestClient, stream: bool) -> None:
    named = {"name": "word", "schema": {"type": "string", "pattern": "(a+)+$"}}
    error = ask(client, stream=stream, response_format={"type": "json_schema", "json_schema": named})
    assert (error.status_code, error.json()["error"]["code"]) == (400, "invalid_json_schema")
    assert "$.pattern" in error.json()["error"]["message"]


def test_an_answer_in_json_is_left_as_it_is_and_its_texts_are_pinned(world: World, client: TestClient) -> None:
    text = '{"rule": "The pump is oiled every 3 months.", "list": [12]}'
    engine = world.models.scripted = ScriptedEngine([text[:30], text[30:]])
    message = ask(client, response_format={"type": "json_object"}).json()["choices"][0]["message"]
    assert message["content"] == text
    assert [text[each["answer_start"] : each["answer_end"]] for each in message["annotations"]] == [text[10:43]]
    assert engine.requests[0][1].cite_up_to is None


@pytest.mark.parametrize("stream", [False, True])
def test_documents_that_say_nothing_are_a_refusal_where_json_is_wanted(client: TestClient, stream: bool) -> None:
    messages = [{"role": "user", "content": "quantum chromodynamics"}]
    fields = {"pincite": {"mode": "retrieval"}, "response_format": {"type": "json_object"}, "stream": stream}
    response = client.post(CHAT, json={"model": "docs/docs", "messages": messages, **fields})
    if stream:
        deltas = [event["choices"][0]["delta"] for event in events_of(response.text)[:-1]]
        content, refusal = ("".join(delta.get(name, "") for delta in deltas) for name in ("content", "refusal"))
    else:
        content, refusal = (response.json()["choices"][0]["message"][name] for name in ("content", "refusal"))
    assert not content
    assert refusal == NOT_IN_DOCUMENTS


TOKEN = {"token": "Hel", "logprob": -0.5, "bytes": [72, 101, 108]}


def test_each_token_comes_with_its_chances_where_they_are_asked_for(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["Hel", "lo"])
    fields: dict[str, Any] = {"model": "scripted", "logprobs": True, "top_logprobs": 2}
    whole = ask(client, **fields).json()["choices"][0]["logprobs"]
    chunks = events_of(ask(client, stream=True, **fields).text)[:-1]
    parts = [event["choices"][0]["logprobs"] for event in chunks]
    other = {"token": "Hel1", "logprob": -1.5, "bytes": [72, 101, 108, 49]}
    assert whole["content"][0] == {**TOKEN, "top_logprobs": [TOKEN, other]}
    assert [token for part in parts if part for token in part["content"]] == whole["content"]


def test_no_alternatives_come_where_none_are_asked_for(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["Hel"])
    first = ask(client, model="scripted", logprobs=True).json()["choices"][0]["logprobs"]["content"][0]
    assert first == {**TOKEN, "top_logprobs": []}
    assert ask(client, model="scripted").json()["choices"][0]["logprobs"] is None


def test_several_answers_have_their_own_seeds_and_one_usage(world: World, client: TestClient) -> None:
    engine = world.models.scripted = ScriptedEngine(["Hel", "lo"])
    body = ask(client, model="scripted", n=3, seed=5).json()
    assert [(choice["index"], choice["message"]["content"]) for choice in body["choices"]] == [
        (0, "Hello"),
        (1, "Hello"),
        (2, "Hello"),
    ]
    assert [sampling.seed for _, sampling in engine.requests] == [5, 6, 7]
    assert body["usage"]["completion_tokens"] == 6
    assert body["usage"]["prompt_tokens"] == ask(client, model="scripted").json()["usage"]["prompt_tokens"]


@pytest.mark.parametrize("model", ["scripted", "docs/docs"])
def test_several_answers_are_streamed_one_after_the_other(world: World, client: TestClient, model: str) -> None:
    world.models.scripted = ScriptedEngine(["It is oiled ", "every 3 months [1]", "."])
    response = ask(client, model=model, n=2, stream=True, stream_options={"include_usage": True})
    *chunks, usage, done = events_of(response.text)
    choices = [event["choices"][0] for event in chunks]
    indexes = [choice["index"] for choice in choices]
    assert done == "[DONE]"
    assert indexes == sorted(indexes)
    for index in (0, 1):
        mine = [choice for choice in choices if choice["index"] == index]
        assert mine[0]["delta"]["role"] == "assistant"
        assert "".join(choice["delta"].get("content", "") for choice in mine) == "It is oiled every 3 months [1]."
        assert mine[-1]["finish_reason"] == "stop"
    assert usage["usage"]["completion_tokens"] == 6


def test_each_of_several_answers_from_documents_has_its_own_check(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["The pump is oiled every 3 months [1]."])
    body = ask(client, n=2).json()
    first, second = body["choices"]
    assert first["message"]["annotations"] == second["message"]["annotations"] != []
    assert second["pincite"]["sentences"] == body["pincite"]["sentences"] != []


def test_usage_comes_in_an_event_of_its_own_where_it_is_asked_for(client: TestClient) -> None:
    response = ask(client, model="scripted", stream=True, stream_options={"include_usage": True})
    *earlier, usage, done = events_of(response.text)
    assert done == "[DONE]"
    assert [chunk["usage"] for chunk in earlier] == [None] * len(earlier)
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] > 0
    assert "usage" not in events_of(ask(client, model="scripted", stream=True).text)[0]


def test_parts_of_a_message_and_a_developer_are_understood(world: World, client: TestClient) -> None:
    messages = [
        {"role": "developer", "content": "Be short."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]
    client.post(CHAT, json={"model": "scripted", "messages": messages})
    scripted = world.models.scripted
    assert isinstance(scripted, ScriptedEngine)
    assert scripted.requests[0][0] == (Message("system", "Be short."), Message("user", "ab"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["scripted", "docs/docs"])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (EngineBusyError(waiting=32, retry_after_seconds=7), 429, "engine_busy"),
        (EngineCrashedError(model="scripted", how="signal SIGKILL"), 503, "engine_crashed"),
        (ModelLoadError(model="scripted", detail="bad magic"), 503, "model_not_loaded"),
    ],
    ids=["busy", "crashed", "unloadable"],
)
def test_a_failure_before_the_first_token_has_a_status(
    world: World, client: TestClient, error: RagError, status: int, code: str, model: str, stream: bool
) -> None:
    world.models.scripted = ScriptedEngine([error])
    response = ask(client, model=model, stream=stream)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert response.headers.get("retry-after") == {429: "7", 503: "1"}[status]


def test_a_failure_after_the_first_token_ends_the_stream_with_an_error_event(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["By", EngineCrashedError(model="scripted", how="signal SIGSEGV")])
    response = ask(client, model="scripted", stream=True)
    *_, last = events_of(response.text)
    assert response.status_code == 200
    assert last["error"]["code"] == "engine_crashed"


def test_an_unforeseen_failure_tells_the_client_nothing_of_itself(world: World, client: TestClient) -> None:
    def fail(_: Sequence[Message]) -> Sequence[str | Exception]:
        raise RuntimeError("the secret word")

    world.models.scripted = ScriptedEngine(fail)
    plain = ask(client, model="scripted")
    assert (plain.status_code, plain.json()["error"]["code"]) == (500, "internal_error")
    assert "secret" not in plain.text


def test_a_prompt_over_the_window_is_refused(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(context_window=300)
    long = [{"role": "user", "content": "How often is the pump oiled? " * 70}]
    for model in ("scripted", "docs/docs"):
        response = client.post(CHAT, json={"model": model, "messages": long, "stream": True})
        assert (response.status_code, response.json()["error"]["code"]) == (400, "context_length_exceeded")


@pytest.mark.parametrize("model", ["nope", "docs/nope", "docs/", ""])
def test_an_unknown_model_is_a_404(client: TestClient, model: str) -> None:
    response = ask(client, model=model)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


def test_a_chat_that_does_not_end_with_a_question_is_refused(client: TestClient) -> None:
    response = client.post(
        CHAT, json={"model": "docs/docs", "messages": [*QUESTION, {"role": "assistant", "content": "Yes."}]}
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_question")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"functions": [{"name": "weather"}]}, "functions"),
        ({"web_search_options": {"search_context_size": "low"}}, "web_search_options"),
        ({"n": 0}, "n"),
        ({"n": 9}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logit_bias": {"1": 101}}, "logit_bias.1"),
        ({"logit_bias": {"word": 1}}, "logit_bias.word"),
        ({"logit_bias": dict.fromkeys(map(str, range(301)), 1)}, "logit_bias"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "text", "json_schema": NAMED}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_object", "schema": {}}}, "response_format.schema"),
        ({"grammar": "root ::= x"}, "grammar"),
        ({"presence_penalty": 2.5}, "presence_penalty"),
        ({"chat_template_kwargs": {}}, "chat_template_kwargs"),
        ({"filters": {}}, "filters"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": 1e12}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"top_k": -1}, "top_k"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1e12}, "max_tokens"),
        ({"seed": -1}, "seed"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
        ({"messages": QUESTION * 5_000}, "messages"),
        ({"pincite": {"mode": "magic"}}, "pincite.mode"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_fields_that_would_change_the_answer_are_refused_by_name(
    client: TestClient, fields: dict[str, Any], param: str
) -> None:
    error = ask(client, **fields)
    assert error.status_code == 400
    assert error.json()["error"]["param"] == param


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(client: TestClient, number: str) -> None:
    body = json.dumps({"model": "scripted", "messages": QUESTION, "temperature": 0}).replace(": 0}", f": {number}}}")
    response = client.post(CHAT, content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "temperature")


def test_half_a_character_is_refused_without_being_repeated(client: TestClient) -> None:
    body = '{"model": "scripted", "messages": [{"role": "user", "content": "canary \\ud800"}]}'
    response = client.post(CHAT, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "messages.0.content"
    assert "canary" not in response.text


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "[" * 100_000], ids=["empty", "open", "list", "null", "deep"])
def test_a_body_that_is_no_request_is_refused(client: TestClient, body: str) -> None:
    response = client.post(CHAT, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_fields_that_change_nothing_are_accepted(client: TestClient) -> None:
    harmless: dict[str, Any] = {
        "user": "me",
        "store": False,
        "metadata": {"a": "b"},
        "service_tier": "auto",
        "parallel_tool_calls": True,
        "n": 1,
        "tools": [],
        "tool_choice": "none",
        "logprobs": False,
        "top_logprobs": 0,
        "presence_penalty": 0,
        "frequency_penalty": 0.0,
        "response_format": {"type": "text"},
        "logit_bias": {},
        "stream_options": {"include_usage": True},
    }
    assert ask(client, model="scripted", **harmless).status_code == 200


class SlowEngine(ScriptedEngine):
    """An engine that writes for ever, a word every 10 ms, after `silent_steps` without a word."""

    def __init__(self, silent_steps: int = 0) -> None:
        super().__init__()
        self.steps = 0
        self.ended = threading.Event()
        self._silent_steps = silent_steps

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        try:
            while True:
                time.sleep(0.01)
                self.steps += 1
                yield Delta("" if self.steps <= self._silent_steps else "word ")
        finally:
            self.ended.set()


@pytest.mark.parametrize("silent_steps", [0, 10**9], ids=["while it is written", "before the first token"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_client_that_leaves_stops_the_model(world: World, stream: bool, silent_steps: int) -> None:
    engine = world.models.scripted = SlowEngine(silent_steps)
    body = {"model": "scripted", "messages": QUESTION, "stream": stream}
    with world.live() as live:
        with pytest.raises(httpx.ReadTimeout):
            leave_after(live.url, body, seconds=0.5)
        assert engine.ended.wait(5)


def leave_after(url: str, body: dict[str, Any], seconds: float) -> None:
    """Send a chat and hang up after a while, whatever has come by then."""
    started = time.monotonic()
    with httpx.stream("POST", f"{url}{CHAT}", json=body, timeout=seconds, trust_env=False) as response:
        for _ in response.iter_raw():
            if time.monotonic() - started > seconds:
                raise httpx.ReadTimeout("enough")


def test_the_server_stays_awake_while_models_write(world: World) -> None:
    engine = world.models.scripted = SlowEngine()
    body = {"model": "scripted", "messages": QUESTION, "stream": True}
    may_leave = threading.Event()

    def read(url: str) -> None:
        with httpx.stream("POST", f"{url}{CHAT}", json=body, timeout=60, trust_env=False) as response:
            for _ in response.iter_raw():
                if may_leave.is_set():
                    return

    with world.live() as live:
        threads = [threading.Thread(target=read, args=(live.url,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        try:
            wait_for(lambda: engine.steps > 5)
            models = httpx.get(f"{live.url}/v1/models", timeout=60, trust_env=False)
            assert models.status_code == 200
            assert not engine.ended.is_set()
        finally:
            may_leave.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("stream", [True, False])
def test_a_stop_ends_running_answers_with_an_error_within_the_grace(world: World, stream: bool) -> None:
    engine = world.models.scripted = SlowEngine()
    world.settings.api.stop_grace_seconds = 4.0
    answers: list[httpx.Response] = []
    body = {"model": "scripted", "messages": QUESTION, "stream": stream}
    with world.live() as live:
        thread = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{live.url}{CHAT}", json=body, timeout=10, trust_env=False))
        )
        thread.start()
        wait_for(lambda: engine.steps > 5)
        started = time.monotonic()
        live.stop()
        assert time.monotonic() - started < 4.0
        thread.join()
    last = events_of(answers[0].text)[-1] if stream else answers[0].json()
    assert answers[0].status_code == (200 if stream else 503)
    assert last["error"]["code"] == "server_stopping"
    assert engine.ended.wait(5)


def test_the_documents_text_is_not_in_the_log(
    world: World, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ask(client)
    assert PUMP[:20] not in caplog.text
    assert QUESTION[0]["content"] not in caplog.text
