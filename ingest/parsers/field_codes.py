"""Show the fields of Word whose result is drawn and not stored: SYMBOL and EQ (ECMA-376 part 1, 17.16.5). Pure."""

import re

from ingest.parsers.symbol_fonts import decode_private_use, decode_symbols
from ingest.text.superscripts import format_subscript, format_superscript

_SYMBOL = re.compile(r'\s*SYMBOL\s+(0x[0-9a-f]+|\d+)(?:.*?\\f\s*(?:"([^"]*)"|(\S+)))?', re.I | re.S)
_EQUATION = re.compile(r"\s*EQ\s+(?:\\\*\s*(?:\"[^\"]*\"\s*|\S+\s+))*(.*)$", re.I | re.S)
_SWITCH = re.compile(r"\s*\\([a-z]+)((?:\s*\\[a-z]{2,3}\s*-?\d*)*)\s*\(", re.I)
_ESCAPED = re.compile(r"\\([,;()\\])")
_MAX_DEPTH = 20
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_CIRCLES = frozenset("○〇◯")
_WORD = re.compile(r"[\w.]*")


def show_field(instruction: str) -> str:
    """Return what Word draws for an instruction; empty for a field that stores its result."""
    symbol = _SYMBOL.match(instruction)
    if symbol:
        code = int(symbol[1], 0)
        sign = chr(code) if code <= 0xFFFF else ""
        return decode_private_use(decode_symbols(sign, symbol[2] or symbol[3] or ""))
    equation = _EQUATION.match(instruction)
    return _show(equation[1], 0).strip() if equation else ""


def _show(text: str, depth: int) -> str:
    """Return an expression in a line; one that is nested too deeply as it is written."""
    shown, position = "", 0
    while position < len(text):
        switch = _SWITCH.match(text, position)
        if switch is None or depth > _MAX_DEPTH:
            shown += text[position : position + 1 + (text[position] == "\\")]
            position += 1 + (text[position] == "\\")
            continue
        elements, position = _split_elements(text, switch.end())
        parts = [_show(element, depth + 1).strip() for element in elements]
        shown += _draw(switch[1].lower(), switch[2].lower(), parts)
    return _ESCAPED.sub(r"\1", shown)


def _split_elements(text: str, start: int) -> tuple[list[str], int]:
    """Return the elements in parentheses, and the position behind them."""
    elements, depth, position = [""], 0, start
    while position < len(text):
        sign = text[position]
        if sign == "\\" and text[position + 1 : position + 2] in ("(", ")", ",", ";", "\\"):
            elements[-1] += text[position : position + 2]
            position += 2
            continue
        if sign == ")" and not depth:
            return elements, position + 1
        depth += (sign == "(") - (sign == ")")
        if sign in ",;" and not depth:
            elements.append("")
        else:
            elements[-1] += sign
        position += 1
    return elements, position


def _draw(switch: str, options: str, parts: list[str]) -> str:
    match switch:
        case "f" if len(parts) == 2:
            return f"{_group(parts[0])}/{_group(parts[1])}"
        case "r":
            return f"{format_superscript(parts[0]) if len(parts) > 1 else ''}√{_group(parts[-1])}"
        case "s":
            raised = format_subscript if "\\do" in options else format_superscript if "\\up" in options else str
            return "".join(map(raised, parts))
        case "o":
            return _overstrike(parts)
        case "b":
            return f"({', '.join(parts)})"
        case _:
            return ", ".join(filter(None, parts))


def _overstrike(parts: list[str]) -> str:
    """Return signs that are drawn over each other: a number in a circle, or a text without its reading."""
    if len(parts) == 2 and parts[0] in _CIRCLES and parts[1].isdecimal() and 1 <= int(parts[1]) <= len(_CIRCLED):
        return _CIRCLED[int(parts[1]) - 1]
    return next((part for part in reversed(parts) if part and not part.startswith("^(")), "")


def _group(text: str) -> str:
    return text if _WORD.fullmatch(text) else f"({text})"
