"""The grammar of a completion with tool calls, in llguidance's dialect of Lark. Pure.

A completion is free text until it opens a call; from there on it is a call whose arguments obey the schema of its tool.
If a call is forced there is no text.
"""

import json

from rag.engines.serving.tools.formats import ToolFormat
from rag.engines.tool_schemas import loosen_parameters
from rag.engines.types import Tool, ToolUse

MAX_CALLS = 16
"""Of one completion: a small model can call without end."""
THINKING = "thinking"

_TERMINALS = r"""
TEXT: /(.|\n)*/
WS: /[ \n]{0,2}/
"""
_BARE_HEAD = r'[ \n]*\{[ \n]*"name"[ \n]*:'


def build_grammar(tool_format: ToolFormat, tools: ToolUse, *, answer_schema: str = "", whitespace: str) -> str:
    """Return the grammar of a completion that may, or has to, call one of the offered `tools`.

    What is no call obeys the `answer_schema`, a validated JSON Schema, if there is one. JSON has `whitespace` between
    its parts, a regular expression.
    """
    rules = [
        "%llguidance {}",
        *_write_start(tool_format, tools, has_answer=bool(answer_schema)),
        *_write_calls(tool_format, tools),
        *(
            f"args_{index}: %json {_write_schema(loosen_parameters(tool.parameters), whitespace)}"
            for index, tool in enumerate(tools.offered)
        ),
    ]
    if answer_schema and not tools.is_forced:
        rules.append(f"answer: %json {_write_schema(json.loads(answer_schema), whitespace)}")
    return "\n".join(rules) + _TERMINALS


def _write_start(tool_format: ToolFormat, tools: ToolUse, *, has_answer: bool) -> list[str]:
    more = f"(WS block){{0,{MAX_CALLS - 1}}}" if _repeats_blocks(tool_format, tools) else ""
    if tools.is_forced:
        return [f"start: WS block {more}"]
    if has_answer:
        return [f"start: answer | block {more}"]
    if tool_format.opening:
        return [
            f"start: TEXT | head body {more}",
            f"head[lazy]: TEXT {_literal(tool_format.opening)}",
        ]
    return [
        "start: other | head call_end",
        f"head[lazy]: /{_BARE_HEAD}/",
        f"other: OTHER\nOTHER: /(.|\\n)*/ & ~/{_BARE_HEAD}(.|\\n)*/",
    ]


def _write_calls(tool_format: ToolFormat, tools: ToolUse) -> list[str]:
    names = [_write_named(tool_format, index, tool) for index, tool in enumerate(tools.offered)]
    call = "call_end" if tool_format.shape == "named" else r'"{" WS "\"name\"" WS ":" call_end'
    body = "call"
    if tool_format.shape == "list":
        more = f'(WS "," WS call){{0,{MAX_CALLS - 1}}}' if not tools.is_single else ""
        body = f'"[" WS call {more} WS "]"'
    return [
        f"block: {_literal(tool_format.opening)} body",
        f"body: WS {body} {_closing(tool_format)}",
        f"call: {call}",
        f"call_end: {' | '.join(names)}",
    ]


def _write_named(tool_format: ToolFormat, index: int, tool: Tool) -> str:
    """Return a call from its name on."""
    if tool_format.shape == "named":
        id_ = f"{_literal(tool_format.id_mark)} /[a-zA-Z0-9]{{9}}/" if tool_format.id_mark else ""
        return f"{_literal(tool.name)} {id_} {_literal(tool_format.name_end)} WS args_{index}"
    name, key = _literal(json.dumps(tool.name)), _literal(json.dumps(tool_format.arguments_key))
    return f'WS {name} WS "," WS {key} WS ":" WS args_{index} WS "}}"'


def _closing(tool_format: ToolFormat) -> str:
    return f"WS {_literal(tool_format.closing)}" if tool_format.closing else ""


def _repeats_blocks(tool_format: ToolFormat, tools: ToolUse) -> bool:
    return not tools.is_single and tool_format.has_parallel_calls and tool_format.shape != "list"


def _write_schema(schema: dict[str, object], whitespace: str) -> str:
    return json.dumps({**schema, "x-guidance": {"whitespace_pattern": whitespace}}, ensure_ascii=False)


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text else ""
