"""Tables out of the text of chunks: columns, rows, and cells with their exact places."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.tables.table import read_table, split_cells
from tests.rag.table_files import TABLE_FORMATS, write_table_file
from tests.rag.tables_world import LAB, make_document, make_table, read_file, store_chunks

words = st.text("abcdefgh 0123456789.,%-", max_size=12).map(lambda text: " ".join(text.split()))


@given(rows=st.lists(st.lists(words, min_size=3, max_size=3), min_size=2, max_size=12), max_tokens=st.integers(16, 60))
def test_cells_stand_where_they_say(rows: list[list[str]], max_tokens: int) -> None:
    header = ["name", "size", "price"]
    document = make_document([header, *rows])
    chunks = store_chunks(document, max_tokens=max_tokens)
    for row in read_table(chunks).rows:
        assert all(document.text[cell.start : cell.end] == cell.text for cell in row.cells)
        assert document.text[row.start : row.end].strip() == document.text[row.start : row.end]


@given(rows=st.lists(st.lists(words, min_size=3, max_size=3).filter(any), min_size=2, max_size=12))
def test_a_table_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    table = make_table([["name", "size", "price"], *rows])
    assert table.columns == ("name", "size", "price")
    read = [[row.cell(column).text for column in range(3)] for row in table.rows]
    assert read == [row for row in rows]


def test_a_table_of_many_chunks_has_all_its_rows_and_its_header_once() -> None:
    rows = [[f"Part {number}", str(number)] for number in range(200)]
    chunks = store_chunks(make_document([["Part", "Stock"], *rows]))
    table = read_table(chunks)
    assert len(chunks) > 3
    assert table.columns == ("Part", "Stock")
    assert [[cell.text for cell in row.cells] for row in table.rows] == rows


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("a | b | c", ["a", "b", "c"]),
        ("a |  | c", ["a", "", "c"]),
        (" | b | c", ["", "b", "c"]),
        ("| b | c", ["", "b", "c"]),
        ("|  | c", ["", "", "c"]),
        ("a", ["a"]),
        ("x|y | z", ["x|y", "z"]),
    ],
)
def test_a_line_has_its_cells(line: str, cells: list[str]) -> None:
    pieces = split_cells(line)
    assert [text for text, _, _ in pieces] == cells
    assert all(line[start:end] == text for text, start, end in pieces)


def test_years_and_dates_name_columns_if_nothing_else_does() -> None:
    table = make_table(
        [["Analyte", "12 Jan 2026", "16 Feb 2026"], ["Potassium", "4.4", "4.9"], ["Ferritin", "24", "17"]],
        header_rows=0,
    )
    assert table.columns == ("Analyte", "12 Jan 2026", "16 Feb 2026")
    assert [row.cells[0].text for row in table.rows] == ["Potassium", "Ferritin"]


def test_a_row_of_numbers_names_no_columns() -> None:
    table = make_table([["Potassium", "4.4"], ["Ferritin", "24"], ["Urea", "38"]], header_rows=0)
    assert table.columns == ("", "")
    assert len(table.rows) == 3


@pytest.mark.parametrize("suffix", TABLE_FORMATS)
def test_every_format_gives_the_same_table(suffix: str, tmp_path: Path) -> None:
    (table,) = read_file(write_table_file(tmp_path / f"lab.{suffix}", LAB))
    assert table.columns == tuple(LAB[0])
    assert [[row.cell(column).text for column in range(5)] for row in table.rows] == LAB[1:]
