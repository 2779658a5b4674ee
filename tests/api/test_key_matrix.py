"""Every route, and every id that a request can name: what is another's is as if it were not there.

The routes and the texts that requests have are read from the application. A new one fails here until it is judged.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.api.key_world import KeyWorld, make_key_world

KINDS = (
    "store",
    "store name",
    "docs model",
    "document",
    "file",
    "conversation",
    "question",
    "item",
    "batch",
    "response",
    "input item",
    "upload",
)
ABSENT = {
    "store": "vs_" + "0" * 24,
    "store name": "nobodys-7",
    "docs model": "docs/nobodys-7",
    "document": "file-" + "0" * 24,
    "file": "file-" + "0" * 24,
    "conversation": "conv_" + "0" * 24,
    "question": "msg_" + "0" * 24,
    "item": "msg_" + "0" * 24,
    "batch": "vsfb_" + "0" * 24,
    "response": "resp_" + "0" * 32,
    "upload": "upload_" + "0" * 32,
    "input item": "msg_" + "0" * 32,
}
ASK = {"messages": [{"role": "user", "content": "How often?"}]}
UPLOAD = {"files": {"file": ("new.txt", b"new")}, "data": {"purpose": "assistants"}}


@dataclass(frozen=True)
class Request:
    """A request that succeeds for the owner of the ids that it names in angle brackets, by kind."""

    json: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    is_admins: bool = False


STORE = {"store": "<store>"}
DOCUMENT = {"store": "<store>", "file_id": "<document>"}
BATCH = {"store": "<store>", "batch_id": "<batch>"}
RESPONSE = {"response": "<response>"}
INPUT_FILE = {
    "model": "scripted",
    "input": [{"role": "user", "content": [{"type": "input_file", "file_id": "<file>"}]}],
}
UPLOADED = {"upload_id": "<upload>"}
CONVERSATION = {"conversation": "<conversation>"}
ITEM = {"conversation": "<conversation>", "item": "<item>"}
PAGE = ("after", "before")
PARENT = {"conversation": "<conversation>", "parent": "<item>"}
ADD = {"items": [{"role": "user", "content": "More"}]}

JUDGED: dict[str, list[Request]] = {
    "POST /v1/files": [Request(other=UPLOAD)],
    "GET /v1/files": [Request(), *(Request(params={name: "<file>"}) for name in PAGE)],
    "GET /v1/files/{file_id}": [Request(path={"file_id": "<file>"})],
    "DELETE /v1/files/{file_id}": [Request(path={"file_id": "<document>"})],
    "GET /v1/files/{file_id}/content": [Request(path={"file_id": "<file>"})],
    "POST /v1/uploads": [
        Request(json={"filename": "a.txt", "bytes": 3, "mime_type": "text/plain", "purpose": "assistants"})
    ],
    "POST /v1/uploads/{upload_id}/parts": [Request(path=UPLOADED, other={"files": {"data": ("a", b"new")}})],
    "POST /v1/uploads/{upload_id}/complete": [Request(path=UPLOADED, json={"part_ids": []})],
    "POST /v1/uploads/{upload_id}/cancel": [Request(path=UPLOADED)],
    "POST /v1/vector_stores": [Request(json={}), Request(json={"file_ids": ["<file>"]})],
    "GET /v1/vector_stores": [Request(), *(Request(params={name: "<store>"}) for name in PAGE)],
    "GET /v1/vector_stores/{store}": [Request(path=STORE), Request(path={"store": "<store name>"})],
    "POST /v1/vector_stores/{store}": [Request(path=STORE, json={"rules": "Be brief."})],
    "DELETE /v1/vector_stores/{store}": [Request(path=STORE), Request(path={"store": "<store name>"})],
    "POST /v1/vector_stores/{store}/search": [
        Request(path=STORE, json={"query": "pump"}),
        Request(path={"store": "<store name>"}, json={"query": "pump"}),
    ],
    "POST /v1/vector_stores/{store}/files": [Request(path=STORE, json={"file_id": "<file>"})],
    "GET /v1/vector_stores/{store}/files": [
        Request(path=STORE),
        *(Request(path=STORE, params={name: "<document>"}) for name in PAGE),
    ],
    "GET /v1/vector_stores/{store}/files/{file_id}": [Request(path=DOCUMENT)],
    "POST /v1/vector_stores/{store}/files/{file_id}": [Request(path=DOCUMENT, json={"attributes": {"a": 1}})],
    "DELETE /v1/vector_stores/{store}/files/{file_id}": [Request(path=DOCUMENT)],
    "GET /v1/vector_stores/{store}/files/{file_id}/content": [Request(path=DOCUMENT)],
    "GET /v1/vector_stores/{store}/files/{file_id}/pages/{number}": [Request(path={**DOCUMENT, "number": "1"})],
    "GET /v1/vector_stores/{store}/files/{file_id}/pages/{number}/image": [Request(path={**DOCUMENT, "number": "1"})],
    "POST /v1/vector_stores/{store}/files/{file_id}/retry": [Request(path=DOCUMENT, json={})],
    **{
        f"POST /v1/vector_stores/{{store}}/files/{{file_id}}/{action}": [Request(path=DOCUMENT)]
        for action in ("pause", "resume", "cancel")
    },
    "GET /cite/{store}/{file_id}/{number}": [
        Request(path={**DOCUMENT, "number": "1"}, params={"start": "0", "end": "9"})
    ],
    "POST /v1/vector_stores/{store}/file_batches": [
        Request(path=STORE, json={"file_ids": ["<file>"]}),
        Request(path=STORE, json={"files": [{"file_id": "<file>"}]}),
    ],
    "GET /v1/vector_stores/{store}/file_batches/{batch_id}": [Request(path=BATCH)],
    "POST /v1/vector_stores/{store}/file_batches/{batch_id}/cancel": [Request(path=BATCH)],
    "GET /v1/vector_stores/{store}/file_batches/{batch_id}/files": [
        Request(path=BATCH),
        *(Request(path=BATCH, params={name: "<document>"}) for name in PAGE),
    ],
    "GET /v1/vector_stores/{store}/shares": [Request(path=STORE)],
    "POST /v1/vector_stores/{store}/shares": [Request(path=STORE, json={"principal": "boss"})],
    "DELETE /v1/vector_stores/{store}/shares/{principal}": [Request(path={**STORE, "principal": "boss"})],
    "GET /v1/principal": [Request()],
    "GET /v1/queue": [Request()],
    "GET /v1/queue/events": [Request()],
    "POST /v1/queue/pause": [Request(is_admins=True)],
    "POST /v1/queue/resume": [Request(is_admins=True)],
    "POST /v1/chat/completions": [
        Request(json={**ASK, "model": "scripted"}),
        Request(json={**ASK, "model": "<docs model>"}),
        Request(json={**ASK, "model": "docs/<store>"}),
        Request(json={**ASK, "model": "docs/<store>", "stream": True}),
        Request(json={**ASK, "model": "<docs model>", "pincite": {"collections": ["<store>"]}}),
        Request(json={**ASK, "model": "scripted", "pincite": {"conversation": "<conversation>"}}),
        Request(json={**ASK, "model": "scripted", "pincite": PARENT}),
        Request(json={**ASK, "model": "scripted", "pincite": {**PARENT, "parent": "<question>"}}),
    ],
    "POST /v1/completions": [Request(json={"model": "scripted", "prompt": "The pump"})],
    "POST /v1/embeddings": [Request(json={"model": "all-MiniLM-L6-v2", "input": "The pump"})],
    "POST /v1/responses": [
        Request(json={"model": "scripted", "input": "How often?"}),
        Request(json={"model": "scripted", "input": "How often?", "background": True}),
        Request(json={"model": "<docs model>", "input": "How often?"}),
        Request(json={"model": "docs/<store>", "input": "How often?", "stream": True}),
        Request(json={"model": "scripted", "input": "How often?", "previous_response_id": "<response>"}),
        Request(json={"model": "scripted", "input": "How often?", "conversation": "<conversation>"}),
        Request(json={"model": "scripted", "input": "How often?", "conversation": {"id": "<conversation>"}}),
        Request(
            json={
                "model": "scripted",
                "input": "How often?",
                "tools": [{"type": "file_search", "vector_store_ids": ["<store>"]}],
            }
        ),
        Request(json=INPUT_FILE),
    ],
    "POST /v1/responses/input_tokens": [
        Request(json={"model": "scripted", "input": "How often?", "previous_response_id": "<response>"}),
        Request(json=INPUT_FILE),
    ],
    "POST /v1/responses/compact": [
        Request(json={"model": "scripted", "input": "How often?", "previous_response_id": "<response>"}),
        Request(json=INPUT_FILE),
    ],
    "GET /v1/responses/{response}": [Request(path=RESPONSE), Request(path=RESPONSE, params={"stream": "true"})],
    "DELETE /v1/responses/{response}": [Request(path=RESPONSE)],
    "POST /v1/responses/{response}/cancel": [Request(path=RESPONSE)],
    "GET /v1/responses/{response}/input_items": [
        Request(path=RESPONSE),
        *(Request(path=RESPONSE, params={name: "<input item>"}) for name in PAGE),
    ],
    "POST /v1/conversations": [Request(json={})],
    "GET /v1/conversations": [Request(), *(Request(params={name: "<conversation>"}) for name in PAGE)],
    "GET /v1/conversations/{conversation}": [Request(path=CONVERSATION)],
    "POST /v1/conversations/{conversation}": [
        Request(path=CONVERSATION, json={"title": "New"}),
        Request(path=CONVERSATION, json={"current": "<question>"}),
    ],
    "DELETE /v1/conversations/{conversation}": [Request(path=CONVERSATION)],
    "GET /v1/conversations/{conversation}/items": [
        Request(path=CONVERSATION),
        *(Request(path=CONVERSATION, params={name: "<item>"}) for name in (*PAGE, "leaf")),
    ],
    "POST /v1/conversations/{conversation}/items": [
        Request(path=CONVERSATION, json=ADD),
        Request(path=CONVERSATION, json={**ADD, "parent": "<item>"}),
    ],
    "GET /v1/conversations/{conversation}/items/{item}": [Request(path=ITEM)],
    "DELETE /v1/conversations/{conversation}/items/{item}": [Request(path=ITEM)],
    "GET /v1/conversations/{conversation}/export": [
        Request(path=CONVERSATION, params={"format": name}) for name in ("markdown", "json")
    ],
    "POST /v1/conversations/{conversation}/items/{item}/replay": [Request(path=ITEM)],
    "GET /v1/models": [Request()],
    "GET /v1/models/{model}": [Request(path={"model": "scripted"}), Request(path={"model": "<docs model>"})],
    "POST /api/v1/models/load": [Request(json={"model": "scripted"}, is_admins=True)],
    "POST /api/v1/models/unload": [Request(json={"instance_id": "scripted"}, is_admins=True)],
    "GET /health/live": [Request()],
    "GET /health/ready": [Request()],
    "GET /metrics": [Request(is_admins=True)],
}
UNCOMPARED = {"date", "content-length", "x-request-id"}
"""Headers that differ between any two answers."""
OPEN = {"GET /health/live"}
REFUSED_FOR_ALL = {
    "POST /v1/uploads/{upload_id}/complete": (409,),  # without its parts
    "GET /v1/vector_stores/{store}/files/{file_id}/pages/{number}/image": (404,),  # a text has no picture
    "POST /v1/conversations/{conversation}/items/{item}/replay": (400,),  # its answer came from elsewhere
    "GET /health/ready": (200, 503),  # before and after everything is loaded
}
"""Requests that are refused for a reason of their own, once their ids are known."""
RESPONSE_TEXTS = {
    *("model", "input", "instructions", "text", "refusal", "file_data", "filename"),
    *("call_id", "name", "arguments", "output", "encrypted_content", "content", "id"),
}
NO_IDS = {
    "GET /cite/{store}/{file_id}/{number}": {"owner", "expires", "signature"},
    "POST /v1/files": {"file", "purpose"},
    "GET /v1/files": {"purpose", "order"},
    "POST /v1/uploads": {"filename", "mime_type"},
    "POST /v1/uploads/{upload_id}/parts": {"data"},
    "POST /v1/uploads/{upload_id}/complete": {"part_ids", "md5"},
    "POST /v1/vector_stores": {"name", "description"},
    "GET /v1/vector_stores": {"order"},
    "POST /v1/vector_stores/{store}": {"name", "description", "rules"},
    "POST /v1/vector_stores/{store}/search": {"query", "key", "value"},
    "POST /v1/vector_stores/{store}/files": {"password"},
    "GET /v1/vector_stores/{store}/files": {"order", "filter", "name"},
    "POST /v1/vector_stores/{store}/files/{file_id}/retry": {"password"},
    "GET /v1/vector_stores/{store}/file_batches/{batch_id}/files": {"order", "filter", "name"},
    "POST /v1/vector_stores/{store}/shares": {"principal", "access"},
    "DELETE /v1/vector_stores/{store}/shares/{principal}": {"principal"},
    "POST /v1/chat/completions": {
        *("content", "key", "messages", "name", "stop", "text", "user", "value"),
        *("arguments", "description", "id", "tool_call_id"),
    },
    "POST /v1/completions": {"model", "prompt", "stop", "user"},
    "POST /v1/embeddings": {"model", "input"},
    "POST /v1/responses": RESPONSE_TEXTS | {"include", "user", "name", "description"},
    "POST /v1/responses/input_tokens": RESPONSE_TEXTS,
    "POST /v1/responses/compact": RESPONSE_TEXTS,
    "GET /v1/responses/{response}": {"include[]"},
    "GET /v1/responses/{response}/input_items": {"order", "include[]"},
    "GET /v1/conversations": {"order", "query"},
    "POST /v1/conversations": {"title", "content", "text"},
    "POST /v1/conversations/{conversation}": {"title"},
    "GET /v1/conversations/{conversation}/items": {"order", "include[]"},
    "POST /v1/conversations/{conversation}/items": {"content", "text", "include[]"},
    "GET /v1/conversations/{conversation}/export": {"format"},
    "POST /api/v1/models/load": {"model"},
    "POST /api/v1/models/unload": {"instance_id"},
}
"""The texts in requests that name nothing that somebody owns; a model of its own is everybody's."""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyWorld]:
    with make_key_world(tmp_path_factory.mktemp("matrix") / "home") as made:
        yield made


