# pyright: basic
"""Write the formulas of Word and PowerPoint (OMML, ECMA-376 part 1, 22.1) in a line: E=mc², (a+b)/(2c), √2. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from lxml.etree import _Element as Element

from ingest.text.superscripts import format_subscript, format_superscript

_NAMESPACE = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DELETIONS = ("del", "moveFrom")
_OPERATOR = re.compile(r"[+\-−–±=<>≤≥≠≈/·×∙*,;\s]")
_ATOM = re.compile(r"[\d.,]+|\w|[^\W\d_]+|\([^()]*\)")
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}


def is_formula(element: Element) -> bool:
    """Return whether an element is a formula, or a paragraph of formulas."""
    return element.tag in (f"{_NAMESPACE}oMath", f"{_NAMESPACE}oMathPara")


def format_formula(element: Element) -> str:
    """Return a formula on one line, the formulas of a paragraph on one line each; tracked deletions are left out."""
    if element.tag == f"{_NAMESPACE}oMathPara":
        return "\n".join(filter(None, map(_format_children, element.iterchildren(f"{_NAMESPACE}oMath"))))
    return _format_children(element)


def _format_children(element: Element | None) -> str:
    text, is_after_fraction = "", False
    for child in element.iterchildren("*") if element is not None else ():
        part = _format(child)
        text += f" {part}" if is_after_fraction and part[:1].isalnum() else part  # 1/z dz is not 1/(zdz)
        is_after_fraction = child.tag == f"{_NAMESPACE}f" or (is_after_fraction and not part)
    return text


def _format(element: Element) -> str:
    name = element.tag.rpartition("}")[2]
    if name in _DELETIONS or name.endswith("Pr"):
        return ""
    if name == "t":
        return element.text or ""
    format_element = _FORMATS.get(name)
    return format_element(element) if format_element else _format_children(element)


def _part(element: Element, name: str) -> str:
    return _format_children(element.find(f"{_NAMESPACE}{name}"))


def _property(element: Element, name: str, default: str) -> str:
    """Return a property of an element; `default` if it has none."""
    value = element.find(f"{element.tag}Pr/{_NAMESPACE}{name}")
    return value.get(f"{_NAMESPACE}val", "") if value is not None else default


def _format_fraction(element: Element) -> str:
    numerator, denominator = _part(element, "num"), _part(element, "den")
    if _property(element, "type", "bar") == "noBar":
        return f"{numerator} {denominator}"
    above = f"({numerator})" if _OPERATOR.search(_drop_groups(numerator)) else numerator
    below = denominator if _ATOM.fullmatch(denominator) else f"({denominator})"
    return f"{above}/{below}"


def _drop_groups(text: str) -> str:
    """Return what stands outside of brackets."""
    while (shorter := re.sub(r"\([^()]*\)", "", text)) != text:
        text = shorter
    return text


def _format_scripts(element: Element) -> str:
    base = _part(element, "e")
    return f"{base}{_format_limits(element, base)}"


def _format_limits(element: Element, base: str) -> str:
    lower, upper = _part(element, "sub"), _part(element, "sup")
    return f"{format_subscript(lower)}{_raise(upper, before=base)}"


def _raise(text: str, *, before: str = "") -> str:
    """Return a superscript; one that has superscripts itself is in brackets: e^(-x²)."""
    is_plain = unicodedata.normalize("NFKC", text) == text
    return format_superscript(text, before=before) if is_plain else f"^({text})"


def _format_script_before(element: Element) -> str:
    return f"{_format_limits(element, '')}{_part(element, 'e')}"


def _format_root(element: Element) -> str:
    degree, radicand = _part(element, "deg"), _part(element, "e")
    sign = _ROOTS.get(degree) or f"{_raise(degree)}√"
    return f"{sign}{radicand}" if _ATOM.fullmatch(radicand) else f"{sign}({radicand})"


def _format_sum(element: Element) -> str:
    sign = _property(element, "chr", "∫")
    return f"{sign}{_format_limits(element, sign)} {_part(element, 'e')}"


def _format_group(element: Element) -> str:
    parts = [_format_children(part) for part in element.iterchildren(f"{_NAMESPACE}e")]
    inner = _property(element, "sepChr", "|").join(parts)
    return f"{_property(element, 'begChr', '(')}{inner}{_property(element, 'endChr', ')')}"


def _format_function(element: Element) -> str:
    argument = _part(element, "e")
    space = "" if argument.startswith("(") else " "
    return f"{_part(element, 'fName')}{space}{argument}"


def _format_limit(element: Element) -> str:
    script = format_subscript if element.tag.endswith("limLow") else _raise
    return f"{_part(element, 'e')}{script(_part(element, 'lim'))}"


def _format_matrix(element: Element) -> str:
    rows = (row.iterchildren(f"{_NAMESPACE}e") for row in element.iterchildren(f"{_NAMESPACE}mr"))
    return "; ".join(", ".join(map(_format_children, row)) for row in rows)


def _format_lines(element: Element) -> str:
    lines: Iterator[str] = map(_format_children, element.iterchildren(f"{_NAMESPACE}e"))
    return "; ".join(filter(None, lines))


_FORMATS: dict[str, Callable[[Element], str]] = {
    "f": _format_fraction,
    "sSup": _format_scripts,
    "sSub": _format_scripts,
    "sSubSup": _format_scripts,
    "sPre": _format_script_before,
    "rad": _format_root,
    "nary": _format_sum,
    "d": _format_group,
    "func": _format_function,
    "limLow": _format_limit,
    "limUpp": _format_limit,
    "m": _format_matrix,
    "eqArr": _format_lines,
}
