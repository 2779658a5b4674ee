"""Turn the API's error responses into errors that a user can read."""

from dataclasses import dataclass
from http import HTTPStatus

import httpx
import msgspec

from ui.api_types import ApiError
from ui.errors import ApiRefusedError, KeyRefusedError, UnexpectedAnswerError


@dataclass(frozen=True, slots=True)
class _ErrorBody:
    error: ApiError


def check_status(response: httpx.Response) -> None:
    """Raise `ApiRefusedError` with the API's own message unless the response is a success.

    Raises `UnexpectedAnswerError` for an error response that is not in the API's shape.
    """
    if response.is_success:
        return
    response.read()
    status = response.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        raise KeyRefusedError
    try:
        body = msgspec.json.decode(response.content, type=_ErrorBody)
    except msgspec.MsgspecError as error:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            message = f"the server failed (status {status}); its log says why. Try again."
            raise ApiRefusedError(status=status, code="", message=message) from error
        raise UnexpectedAnswerError(url=f"{response.url.scheme}://{response.url.netloc.decode()}") from error
    raise ApiRefusedError(status=status, code=body.error.code or "", message=body.error.message)
