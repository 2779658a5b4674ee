"""The parameters of tools: what is refused, and what decoding enforces of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.json_schema import KEYWORDS, validate_schema
from rag.engines.tool_schemas import ANY_OBJECT, dump_parameters, loosen_parameters
from rag.errors import SchemaError

CITY = {"type": "string"}


def loosen(schema: Any) -> dict[str, object]:
    return loosen_parameters(dump_parameters(schema))


def test_a_schema_that_can_be_enforced_stays_as_it_is() -> None:
    schema = {
        "$defs": {"city": {"type": "string", "maxLength": 9}},
        "type": "object",
        "properties": {"to": {"$ref": "#/$defs/city"}, "by": {"enum": ["air", "rail"]}},
        "required": ["to"],
        "additionalProperties": False,
    }
    assert loosen(schema) == schema


@pytest.mark.parametrize(
    ("given_", "enforced"),
    [
        ({"type": "string", "pattern": "^[A-Z]", "description": "A city."}, {"type": "string"}),
        ({"type": "string", "format": "iri"}, {"type": "string"}),
        (
            {"oneOf": [{"type": "null"}, {"type": "integer", "multipleOf": 5}]},
            {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        ),
        ({"allOf": [{"type": "string"}]}, {"allOf": [{"type": "string"}]}),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, {}),
        ({"type": "array", "items": [{"type": "string"}]}, {"type": "array", "items": True}),
        ({"$ref": "https://example.org/city"}, {}),
        ({"not": {"type": "null"}, "default": None}, {}),
        (True, True),
    ],
)
def test_what_cannot_be_enforced_is_left_to_the_model(given_: Any, enforced: Any) -> None:
    schema = {"properties": {"x": given_}}
    assert loosen(schema) == {"type": "object", "properties": {"x": enforced}, "additionalProperties": False}


def test_an_object_has_the_properties_that_it_names_unless_it_says_that_it_may_have_others() -> None:
    named = {"type": "object", "properties": {"city": CITY}}
    assert loosen(named) == {**named, "additionalProperties": False}
    assert loosen({**named, "additionalProperties": True}) == {**named, "additionalProperties": True}
    assert loosen({**named, "additionalProperties": False, "patternProperties": {"^x-": CITY}}) == named
    assert loosen({"type": "object"}) == ANY_OBJECT


def test_a_tool_without_parameters_takes_any_object() -> None:
    assert loosen_parameters(dump_parameters(None)) == ANY_OBJECT


@pytest.mark.parametrize("value", ["text", [], 1])
def test_parameters_that_are_no_object_are_refused(value: object) -> None:
    with pytest.raises(SchemaError, match="must be an object"):
        dump_parameters(value)


def test_parameters_that_are_too_large_are_refused() -> None:
    with pytest.raises(SchemaError, match="bytes"):
        dump_parameters({"description": "a" * 70_000})


schemas = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYWORDS, "oneOf", "patternProperties", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(schema=st.dictionaries(st.sampled_from([*KEYWORDS, "oneOf"]), schemas, max_size=5))
def test_whatever_a_client_sends_becomes_a_schema_that_can_be_enforced(schema: dict[str, Any]) -> None:
    enforced = loosen(schema)
    assert enforced["type"] == "object"
    assert json.loads(validate_schema(enforced)) == enforced
