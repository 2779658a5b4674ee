"""The id of a request, by which its response, its lines in the log and what a client noted are found together."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.request_context import REQUEST_ID_HEADER, set_request_id

logger = logging.getLogger(__name__)

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestIds:
    """Gives every request an id, its client's own if that is sane, which its response has as `x-request-id`.

    At the level `debug`, each request is a line of the log, without its query, which may have a link's signature.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = _choose_id(Headers(scope=scope).get(REQUEST_ID_HEADER, ""))
        set_request_id(request_id)  # to the end of the request's task, in which errors are answered, too
        started = time.monotonic()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(REQUEST_ID_HEADER, request_id)
                seconds = time.monotonic() - started
                logger.debug("%s %s %s after %.3f s", scope["method"], scope["path"], message["status"], seconds)
            await send(message)

        await self._app(scope, receive, send_with_id)


def _choose_id(given: str) -> str:
    return given if _SANE.fullmatch(given) else f"req_{uuid.uuid4().hex}"
