"""Spreadsheets as a person sees them: merged cells, headers of several rows, struck and hidden cells, formulas."""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from ingest.errors import DamagedFileError
from ingest.parsers import registry
from ingest.types import ParsedDocument
from tests.office_files import read_members, write_opendocument, write_zip

GOLDEN = Path(__file__).parent / "golden"
ROWS: list[list[object]] = [["Ward", "Beds", "Free"], ["Surgery", 40, 1], ["Eyes", 12, 3]]


def read(path: Path, build: Callable[[Worksheet], None], rows: Sequence[Sequence[object]] = ()) -> ParsedDocument:
    """Return a workbook of one sheet, "S", as read: `rows`, changed by `build`."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "S"
    for row in rows:
        sheet.append(list[Any](row))
    build(sheet)
    book.save(path / "a.xlsx")
    return registry.parse(path / "a.xlsx", "a.xlsx")


def book_of(sheet: Worksheet) -> Workbook:
    book = sheet.parent
    assert book is not None
    return book


def lines(document: ParsedDocument) -> list[str]:
    return document.text.split("\n")[2:]


# Merged cells


@pytest.mark.parametrize(
    ("rows", "areas", "text"),
    [
        pytest.param(
            [["Region", "Depot"], ["North", "Aldwick"], [None, "Corrie"], ["South", "Elstow"]],
            ["A2:A3"],
            ["Region | Depot", "North | Aldwick", "North | Corrie", "South | Elstow"],
            id="first column",
        ),
        pytest.param(
            [["Depot", "Docks", "Lead"], ["Aldwick", 4, "Ann"], ["Corrie", 6, None], ["Elstow", 9, None]],
            ["C2:C4"],
            ["Depot | Docks | Lead", "Aldwick | 4 | Ann", "Corrie | 6 | Ann", "Elstow | 9 | Ann"],
            id="last column",
        ),
        pytest.param(
            [["Depot", "Docks", "Yards"], ["Aldwick", "closed", None], ["Corrie", 6, 7]],
            ["B2:C2"],
            ["Depot | Docks | Yards", "Aldwick | closed", "Corrie | 6 | 7"],
            id="across columns: no column moves",
        ),
        pytest.param(
            [["Depot", "Docks", "Yards", "Lead"], ["Aldwick", 5, None, "Ann"], ["Corrie", None, None, "Bo"]],
            ["B2:C3"],
            ["Depot | Docks | Yards | Lead", "Aldwick | 5 |  | Ann", "Corrie | 5 |  | Bo"],
            id="a block",
        ),
        pytest.param(
            [["Zone", "Row", "Bin"], ["East", "R1", 1], [None, None, 2], [None, "R2", 3]],
            ["A2:A4", "B2:B3"],
            ["Zone | Row | Bin", "East | R1 | 1", "East | R1 | 2", "East | R2 | 3"],
            id="nested",
        ),
        pytest.param(
            [["North", "Aldwick"], [None, "Corrie"], ["South", "Elstow"]],
            ["A1:A2"],
            ["North | Aldwick", "North | Corrie", "South | Elstow"],
            id="no header: the first row is data",
        ),
        pytest.param(
            [["Depot", "Docks"], ["Aldwick", 4], ["closed for winter", None], ["Corrie", 6]],
            ["A3:B3"],
            ["Depot | Docks", "Aldwick | 4", "closed for winter", "Corrie | 6"],
            id="a line across the table",
        ),
        pytest.param(
            [["Day", "Depot"], [datetime.date(2026, 3, 1), "Aldwick"], [None, "Corrie"]],
            ["A2:A3"],
            ["Day | Depot", "2026-03-01 | Aldwick", "2026-03-01 | Corrie"],
            id="a date",
        ),
    ],
)
def test_every_row_has_what_is_merged_over_it(
    tmp_path: Path, rows: list[list[object]], areas: list[str], text: list[str]
) -> None:
    def merge(sheet: Worksheet) -> None:
        for area in areas:
            sheet.merge_cells(area)

    assert lines(read(tmp_path, merge, rows)) == text


@pytest.mark.parametrize(
    ("rows", "areas", "header"),
    [
        pytest.param(
            [["Ward", "Beds in 2026", None], [None, "Total", "Free"], ["Eyes", 12, 3]],
            ["A1:A2", "B1:C1"],
            "Ward | Beds in 2026 / Total | Beds in 2026 / Free",
            id="two rows",
        ),
        pytest.param(
            [["Ward", "Beds", None], [None, 2025, 2026], ["Eyes", 12, 3]],
            ["A1:A2", "B1:C1"],
            "Ward | Beds / 2025 | Beds / 2026",
            id="years under a name",
        ),
        pytest.param(
            [["Ward", 2025, None, 2026], [None, "Total", "Free", "Total"], ["Eyes", 12, 3, 4]],
            ["A1:A2", "B1:C1"],
            "Ward | 2025 / Total | 2025 / Free | 2026 / Total",
            id="names under years",
        ),
        pytest.param(
            [[None, "Beds", None], ["Ward", "Total", "Free"], ["Eyes", 12, 3]],
            ["B1:C1"],
            "Ward | Beds / Total | Beds / Free",
            id="nothing over the first column",
        ),
        pytest.param(
            [["Report", None, None], ["Ward", "Beds", None], [None, "Total", "Free"], ["Eyes", 12, 3]],
            ["A1:C1", "A2:A3", "B2:C2"],
            "Ward | Beds / Total | Beds / Free",
            id="under a caption",
        ),
        pytest.param(
            [
                ["Ward", "Beds", None, None, None],
                [None, "2025", None, "2026", None],
                [None, "Total", "Free", "Total", "Free"],
                ["Eyes", 12, 3, 13, 4],
            ],
            ["A1:A3", "B1:E1", "B2:C2", "D2:E2"],
            "Ward | Beds / 2025 / Total | Beds / 2025 / Free | Beds / 2026 / Total | Beds / 2026 / Free",
            id="three rows",
        ),
        pytest.param(
            [["Ward", "Head", "Beds"], [None, None, "Free"], ["Eyes", "Ann", 3]],
            ["A1:A2", "B1:B2"],
            "Ward | Head | Beds / Free",
            id="one column of two rows",
        ),
        pytest.param(
            [["Ward", "Beds", None], [None, "Beds", "Free"], ["Eyes", 12, 3]],
            ["A1:A2", "B1:C1"],
            "Ward | Beds | Beds / Free",
            id="equal neighbours once",
        ),
        pytest.param(
            [["Ward", "Beds", "Free"], [None, None, None], ["Eyes", 12, 3]],
            ["A1:A2", "B1:B2", "C1:C2"],
            "Ward | Beds | Free",
            id="cells of two rows",
        ),
        pytest.param(
            [["Ward", "State", None], ["Eyes", "open", "clean"], ["Skin", "closed", "clean"]],
            ["B1:C1"],
            "Ward | State | State",
            id="a row of words under a merged name is data",
        ),
    ],
)
def test_a_header_of_several_rows_is_one_line_of_paths(
    tmp_path: Path, rows: list[list[object]], areas: list[str], header: str
) -> None:
    def merge(sheet: Worksheet) -> None:
        for area in areas:
            sheet.merge_cells(area)

    document = read(tmp_path, merge, rows)
    (table,) = document.blocks
    assert document.text[table.start : table.header_end] == header


# Struck out


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("B2", 40, "Surgery | [struck out: 40] | 1"),
        ("A2", "Surgery", "[struck out: Surgery] | 40 | 1"),
        ("C2", datetime.date(2026, 3, 1), "Surgery | 40 | [struck out: 2026-03-01]"),
        ("C2", True, "Surgery | 40 | [struck out: TRUE]"),
        (
            "C2",
            CellRichText(TextBlock(InlineFont(strike=True), "EUR 11"), " EUR 13"),
            "Surgery | 40 | EUR 13 [struck out: EUR 11]",
        ),
        ("C2", CellRichText("from ", TextBlock(InlineFont(strike=True), "May "), "June"), None),
        ("C2", CellRichText(TextBlock(InlineFont(strike=False), "13")), "Surgery | 40 | 13"),
        ("C2", CellRichText("12 m", TextBlock(InlineFont(vertAlign="superscript"), "3")), "Surgery | 40 | 12 m³"),
        ("C2", CellRichText("CO", TextBlock(InlineFont(vertAlign="subscript"), "2")), "Surgery | 40 | CO₂"),
    ],
)
def test_what_is_struck_out_is_an_annotation_in_its_cell(
    tmp_path: Path, place: str, value: Any, line: str | None
) -> None:
    def build(sheet: Worksheet) -> None:
        sheet[place] = value
        if not isinstance(value, CellRichText):
            sheet[place].font = Font(strike=True)

    expected = line or "Surgery | 40 | from June [struck out: May]"
    assert lines(read(tmp_path, build, ROWS))[1] == expected


# Hidden


def test_hidden_rows_and_columns_are_annotations(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True

    assert lines(read(tmp_path, build, ROWS)) == [
        "Ward | Beds | [hidden: column: Free]",
        "Surgery | 40 | [hidden: column: 1]",
        "[hidden: row: Eyes] | [hidden: row: 12] | [hidden: row: 3]",
    ]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_the_label_of_a_hidden_sheet_says_so(tmp_path: Path, state: str) -> None:
    def build(sheet: Worksheet) -> None:
        archive = book_of(sheet).create_sheet("Archive")
        archive["A1"] = "old"
        archive.sheet_state = state

    assert [page.label for page in read(tmp_path, build, ROWS).pages] == ["S", "Archive (hidden)"]


@pytest.mark.parametrize(
    ("code", "shown"), [(";;;", "[hidden: formatting: 40]"), ("0;;", "40"), ("0.0", "40.0"), ('"x"', "x")]
)
def test_a_number_that_its_format_hides_is_an_annotation(tmp_path: Path, code: str, shown: str) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["B2"].number_format = code

    assert lines(read(tmp_path, build, ROWS))[1] == f"Surgery | {shown} | 1"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('"ref: "@', "ref: AB1"),
        ('@" kg"', "AB1 kg"),
        ("[Red]@", "AB1"),
        ('0;-0;0;"<"@">"', "<AB1>"),
        ("_(@_)", "AB1"),
        ('"No. "0', "AB1"),
        ("@", "AB1"),
    ],
)
def test_a_text_has_the_format_of_its_cell(tmp_path: Path, code: str, shown: str) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["A2"] = "AB1"
        sheet["A2"].number_format = code

    assert lines(read(tmp_path, build, [["Code", "Stock"], ["", 5]]))[-1] == f"{shown} | 5"


def test_a_header_that_is_centred_across_columns_names_all_of_them(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet, across = book.add_worksheet(), book.add_format({"align": "center_across"})
    for column, text in enumerate(["Beds in 2025", "", "Beds in 2026", ""], 1):
        sheet.write(0, column, text, across)
    sheet.write_row(1, 0, ["Ward", "All", "Free", "All", "Free"])
    sheet.write_row(2, 0, ["Surgery", 40, 3, 41, 1])
    book.close()
    assert lines(registry.parse(tmp_path / "a.xlsx", "a.xlsx"))[-2:] == [
        "Ward | Beds in 2025 / All | Beds in 2025 / Free | Beds in 2026 / All | Beds in 2026 / Free",
        "Surgery | 40 | 3 | 41 | 1",
    ]


def test_zeros_that_a_sheet_does_not_show_are_left_out(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["B2"] = 0
        sheet.sheet_view.showZeros = False

    assert lines(read(tmp_path, build, ROWS))[1] == "Surgery |  | 1"


# Comments


def test_comments_stand_in_their_cells_with_their_authors(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["B2"].comment = Comment("Ann Sea:\nsince [May]", "Ann Sea")
        sheet["D3"].comment = Comment("to be checked", "")

    assert lines(read(tmp_path, build, ROWS))[1:] == [
        "Surgery | 40 [comment by Ann Sea: since (May)] | 1",
        "Eyes | 12 | 3 | [comment: to be checked]",
    ]


def test_a_threaded_comment_is_read_with_its_replies_and_names(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["B2"].comment = Comment("[Threaded comment]\n\nYour version…\n\nComment:\n    Is it 40?", "tc={1}")

    read(tmp_path, build, ROWS)
    members = read_members(tmp_path / "a.xlsx")
    relations = members["xl/worksheets/_rels/sheet1.xml.rels"]
    thread = (
        b'<Relationship Id="t" Type="http://x/threadedComment" Target="../threadedComments/t.xml"/></Relationships>'
    )
    members["xl/worksheets/_rels/sheet1.xml.rels"] = relations.replace(b"</Relationships>", thread)
    book = members["xl/_rels/workbook.xml.rels"]
    person = b'<Relationship Id="p" Type="http://x/person" Target="persons/p.xml"/></Relationships>'
    members["xl/_rels/workbook.xml.rels"] = book.replace(b"</Relationships>", person)
    members["xl/persons/p.xml"] = b'<personList xmlns="x"><person displayName="Bo" id="{7}"/></personList>'
    members["xl/threadedComments/t.xml"] = (
        b'<ThreadedComments xmlns="x"><threadedComment ref="B2" personId="{7}"><text>Is it 40?</text></threadedComment>'
        b'<threadedComment ref="B2" personId="{8}"><text>Yes.</text></threadedComment></ThreadedComments>'
    )
    document = registry.parse(write_zip(tmp_path / "b.xlsx", {**members}), "b.xlsx")
    assert lines(document)[1] == "Surgery | 40 [comment by Bo: Is it 40?] [comment: Yes.] | 1"


# Formulas


@pytest.mark.parametrize(
    ("formula", "shown"),
    [  # results as LibreOffice computes them
        ("=SUM(B2:B3)", "52"),
        ("=B2*C3", "120"),
        ("=SUMPRODUCT(B2:B3,C2:C3)", "76"),
        ('=IF(B2>20,"many","few")', "many"),
        ('=VLOOKUP("Eyes",A2:C3,2,FALSE)', "12"),
        ("=Other!A1*12", "60"),
        ("=SUM(Other!A1:A2)+B2", "47"),
        ("=AVERAGE(B2:B3)", "26"),
        ("=ROUND(10/3,2)", "3.33"),
        ('=COUNTIF(A2:A3,"E*")', "1"),
        ('=IFERROR(1/0,"none")', "none"),
        ("=INDEX(A2:A3,MATCH(12,B2:B3,0))", "Eyes"),
        ('=D2&"!"', "40!"),
        ("=B2=40", "TRUE"),
        ("=Total*2", "80"),
        ("=UNKNOWNFUNCTION(1)", "[formula: UNKNOWNFUNCTION(1), not computed]"),
        ("=Missing!A1", "[formula: Missing!A1, not computed]"),
    ],
)
def test_a_formula_without_a_stored_result_is_computed_or_says_that_it_is_not(
    tmp_path: Path, formula: str, shown: str
) -> None:
    def build(sheet: Worksheet) -> None:
        other = book_of(sheet).create_sheet("Other")
        other["A1"], other["A2"] = 5, 2
        book_of(sheet).defined_names["Total"] = DefinedName("Total", attr_text="S!$B$2")
        sheet["D2"] = "=B2"
        sheet["E2"] = formula

    document = read(tmp_path, build, ROWS)
    assert lines(document)[1] == f"Surgery | 40 | 1 | 40 | {shown}"
    if "formula" in shown:
        assert document.warnings == (
            "1 formulas of sheet 'S' have no stored result and were computed here",
            "1 formulas of sheet 'S' have no stored result: open the file in a spreadsheet program and save it",
        )
    else:
        assert document.warnings == ("2 formulas of sheet 'S' have no stored result and were computed here",)


def test_a_computed_result_has_the_format_of_its_cell(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["D2"] = "=C2/B2"
        sheet["D2"].number_format = "0.0%"

    assert lines(read(tmp_path, build, ROWS))[1] == "Surgery | 40 | 1 | 2.5%"


def test_a_formula_of_today_is_not_computed(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["D2"] = "=TODAY()"

    assert lines(read(tmp_path, build, ROWS))[1] == "Surgery | 40 | 1 | [formula: TODAY(), not computed]"


@pytest.mark.parametrize(("stored", "shown"), [(b"0", "52"), (b"", "52"), (b"51", "51")])
def test_a_placeholder_for_a_result_is_computed_and_a_stored_result_stays(
    tmp_path: Path, stored: bytes, shown: str
) -> None:
    """XlsxWriter stores 0, and asks programs to compute all formulas on loading."""

    def build(sheet: Worksheet) -> None:
        sheet["D2"] = "=SUM(B2:B3)"

    read(tmp_path, build, ROWS)
    members = read_members(tmp_path / "a.xlsx")
    sheet = members["xl/worksheets/sheet1.xml"]
    assert b"<v></v>" in sheet or b"<v/>" in sheet or b"<v />" in sheet
    for empty in (b"<v></v>", b"<v/>", b"<v />"):
        sheet = sheet.replace(empty, b"<v>" + stored + b"</v>")
    members["xl/worksheets/sheet1.xml"] = sheet
    document = registry.parse(write_zip(tmp_path / "b.xlsx", {**members}), "b.xlsx")
    assert lines(document)[1] == f"Surgery | 40 | 1 | {shown}"


@pytest.mark.parametrize(
    "formula",
    [
        "SUBTOTAL(109,[Beds])",
        "SUM(Wards[[#Data],[Beds]])",
        "Wards[[#Totals],[Beds]]",
        "Wards[@Beds]*2",
        "[1]Other!A1+1",
        "SUM([2]Sheet1!B2:B3)",
        "SUM(Wards[#All])",
        "Wards[ [#This Row],[Beds] ]",
    ],
)
def test_references_that_would_count_as_nothing_are_not_computed(tmp_path: Path, formula: str) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["D2"] = f"={formula}"

    shown = formula.replace("[", "(").replace("]", ")")
    document = read(tmp_path, build, ROWS)
    assert (
        " ".join(lines(document)[1].split()) == f"Surgery | 40 | 1 | [formula: {' '.join(shown.split())}, not computed]"
    )
    assert len(document.warnings) == 1


def test_a_text_in_brackets_is_no_reference(tmp_path: Path) -> None:
    def build(sheet: Worksheet) -> None:
        sheet["D2"] = '="[x] "&A2'

    assert lines(read(tmp_path, build, ROWS))[1] == "Surgery | 40 | 1 | [x] Surgery"


def test_an_array_formula_fills_its_area(tmp_path: Path) -> None:
    """XlsxWriter stores 0 in the cells of an array formula, the formula in the first one alone."""
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("S")
        sheet.write_column("A1", [10, 20, 30])
        sheet.write_dynamic_array_formula("B1:B3", "=A1:A3*2")
        sheet.write("C1", 0)
    document = registry.parse(tmp_path / "a.xlsx", "a.xlsx")
    assert lines(document) == ["10 | 20 | 0", "20 | 40", "30 | 60"]


# Damage


def damage(path: Path, member: str, change: Callable[[bytes], bytes]) -> ParsedDocument:
    def build(sheet: Worksheet) -> None:
        book_of(sheet).create_sheet("T")["A1"] = "whole"

    read(path, build, ROWS)
    members = read_members(path / "a.xlsx")
    members[member] = change(members[member])
    return registry.parse(write_zip(path / "b.xlsx", {**members}), "b.xlsx")


def test_a_damaged_sheet_costs_that_sheet(tmp_path: Path) -> None:
    document = damage(tmp_path, "xl/worksheets/sheet1.xml", lambda part: b"<worksheet")
    assert document.text == "T\n\nwhole"
    assert document.warnings == ("sheet 'S' is damaged: it is missing",)


def test_a_sheet_that_ends_early_keeps_its_first_rows(tmp_path: Path) -> None:
    document = damage(tmp_path, "xl/worksheets/sheet1.xml", lambda part: part[: part.index(b'<row r="3"') + 20])
    assert document.text == "S\n\nWard | Beds | Free\nSurgery | 40 | 1\n\nT\n\nwhole"
    assert document.warnings == ("sheet 'S' is damaged: it is missing from row 3 on",)


def test_damaged_styles_cost_the_formats(tmp_path: Path) -> None:
    document = damage(tmp_path, "xl/styles.xml", lambda part: b"\0")
    assert "Surgery | 40 | 1" in document.text
    assert document.warnings == ("the part with the workbook's number formats is damaged: some are missing",)


STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"


def strict(path: Path, rows: str) -> ParsedDocument:
    """Return a workbook of one sheet in the namespaces of the strict standard, without places of cells, as read."""
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types><Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{RELATIONS}/officeDocument" '
        'Target="/xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{RELATIONS}/worksheet" Target="/xl/worksheets/sheet1.xml"/></Relationships>',
        "xl/workbook.xml": f'<x:workbook xmlns:x="{STRICT}" xmlns:r="{RELATIONS}"><x:sheets>'
        '<x:sheet name="S" sheetId="1" r:id="r1"/></x:sheets></x:workbook>',
        "xl/worksheets/sheet1.xml": f'<x:worksheet xmlns:x="{STRICT}"><x:sheetData>{rows}</x:sheetData></x:worksheet>',
    }
    return registry.parse(write_zip(path / "strict.xlsx", members), "strict.xlsx")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ('t="inlineStr"><x:is><x:r><x:t>漢字</x:t></x:r><x:rPh><x:t>かんじ</x:t></x:rPh></x:is>', "漢字"),
        ('t="d"><x:v>2026-03-01T00:00:00</x:v>', "2026-03-01"),
        ('t="d"><x:v>2026-03-01T13:30:00</x:v>', "2026-03-01 13:30:00"),
        ('t="e"><x:v>#N/A</x:v>', "#N/A"),
        ('t="b"><x:v>0</x:v>', "FALSE"),
        ('t="str"><x:f>A1</x:f><x:v>open</x:v>', "open"),
        ("><x:v>no number</x:v>", "no number"),
        ("><x:v>1E3</x:v>", "1000"),
        ('s="99"><x:v>7</x:v>', "7"),
    ],
)
def test_every_type_of_cell_is_read_without_places_and_styles(tmp_path: Path, content: str, shown: str) -> None:
    name = '<x:c t="inlineStr"><x:is><x:t>Tide</x:t></x:is></x:c>'
    document = strict(tmp_path, f"<x:row>{name}<x:c {content}</x:c></x:row>")
    assert (lines(document), document.warnings) == ([f"Tide | {shown}"], ())


def test_texts_that_are_missing_from_the_file_are_told(tmp_path: Path) -> None:
    document = strict(tmp_path, '<x:row><x:c t="s"><x:v>3</x:v></x:c><x:c><x:v>7</x:v></x:c></x:row>')
    assert (document.text, document.warnings) == ("S\n\n7", ("1 texts of sheet 'S' are missing from the file",))


def test_a_workbook_of_damaged_sheets_alone_is_refused(tmp_path: Path) -> None:
    read(tmp_path, lambda sheet: None, ROWS)
    members = read_members(tmp_path / "a.xlsx") | {"xl/worksheets/sheet1.xml": b"<worksheet"}
    with pytest.raises(DamagedFileError):
        registry.parse(write_zip(tmp_path / "b.xlsx", {**members}), "b.xlsx")


# Files of LibreOffice, and OpenDocument


@pytest.mark.parametrize("name", ["beds.xlsx", "beds.ods"])
def test_a_file_that_libreoffice_wrote_is_read_as_it_shows_it(name: str) -> None:
    document = registry.parse(GOLDEN / name, name)
    assert document.text == (
        "Beds\n\nBeds of the Alder clinic\n\n"
        "Ward | Beds in 2026 / Total | Beds in 2026 / Free | Rate | Rent | Cleaned\n"
        "Surgery | 40 | 1 [comment: counted twice] | 97.5% | 1,200.50 EUR | 36:00 | [hidden: column: secret]\n"
        "Surgery | 12 | 3 | 75.0% | (80.00 EUR) | 6:00\n"
        "Eyes | [struck out: 8] | 8 | 0.0% | 15.00 EUR | 66:00\n"
        "Rooms | 13 [struck out: 11]\n"
        "[hidden: row: Gone] | [hidden: row: 5] | [hidden: row: 5]\n"
        "Area | 12 m²\n"
        "Day | 1 March 2026\n\n"
        "Archive (hidden)\n\nWard | Old\nSurgery | 39"
    )
    assert [page.label for page in document.pages] == ["Beds", "Archive (hidden)"]
    assert document.warnings == ()


STYLES = (
    '<style:style style:name="gone" style:family="table-cell"><style:text-properties '
    'style:text-line-through-style="solid"/></style:style>'
    '<style:style style:name="child" style:family="table-cell" style:parent-style-name="gone"/>'
    '<style:style style:name="T1" style:family="text"><style:text-properties '
    'style:text-line-through-type="single"/></style:style>'
    '<style:style style:name="T2" style:family="text"><style:text-properties style:text-line-through-style="none"/>'
    '</style:style><style:style style:name="T3" style:family="text"><style:text-properties '
    'style:text-position="super 58%"/></style:style><style:style style:name="T4" style:family="text">'
    '<style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="away" style:family="table"><style:table-properties table:display="false"/></style:style>'
)


def ods(path: Path, rows: str, *, columns: str = "", attributes: str = "") -> ParsedDocument:
    body = f'<table:table table:name="S" {attributes}>{columns}{rows}</table:table>'
    return registry.parse(write_opendocument(path / "a.ods", "spreadsheet", body, lists=STYLES), "a.ods")


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def cell(content: str, attributes: str = "") -> str:
    text = f"<text:p>{content}</text:p>" if content else ""
    return f"<table:table-cell {attributes}>{text}</table:table-cell>"


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        (cell("11", 'table:style-name="gone"'), "[struck out: 11]"),
        (cell("11", 'table:style-name="child"'), "[struck out: 11]"),
        (cell('<text:span text:style-name="T1">11</text:span> 13'), "13 [struck out: 11]"),
        (cell('<text:span text:style-name="T2">13</text:span>', 'table:style-name="gone"'), "13"),
        (cell('a<text:span text:style-name="T4">b</text:span>'), "a [hidden: formatting: b]"),
        (cell('12 m<text:span text:style-name="T3">2</text:span>'), "12 m²"),
        (cell("", 'office:value-type="percentage" office:value="0.125"'), "12.5%"),
        (cell("", 'office:value-type="currency" office:currency="EUR" office:value="12.5"'), "12.5 EUR"),
        (cell("", 'office:value-type="time" office:time-value="PT36H05M00S"'), "36:05:00"),
        (cell("", 'office:value-type="date" office:date-value="2026-03-01T00:00:00"'), "2026-03-01"),
        (cell("", 'office:value-type="boolean" office:boolean-value="true"'), "TRUE"),
        (cell("###", 'office:value-type="float" office:value="12345"'), "12345"),
        (cell("", 'table:formula="of:=[.B2]*12"'), "[formula: B2*12, not computed]"),
        (cell("", 'table:formula="of:=SUM([.B2:.B9])"'), "[formula: SUM(B2:B9), not computed]"),
    ],
)
def test_a_cell_of_an_opendocument_sheet_is_read_as_seen(tmp_path: Path, marked: str, shown: str) -> None:
    document = ods(tmp_path, row(cell("Name"), cell("Rate")) + row(cell("Norvik"), marked))
    assert lines(document) == ["Name | Rate", f"Norvik | {shown}"]
    assert bool(document.warnings) == ("formula" in shown)


def test_merged_and_hidden_cells_of_an_opendocument_sheet_are_read_as_seen(tmp_path: Path) -> None:
    covered = "<table:covered-table-cell/>"
    rows = (
        row(cell("Zone", 'table:number-rows-spanned="2"'), cell("Beds", 'table:number-columns-spanned="2"'), covered)
        + row(covered, cell("Total"), cell("Free"))
        + row(cell("East", 'table:number-rows-spanned="2"'), cell("4"), cell("1"), cell("x"))
        + row(covered, cell("5"), cell("2"), cell("y"))
        + row(cell("West"), cell("6"), cell("3"), attributes='table:visibility="filter"')
        + f'<table:table-row-group table:display="false">{row(cell("South"), cell("7"))}</table:table-row-group>'
    )
    columns = '<table:table-column table:number-columns-repeated="3"/><table:table-column table:visibility="collapse"/>'
    document = ods(tmp_path, rows, columns=columns, attributes='table:style-name="away"')
    assert document.pages[0].label == "S (hidden)"
    assert lines(document) == [
        "Zone | Beds / Total | Beds / Free",
        "East | 4 | 1 | [hidden: column: x]",
        "East | 5 | 2 | [hidden: column: y]",
        "[hidden: row: West] | [hidden: row: 6] | [hidden: row: 3]",
        "[hidden: row: South] | [hidden: row: 7]",
    ]


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ("<draw:custom-shape><text:p>Closed on Sundays</text:p></draw:custom-shape>", "Closed on Sundays"),
        ("<draw:g><draw:rect><text:p>Gate</text:p></draw:rect><draw:ellipse/></draw:g>", "Gate"),
        ("<draw:frame><draw:text-box><text:p>Gate</text:p></draw:text-box></draw:frame>", "Gate"),
        ("<draw:frame><draw:image/><svg:title>a flame</svg:title></draw:frame>", "[picture: a flame]"),
        ('<draw:rect draw:display="none"><text:p>Gate</text:p></draw:rect>', "[hidden: shape: Gate]"),
    ],
)
def test_shapes_of_an_opendocument_sheet_are_read(tmp_path: Path, shape: str, shown: str) -> None:
    comment = "<office:annotation><text:p>checked</text:p></office:annotation>"
    rate = f"<table:table-cell><text:p>12</text:p>{comment}</table:table-cell>"
    rows = (
        row(cell("Name"), cell("Rate")),
        row(cell("Norvik"), rate),
        row(f"<table:table-cell>{shape}</table:table-cell>"),
    )
    assert lines(ods(tmp_path, "".join(rows))) == ["Name | Rate", "Norvik | 12 [comment: checked]", "", shown]
