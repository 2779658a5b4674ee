"""Tool calls in the format of every family: written, constrained, and read however the text comes."""

import json
from collections.abc import Sequence
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.completion import ToolCallCollector
from rag.engines.json_schema import validate_schema
from rag.engines.serving.schema_constraint import WHITESPACE, SchemaCompiler
from rag.engines.serving.tools.formats import GEMMA, HERMES, NATIVE_FORMATS, ToolFormat
from rag.engines.serving.tools.grammar import build_grammar
from rag.engines.serving.tools.parser import ToolCallParser
from rag.engines.types import Tool, ToolCall, ToolUse

FORMATS = (*NATIVE_FORMATS, GEMMA)
PARALLEL = [known for known in FORMATS if known.has_parallel_calls]
every_format = pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.family)

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER, WEATHER_LATER = Tool("weather", "Rain?", json.dumps(CITY)), Tool("weather.later")
TOOLS = (WEATHER, WEATHER_LATER)
ROME = ToolCall("aaaaaaaa1", "weather", '{"city": "Rome \\"é}]\\\\"}')
LATER = ToolCall("aaaaaaaa2", "weather.later", '{"in": {"days": [1, 2]}}')

BYTES, END = [*(bytes([byte]) for byte in range(256)), b""], 256
compiler = SchemaCompiler(BYTES, [END])


def is_allowed(text: str, known: ToolFormat, tools: ToolUse, answer_schema: str = "") -> bool:
    """Whether a completion obeys the grammar from its first byte to its end."""
    grammar = build_grammar(known, tools, answer_schema=answer_schema, whitespace=WHITESPACE)
    constraint = compiler.compile_grammar(grammar)
    for token in (*text.encode(), END):
        if constraint.forbidden_tokens()[token]:
            return False
        constraint.accept(token)
    return True


def read(pieces: Sequence[str], known: ToolFormat) -> tuple[str, list[tuple[str, str]]]:
    """Return the text and the calls of a completion that comes in pieces."""
    numbers = count()
    parser, collector = ToolCallParser(known, new_id=lambda: f"call_{next(numbers)}"), ToolCallCollector()
    text = ""
    for piece in pieces:
        text += parser.push(piece)
        collector.add(parser.take_calls())
    text += parser.flush()
    collector.add(parser.take_calls())
    assert [call.id for call in collector.calls] == [f"call_{number}" for number in range(len(collector.calls))]
    return text, [(call.name, call.arguments) for call in collector.calls]


def cut(text: str, places: Sequence[int]) -> list[str]:
    ends = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(ends)]


@every_format
@pytest.mark.parametrize("choice", ["auto", "required", "function:weather"])
def test_a_call_is_allowed_and_read_as_it_is_written(known: ToolFormat, choice: str) -> None:
    written = known.write([ROME])
    assert is_allowed(written, known, ToolUse(TOOLS, choice))
    assert read([written], known) == ("", [("weather", ROME.arguments)])


@pytest.mark.parametrize("known", PARALLEL, ids=lambda known: known.family)
def test_several_calls_are_allowed_unless_one_alone_is_asked_for(known: ToolFormat) -> None:
    written = known.write([ROME, LATER])
    assert is_allowed(written, known, ToolUse(TOOLS))
    assert not is_allowed(written, known, ToolUse(TOOLS, parallel=False))
    assert not is_allowed(written, known, ToolUse(TOOLS, "function:weather"))
    assert read([written], known) == ("", [("weather", ROME.arguments), ("weather.later", LATER.arguments)])


@every_format
def test_arguments_that_break_the_schema_of_their_tool_are_not_allowed(known: ToolFormat) -> None:
    for arguments in ('{"city": 7}', "{}", '{"city": "Rome", "x": 1}'):
        assert not is_allowed(known.write([ToolCall("aaaaaaaa1", "weather", arguments)]), known, ToolUse(TOOLS))


@every_format
def test_a_tool_that_is_not_there_cannot_be_called(known: ToolFormat) -> None:
    assert not is_allowed(known.write([ToolCall("aaaaaaaa1", "oven", "{}")]), known, ToolUse(TOOLS))
    assert not is_allowed(known.write([LATER]), known, ToolUse(TOOLS, "function:weather"))


@every_format
@pytest.mark.parametrize(
    "text", ["", "It rains.\n\n2 < 3 and [1] {x}", '{"names": ["a"]}', '```python\nx = {"a": 1}\n```']
)
def test_text_is_free_if_no_call_is_forced(known: ToolFormat, text: str) -> None:
    assert is_allowed(text, known, ToolUse(TOOLS))
    assert not is_allowed(text, known, ToolUse(TOOLS, "required"))
    assert read([text], known) == (text, [])


@pytest.mark.parametrize("known", PARALLEL, ids=lambda known: known.family)
def test_text_before_a_call_is_kept_without_the_white_space_between_them(known: ToolFormat) -> None:
    completion = f"Let me see: 2 < 3.\n\n{known.write([ROME])}"
    assert is_allowed(completion, known, ToolUse(TOOLS))
    assert read([completion], known) == ("Let me see: 2 < 3.", [("weather", ROME.arguments)])


@every_format
def test_an_answer_that_is_no_call_obeys_its_schema(known: ToolFormat) -> None:
    schema = validate_schema({"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]})
    assert is_allowed('{"days": 3}', known, ToolUse(TOOLS), schema)
    assert is_allowed(known.write([ROME]), known, ToolUse(TOOLS), schema)
    assert not is_allowed("Three.", known, ToolUse(TOOLS), schema)


@given(
    known=st.sampled_from(FORMATS),
    before=st.sampled_from(["", "One moment.", "a <tool_c [TOOL ``` {", " \n"]),
    calls=st.lists(st.sampled_from([ROME, LATER]), max_size=3),
    places=st.lists(st.integers(0, 400), max_size=30),
)
def test_text_and_calls_are_the_same_however_a_completion_is_cut(
    known: ToolFormat, before: str, calls: list[ToolCall], places: list[int]
) -> None:
    if not known.has_parallel_calls:
        before, calls = ("", calls[:1]) if calls else (before, [])
    completion = before + known.write(calls) if calls else before
    text, read_calls = read(cut(completion, places), known)
    assert text == (before.rstrip() if calls else before)
    assert read_calls == [(call.name, call.arguments) for call in calls]


@given(known=st.sampled_from(FORMATS), length=st.integers(0, 200))
def test_a_completion_that_is_cut_off_has_what_was_written_of_its_calls(known: ToolFormat, length: int) -> None:
    text, calls = read(list(known.write([ROME])[:length]), known)
    assert len(calls) <= 1
    assert all(name == "weather" and ROME.arguments.startswith(arguments) for name, arguments in calls)
    assert not text or known.write([ROME]).startswith(text)


def test_arguments_are_streamed_while_they_are_written() -> None:
    parser = ToolCallParser(HERMES)
    parser.push('<tool_call>\n{"name": "weather", "arguments": ')
    assert parser.take_calls() == (), "what the name is, is certain when the arguments begin"
    parser.push('{"city"')
    first, second = parser.take_calls()
    assert (first.name, first.arguments, second.arguments) == ("weather", "", '{"city"')
    parser.push(': "Ro')
    assert [piece.arguments for piece in parser.take_calls()] == [': "Ro']


def test_text_is_streamed_up_to_what_could_open_a_call() -> None:
    parser = ToolCallParser(HERMES)
    assert [parser.push(piece) for piece in ("It ", "is <", "tool", "s> then", " \n")] == [
        "It",
        " is",
        "",
        " <tools> then",
        "",
    ]
    assert parser.flush() == " \n"
