"""The input of a parser: one file."""

from dataclasses import dataclass, replace
from pathlib import Path


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
