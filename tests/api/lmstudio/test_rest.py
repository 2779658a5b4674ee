"""LM Studio's REST APIs: models with what LM Studio tells of them, statistics, and chats that are remembered."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.engines.types import Message
from rag.errors import EngineBusyError
from tests.api.world import World, make_world
from tests.fakes import ScriptedEngine

EMBEDDER = "all-MiniLM-L6-v2"
ASKED = {"model": "scripted", "messages": [{"role": "user", "content": "Is it on?"}]}


def named_events(text: str) -> list[tuple[str, Any]]:
    """Return the names and the data of the events of a stream."""
    pairs = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in pairs]


def engine_of(world: World) -> ScriptedEngine:
    engine = world.models.scripted
    assert isinstance(engine, ScriptedEngine)
    return engine


def test_the_first_api_lists_models_with_their_state(client: TestClient) -> None:
    models = client.get("/api/v0/models").json()
    assert [each["id"] for each in models["data"]] == ["scripted", EMBEDDER, "docs/docs"]
    assert {each["type"] for each in models["data"]} == {"llm", "embeddings"}
    one = client.get(f"/api/v0/models/{EMBEDDER}").json()
    assert one == models["data"][1]
    assert (one["arch"], one["state"], one["compatibility_type"]) == ("bert", "loaded", "safetensors")
    gone = client.get("/api/v0/models/gone")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("model", ["scripted", "docs/docs"])
def test_an_answer_has_statistics_beside_what_openai_has(client: TestClient, model: str) -> None:
    whole = client.post("/api/v0/chat/completions", json={**ASKED, "model": model}).json()
    streamed = client.post("/api/v0/chat/completions", json={**ASKED, "model": model, "stream": True}).text
    plain = client.post("/v1/chat/completions", json={**ASKED, "model": model}).json()
    assert set(whole) == {*plain, "stats", "model_info", "runtime"}
    assert whole["stats"]["stop_reason"] == "eosFound"
    assert whole["model_info"]["context_length"] == 4096
    *_, last, done = streamed.strip().split("\n\n")
    assert done == "data: [DONE]"
    event = json.loads(last.removeprefix("data: "))
    assert event["choices"] == []
    assert set(event["stats"]) == {"tokens_per_second", "time_to_first_token", "generation_time", "stop_reason"}


def test_a_text_has_statistics_too_and_minus_one_is_no_limit(world: World, client: TestClient) -> None:
    body = {"model": "scripted", "prompt": "Once", "max_tokens": -1}
    whole = client.post("/api/v0/completions", json=body).json()
    assert (whole["choices"][0]["text"], whole["stats"]["stop_reason"]) == ("Yes.", "eosFound")
    assert engine_of(world).requests[-1][1].max_tokens is None
    streamed = client.post("/api/v0/completions", json={**body, "stream": True}).text
    assert '"stats"' in streamed
    short = client.post("/api/v0/completions", json={**body, "max_tokens": 1}).json()
    assert short["stats"]["stop_reason"] == "maxPredictedTokensReached"


def test_vectors_are_those_of_openais_route(client: TestClient) -> None:
    body = {"model": EMBEDDER, "input": ["The pump"]}
    assert client.post("/api/v0/embeddings", json=body).json() == client.post("/v1/embeddings", json=body).json()


def test_the_second_api_lists_models_with_their_instances(client: TestClient) -> None:
    models = {each["key"]: each for each in client.get("/api/v1/models").json()["models"]}
    assert list(models) == ["scripted", EMBEDDER, "docs/docs"]
    assert models["scripted"]["loaded_instances"] == [{"id": "scripted", "config": {"context_length": 4096}}]
    assert models[EMBEDDER]["type"] == "embedding"
    assert "capabilities" not in models[EMBEDDER]


def test_a_chat_is_answered_and_goes_on_from_any_response(world: World, client: TestClient) -> None:
    first = client.post(
        "/api/v1/chat", json={"model": "scripted", "input": "Is it on?", "system_prompt": "Be brief.", "temperature": 0}
    ).json()
    assert first["output"] == [{"type": "message", "content": "Yes."}]
    assert first["stats"]["total_output_tokens"] == 2
    assert first["response_id"].startswith("resp_")
    more: dict[str, Any] = {"model": "scripted", "previous_response_id": first["response_id"]}
    second = client.post("/api/v1/chat", json={**more, "input": [{"type": "message", "content": "And now?"}]}).json()
    assert engine_of(world).requests[-1][0] == (
        Message("system", "Be brief."),
        Message("user", "Is it on?"),
        Message("assistant", "Yes."),
        Message("user", "And now?"),
    )
    client.post("/api/v1/chat", json={**more, "input": "Or now?"})
    assert engine_of(world).requests[-1][0][-1] == Message("user", "Or now?")
    assert len(engine_of(world).requests[-1][0]) == 4, "a branch from the first response, not from the second"
    assert second["response_id"] != first["response_id"]


def test_a_chat_that_is_not_stored_leaves_nothing(world: World, client: TestClient) -> None:
    body = {"model": "scripted", "input": "Is it on?", "store": False, "system_prompt": "Be brief."}
    answer = client.post("/api/v1/chat", json=body).json()
    assert "response_id" not in answer
    assert engine_of(world).requests[-1][0][0] == Message("system", "Be brief.")
    assert client.get("/v1/conversations").json()["data"] == []


def test_documents_answer_with_citations(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["The pump is oiled every 3 months. [1]"])
    body = {"model": "docs/docs", "input": "How often is the pump oiled?"}
    answer = client.post("/api/v1/chat", json=body).json()
    assert "3 months" in answer["output"][0]["content"]
    assert "pump.txt" in {citation["filename"] for citation in answer["pincite"]["citations"]}


def test_a_streamed_chat_has_named_events_and_ends_with_the_whole_response(client: TestClient) -> None:
    body = {"model": "scripted", "input": "Is it on?", "stream": True, "store": False}
    events = named_events(client.post("/api/v1/chat", json=body).text)
    assert [name for name, _ in events] == [
        "chat.start", "prompt_processing.start", "prompt_processing.progress", "prompt_processing.end",
        "message.start", "message.delta", "message.delta", "message.end", "chat.end",
    ]  # fmt: skip
    assert all(data["type"] == name for name, data in events)
    assert events[0][1] == {"type": "chat.start", "model_instance_id": "scripted"}
    whole = client.post("/api/v1/chat", json={**body, "stream": False}).json()
    assert {**events[-1][1]["result"], "stats": None} == {**whole, "stats": None}


def test_a_failure_in_a_stream_is_an_error_event(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["Yes", EngineBusyError(waiting=1, retry_after_seconds=3)])
    body = {"model": "scripted", "input": "Is it on?", "stream": True}
    name, data = named_events(client.post("/api/v1/chat", json=body).text)[-1]
    assert (name, data["type"]) == ("error", "error")
    assert data["error"]["type"] == "invalid_request"
    assert data["error"]["code"] == "engine_busy"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"model": "gone", "input": "Hi"}, 404, "model"),
        ({"model": EMBEDDER, "input": "Hi"}, 404, "model"),
        ({"model": "scripted", "input": [{"type": "image", "data_url": "data:image/png;base64,AA=="}]}, 400, "input"),
        ({"model": "scripted", "input": "Hi", "context_length": 9_999}, 400, "context_length"),
        ({"model": "scripted", "input": "Hi", "previous_response_id": "resp_1"}, 400, "previous_response_id"),
        ({"model": "scripted", "input": "Hi", "integrations": ["mcp/files"]}, 400, "integrations"),
        ({"model": "scripted"}, 400, "input"),
    ],
)
def test_what_a_chat_cannot_be_is_refused_by_name(client: TestClient, body: Any, status: int, param: str) -> None:
    response = client.post("/api/v1/chat", json=body)
    assert (response.status_code, response.json()["error"]["param"]) == (status, param)
    assert client.get("/v1/conversations").json()["data"] == []


def test_a_response_of_somebody_else_is_not_there(world: World, client: TestClient) -> None:
    anna, bert = ({"Authorization": f"Bearer {world.services.library.create_key(name)}"} for name in ("anna", "bert"))
    body = {"model": "scripted", "input": "Is it on?"}
    mine = client.post("/api/v1/chat", json=body, headers=anna).json()["response_id"]
    assert client.post("/api/v1/chat", json={**body, "previous_response_id": mine}, headers=anna).is_success
    refused = client.post("/api/v1/chat", json={**body, "previous_response_id": mine}, headers=bert)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "conversation_not_found")


def test_a_model_on_disk_is_downloaded_already_and_others_are_refused_in_words(client: TestClient) -> None:
    def download(model: str) -> Any:
        return client.post("/api/v1/models/download", json={"model": model})

    assert download("scripted").json() == {"status": "already_downloaded"}
    assert download("https://hub.example/maker/scripted").json() == {"status": "already_downloaded"}
    refused = download("maker/other")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "model")
    assert "pincite models get" in refused.json()["error"]["message"]
    status = client.get("/api/v1/models/download/status/job_1")
    assert (status.status_code, status.json()["error"]["type"]) == (404, "job_not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v0/models"),
        ("GET", "/api/v0/models/scripted"),
        ("POST", "/api/v0/chat/completions"),
        ("POST", "/api/v0/completions"),
        ("POST", "/api/v0/embeddings"),
        ("GET", "/api/v1/models"),
        ("POST", "/api/v1/models/load"),
        ("POST", "/api/v1/models/unload"),
        ("POST", "/api/v1/models/download"),
        ("GET", "/api/v1/models/download/status/1"),
        ("POST", "/api/v1/chat"),
    ],
)
def test_nothing_is_told_without_the_key(tmp_path: Path, method: str, path: str) -> None:
    with make_world(tmp_path / "home", api_key="correct-horse-battery") as world, world.client() as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert client.request(method, path, headers=headers, json={}).status_code == 401
