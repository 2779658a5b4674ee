"""`/v1/conversations`: what is stored of a chat, its branches, search, export and replay."""

import itertools
import json
import time
from collections.abc import Generator, Sequence
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from rag.engines.types import Delta, Message, Sampling, ToolUse
from rag.errors import EngineCrashedError
from tests.api.world import PUMP, World, events_of, wait_for
from tests.fakes import Script, ScriptedEngine

BASE = "/v1/conversations"
CHAT = "/v1/chat/completions"
ASKED = "How often is the pump oiled?"
ANSWER = ["The pump is oiled ", "every 3 months [3]", "."]


def create(client: TestClient, **fields: Any) -> str:
    return str(client.post(BASE, json=fields).json()["id"])


def ask(client: TestClient, conversation: str, text: str = ASKED, *, model: str = "docs/docs", **fields: Any) -> Any:
    parent = {"parent": fields.pop("parent")} if "parent" in fields else {}
    options = {"conversation": conversation, "style": "written", **parent}
    body = {"model": model, "messages": [{"role": "user", "content": text}], "pincite": options, **fields}
    return client.post(CHAT, json=body)


def items(client: TestClient, conversation: str, **params: str) -> list[Any]:
    return list(client.get(f"{BASE}/{conversation}/items", params={"order": "asc", **params}).json()["data"])


def texts(client: TestClient, conversation: str, **params: str) -> list[str]:
    return [item["content"][0]["text"] for item in items(client, conversation, **params)]


