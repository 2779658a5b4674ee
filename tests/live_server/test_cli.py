"""`pincite ask`, `search` and `chat` beside a live server: they use its models and load none."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live import LiveStack, clean_environment

pytestmark = pytest.mark.real

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
STORE = "command-line"
QUESTION = "What is this document about?"


@pytest.fixture(scope="module")
def text(live_stack: LiveStack) -> str:
    """The text of the document of a collection."""
    path = next(path for path in sorted(SAMPLES.iterdir()) if path.suffix == ".md")
    with httpx.Client(base_url=f"{live_stack.api_url}/v1", timeout=240, trust_env=False) as client:
        upload = {"file": (path.name, path.read_bytes())}
        file = client.post("/files", files=upload, data={"purpose": "assistants"}).json()
        client.post("/vector_stores", json={"name": STORE, "file_ids": [file["id"]]})
        while client.get(f"/vector_stores/{STORE}/files/{file['id']}").json()["status"] == "in_progress":
            pass
        content = client.get(f"/vector_stores/{STORE}/files/{file['id']}/content").json()
        return "".join(part["text"] for part in content["data"])


def pincite(live_stack: LiveStack, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command that could not answer by itself: its embedder is nowhere."""
    environment = clean_environment(live_stack.home, {"PINCITE_EMBEDDER": "/nowhere"})
    command = [sys.executable, "-m", "api.cli", *arguments, "-c", STORE]
    return subprocess.run(command, env=environment, input=typed, capture_output=True, text=True, timeout=240)


def told(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_ask_and_search_are_answered_by_the_server(live_stack: LiveStack, text: str) -> None:
    answer = told(pincite(live_stack, "ask", QUESTION, "--json"))
    assert answer["citations"]
    for quote in (*answer["citations"], *answer["evidence"]):
        assert text[quote["start"] : quote["end"]] == quote["quote"]
    hits = told(pincite(live_stack, "search", QUESTION, "--json"))
    assert all(text[hit["start"] : hit["end"]] == hit["text"] for hit in hits)
    assert hits


def test_a_chat_is_stored_by_the_server(live_stack: LiveStack, text: str) -> None:
    done = pincite(live_stack, "chat", "--json", typed=f"{QUESTION}\nWho is responsible for it?\n")
    first, second = (json.loads(line)["conversation"] for line in done.stdout.splitlines())
    assert first == second
    stored = httpx.get(f"{live_stack.api_url}/v1/conversations/{first}", trust_env=False).json()
    assert stored["items"] == 4


def test_without_a_server_the_same_command_loads_its_own_models(live_stack: LiveStack, text: str) -> None:
    done = pincite(live_stack, "ask", QUESTION, "--local")
    assert done.returncode == 1
    assert "/nowhere" in done.stderr
