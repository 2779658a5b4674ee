"""Excel and OpenDocument spreadsheets: sheet by sheet, tables with headers, a warning for all that is missing."""

import datetime
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.comments import Comment

from ingest.errors import NoTextError, UnreadableFileError
from ingest.parsers import registry
from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.source import Source
from ingest.parsers.spreadsheets.sheets import Cell, CellBudget, write_sheet
from ingest.types import Page, PageUnit, ParsedDocument
from tests.office_files import write_opendocument, write_workbook, write_zip


def read(path: Path) -> ParsedDocument:
    return registry.parse(path, "ports.xlsx")


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sheet_text(*rows: list[str]) -> tuple[str, list[str]]:
    """Return the text of a sheet, and the headers of its tables."""
    builder = DocumentBuilder()
    numbered = ({n: Cell(cell) for n, cell in enumerate(row) if cell} for row in rows)
    write_sheet("Ports", enumerate(numbered, 1), builder)
    document = builder.build(title="", media_type="x/y", filename="a")
    return document.text, [document.text[block.start : block.header_end] for block in document.blocks]


def test_a_table_has_its_first_row_as_header_where_that_has_words_only() -> None:
    assert sheet_text(["Port", "Metres"], ["Brest", "6"]) == ("Ports\n\nPort | Metres\nBrest | 6", ["Port | Metres"])
    assert sheet_text(["Port", "2024"], ["Brest", "6"]) == ("Ports\n\nPort | 2024\nBrest | 6", [""])


def test_rows_after_a_gap_belong_to_the_table_above_unless_they_have_a_header() -> None:
    text, headers = sheet_text(["Port", "Metres"], ["Brest", "6"], [], ["Ostend", "4"], [], ["Day", "Wind"], ["1", "7"])
    assert text == "Ports\n\nPort | Metres\nBrest | 6\nOstend | 4\n\nDay | Wind\n1 | 7"
    assert headers == ["Port | Metres", "Day | Wind"]


def test_single_rows_and_columns_are_prose_and_empty_columns_go() -> None:
    assert sheet_text(["Tides", "", "2024"]) == ("Ports\n\nTides | 2024", [])
    assert sheet_text(["a note"], ["in two rows"]) == ("Ports\n\na note\nin two rows", [])
    assert sheet_text(["Port", "", "Metres"], ["Brest", "", "6"])[0] == "Ports\n\nPort | Metres\nBrest | 6"


def test_a_workbook_is_read_sheet_by_sheet(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Day", "Share", "Open", "Metres"],
        [datetime.date(2024, 5, 1), 0.256, True, 6.1],
        [datetime.datetime(2024, 5, 2, 13, 30), 1, False, 3.0],
    ]
    path = write_workbook(tmp_path / "a.xlsx", {"Ports": rows, "Empty": [], "Notes": [["Brest is open"]]})
    book = load_workbook(path)
    book["Ports"]["B2"].number_format = "0.0%"
    book["Ports"]["B3"].number_format = "0%"
    book["Ports"]["A2"].comment = Comment("measured twice", "Ann")
    book["Ports"]["A5"] = "all ports"
    book["Ports"].merge_cells("A5:D5")
    book.save(path)
    document = read(path)
    ports = (
        "Ports\n\nDay | Share | Open | Metres\n2024-05-01 [comment by Ann: measured twice] | 25.6% | TRUE | 6.1"
        "\n2024-05-02 13:30:00 | 100% | FALSE | 3\n\nall ports"
    )
    assert document.text == f"{ports}\n\nNotes\n\nBrest is open"
    end = len(ports)
    assert document.pages == (
        Page(1, 0, end, label="Ports"),
        Page(2, end, end, label="Empty"),
        Page(3, end + 2, len(document.text), label="Notes"),
    )
    assert (document.unit, document.warnings, document.title) == (PageUnit.SHEET, (), "ports")


