"""The state of one request: text, stop strings, ends."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.serving.sequence import (
    GenerationRequest,
    StopScanner,
    TextStream,
    common_prefix,
    room_for_answer,
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
    stream = TextStream([])
    shown = [stream.push(data[start:end]) for start, end in pairwise(edges)]
    assert "".join(shown) + stream.flush() == text


def test_a_stop_string_may_span_tokens_and_is_never_shown() -> None:
    request = GenerationRequest([1], max_tokens=10, stop=["END"])
    shown = [request.accept(token, piece) for token, piece in enumerate([b"all E", b"N", b"D more"])]
    assert shown == ["all ", "", ""]
    assert request.finish_reason == "stop"


def test_a_stop_string_that_does_not_come_is_shown_after_all() -> None:
    request = GenerationRequest([1], max_tokens=10, stop=["END"])
    assert request.accept(1, b"the E") + request.accept(2, b"N") == "the "
    assert request.end() == "EN"
    assert request.finish_reason == "stop"


def test_the_last_token_allowed_brings_out_what_was_held_back() -> None:
    request = GenerationRequest([1], max_tokens=2, stop=["END"])
    assert request.accept(1, b"the E") == "the "
    assert request.accept(2, b"N") == "EN"
    assert request.finish_reason == "length"


def test_a_character_that_the_model_never_finished_is_left_out() -> None:
    request = GenerationRequest([1], max_tokens=2)
    shown = request.accept(1, "é".encode()) + request.accept(2, "é".encode()[:1])
    assert shown == "é"


def test_bytes_that_are_no_text_become_a_replacement_character() -> None:
    stream = TextStream([])
    assert stream.push(b"a\xffb") == "a\ufffdb"


@given(length=st.integers(1, 50), share=st.integers(1, 20), cached=st.integers(0, 49))
def test_a_prompt_is_read_once_in_order_from_where_it_is_known(length: int, share: int, cached: int) -> None:
    request = GenerationRequest(list(range(length)), max_tokens=5)
    request.resume_at(min(cached, length - 1))
    read: list[int] = []
    while request.unread:
        tokens = request.next_tokens(share)
        read += tokens
        request.advance(len(tokens))
    assert read == list(range(min(cached, length - 1), length))


def test_after_the_prompt_each_step_reads_the_token_written_last() -> None:
    request = GenerationRequest([1, 2], max_tokens=5)
    request.advance(2)
    request.accept(7, b"x")
    assert request.next_tokens(100) == [7]


def test_usage_counts_prompt_answer_and_what_was_known() -> None:
    request = GenerationRequest([1, 2, 3], max_tokens=5)
    request.resume_at(2)
    request.accept(7, b"x")
    request.end()
    assert request.usage() == Usage(prompt_tokens=3, completion_tokens=1, cached_tokens=2)


@pytest.mark.parametrize(("wish", "room"), [(None, 6), (4, 4), (100, 6), (0, 1)])
def test_an_answer_never_outgrows_the_window(wish: int | None, room: int) -> None:
    assert room_for_answer(prompt_tokens=10, context_window=16, max_tokens=wish) == room


@pytest.mark.parametrize(("prompt", "max_tokens"), [([], 1), ([1], 0)])
def test_a_request_without_prompt_or_room_cannot_be_built(prompt: list[int], max_tokens: int) -> None:
    with pytest.raises(ValueError, match="needs a prompt and room"):
        GenerationRequest(prompt, max_tokens)


@given(shared=st.lists(st.integers(0, 3)), left=st.lists(st.integers(0, 3)), right=st.lists(st.integers(0, 3)))
def test_the_common_prefix_is_shared_and_cannot_be_longer(shared: list[int], left: list[int], right: list[int]) -> None:
    one, other = shared + left, shared + right
    length = common_prefix(one, other)
    assert length >= len(shared)
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == len(one) == len(other)
