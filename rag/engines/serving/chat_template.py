"""Turn messages into a prompt in the format that a model was trained on: the Jinja chat template of its file.

A template is untrusted code, so it runs in a sandbox, in a process of its own (`template_process`). Questions and
documents can contain the text of a control token (`<|im_end|>`); it is broken up first, so that no content can end its
own message or begin another.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rag.engines.serving.jinja_template import TemplateRefusedError
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

    def render(self, messages: Sequence[Message]) -> str:
        """Return the prompt for the next completion of the assistant.

        If the template refuses a system message or roles that do not alternate, the system message is merged into the
        first user message, then consecutive messages of one role. Raises `ChatTemplateError` if it refuses that too,
        or if it was stopped.
        """
        safe = [Message(message.role, self.neutralize(message.content)) for message in messages]
        merged = merge_system_message(safe)
        refusals: list[str] = []
        for attempt in (safe, merged, merge_consecutive_roles(merged)):
            try:
                prompt = self._render(attempt)
            except TemplateRefusedError as error:
                refusals.append(error.detail)
                continue
            if _has_system(prompt, safe):
                return prompt
            refusals.append("it leaves out the system message")
        raise ChatTemplateError(model=self._model, detail=refusals[0])

    def neutralize(self, content: str) -> str:
        """Return `content` with a zero-width space in the text of every control token."""
        if self._control is None:
            return content
        while self._control.search(content):  # a broken one can leave another one inside it
            content = self._control.sub(_break_up, content)
        return content

    def _render(self, messages: Iterable[Message]) -> str:
        return self._template.render(
            {
                "messages": [{"role": message.role, "content": message.content} for message in messages],
                "add_generation_prompt": True,
                "bos_token": self._tokens.bos,
                "eos_token": self._tokens.eos,
                "tools": None,
                "documents": None,
                # For reasoning models: an answer from documents has to start at once.
                "enable_thinking": False,
                "thinking": False,
            }
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
