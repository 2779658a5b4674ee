"""Small files of our own for tests: one maker for each kind of content that a parser must cope with."""

from collections.abc import Sequence
from pathlib import Path

import docx
import pypdf
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

LEFT_MARGIN = 72.0
FIRST_BASELINE_FROM_TOP = 72.0
LINE_PITCH = 15.0
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

Line = str | tuple[str, float]
"""A line of a page: its text, or its text and font size where that is not 12 points."""


def new_canvas(path: Path, size: tuple[float, float] = A4) -> Canvas:
    """Return a canvas whose file is the same at every run."""
    return Canvas(str(path), pagesize=size, invariant=1)


def write_pdf(path: Path, *pages: Sequence[Line], title: str = "", outline: Sequence[tuple[str, int]] = ()) -> Path:
    """Write pages of lines, 15 points apart, an empty line being a gap; `outline` names pages counted from 1."""
    canvas = new_canvas(path)
    if title:
        canvas.setTitle(title)
    for number, lines in enumerate(pages, 1):
        draw_lines(canvas, lines, x=LEFT_MARGIN, y=A4[1] - FIRST_BASELINE_FROM_TOP)
        for entry, page in outline:
            if page == number:
                canvas.bookmarkPage(entry)
                canvas.addOutlineEntry(entry, entry)
        canvas.showPage()
    canvas.save()
    return path


def draw_lines(canvas: Canvas, lines: Sequence[Line], *, x: float, y: float) -> None:
    """Draw lines downwards from the baseline `y`."""
    for line in lines:
        text, size = (line, 12.0) if isinstance(line, str) else line
        canvas.setFont("Helvetica", size)
        canvas.drawString(x, y, text)
        y -= LINE_PITCH * max(size / 12.0, 1.0)


def write_two_column_pdf(path: Path, left: Sequence[str], right: Sequence[str], *, is_woven: bool) -> Path:
    """Write two columns, column after column or, woven, line by line across the page."""
    canvas = new_canvas(path)
    canvas.setFont("Helvetica", 9)
    places = [(72.0, row, text) for row, text in enumerate(left)] + [
        (320.0, row, text) for row, text in enumerate(right)
    ]
    if is_woven:
        places.sort(key=lambda place: (place[1], place[0]))
    for x, row, text in places:
        canvas.drawString(x, 760.0 - 12.0 * row, text)
    canvas.save()
    return path


def write_table_pdf(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """Write one table with a grid."""
    table = Table([list(row) for row in rows])
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
    SimpleDocTemplate(str(path), invariant=1).build([table])
    return path


def write_turned_pdf(path: Path, line: str) -> Path:
    """Write a page with `/Rotate 90` whose one line is upright as the page is shown."""
    plain = path.with_suffix(".plain.pdf")
    canvas = new_canvas(plain, size=(400.0, 600.0))
    canvas.rotate(90)
    canvas.setFont("Helvetica", 12)
    canvas.drawString(50, -100, line)
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=plain)
    writer.pages[0].rotate(90)
    writer.write(path)
    return path


def write_cropped_pdf(path: Path, *, inside: str, outside: str) -> Path:
    """Write a page whose crop box begins 100 points inside its left and lower edge."""
    plain = path.with_suffix(".plain.pdf")
    canvas = new_canvas(plain, size=(500.0, 500.0))
    canvas.setFont("Helvetica", 12)
    canvas.drawString(150, 300, inside)
    canvas.drawString(5, 50, outside)
    canvas.save()
    writer = pypdf.PdfWriter(clone_from=plain)
    writer.pages[0].cropbox = pypdf.generic.RectangleObject((100, 100, 500, 500))
    writer.write(path)
    return path


def write_picture_pdf(path: Path, *, pages: int = 1, first: Sequence[Line] = ()) -> Path:
    """Write pages that hold a picture and no text, after one of text where `first` is given."""
    canvas = new_canvas(path)
    if first:
        draw_lines(canvas, first, x=LEFT_MARGIN, y=700)
        canvas.showPage()
    for _ in range(pages):
        canvas.drawInlineImage(Image.new("RGB", (40, 40), "gray"), 100, 100, 300, 300)
        canvas.showPage()
    canvas.save()
    return path


def encrypt_pdf(source: Path, path: Path, *, user_password: str, owner_password: str) -> Path:
    """Write an encrypted copy of a PDF."""
    writer = pypdf.PdfWriter(clone_from=source)
    writer.encrypt(user_password, owner_password, algorithm="RC4-128")
    writer.write(path)
    return path


def write_docx(path: Path) -> Path:
    """Write a Word document with most of what documents have: see the golden test for what is in it."""
    document = docx.Document()
    document.core_properties.title = "Kiln Manual"
    document.sections[0].header.paragraphs[0].text = "Kiln Manual, edition 3"
    document.add_heading("Firing", level=1)
    paragraph = document.add_paragraph("Heat slowly to ")
    paragraph.add_run("600 degrees").bold = True
    paragraph.add_run(".")
    document.add_paragraph("Open the vent", style="List Number")
    document.add_paragraph("Light the burner", style="List Number")
    document.add_heading("Cones", level=2)
    table = document.add_table(rows=3, cols=2)
    for row, cells in zip(table.rows, (("Cone", "Degrees"), ("04", "1060"), ("6", "1222")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    inner = table.rows[2].cells[1].add_table(rows=1, cols=2)
    inner.rows[0].cells[0].text, inner.rows[0].cells[1].text = "fast", "slow"
    _add_footnote(document, document.add_paragraph("Cones bend when done"), "Orton cones.")
    _add_text_box(document.add_paragraph("Keep children away."), "Danger: hot surfaces")
    document.save(str(path))
    return path


def _add_footnote(document: docx.document.Document, paragraph: docx.text.paragraph.Paragraph, text: str) -> None:
    xml = (
        f'<w:footnotes xmlns:w="{W}"><w:footnote w:id="2"><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:footnote>'
        "</w:footnotes>"
    )
    content_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), content_type, xml.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    reference = OxmlElement("w:footnoteReference")
    reference.set(qn("w:id"), "2")
    paragraph.add_run()._r.append(reference)


def _add_text_box(paragraph: docx.text.paragraph.Paragraph, text: str) -> None:
    picture = OxmlElement("w:pict")
    box = OxmlElement("w:txbxContent")
    inner = OxmlElement("w:p")
    run = OxmlElement("w:r")
    words = OxmlElement("w:t")
    words.text = text
    run.append(words)
    inner.append(run)
    box.append(inner)
    picture.append(box)
    paragraph.add_run()._r.append(picture)
