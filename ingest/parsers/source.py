"""The input of a parser: one file, and what every format of lines asks of it."""

from dataclasses import dataclass, replace
from pathlib import Path

from ingest.errors import ParserLimitError

MAX_LINE_BYTES = 8 << 20
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file to parse: the path of its bytes, its name for people, and its password.

    `depth` is the number of files around it: 1 for the attachment of a mail, 2 for an attachment of that.
    `with_ocr` turns on OCR for pictures of text.
    """

    path: Path
    filename: str
    password: str | None = None
    depth: int = 0
    with_ocr: bool = True

    def attachment(self, path: Path, filename: str) -> "Source":
        """Return the source of a file inside this one, with the same settings."""
        return replace(self, path=path, filename=filename, depth=self.depth + 1)


def check_line_lengths(source: Source) -> None:
    """Raise `ParserLimitError` if a line is longer than any that people write: line formats take a line in whole."""
    length = 0
    with source.path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            first = _find_first_break(block)
            length += len(block) if first < 0 else first
            if length > MAX_LINE_BYTES:
                detail = f"it has a line of more than {MAX_LINE_BYTES >> 20} MB; break it into lines"
                raise ParserLimitError(filename=source.filename, detail=detail)
            if first >= 0:
                length = len(block) - 1 - max(block.rfind(b"\n"), block.rfind(b"\r"))


def _find_first_break(block: bytes) -> int:
    """Return where the first line ends, -1 if none does."""
    return min((at for at in (block.find(b"\n"), block.find(b"\r")) if at >= 0), default=-1)
