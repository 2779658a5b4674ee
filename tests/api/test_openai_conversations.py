"""The official `openai` client's Conversations API against a live server."""

from collections.abc import Iterator

import openai
import pytest
from openai.types.conversations import Message
from openai.types.responses import ResponseOutputText

from tests.api.world import PUMP, World, make_world
from tests.fakes import ScriptedEngine

QUESTION = "How often is the pump oiled?"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, openai.OpenAI]]:
    """A server, and a client of it."""
    with make_world(tmp_path_factory.mktemp("openai") / "home", answer_style="written") as world:
        world.add("pump.txt", PUMP)
        with world.live() as server, openai.DefaultHttpxClient(trust_env=False) as http:
            yield world, openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, http_client=http)


def test_a_conversation_is_created_changed_and_deleted(live: tuple[World, openai.OpenAI]) -> None:
    _, client = live
    made = client.conversations.create(
        metadata={"topic": "demo"}, items=[{"type": "message", "role": "user", "content": "Hello!"}]
    )
    assert (made.object, made.metadata) == ("conversation", {"topic": "demo"})
    assert client.conversations.retrieve(made.id) == made
    assert client.conversations.update(made.id, metadata={"topic": "other"}).metadata == {"topic": "other"}
    gone = client.conversations.delete(made.id)
    assert (gone.id, gone.deleted, gone.object) == (made.id, True, "conversation.deleted")
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made.id)


def test_items_are_added_listed_in_pages_and_deleted(live: tuple[World, openai.OpenAI]) -> None:
    _, client = live
    id_ = client.conversations.create().id
    added = client.conversations.items.create(
        id_, items=[{"type": "message", "role": "user", "content": f"Number {number}"} for number in range(5)]
    )
    assert (added.object, len(added.data)) == ("list", 5)
    listed = [str(item.id) for item in client.conversations.items.list(id_, limit=2, order="asc")]
    assert listed == [item.id for item in added.data]
    found = client.conversations.items.retrieve(listed[1], conversation_id=id_)
    assert isinstance(found, Message)
    assert found.content[0].type == "input_text"
    assert client.conversations.items.delete(listed[2], conversation_id=id_).id == id_
    assert [item.id for item in client.conversations.items.list(id_)] == [listed[1], listed[0]]


def test_a_chat_in_a_conversation_has_its_citations_as_items(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    world.models.scripted = ScriptedEngine(["The pump is oiled ", "every 3 months [1]", "."])
    id_ = client.conversations.create().id
    client.chat.completions.create(
        model="docs/docs",
        messages=[{"role": "user", "content": QUESTION}],
        extra_body={"pincite": {"conversation": id_}},
    )
    answer, question = client.conversations.items.list(id_)
    assert (question.type, answer.type) == ("message", "message")
    assert isinstance(answer, Message)
    content = answer.content[0]
    assert isinstance(content, ResponseOutputText)
    (citation,) = content.annotations
    assert citation.type == "file_citation"
    assert (citation.filename, citation.to_dict()["quote"]) == ("pump.txt", "The pump is oiled every 3 months.")
