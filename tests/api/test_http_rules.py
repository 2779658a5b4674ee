"""What HTTP asks of every route: `Allow` beside 405, HEAD beside GET, and 415 for a body of another media type."""

from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from tests.api.world import World


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/models", "GET, HEAD"),
        ("POST", "/v1/models/docs/docs", "GET, HEAD"),
        ("TRACE", "/v1/files", "GET, HEAD, POST"),
        ("PATCH", "/v1/files/file-1", "GET, HEAD, DELETE"),
        ("OPTIONS", "/v1/vector_stores/docs", "GET, HEAD, POST, DELETE"),
        ("GET", "/v1/vector_stores/docs/search", "POST"),
        ("HEAD", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/conversations/conv_1/items", "GET, HEAD, POST"),
        ("DELETE", "/v1/queue/events", "GET, HEAD"),
        ("GET", "/v1/queue/pause", "POST"),
        ("BREW", "/health/live", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)


def test_a_path_that_is_not_there_takes_no_method(client: TestClient) -> None:
    response = client.put("/v1/nope")
    assert response.status_code == 404
    assert "allow" not in response.headers


@pytest.mark.parametrize(
    "path",
    [
        "/health/live",
        "/metrics",
        "/openapi.json",
        "/v1/models",
        "/v1/models/docs/docs",
        "/v1/models/nope",
        "/v1/files?limit=1",
        "/v1/files?limit=0",
        "/v1/vector_stores/docs",
        "/v1/queue/events",
    ],
)
def test_head_has_the_status_and_headers_of_get_and_no_body(client: TestClient, path: str) -> None:
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    own = {"date", "content-length"} if path == "/metrics" else {"date"}
    assert {**head.headers, **dict.fromkeys(own)} == {**whole.headers, **dict.fromkeys(own)}


def test_head_of_events_does_not_wait_for_the_end_of_the_queue(world: World) -> None:
    collection = world.services.library.collection("docs")
    file = world.services.library.documents(collection.id)[0].file_id
    world.services.library.pause_queue()
    world.services.library.enqueue(collection.id, file, again=True)
    with world.live() as live:
        response = httpx.head(f"{live.url}/v1/queue/events", timeout=5, trust_env=False)
    assert (response.status_code, response.headers["content-type"][:17]) == (200, "text/event-stream")


JSON_TEXT = '{"name": "x", "query": "x"}'


@pytest.mark.parametrize(
    ("path", "body", "media_type", "required"),
    [
        ("/v1/vector_stores", {"content": JSON_TEXT}, "text/plain", "application/json"),
        ("/v1/vector_stores", {"content": JSON_TEXT}, "", "application/json"),
        ("/v1/vector_stores", {"content": JSON_TEXT}, "application/octet-stream", "application/json"),
        ("/v1/vector_stores/docs/search", {"content": JSON_TEXT}, "application/xml", "application/json"),
        ("/v1/conversations", {"content": JSON_TEXT}, "application/x-www-form-urlencoded", "application/json"),
        ("/v1/chat/completions", {"files": {"file": b"x"}}, None, "application/json"),
        ("/v1/files", {"json": {"purpose": "assistants"}}, None, "multipart/form-data"),
        ("/v1/files", {"data": {"purpose": "assistants"}}, None, "multipart/form-data"),
    ],
)
def test_a_body_of_another_media_type_is_told_which_is_taken(
    client: TestClient, path: str, body: dict[str, Any], media_type: str | None, required: str
) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    response = client.post(path, headers=headers, **body)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (415, "unsupported_media_type")
    assert required in error["message"]


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"])
def test_json_is_taken_under_all_its_names(client: TestClient, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    assert client.post("/v1/conversations", content="{}", headers=headers).status_code == 200
    wrong = client.post("/v1/conversations", content='{"title": 1}', headers=headers)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "title")


@pytest.mark.parametrize("path", ["/v1/vector_stores", "/v1/files"])
def test_a_request_without_a_body_misses_its_body_and_not_a_media_type(client: TestClient, path: str) -> None:
    assert client.post(path).status_code == 400


@pytest.mark.parametrize(
    "path", ["/v1/files", "/v1/vector_stores", "/v1/vector_stores/docs/files", "/v1/conversations"]
)
def test_an_empty_cursor_is_the_first_page_and_an_unknown_one_is_not_there(client: TestClient, path: str) -> None:
    for cursor in ("after", "before"):
        first = client.get(path, params={cursor: ""})
        assert (first.status_code, first.json()) == (200, client.get(path).json())
        unknown = client.get(path, params={cursor: "nope"})
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "cursor_not_found")
        assert unknown.json()["error"]["param"] == cursor
