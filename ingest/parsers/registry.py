"""The one way from a file to a document: find out the format, then let its parser read it."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from ingest.errors import ParserLimitError
from ingest.parsers.formats import Format, identify
from ingest.parsers.pieces import join_pieces
from ingest.parsers.source import Source
from ingest.types import ParsedDocument

__all__ = ["Source", "parse", "read"]

Parser = Callable[[Source], Iterator[ParsedDocument]]

_PARSERS = {
    Format.PDF: ("pdf", "parse"),
    Format.DOCX: ("docx", "parse"),
    Format.PPTX: ("pptx", "parse"),
    Format.XLSX: ("xlsx", "parse"),
    Format.ODT: ("opendocument", "parse_text"),
    Format.ODS: ("opendocument", "parse_sheets"),
    Format.ODP: ("opendocument", "parse_slides"),
    Format.PROTECTED_OFFICE: ("protected_office", "parse"),
    Format.RTF: ("rtf", "parse"),
    Format.EPUB: ("epub", "parse"),
    Format.EML: ("mail", "parse_eml"),
    Format.MBOX: ("mail", "parse_mbox"),
    Format.HTML: ("html", "parse"),
    Format.MARKDOWN: ("markdown", "parse"),
    Format.DELIMITED: ("delimited", "parse"),
    Format.JSON: ("json_records", "parse"),
    Format.JSON_LINES: ("json_records", "parse"),
    Format.PARQUET: ("parquet", "parse"),
    Format.CODE: ("code", "parse"),
    Format.IMAGE: ("image", "parse"),
    Format.TEXT: ("text", "parse"),
}
"""The module and the function that read a format; a module is loaded when its first file comes."""


def parse(path: Path, filename: str, password: str | None = None) -> ParsedDocument:
    """Read a file of any supported format as a whole; see `read`."""
    return join_pieces(read(Source(path, filename, password)))


def read(source: Source) -> Iterator[ParsedDocument]:
    """Yield a file's pieces in order, at least one: a long file is not held in memory as a whole.

    The pages of the pieces are numbered through; all offsets count in the text of the piece. Raises one of
    `UnreadableFileError`'s family, each with a reason for people.
    """
    try:
        yield from parser_of(identify(source.path, source.filename))(source)
    except MemoryError as error:
        raise ParserLimitError(
            filename=source.filename, detail="it needs more memory than one reader may use"
        ) from error
    except RecursionError as error:
        raise ParserLimitError(filename=source.filename, detail="it is nested too deeply") from error


def parser_of(kind: Format) -> Parser:
    """Return what reads a format; its module is loaded at the first call."""
    module, function = _PARSERS[kind]
    found: Parser = getattr(import_module(f"ingest.parsers.{module}"), function)
    return found
