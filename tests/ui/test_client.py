"""The client against a server on a real port."""

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest

from tests.ui.fake_api import FakeApi, basis, chunk, scripted_answer
from ui.api_types import (
    Basis,
    ChatRequest,
    CheckedSentence,
    DocumentCounts,
    Finished,
    ListPage,
    OverviewProgress,
    SentenceVerdict,
    TextDelta,
)
from ui.client import MAX_PAGE_SIZE, ApiClient
from ui.errors import (
    ApiRefusedError,
    ApiUnreachableError,
    ConnectionLostError,
    KeyRefusedError,
    UiError,
    UnexpectedAnswerError,
)

QUESTION = ChatRequest("default", "How heavy is it?", "conv_1", parent="conv_1")


@pytest.fixture
def client(api: FakeApi) -> Iterator[ApiClient]:
    with closing(ApiClient(api.url)) as client:
        assert client.create_chat().id == QUESTION.conversation
        yield client


def test_an_upload_is_a_document_of_its_collection(api: FakeApi, client: ApiClient) -> None:
    entry = client.upload_document("vs-1", "präsentation.pdf", io.BytesIO(b"%PDF"))
    assert (entry.filename, entry.status, entry.pages) == ("präsentation.pdf", "completed", 15)
    assert client.list_documents("vs-1", 20) == ListPage((entry,), has_more=False, last_id=entry.id)


def test_the_servers_reason_for_a_refusal_reaches_the_user(client: ApiClient) -> None:
    with pytest.raises(ApiRefusedError, match=r"^Empty\.pdf is an empty file \(0 bytes\)$") as caught:
        client.upload_document("vs-1", "empty.pdf", io.BytesIO(b""))
    assert (caught.value.status, caught.value.code) == (400, "empty_file")


def test_models_are_those_that_are_not_collections(client: ApiClient) -> None:
    assert client.list_models() == ["smollm2-135m-instruct"]


def test_collections_come_by_name(api: FakeApi, client: ApiClient) -> None:
    client.create_collection("Archive")
    assert [collection.name for collection in client.list_collections()] == ["Archive", "default"]


def test_all_collections_are_read_page_by_page(api: FakeApi, client: ApiClient) -> None:
    api.stores = {f"vs-{number}": f"collection {number:04}" for number in range(MAX_PAGE_SIZE + 1)}
    assert [collection.name for collection in client.list_collections()] == sorted(api.stores.values())


def test_a_collection_counts_its_documents(api: FakeApi, client: ApiClient) -> None:
    api.add_document("file-1", "a.pdf")
    api.add_document("file-2", "b.pdf", status="in_progress")
    api.add_document("file-3", "c.pdf", status="failed")
    assert client.fetch_collection("vs-1").file_counts == DocumentCounts(total=3, completed=1, in_progress=1)


def test_the_newest_documents_come_first_and_the_rest_is_left_out(api: FakeApi, client: ApiClient) -> None:
    for number in range(5):
        api.add_document(f"file-{number}", f"{number}.pdf")
    page = client.list_documents("vs-1", 3)
    assert ([entry.filename for entry in page.data], page.has_more) == (["4.pdf", "3.pdf", "2.pdf"], True)


def test_chats_without_a_question_are_left_out_and_replaced_by_older_ones(api: FakeApi, client: ApiClient) -> None:
    old, new = api.stored.add("old"), api.stored.add("new")
    for _ in range(4):
        client.create_chat()
    page = client.list_chats(2)
    assert ([chat.id for chat in page.data], page.has_more) == ([new, old], False)
    assert client.list_chats(1).has_more


def test_deleting_a_document_deletes_its_file_only_when_no_other_collection_has_it(
    api: FakeApi, client: ApiClient
) -> None:
    api.stores["vs-2"] = "other"
    api.add_document("file-1", "a.pdf", "vs-1")
    api.add_document("file-1", "a.pdf", "vs-2")
    client.delete_document("vs-1", "file-1")
    assert "file-1" in api.files
    client.delete_document("vs-2", "file-1")
    assert "file-1" not in api.files


def test_pages_come_as_picture_and_as_text(api: FakeApi, client: ApiClient) -> None:
    assert client.fetch_page_image("vs-1", "file-1", 5, start=0, end=3).startswith(b"\x89PNG")
    assert client.fetch_page_text("vs-1", "file-1", 5).text.startswith("The brakes")


def test_a_key_is_sent_and_a_missing_one_is_explained(api: FakeApi) -> None:
    api.key = "secret"
    with closing(ApiClient(api.url)) as client, pytest.raises(KeyRefusedError, match="Sign in with a key"):
        client.list_models()
    with closing(ApiClient(api.url, api_key="secret")) as client:
        assert client.list_models() == ["smollm2-135m-instruct"]


def test_an_unreachable_server_is_named() -> None:
    client = ApiClient("http://127.0.0.1:9")
    with pytest.raises(ApiUnreachableError, match="pincite serve"):
        client.list_collections()
    with pytest.raises(ApiUnreachableError, match=r"127\.0\.0\.1:9"):
        list(client.stream_answer(QUESTION).events())


def test_another_server_is_recognised(api: FakeApi) -> None:
    with (
        closing(ApiClient(f"{api.url}/elsewhere")) as client,
        pytest.raises(UnexpectedAnswerError, match="PINCITE_API_URL"),
    ):
        client.list_collections()


