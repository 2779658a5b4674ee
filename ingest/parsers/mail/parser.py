"""E-mail: messages (EML) and mailboxes (MBOX), with their attachments."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ingest.errors import NoTextError, UnreadableFileError
from ingest.parsers.mail.attachments import append_attachments, lower_headings
from ingest.parsers.mail.body import SECTION_LEVEL, EarlierMessages
from ingest.parsers.mail.headline import NO_SUBJECT
from ingest.parsers.mail.message import Message, read_message
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.types import Heading, Page, PageUnit, ParsedDocument

EML_MEDIA_TYPE = "message/rfc822"
MBOX_MEDIA_TYPE = "application/mbox"

MESSAGES_PER_PIECE = 50
_CHARS_PER_PIECE = 1_000_000
_ENVELOPE = re.compile(rb"From \S+.*\d{4}")
_ESCAPED_ENVELOPE = re.compile(rb"^>(>*From )", re.M)
_HEADER_LINE = re.compile(rb"[\w-]+[ \t]*:")


def parse_eml(source: Source) -> Iterator[ParsedDocument]:
    """Yield a message as page 1, then the pages of its attachments, labelled with their names.

    An unreadable attachment becomes a warning. Raises `DamagedFileError` if the file is no message.
    """
    message = read_message(source.path.read_bytes(), source.filename)
    yield from append_attachments(_build_document(message, source), message.attachments, source)


def parse_mbox(source: Source) -> Iterator[ParsedDocument]:
    """Yield the messages of a mailbox in pieces; a message and its attachments are one page.

    An unreadable message becomes a warning. Raises `NoTextError` if none can be read.
    """
    messages: list[ParsedDocument] = []
    warnings: list[str] = []
    earlier = EarlierMessages()
    with source.path.open("rb") as file:
        for number, content in enumerate(_split_mailbox(file), 1):
            try:
                page = _build_page(content, number, source, earlier)
            except UnreadableFileError as error:
                warnings.append(f"message {number} was not read: {error}")
                continue
            if len(messages) == MESSAGES_PER_PIECE or sum(len(other.text) for other in messages) > _CHARS_PER_PIECE:
                yield _build_piece(messages, warnings, source)
                messages, warnings = [], []
            messages.append(page)
    if not messages:
        raise NoTextError(filename=source.filename, detail="not one message in it can be read")
    yield _build_piece(messages, warnings, source)


def _build_document(message: Message, source: Source) -> ParsedDocument:
    document = message.builder.build(
        title=message.subject,
        media_type=EML_MEDIA_TYPE,
        filename=source.filename,
        warnings=message.warnings,
        metadata=message.metadata,
    )
    return replace(
        document,
        pages=(replace(document.pages[0], label=message.headline),),
        headings=tuple(_place_headings(document.headings, message)),
        skipped=tuple(message.repeated),
    )


def _place_headings(headings: Sequence[Heading], message: Message) -> Iterator[Heading]:
    """Yield the headings of a message below its headline, those of a quoted text below the heading over it."""
    sections = set(message.section_starts)
    levels = 1
    for index, heading in enumerate(headings):
        if index == 0:
            yield replace(heading, title=message.headline)
        elif heading.start in sections:
            levels = SECTION_LEVEL
            yield heading
        else:
            yield from lower_headings([heading], levels)


def _build_page(content: bytes, number: int, source: Source, earlier: EarlierMessages) -> ParsedDocument:
    """Return a message of a mailbox and its attachments as one page."""
    message = read_message(content, f"message {number}", earlier)
    whole = join_pieces(append_attachments(_build_document(message, source), message.attachments, source))
    name = message.subject or NO_SUBJECT
    return replace(
        whole,
        pages=(Page(number, 0, len(whole.text), label=message.headline),),
        warnings=tuple(f"message {number} ({name}): {warning}" for warning in whole.warnings),
    )


def _build_piece(messages: Sequence[ParsedDocument], warnings: Sequence[str], source: Source) -> ParsedDocument:
    piece = join_pieces(messages)
    return replace(
        piece,
        title=Path(source.filename).stem,
        media_type=MBOX_MEDIA_TYPE,
        unit=PageUnit.MESSAGE,
        warnings=(*piece.warnings, *warnings),
    )


def _split_mailbox(file: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of a mailbox (RFC 4155) without their envelope lines and escapes (mboxrd: ">From ").

    An envelope line begins with "From ", after an empty line and before a header: other lines that begin so are text,
    although the standard library would begin a message at each.
    """
    lines: list[bytes] = []
    envelope = b""
    is_after_blank = True
    for line in file:
        if envelope and _HEADER_LINE.match(line):
            if any(map(bytes.strip, lines)):
                yield _unescape(lines)
            lines = []
        elif envelope:
            lines.append(envelope)
        envelope = line if is_after_blank and _ENVELOPE.match(line) else b""
        if not envelope:
            lines.append(line)
        is_after_blank = not line.strip()
    if envelope or any(map(bytes.strip, lines)):
        yield _unescape([*lines, envelope])


def _unescape(lines: Sequence[bytes]) -> bytes:
    return _ESCAPED_ENVELOPE.sub(rb"\1", b"".join(lines))
