"""MCP's Python client over streamable HTTP: tools, structured output, progress and resources."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from mcp import Client
from report import Calls

calls = Calls()
QUESTION = "How long do damaged batteries stay in quarantine?"


def visit(visitor: Callable[[Client], Awaitable[Any]]) -> Any:
    async def connect() -> Any:
        async with Client(f"{calls.url}/mcp") as client:
            return await visitor(client)

    return asyncio.run(connect())


@calls.add("list_tools")
def list_tools() -> None:
    tools = visit(lambda client: client.list_tools()).tools
    assert {"search", "ask", "list_documents", "read_document"} <= {tool.name for tool in tools}


@calls.add("call_tool, ask with progress")
def ask() -> None:
    said: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        said.append(message)

    result = visit(lambda client: client.call_tool("ask", {"question": QUESTION}, progress_callback=note))
    assert "72" in result.structured_content["answer"]
    assert result.structured_content["pins"][0]["quote"]
    assert said


@calls.add("call_tool, search and read_document")
def search() -> None:
    found = visit(lambda client: client.call_tool("search", {"query": QUESTION})).structured_content["results"]
    asked = {"file_id": found[0]["file_id"], "page": found[0]["page"]}
    assert visit(lambda client: client.call_tool("read_document", asked)).structured_content["text"]


@calls.add("list_resources and read_resource")
def read() -> None:
    resources = visit(lambda client: client.list_resources()).resources
    assert visit(lambda client: client.read_resource(resources[0].uri)).contents[0].text


calls.run()
