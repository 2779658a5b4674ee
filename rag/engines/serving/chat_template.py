"""Turn messages into a prompt in the format that a model was trained on: the Jinja chat template of its file.

A template is untrusted code, so it runs in a sandbox, in a process of its own (`template_process`). Questions and
documents can contain the text of a control token (`<|im_end|>`); it is broken up first, so that no content can end its
own message or begin another.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from rag.engines.serving.jinja_template import TemplateRefusedError
from rag.engines.serving.message_shapes import list_shapes, split_parallel_calls
from rag.engines.serving.template_variables import dump_messages, dump_tools
from rag.engines.serving.tools.described import add_system_text, describe_tools, write_out_calls
from rag.engines.serving.tools.formats import ToolFormat, choose_described_format, find_native_format
from rag.engines.types import Message, ReasoningEffort, Tool, ToolCall
from rag.errors import ChatTemplateError

ZERO_WIDTH_SPACE = "\u200b"
REPLACEMENT = "\ufffd"

FALLBACK_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'system' %}{{ message.content }}\n\n"
    "{% elif message.role == 'user' %}User: {{ message.content }}\n"
    "{% else %}Assistant: {{ message.content }}\n{% endif %}"
    "{% endfor %}Assistant:"
)
FALLBACK_STOP = ("\nUser:",)


class Template(Protocol):
    """A compiled template, in this process or in another."""

    def render(self, variables: Mapping[str, Any]) -> str:
        """Return the prompt.

        Raises `TemplateRefusedError` if the template refuses `variables`, `ChatTemplateError` if it was stopped.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The texts of the tokens that templates use, and of every control token that content must not become."""

    bos: str = ""
    eos: str = ""
    control: tuple[str, ...] = ()


PROBE_TOOL = Tool(
    "probe_tool",
    "Probe the template.",
    '{"type": "object", "properties": {"word": {"type": "string", "description": "Any word."}}, "required": ["word"]}',
)
PROBE_CALL = ToolCall("probe0001", PROBE_TOOL.name, '{"word": "plain"}')
PROBE_CHAT = (
    Message("user", "Call it."),
    Message("assistant", "", (PROBE_CALL,)),
    Message("tool", "probe result", tool_call_id=PROBE_CALL.id),
    Message("assistant", "It was called."),
    Message("user", "Good."),
)
"""A chat that shows how a template writes calls."""
THINKING_EFFORTS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A chat in a shape that a template may accept."""

    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    arguments_as_text: bool = False
    none_as_list: bool = False
    """Whether a template that has no tools gets an empty list; most test for None."""


@dataclass(frozen=True, slots=True)
class ToolSupport:
    """How a model calls tools: in the format of its template (`is_native`), or in one that is described to it."""

    format: ToolFormat
    is_native: bool
    arguments_as_text: bool = False


