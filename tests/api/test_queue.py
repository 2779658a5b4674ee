"""Documents on their way into the library, over REST."""

import io
from contextlib import ExitStack

import httpx
import pytest
from fastapi.testclient import TestClient

from ingest.types import DocumentRecord, Progress
from tests.api.world import World, events_of, wait_for
from tests.fakes import chunked
from tests.ingest.library_world import EMBEDDER, claimed

FILES = "/v1/vector_stores/docs/files"


def enqueue(world: World, name: str = "new.txt") -> DocumentRecord:
    library = world.services.library
    file = library.add_file(source=name, filename=name, content=io.BytesIO(name.encode()))
    return library.enqueue(library.collection("docs").id, file.id)


@pytest.fixture
def idle(world: World) -> TestClient:
    """A client of an application whose queue was not started: a document stays as a test has left it."""
    return world.client()


def test_the_queue_is_shown_paused_and_resumed(world: World, idle: TestClient) -> None:
    enqueue(world)
    assert idle.get("/v1/queue").json() == {
        "object": "queue",
        "queued": 1,
        "reading": 0,
        "paused": 0,
        "is_paused": False,
        "estimate_seconds": None,
        "hindrance": None,
    }
    assert idle.post("/v1/queue/pause").json()["is_paused"] is True
    assert world.services.library.queue_state().is_paused
    assert idle.post("/v1/queue/resume").json()["is_paused"] is False
    assert idle.post("/v1/queue/explode").status_code == 404


def test_a_document_is_paused_resumed_cancelled_and_tried_again(world: World, idle: TestClient) -> None:
    path = f"{FILES}/{enqueue(world).file_id}"
    paused = idle.post(f"{path}/pause").json()
    assert (paused["status"], paused["progress"]["status"]) == ("in_progress", "paused")
    assert idle.post(f"{path}/resume").json()["progress"]["status"] == "queued"
    assert idle.post(f"{path}/cancel").json()["status"] == "cancelled"
    assert idle.get("/v1/vector_stores/docs").json()["file_counts"]["cancelled"] == 1
    assert idle.post(f"{path}/retry", json={}).json()["progress"]["status"] == "queued"
    assert idle.post(f"{FILES}/file-none/cancel").status_code == 404
    assert idle.post(f"{FILES}/file-none/retry", json={}).status_code == 404


def test_a_password_is_taken_and_never_shown(world: World, idle: TestClient) -> None:
    document = enqueue(world, "secret.pdf")
    world.services.library.fail(document, "needs a password")
    answer = idle.post(f"{FILES}/{document.file_id}/retry", json={"password": "open sesame"})
    assert answer.json()["progress"]["status"] == "queued"
    assert "sesame" not in answer.text
    assert world.services.library.password(document.file_id) == "open sesame"


def test_pages_that_were_read_can_be_looked_at_while_the_rest_is_read(world: World, idle: TestClient) -> None:
    document = claimed(world.services.library, enqueue(world))
    path = f"{FILES}/{document.file_id}"
    assert idle.get(f"{path}/pages/1").json()["error"]["code"] == "document_not_ready"
    piece = chunked("The pump is blue.")
    world.services.library.append(document, piece, EMBEDDER.embed(["x"]), Progress("reading", 1, 40))
    assert idle.get(path).json()["progress"] == {"stage": "reading", "done": 1, "total": 40, "status": "reading"}
    assert idle.get(f"{path}/pages/1").json()["text"] == "The pump is blue."


@pytest.mark.slow
def test_progress_comes_as_events_until_everything_is_read(world: World, client: TestClient) -> None:
    world.services.library.pause_queue()
    documents = [enqueue(world, f"{number}.txt") for number in range(3)]
    world.services.library.resume_queue()
    *states, done = events_of(client.get("/v1/queue/events").text)
    assert done == "[DONE]"
    assert {state["object"] for state in states} == {"queue"}
    assert (states[-1]["queued"], states[-1]["reading"], states[-1]["files"]) == (0, 0, [])
    wait_for(lambda: world.services.library.document(documents[0].collection_id, documents[0].file_id).pages)


def test_a_stream_without_a_change_ends_before_its_queue_is_empty(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.queue.IDLE_SECONDS", 0.0)
    world.services.library.pause_queue()
    enqueue(world)
    first, *others = events_of(client.get("/v1/queue/events").text)
    assert (first["queued"], others) == (1, ["[DONE]"])


def test_a_client_may_not_keep_any_number_of_streams_open(world: World) -> None:
    limit = world.app.state.open_queue_streams.per_client
    world.services.library.pause_queue()
    enqueue(world)
    with (
        world.live() as live,
        httpx.Client(base_url=live.url, trust_env=False, timeout=60) as client,
        ExitStack() as opened,
    ):
        for _ in range(limit):
            assert opened.enter_context(client.stream("GET", "/v1/queue/events")).status_code == 200
        refused = client.get("/v1/queue/events")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
        assert refused.headers["retry-after"].isdigit()
        assert client.get("/v1/queue").status_code == 200
        opened.close()
        wait_for(lambda: not world.app.state.open_queue_streams.count, seconds=30)
        assert client.head("/v1/queue/events").status_code == 200
