"""`pincite mcp`: MCP over the standard streams, by the server that runs for the home, or by this process."""

import anyio
from mcp.server.stdio import stdio_server

from api.backends.types import Backend
from api.commands.backend import open_backend
from api.dialects.mcp.server import make_server
from api.settings import AllSettings


def serve_streams(settings: AllSettings, *, is_local: bool) -> int:
    """Answer the requests on standard input until it ends. Messages for people go to standard error."""
    with open_backend(settings, is_local=is_local) as backend:
        anyio.run(_serve, backend)
    return 0


async def _serve(backend: Backend) -> None:
    server = make_server(lambda _: backend)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