def routes(keyed: KeyWorld) -> set[str]:
    paths = keyed.world.app.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def fill(part: Any, ids: Mapping[str, str]) -> Any:
    """Return a part of a request with the ids in place of their kinds."""
    if isinstance(part, str):
        return re.sub(r"<([a-z ]+)>", lambda match: ids[match[1]], part)
    if isinstance(part, list):
        return [fill(each, ids) for each in part]
    return {name: fill(value, ids) for name, value in part.items()} if isinstance(part, dict) else part


def kinds_of(request: Request) -> list[str]:
    return sorted(set(re.findall(r"<([a-z ]+)>", repr(request))))


def send(keyed: KeyWorld, who: str, route: str, request: Request, ids: Mapping[str, str]) -> Any:
    method, template = route.split(" ")
    path = template.format_map(fill(dict(request.path), ids))
    options = {**request.other, **({} if request.json is None else {"json": fill(request.json, ids)})}
    return keyed.send(who, method, path, params=fill(dict(request.params), ids), **options)


def describe(response: Any, ids: Mapping[str, str]) -> tuple[int, str, list[tuple[str, str]]]:
    """Return all that a response tells, with the kinds in place of the ids that were asked for."""
    text = response.text
    for kind, id_ in ids.items():
        text = text.replace(id_, f"<{kind}>")
    headers = [(name, value) for name, value in response.headers.items() if name not in UNCOMPARED]
    return response.status_code, text, headers


