"""HTTP/1.1 connections with deadlines: for the head of a request, and for a client that does not read its response.

uvicorn has neither; a few hundred slow connections (Slowloris, slow reading) would use up the file descriptors. They
hold little of a response that is not taken, and refuse what is no HTTP in the shape of all other errors.
"""

import asyncio
import fcntl
import socket
import termios
from contextlib import suppress
from typing import Any

import h11
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEAD_TIMEOUT_SECONDS = 10.0
LINGER_SECONDS = 1.0
"""How long a client that is refused may go on sending, so that it reads the answer."""
CHECK_SECONDS = 5.0
"""How often a connection that has bytes to deliver is looked at."""
MIN_BYTES_PER_SECOND = 1_000
"""A client that takes or sends less than this, 8 kbit/s, holds a connection rather than uses it."""
MAX_SLOW_CHECKS = 2
UNSENT_BYTES = 16 << 10
"""With more of a response in our buffer, its application waits."""
SYSTEM_BUFFER_BYTES = 256 << 10
"""Of a connection; the system takes some megabytes else, for a client that is slow as for one that is far away."""
NO_HTTP = "this is no HTTP request, or its head (the address, the headers) is too long"
QUEUE_LENGTH_BYTES = 4
MAX_GREETING_BYTES = 8_192
"""Size of a websocket message before the application has answered one: until it knows who is there."""
MAX_WEBSOCKET_BYTES = 64 << 20
"""Size of a websocket message."""


class DeliveryWatch:
    """Judges by its backlog, looked at every `seconds`, whether a client takes its response.

    It does not if it took less than `MIN_BYTES_PER_SECOND` (and not all) between `MAX_SLOW_CHECKS + 1` checks in a row.
    """

    def __init__(self, seconds: float) -> None:
        self._min_bytes = int(MIN_BYTES_PER_SECOND * seconds)
        self._backlog = 0
        self._slow_checks = 0

    def is_stalled(self, backlog: int) -> bool:
        """Record how many bytes are left to deliver, 0 if none is waited for; return the judgement."""
        is_slow = backlog > max(self._backlog - self._min_bytes, 0)
        self._slow_checks = self._slow_checks + 1 if is_slow and self._backlog else 0
        self._backlog = backlog
        return self._slow_checks >= MAX_SLOW_CHECKS

    def restart(self) -> None:
        """Forget the backlog: the client has taken so much that the application may go on."""
        self._backlog = self._slow_checks = 0


class DeadlineProtocol(H11Protocol):
    """A connection that is closed if a head is not complete in time, or its client does not take what is sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._delivery_timer: asyncio.TimerHandle | None = None
        self._delivery = DeliveryWatch(CHECK_SECONDS)
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the clocks with the connection."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNSENT_BYTES)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEM_BUFFER_BYTES)
        self._await_head()
        self._check_later()

    def data_received(self, data: bytes) -> None:
        """Start the clock with the first bytes of a further request; what follows a refusal is not read."""
        if self._is_refused:
            return
        if self._is_between_requests:
            self._await_head()
        super().data_received(data)
        if not self._is_between_requests:
            self._forget_head()

    def resume_writing(self) -> None:
        """Note that the client has taken most of what was waiting."""
        super().resume_writing()
        self._delivery.restart()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_clocks()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Stop the clocks: from here on the connection is a websocket's."""
        self._stop_clocks()
        super().handle_websocket_upgrade(event)

    def _stop_clocks(self) -> None:
        self._forget_head()
        if self._delivery_timer is not None:
            self._delivery_timer.cancel()

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read as HTTP, and hang up a moment later; no application has seen it.

        A reset, which follows unread data, could overtake the answer.
        """
        self._is_refused = True
        from api.errors import (  # with FastAPI: a second, before a port that is taken is found out
            ErrorAnswer,
            http_kind,
        )

        response = ErrorAnswer(http_kind(400), NO_HTTP).response()
        headers = [*response.raw_headers, (b"connection", b"close")]
        answer: list[h11.Event] = [
            h11.Response(status_code=response.status_code, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ]
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in answer))
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    @property
    def _is_between_requests(self) -> bool:
        # Before the first request, the cycle is None, against uvicorn's annotation.
        return self.cycle is None or self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison]

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_SECONDS, self.transport.close)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _check_later(self) -> None:
        self._delivery_timer = self.loop.call_later(CHECK_SECONDS, self._check_delivery)

    def _check_delivery(self) -> None:
        # Only then does the backlog grow no more: the application waits, or the response is complete.
        is_waiting = self.flow.write_paused or self.transport.is_closing()
        if self._delivery.is_stalled(_undelivered_bytes(self.transport) if is_waiting else 0):
            self.transport.abort()  # `close` would wait for the client
        else:
            self._check_later()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A websocket whose messages are small until the application has answered the first one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._allowed_bytes = self.conn.max_message_size
        self.conn.max_message_size = MAX_GREETING_BYTES

    async def send(self, message: ASGISendEvent) -> None:
        """Pass a message on; after the first one, larger ones are taken."""
        await super().send(message)
        if message["type"] == "websocket.send":
            self.conn.max_message_size = self._allowed_bytes


def _undelivered_bytes(transport: asyncio.Transport) -> int:
    """Return how many bytes the client has not taken, of our buffer and of the system's, which empties in big steps."""
    queued = 0
    with suppress(OSError, AttributeError):  # not every system tells
        reply = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(QUEUE_LENGTH_BYTES))
        queued = int.from_bytes(reply, "little")
    return transport.get_write_buffer_size() + queued
