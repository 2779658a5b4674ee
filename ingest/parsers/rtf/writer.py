"""The paragraphs and tables of an RTF file on their way into a document. Pure."""

import re
from dataclasses import dataclass, field

from ingest.parsers.document_builder import DocumentBuilder

_MAX_CELL_CHARS = 1000
_BULLET = re.compile("^(?:[\u00b7\u2022\u25aa\u25cf\uf0a7\uf0b7\u00a7o-]|\uf0a8)\t\\s*")
_NUMBER = re.compile(r"^(\(?\w{1,5}(?:\.\w{1,3})*[.)])\t\s*")


@dataclass(slots=True)
class TextBuffer:
    """Text on its way to its purpose (`text` is the body); bytes wait until all of a character's are there."""

    purpose: str = "text"
    pieces: list[str] = field(default_factory=list)
    waiting: bytearray = field(default_factory=bytearray)
    encoding: str = "cp1252"

    def add_bytes(self, data: bytes, encoding: str) -> None:
        """Add text that is in `encoding`."""
        if encoding != self.encoding:
            self._decode()
            self.encoding = encoding
        self.waiting += data

    def add(self, text: str) -> None:
        """Add text; half of a surrogate pair waits for its other half."""
        self._decode()
        self.pieces.append(text)

    def take(self) -> str:
        """Return the text and begin anew."""
        self._decode()
        text = "".join(self.pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self.pieces.clear()
        return text

    def _decode(self) -> None:
        if self.waiting:
            self.pieces.append(self.waiting.decode(self.encoding, "replace"))
            self.waiting.clear()


class RtfWriter:
    """Adds paragraphs and tables to a document, and behind each what is attached to it."""

    def __init__(self) -> None:
        self.builder = DocumentBuilder()
        self._attached: list[str] = []
        self._attached_to_table = 0
        self._written: set[str] = set()
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._header_rows = 0
        self._is_after_item = False

    def attach(self, text: str) -> None:
        """Keep a note until the paragraph or table that is open ends; the same text is kept once."""
        if text not in self._written:
            self._written.add(text)
            self._attached.append(text)

    def end_paragraph(self, text: str, *, heading_level: int) -> None:
        """Add a paragraph, or a heading where its level is not 0; a table that was open is complete."""
        self.end_table()
        if heading_level:
            self.builder.add_heading(heading_level, text)
            self._is_after_item = False
        elif text.strip():
            item = _NUMBER.sub(r"\1 ", _BULLET.sub("- ", text))
            is_item = item != text
            self.builder.add_paragraph(item, separator="\n" if is_item and self._is_after_item else "\n\n")
            self._is_after_item = is_item
        self._write_attached(len(self._attached))

    def end_cell(self, text: str) -> None:
        """Add a cell to the row that is open."""
        self._cells.append(text.strip())
        self._attached_to_table = len(self._attached)

    def end_row(self, *, is_header: bool) -> None:
        """Add the row that is open to the table."""
        self._header_rows += int(is_header and self._header_rows == len(self._rows))
        self._rows.append(self._cells)
        self._cells = []

    def end_table(self) -> None:
        """Add the table that is open, if any; one that only arranges the page becomes paragraphs."""
        rows = [*self._rows, *([self._cells] if self._cells else [])]
        if not rows:
            return
        self._is_after_item = False
        if max(map(len, rows)) > 1 and all(len(cell) <= _MAX_CELL_CHARS for row in rows for cell in row):
            self.builder.add_table(rows, header_rows=self._header_rows)
        else:
            for cell in (cell for row in rows for cell in row):
                self.builder.add_paragraph(cell)
        self._rows, self._cells, self._header_rows = [], [], 0
        self._write_attached(self._attached_to_table)

    def _write_attached(self, count: int) -> None:
        for text in self._attached[:count]:
            self.builder.add_paragraph(text)
            self._is_after_item = False
        del self._attached[:count]
        self._attached_to_table = 0
