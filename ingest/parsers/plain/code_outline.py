"""Outline a source file by its classes and functions: by the grammar of its language, else by definition lines. Pure.

A definition is a heading of the text. Its title begins with a word of `TYPE_WORDS` if it is no function.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import accumulate

from ingest.parsers.plain.syntax_outline import find_definitions, find_language
from ingest.types import Heading

_PYTHON = frozenset({".py", ".pyi", ".pyw"})
_MODIFIERS = (
    "abstract|actual|async|const|data|declare|default|expect|export|extern|fileprivate|final|friend|inline|internal|"
    r"open|override|partial|private|protected|pub(?:\([\w:]+\))?|public|sealed|static|suspend|unsafe|virtual"
)
_TYPES = "actor|class|enum|interface|mixin|module|namespace|object|protocol|record|struct|trait|type|union"
_FUNCTIONS = "def|fn|fun|func|function|proc|sub|subroutine"
_NAME = r"[A-Za-z_$][\w$.]*(?:::\w+)*[?!]?"
_AFTER_TYPE = r"(?=\s*(?:[{(:<;=\[]|$|extends\b|implements\b|with\b|where\b|from\b|struct\b|interface\b|final\b))"
_TYPE_LINE = re.compile(
    rf"([ \t]*)(?:(?:{_MODIFIERS})\s+)*(?:({_TYPES})\s+(?:class\s+|struct\s+)?({_NAME})){_AFTER_TYPE}"
)
_IMPL_LINE = re.compile(r"()(impl)\b(?:<[^>]*>)?\s+([^{]+?)\s*(?:\{|$|where\b)")
_FUNCTION_LINE = re.compile(
    rf"([ \t]*)(?:(?:{_MODIFIERS})\s+)*({_FUNCTIONS})\b\*?\s+(?:\([^)]*\)\s*)?({_NAME})(?=\s*(?:[(<\[:{{=]|$))"
)
_SQL_LINE = re.compile(
    r"()(create)\s+(?:or\s+replace\s+)?((?:table|view|function|procedure|trigger)\s+(?:if\s+not\s+exists\s+)?[\w.\"`\[\]]+)",
    re.I,
)
_SHELL_LINE = re.compile(r"()()([A-Za-z_][\w-]*)\s*\(\)\s*\{?\s*$")
_C_LINE = re.compile(
    r"()()(?:[A-Za-z_][\w:<>,]*[ \t*&]+)+([A-Za-z_~][\w:~]*)\s*\([^;{}]*\)[ \t]*(?:const[ \t]*)?\{?\s*$"
)
_C_SUFFIXES = frozenset({".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".cu", ".m", ".mm"})
_NO_C_FUNCTION = re.compile(r"\s*(?:else|return|if|for|while|switch|do|case|typedef|using|new|delete|throw)\b")
_TYPE_WORDS = frozenset({*_TYPES.split("|"), "impl"})
_MAX_LINE_CHARS = 400
_MAX_LEVEL = 6


def extract_outline(text: str, suffix: str) -> tuple[Heading, ...]:
    """Return the definitions in `text` in order, each at its first line; definitions inside functions are left out."""
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    if suffix in _PYTHON:
        tree = _parse_python(text)
        if tree is not None:
            return tuple(_find_python_definitions(tree.body, 1, starts))
    by_syntax: list[Heading] = []
    if (language := find_language(text, suffix)) is not None:
        by_syntax, is_sound = find_definitions(text, language, starts)
        if is_sound:
            return tuple(by_syntax)
    by_lines = list(_find_definition_lines(text, starts, suffix))
    # An error can hide what follows it; lines that can only be definitions stay what they are.
    return tuple(by_lines if len(by_lines) > len(by_syntax) else by_syntax)


def _parse_python(text: str) -> ast.Module | None:
    """Return the parsed program; None if it is no program of this Python version."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they concern the program that is read
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _find_python_definitions(body: Sequence[ast.stmt], level: int, starts: Sequence[int]) -> Iterator[Heading]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield Heading(level, f"class {node.name}", starts[_first_line(node) - 1])
            yield from _find_python_definitions(node.body, min(level + 1, _MAX_LEVEL), starts)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            keyword = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
            yield Heading(level, f"{keyword} {node.name}", starts[_first_line(node) - 1])


def _first_line(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _find_definition_lines(text: str, starts: Sequence[int], suffix: str) -> Iterator[Heading]:
    patterns = _choose_patterns(suffix)
    enclosing: list[tuple[int, bool]] = []
    for start, line in zip(starts, text.split("\n"), strict=False):
        definition = _match_definition(line, patterns)
        if definition is None:
            continue
        indent = len(definition[1].expandtabs(4))
        enclosing = [outer for outer in enclosing if outer[0] < indent]
        # A definition inside a function is part of it; a function inside a class is a method.
        if all(is_type for _, is_type in enclosing):
            title = f"{definition[2]} {definition[3]}".strip()
            yield Heading(min(len(enclosing) + 1, _MAX_LEVEL), title, start)
        enclosing.append((indent, definition[2] in _TYPE_WORDS))


def _choose_patterns(suffix: str) -> tuple[re.Pattern[str], ...]:
    if suffix == ".sql":
        return (_SQL_LINE,)
    if suffix in (".sh", ".bash", ".zsh"):
        return (_FUNCTION_LINE, _SHELL_LINE)
    language_patterns = (_C_LINE,) if suffix in _C_SUFFIXES else (_IMPL_LINE,) if suffix == ".rs" else ()
    return (_TYPE_LINE, _FUNCTION_LINE, *language_patterns)


def _match_definition(line: str, patterns: Sequence[re.Pattern[str]]) -> re.Match[str] | None:
    if len(line) > _MAX_LINE_CHARS or _NO_C_FUNCTION.match(line):
        return None
    return next((match for pattern in patterns if (match := pattern.match(line))), None)
