"""Read a table out of the text of its chunks: its columns and its rows, every cell with its exact place. Pure.

Parsers write a table as one line for each row, with `CELL_SEPARATOR` between cells; the lines of its header are the
context of each of its chunks, and the first of them begins with it (`ingest.chunking.chunker`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.chunking.chunk_context import list_header_lines, measure_header
from ingest.parsers.document_builder import CELL_SEPARATOR
from ingest.text.annotations import find_annotations
from ingest.text.sentences import split_lines
from ingest.types import BlockKind, StoredChunk

_BAR = CELL_SEPARATOR.strip()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, `[start, end)` of the document's text; an empty one has an empty span."""

    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The text without comments, notes, formulas and what is hidden or does not hold any more."""
        text = self.text
        for start, end, _ in reversed(find_annotations(text)):
            text = f"{text[:start]} {text[end:]}"
        return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Row:
    """A row, `[start, end)` of the document's text, and the chunk that has it. It may lack cells at its end."""

    stored: StoredChunk
    start: int
    end: int
    cells: tuple[Cell, ...]

    def cell(self, column: int) -> Cell:
        """Return the cell of a column; an empty one if the row ends before it."""
        return self.cells[column] if column < len(self.cells) else Cell("", self.end, self.end)


@dataclass(frozen=True, slots=True)
class Table:
    """The names of the columns and the rows below the header. A column without a name has an empty one."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(chunks: Sequence[StoredChunk]) -> Table:
    """Return the table that consecutive chunks of a document make up, as `continues` says of each two of them.

    A row that was too long for one chunk is left out from its cut on.
    """
    header = list_header_lines(chunks[0].chunk)
    rows = [row for stored in chunks for row in _read_rows(stored)]
    names = _merge_lines([[text for text, _, _ in split_cells(line)] for line in header])
    width = max([len(names), *(len(row.cells) for row in rows)])
    return Table(tuple((names + [""] * width)[:width]), tuple(rows))


def continues(before: StoredChunk, after: StoredChunk) -> bool:
    """Whether the table of a chunk goes on in the chunk behind it.

    It does under the same heading with the same header, or without any header and with as many columns: a table that
    goes on on the next page often has no second header.
    """
    if not is_table(before) or not is_table(after) or before.chunk.heading_path != after.chunk.heading_path:
        return False
    if list_header_lines(before.chunk) == list_header_lines(after.chunk):
        return True
    return not list_header_lines(after.chunk) and _count_columns(before) == _count_columns(after) > 1


def is_table(stored: StoredChunk) -> bool:
    """Whether a chunk is a part of a table."""
    return stored.chunk.kind is BlockKind.TABLE


def find_header(stored: StoredChunk) -> tuple[str, ...]:
    """Return the names of the columns of a chunk's table, in order; none if it has no header."""
    return tuple(_merge_lines([[text for text, _, _ in split_cells(line)] for line in list_header_lines(stored.chunk)]))


def split_cells(line: str) -> list[tuple[str, int, int]]:
    """Return the cells of a row, each with its span in `line`; cells at its end that are empty are not written."""
    pieces: list[tuple[str, int, int]] = []
    # The space before the first bar is lost where a row begins with an empty cell and a chunk with that row.
    shift = -1 if line.startswith(f"{_BAR} ") else 0
    position = shift
    for piece in (" " * -shift + line).split(CELL_SEPARATOR):
        start = position + len(piece) - len(piece.lstrip())
        text = piece.strip()
        pieces.append((text, max(start, 0), max(start, 0) + len(text)))
        position += len(piece) + len(CELL_SEPARATOR)
    return pieces


def _read_rows(stored: StoredChunk) -> Iterator[Row]:
    chunk, skipped = stored.chunk, measure_header(stored.chunk)
    for start, end in split_lines(chunk.text):
        if start >= skipped:
            cells = [
                Cell(text, chunk.start + start + first, chunk.start + start + last)
                for text, first, last in split_cells(chunk.text[start:end])
            ]
            yield Row(stored, chunk.start + start, chunk.start + end, tuple(cells))


def _merge_lines(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return the names of the columns: those of the last header line, behind those of as many columns above it."""
    names: list[str] = []
    for line in lines:
        is_parallel = len(names) == len(line) > 1
        names = [f"{above} {name}".strip() for above, name in zip(names, line, strict=True)] if is_parallel else [*line]
    return names


def _count_columns(stored: StoredChunk) -> int:
    return max((len(row.cells) for row in _read_rows(stored)), default=0)
