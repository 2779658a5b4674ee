"""Tools in `/v1/chat/completions`: what the engine is given, what clients get back, and what is refused."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.engines.json_schema import MAX_BYTES
from rag.engines.types import Message, Tool, ToolCall, ToolUse
from tests.api.world import World, events_of
from tests.fakes import ScriptedEngine

CHAT = "/v1/chat/completions"
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Rain?", "parameters": PARAMETERS}}
CLOCK = {"type": "function", "function": {"name": "clock"}}
QUESTION = {"role": "user", "content": "Is it raining in Rome?"}
CALLS = (ToolCall("call_a", "weather", '{"city": "Rome"}'), ToolCall("call_b", "clock", "{}"))
WIRE_CALLS = [
    {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}},
    {"id": "call_b", "type": "function", "function": {"name": "clock", "arguments": "{}"}},
]


@pytest.fixture
def engine(world: World) -> ScriptedEngine:
    engine = world.models.scripted = ScriptedEngine(["Let me see.", *CALLS])
    return engine


def ask(client: TestClient, model: str = "scripted", **fields: Any) -> Any:
    return client.post(CHAT, json={"model": model, "messages": [QUESTION], "tools": [WEATHER, CLOCK], **fields})


def test_an_answer_carries_its_text_and_its_calls(engine: ScriptedEngine, client: TestClient) -> None:
    (choice,) = ask(client).json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "Let me see."
    assert choice["message"]["tool_calls"] == WIRE_CALLS
    (tools,) = engine.tools
    assert tools is not None
    assert tools == ToolUse((Tool("weather", "Rain?", tools.tools[0].parameters), Tool("clock")))
    assert json.loads(tools.tools[0].parameters) == PARAMETERS


def test_an_answer_that_only_calls_has_no_content(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(CALLS)
    assert ask(client).json()["choices"][0]["message"]["content"] is None


def test_an_answer_without_calls_says_nothing_of_them(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["No."])
    (choice,) = ask(client).json()["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("stop", "No.")
    assert "tool_calls" not in choice["message"]


def test_a_stream_has_the_calls_in_pieces_by_their_index(engine: ScriptedEngine, client: TestClient) -> None:
    *events, done = events_of(ask(client, stream=True).text)
    assert done == "[DONE]"
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    pieces = [piece for delta in deltas for piece in delta.get("tool_calls", ())]
    assert deltas[0]["role"] == "assistant"
    assert [piece["id"] for piece in pieces if "id" in piece] == ["call_a", "call_b"]
    assert [(piece["type"], piece["function"]["name"]) for piece in pieces if "id" in piece] == [
        ("function", "weather"),
        ("function", "clock"),
    ]
    for index, call in enumerate(CALLS):
        arguments = [piece["function"]["arguments"] for piece in pieces if piece["index"] == index]
        assert len(arguments) > 1
        assert "".join(arguments) == call.arguments
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ("auto", ["weather", "clock"])),
        ("auto", ("auto", ["weather", "clock"])),
        ("none", ("none", ["weather", "clock"])),
        ("required", ("required", ["weather", "clock"])),
        ({"type": "function", "function": {"name": "clock"}}, ("function:clock", ["weather", "clock"])),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "clock"}}],
                },
            },
            ("required", ["clock"]),
        ),
    ],
)
def test_every_form_of_the_choice_reaches_the_engine(
    engine: ScriptedEngine, client: TestClient, choice: Any, expected: tuple[str, list[str]]
) -> None:
    assert ask(client, tool_choice=choice, parallel_tool_calls=False).status_code == 200
    (tools,) = engine.tools
    assert tools is not None
    assert (tools.choice, [tool.name for tool in tools.tools]) == expected
    assert not tools.parallel


def test_calls_and_results_in_the_chat_reach_the_engine(engine: ScriptedEngine, client: TestClient) -> None:
    messages = [
        QUESTION,
        {"role": "assistant", "content": None, "refusal": None, "annotations": [], "tool_calls": WIRE_CALLS},
        {"role": "tool", "tool_call_id": "call_a", "content": "It is."},
        {"role": "tool", "tool_call_id": "call_b", "content": [{"type": "text", "text": "Noon."}]},
    ]
    assert ask(client, messages=messages).status_code == 200
    ((asked, _),) = engine.requests
    assert asked == (
        Message("user", "Is it raining in Rome?"),
        Message("assistant", "", CALLS),
        Message("tool", "It is.", tool_call_id="call_a"),
        Message("tool", "Noon.", tool_call_id="call_b"),
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [CLOCK, CLOCK]}, "tools"),
        ({"tools": [], "tool_choice": "required"}, "tools"),
        ({"tool_choice": {"type": "function", "function": {"name": "oven"}}}, "tool_choice"),
        (
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "auto",
                        "tools": [{"type": "function", "function": {"name": "oven"}}],
                    },
                }
            },
            "tool_choice",
        ),
    ],
)
def test_tools_that_do_not_agree_are_refused_by_name(client: TestClient, fields: dict[str, Any], param: str) -> None:
    response = ask(client, **fields)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (400, "invalid_tools", param)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools.0.type"),
        ({"tools": [{"type": "function", "function": {"name": "two words"}}]}, "tools.0.function.name"),
        ({"messages": [{"role": "tool", "content": "It is."}]}, "messages.0.tool_call_id"),
        ({"messages": [{"role": "user", "content": "a", "tool_calls": WIRE_CALLS}]}, "messages.0.tool_calls"),
        ({"messages": [{"role": "assistant", "content": None}]}, "messages.0.content"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort"),
    ],
)
def test_what_is_no_tool_call_or_message_is_refused_by_name(
    client: TestClient, fields: dict[str, Any], param: str
) -> None:
    response = ask(client, **fields)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


def test_parameters_that_are_too_deep_are_refused_by_the_name_of_their_tool(client: TestClient) -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"properties": {"a": deep}}
    deep_tool = {"type": "function", "function": {"name": "deep", "parameters": deep}}
    error = ask(client, tools=[CLOCK, deep_tool]).json()["error"]
    assert (error["code"], error["param"]) == ("invalid_json_schema", "tools.1.function.parameters")


def test_documents_answer_and_take_no_notice_of_tools_that_need_not_be_called(
    engine: ScriptedEngine, world: World, client: TestClient
) -> None:
    engine = world.models.scripted = ScriptedEngine(["The pump is oiled every 3 months [1]."])
    messages = [
        {"role": "user", "content": "What pumps are there?"},
        {"role": "assistant", "content": None, "tool_calls": WIRE_CALLS},
        {"role": "tool", "tool_call_id": "call_a", "content": "One."},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": "How often is the pump oiled?"},
    ]
    body = ask(client, model="docs/docs", messages=messages, tool_choice="auto").json()
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["choices"][0]["message"]["annotations"]
    assert engine.tools == [None]


def test_documents_refuse_a_call_that_is_required(client: TestClient) -> None:
    response = ask(client, model="docs/docs", tool_choice="required")
    error = response.json()["error"]
    assert (response.status_code, error["param"], "docs/" in error["message"]) == (400, "tool_choice", True)


def test_a_conversation_refuses_tools(client: TestClient) -> None:
    conversation = client.post("/v1/conversations", json={}).json()["id"]
    error = ask(client, pincite={"conversation": conversation}).json()["error"]
    assert (error["code"], error["param"]) == ("invalid_tools", "tools")


def test_the_effort_of_reasoning_reaches_the_engine(engine: ScriptedEngine, client: TestClient) -> None:
    assert ask(client, reasoning_effort="high").status_code == 200
    ((_, sampling),) = engine.requests
    assert sampling.reasoning_effort == "high"


@pytest.mark.parametrize(
    ("path", "tool"),
    [
        (CHAT, {"type": "function", "function": {"name": "weather", "parameters": {"title": "x" * MAX_BYTES}}}),
        ("/v1/responses", {"type": "function", "name": "weather", "parameters": {"title": "x" * MAX_BYTES}}),
        ("/v1/messages", {"name": "weather", "input_schema": {"title": "x" * MAX_BYTES}}),
    ],
)
def test_parameters_that_are_too_large_are_refused_in_every_dialect(
    client: TestClient, path: str, tool: dict[str, Any]
) -> None:
    asked = {"input": "Hi"} if path == "/v1/responses" else {"messages": [QUESTION], "max_tokens": 9}
    response = client.post(path, json={"model": "scripted", "tools": [tool], **asked})
    assert response.status_code == 400
    assert f"more than {MAX_BYTES} bytes" in response.text
