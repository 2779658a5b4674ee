"""The sentences of an answer in JSON, in their places."""

import json
from collections.abc import Iterator
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from rag.generation.json_text import extract_text_values

Json: TypeAlias = "int | str | list[Json] | dict[str, Json] | None"

values = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def texts_in(value: Json) -> Iterator[str]:
    """Yield all text values as JSON writes them, in their order, without what breaks lines."""
    if isinstance(value, str):
        yield json.dumps(value.translate(dict.fromkeys(map(ord, "\n\r\t"))))[1:-1]
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_in(part)


@given(value=values)
def test_all_text_values_and_nothing_else_keep_their_positions(value: Json) -> None:
    answer = json.dumps(value)
    shown = extract_text_values(answer)
    assert len(shown) == len(answer)
    assert all(left in ("\n", char) for left, char in zip(shown, answer, strict=True))
    assert shown.replace("\n", "") == "".join(texts_in(value))


def test_names_and_numbers_are_left_out() -> None:
    assert extract_text_values('{"a" : "It is 3.", "b": [2]}').split() == ["It", "is", "3."]


def test_a_text_that_was_cut_is_left_out() -> None:
    assert extract_text_values('{"a": "one", "b": "tw').split() == ["one"]
