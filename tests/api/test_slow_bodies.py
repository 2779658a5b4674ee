"""Bodies that come slowly are waited for, but not in any number."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from api.errors import CrowdedBodyError
from api.http.guards import PRINCIPAL
from api.http.open_responses import OpenResponses
from api.http.slow_bodies import PROMPT_SECONDS, SlowBodies
from ingest.principals import Principal
from tests.api.world import LiveServer, make_world, wait_for
from tests.virtual_time import run_in_virtual_time

BODY = b'{"name": "manuals"}'
HEAD = "POST /v1/vector_stores HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """A server that takes two slow bodies of a client at a time, and calls one slow very soon."""
    monkeypatch.setattr("api.app.MAX_SLOW_BODIES", {"per_client": 2, "total": 3})
    monkeypatch.setattr("api.http.slow_bodies.PROMPT_SECONDS", 0.05)
    with make_world(tmp_path / "home") as world, world.live() as live:
        yield live


def begin(stack: ExitStack, live: LiveServer, sent: int) -> socket.socket:
    """Send the head of a request and the first bytes of its body."""
    url = httpx.URL(live.url)
    peer = stack.enter_context(socket.create_connection((url.host, url.port or 80), timeout=20))
    peer.sendall(f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY[:sent])
    return peer


def test_so_many_slow_bodies_are_waited_for_and_no_more(live: LiveServer) -> None:
    with ExitStack() as stack:
        first, second = begin(stack, live, 1), begin(stack, live, 5)
        for peer in (first, second):
            peer.settimeout(0.5)
            with pytest.raises(TimeoutError):
                peer.recv(1)
            peer.settimeout(20)
        refused = b"".join(iter(partial(begin(stack, live, 1).recv, 4_096), b"")).decode()
        assert refused.startswith("HTTP/1.1 408")
        assert "2 others do already" in refused
        assert httpx.get(f"{live.url}/v1/models", trust_env=False).status_code == httpx.codes.OK
        prompt = httpx.post(f"{live.url}/v1/vector_stores", json={"name": "prompt"}, trust_env=False)
        assert prompt.status_code == httpx.codes.OK
        first.sendall(BODY[1:])
        assert first.recv(4_096).startswith(b"HTTP/1.1 200")
        late = begin(stack, live, 1)
        late.settimeout(0.5)
        with pytest.raises(TimeoutError):
            late.recv(1)


def test_a_client_that_leaves_gives_its_place_back(live: LiveServer) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            begin(stack, live, 1)

    def is_taken_in() -> bool:
        with ExitStack() as stack:
            peer = begin(stack, live, 1)
            peer.settimeout(0.5)
            try:
                return peer.recv(1) == b""
            except TimeoutError:
                return True

    wait_for(is_taken_in, seconds=20)


def take_in(parts: Sequence[float], places: OpenResponses) -> int:
    """Return for how many parts of a body, each of which comes after so many seconds, places are held at their end."""
    coming, held = iter(parts), 0

    async def receive() -> Message:
        seconds = next(coming, None)
        await asyncio.sleep(seconds or 0.0)
        return {"type": "http.request", "body": b"x", "more_body": seconds is not None}

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        nonlocal held
        while (await receive())["more_body"]:
            held += places.count

    async def send(_message: Message) -> None:
        raise AssertionError("the application answers nothing")

    scope = {"type": "http", "client": ("127.0.0.1", 1), PRINCIPAL: Principal("anna")}
    run_in_virtual_time(SlowBodies(app, places=places)(scope, receive, send))
    assert places.count == 0
    return held


def test_a_body_is_slow_when_all_its_pauses_together_are_long() -> None:
    pause = 0.22 * PROMPT_SECONDS
    assert take_in([pause] * 4, OpenResponses(per_client=1, total=1)) == 0
    assert take_in([pause] * 8, OpenResponses(per_client=1, total=1)) == 4
    assert take_in([60.0] * 5, OpenResponses(per_client=1, total=1)) == 5


def test_a_slow_body_without_a_place_is_cut_off_before_it_is_complete() -> None:
    with pytest.raises(CrowdedBodyError):
        take_in([1e9], OpenResponses(per_client=0, total=0))
