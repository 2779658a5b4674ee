"""Tables in PDFs: what becomes a table, and what stays text."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given

from ingest.parsers.pdf import parser as pdf
from ingest.parsers.pdf.layout import dehyphenate, lay_out
from ingest.parsers.pdf.pdfium import Glyphs
from ingest.parsers.pdf.tables import mark_tables
from ingest.parsers.source import Source
from ingest.text.pieces import join_pieces
from ingest.text.word_boxes import find_boxes
from ingest.types import Block, BlockKind, ParsedDocument
from tests.files import new_canvas
from tests.ingest.parsers.test_pdf_layout import pages

COLUMNS = (72.0, 220.0, 340.0, 450.0)
PRICES = [("Berth", "Length", "Price"), ("A1", "9 m", "270 EUR"), ("A2", "11 m", "330 EUR"), ("B1", "16 m", "480 EUR")]


def read(path: Path, *tables: tuple[float, Sequence[Sequence[str]]]) -> ParsedDocument:
    """Write rows 15 points apart, each table from its own baseline down, and read the file."""
    canvas = new_canvas(path)
    canvas.setFont("Helvetica", 10)
    for top, rows in tables:
        for number, row in enumerate(rows):
            for x, cell in zip(COLUMNS, row, strict=False):
                canvas.drawString(x, top - 15 * number, cell)
    canvas.save()
    return join_pieces(pdf.parse(Source(path, path.name, with_ocr=False)))


def test_a_table_has_a_row_a_line_and_its_head(tmp_path: Path) -> None:
    before, after = [("The harbour asks for these fees:",)], [("They are due on the first of May.",)]
    document = read(tmp_path / "a.pdf", (760, before), (700, PRICES), (600, after))
    table = "\n".join(" | ".join(row) for row in PRICES)
    assert document.text == f"The harbour asks for these fees:\n\n{table}\n\nThey are due on the first of May."
    start = document.text.index("Berth")
    end_of_head = start + len("Berth | Length | Price")
    assert document.blocks == (Block(BlockKind.TABLE, start, start + len(table), end_of_head),)


def test_an_empty_cell_keeps_its_place(tmp_path: Path) -> None:
    rows = [*PRICES, ("", "20 m", "600 EUR"), ("C4", "", "90 EUR")]
    assert read(tmp_path / "a.pdf", (700, rows)).text.split("\n")[4:] == [" | 20 m | 600 EUR", "C4 |  | 90 EUR"]


def test_words_of_a_table_are_where_they_say(tmp_path: Path) -> None:
    document = read(tmp_path / "a.pdf", (760, [("Fees",)]), (700, PRICES))
    start = document.text.index("330 EUR")
    (box,) = find_boxes(document.pages[0], start, start + len("330 EUR"))
    assert box.x0 == pytest.approx(COLUMNS[2], abs=1)
    assert box.y0 == pytest.approx(842 - 670 - 9, abs=4)


def test_a_head_of_several_lines_above_a_table_belongs_to_it(tmp_path: Path) -> None:
    head = [("Berth", "Length", "Price a year"), ("", "", "(with tax)")]
    document = read(tmp_path / "a.pdf", (760, [("Fees",)]), (700, head), (660, PRICES[1:]))
    (table,) = document.blocks
    assert document.text[table.start : table.header_end] == "Berth Length Price a year\n(with tax)"
    assert document.text[table.header_end : table.end].split() == " ".join(" | ".join(r) for r in PRICES[1:]).split()


@pytest.mark.parametrize(
    "rows",
    [
        [("Two rows", "are", "too few"), ("for", "a", "table")],
        [("Introduction", "1"), ("Mooring", "12"), ("Fuel", "17"), ("Winter", "24")],
        [
            ("Bow", "is what people call the front of a boat, wherever it is"),
            ("Stern", "is what people call the back of a boat, wherever it is"),
            ("Keel", "is what runs along the middle of a boat from end to end"),
        ],
        [
            ("A", "B", "C"),
            ("This line goes across all the columns that stand here", "1"),
            ("a", "b", "c"),
            ("d", "e", "f"),
        ],
    ],
)
def test_what_may_be_no_table_stays_text(tmp_path: Path, rows: Sequence[Sequence[str]]) -> None:
    document = read(tmp_path / "a.pdf", (700, rows))
    assert document.blocks == ()
    assert "|" not in document.text


@given(glyphs=pages())
def test_marking_tables_changes_nothing_but_what_stands_between_words(glyphs: Glyphs) -> None:
    plain = lay_out(glyphs)
    marked = mark_tables(plain)
    for before, after in zip(plain.words.tolist(), marked.words.tolist(), strict=True):
        assert plain.text[before[0] : before[1]] == marked.text[after[0] : after[1]]
    joined = dehyphenate(marked, frozenset())
    assert all(0 <= a <= head <= end <= len(joined.text) for a, head, end in joined.tables)


HARBOUR_LANES = [("Zone", "Lane", "Limit"), ("Harbour", "Quay lane", "20 km/h"), ("", "Crane lane", "8 km/h")]
TOWN_LANES = [("Town", "Mill lane", "30 km/h"), ("", "Dyke lane", "25 km/h")]


def test_the_label_of_a_cell_merged_downwards_counts_for_every_row_under_it(tmp_path: Path) -> None:
    document = read(tmp_path / "a.pdf", (700, [*HARBOUR_LANES, *TOWN_LANES]))
    assert "Harbour | Crane lane | 8 km/h" in document.text
    assert "Town | Dyke lane | 25 km/h" in document.text
    start = document.text.index("Crane lane | 8")
    (box,) = find_boxes(document.pages[0], start, start + len("Crane lane"))
    assert box.x0 == pytest.approx(COLUMNS[1], abs=1)


@pytest.mark.parametrize(
    "rows",
    [
        [*HARBOUR_LANES, ("Town", "Total", "30 km/h"), ("", "Dyke lane", "25 km/h")],
        [*HARBOUR_LANES, ("Harbour", "Mill lane", "30 km/h"), ("", "Dyke lane", "25 km/h")],
        [*HARBOUR_LANES, ("Town", "", "30 km/h"), ("", "Dyke lane", "25 km/h")],
        [("Zone", "Lane", "Limit"), ("1", "Quay", "20"), ("", "Crane", "8"), ("2", "Mill", "30"), ("", "Dyke", "5")],
    ],
)
def test_a_label_is_not_repeated_if_the_row_may_be_another_kind(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    text = read(tmp_path / "a.pdf", (700, rows)).text
    assert "Town | Dyke" not in text
    assert "2 | Dyke" not in text
