"""The one check that the stream of a completion has an end."""

from collections.abc import Generator, Iterable

import pytest

from rag.engines.completion import Completion, ToolCallCollector, complete_stream
from rag.engines.types import Delta, Tool, ToolCall, ToolCallDelta, ToolUse, Usage
from rag.errors import EngineCrashedError

WORDS = (Delta("The "), Delta("pump"))
END = Delta(".", "stop", Usage(3, 3))


def stream(deltas: Iterable[Delta]) -> Generator[Delta, None, None]:
    yield from deltas


def test_a_stream_with_an_end_passes_as_it_is() -> None:
    assert list(complete_stream(stream([*WORDS, END]), model="m")) == [*WORDS, END]


@pytest.mark.parametrize("end", [(), (Delta(".", "stop"),), (Delta(".", usage=Usage(3, 3)),)])
def test_a_stream_without_finish_reason_or_usage_is_a_crash_after_its_words(end: tuple[Delta, ...]) -> None:
    deltas = complete_stream(stream([*WORDS, *end]), model="m")
    assert [next(deltas) for _ in (*WORDS, *end)] == [*WORDS, *end]
    with pytest.raises(EngineCrashedError, match="without a finish reason") as caught:
        next(deltas)
    assert caught.value.model == "m"


def test_closing_the_stream_closes_that_of_the_engine_and_is_no_crash() -> None:
    closed: list[bool] = []

    def endless() -> Generator[Delta, None, None]:
        try:
            while True:
                yield WORDS[0]
        finally:
            closed.append(True)

    deltas = complete_stream(endless(), model="m")
    next(deltas)
    deltas.close()
    assert closed == [True]


def test_a_completion_is_made_of_the_delta_that_ends_it() -> None:
    assert Completion.from_stream("The pump.", END) == Completion("The pump.", "stop", Usage(3, 3))
    with pytest.raises(ValueError, match="ends no completion"):
        Completion.from_stream("The ", WORDS[0])


def test_pieces_of_tool_calls_are_put_together_by_their_index() -> None:
    collector = ToolCallCollector()
    collector.add([ToolCallDelta(0, "a", "look_up"), ToolCallDelta(0, arguments='{"word": ')])
    collector.add([])
    collector.add([ToolCallDelta(0, arguments='"pump"}'), ToolCallDelta(1, "b", "stop", "{}")])
    assert collector.calls == (ToolCall("a", "look_up", '{"word": "pump"}'), ToolCall("b", "stop", "{}"))


def test_a_piece_of_a_call_that_has_not_begun_is_refused() -> None:
    with pytest.raises(ValueError, match="has not begun"):
        ToolCallCollector().add([ToolCallDelta(1, arguments="{}")])


LOOK_UP, STOP = Tool("look_up", "Look a word up."), Tool("stop")


@pytest.mark.parametrize(
    ("choice", "forced", "offered"),
    [
        ("auto", False, (LOOK_UP, STOP)),
        ("none", False, ()),
        ("required", True, (LOOK_UP, STOP)),
        ("function:stop", True, (STOP,)),
    ],
)
def test_the_choice_says_which_tools_are_offered_and_whether_one_must_be_called(
    choice: str, forced: bool, offered: tuple[Tool, ...]
) -> None:
    use = ToolUse((LOOK_UP, STOP), choice)
    assert (use.is_forced, use.offered) == (forced, offered)


@pytest.mark.parametrize(
    ("tools", "choice"),
    [((), "auto"), ((STOP, STOP), "auto"), ((STOP,), "function:look_up"), ((STOP,), "sometimes")],
)
def test_tools_that_do_not_agree_cannot_be_built(tools: tuple[Tool, ...], choice: str) -> None:
    with pytest.raises(ValueError, match="tool"):
        ToolUse(tools, choice)
