"""Stream one answer from the API: server-sent events in, typed events out, cancelled at once by `close`."""

import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import msgspec
from httpx_sse import ServerSentEvent, SSEError, connect_sse

from ui.api_types import (
    DOCS_PREFIX,
    AnswerDetails,
    ApiError,
    Basis,
    ChatEvent,
    ChatRequest,
    CheckedSentence,
    Citation,
    Finished,
    OverviewProgress,
    TextDelta,
)
from ui.error_responses import check_status
from ui.errors import ApiRefusedError, ApiUnreachableError, ConnectionLostError, UnexpectedAnswerError

JsonObject = dict[str, Any]

CONNECT_SECONDS = 5.0
LONGEST_SILENCE_SECONDS = 900.0
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
    """One event. `pincite` holds a `Basis` in the first event, `AnswerDetails` in the last, progress in between."""

    choices: tuple[_Choice, ...] = ()
    pincite: dict[str, object] | None = None
    error: ApiError | None = None


class ChatStream:
    """An answer that is being written. `events` may be read once; `close` may be called from any thread.

    The stream has a connection of its own, so `close` affects no other request and reaches the server at once, even
    while the reading thread blocks in `recv`. A lost connection is an error and never reconnects: a chat completion
    cannot be resumed, and asking again would generate a second answer.
    """

    def __init__(self, url: str, headers: Mapping[str, str], request: ChatRequest) -> None:
        self._url = url
        self._headers = dict(headers)
        self._request = request
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_closed = False

    def events(self) -> Generator[ChatEvent, None, None]:
        """Yield a `Basis`, then text deltas and progress, then `Finished`.

        The events end early, without an error, after `close`.

        Raises `ApiUnreachableError`, `ApiRefusedError`, `ConnectionLostError` or `UnexpectedAnswerError`.
        """
        try:
            yield from self._events()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ApiUnreachableError(url=self._url) from error
        except SSEError as error:  # a transport error of httpx, so it comes before the next clause
            raise UnexpectedAnswerError(url=self._url) from error
        except httpx.TransportError as error:
            if not self._is_closed:
                raise ConnectionLostError from error
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswerError(url=self._url) from error

    def close(self) -> None:
        """End the stream now. A second call does nothing."""
        with self._lock:
            self._is_closed = True
            # Only a shutdown both wakes a thread that blocks in recv and tells the server at once;
            # closing the response does neither while another thread reads it.
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _events(self) -> Iterator[ChatEvent]:
        timeout = httpx.Timeout(LONGEST_SILENCE_SECONDS, connect=CONNECT_SECONDS)
        with (
            httpx.Client(headers=self._headers, timeout=timeout, trust_env=False) as client,
            connect_sse(
                client,
                "POST",
                f"{self._url}/v1/chat/completions",
                json=_request_body(self._request),
                extensions={"trace": self._keep_socket},
            ) as source,
        ):
            check_status(source.response)
            for data in _read_until_done(source.iter_sse()):
                yield from decode_event(data)
                if self._is_closed:
                    return

    def _keep_socket(self, name: str, info: Mapping[str, Any]) -> None:
        if name != "connection.connect_tcp.complete":
            return
        with self._lock:
            self._socket = info["return_value"].get_extra_info("socket")
            if self._is_closed and self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)


def decode_event(data: str) -> Iterator[ChatEvent]:
    """Yield what the data of one server-sent event says; nothing for a sign of life.

    Raises `ApiRefusedError` for an error event, `msgspec.MsgspecError` for a chunk of another shape.
    """
    chunk = msgspec.json.decode(data, type=_Chunk)
    if chunk.error is not None:
        raise ApiRefusedError(status=HTTPStatus.OK, code=chunk.error.code or "", message=chunk.error.message)
    for choice in chunk.choices:
        if chunk.pincite is not None and choice.finish_reason is None:
            yield _convert_progress(chunk.pincite)
        if choice.delta.content:
            yield TextDelta(choice.delta.content)
        if choice.finish_reason is not None:
            details = msgspec.convert(chunk.pincite or {}, AnswerDetails)
            yield Finished(choice.delta.annotations or (), details, choice.finish_reason)


def _request_body(request: ChatRequest) -> JsonObject:
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
            "sources": "none",  # the page numbers the citations itself
        },
    }


def _read_until_done(events: Iterator[ServerSentEvent]) -> Iterator[str]:
    """Yield the data of each event before `[DONE]`. Raise `httpx.RemoteProtocolError` if the stream ends without it."""
    for event in events:
        if event.data == DONE:
            return
        if event.data:
            yield event.data
    raise httpx.RemoteProtocolError(f"the stream ended without {DONE}")


def _convert_progress(pincite: dict[str, object]) -> Basis | OverviewProgress | CheckedSentence:
    """Return what an event before the last one says about the answer."""
    if "progress" in pincite:
        return msgspec.convert(pincite["progress"], OverviewProgress)
    if "checked" in pincite:
        return msgspec.convert(pincite["checked"], CheckedSentence)
    return msgspec.convert(pincite, Basis)
