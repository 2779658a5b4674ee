"""The one way from a file to a document: find out the format, then let its parser read it."""

from collections.abc import Callable
from pathlib import Path

from ingest.errors import ParserLimitError
from ingest.parsers import delimited, docx, html, markdown, pdf, text
from ingest.parsers.formats import Format, identify
from ingest.types import ParsedDocument

_PARSERS: dict[Format, Callable[[Path, str], ParsedDocument]] = {
    Format.DOCX: docx.parse,
    Format.HTML: html.parse,
    Format.MARKDOWN: markdown.parse,
    Format.DELIMITED: delimited.parse,
    Format.TEXT: text.parse,
}


def parse(path: Path, filename: str, password: str | None = None) -> ParsedDocument:
    """Read a file of any supported format; `filename` is what people call it, `path` where its bytes are.

    Raises one of `UnreadableFileError`'s family, each with a reason for people.
    """
    try:
        kind = identify(path, filename)
        if kind is Format.PDF:
            return pdf.parse(path, filename, password)
        return _PARSERS[kind](path, filename)
    except MemoryError as error:
        raise ParserLimitError(filename=filename, detail="it needs more memory than one reader may use") from error
    except RecursionError as error:
        raise ParserLimitError(filename=filename, detail="it is nested too deeply") from error
