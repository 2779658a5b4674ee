"""The parameters of tools as JSON Schemas: bounded when they come in, and loosened to what decoding can enforce. Pure.

A client's schema may have any keyword. The model reads it whole; constrained decoding obeys the keywords that
`rag.engines.json_schema` knows, and leaves the others to the model. What is enforced allows all that the schema allows,
with one exception: an object that names its properties, and does not say that it may have others, has no others. Small
models fill calls with inventions otherwise.
"""

import json
from typing import cast

from rag.engines.json_schema import KEYWORDS, check_values, dump_bounded, validate_schema
from rag.errors import SchemaError

JsonObject = dict[str, object]

ANY_OBJECT: JsonObject = {"type": "object"}
_SINGLE = frozenset({"additionalProperties", "items"})
_LISTS = frozenset({"anyOf", "prefixItems"})
_NAMED = frozenset({"$defs", "definitions", "properties"})
_OPENING = frozenset({"additionalProperties", "patternProperties", "anyOf", "oneOf", "allOf", "$ref"})
"""Keywords beside which an object may have properties that it does not name."""


def dump_parameters(value: object) -> str:
    """Return the JSON text of a tool's parameters as `Tool` has them; empty for None.

    Raises `SchemaError` if they are no object, or too large.
    """
    if value is None:
        return ""
    if not isinstance(value, dict):
        raise SchemaError(path="$", detail="the parameters of a tool must be an object, a JSON Schema")
    check_values(cast("object", value))
    return dump_bounded(cast("object", value))


def loosen_parameters(parameters: str) -> JsonObject:
    """Return the schema that constrained decoding enforces for a tool's parameters: that of an object."""
    if not parameters:
        return ANY_OBJECT
    whole = cast("JsonObject", json.loads(parameters))
    loosened = {**_loosen_object(whole), "type": "object"}
    try:
        return cast("JsonObject", json.loads(validate_schema(loosened)))
    except SchemaError:
        return ANY_OBJECT


def _loosen(value: object) -> object:
    return _loosen_object(cast("JsonObject", value)) if isinstance(value, dict) else value is not False


def _loosen_object(schema: JsonObject) -> JsonObject:
    loosened: JsonObject = {}
    for keyword, part in schema.items():
        if keyword == "oneOf":
            keyword = "anyOf"
        if keyword not in KEYWORDS or (keyword == "additionalProperties" and "patternProperties" in schema):
            continue
        widened = _loosen_keyword(keyword, part)
        if widened is not None:
            loosened[keyword] = widened
    if loosened.get("properties") and schema.keys().isdisjoint(_OPENING):
        loosened["additionalProperties"] = False
    return loosened


def _loosen_keyword(keyword: str, part: object) -> object:
    """Return what is enforced of a keyword; None for nothing."""
    if keyword in _SINGLE:
        return _loosen(part)
    if keyword in _LISTS and isinstance(part, list):
        return [_loosen(item) for item in cast("list[object]", part)] or None
    if keyword in _NAMED and isinstance(part, dict):
        return {name: _loosen(item) for name, item in cast("JsonObject", part).items()}
    if keyword == "allOf":
        items = cast("list[object]", part)
        return [_loosen(items[0])] if isinstance(part, list) and len(items) == 1 else None
    return part if _is_valid(keyword, part) else None


def _is_valid(keyword: str, part: object) -> bool:
    try:
        KEYWORDS[keyword](part, "$")
    except SchemaError:
        return False
    return True
