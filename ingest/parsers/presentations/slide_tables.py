# pyright: basic
"""The tables of PPTX slides with their merged cells (ECMA-376, 21.1.3)."""

from lxml.etree import _Element as Element
from pptx.oxml.ns import qn

from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.presentations.shape_text import flatten_body
from ingest.parsers.table_grid import GridCell, lay_out_table

_ON = ("1", "true")


def write_table(table: Element, builder: DocumentBuilder, *, has_header: bool) -> None:
    """Add a table (`a:tbl`); a merged cell has its text in each of its rows, and no column moves."""
    rows = [_read_row(row) for row in table.iterchildren(qn("a:tr"))]
    laid_out = lay_out_table(rows, int(has_header))
    builder.add_table(laid_out.rows, header_rows=laid_out.header_rows)


def _read_row(row: Element) -> list[GridCell]:
    cells: list[GridCell] = []
    for column, cell in enumerate(row.iterchildren(qn("a:tc"))):
        if cell.get("hMerge") in _ON and cells:
            left = cells[-1]
            cells[-1] = GridCell(left.column, left.text, column + 1 - left.column, left.is_continued)
        else:
            text = flatten_body(cell.find(qn("a:txBody")))
            cells.append(GridCell(column, text, is_continued=cell.get("vMerge") in _ON))
    return cells
