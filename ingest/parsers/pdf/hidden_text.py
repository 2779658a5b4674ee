# pyright: basic
"""Find the text of a PDF page that nobody sees: invisible, white, covered, tiny, off the page, in a layer that is off.

Text is compared with what is drawn below it. If that is not plain, a picture of the page decides: text without which
the page looks the same is hidden. A picture in front of or behind text that is not drawn is a scan: it shows the text.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.parsers.boxes import Box, overlaps
from ingest.parsers.colors import TINY_POINTS, WHITE, Color, find_color_reason
from ingest.types import HiddenReason

MAX_OBJECTS = 5_000
"""A page with more objects is a drawing: only tiny text and text outside of the page are found on it."""

_MAX_DEPTH = 3
_FILLED_MODES = (pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP)
_UNDRAWN_MODE = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
_LEAST_ALPHA, _OPAQUE = 6, 250
_RECTANGLE_SEGMENTS = (4, 5, 6)
_THIN = 4.0
_TOLERANCE = 1.5
_LINE_SPACING = 1.25
"""The height of a glyph's box in font sizes, at most."""
_SMALL_PAGE = 500.0
"""Points: on a smaller page, which is shown larger, smaller text can be read."""
_PIXELS_PER_POINT = 2.0
_MAX_PIXELS = 4_000_000
_LEAST_DIFFERENCE = 12
"""Grey levels, of 256, by which a pixel has to change for a person to see it."""

_OPTIONAL_CONTENT, _OPTIONAL_CONTENT_BYTES = [ord("O"), ord("C")], 6
_MAX_TAG_CHARS = 64

Boxes = NDArray[np.float32]
Mask = NDArray[np.bool_]


class PageObject(NamedTuple):
    """An object of a page; `place` is its position in the order of drawing, `depth` 0 outside of form objects."""

    handle: Any
    type: int
    place: int
    depth: int


