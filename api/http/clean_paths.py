"""Paths as clients join them from a base URL and a route: with a slash too many at the joint or at the end."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_DOUBLED = re.compile(r"(?<!:)/{2,}")
"""Not the slashes of a URL that stands in a path, as Hugging Face's clients name models."""
_ENDS_WITHOUT_SLASH = re.compile(r"/(?:v1|api)/.")


def clean_path(path: str) -> str:
    """Return a path with single slashes, and without one at the end if it is below `/v1` or `/api`."""
    path = _DOUBLED.sub("/", path)
    return path.rstrip("/") if _ENDS_WITHOUT_SLASH.match(path) else path


class CleanPaths:
    """Routes requests by their cleaned path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (path := clean_path(scope["path"])) != scope["path"]:
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)
