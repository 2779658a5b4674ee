# pyright: basic
"""Read one page of a PDF: its text layer, or the text that OCR recognizes if the layer is missing or unusable."""

import logging
import re
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pypdfium2
from PIL import Image

from ingest.parsers.document_builder import normalize_text
from ingest.parsers.images.ocr import MAX_SIDE_PIXELS, recognize_text
from ingest.parsers.images.ocr_layout import lay_out_ocr
from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.layout import TEXT_LINE, PageLayout, append_lines, lay_out
from ingest.parsers.pdf.pdfium import LINE_END_HYPHEN
from ingest.parsers.pdf.ruled_tables import write_ruled_tables
from ingest.parsers.pdf.tables import mark_tables
from ingest.parsers.symbol_fonts import decode_private_use
from ingest.runtime.effort import without_limit
from ingest.text.annotations import AnnotationKind, annotate, annotate_hidden
from ingest.text.word_boxes import WORD_DTYPE

logger = logging.getLogger(__name__)

_PIXELS_PER_POINT = 200 / 72
_MAX_GARBAGE_SHARE = 0.5
_MIN_GARBAGE_SHARE = 0.03
_MIN_VOWELS_AMONG_GARBAGE, _MIN_VOWELS = 0.25, 0.14
_MIN_LATIN_SHARE = 0.8
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_VOWELS = "aeiouyäöüåæøœéèêëáàâãíìîïóòôõúùûýąęěůőűıāēīōū"
_MIN_CONTRAST = 40
_FEW_LETTERS = 100
_LARGE_PICTURE = 0.5
_UNMAPPED_CHARACTERS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff]")


class PageState(StrEnum):
    """The outcome of a page: text, or the reason why there is none."""

    TEXT = "text"
    EMPTY = "empty"
    BROKEN = "broken"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """A page with its text. `confidence` (0 to 1) is set if it comes from OCR; `has_files` if files are attached."""

    layout: PageLayout
    state: PageState
    confidence: float | None = None
    has_files: bool = False


def read_page(pdf: pypdfium2.PdfDocument, index: int, *, with_ocr: bool) -> ParsedPage:
    """Return the page at `index` with its notes; a page that cannot be read has no text and the state `BROKEN`."""
    try:
        glyphs = pdfium.read_glyphs(pdf, index)
        page = replace(
            make_page(mark_tables(write_ruled_tables(lay_out(glyphs), glyphs.rules))), has_files=glyphs.has_files
        )
        if not with_ocr or not _is_worth_ocr(pdf, index, page):
            return _append_additions(page, glyphs)
        with without_limit():
            picture, pixels_per_point = pdfium.draw_page(pdf, index, _choose_width(page.layout))
    except pypdfium2.PdfiumError as error:
        logger.debug("page %s cannot be read: %s", index + 1, error)
        return ParsedPage(make_plain_layout(""), PageState.BROKEN)
    return _append_additions(_choose_text(page, recognize_page(picture, 1 / pixels_per_point)), glyphs)


def _append_additions(page: ParsedPage, glyphs: pdfium.Glyphs) -> ParsedPage:
    """Return the page with its notes and its hidden text at its end; a note that the page shows is not repeated."""
    if not glyphs.notes and not glyphs.hidden:
        return page
    shown = "".join(page.layout.text.split())
    additions: list[str] = []
    for note in glyphs.notes:
        text = " ".join(normalize_text(note.text).split())
        if "".join(text.split()) not in shown:
            additions.append(text if note.is_shown else annotate(AnnotationKind.NOTE, text, author=note.author))
    for reason, unseen in glyphs.hidden:
        text = " ".join(normalize_text(lay_out(unseen).text.replace(chr(LINE_END_HYPHEN), "-")).split())
        if any(map(str.isalnum, text)):
            additions.append(annotate_hidden(reason, text))
    if not any(additions):
        return page
    layout = append_lines(page.layout, list(dict.fromkeys(filter(None, additions))))
    return replace(page, layout=layout, state=PageState.TEXT)


