"""Failures as HTTP responses: one table from exception classes to status, type and code in OpenAI's shape."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.http.request_context import REQUEST_ID_HEADER, current_request_id
from api.wire.base import JsonObject
from api.wire.errors import ErrorDetail, ErrorResponse
from ingest import errors as ingest_errors
from ingest.library.names import normalize_name
from rag import errors as rag_errors

MAX_NAME_CHARS = 80
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""What a route can take; all take OPTIONS besides."""


class ApiError(Exception):
    """A request that the HTTP interface refuses. `param` names the field at fault."""

    param: str | None = None


class InvalidRequestError(ApiError):
    """The request has a value that is not allowed."""

    def __init__(self, *, detail: str, param: str | None = None) -> None:
        self.detail = detail
        self.param = param
        super().__init__(detail)


class FilePartError(InvalidRequestError):
    """A file or picture of a message cannot be read, or not for this model."""


class InvalidToolsError(InvalidRequestError):
    """The tools of a request do not agree with one another, with their choice, or with the model."""


class BodyTooLargeError(HTTPException):
    """The request body exceeds the limit; an HTTPException, because body parsers pass only those on."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(413, f"the request is larger than {limit_bytes // 1_000_000} MB")


class SlowBodyError(HTTPException):
    """The client stopped sending its request, or sends it too slowly."""

    def __init__(self, *, timeout_seconds: float) -> None:
        super().__init__(
            408,
            "the request body came too slowly: it may pause for "
            f"{timeout_seconds:g} seconds (PINCITE_BODY_TIMEOUT_SECONDS); send the request again",
        )


class CrowdedBodyError(HTTPException):
    """The client sends its request slowly, as it sends too many others."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            408, f"the request body came slowly, and {limit} others do already; send it again when one of them is there"
        )


class DocumentNotReadyError(ApiError):
    """The document has no text yet, or has failed."""

    def __init__(self, *, file_id: str, status: str, reason: str) -> None:
        self.file_id = file_id
        self.status = status
        super().__init__(f"{file_id} has no text: its status is {status}" + (f" ({reason})" if reason else ""))


class TooManyStreamsError(ApiError):
    """The client has as many responses open at the same time as it may have."""

    retry_after_seconds = 5

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(f"{limit} responses of this kind are open already; close one, or wait for its end")


class AdministratorOnlyError(ApiError):
    """The request is for the server as a whole, and its key is not an administrator's."""

    def __init__(self) -> None:
        super().__init__("this is the administrator's to do; your key is for your own documents and conversations")


class KeyInUrlError(ApiError):
    """The request has its key in the URL."""

    def __init__(self, *, param: str) -> None:
        self.param = param
        super().__init__(
            "a key in a URL is kept by logs and histories: send it as 'Authorization: Bearer <key>', "
            "and replace this one"
        )


class PageLinkError(ApiError):
    """The link to a page has expired, or is none of this server's."""


class JobNotFoundError(ApiError):
    """There is no job of that id."""

    def __init__(self, *, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"there is no job {job_id[:MAX_NAME_CHARS]!r}: the server fetches no models")


class ServerStoppingError(ApiError):
    """The server is stopping before the answer is complete."""

    def __init__(self) -> None:
        super().__init__("the server is stopping; send the request again when it is back")


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """Status, type and code of a class of failures; OpenAI's own if it has one.

    `param` is the field that is at fault if it is no part of the path and the error names none.
    """

    status: int
    type: str
    code: str
    param: str | None = None


INVALID = "invalid_request_error"
SERVER = "server_error"

ERROR_KINDS: Mapping[type[Exception], ErrorKind] = {
    InvalidRequestError: ErrorKind(400, INVALID, "invalid_value"),
    FilePartError: ErrorKind(400, INVALID, "file_part_refused", "messages"),
    InvalidToolsError: ErrorKind(400, INVALID, "invalid_tools", "tools"),
    ingest_errors.FileTooLargeError: ErrorKind(413, INVALID, "file_too_large", "file"),
    DocumentNotReadyError: ErrorKind(409, INVALID, "document_not_ready"),
    AdministratorOnlyError: ErrorKind(403, INVALID, "administrator_only"),
    KeyInUrlError: ErrorKind(401, INVALID, "key_in_url"),
    PageLinkError: ErrorKind(403, INVALID, "page_link_refused"),
    JobNotFoundError: ErrorKind(404, INVALID, "job_not_found", "job_id"),
    ServerStoppingError: ErrorKind(503, SERVER, "server_stopping"),
    TooManyStreamsError: ErrorKind(429, "rate_limit_error", "too_many_streams"),
    RequestValidationError: ErrorKind(400, INVALID, "invalid_value"),
    rag_errors.ModelNotFoundError: ErrorKind(404, INVALID, "model_not_found", "model"),
    rag_errors.TokenizerOutOfReachError: ErrorKind(400, INVALID, "tokenizer_out_of_reach", "model"),
    rag_errors.ModelLoadError: ErrorKind(503, SERVER, "model_not_loaded"),
    rag_errors.ModelLoadingError: ErrorKind(503, SERVER, "model_loading"),
    rag_errors.NoRoomForModelError: ErrorKind(503, SERVER, "no_room_for_model"),
    rag_errors.ModelInUseError: ErrorKind(409, INVALID, "model_in_use"),
    rag_errors.PromptTooLongError: ErrorKind(400, INVALID, "context_length_exceeded", "messages"),
    rag_errors.ChatTemplateError: ErrorKind(400, INVALID, "chat_template_error", "messages"),
    rag_errors.SchemaError: ErrorKind(400, INVALID, "invalid_json_schema", "response_format"),
    rag_errors.EngineBusyError: ErrorKind(429, "rate_limit_error", "engine_busy"),
    rag_errors.EngineCrashedError: ErrorKind(503, SERVER, "engine_crashed"),
    rag_errors.QuestionError: ErrorKind(400, INVALID, "invalid_question", "messages"),
    ingest_errors.CursorNotFoundError: ErrorKind(404, INVALID, "cursor_not_found"),
    ingest_errors.CollectionNotFoundError: ErrorKind(404, INVALID, "vector_store_not_found", "pincite.collections"),
    ingest_errors.CollectionExistsError: ErrorKind(409, INVALID, "vector_store_exists", "name"),
    ingest_errors.CollectionNotYoursError: ErrorKind(403, INVALID, "vector_store_not_yours"),
    ingest_errors.KeyNotFoundError: ErrorKind(404, INVALID, "principal_not_found", "principal"),
    ingest_errors.ConversationNotFoundError: ErrorKind(404, INVALID, "conversation_not_found", "pincite.conversation"),
    ingest_errors.TurnNotFoundError: ErrorKind(404, INVALID, "item_not_found", "pincite.parent"),
    ingest_errors.ResponseNotFoundError: ErrorKind(404, INVALID, "response_not_found", "previous_response_id"),
    ingest_errors.ItemNotFoundError: ErrorKind(404, INVALID, "item_not_found", "input"),
    ingest_errors.UploadNotFoundError: ErrorKind(404, INVALID, "upload_not_found", "upload_id"),
    ingest_errors.UploadRefusedError: ErrorKind(409, INVALID, "upload_refused", "upload_id"),
    ingest_errors.FileBatchNotFoundError: ErrorKind(404, INVALID, "file_batch_not_found", "batch_id"),
    ingest_errors.FileNotInLibraryError: ErrorKind(404, INVALID, "file_not_found", "file_id"),
    ingest_errors.PageNotFoundError: ErrorKind(404, INVALID, "page_not_found"),
    ingest_errors.PassportMismatchError: ErrorKind(409, INVALID, "embedder_mismatch"),
    ingest_errors.UnreadableFileError: ErrorKind(400, INVALID, "unreadable_file"),
    ingest_errors.UnknownTokenError: ErrorKind(400, INVALID, "unknown_token", "input"),
    ingest_errors.TextTooLongError: ErrorKind(400, INVALID, "text_too_long", "query"),
    ingest_errors.WorkerBusyError: ErrorKind(503, SERVER, "worker_busy"),
    ingest_errors.WorkerError: ErrorKind(503, SERVER, "worker_failed"),
    ingest_errors.LibraryError: ErrorKind(503, SERVER, "library_unavailable"),
}

