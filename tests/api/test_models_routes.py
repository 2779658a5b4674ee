"""Models over REST: which are in memory, and how one gets there and leaves again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from api.settings import load_settings
from rag.errors import ModelInUseError, ModelLoadError, ModelLoadingError, NoRoomForModelError
from tests.api.world import BASE_URL, LoadedEmbedder, World
from tests.fakes import Script, ScriptedEngine
from tests.tiny_gguf import write_tiny_gguf

ASKED = {"messages": [{"role": "user", "content": "What about the pump?"}]}


@pytest.fixture
def tiny_client(tmp_path: Path) -> Iterator[TestClient]:
    """A client of an application with two real models, tiny ones, and the bundled one."""
    folder = tmp_path / "models"
    folder.mkdir()
    write_tiny_gguf(folder / "Tiny-A.gguf", seed=1)
    write_tiny_gguf(folder / "Tiny-B.gguf", seed=2)
    settings = load_settings(home=tmp_path, threads=1, parser_workers=1)
    services = Services(settings, embedder=LoadedEmbedder())
    with TestClient(create_app(services, settings.api), base_url=BASE_URL) as client:
        yield client


@pytest.mark.slow
def test_a_model_is_loaded_and_unloaded_on_request(tiny_client: TestClient) -> None:
    def states() -> dict[str, str | None]:
        return {each["id"]: each.get("state") for each in tiny_client.get("/v1/models").json()["data"]}

    loaded = tiny_client.post("/api/v1/models/load", json={"model": "Tiny-B"})
    assert loaded.status_code == 200
    assert loaded.json().pop("load_time_seconds") >= 0
    assert {**loaded.json(), "load_time_seconds": 0} == {
        "type": "llm",
        "instance_id": "tiny-b",
        "load_time_seconds": 0,
        "status": "loaded",
    }
    assert states()["tiny-b"] == "loaded"
    assert tiny_client.get("/v1/models/tiny-b").json()["state"] == "loaded"
    answer = tiny_client.post("/v1/chat/completions", json={"model": "tiny-b", "max_tokens": 4, **ASKED})
    assert answer.json()["usage"]["completion_tokens"] == 4
    unloaded = tiny_client.post("/api/v1/models/unload", json={"instance_id": "tiny-b"})
    assert (unloaded.status_code, unloaded.json()) == (200, {"instance_id": "tiny-b"})
    assert states()["tiny-b"] == "not-loaded"
    again = tiny_client.post("/v1/chat/completions", json={"model": "tiny-b", "max_tokens": 4, **ASKED})
    assert again.json()["choices"] == answer.json()["choices"]


@pytest.mark.slow
def test_a_model_is_loaded_as_a_request_says_and_anew_if_it_is_loaded_otherwise(tiny_client: TestClient) -> None:
    def load(**options: object) -> int:
        body = {"model": "tiny-b", "echo_load_config": True, **options}
        window: int = tiny_client.post("/api/v1/models/load", json=body).json()["load_config"]["context_length"]
        return window

    assert load(context_length=256) == 256
    assert load() == 256, "what is loaded stays, if nothing else is asked for"
    assert load(context_length=300) == 300
    tiny_client.post("/api/v1/models/unload", json={"instance_id": "tiny-b"})
    assert load() not in (256, 300)


def test_what_is_always_loaded_is_loaded_and_unloaded_without_work(client: TestClient) -> None:
    for name, kind in (("docs/docs", "llm"), ("all-MiniLM-L6-v2", "embedding")):
        loaded = client.post("/api/v1/models/load", json={"model": name}).json()
        assert (loaded["type"], loaded["instance_id"], loaded["status"]) == (kind, name, "loaded")
        unloaded = client.post("/api/v1/models/unload", json={"instance_id": name})
        assert unloaded.json() == {"instance_id": name}
        assert client.get(f"/v1/models/{name}").status_code == 200


@pytest.mark.slow
def test_metrics_tell_what_models_take(tiny_client: TestClient) -> None:
    def gauges() -> dict[str, float]:
        lines = tiny_client.get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.partition(" ") for line in lines) if "_models_" in name}

    tiny_client.post("/api/v1/models/load", json={"model": "tiny-a"})
    with_one = gauges()
    tiny_client.post("/api/v1/models/load", json={"model": "tiny-b"})
    with_two = gauges()
    assert with_two["pincite_models_loaded"] == with_one["pincite_models_loaded"] + 1 == 2
    assert with_two["pincite_models_bytes"] > with_one["pincite_models_bytes"] > 0


def test_a_collection_has_no_state_of_a_model(client: TestClient) -> None:
    listed = {each["id"]: each.get("state") for each in client.get("/v1/models").json()["data"]}
    assert listed == {"scripted": "loaded", "all-MiniLM-L6-v2": None, "docs/docs": None}


def test_every_model_says_what_it_is(client: TestClient) -> None:
    listed = client.get("/v1/models").json()["data"]
    assert [each["type"] for each in listed] == ["llm", "embeddings", "collection"]
    assert client.get("/v1/models/all-MiniLM-L6-v2").json() == listed[1]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("load", {"model": "gone"}, 404, "model_not_found"),
        ("load", {"model": "docs/gone"}, 404, "model_not_found"),
        ("load", {"model": "scripted", "context_length": 12}, 400, "invalid_value"),
        ("load", {"model": "scripted", "gpu": 1}, 400, "unknown_parameter"),
        ("load", {}, 400, "invalid_value"),
        ("unload", {"instance_id": "gone"}, 404, "model_not_found"),
    ],
)
def test_what_cannot_be_loaded_or_unloaded_is_refused(
    client: TestClient, path: str, body: dict[str, object], status: int, code: str
) -> None:
    response = client.post(f"/api/v1/models/{path}", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (ModelLoadingError(model="scripted"), 503, "model_loading", "5"),
        (NoRoomForModelError(model="scripted"), 503, "no_room_for_model", "5"),
        (ModelLoadError(model="scripted", detail="bad magic"), 503, "model_not_loaded", "1"),
        (ModelInUseError(model="scripted"), 409, "model_in_use", None),
    ],
)
def test_a_model_that_cannot_answer_now_says_when_to_come_back(
    world: World, error: Exception, status: int, code: str, retry_after: str | None
) -> None:
    world.models.scripted = ScriptedEngine([error])
    with world.client() as client:
        for model in ("scripted", "docs/docs"):
            for stream in (False, True):
                body = {"model": model, "stream": stream, **ASKED}
                response = client.post("/v1/chat/completions", json=body)
                assert (response.status_code, response.json()["error"]["code"]) == (status, code)
                assert response.headers.get("retry-after") == retry_after


def test_the_official_client_waits_for_a_model_that_is_loading(world: World) -> None:
    loading = ModelLoadingError(model="scripted", retry_after_seconds=1)
    scripts: Iterator[Script] = iter([[loading], [loading], ["Yes", "."]])
    world.models.scripted = ScriptedEngine(lambda _: next(scripts))
    with world.client() as client:
        patient = OpenAI(base_url=f"{BASE_URL}/v1", api_key="unused", http_client=client)
        answer = patient.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "Hello"}])
    assert answer.choices[0].message.content == "Yes."
