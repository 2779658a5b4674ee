"""Requests to a server on this machine, and its error responses as errors."""

from http import HTTPStatus

import httpx
from pydantic import ValidationError

from api.backends.errors import BackendError, ServerConfusedError, ServerKeyError, ServerRefusedError
from api.wire.errors import ErrorResponse

CONNECT_SECONDS = 5.0


def open_client(url: str, *, api_key: str | None = None, timeout_seconds: float | None = None) -> httpx.Client:
    """Return a client; without a timeout it waits for a server that is slow as long as that lives."""
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
        timeout=httpx.Timeout(timeout_seconds, connect=timeout_seconds or CONNECT_SECONDS),
        trust_env=False,  # a proxy from the environment must never see a document
        verify=False,  # noqa: S501 (plain HTTP on this machine; loading certificates would take as long as an answer)
    )


def check_status(response: httpx.Response, url: str) -> None:
    """Raise the error of a response that is no success."""
    if response.is_success:
        return
    response.read()
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        raise ServerKeyError(url=url)
    raise decode_error(response.content, url, response.headers.get("retry-after"))


def decode_error(body: bytes, url: str, retry_after: str | None = None) -> BackendError:
    """Return the error that an error response or the last event of a stream stands for."""
    try:
        error = ErrorResponse.model_validate_json(body).error
    except ValidationError:
        return ServerConfusedError(url=url)
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return ServerRefusedError(message=error.message, code=error.code, retry_after_seconds=seconds)
