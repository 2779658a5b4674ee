"""Outline a source file by the syntax tree of its language (the adapter of tree-sitter)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

from tree_sitter import Language, Node, Parser

from ingest.types import Heading

MAX_LEVEL = 6

_LANGUAGES: Mapping[str, tuple[str, str]] = {
    "bash": ("tree_sitter_bash", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "rust": ("tree_sitter_rust", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
"""The module of each grammar and its function."""
_SUFFIXES: Mapping[str, Sequence[str]] = {
    "bash": (".sh", ".bash"),
    "c": (".c",),
    "cpp": (".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".cu"),
    "csharp": (".cs",),
    "go": (".go",),
    "java": (".java",),
    "javascript": (".js", ".mjs", ".cjs", ".jsx"),
    "php": (".php", ".phtml"),
    "rust": (".rs",),
    "tsx": (".tsx",),
    "typescript": (".ts", ".mts", ".cts"),
}
_BY_SUFFIX = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
_TYPES: Mapping[str, str] = {
    "abstract_class_declaration": "class",
    "annotation_type_declaration": "interface",
    "class_declaration": "class",
    "class_specifier": "class",
    "enum_declaration": "enum",
    "enum_item": "enum",
    "enum_specifier": "enum",
    "interface_declaration": "interface",
    "internal_module": "namespace",
    "mod_item": "mod",
    "namespace_declaration": "namespace",
    "namespace_definition": "namespace",
    "record_declaration": "record",
    "struct_declaration": "struct",
    "struct_item": "struct",
    "struct_specifier": "struct",
    "trait_declaration": "trait",
    "trait_item": "trait",
    "type_alias_declaration": "type",
    "type_spec": "type",
    "union_item": "union",
    "union_specifier": "union",
}
"""The keyword of each node that defines a type or a namespace."""
_ONLY_WITH_BODY = frozenset({"class_specifier", "enum_specifier", "mod_item", "struct_specifier", "union_specifier"})
"""Nodes that without a body only name a type."""
_FUNCTIONS = frozenset(
    {
        "constructor_declaration",
        "function_declaration",
        "function_definition",
        "function_item",
        "generator_function_declaration",
        "method_declaration",
        "method_definition",
    }
)
_FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function"})
_KEYWORDS: Mapping[str, str] = {"go": "func", "rust": "fn", "php": "function"}
_STATEMENTS = frozenset({"catch", "do", "else", "for", "if", "return", "switch", "while"})
"""What a parser takes for the name of a function behind a syntax error."""
_NAME_NODES = frozenset(
    {"identifier", "field_identifier", "qualified_identifier", "destructor_name", "operator_name", "type_identifier"}
)


@dataclass(frozen=True, slots=True)
class _Definition:
    """A definition: its title, and whether others can be inside it."""

    title: str
    is_type: bool


def find_language(text: str, suffix: str) -> str | None:
    """Return the language of a source file by its suffix, else by its first line; None if no grammar is known."""
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    first = text.lstrip("\ufeff \n")[:80].split("\n", 1)[0]
    if first.startswith("<?php"):
        return "php"
    return "bash" if first.startswith("#!") and first.split("/")[-1].split()[-1:] in (["sh"], ["bash"]) else None


def find_definitions(text: str, language: str, starts: Sequence[int]) -> tuple[list[Heading], bool]:
    """Return the definitions in `text` in order, each at the start of its line, and whether the syntax has no error.

    `starts` are the positions of the lines. Definitions inside functions are left out.
    """
    root = Parser(_load_language(language)).parse(text.encode("utf-8", errors="replace")).root_node
    return list(_walk(root, language, starts)), not root.has_error


def _walk(root: Node, language: str, starts: Sequence[int]) -> Iterator[Heading]:
    pending: list[tuple[Node, int]] = [(root, 1)]
    while pending:
        node, level = pending.pop()
        definition = _read_definition(node, language)
        if definition is not None:
            yield Heading(min(level, MAX_LEVEL), definition.title, starts[node.start_point.row])
            level += 1
        if definition is None or definition.is_type:
            pending += [(child, level) for child in reversed(node.named_children)]


@lru_cache
def _load_language(name: str) -> Language:
    module, function = _LANGUAGES[name]
    make: Callable[[], object] = getattr(import_module(module), function)
    return Language(make())


def _read_definition(node: Node, language: str) -> _Definition | None:
    if node.type == "impl_item":
        return _Definition(_describe_implementation(node), is_type=True)
    if node.type in _TYPES:
        name = node.child_by_field_name("name")
        if name is None or (node.type in _ONLY_WITH_BODY and node.child_by_field_name("body") is None):
            return None
        return _Definition(f"{_TYPES[node.type]} {_text(name)}", is_type=True)
    if node.type in _FUNCTIONS:
        name = _find_name(node)
        keyword = _KEYWORDS.get(language) or ("function" if node.type.endswith("function_declaration") else "")
        if name is None or _text(name) in _STATEMENTS:
            return None
        return _Definition(f"{keyword} {_text(name)}".strip(), is_type=False)
    return _read_function_value(node)


def _read_function_value(node: Node) -> _Definition | None:
    """Return the definition of a variable whose value is a function, as in JavaScript."""
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    if node.type not in ("variable_declarator", "assignment_expression") or value is None:
        return None
    name = node.child_by_field_name("name") or node.child_by_field_name("left")
    if value.type not in _FUNCTION_VALUES or name is None:
        return None
    return _Definition(f"function {_text(name).rsplit('.', 1)[-1]}", is_type=False)


def _find_name(node: Node) -> Node | None:
    """Return the node of a function's name; C and C++ have it inside of declarators."""
    name = node.child_by_field_name("name")
    declarator = node.child_by_field_name("declarator")
    while name is None and declarator is not None:
        if declarator.type in _NAME_NODES:
            return declarator
        inner = declarator.child_by_field_name("declarator")
        declarator = inner or next((child for child in declarator.named_children if child.type in _NAME_NODES), None)
    return name


def _describe_implementation(node: Node) -> str:
    """Return the title of a Rust `impl`, without its type parameters."""
    parts = (node.child_by_field_name("trait"), node.child_by_field_name("type"))
    return "impl " + " for ".join(_text(part) for part in parts if part is not None)


def _text(node: Node) -> str:
    return " ".join((node.text or b"").decode("utf-8", errors="replace").split())
