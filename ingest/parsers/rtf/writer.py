"""Write the paragraphs, tables and notes of an RTF file into a document. Pure."""

import re
from dataclasses import dataclass, field

from ingest.parsers.document_builder import DocumentBuilder

_MAX_CELL_CHARS = 1000
_BULLET = re.compile("^(?:[\u00b7\u2022\u25aa\u25cf\uf0a7\uf0b7\u00a7o-]|\uf0a8)\t\\s*")
_NUMBER = re.compile(r"^(\(?\w{1,5}(?:\.\w{1,3})*[.)])\t\s*")


@dataclass(slots=True)
class TextBuffer:
    """Collects the text of a destination (`text` is the body); bytes are decoded when their run ends."""

    destination: str = "text"
    pieces: list[str] = field(default_factory=list)
    pending_bytes: bytearray = field(default_factory=bytearray)
    encoding: str = "cp1252"

    def add_bytes(self, data: bytes, encoding: str) -> None:
        """Add bytes in `encoding`."""
        if encoding != self.encoding:
            self._decode()
            self.encoding = encoding
        self.pending_bytes += data

    def add(self, text: str) -> None:
        """Add text; a lone surrogate may be completed by the next call."""
        self._decode()
        self.pieces.append(text)

    def take(self) -> str:
        """Return the text and clear the buffer."""
        self._decode()
        text = "".join(self.pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self.pieces.clear()
        return text

    def _decode(self) -> None:
        if self.pending_bytes:
            self.pieces.append(self.pending_bytes.decode(self.encoding, "replace"))
            self.pending_bytes.clear()


class RtfWriter:
    """Adds paragraphs and tables to a document, each followed by its notes."""

    def __init__(self) -> None:
        self.builder = DocumentBuilder()
        self._notes: list[str] = []
        self._table_notes = 0
        self._note_texts: set[str] = set()
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._header_rows = 0
        self._is_after_item = False

    def add_note(self, text: str) -> None:
        """Add a note after the paragraph or table that is open; a repeated text is added once."""
        if text not in self._note_texts:
            self._note_texts.add(text)
            self._notes.append(text)

    def end_paragraph(self, text: str, *, heading_level: int) -> None:
        """Add a paragraph, or a heading if its level is not 0; an open table ends before it."""
        self.end_table()
        if heading_level:
            self.builder.add_heading(heading_level, text)
            self._is_after_item = False
        elif text.strip():
            item = _NUMBER.sub(r"\1 ", _BULLET.sub("- ", text))
            is_item = item != text
            self.builder.add_paragraph(item, separator="\n" if is_item and self._is_after_item else "\n\n")
            self._is_after_item = is_item
        self._write_notes(len(self._notes))

    def end_cell(self, text: str) -> None:
        """Add a cell to the open row."""
        self._cells.append(text.strip())
        self._table_notes = len(self._notes)

    def end_row(self, *, is_header: bool) -> None:
        """Add the open row to the table."""
        self._header_rows += int(is_header and self._header_rows == len(self._rows))
        self._rows.append(self._cells)
        self._cells = []

    def end_table(self) -> None:
        """Add the open table, if any; a layout table becomes paragraphs."""
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
        self._write_notes(self._table_notes)

    def _write_notes(self, count: int) -> None:
        for text in self._notes[:count]:
            self.builder.add_paragraph(text)
            self._is_after_item = False
        del self._notes[:count]
        self._table_notes = 0
