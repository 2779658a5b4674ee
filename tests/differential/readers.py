"""Independent readers of every format: libraries and programs that share no code with ours for it.

A reader that is not installed is left out and named; nothing here is needed to run Pincite.
"""

import csv
import email
import email.policy
import io
import json
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.differential.comparison import Reading

_CONVERSION_SECONDS = 180
_SHEETS_AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
"""All sheets as CSV in UTF-8, cells as they are shown."""
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WORD_TEXTS = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes)\.xml")
_PLAIN_TEXT = "txt:Text (encoded):UTF8"


@dataclass(frozen=True, slots=True)
class Reader:
    """An independent reader: the formats that it reads, the module or the program that it needs."""

    name: str
    suffixes: frozenset[str]
    read: Callable[[Path], Reading]
    module: str = ""
    program: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether this machine has what the reader needs."""
        return bool(shutil.which(self.program)) if self.program else not self.module or bool(find_spec(self.module))


def read_with_pdfplumber(path: Path) -> Reading:
    """Return the text of a PDF and the rows of its ruled tables."""
    pdfplumber: Any = import_module("pdfplumber")
    texts: list[str] = []
    rows: list[tuple[str, ...]] = []
    with pdfplumber.open(path) as pdf:
        for page in pdf.pages:
            texts.append(page.extract_text() or "")
            rows += [tuple(cell or "" for cell in row) for table in page.extract_tables() for row in table]
            page.close()
    return Reading("\n".join(texts), tuple(rows))


def read_with_pdftotext(path: Path) -> Reading:
    """Return the text of a PDF in reading order."""
    return Reading(_run(["pdftotext", "-enc", "UTF-8", str(path), "-"]))


def read_word_xml(path: Path) -> Reading:
    """Return every text in the XML of a Word document, a paragraph a line."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if _WORD_TEXTS.fullmatch(name)]
        roots = [ElementTree.fromstring(archive.read(name)) for name in names]  # noqa: S314 (files of our own choice)
    paragraphs = (paragraph for root in roots for paragraph in root.iter(f"{_WORD}p"))
    return Reading("\n".join("".join(text.text or "" for text in p.iter(f"{_WORD}t")) for p in paragraphs))


def read_with_docx2python(path: Path) -> Reading:
    """Return the text of a Word document, headers, footers and notes included."""
    docx2python: Any = import_module("docx2python").docx2python
    with docx2python(path) as document:
        return Reading(str(document.text))


def read_with_pandoc(path: Path) -> Reading:
    """Return the text of a document, and the rows of its tables."""
    tree = json.loads(_run(["pandoc", "--to", "json", "--track-changes", "all", str(path)]))
    text = _run(["pandoc", "--to", "plain", "--wrap", "none", str(path)])
    return Reading(text, tuple(_find_pandoc_rows(tree)))


def read_with_striprtf(path: Path) -> Reading:
    """Return the text of an RTF file."""
    rtf_to_text: Any = import_module("striprtf.striprtf").rtf_to_text
    return Reading(str(rtf_to_text(path.read_bytes().decode("latin-1"), errors="ignore")))


def read_with_html2text(path: Path) -> Reading:
    """Return the text of an HTML page, menus included."""
    parser: Any = import_module("html2text").HTML2Text(bodywidth=0)
    parser.ignore_links = parser.ignore_images = parser.ignore_emphasis = True
    return Reading(str(parser.handle(path.read_bytes().decode("utf-8", errors="replace"))))


def read_with_trafilatura(path: Path) -> Reading:
    """Return the main text of an HTML page."""
    text = import_module("trafilatura").extract(path.read_bytes(), favor_recall=True)
    return Reading(text or "")


def read_with_openpyxl(path: Path) -> Reading:
    """Return the texts of the cells of an Excel workbook; numbers are left out, because it does not format them."""
    book = import_module("openpyxl").load_workbook(path, data_only=True)
    values = (row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True))
    return _make_table([[cell if isinstance(cell, str) else "" for cell in row] for row in values])


def read_with_calamine(path: Path) -> Reading:
    """Return the texts of the cells of a spreadsheet; numbers are left out, because it does not format them."""
    book = import_module("python_calamine").CalamineWorkbook.from_path(str(path))
    sheets = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
    return _make_table([[cell if isinstance(cell, str) else "" for cell in row] for sheet in sheets for row in sheet])


def read_with_pandas(path: Path) -> Reading:
    """Return the cells of a CSV or TSV file."""
    pandas: Any = import_module("pandas")
    frame = pandas.read_csv(path, sep=None, engine="python", header=None, dtype=str, keep_default_na=False)
    return _make_table(frame.values.tolist())


def read_mail(path: Path) -> Reading:
    """Return the plain text parts of a message, and its subject."""
    message: Any = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    parts = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    return Reading("\n".join([str(message["subject"] or ""), *(str(part.get_content()) for part in parts)]))


def read_with_ebooklib(path: Path) -> Reading:
    """Return the text of the chapters of a book, as `html2text` reads them."""
    book = import_module("ebooklib.epub").read_epub(str(path), {"ignore_ncx": True})
    chapters = book.get_items_of_type(import_module("ebooklib").ITEM_DOCUMENT)
    parser: Any = import_module("html2text").HTML2Text(bodywidth=0)
    parser.ignore_links = parser.ignore_images = parser.ignore_emphasis = True
    return Reading("\n".join(parser.handle(chapter.get_content().decode("utf-8", "replace")) for chapter in chapters))


