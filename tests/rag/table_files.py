"""One table as a file of every format that people keep tables in."""

from collections.abc import Sequence
from pathlib import Path

import docx

from tests.files import write_table_pdf
from tests.office_files import write_workbook

TABLE_FORMATS = ("xlsx", "csv", "html", "docx", "pdf")

Rows = Sequence[Sequence[str]]


def write_table_file(path: Path, rows: Rows) -> Path:
    """Write rows, the first of them a header, in the format of the file's suffix."""
    match path.suffix:
        case ".xlsx":
            return write_workbook(path, {"Sheet": [list(row) for row in rows]})
        case ".csv":
            path.write_text("\n".join(";".join(row) for row in rows), encoding="utf-8")
            return path
        case ".html":
            return _write_html(path, rows)
        case ".docx":
            return _write_docx(path, rows)
        case _:
            return write_table_pdf(path, rows)


def _write_html(path: Path, rows: Rows) -> Path:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{cell.replace('<', '&lt;')}</{tag}>" for cell in cells) + "</tr>"

    body = line(rows[0], "th") + "".join(line(row, "td") for row in rows[1:])
    path.write_text(f"<table>{body}</table>", encoding="utf-8")
    return path


def _write_docx(path: Path, rows: Rows) -> Path:
    document = docx.Document()
    table = document.add_table(rows=len(rows), cols=len(rows[0]))
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.save(str(path))
    return path
