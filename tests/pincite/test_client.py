"""The Python client, synchronous and asynchronous, against a live server."""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pincite import Answer, AnswerBasis, AsyncClient, Client, Document, ServerLostError, ServerRefusedError, TextDelta
from tests.api.world import DRILL, PUMP, World, make_world
from tests.fakes import ScriptedEngine

QUESTION = "How often is the pump oiled?"
QUOTE = "The pump is oiled every 3 months."


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    with make_world(tmp_path_factory.mktemp("client") / "home", answer_style="quoted") as world:
        world.add("pump.txt", PUMP, DRILL, collection="default")
        with world.live() as server:
            yield world, server.url


@pytest.fixture
def client(live: tuple[World, str]) -> Iterator[Client]:
    with Client(live[1]) as client:
        yield client


def test_an_answer_has_its_citations(client: Client) -> None:
    answer = client.ask(QUESTION)
    (citation,) = answer.citations
    assert answer.text == f"{QUOTE} [1]"
    assert (citation.quote, citation.filename, citation.verdict) == (QUOTE, "pump.txt", "supported")
    assert client.text(citation.file_id)[citation.start : citation.end] == QUOTE
    assert answer.check.answer_verdict == "answers"


def test_a_stream_begins_with_the_basis_and_ends_with_the_answer(client: Client) -> None:
    first, *middle, last = client.stream(QUESTION)
    assert isinstance(first, AnswerBasis)
    assert isinstance(last, Answer)
    assert "".join(event.text for event in middle if isinstance(event, TextDelta)) == last.text


def test_a_stream_that_is_closed_stops_the_model(tmp_path: Path) -> None:
    with make_world(tmp_path / "home") as world, world.live() as server, Client(server.url) as client:
        world.add("pump.txt", PUMP, collection="default")
        world.models.scripted = engine = ScriptedEngine(["The pump is oiled. "] * 3_000)
        events = client.stream(QUESTION)
        while not isinstance(next(events), TextDelta):
            pass
        events.close()
        server.stop()
    assert len(engine.requests) == 1


def test_a_conversation_keeps_question_and_answer(client: Client, live: tuple[World, str]) -> None:
    conversation = client.start_conversation()
    client.ask(QUESTION, conversation=conversation)
    assert live[0].services.library.conversation(conversation).turns == 2
    client.delete_conversation(conversation)
    with pytest.raises(ServerRefusedError) as gone:
        client.ask(QUESTION, conversation=conversation)
    assert gone.value.code == "conversation_not_found"


def test_a_search_takes_filters(client: Client) -> None:
    assert client.search("fire drill")[0].attributes["page"] == 2
    assert client.search("fire drill", filters={"type": "eq", "key": "filename", "value": "other.txt"}) == []


@pytest.mark.slow
def test_a_file_is_added_with_progress_and_removed(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "lunch.txt"
    path.write_text("Lunch is served at noon.")
    seen: list[Document] = []
    document = client.add(path, "kitchen", attributes={"year": 2026}, on_progress=seen.append)
    assert (document.status, document.attributes, seen[-1]) == ("completed", {"year": 2026}, document)
    assert [each.filename for each in client.documents("kitchen")] == ["lunch.txt"]
    assert client.page(document.id, 1, "kitchen").text == "Lunch is served at noon."
    client.remove(document.id, "kitchen")
    assert list(client.documents("kitchen")) == []
    client.delete_collection("kitchen")
    assert "kitchen" not in [collection.name for collection in client.collections()]


def test_every_page_of_a_list_is_read(tmp_path: Path) -> None:
    with make_world(tmp_path / "home") as world, world.live() as server, Client(server.url) as client:
        for number in range(103):  # a page has a hundred
            world.services.create_collection(f"c{number}")
        names = [collection.name for collection in client.collections()]
    assert sorted(names) == sorted(f"c{number}" for number in range(103))


def test_a_refusal_has_the_words_of_the_server(client: Client) -> None:
    with pytest.raises(ServerRefusedError, match="nowhere") as refused:
        client.ask(QUESTION, "nowhere")
    assert refused.value.code == "model_not_found"


def test_a_server_that_is_not_there_is_said_so() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(ServerLostError):
        client.search("anything")


def test_a_key_is_sent(tmp_path: Path) -> None:
    with make_world(tmp_path / "home", api_key="secret") as world, world.live() as server:
        with Client(server.url, api_key="secret") as client:
            assert list(client.collections()) == []
        with Client(server.url) as client, pytest.raises(ServerRefusedError) as refused:
            list(client.collections())
        assert refused.value.code == "invalid_api_key"


@pytest.mark.slow
def test_the_asynchronous_client_does_the_same(live: tuple[World, str], tmp_path: Path) -> None:
    path = tmp_path / "tea.txt"
    path.write_text("Tea is served at four.")

    async def visit() -> tuple[Answer, list[str], list[str], str]:
        async with AsyncClient(live[1]) as client:
            answer, found = await asyncio.gather(client.ask(QUESTION), client.search("fire drill"))
            document = await client.add(path, "afternoon")
            names = [each.filename async for each in client.documents("afternoon")]
            text = await client.text(document.id, "afternoon")
            await client.remove(document.id, "afternoon")
            await client.delete_collection("afternoon")
            return answer, [result.filename for result in found], names, text

    answer, found, names, text = asyncio.run(visit())
    assert answer.citations[0].quote == QUOTE
    assert (found[0], names, text) == ("pump.txt", ["tea.txt"], "Tea is served at four.")


@pytest.mark.parametrize(("module", "extra"), [("langchain", "langchain"), ("llama_index", "llama-index")])
def test_an_integration_names_the_extra_that_is_missing(
    module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("langchain_core.callbacks", "llama_index.core.retrievers"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"pincite.integrations.{module}", raising=False)
    with pytest.raises(ImportError, match=rf"pincite\[{extra}\]"):
        importlib.import_module(f"pincite.integrations.{module}")
