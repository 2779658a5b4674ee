"""Documents of one content by libraries and programs of others: what the readers of `tests.differential` compare.

Each writer makes a file of its own format. LibreOffice and pandoc, where they are installed, make other formats of
these files.
"""

import csv
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from email.message import EmailMessage
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TITLE = "Harbour handbook"
PARAGRAPHS = (
    "The harbour of Ostrow has 412 berths, and a night costs EUR 21.75 from the first of May.",
    "Der Hafen öffnet um 08:15 Uhr; größere Schiffe melden sich 24 Stunden vorher an.",
    "Le pilote garde 250 mètres de distance, la grue lève 3.500 kg.",
)
ITEMS = ("Fire drill on 3 March", "Crane inspected in 2026", "Call 0471 55 23")
HEADER = ("Berth", "Length (m)", "Price")
ROWS = (("A-1", "12.5", "1,200"), ("B-22", "9.75", "980"), ("C-333", "6", "45"), ("D-4", "18", "2,310"))
CONVERSIONS = {
    ".docx": (".odt", ".rtf", ".pdf", ".epub", ".html"),
    ".xlsx": (".ods", ".pdf"),
    ".pptx": (".odp", ".pdf"),
    ".md": (".docx", ".odt", ".rtf", ".epub", ".html", ".pptx"),
}
_CONVERSION_SECONDS = 180


def write_all(folder: Path) -> list[Path]:
    """Write the content with every writer that is installed; return the files, one a writer."""
    paths: list[Path] = []
    for (name, suffix), (module, write) in WRITERS.items():
        if not module or find_spec(module):
            paths.append(folder / f"{name}{suffix}")
            write(paths[-1])
    return paths


def convert_all(paths: list[Path]) -> list[Path]:
    """Have LibreOffice and pandoc, if they are installed, make other formats of files; return the new files."""
    return [
        converted
        for path in paths
        for suffix in CONVERSIONS.get(path.suffix, ())
        if (converted := _convert(path, suffix)) is not None
    ]


def _convert(path: Path, suffix: str) -> Path | None:
    program = "pandoc" if path.suffix == ".md" else "soffice"
    target = path.with_name(f"{path.stem}-{program}{suffix}")
    if not shutil.which(program):
        return None
    if program == "pandoc":
        command = ["pandoc", "--standalone", str(path), "--output", str(target)]
        subprocess.run(command, check=True, capture_output=True, timeout=_CONVERSION_SECONDS)
        return target
    with tempfile.TemporaryDirectory() as folder:
        profile = f"-env:UserInstallation=file://{tempfile.gettempdir()}/differential-office-profile"
        command = ["soffice", profile, "--headless", "--convert-to", suffix[1:], "--outdir", folder, str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=_CONVERSION_SECONDS)
        made = Path(folder) / f"{path.stem}{suffix}"
        return Path(shutil.move(made, target)) if made.exists() else None


def _write_docx(path: Path) -> None:
    document: Any = import_module("docx").Document()
    document.add_heading(TITLE, 1)
    for text in PARAGRAPHS:
        document.add_paragraph(text)
    for text in ITEMS:
        document.add_paragraph(text, style="List Number")
    table = document.add_table(1 + len(ROWS), len(HEADER), style="Table Grid")
    for row, cells in enumerate((HEADER, *ROWS)):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    document.sections[0].header.paragraphs[0].text = "Edition 7"
    document.save(str(path))


def _write_pptx(path: Path) -> None:
    centimetres = import_module("pptx.util").Cm
    presentation: Any = import_module("pptx").Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = TITLE
    slide.placeholders[1].text_frame.text = "\n".join((*PARAGRAPHS, *ITEMS))
    slide.notes_slide.notes_text_frame.text = "Say hello to 15 guests."
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = HEADER[2]
    size = (centimetres(2), centimetres(5), centimetres(18), centimetres(6))
    table = slide.shapes.add_table(1 + len(ROWS), len(HEADER), *size).table
    for row, cells in enumerate((HEADER, *ROWS)):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    presentation.save(str(path))


