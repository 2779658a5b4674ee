"""Lay out the cells of an HTML table as a browser does, and write the table with one header line."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborNode

from ingest.parsers.web.visible_nodes import is_visible

_MAX_SPAN = 1000
_MAX_REPEATED_CHARS = 200
"""A longer text of a merged cell stands in its first row only."""
_MAX_TITLE_CHARS = 60
_GROUPS = {"thead": 0, "tfoot": 2}
PATH_SEPARATOR = " / "


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a row at a column; `is_origin` is False if it is merged with one above, or one to its left."""

    text: str
    is_header: bool
    is_origin: bool
    is_first_column: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by their columns; None is a column without a cell."""

    cells: tuple[Cell | None, ...]
    is_in_head: bool

    @property
    def own_cells(self) -> list[Cell]:
        """The cells that begin in this row."""
        return [cell for cell in self.cells if cell is not None and cell.is_origin]

    @property
    def is_header(self) -> bool:
        """Whether the cells that begin in this row are `th`, but for empty ones."""
        cells = self.own_cells
        return any(cell.is_header for cell in cells) and all(cell.is_header or not cell.text for cell in cells)

    @property
    def is_one_cell(self) -> bool:
        """Whether one cell takes the whole row."""
        return sum(cell is not None and cell.is_first_column for cell in self.cells) == 1 and self.own_cells != []


@dataclass(slots=True)
class _Span:
    """A cell that continues in the rows below."""

    cell: Cell
    rows_left: int


def read_grid(table: LexborNode, read_cell: Callable[[LexborNode, LexborNode], str]) -> list[Row]:
    """Return the visible rows in the order in which they are shown (head, body, foot).

    `read_cell` is called with a row and a cell of it.
    """
    rows: list[Row] = []
    group: int | None = None
    spans: dict[int, _Span] = {}
    for row in _order_rows(table):
        parent = row.parent
        if parent is None or parent.mem_id != group:  # a cell does not reach over the end of its row group
            group, spans = (parent.mem_id if parent is not None else None), {}
        cells = _place_cells(row, spans, read_cell)
        while cells and cells[-1] is None:
            cells.pop()
        if any(cell is not None and cell.is_origin for cell in cells):
            rows.append(Row(tuple(cells), parent is not None and parent.tag == "thead"))
    return rows


def count_header_rows(rows: Sequence[Row]) -> int:
    """Return how many of the first rows are the header: those of `thead`, else those of `th`, else as they are merged.

    A row that one cell takes is a heading inside the table, unless it is the first.
    """
    in_head = sum(row.is_in_head for row in rows)
    if in_head:
        return in_head if in_head < len(rows) else 1
    count = 0
    while count < len(rows) and rows[count].is_header and not (count and rows[count].is_one_cell):
        count += 1
    if count == 0:
        return _count_merged_header_rows(rows)
    return count if count < len(rows) else 1


def write_rows(rows: Sequence[Row], header_rows: int) -> tuple[str, list[list[str]]]:
    """Return the title of a table, which can be its first row, and its lines, the first of them its whole header."""
    title = ""
    header, body = rows[:header_rows], rows[header_rows:]
    if len(header) > 1 and header[0].is_one_cell and len(header[0].own_cells[0].text) > _MAX_TITLE_CHARS:
        title, header = header[0].own_cells[0].text, header[1:]
    width = max((len(_strip_extensions(row)) for row in (*body, *header[1:])), default=_MAX_SPAN)
    lines = [_join_header(header, width)] if header else []
    return title, [*lines, *map(_write_row, body)]


def _order_rows(table: LexborNode) -> Iterator[LexborNode]:
    """Yield the visible rows of a table; the foot comes last also if the file has it first."""
    rows = [row for row in table.css("tr") if _is_shown(row) and (row.parent is None or _is_shown(row.parent))]
    yield from sorted(rows, key=lambda row: _GROUPS.get((row.parent.tag if row.parent else "") or "", 1))


def _place_cells(
    row: LexborNode, spans: dict[int, _Span], read_cell: Callable[[LexborNode, LexborNode], str]
) -> list[Cell | None]:
    cells: list[Cell | None] = []
    for node in row.iter():
        if node.tag in ("td", "th") and _is_shown(node):
            _continue_spans(cells, spans)
            _place_cell(
                Cell(read_cell(row, node), node.tag == "th", is_origin=True, is_first_column=True), node, cells, spans
            )
    while any(column >= len(cells) for column in spans):
        _continue_spans(cells, spans)
        if any(column > len(cells) for column in spans):
            cells.append(None)
    return cells


def _place_cell(cell: Cell, node: LexborNode, cells: list[Cell | None], spans: dict[int, _Span]) -> None:
    """Put a cell into its columns, and note that it continues in the rows below."""
    rows_below = _read_span(node, "rowspan") - 1
    text_below = cell.text if len(cell.text) <= _MAX_REPEATED_CHARS else ""
    for offset in range(_read_span(node, "colspan")):
        if len(cells) in spans:  # a cell of a row above reaches into this column
            break
        is_first = offset == 0
        cells.append(replace(cell, is_origin=is_first, is_first_column=is_first))
        if rows_below > 0:
            below = Cell(text_below, cell.is_header, is_origin=False, is_first_column=is_first)
            spans[len(cells) - 1] = _Span(below, rows_below)


def _continue_spans(cells: list[Cell | None], spans: dict[int, _Span]) -> None:
    """Fill the next columns with the cells that reach into this row from above."""
    while (span := spans.get(len(cells))) is not None:
        cells.append(span.cell)
        span.rows_left -= 1
        if span.rows_left <= 0:
            del spans[len(cells) - 1]


def _is_shown(node: LexborNode) -> bool:
    return is_visible(node, node.attributes, keep_menus=True)


def _read_span(node: LexborNode, name: str) -> int:
    value = (node.attributes.get(name) or "").strip()
    if not value.isdecimal():
        return 1
    if name == "rowspan" and int(value) == 0:  # to the end of the row group
        return 65_534
    return min(max(int(value), 1), _MAX_SPAN if name == "colspan" else 65_534)


def _count_merged_header_rows(rows: Sequence[Row]) -> int:
    """Return the number of header rows of a table without `th`: a cell over several columns begins with a header."""
    first = rows[0]
    is_grouped = any(cell is not None and not cell.is_first_column for cell in first.cells)
    if not is_grouped or first.is_one_cell or len(rows) < 3 or any(_has_digit_only(c.text) for c in first.own_cells):
        return 0
    # Each column under the group has its own name in the second row.
    names = [cell for cell in rows[1].own_cells if cell.text]
    return 2 if names and not any(map(_has_digit_only, (cell.text for cell in names))) else 0


def _has_digit_only(text: str) -> bool:
    return any(sign.isdigit() for sign in text) and not any(sign.isalpha() for sign in text) and len(text) != 4


def _strip_extensions(row: Row) -> Sequence[Cell | None]:
    """Return the cells of a row without the further columns of its last cell."""
    end = len(row.cells)
    while end > 1 and (last := row.cells[end - 1]) is not None and not last.is_first_column:
        end -= 1
    return row.cells[:end]


def _join_header(header: Sequence[Row], width: int) -> list[str]:
    """Return the header of each column as the path of the cells over it, equal neighbours once."""
    if len(header) == 1 and header[0].is_one_cell:
        return _write_row(header[0])
    paths: list[str] = []
    for column in range(min(max(len(row.cells) for row in header), width)):
        path: list[str] = []
        for row in header:
            cell = row.cells[column] if column < len(row.cells) else None
            text = " ".join(cell.text.split()) if cell is not None else ""
            if text and path[-1:] != [text]:
                path.append(text)
        paths.append(PATH_SEPARATOR.join(path))
    return paths


def _write_row(row: Row) -> list[str]:
    return [cell.text if cell is not None and cell.is_first_column else "" for cell in row.cells]
