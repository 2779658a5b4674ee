# pyright: basic
"""Read the straight lines that a PDF page draws: the rules of tables, and lines through struck-out text."""

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.parsers.pdf.hidden_text import PageObject
from ingest.text.word_boxes import AffineTransform

_MAX_THICKNESS = 4.0
_RECTANGLE_SEGMENTS = (4, 5, 6)
_EDGE = 0.5

Edges = tuple[float, float, float, float]
"""Left, lower, right and upper edge in points of the page."""


def read_rules(page: Any, objects: Sequence[PageObject], to_shown: AffineTransform) -> NDArray[np.float32]:
    """Return the boxes of the lines among the objects of a page and of its StrikeOut annotations, as shown: (n, 4).

    The sides of framed rectangles are lines too.
    """
    edges = [*_read_paths(objects), *_read_strikes(page.raw)]
    boxes = np.array(edges, np.float32).reshape(-1, 4)
    return to_shown.apply(boxes[:, [0, 1, 2, 3]])


def _read_paths(objects: Sequence[PageObject]) -> Iterator[Edges]:
    for item in objects:
        if item.type == pdfium.FPDF_PAGEOBJ_PATH:
            yield from _read_path(item.handle)


def _read_path(path: Any) -> Iterator[Edges]:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(path, left, bottom, right, top):
        return
    x0, y0, x1, y1 = left.value, bottom.value, right.value, top.value
    if min(x1 - x0, y1 - y0) <= _MAX_THICKNESS:
        yield x0, y0, x1, y1
    elif pdfium.FPDFPath_CountSegments(path) in _RECTANGLE_SEGMENTS and _is_stroked(path):
        yield x0, y0, x1, y0 + _EDGE
        yield x0, y1 - _EDGE, x1, y1
        yield x0, y0, x0 + _EDGE, y1
        yield x1 - _EDGE, y0, x1, y1


def _is_stroked(path: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(pdfium.FPDFPath_GetDrawMode(path, fill, stroke)) and bool(stroke.value)


def _read_strikes(page: Any) -> Iterator[Edges]:
    """Yield a line through the middle of each quadrilateral of the StrikeOut annotations."""
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        is_strike = pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_STRIKEOUT
        is_hidden = pdfium.FPDFAnnot_GetFlags(annotation) & pdfium.FPDF_ANNOT_FLAG_HIDDEN
        for number in range(pdfium.FPDFAnnot_CountAttachmentPoints(annotation) if is_strike and not is_hidden else 0):
            quad = pdfium.FS_QUADPOINTSF()
            if pdfium.FPDFAnnot_GetAttachmentPoints(annotation, number, quad):
                xs, ys = (quad.x1, quad.x2, quad.x3, quad.x4), (quad.y1, quad.y2, quad.y3, quad.y4)
                middle = min(ys) + 0.4 * (max(ys) - min(ys))
                yield min(xs), middle - _EDGE, max(xs), middle + _EDGE
        pdfium.FPDFPage_CloseAnnot(annotation)
