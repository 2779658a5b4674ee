"""The official `openai` client against a live server: what people have already works unchanged."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import httpx
import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam

from rag.engines.types import Message, ToolCall
from rag.errors import EngineCrashedError
from tests.api.world import DRILL, LUNCH, PUMP, World, make_world, wait_for
from tests.fakes import ScriptedEngine

KEY = "correct-horse-battery-staple"
ANSWER = ["It is oiled ", "every 3 months [3]", "."]
QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "How often is the pump oiled?"}]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, openai.OpenAI]]:
    """A server with a key, and a client that has it."""
    with make_world(tmp_path_factory.mktemp("openai") / "home", api_key=KEY) as world:
        world.add("pump.txt", PUMP)
        world.add("house.txt", LUNCH, DRILL)
        with world.live() as server, openai.DefaultHttpxClient(trust_env=False) as http:
            yield world, openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0, http_client=http)


def test_models_and_collections_are_listed(live: tuple[World, openai.OpenAI]) -> None:
    _, client = live
    assert [model.id for model in client.models.list()] == ["scripted", "all-MiniLM-L6-v2", "docs/docs"]
    assert client.models.retrieve("docs/docs").owned_by == "local"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nope")


def test_a_whole_answer_has_annotations(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    world.models.scripted = ScriptedEngine(ANSWER)
    completion = client.chat.completions.create(model="docs/docs", messages=QUESTION)
    message = completion.choices[0].message
    assert message.content == "".join(ANSWER)
    assert message.annotations
    citation = message.annotations[0].to_dict()
    assert (citation["type"], citation["filename"], citation["page"]) == ("url_citation", "pump.txt", 1)
    place = message.annotations[0].url_citation
    assert (place.title, place.start_index) == ("pump.txt", citation["answer_start"])
    page = httpx.get(place.url, trust_env=False)
    assert (page.status_code, "<mark>The pump is oiled every 3 months.</mark>" in page.text) == (200, True)
    assert citation["quote"] == "The pump is oiled every 3 months."
    assert completion.usage is not None
    assert completion.model_extra is not None
    assert completion.model_extra["pincite"]["mode"] == "whole"


def test_a_streamed_answer_has_its_annotations_in_the_last_delta(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    world.models.scripted = ScriptedEngine(ANSWER)
    chunks = list(client.chat.completions.create(model="docs/docs", messages=QUESTION, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "".join(ANSWER)
    last = chunks[-1].choices[0]
    assert last.finish_reason == "stop"
    assert last.delta.model_extra is not None
    assert last.delta.model_extra["annotations"][0]["quote"] == "The pump is oiled every 3 months."
    assert chunks[0].model_extra is not None
    assert chunks[0].model_extra["pincite"]["evidence"]


def test_the_clients_streaming_helper_works(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    world.models.scripted = ScriptedEngine(["Hel", "lo"])
    with client.chat.completions.stream(model="scripted", messages=QUESTION) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
    assert text == "Hello"


class Interval(pydantic.BaseModel):
    """What a program wants to know of the pump."""

    months: int
    source: str


def test_an_answer_is_parsed_into_a_model(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    engine = world.models.scripted = ScriptedEngine(
        ['{"months": 3, ', '"source": "The pump is oiled every 3 months."}']
    )
    message = client.chat.completions.parse(model="docs/docs", messages=QUESTION, response_format=Interval)
    assert message.choices[0].message.parsed == Interval(months=3, source="The pump is oiled every 3 months.")
    assert json.loads(engine.requests[0][1].json_schema)["required"] == ["months", "source"]


def test_documents_that_say_nothing_refuse_to_be_parsed(live: tuple[World, openai.OpenAI]) -> None:
    _, client = live
    completion = client.chat.completions.parse(
        model="docs/docs",
        messages=[{"role": "user", "content": "quantum chromodynamics"}],
        response_format=Interval,
        extra_body={"pincite": {"mode": "retrieval"}},
    )
    assert completion.choices[0].message.parsed is None
    assert completion.choices[0].message.refusal


def test_tokens_come_with_their_chances(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    world.models.scripted = ScriptedEngine(["Hel", "lo"])
    with client.chat.completions.stream(
        model="scripted", messages=QUESTION, logprobs=True, top_logprobs=3, logit_bias={"7": -100}
    ) as stream:
        logprobs = stream.get_final_completion().choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert [(token.token, len(token.top_logprobs)) for token in logprobs.content] == [("Hel", 3), ("lo", 3)]


def test_several_answers_arrive_in_their_choices(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    world.models.scripted = ScriptedEngine(["Hel", "lo"])
    with client.chat.completions.stream(model="scripted", messages=QUESTION, n=2) as stream:
        streamed = stream.get_final_completion().choices
    whole = client.chat.completions.create(model="scripted", messages=QUESTION, n=2).choices
    assert [choice.message.content for choice in whole] == ["Hello", "Hello"]
    assert [choice.message.content for choice in streamed] == ["Hello", "Hello"]


def test_errors_become_the_clients_own(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="nope", messages=QUESTION)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="docs/docs", messages=QUESTION, logprobs=True)
    assert refused.value.param == "logprobs"
    world.models.scripted = ScriptedEngine(["By", EngineCrashedError(model="scripted", how="signal SIGKILL")])
    with pytest.raises(openai.APIError, match="stopped unexpectedly"):
        list(client.chat.completions.create(model="scripted", messages=QUESTION, stream=True))
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()


@pytest.mark.slow
def test_files_go_in_are_searched_and_go(live: tuple[World, openai.OpenAI], tmp_path: Path) -> None:
    _, client = live
    path = tmp_path / "lamp.md"
    path.write_text("# Lamps\n\nThe lamp needs 40 watts.")
    file = client.files.create(file=path, purpose="assistants")
    assert file.filename == "lamp.md"
    assert client.files.content(file.id).read() == path.read_bytes()

    store = client.vector_stores.create(name="lamps", file_ids=[file.id])
    wait_for(lambda: client.vector_stores.retrieve(store.id).status == "completed", seconds=60)
    document = client.vector_stores.files.retrieve(file.id, vector_store_id=store.id)
    assert (document.status, document.last_error) == ("completed", None)
    assert [each.id for each in client.vector_stores.files.list(store.id)] == [file.id]

    result = client.vector_stores.search(store.id, query="How many watts?").data[0]
    assert "40 watts" in result.content[0].text
    assert result.attributes is not None
    assert result.attributes["page"] == 1
    assert "40 watts" in client.vector_stores.files.content(file.id, vector_store_id=store.id).data[0].text  # type: ignore[operator]

    assert client.vector_stores.files.delete(file.id, vector_store_id=store.id).deleted
    assert client.vector_stores.delete(store.id).deleted
    assert client.files.delete(file.id).deleted
    assert file.id not in {each.id for each in client.files.list()}


def test_lists_page_through_the_client(live: tuple[World, openai.OpenAI]) -> None:
    _, client = live
    names = {client.vector_stores.create(name=f"page-{number}").name for number in range(5)}
    assert names <= {store.name for store in client.vector_stores.list(limit=2)}


RAIN: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Say whether it rains in a city.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
ASK_FOR_RAIN: ChatCompletionMessageParam = {"role": "user", "content": "Does it rain in Rome?"}


def call_then_say(messages: Sequence[Message]) -> Sequence[str | ToolCall]:
    """Call the tool until its result is there, then say it."""
    if messages[-1].role == "tool":
        return [f"It says: {messages[-1].content}"]
    return [ToolCall("call_rome", "weather", '{"city": "Rome"}')]


def test_tools_are_run_in_a_loop(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    world.models.scripted = ScriptedEngine(call_then_say)
    messages = [ASK_FOR_RAIN]
    for _ in range(3):
        completion = client.chat.completions.create(model="scripted", messages=messages, tools=[RAIN])
        message = completion.choices[0].message
        messages.append(cast("ChatCompletionMessageParam", message.model_dump(exclude_unset=True)))
        if not message.tool_calls:
            break
        for call in message.tool_calls:
            assert call.type == "function"
            city = json.loads(call.function.arguments)["city"]
            messages.append({"role": "tool", "tool_call_id": call.id, "content": f"rain in {city}"})
    assert message.content == "It says: rain in Rome"


def test_a_streamed_call_is_parsed_by_the_helper(live: tuple[World, openai.OpenAI]) -> None:
    world, client = live
    world.models.scripted = ScriptedEngine(call_then_say)
    with client.chat.completions.stream(model="scripted", messages=[ASK_FOR_RAIN], tools=[RAIN]) as stream:
        events = list(stream)
        final = stream.get_final_completion().choices[0]
    pieces = [event.arguments_delta for event in events if event.type == "tool_calls.function.arguments.delta"]
    assert "".join(pieces) == '{"city": "Rome"}'
    assert len(pieces) > 1
    assert (final.finish_reason, final.message.content) == ("tool_calls", None)
    assert final.message.tool_calls is not None
    assert final.message.tool_calls[0].function.parsed_arguments == {"city": "Rome"}