def read_slides_with_python_pptx(path: Path) -> Reading:
    """Return every text of the slides and their notes, in the order of the file."""
    presentation = import_module("pptx").Presentation(str(path))
    roots = [slide._element for slide in presentation.slides]
    roots += [slide.notes_slide._element for slide in presentation.slides if slide.has_notes_slide]
    paragraphs = (paragraph for root in roots for paragraph in root.iter("{*}p"))
    return Reading("\n".join("".join(text.text or "" for text in p.iter("{*}t")) for p in paragraphs))


def read_text_with_libreoffice(path: Path) -> Reading:
    """Return a text document as LibreOffice exports it."""
    return Reading("\n".join(_convert(path, _PLAIN_TEXT)))


def read_sheets_with_libreoffice(path: Path) -> Reading:
    """Return the cells of a spreadsheet as LibreOffice shows them."""
    tables = (csv.reader(io.StringIO(text)) for text in _convert(path, _SHEETS_AS_SHOWN))
    return _make_table([row for table in tables for row in table])


def read_slides_with_libreoffice(path: Path) -> Reading:
    """Return the text of slides as LibreOffice draws them."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = _run_office(path, "pdf", Path(folder))
        return read_with_pdftotext(drawn[0]) if drawn else Reading("")


READERS = (
    Reader("pdfplumber", frozenset({".pdf"}), read_with_pdfplumber, module="pdfplumber"),
    Reader("pdftotext", frozenset({".pdf"}), read_with_pdftotext, program="pdftotext"),
    Reader("XML", frozenset({".docx"}), read_word_xml),
    Reader("docx2python", frozenset({".docx"}), read_with_docx2python, module="docx2python"),
    Reader("pandoc", frozenset({".docx", ".odt", ".epub", ".html", ".rtf", ".md"}), read_with_pandoc, program="pandoc"),
    Reader("striprtf", frozenset({".rtf"}), read_with_striprtf, module="striprtf"),
    Reader("html2text", frozenset({".html"}), read_with_html2text, module="html2text"),
    Reader("trafilatura", frozenset({".html"}), read_with_trafilatura, module="trafilatura"),
    Reader("openpyxl", frozenset({".xlsx"}), read_with_openpyxl, module="openpyxl"),
    Reader("calamine", frozenset({".xlsx", ".ods"}), read_with_calamine, module="python_calamine"),
    Reader("pandas", frozenset({".csv", ".tsv"}), read_with_pandas, module="pandas"),
    Reader("email", frozenset({".eml"}), read_mail),
    Reader("ebooklib", frozenset({".epub"}), read_with_ebooklib, module="ebooklib"),
    Reader("python-pptx", frozenset({".pptx"}), read_slides_with_python_pptx, module="pptx"),
    Reader("LibreOffice", frozenset({".docx", ".odt", ".rtf"}), read_text_with_libreoffice, program="soffice"),
    Reader("LibreOffice", frozenset({".xlsx", ".ods"}), read_sheets_with_libreoffice, program="soffice"),
    Reader("LibreOffice", frozenset({".pptx", ".odp"}), read_slides_with_libreoffice, program="soffice"),
)


def find_readers(path: Path) -> list[Reader]:
    """Return the installed readers of a file's format."""
    return [reader for reader in READERS if path.suffix.lower() in reader.suffixes and reader.is_installed]


def name_missing_readers() -> list[str]:
    """Return the names of the readers that are not installed."""
    return sorted({reader.name for reader in READERS if not reader.is_installed})


def _make_table(rows: Iterable[Sequence[object]]) -> Reading:
    texts = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows)
    return Reading("\n".join(" | ".join(row) for row in texts), texts)


def _find_pandoc_rows(node: Any) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the tables in pandoc's tree: a row is `[attributes, cells]`, a cell ends with its blocks."""
    if isinstance(node, dict) and node.get("t") == "Table":
        _, _, _, head, bodies, foot = node["c"]
        groups = [head[1], *(part for body in bodies for part in body[2:4]), foot[1]]
        for _, cells in (row for group in groups for row in group):
            yield tuple(" ".join(_find_pandoc_words(cell[-1])) for cell in cells)
    elif isinstance(node, dict):
        yield from _find_pandoc_rows(list(node.values()))
    elif isinstance(node, list):
        for child in node:
            yield from _find_pandoc_rows(child)


def _find_pandoc_words(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("t") == "Str":
            yield str(node["c"])
        else:
            yield from _find_pandoc_words(list(node.values()))
    elif isinstance(node, list):
        for child in node:
            yield from _find_pandoc_words(child)


def _convert(path: Path, target: str) -> list[str]:
    """Return the texts of the files that LibreOffice makes of a document, in order."""
    with tempfile.TemporaryDirectory() as folder:
        return [file.read_text("utf-8-sig", errors="replace") for file in _run_office(path, target, Path(folder))]


def _run_office(path: Path, target: str, folder: Path) -> list[Path]:
    profile = f"-env:UserInstallation=file://{tempfile.gettempdir()}/differential-office-profile"
    output = folder / "out"
    _run(["soffice", profile, "--headless", "--convert-to", target, "--outdir", str(output), str(path)])
    return sorted(output.glob("*"), key=lambda file: file.stat().st_mtime_ns)


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, check=True, timeout=_CONVERSION_SECONDS)
    return done.stdout.decode("utf-8", errors="replace")
