"""Where a document came from, as responses say it: no folder of the server is in any of them."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.wire.sources import show_source
from tests.api.world import PUMP, World
from tests.fakes import ScriptedEngine

FOLDER = "/srv/people/anna"
ASK: dict[str, Any] = {"model": "docs/private", "messages": [{"role": "user", "content": "How often is it oiled?"}]}


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (f"{FOLDER}/pump.txt", "pump.txt"),
        ("pump (2).txt", "pump (2).txt"),
        ("hf:name/part#3", "hf:name/part#3"),
        ("folder/pump.txt", "folder/pump.txt"),
    ],
)
def test_a_path_on_the_disk_is_shown_by_its_name_and_other_sources_as_they_are(source: str, shown: str) -> None:
    assert show_source(source) == shown


def test_no_response_names_a_folder_of_the_server(world: World, client: TestClient) -> None:
    document = world.add(f"{FOLDER}/pump.txt", PUMP, collection="private")
    world.add(f"{FOLDER}/old/pump.txt", PUMP.replace("3 months", "6 months"), collection="private")
    world.models.scripted = ScriptedEngine(["It is oiled every 3 months [1]."])
    store, file = "/v1/vector_stores/private", document.file_id
    conversation = client.post("/v1/conversations", json={}).json()["id"]
    kept = {"pincite": {"conversation": conversation}}
    answers = [
        client.post("/v1/chat/completions", json={**ASK, **fields})
        for fields in ({}, {"stream": True}, {"pincite": {"style": "quoted"}}, kept)
    ]
    answers += [
        client.post(f"{store}/search", json={"query": "pump"}),
        client.post("/v1/completions", json={"model": "docs/private", "prompt": "How often is it oiled?"}),
        *(client.get(f"{store}/{path}") for path in ("files", f"files/{file}", f"files/{file}/pages/1")),
        *(client.get(f"/v1/files{path}") for path in ("", f"/{file}")),
        *(client.get(f"/v1/conversations/{conversation}/{path}") for path in ("items", "export?format=json")),
        client.get(f"/v1/conversations/{conversation}/export"),
        client.get(f"/cite/private/{file}/1?start=0&end=9"),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert [answer.url for answer in answers if FOLDER in answer.text or "srv" in answer.text] == []
    assert all("pump.txt" in answer.text for answer in answers[:6])
