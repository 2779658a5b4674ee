"""Failures as Hugging Face's clients show them best."""

from typing import Any

from fastapi.routing import APIRoute

from api.errors import ErrorAnswer
from api.sse import encode_event
from api.wire.base import ResponseModel


class HubError(ResponseModel):
    """An error: its text, and Pincite's code for it."""

    error: str
    error_type: str


class HubRoute(APIRoute):
    """A route whose errors have the shape of Hugging Face's; see `api.errors`."""

    @staticmethod
    def error_body(answer: ErrorAnswer) -> dict[str, Any]:
        """Return the body of a failure."""
        return HubError(error=answer.message, error_type=answer.kind.code).json_object()


def encode_hub_error(answer: ErrorAnswer) -> bytes:
    """Return a failure as the last event of a stream."""
    return encode_event(HubError(error=answer.message, error_type=answer.kind.code).model_dump_json().encode())
