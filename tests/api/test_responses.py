"""`/v1/responses` by OpenAI's client against a live server, and what it stores."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from openai.types.responses import Response
from pydantic import BaseModel
from starlette.testclient import TestClient

from ingest.types import SECONDS_PER_DAY
from rag.engines.types import Delta, Message, Sampling, ToolCall, ToolUse
from tests.api.world import DRILL, LUNCH, PUMP, World, make_world, wait_for
from tests.fakes import ScriptedEngine

QUESTION = "How often is the pump oiled?"
ANSWER = "The pump is oiled every 3 months."
SEARCH: Any = "file_search_call.results"
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a town",
    "parameters": {"type": "object", "properties": {"town": {"type": "string"}}},
    "strict": False,
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path / "home") as made:
        made.add("pump.txt", PUMP)
        made.add("house.txt", LUNCH, DRILL)
        made.models.scripted = ScriptedEngine([ANSWER])
        yield made


@pytest.fixture
def openai(served: World) -> Iterator[OpenAI]:
    with served.live() as live, OpenAI(base_url=f"{live.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def store_id(client: OpenAI) -> str:
    return client.vector_stores.list().data[0].id


def kinds(events: Sequence[Any]) -> list[str]:
    return [event.type for event in events]


def test_an_answer_from_documents_has_file_citations(openai: OpenAI) -> None:
    response = openai.responses.create(model="docs/docs", input=QUESTION)
    assert (response.status, response.output_text) == ("completed", ANSWER)
    (message,) = response.output
    assert message.type == "message"
    content = message.content[0]
    assert content.type == "output_text"
    citation = next(
        each for each in content.annotations if each.type == "file_citation" and each.filename == "pump.txt"
    )
    assert citation.type == "file_citation"
    assert citation.index == len(ANSWER)
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens > 0


def test_tools_that_are_not_run_here_do_not_keep_an_agent_from_its_answer(openai: OpenAI) -> None:
    tools: Any = [
        {"type": "web_search", "search_context_size": "low"},
        {"type": "namespace", "name": "shell", "tools": [{"type": "function", "name": "run", "parameters": {}}]},
        {"type": "custom", "name": "patch", "format": {"type": "text"}},
    ]
    answered = openai.responses.create(model="docs/docs", input="How often is the pump oiled?", tools=tools)
    assert "every 3 months" in answered.output_text
    assert [tool.type for tool in answered.tools] == ["web_search", "namespace", "custom"]


def test_file_search_answers_from_the_stores_that_it_names_and_shows_what_it_found(openai: OpenAI) -> None:
    tool: Any = {"type": "file_search", "vector_store_ids": [store_id(openai)], "max_num_results": 1}
    response = openai.responses.create(model="scripted", input=QUESTION, tools=[tool], include=[SEARCH])
    search, message = response.output
    assert search.type == "file_search_call"
    assert (search.status, search.queries) == ("completed", [QUESTION])
    assert search.results is not None
    assert [(result.filename, result.text) for result in search.results] == [("pump.txt", PUMP)]
    assert message.type == "message"
    assert response.model == "scripted"
    silent = openai.responses.create(model="scripted", input=QUESTION, tools=[tool])
    assert silent.output[0].type == "file_search_call"
    assert silent.output[0].results is None


def test_filters_of_a_search_leave_documents_out(openai: OpenAI) -> None:
    tool: Any = {
        "type": "file_search",
        "vector_store_ids": [store_id(openai)],
        "filters": {"type": "eq", "key": "filename", "value": "house.txt"},
    }
    response = openai.responses.create(model="scripted", input=QUESTION, tools=[tool], include=[SEARCH])
    search = response.output[0]
    assert search.type == "file_search_call"
    assert "pump.txt" not in {result.filename for result in search.results or ()}


def test_an_unknown_store_is_named(openai: OpenAI) -> None:
    tool: Any = {"type": "file_search", "vector_store_ids": ["vs_" + "0" * 24]}
    with pytest.raises(NotFoundError) as refused:
        openai.responses.create(model="scripted", input=QUESTION, tools=[tool])
    assert (refused.value.code, refused.value.param) == ("vector_store_not_found", "tools")


def test_a_stream_has_openais_events_in_their_order(openai: OpenAI) -> None:
    tool: Any = {"type": "file_search", "vector_store_ids": [store_id(openai)]}
    with openai.responses.stream(model="scripted", input=QUESTION, tools=[tool]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    names = [name for index, name in enumerate(kinds(events)) if index == 0 or name != kinds(events)[index - 1]]
    assert names == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.file_search_call.in_progress",
        "response.file_search_call.searching",
        "response.file_search_call.completed",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert final.output_text == deltas == ANSWER


def test_an_answer_that_is_cut_off_is_incomplete(served: World, openai: OpenAI) -> None:
    served.models.scripted = ScriptedEngine(["word "] * 40)
    response = openai.responses.create(model="scripted", input="Hi", max_output_tokens=16)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    events = list(openai.responses.create(model="scripted", input="Hi", max_output_tokens=16, stream=True))
    assert kinds(events)[-1] == "response.incomplete"


def test_a_schema_is_obeyed_and_parsed(served: World, openai: OpenAI) -> None:
    class Interval(BaseModel):
        months: int

    served.models.scripted = ScriptedEngine(['{"months": 3}'])
    response = openai.responses.parse(model="scripted", input=QUESTION, text_format=Interval)
    assert response.output_parsed == Interval(months=3)


def test_the_model_reads_instructions_items_and_the_responses_before(served: World, openai: OpenAI) -> None:
    first = openai.responses.create(model="scripted", input="One?", instructions="Be brief.", metadata={"a": "b"})
    assert first.metadata == {"a": "b"}
    items: Any = [
        {"role": "developer", "content": "Count on."},
        {"role": "user", "content": [{"type": "input_text", "text": "Two?"}]},
    ]
    second = openai.responses.create(model="scripted", input=items, previous_response_id=first.id)
    third = openai.responses.create(model="scripted", input="Three?", previous_response_id=second.id)
    assert third.previous_response_id == second.id
    assert isinstance(served.models.scripted, ScriptedEngine)
    assert served.models.scripted.requests[-1][0] == (
        Message("user", "One?"),
        Message("assistant", ANSWER),
        Message("system", "Count on."),
        Message("user", "Two?"),
        Message("assistant", ANSWER),
        Message("user", "Three?"),
    )
    assert served.models.scripted.requests[0][0][0] == Message("system", "Be brief.")
    listed = openai.responses.input_items.list(second.id, order="asc")
    assert [getattr(item, "role", "") for item in listed.data] == ["developer", "user"]


def test_calls_of_functions_are_items_and_their_outputs_go_back(served: World, openai: OpenAI) -> None:
    call = ToolCall("call_1", "weather", '{"town": "Ulm"}')
    served.models.scripted = ScriptedEngine([call])
    tools: Any = [WEATHER]
    with openai.responses.stream(model="scripted", input="Weather in Ulm?", tools=tools) as stream:
        events = list(stream)
        first = stream.get_final_response()
    assert [each for each in kinds(events) if "function_call" in each][-1] == "response.function_call_arguments.done"
    (item,) = first.output
    assert item.type == "function_call"
    assert (item.call_id, item.name, item.arguments) == ("call_1", "weather", '{"town": "Ulm"}')

    served.models.scripted = ScriptedEngine(["It rains."])
    output: Any = [{"type": "function_call_output", "call_id": "call_1", "output": "rain"}]
    second = openai.responses.create(model="scripted", input=output, previous_response_id=first.id, tools=tools)
    assert second.output_text == "It rains."
    assert served.models.scripted.requests[-1][0] == (
        Message("user", "Weather in Ulm?"),
        Message("assistant", "", (call,)),
        Message("tool", "rain", tool_call_id="call_1"),
    )


def test_an_item_of_an_earlier_response_is_referred_to_by_its_id(served: World, openai: OpenAI) -> None:
    first = openai.responses.create(model="scripted", input="One?")
    again: Any = [{"type": "item_reference", "id": first.output[0].id}, {"role": "user", "content": "Again?"}]
    openai.responses.create(model="scripted", input=again, previous_response_id=first.id)
    assert isinstance(served.models.scripted, ScriptedEngine)
    texts = [message.content for message in served.models.scripted.requests[-1][0]]
    assert texts == ["One?", ANSWER, ANSWER, "Again?"]
    unknown: Any = [{"type": "item_reference", "id": "msg_0"}]
    with pytest.raises(NotFoundError, match="send the item itself"):
        openai.responses.create(model="scripted", input=unknown)


def test_the_text_of_a_file_is_read(served: World, openai: OpenAI) -> None:
    file = openai.files.create(file=("note.txt", b"The valve is red."), purpose="user_data")
    question: Any = [
        {
            "role": "user",
            "content": [
                {"type": "input_file", "file_id": file.id},
                {"type": "input_file", "file_data": "data:text/plain;base64,TGlkLg==", "filename": "lid.txt"},
                {"type": "input_text", "text": "What is red?"},
            ],
        }
    ]
    openai.responses.create(model="scripted", input=question)
    assert isinstance(served.models.scripted, ScriptedEngine)
    assert served.models.scripted.requests[-1][0] == (
        Message("user", "note.txt:\nThe valve is red.\n\nlid.txt:\nLid.\n\nWhat is red?"),
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]}, "input"),
        ({"tools": [{"name": "search"}]}, "tools"),
        ({"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"input": []}, "input"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "other"}}, "tools"),
        ({"background": True, "store": False}, None),
        ({"text": {"format": {"type": "json_schema"}}}, "text"),
        ({"input": [{"type": "compaction", "encrypted_content": "?"}]}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "data:,x"}]}]}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    client: TestClient, fields: dict[str, Any], param: str | None
) -> None:
    response = client.post("/v1/responses", json={"model": "scripted", "input": "Hi", **fields})
    named = response.json()["error"]["param"]
    assert (response.status_code, named and named.partition(".")[0]) == (400, param)


def test_a_response_is_stored_unless_it_is_not_to_be_and_deleted(openai: OpenAI) -> None:
    stored = openai.responses.create(model="docs/docs", input=QUESTION)
    assert openai.responses.retrieve(stored.id) == stored
    replayed = list(openai.responses.retrieve(stored.id, stream=True))
    assert replayed[-1].type == "response.completed"
    assert replayed[-1].response == stored
    openai.responses.delete(stored.id)
    for gone in (stored.id, openai.responses.create(model="scripted", input="Hi", store=False).id):
        with pytest.raises(NotFoundError):
            openai.responses.retrieve(gone)
        with pytest.raises(NotFoundError) as refused:
            openai.responses.create(model="scripted", input="Hi", previous_response_id=gone)
        assert refused.value.param == "previous_response_id"


def test_a_response_goes_with_a_document_that_it_or_one_before_it_has_read(served: World, openai: OpenAI) -> None:
    first = openai.responses.create(model="docs/docs", input=QUESTION)
    second = openai.responses.create(model="scripted", input="And?", previous_response_id=first.id)
    other = openai.responses.create(model="scripted", input="Hi")
    pump = next(file for file in served.services.library.files() if file.filename == "pump.txt")
    served.services.library.delete_file(pump.id)
    for gone in (first, second):
        with pytest.raises(NotFoundError):
            openai.responses.retrieve(gone.id)
    assert openai.responses.retrieve(other.id) == other
    home = served.settings.home
    left = [path.name for path in home.rglob("*") if path.is_file() and ANSWER.encode() in path.read_bytes()]
    assert left == ["library.db"]  # that of `other`, which has read no document


def test_a_response_expires_after_a_month(served: World, openai: OpenAI) -> None:
    response = openai.responses.create(model="scripted", input="Hi")
    created = int(response.created_at)
    served.services.expiry.sweep(created + 29 * SECONDS_PER_DAY)
    assert openai.responses.retrieve(response.id) == response
    served.services.expiry.sweep(created + 31 * SECONDS_PER_DAY)
    with pytest.raises(NotFoundError):
        openai.responses.retrieve(response.id)


def test_question_and_answer_go_into_a_conversation(served: World, openai: OpenAI) -> None:
    conversation = openai.conversations.create()
    openai.responses.create(model="docs/docs", input=QUESTION, conversation=conversation.id)
    asked = openai.responses.create(
        model="scripted", input="And?", conversation={"id": conversation.id}, instructions="Be brief."
    )
    assert asked.conversation is not None
    assert asked.conversation.id == conversation.id
    items = openai.conversations.items.list(conversation.id, order="asc")
    assert [getattr(item, "role", "") for item in items.data] == ["user", "assistant"] * 2
    assert isinstance(served.models.scripted, ScriptedEngine)
    assert served.models.scripted.requests[-1][0] == (
        Message("system", "Be brief."),
        Message("user", QUESTION),
        Message("assistant", ANSWER),
        Message("user", "And?"),
    )
    both: Any = [{"role": "user", "content": "One"}, {"role": "user", "content": "Two"}]
    with pytest.raises(BadRequestError, match="input is one question"):
        openai.responses.create(model="scripted", input=both, conversation=conversation.id)


class SlowEngine(ScriptedEngine):
    """Writes its text, and goes on only when it may; heartbeats come meanwhile."""

    def __init__(self) -> None:
        super().__init__([ANSWER])
        self.may_end = threading.Event()
        self.is_asked = threading.Event()

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
    ) -> Generator[Delta, None, None]:
        self.is_asked.set()
        while not self.may_end.wait(0.01):
            yield Delta("")
        yield from super().generate(messages, sampling, client=client, tools=tools)


@contextmanager
def slow(world: World) -> Generator[SlowEngine, None, None]:
    world.models.scripted = engine = SlowEngine()
    try:
        yield engine
    finally:
        engine.may_end.set()


def ended(client: OpenAI, response_id: str) -> Response:
    wait_for(lambda: client.responses.retrieve(response_id).status != "in_progress")
    return client.responses.retrieve(response_id)


def test_a_response_in_the_background_goes_on_without_its_client(served: World, openai: OpenAI) -> None:
    with slow(served) as engine:
        begun = openai.responses.create(model="scripted", input="Hi", background=True)
        assert (begun.status, begun.background) == ("in_progress", True)
        assert openai.responses.retrieve(begun.id).status == "in_progress"
        with pytest.raises(BadRequestError, match="in_progress; only one that is complete"):
            openai.responses.create(model="scripted", input="And?", previous_response_id=begun.id)
        engine.may_end.set()
        assert ended(openai, begun.id).output_text == ANSWER
    assert openai.responses.cancel(begun.id).status == "completed"


def test_a_response_in_the_background_is_followed_and_cancelled(served: World, openai: OpenAI) -> None:
    with slow(served):
        begun = openai.responses.create(model="scripted", input="Hi", background=True, stream=True)
        first = next(iter(begun))
        assert first.type == "response.created"
        begun.close()
        with openai.responses.retrieve(first.response.id, stream=True, starting_after=0) as stream:
            assert next(iter(stream)).type == "response.in_progress"
        assert openai.responses.cancel(first.response.id).status == "cancelled"
        assert openai.responses.retrieve(first.response.id).status == "cancelled"


def test_a_response_that_the_servers_end_has_cut_off_has_failed(tmp_path: Path) -> None:
    with make_world(tmp_path) as world, world.client() as client, slow(world) as engine:
        begun = client.post("/v1/responses", json={"model": "scripted", "input": "Hi", "background": True}).json()
        assert engine.is_asked.wait(10)
        body = world.services.library.response(begun["id"])
        client.post(f"/v1/responses/{begun['id']}/cancel")
        world.services.library.put_response(body, ())  # as a process that was killed leaves it
        shown = client.get(f"/v1/responses/{begun['id']}").json()
        assert (shown["status"], shown["error"]["code"]) == ("failed", "server_error")


def test_a_failure_in_the_background_is_told(served: World, openai: OpenAI) -> None:
    served.models.scripted = ScriptedEngine([RuntimeError("gone")])
    begun = openai.responses.create(model="scripted", input="Hi", background=True)
    failed = ended(openai, begun.id)
    assert failed.status == "failed"
    assert failed.error is not None


def test_only_what_is_made_in_the_background_is_cancelled(openai: OpenAI) -> None:
    response = openai.responses.create(model="scripted", input="Hi")
    with pytest.raises(BadRequestError, match="background"):
        openai.responses.cancel(response.id)


def test_tokens_of_the_input_are_counted(openai: OpenAI) -> None:
    short = openai.responses.input_tokens.count(model="scripted", input="Hi").input_tokens
    assert 0 < short < openai.responses.input_tokens.count(model="scripted", input="Hi there, you").input_tokens


def test_a_compacted_chat_is_sent_on(served: World, openai: OpenAI) -> None:
    chat: Any = [{"role": "user", "content": "One?"}, {"role": "assistant", "content": "One."}]
    compacted = openai.responses.compact(model="scripted", input=chat)
    assert [item.type for item in compacted.output] == ["message", "compaction"]
    sent: Any = [item.model_dump(exclude_none=True, warnings=False) for item in compacted.output]
    openai.responses.create(model="scripted", input=[*sent, {"role": "user", "content": "Two?"}])
    assert isinstance(served.models.scripted, ScriptedEngine)
    assert served.models.scripted.requests[-1][0] == (
        Message("user", "One?"),
        Message("system", f"Summary of the conversation so far:\n{ANSWER}"),
        Message("user", "Two?"),
    )