CASES = [(route, request) for route, requests in JUDGED.items() for request in requests]
NAMES = [f"{route} {kinds_of(request)}" for route, request in CASES]


def test_every_route_is_judged(keyed: KeyWorld) -> None:
    assert routes(keyed) == set(JUDGED)


def test_every_text_of_a_request_is_judged_an_id_or_not(keyed: KeyWorld) -> None:
    document, unjudged = keyed.world.app.openapi(), set[str]()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            route = f"{method.upper()} {path}"
            named = {name for request in JUDGED[route] for name in _names_with_ids(request)}
            texts = set(_texts(document, operation))
            unjudged |= {f"{route}: {name}" for name in texts - named - NO_IDS.get(route, set())}
    assert unjudged == set()


def _names_with_ids(request: Request) -> Iterator[str]:
    def visit(part: Any, name: str) -> Iterator[str]:
        if isinstance(part, dict):
            for key, value in part.items():
                yield from visit(value, key)
        elif isinstance(part, list):
            for value in part:
                yield from visit(value, name)
        elif isinstance(part, str) and "<" in part:
            yield name

    for part in (request.json, dict(request.params), dict(request.path)):
        yield from visit(part, "")


def _texts(document: Any, operation: Any) -> Iterator[str]:
    """Yield the names of the parameters and fields of a request whose value may be a text, or a list of texts."""
    for parameter in operation.get("parameters", []):
        if _is_text(document, parameter["schema"]):
            yield parameter["name"]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from _text_fields(document, content["schema"], set())


