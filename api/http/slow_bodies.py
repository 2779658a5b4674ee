"""A bound on the bodies that come slowly: each holds a connection, and may do so for a second a kilobyte.

It stands behind the keys, because it counts for whom a request is.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import CrowdedBodyError, TooManyStreamsError
from api.http.open_responses import OpenResponses
from api.routes.dependencies import principal_of_request

PROMPT_SECONDS = 2.0
"""A body for which the server has waited no longer in all is not slow."""


class SlowBodies:
    """Gives each body that is not there after `PROMPT_SECONDS` one of the `places`, and cuts it off if none is free."""

    def __init__(self, app: ASGIApp, *, places: OpenResponses) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        with ExitStack() as held:
            body = _Body(receive, partial(self._take_place, held, scope))
            await self._app(scope, body.receive, send)

    def _take_place(self, held: ExitStack, scope: Scope) -> None:
        try:
            held.enter_context(self._places.hold(principal_of_request(Request(scope))))
        except TooManyStreamsError as error:
            raise CrowdedBodyError(limit=error.limit) from error


class _Body:
    """The body of one request, for which `take_place` is called once it is slow."""

    def __init__(self, receive: Receive, take_place: Callable[[], None]) -> None:
        self._receive = receive
        self._take_place = take_place
        self._seconds_left = PROMPT_SECONDS
        self._is_watched = True

    async def receive(self) -> Message:
        """Return the next part; raises what `take_place` raises."""
        if not self._is_watched:
            return await self._receive()
        loop = asyncio.get_running_loop()
        started, coming = loop.time(), asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({coming}, timeout=self._seconds_left)
            if not coming.done():
                self._is_watched = False
                self._take_place()
            message = await coming
        finally:
            coming.cancel()
        self._seconds_left = max(self._seconds_left - (loop.time() - started), 0.0)
        self._is_watched = self._is_watched and message.get("more_body", False)
        return message
