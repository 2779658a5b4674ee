"""Values that no request may have, whatever its route."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

import api.app  # noqa: F401 (with it, the requests of all routes are there)
from api.wire.base import RequestModel

ASK = {"model": "scripted", "messages": [{"role": "user", "content": "Go on"}]}
NOT_FINITE: tuple[Any, ...] = (float("nan"), [{"a": float("-inf")}], {"a": [float("inf")]})


def kinds_of_requests(base: type[RequestModel] = RequestModel) -> Iterator[type[RequestModel]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of_requests(kind)


def faulty_fields(kind: type[RequestModel], body: dict[str, Any]) -> set[str]:
    try:
        kind.model_validate(body)
    except ValidationError as error:
        return {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
    return set()


@pytest.mark.parametrize("kind", sorted(set(kinds_of_requests()), key=str))
def test_no_field_of_any_request_takes_what_is_no_number_of_json(kind: type[RequestModel]) -> None:
    names = {field.alias or name for name, field in kind.model_fields.items()}
    for name in names:
        for value in NOT_FINITE:
            assert name in faulty_fields(kind, {name: value}), (name, value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", '{"deep": [[[NaN]]]}'])
def test_a_value_that_json_does_not_have_is_refused_by_the_name_of_its_field(client: TestClient, value: str) -> None:
    body = json.dumps(ASK)[:-1] + f', "metadata": {value}}}'
    answer = client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "metadata")
    assert "no numbers of JSON" in answer.json()["error"]["message"]
