"""OpenAI's Python client: the calls of its manual, by area, and what OpenAI's documentation promises of each."""

import asyncio
import base64
import hashlib
import io
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel
from report import Calls

calls = Calls()
client = OpenAI(base_url=f"{calls.url}/v1", api_key="none", max_retries=4, timeout=240)
DOCUMENTS = "docs/default"
MODEL = next(model.id for model in client.models.list() if getattr(model, "type", "") == "llm" and "/" not in model.id)
EMBEDDER = "all-MiniLM-L6-v2"
QUESTION = "How long do damaged batteries stay in quarantine?"
ASK: Any = [{"role": "user", "content": QUESTION}]
HELLO: Any = [{"role": "user", "content": "Say hello."}]
NOTE = b"The lift in the west wing is serviced every 14 months by Alpina."
kept: dict[str, Any] = {}
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
    },
}


class Days(BaseModel):
    days: int


def upload(text: bytes = NOTE, **options: Any) -> Any:
    name = f"note-{uuid.uuid4().hex[:8]}.txt"
    return client.files.create(file=(name, text), **({"purpose": "assistants"} | options))


def fresh_store(**options: Any) -> Any:
    return client.vector_stores.create(name=f"clients-{uuid.uuid4().hex[:8]}", **options)


def refuse(kind: type[openai.APIStatusError], call: Callable[[], object]) -> openai.APIStatusError:
    """Return the error with which a call is refused."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("it was not refused")


def has_citation(message: Any) -> bool:
    return any(each.url_citation.title and each.url_citation.url for each in message.annotations or ())


# Models


@calls.add("models.list")
def list_models() -> None:
    ids = {model.id for model in client.models.list()}
    assert {DOCUMENTS, MODEL, EMBEDDER} <= ids


@calls.add("models.retrieve")
def retrieve_model() -> None:
    assert client.models.retrieve(MODEL).id == MODEL


@calls.add("models.retrieve docs")
def retrieve_documents() -> None:
    assert client.models.retrieve(DOCUMENTS).object == "model"


# Chat completions


@calls.add("chat.completions.create docs")
def chat_documents() -> None:
    message = client.chat.completions.create(model=DOCUMENTS, messages=ASK).choices[0].message
    assert "72" in (message.content or "")
    assert has_citation(message)


@calls.add("chat.completions.create docs stream with usage")
def stream_documents() -> None:
    chunks = list(
        client.chat.completions.create(
            model=DOCUMENTS, messages=ASK, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "72" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].usage is not None
    assert all(chunk.usage is None for chunk in chunks[:-1])


@calls.add("chat.completions.create")
def chat_model() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=20)
    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer.usage.completion_tokens <= 20


@calls.add("chat.completions.create stream")
def stream_model() -> None:
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=20, stream=True))
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")


@calls.add("chat.completions.stream docs")
def stream_helper_documents() -> None:
    with client.chat.completions.stream(model=DOCUMENTS, messages=ASK) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "content.delta" in kinds
    assert has_citation(final.choices[0].message)


@calls.add("chat.completions.stream")
def stream_helper_model() -> None:
    with client.chat.completions.stream(model=MODEL, messages=HELLO) as stream:
        stream.until_done()
        assert stream.get_final_completion().choices[0].message.content


@calls.add("chat.completions.create n with seed")
def several() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, n=2, seed=7, temperature=1.0, max_tokens=24)
    texts = [choice.message.content for choice in answer.choices]
    assert len(set(texts)) == 2


@calls.add("chat.completions.create stop")
def stopping() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, stop=["o"], max_tokens=30)
    assert "o" not in (answer.choices[0].message.content or "")


@calls.add("chat.completions.create logprobs")
def logprobs() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, logprobs=True, top_logprobs=3, max_tokens=4)
    tokens = answer.choices[0].logprobs
    assert tokens is not None
    assert all(len(token.top_logprobs) == 3 for token in tokens.content or ())


@calls.add("chat.completions.create json_object")
def json_object() -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=HELLO, response_format={"type": "json_object"}, max_tokens=200
    )
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)
    else:
        assert (answer.choices[0].message.content or "").lstrip().startswith("{")


@calls.add("chat.completions.create json_schema docs")
def schema_documents() -> None:
    schema: Any = {"type": "json_schema", "json_schema": {"name": "days", "schema": Days.model_json_schema()}}
    answer = client.chat.completions.create(model=DOCUMENTS, messages=ASK, response_format=schema)
    Days.model_validate_json(answer.choices[0].message.content or "")


@calls.add("chat.completions.parse")
def parse_model() -> None:
    parsed = client.chat.completions.parse(model=MODEL, messages=ASK, response_format=Days)
    assert isinstance(parsed.choices[0].message.parsed, Days)


@calls.add("chat.completions.parse docs")
def parse_documents() -> None:
    parsed = client.chat.completions.parse(model=DOCUMENTS, messages=ASK, response_format=Days)
    assert isinstance(parsed.choices[0].message.parsed, Days)


@calls.add("chat.completions.create tools")
def tools_model() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, tools=[WEATHER], max_tokens=60)
    assert answer.choices[0].finish_reason in ("stop", "length", "tool_calls")


@calls.add("chat.completions.create tools required")
def tools_required() -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice="required", max_tokens=120
    )
    (call, *_) = answer.choices[0].message.tool_calls or ()
    assert call.function.name == "weather"
    assert "town" in json.loads(call.function.arguments)


@calls.add("chat.completions.create tools stream")
def tools_stream() -> None:
    with client.chat.completions.stream(
        model=MODEL,
        messages=HELLO,
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "weather"}},
        max_tokens=120,
    ) as stream:
        stream.until_done()
        (call, *_) = stream.get_final_completion().choices[0].message.tool_calls or ()
    assert call.function.name == "weather"


@calls.add("chat.completions.create tools docs")
def tools_documents() -> None:
    message = client.chat.completions.create(model=DOCUMENTS, messages=ASK, tools=[WEATHER]).choices[0].message
    assert "72" in (message.content or "")


@calls.add("chat.completions.create tool results")
def tool_results() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"town": "Ulm"}'}}
    messages: Any = [
        {"role": "user", "content": "What is the weather in Ulm?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "It rains."},
    ]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER], max_tokens=30)
    assert answer.choices[0].message.content or answer.choices[0].message.tool_calls


@calls.add("chat.completions.create file part")
def file_part() -> None:
    data = f"data:text/plain;base64,{base64.b64encode(NOTE).decode()}"
    parts: Any = [
        {"type": "text", "text": "Who services the lift?"},
        {"type": "file", "file": {"filename": "note.txt", "file_data": data}},
    ]
    messages: Any = [{"role": "user", "content": parts}]
    answer = client.chat.completions.create(model=MODEL, messages=messages, max_tokens=30)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 20


@calls.add("chat.completions.create reasoning_effort")
def reasoning() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, reasoning_effort="low", max_tokens=10)
    assert answer.choices[0].message.content


@calls.add("chat.completions.create max_completion_tokens")
def max_completion_tokens() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=2)
    assert answer.usage is not None
    assert answer.usage.completion_tokens <= 2


@calls.add("chat.completions store, list, retrieve, update, messages, delete")
def stored_completions() -> None:
    made = client.chat.completions.create(
        model=MODEL, messages=HELLO, store=True, metadata={"by": "clients"}, max_tokens=5
    )
    assert made.id in {each.id for each in client.chat.completions.list()}
    assert client.chat.completions.retrieve(made.id).id == made.id
    client.chat.completions.update(made.id, metadata={"by": "others"})
    assert [message.content for message in client.chat.completions.messages.list(made.id)] == ["Say hello."]
    assert client.chat.completions.delete(made.id).deleted


# Texts and vectors


@calls.add("completions.create")
def completion() -> None:
    answer = client.completions.create(model=MODEL, prompt="Once upon a time", max_tokens=8)
    assert answer.choices[0].text


@calls.add("completions.create stream")
def completion_stream() -> None:
    chunks = list(client.completions.create(model=MODEL, prompt="Once upon a time", max_tokens=8, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)


@calls.add("embeddings.create")
def embeddings() -> None:
    assert len(client.embeddings.create(model=EMBEDDER, input="abc").data[0].embedding) == 384


@calls.add("embeddings.create list, float")
def embeddings_list() -> None:
    made = client.embeddings.create(model=EMBEDDER, input=["abc", "def"], encoding_format="float")
    assert [each.index for each in made.data] == [0, 1]


@calls.add("embeddings.create token array")
def embeddings_tokens() -> None:
    assert len(client.embeddings.create(model=EMBEDDER, input=[7592, 2088]).data[0].embedding) == 384


@calls.add("embeddings.create dimensions")
def embeddings_dimensions() -> None:
    assert len(client.embeddings.create(model=EMBEDDER, input="abc", dimensions=64).data[0].embedding) == 64


# Responses


@calls.add("responses.create docs")
def respond_documents() -> None:
    made = client.responses.create(model=DOCUMENTS, input=QUESTION)
    kept["response"] = made
    assert "72" in made.output_text
    content = made.output[-1].content[0]  # type: ignore[union-attr]
    assert content.annotations[0].type == "file_citation"


@calls.add("responses.create")
def respond_model() -> None:
    assert client.responses.create(model=MODEL, input="Say hello.", max_output_tokens=20).output_text


@calls.add("responses.create stream")
def respond_stream() -> None:
    events = list(client.responses.create(model=MODEL, input="Say hello.", max_output_tokens=20, stream=True))
    assert events[0].type == "response.created"
    assert events[-1].type in ("response.completed", "response.incomplete")
    assert [event.sequence_number for event in events] == list(range(len(events)))


@calls.add("responses.stream")
def respond_stream_helper() -> None:
    with client.responses.stream(model=DOCUMENTS, input=QUESTION) as stream:
        stream.until_done()
        assert "72" in stream.get_final_response().output_text


@calls.add("responses.create file_search with results")
def file_search() -> None:
    store = next(store for store in client.vector_stores.list() if store.name == "default")
    made = client.responses.create(
        model=MODEL,
        input=QUESTION,
        tools=[{"type": "file_search", "vector_store_ids": [store.id], "max_num_results": 3}],
        include=["file_search_call.results"],
    )
    search, message = made.output
    assert search.type == "file_search_call"
    assert 1 <= len(search.results or ()) <= 3
    assert message.content[0].annotations[0].filename  # type: ignore[union-attr]


@calls.add("responses.parse")
def respond_parse() -> None:
    made = client.responses.parse(model=MODEL, input=QUESTION, text_format=Days)
    assert isinstance(made.output_parsed, Days)


@calls.add("responses.create function tool")
def respond_function() -> None:
    tool: Any = {"type": "function", "strict": True, **WEATHER["function"]}
    made = client.responses.create(model=MODEL, input="Weather in Ulm?", tools=[tool], tool_choice="required")
    (call, *_) = made.output
    assert call.type == "function_call"
    output: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"}]
    assert client.responses.create(
        model=MODEL, input=output, previous_response_id=made.id, max_output_tokens=20
    ).status in ("completed", "incomplete")


@calls.add("responses.create previous_response_id")
def respond_previous() -> None:
    first = client.responses.create(model=MODEL, input="Say hello.", max_output_tokens=10)
    made = client.responses.create(model=MODEL, input="And now?", previous_response_id=first.id, max_output_tokens=10)
    assert made.previous_response_id == first.id


@calls.add("responses.create conversation")
def respond_conversation() -> None:
    conversation = client.conversations.create()
    client.responses.create(model=MODEL, input="Say hello.", conversation=conversation.id, max_output_tokens=10)
    assert len(list(client.conversations.items.list(conversation.id))) == 2


@calls.add("responses.create background, retrieve until it is complete")
def respond_background() -> None:
    made = client.responses.create(model=DOCUMENTS, input=QUESTION, background=True)
    while made.status in ("queued", "in_progress"):
        time.sleep(0.2)
        made = client.responses.retrieve(made.id)
    assert "72" in made.output_text


@calls.add("responses.cancel")
def respond_cancel() -> None:
    made = client.responses.create(model=MODEL, input="Count to a thousand.", background=True)
    assert client.responses.cancel(made.id).status in ("cancelled", "completed")


@calls.add("responses.retrieve")
def respond_retrieve() -> None:
    assert client.responses.retrieve(kept["response"].id).output_text == kept["response"].output_text


@calls.add("responses.retrieve stream")
def respond_retrieve_stream() -> None:
    assert list(client.responses.retrieve(kept["response"].id, stream=True))[-1].type == "response.completed"


@calls.add("responses.input_items.list")
def respond_items() -> None:
    (item,) = client.responses.input_items.list(kept["response"].id)
    assert item.type == "message"


@calls.add("responses.input_tokens.count")
def respond_tokens() -> None:
    assert client.responses.input_tokens.count(model=MODEL, input="Say hello.").input_tokens > 2


@calls.add("responses.compact")
def respond_compact() -> None:
    chat: Any = [*HELLO, {"role": "assistant", "content": "Hello."}]
    assert client.responses.compact(model=MODEL, input=chat).output[-1].type == "compaction"


@calls.add("responses.delete")
def respond_delete() -> None:
    client.responses.delete(kept["response"].id)
    refuse(openai.NotFoundError, lambda: client.responses.retrieve(kept["response"].id))


# Conversations


@calls.add("conversations.create")
def create_conversation() -> None:
    items: Any = [{"type": "message", "role": "user", "content": "Hello"}]
    kept["conversation"] = client.conversations.create(metadata={"by": "clients"}, items=items).id


@calls.add("conversations.retrieve")
def retrieve_conversation() -> None:
    assert client.conversations.retrieve(kept["conversation"]).metadata == {"by": "clients"}


@calls.add("conversations.update")
def update_conversation() -> None:
    assert client.conversations.update(kept["conversation"], metadata={"by": "all"}).metadata == {"by": "all"}


@calls.add("conversations.items.create")
def create_items() -> None:
    items: Any = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "More"}]}]
    kept["item"] = client.conversations.items.create(kept["conversation"], items=items).data[0].id


@calls.add("conversations.items.create include")
def create_items_include() -> None:
    items: Any = [{"type": "message", "role": "user", "content": "Still more"}]
    client.conversations.items.create(kept["conversation"], items=items, include=["file_search_call.results"])


@calls.add("conversations.items.list")
def list_items() -> None:
    assert len(list(client.conversations.items.list(kept["conversation"], order="asc"))) == 3


@calls.add("conversations.items.list include")
def list_items_include() -> None:
    listed = client.conversations.items.list(kept["conversation"], include=["message.output_text.logprobs"])
    assert len(list(listed)) == 3


@calls.add("conversations.items.retrieve")
def retrieve_item() -> None:
    item = client.conversations.items.retrieve(kept["item"], conversation_id=kept["conversation"])
    assert item.id == kept["item"]


@calls.add("a question after a user's item")
def ask_in_conversation() -> None:
    made = client.responses.create(model=DOCUMENTS, input=QUESTION, conversation=kept["conversation"])
    assert "72" in made.output_text


@calls.add("conversations.items.delete")
def delete_item() -> None:
    last = next(iter(client.conversations.items.list(kept["conversation"])))
    client.conversations.items.delete(str(last.id), conversation_id=kept["conversation"])


@calls.add("conversations.delete")
def delete_conversation() -> None:
    assert client.conversations.delete(kept["conversation"]).deleted


# Files


@calls.add("files.create")
def create_file() -> None:
    kept["file"] = upload()
    assert (kept["file"].purpose, kept["file"].bytes) == ("assistants", len(NOTE))


def _add_purpose(purpose: Any) -> None:
    @calls.add(f"files.create {purpose}")
    def create() -> None:
        assert upload(purpose=purpose).purpose == purpose


for _purpose in ("user_data", "batch", "vision", "fine-tune", "evals"):
    _add_purpose(_purpose)


@calls.add("files.create expires_after")
def create_expiring_file() -> None:
    made = upload(expires_after={"anchor": "created_at", "seconds": 3600})
    assert made.expires_at is not None
    assert made.expires_at - made.created_at == 3600


@calls.add("files.list")
def list_files() -> None:
    assert kept["file"].id in {file.id for file in client.files.list()}


@calls.add("files.list purpose, limit, order, after")
def page_files() -> None:
    first = client.files.list(purpose="assistants", limit=1, order="desc")
    after = client.files.list(purpose="assistants", limit=1, order="desc", after=first.data[0].id)
    assert after.data[0].id != first.data[0].id


@calls.add("files.retrieve")
def retrieve_file() -> None:
    assert client.files.retrieve(kept["file"].id).filename == kept["file"].filename


@calls.add("files.content")
def content() -> None:
    assert client.files.content(kept["file"].id).read() == NOTE


@calls.add("files.content with_streaming_response")
def content_stream() -> None:
    with client.files.with_streaming_response.content(kept["file"].id) as response:
        assert b"".join(response.iter_bytes()) == NOTE


@calls.add("files.wait_for_processing")
def wait_for_processing() -> None:
    assert client.files.wait_for_processing(kept["file"].id).status == "processed"


@calls.add("files.delete")
def delete_file() -> None:
    assert client.files.delete(upload(NOTE + b" Once more.").id).deleted


# Uploads


@calls.add("uploads.create, parts in any order, complete")
def uploads() -> None:
    made = client.uploads.create(
        filename=f"parts-{uuid.uuid4().hex[:8]}.txt", bytes=len(NOTE), mime_type="text/plain", purpose="assistants"
    )
    last = client.uploads.parts.create(made.id, data=NOTE[20:])
    first = client.uploads.parts.create(made.id, data=NOTE[:20])
    done = client.uploads.complete(
        made.id, part_ids=[first.id, last.id], md5=hashlib.md5(NOTE, usedforsecurity=False).hexdigest()
    )
    assert done.file is not None
    assert client.files.content(done.file.id).read() == NOTE


@calls.add("uploads.upload_file_chunked")
def chunked() -> None:
    name = f"chunks-{uuid.uuid4().hex[:8]}.txt"
    done = client.uploads.upload_file_chunked(
        file=NOTE, filename=name, bytes=len(NOTE), mime_type="text/plain", purpose="assistants", part_size=24
    )
    assert done.file is not None
    assert client.files.content(done.file.id).read() == NOTE


@calls.add("uploads.cancel")
def cancel_upload() -> None:
    made = client.uploads.create(filename="no.txt", bytes=4, mime_type="text/plain", purpose="assistants")
    assert client.uploads.cancel(made.id).status == "cancelled"


# Vector stores


@calls.add("vector_stores.create")
def create_store() -> None:
    kept["store"] = client.vector_stores.create(name=f"clients-{uuid.uuid4().hex[:8]}")
    assert kept["store"].file_counts.total == 0


@calls.add("vector_stores.create without a name")
def create_nameless() -> None:
    assert client.vector_stores.create().id


@calls.add("vector_stores.create file_ids")
def create_filled() -> None:
    assert fresh_store(file_ids=[upload().id]).file_counts.total == 1


@calls.add("vector_stores.create of a name that exists")
def create_same_name() -> None:
    other = client.vector_stores.create(name=kept["store"].name)
    assert (other.name, other.id != kept["store"].id) == (kept["store"].name, True)


@calls.add("vector_stores.create with a slash in the name")
def create_slashed() -> None:
    assert client.vector_stores.create(name="Support FAQ: 2026/Q1").name == "Support FAQ: 2026/Q1"


@calls.add("vector_stores.create metadata")
def create_metadata() -> None:
    assert fresh_store(metadata={"team": "care"}).metadata == {"team": "care"}


@calls.add("vector_stores.create expires_after")
def create_expiring() -> None:
    made = fresh_store(expires_after={"anchor": "last_active_at", "days": 7})
    assert made.expires_at == made.last_active_at + 7 * 86_400


@calls.add("vector_stores.create description")
def create_described() -> None:
    assert fresh_store(description="Notes").description == "Notes"


@calls.add("vector_stores.create chunking_strategy static")
def create_static() -> None:
    sizes = {"max_chunk_size_tokens": 120, "chunk_overlap_tokens": 40}
    fresh_store(file_ids=[upload().id], chunking_strategy={"type": "static", "static": sizes})


@calls.add("vector_stores.retrieve")
def retrieve_store() -> None:
    assert client.vector_stores.retrieve(kept["store"].id).id == kept["store"].id


@calls.add("vector_stores.list")
def list_stores() -> None:
    assert kept["store"].id in {store.id for store in client.vector_stores.list(limit=50)}


@calls.add("vector_stores.update name")
def rename_store() -> None:
    name = f"renamed-{uuid.uuid4().hex[:8]}"
    assert client.vector_stores.update(kept["store"].id, name=name).name == name


@calls.add("vector_stores.update metadata")
def update_store() -> None:
    assert client.vector_stores.update(kept["store"].id, metadata={"a": "b"}).metadata == {"a": "b"}


@calls.add("vector_stores.files.create_and_poll attributes")
def add_file() -> None:
    added = client.vector_stores.files.create_and_poll(
        kept["file"].id, vector_store_id=kept["store"].id, attributes={"year": 2026}
    )
    assert added.status == "completed"
    assert (added.attributes or {})["year"] == 2026


@calls.add("vector_stores.files.upload_and_poll")
def upload_file() -> None:
    file = ("canteen.txt", io.BytesIO(b"The canteen closes at two."))
    added = client.vector_stores.files.upload_and_poll(file=file, vector_store_id=kept["store"].id)
    assert added.status == "completed"


@calls.add("vector_stores.files.create chunking_strategy static")
def add_static() -> None:
    added = client.vector_stores.files.create(
        kept["store"].id,
        file_id=upload(NOTE + b" It is quick.").id,
        chunking_strategy={
            "type": "static",
            "static": {"max_chunk_size_tokens": 120, "chunk_overlap_tokens": 40},
        },
    )
    assert added.chunking_strategy is not None
    assert added.chunking_strategy.type == "static"


@calls.add("vector_stores.files.list")
def list_store_files() -> None:
    assert kept["file"].id in {file.id for file in client.vector_stores.files.list(kept["store"].id)}


@calls.add("vector_stores.files.list filter")
def filter_store_files() -> None:
    listed = list(client.vector_stores.files.list(kept["store"].id, filter="completed"))
    assert listed
    assert {file.status for file in listed} == {"completed"}


@calls.add("vector_stores.files.retrieve")
def retrieve_store_file() -> None:
    file = client.vector_stores.files.retrieve(kept["file"].id, vector_store_id=kept["store"].id)
    assert file.vector_store_id == kept["store"].id


@calls.add("vector_stores.files.update")
def update_store_file() -> None:
    file = client.vector_stores.files.update(
        kept["file"].id, vector_store_id=kept["store"].id, attributes={"year": 2027}
    )
    assert (file.attributes or {})["year"] == 2027


@calls.add("vector_stores.files.content")
def store_file_content() -> None:
    pages = list(client.vector_stores.files.content(kept["file"].id, vector_store_id=kept["store"].id))
    assert "Alpina" in "".join(page.text or "" for page in pages)


def search(**options: Any) -> Any:
    found = client.vector_stores.search(kept["store"].id, **({"query": "Who services the lift?"} | options))
    return list(found)


@calls.add("vector_stores.search")
def search_store() -> None:
    assert "Alpina" in search()[0].content[0].text


@calls.add("vector_stores.search filters")
def search_filters() -> None:
    found = search(filters={"type": "eq", "key": "year", "value": 2027})
    assert {each.file_id for each in found} == {kept["file"].id}


@calls.add("vector_stores.search compound filter")
def search_compound() -> None:
    parts = [{"type": "gte", "key": "year", "value": 2027}, {"type": "ne", "key": "year", "value": 2030}]
    assert search(filters={"type": "and", "filters": parts})


@calls.add("vector_stores.search ranking_options")
def search_ranking() -> None:
    assert all(each.score >= 0.1 for each in search(ranking_options={"score_threshold": 0.1}))


@calls.add("vector_stores.search ranker default-2024-11-15")
def search_ranker() -> None:
    assert search(ranking_options={"ranker": "default-2024-11-15"})


@calls.add("vector_stores.search several queries")
def search_several() -> None:
    assert search(query=["lift", "canteen"], max_num_results=5)


@calls.add("vector_stores.search rewrite_query")
def search_rewritten() -> None:
    page = client.vector_stores.search(kept["store"].id, query="the lift", rewrite_query=True)
    assert page.data


@calls.add("chat.completions.create over the new store")
def ask_store() -> None:
    answer = client.chat.completions.create(
        model=f"docs/{kept['store'].id}", messages=[{"role": "user", "content": "Who services the lift?"}]
    )
    assert "Alpina" in (answer.choices[0].message.content or "")


@calls.add("vector_stores.file_batches.create_and_poll")
def batch_create() -> None:
    files = [upload(f"Valve {number} is red.".encode()).id for number in range(2)]
    kept["batch"] = client.vector_stores.file_batches.create_and_poll(kept["store"].id, file_ids=files)
    assert kept["batch"].file_counts.completed == 2


@calls.add("vector_stores.file_batches.create files with attributes")
def batch_files() -> None:
    files: Any = [{"file_id": upload(b"Valve 9 is blue.").id, "attributes": {"valve": 9}}]
    batch = client.vector_stores.file_batches.create_and_poll(kept["store"].id, files=files)
    (file,) = client.vector_stores.file_batches.list_files(batch.id, vector_store_id=kept["store"].id)
    assert (file.attributes or {})["valve"] == 9


@calls.add("vector_stores.file_batches.upload_and_poll")
def batch_upload() -> None:
    files = [(f"b{number}.txt", io.BytesIO(f"Pump {number} is green.".encode())) for number in range(2)]
    batch = client.vector_stores.file_batches.upload_and_poll(kept["store"].id, files=files)
    assert (batch.status, batch.file_counts.completed) == ("completed", 2)


@calls.add("vector_stores.file_batches.retrieve")
def batch_retrieve() -> None:
    batch = client.vector_stores.file_batches.retrieve(kept["batch"].id, vector_store_id=kept["store"].id)
    assert batch.status == "completed"


@calls.add("vector_stores.file_batches.list_files filter")
def batch_list() -> None:
    listed = client.vector_stores.file_batches.list_files(
        kept["batch"].id, vector_store_id=kept["store"].id, filter="completed"
    )
    assert len(list(listed)) == 2


@calls.add("vector_stores.file_batches.cancel")
def batch_cancel() -> None:
    batch = client.vector_stores.file_batches.create(kept["store"].id, file_ids=[upload(b"Late.").id])
    cancelled = client.vector_stores.file_batches.cancel(batch.id, vector_store_id=kept["store"].id)
    assert cancelled.status == "cancelled"


@calls.add("vector_stores.files.delete")
def delete_store_file() -> None:
    assert client.vector_stores.files.delete(kept["file"].id, vector_store_id=kept["store"].id).deleted
    assert client.files.retrieve(kept["file"].id).id == kept["file"].id


@calls.add("vector_stores.delete, then files.delete")
def delete_store() -> None:
    file = upload(b"The last one.")
    store = fresh_store(file_ids=[file.id])
    assert client.vector_stores.delete(store.id).deleted
    assert client.files.delete(file.id).deleted


# Errors, headers, async


@calls.add("error: unknown model")
def unknown_model() -> None:
    error = refuse(openai.NotFoundError, lambda: client.chat.completions.create(model="nope", messages=HELLO))
    assert (error.code, error.param) == ("model_not_found", "model")


@calls.add("error: temperature out of bounds")
def bad_temperature() -> None:
    error = refuse(
        openai.BadRequestError,
        lambda: client.chat.completions.create(model=MODEL, messages=HELLO, temperature=-1),
    )
    assert error.param == "temperature"


@calls.add("error: prompt too long")
def too_long() -> None:
    long: Any = [{"role": "user", "content": "word " * 40_000}]
    error = refuse(openai.BadRequestError, lambda: client.chat.completions.create(model=MODEL, messages=long))
    assert error.code == "context_length_exceeded"


@calls.add("with_raw_response: x-request-id")
def raw_response() -> None:
    raw = client.models.with_raw_response.list()
    assert raw.headers["x-request-id"]


@calls.add("_request_id")
def request_id() -> None:
    assert client.models.retrieve(MODEL)._request_id


@calls.add("AsyncOpenAI: four at once, one streamed")
def asynchronous() -> None:
    async def ask() -> None:
        async with AsyncOpenAI(base_url=client.base_url, api_key="none", max_retries=4) as other:
            answers = await asyncio.gather(
                *(other.chat.completions.create(model=DOCUMENTS, messages=ASK) for _ in range(4))
            )
            assert all("72" in (answer.choices[0].message.content or "") for answer in answers)
            stream = await other.chat.completions.create(model=DOCUMENTS, messages=ASK, stream=True)
            assert [chunk async for chunk in stream][-1].choices[0].finish_reason == "stop"

    asyncio.run(ask())


calls.run()
