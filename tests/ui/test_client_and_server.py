"""The page's client against the real application on a loopback port: lists, streams and cancellation."""

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from rag.engines.types import Delta, Message, Sampling, ToolUse
from tests.api.world import DRILL, LUNCH, PUMP, World, make_world
from tests.fakes import ScriptedEngine
from ui.api_types import Basis, ChatRequest, CheckedSentence, DocumentCounts, Finished, TextDelta
from ui.client import ApiClient

QUESTION = "How often is the pump oiled?"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path / "home") as world:
        for name, text in (("pump.txt", PUMP), ("lunch.txt", LUNCH), ("drill.txt", DRILL)):
            world.add(name, text)
        yield world


@pytest.fixture
def client(world: World) -> Iterator[ApiClient]:
    with world.live() as server, closing(ApiClient(server.url)) as client:
        yield client


def make_request(chat_id: str) -> ChatRequest:
    return ChatRequest("docs", QUESTION, chat_id, parent=chat_id, style="written")


def test_a_collection_has_counts_and_its_newest_documents(client: ApiClient) -> None:
    (collection,) = client.list_collections()
    assert collection.file_counts == DocumentCounts(total=3, completed=3, in_progress=0)
    assert client.fetch_collection(collection.id) == collection
    page = client.list_documents(collection.id, 2)
    assert ([entry.filename for entry in page.data], page.has_more) == (["drill.txt", "lunch.txt"], True)
    assert not client.list_documents(collection.id, 3).has_more


def test_an_answer_streams_and_is_stored_in_its_chat(world: World, client: ApiClient) -> None:
    world.models.scripted = ScriptedEngine(["The pump is oiled every 3 months [1]. ", "It stands ", "in the cellar."])
    chat = client.create_chat()
    with closing(client.stream_answer(make_request(chat.id)).events()) as stream:
        events = list(stream)
    assert {type(event) for event in events} == {Basis, TextDelta, CheckedSentence, Finished}
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    question, answer = client.list_items(chat.id)
    assert (question.content[0].text, answer.content[0].text) == (QUESTION, text)


def test_chats_are_read_page_by_page_until_enough_are_not_empty(world: World, client: ApiClient) -> None:
    chat = client.create_chat()
    for _ in client.stream_answer(make_request(chat.id)).events():
        pass
    for _ in range(5):
        client.create_chat()
    page = client.list_chats(1)
    assert ([stored.id for stored in page.data], page.has_more) == ([chat.id], False)
    assert [stored.id for stored in client.list_chats(6, "pump oiled").data] == [chat.id]
    assert client.list_chats(6, "bicycle").data == ()


class EndlessEngine(ScriptedEngine):
    """An engine that writes another word every 10 ms until its generator is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        try:
            for number in count():
                time.sleep(0.01)
                yield Delta(f"word{number} ")
        finally:
            self.ended.set()


def test_closing_a_stream_stops_the_model(world: World, client: ApiClient) -> None:
    engine = world.models.scripted = EndlessEngine()
    stream = client.stream_answer(make_request(client.create_chat().id))
    for event in stream.events():
        if isinstance(event, TextDelta):
            assert not engine.ended.is_set()
            stream.close()
    assert engine.ended.wait(5)
