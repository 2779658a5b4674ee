# pyright: basic
"""One page of a PDF: its text layer, or what OCR reads where that is missing or of no use."""

import logging
import re
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pypdfium2
from PIL import Image

from ingest.parsers.images.ocr import MAX_SIDE_PIXELS, recognize_text
from ingest.parsers.images.ocr_layout import lay_out_ocr
from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.layout import TEXT_LINE, PageLayout, lay_out
from ingest.parsers.pdf.tables import mark_tables
from ingest.text.word_boxes import WORD_DTYPE

logger = logging.getLogger(__name__)

_PIXELS_PER_POINT = 200 / 72
_MAX_GARBAGE_SHARE = 0.5
_MIN_CONTRAST = 40
_FEW_LETTERS = 100
_LARGE_PICTURE = 0.5
_STRANGE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff]")


class PageState(StrEnum):
    """What came of a page: text, or why there is none."""

    TEXT = "text"
    EMPTY = "empty"
    BROKEN = "broken"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """A page as it was read. `confidence` is set where its text comes from OCR; `has_files`: some are pinned to it."""

    layout: PageLayout
    state: PageState
    confidence: float | None = None
    has_files: bool = False


def read_page(pdf: pypdfium2.PdfDocument, index: int, *, with_ocr: bool) -> ParsedPage:
    """Return the page at `index`; a page that cannot be read has no text and says so."""
    try:
        glyphs = pdfium.read_glyphs(pdf, index)
        page = replace(make_page(mark_tables(lay_out(glyphs))), has_files=glyphs.has_files)
        if not with_ocr or not _is_worth_ocr(pdf, index, page):
            return page
        drawing, pixels_per_point = pdfium.draw_page(pdf, index, _width_pixels(page.layout))
    except pypdfium2.PdfiumError as error:
        logger.debug("page %s cannot be read: %s", index + 1, error)
        return ParsedPage(make_plain_layout(""), PageState.BROKEN)
    return _better(page, recognize_page(drawing, 1 / pixels_per_point))


def recognize_page(drawing: Image.Image, points_per_pixel: float) -> ParsedPage:
    """Return what OCR reads in the picture of a page; there is no text where there is no ink."""
    empty = make_plain_layout("", drawing.width * points_per_pixel, drawing.height * points_per_pixel)
    if np.ptp(np.asarray(drawing.convert("L"))) < _MIN_CONTRAST:
        return ParsedPage(empty, PageState.EMPTY)
    reading = recognize_text(drawing)
    if not reading.lines:
        return ParsedPage(empty, PageState.EMPTY)
    return ParsedPage(lay_out_ocr(reading, points_per_pixel), PageState.TEXT, reading.confidence)


def make_page(layout: PageLayout) -> ParsedPage:
    """Return a page with the text of `layout`, or without where that is nothing but signs without a meaning."""
    if _is_garbage(layout.text):
        return ParsedPage(make_plain_layout("", layout.width, layout.height), PageState.UNMAPPED)
    return ParsedPage(layout, PageState.TEXT if layout.text else PageState.EMPTY)


def make_plain_layout(text: str, width: float = 0.0, height: float = 0.0) -> PageLayout:
    """Return a page whose words have no places."""
    return PageLayout(width, height, text, np.empty(0, WORD_DTYPE), np.empty(0, TEXT_LINE))


def _is_garbage(text: str) -> bool:
    """Say whether most of a page is glyphs whose meaning the fonts do not tell."""
    ink = "".join(text.split())
    return len(_STRANGE.findall(ink)) > _MAX_GARBAGE_SHARE * len(ink)


def _is_worth_ocr(pdf: pypdfium2.PdfDocument, index: int, page: ParsedPage) -> bool:
    """Say whether a page has no text of use, or little and a large picture: a scan with a stamp on it."""
    if page.state is not PageState.TEXT:
        return True
    return _letters(page) < _FEW_LETTERS and pdfium.measure_largest_picture(pdf, index) > _LARGE_PICTURE


def _width_pixels(layout: PageLayout) -> int:
    longer = max(layout.width, layout.height)
    return max(round(layout.width * min(_PIXELS_PER_POINT, MAX_SIDE_PIXELS / max(longer, 1.0))), 1)


def _better(page: ParsedPage, seen: ParsedPage) -> ParsedPage:
    """Return the text layer unless OCR saw far more; the size is that of the page."""
    if seen.state is not PageState.TEXT or _letters(seen) <= 2 * _letters(page):
        return page
    layout = replace(seen.layout, width=page.layout.width, height=page.layout.height)
    return replace(seen, layout=layout, has_files=page.has_files)


def _letters(page: ParsedPage) -> int:
    return sum(map(str.isalnum, page.layout.text))
