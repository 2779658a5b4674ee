"""Serve the chat page on this machine: Streamlit's ASGI app with a host check and security headers.

    python -m ui.server --host 127.0.0.1 --port 8501

`PINCITE_*` variables name the API's address (`ui.settings`). The page has no key: who opens it signs in.
"""

import argparse
import base64
import errno
import hashlib
import ipaddress
import logging
import os
import re
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnected
from streamlit.web.bootstrap import load_config_options

from ui.settings import UiSettings
from ui.theme import THEME

logger = logging.getLogger(__name__)

PAGE = Path(__file__).resolve().parent / "app.py"
STREAMLIT_PAGE = Path(st.__file__).resolve().parent / "static" / "index.html"
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
STOP_SECONDS = 3
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
POLICY_VIOLATION = 1008


class SecurityHeaders:
    """ASGI middleware: a Content-Security-Policy that allows no foreign content and no framing, and related headers."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        # Some browsers do not count a page's own web socket as 'self' and need its address; CSP has no syntax for IPv6.
        sockets = f"ws://127.0.0.1:{port} ws://localhost:{port}"
        scripts = " ".join(map(_script_hash, INLINE_SCRIPT.findall(STREAMLIT_PAGE.read_text("utf-8"))))
        self._policy = "; ".join(
            (
                "default-src 'self'",
                f"script-src 'self' {scripts}",
                "style-src 'self' 'unsafe-inline'",  # Streamlit writes its styles into the page
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                f"connect-src 'self' {sockets}",
                "object-src 'none'",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to every HTTP response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self._policy
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        # Streamlit closes the web socket of a closed tab a second time, which Starlette refuses; that is harmless.
        with suppress(WebSocketDisconnected):
            await self._app(scope, receive, send_with_headers)


class OwnOrigin:
    """ASGI middleware: only the page itself opens its web socket and sends files. Streamlit takes any local port.

    A browser always says where a web socket is opened from. Behind a proxy that adds TLS the page's scheme is https.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with a 403 what does not come from the page."""
        if scope["type"] == "websocket" and not _is_own(Headers(scope=scope), can_be_absent=False):
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})  # before it is accepted: a 403
            return
        is_change = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if is_change and not _is_own(Headers(scope=scope), can_be_absent=True):
            response = PlainTextResponse("Requests from other pages are refused.", 403)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_own(headers: Headers, *, can_be_absent: bool) -> bool:
    origins, hosts = headers.getlist("origin"), headers.getlist("host")
    if not origins:
        return can_be_absent
    return len(origins) == len(hosts) == 1 and origins[0] in (f"http://{hosts[0]}", f"https://{hosts[0]}")


def build_streamlit_options(host: str, port: int, settings: UiSettings) -> dict[str, object]:
    """Return every option of Streamlit that the page depends on; they override files and environment variables."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": settings.max_upload_mb,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableAgentApi": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": host,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "runner.magicEnabled": False,
        **THEME,
    }


def create_app(host: str, port: int, settings: UiSettings) -> st.App:
    """Return the page as an ASGI app, at most once in a process: Streamlit's options are global."""
    load_config_options(build_streamlit_options(host, port, settings))
    hosts = [*LOOPBACK_NAMES, *settings.allowed_hosts]
    return st.App(
        PAGE,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(SecurityHeaders, port=port),
            Middleware(OwnOrigin),
        ],
        on_script_error=_log_error,
    )


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free port. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def serve(listener: socket.socket, host: str, settings: UiSettings) -> None:
    """Serve the page on `listener` until a signal stops the process."""
    port = int(listener.getsockname()[1])
    config = uvicorn.Config(
        create_app(host, port, settings),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page; return 1 if the address is taken, 2 if other machines could reach it: it does not encrypt."""
    parser = argparse.ArgumentParser(prog="python -m ui.server", description="Serve Pincite's chat page.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on; 0 takes a free port")
    options = parser.parse_args(argv)
    if not is_loopback(options.host):
        sys.stderr.write(
            f"The chat page does not encrypt, so it does not listen on {options.host}, which other machines can reach. "
            "Listen on 127.0.0.1 and let a proxy with HTTPS pass requests on (PINCITE_ALLOWED_HOSTS names it).\n"
        )
        return 2
    try:
        listener = bind(options.host, options.port)
    except OSError as error:
        reason = os.strerror(error.errno or errno.EADDRNOTAVAIL).lower()
        sys.stderr.write(f"Cannot serve the page on {options.host}:{options.port}: {reason}. Choose another --port.\n")
        return 1
    with listener:
        serve(listener, options.host, UiSettings())
    return 0


def _script_hash(script: str) -> str:
    """Return the hash source of one of Streamlit's inline scripts for a Content-Security-Policy (CSP Level 3)."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _log_error(error: Exception) -> None:
    logger.error("the page failed", exc_info=error)


if __name__ == "__main__":
    sys.exit(main())
