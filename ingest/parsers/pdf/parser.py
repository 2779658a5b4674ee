# pyright: basic
"""PDF files: text with the place of every word, headings, and pages as pictures."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pypdfium2

from ingest.errors import DamagedFileError, NoTextError
from ingest.parsers.document_builder import normalize_text
from ingest.parsers.images.page_image import highlight_boxes
from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.attachments import read_attachments
from ingest.parsers.pdf.page_report import PageReport
from ingest.parsers.pdf.pages import make_page, make_plain_layout, read_page
from ingest.parsers.pdf.piece_builder import PieceBuilder
from ingest.parsers.pdf.pypdf_text import extract_page_texts
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
        texts = extract_page_texts(source.path)
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
    return highlight_boxes(picture, [box for box in boxes if box.page == page_number], scale)


def _read(pdf: pypdfium2.PdfDocument, source: Source) -> Iterator[ParsedDocument]:
    piece_builder = PieceBuilder(
        source.filename,
        media_type=MEDIA_TYPE,
        total_pages=len(pdf),
        stored_title=pdfium.read_title(pdf),
        outline=pdfium.read_outline(pdf),
        with_ocr=source.with_ocr,
    )
    for index in range(len(pdf)):
        if piece_builder.is_full:
            yield piece_builder.take()
        piece_builder.add(read_page(pdf, index, with_ocr=source.with_ocr))
    if not piece_builder.has_text and (texts := extract_page_texts(source.path)):
        yield from _second_opinion(texts, source)
        return
    files = pdfium.extract_files(pdf, piece_builder.report.with_files)
    attached = read_attachments(files, source, len(pdf) + 1)
    yield from _with_attachments(piece_builder, attached, pdf, source)


def _with_attachments(
    piece_builder: PieceBuilder,
    attached: Generator[ParsedDocument, None, list[str]],
    pdf: pypdfium2.PdfDocument,
    source: Source,
) -> Iterator[ParsedDocument]:
    """Yield the last piece of the pages and those of `attached`; raises `NoTextError` where all are without text."""
    has_text = piece_builder.has_text
    held = piece_builder.take()
    while True:
        try:
            piece = next(attached)
        except StopIteration as end:
            refused: list[str] = end.value
            break
        yield held
        held, has_text = replace(piece, title=held.title, media_type=MEDIA_TYPE), True
    if not has_text:
        piece_builder.report.has_pictures = pdfium.has_pictures(pdf)
        raise NoTextError(filename=source.filename, detail=piece_builder.report.explain_missing_text())
    yield piece_builder.finish(held, [*_file_warnings(source.path, piece_builder.report), *refused])


def _second_opinion(texts: Iterable[str], source: Source) -> Iterator[ParsedDocument]:
    """Yield what pypdf read of the pages."""
    pages = [make_page(make_plain_layout(normalize_text(text).strip())) for text in texts]
    piece_builder = PieceBuilder(source.filename, media_type=MEDIA_TYPE, total_pages=len(pages))
    for page in pages:
        if piece_builder.is_full:
            yield piece_builder.take()
        piece_builder.add(page)
    if not piece_builder.has_text:
        raise NoTextError(filename=source.filename, detail=piece_builder.report.explain_missing_text())
    yield piece_builder.finish(piece_builder.take(), _file_warnings(source.path, piece_builder.report))


def _file_warnings(path: Path, report: PageReport) -> list[str]:
    warnings: list[str] = []
    if report.has_text and not report.has_places:
        warnings.append("the file is damaged: its text was recovered without positions and may be incomplete")
    if not _has_end(path):
        warnings.append("the end of the file is missing: pages or text may be lost")
    return [*warnings, *report.warnings()]


def _has_end(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
        return b"%%EOF" in file.read()