class _Suspect(NamedTuple):
    """A text object that may be hidden for a reason; `color` is that of its letters if they are drawn."""

    handle: Any
    place: int
    depth: int
    reason: HiddenReason
    color: Color | None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is drawn besides text: its box as shown, and its colour if it is an opaque rectangle."""

    box: Box
    place: int
    is_picture: bool
    color: Color | None


def list_objects(page: Any) -> list[PageObject]:
    """Return the objects of a page in the order of drawing, without those in form objects; none if it has too many."""
    count = pdfium.FPDFPage_CountObjects(page)
    handles = [pdfium.FPDFPage_GetObject(page, index) for index in range(count if count <= MAX_OBJECTS else 0)]
    return [PageObject(handle, pdfium.FPDFPageObj_GetType(handle), place, 0) for place, handle in enumerate(handles)]


def find_misplaced(boxes: Boxes, width: float, height: float) -> dict[HiddenReason, Mask]:
    """Return which of the glyphs with these boxes are outside of the page, and which are too small to be read."""
    has_ink = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    is_outside = (boxes[:, 2] <= 0) | (boxes[:, 0] >= width) | (boxes[:, 3] <= 0) | (boxes[:, 1] >= height)
    largest = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    tiny = TINY_POINTS * _LINE_SPACING * min(1.0, max(width, height) / _SMALL_PAGE)
    masks = {HiddenReason.OFF_PAGE: has_ink & is_outside, HiddenReason.TINY: has_ink & ~is_outside & (largest <= tiny)}
    return {reason: mask for reason, mask in masks.items() if mask.any()}


def find_unseen(
    page: pypdfium2.PdfPage,
    objects: Sequence[PageObject],
    textpage: Any,
    boxes: Boxes,
    to_shown: Callable[[Boxes], Boxes],
) -> dict[HiddenReason, Mask]:
    """Return which glyphs of a page are drawn so that nobody sees them; `boxes` are those of all glyphs, as shown."""
    everything = list(_walk(objects))
    areas = [item for item in objects if item.type == pdfium.FPDF_PAGEOBJ_PATH and _is_area(item.handle)]
    papers = [paper for area in areas if (paper := _read_paper(area)) is not None]
    layers = _LayerTest()
    suspects = [suspect for item in everything if (suspect := _suspect(item, papers, layers)) is not None]
    first = next((item.place for item in everything if item.type == pdfium.FPDF_PAGEOBJ_TEXT), len(objects))
    covers = [area for area in areas if area.place > first]
    if not suspects and not covers:
        return {}
    owners = _read_owners(textpage, len(boxes))
    shapes = list(_read_shapes(objects, to_shown))
    suspects += _find_covered(everything, shapes, covers, owners, boxes)
    masks: dict[HiddenReason, Mask] = {}
    doubtful: list[tuple[_Suspect, Mask]] = []
    for suspect in suspects:
        own = owners == _address(suspect.handle)
        if not own.any():
            continue
        verdict = _judge(suspect, _bound(boxes[own]), shapes)
        if verdict is None:
            doubtful.append((suspect, own))
        elif verdict:
            masks[suspect.reason] = masks.get(suspect.reason, np.zeros(len(boxes), np.bool_)) | own
    for suspect, own in _select_unseen(page, doubtful, boxes):
        masks[suspect.reason] = masks.get(suspect.reason, np.zeros(len(boxes), np.bool_)) | own
    return masks


def _walk(objects: Sequence[PageObject]) -> Iterator[PageObject]:
    """Yield objects and those inside form objects, which have the place of their form."""
    for item in objects:
        yield item
        if item.type == pdfium.FPDF_PAGEOBJ_FORM and item.depth < _MAX_DEPTH:
            count = min(max(pdfium.FPDFFormObj_CountObjects(item.handle), 0), MAX_OBJECTS)
            handles = [pdfium.FPDFFormObj_GetObject(item.handle, index) for index in range(count)]
            yield from _walk(
                [PageObject(h, pdfium.FPDFPageObj_GetType(h), item.place, item.depth + 1) for h in handles if h]
            )


class _Paper(NamedTuple):
    """A filled area: its edges in points of the page, its colour, and its position in the order of drawing."""

    edges: Box
    color: Color
    place: int


def _read_paper(area: PageObject) -> _Paper | None:
    edges, fill = _read_bounds(area.handle), _read_fill(area.handle)
    return None if edges is None or fill is None else _Paper(edges, fill[0], area.place)


class _LayerTest:
    """Tells whether an object is optional content (ISO 32000-2, 8.11): a part of a layer, which may be off."""

    def __init__(self) -> None:
        self._name, self._length = (ctypes.c_ushort * _MAX_TAG_CHARS)(), ctypes.c_ulong()

    def is_in_layer(self, handle: Any) -> bool:
        for index in range(pdfium.FPDFPageObj_CountMarks(handle)):
            mark = pdfium.FPDFPageObj_GetMark(handle, index)
            pdfium.FPDFPageObjMark_GetName(mark, self._name, ctypes.sizeof(self._name), self._length)
            if self._length.value == _OPTIONAL_CONTENT_BYTES and self._name[:2] == _OPTIONAL_CONTENT:
                return True
        return False


def _suspect(item: PageObject, papers: Sequence[_Paper], layers: _LayerTest) -> _Suspect | None:
    """Return a text object that is not drawn, in a layer, or in a colour that white paper or an area below it has."""
    if item.type != pdfium.FPDF_PAGEOBJ_TEXT:
        return None
    mode = pdfium.FPDFTextObj_GetTextRenderMode(item.handle)
    if mode == _UNDRAWN_MODE:
        return _Suspect(item.handle, item.place, item.depth, HiddenReason.INVISIBLE, None)
    fill = _read_fill(item.handle) if mode in _FILLED_MODES else None
    if fill is not None and fill[1] <= _LEAST_ALPHA:
        return _Suspect(item.handle, item.place, item.depth, HiddenReason.TRANSPARENT, None)
    reason = (find_color_reason(fill[0], WHITE) or _find_paper_reason(item, fill[0], papers)) if fill else None
    if fill is not None and reason is not None:
        return _Suspect(item.handle, item.place, item.depth, reason, fill[0])
    is_optional = layers.is_in_layer(item.handle)
    return _Suspect(item.handle, item.place, item.depth, HiddenReason.NOT_DISPLAYED, None) if is_optional else None


def _find_paper_reason(item: PageObject, color: Color, papers: Sequence[_Paper]) -> HiddenReason | None:
    """Return why text of a colour may be hidden on an area that is drawn before it."""
    alike = [paper for paper in papers if paper.place < item.place and find_color_reason(color, paper.color)]
    bounds = _read_bounds(item.handle) if alike and not item.depth else None
    is_near = bounds is not None and any(overlaps(paper.edges, bounds) for paper in alike)
    return HiddenReason.BACKGROUND_COLOR if is_near else None


def _read_fill(handle: Any) -> tuple[Color, int] | None:
    """Return the colour and the opacity, from 0 to 255, with which an object is filled; None for a pattern."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not pdfium.FPDFPageObj_GetFillColor(handle, red, green, blue, alpha):
        return None
    return (red.value, green.value, blue.value), alpha.value


def _is_area(path: Any) -> bool:
    """Whether a path fills an area, opaquely, and is no rule."""
    edges = _read_bounds(path)
    if edges is None or min(edges[2] - edges[0], edges[3] - edges[1]) <= _THIN or not _is_filled(path):
        return False
    fill = _read_fill(path)
    return fill is not None and fill[1] >= _OPAQUE


