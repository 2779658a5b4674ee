"""Turn messages into the prompt that a model was trained on, with the chat template from its file.

A template comes from whoever made the file, so it runs in a sandbox. What people and documents write
can contain the text of a control token (`<|im_end|>`); it is broken up first, so that no content can end
its own turn or begin another's.
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

PLAIN_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'system' %}{{ message.content }}\n\n"
    "{% elif message.role == 'user' %}User: {{ message.content }}\n"
    "{% else %}Assistant: {{ message.content }}\n{% endif %}"
    "{% endfor %}Assistant:"
)
PLAIN_STOP = ("\nUser:",)

TEMPLATE_FAILURES = (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What a template can raise: its own refusal, and the slips of whoever wrote it."""


@dataclass(frozen=True, slots=True)
class TokenTexts:
    """How a model writes the tokens that templates use, and every control token that content must not become."""

    bos: str = ""
    eos: str = ""
    control: tuple[str, ...] = ()


class ChatTemplate:
    """Renders messages. `stop` ends an answer where the template has no token for it."""

    def __init__(self, source: str | None, tokens: TokenTexts, *, now: Callable[[], datetime] = datetime.now) -> None:
        self.stop = () if source else PLAIN_STOP
        self._tokens = tokens
        self._control = _any_of(tokens.control)
        environment = _environment(now)
        try:
            self._template = environment.from_string(source or PLAIN_TEMPLATE)
        except jinja2.TemplateError as error:
            raise ChatTemplateError(detail=f"the template has an error: {error}") from error

    def render(self, messages: Sequence[Message]) -> str:
        """Return the prompt for the next answer of the assistant.

        Where the template refuses a system message or turns that do not alternate, the system message
        goes into the first message of the user and neighbours of one role are joined. Raises
        `ChatTemplateError` when it refuses all of that.
        """
        safe = [Message(message.role, self.defuse(message.content)) for message in messages]
        folded = fold_system(safe)
        refusals: list[str] = []
        for attempt in (safe, folded, join_neighbours(folded)):
            try:
                prompt = self._render(attempt)
            except TEMPLATE_FAILURES as error:
                refusals.append(str(error))
                continue
            if _has_system(prompt, safe):
                return prompt
            refusals.append("it leaves out the system message")
        raise ChatTemplateError(detail=refusals[0])

    def defuse(self, content: str) -> str:
        """Return `content` with every control token's text broken up, invisibly for a reader."""
        if self._control is None:
            return content
        while self._control.search(content):  # breaking one up can bare another inside it
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
            # Models that can think aloud or not: an answer from documents has to start at once.
            enable_thinking=False,
            thinking=False,
        )


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with the system's words at the head of the first message of the user."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    turns = [message for message in messages if message.role != "system"]
    if not system:
        return turns
    at = next((index for index, turn in enumerate(turns) if turn.role == "user"), None)
    if at is None:
        return [Message("user", system), *turns]
    return [*turns[:at], Message("user", f"{system}\n\n{turns[at].content}"), *turns[at + 1 :]]


def join_neighbours(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with those of one role that follow each other made one."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            message = Message(message.role, f"{joined.pop().content}\n\n{message.content}")
        joined.append(message)
    return joined


def _has_system(prompt: str, messages: Sequence[Message]) -> bool:
    # Some templates drop a system message without a word.
    return all(message.content.strip() in prompt for message in messages if message.role == "system")


def _any_of(texts: Collection[str]) -> re.Pattern[str] | None:
    longest_first = sorted(filter(None, texts), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _break_up(match: re.Match[str]) -> str:
    text = match[0]
    return text[0] + ZERO_WIDTH_SPACE + text[1:] if len(text) > 1 else REPLACEMENT


class _GenerationBlock(Extension):
    """`{% generation %}` marks what a training run learns from; here its body is just text."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment(now: Callable[[], datetime]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _GenerationBlock]
    )

    def strftime_now(form: str) -> str:
        return now().strftime(form)

    helpers: dict[str, Any] = {"raise_exception": _refuse, "strftime_now": strftime_now}
    environment.globals.update(helpers)
    environment.filters["tojson"] = _to_json
    return environment


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, indent: int | None = None, ensure_ascii: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)
