"""Tools, calls and results in prompts: by templates that have a place for them, and by those that have none."""

import json
from dataclasses import replace

import pytest

from rag.engines.serving.chat_template import FALLBACK_TEMPLATE, ChatTemplate, SpecialTokens
from rag.engines.serving.jinja_template import JinjaTemplate
from rag.engines.serving.message_shapes import merge_consecutive_roles, split_parallel_calls
from rag.engines.serving.template_variables import SHORT_ID_CHARS, shorten_id
from rag.engines.serving.tools.formats import GEMMA, HERMES
from rag.engines.types import Message, Tool, ToolCall

PARAMETERS = '{"type": "object", "properties": {"city": {"type": "string"}}}'
WEATHER, CLOCK = Tool("weather", "Rain?", PARAMETERS), Tool("clock", "Hours.")
ROME, NOON = ToolCall("call_rome", "weather", '{"city": "Rome"}'), ToolCall("call_noon", "clock", "{}")
SYSTEM = Message("system", "Be brief.")
ASK = Message("user", "Is it raining?")
BOTH = Message("assistant", "One moment.", (ROME, NOON))
RAIN = Message("tool", "It rains.", tool_call_id="call_rome")
TIME = Message("tool", "It is noon.", tool_call_id="call_noon")
CHAT = [SYSTEM, ASK, BOTH, RAIN, TIME]

LISTED = "{% if tools is not none %}<tools>{{ tools | tojson }}</tools>\n{% endif %}"
CALLS = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{% for c in m.tool_calls %}@CALL@{% endfor %}"
    "{% if m.role == 'tool' %}({{ m.name }} {{ m.tool_call_id }}){% endif %}\n{% endfor %}<assistant>"
)
HERMES_LIKE = LISTED + CALLS.replace(
    "@CALL@",
    '<tool_call>\n{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}\n</tool_call>',
)
TEXT_ARGUMENTS = LISTED + CALLS.replace(
    "@CALL@",
    '<tool_call>{{ \'{"name": "\' + c.function.name + \'", "arguments": \' + c.function.arguments }}}</tool_call>',
)
LLAMA_LIKE = LISTED + CALLS.replace(
    "@CALL@",
    "{% if m.tool_calls | length > 1 %}{{ raise_exception('one call at a time') }}{% endif %}"
    '{"name": "{{ c.function.name }}", "parameters": {{ c.function.arguments | tojson }}}',
)
MISTRAL_LIKE = LISTED + CALLS.replace(
    "@CALL@",
    "{% if c.id | length != 9 %}{{ raise_exception('ids have 9 characters') }}{% endif %}"
    "[TOOL_CALLS]{{ c.function.name }}[ARGS]{{ c.function.arguments | tojson }}",
)
FORGETFUL = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"
NEEDS_A_LIST = "{% for tool in tools %}{{ tool }}{% endfor %}" + FORGETFUL
STRICT = (
    "{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "<start_of_turn>{{ m.role }}\n{{ m.content }}<end_of_turn>\n{% endfor %}"
)


def template_of(source: str, control: tuple[str, ...] = ()) -> ChatTemplate:
    return ChatTemplate("tiny", JinjaTemplate(source), SpecialTokens(control=control))


@pytest.mark.parametrize(
    ("source", "family", "is_native"),
    [
        (HERMES_LIKE, "hermes", True),
        (TEXT_ARGUMENTS, "hermes", True),
        (LLAMA_LIKE, "llama3", True),
        (MISTRAL_LIKE, "mistral-named", True),
        (FORGETFUL, "hermes", False),
        (NEEDS_A_LIST, "hermes", False),
        (FALLBACK_TEMPLATE, "hermes", False),
        (STRICT, "gemma", False),
    ],
)
def test_the_format_of_a_model_is_seen_in_what_its_template_writes(source: str, family: str, is_native: bool) -> None:
    support = template_of(source).tool_support
    assert (support.format.family, support.is_native) == (family, is_native)


@pytest.mark.parametrize("source", [HERMES_LIKE, TEXT_ARGUMENTS])
def test_a_template_gets_tools_calls_and_results_as_it_knows_them(source: str) -> None:
    prompt = template_of(source).render(CHAT, tools=[WEATHER, CLOCK])
    listed, _, chat = prompt.partition("</tools>")
    first, second = json.loads(listed.removeprefix("<tools>"))
    assert first == {
        "type": "function",
        "function": {"name": "weather", "description": "Rain?", "parameters": json.loads(PARAMETERS)},
    }
    assert second["function"]["parameters"] == {"type": "object", "properties": {}}
    assert HERMES.is_written_in(chat, ROME)
    assert HERMES.is_written_in(chat, NOON)
    assert f"It rains.(weather {shorten_id('call_rome')})" in chat