def _is_filled(path: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(pdfium.FPDFPath_GetDrawMode(path, fill, stroke)) and bool(fill.value)


def _read_bounds(handle: Any) -> Box | None:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(handle, left, bottom, right, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _read_owners(textpage: Any, count: int) -> NDArray[np.uint64]:
    """Return the address of the text object of each glyph; 0 for one that PDFium made up."""
    handles = (pdfium.FPDFText_GetTextObject(textpage, index) for index in range(count))
    return np.fromiter(map(_address, handles), np.uint64, count)


def _address(handle: Any) -> int:
    return ctypes.addressof(handle.contents) if handle else 0


def _read_shapes(objects: Sequence[PageObject], to_shown: Callable[[Boxes], Boxes]) -> Iterator[_Shape]:
    for item in objects:
        if item.type == pdfium.FPDF_PAGEOBJ_TEXT or (edges := _read_bounds(item.handle)) is None:
            continue
        is_path = item.type == pdfium.FPDF_PAGEOBJ_PATH
        if is_path and not _is_filled(item.handle):
            continue
        box = to_shown(np.array([edges], np.float32))[0].tolist()
        fill = _read_fill(item.handle) if is_path else None
        is_plain = fill is not None and fill[1] >= _OPAQUE
        is_rectangle = is_plain and pdfium.FPDFPath_CountSegments(item.handle) in _RECTANGLE_SEGMENTS
        is_picture = item.type == pdfium.FPDF_PAGEOBJ_IMAGE or any(
            inner.type == pdfium.FPDF_PAGEOBJ_IMAGE for inner in _walk([item])
        )
        yield _Shape(tuple(box), item.place, is_picture, fill[0] if fill and is_rectangle else None)


def _find_covered(
    everything: Sequence[PageObject],
    shapes: Sequence[_Shape],
    covers: Sequence[PageObject],
    owners: NDArray[np.uint64],
    boxes: Boxes,
) -> list[_Suspect]:
    """Return the text objects of which every glyph is below an area that is drawn later."""
    places = {item.place for item in covers}
    areas = [shape for shape in shapes if shape.place in places]
    texts = {_address(item.handle): item for item in everything if item.type == pdfium.FPDF_PAGEOBJ_TEXT}
    covered: list[_Suspect] = []
    for area in areas:
        inside = _contains(area.box, boxes)
        for address in np.unique(owners[inside]).tolist():
            item = texts.get(address)
            if item is not None and item.place < area.place and inside[owners == address].all():
                covered.append(_Suspect(item.handle, item.place, item.depth, HiddenReason.COVERED, None))
                del texts[address]
    return covered


def _contains(outer: Box, boxes: Boxes) -> Mask:
    left, top, right, bottom = outer
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    return (x > left) & (x < right) & (y > top) & (y < bottom)


def _bound(boxes: Boxes) -> Box:
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    return left, top, right, bottom


def _judge(suspect: _Suspect, box: Box, shapes: Sequence[_Shape]) -> bool | None:
    """Return whether a text object is hidden; None if only a picture of the page can tell."""
    if suspect.reason in (HiddenReason.COVERED, HiddenReason.NOT_DISPLAYED):
        return None
    near = [shape for shape in shapes if overlaps(shape.box, box)]
    if suspect.color is None:
        return not any(shape.is_picture for shape in near)
    if any(shape.is_picture and shape.place > suspect.place for shape in near):
        return False  # the text below a scan
    below = [shape for shape in near if shape.place < suspect.place or (suspect.depth and shape.place == suspect.place)]
    if not below:
        return find_color_reason(suspect.color, WHITE) is not None
    if below[-1].color is not None and _covers(below[-1].box, box):
        return find_color_reason(suspect.color, below[-1].color) is not None
    return None


def _covers(outer: Box, inner: Box) -> bool:
    left, top, right, bottom = outer
    is_wide = left <= inner[0] + _TOLERANCE and right >= inner[2] - _TOLERANCE
    return is_wide and top <= inner[1] + _TOLERANCE and bottom >= inner[3] - _TOLERANCE


def _select_unseen(
    page: pypdfium2.PdfPage, doubtful: Sequence[tuple[_Suspect, Mask]], boxes: Boxes
) -> Iterator[tuple[_Suspect, Mask]]:
    """Yield those text objects without which the page looks the same."""
    if not doubtful:
        return
    with_text, scale = _draw(page)
    for suspect, _ in doubtful:
        pdfium.FPDFPageObj_SetIsActive(suspect.handle, False)
    without_text, _ = _draw(page)
    for suspect, _ in doubtful:
        pdfium.FPDFPageObj_SetIsActive(suspect.handle, True)
    changed = np.abs(with_text.astype(np.int16) - without_text) >= _LEAST_DIFFERENCE
    for suspect, own in doubtful:
        left, top, right, bottom = (scale * edge for edge in _bound(boxes[own]))
        area = changed[max(int(top), 0) : int(bottom) + 1, max(int(left), 0) : int(right) + 1]
        if not area.any():
            yield suspect, own


def _draw(page: pypdfium2.PdfPage) -> tuple[NDArray[np.uint8], float]:
    """Return the page in grey, and its pixels per point."""
    width, height = page.get_size()
    scale = min(_PIXELS_PER_POINT, (_MAX_PIXELS / (width * height)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)  # pyright: ignore[reportArgumentType]  # takes fractions
    picture: NDArray[np.uint8] = bitmap.to_numpy().reshape(bitmap.height, bitmap.width, -1)[:, :, 0].copy()
    bitmap.close()
    return picture, scale