def pins(annotations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what both shapes of a citation say: that of chat completions, and that of stored items."""
    return [
        {name: value for name, value in each.items() if name not in ("type", "index", "url_citation")}
        for each in annotations
    ]


def test_an_answer_is_stored_with_all_that_came_with_it(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(ANSWER)
    conversation = create(client)
    whole = ask(client, conversation, seed=7, temperature=0.5).json()
    question, answer = items(client, conversation)
    message, told = whole["choices"][0]["message"], whole["pincite"]
    assert (told["conversation"], told["question"], told["answer"]) == (conversation, question["id"], answer["id"])
    assert question["content"] == [{"type": "input_text", "text": ASKED}]
    content = answer["content"][0]
    assert (content["type"], content["text"], answer["status"]) == ("output_text", message["content"], "completed")
    assert [each["type"] for each in content["annotations"]] == ["file_citation"]
    shown = [{**pin, "source_state": "unchanged"} for pin in pins(message["annotations"])]
    assert pins(content["annotations"]) == shown
    stored = answer["pincite"]
    for name in ("mode", "reason", "sentences", "timings", "model"):
        assert stored[name] == told[name], name
    assert stored["evidence"] == [{**quote, "source_state": "unchanged"} for quote in told["evidence"]]
    assert stored["usage"] == whole["usage"]
    assert stored["request"]["sampling"]["seed"] == 7
    known = stored["circumstances"]
    assert (known["model"]["id"], known["vector_stores"][0]["name"]) == ("scripted", "docs")
    assert known["vector_stores"][0]["passport"]["model"]
    assert "path" not in known["model"]
    assert client.get(f"{BASE}/{conversation}").json()["title"] == ASKED


def test_a_streamed_answer_names_its_items_in_the_last_event(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(ANSWER)
    conversation = create(client)
    *_, last, _done = events_of(ask(client, conversation, stream=True).text)
    told = last["pincite"]
    ids = [item["id"] for item in items(client, conversation)]
    assert [told["question"], told["answer"]] == ids


def test_the_history_comes_from_the_store(world: World, client: TestClient) -> None:
    engine = world.models.scripted = ScriptedEngine(["Yes", "."])
    rules = {"type": "message", "role": "developer", "content": "Be brief."}
    conversation = create(client, items=[rules])
    ask(client, conversation, model="scripted")
    ask(client, conversation, "And the valve?", model="scripted")
    assert engine.requests[-1][0] == (
        Message("system", "Be brief."),
        Message("user", ASKED),
        Message("assistant", "Yes."),
        Message("user", "And the valve?"),
    )


def numbered() -> ScriptedEngine:
    """An engine whose answers can be told apart."""
    count = iter(range(100))

    def say(_: Sequence[Message]) -> Script:
        return [f"Answer {next(count)}."]

    return ScriptedEngine(say)


def test_answers_are_written_again_questions_edited_and_branches_chosen(world: World, client: TestClient) -> None:
    world.models.scripted = numbered()
    conversation = create(client)
    first = ask(client, conversation, model="scripted").json()["pincite"]
    again = ask(client, conversation, model="scripted", parent=first["question"]).json()["pincite"]
    assert again["question"] == first["question"]
    ask(client, conversation, "Edited?", model="scripted", parent=conversation)
    assert texts(client, conversation) == ["Edited?", "Answer 2."]
    assert texts(client, conversation, leaf=first["answer"]) == [ASKED, "Answer 0."]
    chosen = client.post(f"{BASE}/{conversation}", json={"current": first["question"]}).json()
    assert chosen["current"] == again["answer"]
    question, answer = items(client, conversation)
    assert answer["versions"] == [first["answer"], again["answer"]]
    assert len(question["versions"]) == 2
    client.delete(f"{BASE}/{conversation}/items/{again['answer']}")
    assert texts(client, conversation) == [ASKED, "Answer 0."]


def test_only_the_question_is_sent_and_it_fits_its_place(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine()
    conversation = create(client)
    two = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    told = ask(client, conversation).json()["pincite"]
    refused = [
        ask(client, conversation, messages=two),
        ask(client, conversation, messages=[{"role": "system", "content": "Be brief."}]),
        ask(client, conversation, n=2),
        ask(client, conversation, "Another?", parent=told["question"]),
        client.post(CHAT, json={"model": "docs/docs", "messages": two[:1], "pincite": {"parent": "msg_1"}}),
    ]
    errors = [(response.status_code, response.json()["error"]["param"]) for response in refused]
    assert errors == [(400, "messages"), (400, "messages"), (400, "n"), (400, "messages"), (400, "pincite.parent")]
    assert "send that question itself" in refused[3].json()["error"]["message"]
    missing = [ask(client, "conv_none"), ask(client, conversation, parent="msg_none")]
    codes = [(response.status_code, response.json()["error"]["code"]) for response in missing]
    assert codes == [(404, "conversation_not_found"), (404, "item_not_found")]


def test_drawn_answers_get_a_seed_so_that_they_can_be_repeated(world: World, client: TestClient) -> None:
    engine = world.models.scripted = ScriptedEngine()
    conversation = create(client)
    told = ask(client, conversation, temperature=1.0).json()["pincite"]
    item = client.get(f"{BASE}/{conversation}/items/{told['answer']}").json()
    assert item["pincite"]["request"]["sampling"]["seed"] == engine.requests[0][1].seed
    assert engine.requests[0][1].seed is not None
    assert client.post(f"{BASE}/{conversation}/items/{told['answer']}/replay").json()["changes"] == []


def test_what_the_model_said_before_it_failed_is_kept(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(["It is", EngineCrashedError(model="scripted", how="signal 9")])
    conversation = create(client)
    assert ask(client, conversation).status_code == 503
    _, answer = items(client, conversation)
    assert (answer["status"], answer["content"][0]["text"]) == ("incomplete", "It is")
    assert (answer["pincite"]["status"], "signal 9" in answer["pincite"]["error"]) == ("failed", True)


def test_what_was_said_until_the_client_left_is_kept(world: World) -> None:
    class SlowEngine(ScriptedEngine):
        def generate(
            self, messages: Sequence[Message], sampling: Sampling, *, client: str = "", tools: ToolUse | None = None
        ) -> Generator[Delta, None, None]:
            for number in itertools.count():
                yield Delta(f"{number} ")
                time.sleep(0.01)

    world.models.scripted = SlowEngine()
    with world.live() as server, httpx.Client(base_url=server.url, trust_env=False) as http:
        conversation = http.post(BASE, json={}).json()["id"]
        body = {"model": "scripted", "messages": [{"role": "user", "content": ASKED}], "stream": True}
        with http.stream("POST", CHAT, json={**body, "pincite": {"conversation": conversation}}) as response:
            next(response.iter_lines())
        wait_for(lambda: world.services.library.conversation(conversation).turns)
        question, answer = world.services.conversations.path(conversation)
    assert (question.text, answer.status, answer.text[:2]) == (ASKED, "stopped", "0 ")


def test_a_replay_says_whether_the_text_is_the_same_and_what_changed(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(ANSWER)
    conversation = create(client)
    told = ask(client, conversation).json()["pincite"]
    url = f"{BASE}/{conversation}/items/{told['answer']}/replay"
    same = client.post(url).json()
    assert (same["same"], same["changes"], same["first_difference"]) == (True, [], None)
    world.add("pump.txt", PUMP.replace("3", "4"))
    world.models.scripted = ScriptedEngine(["The pump is oiled ", "every 4 months [3]", "."])
    other = client.post(url).json()
    assert (other["same"], other["before"][:1], other["now"][:1]) == (False, "3", "4")
    assert {"about": "documents", "what": "pump.txt was changed"} in other["changes"]
    client.delete("/v1/vector_stores/docs")
    gone = client.post(url).json()
    assert (gone["same"], "no collection" in gone["problem"]) == (False, True)
    question = client.post(f"{BASE}/{conversation}/items/{told['question']}/replay")
    assert (question.status_code, question.json()["error"]["code"]) == (400, "invalid_question")
    assert len(items(client, conversation)) == 2


def test_a_conversation_can_be_read_without_its_documents(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(ANSWER)
    conversation = create(client)
    ask(client, conversation)
    client.delete("/v1/vector_stores/docs")
    (annotation, *_) = items(client, conversation)[1]["content"][0]["annotations"]
    assert (annotation["source_state"], annotation["quote"], annotation["filename"]) == ("removed", "", "pump.txt")
    assert client.get(f"{BASE}/{conversation}/export").status_code == 200


def test_exports_have_the_citations(world: World, client: TestClient) -> None:
    world.models.scripted = ScriptedEngine(ANSWER)
    conversation = create(client, title="Oil")
    told = ask(client, conversation).json()["pincite"]
    ask(client, conversation, parent=told["question"])
    markdown = client.get(f"{BASE}/{conversation}/export")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "# Oil" in markdown.text
    assert "> The pump is oiled every 3 months." in markdown.text
    exported = client.get(f"{BASE}/{conversation}/export", params={"format": "json"}).json()
    assert len(exported["items"]) == 3
    assert exported["path"] == [item["id"] for item in items(client, conversation)]
    assert exported["items"][1]["content"][0]["annotations"][0]["quote"] == "The pump is oiled every 3 months."
    assert client.get(f"{BASE}/{conversation}/export", params={"format": "pdf"}).status_code == 400


def test_conversations_are_listed_searched_renamed_and_deleted(client: TestClient) -> None:
    ids = [create(client, items=[{"role": "user", "content": f"{word} please"}]) for word in ("pumps", "valves")]
    listed = client.get(BASE, params={"limit": 1}).json()
    assert (listed["data"][0]["id"], listed["has_more"]) == (ids[1], True)
    assert [each["id"] for each in client.get(BASE, params={"after": ids[1]}).json()["data"]] == [ids[0]]
    assert [each["id"] for each in client.get(BASE, params={"query": "PUMP"}).json()["data"]] == [ids[0]]
    renamed = client.post(f"{BASE}/{ids[0]}", json={"title": " Oil\tand  water ", "metadata": {"ward": "3"}}).json()
    assert (renamed["title"], renamed["metadata"]) == ("Oiland water", {"ward": "3"})
    assert client.delete(f"{BASE}/{ids[0]}").json()["deleted"]
    assert client.get(f"{BASE}/{ids[0]}").status_code == 404
    assert [each["id"] for each in client.get(BASE).json()["data"]] == [ids[1]]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"metadata": {"a": 1}}),
        ("", {"metadata": {str(number): "" for number in range(17)}}),
        ("", {"title": "x" * 201}),
        ("", {"items": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}),
        ("", {"items": [{"role": "user", "content": "x"}] * 21}),
        ("", {"unknown": 1}),
        ("/items", {"items": []}),
        ("", {"title": "\ud800"}),
    ],
)
def test_what_cannot_be_is_refused_by_name(client: TestClient, path: str, body: dict[str, Any]) -> None:
    url = f"{BASE}/{create(client)}{path}"
    headers = {"content-type": "application/json"}
    for target in {BASE, url} if not path else {url}:
        response = client.post(target, content=json.dumps(body), headers=headers)
        if target == BASE or "items" not in body or path:
            assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
            assert response.json()["error"]["param"]


def test_items_that_were_written_elsewhere_are_added(client: TestClient) -> None:
    conversation = create(client)
    parts = [{"type": "output_text", "text": "Every 3 months.", "annotations": []}]
    added = client.post(
        f"{BASE}/{conversation}/items",
        json={"items": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": parts}]},
    ).json()
    assert [item["role"] for item in added["data"]] == ["user", "assistant"]
    assert "pincite" not in added["data"][1]
    assert texts(client, conversation) == [ASKED, "Every 3 months."]
    below = {"items": [{"role": "assistant", "content": "Monthly."}], "parent": added["first_id"]}
    client.post(f"{BASE}/{conversation}/items", json=below)
    assert texts(client, conversation) == [ASKED, "Monthly."]
