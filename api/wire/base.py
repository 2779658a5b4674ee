"""What all requests and responses share: their base classes, and the types of their fields."""

import math
import unicodedata
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SecretStr,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

MAX_QUERY_CHARS = 10_000

DOCS_PREFIX = "docs/"
"""What the model of a chat with the documents of a collection begins with."""

SourceStyle = Literal["list", "numbers", "none"]
"""What the text of an answer from documents tells of its sources."""

JsonObject = dict[str, Any]


class RequestModel(BaseModel):
    """Base of all requests. A field that is not declared is refused by name; null leaves an optional one out.

    So OpenAI's API reads null, and so many clients send what their user has not set.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, body: object) -> object:
        if not isinstance(body, dict):
            return body
        fields = cast("dict[str, object]", body)
        known = {name for field_name, field in cls.model_fields.items() for name in (field_name, field.alias)}
        check_finite([value for name, value in fields.items() if name not in known])
        optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
        given = {name: value for name, value in fields.items() if value is not None or name not in optional}
        # Not by a validator of each field: pydantic leaves bounds that follow one out of the schema.
        return {name: _whole_as_integer(value) for name, value in given.items()}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say of every optional field that it may be null."""
        schema = handler(core_schema)
        resolved = handler.resolve_ref_schema(schema)
        properties = resolved.get("properties", {})
        for name in properties.keys() - set(resolved.get("required", ())):
            properties[name] = _allow_null(properties[name])
        return schema


class ResponseModel(BaseModel):
    """Base of all responses. `model_validate` reads a value of the library or of an answer by its attributes."""

    model_config = ConfigDict(
        frozen=True,
        from_attributes=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
        protected_namespaces=(),
    )

    def json_object(self) -> JsonObject:
        """Return the response as the JSON object that a client gets."""
        return self.model_dump(mode="json")


def is_absent(value: object) -> bool:
    """Whether a field is left out of a response instead of being null."""
    return value is None


Absent = Field(default=None, exclude_if=is_absent)
"""Default of a field that a response has only in some cases; it is absent otherwise, not null."""


def check_characters(text: str) -> str:
    """Refuse half of a surrogate pair, which no database and no tokenizer can take."""
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("the text has a lone surrogate, half of a character")
    return text


def check_finite(value: object) -> object:
    """Refuse NaN and the infinities at any depth: JSON has neither, but Python reads both."""
    values = [value]
    while values:
        part = values.pop()
        if isinstance(part, dict):
            values.extend(cast("dict[str, object]", part).values())
        elif isinstance(part, list):
            values.extend(cast("list[object]", part))
        elif isinstance(part, float) and not math.isfinite(part):
            raise ValueError("NaN and infinity are no numbers of JSON")
    return value


def clean_name(text: str) -> str:
    """Return a name as it is shown: composed characters (NFC), single spaces, no invisible or bidirectional controls.

    The result is empty if nothing visible is left.
    """
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(char for char in composed if unicodedata.category(char)[0] != "C")
    return " ".join(visible.split())


def reveal(secret: SecretStr | None) -> str | None:
    """Return the value of a field that is kept out of logs and error messages."""
    return None if secret is None else secret.get_secret_value()


def as_list(value: object) -> object:
    """Accept one text for a list of texts. Unlike a union, this keeps the field's name in error messages."""
    return [value] if isinstance(value, str) else value


def as_text_parts(value: object) -> object:
    """Accept one text for a list of content parts."""
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


def goes_with(field: str, neutral: JsonDict, companion: str, required: JsonDict) -> JsonDict:
    """Return what a schema says of a field that has another value than a neutral one only beside its companion."""
    with_companion: JsonDict = {"properties": {companion: required}, "required": [companion]}
    return {"anyOf": [{"properties": {field: neutral}}, with_companion]}


def _allow_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Return a property's schema that also takes null; its description and default stay beside the choice."""
    options = schema.get("anyOf", [schema])
    is_open = not schema.keys() & {"$ref", "allOf", "anyOf", "const", "enum", "type"}
    if is_open or any(option.get("type") == "null" for option in options):
        return schema
    if "anyOf" in schema:
        return {**schema, "anyOf": [*options, {"type": "null"}]}
    about: JsonSchemaValue = {key: schema[key] for key in ("description", "default", "title") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in about}
    return {**about, "anyOf": [inner, {"type": "null"}]}


def when(condition: JsonDict, rule: JsonDict, otherwise: JsonDict | None = None) -> JsonDict:
    """Return what a schema says of some requests, and of the others."""
    schema: JsonDict = {"if": condition, "then": rule}
    return schema if otherwise is None else {**schema, "else": otherwise}


def has(field: str, value: JsonDict) -> JsonDict:
    """Return the condition that a request has a field, and with such a value."""
    return {"required": [field], "properties": {field: value}}


def _check_unset(value: object) -> None:
    """Accept the values by which a client says that it does not use an option."""
    if value in NEUTRAL_VALUES:
        return
    raise ValueError("this option is not supported; leave it out")


def _whole_as_integer(value: object) -> object:
    """Return `2.0` as 2: JSON has numbers, and JSON Schema calls a whole one an integer however it is written."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, AfterValidator(check_characters)]
Flag = Annotated[bool, Strict()]
Integer = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""Values of a JSON body have their JSON type: no text or truth value counts as a number. A query has texts alone."""
Query = Annotated[Text, Field(min_length=1, max_length=MAX_QUERY_CHARS)]

Metadata = Annotated[
    dict[Annotated[Text, Field(max_length=64)], Annotated[Text, Field(max_length=512)]], Field(max_length=16)
]
"""What a client notes about an object, within OpenAI's limits."""

NEUTRAL_VALUES: tuple[Any, ...] = (None, False, 0, "", [], {}, "none", "auto")

Unsupported = Annotated[
    None,
    BeforeValidator(_check_unset),
    WithJsonSchema({"enum": list(NEUTRAL_VALUES), "description": "Not supported; leave it out."}),
]
"""An option of OpenAI's API that would change the answer and is not supported: only its neutral values pass."""

Anything = Annotated[Any, AfterValidator(check_finite)]
"""Any JSON value."""
AnyObject = Annotated[dict[str, Any], AfterValidator(check_finite)]
"""Any JSON object."""

Ignored = Annotated[Anything, WithJsonSchema({"description": "Accepted and ignored."})]
"""An option of OpenAI's API that changes nothing here; accepted, so that its clients work unchanged."""
