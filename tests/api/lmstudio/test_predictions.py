"""Predictions over LM Studio's websockets: answers, continuations, tools, and clients that stop or leave."""

import json
from typing import Any

from starlette.testclient import TestClient

from rag.engines.types import Message, Tool, ToolCall, ToolUse
from tests.api.lmstudio.sdk_socket import config, connect, prediction
from tests.api.world import World, wait_for
from tests.fakes import ScriptedEngine

WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "Of a city.", "parameters": {"type": "object"}},
}
DOCUMENTS = {"type": "query", "query": {"identifier": "docs/docs"}}


def text_of(messages: list[Any]) -> str:
    return "".join(message["fragment"]["content"] for message in messages if message["type"] == "fragment")


def test_an_answer_comes_as_progress_fragments_and_statistics(world: World, client: TestClient) -> None:
    asked = prediction(
        "Is it on?", temperature=0.5, maxPredictedTokens={"checked": True, "value": 9}, stopStrings=["#"]
    )
    with connect(client, "llm") as sdk:
        messages = sdk.run("predict", asked)
    kinds = [message["type"] for message in messages]
    progress = ["promptProcessingProgress"]
    assert kinds == [*progress, *progress, "fragment", "fragment", "success"]
    assert [message["progress"] for message in messages[:2]] == [0.0, 1.0]
    assert messages[1]["details"] == {
        "cachedTokenCount": 0,
        "totalPromptTokenCount": 5,
        "processedPromptTokenCount": 5,
        "unprocessedPromptTokenCount": 0,
    }
    assert text_of(messages) == "Yes."
    stats = messages[-1]["stats"]
    assert (stats["stopReason"], stats["promptTokensCount"], stats["predictedTokensCount"]) == ("eosFound", 5, 2)
    assert messages[-1]["modelInfo"]["instanceReference"] == "scripted"
    ((asked_messages, sampling),) = world.models.scripted.requests  # type: ignore[attr-defined]
    assert asked_messages == (Message("user", "Is it on?"),)
    assert (sampling.temperature, sampling.max_tokens, sampling.stop) == (0.5, 9, ("#",))


def test_an_answer_that_is_cut_says_by_what(world: World, client: TestClient) -> None:
    with connect(client, "llm") as sdk:
        cut = sdk.run("predict", prediction("On?", maxPredictedTokens={"checked": True, "value": 1}))
        assert cut[-1]["stats"]["stopReason"] == "maxPredictedTokensReached"
        unlimited = sdk.run("predict", prediction("On?", maxPredictedTokens={"checked": False, "value": 1}))
        assert unlimited[-1]["stats"]["stopReason"] == "eosFound"
        world.models.scripted = ScriptedEngine(["word"] * 50, context_window=20)
        full = sdk.run("predict", prediction("On?", maxPredictedTokens={"checked": True, "value": -1}))
        assert full[-1]["stats"]["stopReason"] == "contextLengthReached"


def test_documents_answer_with_their_citations(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["The pump is oiled every 3 months. [1]"])
    with connect(client, "llm") as sdk:
        messages = sdk.run("predict", prediction("How often is the pump oiled?", DOCUMENTS))
    assert "3 months" in text_of(messages)
    assert "pump.txt" in {citation["filename"] for citation in messages[-1]["pincite"]["citations"]}


def test_a_text_is_continued_in_both_forms_of_the_wire(world: World, client: TestClient) -> None:
    engine = world.models.scripted
    assert isinstance(engine, ScriptedEngine)
    raw = prediction("Once upon")
    raw["predictionConfigStack"]["layers"].append({"layerName": "completeModeFormatting", "config": {"fields": []}})
    with connect(client, "llm") as sdk:
        python = sdk.run("predict", raw)
        typescript = sdk.run("completeRawText", {**raw, "rawPrompt": "Once upon", "history": None})
    assert text_of(python) == text_of(typescript) == "Yes."
    assert engine.texts == ["Once upon", "Once upon"]


def test_an_answer_obeys_a_schema(world: World, client: TestClient) -> None:
    engine = world.models.scripted
    assert isinstance(engine, ScriptedEngine)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    with connect(client, "llm") as sdk:
        sdk.run("predict", prediction("Number?", structured={"type": "json", "jsonSchema": schema}))
        (refused,) = sdk.run("predict", prediction("Number?", structured={"type": "gbnf", "gbnfGrammar": "root"}))
        (other,) = sdk.run("predict", prediction("Go", **{"llama.xtcProbability": {"checked": True, "value": 0.5}}))
    assert json.loads(engine.requests[0][1].json_schema) == schema
    assert "GBNF" in refused["error"]["title"]
    assert "xtcProbability" in other["error"]["title"]


