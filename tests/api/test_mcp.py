"""MCP's official client: the library as tools and resources, over HTTP and over the standard streams."""

import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.api.world import DRILL, PUMP, World, make_world

QUOTE = "The pump is oiled every 3 months."


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    with make_world(tmp_path_factory.mktemp("mcp") / "home", answer_style="quoted") as world:
        world.add("pump.txt", PUMP, DRILL, collection="default")
        with world.live() as server:
            yield world, server.url


def visit(url: str, visitor: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """Return what a visitor returns who is connected to a server."""

    async def connect() -> Any:
        async with Client(f"{url}/mcp", **options) as client:
            return await visitor(client)

    return anyio.run(connect)


def call(url: str, tool: str, **arguments: Any) -> Any:
    return visit(url, lambda client: client.call_tool(tool, arguments))


def test_the_tools_say_what_they_take_and_give(live: tuple[World, str]) -> None:
    tools = visit(live[1], lambda client: client.list_tools()).tools
    assert [tool.name for tool in tools] == ["search", "ask", "list_documents", "read_document"]
    for tool in tools:
        assert tool.annotations.read_only_hint
        assert tool.output_schema["type"] == "object"
        assert all("description" in field for field in tool.input_schema["properties"].values()), tool.name


def test_an_answer_has_its_pins_in_structured_output(live: tuple[World, str]) -> None:
    result = call(live[1], "ask", question="How often is the pump oiled?")
    answer = result.structured_content
    assert json.loads(result.content[0].text) == answer
    (pin,) = answer["pins"]
    assert (pin["sentence"], pin["quote"], pin["verdict"], pin["file"]) == (QUOTE, QUOTE, "supported", "pump.txt")
    assert PUMP[pin["start"] : pin["end"]] == QUOTE


def test_what_is_found_can_be_read(live: tuple[World, str]) -> None:
    found = call(live[1], "search", query="fire drill").structured_content["results"]
    best = found[0]
    assert (best["text"], best["page"]) == (DRILL, 2)
    page = call(live[1], "read_document", file_id=best["file_id"], page=2).structured_content
    assert (page["text"], page["pages"], page["uri"]) == (DRILL, 2, best["uri"])
    read = visit(live[1], lambda client: client.read_resource(best["uri"]))
    assert read.contents[0].text == f"{PUMP}\n\n{DRILL}"


def test_documents_are_listed_as_entries_and_as_resources(live: tuple[World, str]) -> None:
    collections = call(live[1], "list_documents").structured_content["collections"]
    assert [(entry["name"], entry["documents"]) for entry in collections] == [("default", 1)]
    (entry,) = call(live[1], "list_documents", collection="default").structured_content["documents"]
    (resource,) = visit(live[1], lambda client: client.list_resources()).resources
    assert (entry["file"], entry["status"], resource.name, str(resource.uri)) == (
        *("pump.txt", "completed", "pump.txt"),
        entry["uri"],
    )
    templates = visit(live[1], lambda client: client.list_resource_templates()).resource_templates
    assert [template.uri_template for template in templates] == ["pincite://{collection}/{file_id}"]


def test_a_call_tells_how_far_it_is(live: tuple[World, str]) -> None:
    said: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        said.append(message)

    async def ask(client: Client) -> Any:
        return await client.call_tool("ask", {"question": "How often is the pump oiled?"}, progress_callback=note)

    visit(live[1], ask)
    assert said
    assert "passages" in (said[0] or "")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"question": "Why?", "collection": "nowhere"}, "nowhere"),
        ("ask", {"question": ""}, "question: "),
        ("search", {"query": "pump", "results": 3}, "results: "),
        ("read_document", {"file_id": "file-0"}, "file-0"),
    ],
)
def test_a_call_that_cannot_be_answered_says_why(
    live: tuple[World, str], tool: str, arguments: dict[str, Any], said: str
) -> None:
    result = call(live[1], tool, **arguments)
    assert result.is_error
    assert said in result.content[0].text


def test_a_server_with_keys_shows_everybody_what_is_theirs(tmp_path: Path) -> None:
    with make_world(tmp_path / "home", api_key="secret") as world, world.live() as server:
        world.add("pump.txt", PUMP, collection="default")
        key = world.services.library.create_key("ann")
        assert httpx.post(f"{server.url}/mcp", json={}, trust_env=False).status_code == 401

        async def list_as(holder: str) -> Any:
            headers = {"Authorization": f"Bearer {holder}"}
            async with (
                httpx2.AsyncClient(headers=headers, trust_env=False) as http,
                Client(streamable_http_client(f"{server.url}/mcp", http_client=http)) as client,
            ):
                return (await client.call_tool("list_documents", {})).structured_content

        assert anyio.run(list_as, "secret")["collections"][0]["name"] == "default"
        assert anyio.run(list_as, key)["collections"] == []


@pytest.mark.slow
@pytest.mark.parametrize("is_served", [True, False])
def test_the_standard_streams_serve_the_home(tmp_path: Path, is_served: bool) -> None:
    with make_world(tmp_path / "home", answer_style="quoted") as world:
        world.add("pump.txt", PUMP, collection="default")
        if is_served:
            with world.live():
                results = anyio.run(use_streams, world.settings.home)
        else:
            results = anyio.run(use_streams, world.settings.home)
    assert [entry["file"] for entry in results["documents"]] == ["pump.txt"]


async def use_streams(home: Path) -> Any:
    options = ["-m", "api.cli", "mcp", "--home", str(home)]
    async with Client(stdio_client(StdioServerParameters(command=sys.executable, args=options))) as client:
        return (await client.call_tool("list_documents", {"collection": "default"})).structured_content
