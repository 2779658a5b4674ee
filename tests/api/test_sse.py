"""Event streams: what a client gets while there is nothing to send, and how a stream fails before and after that."""

import asyncio
import threading

import pytest
from starlette.types import Message

from api.http import sse
from api.http.sse import DONE_EVENT, SIGN_OF_LIFE, EventStream, Pieces, encode_event
from rag.errors import EngineBusyError

EVENT = encode_event(b"{}")


class Client:
    """Receives a stream; `has_life` is set with its first comment."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.statuses: list[int] = []
        self.has_life = threading.Event()

    def read(self, pieces: Pieces) -> None:
        """Read the response to its end; raises what is raised before its first byte."""
        asyncio.run(self._read(pieces))

    async def _read(self, pieces: Pieces) -> None:
        await EventStream(pieces, asyncio.Event())({"type": "http"}, self._receive, self._send)

    async def _receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError("an event that nobody sets is never set")

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])
            return
        self.bodies.append(message["body"])
        if message["body"] == SIGN_OF_LIFE:
            self.has_life.set()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(sse, "SILENCE_SECONDS", 0.01)
    return Client()


@pytest.mark.parametrize("is_at_work", [False, True], ids=["silent", "with empty pieces"])
def test_a_comment_tells_that_the_work_goes_on(client: Client, *, is_at_work: bool) -> None:
    def answer() -> Pieces:
        while not client.has_life.wait(0.001 if is_at_work else 20):
            yield b""
        yield EVENT

    client.read(answer())
    assert (client.bodies[0], client.bodies[-2:]) == (SIGN_OF_LIFE, [EVENT, DONE_EVENT])
    assert client.statuses == [200]


def test_a_refusal_is_raised_before_the_first_byte_and_an_event_after_it(client: Client) -> None:
    def refuse(*, after_life: bool) -> Pieces:
        if after_life:
            assert client.has_life.wait(20)
        raise EngineBusyError(waiting=9, retry_after_seconds=1)
        yield EVENT

    with pytest.raises(EngineBusyError):
        client.read(refuse(after_life=False))
    assert client.bodies == []
    client.read(refuse(after_life=True))
    assert b'"code":"engine_busy"' in client.bodies[-1]
    assert DONE_EVENT not in client.bodies
