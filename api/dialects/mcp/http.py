"""MCP over streamable HTTP, as a route of the application behind its guards.

It keeps no sessions: each request is its principal's, whoever sent the one before.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import State
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.backends.local_backend import LocalBackend
from api.backends.types import Backend
from api.dialects.mcp.server import Context, make_server
from api.routes.dependencies import get_services, principal_of_request
from rag.engines.serving.fairness import name_client

PATH = "/mcp"
GUARDED_ELSEWHERE = TransportSecuritySettings(enable_dns_rebinding_protection=False)
"""`api.http.guards` has checked host and origin already."""


@asynccontextmanager
async def serve_mcp(state: State, max_request_bytes: int) -> AsyncGenerator[None, None]:
    """Answer the requests of `McpEndpoint` until the block ends."""
    manager = StreamableHTTPSessionManager(
        make_server(_backend_of),
        stateless=True,
        security_settings=GUARDED_ELSEWHERE,
        max_request_body_size=max_request_bytes,
    )
    async with manager.run():
        state.mcp = manager
        yield


class McpEndpoint:
    """The ASGI application of the route; a class, because a function would be taken for an endpoint of Starlette's."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager: StreamableHTTPSessionManager = scope["app"].state.mcp
        await manager.handle_request(scope, receive, send)


def make_route() -> Route:
    """Return the route."""
    return Route(PATH, McpEndpoint(), methods=["GET", "POST", "DELETE"], include_in_schema=False)


def _backend_of(context: Context) -> Backend:
    """Return the library as the principal of a request sees it."""
    request: Any = context.request  # this transport has no other requests
    return LocalBackend(get_services(request), client=name_client(principal_of_request(request), None))
