"""Anthropic's Python client: messages, documents with citations, tools, models."""

import base64
from typing import Any

from anthropic import Anthropic, NotFoundError
from report import Calls

calls = Calls()
client = Anthropic(base_url=calls.url, api_key="none", timeout=240)
QUESTION = "How long do damaged batteries stay in quarantine?"
RULE = "A damaged lithium battery goes into quarantine for 72 hours. The room is locked."
MODEL = client.models.list().data[0].id


def ask(*blocks: dict[str, Any], model: str = MODEL, **options: Any) -> Any:
    content = [*blocks, {"type": "text", "text": QUESTION}]
    return client.messages.create(
        model=model, max_tokens=200, messages=[{"role": "user", "content": content}], **options
    )


def citations(message: Any) -> list[Any]:
    return [citation for block in message.content if block.type == "text" for citation in block.citations or ()]


@calls.add("models.list")
def list_models() -> None:
    models = client.models.list(limit=1)
    assert models.has_more
    assert models.data[0].display_name
    assert "docs/default" in [model.id for model in client.models.list()]


@calls.add("models.retrieve")
def retrieve_model() -> None:
    assert client.models.retrieve("docs/default").type == "model"


@calls.add("messages.create")
def create() -> None:
    message = client.messages.create(
        model=MODEL, max_tokens=12, system="Be brief.", messages=[{"role": "user", "content": "Say hello."}]
    )
    assert message.content[0].text
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert 0 < message.usage.output_tokens <= 12


@calls.add("messages.create, docs/default")
def create_from_collection() -> None:
    message = ask(model="docs/default")
    assert "72" in "".join(block.text for block in message.content)
    assert citations(message)[0].cited_text


@calls.add("messages.stream")
def stream() -> None:
    with client.messages.stream(
        model=MODEL, max_tokens=12, messages=[{"role": "user", "content": "Say hello."}]
    ) as streamed:
        text = "".join(streamed.text_stream)
    assert text == streamed.get_final_text()


@calls.add("messages.create, document with citations")
def cite_document() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": RULE}
    (citation,) = citations(ask({"type": "document", "source": source, "citations": {"enabled": True}}))
    assert RULE[citation.start_char_index : citation.end_char_index] == citation.cited_text


@calls.add("messages.create, base64 document with citations")
def cite_file() -> None:
    data = base64.b64encode(f"# Batteries\n\n{RULE}".encode()).decode()
    source = {"type": "base64", "media_type": "text/markdown", "data": data}
    assert (
        "72 hours"
        in citations(ask({"type": "document", "source": source, "citations": {"enabled": True}}))[0].cited_text
    )


@calls.add("messages.create, search_result")
def cite_search_result() -> None:
    result = {
        "type": "search_result",
        "source": "kb/batteries",
        "title": "Batteries",
        "content": [{"type": "text", "text": RULE}],
        "citations": {"enabled": True},
    }
    (citation,) = citations(ask(result))
    assert (citation.type, citation.source, citation.cited_text) == ("search_result_location", "kb/batteries", RULE)


@calls.add("messages.create, tools")
def call_tool() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"]}
    message = client.messages.create(
        model=MODEL,
        max_tokens=200,
        messages=[{"role": "user", "content": "What is the weather in Rome?"}],
        tools=[{"name": "weather", "description": "The weather of a city.", "input_schema": schema}],
        tool_choice={"type": "tool", "name": "weather"},
    )
    (call,) = [block for block in message.content if block.type == "tool_use"]
    assert (message.stop_reason, call.name, isinstance(call.input["city"], str)) == ("tool_use", "weather", True)


@calls.add("messages.count_tokens")
def count() -> None:
    assert client.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "Hello"}]).input_tokens > 0


@calls.add("messages.batches.list")
def refuse_batches() -> None:
    try:
        client.messages.batches.list()
    except NotFoundError as error:
        assert error.body["error"]["type"] == "not_found_error"  # noqa: PT017 (a program without pytest)
    else:
        raise AssertionError("there are no batches")


calls.run()
