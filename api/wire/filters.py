"""Metadata filters of a search, as OpenAI's vector stores have them."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from api.wire.base import JsonObject
from ingest.library.filters import (
    BUILT_IN,
    MAX_ATTRIBUTES,
    MAX_KEY_CHARS,
    MAX_NUMBER,
    MAX_TEXT_CHARS,
    PLACE_KEYS,
    check_attributes,
    parse_filters,
)
from ingest.types import ComparisonType, Filter


class ComparisonFilter(BaseModel):
    """Compares one attribute of a document with a value."""

    model_config = ConfigDict(use_attribute_docstrings=True, title="ComparisonFilter")

    type: ComparisonType
    """`eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `in`, `nin`, or `glob` for patterns with `*`, `?` and `[…]`."""
    key: str
    """Name of an attribute, or `file_id`, `filename`, `source`, `title`, `media_type`, `created_at`, `pages`."""
    value: str | float | bool | list[str | float | bool]
    """The value; a list for `in` and `nin`."""


class CompoundFilter(BaseModel):
    """Combines filters: all of them (`and`) or any of them (`or`) must match."""

    model_config = ConfigDict(use_attribute_docstrings=True, title="CompoundFilter")

    type: Literal["and", "or"]
    filters: "list[ComparisonFilter | CompoundFilter]"


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
