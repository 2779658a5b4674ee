"""Source code: kept line by line, with its classes and functions as headings."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ingest.errors import NoTextError
from ingest.parsers.encoding import decode, find_source_charset
from ingest.parsers.plain import text
from ingest.parsers.plain.code_outline import extract_outline
from ingest.parsers.source import Source
from ingest.types import Block, BlockKind, Page, PageUnit, ParsedDocument

MEDIA_TYPE = "text/plain"

MAX_OUTLINED_BYTES = 1024 * 1024
"""Longer files are data (dumps) rather than programs: they come in pieces without headings."""


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a source file as code, whose places are lines. Raises `NoTextError` if it is blank.

    The encoding is the one that a comment in the first two lines or an XML declaration names, if it is valid.
    """
    if source.path.stat().st_size > MAX_OUTLINED_BYTES:
        for piece in text.parse(source):
            yield replace(piece, title=Path(source.filename).name, blocks=(_make_block(piece.text),))
        return
    data = source.path.read_bytes()
    decoded = decode(data, find_source_charset(data))
    content = text.normalize_lines(decoded.text)
    if not content.strip():
        raise NoTextError(filename=source.filename, detail="there is nothing but white space in it")
    yield ParsedDocument(
        title=Path(source.filename).name,
        media_type=MEDIA_TYPE,
        text=content,
        pages=(Page(1, 0, len(content)),),
        headings=extract_outline(content, Path(source.filename).suffix.lower()),
        blocks=(_make_block(content),),
        warnings=decoded.warnings,
        metadata={"encoding": decoded.encoding},
        unit=PageUnit.LINE,
    )


def _make_block(content: str) -> Block:
    return Block(BlockKind.CODE, 0, len(content), 0)