def test_a_tool_is_called_and_its_result_goes_on(world: World, client: TestClient) -> None:
    engine = ScriptedEngine(
        ["Let me see.", ToolCall("c1", "weather", '{"city": "Oslo"}'), ToolCall("c2", "weather", "[")]
    )
    world.models.scripted = engine
    asked = prediction("Weather?", tools={"type": "toolArray", "tools": [WEATHER]})
    call = {"type": "function", "name": "weather", "id": "c1", "arguments": {"city": "Oslo"}}
    with connect(client, "llm") as sdk:
        messages = sdk.run("predict", asked)
        asked["history"]["messages"] += [
            {"role": "assistant", "content": [{"type": "toolCallRequest", "toolCallRequest": call}]},
            {"role": "tool", "content": [{"type": "toolCallResult", "content": "rain", "toolCallId": "c1"}]},
        ]
        sdk.run("predict", asked)
    assert engine.tools[0] == ToolUse((Tool("weather", "Of a city.", '{"type":"object"}'),))
    ends = [message for message in messages if message["type"].startswith("toolCallGeneration")]
    assert [message["type"].removeprefix("toolCallGeneration") for message in ends] == [
        "Start", "NameReceived", "ArgumentFragmentGenerated", "ArgumentFragmentGenerated", "End",
        "Start", "NameReceived", "ArgumentFragmentGenerated", "Failed",
    ]  # fmt: skip
    assert ends[4]["toolCallRequest"] == call
    assert "no JSON object" in ends[-1]["error"]["title"]
    assert messages[-1]["stats"]["stopReason"] == "toolCalls"
    assert engine.requests[1][0][1:] == (
        Message("assistant", "", tool_calls=(ToolCall("c1", "weather", '{"city": "Oslo"}'),)),
        Message("tool", "rain", tool_call_id="c1"),
    )


def test_a_prediction_that_is_cancelled_ends_with_what_it_had(world: World, client: TestClient) -> None:
    engine = world.models.scripted = ScriptedEngine(["word "] * 20_000, context_window=100_000)
    with connect(client, "llm") as sdk:
        number = sdk.open("predict", prediction("Tell me a story."))
        messages = sdk.messages(number)
        next(message for message in messages if message["type"] == "fragment")
        sdk.session.send_json({"type": "channelSend", "channelId": number, "message": {"type": "cancel"}, "ackId": 7})
        rest = _skip_receipt(sdk, number)
    assert rest[-1]["stats"]["stopReason"] == "userStopped"
    assert 1 <= rest[-1]["stats"]["predictedTokensCount"] < 20_000
    assert engine.closed_early == 1


def _skip_receipt(sdk: Any, number: int) -> list[Any]:
    """Return the messages of a channel without the receipt of the client's own message."""
    messages: list[Any] = []
    acknowledged = 0
    while (frame := sdk.session.receive_json())["type"] != "channelClose":
        acknowledged += frame == {"type": "channelAck", "channelId": number, "ackId": 7}
        messages += [frame["message"]] if frame["type"] == "channelSend" else []
    assert acknowledged == 1
    return messages


def test_a_client_that_leaves_stops_the_model(world: World, client: TestClient) -> None:
    engine = world.models.scripted = ScriptedEngine(["word "] * 20_000, context_window=100_000)
    with connect(client, "llm") as sdk:
        messages = sdk.messages(sdk.open("predict", prediction("Tell me a story.")))
        next(message for message in messages if message["type"] == "fragment")
    wait_for(lambda: engine.closed_early == 1)


def test_prompts_and_tokens_are_the_models_own(client: TestClient) -> None:
    history = prediction("How high?")["history"]
    specifier = {"type": "instanceReference", "instanceReference": "scripted"}
    with connect(client, "llm") as sdk:
        asked = {"specifier": specifier, "history": history, "opts": {}}
        asked["predictionConfigStack"] = config(systemPrompt="Be brief.")
        rendered = sdk.call("applyPromptTemplate", asked)
        assert rendered == {"formatted": "system: Be brief.\nuser: How high?"}
        text = {"specifier": specifier, "inputString": "two words"}
        assert sdk.call("tokenize", text) == {"tokens": [3, 5]}
        assert sdk.call("countTokens", text) == {"tokenCount": 2}
