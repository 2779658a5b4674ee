"""Failures in the shape of Anthropic's API."""

from collections.abc import Mapping
from typing import Literal

from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from api.errors import ErrorAnswer
from api.http.request_context import current_request_id
from api.wire.base import JsonObject, ResponseModel

REQUEST_ID_HEADER = "request-id"
VERSION_HEADER = b"anthropic-version"
"""Every client of this API sends it."""

ERROR_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}


class AnthropicErrorDetail(ResponseModel):
    """What went wrong; `code` is Pincite's own."""

    type: str
    message: str
    code: str


class AnthropicError(ResponseModel):
    """The body of a failure, and the event that ends a stream with one."""

    type: Literal["error"] = "error"
    error: AnthropicErrorDetail
    request_id: str | None = None


def shape_error(answer: ErrorAnswer) -> JsonObject:
    """Return the body of a failure, whose message names the field at fault."""
    status = answer.kind.status
    is_named = answer.param is None or answer.param in answer.message
    message = answer.message if is_named else f"{answer.param}: {answer.message}"
    general = "api_error" if status >= 500 else "invalid_request_error"
    detail = AnthropicErrorDetail(type=ERROR_TYPES.get(status, general), message=message, code=answer.kind.code)
    return AnthropicError(error=detail, request_id=current_request_id() or None).json_object()


class AnthropicRoute(APIRoute):
    """A route whose errors have the shape of Anthropic's; see `api.errors`."""

    shape_error = staticmethod(shape_error)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with its id in the header in which Anthropic's clients look for it."""

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = current_request_id()
            await send(message)

        await super().handle(scope, receive, send_with_id)


class VersionedRoute(AnthropicRoute):
    """A route whose path another dialect has too: it is for clients that name a version of Anthropic's API."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the route is for a request."""
        if not any(name == VERSION_HEADER for name, _ in scope.get("headers", ())):
            return Match.NONE, {}
        return super().matches(scope)
