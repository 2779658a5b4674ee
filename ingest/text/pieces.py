"""The pieces in which a long document is read: their offsets, and the document that they make together. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from ingest.text.word_boxes import pack_words, unpack_words
from ingest.types import Block, Heading, Page, PageUnit, ParsedDocument


def choose_separator(unit: PageUnit) -> str:
    """Return the separator between the texts of two pieces; it adds no line to a document whose places are lines."""
    return "\n" if unit is PageUnit.LINE else "\n\n"


def join_pieces(pieces: Iterable[ParsedDocument]) -> ParsedDocument:
    """Return the document that `pieces` make, in order; raises `ValueError` if there are none.

    Title and unit are those of the first piece; each distinct warning appears once.
    """
    shifted: list[ParsedDocument] = []
    text = ""
    for piece in pieces:
        text += choose_separator(piece.unit) if shifted else ""
        shifted.append(shift_offsets(piece, len(text)))
        text += piece.text
    if not shifted:
        raise ValueError("a document has at least one piece")
    if len(shifted) == 1:
        return shifted[0]
    metadata: dict[str, str] = {}
    for piece in shifted:
        metadata = {**piece.metadata, **metadata}
    return replace(
        shifted[0],
        text=text,
        pages=tuple(page for piece in shifted for page in piece.pages),
        headings=tuple(heading for piece in shifted for heading in piece.headings),
        blocks=tuple(block for piece in shifted for block in piece.blocks),
        warnings=tuple(dict.fromkeys(warning for piece in shifted for warning in piece.warnings)),
        metadata=metadata,
        skipped=tuple(span for piece in shifted for span in piece.skipped),
    )


def shift_offsets(piece: ParsedDocument, offset: int) -> ParsedDocument:
    """Return `piece` with `offset` characters added to all of its offsets; its text stays."""
    if not offset:
        return piece
    return replace(
        piece,
        pages=tuple(shift_page(page, offset) for page in piece.pages),
        headings=tuple(Heading(heading.level, heading.title, heading.start + offset) for heading in piece.headings),
        blocks=tuple(
            Block(block.kind, block.start + offset, block.end + offset, block.header_end + offset)
            for block in piece.blocks
        ),
        skipped=tuple((start + offset, end + offset) for start, end in piece.skipped),
    )


def shift_page(page: Page, offset: int) -> Page:
    """Return `page` with `offset` characters added to its offsets and to those of its words."""
    words = unpack_words(page.words).copy()
    words["start"] += offset
    words["end"] += offset
    return replace(page, start=page.start + offset, end=page.end + offset, words=pack_words(words))
