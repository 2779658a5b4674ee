"""The error that every refused or failed request gets, in OpenAI's shape."""

from pydantic import ConfigDict

from api.wire.base import ResponseModel


class ErrorDetail(ResponseModel):
    """What went wrong."""

    message: str
    """What went wrong and what to do next, for people."""
    type: str
    """`invalid_request_error`, `rate_limit_error` or `server_error`."""
    param: str | None
    """The field of the request that is at fault, with dots between levels."""
    code: str
    """What went wrong, for programs."""


class ErrorResponse(ResponseModel):
    """The body of every response with a status from 400 on, and the last event of a stream that failed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "message": "there is no collection manuals",
                        "type": "invalid_request_error",
                        "param": None,
                        "code": "vector_store_not_found",
                    }
                }
            ]
        }
    )

    error: ErrorDetail
