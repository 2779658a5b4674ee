"""Turn the API's refusals into errors that a user can read."""

from dataclasses import dataclass
from http import HTTPStatus

import httpx
import msgspec

from ui.api_types import ApiError
from ui.errors import ApiRefusedError, KeyRefusedError, UnexpectedAnswerError


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: ApiError


def check_status(response: httpx.Response) -> None:
    """Return for a success; raise `ApiRefusedError` with the API's own message otherwise."""
    if response.is_success:
        return
    response.read()
    status = response.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        raise KeyRefusedError
    try:
        refusal = msgspec.json.decode(response.content, type=_Refusal)
    except msgspec.MsgspecError as error:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            message = f"the server failed (status {status}); its log says why. Try again."
            raise ApiRefusedError(status=status, code="", message=message) from error
        raise UnexpectedAnswerError(url=f"{response.url.scheme}://{response.url.netloc.decode()}") from error
    raise ApiRefusedError(status=status, code=refusal.error.code or "", message=refusal.error.message)
