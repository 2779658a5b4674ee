"""What a parser is given: one file to read."""

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read: where its bytes are, what people call it, and the password that opens it.

    `depth` counts the files around it: 1 for the attachment of a mail, 2 for what is attached to that.
    `with_ocr` says whether pictures of text are read.
    """

    path: Path
    filename: str
    password: str | None = None
    depth: int = 0
    with_ocr: bool = True

    def attachment(self, path: Path, filename: str) -> "Source":
        """Return a file inside this one, to be read in the same way."""
        return replace(self, path=path, filename=filename, depth=self.depth + 1)
