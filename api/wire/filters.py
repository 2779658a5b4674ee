"""Metadata filters of a search, as OpenAI's vector stores have them."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue

from api.wire.base import JsonObject, has, when
from ingest.library.filters import (
    BUILT_IN,
    MAX_ATTRIBUTES,
    MAX_COMPARISONS,
    MAX_KEY_CHARS,
    MAX_NUMBER,
    MAX_PATTERN_CHARS,
    MAX_TEXT_CHARS,
    MAX_VALUES,
    PLACE_KEYS,
    check_attributes,
    parse_filters,
)
from ingest.types import ComparisonType, Filter

TEXT_VALUE: JsonDict = {"type": "string", "maxLength": MAX_PATTERN_CHARS}
NUMBER_VALUE: JsonDict = {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}
ANY_VALUE: JsonDict = {"anyOf": [TEXT_VALUE, NUMBER_VALUE, {"type": "boolean"}]}
NUMBER_KEYS: JsonDict = {"enum": [key for key, kind in BUILT_IN.items() if kind is int]}
TEXT_KEYS: JsonDict = {"enum": [key for key, kind in BUILT_IN.items() if kind is str]}


def _value(one: JsonDict) -> JsonDict:
    """Return what a schema says of values that are `one`, and of lists of them."""
    return {"properties": {"value": {"anyOf": [one, {"type": "array", "items": one}]}}}


COMPARISON_RULES: list[JsonDict] = [
    when(
        has("type", {"enum": ["in", "nin"]}),
        {"properties": {"value": {"type": "array", "maxItems": MAX_VALUES, "items": ANY_VALUE}}},
        {"properties": {"value": ANY_VALUE}},
    ),
    when(has("type", {"enum": ["gt", "gte", "lt", "lte"]}), _value({"not": {"type": "boolean"}})),
    when(has("type", {"const": "glob"}), {"properties": {"value": TEXT_VALUE, "key": {"not": NUMBER_KEYS}}}),
    when(has("key", NUMBER_KEYS), _value(NUMBER_VALUE)),
    when(has("key", TEXT_KEYS), _value(TEXT_VALUE)),
]
"""What `parse_filters` accepts, as JSON Schema."""


class ComparisonFilter(BaseModel):
    """Compares one attribute of a document with a value."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        title="ComparisonFilter",
        json_schema_extra={"allOf": [*COMPARISON_RULES]},
    )

    type: ComparisonType
    """`eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `in`, `nin`, or `glob` for patterns with `*`, `?` and `[…]`."""
    key: Annotated[str, Field(min_length=1, max_length=MAX_KEY_CHARS)]
    """Name of an attribute, or `file_id`, `filename`, `source`, `title`, `media_type`, `created_at`, `pages`."""
    value: str | float | bool | list[str | float | bool]
    """The value; a list for `in` and `nin`."""


class CompoundFilter(BaseModel):
    """Combines filters: all of them (`and`) or any of them (`or`) must match. 8 levels and 100 comparisons at most."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, title="CompoundFilter")

    type: Literal["and", "or"]
    filters: "Annotated[list[ComparisonFilter | CompoundFilter], Field(min_length=1, max_length=MAX_COMPARISONS)]"


def filter_object(filters: Filter) -> JsonObject:
    """Return filters as the JSON object that `parse_filters` reads."""
    fields: JsonObject = msgspec.json.decode(msgspec.json.encode(filters))
    return fields


Filters = Annotated[
    Filter,
    PlainValidator(parse_filters, json_schema_input_type=ComparisonFilter | CompoundFilter),
    PlainSerializer(filter_object),
]
"""Which documents are searched."""

ATTRIBUTES_SCHEMA: JsonSchemaValue = {
    "type": "object",
    "maxProperties": MAX_ATTRIBUTES,
    "propertyNames": {
        "minLength": 1,
        "maxLength": MAX_KEY_CHARS,
        "not": {"enum": sorted({*BUILT_IN, *PLACE_KEYS})},
    },
    "additionalProperties": {
        "anyOf": [
            {"type": "string", "maxLength": MAX_TEXT_CHARS},
            {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER},
            {"type": "boolean"},
        ]
    },
}

Attributes = Annotated[dict[str, Any], AfterValidator(check_attributes), WithJsonSchema(ATTRIBUTES_SCHEMA)]
"""What a person notes about a document, within OpenAI's limits: 16 names; texts, numbers and booleans."""