def recognize_page(picture: Image.Image, points_per_pixel: float) -> ParsedPage:
    """Return the page whose text OCR recognizes in a picture; without ink it is `EMPTY`."""
    empty = make_plain_layout("", picture.width * points_per_pixel, picture.height * points_per_pixel)
    if np.ptp(np.asarray(picture.convert("L"))) < _MIN_CONTRAST:
        return ParsedPage(empty, PageState.EMPTY)
    result = recognize_text(picture)
    if not result.lines:
        return ParsedPage(empty, PageState.EMPTY)
    return ParsedPage(lay_out_ocr(result, points_per_pixel), PageState.TEXT, result.confidence)


def make_page(layout: PageLayout) -> ParsedPage:
    """Return a page with the text of `layout`, or without text if most of it is characters without a meaning."""
    if _is_unmapped(layout.text):
        return ParsedPage(make_plain_layout("", layout.width, layout.height), PageState.UNMAPPED)
    # The bullets and Greek letters of symbol fonts; each is one character before and after.
    layout = replace(layout, text=decode_private_use(layout.text))
    return ParsedPage(layout, PageState.TEXT if layout.text else PageState.EMPTY)


def make_plain_layout(text: str, width: float = 0.0, height: float = 0.0) -> PageLayout:
    """Return a layout whose words have no boxes."""
    return PageLayout(width, height, text, np.empty(0, WORD_DTYPE), np.empty(0, TEXT_LINE))


def _is_unmapped(text: str) -> bool:
    """Return whether characters are unmapped (controls, U+FFFD, private use): most of them, or some among no words."""
    ink = "".join(text.split())
    unmapped = len(_UNMAPPED_CHARACTERS.findall(ink))
    if unmapped > _MAX_GARBAGE_SHARE * len(ink):
        return True
    return unmapped > _MIN_GARBAGE_SHARE * len(ink) and _has_no_words(text, _MIN_VOWELS_AMONG_GARBAGE)


def _has_no_words(text: str, min_vowel_share: float) -> bool:
    """Return whether a text of Latin letters has fewer vowels than any language; false for little text."""
    counts = Counter(text.lower())
    letters = sum(count for sign, count in counts.items() if sign.isalpha())
    if letters < _FEW_LETTERS or sum(counts[sign] for sign in _LATIN) < _MIN_LATIN_SHARE * letters:
        return False
    return sum(counts[sign] for sign in _VOWELS) < min_vowel_share * letters


def _is_worth_ocr(pdf: pypdfium2.PdfDocument, index: int, page: ParsedPage) -> bool:
    """Return whether a page has no usable text, no words, or little text and a large picture: a scan with a stamp."""
    if page.state is PageState.EMPTY and pdfium.is_blank(pdf, index):
        return False
    if page.state is not PageState.TEXT or _has_no_words(page.layout.text, _MIN_VOWELS):
        return True
    return _count_letters(page) < _FEW_LETTERS and pdfium.measure_largest_picture(pdf, index) > _LARGE_PICTURE


def _choose_width(layout: PageLayout) -> int:
    longer = max(layout.width, layout.height)
    return max(round(layout.width * min(_PIXELS_PER_POINT, MAX_SIDE_PIXELS / max(longer, 1.0))), 1)


def _choose_text(page: ParsedPage, recognized: ParsedPage) -> ParsedPage:
    """Return the page with its text layer, or with the text of OCR if that has more than twice the letters.

    Half of the letters are enough if OCR reads words and the text layer has none.
    """
    is_better = _has_no_words(page.layout.text, _MIN_VOWELS) and not _has_no_words(recognized.layout.text, _MIN_VOWELS)
    factor = 0.5 if is_better else 2
    if recognized.state is not PageState.TEXT or _count_letters(recognized) <= factor * _count_letters(page):
        return page
    layout = replace(recognized.layout, width=page.layout.width, height=page.layout.height)
    return replace(recognized, layout=layout, has_files=page.has_files)


def _count_letters(page: ParsedPage) -> int:
    return sum(map(str.isalnum, page.layout.text))
