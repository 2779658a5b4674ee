"""Clients of LM Studio see the text of an answer and nothing else, so that it lists its sources."""

from pathlib import Path

from tests.api.lmstudio.sdk_socket import connect, prediction
from tests.api.world import PUMP, make_world
from tests.fakes import ScriptedEngine

QUESTION = "How often is the pump oiled?"
LISTED = "The pump is oiled every 3 months. [1]\n\nSources:\n[1] pump.txt"


def test_every_way_of_asking_documents_ends_with_the_list_of_sources(tmp_path: Path) -> None:
    with make_world(tmp_path / "home", answer_sources="list") as world:
        world.add("pump.txt", PUMP)
        world.models.scripted = ScriptedEngine(["The pump is oiled every 3 months. [1]"])
        with world.client() as client:
            with connect(client, "llm") as sdk:
                specifier = {"type": "query", "query": {"identifier": "docs/docs"}}
                messages = sdk.run("predict", prediction(QUESTION, specifier))
            fragments = [message["fragment"]["content"] for message in messages if message["type"] == "fragment"]
            chat = client.post("/api/v1/chat", json={"model": "docs/docs", "input": QUESTION}).json()
            body = {"model": "docs/docs", "messages": [{"role": "user", "content": QUESTION}]}
            v0 = client.post("/api/v0/chat/completions", json=body).json()
    texts = ["".join(fragments), chat["output"][0]["content"], v0["choices"][0]["message"]["content"]]
    assert len(set(texts)) == 1
    assert texts[0].startswith(LISTED)
