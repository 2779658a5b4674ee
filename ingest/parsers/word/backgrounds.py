# pyright: basic
"""Find what colour is behind the text of a Word document (ECMA-376, 17.3.5 and 17.15): shading, highlights, the page.

None stands for a background that is not known: a shape, a picture or the pattern of a table style. Text on it counts as
visible.
"""

from collections.abc import Iterable, Mapping

from docx.oxml.ns import qn
from lxml.etree import _Element as Element

from ingest.parsers.colors import WHITE, Color, parse_hex
from ingest.parsers.word.run_formats import RunFormat

_LARGE_PICTURE = 1e13
"""The area in square EMU (about an eighth of a page) from which a picture behind the text can be what is behind it."""
_PLAIN_PATTERNS = ("clear", "nil", "")
_SHADING = qn("w:shd")
_CELL, _TABLE, _PARAGRAPH = qn("w:tc"), qn("w:tbl"), qn("w:p")
_SHAPES = (qn("w:txbxContent"), qn("w:pict"), qn("w:drawing"))
_BASED_ON = f"{qn('w:basedOn')}"


class Backgrounds:
    """The backgrounds of one document; `styles` are the elements of its styles by id, `roots` those of its parts."""

    def __init__(self, styles: Mapping[str, Element], roots: Iterable[Element]) -> None:
        self._styles = styles
        self._page = _find_page_color(list(roots))

    def find(self, run_format: RunFormat, paragraph: Element) -> Color | None:
        """Return what is behind a run of a format in a paragraph."""
        if run_format.fill is not None:
            return run_format.fill
        properties = paragraph.find(qn("w:pPr"))
        own = read_fill(properties)
        if own is not None:
            return own[0]
        style_id = properties.find(qn("w:pStyle")) if properties is not None else None
        styled = self._find_style_fill(style_id.get(qn("w:val"), "") if style_id is not None else "", "w:pPr")
        return styled[0] if styled is not None else self._find_around(paragraph)

    def _find_around(self, element: Element) -> Color | None:
        """Return what is behind a paragraph that has no shading of its own."""
        for outer in element.iterancestors():
            if outer.tag in _SHAPES:
                return None
            if outer.tag == _CELL and (fill := read_fill(outer.find(qn("w:tcPr")))) is not None:
                return fill[0]
            if outer.tag == _TABLE:
                properties = outer.find(qn("w:tblPr"))
                style = properties.find(qn("w:tblStyle")) if properties is not None else None
                if read_fill(properties) is not None or self._is_shaded(style):
                    return None
        return self._page

    def _is_shaded(self, table_style: Element | None) -> bool:
        """Whether a table style, or one that it is based on, shades any of its cells."""
        style_id = table_style.get(qn("w:val"), "") if table_style is not None else ""
        chain = self._follow(style_id)
        return any(_parse_shading(shading) is not None for style in chain for shading in style.iter(_SHADING))

    def _find_style_fill(self, style_id: str, part: str) -> tuple[Color | None] | None:
        fills = (read_fill(style.find(qn(part))) for style in self._follow(style_id))
        return next((fill for fill in fills if fill is not None), None)

    def _follow(self, style_id: str) -> list[Element]:
        """Return a style and those that it is based on."""
        chain: list[Element] = []
        while style_id in self._styles and self._styles[style_id] not in chain:
            chain.append(self._styles[style_id])
            base = chain[-1].find(_BASED_ON)
            style_id = base.get(qn("w:val"), "") if base is not None else ""
        return chain


def read_fill(properties: Element | None) -> tuple[Color | None] | None:
    """Return the colour of the shading that properties set, of a pattern None; None if they set none."""
    shading = properties.find(_SHADING) if properties is not None else None
    return _parse_shading(shading) if shading is not None else None


def _parse_shading(shading: Element) -> tuple[Color | None] | None:
    pattern, fill = shading.get(qn("w:val"), ""), shading.get(qn("w:fill"), "auto")
    if pattern not in _PLAIN_PATTERNS:
        return (parse_hex(shading.get(qn("w:color"))),) if pattern == "solid" else (None,)
    color = parse_hex(fill)
    return (color,) if color is not None else None


def _find_page_color(roots: list[Element]) -> Color | None:
    """Return the colour of the pages; None if they have a background of their own or a large picture."""
    if any(root.find(qn("w:background")) is not None for root in roots):
        return None
    anchors = [anchor for root in roots for anchor in root.iter("{*}anchor") if anchor.get("behindDoc") == "1"]
    return None if any(_measure_area(anchor) >= _LARGE_PICTURE for anchor in anchors) else WHITE


def _measure_area(anchor: Element) -> float:
    extent = anchor.find("{*}extent")
    sides = [extent.get(name, "0") for name in ("cx", "cy")] if extent is not None else []
    return float(int(sides[0]) * int(sides[1])) if all(side.isdecimal() for side in sides) and sides else 0.0
