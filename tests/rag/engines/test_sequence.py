"""The tokens and text of one request: stop strings, broken characters, ends."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.sequence import (
    Detokenizer,
    StopScanner,
    TokenSequence,
    count_common_prefix,
    limit_max_tokens,
)
from rag.engines.types import Usage

texts = st.text(alphabet="abcd \n", max_size=40)
stops = st.lists(st.text(alphabet="abcd", min_size=1, max_size=4), max_size=3)


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    return [text[start:end] for start, end in pairwise(edges)]


def cut_at_first_complete_stop(text: str, stop: list[str]) -> str:
    ends = [(at + len(item), at) for item in stop if (at := text.find(item)) >= 0]
    return text[: min(ends)[1]] if ends else text


@given(text=texts, stop=stops, cuts=st.lists(st.integers(0, 40)))
def test_text_ends_before_the_stop_string_that_is_complete_first_however_it_is_cut(
    text: str, stop: list[str], cuts: list[int]
) -> None:
    scanner = StopScanner(stop)
    shown = "".join(scanner.push(piece) for piece in pieces_of(text, cuts)) + scanner.flush()
    assert shown == cut_at_first_complete_stop(text, stop)


@given(text=texts, stop=stops, cuts=st.lists(st.integers(0, 40)))
def test_no_more_is_held_back_than_could_begin_a_stop_string(text: str, stop: list[str], cuts: list[int]) -> None:
    scanner = StopScanner(stop)
    shown = "".join(scanner.push(piece) for piece in pieces_of(text, cuts))
    held = text[len(shown) :]
    assert scanner.has_stopped or held == "" or any(item.startswith(held) for item in stop)


@given(text=st.text(max_size=40), cuts=st.lists(st.integers(0, 160)))
def test_characters_come_whole_however_their_bytes_are_cut(text: str, cuts: list[int]) -> None:
    data = text.encode()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    detokenizer = Detokenizer([])
    shown = [detokenizer.push(data[start:end]) for start, end in pairwise(edges)]
    assert "".join(shown) + detokenizer.flush() == text


def test_a_stop_string_may_span_tokens_and_is_never_shown() -> None:
    sequence = TokenSequence([1], max_tokens=10, stop=["END"])
    shown = [sequence.accept(token, piece) for token, piece in enumerate([b"all E", b"N", b"D more"])]
    assert shown == ["all ", "", ""]
    assert sequence.finish_reason == "stop"


def test_a_stop_string_that_does_not_come_is_shown_after_all() -> None:
    sequence = TokenSequence([1], max_tokens=10, stop=["END"])
    assert sequence.accept(1, b"the E") + sequence.accept(2, b"N") == "the "
    assert sequence.finish() == "EN"
    assert sequence.finish_reason == "stop"


def test_the_last_token_allowed_brings_out_what_was_held_back() -> None:
    sequence = TokenSequence([1], max_tokens=2, stop=["END"])
    assert sequence.accept(1, b"the E") == "the "
    assert sequence.accept(2, b"N") == "EN"
    assert sequence.finish_reason == "length"


def test_a_character_that_the_model_never_finished_is_left_out() -> None:
    sequence = TokenSequence([1], max_tokens=2)
    shown = sequence.accept(1, "é".encode()) + sequence.accept(2, "é".encode()[:1])
    assert shown == "é"


def test_bytes_that_are_no_text_become_a_replacement_character() -> None:
    detokenizer = Detokenizer([])
    assert detokenizer.push(b"a\xffb") == "a\ufffdb"


@given(length=st.integers(1, 50), chunk=st.integers(1, 20), cached=st.integers(0, 49))
def test_a_prompt_is_prefilled_once_in_order_after_its_cached_tokens(length: int, chunk: int, cached: int) -> None:
    sequence = TokenSequence(list(range(length)), max_tokens=5)
    sequence.resume_at(min(cached, length - 1))
    prefilled: list[int] = []
    while sequence.pending_tokens:
        tokens = sequence.next_input(chunk)
        prefilled += tokens
        sequence.advance(len(tokens))
    assert prefilled == list(range(min(cached, length - 1), length))


def test_after_the_prompt_the_input_of_a_step_is_the_last_token() -> None:
    sequence = TokenSequence([1, 2], max_tokens=5)
    sequence.advance(2)
    sequence.accept(7, b"x")
    assert sequence.next_input(100) == [7]


def test_usage_counts_prompt_completion_and_cached_tokens() -> None:
    sequence = TokenSequence([1, 2, 3], max_tokens=5)
    sequence.resume_at(2)
    sequence.accept(7, b"x")
    sequence.finish()
    assert sequence.count_usage() == Usage(prompt_tokens=3, completion_tokens=1, cached_tokens=2)


@pytest.mark.parametrize(("max_tokens", "limit"), [(None, 6), (4, 4), (100, 6), (0, 1)])
def test_a_completion_never_outgrows_the_window(max_tokens: int | None, limit: int) -> None:
    assert limit_max_tokens(prompt_tokens=10, context_window=16, max_tokens=max_tokens) == limit


@pytest.mark.parametrize(("prompt", "max_tokens"), [([], 1), ([1], 0)])
def test_a_request_without_prompt_or_room_cannot_be_built(prompt: list[int], max_tokens: int) -> None:
    with pytest.raises(ValueError, match="needs a prompt and room"):
        TokenSequence(prompt, max_tokens)


@given(shared=st.lists(st.integers(0, 3)), left=st.lists(st.integers(0, 3)), right=st.lists(st.integers(0, 3)))
def test_the_common_prefix_is_shared_and_cannot_be_longer(shared: list[int], left: list[int], right: list[int]) -> None:
    one, other = shared + left, shared + right
    length = count_common_prefix(one, other)
    assert length >= len(shared)
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == len(one) == len(other)
