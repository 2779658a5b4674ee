"""Responses that a blocking generator makes piece by piece, and that end it when nobody waits any more.

The generator holds the model. A client may leave at any time, before the first token too, and the server
may be told to stop; both must close the generator, which stops the model. So it is read from a thread of
its own while the event loop listens to the client. An empty piece is not sent: generators yield it to say
"still at work, you may close me here".
"""

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.errors import UNEXPECTED, ServerStoppingError, describe

logger = logging.getLogger(__name__)

DONE_EVENT = "data: [DONE]\n\n"


def encode_event(data: dict[str, Any]) -> str:
    """Return `data` as one server-sent event."""
    return f"data: {json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(',', ':'))}\n\n"


class ClientLeftError(Exception):
    """Nobody waits for the response any more."""


class _Pieces:
    """The generator's pieces, read without blocking the event loop.

    One thread owns the generator: it runs `next` and, at the end, `close`, so the two never overlap.
    """

    def __init__(self, pieces: Generator[str, None, None], receive: Receive, stopping: asyncio.Event) -> None:
        self._pieces = pieces
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answer")
        self._client_left = asyncio.ensure_future(_disconnected(receive))
        self._stopping = asyncio.ensure_future(stopping.wait())
        self._pending: asyncio.Future[str | None] | None = None

    async def next(self) -> str | None:
        """Return the next piece that is not empty, or None after the last.

        Raises what the generator raises, `ClientLeftError` or `ServerStoppingError`.
        """
        piece: str | None = ""
        while piece == "":
            pending = self._request()
            watched: set[asyncio.Future[Any]] = {pending, self._client_left, self._stopping}
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            self._check_still_wanted()
            self._pending = None
            piece = await pending
        return piece

    async def settle(self, seconds: float) -> None:
        """Give the generator a moment to fail; what it raises within it is raised here."""
        pending = self._request()
        await asyncio.wait({pending}, timeout=seconds)
        if pending.done() and pending.exception() is not None:
            await pending

    def close(self) -> None:
        """End the generator as soon as its thread comes back from the piece it is waiting for."""
        self._client_left.cancel()
        self._stopping.cancel()
        self._thread.submit(self._pieces.close)
        self._thread.shutdown(wait=False)

    def _request(self) -> "asyncio.Future[str | None]":
        if self._pending is None:
            loop = asyncio.get_running_loop()
            self._pending = loop.run_in_executor(self._thread, next, self._pieces, None)
            # Where nobody waits for the last piece any more, its failure is nobody's.
            self._pending.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._pending

    def _check_still_wanted(self) -> None:
        if self._client_left.done():
            raise ClientLeftError
        if self._stopping.done():
            raise ServerStoppingError


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class GeneratedResponse(Response, ABC):
    """Base of the responses below. Failures before the first byte are raised, and get a status of their own."""

    def __init__(self, pieces: Generator[str, None, None], stopping: asyncio.Event) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._generator = pieces
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; closes the generator, whatever happens."""
        pieces = _Pieces(self._generator, receive, self._stopping)
        try:
            await self._respond(pieces, send)
        except ClientLeftError:
            logger.info("client left before the answer was complete")
        finally:
            pieces.close()

    @abstractmethod
    async def _respond(self, pieces: _Pieces, send: Send) -> None:
        """Send the pieces in the way of this kind of response."""

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

    async def _send(self, send: Send, text: str, *, is_last: bool = False) -> None:
        await send({"type": "http.response.body", "body": text.encode(), "more_body": not is_last})


class JsonResult(GeneratedResponse):
    """One JSON text, the last piece of a generator."""

    media_type = "application/json"

    async def _respond(self, pieces: _Pieces, send: Send) -> None:
        text = ""
        while (piece := await pieces.next()) is not None:
            text += piece
        self.headers["content-length"] = str(len(text.encode()))
        await self._start(send)
        await self._send(send, text, is_last=True)


class EventStream(GeneratedResponse):
    """Server-sent events. A failure after the first byte becomes the last event, and no `[DONE]` follows.

    `settle_seconds` holds the first event back for the second one's refusal. An answer from documents
    begins before the model is asked; a full queue refuses at once, and should be a status that clients
    know how to repeat.
    """

    media_type = "text/event-stream"

    def __init__(
        self, pieces: Generator[str, None, None], stopping: asyncio.Event, *, settle_seconds: float = 0.0
    ) -> None:
        super().__init__(pieces, stopping)
        self._settle_seconds = settle_seconds

    async def _respond(self, pieces: _Pieces, send: Send) -> None:
        first = await pieces.next()
        if self._settle_seconds:
            await pieces.settle(self._settle_seconds)
        self.headers["cache-control"] = "no-cache"
        await self._start(send)
        await self._send(send, first or "")
        try:
            while (event := await pieces.next()) is not None:
                await self._send(send, event)
            await self._send(send, DONE_EVENT, is_last=True)
        except ClientLeftError:
            raise
        except Exception as error:
            # Whatever it is, the client can only be told inside the stream now.
            answer = describe(error)
            if answer.kind is UNEXPECTED:
                logger.exception("an answer failed after its first byte")
            await self._send(send, encode_event(answer.body()), is_last=True)
