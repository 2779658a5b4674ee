"""The one way from a file to a document: find out the format, then let its parser read it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import ParserLimitError
from ingest.parsers import delimited, docx, html, markdown, pdf, text
from ingest.parsers.formats import Format, identify
from ingest.parsers.pieces import join_pieces
from ingest.types import ParsedDocument


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read: where its bytes are, what people call it, and the password that opens it.

    `depth` counts the files around it: 1 for the attachment of a mail, 2 for what is attached to that.
    """

    path: Path
    filename: str
    password: str | None = None
    depth: int = 0


_PARSERS: dict[Format, Callable[[Path, str], ParsedDocument]] = {
    Format.DOCX: docx.parse,
    Format.HTML: html.parse,
    Format.MARKDOWN: markdown.parse,
    Format.DELIMITED: delimited.parse,
    Format.TEXT: text.parse,
}


def parse(path: Path, filename: str, password: str | None = None) -> ParsedDocument:
    """Read a file of any supported format as a whole; see `read`."""
    return join_pieces(read(Source(path, filename, password)))


def read(source: Source) -> Iterator[ParsedDocument]:
    """Yield a file's pieces in order, at least one: a long file is not held in memory as a whole.

    The pages of the pieces are numbered through; all offsets count in the text of the piece. Raises one of
    `UnreadableFileError`'s family, each with a reason for people.
    """
    try:
        kind = identify(source.path, source.filename)
        if kind is Format.PDF:
            yield pdf.parse(source.path, source.filename, source.password)
        else:
            yield _PARSERS[kind](source.path, source.filename)
    except MemoryError as error:
        raise ParserLimitError(
            filename=source.filename, detail="it needs more memory than one reader may use"
        ) from error
    except RecursionError as error:
        raise ParserLimitError(filename=source.filename, detail="it is nested too deeply") from error
