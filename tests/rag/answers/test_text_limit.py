"""How long an answer of quotes may be, and what it took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers.text_limit import count_text_tokens, cut_text
from tests.fakes import ScriptedEngine


def count_words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("stops", "max_tokens", "shown", "reason"),
    [
        ((), None, "one two three. four", "stop"),
        ((), 4, "one two three. four", "stop"),
        ((), 2, "one two", "length"),
        (("three", "two"), None, "one ", "stop"),
        (("nowhere",), None, "one two three. four", "stop"),
        ((".",), 2, "one two", "length"),
        ((".",), 3, "one two three", "stop"),
    ],
)
def test_a_text_ends_at_the_first_stop_or_with_its_last_token(
    stops: tuple[str, ...], max_tokens: int | None, shown: str, reason: str
) -> None:
    assert cut_text("one two three. four", stops, max_tokens, count_words) == (shown, reason)


@given(text=st.text(alphabet="ab \n", max_size=60), max_tokens=st.integers(1, 9))
def test_as_much_is_shown_as_the_limit_lets(text: str, max_tokens: int) -> None:
    shown, reason = cut_text(text, (), max_tokens, count_words)
    assert text.startswith(shown)
    assert count_words(shown) == min(count_words(text), max_tokens)
    assert (reason == "length") == (count_words(text) > max_tokens)


def test_the_tokens_of_a_text_are_counted_without_those_of_a_message() -> None:
    engine = ScriptedEngine([])
    assert count_text_tokens(engine, "") == 0
    assert count_text_tokens(engine, "three plain words") > 0