def test_cells_at_the_far_end_of_a_sheet_cost_nothing(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"Ports": [["near"]]})
    book = load_workbook(path)
    book["Ports"]["XFD1048576"] = "far"
    book.save(path)
    assert read(path).text == "Ports\n\nnear\n\nfar"


def test_what_is_beyond_the_limit_of_cells_is_told() -> None:
    budget = CellBudget(4)
    assert [budget.take(2, sheet="Ports", row=row) for row in (1, 2, 3)] == [True, True, False]
    assert not budget.take(0, sheet="Notes", row=1)
    assert budget.warnings == [
        "the workbook is too large: sheet 'Ports' is missing from row 3 on",
        "the workbook is too large: sheet 'Notes' is missing from row 1 on",
    ]


def test_a_formula_whose_result_is_an_empty_text_is_not_told(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"Ports": [["Sum", "=1+1"]]})
    members = members_of(path)
    sheet = members["xl/worksheets/sheet1.xml"].replace(b'<c r="B1">', b'<c r="B1" t="str">')
    assert read(write_zip(path, {**members, "xl/worksheets/sheet1.xml": sheet})).warnings == ()


def test_a_sheet_that_is_missing_from_the_file_is_told(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"Ports": [["Brest"]], "Notes": [["open"]]})
    members = members_of(path)
    del members["xl/worksheets/sheet2.xml"]
    document = read(write_zip(path, {**members}))
    assert (document.text, document.warnings) == ("Ports\n\nBrest", ("sheet 'Notes' is missing from the file",))


def test_a_large_workbook_comes_in_pieces_whose_pages_are_numbered_through(tmp_path: Path) -> None:
    long: list[list[object]] = [["tide " * 6_000] for _ in range(40)]
    path = write_workbook(tmp_path / "a.xlsx", {"May": long, "June": [["ebb"]], "July": long, "Empty": []})
    pieces = list(registry.parse_pieces(Source(path, "ports.xlsx")))
    assert [[(page.number, page.label) for page in piece.pages] for piece in pieces] == [
        [(1, "May")],
        [(2, "June"), (3, "July")],
    ]
    assert {piece.total_pages for piece in pieces} == {4}


def test_a_workbook_without_cells_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(NoTextError):
        read(write_workbook(tmp_path / "a.xlsx", {"Ports": []}))


def test_a_workbook_cut_short_anywhere_is_refused_with_a_reason(tmp_path: Path) -> None:
    whole = write_workbook(tmp_path / "a.xlsx", {"Ports": [["Brest"]]}).read_bytes()
    for length in range(100, len(whole), 1000):
        (tmp_path / "cut.xlsx").write_bytes(whole[:length])
        with pytest.raises(UnreadableFileError):
            read(tmp_path / "cut.xlsx")


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell>{more}<text:p>{text}</text:p></table:table-cell>"


def test_an_opendocument_spreadsheet_is_read_as_it_is_shown(tmp_path: Path) -> None:
    comment = "<office:annotation><dc:creator>Ann</dc:creator><text:p>twice</text:p></office:annotation>"
    body = (
        '<table:table table:name="Ports"><table:table-row>'
        f'{cell("Port")}{cell("Day")}<table:table-cell table:number-columns-repeated="16382"/></table:table-row>'
        f'<table:table-row table:number-rows-repeated="2">{cell("Brest", comment)}{cell("1 May")}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048573"><table:table-cell/></table:table-row>'
        '<table:table-row><table:table-cell office:value="7"/></table:table-row></table:table>'
    )
    document = registry.parse(write_opendocument(tmp_path / "a", "spreadsheet", body), "ports.ods")
    assert (
        document.text
        == "Ports\n\nPort | Day\nBrest [comment by Ann: twice] | 1 May\nBrest [comment by Ann: twice] | 1 May\n\n7"
    )
    assert (document.pages[0].label, document.unit) == ("Ports", PageUnit.SHEET)
