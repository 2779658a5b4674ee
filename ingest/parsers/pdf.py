# pyright: basic
"""PDF files: text with the place of every word, headings, and pages as pictures."""

import io
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageChops, ImageDraw

from ingest.errors import DamagedFileError, NoTextError
from ingest.geometry import WORD, pack_words
from ingest.parsers import pdfium
from ingest.parsers.assembly import clean
from ingest.parsers.pdf_layout import TEXT_LINE, PageLayout, join_words, lay_out, vocabulary
from ingest.parsers.pdf_structure import find_headings, find_title
from ingest.parsers.pypdf_text import page_texts
from ingest.types import Box, Page, ParsedDocument

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/pdf"
PAGE_SEPARATOR = "\n\n"

_HIGHLIGHT = (255, 232, 92)
_MAX_GARBAGE_SHARE = 0.5
_TAIL_BYTES = 4096
_STRANGE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff]")


@dataclass(slots=True)
class _Reading:
    """What was read of a file, and the numbers of the pages that gave no text."""

    layouts: list[PageLayout] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    unmapped: list[int] = field(default_factory=list)
    title: str = ""
    outline: list[pdfium.OutlineEntry] = field(default_factory=list)
    attachments: int = 0
    has_pictures: bool = False

    @property
    def has_text(self) -> bool:
        """Say whether any page has text."""
        return any(layout.text for layout in self.layouts)

    @property
    def empty(self) -> list[int]:
        """Return the numbers of the pages without any text."""
        silent = {*self.broken, *self.unmapped}
        return [n for n, layout in enumerate(self.layouts, 1) if not layout.text and n not in silent]


def parse(path: Path, filename: str, password: str | None = None) -> ParsedDocument:
    """Read a PDF.

    Raises `EncryptedFileError`, `DamagedFileError`, or `NoTextError` where no page has text that can be
    used. Pages without text beside pages with text, and all else that may be missing, become warnings.
    """
    reading = _read_file(path, filename, password)
    if not reading.has_text:
        raise NoTextError(filename=filename, detail=_why_no_text(reading))
    known = vocabulary(layout.text for layout in reading.layouts)
    layouts = [join_words(layout, known) for layout in reading.layouts]
    starts = _starts(layouts)
    return ParsedDocument(
        title=find_title(reading.title, layouts) or Path(filename).stem,
        media_type=MEDIA_TYPE,
        text=PAGE_SEPARATOR.join(layout.text for layout in layouts),
        pages=tuple(map(_page, count(1), layouts, starts)),
        headings=tuple(find_headings(layouts, starts, reading.outline)),
        warnings=tuple(_warnings(path, reading)),
    )


def render_page(
    path: Path, page_number: int, boxes: Sequence[Box], password: str | None = None, width_pixels: int = 1000
) -> bytes:
    """Return a page as PNG, about `width_pixels` wide, with those of `boxes` that are on it highlighted.

    Raises `EncryptedFileError`, or `DamagedFileError` where there is no such page or it cannot be drawn.
    """
    with pdfium.open_pdf(path, path.name, password) as pdf:
        if not 1 <= page_number <= len(pdf):
            raise DamagedFileError(filename=path.name, detail=f"it has no page {page_number}")
        try:
            picture, scale = pdfium.draw_page(pdf, page_number - 1, width_pixels)
        except pypdfium2.PdfiumError as error:
            detail = f"page {page_number} cannot be drawn"
            raise DamagedFileError(filename=path.name, detail=detail) from error
    highlighted = _highlight(picture, [box for box in boxes if box.page == page_number], scale)
    png = io.BytesIO()
    highlighted.save(png, format="PNG", compress_level=3)
    return png.getvalue()


def _read_file(path: Path, filename: str, password: str | None) -> _Reading:
    """Read a file with PDFium, and with pypdf where PDFium finds nothing."""
    try:
        with pdfium.open_pdf(path, filename, password) as pdf:
            reading = _read(pdf)
    except DamagedFileError:
        texts = page_texts(path)
        if not texts:
            raise
        return _second_opinion(texts)
    if reading.has_text or reading.unmapped:
        return reading
    texts = page_texts(path)
    return _second_opinion(texts) if texts else reading


