"""Requests for every route of a server, as its own description names them."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from tests.scorecard.server import Server

PARTS = {"number": "1", "action": "pause", "store": "docs"}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}

Route = tuple[str, str]


def describe(server: Server) -> dict[str, Any]:
    """Return what `/openapi.json` says."""
    with server.client() as client:
        return dict(client.get("/openapi.json").raise_for_status().json())


def routes(server: Server) -> list[Route]:
    """Return the method and a path of every route, and of some that are not there."""
    known = [
        (method.upper(), re.sub(r"{(\w+)(:path)?}", lambda match: PARTS.get(match[1], "x"), path))
        for path, methods in describe(server)["paths"].items()
        for method in methods
    ]
    return [
        *known,
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/"),
        ("POST", "/nope"),
        ("OPTIONS", "/v1/files"),
    ]


def status_of(client: httpx.Client, route: Route, headers: Mapping[str, str], **options: Any) -> int:
    """Return the status of a request, without waiting for what a stream would say."""
    method, path = route
    with client.stream(method, path, headers=headers, **options) as response:
        return response.status_code


def open_socket(url: str, headers: Mapping[str, str]) -> int:
    """Return the status with which the page's server answers a request for a web socket: 101 opens it."""
    transport = httpx.HTTPTransport(verify=False)
    with (
        httpx.Client(transport=transport, trust_env=False, timeout=30) as client,
        client.stream("GET", f"{url}/_stcore/stream", headers={**UPGRADE, **headers}) as response,
    ):
        return response.status_code
