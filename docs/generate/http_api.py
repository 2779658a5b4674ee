"""The reference of the HTTP API, from the OpenAPI description that the application makes of itself."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from api.app import create_app
from api.services import Services
from api.settings import load_settings
from docs.generate.markdown import bullets, code, codes, first_sentence, join_blocks, paragraph

Schema: TypeAlias = Mapping[str, Any]

INTRODUCTION = (
    "The paths under `/v1` are OpenAI's API, so that OpenAI's clients work as they are; what Pincite adds is in fields "
    "named `pincite` or beside OpenAI's fields. A running server has the same description, as JSON, at "
    "`/openapi.json`. Failures: [Errors](errors.md)."
)
SCHEMA_REFERENCE = "#/components/schemas/"
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "minLength": "min. length",
    "maxLength": "max. length",
    "minItems": "min. items",
    "maxItems": "max. items",
}
ANY_VALUE = "any value"
FRAMEWORK_SCHEMAS = frozenset({"HTTPValidationError", "ValidationError"})
"""FastAPI's own shape of a refused request; Pincite answers in OpenAI's."""


def render() -> str:
    """Return the page."""
    description = describe_api()
    return join_blocks("HTTP API", [paragraph(INTRODUCTION), *_route_blocks(description), *_schema_blocks(description)])


def describe_api() -> Schema:
    """Return the application's OpenAPI description."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        services = Services(settings)
        try:
            return create_app(services, settings.api).openapi()
        finally:
            services.close()


def find_routes(description: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield every route as `METHOD /path`, with what is said of it."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _route_blocks(description: Schema) -> Iterator[str]:
    tag = ""
    for route, operation in sorted(find_routes(description), key=lambda item: item[1].get("tags", [""])[0]):
        if operation.get("tags", [""])[0] != tag:
            tag = operation["tags"][0]
            yield f"## {tag.capitalize()}"
        yield f"### `{route}`"
        yield from (paragraph(part) for part in operation.get("description", "").split("\n\n"))
        yield bullets([*_describe_parameters(operation), *_describe_body(operation), *_describe_responses(operation)])


def _describe_parameters(operation: Schema) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            yield _describe_field(parameter["name"], {**parameter["schema"], **_text_of(parameter)}, "query")


def _text_of(parameter: Schema) -> Schema:
    return {"description": parameter["description"]} if "description" in parameter else {}


def _describe_body(operation: Schema) -> Iterator[str]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body ({code(media_type)}): {_type_of(content.get('schema', {}))}"


def _describe_responses(operation: Schema) -> Iterator[str]:
    for status, response in operation.get("responses", {}).items():
        if not status.startswith("2"):
            continue
        for media_type, content in response.get("content", {}).items():
            yield f"Response {status} ({code(media_type)}): {_type_of(content.get('schema', {}))}"


def _schema_blocks(description: Schema) -> Iterator[str]:
    yield "## Schemas"
    for name, schema in sorted(description["components"]["schemas"].items()):
        if name in FRAMEWORK_SCHEMAS:
            continue
        yield f"### {name}"
        yield from (paragraph(part) for part in schema.get("description", "").split("\n\n"))
        yield bullets(_describe_fields(schema)) or paragraph(_type_of(schema))
        yield from (_example(example) for example in schema.get("examples", [])[:1])


def _describe_fields(schema: Schema) -> Iterator[str]:
    """Yield the fields of an object; fields without a type come last, those with the same words together."""
    required = schema.get("required", [])
    untyped: dict[str, list[str]] = {}
    for name, field in schema.get("properties", {}).items():
        if field.get("type") == "null":
            untyped.setdefault("Always null.", []).append(name)
        elif _type_of(field) == ANY_VALUE:
            untyped.setdefault(first_sentence(field.get("description")) or "Any value.", []).append(name)
        else:
            yield _describe_field(name, field, "required" if name in required else "")
    yield from (f"{codes(names)}: {about}" for about, names in untyped.items())


def _describe_field(name: str, field: Schema, *facts: str) -> str:
    can_be_null = "required" in facts and any(choice.get("type") == "null" for choice in field.get("anyOf", []))
    shown = [_type_of(field) + (" or null" if can_be_null else ""), *(fact for fact in facts if fact)]
    if field.get("default") is not None and "const" not in field:
        shown.append(f"default {code(json.dumps(field['default']))}")
    about = first_sentence(field.get("description"))
    return f"{code(name)} ({', '.join(shown)})" + (f": {about}" if about else "")


def _type_of(schema: Schema) -> str:
    """Return the type of a value in words, a named schema as a link."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(SCHEMA_REFERENCE)
        return f"[{name}](#{name.lower()})"
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return " or ".join(dict.fromkeys(_type_of(choice) for choice in choices if choice.get("type") != "null"))
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return " or ".join(code(json.dumps(value)) for value in schema["enum"])
    return _plain_type(schema)


def _plain_type(schema: Schema) -> str:
    bounds = [f"{words} {_number(schema[key])}" for key, words in BOUNDS.items() if key in schema]
    return ", ".join([_plain_name(schema), *bounds])


def _plain_name(schema: Schema) -> str:
    name = str(schema.get("type", ANY_VALUE))
    if name == "array":
        return f"array of {_type_of(schema.get('items', {}))}"
    additional: Any = schema.get("additionalProperties")
    if name == "object" and additional not in (None, True, False, {}):
        return f"object of {_type_of(additional)}"
    return str(schema.get("format", name)) if name == "string" else name


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _example(value: object) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
