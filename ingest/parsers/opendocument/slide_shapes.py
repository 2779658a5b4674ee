# pyright: basic
"""Find what is behind the text of the shapes of an OpenDocument presentation, and which shapes are off their slide.

A background that is not known (a picture, a gradient, another shape) is "unknown": text on it counts as visible.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lxml.etree import _Element as Element

from ingest.parsers.boxes import Box, is_outside, overlaps
from ingest.parsers.colors import WHITE, parse_hex
from ingest.parsers.opendocument.lengths import parse_centimetres
from ingest.parsers.opendocument.package import Package, qualify
from ingest.parsers.opendocument.text_styles import PLAIN_TEXT, Background, TextStyle, TextStyles

_SHAPES = frozenset(
    qualify(f"draw:{name}") for name in ("frame", "custom-shape", "rect", "ellipse", "circle", "path", "polygon")
)
_EDGES = tuple(qualify(f"svg:{name}") for name in ("x", "y", "width", "height"))
_FAMILIES = {"graphic": qualify("draw:style-name"), "presentation": qualify("presentation:style-name")}
_FILL, _FILL_COLOR, _OPACITY = (qualify(f"draw:{name}") for name in ("fill", "fill-color", "opacity"))
_PROPERTIES = tuple(qualify(f"style:{kind}-properties") for kind in ("graphic", "drawing-page"))
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_MAX_PARENTS = 20

Fill = Background | Literal["none"]


@dataclass(frozen=True, slots=True)
class SlideShapes:
    """The style around the text of each shape, with what is behind it, and the shapes outside of their slides."""

    papers: Mapping[Element, TextStyle]
    off_slide: frozenset[Element]


@dataclass(frozen=True, slots=True)
class _Shape:
    """A shape of a slide or its master; `box` is None if it is turned or has no place of its own."""

    element: Element
    box: Box | None
    fill: Fill


def read_slide_shapes(package: Package, styles: TextStyles) -> SlideShapes:
    """Return what is known of the shapes on all slides; `styles` are the text styles of the file."""
    fills = _Fills(package)
    masters = _index(package.styles, "style:master-page")
    layouts = _index(package.styles, "style:page-layout")
    papers: dict[Element, TextStyle] = {}
    off_slide: set[Element] = set()
    for slide in package.body.iterchildren(qualify("draw:page")):
        master = masters.get(slide.get(qualify("draw:master-page-name"), ""))
        width, height = _read_size(master, layouts)
        page = fills.find_page(slide, master)
        drawn = [shape for shape in fills.read_shapes(master) if not shape.element.get(qualify("presentation:class"))]
        for shape in fills.read_shapes(slide):
            if shape.box is not None and is_outside(shape.box, width, height):
                off_slide.add(shape.element)
            behind = _find_behind(shape, page, drawn)
            papers[shape.element] = replace(_find_text_style(shape.element, styles), background=behind)
            drawn.append(shape)
    return SlideShapes(papers, frozenset(off_slide))


def _find_behind(shape: _Shape, page: Background, drawn: Sequence[_Shape]) -> Background:
    """Return what is behind the text of a shape that is drawn after others."""
    if shape.fill != "none":
        return shape.fill
    is_on_another = any(
        other.box is None or shape.box is None or overlaps(shape.box, other.box)
        for other in drawn
        if other.fill != "none"
    )
    return "unknown" if is_on_another else page


class _Fills:
    """What fills shapes and slides, by their styles."""

    def __init__(self, package: Package) -> None:
        self._styles = {
            (style.get(qualify("style:family"), ""), style.get(qualify("style:name"), "")): style
            for root in (package.styles, package.body.getroottree().getroot())
            if root is not None
            for style in root.iter(qualify("style:style"))
        }

    def find_page(self, slide: Element, master: Element | None) -> Background:
        """Return the background of a slide: its own, else that of its master."""
        for page in (slide, master):
            name = page.get(qualify("draw:style-name"), "") if page is not None else ""
            fill = self._find("drawing-page", name)
            if fill is not None and fill != "none":
                return fill
        return WHITE

    def read_shapes(self, page: Element | None) -> Iterator[_Shape]:
        """Yield the shapes of a slide or its master in the order of drawing, those in groups too."""
        for element in page.iter(*_SHAPES) if page is not None else ():
            if next(element.iterancestors(qualify("presentation:notes")), None) is None:
                yield _Shape(element, _read_box(element), self._find_shape_fill(element))

    def _find_shape_fill(self, element: Element) -> Fill:
        is_text = element.tag != qualify("draw:frame") or element.find(qualify("draw:text-box")) is not None
        family, name = next(((f, n) for f, a in _FAMILIES.items() if (n := element.get(a))), ("", ""))
        return (self._find(family, name) or "unknown") if is_text else "unknown"

    def _find(self, family: str, name: str) -> Fill | None:
        """Return the fill that a style says, or a parent of it; None if none of them does."""
        kind, color = None, None
        for _ in range(_MAX_PARENTS):
            style = self._styles.get((family, name))
            if style is None:
                break
            properties = next(style.iterchildren(*_PROPERTIES), None)
            if properties is not None:
                kind, color = kind or properties.get(_FILL), color or properties.get(_FILL_COLOR)
                if properties.get(_OPACITY, "100%") != "100%":
                    kind = "transparent"
            name = style.get(qualify("style:parent-style-name"), "")
        if kind in (None, "none"):
            return kind
        return (parse_hex(color) if kind == "solid" else None) or "unknown"


def _index(root: Element | None, tag: str) -> dict[str, Element]:
    return {part.get(qualify("style:name"), ""): part for part in root.iter(qualify(tag))} if root is not None else {}


def _read_size(master: Element | None, layouts: Mapping[str, Element]) -> tuple[float, float]:
    """Return width and height of the slides of a master in centimetres; 0 for an unknown one."""
    layout = layouts.get(master.get(qualify("style:page-layout-name"), "")) if master is not None else None
    properties = layout.find(qualify("style:page-layout-properties")) if layout is not None else None
    if properties is None:
        return 0.0, 0.0
    width, height = (parse_centimetres(properties.get(f"{_FO}page-{side}")) or 0.0 for side in ("width", "height"))
    return width, height


def _read_box(shape: Element) -> Box | None:
    left, top, width, height = (parse_centimetres(shape.get(edge)) for edge in _EDGES)
    if left is None or top is None or width is None or height is None:
        return None
    return left, top, left + width, top + height


def _find_text_style(shape: Element, styles: TextStyles) -> TextStyle:
    return next((styles[key] for f, a in _FAMILIES.items() if (key := (f, shape.get(a, ""))) in styles), PLAIN_TEXT)
