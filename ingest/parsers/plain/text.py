"""Plain text in any encoding: kept line by line."""

import re
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import NoTextError
from ingest.parsers.document_builder import reveal_text
from ingest.parsers.encoding import decode_lines
from ingest.parsers.source import Source, check_line_lengths
from ingest.types import Page, PageUnit, ParsedDocument

MEDIA_TYPE = "text/plain"

PIECE_BYTES = 2 * 1024 * 1024
_FORM_FEED_AT_LINE_END = re.compile(r"(?:\A|(?<=\n))\x0c|\x0c(?=\r?\n)")


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a text file, a long one in pieces of whole lines; its encoding is in `metadata["encoding"]`.

    The line break between two pieces is in neither. Raises `NoTextError` if the file is blank, and `ParserLimitError`
    if a line is longer than any that people write.
    """
    check_line_lengths(source)
    size_bytes = source.path.stat().st_size
    has_text = False
    with source.path.open("rb") as file:
        for number, decoded in enumerate(decode_lines(file, PIECE_BYTES), 1):
            cleaned = normalize_lines(decoded.text)
            text = cleaned if file.tell() >= size_bytes else cleaned.removesuffix("\n")
            has_text = has_text or bool(text.strip())
            yield ParsedDocument(
                title=Path(source.filename).stem,
                media_type=MEDIA_TYPE,
                text=text,
                pages=(Page(number, 0, len(text)),),
                warnings=decoded.warnings,
                metadata={"encoding": decoded.encoding},
                unit=PageUnit.LINE,
            )
    if not has_text:
        raise NoTextError(filename=source.filename, detail="there is nothing but white space in it")


def normalize_lines(text: str) -> str:
    """Return `text` as `reveal_text` does, except that a form feed beside a line break adds no line."""
    return reveal_text(_FORM_FEED_AT_LINE_END.sub("", text))
