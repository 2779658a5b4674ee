"""Plain text: kept as it is, in whatever encoding it comes."""

from pathlib import Path

from ingest.errors import NoTextError
from ingest.parsers.assembly import clean
from ingest.parsers.encoding import decode
from ingest.types import Page, ParsedDocument

MEDIA_TYPE = "text/plain"


def parse(path: Path, filename: str) -> ParsedDocument:
    """Read a text file; its encoding is in `metadata["encoding"]`. Raises `NoTextError` where it is blank."""
    decoded = decode(path.read_bytes())
    text = clean(decoded.text)
    if not text.strip():
        raise NoTextError(filename=filename, detail="there is nothing but white space in it")
    return ParsedDocument(
        title=Path(filename).stem,
        media_type=MEDIA_TYPE,
        text=text,
        pages=(Page(1, 0, len(text)),),
        warnings=decoded.warnings,
        metadata={"encoding": decoded.encoding},
    )
