"""The attachments of a message: each is parsed by the parser of its format and appended as pages of the message."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.errors import NoTextError, UnreadableFileError
from ingest.parsers.embedded_files import read_attachment
from ingest.parsers.mail.message import Attachment
from ingest.parsers.source import Source
from ingest.text.pieces import choose_separator, shift_offsets
from ingest.types import Heading, Page, PageUnit, ParsedDocument

_OUTER_LEVELS = 2
"""Levels of the subject and of the attachment's name, above the headings inside an attachment."""
_LOWEST_LEVEL = 9


def append_attachments(
    message: ParsedDocument, attachments: Sequence[Attachment], source: Source
) -> Iterator[ParsedDocument]:
    """Yield `message`, then the pieces of its attachments as its pages; an unreadable attachment becomes a warning."""
    last = message
    for attachment in attachments:
        try:
            for index, piece in enumerate(read_attachment(attachment.content, attachment.name, source)):
                yield last
                last = _convert_piece(last, piece, attachment, is_first=index == 0)
        except UnreadableFileError as error:
            if not (attachment.is_inline and isinstance(error, NoTextError)):
                warning = f"attachment {attachment.name} was not read: {error}"
                last = replace(last, warnings=(*last.warnings, warning))
    yield last


def lower_headings(headings: Sequence[Heading], levels: int) -> tuple[Heading, ...]:
    """Return `headings` with `levels` added to their levels, up to 9."""
    return tuple(replace(heading, level=min(heading.level + levels, _LOWEST_LEVEL)) for heading in headings)


def _convert_piece(
    before: ParsedDocument, piece: ParsedDocument, attachment: Attachment, *, is_first: bool
) -> ParsedDocument:
    """Return a piece of an attachment as the piece after `before`; the first one gets the name as a heading."""
    heading = Heading(_OUTER_LEVELS, f"Attachment {attachment.name}", 0)
    prefix = f"{heading.title}{choose_separator(PageUnit.PAGE)}" if is_first else ""
    shifted = shift_offsets(piece, len(prefix))
    headings = lower_headings(shifted.headings, _OUTER_LEVELS)
    return replace(
        shifted,
        title=before.title,
        media_type=before.media_type,
        unit=before.unit,
        total_pages=0,
        text=f"{prefix}{piece.text}",
        pages=tuple(_make_pages(shifted, attachment, first=before.pages[-1].number + 1, is_first=is_first)),
        headings=(heading, *headings) if is_first else headings,
        warnings=tuple(f"attachment {attachment.name}: {warning}" for warning in piece.warnings),
        metadata={},
    )


def _make_pages(piece: ParsedDocument, attachment: Attachment, *, first: int, is_first: bool) -> Iterator[Page]:
    """Yield the pages as pages of the message, numbered from `first`, without layout."""
    has_several = len(piece.pages) > 1 or piece.total_pages > 1 or not is_first
    for index, page in enumerate(piece.pages):
        yield Page(
            first + index,
            0 if is_first and index == 0 else page.start,
            page.end,
            label=_format_label(page, piece.unit, attachment.name, has_several=has_several),
            ocr_confidence=page.ocr_confidence,
        )


def _format_label(page: Page, unit: PageUnit, name: str, *, has_several: bool) -> str:
    if page.label:
        return f"attachment {name}, {page.label}"
    is_numbered = has_several and unit is not PageUnit.LINE
    return f"attachment {name}, {unit} {page.number}" if is_numbered else f"attachment {name}"
