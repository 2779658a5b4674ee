"""Files and pictures in the messages of a chat: the model reads the text that is in them."""

import base64
import io
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from starlette.testclient import TestClient

from tests.api.world import World
from tests.fakes import ScriptedEngine

CHAT = "/v1/chat/completions"
MARKDOWN = b"# Pump\n\nThe pump is oiled every 3 months."


@pytest.fixture
def engine(world: World) -> ScriptedEngine:
    engine = world.models.scripted = ScriptedEngine(["Every 3 months."])
    return engine


def data_url(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def ask(client: TestClient, *parts: dict[str, Any], model: str = "scripted") -> Any:
    messages = [{"role": "user", "content": [{"type": "text", "text": "Summarise.\n"}, *parts]}]
    return client.post(CHAT, json={"model": model, "messages": messages})


def file_part(**fields: str) -> dict[str, Any]:
    return {"type": "file", "file": fields}


def image_part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


def picture_of(text: str) -> bytes:
    image = Image.new("RGB", (900, 120), "white")
    ImageDraw.Draw(image).text((20, 30), text, "black", ImageFont.load_default(48))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def asked_text(engine: ScriptedEngine) -> str:
    (((message,), _),) = engine.requests
    return message.content


def test_a_file_becomes_its_text_and_is_stored_nowhere(
    world: World, engine: ScriptedEngine, client: TestClient
) -> None:
    before = client.get("/v1/files").json()["data"]
    sent = file_part(filename="pump.md", file_data=data_url(MARKDOWN, "text/markdown"))
    assert ask(client, sent).status_code == 200
    text = asked_text(engine)
    assert text.startswith("Summarise.\nText of pump.md:\n")
    assert "The pump is oiled every 3 months." in text
    assert client.get("/v1/files").json()["data"] == before


def test_a_file_that_was_uploaded_is_read_by_its_id(engine: ScriptedEngine, client: TestClient) -> None:
    upload = client.post("/v1/files", files={"file": ("pump.md", MARKDOWN)}, data={"purpose": "user_data"}).json()
    assert ask(client, file_part(file_id=upload["id"])).status_code == 200
    assert "oiled every 3 months" in asked_text(engine)


@pytest.mark.slow
def test_a_picture_becomes_the_text_that_ocr_reads(engine: ScriptedEngine, client: TestClient) -> None:
    response = ask(client, image_part(data_url(picture_of("Oil the pump in March"), "image/png")))
    assert response.status_code == 200, response.text
    assert "pump in March" in asked_text(engine)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (image_part("https://example.org/a.png"), "fetches nothing"),
        (image_part("data:image/png;base64,!!!"), "base64"),
        (file_part(filename="a.pdf", file_data=data_url(b"no pdf", "application/pdf")), "a.pdf"),
        (file_part(filename="a.txt", file_data=data_url(b"  ", "text/plain")), "a.txt"),
    ],
)
def test_what_has_no_text_is_refused_by_name(client: TestClient, part: dict[str, Any], reason: str) -> None:
    response = ask(client, part)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (400, "file_part_refused", "messages.0.content.1")
    assert reason in error["message"]


def test_a_file_needs_one_source(client: TestClient) -> None:
    for fields in ({}, {"file_id": "file-1", "file_data": "YQ=="}):
        assert ask(client, file_part(**fields)).status_code == 400


def test_an_unknown_file_is_a_404(client: TestClient) -> None:
    assert ask(client, file_part(file_id="file-000000000000000000000000")).status_code == 404


def test_documents_answer_from_their_collection_alone(client: TestClient) -> None:
    error = ask(client, file_part(file_data="YQ=="), model="docs/docs").json()["error"]
    assert "add the file" in error["message"]
