"""The application as a whole: what it imports, how it tells that it is well, and its odd corners."""

import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rag.errors import ModelLoadError
from rag.models.load_overrides import LoadOverrides
from tests.api.world import OneModel, World, make_world, wait_for
from tests.fakes import ScriptedEngine

NATIVE = ("torch", "sentence_transformers", "llama_cpp", "pypdfium2", "pypdf", "docx", "lxml", "selectolax")


def test_the_server_never_imports_a_parser_or_a_model(tmp_path: Path) -> None:
    program = f"""
import sys
from api.app import create_app
from api.services import Services
from api.settings import load_settings
settings = load_settings(home={str(tmp_path / "home")!r})
services = Services(settings)
create_app(services, settings.api)
services.close()
print([name for name in {NATIVE!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_is_ready_when_embedder_and_model_are_loaded(world: World, client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "ok", "instance": world.app.state.instance}
    wait_for(lambda: client.get("/health/ready").status_code == 200)
    assert client.get("/health/ready").json() == {"status": "ok", "embedder": "ok", "model": "ok", "problems": []}


class BrokenModel(OneModel):
    """A model source whose only model cannot be loaded."""

    def load(self, model: str | None, overrides: LoadOverrides | None = None) -> str:
        raise ModelLoadError(model="scripted", detail="bad magic")


def test_a_model_that_cannot_be_loaded_is_named_while_search_works(world: World) -> None:
    world.services.models = BrokenModel()
    with world.client() as client:
        wait_for(lambda: client.get("/health/ready").json()["model"] == "failed")
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["embedder"]) == (503, "ok")
        assert "bad magic" in ready.json()["problems"][0]
        assert client.post("/v1/vector_stores/docs/search", json={"query": "pump"}).status_code == 200


def test_metrics_count_requests_answers_tokens_and_documents(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["a", "b"])
    body = {"model": "scripted", "messages": [{"role": "user", "content": "x"}]}
    client.post("/v1/chat/completions", json=body)
    client.get("/v1/files/file-secret")
    lines = set(client.get("/metrics").text.splitlines())
    assert 'pincite_answers_total{finish_reason="stop",mode="none"} 1.0' in lines
    assert 'pincite_tokens_total{kind="completion"} 2.0' in lines
    assert 'pincite_documents{status="done"} 2.0' in lines
    assert "pincite_ingest_queue 0.0" in lines
    assert 'pincite_requests_total{method="GET",route="/v1/files/{file_id}",status="404"} 1.0' in lines
    assert not any("file-secret" in line for line in lines)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "not_found"),
        ("GET", "/v1/file/", 404, "not_found"),
        ("PUT", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1/models/nope", 404, "model_not_found"),
        ("GET", "/v1/models/docs/nope", 404, "model_not_found"),
        ("POST", "/v1/chat", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_said_in_openais_shape(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_json_under_another_content_type_is_refused(client: TestClient) -> None:
    response = client.post("/v1/vector_stores", content='{"name": "x"}', headers={"Content-Type": "text/plain"})
    assert response.status_code == 415
    assert client.get("/v1/vector_stores/x").status_code == 404


@pytest.mark.slow
def test_a_start_takes_up_again_what_was_queued(tmp_path: Path) -> None:
    with make_world(tmp_path / "home") as world:
        collection = world.services.create_collection("docs")
        file = world.services.library.add_file(
            source="a.txt", filename="a.txt", content=Path(__file__).with_name("conftest.py")
        )
        world.services.library.enqueue(collection.id, file.id)
    with make_world(tmp_path / "home") as world:
        world.services.queue.start()
        wait_for(lambda: world.services.library.documents()[0].status == "done", seconds=60)


def test_a_collection_of_another_embedder_is_refused_with_what_to_do(world: World, client: TestClient) -> None:
    from tests.fakes import passport

    world.services.library.create_collection("old", passport())
    search = client.post("/v1/vector_stores/old/search", json={"query": "x"})
    chat = client.post(
        "/v1/chat/completions", json={"model": "docs/old", "messages": [{"role": "user", "content": "x"}]}
    )
    for response in (search, chat):
        assert (response.status_code, response.json()["error"]["code"]) == (409, "embedder_mismatch")
