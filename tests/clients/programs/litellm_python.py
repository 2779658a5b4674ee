"""LiteLLM: its functions with the providers that speak OpenAI's, LM Studio's, Anthropic's and vLLM's protocols."""

import asyncio
import json
import os
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the internet for prices when it is imported

import litellm
from openai import OpenAI
from report import Calls

calls = Calls()
AT: dict[str, Any] = {"api_base": f"{calls.url}/v1", "api_key": "none", "timeout": 240}
with OpenAI(base_url=f"{calls.url}/v1", api_key="none") as openai:
    MODEL = next(
        model.id for model in openai.models.list() if getattr(model, "type", "") == "llm" and "/" not in model.id
    )
EMBEDDER = "openai/all-MiniLM-L6-v2"
ASK = [{"role": "user", "content": "How long do damaged batteries stay in quarantine?"}]
HELLO = [{"role": "user", "content": "Say hello."}]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
    },
}


def cites(annotations: Any) -> bool:
    return any(each["url_citation"]["title"] and each["url_citation"]["url"] for each in annotations or ())


@calls.add("completion openai/")
def complete() -> None:
    answer = litellm.completion(f"openai/{MODEL}", HELLO, max_tokens=12, **AT)
    assert answer.choices[0].message.content
    assert 0 < answer.usage.completion_tokens <= 12


@calls.add("completion openai/docs")
def complete_documents() -> None:
    message = litellm.completion("openai/docs/default", ASK, **AT).choices[0].message
    assert "72" in message.content
    assert cites(message.annotations)


@calls.add("completion openai/docs stream")
def stream_documents() -> None:
    chunks = list(litellm.completion("openai/docs/default", ASK, stream=True, **AT))
    whole = litellm.stream_chunk_builder(chunks)
    assert "72" in whole.choices[0].message.content
    assert cites(whole.choices[0].message.annotations)


@calls.add("completion hosted_vllm/docs stream")
def stream_as_vllm() -> None:
    chunks = litellm.completion("hosted_vllm/docs/default", ASK, stream=True, **AT)
    assert "72" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


@calls.add("completion lm_studio/")
def complete_as_lm_studio() -> None:
    assert litellm.completion(f"lm_studio/{MODEL}", HELLO, max_tokens=12, **AT).choices[0].message.content


@calls.add("completion anthropic/docs")
def complete_as_anthropic() -> None:
    answer = litellm.completion("anthropic/docs/default", ASK, **(AT | {"api_base": calls.url}))
    assert "72" in answer.choices[0].message.content


@calls.add("completion tools")
def call_tool() -> None:
    answer = litellm.completion(f"openai/{MODEL}", HELLO, tools=[WEATHER], tool_choice="required", max_tokens=120, **AT)
    (call,) = answer.choices[0].message.tool_calls
    assert call.function.name == "weather"
    assert "town" in json.loads(call.function.arguments)


@calls.add("completion response_format json_schema")
def complete_by_schema() -> None:
    schema = {
        "type": "object",
        "properties": {"days": {"type": "integer", "minimum": 0, "maximum": 99}},
        "required": ["days"],
        "additionalProperties": False,
    }
    format_ = {"type": "json_schema", "json_schema": {"name": "days", "schema": schema, "strict": True}}
    answer = litellm.completion(f"openai/{MODEL}", ASK, response_format=format_, max_tokens=60, **AT)
    assert set(json.loads(answer.choices[0].message.content)) == {"days"}


@calls.add("acompletion docs, three at once")
def complete_at_once() -> None:
    async def ask() -> list[Any]:
        return await asyncio.gather(*(litellm.acompletion("openai/docs/default", ASK, **AT) for _ in range(3)))

    assert all("72" in answer.choices[0].message.content for answer in asyncio.run(ask()))


@calls.add("text_completion")
def complete_text() -> None:
    answer = litellm.text_completion("Once upon a time", f"text-completion-openai/{MODEL}", max_tokens=8, **AT)
    assert answer.choices[0].text


@calls.add("embedding")
def embed() -> None:
    made = litellm.embedding(EMBEDDER, ["abc", "def"], **AT)
    assert [len(each["embedding"]) for each in made.data] == [384, 384]


@calls.add("responses docs")
def respond() -> None:
    made = litellm.responses("How long do damaged batteries stay in quarantine?", "openai/docs/default", **AT)
    content = made.output[-1].content[0]
    assert "72" in content.text
    assert content.annotations


@calls.add("responses stream")
def respond_stream() -> None:
    events = list(litellm.responses("Say hello.", f"openai/{MODEL}", max_output_tokens=12, stream=True, **AT))
    assert events[-1].type in ("response.completed", "response.incomplete")


@calls.add("anthropic.messages.acreate docs")
def message() -> None:
    async def ask() -> Any:
        at = AT | {"api_base": calls.url}
        return await litellm.anthropic.messages.acreate(
            model="anthropic/docs/default", messages=ASK, max_tokens=200, **at
        )

    assert "72" in "".join(block["text"] for block in asyncio.run(ask())["content"])


@calls.add("rerank")
def rerank() -> None:
    made = litellm.rerank(
        model="huggingface/default", query="pump", documents=["lunch", "the pump"], **(AT | {"api_base": calls.url})
    )
    assert made.results[0]["index"] == 1


@calls.add("error: unknown model")
def refuse_model() -> None:
    try:
        litellm.completion("openai/nope", HELLO, **AT)
    except litellm.NotFoundError as error:
        assert "nope" in str(error)  # noqa: PT017 (a program without pytest)
    else:
        raise AssertionError("it was not refused")


@calls.add("Router.completion")
def route() -> None:
    router = litellm.Router(
        model_list=[{"model_name": "papers", "litellm_params": {"model": "openai/docs/default", **AT}}]
    )
    assert "72" in router.completion("papers", ASK).choices[0].message.content


calls.run()
