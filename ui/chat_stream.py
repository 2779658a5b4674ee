"""One streamed answer: server-sent events in, typed events out, and a stop that works at once."""

import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from ui.api_types import (
    DOCS_PREFIX,
    Basis,
    ChatEvent,
    ChatRequest,
    Check,
    CheckedSentence,
    Citation,
    Finished,
    Overview,
    Problem,
    Words,
)
from ui.errors import ApiRefusedError, ApiUnreachableError, ConnectionLostError, UnexpectedAnswerError
from ui.responses import check_status

JsonObject = dict[str, Any]

CONNECT_SECONDS = 5.0
LONGEST_SILENCE_SECONDS = 900.0
DATA = "data:"
DONE = "[DONE]"


@dataclass(frozen=True, slots=True)
class _Delta:
    content: str | None = None
    annotations: tuple[Citation, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Choice:
    delta: _Delta
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One event: `pincite` is a `Basis` in the first one, a `Check` in the last, and news of the work between."""

    choices: tuple[_Choice, ...] = ()
    pincite: dict[str, object] | None = None
    error: Problem | None = None


class ChatStream:
    """An answer that is being written. `events` may be read once; `close` may be called from any thread.

    The stream has a connection of its own, so that closing it disturbs nobody and tells the server at
    once, whatever the reading thread waits for.
    """

    def __init__(self, url: str, headers: Mapping[str, str], request: ChatRequest) -> None:
        self._url = url
        self._headers = dict(headers)
        self._request = request
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_closed = False

    def events(self) -> Generator[ChatEvent, None, None]:
        """Yield a `Basis`, then `Words` and news of the work, then `Finished`.

        They end early, and quietly, when the stream was closed.

        Raises `ApiUnreachableError`, `ApiRefusedError` or `ConnectionLostError`.
        """
        try:
            yield from self._events()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ApiUnreachableError(url=self._url) from error
        except httpx.TransportError as error:
            if not self._is_closed:
                raise ConnectionLostError from error
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswerError(url=self._url) from error

    def close(self) -> None:
        """End the stream now. A second call does nothing."""
        with self._lock:
            self._is_closed = True
            # Only a shutdown wakes a thread that waits in recv and tells the server in the same moment;
            # closing the response does neither while another thread reads it.
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _events(self) -> Iterator[ChatEvent]:
        timeout = httpx.Timeout(LONGEST_SILENCE_SECONDS, connect=CONNECT_SECONDS)
        with (
            httpx.Client(headers=self._headers, timeout=timeout, trust_env=False) as client,
            client.stream(
                "POST",
                f"{self._url}/v1/chat/completions",
                json=_body(self._request),
                extensions={"trace": self._keep_socket},
            ) as response,
        ):
            check_status(response)
            for data in _data_lines(response.iter_lines()):
                yield from _read_chunk(data)
                if self._is_closed:
                    return

    def _keep_socket(self, name: str, info: Mapping[str, Any]) -> None:
        if name != "connection.connect_tcp.complete":
            return
        with self._lock:
            self._socket = info["return_value"].get_extra_info("socket")
            if self._is_closed and self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)


def _body(request: ChatRequest) -> JsonObject:
    return {
        "model": DOCS_PREFIX + request.collection,
        "messages": [{"role": "user", "content": request.question}],
        "stream": True,
        "user": request.user or None,
        "pincite": {
            "model": request.model,
            "mode": request.mode,
            "style": request.style,
            "collections": list(request.collections),
            "conversation": request.conversation,
            "parent": request.parent,
        },
    }


def _data_lines(lines: Iterator[str]) -> Iterator[str]:
    """Yield the data of each event. Raise where the stream ends without saying that it is complete."""
    for line in lines:
        data = line.removeprefix(DATA).strip() if line.startswith(DATA) else ""
        if data == DONE:
            return
        if data:
            yield data
    raise httpx.RemoteProtocolError("the stream ended without [DONE]")


def _read_chunk(data: str) -> Iterator[ChatEvent]:
    chunk = msgspec.json.decode(data, type=_Chunk)
    if chunk.error is not None:
        raise ApiRefusedError(status=HTTPStatus.OK, code=chunk.error.code or "", message=chunk.error.message)
    for choice in chunk.choices:
        if chunk.pincite is not None and choice.finish_reason is None:
            yield _news(chunk.pincite)
        if choice.delta.content:
            yield Words(choice.delta.content)
        if choice.finish_reason is not None:
            check = msgspec.convert(chunk.pincite or {}, Check)
            yield Finished(choice.delta.annotations or (), check, choice.finish_reason)


def _news(pincite: dict[str, object]) -> Basis | Overview | CheckedSentence:
    """Return what the server says before the end, besides the words."""
    if "progress" in pincite:
        return msgspec.convert(pincite["progress"], Overview)
    if "checked" in pincite:
        return msgspec.convert(pincite["checked"], CheckedSentence)
    return msgspec.convert(pincite, Basis)
