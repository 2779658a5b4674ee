"""Sampling within `options`, as clients of LM Studio and Ollama send it."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.engines.types import Sampling
from tests.api.world import World
from tests.fakes import ScriptedEngine

CHAT = {"model": "scripted", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"options": {"temperature": 0.1, "num_ctx": 3900}}, Sampling(temperature=0.1)),
        ({"options": {"temperature": 0.1, "top_k": 5}, "temperature": 0.9}, Sampling(temperature=0.9, top_k=5)),
        ({"options": {"num_predict": 7, "mirostat": 2, "stop": "END"}}, Sampling(max_tokens=7, stop=("END",))),
        ({"options": {"num_predict": -1}}, Sampling()),
        ({"options": {"num_predict": 7}, "max_tokens": 3}, Sampling(max_tokens=3)),
        ({"draft_model": "small", "preset": "chat", "ttl": 300}, Sampling()),
    ],
)
def test_options_fill_what_the_request_leaves_out(
    world: World, client: TestClient, fields: dict[str, Any], expected: Sampling
) -> None:
    engine = world.models.scripted = ScriptedEngine()
    assert client.post("/v1/chat/completions", json={**CHAT, **fields}).status_code == 200
    ((_, sampling),) = engine.requests
    assert sampling == expected


def test_an_option_out_of_bounds_is_refused_by_name(client: TestClient) -> None:
    response = client.post("/v1/chat/completions", json={**CHAT, "options": {"temperature": 9}})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "options.temperature")
