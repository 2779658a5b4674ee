# pyright: basic
"""PDF files: text with the box of every word, headings, and pages as pictures."""

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
_XFA_WARNING = (
    "it is an XFA form, whose fields are not read; open it in Adobe Acrobat Reader, print it to a PDF, and add that"
)


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield the pieces of a PDF; pages without usable text go through OCR, and attached files come after the pages.

    Raises `EncryptedFileError`, `DamagedFileError`, or `NoTextError` if no page has usable text. Pages without text and
    all else that may be missing become warnings of the last piece.
    """
    try:
        with pdfium.open_pdf(source.path, source.filename, source.password) as pdf:
            yield from _parse_pages(pdf, source)
    except DamagedFileError:  # only opening the file raises it: afterwards a broken page becomes a warning
        texts = extract_page_texts(source.path)
        if not texts:
            raise
        yield from _parse_with_pypdf(texts, source)


def render_page(
    path: Path, page_number: int, boxes: Sequence[Box], password: str | None = None, width_pixels: int = 1000
) -> bytes:
    """Return a page as PNG, about `width_pixels` wide, with the `boxes` of this page highlighted.

    Raises `EncryptedFileError`, or `DamagedFileError` if there is no such page or it cannot be drawn.
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


def _parse_pages(pdf: pypdfium2.PdfDocument, source: Source) -> Iterator[ParsedDocument]:
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
            yield piece_builder.build_piece()
        piece_builder.add(read_page(pdf, index, with_ocr=source.with_ocr))
    if not piece_builder.has_text and (texts := extract_page_texts(source.path)):
        yield from _parse_with_pypdf(texts, source)
        return
    files = pdfium.extract_files(pdf, piece_builder.report.pages_with_files)
    attachments = read_attachments(files, source, len(pdf) + 1)
    yield from _append_attachments(piece_builder, attachments, pdf, source)


def _append_attachments(
    piece_builder: PieceBuilder,
    attachments: Generator[ParsedDocument, None, list[str]],
    pdf: pypdfium2.PdfDocument,
    source: Source,
) -> Iterator[ParsedDocument]:
    """Yield the last piece of the pages, then those of `attachments`; raises `NoTextError` if none has text."""
    has_text = piece_builder.has_text
    last = piece_builder.build_piece()
    while True:
        try:
            piece = next(attachments)
        except StopIteration as end:
            attachment_warnings: list[str] = end.value
            break
        yield last
        last, has_text = replace(piece, title=last.title, media_type=MEDIA_TYPE), True
    if not has_text:
        piece_builder.report.has_pictures = pdfium.has_pictures(pdf)
        raise NoTextError(filename=source.filename, detail=piece_builder.report.explain_missing_text())
    form_warnings = [_XFA_WARNING] if pdfium.is_xfa_form(pdf) else []
    yield piece_builder.add_file_facts(
        last, [*form_warnings, *_collect_warnings(source.path, piece_builder.report), *attachment_warnings]
    )


def _parse_with_pypdf(texts: Iterable[str], source: Source) -> Iterator[ParsedDocument]:
    """Yield the pieces of the page texts that pypdf extracted."""
    pages = [make_page(make_plain_layout(normalize_text(text).strip())) for text in texts]
    piece_builder = PieceBuilder(source.filename, media_type=MEDIA_TYPE, total_pages=len(pages))
    for page in pages:
        if piece_builder.is_full:
            yield piece_builder.build_piece()
        piece_builder.add(page)
    if not piece_builder.has_text:
        raise NoTextError(filename=source.filename, detail=piece_builder.report.explain_missing_text())
    yield piece_builder.add_file_facts(
        piece_builder.build_piece(), _collect_warnings(source.path, piece_builder.report)
    )


def _collect_warnings(path: Path, report: PageReport) -> list[str]:
    warnings: list[str] = []
    if report.has_text and not report.has_word_boxes:
        warnings.append("the file is damaged: its text was recovered without positions and may be incomplete")
    if not _has_end_marker(path):
        warnings.append("the end of the file is missing: pages or text may be lost")
    return [*warnings, *report.warnings()]


def _has_end_marker(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
        return b"%%EOF" in file.read()
