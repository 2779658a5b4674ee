"""Who is let in: host, body, origin and key, on every route."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from api.errors import SlowBodyError
from api.http.connections import MIN_BYTES_PER_SECOND
from api.http.guards import BodyGuard
from tests.api.world import BASE_URL, World, make_world
from tests.virtual_time import run_in_virtual_time

KEY = "correct-horse-battery-staple"
FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost.",
    "127.0.0.1@evil.example",
    "evil.example:1234",
    "localhost/x?",
    "0.0.0.0",  # noqa: S104 (a name to be refused)
    "127.0.0.2",
    "[::2]",
    "127.1",
    "",
    "localhost:99999999",
    "127.0.0.1 evil.example",
    "*",
]
OWN_HOSTS = ["127.0.0.1", "127.0.0.1:1234", "localhost", "LOCALHOST:1234", "[::1]", "[::1]:8080"]


PATH_PARTS = {
    "store": "docs",
    "file_id": "f",
    "number": 1,
    "model": "m",
    "conversation": "c",
    "item": "i",
    "principal": "anna",
    "batch_id": "b",
    "response": "r",
    "upload_id": "u",
}
UNDESCRIBED = [
    ("GET", "/lmstudio-greeting"),
    ("GET", "/lms-status"),
    ("GET", "/api/v1/models"),
    ("POST", "/api/v1/chat"),
]
"""Routes that the description leaves out."""


def routes(world: World) -> list[tuple[str, str]]:
    """Return a request for every route that the application has, and for some that it has not."""
    known = [
        (method.upper(), path.format_map(PATH_PARTS))
        for path, methods in world.app.openapi()["paths"].items()
        for method in methods
    ]
    return [*known, *UNDESCRIBED, ("GET", "/"), ("GET", "/docs"), ("GET", "/openapi.json"), ("POST", "/nope")]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, TestClient]]:
    """An application with a key, an extra host name and an extra origin."""
    home = tmp_path_factory.mktemp("guards") / "home"
    flags = {"api_key": KEY, "allowed_hosts": "pincite.lan", "allowed_origins": "http://app.example"}
    with make_world(home, **flags) as world, world.client() as client:
        yield world, client


def test_every_route_is_known_to_these_tests(guarded: tuple[World, TestClient]) -> None:
    paths = {path for _, path in routes(guarded[0])}
    assert paths >= {"/v1/files", "/v1/vector_stores", "/v1/chat/completions", "/v1/models", "/health/live", "/metrics"}


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_name_is_refused_everywhere_before_the_key(guarded: tuple[World, TestClient], host: str) -> None:
    world, client = guarded
    for method, path in routes(world):
        response = client.request(method, path, headers={"Host": host})
        assert (response.status_code, response.json()["error"]["code"]) == (421, "host_not_allowed"), path


@pytest.mark.parametrize("host", [*OWN_HOSTS, "pincite.lan:1234"])
def test_own_host_names_are_answered(guarded: tuple[World, TestClient], host: str) -> None:
    assert guarded[1].get("/health/live", headers={"Host": host}).status_code == 200


def test_two_host_headers_are_refused(guarded: tuple[World, TestClient]) -> None:
    response = guarded[1].get("/health/live", headers=[("Host", "127.0.0.1"), ("Host", "evil.example")])
    assert response.status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"Authorization": "Bearer "},
        {"X-Api-Key": "wrong"},
        {"Api-Key": ""},
        {"Cookie": f"api_key={KEY}"},
    ],
    ids=str,
)
def test_only_the_liveness_check_and_the_greeting_answer_without_the_key(
    guarded: tuple[World, TestClient], headers: dict[str, str]
) -> None:
    world, client = guarded
    opened = [
        path for method, path in routes(world) if client.request(method, path, headers=headers).status_code != 401
    ]
    assert set(opened) == {"/health/live", "/lmstudio-greeting", "/lms-status"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer {KEY}"},
        {"X-Api-Key": KEY},
        {"Api-Key": KEY},
        {"Authorization": f"Basic {KEY}", "X-Api-Key": KEY},
    ],
    ids=str,
)
def test_the_key_opens_in_every_form_that_clients_send(
    guarded: tuple[World, TestClient], headers: dict[str, str]
) -> None:
    assert guarded[1].get("/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["api_key", "key", "Access_Token", "x-api-key"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {KEY}"}], ids=["alone", "besides"])
def test_a_key_in_the_url_is_refused(guarded: tuple[World, TestClient], name: str, headers: dict[str, str]) -> None:
    response = guarded[1].get("/v1/models", params={name: KEY}, headers=headers)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (401, "key_in_url", name)
    assert KEY not in response.text


CROSS_SITE = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://127.0.0.1"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": BASE_URL, "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
]
OWN_SITE = [
    {},
    {"Origin": BASE_URL},
    {"Origin": BASE_URL, "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://app.example", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_other_web_pages_can_change_nothing_and_keep_nothing_busy(
    guarded: tuple[World, TestClient], headers: dict[str, str]
) -> None:
    world, client = guarded
    authorized = {**headers, "Authorization": f"Bearer {KEY}"}
    for method, path in routes(world):
        response = client.request(method, path, headers=authorized)
        assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden"), path


LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def test_a_link_on_another_page_leads_to_what_is_safe_and_soon_over(guarded: tuple[World, TestClient]) -> None:
    _, client = guarded
    authorized = {**LINK, "Authorization": f"Bearer {KEY}"}
    assert client.get("/v1/models", headers=authorized).status_code == 200
    assert client.get("/v1/queue/events", headers=authorized).status_code == 403
    assert client.post("/v1/queue/pause", headers=authorized).status_code == 403


@pytest.mark.parametrize(
    "other",
    [{"Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, {"Origin": "null"}],
    ids=str,
)
def test_nothing_else_is_taken_for_a_link(guarded: tuple[World, TestClient], other: dict[str, str]) -> None:
    headers = {**LINK, **other, "Authorization": f"Bearer {KEY}"}
    assert guarded[1].get("/v1/models", headers=headers).status_code == 403


@pytest.mark.parametrize("headers", OWN_SITE, ids=str)
def test_programs_own_pages_and_named_origins_pass(guarded: tuple[World, TestClient], headers: dict[str, str]) -> None:
    authorized = {**headers, "Authorization": f"Bearer {KEY}"}
    assert guarded[1].post("/v1/vector_stores", json={}, headers=authorized).status_code == 200


def test_cross_origin_headers_go_to_named_origins_only(guarded: tuple[World, TestClient]) -> None:
    _, client = guarded
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    allowed = client.options("/v1/models", headers={"Origin": "http://app.example", **preflight})
    foreign = client.options("/v1/models", headers={"Origin": "http://evil.example", **preflight})
    assert allowed.headers["access-control-allow-origin"] == "http://app.example"
    assert "access-control-allow-origin" not in foreign.headers
    assert "access-control-allow-credentials" not in allowed.headers


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_the_official_clients_pass_from_a_page_of_an_allowed_origin(
    guarded: tuple[World, TestClient], method: str
) -> None:
    sent = "authorization,content-type,x-stainless-os,x-stainless-retry-count,x-api-key,anthropic-version"
    headers = {
        "Origin": "http://app.example",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": sent,
        "Access-Control-Request-Private-Network": "true",
    }
    preflight = guarded[1].options("/v1/chat/completions", headers=headers)
    assert (preflight.status_code, preflight.headers["access-control-allow-private-network"]) == (200, "true")
    assert method in preflight.headers["access-control-allow-methods"]
    assert set(preflight.headers["access-control-allow-headers"].split(",")) == set(sent.split(","))
    read = {"Origin": "http://app.example", "Authorization": f"Bearer {KEY}"}
    assert "x-request-id" in guarded[1].get("/v1/models", headers=read).headers["access-control-expose-headers"]


def test_a_name_of_this_machine_is_told_how_it_is_allowed(guarded: tuple[World, TestClient]) -> None:
    refused = guarded[1].get("/v1/models", headers={"Host": "host.docker.internal:1234"})
    assert "PINCITE_ALLOWED_HOSTS=host.docker.internal " in refused.json()["error"]["message"]
    strange = guarded[1].get("/v1/models", headers={"Host": "a\x08b"})
    assert "a\x08b" not in strange.text


def test_there_are_no_cross_origin_headers_by_default(client: TestClient) -> None:
    response = client.get("/v1/models", headers={"Origin": "http://evil.example"})
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_answers_cannot_become_pages(client: TestClient) -> None:
    headers = client.get("/v1/models").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in headers


def test_there_are_no_pages_with_assets_from_elsewhere(client: TestClient) -> None:
    assert [client.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a live server that takes requests of 1 MB, and files of 2 MB."""
    home = tmp_path_factory.mktemp("small") / "home"
    flags: dict[str, Any] = {"max_request_mb": 1, "max_upload_mb": 2, "body_timeout_seconds": 0.5}
    with make_world(home, **flags) as world, world.live() as live:
        yield live.url