class ChatTemplate:
    """Renders messages with the template of a `model`, which errors name. `stop_strings` end a completion.

    There are none but those of `FALLBACK_TEMPLATE`: other templates end a message with a token.
    """

    def __init__(
        self, model: str, template: Template, tokens: SpecialTokens, *, stop_strings: tuple[str, ...] = ()
    ) -> None:
        self.stop_strings = stop_strings
        self._model = model
        self._template = template
        self._tokens = tokens
        self._control = _compile_alternatives(tokens.control)

    def render(
        self, messages: Sequence[Message], *, tools: Sequence[Tool] = (), effort: ReasoningEffort | None = None
    ) -> str:
        """Return the prompt for the next completion of the assistant.

        If the template refuses a system message or roles that do not alternate, the system message is merged into the
        first user message, then consecutive messages of one role. Tools, calls and results are text for a template
        that has no place for them. Raises `ChatTemplateError` if it refuses that too, or if it was stopped.
        """
        safe = [self._neutralize_message(message) for message in messages]
        if tools or any(message.role == "tool" or message.tool_calls for message in safe):
            attempts = self._shape_tools(safe, [self._neutralize_tool(tool) for tool in tools])
        else:
            attempts = _shape_plain(safe)
        return self._render_first(attempts, safe, effort)

    @cached_property
    def tool_support(self) -> ToolSupport:
        """How the model calls tools, from what its template makes of `PROBE_CHAT`. Raises `ChatTemplateError`."""
        for as_text in (False, True):
            try:
                prompt = self._render(_Attempt(PROBE_CHAT, (PROBE_TOOL,), as_text), None)
            except TemplateRefusedError:
                continue
            known = find_native_format(prompt, PROBE_CALL)
            if known is not None and PROBE_TOOL.description in prompt and PROBE_CHAT[2].content in prompt:
                return ToolSupport(known, is_native=True, arguments_as_text=as_text)
        prompt = self._render_first(_shape_plain(PROBE_CHAT[:1]), (), None)
        return ToolSupport(choose_described_format(prompt), is_native=False)

    def neutralize(self, content: str) -> str:
        """Return `content` with a zero-width space in the text of every control token."""
        if self._control is None:
            return content
        while self._control.search(content):  # a broken one can leave another one inside it
            content = self._control.sub(_break_up, content)
        return content

    def _neutralize_message(self, message: Message) -> Message:
        calls = tuple(replace(call, arguments=self.neutralize(call.arguments)) for call in message.tool_calls)
        return replace(message, content=self.neutralize(message.content), tool_calls=calls)

    def _neutralize_tool(self, tool: Tool) -> Tool:
        return Tool(tool.name, self.neutralize(tool.description), self.neutralize(tool.parameters))

    def _shape_tools(self, messages: list[Message], tools: list[Tool]) -> list[_Attempt]:
        support = self.tool_support
        written = write_out_calls(messages, support.format)
        if not support.is_native:
            described = add_system_text(written, describe_tools(tools, support.format)) if tools else written
            return _shape_plain(described)
        return [
            _Attempt(shape, tools, support.arguments_as_text, none_as_list)
            for none_as_list in (False, True)
            for chat in (messages, split_parallel_calls(messages), written)
            for shape in list_shapes(chat)
        ]

    def _render_first(
        self, attempts: Iterable[_Attempt], messages: Sequence[Message], effort: ReasoningEffort | None
    ) -> str:
        """Return the prompt of the first attempt that the template takes, with the system message of `messages`."""
        refusals: list[str] = []
        for attempt in attempts:
            try:
                prompt = self._render(attempt, effort)
            except TemplateRefusedError as error:
                refusals.append(error.detail)
                continue
            if _has_system(prompt, messages):
                return prompt
            refusals.append("it leaves out the system message")
        raise ChatTemplateError(model=self._model, detail=refusals[0])

    def _render(self, attempt: _Attempt, effort: ReasoningEffort | None) -> str:
        is_thinking = effort in THINKING_EFFORTS
        variables: dict[str, Any] = {
            "messages": dump_messages(attempt.messages, arguments_as_text=attempt.arguments_as_text),
            "add_generation_prompt": True,
            "bos_token": self._tokens.bos,
            "eos_token": self._tokens.eos,
            "tools": dump_tools(attempt.tools) or ([] if attempt.none_as_list else None),
            "documents": None,
            # For reasoning models: an answer from documents has to start at once.
            "enable_thinking": is_thinking,
            "thinking": is_thinking,
        }
        if effort is not None:  # templates have a default of their own
            variables["reasoning_effort"] = effort if is_thinking else THINKING_EFFORTS[0]
        return self._template.render(variables)


def _shape_plain(messages: Sequence[Message]) -> list[_Attempt]:
    return [_Attempt(shape, none_as_list=as_list) for as_list in (False, True) for shape in list_shapes(messages)]


def _has_system(prompt: str, messages: Sequence[Message]) -> bool:
    # Some templates leave a system message out without an error.
    return all(message.content.strip() in prompt for message in messages if message.role == "system")


def _compile_alternatives(texts: Collection[str]) -> re.Pattern[str] | None:
    longest_first = sorted(filter(None, texts), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _break_up(match: re.Match[str]) -> str:
    text = match[0]
    return text[0] + ZERO_WIDTH_SPACE + text[1:] if len(text) > 1 else REPLACEMENT
