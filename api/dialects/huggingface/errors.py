"""Failures as Hugging Face's clients show them best."""

from fastapi.routing import APIRoute

from api.errors import ErrorAnswer
from api.wire.base import JsonObject, ResponseModel


class HubError(ResponseModel):
    """An error: its text, and Pincite's code for it."""

    error: str
    error_type: str


def shape_error(answer: ErrorAnswer) -> JsonObject:
    """Return the body of a failure."""
    return HubError(error=answer.message, error_type=answer.kind.code).json_object()


class HubRoute(APIRoute):
    """A route whose errors have the shape of Hugging Face's; see `api.errors`."""

    shape_error = staticmethod(shape_error)
