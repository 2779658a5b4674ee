"""What HTTP asks of every route: `Allow` beside 405, HEAD beside GET, and 415 for a body of another media type."""

import logging
import re
from contextvars import copy_context
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from api.commands.output import PlainFormatter
from api.http.clean_paths import clean_path
from api.http.request_context import set_request_id
from tests.api.world import BASE_URL, World


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/models", "GET, HEAD, OPTIONS"),
        ("POST", "/v1/models/docs/docs", "GET, HEAD, OPTIONS"),
        ("TRACE", "/v1/files", "GET, HEAD, POST, OPTIONS"),
        ("PATCH", "/v1/files/file-1", "GET, HEAD, DELETE, OPTIONS"),
        ("GET", "/v1/vector_stores/docs/search", "POST, OPTIONS"),
        ("HEAD", "/v1/chat/completions", "POST, OPTIONS"),
        ("DELETE", "/v1/conversations/conv_1/items", "GET, HEAD, POST, OPTIONS"),
        ("DELETE", "/v1/queue/events", "GET, HEAD, OPTIONS"),
        ("GET", "/v1/queue/pause", "POST, OPTIONS"),
        ("BREW", "/health/live", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/vector_stores/docs", "GET, HEAD, POST, DELETE, OPTIONS"), ("/v1/chat/completions", "POST, OPTIONS")],
)
def test_options_of_a_path_are_the_methods_that_it_takes(client: TestClient, path: str, allowed: str) -> None:
    response = client.options(path)
    assert (response.status_code, response.headers["allow"], response.content) == (204, allowed, b"")
    assert client.options("/v1/nope").status_code == 404


@pytest.mark.parametrize("path", ["//v1/models", "/v1//models", "/v1/models/", "///v1///models//"])
def test_a_slash_too_many_leads_to_the_same_route(client: TestClient, path: str) -> None:
    answer = client.request("GET", f"{BASE_URL}{path}")
    assert (answer.status_code, answer.json()) == (200, client.get("/v1/models").json())


def test_a_model_that_is_named_by_its_url_keeps_its_slashes() -> None:
    assert clean_path("/models/http://host//models/x") == "/models/http://host/models/x"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/nope", "/v1/models/nope", "/health/live"])
def test_every_answer_has_the_id_that_its_client_gave_it(client: TestClient, path: str) -> None:
    given = client.get(path, headers={"X-Request-Id": "my-request.1"})
    assert given.headers["x-request-id"] == "my-request.1"
    ids = {client.get(path).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"req_[0-9a-f]{32}", each) for each in ids)


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "line\tbreak", "[id]"])
def test_an_id_that_could_forge_a_log_line_is_replaced(client: TestClient, given: str) -> None:
    response = client.get("/health/live", headers={"X-Request-Id": given})
    assert response.headers["x-request-id"].startswith("req_")


def test_an_unforeseen_failure_names_its_request(world: World, client: TestClient) -> None:
    world.models.refusals.append(ValueError("a slip of ours"))
    body = {"model": "scripted", "messages": [{"role": "user", "content": "Hello"}]}
    response = client.post("/v1/chat/completions", json=body, headers={"X-Request-Id": "my-request.2"})
    assert (response.status_code, response.headers["x-request-id"]) == (500, "my-request.2")
    assert "my-request.2" in response.json()["error"]["message"]


def test_a_line_of_the_log_ends_with_the_id_of_its_request() -> None:
    log = logging.getLogger("tests.request")
    record = log.makeRecord(log.name, logging.INFO, "f", 1, "answered %s", ("it",), None)
    formatter = PlainFormatter(has_tracebacks=False)

    def answer() -> str:
        set_request_id("my-request.3")
        return formatter.format(record)

    assert copy_context().run(answer).endswith("answered it [my-request.3]")
    assert formatter.format(record).endswith("answered it")


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
    own = {"date", "x-request-id", *(["content-length"] if path == "/metrics" else [])}
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