def _read(pdf: pypdfium2.PdfDocument) -> _Reading:
    reading = _Reading(title=pdfium.metadata_title(pdf), outline=pdfium.outline(pdf))
    reading.attachments = pdfium.attachment_count(pdf)
    for index in range(len(pdf)):
        try:
            layout = lay_out(pdfium.read_glyphs(pdf, index))
        except pypdfium2.PdfiumError as error:
            logger.debug("page %s cannot be read: %s", index + 1, error)
            reading.broken.append(index + 1)
            layout = _plain_layout("")
        if _is_garbage(layout.text):
            reading.unmapped.append(index + 1)
            layout = _plain_layout("", layout.width, layout.height)
        reading.layouts.append(layout)
    reading.has_pictures = not reading.has_text and pdfium.has_pictures(pdf)
    return reading


def _second_opinion(texts: Iterable[str]) -> _Reading:
    return _Reading(layouts=[_plain_layout("" if _is_garbage(text) else clean(text).strip()) for text in texts])


def _plain_layout(text: str, width: float = 0.0, height: float = 0.0) -> PageLayout:
    return PageLayout(width, height, text, np.empty(0, WORD), np.empty(0, TEXT_LINE))


def _is_garbage(text: str) -> bool:
    """Say whether most of a page is glyphs whose meaning the fonts do not tell."""
    ink = "".join(text.split())
    return len(_STRANGE.findall(ink)) > _MAX_GARBAGE_SHARE * len(ink)


def _starts(layouts: Sequence[PageLayout]) -> list[int]:
    starts: list[int] = []
    position = 0
    for layout in layouts:
        starts.append(position)
        position += len(layout.text) + len(PAGE_SEPARATOR)
    return starts


def _page(number: int, layout: PageLayout, start: int) -> Page:
    words = layout.words.copy()
    words["start"] += start
    words["end"] += start
    return Page(number, start, start + len(layout.text), layout.width, layout.height, pack_words(words))


def _why_no_text(reading: _Reading) -> str:
    pages = _counted(len(reading.layouts), "page")
    if reading.unmapped:
        return "its fonts do not say which letters their signs stand for; OCR is not available yet"
    if reading.broken:
        return f"none of its pages can be read ({pages})"
    if reading.has_pictures:
        return f"image only (scanned): {pages} without text; OCR is not available yet"
    return f"{pages} without text or pictures"


def _warnings(path: Path, reading: _Reading) -> list[str]:
    warnings: list[str] = []
    if not any(len(layout.words) for layout in reading.layouts):
        warnings.append("the file is damaged: its text was recovered without positions and may be incomplete")
    if not _has_end(path):
        warnings.append("the end of the file is missing: pages or text may be lost")
    if reading.broken:
        warnings.append(f"{_named(reading.broken)} cannot be read")
    if reading.unmapped:
        warnings.append(f"{_named(reading.unmapped)} without usable text: the fonts do not say what their signs mean")
    if reading.empty:
        warnings.append(f"{_named(reading.empty)} without text (blank or scanned; OCR is not available yet)")
    if reading.attachments:
        warnings.append(f"{_counted(reading.attachments, 'file')} attached inside the PDF not read")
    return warnings


def _has_end(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
        return b"%%EOF" in file.read()


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _named(numbers: Sequence[int]) -> str:
    """Name pages for a person: "page 2", "pages 2, 5-7"."""
    ranges: list[str] = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        ranges.append(str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}")
    return f"page {ranges[0]}" if len(numbers) == 1 else f"pages {', '.join(ranges)}"


def _highlight(picture: Image.Image, boxes: Sequence[Box], scale: float) -> Image.Image:
    """Lay translucent yellow over `boxes`, as a marker pen would: what is dark stays dark."""
    marker = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(marker)
    for box in boxes:
        draw.rectangle((box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale), fill=_HIGHLIGHT)
    return ImageChops.multiply(picture, marker)
