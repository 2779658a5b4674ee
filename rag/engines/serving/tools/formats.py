"""The formats in which families of models write tool calls: one table, and which of them a chat template writes. Pure.

A format is recognised by what a template makes of a chat with a call, not by words in its source: so the model is
asked for exactly what it will be shown as its own calls in the next turn.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.engines.types import ToolCall

CallShape = Literal["object", "list", "named"]
"""An object of name and arguments, a list of such objects, or the name as it is and then the arguments."""

_WHITESPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ToolFormat:
    """How a model writes calls: each between `opening` and `closing`, in the shape `list` all of them together.

    Without an opening a completion is one call and nothing else. In the shape `named` the name ends with `name_end`,
    before it stands an id if there is an `id_mark`. `results` are the texts around the result of a tool, for models
    whose template has no place for it.
    """

    family: str
    opening: str
    closing: str = ""
    shape: CallShape = "object"
    arguments_key: str = "arguments"
    name_end: str = ""
    id_mark: str = ""
    results: tuple[str, str] = ("<tool_response>\n", "\n</tool_response>")

    @property
    def has_parallel_calls(self) -> bool:
        """Whether a completion can have several calls."""
        return bool(self.opening)

    @property
    def marks(self) -> tuple[str, ...]:
        """The texts around calls, which some vocabularies have as control tokens."""
        return tuple(filter(None, (self.opening, self.closing, self.name_end, self.id_mark)))

    def write(self, calls: Sequence[ToolCall]) -> str:
        """Return calls as the model writes them."""
        if self.shape == "list":
            return self._enclose(f"[{', '.join(self._write_call(call) for call in calls)}]")
        return "\n".join(self._enclose(self._write_call(call)) for call in calls)

    def is_written_in(self, prompt: str, call: ToolCall) -> bool:
        """Whether a prompt has a call in this format, whatever its white space and whatever follows the arguments."""
        begun = self.opening + ("[" if self.shape == "list" else "") + self._write_call(call).removesuffix("}")
        return _squeeze(begun) in _squeeze(prompt)

    def _write_call(self, call: ToolCall) -> str:
        if self.shape == "named":
            id_ = f"{self.id_mark}{call.id}" if self.id_mark else ""
            return f"{call.name}{id_}{self.name_end}{call.arguments}"
        return f'{{"name": {json.dumps(call.name)}, "{self.arguments_key}": {call.arguments}}}'

    def _enclose(self, body: str) -> str:
        space = "\n" if self.closing and self.shape == "object" else ""
        return f"{self.opening}{space}{body}{space}{self.closing}"


HERMES = ToolFormat("hermes", "<tool_call>", "</tool_call>")
"""Hermes, Qwen, QwQ, MiMo, Granite 4; also what models are asked for whose template knows no tools."""
GEMMA = ToolFormat("gemma", "```tool_code\n", "```", results=("```tool_output\n", "\n```"))
"""What Gemma is asked for, whose template knows no tools."""
GEMMA_TURN = "<start_of_turn>"

NATIVE_FORMATS = (
    HERMES,
    ToolFormat("mistral", "[TOOL_CALLS]", shape="list"),
    ToolFormat("mistral-named", "[TOOL_CALLS]", shape="named", name_end="[ARGS]"),
    ToolFormat("mistral-named-ids", "[TOOL_CALLS]", shape="named", name_end="[ARGS]", id_mark="[CALL_ID]"),
    ToolFormat("nemotron", "<TOOLCALL>", "</TOOLCALL>", shape="list"),
    ToolFormat("apriel", "<tool_calls>", "</tool_calls>", shape="list"),
    ToolFormat("gigachat", "<|function_call|>"),
    ToolFormat("functionary", "<function=", "</function>", shape="named", name_end=">"),
    ToolFormat("llama3", "", arguments_key="parameters"),
)
"""The formats that chat templates write; one without an opening comes last, because others end like it."""


def find_native_format(prompt: str, call: ToolCall) -> ToolFormat | None:
    """Return the format of a call in a prompt that a template has rendered; None if the table has none like it."""
    return next((known for known in NATIVE_FORMATS if known.is_written_in(prompt, call)), None)


def choose_described_format(prompt: str) -> ToolFormat:
    """Return the format to describe to a model whose template knows no tools, by a prompt that it has rendered."""
    return GEMMA if GEMMA_TURN in prompt else HERMES


def _squeeze(text: str) -> str:
    return _WHITESPACE.sub("", text)