def test_a_declared_body_over_the_limit_is_refused_at_once(small: str) -> None:
    response = httpx.post(f"{small}/v1/chat/completions", content=b"x" * 1_000_001, trust_env=False)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


def test_a_body_without_a_length_is_refused_when_it_grows_over_the_limit(small: str) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{small}/v1/chat/completions", content=body(), headers=headers, trust_env=False)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


def test_a_huge_upload_is_refused_before_it_is_taken_in(small: str, tmp_path: Path) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += 1_000_000
            yield b"x" * 1_000_000

    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "200000000"}
    response = httpx.post(f"{small}/v1/files", content=body(), headers=headers, trust_env=False)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "+5"])
def test_a_length_that_is_no_number_is_refused(small: str, length: str) -> None:
    answer = talk(small, f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n")
    assert answer.startswith("HTTP/1.1 400")


def test_a_client_that_stops_sending_is_told_and_hung_up_on(small: str) -> None:
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = talk(small, f"{head}Content-Length: 100\r\n\r\n{{")
    assert answer.startswith("HTTP/1.1 408")
    assert "request_timeout" in answer


TIMEOUT_SECONDS = 10.0


def take_in(parts: Sequence[tuple[float, int]]) -> tuple[int, float]:
    """Return how many bytes of a body pass the guard, whose parts have (seconds, bytes), and after how many seconds."""

    coming, taken = iter(parts), 0

    async def receive() -> Message:
        seconds, size = next(coming, (1e9, 0))
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": bytes(size), "more_body": True}

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        nonlocal taken
        with suppress(SlowBodyError):
            while True:
                taken += len((await receive())["body"])

    async def take() -> float:
        guard = BodyGuard(app, max_bytes=10**12, max_upload_bytes=10**12, timeout_seconds=TIMEOUT_SECONDS)
        await guard({"type": "http", "path": "/", "headers": []}, receive, send_nothing)
        return asyncio.get_running_loop().time()

    seconds = run_in_virtual_time(take())
    return taken, seconds


async def send_nothing(_message: Message) -> None:
    raise AssertionError("the application answers nothing")


def test_a_body_that_never_pauses_but_never_gets_on_is_cut_off() -> None:
    taken, seconds = take_in([(9.0, 1)] * 1_000)
    assert taken == 1
    assert seconds == pytest.approx(TIMEOUT_SECONDS, abs=0.01)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 9.9), st.integers(0, 3_000)), max_size=30))
def test_a_body_may_take_a_second_for_each_kilobyte_and_no_longer(parts: list[tuple[float, int]]) -> None:
    due, clock, in_time = TIMEOUT_SECONDS, 0.0, 0
    for seconds, size in parts:
        if (clock := clock + seconds) >= due:
            break
        due += size / MIN_BYTES_PER_SECOND
        in_time += size
    taken, ended = take_in(parts)
    assert taken == in_time
    assert ended <= due + 0.01


def test_a_big_upload_on_a_slow_line_is_taken_in() -> None:
    one_megabyte_in_a_quarter_of_an_hour = [(9.0, 10_000)] * 100
    assert take_in(one_megabyte_in_a_quarter_of_an_hour)[0] == 1_000_000


def test_a_client_that_never_finishes_its_head_is_hung_up_on(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.http.connections.HEAD_TIMEOUT_SECONDS", 0.5)
    assert talk(small, "GET /v1/models HTTP/1.1\r\nHost: local") == ""


def talk(url: str, request: str) -> str:
    """Send raw bytes and return everything that comes back until the server hangs up."""
    parts = httpx.URL(url)
    with socket.create_connection((parts.host, parts.port or 80), timeout=5) as connection:
        connection.sendall(request.encode())
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer.decode()
