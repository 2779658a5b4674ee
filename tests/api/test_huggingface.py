"""Hugging Face's clients and routes: one address changes, and the code that people have works."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from huggingface_hub import HfApi, InferenceClient
from huggingface_hub.errors import TextGenerationError

from tests.api.world import DRILL, PUMP, World, make_world, wait_for
from tests.fakes import ScriptedEngine

SCRIPT = ["Hello", " to", " you", "."]
EMBEDDER = "all-MiniLM-L6-v2"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    flags = {"answer_style": "quoted"}
    with make_world(tmp_path_factory.mktemp("hub") / "home", **flags) as world:
        world.add("pump.txt", PUMP, collection="default")
        world.add("drill.txt", DRILL, collection="house")
        with world.live() as server:
            yield world, server.url


@pytest.fixture(autouse=True)
def script(live: tuple[World, str]) -> ScriptedEngine:
    engine = live[0].models.scripted = ScriptedEngine(SCRIPT)
    return engine


def post(url: str, **body: Any) -> httpx.Response:
    headers = {"Authorization": "Bearer hf_some_token"}
    return httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False)


@pytest.mark.parametrize("path", ["", "/models/scripted", "/models/docs/default", "/hf-inference/models/scripted"])
def test_inputs_are_continued_or_answered_wherever_they_are_posted(live: tuple[World, str], path: str) -> None:
    response = post(f"{live[1]}{path or '/'}", inputs="How often is the pump oiled?")
    (generated,) = response.json()
    if "docs/" in path:
        assert "every 3 months" in generated["generated_text"]
        assert generated["citations"][0]["filename"] == "pump.txt"
    else:
        assert generated == {"generated_text": "".join(SCRIPT)}


def test_a_model_that_is_not_there_is_an_error_as_their_clients_show_it(live: tuple[World, str]) -> None:
    response = post(f"{live[1]}/models/gpt2", inputs="Hello world")
    assert response.status_code == 404
    assert response.json()["error_type"] == "model_not_found"
    assert response.json()["error"].startswith("there is no model 'gpt2'")


def test_javascript_that_people_have_works(live: tuple[World, str]) -> None:
    if (node := shutil.which("node")) is None:
        pytest.skip("Node is not installed")
    script = """
        const response = await fetch(process.argv[1], {
            method: "POST",
            headers: { Authorization: "Bearer hf_some_token", "Content-Type": "application/json" },
            body: JSON.stringify({ inputs: "Hello world" }),
        });
        console.log(JSON.stringify(await response.json()));
    """
    typed = [node, "--input-type=module", "--eval", script, f"{live[1]}/models/scripted"]
    said = subprocess.run(typed, capture_output=True, check=True, text=True, timeout=60)
    assert json.loads(said.stdout) == [{"generated_text": "".join(SCRIPT)}]


def test_an_unknown_model_is_the_default_one_where_a_setting_says_so(tmp_path: Path) -> None:
    with make_world(tmp_path / "home", unknown_models="default") as world, world.live() as server:
        world.models.scripted = ScriptedEngine(SCRIPT)
        assert post(f"{server.url}/models/gpt2", inputs="Hello world").json()[0]["generated_text"] == "".join(SCRIPT)
        asked = {"model": "openai-community/gpt2", "prompt": "Hello world"}
        assert post(f"{server.url}/v1/completions", **asked).json()["model"] == "scripted"
        chat = {"model": "gpt2", "messages": [{"role": "user", "content": "Hello"}]}
        assert post(f"{server.url}/v1/chat/completions", **chat).json()["model"] == "scripted"


def test_their_python_client_generates_text(live: tuple[World, str], script: ScriptedEngine) -> None:
    client = InferenceClient(base_url=live[1], token="hf_some_token")
    assert client.text_generation("Hello world", max_new_tokens=8) == "".join(SCRIPT)
    whole = client.text_generation("Hello world", max_new_tokens=3, details=True, return_full_text=True)
    assert whole.generated_text == "Hello world" + "".join(SCRIPT[:3])
    assert whole.details is not None
    assert whole.details.finish_reason == "length"
    assert whole.details.generated_tokens == 3
    assert "".join(client.text_generation("Hello world", stream=True)) == "".join(SCRIPT)
    assert script.texts == ["Hello world"] * 3
    assert [sampling.temperature for _, sampling in script.requests] == [0.0] * 3


def test_their_python_client_chats_with_a_model_named_by_its_address(live: tuple[World, str]) -> None:
    url = live[1]
    for model in (f"{url}/models/scripted", None):
        client = InferenceClient(model=model) if model else InferenceClient(base_url=url)
        completion = client.chat_completion([{"role": "user", "content": "Hello"}], max_tokens=8)
        assert completion.choices[0].message.content == "".join(SCRIPT)
        assert completion.model == "scripted"


def test_their_python_client_embeds_and_compares(live: tuple[World, str]) -> None:
    client = InferenceClient(model=f"{live[1]}/models/{EMBEDDER}")
    vectors = client.feature_extraction("The pump is oiled.")
    assert vectors.shape == (1, 384)
    assert np.isclose(np.linalg.norm(vectors), 1.0, atol=1e-5)
    scores = client.sentence_similarity("The pump", other_sentences=["The pump", "Lunch at noon"])
    assert scores[0] == pytest.approx(1.0, abs=1e-5)
    assert scores[1] < scores[0]


def test_their_python_client_asks_about_a_context_and_about_the_documents(live: tuple[World, str]) -> None:
    context = "Lunch is served at noon. The pump is oiled every 3 months."
    client = InferenceClient(model=f"{live[1]}/models/scripted")
    answer: Any = client.question_answering(question="How often is the pump oiled?", context=context)
    assert context[answer.start : answer.end] == answer.answer == "The pump is oiled every 3 months."
    found = post(f"{live[1]}/models/scripted", inputs={"question": "How often is the pump oiled?"}).json()
    assert found["answer"] == "The pump is oiled every 3 months."
    assert found["citations"][0]["filename"] == "pump.txt"
    of_house = post(f"{live[1]}/models/docs/house", inputs={"question": "When is the fire drill?"}).json()
    assert of_house["citations"][0]["filename"] == "drill.txt"
    none = post(f"{live[1]}/models/docs/house", inputs={"question": "Who won the chess tournament in Oslo?"}).json()
    assert none == {"answer": "", "score": 0.0, "start": 0, "end": 0, "citations": []}


def test_the_routes_of_text_generation_inference(live: tuple[World, str]) -> None:
    url = live[1]
    asked = {"inputs": "Hello world", "parameters": {"details": True, "max_new_tokens": 8, "watermark": False}}
    assert post(f"{url}/generate", **asked).json() == {
        "generated_text": "".join(SCRIPT),
        "details": {"finish_reason": "eos_token", "generated_tokens": 4, "seed": None, "prefill": [], "tokens": []},
    }
    lines = post(f"{url}/generate_stream", **asked).text.split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line and "[DONE]" not in line]
    assert [event["token"]["text"] for event in events] == [*SCRIPT, ""]
    assert events[-1]["generated_text"] == "".join(SCRIPT)
    info = httpx.get(f"{url}/info", trust_env=False).json()
    assert (info["model_id"], info["model_type"]["embedder"]) == ("scripted", EMBEDDER)


def test_the_routes_of_text_embeddings_inference(live: tuple[World, str]) -> None:
    url = live[1]
    assert np.shape(post(f"{url}/embed", inputs=["One", "Two"]).json()) == (2, 384)
    assert np.shape(post(f"{url}/embed", inputs="word " * 2_000, truncate=True).json()) == (1, 384)
    similar = post(f"{url}/similarity", inputs={"source_sentence": "The pump", "sentences": ["The pump", "Lunch"]})
    assert similar.json()[0] == pytest.approx(1.0, abs=1e-5)
    ranks = post(f"{url}/rerank", query="The pump", texts=["Lunch at noon", "The pump"], return_text=True).json()
    assert [(rank["index"], rank["text"]) for rank in ranks] == [(1, "The pump"), (0, "Lunch at noon")]


def test_the_bundled_embedder_has_its_name_on_the_hub(live: tuple[World, str]) -> None:
    made = post(f"{live[1]}/models/sentence-transformers/{EMBEDDER}", inputs=["One", "Two"])
    assert np.shape(made.json()) == (2, 384)
    assert post(f"{live[1]}/models/somebody/{EMBEDDER}", inputs="One").status_code == 404


def test_their_python_client_checks_the_health(live: tuple[World, str]) -> None:
    client = InferenceClient(live[1], provider="hf-inference")
    wait_for(client.health_check)
    services = live[0].services
    ready = services.readiness
    services.readiness = replace(ready, embedder="failed")
    assert httpx.get(f"{live[1]}/health", trust_env=False).status_code == 503
    services.readiness = ready
    assert client.health_check()
    assert client.get_endpoint_info()["model_id"] == "scripted"


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ({"inputs": {"nothing": 1}}, "invalid_value"),
        ({"inputs": "x", "parameters": {"grammar": {"type": "json"}}}, "invalid_value"),
        ({"inputs": ["One", "Two"]}, "invalid_value"),
        ({}, "invalid_value"),
    ],
)
def test_what_cannot_be_is_refused_in_their_shape(
    live: tuple[World, str], body: dict[str, Any], error_type: str
) -> None:
    response = post(f"{live[1]}/", **body)
    assert response.status_code == 400
    assert response.json()["error_type"] == error_type
    assert isinstance(response.json()["error"], str)


def test_a_refusal_reaches_the_user_of_their_client(live: tuple[World, str]) -> None:
    client = InferenceClient(model=f"{live[1]}/models/nope")
    with pytest.raises(TextGenerationError, match="there is no model 'nope'"):
        client.text_generation("Hello")


def test_their_python_client_summarizes_and_translates(live: tuple[World, str], script: ScriptedEngine) -> None:
    url = live[1]
    summary = InferenceClient(model=f"{url}/pipeline/summarization").summarization("The pump is oiled by Ann.")
    assert summary.summary_text == "".join(SCRIPT)
    translator = InferenceClient(model=f"{url}/pipeline/translation/scripted")
    translated = translator.translation("Die Pumpe", src_lang="German", tgt_lang="English")
    assert translated.translation_text == "".join(SCRIPT)
    asked = [[(message.role, message.content) for message in messages] for messages, _ in script.requests]
    assert asked[0] == [
        ("system", "Summarize the text of the user in a few sentences. Say nothing else."),
        ("user", "The pump is oiled by Ann."),
    ]
    assert asked[1][0] == ("system", "Translate the text of the user from German to English. Say nothing else.")


def test_tokens_are_those_of_the_embedder(live: tuple[World, str]) -> None:
    text = "The pump"
    (tokens,) = post(f"{live[1]}/tokenize", inputs=text).json()
    assert [text[token["start"] : token["stop"]] for token in tokens] == ["The", "pump"]
    assert all(isinstance(token["id"], int) for token in tokens)


def test_their_hub_client_describes_a_model(live: tuple[World, str]) -> None:
    hub = HfApi(endpoint=live[1], token=False)
    assert (hub.model_info("scripted").id, hub.model_info(EMBEDDER).pipeline_tag) == ("scripted", "feature-extraction")


def test_a_schema_comes_in_the_form_that_their_client_sends(live: tuple[World, str]) -> None:
    live[0].models.scripted = engine = ScriptedEngine(['{"days":3}'])
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
    format_: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    client = InferenceClient(base_url=live[1])
    client.chat_completion([{"role": "user", "content": "Days?"}], model="scripted", response_format=format_)
    assert json.loads(engine.requests[0][1].json_schema)["properties"] == {"days": {"type": "integer"}}
    asked = {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}]}
    refused = post(f"{live[1]}/v1/chat/completions", response_format={"type": "text", "value": schema}, **asked)
    assert refused.json()["error"]["param"] == "response_format.value"
