"""Responses that a blocking generator produces piece by piece, and that close it when the client leaves.

The generator holds the model. A client may leave at any time, even before the first token, and the server may be told
to stop; both must close the generator, which stops the model. So a thread of its own reads it while the event loop
listens to the client. An empty piece is not sent: the generator is still at work and can be closed there.
"""

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.errors import UNEXPECTED, ErrorShape, ServerStoppingError, describe, shape_error

logger = logging.getLogger(__name__)

DONE_EVENT = b"data: [DONE]\n\n"
SIGN_OF_LIFE = b": working\n\n"
"""A comment, which clients skip; it keeps proxies and their timeouts from taking a long prompt for a dead server."""
SILENCE_SECONDS = 10.0

Pieces = Generator[bytes, None, None]


ERROR_EVENT = "error"


def encode_event(body: bytes, name: str = "") -> bytes:
    """Return one line of JSON as a server-sent event, which some dialects name."""
    return (b"event: " + name.encode() + b"\n" if name else b"") + b"data: " + body + b"\n\n"


class ClientLeftError(Exception):
    """The client closed the connection."""


class _PieceReader:
    """The generator's pieces, read without blocking the event loop.

    One thread owns the generator: it runs `next` and, at the end, `close`, so the two never overlap.
    """

    def __init__(self, pieces: Pieces, receive: Receive, stopping: asyncio.Event) -> None:
        self._pieces = pieces
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answer")
        self._context = copy_context()  # the thread works on this request: its log lines have the request's id
        self._client_left = asyncio.ensure_future(_disconnected(receive))
        self._stopping = asyncio.ensure_future(stopping.wait())
        self._pending: asyncio.Future[bytes | None] | None = None

    async def next(self, show_life: Callable[[], Awaitable[None]] | None = None) -> bytes | None:
        """Return the next piece that is not empty, or None after the last.

        Meanwhile `show_life` is called every `SILENCE_SECONDS`. Raises what the generator raises, `ClientLeftError` or
        `ServerStoppingError`.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + SILENCE_SECONDS
        piece: bytes | None = b""
        while piece == b"":
            pending = self._request()
            watched: set[asyncio.Future[Any]] = {pending, self._client_left, self._stopping}
            seconds = None if show_life is None else max(deadline - clock(), 0.0)
            await asyncio.wait(watched, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            self._check_connection()
            if pending.done():
                self._pending = None
                piece = await pending
            if piece == b"" and show_life is not None and clock() >= deadline:
                await show_life()
                deadline = clock() + SILENCE_SECONDS
        return piece

    async def settle(self, seconds: float) -> None:
        """Wait up to `seconds` for the next piece, and raise what the generator raises until then."""
        pending = self._request()
        await asyncio.wait({pending}, timeout=seconds)
        if pending.done() and pending.exception() is not None:
            await pending

    def close(self) -> None:
        """Close the generator as soon as its thread returns from the current piece."""
        self._client_left.cancel()
        self._stopping.cancel()
        self._thread.submit(self._context.run, self._pieces.close)
        self._thread.shutdown(wait=False)

    def _request(self) -> "asyncio.Future[bytes | None]":
        if self._pending is None:
            loop = asyncio.get_running_loop()
            self._pending = loop.run_in_executor(self._thread, self._context.run, self._read)
            # If the response has ended, a failure of the last piece is not reported as unhandled.
            self._pending.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._pending

    def _read(self) -> bytes | None:
        return next(self._pieces, None)

    def _check_connection(self) -> None:
        if self._client_left.done():
            raise ClientLeftError
        if self._stopping.done():
            raise ServerStoppingError


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class GeneratedResponse(Response, ABC):
    """Base of the responses below. Failures before the first byte are raised, and get a status of their own.

    `place` is held from the first piece to the end, see `OpenResponses.hold`.
    """

    def __init__(
        self, pieces: Pieces, stopping: asyncio.Event, *, place: AbstractContextManager[None] | None = None
    ) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._generator = pieces
        self._stopping = stopping
        self._place = place or nullcontext()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; closes the generator, whatever happens."""
        with self._place:
            await self._send_pieces(receive, send)

    async def _send_pieces(self, receive: Receive, send: Send) -> None:
        pieces = _PieceReader(self._generator, receive, self._stopping)
        try:
            await self._respond(pieces, send)
        except ClientLeftError:
            logger.info("client left before the answer was complete")
        finally:
            pieces.close()

    @abstractmethod
    async def _respond(self, pieces: _PieceReader, send: Send) -> None:
        """Send the pieces as this kind of response does."""

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

    async def _send(self, send: Send, body: bytes, *, is_last: bool = False) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": not is_last})


class JsonResult(GeneratedResponse):
    """The JSON text that the pieces of a generator form."""

    media_type = "application/json"

    async def _respond(self, pieces: _PieceReader, send: Send) -> None:
        body = b""
        while (piece := await pieces.next()) is not None:
            body += piece
        self.headers["content-length"] = str(len(body))
        await self._start(send)
        await self._send(send, body, is_last=True)


class EventStream(GeneratedResponse):
    """Server-sent events. A failure after the first byte becomes the last event, and no `[DONE]` follows.

    The first event is held back up to `settle_seconds` in case the second one is a refusal: an answer from documents
    begins before the model is called, and a full queue should be a status that clients know how to retry. While there
    is nothing to send, a comment every `SILENCE_SECONDS` tells that the work goes on; the first begins the response.
    Dialects whose events are `named` have no `[DONE]` either, and name the failure `error`.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        pieces: Pieces,
        stopping: asyncio.Event,
        *,
        place: AbstractContextManager[None] | None = None,
        settle_seconds: float = 0.0,
        shape: ErrorShape = shape_error,
        named: bool = False,
    ) -> None:
        super().__init__(pieces, stopping, place=place)
        self._shape = shape
        self._named = named
        self._settle_seconds = settle_seconds
        self._has_begun = False

    async def _respond(self, pieces: _PieceReader, send: Send) -> None:
        async def show_life() -> None:
            await self._begin(send)
            await self._send(send, SIGN_OF_LIFE)

        try:
            first = await pieces.next(show_life)
            if self._settle_seconds and not self._has_begun:
                await pieces.settle(self._settle_seconds)
            await self._begin(send)
            await self._send(send, first or b"")
            while (event := await pieces.next(show_life)) is not None:
                await self._send(send, event)
            await self._send(send, b"" if self._named else DONE_EVENT, is_last=True)
        except ClientLeftError:
            raise
        except Exception as error:
            if not self._has_begun:
                raise
            await self._send(send, self._describe(error), is_last=True)

    async def _begin(self, send: Send) -> None:
        if not self._has_begun:
            self._has_begun = True
            self.headers["cache-control"] = "no-cache"
            await self._start(send)

    def _describe(self, error: Exception) -> bytes:
        """Return the last event: after the first byte, the stream itself is the only way to tell the client."""
        answer = describe(error)
        if answer.kind is UNEXPECTED:
            logger.error("an answer failed after its first byte", exc_info=error)
        body = json.dumps(self._shape(answer), ensure_ascii=False, separators=(",", ":")).encode()
        return encode_event(body, ERROR_EVENT if self._named else "")
