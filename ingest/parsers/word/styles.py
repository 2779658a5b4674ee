# pyright: basic
"""What the styles of a Word document say about its paragraphs. Pure over the XML."""

import re
from dataclasses import dataclass, replace

from docx.oxml.ns import qn
from lxml.etree import _Element as Element

_HEADING_NAME = re.compile(r"heading ([1-9])$")
_TITLE_NAME = "title"
_BODY_OUTLINE_LEVEL = 9


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """Heading level (0 is none) and list of a paragraph; a negative list level is not known yet."""

    heading_level: int = 0
    is_title: bool = False
    number_id: str = ""
    number_level: int = -1

    def over(self, farther: "ParagraphStyle") -> "ParagraphStyle":
        """Return these values and, where they are silent, those of `farther`."""
        return ParagraphStyle(
            self.heading_level or farther.heading_level,
            self.is_title or farther.is_title,
            self.number_id or farther.number_id,
            self.number_level if self.number_level >= 0 else farther.number_level,
        )

    def at_level(self, level: int) -> "ParagraphStyle":
        """Return these values with the list level `level`, unless it is known already."""
        return self if self.number_level >= 0 else replace(self, number_level=level)


def read_styles(root: Element) -> dict[str, ParagraphStyle]:
    """Return the styles of a document by their id."""
    elements = {_attribute(style, "styleId"): style for style in root.iterchildren(qn("w:style"))}
    return {style_id: _resolved(style_id, elements) for style_id in elements}


def read_style_id(properties: Element | None) -> str:
    """Return the id of the style that the properties of a paragraph name, or an empty string."""
    return _value(properties, "w:pStyle") if properties is not None else ""


def read_own_style(properties: Element | None) -> ParagraphStyle:
    """Return what the properties of a paragraph or style say by themselves."""
    if properties is None:
        return ParagraphStyle()
    outline = _number(_value(properties, "w:outlineLvl"))
    return ParagraphStyle(
        heading_level=outline + 1 if 0 <= outline < _BODY_OUTLINE_LEVEL else 0,
        number_id=_value(properties, "w:numPr/w:numId"),
        number_level=_number(_value(properties, "w:numPr/w:ilvl")),
    )


def _resolved(style_id: str, elements: dict[str, Element]) -> ParagraphStyle:
    style = ParagraphStyle()
    seen: set[str] = set()
    while style_id in elements and style_id not in seen:
        seen.add(style_id)
        element = elements[style_id]
        style = style.over(_own_style(element))
        style_id = _value(element, "w:basedOn")
    return style


def _own_style(element: Element) -> ParagraphStyle:
    name = _value(element, "w:name").lower()
    heading = _HEADING_NAME.match(name)
    named = ParagraphStyle(int(heading[1]) if heading else 0, name == _TITLE_NAME)
    return named.over(read_own_style(element.find(qn("w:pPr"))))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1


def _attribute(element: Element, name: str) -> str:
    return str(element.get(qn(f"w:{name}")) or "")


def _value(parent: Element, path: str) -> str:
    element = parent.find("/".join(map(qn, path.split("/"))))
    return _attribute(element, "val") if element is not None else ""
