# pyright: basic
"""Find what is behind the text of a PPTX slide: its shape, what that lies on, the slide (ECMA-376, 19.3.1, 20.1).

None stands for a background that is not known: a picture, a pattern, a theme that changes a colour. Text on it counts
as visible.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml.etree import _Element as Element
from pptx.oxml.ns import qn

from ingest.parsers.boxes import Box, overlaps
from ingest.parsers.colors import WHITE, Color, parse_hex
from ingest.parsers.containers import parse_xml

_DEFAULT_MAP = {"bg1": "lt1", "bg2": "lt2", "tx1": "dk1", "tx2": "dk2"}
_FILLS = frozenset(map(qn, ("a:solidFill", "a:noFill", "a:gradFill", "a:blipFill", "a:pattFill", "a:grpFill")))
_STYLED_BACKGROUND = 1001
"""The index of a plain fill in the theme's list of backgrounds (20.1.4.1.7)."""
_SHAPES = frozenset(map(qn, ("p:sp", "p:pic", "p:graphicFrame", "p:cxnSp", "p:grpSp")))


@dataclass(frozen=True, slots=True)
class SlideColors:
    """The colours of a slide's theme by their name in the slide, and what is behind the text that is being read.

    `below` are the boxes of what the layout and the master draw on the slide.
    """

    scheme: Mapping[str, Color] = field(default_factory=dict)
    background: Color | None = None
    below: tuple[Box | None, ...] = ()

    def read_text_color(self, properties: Element, outer: Color | None) -> Color | None:
        """Return the colour of letters that run properties set, else the outer one."""
        fill = next((child for child in properties.iterchildren("*") if child.tag in _FILLS), None)
        return outer if fill is None else self.read_fill(fill)

    def read_fill(self, fill: Element) -> Color | None:
        """Return the colour of a plain, opaque fill; None for another one."""
        color = next(fill.iterchildren("*"), None) if fill.tag == qn("a:solidFill") else None
        if color is None or len(color):  # a colour with children is shaded, tinted or transparent
            return None
        if color.tag == qn("a:srgbClr"):
            return parse_hex(color.get("val"))
        if color.tag == qn("a:sysClr"):
            return parse_hex(color.get("lastClr"))
        return self.scheme.get(color.get("val", "")) if color.tag == qn("a:schemeClr") else None

    def behind(self, shape: Any) -> "SlideColors":
        """Return these colours with what is behind the text of a shape."""
        properties = shape._element.find(f"{{*}}{qn('p:spPr').rpartition('}')[2]}")
        fill = next((child for child in properties if child.tag in _FILLS), None) if properties is not None else None
        if fill is not None and fill.tag != qn("a:noFill"):
            return replace(self, background=self.read_fill(fill))
        is_styled = fill is None and shape._element.find(f".//{qn('a:fillRef')}") is not None
        is_inherited = fill is None and shape.is_placeholder and _has_fill_above(shape)
        return replace(self, background=None) if is_styled or is_inherited or self._lies_on_another(shape) else self

    def _lies_on_another(self, shape: Any) -> bool:
        """Whether anything that is drawn before is behind a part of a shape."""
        box = _read_box(shape)
        boxes = [*self.below]
        for other in shape._parent:
            if other.shape_id == shape.shape_id:
                return any(box is None or below is None or overlaps(box, below) for below in boxes)
            boxes.append(_read_box(other))
        return True


NO_COLORS = SlideColors()


def read_slide_colors(slide: Any) -> SlideColors:
    """Return the colours of a slide with its background."""
    layout = slide.slide_layout
    roots = [part._element for part in (slide, layout, layout.slide_master)]
    below = tuple(box for root in roots[1:] for box in _read_drawn_boxes(root))
    colors = SlideColors(_read_scheme(layout.slide_master), below=below)
    for root in roots:
        background = root.find(f"{qn('p:cSld')}/{qn('p:bg')}")
        if background is not None:
            return replace(colors, background=_read_background(background, colors))
    return replace(colors, background=WHITE)


def _read_drawn_boxes(root: Element) -> Iterator[Box | None]:
    """Yield the boxes of what a layout or master draws on its slides: the shapes that are no placeholders."""
    for shape in root.iterfind(f"{qn('p:cSld')}/{qn('p:spTree')}/*"):
        if shape.tag in _SHAPES and shape.find(f".//{qn('p:nvPr')}/{qn('p:ph')}") is None:
            place, size = (next(shape.iter(qn(name)), None) for name in ("a:off", "a:ext"))
            edges = [] if place is None or size is None else [*map(place.get, "xy"), size.get("cx"), size.get("cy")]
            if len(edges) == 4 and all(edge and edge.lstrip("-").isdecimal() for edge in edges):
                left, top, width, height = map(int, edges)
                yield left, top, left + width, top + height
            else:
                yield None


def _read_background(background: Element, colors: SlideColors) -> Color | None:
    reference = background.find(qn("p:bgRef"))
    if reference is not None:
        fill = reference if reference.get("idx") == str(_STYLED_BACKGROUND) else None
        color = next(fill.iterchildren(qn("a:schemeClr")), None) if fill is not None else None
        return colors.scheme.get(color.get("val", "")) if color is not None and not len(color) else None
    fill = background.find(f"{qn('p:bgPr')}/{qn('a:solidFill')}")
    return colors.read_fill(fill) if fill is not None else None


def _read_scheme(master: Any) -> dict[str, Color]:
    """Return the colours of the theme of a master, by the names that its slides use."""
    theme = next((r.target_part for r in master.part.rels.values() if r.reltype.endswith("/theme")), None)
    try:
        root = parse_xml(theme.blob) if theme is not None else None
    except SyntaxError:
        return {}
    scheme = next(root.iter(qn("a:clrScheme")), None) if root is not None else None
    own: dict[str, Color] = {}
    for entry in scheme if scheme is not None else ():
        value = next(entry.iterchildren("*"), None)
        color = parse_hex(value.get("lastClr") or value.get("val")) if value is not None else None
        if color is not None:
            own[entry.tag.rpartition("}")[2]] = color
    mapping = master._element.find(qn("p:clrMap"))
    names = {**_DEFAULT_MAP, **(dict(mapping.attrib) if mapping is not None else {})}
    return {**own, **{name: own[target] for name, target in names.items() if target in own}}


def _has_fill_above(shape: Any) -> bool:
    """Whether a placeholder takes a fill from its layout or master."""
    above = getattr(shape, "_base_placeholder", None)
    while above is not None:
        properties = above._element.find(qn("p:spPr"))
        if properties is not None and any(child.tag in _FILLS - {qn("a:noFill")} for child in properties):
            return True
        above = getattr(above, "_base_placeholder", None)
    return False


def _read_box(shape: Any) -> Box | None:
    left, top, width, height = shape.left, shape.top, shape.width, shape.height
    return None if None in (left, top, width, height) else (left, top, left + width, top + height)
