"""The websockets of LM Studio's SDKs, one for each namespace."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.websockets import WebSocket

from api.dialects.lmstudio.sdk.connection import serve_websocket
from api.dialects.lmstudio.sdk.diagnostics import diagnostics
from api.dialects.lmstudio.sdk.embedding import embedding
from api.dialects.lmstudio.sdk.files import files
from api.dialects.lmstudio.sdk.llm import llm
from api.dialects.lmstudio.sdk.namespace import Namespace
from api.dialects.lmstudio.sdk.repository import repository
from api.dialects.lmstudio.sdk.system import system

NAMESPACES = (llm, embedding, system, files, repository, diagnostics)

router = APIRouter()


def _serve(namespace: Namespace) -> Callable[[WebSocket], Awaitable[None]]:
    async def serve(socket: WebSocket) -> None:
        await serve_websocket(socket, namespace)

    return serve


for _namespace in NAMESPACES:
    router.add_api_websocket_route(f"/{_namespace.name}", _serve(_namespace), name=_namespace.name)