SUBJECTS: Mapping[type[Exception], str] = {
    DocumentNotReadyError: "file_id",
    rag_errors.ModelNotFoundError: "model",
    ingest_errors.CollectionNotFoundError: "collection",
    ingest_errors.ConversationNotFoundError: "conversation",
    ingest_errors.FileNotInLibraryError: "file_id",
    ingest_errors.PageNotFoundError: "page",
    ingest_errors.ResponseNotFoundError: "response",
    ingest_errors.TurnNotFoundError: "turn",
}
"""The attribute of an error with the id that is at fault, which may be a part of the path."""

UNEXPECTED = ErrorKind(500, SERVER, "internal_error")

HANG_UP_STATUSES = frozenset({408, 413})
"""After these, the client may still be sending, so the connection is closed."""

HTTP_CODES = {
    400: "bad_request",
    401: "invalid_api_key",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "request_too_large",
    415: "unsupported_media_type",
    421: "host_not_allowed",
}


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """A failure as an HTTP response."""

    kind: ErrorKind
    message: str
    param: str | None = None
    retry_after_seconds: int | None = None

    def response(self, shape: "ErrorShape | None" = None) -> JSONResponse:
        """Return the failure as an HTTP response, in OpenAI's shape or another one."""
        body = (shape or shape_error)(self)
        headers = {"Connection": "close"} if self.kind.status in HANG_UP_STATUSES else {}
        if request_id := current_request_id():  # an unforeseen failure is answered outside of all middleware
            headers[REQUEST_ID_HEADER] = request_id
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = str(self.retry_after_seconds)
        return JSONResponse(body, self.kind.status, headers)


ErrorShape = Callable[[ErrorAnswer], JsonObject]
"""Makes the body of a failure as the clients of a dialect read it."""


def shape_error(answer: ErrorAnswer) -> JsonObject:
    """Return the body of a failure in the shape that OpenAI's clients read."""
    kind = answer.kind
    detail = ErrorDetail(message=answer.message, type=kind.type, param=answer.param, code=kind.code)
    return ErrorResponse(error=detail).json_object()


def describe(error: Exception) -> ErrorAnswer:
    """Return the response to `error`; the message of an unforeseen one stays in the log."""
    if isinstance(error, RequestValidationError):
        return _describe_validation(error)
    if isinstance(error, HTTPException):
        return ErrorAnswer(http_kind(error.status_code), str(error.detail))
    kind = next((ERROR_KINDS[cls] for cls in type(error).__mro__ if cls in ERROR_KINDS), None)
    if kind is None:
        about = f" of the request {request_id}" if (request_id := current_request_id()) else ""
        return ErrorAnswer(UNEXPECTED, f"the server failed unexpectedly; its log has the details{about}")
    retry_after = getattr(error, "retry_after_seconds", 1 if kind.status == 503 else None)
    return ErrorAnswer(kind, str(error), getattr(error, "param", None) or kind.param, retry_after)


@contextmanager
def blame(param: str) -> Generator[None, None, None]:
    """Name the field of the request at fault in an error of the block, unless a part of its path is."""
    try:
        yield
    except Exception as error:
        vars(error)["param"] = param
        raise


def http_kind(status: int) -> ErrorKind:
    """Return the kind of a failure that has only an HTTP status."""
    error_type = SERVER if status >= 500 else INVALID
    return ErrorKind(status, error_type, HTTP_CODES.get(status, "http_error"))


