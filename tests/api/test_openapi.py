"""`/openapi.json` is valid, complete, and true: what the server answers has the shape that it describes."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from ingest.storage import shares
from tests.api.world import DRILL, LUNCH, PUMP, World, events_of, make_world
from tests.fakes import ScriptedEngine

ANSWER = ["It is oiled ", "every 3 months [3]", ". It weighs 5 kg."]
NOT_JSON = {
    "GET /v1/vector_stores/{store}/files/{file_id}/pages/{number}/image",
    "GET /cite/{store}/{file_id}/{number}",
}
"""Routes for people's eyes: a picture, which needs a parser process, and a page."""

Schema = Mapping[str, Any]


@contextmanager
def two_documents(home: Path) -> Iterator[World]:
    """Yield an application whose collection `docs` has two documents."""
    with make_world(home) as world:
        world.add("pump.txt", PUMP)
        world.add("house.txt", LUNCH, DRILL)
        yield world


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with two_documents(tmp_path_factory.mktemp("openapi") / "home") as world:
        yield world


@pytest.fixture(scope="module")
def document(served: World) -> Schema:
    return json.loads(json.dumps(served.app.openapi()))  # type: ignore[no-any-return]


def operations(document: Schema) -> Iterator[tuple[str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(part: Any) -> Iterator[str]:
    """Yield every reference in a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for child in part:
            yield from references(child)


def closed(part: Any) -> Any:
    """Return a schema that also refuses fields that it does not name."""
    if isinstance(part, list):
        return [closed(child) for child in part]
    if not isinstance(part, dict):
        return part
    copy = {name: closed(child) for name, child in part.items()}
    if isinstance(part.get("properties"), dict) and part.get("type") == "object":
        copy.setdefault("additionalProperties", False)
    return copy


def validator(document: Schema, schema: Schema, *, is_closed: bool = True) -> Draft202012Validator:
    whole = {**schema, "components": {"schemas": document["components"]["schemas"]}}
    return Draft202012Validator(closed(whole) if is_closed else whole)


def test_the_document_is_openapi_3_1(document: Schema) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPI.model_validate(document)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) == names
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)


def test_every_parameter_of_a_path_is_declared(document: Schema) -> None:
    for route, operation in operations(document):
        declared = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", route)), route


def test_every_route_and_field_group_has_a_description(document: Schema) -> None:
    assert [route for route, operation in operations(document) if not operation.get("description")] == []
    schemas = document["components"]["schemas"]
    assert [name for name, schema in schemas.items() if not schema.get("description") and name[:5] != "Body_"] == []
    tags = {tag["name"] for tag in document["tags"]}
    assert {operation["tags"][0] for _, operation in operations(document)} == tags


def test_every_route_has_the_shape_of_its_answer_and_of_its_errors(document: Schema) -> None:
    for route, operation in operations(document):
        responses = operation["responses"]
        schemas = [content.get("schema") for content in responses["200"]["content"].values()]
        assert schemas, route
        assert all(schemas), route
        errors = [response for status, response in responses.items() if status[0] in "45"]
        assert {"4XX", "5XX"} <= set(responses), route
        for response in errors:
            if set(response["content"]) == set(responses["200"]["content"]) == {"text/html"}:
                continue
            if response["content"]["application/json"]["schema"]["$ref"].endswith("/ReadinessObject"):
                continue
            assert response["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorResponse"), route


def test_every_example_obeys_its_schema(document: Schema) -> None:
    examples = [
        (name, schema, example)
        for name, schema in document["components"]["schemas"].items()
        for example in schema.get("examples", [])
    ]
    assert len(examples) >= 8
    for name, schema, example in examples:
        assert list(validator(document, schema).iter_errors(example)) == [], name


QUESTION: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
FORMAT = {"name": "x", "schema": {}}


EQUAL = {"type": "eq", "key": "year", "value": 2026}
VALID_FILTERS: list[dict[str, Any]] = [
    EQUAL,
    {"type": "in", "key": "year", "value": [2026, "x", True]},
    {"type": "nin", "key": "filename", "value": ["a.txt"]},
    {"type": "gte", "key": "created_at", "value": 5},
    {"type": "glob", "key": "source", "value": "*.txt"},
    {"type": "and", "filters": [EQUAL, {"type": "or", "filters": [EQUAL]}]},
]
INVALID_FILTERS: list[dict[str, Any]] = [
    {**EQUAL, "key": ""},
    {**EQUAL, "key": "x" * 65},
    {**EQUAL, "value": [1]},
    {**EQUAL, "value": None},
    {**EQUAL, "value": 2**53 + 2},
    {**EQUAL, "value": "x" * 4_097},
    {**EQUAL, "more": 1},
    {**EQUAL, "type": "like"},
    {"type": "in", "key": "year", "value": 2026},
    {"type": "gt", "key": "year", "value": True},
    {"type": "glob", "key": "year", "value": 1},
    {"type": "glob", "key": "pages", "value": "1*"},
    {"type": "eq", "key": "pages", "value": "1"},
    {"type": "in", "key": "pages", "value": [1, "1"]},
    {"type": "eq", "key": "filename", "value": 1},
    {"type": "and", "filters": []},
    {"type": "and", "filters": [{**EQUAL, "key": ""}]},
]


BODIES: list[tuple[str, dict[str, Any], bool]] = [
    ("/v1/vector_stores", {"name": "Zwei Pläne"}, True),
    ("/v1/vector_stores", {"name": "報告\U000e2fff"}, True),
    ("/v1/vector_stores", {"name": "two\nlines"}, False),
    ("/v1/vector_stores", {"name": "a/b"}, True),
    ("/v1/vector_stores", {"name": " "}, False),
    ("/v1/vector_stores", {"name": "x" + " " * 256}, False),
    ("/v1/vector_stores", {"name": "three", "metadata": {"a": 1}}, False),
    ("/v1/vector_stores", {"name": "four", "metadata": {}}, True),
    ("/v1/vector_stores/docs/search", {"query": "pump"}, True),
    ("/v1/vector_stores/docs/search", {"query": ["pump", "Pumpe"]}, True),
    ("/v1/vector_stores/docs/search", {"query": ""}, False),
    ("/v1/vector_stores/docs/search", {"query": []}, False),
    ("/v1/vector_stores/docs/search", {"query": ["x"] * 9}, False),
    ("/v1/vector_stores/docs/search", {"query": "x", "max_num_results": True}, False),
    ("/v1/vector_stores/docs/search", {"query": "x", "explain": 1}, False),
    *(("/v1/vector_stores/docs/search", {"query": "x", "filters": filters}, True) for filters in VALID_FILTERS),
    *(("/v1/vector_stores/docs/search", {"query": "x", "filters": filters}, False) for filters in INVALID_FILTERS),
    ("/v1/vector_stores/docs/files/file-1", {"attributes": {"year": 2026, "by": "Ann", "open": True}}, True),
    ("/v1/vector_stores/docs/files/file-1", {"attributes": {"year": None}}, False),
    ("/v1/vector_stores/docs/files/file-1", {"attributes": {"": 1}}, False),
    ("/v1/vector_stores/docs/files/file-1", {"attributes": {"filename": "x"}}, False),
    ("/v1/vector_stores/docs/files/file-1", {"attributes": {str(n): n for n in range(17)}}, False),
    ("/v1/chat/completions", QUESTION, True),
    ("/v1/chat/completions", {**QUESTION, "stop": ["x"] * 17}, False),
    ("/v1/chat/completions", {**QUESTION, "top_logprobs": 0}, True),
    ("/v1/chat/completions", {**QUESTION, "top_logprobs": 2}, False),
    ("/v1/chat/completions", {**QUESTION, "top_logprobs": 2, "logprobs": True}, True),
    ("/v1/chat/completions", {**QUESTION, "top_logprobs": False}, False),
    ("/v1/chat/completions", {**QUESTION, "max_tokens": "4"}, False),
    ("/v1/chat/completions", {**QUESTION, "max_tokens": -4}, False),
    ("/v1/chat/completions", {**QUESTION, "n": 0}, False),
    ("/v1/chat/completions", {**QUESTION, "n": 9}, False),
    ("/v1/chat/completions", {**QUESTION, "seed": 2**32}, False),
    ("/v1/vector_stores/docs/search", {"query": "x", "max_num_results": 101}, False),
    ("/v1/chat/completions", {**QUESTION, "max_tokens": 4.0}, True),
    ("/v1/chat/completions", {**QUESTION, "temperature": "0"}, False),
    ("/v1/chat/completions", {**QUESTION, "temperature": True}, False),
    ("/v1/chat/completions", {**QUESTION, "stream": "yes"}, False),
    ("/v1/chat/completions", {**QUESTION, "logit_bias": {"12": 1}}, True),
    ("/v1/chat/completions", {**QUESTION, "logit_bias": {"12": "1"}}, False),
    ("/v1/chat/completions", {**QUESTION, "logit_bias": {"one": 1}}, False),
    ("/v1/chat/completions", {**QUESTION, "logit_bias": {" 12": 1}}, False),
    ("/v1/chat/completions", {**QUESTION, "tools": []}, True),
    ("/v1/chat/completions", {**QUESTION, "tools": [{}]}, False),
    ("/v1/chat/completions", {**QUESTION, "web_search_options": {}}, True),
    ("/v1/chat/completions", {**QUESTION, "model": "docs/docs", "logprobs": True}, False),
    ("/v1/chat/completions", {**QUESTION, "model": "docs/docs", "logprobs": False}, True),
    ("/v1/chat/completions", {**QUESTION, "pincite": {"filters": EQUAL}}, False),
    ("/v1/chat/completions", {**QUESTION, "model": "docs/docs", "pincite": {"filters": EQUAL}}, True),
    ("/v1/chat/completions", {**QUESTION, "pincite": {"collections": ["docs"]}}, False),
    ("/v1/chat/completions", {**QUESTION, "pincite": {"collections": []}}, True),
    ("/v1/chat/completions", {**QUESTION, "pincite": {"conversation": "y"}, "n": 2}, False),
    ("/v1/chat/completions", {**QUESTION, "pincite": {"conversation": "y"}, "n": 1}, True),
    (
        "/v1/chat/completions",
        {**QUESTION, "messages": QUESTION["messages"] * 2, "pincite": {"conversation": "y"}},
        False,
    ),
    ("/v1/chat/completions", {**QUESTION, "pincite": {"parent": "x"}}, False),
    ("/v1/chat/completions", {**QUESTION, "pincite": {"parent": "x", "conversation": "y"}}, True),
    ("/v1/chat/completions", {**QUESTION, "response_format": {"type": "text"}}, True),
    ("/v1/chat/completions", {**QUESTION, "response_format": {"type": "text", "json_schema": None}}, True),
    ("/v1/chat/completions", {**QUESTION, "response_format": {"type": "text", "json_schema": FORMAT}}, False),
    ("/v1/chat/completions", {**QUESTION, "response_format": {"type": "json_schema"}}, False),
    (
        "/v1/chat/completions",
        {**QUESTION, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": None}}},
        False,
    ),
    ("/v1/chat/completions", {**QUESTION, "response_format": {"type": "json_schema", "json_schema": FORMAT}}, True),
]


def test_the_schema_and_the_server_agree_on_what_is_valid(tmp_path: Path, document: Schema) -> None:
    with two_documents(tmp_path / "home") as world, world.client() as client:
        for path, body, is_valid in BODIES:
            template = path.replace("docs/", "{store}/").replace("file-1", "{file_id}")
            schema = document["paths"][template]["post"]["requestBody"]["content"]["application/json"]["schema"]
            assert validator(document, schema, is_closed=False).is_valid(body) == is_valid, body
            assert (client.post(path, json=body).status_code != 400) == is_valid, body


def filled_with_null(document: Schema, schema: Schema, body: Any) -> Any:
    """Return a request body with null for every optional field that it leaves out, at every depth."""
    schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if isinstance(body, list):
        return [filled_with_null(document, schema.get("items", {}), item) for item in body]
    if not isinstance(body, dict):
        return body
    for option in schema.get("anyOf", ()):
        if "$ref" in option:
            return filled_with_null(document, option, body)
    fields = schema.get("properties", {})
    absent = fields.keys() - body.keys() - set(schema.get("required", ()))
    present = {name: filled_with_null(document, fields.get(name, {}), value) for name, value in body.items()}
    return present | dict.fromkeys(absent)


@dataclass
class Recorder:
    """Sends requests and checks every answer against the document; `routes` are those that answered with 2xx.

    `statuses` are those of all answers in order. With `sends_nulls` each request has null for what it leaves out.
    """

    document: Schema
    client: TestClient
    sends_nulls: bool = False
    routes: set[str] = field(default_factory=set)
    statuses: list[tuple[str, int]] = field(default_factory=list)

    def send(self, method: str, path: str, **options: Any) -> Any:
        """Return the body of the answer."""
        route, operation = self._operation(method, path)
        if self.sends_nulls and "json" in options:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            options["json"] = filled_with_null(self.document, schema, options["json"])
        response = self.client.request(method, path, **options)
        self.statuses.append((route, response.status_code))
        declared = operation["responses"]
        status = str(response.status_code)
        shape = declared.get(status) or declared[f"{status[0]}XX"]
        media_type = response.headers["content-type"].partition(";")[0]
        body = self._check(route, response, shape["content"][media_type]["schema"], media_type)
        if response.is_success:
            self.routes.add(route)
        return body

    def _operation(self, method: str, path: str) -> tuple[str, Schema]:
        for route, operation in operations(self.document):
            verb, template = route.split(" ")
            pattern = re.sub(r"{\w+}", "[^/]+", template.replace("{model}", "{model}(?:/[^/]+)?"))
            if verb == method and re.fullmatch(pattern, path):
                return route, operation
        raise AssertionError(f"{method} {path} is not in the document")

    def _check(self, route: str, response: Any, schema: Schema, media_type: str) -> Any:
        if media_type == "text/event-stream":
            bodies = [event for event in events_of(response.text) if event != "[DONE]"]
            schema = schema["properties"]["data"]["anyOf"][1]["contentSchema"]
        elif media_type == "application/json":
            bodies = [response.json()]
        else:
            return response.text
        check = validator(self.document, schema)
        for body in bodies:
            errors = [f"{error.json_path}: {error.message}"[:300] for error in check.iter_errors(body)]
            assert errors == [], route
        return bodies[-1]


def test_every_answer_has_the_described_shape(served: World, document: Schema) -> None:
    recorder = use_every_route(served, document)
    assert {route for route, _ in operations(document)} - recorder.routes == NOT_JSON


def test_every_optional_field_takes_null(tmp_path: Path, document: Schema) -> None:
    with two_documents(tmp_path / "plain") as world:
        plain = use_every_route(world, document)
    with two_documents(tmp_path / "nulls") as world:
        with_nulls = use_every_route(world, document, sends_nulls=True)
    assert with_nulls.statuses == plain.statuses
    assert {status for _, status in plain.statuses} >= {200, 400, 404}


def use_every_route(served: World, document: Schema, *, sends_nulls: bool = False) -> Recorder:
    """Return the record of requests to every route."""
    with served.client() as client:
        recorder = Recorder(document, client, sends_nulls)
        _use_documents(recorder)
        _use_shares(served, recorder)
        _use_models_and_state(recorder)
        _ask(served, recorder)
        _use_responses(served, recorder)
        _use_conversations(recorder)
        _delete(recorder)
    return recorder


def _use_documents(recorder: Recorder) -> None:
    send = recorder.send
    upload = {"file": ("more.txt", io.BytesIO(b"The lift is checked every 2 years."))}
    file_id = send("POST", "/v1/files", files=upload, data={"purpose": "assistants"})["id"]
    parts = send(
        "POST",
        "/v1/uploads",
        json={"filename": "p.txt", "bytes": 4, "mime_type": "text/plain", "purpose": "assistants"},
    )["id"]
    part = send("POST", f"/v1/uploads/{parts}/parts", files={"data": ("p", io.BytesIO(b"Text"))})["id"]
    send("POST", f"/v1/uploads/{parts}/complete", json={"part_ids": []})
    send("POST", f"/v1/uploads/{parts}/complete", json={"part_ids": [part]})
    send("POST", f"/v1/uploads/{parts}/cancel")
    send("POST", "/v1/uploads/nope/cancel")
    send("GET", "/v1/files", params={"limit": 1})
    send("GET", f"/v1/files/{file_id}")
    send("GET", f"/v1/files/{file_id}/content")
    send("GET", "/v1/files/nope")
    send("POST", "/v1/queue/resume")
    send("POST", "/v1/queue/pause")
    send("POST", "/v1/vector_stores", json={"name": "more", "file_ids": [file_id]})
    send("POST", "/v1/vector_stores", json={"name": "more"})
    send("POST", "/v1/vector_stores", json={"nonsense": 1})
    send("GET", "/v1/vector_stores")
    send("GET", "/v1/vector_stores/more")
    send("POST", "/v1/vector_stores/more", json={"rules": "Be brief."})
    send("POST", "/v1/vector_stores/docs/files", json={"file_id": file_id, "attributes": {"floor": 1, "new": True}})
    documents = send("GET", "/v1/vector_stores/docs/files", params={"filter": "completed", "name": "PUMP"})["data"]
    path = f"/v1/vector_stores/docs/files/{documents[0]['id']}"
    send("POST", path, json={"attributes": {"floor": 2, "by": "Ann", "open": False}})
    send("GET", path)
    send("GET", f"{path}/content")
    send("GET", f"{path}/pages/1")
    send("GET", f"{path}/pages/99")
    send("GET", f"{path}/pages/1/image", params={"start": 1})
    queued = f"/v1/vector_stores/more/files/{file_id}"
    send("GET", f"{queued}/content")
    send("POST", f"{queued}/pause")
    send("POST", f"{queued}/resume")
    send("POST", f"{queued}/cancel")
    send("POST", f"{queued}/retry", json={})
    send("GET", queued)
    batches = "/v1/vector_stores/more/file_batches"
    batch = send("POST", batches, json={"file_ids": [file_id]})["id"]
    send("GET", f"{batches}/{batch}")
    send("GET", f"{batches}/{batch}/files")
    send("GET", f"{batches}/nope")
    send("POST", f"{batches}/{batch}/cancel")
    search = {"query": ["pump", "stairs"], "max_num_results": 1, "explain": True}
    send("POST", "/v1/vector_stores/docs/search", json=search)


def _use_shares(served: World, recorder: Recorder) -> None:
    send, library = recorder.send, served.services.library
    with library.storage.database.write() as db:  # a key that is made would lock the others out
        shares.put(db, library.collection("docs").id, "anna", "read")
    send("GET", "/v1/principal")
    send("GET", "/v1/vector_stores/docs/shares")
    send("POST", "/v1/vector_stores/docs/shares", json={"principal": "local"})
    send("POST", "/v1/vector_stores/docs/shares", json={"principal": "nobody", "access": "write"})
    send("DELETE", "/v1/vector_stores/docs/shares/anna")
    send("DELETE", "/v1/vector_stores/docs/shares/anna")


def _use_models_and_state(recorder: Recorder) -> None:
    send = recorder.send
    send("GET", "/v1/models")
    send("GET", "/v1/models/docs/docs")
    send("GET", "/v1/models/nope")
    send("GET", "/v1/models/all-MiniLM-L6-v2")
    send("POST", "/v1/embeddings", json={"model": "all-MiniLM-L6-v2", "input": ["pump", "stairs"], "dimensions": 8})
    send("POST", "/v1/embeddings", json={"model": "all-MiniLM-L6-v2", "input": "pump", "encoding_format": "base64"})
    send("POST", "/v1/embeddings", json={"model": "nope", "input": "pump"})
    send("POST", "/v1/completions", json={"model": "scripted", "prompt": "The pump is", "logprobs": 1, "echo": True})
    send("POST", "/v1/completions", json={"model": "scripted", "prompt": ["One", "Two"], "stream": True})
    send("POST", "/v1/completions", json={"model": "docs/docs", "prompt": "How often is the pump oiled?"})
    send("POST", "/v1/completions", json={"model": "nope", "prompt": "Hello"})
    send("POST", "/api/v1/models/load", json={"model": "scripted"})
    send("POST", "/api/v1/models/unload", json={"instance_id": "scripted"})
    send("GET", "/v1/queue")
    send("GET", "/health/live")
    send("GET", "/health/ready")
    send("GET", "/metrics")


def _ask(served: World, recorder: Recorder) -> None:
    question = {"messages": [{"role": "user", "content": "How often is the pump oiled?"}]}
    variants: list[dict[str, Any]] = [
        {"model": "scripted", "logprobs": True, "top_logprobs": 1},
        {"model": "scripted", "n": 2},
        {"model": "docs/docs"},
        {"model": "docs/docs", "pincite": {"style": "quoted"}},
        {"model": "docs/docs", "pincite": {"mode": "overview"}},
        {"model": "docs/docs", "n": 2, "seed": 1},
        {"model": "docs/more", "response_format": {"type": "json_object"}},
        {"model": "docs/nope"},
        {"model": "docs/docs", "logprobs": True},
    ]
    for variant in variants:
        for stream in (False, True):
            served.models.scripted = ScriptedEngine(ANSWER)
            body = {**question, **variant, "stream": stream, "stream_options": {"include_usage": True}}
            recorder.send("POST", "/v1/chat/completions", json=body)


def _use_responses(served: World, recorder: Recorder) -> None:
    send, question = recorder.send, {"input": "How often is the pump oiled?"}
    served.models.scripted = ScriptedEngine(ANSWER)
    search = {"type": "file_search", "vector_store_ids": ["docs"], "max_num_results": 2}
    included = {"tools": [search], "include": ["file_search_call.results"]}
    first = send("POST", "/v1/responses", json={"model": "scripted", **question, **included})["id"]
    send("POST", "/v1/responses", json={"model": "docs/docs", **question})
    send("POST", "/v1/responses", json={"model": "docs/nope", **question})
    begun = send("POST", "/v1/responses", json={"model": "scripted", **question, "background": True})["id"]
    send("POST", f"/v1/responses/{begun}/cancel")
    send("GET", f"/v1/responses/{first}")
    send("GET", f"/v1/responses/{first}/input_items")
    send("POST", "/v1/responses/input_tokens", json={"model": "scripted", **question})
    send("POST", "/v1/responses/compact", json={"model": "scripted", **question})
    send("DELETE", f"/v1/responses/{first}")
    send("GET", f"/v1/responses/{first}")


def _use_conversations(recorder: Recorder) -> None:
    send = recorder.send
    id_ = send("POST", "/v1/conversations", json={"title": "Pumps", "metadata": {"by": "Ann"}})["id"]
    options = {"model": "docs/docs", "pincite": {"conversation": id_}}
    question = {"messages": [{"role": "user", "content": "How often is the pump oiled?"}]}
    send("POST", "/v1/chat/completions", json={**options, **question})
    send("POST", "/v1/chat/completions", json={**options, **question, "stream": True})
    send("GET", "/v1/conversations", params={"query": "pump"})
    send("GET", f"/v1/conversations/{id_}")
    send("POST", f"/v1/conversations/{id_}", json={"title": "The pump"})
    items = send("GET", f"/v1/conversations/{id_}/items")["data"]
    send("GET", f"/v1/conversations/{id_}/items/{items[0]['id']}")
    send("POST", f"/v1/conversations/{id_}/items/{items[0]['id']}/replay")
    send("GET", f"/v1/conversations/{id_}/export", params={"format": "json"})
    send("GET", f"/v1/conversations/{id_}/export")
    send("POST", f"/v1/conversations/{id_}/items", json={"items": [{"role": "user", "content": "Thanks"}]})
    send("DELETE", f"/v1/conversations/{id_}/items/{items[0]['id']}")
    send("GET", f"/v1/conversations/{id_}/items/nope")
    send("DELETE", f"/v1/conversations/{id_}")


def _delete(recorder: Recorder) -> None:
    send = recorder.send
    file_id = send("GET", "/v1/vector_stores/more/files")["data"][0]["id"]
    send("DELETE", f"/v1/vector_stores/more/files/{file_id}")
    send("DELETE", f"/v1/files/{file_id}")
    send("GET", "/v1/queue/events")
    send("DELETE", "/v1/vector_stores/more")
    send("DELETE", "/v1/vector_stores/more")
