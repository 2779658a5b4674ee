"""Check a client's JSON Schema before any library sees it, and keep only what counts of it. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from typing import cast

from rag.errors import SchemaError

MAX_BYTES = 64_000
MAX_NESTING = 32
"""Of JSON, where the schema of a property is two levels below the schema that has it."""
MAX_VALUES = 5_000
MAX_ALTERNATIVES = 1_000
MAX_PROPERTIES = 400
"""Of one object: where any of them may come next, all are weighed at once."""
MAX_TEXT_CHARS = 1_000
"""Of a name or a text to choose. Every token of it costs time in proportion to the rest of it."""
MAX_COUNT = 10_000
MAX_NUMBER = 10**15
MAX_SHOWN_CHARS = 60

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
FORMATS = ("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid")
ANNOTATIONS = frozenset(
    {"$comment", "$id", "$schema", "default", "deprecated", "description", "discriminator"}
    | {"examples", "readOnly", "title", "writeOnly"}
)
"""These say nothing about what may be written, and are left out."""
REFERENCE = re.compile(r"#(/(\$defs|definitions)/[^/]+)?")

Check = Callable[[object, str], object]
"""Returns what to keep of the value at a path, or raises `SchemaError`."""


def validate_schema(value: object) -> str:
    """Return the JSON text of a schema without what does not count, its properties in their order.

    Raises `SchemaError` with the path of what is wrong where the schema is too large, or says anything that an answer
    cannot be kept to: nothing that it asks for is ignored.
    """
    if _values_within(value, MAX_NESTING) > MAX_VALUES:
        raise SchemaError(path="$", detail=f"it has more than {MAX_VALUES} values")
    try:
        text = json.dumps(_schema(value, "$"), ensure_ascii=False, separators=(",", ":"))
        size_bytes = len(text.encode())
    except UnicodeEncodeError as error:
        raise SchemaError(path="$", detail="it has a lone surrogate, half of a character") from error
    if size_bytes > MAX_BYTES:
        raise SchemaError(path="$", detail=f"it has more than {MAX_BYTES} bytes")
    return text


def _values_within(value: object, levels: int) -> int:
    """Return how many values there are, the outer ones included."""
    if not isinstance(value, dict | list):
        return 1
    if not levels:
        raise SchemaError(path="$", detail=f"it is nested more than {MAX_NESTING} levels deep")
    inner = cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
    return 1 + sum(_values_within(child, levels - 1) for child in inner)


def _schema(value: object, path: str) -> object:
    if isinstance(value, bool):
        return value
    keywords = {name: part for name, part in _object(value, path).items() if name not in ANNOTATIONS}
    return {name: KEYWORDS.get(name, _refuse)(part, _below(path, name)) for name, part in keywords.items()}


def _schemas_by_name(value: object, path: str) -> object:
    named = _object(value, path)
    if len(named) > MAX_PROPERTIES:
        raise SchemaError(path=path, detail=f"this has more than {MAX_PROPERTIES} schemas")
    return {name: _schema(part, _below(path, name)) for name, part in named.items()}


def _schemas(value: object, path: str) -> object:
    return [_schema(part, f"{path}[{index}]") for index, part in enumerate(_list(value, path))]


def _one_schema(value: object, path: str) -> object:
    if len(_list(value, path)) != 1:
        raise SchemaError(path=path, detail="only a list of one schema is supported; say all in one schema")
    return _schemas(value, path)


def _object(value: object, path: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise SchemaError(path=path, detail="this must be an object")
    found = cast("dict[str, object]", value)
    for name in found:
        _text(name, path)
    return found


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list) or not value:
        raise SchemaError(path=path, detail="this must be a list that is not empty")
    found = cast("list[object]", value)
    if len(found) > MAX_ALTERNATIVES:
        raise SchemaError(path=path, detail=f"this list has more than {MAX_ALTERNATIVES} parts")
    return found


def _text(value: object, path: str) -> object:
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS:
        raise SchemaError(path=path, detail=f"this must be a text of at most {MAX_TEXT_CHARS} characters")
    return value


def _texts(value: object, path: str) -> object:
    return [_text(part, path) for part in _list(value, path)] if value != [] else []


def _choice(value: object, path: str) -> object:
    """Check a value that can be written as it is."""
    if isinstance(value, dict):
        return {name: _choice(part, path) for name, part in _object(cast("object", value), path).items()}
    if isinstance(value, list):
        return [_choice(part, path) for part in cast("list[object]", value)]
    if isinstance(value, str):
        return _text(value, path)
    return value if value is None or isinstance(value, bool) else _number(value, path)


def _choices(value: object, path: str) -> object:
    return [_choice(part, path) for part in _list(value, path)]


def _types(value: object, path: str) -> object:
    for name in [value] if isinstance(value, str) else _list(value, path):
        if name not in TYPES:
            raise SchemaError(path=path, detail=f"a type is one of {', '.join(TYPES)}")
    return value


def _format(value: object, path: str) -> object:
    if value not in FORMATS:
        raise SchemaError(path=path, detail=f"a format is one of {', '.join(FORMATS)}")
    return value


def _reference(value: object, path: str) -> object:
    if not isinstance(value, str) or not REFERENCE.fullmatch(value):
        raise SchemaError(path=path, detail="a reference is to #/$defs/… or #/definitions/… in the schema itself")
    return value


def _count(value: object, path: str) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise SchemaError(path=path, detail=f"this must be a whole number from 0 to {MAX_COUNT}")
    return value


def _number(value: object, path: str) -> object:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise SchemaError(path=path, detail=f"this must be a number from {-MAX_NUMBER} to {MAX_NUMBER}")
    return value


def _refuse(_value: object, path: str) -> object:
    raise SchemaError(path=path, detail="this is not supported; leave it out")


def _below(path: str, name: str) -> str:
    return f"{path}.{name[:MAX_SHOWN_CHARS]}"


KEYWORDS: Mapping[str, Check] = {
    "$defs": _schemas_by_name,
    "$ref": _reference,
    "additionalProperties": _schema,
    "allOf": _one_schema,
    "anyOf": _schemas,
    "const": _choice,
    "definitions": _schemas_by_name,
    "enum": _choices,
    "exclusiveMaximum": _number,
    "exclusiveMinimum": _number,
    "format": _format,
    "items": _schema,
    "maxItems": _count,
    "maxLength": _count,
    "maximum": _number,
    "minItems": _count,
    "minLength": _count,
    "minimum": _number,
    "prefixItems": _schemas,
    "properties": _schemas_by_name,
    "required": _texts,
    "type": _types,
}
