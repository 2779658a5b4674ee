"""Stored conversations with the bundled model: the same request gives the same text, drawn by a seed or not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live import LiveStack

pytestmark = pytest.mark.real

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
STORE = "conversations"


@pytest.fixture(scope="module")
def client(live_stack: LiveStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{live_stack.api_url}/v1", timeout=240, trust_env=False) as made:
        yield made


@pytest.fixture(scope="module")
def store(client: httpx.Client) -> str:
    """A collection with one of the sample documents."""
    path = next(path for path in sorted(SAMPLES.iterdir()) if path.suffix == ".md")
    file = client.post("/files", files={"file": (path.name, path.read_bytes())}, data={"purpose": "assistants"}).json()
    client.post("/vector_stores", json={"name": STORE, "file_ids": [file["id"]]})
    while client.get(f"/vector_stores/{STORE}/files/{file['id']}").json()["status"] == "in_progress":
        pass
    return STORE


def ask(client: httpx.Client, conversation: str, question: str, **fields: Any) -> Any:
    body = {
        "model": f"docs/{STORE}",
        "messages": [{"role": "user", "content": question}],
        "max_tokens": 32,
        "pincite": {"conversation": conversation, "mode": "retrieval", "style": "written"},
        **fields,
    }
    response = client.post("/chat/completions", json=body)
    response.raise_for_status()
    return response.json()["pincite"]


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_a_stored_request_gives_the_same_text_again(client: httpx.Client, store: str, temperature: float) -> None:
    conversation = client.post("/conversations", json={}).json()["id"]
    told = [
        ask(client, conversation, question, temperature=temperature)
        for question in ("What is this document about?", "Who is responsible for it?")
    ]
    items = client.get(f"/conversations/{conversation}/items", params={"order": "asc"}).json()["data"]
    assert [item["id"] for item in items] == [id_ for each in told for id_ in (each["question"], each["answer"])]
    for each in told:
        replayed = client.post(f"/conversations/{conversation}/items/{each['answer']}/replay").json()
        assert (replayed["same"], replayed["changes"], replayed["problem"]) == (True, [], None)
    assert all(item["pincite"]["circumstances"]["model"]["hash"] for item in items[1::2])
