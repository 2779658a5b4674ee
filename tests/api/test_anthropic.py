"""Anthropic's official client: messages, documents with citations, search results, tools, models and errors."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest
from anthropic import Anthropic
from anthropic.types import Message

from rag.engines.types import ToolCall
from rag.errors import EngineBusyError
from tests.api.world import DRILL, PUMP, World, make_world
from tests.fakes import ScriptedEngine
from tests.files import write_pdf

QUESTION = "How often is the pump oiled?"
SCRIPT = ["Hello", " to", " you", "."]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    with make_world(tmp_path_factory.mktemp("anthropic") / "home", answer_style="quoted") as world:
        world.add("pump.txt", PUMP)
        with world.live() as server:
            yield world, server.url


@pytest.fixture(autouse=True)
def script(live: tuple[World, str]) -> ScriptedEngine:
    engine = live[0].models.scripted = ScriptedEngine(SCRIPT)
    return engine


@pytest.fixture
def client(live: tuple[World, str]) -> Iterator[Anthropic]:
    with Anthropic(base_url=live[1], api_key="none", max_retries=0, timeout=60) as client:
        yield client


def ask(client: Anthropic, *blocks: dict[str, Any], model: str = "scripted", **options: Any) -> Message:
    messages: list[Any] = [{"role": "user", "content": [*blocks, {"type": "text", "text": QUESTION}]}]
    message: Message = client.messages.create(model=model, max_tokens=100, messages=messages, **options)
    return message


def locate(message: Message) -> dict[str, Any]:
    """Return the only citation of a message."""
    blocks: Any = message.to_dict()["content"]
    (citation,) = [each for block in blocks for each in block.get("citations") or ()]
    location: dict[str, Any] = citation
    return location


def text_document(text: str, **fields: Any) -> dict[str, Any]:
    source = {"type": "text", "media_type": "text/plain", "data": text}
    return {"type": "document", "source": source, "citations": {"enabled": True}, **fields}


def test_a_model_answers_with_the_options_of_a_message(client: Anthropic, script: ScriptedEngine) -> None:
    message = client.messages.create(
        model="scripted",
        max_tokens=3,
        system=[{"type": "text", "text": "Be kind."}],
        messages=[{"role": "user", "content": "Hi"}],
        extra_body={"temperature": 0.5, "top_k": 5, "top_p": 0.9},
        stop_sequences=["!"],
        metadata={"user_id": "ann"},
        thinking={"type": "enabled", "budget_tokens": 1024},
    )
    assert [block.to_dict() for block in message.content] == [
        {"type": "text", "text": "Hello to you", "citations": None}
    ]
    assert message.stop_reason == "max_tokens"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (7, 3)
    ((messages, sampling),) = script.requests
    assert [(each.role, each.content) for each in messages] == [("system", "Be kind."), ("user", "Hi")]
    assert (sampling.temperature, sampling.top_k, sampling.top_p, sampling.max_tokens, sampling.stop) == (
        *(0.5, 5, 0.9, 3),
        ("!",),
    )
    assert script.clients[0].endswith("/ann")


def test_a_message_streams_as_its_clients_read_it(client: Anthropic) -> None:
    with client.messages.stream(model="scripted", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]) as stream:
        kinds = [event.type for event in stream]
    message = stream.get_final_message()
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")
    assert message.content[0].to_dict()["text"] == "".join(SCRIPT)
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 4)


def test_a_text_that_a_message_brings_along_is_cited_by_its_characters(client: Anthropic) -> None:
    text = f"Rules of the house.\n\n{DRILL}\n\n{PUMP}"
    message = ask(client, text_document("Nothing of use."), text_document(text, title="House"))
    cited = "The pump is oiled every 3 months."
    assert [(text, of_text) for text, of_text in list_texts(message) if of_text] == [(cited, [cited])]
    assert locate(message) == {
        "type": "char_location",
        "cited_text": cited,
        "verdict": "supported",
        "document_index": 1,
        "document_title": "House",
        "file_id": None,
        "start_char_index": text.index(cited),
        "end_char_index": text.index(cited) + len(cited),
    }


def test_a_document_of_a_message_is_stored_nowhere(client: Anthropic, live: tuple[World, str]) -> None:
    library = live[0].services.library
    before = [collection.id for collection in library.collections()], [file.id for file in library.files()]
    ask(client, text_document(PUMP))
    assert ([collection.id for collection in library.collections()], [file.id for file in library.files()]) == before
    assert list(library.storage.scratch.iterdir()) == []


def test_the_texts_of_a_document_are_cited_as_a_whole(client: Anthropic) -> None:
    texts = [{"type": "text", "text": text} for text in (DRILL, PUMP)]
    source = {"type": "content", "content": texts}
    message = ask(client, {"type": "document", "source": source, "citations": {"enabled": True}})
    assert locate(message) == {
        "type": "content_block_location",
        "cited_text": PUMP,
        "verdict": "supported",
        "document_index": 0,
        "document_title": None,
        "file_id": None,
        "start_block_index": 1,
        "end_block_index": 2,
    }


def test_a_search_result_is_cited_by_its_source(client: Anthropic) -> None:
    result = {
        "type": "search_result",
        "source": "https://example.com/pump",
        "title": "Pump",
        "content": [{"type": "text", "text": DRILL}, {"type": "text", "text": PUMP}],
        "citations": {"enabled": True},
    }
    assert locate(ask(client, result)) == {
        "type": "search_result_location",
        "cited_text": PUMP,
        "verdict": "supported",
        "source": "https://example.com/pump",
        "title": "Pump",
        "search_result_index": 0,
        "start_block_index": 1,
        "end_block_index": 2,
    }


@pytest.mark.slow
def test_a_pdf_is_read_by_the_parsers_and_cited_by_its_pages(client: Anthropic, tmp_path: Path) -> None:
    data = base64.b64encode(write_pdf(tmp_path / "house.pdf", [DRILL], [PUMP]).read_bytes()).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    message = ask(client, {"type": "document", "title": "House", "source": source, "citations": {"enabled": True}})
    assert locate(message) == {
        "type": "page_location",
        "cited_text": "The pump is oiled every 3 months.",
        "verdict": "supported",
        "document_index": 0,
        "document_title": "House",
        "file_id": None,
        "start_page_number": 2,
        "end_page_number": 3,
    }


def test_a_stream_cites_each_sentence_in_a_block_of_its_own(tmp_path: Path) -> None:
    written = [
        "The pump is oiled",
        " every 3 months.",
        " [1",
        "] ",
        "It stands in the",
        " cellar [1].",
        " Ask",
        " Ann.",
    ]
    with make_world(tmp_path / "home") as world, world.live() as server:
        world.models.scripted = ScriptedEngine(written)
        with Anthropic(base_url=server.url, api_key="none", max_retries=0) as writer:
            question: Any = {"role": "user", "content": [text_document(PUMP), {"type": "text", "text": QUESTION}]}
            with writer.messages.stream(model="scripted", max_tokens=100, messages=[question]) as stream:
                streamed = stream.get_final_message()
            whole = ask(writer, text_document(PUMP))
    assert list_texts(streamed) == [
        ("The pump is oiled every 3 months.", ["The pump is oiled every 3 months."]),
        (" It stands in the cellar.", ["It stands in the cellar."]),
        (" Ask Ann.", []),
    ]
    assert list_texts(whole) == list_texts(streamed)


def list_texts(message: Message) -> list[tuple[str, list[str]]]:
    """Return the texts of a message with what each of them cites."""
    return [
        (block.text, [location.cited_text for location in block.citations or ()])
        for block in message.content
        if block.type == "text"
    ]


def test_a_collection_is_a_model_whose_documents_are_cited(client: Anthropic) -> None:
    message = ask(client, model="docs/docs")
    ((text, cited),) = [(text, cited) for text, cited in list_texts(message) if cited]
    assert cited == ["The pump is oiled every 3 months."]
    assert "[1]" not in text
    location = locate(message)
    assert (location["type"], location["document_title"], location["document_index"]) == (
        "char_location",
        "pump.txt",
        0,
    )
    assert location["file_id"].startswith("file-")


def test_documents_that_are_not_to_be_cited_are_read_by_the_model(client: Anthropic, script: ScriptedEngine) -> None:
    ask(client, text_document(PUMP, citations={"enabled": False}, title="Pump", context="From the cellar."))
    ((messages, _),) = script.requests
    assert messages[0].content == "About Pump: From the cellar."
    assert messages[1].content == f"<document>\nPump\n\n{PUMP}\n</document>\n\n{QUESTION}"


def test_a_model_calls_tools_and_reads_their_results(client: Anthropic, live: tuple[World, str]) -> None:
    live[0].models.scripted = engine = ScriptedEngine(
        ["One moment.", ToolCall("toolu_1", "weather", '{"city":"Rome"}')]
    )
    tool = {"name": "weather", "description": "The weather.", "input_schema": {"type": "object"}}
    messages: list[Any] = [{"role": "user", "content": "Rome?"}]
    options: dict[str, Any] = {"model": "scripted", "max_tokens": 99, "tools": [tool], "tool_choice": {"type": "any"}}
    message = client.messages.create(messages=messages, **options)
    assert (message.stop_reason, [block.type for block in message.content]) == ("tool_use", ["text", "tool_use"])
    assert message.content[1].to_dict()["input"] == {"city": "Rome"}
    with client.messages.stream(messages=messages, **options) as stream:
        assert stream.get_final_message().to_dict()["content"] == message.to_dict()["content"]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "Sun"}]}
    messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    client.messages.create(messages=messages, **options)
    asked = engine.requests[-1][0]
    assert [(each.role, each.content, each.tool_call_id) for each in asked] == [
        ("user", "Rome?", ""),
        ("assistant", "One moment.", ""),
        ("tool", "Sun", "toolu_1"),
    ]
    assert asked[1].tool_calls == (ToolCall("toolu_1", "weather", '{"city": "Rome"}'),)
    assert engine.tools[-1] is not None
    assert engine.tools[-1].choice == "required"


def test_a_search_result_of_a_tool_is_answered_from(client: Anthropic) -> None:
    result = {
        "type": "search_result",
        "source": "kb/1",
        "title": "Pump",
        "content": [{"type": "text", "text": PUMP}],
        "citations": {"enabled": True},
    }
    turns: list[Any] = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "search", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [result]}]},
    ]
    tools: list[Any] = [{"name": "search", "input_schema": {"type": "object"}}]
    message = client.messages.create(model="scripted", max_tokens=99, messages=turns, tools=tools)
    assert [cited for _, cited in list_texts(message)] == [[PUMP]]


def test_tokens_are_counted_with_the_documents(client: Anthropic) -> None:
    bare = client.messages.count_tokens(model="scripted", messages=[{"role": "user", "content": QUESTION}])
    content: Any = [text_document(PUMP), {"type": "text", "text": QUESTION}]
    full = client.messages.count_tokens(model="scripted", messages=[{"role": "user", "content": content}])
    assert bare.input_tokens == 8
    assert full.input_tokens > bare.input_tokens + len(PUMP.split())


def test_models_are_listed_in_pages_of_their_shape(client: Anthropic) -> None:
    first = client.models.list(limit=1)
    assert [model.id for model in first] == ["scripted", "docs/docs"]  # the client asks for the next page
    assert (first.data[0].display_name, first.has_more, first.last_id) == ("scripted", True, "scripted")
    assert client.models.retrieve("docs/docs").created_at.year >= 2024
    assert [model.id for model in client.models.list(before_id="docs/docs")] == ["scripted"]


def test_the_list_of_openai_stays_for_those_who_name_no_version(live: tuple[World, str]) -> None:
    assert httpx.get(f"{live[1]}/v1/models", trust_env=False).json()["object"] == "list"


def test_errors_have_their_shape(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as unknown:
        ask(client, model="claude-opus")
    assert unknown.value.body == {
        "type": "error",
        "error": {
            "type": "not_found_error",
            "message": unknown.value.body["error"]["message"],  # type: ignore[index]
            "code": "model_not_found",
        },
        "request_id": unknown.value.request_id,
    }
    assert (unknown.value.request_id or "").startswith("req_")
    with pytest.raises(anthropic.NotFoundError, match="one by one"):
        client.messages.batches.list()


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (text_document(" "), "some text"),
        ({"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}, "fetches nothing"),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "?"}}, "base64"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}, "sees pictures"),
        ({"type": "video"}, "video"),
    ],
)
def test_a_block_that_cannot_be_read_is_refused_by_name(client: Anthropic, block: dict[str, Any], said: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=said) as refused:
        ask(client, block)
    assert "messages.0.content.0" in refused.value.message


def test_a_failure_while_a_message_is_written_is_an_error_event(client: Anthropic, live: tuple[World, str]) -> None:
    live[0].models.scripted = ScriptedEngine(["By", EngineBusyError(waiting=3, retry_after_seconds=1)])
    with (
        pytest.raises(anthropic.APIStatusError) as failed,
        client.messages.stream(model="scripted", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]) as stream,
    ):
        stream.until_done()
    assert failed.value.body["error"]["type"] == "rate_limit_error"  # type: ignore[index]


def test_json_is_written_as_it_is(client: Anthropic, live: tuple[World, str]) -> None:
    live[0].models.scripted = engine = ScriptedEngine(['{"days": [1]}'])
    schema = {"type": "object", "properties": {"days": {"type": "array", "items": {"type": "integer"}}}}
    message = ask(client, text_document(PUMP), output_config={"format": {"type": "json_schema", "schema": schema}})
    assert list_texts(message)[0][0] == '{"days": [1]}'
    assert '"days"' in engine.requests[0][1].json_schema
