"""Errors name the field or the part of the path that they are about, also those that are found after validation."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.errors import ChatTemplateError, PromptTooLongError
from tests.api.world import World

QUESTION: list[dict[str, str]] = [{"role": "user", "content": "How often is the pump oiled?"}]
CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("method", "path", "body", "param"),
    [
        ("GET", "/v1/files/file-x", None, "file_id"),
        ("DELETE", "/v1/files/file-x", None, "file_id"),
        ("GET", "/v1/vector_stores/none", None, "store"),
        ("GET", "/v1/vector_stores/%20none%20", None, "store"),
        ("GET", "/v1/vector_stores/none/files/file-x", None, "store"),
        ("GET", "/v1/vector_stores/docs/files/file-x", None, "file_id"),
        ("GET", "/v1/vector_stores/docs/files?after=x", None, "after"),
        ("POST", "/v1/vector_stores/docs/files", {"file_id": "file-x"}, "file_id"),
        ("POST", "/v1/vector_stores/none/files", {"file_id": "file-x"}, "store"),
        ("POST", "/v1/vector_stores", {"file_ids": ["file-x"]}, "file_ids"),
        ("POST", "/v1/vector_stores/docs/files/file-x/pause", None, "file_id"),
        ("GET", "/v1/vector_stores/docs/files/{pump}/pages/99", None, "number"),
        ("GET", "/v1/models/none", None, "model"),
        ("POST", "/api/v1/models/load", {"model": "none"}, "model"),
        ("POST", "/api/v1/models/unload", {"instance_id": "none"}, "instance_id"),
        ("GET", "/v1/conversations/conv_x", None, "conversation"),
        ("GET", "/v1/conversations/conv_x/items/item_x", None, "conversation"),
        ("POST", "/v1/conversations/conv_x/items", {"items": QUESTION}, "conversation"),
        ("POST", CHAT, {"model": "none", "messages": QUESTION}, "model"),
        ("POST", CHAT, {"model": "", "messages": QUESTION}, "model"),
        ("POST", CHAT, {"model": "docs/none", "messages": QUESTION}, "model"),
        (
            "POST",
            CHAT,
            {"model": "docs/docs", "messages": QUESTION, "pincite": {"collections": ["none"]}},
            "pincite.collections",
        ),
        (
            "POST",
            CHAT,
            {"model": "docs/docs", "messages": QUESTION, "pincite": {"conversation": "conv_x"}},
            "pincite.conversation",
        ),
        ("POST", CHAT, {"model": "docs/docs", "messages": [{"role": "system", "content": "x"}]}, "messages"),
        (
            "POST",
            CHAT,
            {
                "model": "scripted",
                "messages": QUESTION,
                "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"if": {}}}},
            },
            "response_format",
        ),
    ],
)
def test_an_error_names_what_it_is_about(client: TestClient, method: str, path: str, body: Any, param: str) -> None:
    pump = client.get("/v1/vector_stores/docs/files?name=pump").json()["data"][0]["id"]
    response = client.request(method, path.replace("{pump}", pump), json=body)
    assert response.status_code in (400, 404, 409)
    assert response.json()["error"]["param"] == param


def test_an_item_that_is_not_there_is_told_by_the_field_that_names_it(client: TestClient) -> None:
    id_ = client.post("/v1/conversations", json={"items": QUESTION}).json()["id"]
    path = f"/v1/conversations/{id_}"
    found = [
        client.get(f"{path}/items/nope"),
        client.get(f"{path}/items?leaf=nope"),
        client.post(path, json={"current": "nope"}),
        client.post(f"{path}/items", json={"items": QUESTION, "parent": "nope"}),
        client.post(
            CHAT,
            json={"model": "scripted", "messages": QUESTION, "pincite": {"conversation": id_, "parent": "nope"}},
        ),
    ]
    assert [response.status_code for response in found] == [404] * 5
    params = [response.json()["error"]["param"] for response in found]
    assert params == ["item", "leaf", "current", "parent", "pincite.parent"]


@pytest.mark.parametrize(
    "error",
    [PromptTooLongError(prompt_tokens=9, context_window=5), ChatTemplateError(model="scripted", detail="no")],
    ids=lambda error: type(error).__name__,
)
def test_what_the_model_refuses_are_the_messages(world: World, client: TestClient, error: Exception) -> None:
    world.models.refusals.append(error)
    response = client.post(CHAT, json={"model": "scripted", "messages": QUESTION})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "messages")
