"""Run the application under uvicorn: a fixed port that is guarded, and a bounded shutdown."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from api.http.connections import MAX_WEBSOCKET_BYTES, BoundedWebSocket, DeadlineProtocol
from api.server_record import ServerPresence
from api.settings import ApiSettings, bracketed

if TYPE_CHECKING:  # a second, before a port that is taken is found out
    from fastapi import FastAPI

logger = logging.getLogger(__name__)

BACKLOG = 512
MIN_KEY_CHARS = 16
"""Of a key that other machines may try: 64 bits if it is hexadecimal."""
KEEP_ALIVE_SECONDS = 5
ANSWERS_SHARE = 0.5
"""Share of the grace period for running answers; the rest is for ending processes and closing files."""


class PortInUseError(Exception):
    """Another program listens on the port."""

    exit_code = 1

    def __init__(self, *, host: str, port: int, option: str) -> None:
        self.host = host
        self.port = port
        super().__init__(
            f"port {port} on {host} is in use, perhaps by a Pincite that runs already; stop that program, "
            f"or choose another port with {option}"
        )


class WeakKeyError(Exception):
    """The service would be reachable from other machines with a key that can be guessed."""

    exit_code = 2

    def __init__(self, *, host: str) -> None:
        self.host = host
        super().__init__(
            f"{host} can be reached from other machines, and the key has fewer than {MIN_KEY_CHARS} characters: set "
            "PINCITE_API_KEY to a long random text, such as that of `openssl rand -hex 32`, or listen on 127.0.0.1"
        )


class UnguardedAddressError(Exception):
    """The service would be reachable from other machines without a key."""

    exit_code = 2

    def __init__(self, *, host: str) -> None:
        self.host = host
        super().__init__(
            f"{host} can be reached from other machines, so a key is required: `pincite keys create NAME` makes one, "
            "or set PINCITE_API_KEY to a long random text; or listen on 127.0.0.1"
        )


def open_socket(host: str, port: int, *, option: str) -> socket.socket:
    """Return a listening socket; `option` is what the user is told to change.

    Raises `PortInUseError`, and `OSError` for an address that is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host=host, port=port, option=option) from error
        raise


@contextmanager
def open_lmstudio_socket(settings: ApiSettings) -> Generator[tuple[socket.socket, ...], None, None]:
    """Yield a listening socket where LM Studio's SDKs look for a server; none if the setting says so or it is taken."""
    if settings.lmstudio_port in (0, settings.port):
        yield ()
        return
    try:
        listener = open_socket("127.0.0.1", settings.lmstudio_port, option="PINCITE_LMSTUDIO_PORT")
    except (PortInUseError, OSError) as error:
        logger.info("LM Studio's SDKs need the server's address, as they do not find it by themselves: %s", error)
        yield ()
        return
    with listener:
        yield (listener,)


def probe_port(host: str, port: int, *, option: str) -> None:
    """Raise `PortInUseError` if a port is taken: before what takes long is imported and loaded."""
    with open_socket(host, port, option=option):
        pass


def reachable(host: str, port: int) -> str:
    """Return the URL at which this machine reaches a server that listens on `host`."""
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (recognised, not listened on)
    return f"http://{bracketed(own)}:{port}"


def address_of(listener: socket.socket) -> str:
    """Return the URL at which this machine reaches a listening socket."""
    host, port = listener.getsockname()[:2]
    return reachable(host, port)


def check_address(settings: ApiSettings, *, has_named_keys: Callable[[], bool] = lambda: False) -> None:
    """Raise `UnguardedAddressError` or `WeakKeyError` if other machines could connect without a key, or guess it.

    Call it before `open_socket`. `has_named_keys` says whether the library has any, and is asked only if it matters.
    """
    if not settings.is_loopback and settings.api_key is None and not has_named_keys():
        raise UnguardedAddressError(host=settings.host)
    if not settings.is_loopback and settings.api_key is not None and len(settings.api_key) < MIN_KEY_CHARS:
        raise WeakKeyError(host=settings.host)


def end_process(signal_number: int) -> None:
    """End this process now, as if the signal had not been handled; a home survives that like any crash."""
    os._exit(128 + signal_number)


class PinciteServer(uvicorn.Server):
    """A uvicorn server that stops within the grace period; answers still running then end with an error event.

    `presence` makes it known to the commands of its home while it answers, at `listener`; `others` are further sockets.
    `end_at_once` gets a second signal.
    """

    def __init__(
        self,
        app: "FastAPI",
        settings: ApiSettings,
        listener: socket.socket,
        presence: ServerPresence,
        *,
        others: Sequence[socket.socket] = (),
        end_at_once: Callable[[int], None] = end_process,
    ) -> None:
        answers_seconds = settings.stop_grace_seconds * ANSWERS_SHARE
        super().__init__(
            uvicorn.Config(
                app,
                http=DeadlineProtocol,
                ws=BoundedWebSocket,
                ws_max_size=MAX_WEBSOCKET_BYTES,
                ws_per_message_deflate=False,
                proxy_headers=False,
                server_header=False,
                log_config=None,
                access_log=False,  # it has queries, and with them the signatures of links; see `api.http.request_ids`
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=int(answers_seconds) + 1,
            )
        )
        self._state = app.state
        self._describe = app.openapi
        self._answers_seconds = answers_seconds
        self._listener = listener
        self._others = tuple(others)
        self._presence = presence
        self._end_at_once = end_at_once

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order at the first signal, at once at the second: whoever sends it will not wait."""
        if self._captured_signals:
            self._end_at_once(sig)
        super().handle_exit(sig, frame)

    def serve_until_stopped(self) -> None:
        """Serve requests until a signal comes or `should_exit` is set."""
        self.run(sockets=[self._listener, *self._others])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then tell the commands where, and describe the API before somebody asks."""
        await super().startup(sockets)
        if self.started:
            asyncio.get_running_loop().run_in_executor(None, self._describe)
            self._presence.announce(address_of(self._listener), self._state.instance)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let answers finish for a while, then end them."""
        self._presence.withdraw()
        asyncio.get_running_loop().call_later(self._answers_seconds, self._state.stopping.set)
        await super().shutdown(sockets)
