"""The classes and functions of a source file: Python by its grammar, others by lines that can be nothing else. Pure."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import accumulate

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
    """Return the definitions in `text` in order, each from its first line; those inside functions are left out."""
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    if suffix in _PYTHON:
        tree = _python_tree(text)
        if tree is not None:
            return tuple(_python_headings(tree.body, 1, starts))
    return tuple(_lines_that_define(text, starts, suffix))


def _python_tree(text: str) -> ast.Module | None:
    """Return the parsed program, or None where this Python cannot read it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the program that is read, not about ours
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _python_headings(body: Sequence[ast.stmt], level: int, starts: Sequence[int]) -> Iterator[Heading]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield Heading(level, f"class {node.name}", starts[_first_line(node) - 1])
            yield from _python_headings(node.body, min(level + 1, _MAX_LEVEL), starts)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            keyword = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
            yield Heading(level, f"{keyword} {node.name}", starts[_first_line(node) - 1])


def _first_line(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _lines_that_define(text: str, starts: Sequence[int], suffix: str) -> Iterator[Heading]:
    patterns = _patterns(suffix)
    around: list[tuple[int, bool]] = []
    for start, line in zip(starts, text.split("\n"), strict=False):
        found = _definition(line, patterns)
        if found is None:
            continue
        indent = len(found[1].expandtabs(4))
        around = [outer for outer in around if outer[0] < indent]
        # What is inside a function is part of it; a function inside a class is a method.
        if all(is_type for _, is_type in around):
            yield Heading(min(len(around) + 1, _MAX_LEVEL), f"{found[2]} {found[3]}".strip(), start)
        around.append((indent, found[2] in _TYPE_WORDS))


def _patterns(suffix: str) -> tuple[re.Pattern[str], ...]:
    if suffix == ".sql":
        return (_SQL_LINE,)
    if suffix in (".sh", ".bash", ".zsh"):
        return (_FUNCTION_LINE, _SHELL_LINE)
    own = (_C_LINE,) if suffix in _C_SUFFIXES else (_IMPL_LINE,) if suffix == ".rs" else ()
    return (_TYPE_LINE, _FUNCTION_LINE, *own)


def _definition(line: str, patterns: Sequence[re.Pattern[str]]) -> re.Match[str] | None:
    if len(line) > _MAX_LINE_CHARS or _NO_C_FUNCTION.match(line):
        return None
    return next((found for pattern in patterns if (found := pattern.match(line))), None)
