"""LM Studio's REST APIs by plain HTTP, as its manual shows them with curl."""

import json
from typing import Any

import httpx
from report import Calls

calls = Calls()
client = httpx.Client(base_url=calls.url, timeout=300, trust_env=False)
MODEL = "smollm2-135m-instruct"
EMBEDDER = "all-MiniLM-L6-v2"
DOCUMENTS = "docs/default"
QUESTION = "How long do damaged batteries stay in quarantine?"
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8}


def get(path: str) -> Any:
    return client.get(path).raise_for_status().json()


def post(path: str, body: Any) -> Any:
    return client.post(path, json=body).raise_for_status().json()


def events(path: str, body: Any) -> list[tuple[str, Any]]:
    """Return the names and the data of a stream's events; comments and `[DONE]` are left out."""
    found: list[tuple[str, Any]] = []
    name = ""
    with client.stream("POST", path, json={**body, "stream": True}) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: {"):
                found.append((name, json.loads(line.removeprefix("data: "))))
    return found


@calls.add("GET /lmstudio-greeting")
def greeting() -> None:
    assert get("/lmstudio-greeting") == {"lmstudio": True}


@calls.add("GET /lms-status")
def status() -> None:
    assert get("/lms-status")["version"]


@calls.add("GET /api/v0/models")
def models_v0() -> None:
    models = {each["id"]: each for each in get("/api/v0/models")["data"]}
    assert models[MODEL]["arch"] == "llama"
    assert models[MODEL]["quantization"] == "Q4_1"
    assert models[EMBEDDER]["type"] == "embeddings"


@calls.add("GET /api/v0/models/{model}")
def model_v0() -> None:
    assert get(f"/api/v0/models/{MODEL}")["max_context_length"] == 8192


@calls.add("POST /api/v0/chat/completions")
def chat_v0() -> None:
    answer = post("/api/v0/chat/completions", CHAT)
    assert answer["stats"]["stop_reason"] in ("eosFound", "maxPredictedTokensReached")
    assert answer["model_info"]["arch"] == "llama"
    assert "gguf" in answer["runtime"]["supported_formats"]


@calls.add("POST /api/v0/chat/completions, streamed")
def stream_v0() -> None:
    assert events("/api/v0/chat/completions", CHAT)[-1][1]["stats"]["generation_time"] >= 0


@calls.add("POST /api/v0/chat/completions, documents")
def documents_v0() -> None:
    body = {"model": DOCUMENTS, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": -1}
    assert "72" in post("/api/v0/chat/completions", body)["choices"][0]["message"]["content"]


@calls.add("POST /api/v0/completions")
def text_v0() -> None:
    answer = post("/api/v0/completions", {"model": MODEL, "prompt": "Once upon a time", "max_tokens": 8})
    assert answer["choices"][0]["text"]
    assert "tokens_per_second" in answer["stats"]


@calls.add("POST /api/v0/embeddings")
def embeddings_v0() -> None:
    body = {"model": EMBEDDER, "input": "The pump is oiled."}
    assert len(post("/api/v0/embeddings", body)["data"][0]["embedding"]) == 384


@calls.add("GET /api/v1/models")
def models_v1() -> None:
    models = {each["key"]: each for each in get("/api/v1/models")["models"]}
    assert models[MODEL]["quantization"] == {"name": "Q4_1", "bits_per_weight": 4}
    assert models[DOCUMENTS]["loaded_instances"]


@calls.add("POST /api/v1/models/load, echo_load_config")
def load() -> None:
    body = {"model": MODEL, "context_length": 2048, "flash_attention": False, "echo_load_config": True}
    loaded = post("/api/v1/models/load", body)
    assert loaded["status"] == "loaded"
    assert loaded["load_config"]["context_length"] == 2048


@calls.add("POST /api/v1/models/load, documents and embedder")
def load_others() -> None:
    assert post("/api/v1/models/load", {"model": DOCUMENTS})["instance_id"] == DOCUMENTS
    assert post("/api/v1/models/load", {"model": EMBEDDER})["type"] == "embedding"


@calls.add("POST /api/v1/models/unload")
def unload() -> None:
    assert post("/api/v1/models/unload", {"instance_id": MODEL}) == {"instance_id": MODEL}


@calls.add("POST /api/v1/models/unload, unknown")
def unload_unknown() -> None:
    assert client.post("/api/v1/models/unload", json={"instance_id": "gone"}).status_code == 404


@calls.add("POST /api/v1/models/download, on disk")
def download() -> None:
    assert post("/api/v1/models/download", {"model": MODEL}) == {"status": "already_downloaded"}


@calls.add("POST /api/v1/models/download, from a hub")
def download_new() -> None:
    assert post("/api/v1/models/download", {"model": "ibm/granite-4-micro"})["status"] == "downloading"


@calls.add("GET /api/v1/models/download/status/{job}, unknown")
def download_status() -> None:
    response = client.get("/api/v1/models/download/status/job_1")
    assert response.status_code == 404
    assert response.json()["error"]["type"] == "job_not_found"


@calls.add("POST /api/v1/chat")
def chat_v1() -> None:
    answer = post("/api/v1/chat", {"model": MODEL, "input": "Say hello.", "max_output_tokens": 8})
    assert answer["output"][0]["type"] == "message"
    assert answer["stats"]["input_tokens"] > 0
    more = {"model": MODEL, "input": "Again.", "previous_response_id": answer["response_id"], "max_output_tokens": 8}
    assert post("/api/v1/chat", more)["stats"]["input_tokens"] > answer["stats"]["input_tokens"]


@calls.add("POST /api/v1/chat, documents")
def documents_v1() -> None:
    answer = post("/api/v1/chat", {"model": DOCUMENTS, "input": QUESTION, "store": False})
    assert "72" in answer["output"][0]["content"]
    assert answer["pincite"]["citations"]


@calls.add("POST /api/v1/chat, streamed")
def stream_v1() -> None:
    names = [name for name, _ in events("/api/v1/chat", {"model": MODEL, "input": "Hello", "max_output_tokens": 8})]
    assert names[0] == "chat.start"
    assert "message.delta" in names
    assert names[-1] == "chat.end"


@calls.add("POST /v1/chat/completions, ttl and samplers")
def chat_openai() -> None:
    samplers = {"ttl": 300, "repeat_penalty": 1.1, "top_k": 20, "min_p": 0.05}
    assert post("/v1/chat/completions", {**CHAT, **samplers})["choices"]


@calls.add("POST /v1/chat/completions, max_tokens -1")
def unlimited() -> None:
    assert post("/v1/chat/completions", {**CHAT, "max_tokens": -1, "stop": ["e"]})["choices"]


calls.run()
