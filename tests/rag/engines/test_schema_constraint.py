"""An answer that is kept to a JSON Schema, over a vocabulary of a few tokens."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.schema_constraint import SchemaCompiler, SchemaConstraint
from rag.errors import SchemaError

NAMES = ('{"', '":', '","', "name", '"}', " ", "true", "null", "[]")
PIECES = (b"", b"", b"", *(bytes([byte]) for byte in range(256)), *(name.encode() for name in NAMES))
CONTROL, *ENDS = range(3)
MOST_TOKENS = 600

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 3},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}
DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
CHAIN = {
    "$defs": {
        "link": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#/$defs/link"}, "maxItems": 1}]}
    },
    "$ref": "#/$defs/link",
}
SIGN = 'a "quoted" <|im_end|> \\ text'

compiler = SchemaCompiler(PIECES, ENDS)


def is_person(value: Any) -> bool:
    return (
        {"name", "age"} <= value.keys() <= {"name", "age", "tags"}
        and len(value["name"]) <= 8
        and 0 <= int(value["age"]) <= 150
        and len(value.get("tags", [])) <= 3
        and set(value.get("tags", [])) <= {"red", "green"}
    )


def is_chain(value: Any) -> bool:
    return value is None or value == [] or (len(value) == 1 and is_chain(value[0]))


SAFE_INTEGER = {"type": "integer", "minimum": -(2**53 - 1), "maximum": 2**53 - 1}
"""As Zod writes `z.int()`."""

CHECKS: tuple[tuple[object, Callable[[Any], bool]], ...] = (
    (PERSON, is_person),
    (CHAIN, is_chain),
    (SAFE_INTEGER, lambda value: abs(int(value)) < 2**53),
    ({"const": SIGN}, lambda value: value == SIGN),
    ({"enum": [1, "é"]}, lambda value: value in (1, "é")),
    # The library knows the days of a month only up to 31.
    ({"type": "string", "format": "date"}, lambda value: bool(DATE.fullmatch(value))),
)


def constraint_for(schema: object) -> SchemaConstraint:
    return compiler.compile(json.dumps(schema))


def written(schema: object, text: str) -> SchemaConstraint:
    """Return the constraint after `text`, in the longest tokens that are allowed."""
    constraint, left = constraint_for(schema), text.encode()
    while left:
        allowed = np.flatnonzero(~constraint.forbidden_tokens()).tolist()
        token = max(
            (token for token in allowed if left.startswith(PIECES[token])), key=lambda token: len(PIECES[token])
        )
        assert PIECES[token], f"{left!r} is not allowed"
        constraint.accept(token)
        left = left.removeprefix(PIECES[token])
    return constraint


def may_end(constraint: SchemaConstraint) -> bool:
    forbidden = constraint.forbidden_tokens()[ENDS]
    assert len(set(forbidden.tolist())) == 1
    return not forbidden[0]


def drawn(constraint: SchemaConstraint, seed: int) -> str:
    """Return a completion of random tokens that are allowed."""
    random = np.random.default_rng(seed)
    text = b""
    for _ in range(MOST_TOKENS):
        token = int(random.choice(np.flatnonzero(~constraint.forbidden_tokens())))
        if token in ENDS:
            return text.decode()
        constraint.accept(token)
        text += PIECES[token]
    raise AssertionError(f"no end after {MOST_TOKENS} tokens: {text!r}")


@given(check=st.sampled_from(CHECKS), seed=st.integers(0, 2**32))
def test_whatever_is_drawn_obeys_the_schema(check: tuple[object, Callable[[Any], bool]], seed: int) -> None:
    schema, obeys = check
    text = drawn(constraint_for(schema), seed)
    assert obeys(json.loads(text)), text


@pytest.mark.parametrize(
    ("schema", "complete", "incomplete"),
    [
        (PERSON, '{"name": "Ada", "age": 36}', '{"name": "Ada", "age": 36'),
        (PERSON, '{"name":"Ada","age":36}', '{"name":"Ada"'),
        ({"type": "integer"}, "12", "-"),
        ({"type": "object"}, '{"a": [1.5e3, {"b": null}]}', '{"a": [1.5e3'),
    ],
)
def test_an_answer_may_end_exactly_where_it_is_complete(schema: object, complete: str, incomplete: str) -> None:
    assert may_end(written(schema, complete))
    assert not may_end(written(schema, incomplete))


def test_space_between_the_parts_is_bounded() -> None:
    after_one = written({"type": "object"}, '{"a": ').forbidden_tokens()
    assert after_one[[PIECES.index(b" "), PIECES.index(b"\n")]].all()


def test_control_tokens_are_always_forbidden() -> None:
    assert written({"type": "string"}, '"any text').forbidden_tokens()[CONTROL]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": False}, "required": ["a"]},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"type": "array", "uniqueItems": True},
        {"$ref": "#/$defs/nowhere"},
    ],
)
def test_a_schema_that_nothing_obeys_or_the_library_cannot_keep_to_is_refused(schema: object) -> None:
    with pytest.raises(SchemaError):
        constraint_for(schema)


def choices(names: Sequence[str]) -> dict[str, object]:
    options = [{"type": "object", "properties": {name: {"const": name}}, "required": [name]} for name in names]
    return {"anyOf": options}


def test_a_schema_that_multiplies_itself_is_refused() -> None:
    levels: dict[str, object] = {
        f"d{level}": {**choices([f"p{level}{index}" for index in range(8)]), "$ref": f"#/$defs/d{level + 1}"}
        for level in range(4)
    }
    with pytest.raises(SchemaError, match="too big"):
        constraint_for({"$defs": {**levels, "d4": {"type": "object"}}, "$ref": "#/$defs/d0"})


def test_a_choice_between_too_many_ways_ends_the_answer_with_an_error() -> None:
    properties: dict[str, object] = {f"p{index}": {"type": "null"} for index in range(1_000)}
    constraint = constraint_for({"type": "object", "properties": properties})
    with pytest.raises(SchemaError, match="items"):
        drawn(constraint, seed=1)
