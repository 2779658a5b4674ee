"""What a live server does when something goes wrong."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from tests.files import encrypt_pdf
from tests.live import LIVE_UPLOAD_MB, LiveStack, clean_environment, worker_pid

pytestmark = pytest.mark.real

LONG_STORY = [{"role": "user", "content": "Write a very long story about a lighthouse, a boat and the sea."}]


@pytest.fixture(scope="module")
def client(live_stack: LiveStack) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live_stack.api_url}/v1", api_key="none", max_retries=0, timeout=240) as made:
        yield made


@pytest.fixture(scope="module")
def model(client: OpenAI) -> str:
    return next(model.id for model in client.models.list() if not model.id.startswith("docs/"))


def test_a_model_that_dies_during_an_answer_tells_that_client_and_serves_the_next(
    live_stack: LiveStack, client: OpenAI, model: str
) -> None:
    body = {"model": model, "messages": LONG_STORY, "stream": True, "max_tokens": 2000}
    events: list[str] = []
    with httpx.stream("POST", f"{live_stack.api_url}/v1/chat/completions", json=body, timeout=120) as response:
        for line in response.iter_lines():
            if not line:
                continue
            events.append(line)
            if len(events) == 3:
                os.kill(worker_pid(live_stack, "rag.engines.llama.worker:main"), signal.SIGKILL)
    died = time.monotonic()

    error = json.loads(events[-1].removeprefix("data: "))["error"]
    assert "stopped unexpectedly (signal SIGKILL)" in error["message"]
    assert "data: [DONE]" not in events
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello."}], max_tokens=4)
    assert time.monotonic() - died < 10


def test_an_unknown_model_is_a_404(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "Hello."}])
    assert caught.value.code == "model_not_found"


def test_a_prompt_over_the_context_window_is_a_400(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": "word " * 20_000}])
    assert caught.value.code == "context_length_exceeded"


def secret_pdf(folder: Path) -> bytes:
    """Return a PDF that needs a password."""
    handbook = Path(__file__).parents[2] / "data" / "samples" / "operations-handbook.pdf"
    path = encrypt_pdf(handbook, folder / "secret.pdf", user_password="secret", owner_password="owner")
    return path.read_bytes()


def test_a_file_over_the_limit_is_a_413_and_leaves_nothing(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.files.create(file=("big.txt", io.BytesIO(b"x" * (LIVE_UPLOAD_MB + 1) * 1_000_000)), purpose="assistants")
    assert caught.value.status_code == 413
    assert "big.txt" not in {file.filename for file in client.files.list()}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [("secret.pdf", None, "password"), ("empty.txt", b"", "empty"), ("notes.zip", b"PK\x03\x04rest", "notes.zip")],
)
def test_a_file_that_cannot_be_read_says_why(
    client: OpenAI, tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    body = secret_pdf(tmp_path) if content is None else content
    store = client.vector_stores.create(name=f"faults-{name}")
    file = client.files.create(file=(name, io.BytesIO(body)), purpose="assistants")
    added = client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id)
    assert added.status == "failed"
    assert added.last_error is not None
    assert reason in added.last_error.message


def test_a_second_server_on_the_same_port_says_so_and_ends(live_stack: LiveStack, tmp_path: Path) -> None:
    port = live_stack.api_url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "api.cli", "serve", "--port", port]
    ended = subprocess.run(command, env=clean_environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_home_that_cannot_be_written_says_so_and_ends(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file is in the way")
    command = [sys.executable, "-m", "api.cli", "documents", "ls"]
    ended = subprocess.run(
        command, env=clean_environment(tmp_path / "home"), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr
