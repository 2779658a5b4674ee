"""Validate a client's JSON Schema before any library sees it: a subset that constrained decoding can obey. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from typing import cast

from rag.errors import SchemaError

MAX_BYTES = 64_000
MAX_NESTING = 32
"""Of JSON values; the schema of a property is two levels below its object."""
MAX_VALUES = 5_000
MAX_ALTERNATIVES = 1_000
MAX_PROPERTIES = 400
"""Of one object: the grammar has an alternative for each property that may come next."""
MAX_STRING_CHARS = 1_000
"""Of a name or a constant. Every token of it takes time in proportion to the rest of it."""
MAX_COUNT = 10_000
MAX_NUMBER = 2**53 - 1
"""JavaScript's largest safe integer, at which Zod bounds every integer."""
MAX_SHOWN_CHARS = 60

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
FORMATS = ("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid")
ANNOTATIONS = frozenset(
    {"$comment", "$id", "$schema", "default", "deprecated", "description", "discriminator"}
    | {"examples", "readOnly", "title", "writeOnly"}
)
"""Keywords without effect on a completion, which are left out."""
REFERENCE = re.compile(r"#(/(\$defs|definitions)/[^/]+)?")

Check = Callable[[object, str], object]
"""Returns the value at a path without annotations, or raises `SchemaError`."""


def validate_schema(value: object) -> str:
    """Return the JSON text of a schema without annotations, its properties in order.

    Raises `SchemaError`, with the path of the fault, if the schema is too large or has a keyword that constrained
    decoding cannot obey: no keyword is ignored.
    """
    check_values(value)
    return dump_bounded(_validate_schema(value, "$"))


def check_values(value: object) -> None:
    """Raise `SchemaError` if JSON is nested too deep, or has too many values."""
    if _count_values(value, MAX_NESTING) > MAX_VALUES:
        raise SchemaError(path="$", detail=f"it has more than {MAX_VALUES} values")


def dump_bounded(value: object) -> str:
    """Return JSON as text; raise `SchemaError` if it is too long, or has half of a character."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        size_bytes = len(text.encode())
    except UnicodeEncodeError as error:
        raise SchemaError(path="$", detail="it has a lone surrogate, which is half of a character") from error
    if size_bytes > MAX_BYTES:
        raise SchemaError(path="$", detail=f"it has more than {MAX_BYTES} bytes")
    return text


def _count_values(value: object, levels: int) -> int:
    """Return the number of JSON values, containers included."""
    if not isinstance(value, dict | list):
        return 1
    if not levels:
        raise SchemaError(path="$", detail=f"it is nested more than {MAX_NESTING} levels deep")
    inner = cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
    return 1 + sum(_count_values(child, levels - 1) for child in inner)


def _validate_schema(value: object, path: str) -> object:
    if isinstance(value, bool):
        return value
    keywords = {name: part for name, part in _validate_object(value, path).items() if name not in ANNOTATIONS}
    return {name: KEYWORDS.get(name, _refuse)(part, _join(path, name)) for name, part in keywords.items()}


def _validate_named_schemas(value: object, path: str) -> object:
    schemas = _validate_object(value, path)
    if len(schemas) > MAX_PROPERTIES:
        raise SchemaError(path=path, detail=f"this has more than {MAX_PROPERTIES} schemas")
    return {name: _validate_schema(part, _join(path, name)) for name, part in schemas.items()}


def _validate_schemas(value: object, path: str) -> object:
    return [_validate_schema(part, f"{path}[{index}]") for index, part in enumerate(_validate_list(value, path))]


def _validate_single_schema(value: object, path: str) -> object:
    if len(_validate_list(value, path)) != 1:
        raise SchemaError(path=path, detail="only a list of one schema is supported; merge them into one schema")
    return _validate_schemas(value, path)


def _validate_object(value: object, path: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise SchemaError(path=path, detail="this must be an object")
    members = cast("dict[str, object]", value)
    for name in members:
        _validate_string(name, path)
    return members


def _validate_list(value: object, path: str) -> list[object]:
    if not isinstance(value, list) or not value:
        raise SchemaError(path=path, detail="this must be a list that is not empty")
    items = cast("list[object]", value)
    if len(items) > MAX_ALTERNATIVES:
        raise SchemaError(path=path, detail=f"this list has more than {MAX_ALTERNATIVES} items")
    return items


def _validate_string(value: object, path: str) -> object:
    if not isinstance(value, str) or len(value) > MAX_STRING_CHARS:
        raise SchemaError(path=path, detail=f"this must be a string of at most {MAX_STRING_CHARS} characters")
    return value


def _validate_strings(value: object, path: str) -> object:
    return [_validate_string(part, path) for part in _validate_list(value, path)] if value != [] else []


def _validate_constant(value: object, path: str) -> object:
    """Validate a constant: any JSON value."""
    if isinstance(value, dict):
        members = _validate_object(cast("object", value), path)
        return {name: _validate_constant(part, path) for name, part in members.items()}
    if isinstance(value, list):
        return [_validate_constant(part, path) for part in cast("list[object]", value)]
    if isinstance(value, str):
        return _validate_string(value, path)
    return value if value is None or isinstance(value, bool) else _validate_number(value, path)


def _validate_constants(value: object, path: str) -> object:
    return [_validate_constant(part, path) for part in _validate_list(value, path)]


def _validate_types(value: object, path: str) -> object:
    for name in [value] if isinstance(value, str) else _validate_list(value, path):
        if name not in TYPES:
            raise SchemaError(path=path, detail=f"a type is one of {', '.join(TYPES)}")
    return value


def _validate_format(value: object, path: str) -> object:
    if value not in FORMATS:
        raise SchemaError(path=path, detail=f"a format is one of {', '.join(FORMATS)}")
    return value


def _validate_reference(value: object, path: str) -> object:
    if not isinstance(value, str) or not REFERENCE.fullmatch(value):
        raise SchemaError(path=path, detail="a reference must be to #/$defs/… or #/definitions/… in the schema itself")
    return value


def _validate_count(value: object, path: str) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise SchemaError(path=path, detail=f"this must be a whole number from 0 to {MAX_COUNT}")
    return value


def _validate_number(value: object, path: str) -> object:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise SchemaError(path=path, detail=f"this must be a number from {-MAX_NUMBER} to {MAX_NUMBER}")
    return value


def _refuse(_value: object, path: str) -> object:
    raise SchemaError(path=path, detail="this is not supported; leave it out")


def _join(path: str, name: str) -> str:
    return f"{path}.{name[:MAX_SHOWN_CHARS]}"


KEYWORDS: Mapping[str, Check] = {
    "$defs": _validate_named_schemas,
    "$ref": _validate_reference,
    "additionalProperties": _validate_schema,
    "allOf": _validate_single_schema,
    "anyOf": _validate_schemas,
    "const": _validate_constant,
    "definitions": _validate_named_schemas,
    "enum": _validate_constants,
    "exclusiveMaximum": _validate_number,
    "exclusiveMinimum": _validate_number,
    "format": _validate_format,
    "items": _validate_schema,
    "maxItems": _validate_count,
    "maxLength": _validate_count,
    "maximum": _validate_number,
    "minItems": _validate_count,
    "minLength": _validate_count,
    "minimum": _validate_number,
    "prefixItems": _validate_schemas,
    "properties": _validate_named_schemas,
    "required": _validate_strings,
    "type": _validate_types,
}