def test_an_answer_comes_as_basis_text_and_end(api: FakeApi, client: ApiClient) -> None:
    first, *deltas, last = client.stream_answer(QUESTION).events()
    assert first == msgspec.convert(basis(), Basis)
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == "It weighs 15.9 kg [1]."
    assert isinstance(last, Finished)
    assert (last.citations[0].verdict, last.citations[0].page, last.finish_reason) == ("supported", 5, "stop")
    assert last.details.timings is not None
    assert api.chats == [
        {
            "model": "docs/default",
            "messages": [{"role": "user", "content": "How heavy is it?"}],
            "stream": True,
            "user": None,
            "pincite": {
                "model": None,
                "mode": "auto",
                "style": "auto",
                "collections": [],
                "conversation": "conv_1",
                "parent": "conv_1",
                "sources": "none",
            },
        }
    ]


def test_progress_and_verified_sentences_come_in_between(api: FakeApi, client: ApiClient) -> None:
    progress = {"done": 1, "total": 3, "doing": "Reading a.pdf", "found": "E07"}
    sentence = {"start": 0, "end": 10, "verdict": "partly", "reasons": ["a number differs"]}
    progress_chunks = [
        chunk({}, pincite={"progress": progress}),
        chunk({}, pincite={"checked": {"sentence": sentence}}),
    ]
    api.script[1:1] = progress_chunks
    events = list(client.stream_answer(QUESTION).events())
    assert events[1:3] == [
        OverviewProgress(1, 3, "Reading a.pdf", "E07"),
        CheckedSentence(SentenceVerdict(0, 10, "partly", ("a number differs",))),
    ]


def test_stored_chats_are_listed_renamed_exported_and_deleted(api: FakeApi, client: ApiClient) -> None:
    first, second = api.stored.add("How heavy?"), api.stored.add("How long?")
    assert [chat.id for chat in client.list_chats(9).data] == [second, first]
    assert [chat.id for chat in client.list_chats(9, "heavy").data] == [first]
    client.rename_chat(first, "Weights")
    assert client.fetch_chat(first).title == "Weights"
    assert client.export_chat(first, "markdown") == b"# Weights"
    client.delete_chat(first)
    assert [chat.id for chat in client.list_chats(9).data] == [second]
    with pytest.raises(ApiRefusedError, match="no such conversation"):
        client.list_items(first)


def test_a_refusal_before_the_answer_is_the_servers_own(api: FakeApi, client: ApiClient) -> None:
    api.refusal = (429, "32 requests wait for the model already", "engine_busy")
    with pytest.raises(ApiRefusedError, match="32 requests wait"):
        list(client.stream_answer(QUESTION).events())


def test_signs_of_life_and_long_events_are_read_as_the_standard_says(api: FakeApi, client: ApiClient) -> None:
    end = json.dumps(scripted_answer()[-1], indent=1)
    api.script = [
        ": still at work\n\n",
        *scripted_answer()[:2],
        ":\n\n",
        *(f"data: {line}\r\n" for line in end.splitlines()),
    ]
    api.script.append("\r\n")
    _, delta, finished = client.stream_answer(QUESTION).events()
    assert delta == TextDelta("It")
    assert isinstance(finished, Finished)


def test_a_page_instead_of_a_stream_is_another_server(api: FakeApi, client: ApiClient) -> None:
    api.media_type = "text/html"
    assert_ends_with(client, UnexpectedAnswerError, "PINCITE_API_URL")


def test_an_error_inside_the_stream_ends_it(api: FakeApi, client: ApiClient) -> None:
    error = {"message": "the model stopped unexpectedly", "type": "server_error", "code": "engine_crashed"}
    api.script = [*scripted_answer()[:2], {"error": error}]
    assert_ends_with(client, ApiRefusedError, "The model stopped unexpectedly")


def test_a_stream_that_breaks_off_is_not_taken_for_complete(api: FakeApi, client: ApiClient) -> None:
    api.script, api.sends_done = scripted_answer()[:2], False
    assert_ends_with(client, ConnectionLostError, "connection")


@pytest.mark.parametrize(
    "script",
    [[30.0], [chunk({"role": "assistant"}, pincite=basis()), 30.0]],
    ids=["before the first event", "between two events"],
)
def test_closing_ends_a_waiting_stream_at_once_and_the_server_notices(
    api: FakeApi, client: ApiClient, script: list[object]
) -> None:
    api.script = script
    stream = client.stream_answer(QUESTION)
    reader = threading.Thread(target=lambda: list(stream.events()), daemon=True)
    reader.start()
    while not api.chats:
        time.sleep(0.01)
    time.sleep(0.1)
    began = time.monotonic()
    stream.close()
    reader.join(timeout=5)
    assert not reader.is_alive()
    assert api.client_left.wait(2)
    assert time.monotonic() - began < 2


def test_a_stream_that_was_closed_before_it_began_says_nothing(client: ApiClient) -> None:
    stream = client.stream_answer(QUESTION)
    stream.close()
    assert list(stream.events()) == []


def assert_ends_with(client: ApiClient, kind: type[UiError], words: str) -> None:
    with pytest.raises(kind, match=words):
        list(client.stream_answer(QUESTION).events())