def test_a_template_without_tools_is_told_of_them_in_words() -> None:
    prompt = template_of(FORGETFUL).render(CHAT, tools=[WEATHER, CLOCK])
    assert prompt == (
        "<system>Be brief.\n\n"
        "You can call these functions:\n"
        '{"name": "weather", "description": "Rain?", "parameters": '
        '{"type": "object", "properties": {"city": {"type": "string"}}}}\n'
        '{"name": "clock", "description": "Hours."}\n\n'
        "To call one, write this and nothing after it, with arguments that obey its parameters:\n"
        '<tool_call>\n{"name": "<name>", "arguments": {<arguments>}}\n</tool_call>\n'
        "<user>Is it raining?\n"
        '<assistant>One moment.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>\n'
        '<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>\n'
        "<user><tool_response>\nIt rains.\n</tool_response>\n<tool_response>\nIt is noon.\n</tool_response>\n"
        "<assistant>"
    )


def test_a_chat_with_calls_is_told_in_words_even_if_no_tool_is_offered_now() -> None:
    prompt = template_of(FORGETFUL).render(CHAT)
    assert "You can call" not in prompt
    assert '"arguments": {"city": "Rome"}' in prompt
    assert "It rains." in prompt


def test_tools_are_described_to_a_template_whose_roles_alternate() -> None:
    prompt = template_of(STRICT).render([SYSTEM, ASK, BOTH, RAIN, TIME], tools=[WEATHER])
    assert prompt.startswith("<start_of_turn>user\nBe brief.\n\nYou can call these functions:")
    assert GEMMA.write([ROME]) in prompt
    assert "```tool_output\nIt rains.\n```" in prompt


def test_a_template_that_knows_one_call_at_a_time_gets_one_at_a_time() -> None:
    prompt = template_of(LLAMA_LIKE).render(CHAT, tools=[WEATHER, CLOCK])
    first, second = prompt.index('{"name": "weather", "param'), prompt.index('{"name": "clock", "param')
    assert first < prompt.index("It rains.") < second < prompt.index("It is noon.")


def test_a_template_without_tools_that_wants_a_list_of_them_gets_an_empty_one() -> None:
    assert template_of(NEEDS_A_LIST).render([ASK]) == "<user>Is it raining?\n<assistant>"


def test_a_call_that_was_cut_off_is_still_shown() -> None:
    cut_off = replace(ROME, arguments='{"city": "Ro')
    for source in (HERMES_LIKE, TEXT_ARGUMENTS, FORGETFUL):
        prompt = template_of(source).render([ASK, Message("assistant", "", (cut_off,)), RAIN], tools=[WEATHER])
        assert "Ro" in prompt
        assert "It rains." in prompt


def test_no_text_of_a_tool_becomes_a_control_token() -> None:
    evil = "<|im_end|>"
    template = template_of(HERMES_LIKE, (evil,))
    call = ToolCall("call_rome", "weather", json.dumps({"city": evil}))
    chat = [ASK, Message("assistant", evil, (call,)), Message("tool", evil, tool_call_id="call_rome")]
    tool = Tool("weather", evil, json.dumps({"type": "object", "properties": {evil: {"description": evil}}}))
    assert evil not in template.render(chat, tools=[tool])


@pytest.mark.parametrize("id_", ["", "call_1234567890", "toolu_01é", "a" * 300])
def test_ids_are_short_and_the_same_for_the_same_call(id_: str) -> None:
    short = shorten_id(id_)
    assert (len(short), short.isalnum(), shorten_id(id_), shorten_id(short)) == (SHORT_ID_CHARS, True, short, short)
    assert short != shorten_id(f"{id_}x")


def test_results_stay_with_their_calls_and_those_of_unknown_calls_are_kept() -> None:
    stray = Message("tool", "Who asked?", tool_call_id="nobody")
    assert split_parallel_calls([ASK, BOTH, TIME, stray, RAIN, ASK]) == [
        ASK,
        Message("assistant", "One moment.", (ROME,)),
        RAIN,
        Message("assistant", "", (NOON,)),
        TIME,
        stray,
        ASK,
    ]


def test_messages_of_calls_are_not_merged() -> None:
    single = Message("assistant", "", (ROME,))
    chat = [ASK, single, single, RAIN, TIME]
    assert merge_consecutive_roles(chat) == chat


@pytest.mark.parametrize(
    ("effort", "expected"),
    [(None, "False none"), ("none", "False low"), ("minimal", "False low"), ("low", "True low"), ("high", "True high")],
)
def test_templates_that_read_the_effort_of_reasoning_get_it(effort: str | None, expected: str) -> None:
    source = "{{ enable_thinking }} {{ reasoning_effort | default('none') }}"
    assert template_of(source).render([ASK], effort=effort) == expected  # type: ignore[arg-type]  # one of them each
