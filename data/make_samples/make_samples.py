"""Make the sample documents that are not plain text: the handbook (PDF) and the owner's manual (DOCX).

    .venv/bin/python data/make_samples/make_samples.py [FOLDER]

Their words stand in `handbook.txt` and `manual.txt` beside this script; the FAQ, the note and the price list are
plain text and are edited where they lie. The same words give the same bytes on every run. The script is not
in `data/samples` itself, so that ingesting that folder takes in the documents only.

The words are marked up simply: a line is a paragraph, `#` to `###` a heading, `- ` and `1. ` a list, `| a | b |` a
row of a table whose first row is its header, `---` a new page, and `=== columns` a page set in two columns.
"""

import io
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

import docx
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Table,
    TableStyle,
)

HERE = Path(__file__).resolve().parent
HANDBOOK = "operations-handbook.pdf"
MANUAL = "porter-2-manual.docx"
PRINTED_ON = datetime(2026, 3, 1, 9, 0, 0)

INK = colors.HexColor("#1f2d3a")
ACCENT = colors.HexColor("#1f6f78")
BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=12, leading=17, spaceAfter=8, textColor=INK)
HEADINGS = {
    1: ParagraphStyle("h1", BODY, fontName="Helvetica-Bold", fontSize=21, leading=27, spaceAfter=12, textColor=ACCENT),
    2: ParagraphStyle(
        "h2", BODY, fontName="Helvetica-Bold", fontSize=13, leading=17, spaceBefore=8, spaceAfter=4, keepWithNext=1
    ),
}
CELL = ParagraphStyle("cell", BODY, fontName="Helvetica", fontSize=10, leading=13.5, spaceAfter=0)
HEADER_CELL = ParagraphStyle("header-cell", CELL, fontName="Helvetica-Bold", textColor=colors.white)

BlockKind = Literal["page", "columns", "heading", "bullet", "step", "table", "paragraph"]


@dataclass(frozen=True, slots=True)
class Block:
    """A line of the source, or the rows of one table."""

    kind: BlockKind
    text: str = ""
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()


def read_blocks(source: str) -> Iterator[Block]:
    """Yield the blocks of `source` in order; neighbouring rows are one table."""
    lines = (line.strip() for line in source.splitlines())
    for is_table, group in groupby(filter(None, lines), key=lambda line: line.startswith("|")):
        if is_table:
            yield Block("table", rows=tuple(_cells(row) for row in group))
        else:
            yield from map(_read_line, group)


def _cells(row: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in row.strip("|").split("|"))


def _read_line(line: str) -> Block:
    if line == "---":
        return Block("page")
    if line == "=== columns":
        return Block("columns")
    if heading := re.fullmatch(r"(#+) (.+)", line):
        return Block("heading", heading[2], level=len(heading[1]))
    if line.startswith("- "):
        return Block("bullet", line[2:])
    if step := re.fullmatch(r"\d+\. (.+)", line):
        return Block("step", step[1])
    return Block("paragraph", line)


class _Handbook(BaseDocTemplate):
    """A PDF whose headings become its outline and whose pages carry their number."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(
            file,
            pagesize=A4,
            title="Operations Handbook",
            author="Orrindale Cycle Works",
            subject="Edition 7, valid from 1 March 2026",
            invariant=1,
        )
        width, height = A4
        left, gap = 24 * mm, 8 * mm
        column = (width - 2 * left - gap) / 2
        bottom, frame_height = 20 * mm, height - 42 * mm
        bare = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
        one = Frame(left, bottom, width - 2 * left, frame_height, **bare)
        two = [Frame(x, bottom, column, frame_height, **bare) for x in (left, left + column + gap)]
        self.addPageTemplates(
            [
                PageTemplate("one column", [one], onPage=_draw_footer),
                PageTemplate("two columns", two, onPage=_draw_footer),
            ]
        )

    def afterFlowable(self, flowable: Flowable) -> None:
        """Enter a heading that was just placed into the outline."""
        level = getattr(flowable, "outline_level", None)
        if level is None:
            return
        title = flowable.getPlainText()
        key = f"{self.page}-{title}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(title, key, level=level - 1)


def _draw_footer(canvas: Canvas, document: BaseDocTemplate) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.setFillColor(INK)
    canvas.drawString(24 * mm, 11 * mm, "Orrindale Cycle Works, Operations Handbook, edition 7")
    canvas.drawRightString(A4[0] - 24 * mm, 11 * mm, f"{document.page}")


def make_handbook(source: str) -> bytes:
    """Return the handbook as PDF."""
    file = io.BytesIO()
    _Handbook(file).build(list(_flowables(read_blocks(source))))
    return file.getvalue()


def _flowables(blocks: Iterable[Block]) -> Iterator[Flowable]:
    """Yield what is set, page by page: a page in columns says so before it begins."""
    pages: list[list[Block]] = [[]]
    for block in blocks:
        pages.append([]) if block.kind == "page" else pages[-1].append(block)
    for number, page in enumerate(pages):
        is_in_columns = any(block.kind == "columns" for block in page)
        yield NextPageTemplate("two columns" if is_in_columns else "one column")
        if number:
            yield PageBreak()
        yield from (_flowable(block) for block in page if block.kind != "columns")


def _flowable(block: Block) -> Flowable:
    if block.kind == "table":
        return _table(block.rows)
    if block.kind == "heading":
        heading = Paragraph(escape(block.text), HEADINGS[block.level])
        heading.outline_level = block.level
        return heading
    return Paragraph(escape(block.text), BODY)


def _table(rows: tuple[tuple[str, ...], ...]) -> Table:
    styles = [HEADER_CELL] + [CELL] * (len(rows) - 1)
    cells = [[Paragraph(escape(cell), style) for cell in row] for row, style in zip(rows, styles, strict=True)]
    grid = TableStyle(
        [
            ("BACKGROUND", (0, 0), (-1, 0), ACCENT),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.HexColor("#b9c6cc")),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ]
    )
    return Table(cells, style=grid, repeatRows=1, spaceBefore=4, spaceAfter=8)


def make_manual(source: str) -> bytes:
    """Return the owner's manual as DOCX."""
    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author = "Porter 2 Owner's Manual", "Orrindale Cycle Works"
    properties.created = properties.modified = PRINTED_ON
    for block in read_blocks(source):
        _add_block(document, block)
    file = io.BytesIO()
    document.save(file)
    return _with_fixed_times(file)


def _add_block(document: "docx.document.Document", block: Block) -> None:
    if block.kind == "heading":
        document.add_heading(block.text, level=block.level - 1)
    elif block.kind == "table":
        table = document.add_table(rows=0, cols=len(block.rows[0]), style="Table Grid")
        for row in block.rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    else:
        styles = {"bullet": "List Bullet", "step": "List Number"}
        document.add_paragraph(block.text, style=styles.get(block.kind))


def _with_fixed_times(archive: io.BytesIO) -> bytes:
    """Return the same ZIP with every entry dated `PRINTED_ON`; python-docx dates them with the clock."""
    file = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, PRINTED_ON.timetuple()[:6]), old.read(name), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def main(folder: Path) -> None:
    """Write the generated documents into `folder`."""
    (folder / HANDBOOK).write_bytes(make_handbook((HERE / "handbook.txt").read_text(encoding="utf-8")))
    (folder / MANUAL).write_bytes(make_manual((HERE / "manual.txt").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.with_name("samples"))
