"""Tables with merged cells: every row and column reads as a person sees it."""

import pytest

from ingest.parsers.table_grid import GridCell, lay_out_table


def row(*cells: str | tuple[str, int] | None) -> list[GridCell]:
    """Return the cells of a row: a text, a text and its number of columns, or None for one merged with the upper."""
    grid: list[GridCell] = []
    column = 0
    for cell in cells:
        text, columns = cell if isinstance(cell, tuple) else (cell or "", 1)
        grid.append(GridCell(column, text, columns, is_continued=cell is None))
        column += columns
    return grid


BEDS = row("Ward", ("Beds in 2026", 2))
FREE = row(None, "Free", "Used")


@pytest.mark.parametrize(
    ("rows", "header_rows", "lines", "header_lines"),
    [
        ([row("A", "B"), row("1", "2")], 1, ["A|B", "1|2"], 1),
        ([row("R", "D"), row("North", "x"), row(None, "y")], 1, ["R|D", "North|x", "North|y"], 1),
        ([row("R", "D"), row("North", "x"), row(None, None)], 1, ["R|D", "North|x", "North|x"], 1),
        ([row("a", ("wide", 2), "c"), row("1", "2", "3", "4")], 0, ["a|wide||c", "1|2|3|4"], 0),
        ([BEDS, FREE, row("S", "1", "40")], 2, ["Ward|Beds in 2026 / Free|Beds in 2026 / Used", "S|1|40"], 1),
        ([BEDS, FREE, row("S", "1", "40")], 1, ["Ward|Beds in 2026 / Free|Beds in 2026 / Used", "S|1|40"], 1),
        ([BEDS, FREE, row("S", "1", "40")], 0, ["Ward|Beds in 2026 / Free|Beds in 2026 / Used", "S|1|40"], 1),
        (
            [BEDS, row("", "Free", "Used"), row("S", "1", "40")],
            1,
            ["Ward|Beds in 2026 / Free|Beds in 2026 / Used", "S|1|40"],
            1,
        ),
        (
            [BEDS, row("Ward", "Free", "Used"), row("S", "1", "40")],
            2,
            ["Ward|Beds in 2026 / Free|Beds in 2026 / Used", "S|1|40"],
            1,
        ),
        (
            [row("Name", ("Contact", 2)), row("Ann", "Oslo", "Bo"), row("C", "D", "E")],
            1,
            ["Name|Contact|Contact", "Ann|Oslo|Bo", "C|D|E"],
            1,
        ),
        (
            [row("", ("Year", 2)), row("", "2025", "2026"), row("S", "1", "2")],
            1,
            ["|Year / 2025|Year / 2026", "S|1|2"],
            1,
        ),
        (
            [row(("2025", 2), ("2026", 2)), row("a", "b", "a", "b"), row("1", "2", "3", "4")],
            1,
            ["2025 / a|2025 / b|2026 / a|2026 / b", "1|2|3|4"],
            1,
        ),
        ([row(("Table 1", 2)), row("A", "B"), row("1", "2")], 2, ["Table 1", "A|B", "1|2"], 2),
        ([row(("North", 2)), row("A", "B")], 0, ["North|", "A|B"], 0),
        ([[GridCell(1, "x"), GridCell(2, "y")], row("a", "b", "c")], 0, ["|x|y", "a|b|c"], 0),
        ([[GridCell(3, "x"), GridCell(5, "y", 2)]], 0, ["x|y"], 0),
        ([row("A"), row("[struck out: 1] new"), row(None)], 1, ["A", "[struck out: 1] new", "new"], 1),
        ([], 1, [], 0),
    ],
)
def test_merged_cells_stand_beside_what_they_belong_to(
    rows: list[list[GridCell]], header_rows: int, lines: list[str], header_lines: int
) -> None:
    table = lay_out_table(rows, header_rows)
    assert (["|".join(texts) for texts in table.rows], table.header_rows) == (lines, header_lines)


def test_a_long_text_is_not_repeated() -> None:
    text = "long " * 100
    assert lay_out_table([row(text), row(None)], 0).rows == [[text], [""]]
