"""Failures as LM Studio's REST API has them: an `error` with one of its own types."""

from fastapi.routing import APIRoute

from api.errors import ErrorAnswer
from api.wire.base import JsonObject

TYPES = {"model_not_found": "model_not_found", "job_not_found": "job_not_found"}
"""Codes that LM Studio has types for."""


def shape_error(answer: ErrorAnswer) -> JsonObject:
    """Return the body of a failure, also of one that ends a stream."""
    kind = answer.kind
    fallback = "internal_error" if kind.status >= 500 else "invalid_request"
    error = {
        "type": TYPES.get(kind.code, fallback),
        "message": answer.message,
        "code": kind.code,
        "param": answer.param,
    }
    return {"type": "error", "error": error}


class LmStudioRoute(APIRoute):
    """A route whose errors have the shape of LM Studio's; see `api.errors`."""

    shape_error = staticmethod(shape_error)
