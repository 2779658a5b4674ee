# pyright: basic
"""PDF files: text with the place of every word, headings, and pages as pictures."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pypdfium2

from ingest.errors import DamagedFileError, NoTextError
from ingest.parsers.assembly import clean
from ingest.parsers.images.page_image import highlighted_png
from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.attachments import read_attachments
from ingest.parsers.pdf.binder import Binder
from ingest.parsers.pdf.page_warnings import Findings
from ingest.parsers.pdf.pages import from_layout, plain_layout, read_page
from ingest.parsers.pdf.pypdf_text import page_texts
from ingest.parsers.source import Source
from ingest.types import Box, ParsedDocument

MEDIA_TYPE = "application/pdf"

_TAIL_BYTES = 4096


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Read a PDF in pieces; pages without text of use are read by OCR, and files inside it come after its pages.

    Raises `EncryptedFileError`, `DamagedFileError`, or `NoTextError` where no page has text that can be
    used. Pages without text beside pages with text, and all else that may be missing, become warnings of the
    last piece.
    """
    try:
        with pdfium.open_pdf(source.path, source.filename, source.password) as pdf:
            yield from _read(pdf, source)
    except DamagedFileError:  # comes from opening the file: once it is open, what is broken is only named
        texts = page_texts(source.path)
        if not texts:
            raise
        yield from _second_opinion(texts, source)


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
    return highlighted_png(picture, [box for box in boxes if box.page == page_number], scale)


def _read(pdf: pypdfium2.PdfDocument, source: Source) -> Iterator[ParsedDocument]:
    binder = Binder(
        source.filename,
        media_type=MEDIA_TYPE,
        total_pages=len(pdf),
        stored_title=pdfium.metadata_title(pdf),
        outline=pdfium.outline(pdf),
        with_ocr=source.with_ocr,
    )
    for index in range(len(pdf)):
        if binder.is_full:
            yield binder.take()
        binder.add(read_page(pdf, index, with_ocr=source.with_ocr))
    if not binder.has_text and (texts := page_texts(source.path)):
        yield from _second_opinion(texts, source)
        return
    files = pdfium.attachments(pdf, binder.findings.with_files)
    attached = read_attachments(files, source, len(pdf) + 1)
    yield from _with_attachments(binder, attached, pdf, source)


def _with_attachments(
    binder: Binder,
    attached: Generator[ParsedDocument, None, list[str]],
    pdf: pypdfium2.PdfDocument,
    source: Source,
) -> Iterator[ParsedDocument]:
    """Yield the last piece of the pages and those of `attached`; raises `NoTextError` where all are without text."""
    has_text = binder.has_text
    held = binder.take()
    while True:
        try:
            piece = next(attached)
        except StopIteration as end:
            refused: list[str] = end.value
            break
        yield held
        held, has_text = replace(piece, title=held.title, media_type=MEDIA_TYPE), True
    if not has_text:
        binder.findings.has_pictures = pdfium.has_pictures(pdf)
        raise NoTextError(filename=source.filename, detail=binder.findings.why_no_text())
    yield binder.finish(held, [*_file_warnings(source.path, binder.findings), *refused])


def _second_opinion(texts: Iterable[str], source: Source) -> Iterator[ParsedDocument]:
    """Yield what pypdf read of the pages."""
    pages = [from_layout(plain_layout(clean(text).strip())) for text in texts]
    binder = Binder(source.filename, media_type=MEDIA_TYPE, total_pages=len(pages))
    for page in pages:
        if binder.is_full:
            yield binder.take()
        binder.add(page)
    if not binder.has_text:
        raise NoTextError(filename=source.filename, detail=binder.findings.why_no_text())
    yield binder.finish(binder.take(), _file_warnings(source.path, binder.findings))


def _file_warnings(path: Path, findings: Findings) -> list[str]:
    warnings: list[str] = []
    if findings.has_text and not findings.has_places:
        warnings.append("the file is damaged: its text was recovered without positions and may be incomplete")
    if not _has_end(path):
        warnings.append("the end of the file is missing: pages or text may be lost")
    return [*warnings, *findings.warnings()]


def _has_end(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
        return b"%%EOF" in file.read()
