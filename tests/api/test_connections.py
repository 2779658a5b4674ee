"""Clients that do not read what they are sent, and those that send what is no HTTP."""

import json
import socket
import time
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.connections import MAX_SLOW_CHECKS, MIN_BYTES_PER_SECOND, UNSENT_BYTES, DeliveryWatch
from api.routes.files import OriginalResponse
from tests.api.world import make_world, wait_for

CHECK_SECONDS = 5.0
MIN_BYTES = int(CHECK_SECONDS * MIN_BYTES_PER_SECOND)


@given(st.integers(0, 10**9), st.lists(st.integers(MIN_BYTES, 10**6), max_size=50))
def test_a_client_that_takes_enough_between_all_checks_is_never_stalled(backlog: int, takes: list[int]) -> None:
    watch = DeliveryWatch(CHECK_SECONDS)
    backlogs = [backlog]
    for taken in takes:
        backlogs.append(max(backlogs[-1] - taken, 0))
    assert not any(map(watch.is_stalled, backlogs))


@given(st.integers(1, 10**9), st.lists(st.integers(0, MIN_BYTES - 1), min_size=MAX_SLOW_CHECKS))
def test_a_client_that_takes_too_little_is_stalled_at_the_same_check(backlog: int, takes: list[int]) -> None:
    watch = DeliveryWatch(CHECK_SECONDS)
    backlogs = [backlog + sum(takes)]
    for taken in takes:
        backlogs.append(backlogs[-1] - taken)
    verdicts = [watch.is_stalled(each) for each in backlogs]
    assert verdicts.index(True) == MAX_SLOW_CHECKS


def test_progress_begins_the_judgement_anew() -> None:
    watch = DeliveryWatch(CHECK_SECONDS)
    verdicts = []
    for _ in range(10):
        verdicts += [watch.is_stalled(10**6), watch.is_stalled(10**6)]
        watch.restart()
    assert not any(verdicts)


def test_a_client_that_does_not_read_its_response_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.connections.CHECK_SECONDS", 0.05)
    with make_world(tmp_path / "home") as world, world.live() as live:
        client = httpx.Client(base_url=live.url, trust_env=False, timeout=60)
        big = client.post("/v1/files", files={"file": ("big.txt", b"x" * 40_000_000)}, data={"purpose": "assistants"})
        client.close()
        connections = live.server.server_state.connections
        wait_for(lambda: not connections, seconds=30)
        with socket.create_connection((httpx.URL(live.url).host, httpx.URL(live.url).port or 80)) as reader:
            reader.sendall(f"GET /v1/files/{big.json()['id']}/content HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            wait_for(lambda: connections, seconds=30)
            held = []
            while connections:
                held += [connection.transport.get_write_buffer_size() for connection in list(connections)]
                time.sleep(0.01)
            assert 0 < max(held) <= UNSENT_BYTES + OriginalResponse.chunk_size


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        f"GET /v1/files?name={'x' * 300_000}",
        "hello\r\n\r\n",
    ],
)
def test_what_cannot_be_read_as_http_is_refused_as_every_other_request(tmp_path: Path, request_text: str) -> None:
    with make_world(tmp_path / "home") as world, world.live() as live:
        url = httpx.URL(live.url)
        with socket.create_connection((url.host, url.port or 80), timeout=20) as peer:
            peer.sendall(request_text.encode())
            head, body = b"".join(iter(lambda: peer.recv(65_536), b"")).split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in head
    assert json.loads(body)["error"]["code"] == "bad_request"
