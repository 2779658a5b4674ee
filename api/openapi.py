"""`/openapi.json`: an OpenAPI 3.1 document with the shape of every request, response, stream and error."""

import json
import re
import threading
from collections import defaultdict
from importlib import metadata
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.errors import ERROR_KINDS
from api.wire.base import ResponseModel
from api.wire.chat_chunks import COMPONENTS, SHARED_MODELS, chunk_schemas
from api.wire.errors import ErrorResponse
from api.wire.files import FileObject
from api.wire.queue import QueueEvent

Responses = dict[int | str, dict[str, Any]]

REFERENCE = re.compile(rf'"{COMPONENTS}(\w+)"')
OPENAPI_PATH = "/openapi.json"
EVENT_STREAM = "text/event-stream"
REFERENCED_MODELS: tuple[type[ResponseModel], ...] = (*SHARED_MODELS, QueueEvent, ErrorResponse, FileObject)
"""Models that streams and errors refer to by name, and one whose example has nulls, which FastAPI would drop."""

DESCRIPTION = """\
Chat with your own documents, offline, through the API that OpenAI's clients speak: `/v1/files`, `/v1/vector_stores`,
`/v1/chat/completions`, `/v1/conversations` and `/v1/models`. A model named `docs/<collection>` answers from the
documents of that collection, with citations. Fields and routes that OpenAI does not have are marked as Pincite's own.
"""

TAGS = [
    {"name": "files", "description": "Originals that the library keeps."},
    {"name": "vector stores", "description": "Collections: their documents, and search."},
    {"name": "sharing", "description": "Who sends requests, and with whom collections are shared. Pincite's own."},
    {"name": "pages", "description": "The text and the pages of a document, to check a citation."},
    {"name": "queue", "description": "Documents that are being indexed. Pincite's own."},
    {"name": "chat", "description": "Answers by a model alone, or from documents with citations."},
    {
        "name": "responses",
        "description": "OpenAI's Responses: answers with their items, stored, streamed, in the background.",
    },
    {"name": "conversations", "description": "Stored chats with their branches."},
    {"name": "models", "description": "What a chat can name as its model."},
    {"name": "health", "description": "State of the server."},
]


def _error_response(description: str) -> dict[str, Any]:
    """Return a response with an error, which is JSON on every route, even if a success is not."""
    content = {"application/json": {"schema": {"$ref": COMPONENTS + ErrorResponse.__name__}}}
    return {"description": description, "content": content}


COMMON_ERRORS: Responses = {
    "4XX": _error_response(
        "The request is refused. `code` says why: `invalid_value` and `unknown_parameter` (400) name the field in "
        "`param`; `invalid_api_key` (401); `forbidden` (403) is a request by a foreign web page; `request_timeout` "
        "(408); `request_too_large` (413); `unsupported_media_type` (415); `host_not_allowed` (421)."
    ),
    "5XX": _error_response(
        "The server failed. `code` says why: `internal_error` (500), `library_unavailable`, `server_stopping` (503)."
    ),
}
"""What every route may answer."""


def error_responses(*errors: type[Exception]) -> Responses:
    """Return the responses of a route that may raise `errors`, for its `responses`."""
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for error in errors:
        kind = ERROR_KINDS[error]
        meaning = (error.__doc__ or "").strip().splitlines()[0]
        codes[kind.status].append(f"`{kind.code}`: {meaning}")
    return {status: _error_response("\n\n".join(lines)) for status, lines in sorted(codes.items())}


def stream_response(schema_name: str, description: str) -> dict[str, Any]:
    """Return the content of a route that answers with server-sent events, whose `data` has the schema as JSON.

    The schema is that of one event, as clients read it before OpenAPI 3.2 has a place of its own for that.
    """
    shapes = [{"$ref": COMPONENTS + name} for name in (schema_name, ErrorResponse.__name__)]
    json_text = {"type": "string", "contentMediaType": "application/json", "contentSchema": {"anyOf": shapes}}
    data = {"anyOf": [{"const": "[DONE]"}, json_text]}
    event = {"type": "object", "description": description, "required": ["data"], "properties": {"data": data}}
    return {EVENT_STREAM: {"schema": event}}


def binary_response(media_type: str, description: str) -> Responses:
    """Return the responses of a route that answers with bytes."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"content": content, "description": description}}


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi` return the whole document, and add the route that sends it.

    It is built once, which takes a second: `app.openapi` may be called early, from any thread. FastAPI's own route
    builds it on the event loop, where everybody waits, and writes the JSON anew for each request.
    """
    lock = threading.Lock()
    built: list[bytes] = []

    def openapi() -> dict[str, Any]:
        with lock:
            if app.openapi_schema is None:
                app.openapi_schema = _document(app)
            return app.openapi_schema

    def send() -> Response:
        if not built:
            built.append(json.dumps(openapi(), ensure_ascii=False, separators=(",", ":")).encode())
        return Response(built[0], media_type="application/json")

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it
    app.add_api_route(OPENAPI_PATH, send, include_in_schema=False)


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=metadata.version("pincite"),
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= _model_schemas() | chunk_schemas()
    components["schemas"] = _referenced_schemas(document["paths"], schemas)
    components["securitySchemes"] = {
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "The value of `PINCITE_API_KEY`, or a key of `pincite keys create`, if there is one.",
        }
    }
    document["security"] = [{}, {"apiKey": []}]
    return document


def _referenced_schemas(paths: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas that the routes refer to, directly or through others, by name."""
    referenced: set[str] = set()
    names = _find_references(paths)
    while names := names - referenced:
        referenced |= names
        names = _find_references([schemas[name] for name in names])
    return {name: schemas[name] for name in sorted(referenced)}


def _find_references(part: object) -> set[str]:
    return set(REFERENCE.findall(json.dumps(part)))


def _model_schemas() -> dict[str, Any]:
    """Return the schemas of `REFERENCED_MODELS`, by their names."""
    _, definitions = models_json_schema(
        [(model, "serialization") for model in REFERENCED_MODELS], ref_template=COMPONENTS + "{model}"
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas
