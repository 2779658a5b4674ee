# pyright: basic
"""Excel workbooks (XLSX): one page a sheet (the adapter of `openpyxl`)."""

import datetime
import posixpath
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from ingest.parsers.containers import open_container, read_part, translate_errors
from ingest.parsers.document_builder import DocumentBuilder, clean_title
from ingest.parsers.source import Source
from ingest.parsers.spreadsheets.sheets import CellBudget, Row, write_sheet
from ingest.types import PageUnit, ParsedDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_PIECE_CHARS = 1_000_000
_NEVER_COMPUTED = re.compile(
    rb"""<c(?:\s(?!t=)[\w:]+="[^"]*")*><f(?:\s[^>]*)?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>"""
)
"""A cell with a formula and no stored result; a cell with a type has a result, perhaps an empty text."""
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MIDNIGHT = datetime.time()
_SIGNIFICANT_DIGITS = ".15g"


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a workbook: each sheet with its tables, comments and text boxes.

    Formulas become their stored results. Cells beyond the limit and results that were never computed become warnings.
    Raises what `open_container` raises, `DamagedFileError`, `NoTextError`.
    """
    with (
        translate_errors(source.filename, InvalidFileException),
        open_container(source.path, source.filename) as archive,
        source.path.open("rb") as file,  # openpyxl refuses a path by its suffix
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # about styles and extensions; an invalid date becomes #VALUE!
        book: Any = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        reader = _Reader(archive)
        pieces = list(reader.read(book.worksheets))
        reader.warn_of_missing(set(book.sheetnames))
    title = clean_title(book.properties.title) or source.filename.rsplit(".", 1)[0]
    for number, builder in enumerate(pieces, 1):
        yield builder.build(
            title=title,
            media_type=MEDIA_TYPE,
            filename=source.filename,
            unit=PageUnit.SHEET,
            warnings=reader.warnings if number == len(pieces) else (),
            total_pages=len(book.worksheets),
        )


@dataclass(slots=True)
class _Reader:
    """Reads sheet after sheet, and collects warnings."""

    archive: zipfile.ZipFile
    budget: CellBudget = field(default_factory=CellBudget)

    @property
    def warnings(self) -> list[str]:
        """The warnings about missing text."""
        return self.budget.warnings

    def read(self, sheets: list[Any]) -> Iterator[DocumentBuilder]:
        """Yield builders of one or more sheets each; at least one, which alone may be empty."""
        builder = DocumentBuilder()
        for sheet in sheets:
            if builder.length > _PIECE_CHARS:
                yield builder
                builder = DocumentBuilder(first_page=builder.next_page)
            write_sheet(sheet.title, self._read_rows(sheet), builder)
            for text in _find_annotations(self.archive, sheet._worksheet_path):
                builder.add_paragraph(text)
            self._warn_of_formulas(sheet)
        if builder.has_text or builder.first_page == 1:
            yield builder

    def warn_of_missing(self, sheet_names: set[str]) -> None:
        """Add a warning for each sheet that the workbook lists and does not have."""
        listed = read_part(self.archive, "xl/workbook.xml")
        names = [sheet.get("name", "") for sheet in listed.iter(f"{_SHEET}sheet")] if listed is not None else []
        self.warnings.extend(f"sheet {name!r} is missing from the file" for name in names if name not in sheet_names)

    def _read_rows(self, sheet: Any) -> Iterator[Row]:
        sheet.reset_dimensions()  # the stored dimensions can be wrong
        for number, cells in enumerate(sheet.iter_rows(), 1):
            if not self.budget.take(len(cells), sheet=sheet.title, row=number):
                return
            yield {n: text for n, cell in enumerate(cells) if (text := _format_cell(cell))}

    def _warn_of_formulas(self, sheet: Any) -> None:
        count = len(_NEVER_COMPUTED.findall(self.archive.read(sheet._worksheet_path)))
        if count:
            advice = "open the file in a spreadsheet program and save it"
            self.warnings.append(f"{count} formulas of sheet {sheet.title!r} have no stored result: {advice}")


def _format_cell(cell: Any) -> str:
    """Return a cell about as shown: dates in ISO 8601, percentages with their sign, numbers with all digits."""
    value = cell.value
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool():
            return str(value).upper()
        case datetime.datetime():
            return str(value.date() if value.time() == _MIDNIGHT else value.replace(microsecond=0))
        case int() | float() if "%" in (cell.number_format or ""):
            return f"{value * 100:{_SIGNIFICANT_DIGITS}}%"
        case float():
            return f"{value:{_SIGNIFICANT_DIGITS}}"
        case _:
            return str(value)


def _find_annotations(archive: zipfile.ZipFile, sheet_path: str) -> Iterator[str]:
    """Yield the comments on a sheet, each with its cell, and the text in its drawings."""
    folder, name = posixpath.split(sheet_path)
    relations = read_part(archive, f"{folder}/_rels/{name}.rels")
    for relation in relations.iterchildren("*") if relations is not None else ():
        target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
        kind = relation.get("Type", "").rsplit("/", 1)[-1]
        part = read_part(archive, target) if kind in ("comments", "drawing") else None
        if part is None:
            continue
        for comment in part.iter(f"{_SHEET}comment"):
            yield f"Comment at {comment.get('ref')}: {_join_text(comment, f'{_SHEET}t')}"
        for paragraph in part.iter(f"{_DRAWING}p"):
            yield _join_text(paragraph, f"{_DRAWING}t")


def _join_text(element: Any, tag: str) -> str:
    return "".join(text.text or "" for text in element.iter(tag))