def _describe_validation(error: RequestValidationError) -> ErrorAnswer:
    """Name the field and the rule, never the value, which may be private or huge."""
    first = error.errors()[0]
    kind = ERROR_KINDS[RequestValidationError]
    if first["type"] == "json_invalid":
        return ErrorAnswer(kind, "the request body is not valid JSON")
    part, *path = first["loc"]
    names = _name_fields(path, error.body) if part == "body" and error.body is not None else path
    param = ".".join(map(str, names))[:MAX_NAME_CHARS] or None
    if first["type"] == "extra_forbidden":
        kind = ErrorKind(kind.status, kind.type, "unknown_parameter")
        return ErrorAnswer(kind, f"{param} is not supported; leave it out", param)
    rule = first["msg"].removeprefix("Value error, ")
    return ErrorAnswer(kind, f"{param}: {rule}" if param else rule, param)


def _name_fields(path: Sequence[str | int], body: Any) -> list[str | int]:
    """Return the fields of a body on a path of pydantic's, which also names the member of a union that was tried."""
    names: list[str | int] = []
    value: Any = body
    for step in path:
        if _has(value, step):
            value = value[step]
            names.append(step)
        elif step == path[-1] and hasattr(value, "keys"):  # a field that is missing
            names.append(step)
    return names


def _has(value: Any, step: str | int) -> bool:
    try:
        return not isinstance(value, str) and value[step] is not value
    except (KeyError, IndexError, TypeError):
        return False


async def _answer(request: Request, error: Exception) -> JSONResponse:
    shape: ErrorShape | None = getattr(
        request.scope.get("route"), "shape_error", None
    )  # that of a route of another dialect
    if isinstance(error, RequestValidationError) and (media_type := _media_type_to_send(request, error)):
        answer = ErrorAnswer(http_kind(415), f"send the body as {media_type}, and say so in Content-Type")
        return answer.response(shape)
    answer = describe(error)
    return replace(answer, param=_find_in_path(request, error) or answer.param).response(shape)


def _find_in_path(request: Request, error: Exception) -> str | None:
    """Return the parameter of the path that names what an error is about; None if it is about another field."""
    subject = str(getattr(error, SUBJECTS.get(type(error), ""), ""))
    for name, value in request.path_params.items():
        if subject and subject in (str(value), normalize_name(str(value))):
            return name
    return None


async def _answer_no_route(request: Request, error: Exception) -> Response:
    """Answer a request that no route matches, or one for its options; routes never raise a bare 404 or 405."""
    methods = _allowed_methods(request)
    if methods and request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": ", ".join(methods)})
    message = f"there is no {request.method} {request.url.path[:MAX_NAME_CHARS]}; GET /openapi.json lists the routes"
    response = ErrorAnswer(http_kind(405 if methods else 404), message).response()
    if methods:
        response.headers["Allow"] = ", ".join(methods)
    return response


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods that the routes of the request's path take together; Starlette names those of one route."""
    routes = request.app.router.routes
    taken = [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": "GET" if method == "HEAD" else method})[0] is Match.FULL
            for route in routes
        )
    ]
    return [*taken, "OPTIONS"] if taken else []


def _media_type_to_send(request: Request, error: RequestValidationError) -> str | None:
    """Return the media type that the route takes if its body came as another one, and could not be read for that."""
    if all(detail["loc"][0] != "body" for detail in error.errors()) or not _has_body(request.headers):
        return None
    required: str = request.scope["route"].body_field.field_info.media_type
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = given.startswith("application/") and given.endswith(("/json", "+json"))
    return None if given == required or (is_json and required == "application/json") else required


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure of `app` answer in OpenAI's shape."""
    for cls in (*ERROR_KINDS, HTTPException, Exception):
        app.add_exception_handler(cls, _answer)
    for status in (404, 405):
        app.add_exception_handler(status, _answer_no_route)
