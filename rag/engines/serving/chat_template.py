"""Turn messages into a prompt in the format that a model was trained on: the Jinja chat template of its file.

A template is untrusted code, so it runs in a sandbox. Questions and documents can contain the text of a control token
(`<|im_end|>`); it is broken up first, so that no content can end its own message or begin another.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rag.engines.types import Message
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

TEMPLATE_ERRORS = (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What a template can raise: its own refusal, and the errors of its author."""


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The texts of the tokens that templates use, and of every control token that content must not become."""

    bos: str = ""
    eos: str = ""
    control: tuple[str, ...] = ()


class ChatTemplate:
    """Renders messages. `stop_strings` end a completion if the template has no end token."""

    def __init__(
        self, source: str | None, tokens: SpecialTokens, *, now: Callable[[], datetime] = datetime.now
    ) -> None:
        self.stop_strings = () if source else FALLBACK_STOP
        self._tokens = tokens
        self._control = _compile_alternatives(tokens.control)
        environment = _create_environment(now)
        try:
            self._template = environment.from_string(source or FALLBACK_TEMPLATE)
        except jinja2.TemplateError as error:
            raise ChatTemplateError(detail=f"the template has an error: {error}") from error

    def render(self, messages: Sequence[Message]) -> str:
        """Return the prompt for the next completion of the assistant.

        If the template refuses a system message or roles that do not alternate, the system message is merged into the
        first user message, then consecutive messages of one role. Raises `ChatTemplateError` if it refuses that too.
        """
        safe = [Message(message.role, self.neutralize(message.content)) for message in messages]
        merged = merge_system_message(safe)
        refusals: list[str] = []
        for attempt in (safe, merged, merge_consecutive_roles(merged)):
            try:
                prompt = self._render(attempt)
            except TEMPLATE_ERRORS as error:
                refusals.append(str(error))
                continue
            if _has_system(prompt, safe):
                return prompt
            refusals.append("it leaves out the system message")
        raise ChatTemplateError(detail=refusals[0])

    def neutralize(self, content: str) -> str:
        """Return `content` with a zero-width space in the text of every control token."""
        if self._control is None:
            return content
        while self._control.search(content):  # a broken one can leave another one inside it
            content = self._control.sub(_break_up, content)
        return content

    def _render(self, messages: Iterable[Message]) -> str:
        return self._template.render(
            messages=[{"role": message.role, "content": message.content} for message in messages],
            add_generation_prompt=True,
            bos_token=self._tokens.bos,
            eos_token=self._tokens.eos,
            tools=None,
            documents=None,
            # For reasoning models: an answer from documents has to start at once.
            enable_thinking=False,
            thinking=False,
        )


def merge_system_message(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with the system message at the start of the first user message."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    if not system:
        return others
    first = next((index for index, message in enumerate(others) if message.role == "user"), None)
    if first is None:
        return [Message("user", system), *others]
    return [*others[:first], Message("user", f"{system}\n\n{others[first].content}"), *others[first + 1 :]]


def merge_consecutive_roles(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with consecutive ones of the same role merged."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role == message.role:
            message = Message(message.role, f"{merged.pop().content}\n\n{message.content}")
        merged.append(message)
    return merged


def _has_system(prompt: str, messages: Sequence[Message]) -> bool:
    # Some templates leave a system message out without an error.
    return all(message.content.strip() in prompt for message in messages if message.role == "system")


def _compile_alternatives(texts: Collection[str]) -> re.Pattern[str] | None:
    longest_first = sorted(filter(None, texts), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _break_up(match: re.Match[str]) -> str:
    text = match[0]
    return text[0] + ZERO_WIDTH_SPACE + text[1:] if len(text) > 1 else REPLACEMENT


class _GenerationBlock(Extension):
    """`{% generation %}` marks the text of a training run; here its body is plain text."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _create_environment(now: Callable[[], datetime]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _GenerationBlock]
    )

    def strftime_now(date_format: str) -> str:
        return now().strftime(date_format)

    helpers: dict[str, Any] = {"raise_exception": _refuse, "strftime_now": strftime_now}
    environment.globals.update(helpers)
    environment.filters["tojson"] = _to_json
    return environment


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, indent: int | None = None, ensure_ascii: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)