def _write_openpyxl(path: Path) -> None:
    book: Any = import_module("openpyxl").Workbook()
    sheet = book.active
    for cells in (HEADER, *ROWS):
        sheet.append(cells)
    sheet["E1"], sheet["E2"], sheet["E2"].number_format = "Rate", 0.0725, "0.00%"
    notes = book.create_sheet("Notes")
    for text in PARAGRAPHS:
        notes.append([text])
    book.save(path)


def _write_xlsxwriter(path: Path) -> None:
    with import_module("xlsxwriter").Workbook(str(path)) as book:
        sheet = book.add_worksheet("Prices")
        for row, cells in enumerate((HEADER, *ROWS)):
            sheet.write_row(row, 0, cells)
        sheet.merge_range(6, 0, 6, 2, PARAGRAPHS[0])
        sheet.write(7, 0, 41200.5, book.add_format({"num_format": '#,##0.00 "EUR"'}))


def _write_reportlab(path: Path) -> None:
    platypus: Any = import_module("reportlab.platypus")
    styles = import_module("reportlab.lib.styles").getSampleStyleSheet()
    paragraphs = [platypus.Paragraph(text, styles["BodyText"]) for text in (*PARAGRAPHS, *ITEMS)]
    table = platypus.Table([HEADER, *ROWS], colWidths=120)
    table.setStyle(platypus.TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")]))
    heading = platypus.Paragraph(TITLE, styles["Heading1"])
    platypus.SimpleDocTemplate(str(path), invariant=1).build([heading, *paragraphs, table])


def _write_fpdf(path: Path) -> None:
    document: Any = import_module("fpdf").FPDF()
    document.add_page()
    document.set_font("helvetica", size=12)
    for text in (TITLE, *PARAGRAPHS, *ITEMS):
        document.multi_cell(0, 8, text, new_x="LMARGIN", new_y="NEXT")
    with document.table() as table:
        for cells in (HEADER, *ROWS):
            row = table.row()
            for text in cells:
                row.cell(text)
    document.output(str(path))


def _write_mail(path: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann Lee <ann@example.org>", "tom@example.org", TITLE
    message["Date"] = "Mon, 04 May 2026 10:00:00 +0000"
    message.set_content("\n\n".join((*PARAGRAPHS, *ITEMS)))
    path.write_bytes(bytes(message))


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((HEADER, *ROWS))


def _write_markdown(path: Path) -> None:
    rows = "\n".join(f"| {' | '.join(cells)} |" for cells in (HEADER, ("---",) * len(HEADER), *ROWS))
    items = "\n".join(f"{number}. {text}" for number, text in enumerate(ITEMS, 1))
    path.write_text("\n\n".join((f"# {TITLE}", *PARAGRAPHS, items, rows)) + "\n", encoding="utf-8")


def _write_odfpy(path: Path) -> None:
    text, table = import_module("odf.text"), import_module("odf.table")
    document: Any = import_module("odf.opendocument").OpenDocumentText()
    document.text.addElement(text.H(outlinelevel=1, text=TITLE))
    for line in (*PARAGRAPHS, *ITEMS):
        document.text.addElement(text.P(text=line))
    grid = table.Table(name="Prices")
    for cells in (HEADER, *ROWS):
        row = table.TableRow()
        for content in cells:
            cell = table.TableCell()
            cell.addElement(text.P(text=content))
            row.addElement(cell)
        grid.addElement(row)
    document.text.addElement(grid)
    document.save(str(path))


WRITERS: dict[tuple[str, str], tuple[str, Callable[[Path], None]]] = {
    ("python-docx", ".docx"): ("docx", _write_docx),
    ("python-pptx", ".pptx"): ("pptx", _write_pptx),
    ("openpyxl", ".xlsx"): ("openpyxl", _write_openpyxl),
    ("xlsxwriter", ".xlsx"): ("xlsxwriter", _write_xlsxwriter),
    ("reportlab", ".pdf"): ("reportlab", _write_reportlab),
    ("fpdf2", ".pdf"): ("fpdf", _write_fpdf),
    ("odfpy", ".odt"): ("odf", _write_odfpy),
    ("email", ".eml"): ("", _write_mail),
    ("csv", ".csv"): ("", _write_csv),
    ("markdown", ".md"): ("", _write_markdown),
}
"""Writers by name and suffix, with the module that they need."""
