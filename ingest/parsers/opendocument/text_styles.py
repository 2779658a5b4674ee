# pyright: basic
"""Read the text styles of an OpenDocument file: struck out, hidden, raised, colours and sizes (ODF 1.3, 16.2, 20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lxml.etree import _Element as Element

from ingest.parsers.colors import TINY_POINTS, WHITE, Color, find_color_reason, parse_hex
from ingest.parsers.marked_text import RunStyle, Script, hide_run
from ingest.parsers.opendocument.package import qualify
from ingest.text.annotations import AnnotationKind
from ingest.types import HiddenReason

_FAMILY, _NAME, _PARENT = (qualify(f"style:{name}") for name in ("family", "name", "parent-style-name"))
_STYLE, _TEXT_PROPERTIES = qualify("style:style"), qualify("style:text-properties")
_LINE_THROUGH = tuple(qualify(f"style:text-line-through-{part}") for part in ("style", "type"))
_WITH_BACKGROUND = tuple(
    qualify(f"style:{part}-properties") for part in ("text", "paragraph", "table-cell", "table-row", "table")
)
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_MAX_PARENTS = 20


Background = Color | Literal["unknown"]


@dataclass(frozen=True, slots=True)
class TextStyle:
    """What a style says of its text; None if it says nothing, so that the style around it holds.

    `color` is "auto" for one that fits the background. A `background` that is not said is white, one that is not known
    "unknown".
    """

    is_struck: bool | None = None
    is_hidden: bool | None = None
    script: Script | None = None
    size_points: float | None = None
    color: Color | Literal["auto"] | None = None
    background: Background | None = None

    def over(self, outer: "TextStyle") -> "TextStyle":
        """Return this style, completed by the one around it."""
        return TextStyle(
            outer.is_struck if self.is_struck is None else self.is_struck,
            outer.is_hidden if self.is_hidden is None else self.is_hidden,
            outer.script if self.script is None else self.script,
            outer.size_points if self.size_points is None else self.size_points,
            self.color or outer.color,
            self.background or outer.background,
        )

    def to_run(self) -> RunStyle:
        """Return the style of a run of text; hidden text counts before struck text."""
        script = self.script or Script.NORMAL
        reason = self._find_reason()
        if reason is not None:
            return hide_run(reason, script)
        return RunStyle(script, AnnotationKind.STRUCK_OUT if self.is_struck else None)

    def _find_reason(self) -> HiddenReason | None:
        if self.is_hidden:
            return HiddenReason.FORMATTING
        if self.size_points is not None and self.size_points <= TINY_POINTS:
            return HiddenReason.TINY
        if self.color == "auto" or self.background == "unknown":
            return None
        return find_color_reason(self.color, self.background or WHITE)


PLAIN_TEXT = TextStyle()

TextStyles = Mapping[tuple[str, str], TextStyle]
"""Styles by family (`text`, `paragraph`, `table-cell`) and name."""


def read_text_styles(*roots: Element | None) -> TextStyles:
    """Return the styles in the parts of a file, each completed by its parents; the plain ones are left out."""
    elements = {
        (style.get(_FAMILY, ""), style.get(_NAME, "")): style
        for root in roots
        if root is not None
        for style in root.iter(_STYLE)
    }
    styles = {key: _resolve(key, elements) for key in elements}
    return {key: style for key, style in styles.items() if style != PLAIN_TEXT}


def _resolve(key: tuple[str, str], elements: Mapping[tuple[str, str], Element]) -> TextStyle:
    style = PLAIN_TEXT
    for _ in range(_MAX_PARENTS):
        element = elements.get(key)
        if element is None:
            break
        style = style.over(_read_style(element))
        key = (key[0], element.get(_PARENT, ""))
    return style


def _read_style(element: Element) -> TextStyle:
    background: Background | None = None
    for child in element.iterchildren(*_WITH_BACKGROUND):
        background = background or _read_background(child)
    properties = element.find(_TEXT_PROPERTIES)
    if properties is None:
        return TextStyle(background=background) if background else PLAIN_TEXT
    lines = [line for name in _LINE_THROUGH if (line := properties.get(name))]
    display, position = properties.get(qualify("text:display")), properties.get(qualify("style:text-position"))
    return TextStyle(
        is_struck="none" not in lines if lines else None,
        is_hidden=display == "none" if display else None,
        script=_read_script(position) if position else None,
        size_points=_read_size(properties.get(f"{_FO}font-size")),
        color=_read_color(properties),
        background=background,
    )


def _read_background(properties: Element) -> Background | None:
    if properties.find(qualify("style:background-image")) is not None and len(properties[0].attrib):
        return "unknown"
    return parse_hex(properties.get(f"{_FO}background-color"))


def _read_size(size: str | None) -> float | None:
    return float(size[:-2]) if size and size.endswith("pt") and size[:-2].replace(".", "", 1).isdecimal() else None


def _read_color(properties: Element) -> Color | Literal["auto"] | None:
    if properties.get(qualify("style:use-window-font-color")) == "true":
        return "auto"
    return parse_hex(properties.get(f"{_FO}color"))


def _read_script(position: str) -> Script:
    """Return the script of a `style:text-position`: super, sub, or how far it is raised, in percent."""
    height = position.split()[0]
    if height in ("super", "sub"):
        return Script.SUPERSCRIPT if height == "super" else Script.SUBSCRIPT
    raised = float(height.rstrip("%") or 0)
    return Script.SUPERSCRIPT if raised > 0 else Script.SUBSCRIPT if raised < 0 else Script.NORMAL
