"""Guards as ASGI middleware, the outermost first: allowed hosts, body limits, origin (CSRF) and API key.

They are no FastAPI dependencies, because a dependency runs after the body is received: an unknown caller could fill the
disk before it is refused.
"""

import asyncio
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.citing.page_links import LINK_PREFIX, SIGNATURE, LinkSigner
from api.errors import (
    BodyTooLargeError,
    ErrorAnswer,
    ErrorKind,
    KeyInUrlError,
    PageLinkError,
    SlowBodyError,
    describe,
    http_kind,
)
from api.http.connections import LINGER_SECONDS, MIN_BYTES_PER_SECOND
from api.http.credentials import read_key, refuse_key_in_url
from api.http.keys import KeyRing
from ingest.errors import LibraryError
from ingest.principals import Principal

HOST_HEADER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]\\]+)(?::\d{1,5})?")
PLAIN_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?")
CONNECTIONS = frozenset({"http", "websocket"})
"""What the guards of host and origin look at; a websocket begins with a request of the same headers."""
PAGE_SCHEMES = {"ws": "http", "wss": "https"}
"""The scheme of the page to which a websocket belongs."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_FETCH_SITES = frozenset({"same-origin", "none"})
OPEN_PATHS = frozenset({"/health/live", "/lmstudio-greeting", "/lms-status"})
"""What is answered without a key. LM Studio's SDKs look for a server by its greeting, before they show theirs."""
UPLOAD_PATHS = re.compile("/v1/files|/v1/uploads/[^/]+/parts")
MULTIPART_OVERHEAD_BYTES = 1 << 20
RECHECK_SECONDS = 0.5
"""So often the key of a running request is looked up again."""
PRINCIPAL = "pincite.principal"
"""The key of a request's scope under which its principal is."""

BAD_KEY = ErrorKind(401, "invalid_request_error", "invalid_api_key")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


