"""The MCP server: the tools and the documents of a backend, by the official library."""

import json
import logging
from collections.abc import Callable
from importlib import metadata
from typing import Any
from urllib.parse import unquote

import mcp_types as types
from anyio import CancelScope, to_thread
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from api.backends.types import Backend
from api.dialects.mcp.tools import TOOLS, LibraryTool, Step, Work
from api.dialects.mcp.wire import SCHEME, make_uri
from api.errors import UNEXPECTED, describe
from api.wire.base import ResponseModel
from api.wire.lists import PageRequest
from api.wire.vector_stores import StoreFilePageRequest

logger = logging.getLogger(__name__)

INSTRUCTIONS = (
    "Pincite answers from the user's own documents, offline. Use `ask` for questions: every sentence of its answer is "
    "pinned to exact words of a document. Use `search` and `read_document` to read for yourself."
)
MAX_COLLECTIONS = 500
LISTED_DOCUMENTS = 200
"""Resources of a page of their list; more are found by `list_documents`."""

Context = ServerRequestContext[Any]
BackendOf = Callable[[Context], Backend]
"""Returns what works on a request: as whoever sends it may see the library."""


def make_server(backend_of: BackendOf) -> Server[Any]:
    """Return a server whose requests each work with the backend that `backend_of` returns for them."""
    handlers = _Handlers(backend_of)
    return Server(
        "pincite",
        title="Pincite",
        version=metadata.version("pincite"),
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
    )


class _Handlers:
    """Answers the requests of clients. Blocking work runs in threads."""

    def __init__(self, backend_of: BackendOf) -> None:
        self._backend_of = backend_of

    async def list_tools(self, _context: Context, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_describe(tool) for tool in TOOLS])

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """Return what a tool gives; a failure is a result, too, so that the model can read it and do better."""
        tool = next((tool for tool in TOOLS if tool.name == params.name), None)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name!r}")
        try:
            arguments = tool.arguments.model_validate(params.arguments or {})
        except ValidationError as error:
            first = error.errors()[0]
            return _fail(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
        try:
            output = await _run(context, tool.run(self._backend_of(context), arguments))
        except Exception as error:  # noqa: BLE001 (whatever fails, the model is told in words)
            return _fail(_explain(error))
        structured = output.json_object()
        text = types.TextContent(type="text", text=json.dumps(structured, ensure_ascii=False))
        return types.CallToolResult(content=[text], structured_content=structured)

    async def list_resources(self, context: Context, _params: object) -> types.ListResourcesResult:
        backend = self._backend_of(context)
        return types.ListResourcesResult(resources=await to_thread.run_sync(_list_resources, backend))

    async def list_templates(self, _context: Context, _params: object) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            name="document",
            title="Document",
            uri_template=f"{SCHEME}{{collection}}/{{file_id}}",
            description="The whole text of a document; offsets of pins count in it.",
            mime_type="text/plain",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        uri = str(params.uri)
        collection, _, file_id = uri.removeprefix(SCHEME).partition("/")
        if not uri.startswith(SCHEME) or not file_id:
            raise MCPError(types.INVALID_PARAMS, f"a document's address is {SCHEME}<collection>/<file>")
        backend = self._backend_of(context)
        try:
            text = await to_thread.run_sync(backend.read_text, unquote(collection), unquote(file_id))
        except Exception as error:
            raise MCPError(types.INVALID_PARAMS, _explain(error)) from error
        contents = types.TextResourceContents(uri=uri, mime_type="text/plain", text=text)
        return types.ReadResourceResult(contents=[contents])


async def _run(context: Context, work: Work) -> ResponseModel:
    """Do the work of a call in threads, and tell the client how far it is; a call that is cancelled stops the model."""
    try:
        while True:
            step = await to_thread.run_sync(_next_step, work)
            if isinstance(step, ResponseModel):
                return step
            if step is not None:
                await context.session.report_progress(step.done, step.total or None, step.doing)
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(work.close)


def _next_step(work: Work) -> Step | ResponseModel | None:
    """Return the next step, or the output behind the last one."""
    try:
        return next(work)
    except StopIteration as end:
        output: ResponseModel = end.value
        return output


def _list_resources(backend: Backend) -> list[types.Resource]:
    resources: list[types.Resource] = []
    for store in backend.list_collections(PageRequest(limit=MAX_COLLECTIONS)).data:
        room = LISTED_DOCUMENTS - len(resources)
        if room <= 0:
            break
        documents = backend.list_documents(store.id, StoreFilePageRequest(limit=room, filter="completed"))
        resources += [
            types.Resource(
                uri=make_uri(store.id, document.id),
                name=document.filename,
                title=document.title or document.filename,
                description=f"In the collection {store.name}.",
                mime_type="text/plain",
            )
            for document in documents.data
        ]
    return resources


def _describe(tool: LibraryTool[Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        output_schema=tool.output.model_json_schema(mode="serialization"),
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


def _explain(error: Exception) -> str:
    """Return an error in words; the message of an unforeseen one stays in the log."""
    if hasattr(error, "exit_code"):  # of a backend: the message is for people
        return str(error)
    answer = describe(error)
    if answer.kind is UNEXPECTED:
        logger.error("an MCP request failed", exc_info=error)
    return answer.message


def _fail(message: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=message)], is_error=True)
