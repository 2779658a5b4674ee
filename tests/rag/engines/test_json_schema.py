"""What of JSON Schema is let through to the engine, and what is refused by name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.json_schema import KEYWORDS, MAX_BYTES, MAX_NESTING, MAX_VALUES, validate_schema
from rag.errors import SchemaError

REFUSED: tuple[tuple[object, str], ...] = (
    ({"properties": {"a": {"type": "string", "pattern": "(a+)+$"}}}, "$.properties.a.pattern"),
    ({"patternProperties": {"^a": True}}, "$.patternProperties"),
    ({"x-guidance": {"lenient": True}}, "$.x-guidance"),
    ({"oneOf": [{"type": "null"}]}, "$.oneOf"),
    ({"allOf": [True, True]}, "$.allOf"),
    ({"anyOf": [{"type": "null"}, {"not": True}]}, "$.anyOf[1].not"),
    ({"anyOf": []}, "$.anyOf"),
    ({"enum": []}, "$.enum"),
    ({"enum": ["x" * 1_001]}, "$.enum"),
    ({"enum": list(range(1_001))}, "$.enum"),
    ({"format": "regex"}, "$.format"),
    ({"format": ["date"]}, "$.format"),
    ({"$ref": "https://example.org/schema.json"}, "$.$ref"),
    ({"$ref": "#/properties/a"}, "$.$ref"),
    ({"type": "text"}, "$.type"),
    ({"type": [["null"]]}, "$.type"),
    ({"type": []}, "$.type"),
    ({"maxLength": 10_001}, "$.maxLength"),
    ({"minItems": -1}, "$.minItems"),
    ({"minItems": True}, "$.minItems"),
    ({"maxItems": 1.5}, "$.maxItems"),
    ({"minimum": 2**53}, "$.minimum"),
    ({"maximum": float("nan")}, "$.maximum"),
    ({"required": [1]}, "$.required"),
    ({"required": "a"}, "$.required"),
    ({"properties": [1]}, "$.properties"),
    ({"properties": {"a" * 1_001: True}}, "$.properties"),
    ({"properties": dict.fromkeys(map(str, range(401)), True)}, "$.properties"),
    ({"items": [True]}, "$.items"),
    ([], "$"),
    (None, "$"),
    ({"const": float("nan")}, "$.const"),
    ({"enum": [1, 10**400]}, "$.enum"),
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYWORDS, "title", "pattern"]) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def nested(levels: int) -> object:
    schema: object = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


def refusal(schema: object) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        validate_schema(schema)
    return caught.value


def test_properties_keep_their_order_and_annotations_are_left_out() -> None:
    schema = {
        "title": "Invoice",
        "type": "object",
        "properties": {"total": {"type": "number", "description": "€"}, "at": {"type": "string", "format": "date"}},
        "required": ["total"],
        "additionalProperties": False,
    }
    assert validate_schema(schema) == (
        '{"type":"object","properties":{"total":{"type":"number"},"at":{"type":"string","format":"date"}},'
        '"required":["total"],"additionalProperties":false}'
    )


def test_a_property_may_be_called_like_an_annotation_or_like_an_unknown_keyword() -> None:
    schema = {"properties": {"title": {"type": "string"}, "pattern": {"enum": ["é", None, [1], {"a": 1.5}]}}}
    assert json.loads(validate_schema(schema)) == schema


def test_references_and_choices_pass() -> None:
    schema = {
        "$defs": {
            "node": {"anyOf": [{"type": ["null", "string"]}, {"type": "array", "items": {"$ref": "#/$defs/node"}}]}
        },
        "allOf": [{"$ref": "#/$defs/node"}],
    }
    assert json.loads(validate_schema(schema)) == schema


@pytest.mark.parametrize(("schema", "path"), REFUSED)
def test_what_an_answer_cannot_be_kept_to_is_refused_with_its_path(schema: object, path: str) -> None:
    assert refusal(schema).path == path


def test_half_of_a_character_is_refused() -> None:
    assert "surrogate" in refusal({"const": "\ud800"}).detail


def test_size_is_bounded_in_depth_values_and_bytes() -> None:
    validate_schema(nested(MAX_NESTING - 1))
    assert "levels" in refusal(nested(MAX_NESTING)).detail
    assert "levels" in refusal(nested(100_000)).detail
    assert "values" in refusal({"default": [0] * MAX_VALUES}).detail
    assert "bytes" in refusal({"enum": [f"{number}".zfill(900) for number in range(MAX_BYTES // 900 + 1)]}).detail


@given(value=values)
def test_whatever_is_sent_is_refused_or_becomes_a_schema_that_passes_unchanged(value: Any) -> None:
    try:
        text = validate_schema(value)
    except SchemaError:
        return
    assert validate_schema(json.loads(text)) == text
