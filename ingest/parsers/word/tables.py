# pyright: basic
"""Read the rows and cells of a table of a Word document, merged cells included (ECMA-376, 17.4). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from docx.oxml.ns import qn
from lxml.etree import _Element as Element

from ingest.parsers.marked_text import STATED, RunStyle, hide_run
from ingest.parsers.word.run_formats import is_on
from ingest.parsers.word.text import LEFT_OUT
from ingest.text.annotations import AnnotationKind
from ingest.types import HiddenReason

_FIRST_ROW_BIT = 0x0020
_MAX_COLUMNS = 1000


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell: its element, its columns in the grid, and what the document says of the whole cell."""

    element: Element
    column: int
    columns: int
    is_continued: bool
    around: RunStyle


def read_rows(table: Element) -> list[list[TableCell]]:
    """Return the cells of each row of a table; those merged with the one to their left are a part of it."""
    return [_read_row(row) for row in _find_inside(table, "tr")]


def count_header_rows(table: Element) -> int:
    """Return the number of rows that repeat on every page, else 1 if the table's style highlights the first row."""
    rows = _find_inside(table, "tr")
    repeated = sum(1 for _ in takewhile(lambda row: is_on(row.find(qn("w:trPr")), "w:tblHeader"), rows))
    look = table.find(f"{qn('w:tblPr')}/{qn('w:tblLook')}")
    if repeated or look is None:
        return repeated
    bits = int(look.get(qn("w:val"), "0"), 16)
    return int(look.get(qn("w:firstRow")) in ("1", "true", "on") or bool(bits & _FIRST_ROW_BIT))


def find_cells(row: Element) -> Iterator[Element]:
    """Yield the cells of a row, also inside content controls and revisions."""
    return _find_inside(row, "tc")


def _read_row(row: Element) -> list[TableCell]:
    properties = row.find(qn("w:trPr"))
    around = _read_row_style(properties)
    column = _read_number(properties, "w:gridBefore", default=0)
    cells: list[TableCell] = []
    for cell in find_cells(row):
        cell_properties = cell.find(qn("w:tcPr"))
        columns = max(_read_number(cell_properties, "w:gridSpan", default=1), 1)
        if cells and _read_merge(cell_properties, "w:hMerge") == "continue":
            left = cells[-1]
            cells[-1] = TableCell(left.element, left.column, left.columns + columns, left.is_continued, left.around)
        else:
            is_continued = _read_merge(cell_properties, "w:vMerge") == "continue"
            own = _read_deletion(cell_properties, "w:cellDel") or around
            cells.append(TableCell(cell, column, columns, is_continued, own))
        column += columns
    return cells


def _read_row_style(properties: Element | None) -> RunStyle:
    deletion = _read_deletion(properties, "w:del")
    if deletion is not None:
        return deletion
    return hide_run(HiddenReason.ROW) if is_on(properties, "w:hidden") else STATED


def _read_deletion(properties: Element | None, name: str) -> RunStyle | None:
    deletion = properties.find(qn(name)) if properties is not None else None
    return (
        RunStyle(kind=AnnotationKind.DELETED, author=deletion.get(qn("w:author"), "")) if deletion is not None else None
    )


def _read_merge(properties: Element | None, name: str) -> str:
    merge = properties.find(qn(name)) if properties is not None else None
    return merge.get(qn("w:val"), "continue") if merge is not None else ""


def _read_number(properties: Element | None, name: str, *, default: int) -> int:
    element = properties.find(qn(name)) if properties is not None else None
    value = element.get(qn("w:val"), "") if element is not None else ""
    return min(int(value), _MAX_COLUMNS) if value.isdecimal() else default


def _find_inside(parent: Element, name: str) -> Iterator[Element]:
    """Yield the rows or cells of a table or row, also inside content controls and revisions."""
    for child in parent.iterchildren("*"):
        if child.tag == qn(f"w:{name}"):
            yield child
        elif child.tag not in LEFT_OUT:
            yield from _find_inside(child, name)
