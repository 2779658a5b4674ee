"""`huggingface_hub`'s InferenceClient, and the routes that its manual and TGI's and TEI's name."""

import asyncio
import json
from typing import Any

import httpx
from huggingface_hub import AsyncInferenceClient, HfApi, InferenceClient
from report import Calls

calls = Calls()
client = InferenceClient(base_url=calls.url, api_key="hf_none")
QUESTION = "How long do damaged batteries stay in quarantine?"
DOCUMENTS = "docs/default"


@calls.add("chat_completion")
def chat() -> None:
    answer = client.chat_completion([{"role": "user", "content": QUESTION}], model=DOCUMENTS)
    assert "72" in (answer.choices[0].message.content or "")


@calls.add("chat_completion, stream without documents")
def stream_chat_of_model() -> None:
    chunks = client.chat_completion([{"role": "user", "content": "Hi"}], max_tokens=4, stream=True)
    assert [chunk for chunk in chunks if chunk.choices][-1].choices[0].finish_reason == "length"


@calls.add("chat_completion, tools")
def chat_with_tools() -> None:
    schema = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
    tool: Any = {"type": "function", "function": {"name": "weather", "description": "", "parameters": schema}}
    answer = client.chat_completion(
        [{"role": "user", "content": "Is it raining in Ulm?"}], max_tokens=80, tools=[tool], tool_choice="required"
    )
    (call,) = answer.choices[0].message.tool_calls or ()
    assert call.function.name == "weather"
    assert "town" in json.loads(call.function.arguments)


@calls.add("text_generation")
def generate() -> None:
    assert isinstance(client.text_generation("Once upon a time", max_new_tokens=8), str)


@calls.add("feature_extraction")
def embed() -> None:
    assert client.feature_extraction("abc", model=f"{calls.url}/models/all-MiniLM-L6-v2").shape[-1] == 384


@calls.add("chat_completion, stream")
def stream_chat() -> None:
    chunks = client.chat_completion([{"role": "user", "content": QUESTION}], model=DOCUMENTS, stream=True)
    assert "72" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@calls.add("chat_completion, base_url with /v1")
def chat_below_v1() -> None:
    below = InferenceClient(base_url=f"{calls.url}/v1", api_key="hf_none")
    assert below.chat_completion([{"role": "user", "content": "Hi"}], max_tokens=4).choices[0].message.content


@calls.add("chat_completion, response_format json_schema")
def chat_json() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    schema["additionalProperties"] = False
    format_: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    answer = client.chat_completion([{"role": "user", "content": "ok?"}], max_tokens=30, response_format=format_)
    assert set(json.loads(answer.choices[0].message.content or "")) == {"ok"}


@calls.add("chat_completion, logprobs")
def chat_logprobs() -> None:
    answer = client.chat_completion([{"role": "user", "content": "Hi"}], max_tokens=4, logprobs=True)
    assert answer.choices[0].logprobs is not None


@calls.add("chat.completions.create")
def chat_as_openai() -> None:
    answer = client.chat.completions.create(model=DOCUMENTS, messages=[{"role": "user", "content": QUESTION}])
    assert "72" in (answer.choices[0].message.content or "")


@calls.add("AsyncInferenceClient.chat_completion")
def chat_asynchronously() -> None:
    async def ask() -> str:
        async with AsyncInferenceClient(base_url=calls.url, api_key="hf_none") as http:
            answer = await http.chat_completion([{"role": "user", "content": QUESTION}], model=DOCUMENTS)
            return answer.choices[0].message.content or ""

    assert "72" in asyncio.run(ask())


@calls.add("text_generation, details")
def generate_with_details() -> None:
    details = client.text_generation("Once upon a time", max_new_tokens=8, details=True).details
    assert details is not None
    assert details.generated_tokens == 8


@calls.add("text_generation, stream")
def stream_text() -> None:
    assert "".join(client.text_generation("Once upon a time", max_new_tokens=8, stream=True))


@calls.add("text_generation, model by URL")
def generate_by_url() -> None:
    assert "72" in client.text_generation(QUESTION, model=f"{calls.url}/models/{DOCUMENTS}", max_new_tokens=80)


@calls.add("sentence_similarity")
def compare() -> None:
    scores = client.sentence_similarity("The pump", other_sentences=["The pump", "Lunch"])
    assert scores[0] > scores[1]


