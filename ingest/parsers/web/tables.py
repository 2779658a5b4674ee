"""Find the grid of an HTML table as a browser lays it out, and how many of its rows are its header."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from ingest.parsers.table_grid import GridCell

_MAX_COLSPAN = 1000
_MAX_ROWSPAN = 65_534
_GROUPS = {"thead": 0, "tfoot": 2}


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its cells in the order of their columns.

    `has_label` says that one of its own cells is a `th`, `is_header` that all are but for empty ones.
    """

    cells: tuple[GridCell, ...]
    has_label: bool
    is_header: bool
    is_in_head: bool

    @property
    def own_cells(self) -> list[GridCell]:
        """The cells that begin in this row."""
        return [cell for cell in self.cells if not cell.is_continued]


@dataclass(slots=True)
class _Span:
    """A cell that continues in the rows below."""

    column: int
    columns: int
    rows_left: int


def read_grid(
    table: LexborNode,
    is_displayed: Callable[[LexborNode], bool],
    read_cell: Callable[[LexborNode, LexborNode], str],
) -> list[Row]:
    """Return the displayed rows in the order in which they are shown (head, body, foot).

    `read_cell` is called with a row and a displayed cell of it.
    """
    rows: list[Row] = []
    group: int | None = None
    spans: list[_Span] = []
    for row in _order_rows(table, is_displayed):
        parent = row.parent
        if parent is None or parent.mem_id != group:  # a cell does not reach over the end of its row group
            group, spans = (parent.mem_id if parent is not None else None), []
        nodes = [node for node in row.iter() if node.tag in ("td", "th") and is_displayed(node)]
        texts = [read_cell(row, node) for node in nodes]
        cells, spans = _place_cells(nodes, texts, spans)
        if nodes:
            has_label = any(node.tag == "th" for node in nodes)
            is_all = all(node.tag == "th" or not text for node, text in zip(nodes, texts, strict=True))
            rows.append(
                Row(tuple(cells), has_label, has_label and is_all, parent is not None and parent.tag == "thead")
            )
    return rows


def count_header_rows(rows: Sequence[Row]) -> int:
    """Return how many of the first rows are the header: those of `thead`, else those of `th`; 0 for a table without.

    A row that one cell takes is a heading inside the table, unless it is the first.
    """
    in_head = sum(row.is_in_head for row in rows)
    if in_head:
        return in_head if in_head < len(rows) else 1
    count = 0
    while count < len(rows) and rows[count].is_header and not (count and len(rows[count].cells) == 1):
        count += 1
    return count if count < len(rows) else min(count, 1)


def _order_rows(table: LexborNode, is_displayed: Callable[[LexborNode], bool]) -> Iterator[LexborNode]:
    """Yield the displayed rows of a table; the foot comes last also if the file has it first."""
    rows = [row for row in table.css("tr") if is_displayed(row) and (row.parent is None or is_displayed(row.parent))]
    yield from sorted(rows, key=lambda row: _GROUPS.get((row.parent.tag if row.parent else "") or "", 1))


def _place_cells(
    nodes: Sequence[LexborNode], texts: Sequence[str], spans: Sequence[_Span]
) -> tuple[list[GridCell], list[_Span]]:
    """Return the cells of a row, among them those that reach into it from above, and what reaches into the next."""
    cells = [GridCell(span.column, "", span.columns, is_continued=True) for span in spans]
    taken = {column for span in spans for column in range(span.column, span.column + span.columns)}
    below = [_Span(span.column, span.columns, span.rows_left - 1) for span in spans if span.rows_left > 1]
    column = 0
    for node, text in zip(nodes, texts, strict=True):
        while column in taken:
            column += 1
        columns, rows = _read_span(node, "colspan", _MAX_COLSPAN), _read_span(node, "rowspan", _MAX_ROWSPAN)
        columns = next((width for width in range(1, columns) if column + width in taken), columns)
        cells.append(GridCell(column, text, columns))
        if rows > 1:
            below.append(_Span(column, columns, rows - 1))
        column += columns
    return sorted(cells, key=lambda cell: cell.column), below


def _read_span(node: LexborNode, name: str, largest: int) -> int:
    value = (node.attributes.get(name) or "").strip()
    if not value.isdecimal():
        return 1
    if name == "rowspan" and int(value) == 0:  # to the end of the row group
        return largest
    return min(max(int(value), 1), largest)
