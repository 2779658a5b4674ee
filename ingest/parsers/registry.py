"""Parse a file of any supported format: identify the format, then run its parser."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from ingest.errors import ParserLimitError
from ingest.parsers.formats import Format, identify
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.types import ParsedDocument

__all__ = ["Source", "parse", "parse_pieces"]

Parser = Callable[[Source], Iterator[ParsedDocument]]

PARSERS = {
    Format.PDF: ("pdf.parser", "parse"),
    Format.DOCX: ("word.parser", "parse"),
    Format.PPTX: ("presentations.pptx", "parse"),
    Format.XLSX: ("spreadsheets.xlsx", "parse"),
    Format.ODT: ("opendocument.parser", "parse_text"),
    Format.ODS: ("opendocument.parser", "parse_sheets"),
    Format.ODP: ("opendocument.parser", "parse_slides"),
    Format.PROTECTED_OFFICE: ("encrypted_office", "parse"),
    Format.RTF: ("rtf.parser", "parse"),
    Format.EPUB: ("epub.parser", "parse"),
    Format.EML: ("mail.parser", "parse_eml"),
    Format.MBOX: ("mail.parser", "parse_mbox"),
    Format.HTML: ("web.html", "parse"),
    Format.MARKDOWN: ("web.markdown", "parse"),
    Format.DELIMITED: ("spreadsheets.delimited", "parse"),
    Format.JSON: ("plain.json_records", "parse"),
    Format.JSON_LINES: ("plain.json_records", "parse"),
    Format.NOTEBOOK: ("plain.notebook", "parse"),
    Format.PARQUET: ("spreadsheets.parquet", "parse"),
    Format.CODE: ("plain.code", "parse"),
    Format.IMAGE: ("images.parser", "parse"),
    Format.TEXT: ("plain.text", "parse"),
}
"""The module and the function that parse a format; a module is imported for the first file of its format."""


def parse(path: Path, filename: str, password: str | None = None) -> ParsedDocument:
    """Return a file of any supported format as one document; see `parse_pieces`."""
    return join_pieces(parse_pieces(Source(path, filename, password)))


def parse_pieces(source: Source) -> Iterator[ParsedDocument]:
    """Yield the pieces of a file in order, at least one: a long file is never in memory as a whole.

    Page numbers continue from piece to piece; offsets count in the text of their piece. Raises a subclass of
    `UnreadableFileError`, with a reason for people.
    """
    try:
        yield from load_parser(identify(source.path, source.filename))(source)
    except MemoryError as error:
        raise ParserLimitError(
            filename=source.filename, detail="it needs more memory than one parser may use"
        ) from error
    except RecursionError as error:
        raise ParserLimitError(filename=source.filename, detail="it is nested too deeply") from error


def load_parser(format_: Format) -> Parser:
    """Return the parser of a format; its module is imported at the first call."""
    module, function = PARSERS[format_]
    parser: Parser = getattr(import_module(f"ingest.parsers.{module}"), function)
    return parser