@calls.add("question_answering")
def answer() -> None:
    found = client.question_answering(question="Where is Ann?", context="It rains. Ann is in Rome.")
    assert "Rome" in getattr(found, "answer", "")


@calls.add("summarization")
def summarize() -> None:
    url = f"{calls.url}/pipeline/summarization"
    assert client.summarization("The pump is oiled by Ann every month.", model=url).summary_text


@calls.add("translation")
def translate() -> None:
    url = f"{calls.url}/pipeline/translation"
    assert client.translation("Guten Tag", model=url, src_lang="German", tgt_lang="English").translation_text


@calls.add("feature_extraction, without a model")
def embed_at_root() -> None:
    assert client.feature_extraction("abc").shape[-1] == 384


@calls.add("text_classification")
def classify() -> None:
    assert client.text_classification("I like it.")[0].label


@calls.add("fill_mask")
def fill_mask() -> None:
    assert client.fill_mask("The pump is [MASK].")[0].token_str


@calls.add("health_check")
def check_health() -> None:
    assert InferenceClient(calls.url, provider="hf-inference").health_check()


@calls.add("get_endpoint_info")
def endpoint_info() -> None:
    assert InferenceClient(calls.url, provider="hf-inference").get_endpoint_info()["model_id"]


@calls.add("HfApi.model_info")
def describe() -> None:
    assert HfApi(endpoint=calls.url, token=False).model_info("all-MiniLM-L6-v2").pipeline_tag == "feature-extraction"


def post(path: str, **body: Any) -> Any:
    response = httpx.post(calls.url + path, json=body, timeout=240, trust_env=False)
    response.raise_for_status()
    return response


@calls.add("POST /")
def post_root() -> None:
    assert post("/", inputs="Hello", parameters={"max_new_tokens": 4}).json()[0]["generated_text"]


@calls.add("POST /models/<name>")
def post_model() -> None:
    assert "72" in post(f"/models/{DOCUMENTS}", inputs=QUESTION).json()[0]["generated_text"]


@calls.add("POST /models/<organization>/<name>")
def post_model_of_organization() -> None:
    (vector,) = post("/models/sentence-transformers/all-MiniLM-L6-v2", inputs=["abc"]).json()
    assert len(vector) == 384


@calls.add("POST /models/gpt2, which is not there")
def post_missing_model() -> None:
    response = httpx.post(f"{calls.url}/models/gpt2", json={"inputs": "Hello world"}, trust_env=False)
    assert response.status_code == 404
    assert "gpt2" in response.json()["error"]


@calls.add("POST /hf-inference/models/<name>")
def post_routed_model() -> None:
    assert "72" in post(f"/hf-inference/models/{DOCUMENTS}", inputs=QUESTION).json()[0]["generated_text"]


@calls.add("POST /generate")
def post_generate() -> None:
    assert post("/generate", inputs="Hello", parameters={"max_new_tokens": 4}).json()["generated_text"]


@calls.add("POST /generate_stream")
def post_generate_stream() -> None:
    text = post("/generate_stream", inputs="Hello", parameters={"max_new_tokens": 4}).text
    events = [json.loads(line.removeprefix("data:")) for line in text.splitlines() if line.startswith("data: {")]
    assert events[-1]["generated_text"] is not None


@calls.add("GET /info")
def info() -> None:
    assert httpx.get(f"{calls.url}/info", trust_env=False, timeout=240).json()["max_input_length"] > 0


@calls.add("POST /tokenize")
def tokenize() -> None:
    assert [token["text"] for token in post("/tokenize", inputs="The pump").json()[0]] == ["The", "pump"]


@calls.add("POST /embed")
def post_embed() -> None:
    assert len(post("/embed", inputs=["a", "b"]).json()) == 2


@calls.add("POST /similarity")
def post_similarity() -> None:
    assert post("/similarity", inputs={"source_sentence": "a pump", "sentences": ["a pump"]}).json()[0] > 0.99


@calls.add("POST /rerank")
def post_rerank() -> None:
    assert post("/rerank", query="pump", texts=["lunch", "the pump"]).json()[0]["index"] == 1


@calls.add("POST /predict")
def post_predict() -> None:
    assert post("/predict", inputs="I like it.").json()[0]["label"]


@calls.add("POST /embed_sparse")
def post_embed_sparse() -> None:
    assert post("/embed_sparse", inputs="abc").json()[0][0]["index"]


calls.run()