def _text_fields(document: Any, schema: Any, seen: set[str]) -> Iterator[str]:
    if (reference := schema.get("$ref")) is not None:
        if reference in seen or reference.endswith(("Comparison", "Compound")):  # filters select in one collection
            return
        seen.add(reference)
        yield from _text_fields(document, _resolve(document, schema), seen)
        return
    for name, field_schema in schema.get("properties", {}).items():
        if _is_text(document, field_schema):
            yield name
        yield from _text_fields(document, field_schema, seen)
    for option in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from _text_fields(document, option, seen)


def _is_text(document: Any, schema: Any) -> bool:
    schema = _resolve(document, schema)
    if "const" in schema or "enum" in schema:
        return False
    parts = (*schema.get("anyOf", ()), *([schema["items"]] if isinstance(schema.get("items"), dict) else ()))
    return schema.get("type") == "string" or any(_is_text(document, part) for part in parts)


def _resolve(document: Any, schema: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


@pytest.mark.parametrize(("route", "request_"), CASES, ids=NAMES)
def test_what_is_anothers_is_as_if_it_were_not_there(keyed: KeyWorld, route: str, request_: Request) -> None:
    own, foreign = keyed.settle("anna").ids, keyed.settle("ben").ids
    before = keyed.look("ben")
    for kind in kinds_of(request_):
        for who in ("anna", "boss", "settings"):
            mixed, absent = {**own, kind: foreign[kind]}, {**own, kind: ABSENT[kind]}
            answer = describe(send(keyed, who, route, request_, mixed), mixed)
            assert answer == describe(send(keyed, who, route, request_, absent), absent), (kind, who)
            assert answer[0] == 404, (kind, who)
    assert keyed.look("ben") == before


@pytest.mark.parametrize(("route", "request_"), CASES, ids=NAMES)
def test_what_is_ones_own_is_there(keyed: KeyWorld, route: str, request_: Request) -> None:
    own = keyed.settle("boss").ids
    if route == "DELETE /v1/vector_stores/{store}/shares/{principal}":
        keyed.send("boss", "POST", f"/v1/vector_stores/{own['store']}/shares", json={"principal": "anna"})
        request_ = Request(path={**STORE, "principal": "anna"})
    keyed.cancel_queued("boss")  # the events of the queue end when it is empty
    status = send(keyed, "boss", route, request_, own).status_code
    assert status in REFUSED_FOR_ALL.get(route, (200,))


@pytest.mark.parametrize(("route", "request_"), CASES, ids=NAMES)
def test_without_a_valid_key_no_route_tells_anything(keyed: KeyWorld, route: str, request_: Request) -> None:
    estate = keyed.settle("anna")
    before = keyed.look("anna")
    method, template = route.split(" ")
    path = template.format_map(fill(dict(request_.path), estate.ids))
    without = keyed.client.request(method, path, params=fill(dict(request_.params), estate.ids))
    answers = [describe(without, {})]
    answers += [describe(send(keyed, who, route, request_, estate.ids), {}) for who in ("bad", "revoked")]
    assert {status for status, _, _ in answers} == ({200} if route in OPEN else {401})
    assert all(answer == answers[0] for answer in answers)
    assert keyed.look("anna") == before


@pytest.mark.parametrize(("route", "request_"), [case for case in CASES if case[1].is_admins])
def test_what_is_the_servers_is_the_administrators(keyed: KeyWorld, route: str, request_: Request) -> None:
    refused = send(keyed, "anna", route, request_, {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "administrator_only")
    assert [send(keyed, who, route, request_, {}).status_code for who in ("boss", "settings")] == [200, 200]
