# pyright: basic
"""Resolve the paragraph styles of a Word document (ECMA-376 part 1, 17.7). Pure."""

import re
from dataclasses import dataclass, replace

from docx.oxml.ns import qn
from lxml.etree import _Element as Element

_HEADING_NAME = re.compile(r"heading ([1-9])$")
_TITLE_NAME = "title"
_BODY_OUTLINE_LEVEL = 9


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """Heading level (0 for none) and list of a paragraph; a list level of -1 is unset."""

    heading_level: int = 0
    is_title: bool = False
    number_id: str = ""
    number_level: int = -1

    def inherit(self, base: "ParagraphStyle") -> "ParagraphStyle":
        """Return this style with its unset values taken from `base`."""
        return ParagraphStyle(
            self.heading_level or base.heading_level,
            self.is_title or base.is_title,
            self.number_id or base.number_id,
            self.number_level if self.number_level >= 0 else base.number_level,
        )

    def with_default_level(self, level: int) -> "ParagraphStyle":
        """Return this style with the list level `level` if its own is unset."""
        return self if self.number_level >= 0 else replace(self, number_level=level)


def read_styles(root: Element) -> dict[str, ParagraphStyle]:
    """Return the styles of a document by their id."""
    elements = {_read_attribute(style, "styleId"): style for style in root.iterchildren(qn("w:style"))}
    return {style_id: _resolve(style_id, elements) for style_id in elements}


def read_style_id(properties: Element | None) -> str:
    """Return the style id in the properties of a paragraph; empty if there is none."""
    return _read_value(properties, "w:pStyle") if properties is not None else ""


def read_own_style(properties: Element | None) -> ParagraphStyle:
    """Return the values in the properties of a paragraph or style, without inheritance."""
    if properties is None:
        return ParagraphStyle()
    outline = _parse_number(_read_value(properties, "w:outlineLvl"))
    return ParagraphStyle(
        heading_level=outline + 1 if 0 <= outline < _BODY_OUTLINE_LEVEL else 0,
        number_id=_read_value(properties, "w:numPr/w:numId"),
        number_level=_parse_number(_read_value(properties, "w:numPr/w:ilvl")),
    )


def _resolve(style_id: str, elements: dict[str, Element]) -> ParagraphStyle:
    style = ParagraphStyle()
    seen: set[str] = set()
    while style_id in elements and style_id not in seen:
        seen.add(style_id)
        element = elements[style_id]
        style = style.inherit(_read_named_style(element))
        style_id = _read_value(element, "w:basedOn")
    return style


def _read_named_style(element: Element) -> ParagraphStyle:
    name = _read_value(element, "w:name").lower()
    heading = _HEADING_NAME.match(name)
    named = ParagraphStyle(int(heading[1]) if heading else 0, name == _TITLE_NAME)
    return named.inherit(read_own_style(element.find(qn("w:pPr"))))


def _parse_number(text: str) -> int:
    return int(text) if text.isdecimal() else -1


def _read_attribute(element: Element, name: str) -> str:
    return str(element.get(qn(f"w:{name}")) or "")


def _read_value(parent: Element, path: str) -> str:
    element = parent.find("/".join(map(qn, path.split("/"))))
    return _read_attribute(element, "val") if element is not None else ""
