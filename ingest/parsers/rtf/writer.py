"""Write the paragraphs, tables and notes of an RTF file into a document. Pure."""

import re
from dataclasses import dataclass, field
from itertools import takewhile

from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.marked_text import STATED, MarkedText, RunStyle
from ingest.parsers.rtf.rows import CellDefinition, Row, place_cells
from ingest.parsers.table_grid import lay_out_table

_MAX_CELL_CHARS = 1000
_BULLET = re.compile("^\\s*(?:[\u00b7\u2022▪▫■□◼●○◦❍❑❒❖◆◇♦⬥⬧➢➔→➲\u00a7o-])\t\\s*")
_SIGN_BULLET = re.compile("^\\s*([✓✔✗✘☐☑☒])\t\\s*")
_MARKER = re.compile(r"\s*(?:-|\(?\w{1,5}(?:\.\w{1,3})*[.)])\s*")
_NUMBER = re.compile(r"^\s*(\(?\w{1,5}(?:\.\w{1,3})*[.)])\t\s*")


@dataclass(slots=True)
class TextBuffer:
    """Collects the text of a destination (`text` is the body); bytes are decoded when their run ends."""

    destination: str = "text"
    runs: MarkedText = field(default_factory=MarkedText)
    annotations: list[str] = field(default_factory=list)
    pending_bytes: bytearray = field(default_factory=bytearray)
    encoding: str = "cp1252"
    style: RunStyle = STATED

    @property
    def has_stated_text(self) -> bool:
        """Whether anything but struck-out, deleted and hidden text is in it."""
        return self.runs.has_stated_text or (bool(self.pending_bytes) and self.style.kind is None)

    def add_bytes(self, data: bytes, encoding: str, style: RunStyle = STATED) -> None:
        """Add bytes in `encoding`."""
        if encoding != self.encoding or style != self.style:
            self._decode()
            self.encoding, self.style = encoding, style
        self.pending_bytes += data

    def add(self, text: str, style: RunStyle = STATED) -> None:
        """Add text; a lone surrogate may be completed by the next call."""
        self._decode()
        self.runs.add(text, style)

    def take(self) -> tuple[str, list[str]]:
        """Return the sentence and the annotations of what it leaves out, comments last; clear the buffer."""
        self._decode()
        text, annotations = self.runs.join()
        annotations += self.annotations
        self.runs, self.annotations = MarkedText(), []
        return _join_surrogates(text), list(map(_join_surrogates, annotations))

    def take_line(self) -> str:
        """Return the text with its annotations at its end; clear the buffer."""
        text, annotations = self.take()
        return " ".join(filter(None, [text.strip(), *annotations]))

    def _decode(self) -> None:
        if self.pending_bytes:
            self.runs.add(self.pending_bytes.decode(self.encoding, "replace"), self.style)
            self.pending_bytes.clear()


def _join_surrogates(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class RtfWriter:
    """Adds paragraphs and tables to a document, each followed by its notes."""

    def __init__(self) -> None:
        self.builder = DocumentBuilder()
        self._notes: list[str] = []
        self._table_notes = 0
        self._note_texts: set[str] = set()
        self._cells: list[str] = []
        self._rows: list[Row] = []
        self._left = 0
        self._definitions: list[CellDefinition] = []
        self._is_after_item = False

    def add_note(self, text: str) -> None:
        """Add a note after the paragraph or table that is open; a repeated text is added once."""
        if text not in self._note_texts:
            self._note_texts.add(text)
            self._notes.append(text)

    def end_paragraph(self, text: str, annotations: list[str], *, heading_level: int) -> None:
        """Add a paragraph, or a heading if its level is not 0; an open table ends before it."""
        self.end_table()
        if heading_level:
            self.builder.add_heading(heading_level, text)
            self._is_after_item = False
        elif text.strip():
            item = _NUMBER.sub(r"\1 ", _SIGN_BULLET.sub(r"- \1 ", _BULLET.sub("- ", text)))
            is_item = item != text
            if is_item and annotations and _MARKER.fullmatch(item):
                item, annotations = f"{item.strip()} {annotations[0]}", annotations[1:]
            self.builder.add_paragraph(item, separator="\n" if is_item and self._is_after_item else "\n\n")
            self._is_after_item = is_item
        self.builder.add_paragraph("\n".join(annotations), separator="\n" if text.strip() else "\n\n")
        self._write_notes(len(self._notes))

    def end_cell(self, text: str) -> None:
        """Add a cell to the open row."""
        self._cells.append(text.strip())
        self._table_notes = len(self._notes)

    def define_row(self) -> None:
        """Forget the cells that the row before defines."""
        self._left, self._definitions = 0, []

    def set_left_edge(self, twips: int) -> None:
        """Define where the row begins."""
        self._left = twips

    def define_cell(self, definition: CellDefinition) -> None:
        """Define the next cell of the row."""
        self._definitions.append(definition)

    def end_row(self, *, is_header: bool) -> None:
        """Add the open row to the table."""
        self._rows.append(Row(self._cells, self._left, list(self._definitions), is_header))
        self._cells = []

    def end_table(self) -> None:
        """Add the open table, if any; a layout table becomes paragraphs."""
        rows = [*self._rows, *([Row(self._cells)] if self._cells else [])]
        if not rows:
            return
        self._is_after_item = False
        texts = [cell for row in rows for cell in row.cells]
        if max(len(row.cells) for row in rows) > 1 and all(len(cell) <= _MAX_CELL_CHARS for cell in texts):
            header_rows = sum(1 for _ in takewhile(lambda row: row.is_header, rows))
            table = lay_out_table(place_cells(rows), header_rows)
            self.builder.add_table(table.rows, header_rows=table.header_rows)
        else:
            for cell in texts:
                self.builder.add_paragraph(cell)
        self._rows, self._cells = [], []
        self._write_notes(self._table_notes)

    def _write_notes(self, count: int) -> None:
        for text in self._notes[:count]:
            self.builder.add_paragraph(text)
            self._is_after_item = False
        del self._notes[:count]
        self._table_notes = 0