async def refuse(answer: ErrorAnswer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send `answer`, leave a client that is still sending a moment to read it, and close the connection.

    Without that moment, the reset that follows unread data can overtake the answer. A websocket is refused before it is
    opened.
    """
    response = answer.response()
    response.headers["Connection"] = "close"
    if answer.kind.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if scope["type"] == "websocket":
        return await response(scope, receive, send)
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    await _linger(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _linger(receive: Receive) -> None:
    is_over = False
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while not is_over:
                is_over = not (await receive()).get("more_body", False)


class SecurityHeaders:
    """Adds headers that keep browsers from treating a response as a page, unless it has its own for being one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class HostGuard:
    """Accepts only the server's own host names, against DNS rebinding by a web page."""

    def __init__(self, app: ASGIApp, *, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in CONNECTIONS:
            return await self._app(scope, receive, send)
        name = _read_host_name(Headers(scope=scope).getlist("host"))
        if name not in self._names:
            return await refuse(ErrorAnswer(http_kind(421), _explain_host(name)), scope, receive, send)
        await self._app(scope, receive, send)


def _read_host_name(hosts: Sequence[str]) -> str:
    """Return the host name that a request is for, in lower case; empty if it names none or several."""
    match = HOST_HEADER.fullmatch(hosts[0]) if len(hosts) == 1 else None
    return "" if match is None else match[1].lower()


def _explain_host(name: str) -> str:
    """Return how a name of one's own is allowed; a program in a container knows this machine by one."""
    if not PLAIN_HOST.fullmatch(name):
        return "this host name is not allowed; add it to PINCITE_ALLOWED_HOSTS if it is yours"
    return (
        f"the host name {name} is not allowed; if it is this machine's, as host.docker.internal is for a container, "
        f"start the server with PINCITE_ALLOWED_HOSTS={name} (several are separated by commas)"
    )


class BodyGuard:
    """Refuses a body over the limit: at once if its length is declared, otherwise as soon as it exceeds the limit.

    A body that comes too slowly is cut off: if it pauses for `timeout_seconds`, or if the server has waited for it as
    long and a second more for each `MIN_BYTES_PER_SECOND`.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, max_upload_bytes: int, timeout_seconds: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._max_upload_bytes = max_upload_bytes + MULTIPART_OVERHEAD_BYTES
        self._timeout_seconds = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        limit = self._max_upload_bytes if UPLOAD_PATHS.fullmatch(scope["path"]) else self._max_bytes
        declared = Headers(scope=scope).get("content-length", "0")
        if not (declared.isascii() and declared.isdigit()):
            return await refuse(ErrorAnswer(http_kind(400), "Content-Length is not a number"), scope, receive, send)
        if int(declared) > limit:
            return await refuse(describe(BodyTooLargeError(limit_bytes=limit)), scope, receive, send)
        body = _LimitedBody(receive, send, max_bytes=limit, timeout_seconds=self._timeout_seconds)
        await self._app(scope, body.receive, body.send)


class _LimitedBody:
    """The body of one request, which is cut off when it exceeds the limit or comes too slowly."""

    def __init__(self, receive: Receive, send: Send, *, max_bytes: int, timeout_seconds: float) -> None:
        self._receive = receive
        self._send = send
        self._max_bytes = max_bytes
        self._timeout_seconds = timeout_seconds
        self._taken_bytes = 0
        self._waited_seconds = 0.0
        self._is_complete = False

    async def receive(self) -> Message:
        """Return the next part, or raise `BodyTooLargeError` or `SlowBodyError`."""
        if self._is_complete:
            return await self._receive()
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(min(self._timeout_seconds, self._seconds_left)):
                message = await self._receive()
        except TimeoutError:
            raise SlowBodyError(timeout_seconds=self._timeout_seconds) from None
        self._waited_seconds += loop.time() - started
        self._taken_bytes += len(message.get("body", b""))
        if self._taken_bytes > self._max_bytes:
            raise BodyTooLargeError(limit_bytes=self._max_bytes)
        self._is_complete = not message.get("more_body", False)
        return message

    @property
    def _seconds_left(self) -> float:
        return self._timeout_seconds + self._taken_bytes / MIN_BYTES_PER_SECOND - self._waited_seconds

    async def send(self, message: Message) -> None:
        """Pass the response on; after a body that was too large, close the connection as `refuse` does."""
        if self._taken_bytes > self._max_bytes and message["type"] == "http.response.body":
            await self._send({**message, "more_body": True})
            await _linger(self._receive)
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)


class OriginGuard:
    """Refuses foreign web pages: their scripts, forms, pictures and event streams can send requests, but cannot hide
    where they come from.

    A page that answers no foreign origin can be neither changed (CSRF) nor kept busy by one. A link that a person
    follows to a safe route passes, except to the routes `without_links`; programs send none of the headers and pass.
    """

    def __init__(self, app: ASGIApp, *, allowed: Collection[str], without_links: Collection[str] = ()) -> None:
        self._app = app
        self._allowed = allowed
        self._without_links = without_links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in CONNECTIONS and not self._may_pass(scope, Headers(scope=scope)):
            message = "requests from other web pages are refused; PINCITE_ALLOWED_ORIGINS lists exceptions"
            return await refuse(ErrorAnswer(http_kind(403), message), scope, receive, send)
        await self._app(scope, receive, send)

    def _may_pass(self, scope: Scope, headers: Headers) -> bool:
        is_safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        can_be_link = is_safe and scope["path"] not in self._without_links
        return self._is_own(headers, scope["scheme"]) or (can_be_link and _is_link(headers))

    def _is_own(self, headers: Headers, scheme: str) -> bool:
        origins = headers.getlist("origin")
        if len(origins) == 1 and origins[0] in self._allowed:
            return True
        own = f"{PAGE_SCHEMES.get(scheme, scheme)}://{headers.get('host', '')}"
        sites = headers.getlist("sec-fetch-site")
        return all(origin == own for origin in origins) and all(site in OWN_FETCH_SITES for site in sites)


def _is_link(headers: Headers) -> bool:
    """Whether a browser says that it goes to this address: not to be put into a page, and by no script's request."""
    fetch = {name: headers.getlist(f"sec-fetch-{name}") for name in ("mode", "dest")}
    return fetch == {"mode": ["navigate"], "dest": ["document"]} and "origin" not in headers


class KeyGuard:
    """Lets in whom `keys` knows by the key that a request sends, on every route but the liveness probe.

    The principal of a request is `scope[PRINCIPAL]`. A request whose key is revoked meanwhile ends as if its client
    had left. The page of a citation is also opened by its link, which `links` has signed.
    """

    def __init__(self, app: ASGIApp, *, keys: KeyRing, links: LinkSigner) -> None:
        self._app = app
        self._keys = keys
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            return await self._app(scope, receive, send)
        key = read_key(Headers(scope=scope))
        try:
            refuse_key_in_url(scope["query_string"])
            principal = await self._find_principal(scope, key)
        except (LibraryError, KeyInUrlError, PageLinkError) as error:
            return await refuse(describe(error), scope, receive, send)
        if principal is None:
            message = "send the API key as 'Authorization: Bearer <key>' or as 'x-api-key: <key>'"
            return await refuse(ErrorAnswer(BAD_KEY, message), scope, receive, send)
        if principal.has_named_key and key is not None:
            receive = partial(self._receive_while_valid, key, receive)
        await self._app({**scope, PRINCIPAL: principal}, receive, send)

    async def _find_principal(self, scope: Scope, key: str | None) -> Principal | None:
        """Return who sends a request, None if nobody known does; raises `PageLinkError` for a link that opens nothing.

        A link is followed by a browser, which has no key. If it sends one all the same, that counts.
        """
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        is_link = scope["path"].startswith(LINK_PREFIX) and any(name == SIGNATURE for name, _ in query)
        if key is not None or not is_link or not await self._keys.asks_for_keys():
            return await self._keys.find(key)
        owner = await self._keys.find_owner(self._links.find_owner(scope["path"], query))
        if owner is None:
            raise PageLinkError("this link was made for a key that is revoked now")
        return owner

    async def _receive_while_valid(self, key: str | None, receive: Receive) -> Message:
        message = asyncio.ensure_future(receive())
        try:
            while not message.done():
                await asyncio.wait({message}, timeout=RECHECK_SECONDS)
                if not message.done() and await self._keys.find(key) is None:
                    return {"type": "http.disconnect"}
            return message.result()
        finally:
            message.cancel()
