"""Pieces of a long document, and the document that they make together. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from ingest.text.word_boxes import pack_words, unpack_words
from ingest.types import Block, Heading, Page, PageUnit, ParsedDocument


def choose_separator(unit: PageUnit) -> str:
    """Return what stands between the texts of two pieces: where lines are counted, no line that the file has not."""
    return "\n" if unit is PageUnit.LINE else "\n\n"


def join_pieces(pieces: Iterable[ParsedDocument]) -> ParsedDocument:
    """Return the document that `pieces` make, in order; raises `ValueError` where there is none.

    Title and unit are those of the first piece; each warning is kept once.
    """
    moved: list[ParsedDocument] = []
    text = ""
    for piece in pieces:
        text += choose_separator(piece.unit) if moved else ""
        moved.append(shift_offsets(piece, len(text)))
        text += piece.text
    if not moved:
        raise ValueError("a document has at least one piece")
    if len(moved) == 1:
        return moved[0]
    metadata: dict[str, str] = {}
    for piece in moved:
        metadata = {**piece.metadata, **metadata}
    return replace(
        moved[0],
        text=text,
        pages=tuple(page for piece in moved for page in piece.pages),
        headings=tuple(heading for piece in moved for heading in piece.headings),
        blocks=tuple(block for piece in moved for block in piece.blocks),
        warnings=tuple(dict.fromkeys(warning for piece in moved for warning in piece.warnings)),
        metadata=metadata,
        skipped=tuple(span for piece in moved for span in piece.skipped),
    )


def shift_offsets(piece: ParsedDocument, offset: int) -> ParsedDocument:
    """Return `piece` with all offsets moved by `offset`; its text stays."""
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
    """Return `page` with its offsets, and those of its words, moved by `offset`."""
    words = unpack_words(page.words).copy()
    words["start"] += offset
    words["end"] += offset
    return replace(page, start=page.start + offset, end=page.end + offset, words=pack_words(words))
