"""Files inside a PDF: parsed like any other file and appended after its pages."""

from collections.abc import Generator, Iterable
from dataclasses import replace

from ingest.errors import UnreadableFileError
from ingest.parsers.document_builder import normalize_text
from ingest.parsers.embedded_files import read_attachment
from ingest.parsers.source import Source
from ingest.types import Heading, Page, PageUnit, ParsedDocument

_MAX_FILES = 100
_MAX_BYTES = 200_000_000
_LOWEST_LEVEL = 9


def read_attachments(
    files: Iterable[tuple[str, bytes | None]], source: Source, first_page: int
) -> Generator[ParsedDocument, None, list[str]]:
    """Yield the pieces of the files attached to `source`, their pages numbered from `first_page`.

    Returns a warning for each file that cannot be read; the others are read nevertheless.
    """
    warnings: list[str] = []
    size_bytes = 0
    for number, (stored_name, content) in enumerate(files, 1):
        name = _clean_file_name(stored_name, number)
        size_bytes += len(content or b"")
        if reason := _explain_refusal(content, number, size_bytes):
            warnings.append(f"attachment {name} was not read: {reason}")
            continue
        try:
            for piece in read_attachment(content or b"", name, source):
                yield _convert_piece(piece, name, first_page)
                first_page += len(piece.pages)
        except UnreadableFileError as error:
            warnings.append(f"attachment {name} was not read: {error}")
    return warnings


def _explain_refusal(content: bytes | None, number: int, size_bytes: int) -> str:
    if content is None:
        return "it is empty or damaged"
    if number > _MAX_FILES:
        return f"only the first {_MAX_FILES} files are"
    if size_bytes > _MAX_BYTES:
        return f"the attached files have more than {_MAX_BYTES // 1_000_000} MB together"
    return ""


def _clean_file_name(stored: str, number: int) -> str:
    """Return the last part of a path with separators of any operating system."""
    name = " ".join(normalize_text(stored).replace("\\", "/").rpartition("/")[2].split())
    return name or f"file {number}"


def _convert_piece(piece: ParsedDocument, name: str, first_page: int) -> ParsedDocument:
    """Return a piece of an attachment as a piece of the PDF; its pages have no layout."""
    pages = tuple(
        Page(number, page.start, page.end, label=_format_label(page, piece, name), ocr_confidence=page.ocr_confidence)
        for number, page in enumerate(piece.pages, first_page)
    )
    deeper = (replace(heading, level=min(heading.level + 1, _LOWEST_LEVEL)) for heading in piece.headings)
    return replace(
        piece,
        pages=pages,
        headings=(Heading(1, name, 0), *deeper),
        warnings=tuple(f"attachment {name}: {warning}" for warning in piece.warnings),
        metadata={},
        unit=PageUnit.PAGE,
        total_pages=0,
    )


def _format_label(page: Page, piece: ParsedDocument, name: str) -> str:
    if page.label:
        return f"attachment {name}, {page.label}"
    is_numbered = piece.unit is not PageUnit.LINE and max(piece.total_pages, piece.pages[-1].number) > 1
    return f"attachment {name}, {piece.unit} {page.number}" if is_numbered else f"attachment {name}"
